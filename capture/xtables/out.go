package xtables

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// out is where one extension is put into words and columns. Its reads of the extension's structure return zero
// beyond the end and remember it: whoever reads too far is not understood.
type out struct {
	words strings.Builder
	row   *schema.IPTablesRule
	d     []byte
	name  string // as iptables-save spells it; a decoder may replace it
	v6    bool
	proto uint16
	sets  Sets
	bad   bool // the structure is not what the decoder expects
	more  bool // the row's columns do not say all of it
}

// Sets names the ipsets of a namespace by their index. It may be nil.
type Sets func(index uint16) (string, bool)

func (o *out) say(format string, args ...any) { fmt.Fprintf(&o.words, format, args...) }

// not prints the negation, if it is one.
func (o *out) not(inverted bool) {
	if inverted {
		o.words.WriteString(" !")
	}
}

// inverted notes that a column of the row is negated.
func (o *out) inverted(column string) { invert(o.row, column) }

func invert(row *schema.IPTablesRule, column string) {
	if row.Inverted != "" {
		row.Inverted += ","
	}
	row.Inverted += column
}

// at returns n bytes of the structure.
func (o *out) at(off, n int) []byte {
	if off < 0 || n < 0 || off+n > len(o.d) {
		o.bad = true
		return make([]byte, max(n, 0))
	}
	return o.d[off : off+n]
}

func (o *out) u8(off int) uint8       { return o.at(off, 1)[0] }
func (o *out) u16(off int) uint16     { return binary.NativeEndian.Uint16(o.at(off, 2)) }
func (o *out) u32(off int) uint32     { return binary.NativeEndian.Uint32(o.at(off, 4)) }
func (o *out) be16(off int) uint16    { return binary.BigEndian.Uint16(o.at(off, 2)) }
func (o *out) str(off, n int) string  { return cstring(o.at(off, n)) }
func (o *out) ip4(off int) netip.Addr { return netip.AddrFrom4([4]byte(o.at(off, 4))) }

// addr reads union nf_inet_addr, 16 bytes of which IPv4 uses four.
func (o *out) addr(off int) netip.Addr {
	b := o.at(off, 16)
	if o.v6 {
		return netip.AddrFrom16([16]byte(b))
	}
	return netip.AddrFrom4([4]byte(b[:4]))
}

// mask prints union nf_inet_addr as the tail of an address: nothing for a whole one, else /length or /mask.
func (o *out) mask(off int) string {
	b := o.at(off, 16)
	if !o.v6 {
		b = b[:4]
	}
	n, ok := prefixLen(b)
	switch {
	case !ok:
		return "/" + maskText(b)
	case n == 8*len(b):
		return ""
	}
	return fmt.Sprintf("/%d", n)
}

// prefixLen is the number of leading ones, and whether nothing but zeros follows them.
func prefixLen(mask []byte) (int, bool) {
	n, done := 0, false
	for _, b := range mask {
		for bit := 7; bit >= 0; bit-- {
			one := b&(1<<bit) != 0
			if one && done {
				return 0, false
			}
			if one {
				n++
			} else {
				done = true
			}
		}
	}
	return n, true
}

func maskText(mask []byte) string {
	a, _ := netip.AddrFromSlice(mask)
	return ip6Text(a)
}

// ip6Text is an address as inet_ntop prints it, which iptables uses: an IPv6 address that embeds an IPv4 one is
// printed with dots, unlike in package netip.
func ip6Text(a netip.Addr) string {
	if b := a.As16(); a.Is6() && !a.Is4In6() && allZero(b[:12]) && (b[12] != 0 || b[13] != 0) {
		return "::" + netip.AddrFrom4([4]byte(b[12:])).String()
	}
	return a.String()
}

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// quote prints a text as libxtables' xtables_save_string does: bare if it is a plain word, else in double quotes.
func quote(s string) string {
	plain := s != ""
	for i := range len(s) {
		c := s[i]
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			plain = false
		}
	}
	if plain {
		return s
	}
	return `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`, `'`, `\'`).Replace(s) + `"`
}

// span prints the two ends of a range as one number when they are equal.
func span[N uint8 | uint16 | uint32 | uint64](lo, hi N, sep string) string {
	if lo == hi {
		return fmt.Sprint(lo)
	}
	return fmt.Sprintf("%d%s%d", lo, sep, hi)
}

// bits names the bits that are set, in the order of the list.
func bits(v uint32, list []bit) string {
	var names []string
	for _, b := range list {
		if v&b.mask != 0 {
			names = append(names, b.name)
		}
	}
	return strings.Join(names, ",")
}

type bit struct {
	mask uint32
	name string
}

// opaque is how an extension looks in the column unmodelled.
func (x Ext) opaque() string {
	rev := fmt.Sprint(x.Rev)
	if x.Native {
		rev = "nft"
	}
	return x.Name + "." + rev + "=" + hex.EncodeToString(x.Data)
}
