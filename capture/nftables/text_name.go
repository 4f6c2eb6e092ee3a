package nftables

import (
	"fmt"
	"strings"
)

var metaNames = []string{
	"meta length", "meta protocol", "meta priority", "meta mark", "iif", "oif", "iifname", "oifname", "meta iiftype",
	"meta oiftype", "meta skuid", "meta skgid", "meta nftrace", "meta rtclassid", "meta secmark", "meta nfproto",
	"meta l4proto", "meta ibrname", "meta obrname", "meta pkttype", "meta cpu", "meta iifgroup", "meta oifgroup",
	"meta cgroup", "meta random", "meta ipsec", "meta iifkind", "meta oifkind", "meta ibrpvid", "meta ibrvproto",
	"meta time", "meta day", "meta hour", "meta sdif", "meta sdifname", "meta broute",
}

var ctNames = []string{
	"state", "direction", "status", "mark", "secmark", "expiration", "helper", "l3proto", "saddr", "daddr", "protocol",
	"proto-src", "proto-dst", "label", "packets", "bytes", "avgpkt", "zone", "event", "ip saddr", "ip daddr",
	"ip6 saddr", "ip6 daddr", "id",
}

// name is what an operand is called. Texts of headers need to know which header it is, from the family or from what
// the rule has said before.
func (t *texter) name(x *Expr, o *operand) string {
	switch o.kind {
	case "meta":
		if int(o.key) < len(metaNames) {
			return metaNames[o.key]
		}
		return fmt.Sprintf("meta #%d", o.key)
	case "ct":
		name := fmt.Sprintf("#%d", o.key)
		if int(o.key) < len(ctNames) {
			name = ctNames[o.key]
		}
		if d := x.a[3]; len(d) == 1 {
			return "ct " + map[byte]string{0: "original", 1: "reply"}[d[0]] + " " + name
		}
		return "ct " + name
	case "payload":
		return t.payload(o)
	case "immediate":
		return t.value(o, o.data)
	case "fib":
		return fib(be32(x.a[3]), be32(x.a[2]))
	case "rt":
		names := []string{"classid", "ip nexthop", "ip6 nexthop", "tcp mss", "ipsec"}
		if k := be32(x.a[2]); int(k) < len(names) {
			return "rt " + names[k]
		}
	case "socket":
		names := []string{"transparent", "mark", "wildcard", "cgroupv2"}
		if int(o.key) < len(names) {
			return "socket " + names[o.key]
		}
	case "numgen":
		kind := map[uint32]string{0: "inc", 1: "random"}[be32(x.a[3])]
		s := fmt.Sprintf("numgen %s mod %d", kind, be32(x.a[2]))
		if off := be32(x.a[4]); off != 0 {
			s += fmt.Sprintf(" offset %d", off)
		}
		return s
	}
	return fmt.Sprintf("%s#%x", x.Name, x.Data)
}

// A field of a header: its offset and length in bytes.
type field struct{ off, n uint32 }

var (
	ipFields = map[field]string{
		{1, 1}: "dscp", {2, 2}: "length", {4, 2}: "id", {6, 2}: "frag-off", {8, 1}: "ttl", {9, 1}: "protocol",
		{10, 2}: "checksum", {12, 4}: "saddr", {16, 4}: "daddr",
	}
	ip6Fields = map[field]string{
		{4, 2}: "length", {6, 1}: "nexthdr", {7, 1}: "hoplimit", {8, 16}: "saddr", {24, 16}: "daddr",
	}
	etherFields = map[field]string{{0, 6}: "daddr", {6, 6}: "saddr", {12, 2}: "type"}
	arpFields   = map[field]string{{6, 2}: "operation", {0, 2}: "htype", {2, 2}: "ptype"}
	portFields  = map[field]string{{0, 2}: "sport", {2, 2}: "dport"}
	tcpFields   = map[field]string{{4, 4}: "sequence", {8, 4}: "ackseq", {13, 1}: "flags", {14, 2}: "window"}
	udpFields   = map[field]string{{4, 2}: "length", {6, 2}: "checksum"}
	icmpFields  = map[field]string{{0, 1}: "type", {1, 1}: "code", {4, 2}: "id", {6, 2}: "sequence"}
)

func (t *texter) payload(o *operand) string {
	f := field{o.off, o.n}
	switch o.key {
	case baseNetwork:
		if s := t.network(f); s != "" {
			return s
		}
	case baseTransport:
		if s := t.transport(f); s != "" {
			return s
		}
	case baseLink:
		if s, ok := etherFields[f]; ok {
			return "ether " + s
		}
	}
	base := map[uint32]string{baseLink: "ll", baseNetwork: "nh", baseTransport: "th", baseInner: "ih"}[o.key]
	return fmt.Sprintf("@%s,%d,%d", base, 8*o.off, 8*o.n)
}

// network names a field of the network header. Part of an address, as iptables-nft loads it, is the address.
func (t *texter) network(f field) string {
	ipv6 := t.family == IP6
	if t.family != IP && t.family != IP6 { // the rule itself says which one it is
		for _, w := range t.words {
			switch w {
			case "meta nfproto ipv6", "meta protocol ip6", "ether type ip6":
				ipv6 = true
			case "meta protocol arp", "ether type arp":
				return join("arp ", arpFields[f])
			}
		}
	}
	if t.family == ARP {
		return join("arp ", arpFields[f])
	}
	name, fields, src, size := "ip ", ipFields, uint32(12), uint32(4)
	if ipv6 {
		name, fields, src, size = "ip6 ", ip6Fields, 8, 16
	}
	switch {
	case f.off == src && f.n <= size:
		return name + "saddr"
	case f.off == src+size && f.n <= size:
		return name + "daddr"
	}
	return join(name, fields[f])
}

func (t *texter) transport(f field) string {
	name := protoName(t.proto) + " "
	switch t.proto {
	case 6:
		return join(name, portFields[f]+tcpFields[f])
	case 17, 136:
		return join(name, portFields[f]+udpFields[f])
	case 33, 132:
		return join(name, portFields[f])
	case 1, 58:
		return join(name, icmpFields[f])
	}
	return join("th ", portFields[f])
}

func join(a, b string) string {
	if b == "" {
		return ""
	}
	return a + b
}

// protoName is nft's word for a protocol; 0 has none.
func protoName(p uint8) string {
	switch p {
	case 1:
		return "icmp"
	case 6:
		return "tcp"
	case 17:
		return "udp"
	case 33:
		return "dccp"
	case 47:
		return "gre"
	case 50:
		return "esp"
	case 51:
		return "ah"
	case 58:
		return "icmpv6"
	case 132:
		return "sctp"
	case 136:
		return "udplite"
	case 0:
		return "?"
	}
	return fmt.Sprint(p)
}

func fib(flags, result uint32) string {
	var what []string
	for i, s := range []string{"saddr", "daddr", "mark", "iif", "oif"} {
		if flags&(1<<i) != 0 {
			what = append(what, s)
		}
	}
	return "fib " + strings.Join(what, " . ") + " " + map[uint32]string{1: "oif", 2: "oifname", 3: "type"}[result]
}
