package nftables

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// bitNames are the words for the bits of what has such, by the operand's text.
var bitNames = map[string][]string{
	"ct state":  {"invalid", "established", "related", "new", "", "", "untracked"},
	"ct status": {"expected", "seen-reply", "assured", "confirmed", "snat", "dnat", "", "", "", "dying"},
	"tcp flags": {"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"},
}

var icmpTypes = map[uint64]string{
	0: "echo-reply", 3: "destination-unreachable", 5: "redirect", 8: "echo-request", 9: "router-advertisement",
	10: "router-solicitation", 11: "time-exceeded", 12: "parameter-problem", 13: "timestamp-request", 14: "timestamp-reply",
}

var icmp6Types = map[uint64]string{
	1: "destination-unreachable", 2: "packet-too-big", 3: "time-exceeded", 4: "parameter-problem", 128: "echo-request",
	129: "echo-reply", 133: "nd-router-solicit", 134: "nd-router-advert", 135: "nd-neighbor-solicit",
	136: "nd-neighbor-advert", 137: "nd-redirect",
}

// routeTypes are the answers to fib … type: RTN_*.
var routeTypes = map[uint64]string{
	1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast", 6: "blackhole", 7: "unreachable", 8: "prohibit",
}

// value puts what an operand is compared with, or set to, into words.
func (t *texter) value(o *operand, b []byte) string {
	if names := bitNames[o.text]; names != nil {
		if s := bitWords(b, names); s != "" {
			return s
		}
	}
	switch {
	case strings.HasSuffix(o.text, "addr") && strings.HasPrefix(o.text, "ether"):
		parts := make([]string, len(b))
		for i, x := range b {
			parts[i] = hex.EncodeToString([]byte{x})
		}
		return strings.Join(parts, ":")
	case strings.HasSuffix(o.text, "addr"):
		return address(o, b)
	case strings.HasSuffix(o.text, "name") || strings.HasSuffix(o.text, "kind"):
		s := str(b)
		if len(s) == len(b) && len(b) < 16 {
			s += "*"
		}
		return strconv.Quote(s)
	}
	n, ok := native(b)
	if !ok {
		return "0x" + hex.EncodeToString(b)
	}
	switch o.text {
	case "meta l4proto", "ip protocol", "ip6 nexthdr":
		return protoName(uint8(n))
	case "meta nfproto":
		return map[uint64]string{2: "ipv4", 10: "ipv6"}[n]
	case "meta protocol", "ether type":
		if s, ok := map[uint16]string{0x800: "ip", 0x86dd: "ip6", 0x806: "arp", 0x8100: "vlan"}[be16(b)]; ok {
			return s
		}
	case "meta mark", "ct mark":
		return fmt.Sprintf("0x%08x", n)
	case "meta pkttype":
		return map[uint64]string{0: "host", 1: "broadcast", 2: "multicast", 3: "other"}[n]
	case "ct direction":
		return map[uint64]string{0: "original", 1: "reply"}[n]
	case "icmp type":
		return orNumber(icmpTypes, n)
	case "icmpv6 type":
		return orNumber(icmp6Types, n)
	}
	if o.kind == "fib" && strings.HasSuffix(o.text, "type") {
		return orNumber(routeTypes, n)
	}
	if o.kind == "payload" { // headers are in network order
		return fmt.Sprint(bigEndian(b))
	}
	return fmt.Sprint(n)
}

func orNumber(names map[uint64]string, n uint64) string {
	if s, ok := names[n]; ok {
		return s
	}
	return fmt.Sprint(n)
}

func bigEndian(b []byte) uint64 {
	var n uint64
	for _, x := range b {
		n = n<<8 | uint64(x)
	}
	return n
}

// mask is the text of a mask: names of bits where there are some, else a number.
func (t *texter) mask(o *operand, b []byte) string {
	if names := bitNames[o.text]; names != nil {
		if s := bitWords(b, names); s != "" {
			return s
		}
	}
	n, ok := native(b)
	switch {
	case !ok:
		return "0x" + hex.EncodeToString(b)
	case o.kind == "payload":
		return fmt.Sprintf("0x%x", bigEndian(b))
	}
	return fmt.Sprintf("0x%08x", n)
}

// bitWords names the bits of a number in host order, or is empty if one has no name or none is set.
func bitWords(b []byte, names []string) string {
	n, ok := native(b)
	if !ok {
		return ""
	}
	var out []string
	for i := range 64 {
		if n&(1<<i) == 0 {
			continue
		}
		if i >= len(names) || names[i] == "" {
			return ""
		}
		out = append(out, names[i])
	}
	return strings.Join(out, ",")
}

// address pads what was loaded of an address to all of it.
func address(o *operand, b []byte) string {
	size := 4
	if strings.Contains(o.text, "ip6") || len(b) > 4 {
		size = 16
	}
	if len(b) > size {
		return "0x" + hex.EncodeToString(b)
	}
	full := make([]byte, size)
	copy(full, b)
	a, _ := netip.AddrFromSlice(full)
	return a.String()
}

// port is the text of a port as an immediate holds it.
func port(b []byte) string {
	if len(b) < 2 {
		return "0x" + hex.EncodeToString(b)
	}
	return fmt.Sprint(binary.BigEndian.Uint16(b))
}
