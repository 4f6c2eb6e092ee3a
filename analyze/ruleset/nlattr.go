package ruleset

import (
	"bytes"
	"encoding/binary"
)

// attrs cuts a run of netlink attributes and calls f with each, until the first one that is damaged. Lengths and types
// are in the order of the host that was captured: of amd64 and arm64, little end first.
func attrs(b []byte, f func(typ uint16, data []byte)) (whole bool) {
	for len(b) >= 4 {
		n := int(binary.LittleEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return false
		}
		f(binary.LittleEndian.Uint16(b[2:])&0x3fff, b[4:n]) // without NLA_F_NESTED, NLA_F_NET_BYTEORDER
		b = b[min((n+3)&^3, len(b)):]
	}
	return len(b) == 0
}

// maxAttr is the highest attribute of an expression that is looked at.
const maxAttr = 11

// An expr is one expression of a rule of nftables: its attributes by type, nil for one that is not there.
type expr struct {
	name string
	a    [maxAttr + 1][]byte
}

// exprsOf cuts NFTA_RULE_EXPRESSIONS.
func exprsOf(b []byte) (list []expr, whole bool) {
	whole = attrs(b, func(_ uint16, elem []byte) {
		var x expr
		attrs(elem, func(typ uint16, data []byte) {
			switch typ {
			case 1:
				x.name = cstring(data)
			case 2:
				x.a = indexed(data)
			}
		})
		list = append(list, x)
	})
	return list, whole
}

func indexed(b []byte) (a [maxAttr + 1][]byte) {
	attrs(b, func(typ uint16, data []byte) {
		if typ <= maxAttr {
			a[typ] = data
		}
	})
	return a
}

// num is an attribute's number, in network order as all of nf_tables. 0 for one that is not there.
func (x *expr) num(n int) uint32 {
	if b := x.a[n]; len(b) >= 4 {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (x *expr) has(n int) bool { return x.a[n] != nil }

// value is NFTA_DATA_VALUE of an attribute that holds data.
func (x *expr) value(n int) []byte { a := indexed(x.a[n]); return a[1] }

// reg is the first byte of the register that an attribute names, and whether n bytes fit there: NFT_REG_1 to 4 have 16
// bytes, NFT_REG32_00 to 15 have 4.
func (x *expr) reg(attr int, n uint32) (at uint32, ok bool) {
	switch r := x.num(attr); {
	case !x.has(attr):
		return 0, false
	case r >= 1 && r <= 4:
		at = 16 * (r - 1)
	case r >= 8 && r <= 23:
		at = 4 * (r - 8)
	default:
		return 0, false
	}
	return at, n > 0 && n <= 64 && at+n <= 64
}

func cstring(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
