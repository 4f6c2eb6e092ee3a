package capture

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/netmortem/netmortem/schema"
)

// records is how rows of each record type are packed, compared and written. It is computed once and then only read.
type records map[reflect.Type]*record

// record is one record type.
type record struct {
	table  *schema.Table
	fields []field
	seen   int // index in fields of the column seen, -1 if there is none
}

// field is one column of a record type.
type field struct {
	index    int    // of the struct field
	key      string // `"netns":`
	omit     bool   // left out when zero
	identity bool   // part of what makes two rows of two reads the same row
	last     int    // index in fields of the column that holds this counter's value at the last read, else -1
	isLast   bool
}

// newRecords describes every table that capture writes as rows.
func newRecords() records {
	rs := records{}
	for i := range schema.Tables {
		t := &schema.Tables[i]
		if t.Decoded() {
			continue
		}
		r := &record{table: t, seen: -1}
		at := map[string]int{}
		for i, c := range t.Columns {
			at[c.Name] = i
			r.fields = append(r.fields, field{index: c.Field, key: `"` + c.Name + `":`, omit: !c.Required, identity: !c.Counter, last: -1})
		}
		for i, c := range t.Columns {
			if c.Name == "seen" && t.Volatile {
				r.seen, r.fields[i].identity = i, false
			}
			if first, ok := strings.CutSuffix(c.Name, "_last"); ok && c.Counter {
				if j, ok := at[first]; ok {
					r.fields[j].last, r.fields[i].isLast = i, true
				}
			}
		}
		rs[t.Type] = r
	}
	return rs
}

// of returns the record type of a row, and the row as an addressable struct.
func (rs records) of(row any) (*record, reflect.Value, error) {
	v := reflect.ValueOf(row)
	if v.Kind() != reflect.Pointer {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		v = p
	}
	r := rs[v.Type().Elem()]
	if r == nil {
		return nil, v, fmt.Errorf("no table takes rows of type %T", row)
	}
	return r, v.Elem(), nil
}

// pack appends the row's identity and then its counters. Two rows of two reads are the same row when their
// identities are the same bytes. n is the length of the identity.
func (r *record) pack(buf []byte, v reflect.Value) (out []byte, n int) {
	start := len(buf)
	for i := range r.fields {
		if f := &r.fields[i]; f.identity {
			buf = packValue(buf, v.Field(f.index))
		}
	}
	n = len(buf) - start
	for i := range r.fields {
		if f := &r.fields[i]; !f.identity && !f.isLast && i != r.seen {
			buf = packValue(buf, v.Field(f.index))
		}
	}
	return buf, n
}

// unpackIdentity fills the identity of v, which must be zero, from what pack wrote.
func (r *record) unpackIdentity(b []byte, v reflect.Value) {
	for i := range r.fields {
		if f := &r.fields[i]; f.identity {
			b = unpackValue(b, v.Field(f.index))
		}
	}
}

// unpackCounters fills the counters of v from what pack wrote: those of the first read, or, if last, those of the last,
// which go to their *_last columns, or replace the first's where there is none.
func (r *record) unpackCounters(b []byte, v reflect.Value, last bool) {
	for i := range r.fields {
		f := &r.fields[i]
		if f.identity || f.isLast || i == r.seen {
			continue
		}
		to := v.Field(f.index)
		if last && f.last >= 0 {
			to = v.Field(r.fields[f.last].index)
			if to.Kind() == reflect.Pointer && v.Field(f.index).Kind() != reflect.Pointer {
				to.Set(reflect.New(to.Type().Elem()))
				to = to.Elem()
			}
		}
		b = unpackValue(b, to)
	}
}

func packValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.String:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		return append(b, v.String()...)
	case reflect.Bool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return binary.AppendUvarint(b, v.Uint())
	case reflect.Float64:
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v.Float()))
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, 0)
		}
		return packValue(append(b, 1), v.Elem())
	}
	// MarshalBinary of these three never fails: a netip value is valid or zero, a time of ours is UTC.
	var raw []byte
	switch p := v.Addr().Interface().(type) {
	case *netip.Addr:
		raw, _ = p.MarshalBinary()
	case *netip.Prefix:
		raw, _ = p.MarshalBinary()
	case *time.Time:
		raw, _ = p.UTC().MarshalBinary()
	default:
		panic("capture: no packed form for " + v.Type().String())
	}
	return append(binary.AppendUvarint(b, uint64(len(raw))), raw...)
}

// unpackValue reads what packValue wrote and returns the rest. The bytes are our own, so a mistake in them is ours and
// may panic.
func unpackValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.String:
		n, w := binary.Uvarint(b)
		v.SetString(string(b[w : w+int(n)]))
		return b[w+int(n):]
	case reflect.Bool:
		v.SetBool(b[0] == 1)
		return b[1:]
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, w := binary.Varint(b)
		v.SetInt(n)
		return b[w:]
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, w := binary.Uvarint(b)
		v.SetUint(n)
		return b[w:]
	case reflect.Float64:
		v.SetFloat(math.Float64frombits(binary.LittleEndian.Uint64(b)))
		return b[8:]
	case reflect.Pointer:
		if b[0] == 0 {
			v.SetZero()
			return b[1:]
		}
		v.Set(reflect.New(v.Type().Elem()))
		return unpackValue(b[1:], v.Elem())
	}
	n, w := binary.Uvarint(b)
	raw, rest := b[w:w+int(n)], b[w+int(n):]
	var err error
	switch p := v.Addr().Interface().(type) {
	case *netip.Addr:
		err = p.UnmarshalBinary(raw)
	case *netip.Prefix:
		err = p.UnmarshalBinary(raw)
	case *time.Time:
		err = p.UnmarshalBinary(raw)
	}
	if err != nil {
		panic("capture: unpack " + v.Type().String() + ": " + err.Error())
	}
	return rest
}

// appendJSON appends the row as one JSON object, as encoding/json would write it but for the escapes that only HTML
// needs. Half a million rows of a big host are written by it, which is why it is here.
func (r *record) appendJSON(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	for i := range r.fields {
		f := &r.fields[i]
		x := v.Field(f.index)
		if f.omit && x.IsZero() {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, f.key...)
		b = appendValue(b, x)
	}
	return append(b, '}')
}

func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.String:
		return appendString(b, v.String())
	case reflect.Bool:
		if v.Bool() {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(b, v.Uint(), 10)
	case reflect.Float64:
		return strconv.AppendFloat(b, v.Float(), 'f', -1, 64)
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, "null"...)
		}
		return appendValue(b, v.Elem())
	}
	b = append(b, '"')
	switch p := v.Addr().Interface().(type) {
	case *netip.Addr:
		b, _ = p.AppendText(b)
	case *netip.Prefix:
		b, _ = p.AppendText(b)
	case *time.Time:
		b = p.UTC().AppendFormat(b, time.RFC3339Nano)
	default:
		panic("capture: no JSON form for " + v.Type().String())
	}
	return append(b, '"')
}

// appendString appends s as a JSON string (RFC 8259). Bytes that are not UTF-8 become U+FFFD, as in encoding/json.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20 || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		i++
	}
	return append(b, '"')
}
