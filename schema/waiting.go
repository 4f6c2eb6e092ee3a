package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// waiting is the rows of one table until the bundle is closed. Their length must be known before the first of them is
// written, so they wait in memory: all but the last piece compressed, because a broken host has little of it.
type waiting struct {
	full  [][]byte // pieces of linePiece bytes, compressed
	open  []byte   // the piece that is being filled
	size  int64    // bytes of all lines
	count int64
	bytes int64 // of full
}

// linePiece is the size of a piece: big enough to compress well, small enough that some tables can each have one open.
const linePiece = 64 << 10

// add adds a line, without its newline.
func (l *waiting) add(line []byte, p *packer) {
	l.open = append(append(l.open, line...), '\n')
	l.size += int64(len(line)) + 1
	l.count++
	if len(l.open) >= linePiece {
		packed := p.pack(l.open)
		l.full, l.bytes = append(l.full, packed), l.bytes+int64(len(packed))
		l.open = l.open[:0]
	}
}

// writeTo writes all lines and returns the hash of them.
func (l *waiting) writeTo(dst io.Writer, p *packer) (sum string, err error) {
	h := sha256.New()
	to := io.MultiWriter(dst, h)
	var piece []byte
	for i, packed := range l.full {
		if piece, err = p.unpack(packed, piece[:0]); err != nil {
			return "", fmt.Errorf("unpack rows of our own: %w", err)
		}
		if _, err := to.Write(piece); err != nil {
			return "", err
		}
		l.full[i] = nil
	}
	if _, err := to.Write(l.open); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// packer compresses pieces: fast, for they are compressed again, and well, when the bundle is closed.
type packer struct {
	enc *zstd.Encoder
	dec *zstd.Decoder // made at its first use
	buf []byte
}

// unpack appends the piece to buf.
func (p *packer) unpack(packed, buf []byte) (_ []byte, err error) {
	if p.dec == nil {
		if p.dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1)); err != nil {
			return nil, err
		}
	}
	return p.dec.DecodeAll(packed, buf)
}

func newPacker() (*packer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(2*linePiece), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	return &packer{enc: enc}, nil
}

// pack returns the piece compressed, in memory of just that size.
func (p *packer) pack(piece []byte) []byte {
	p.buf = p.enc.EncodeAll(piece, p.buf[:0])
	return bytes.Clone(p.buf)
}

// size is how long the piece is when it is compressed.
func (p *packer) size(piece []byte) int {
	p.buf = p.enc.EncodeAll(piece, p.buf[:0])
	return len(p.buf)
}
