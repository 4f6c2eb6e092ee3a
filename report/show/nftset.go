package show

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// nftTypes are the types of keys and values by nft's numbers (nftables include/datatype.h: enum datatypes).
var nftTypes = map[int64]string{
	4: "integer", 7: "ipv4_addr", 8: "ipv6_addr", 9: "ether_addr", 10: "ether_type", 12: "inet_proto", 13: "inet_service",
	14: "icmp_type", 19: "mark", 20: "iface_index", 26: "ct_state", 29: "icmpv6_type", 41: "ifname",
}

// nftWidths are the lengths of keys of these types, in bytes.
var nftWidths = map[string]int{"ipv4_addr": 4, "ipv6_addr": 16, "ether_addr": 6, "ether_type": 2, "inet_proto": 1, "inet_service": 2,
	"icmp_type": 1, "mark": 4, "iface_index": 4, "ct_state": 4, "icmpv6_type": 1, "ifname": 16}

const nftVerdict = 0xffffff00 // NFT_DATA_VERDICT

// typesOf takes a type apart: those of a concatenation stand in six bits each, the last one lowest.
func typesOf(n int64) []string {
	if n == nftVerdict {
		return []string{"verdict"}
	}
	var out []string
	for ; n > 0; n >>= 6 {
		name := nftTypes[n&0x3f]
		if name == "" {
			name = fmt.Sprintf("type#%d", n&0x3f)
		}
		out = append(out, name)
	}
	if len(out) == 0 {
		return []string{"type#0"}
	}
	slices.Reverse(out)
	return out
}

// setText is a named set or map with its elements.
func setText(x *schema.NftSet, elements []*schema.NftElement) string {
	var b strings.Builder
	kind, typ := "set", strings.Join(typesOf(x.KeyType), " . ")
	if has(x.Flags, "map") {
		kind = "map"
		typ += " : " + strings.Join(typesOf(x.DataType), " . ")
	}
	fmt.Fprintf(&b, "\t%s %s {\n\t\ttype %s\n", kind, oneLine(x.Name), typ)
	var flags []string
	for _, f := range []struct{ name, shown string }{{"constant", "constant"}, {"interval", "interval"}, {"timeout", "timeout"}, {"eval", "dynamic"}} {
		if has(x.Flags, f.name) {
			flags = append(flags, f.shown)
		}
	}
	if len(flags) > 0 {
		fmt.Fprintf(&b, "\t\tflags %s\n", strings.Join(flags, ","))
	}
	if texts := elementTexts(x, elements); len(texts) > 0 {
		fmt.Fprintf(&b, "\t\telements = { %s }\n", strings.Join(texts, ", "))
	}
	b.WriteString("\t}\n")
	return b.String()
}

// elementTexts are the elements in the order of their keys. An interval without an upper end of its own ends before
// the next element that is marked as an end.
func elementTexts(x *schema.NftSet, elements []*schema.NftElement) []string {
	type item struct {
		key, end []byte
		e        *schema.NftElement
	}
	var items []item
	for _, e := range elements {
		key, err1 := hex.DecodeString(e.Key)
		end, err2 := hex.DecodeString(e.KeyEnd)
		if err1 != nil || err2 != nil {
			return []string{"# a key is not hexadecimal"}
		}
		items = append(items, item{key, end, e})
	}
	isEnd := func(i item) bool { return has(i.e.Flags, "interval_end") }
	slices.SortStableFunc(items, func(a, b item) int {
		if c := bytes.Compare(a.key, b.key); c != 0 {
			return c
		}
		return map[bool]int{true: 0, false: 1}[isEnd(a)] - map[bool]int{true: 0, false: 1}[isEnd(b)] // one ends where the next begins
	})
	types := typesOf(x.KeyType)
	var out []string
	for i, it := range items {
		if isEnd(it) {
			continue
		}
		text := keyText(types, it.key)
		switch {
		case has(it.e.Flags, "catchall"):
			text = "*"
		case len(it.end) > 0 && !bytes.Equal(it.end, it.key):
			text = intervalText(types, it.key, it.end)
		case len(it.end) == 0 && has(x.Flags, "interval") && len(types) == 1:
			last := bytes.Repeat([]byte{0xff}, len(it.key))
			if i+1 < len(items) && isEnd(items[i+1]) {
				last = before(items[i+1].key)
			}
			if !bytes.Equal(last, it.key) {
				text = intervalText(types, it.key, last)
			}
		}
		if has(x.Flags, "map") {
			value := it.e.Data
			if b, err := hex.DecodeString(value); err == nil && x.DataType != nftVerdict {
				value = keyText(typesOf(x.DataType), b)
			}
			text += " : " + value
		}
		out = append(out, oneLine(text))
	}
	return out
}

// before is the key one lower.
func before(key []byte) []byte {
	n := new(big.Int).SetBytes(key)
	if n.Sign() == 0 {
		return key
	}
	return n.Sub(n, big.NewInt(1)).FillBytes(make([]byte, len(key)))
}

// intervalText is a prefix if the interval is one, else its two ends.
func intervalText(types []string, lo, hi []byte) string {
	if len(types) == 1 && (types[0] == "ipv4_addr" || types[0] == "ipv6_addr") {
		if p, ok := prefixOf(lo, hi); ok {
			return p.String()
		}
	}
	if len(types) == 1 {
		return keyText(types, lo) + "-" + keyText(types, hi)
	}
	var parts []string
	los, his := split(types, lo), split(types, hi)
	for i, t := range types {
		if bytes.Equal(los[i], his[i]) {
			parts = append(parts, keyText(types[i:i+1], los[i]))
		} else {
			parts = append(parts, intervalText([]string{t}, los[i], his[i]))
		}
	}
	return strings.Join(parts, " . ")
}

// prefixOf is the prefix that goes from lo to hi, if there is one.
func prefixOf(lo, hi []byte) (netip.Prefix, bool) {
	a, ok := netip.AddrFromSlice(lo)
	if !ok || len(lo) != len(hi) {
		return netip.Prefix{}, false
	}
	bits := 0
	for bits < len(lo)*8 && (lo[bits/8]^hi[bits/8])&(0x80>>(bits%8)) == 0 {
		bits++
	}
	for i := bits; i < len(lo)*8; i++ {
		mask := byte(0x80 >> (i % 8))
		if lo[i/8]&mask != 0 || hi[i/8]&mask == 0 {
			return netip.Prefix{}, false
		}
	}
	return netip.PrefixFrom(a, bits), true
}

// split cuts a concatenation into its parts, each of which fills registers of four bytes.
func split(types []string, key []byte) [][]byte {
	out := make([][]byte, len(types))
	for i, t := range types {
		n := nftWidths[t]
		if len(types) == 1 || n == 0 || n > len(key) {
			out[i] = key
			continue
		}
		out[i] = key[:n]
		key = key[min((n+3)&^3, len(key)):]
	}
	return out
}

// keyText is a key or value in nft's words.
func keyText(types []string, key []byte) string {
	var parts []string
	for i, b := range split(types, key) {
		parts = append(parts, valueText(types[i], b))
	}
	return strings.Join(parts, " . ")
}

func valueText(typ string, b []byte) string {
	if n := nftWidths[typ]; n != len(b) && typ != "ifname" {
		return "0x" + hex.EncodeToString(b)
	}
	switch typ {
	case "ipv4_addr", "ipv6_addr":
		a, _ := netip.AddrFromSlice(b)
		return a.String()
	case "ether_addr":
		return net.HardwareAddr(b).String()
	case "inet_service":
		return fmt.Sprint(binary.BigEndian.Uint16(b))
	case "inet_proto":
		if name := map[byte]string{1: "icmp", 6: "tcp", 17: "udp", 50: "esp", 51: "ah", 58: "ipv6-icmp", 132: "sctp"}[b[0]]; name != "" {
			return name
		}
		return fmt.Sprint(b[0])
	case "mark":
		return fmt.Sprintf("0x%08x", binary.LittleEndian.Uint32(b)) // in the order of the host
	case "ifname":
		return fmt.Sprintf("%q", cstring(b))
	}
	return "0x" + hex.EncodeToString(b)
}
