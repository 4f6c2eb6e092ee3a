package analyze

import (
	"encoding/binary"
	"errors"
	"math"
)

// The tags of a packed value.
const (
	packNull  = 0 // nothing follows
	packInt   = 1 // zigzag varint
	packText  = 2 // uvarint length, bytes
	packFloat = 3 // 8 bytes, little endian
)

// batchBytes is the size at which packed rows are handed to the writer: large enough that the cost of a call
// vanishes, small enough that a batch stays in the processor's cache.
const batchBytes = 64 << 10

// A pack is a run of rows of one table in the form in which they travel from the decoders to SQLite: for each row
// the number of its columns as a uvarint, then one tagged value a column.
type pack struct {
	buf  []byte
	rows int
}

func (p *pack) begin(columns int) {
	p.buf = binary.AppendUvarint(p.buf, uint64(columns))
	p.rows++
}

func (p *pack) null() { p.buf = append(p.buf, packNull) }

func (p *pack) int(v int64) {
	p.buf = append(p.buf, packInt)
	p.buf = binary.AppendVarint(p.buf, v)
}

func (p *pack) float(v float64) {
	p.buf = append(p.buf, packFloat)
	p.buf = binary.LittleEndian.AppendUint64(p.buf, math.Float64bits(v))
}

func (p *pack) text(s string) {
	p.buf = append(p.buf, packText)
	p.buf = binary.AppendUvarint(p.buf, uint64(len(s)))
	p.buf = append(p.buf, s...)
}

func (p *pack) bytes(s []byte) {
	p.buf = append(p.buf, packText)
	p.buf = binary.AppendUvarint(p.buf, uint64(len(s)))
	p.buf = append(p.buf, s...)
}

// optional packs a text, NULL where it is empty.
func (p *pack) optional(s string) {
	if s == "" {
		p.null()
		return
	}
	p.text(s)
}

var errPack = errors.New("packed rows are damaged")

// unpack appends the next row's values to dst and returns what is left of buf.
func unpack(dst []any, buf []byte) ([]any, []byte, error) {
	columns, n := binary.Uvarint(buf)
	if n <= 0 || columns > uint64(len(buf)) {
		return dst, nil, errPack
	}
	buf = buf[n:]
	for range columns {
		if len(buf) == 0 {
			return dst, nil, errPack
		}
		tag := buf[0]
		buf = buf[1:]
		switch tag {
		case packNull:
			dst = append(dst, nil)
		case packInt:
			v, n := binary.Varint(buf)
			if n <= 0 {
				return dst, nil, errPack
			}
			dst, buf = append(dst, v), buf[n:]
		case packText:
			size, n := binary.Uvarint(buf)
			if n <= 0 || size > uint64(len(buf)-n) {
				return dst, nil, errPack
			}
			dst, buf = append(dst, string(buf[n:n+int(size)])), buf[n+int(size):]
		case packFloat:
			if len(buf) < 8 {
				return dst, nil, errPack
			}
			dst, buf = append(dst, math.Float64frombits(binary.LittleEndian.Uint64(buf))), buf[8:]
		default:
			return dst, nil, errPack
		}
	}
	return dst, buf, nil
}
