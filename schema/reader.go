package schema

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
)

// A Bundle is one bundle being read, entry by entry, in the order of the file, and never held whole.
//
// A bundle that is cut or damaged is not an error: what stands before the break is read, and Interrupted tells. An
// error means that nothing of the bundle should be used; it is one line that names the file and the entry.
type Bundle struct {
	Path string // as given to Open
	Meta Meta   // from meta.json, which Open has read

	// Interrupted says where and why the bundle breaks off; empty for a complete one. Known after Next returned
	// io.EOF. A capture that was cut on purpose is a complete bundle, and says so in Meta.Interrupted.
	Interrupted string

	// Problems are what is wrong with entries of a bundle that was read to its end, the entry's name first: a size or
	// a hash that is not the manifest's, an entry that is missing or that the manifest does not know. Known after
	// Next returned io.EOF.
	Problems []string

	lim      Limits
	src      source
	file     *os.File // nil for a stream
	summary  *Entry   // met by Open before meta.json
	cur      *entryReader
	last     string // name of the entry before the break
	seen     map[string]digest
	manifest map[string]digest // nil until manifest.json was met
	err      error             // stays: io.EOF or a refusal
}

// An Entry is one file of a bundle. meta.json and manifest.json are not among them: the Bundle has read them.
type Entry struct {
	Name string    // relative to the top directory: rows/fdb.jsonl, raw/docker/info.json
	Size int64     // bytes, as the archive says
	Data io.Reader // valid until the next call of Next; its error wraps ErrBreak where the bundle breaks off

	path      string
	lineBytes int
}

// errLateMeta is met in a bundle that was packed again by hand: tar takes the order of the directory.
var errLateMeta = errors.New("meta.json comes after other entries; give the file itself rather than a stream")

// Open opens a bundle: a tar compressed by zstd or gzip (told by its first bytes, never by its name) or not at all,
// or an unpacked directory.
func Open(path string) (*Bundle, error) { return DefaultLimits().Open(path) }

// OpenReader is Open on a stream; path is what errors call it.
func OpenReader(path string, r io.Reader) (*Bundle, error) {
	return DefaultLimits().OpenReader(path, r)
}

// Open is the function Open with other limits.
func (l Limits) Open(path string) (*Bundle, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // names the path itself
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	if info.IsDir() {
		f.Close()
		d, err := newDirectory(path, l)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		b, err := l.open(path, d, nil)
		if errors.Is(err, errLateMeta) {
			return nil, fmt.Errorf("%s: not a bundle: there is no meta.json in this directory", path)
		}
		return b, err
	}
	b, err := l.OpenReader(path, f)
	if errors.Is(err, errLateMeta) && info.Mode().IsRegular() {
		b, err = l.reopen(path, f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	b.file = f
	return b, nil
}

// OpenReader is the function OpenReader with other limits.
func (l Limits) OpenReader(path string, r io.Reader) (*Bundle, error) {
	a, err := newArchive(r, l)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l.open(path, a, nil)
}

// reopen reads a file twice: for meta.json, and then for the rest.
func (l Limits) reopen(path string, f *os.File) (*Bundle, error) {
	var meta *Meta
	for range 2 {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		a, err := newArchive(f, l)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if meta != nil {
			return l.open(path, a, meta)
		}
		first := &Bundle{Path: path, lim: l, src: a, seen: map[string]digest{}}
		meta, err = first.findMeta(false)
		a.close()
		if err != nil {
			return nil, err
		}
	}
	panic("unreachable")
}

// open reads up to meta.json, unless it is known.
func (l Limits) open(path string, src source, meta *Meta) (*Bundle, error) {
	b := &Bundle{Path: path, lim: l, src: src, seen: map[string]digest{}}
	if meta == nil {
		var err error
		if meta, err = b.findMeta(true); err != nil {
			src.close()
			return nil, err
		}
	}
	b.Meta = *meta
	return b, nil
}

// findMeta reads entries until meta.json; early means that only SUMMARY.txt and manifest.json may stand before it.
func (b *Bundle) findMeta(early bool) (*Meta, error) {
	for {
		name, err := b.advance()
		if err == io.EOF {
			if b.Interrupted != "" && b.last == "" {
				return nil, fmt.Errorf("%s: not a bundle: %s", b.Path, b.Interrupted)
			}
			return nil, fmt.Errorf("%s: not a bundle: no meta.json before its end", b.Path)
		}
		if err != nil {
			return nil, err
		}
		switch {
		case name == "meta.json":
			return b.readMeta()
		case name == "SUMMARY.txt" && early:
			data, err := b.head(name)
			if err != nil {
				return nil, err
			}
			b.summary = b.entry(name, int64(len(data)), bytes.NewReader(data))
		case early:
			return nil, fmt.Errorf("%s: not a bundle: %w", b.Path, errLateMeta)
		}
	}
}

func (b *Bundle) readMeta() (*Meta, error) {
	data, err := b.head("meta.json")
	if err != nil {
		return nil, err
	}
	var meta Meta
	if err := json.Unmarshal(data, &meta); err != nil {
		return nil, fmt.Errorf("%s: meta.json: %w", b.Path, err)
	}
	switch {
	case meta.Format > FormatVersion:
		return nil, fmt.Errorf("%s: bundle format %d is newer than this netmortem, which reads up to %d", b.Path, meta.Format, FormatVersion)
	case meta.Format < 1:
		return nil, fmt.Errorf("%s: meta.json: %w: no bundle format has the number %d", b.Path, ErrRefused, meta.Format)
	case meta.Host == "" || len(meta.Host) > 255: // Linux's HOST_NAME_MAX is 64, DNS's limit 253
		return nil, fmt.Errorf("%s: meta.json: %w: a host name of %d bytes", b.Path, ErrRefused, len(meta.Host))
	}
	return &meta, nil
}

// head reads the current entry whole.
func (b *Bundle) head(name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(b.cur, b.lim.HeadBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", b.Path, name, err)
	}
	if int64(len(data)) > b.lim.HeadBytes {
		return nil, fmt.Errorf("%s: %w: %s: longer than %d bytes", b.Path, ErrRefused, name, b.lim.HeadBytes)
	}
	return data, nil
}

func (b *Bundle) entry(name string, size int64, data io.Reader) *Entry {
	return &Entry{Name: name, Size: size, Data: data, path: b.Path, lineBytes: b.lim.LineBytes}
}

// Next returns the next entry. It returns io.EOF at the end, also at a break: then Interrupted says where. What was
// not read of the entry before is read now, for its hash.
func (b *Bundle) Next() (*Entry, error) {
	if e := b.summary; e != nil {
		b.summary = nil
		return e, nil
	}
	for {
		name, err := b.advance()
		if err != nil {
			return nil, err
		}
		if name != "meta.json" { // known already, in a bundle packed again
			return b.entry(name, b.cur.size, b.cur), nil
		}
	}
}

// advance goes to the next entry but the manifest, which it reads.
func (b *Bundle) advance() (string, error) {
	for b.err == nil {
		b.leave()
		if b.err != nil {
			break
		}
		name, size, data, err := b.src.next()
		if err != nil {
			b.end(err)
			break
		}
		if _, dup := b.seen[name]; dup {
			b.err = fmt.Errorf("%s: %w: entry %s: twice", b.Path, ErrRefused, quote(name))
			break
		}
		b.seen[name] = digest{size: -1}
		b.cur = &entryReader{b: b, name: name, r: data, size: size, sum: sha256.New()}
		if name != "manifest.json" {
			return name, nil
		}
		b.readManifest()
	}
	return "", b.err
}

// leave reads the rest of the current entry.
func (b *Bundle) leave() {
	if b.cur == nil {
		return
	}
	cur := b.cur
	// An error is a break or a refusal, which Read has noted.
	if _, err := io.Copy(io.Discard, cur); err == nil {
		b.seen[cur.name] = digest{cur.n, [sha256.Size]byte(cur.sum.Sum(nil))}
		b.last = cur.name
	}
	cur.err, b.cur = errLeft, nil
}

// end notes that the source has ended: as it should, by a break, or by a refusal.
func (b *Bundle) end(err error) {
	if err == io.EOF {
		err = b.src.tail()
	}
	whole := b.check()
	switch {
	case errors.Is(err, ErrRefused):
		b.err = fmt.Errorf("%s: %w", b.Path, err)
		return
	case whole && err != nil:
		b.Problems = append(b.Problems, fmt.Sprintf("the end of the file is damaged, behind its last entry: %v", err))
	case whole:
	case b.last == "":
		b.Interrupted = fmt.Sprintf("it breaks off before its first entry: %v", cmp.Or(err, io.ErrUnexpectedEOF))
	case err != nil:
		b.Interrupted = fmt.Sprintf("it breaks off after %s: %v", b.last, err)
	case b.manifest == nil:
		b.Interrupted = fmt.Sprintf("it breaks off after %s: no manifest.json", b.last)
	default:
		b.Interrupted = "entries are missing that its manifest names"
	}
	b.err = io.EOF
}

// Close ends reading.
func (b *Bundle) Close() error {
	err := b.src.close()
	if b.file != nil {
		err = errors.Join(err, b.file.Close())
	}
	return err
}

// errLeft meets who keeps an entry's Data beyond the call of Next.
var errLeft = errors.New("read of an entry that Next has left")

// entryReader hashes what is read of an entry, and tells the Bundle of a break.
type entryReader struct {
	b    *Bundle
	name string
	r    io.Reader
	n    int64
	size int64
	sum  hash.Hash
	err  error
}

func (e *entryReader) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	n, err := e.r.Read(p)
	e.n += int64(n)
	e.sum.Write(p[:n])
	if err == io.EOF && e.n < e.size { // a file that shrank
		err = io.ErrUnexpectedEOF
	}
	switch {
	case err == nil || err == io.EOF:
	case errors.Is(refuseWindow(err), ErrRefused):
		err = fmt.Errorf("%s: entry %s: %w", e.b.Path, quote(e.name), refuseWindow(err))
		e.b.err = err
	default:
		e.b.Interrupted = fmt.Sprintf("it breaks off in %s, after %d bytes of it: %v", e.name, e.n, err)
		e.b.err = io.EOF
		err = fmt.Errorf("%w: %w", ErrBreak, err)
	}
	e.err = err
	return n, err
}
