package capture

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The flag bits of an attribute's type (linux/netlink.h).
const attrTypeMask = 0x3fff // without NLA_F_NESTED and NLA_F_NET_BYTEORDER

// attrs calls f with each netlink attribute in b. An attribute that claims more than there is ends the walk with an
// error; what came before it counts.
func attrs(b []byte, f func(typ uint16, value []byte)) error {
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return fmt.Errorf("a netlink attribute claims %d of %d bytes", n, len(b))
		}
		f(binary.NativeEndian.Uint16(b[2:])&attrTypeMask, b[4:n])
		b = b[min((n+3)&^3, len(b)):]
	}
	return nil
}

// extra collects attributes that are not decoded: space separated type=hex, nested types joined by dots.
type extra struct{ b strings.Builder }

func (e *extra) add(value []byte, path ...uint16) {
	if e.b.Len() > 0 {
		e.b.WriteByte(' ')
	}
	for i, t := range path {
		if i > 0 {
			e.b.WriteByte('.')
		}
		e.b.WriteString(strconv.Itoa(int(t)))
	}
	e.b.WriteByte('=')
	e.b.WriteString(hex.EncodeToString(value))
}

func (e *extra) String() string { return e.b.String() }

// The readers of attribute values take a value that is too short for zero: the kernel does not send such a one.

func u8(b []byte) int64 {
	if len(b) < 1 {
		return 0
	}
	return int64(b[0])
}

func u16(b []byte) int64 {
	if len(b) < 2 {
		return 0
	}
	return int64(binary.NativeEndian.Uint16(b))
}

func u32(b []byte) int64 {
	if len(b) < 4 {
		return 0
	}
	return int64(binary.NativeEndian.Uint32(b))
}

func s32(b []byte) int64 { return int64(int32(u32(b))) }

func u64(b []byte) int64 {
	if len(b) < 8 {
		return 0
	}
	return int64(binary.NativeEndian.Uint64(b))
}

// be16 is a port as it stands in a packet.
func be16(b []byte) int64 {
	if len(b) < 2 {
		return 0
	}
	return int64(binary.BigEndian.Uint16(b))
}

// cstring is a string with or without its final zero.
func cstring(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

// addr is an address of 4 or 16 bytes; the zero Addr for anything else.
func addr(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a.Unmap()
}

// mac is a hardware address in lower case with colons, of any length.
func mac(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 3*len(b))
	for i, c := range b {
		if i > 0 {
			out = append(out, ':')
		}
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

// zero reports whether every byte is.
func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// bits lists the names of the bits that are set, in their order; bits without a name stand as one hexadecimal number.
func bits(v uint64, names []string) string {
	var out []string
	for i, name := range names {
		if name != "" && v&(1<<i) != 0 {
			out = append(out, name)
			v &^= 1 << i
		}
	}
	if v != 0 {
		out = append(out, fmt.Sprintf("0x%x", v))
	}
	return strings.Join(out, ",")
}

// word is names[v], or v as a number.
func word(v int64, names map[int64]string) string {
	if s, ok := names[v]; ok {
		return s
	}
	return strconv.FormatInt(v, 10)
}
