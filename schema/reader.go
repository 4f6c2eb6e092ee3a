package schema

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A Bundle is one bundle being read, entry by entry, in the order of the file.
type Bundle struct {
	Path string // as given to Open
	Meta Meta   // complete after the entry meta.json, which Open has read

	// Interrupted says why the bundle ends before its manifest; empty for a complete one. Known after Next
	// returned io.EOF. A capture that was cut on purpose has a manifest, and says so in Meta.Interrupted.
	Interrupted string

	next  func() (*tar.Header, io.Reader, error)
	close func() error
	ahead []*Entry // entries that Open met before meta.json
	done  bool
}

// An Entry is one file of a bundle.
type Entry struct {
	Name string // relative to the top directory: rows/fdb.jsonl, raw/docker/info.json
	Size int64  // bytes
	Data io.Reader
}

// Open opens a bundle: a file compressed by zstd or gzip, told by its magic bytes, or an unpacked directory.
func Open(path string) (*Bundle, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := OpenReader(path, f)
	if err != nil {
		f.Close()
		return nil, err
	}
	inner := b.close
	b.close = func() error { return errors.Join(inner(), f.Close()) }
	return b, nil
}

// OpenReader is Open on a stream; path is what errors call it.
func OpenReader(path string, r io.Reader) (*Bundle, error) {
	b := &Bundle{Path: path, close: func() error { return nil }}
	br := bufio.NewReaderSize(r, 1<<16)
	magic, _ := br.Peek(4)
	var plain io.Reader
	switch {
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		d, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		b.close = func() error { d.Close(); return nil }
		plain = d
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		d, err := gzip.NewReader(br)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		plain = d
	default:
		return nil, fmt.Errorf("%s: not a bundle: neither zstd nor gzip", path)
	}
	tr := tar.NewReader(plain)
	b.next = func() (*tar.Header, io.Reader, error) {
		h, err := tr.Next()
		return h, tr, err
	}
	for {
		e, err := b.Next()
		if err == io.EOF {
			return nil, fmt.Errorf("%s: not a bundle: it ends before meta.json", path)
		}
		if err != nil {
			return nil, err
		}
		if e.Name == "meta.json" {
			if err := json.NewDecoder(io.LimitReader(e.Data, 1<<20)).Decode(&b.Meta); err != nil {
				return nil, fmt.Errorf("%s: meta.json: %w", path, err)
			}
			if b.Meta.Format < 1 || b.Meta.Format > FormatVersion {
				return nil, fmt.Errorf("%s: bundle format %d; this netmortem reads 1 to %d", path, b.Meta.Format, FormatVersion)
			}
			return b, nil
		}
		data, err := io.ReadAll(io.LimitReader(e.Data, 1<<20))
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, e.Name, err)
		}
		b.ahead = append(b.ahead, &Entry{e.Name, e.Size, bytes.NewReader(data)})
	}
}

// Next returns the next entry; its Data is valid until the call after. It returns io.EOF at the end, also at a
// break: then Interrupted says where.
func (b *Bundle) Next() (*Entry, error) {
	if b.Meta.Format != 0 && len(b.ahead) > 0 {
		e := b.ahead[0]
		b.ahead = b.ahead[1:]
		return e, nil
	}
	if b.done {
		return nil, io.EOF
	}
	for {
		h, r, err := b.next()
		if err != nil {
			b.done = true
			b.Interrupted = "no manifest: the bundle was cut"
			return nil, io.EOF
		}
		if h.Typeflag == tar.TypeDir {
			continue
		}
		_, name, _ := strings.Cut(h.Name, "/")
		if name == "manifest.json" {
			b.done = true
			return nil, io.EOF
		}
		return &Entry{name, h.Size, r}, nil
	}
}

// Close ends reading.
func (b *Bundle) Close() error { return b.close() }
