package schema

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A source yields the files of a bundle. Names are relative to the top directory and have passed checkName.
type source interface {
	// next returns io.EOF at the end; any other error is a refusal if it wraps ErrRefused, else a break.
	next() (name string, size int64, data io.Reader, err error)
	// tail reads what follows the last file, so that checksums at the very end are verified.
	tail() error
	close() error
}

// archive is a bundle in a tar stream.
type archive struct {
	lim   Limits
	top   string // the one top directory, once known
	count int
	tar   *tar.Reader
	plain *meter // decompressed
	stop  func()
}

// newArchive finds out the compression from the first bytes: zstd (RFC 8878 §3.1, skippable frames too), gzip
// (RFC 1952 §2.3.1), or a tar that somebody decompressed.
func newArchive(r io.Reader, lim Limits) (*archive, error) {
	file := &meter{r: r}
	file.check = func(n int64) error {
		if n > lim.TotalBytes {
			return fmt.Errorf("%w: the file is longer than %d bytes", ErrRefused, lim.TotalBytes)
		}
		return nil
	}
	br := bufio.NewReaderSize(file, 1<<16)
	magic, err := br.Peek(512)
	if err != nil && err != io.EOF {
		return nil, err
	}
	a := &archive{lim: lim, stop: func() {}}
	var plain io.Reader
	switch {
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}),
		len(magic) >= 4 && magic[0]&0xf0 == 0x50 && bytes.Equal(magic[1:4], []byte{0x2a, 0x4d, 0x18}):
		d, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(lim.WindowBytes))
		if err != nil {
			return nil, err
		}
		a.stop, plain = d.Close, d
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		d, err := gzip.NewReader(br)
		if err == io.EOF { // within its header
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, fmt.Errorf("not a bundle: %w", err)
		}
		plain = d
	case len(magic) >= 262 && string(magic[257:262]) == "ustar":
		plain = br
	case len(magic) == 0:
		return nil, errors.New("not a bundle: empty")
	default:
		return nil, errors.New("not a bundle: neither zstd nor gzip nor tar")
	}
	a.plain = &meter{r: plain, check: func(n int64) error {
		if n > lim.TotalBytes {
			return fmt.Errorf("%w: more than %d bytes when decompressed", ErrRefused, lim.TotalBytes)
		}
		if n > lim.RatioFrom && n/lim.Ratio > file.n {
			return fmt.Errorf("%w: %d bytes decompress to %d, more than %d times as many", ErrRefused, file.n, n, lim.Ratio)
		}
		return nil
	}}
	a.tar = tar.NewReader(a.plain)
	return a, nil
}

func (a *archive) next() (string, int64, io.Reader, error) {
	for {
		h, err := a.tar.Next()
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) { // which checkName tells better
			return "", 0, nil, refuseWindow(err)
		}
		if a.count++; a.count > a.lim.Entries {
			return "", 0, nil, fmt.Errorf("%w: more than %d entries", ErrRefused, a.lim.Entries)
		}
		name, err := a.admit(h)
		if err != nil {
			return "", 0, nil, fmt.Errorf("%w: entry %s: %w", ErrRefused, quote(h.Name), err)
		}
		if name != "" {
			return name, h.Size, a.tar, nil
		}
	}
}

// admit says why a header may not be in a bundle, or else the entry's name below the top; empty for a directory.
func (a *archive) admit(h *tar.Header) (string, error) {
	path := strings.TrimPrefix(h.Name, "./") // as `tar -c ./DIR` has it
	if len(path) > a.lim.NameBytes {
		return "", fmt.Errorf("name of %d bytes, more than %d", len(path), a.lim.NameBytes)
	}
	dir := false
	switch h.Typeflag {
	case tar.TypeReg:
	case tar.TypeDir:
		if dir = true; h.Name == "./" {
			return "", nil
		}
		path = strings.TrimSuffix(path, "/")
	case tar.TypeSymlink, tar.TypeLink:
		return "", errors.New("a link")
	case tar.TypeChar, tar.TypeBlock:
		return "", errors.New("a device")
	case tar.TypeFifo:
		return "", errors.New("a named pipe")
	case tar.TypeGNUSparse:
		return "", errors.New("a sparse file")
	default:
		return "", fmt.Errorf("of type %q, neither file nor directory", h.Typeflag)
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return "", errors.New("a sparse file")
		}
	}
	if err := checkName(path); err != nil {
		return "", err
	}
	if h.Size > a.lim.EntryBytes {
		return "", fmt.Errorf("of %d bytes, more than %d", h.Size, a.lim.EntryBytes)
	}
	top, name, below := strings.Cut(path, "/")
	switch {
	case !below && !dir:
		return "", errors.New("not inside a top directory")
	case a.top == "":
		a.top = top
	case a.top != top:
		return "", fmt.Errorf("in a second top directory beside %s", quote(a.top))
	}
	if dir {
		return "", nil
	}
	return name, nil
}

// tail reads to the end of the file: behind the archive there is padding, and the checksum of the last frame.
func (a *archive) tail() error {
	n, err := io.Copy(io.Discard, io.LimitReader(a.plain, a.lim.TailBytes+1))
	if err != nil {
		return refuseWindow(err)
	}
	if n > a.lim.TailBytes {
		return fmt.Errorf("%w: more than %d bytes behind the archive", ErrRefused, a.lim.TailBytes)
	}
	return nil
}

func (a *archive) close() error {
	a.stop()
	return nil
}

// refuseWindow turns the decoder's refusal of a large window into ours.
func refuseWindow(err error) error {
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// quote makes any name one line of printable ASCII, and not a long one.
func quote(name string) string {
	if len(name) > 120 {
		return fmt.Sprintf("%+q…", name[:120])
	}
	return fmt.Sprintf("%+q", name)
}

// meter counts what passes and asks check after each read; an error of check stays.
type meter struct {
	r     io.Reader
	n     int64
	check func(n int64) error
	err   error
}

func (m *meter) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.r.Read(p)
	m.n += int64(n)
	if m.err = m.check(m.n); m.err != nil {
		return 0, m.err
	}
	return n, err
}
