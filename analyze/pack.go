package analyze

import (
	"database/sql/driver"
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

// values packs a row as database/sql would bind its values. It reports whether there is none that it cannot; then nothing is packed.
func (p *pack) values(row []any) bool {
	w := *p
	w.begin(len(row))
	for _, v := range row {
		switch v.(type) {
		case string, int, int64, float64, bool, nil:
		default:
			var err error
			if v, err = driver.DefaultParameterConverter.ConvertValue(v); err != nil {
				return false
			}
		}
		switch v := v.(type) {
		case nil:
			w.null()
		case string:
			w.text(v)
		case int:
			w.int(int64(v))
		case int64:
			w.int(v)
		case float64:
			w.float(v)
		case bool:
			if v {
				w.int(1)
			} else {
				w.int(0)
			}
		default:
			return false
		}
	}
	*p = w
	return true
}

var errPack = errors.New("packed rows are damaged")

// A packedValue is a value of a packed row. Its text lies in the pack.
type packedValue struct {
	tag   byte
	int   int64
	float float64
	text  []byte
}

// unpackInto is unpack for who looks at every row: it makes no copies.
func unpackInto(dst []packedValue, buf []byte) ([]packedValue, []byte, error) {
	columns, buf, err := unpackWidth(buf)
	if err != nil {
		return dst, nil, err
	}
	for range columns {
		var v packedValue
		if v, buf, err = unpackValue(buf); err != nil {
			return dst, nil, err
		}
		dst = append(dst, v)
	}
	return dst, buf, nil
}

// unpack appends the next row's values to dst and returns what is left of buf.
func unpack(dst []any, buf []byte) ([]any, []byte, error) {
	columns, buf, err := unpackWidth(buf)
	if err != nil {
		return dst, nil, err
	}
	for range columns {
		var v packedValue
		if v, buf, err = unpackValue(buf); err != nil {
			return dst, nil, err
		}
		switch v.tag {
		case packNull:
			dst = append(dst, nil)
		case packInt:
			dst = append(dst, v.int)
		case packText:
			dst = append(dst, string(v.text))
		case packFloat:
			dst = append(dst, v.float)
		}
	}
	return dst, buf, nil
}

// unpackWidth is the number of values of the next row.
func unpackWidth(buf []byte) (uint64, []byte, error) {
	columns, n := binary.Uvarint(buf)
	if n <= 0 || columns > uint64(len(buf)) {
		return 0, nil, errPack
	}
	return columns, buf[n:], nil
}

// unpackValue is the next value of a row, and what follows it.
func unpackValue(buf []byte) (packedValue, []byte, error) {
	if len(buf) == 0 {
		return packedValue{}, nil, errPack
	}
	v := packedValue{tag: buf[0]}
	buf = buf[1:]
	switch v.tag {
	case packNull:
		return v, buf, nil
	case packInt:
		var n int
		if v.int, n = binary.Varint(buf); n <= 0 {
			return v, nil, errPack
		}
		return v, buf[n:], nil
	case packText:
		size, n := binary.Uvarint(buf)
		if n <= 0 || size > uint64(len(buf)-n) {
			return v, nil, errPack
		}
		v.text = buf[n : n+int(size)]
		return v, buf[n+int(size):], nil
	case packFloat:
		if len(buf) < 8 {
			return v, nil, errPack
		}
		v.float = math.Float64frombits(binary.LittleEndian.Uint64(buf))
		return v, buf[8:], nil
	}
	return v, nil, errPack
}
