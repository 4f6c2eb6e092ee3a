package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// digest is what a manifest says of an entry, and what was read of it. A size of -1 was not read to its end.
type digest struct {
	size int64
	sum  [sha256.Size]byte
}

// maxProblems bounds how many entries are complained about one by one.
const maxProblems = 20

// readManifest reads the current entry as the manifest. One that is no manifest counts as none.
func (b *Bundle) readManifest() {
	m, err := decodeManifest(io.LimitReader(b.cur, b.lim.ManifestBytes), b.lim.Entries)
	switch {
	case b.err != nil: // the break or the refusal is already noted
	case errors.Is(err, ErrRefused):
		b.err = fmt.Errorf("%s: manifest.json: %w", b.Path, err)
	case err != nil:
		b.Problems = append(b.Problems, fmt.Sprintf("manifest.json: %v", err))
	default:
		b.manifest = m
	}
}

// decodeManifest reads entry by entry: a manifest may name very many.
func decodeManifest(r io.Reader, max int) (map[string]digest, error) {
	dec := json.NewDecoder(r)
	for _, want := range []json.Token{json.Delim('{'), "entries", json.Delim('[')} {
		tok, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("decode: %w", err)
		}
		if tok != want {
			return nil, fmt.Errorf("decode: %s where %v should be", quote(fmt.Sprint(tok)), want)
		}
	}
	m := map[string]digest{}
	for dec.More() {
		var e ManifestEntry
		if err := dec.Decode(&e); err != nil {
			return nil, fmt.Errorf("decode: %w", err)
		}
		sum, err := hex.DecodeString(e.SHA256)
		if err != nil || len(sum) != sha256.Size {
			return nil, fmt.Errorf("entry %s: no SHA-256: %s", quote(e.Name), quote(e.SHA256))
		}
		if _, dup := m[e.Name]; dup {
			return nil, fmt.Errorf("entry %s: named twice", quote(e.Name))
		}
		if m[e.Name] = (digest{e.Size, [sha256.Size]byte(sum)}); len(m) > max {
			return nil, fmt.Errorf("%w: more than %d entries", ErrRefused, max)
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return m, nil
}

// check compares what was read with the manifest and notes each difference. It reports whether the bundle is whole:
// there is a manifest, and all that it names was read to the end.
func (b *Bundle) check() bool {
	if b.manifest == nil {
		return false
	}
	whole := true
	var found []string
	for name, want := range b.manifest {
		got, there := b.seen[name]
		switch {
		case !there || got.size < 0:
			whole = false
			found = append(found, fmt.Sprintf("%s: missing, though the manifest names it", printable(name)))
		case got.size != want.size:
			found = append(found, fmt.Sprintf("%s: %d bytes, not the %d of the manifest", printable(name), got.size, want.size))
		case got.sum != want.sum:
			found = append(found, fmt.Sprintf("%s: altered: its SHA-256 is not the manifest's", printable(name)))
		}
	}
	for name := range b.seen {
		if _, known := b.manifest[name]; !known && name != "manifest.json" {
			found = append(found, fmt.Sprintf("%s: not in the manifest", printable(name)))
		}
	}
	slices.Sort(found)
	if n := len(found) - maxProblems; n > 0 {
		found = append(found[:maxProblems], fmt.Sprintf("and %d more entries that differ from the manifest", n))
	}
	b.Problems = append(b.Problems, found...)
	return whole
}

// printable is the name itself if checkName allows it, else quoted: a manifest may name anything.
func printable(name string) string {
	if checkName(name) != nil || len(name) > 512 {
		return quote(name)
	}
	return name
}
