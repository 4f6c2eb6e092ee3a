package libc

import "io"

// piece is how much of a file is in memory at a time; overlap is how much of the piece before is looked at again, so
// that nothing shorter is missed.
const (
	piece   = 128 << 10
	overlap = 1 << 10
)

// scan calls f with the bytes of a span in pieces, until f is false. Every run of overlap bytes or less is whole in one of
// them.
func (f *image) scan(s span, visit func(b []byte) bool) error {
	if s.offset > 1<<40 || s.size > 1<<40 {
		return errNotELF
	}
	r := io.NewSectionReader(f.r, int64(s.offset), int64(s.size))
	buf := make([]byte, 0, piece+overlap)
	for {
		n, err := io.ReadFull(r, buf[len(buf):min(cap(buf), len(buf)+piece)])
		buf = buf[:len(buf)+n]
		if n > 0 && !visit(buf) {
			return nil
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
		keep := min(len(buf), overlap)
		buf = append(buf[:0], buf[len(buf)-keep:]...)
	}
}

// pieces calls f with the bytes of a span, each once, until f is false.
func (f *image) pieces(s span, visit func(b []byte) bool) error {
	if s.offset > 1<<40 || s.size > 1<<40 {
		return errNotELF
	}
	r := io.NewSectionReader(f.r, int64(s.offset), int64(s.size))
	buf := make([]byte, piece)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 && !visit(buf[:n]) {
			return nil
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
