package xtables

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// Row puts a rule into the columns of its table and into the words of iptables-save, without counters before them.
// The caller fills in namespace, flavour, table and position.
func (r *Rule) Row(chain string, sets Sets) schema.IPTablesRule {
	row := schema.IPTablesRule{Family: family(r.V6), Chain: chain, Packets: int64(r.Packets), Bytes: int64(r.Bytes)}
	w := writer{row: &row, rule: r, sets: sets}
	w.Grow(160) // few rules are longer
	w.say("-A %s", chain)
	row.Src = w.net('s', "src", r.Src, InvertSrc)
	row.Dst = w.net('d', "dst", r.Dst, InvertDst)
	row.InIface = w.iface('i', "in_iface", r.In, InvertIn)
	row.OutIface = w.iface('o', "out_iface", r.Out, InvertOut)
	if r.Proto != 0 {
		row.Proto = Protocol(r.Proto)
		w.say("%s -p %s", w.not("proto", InvertProto), row.Proto)
	}
	if r.Frag {
		w.say("%s -f", w.not("", InvertFrag))
		w.unmodelled("frag.0=" + map[bool]string{true: "00", false: "01"}[r.Invert&InvertFrag != 0])
	}
	for _, m := range r.Matches {
		w.ext("-m", matches, m)
	}
	switch {
	case r.Target != nil:
		row.Target = w.ext("-j", targets, *r.Target)
	case r.Jump != "":
		row.Target, row.Goto = r.Jump, r.Goto
		w.say(" -%s %s", map[bool]string{true: "g", false: "j"}[r.Goto], r.Jump)
	}
	row.Spec = w.String()
	return row
}

// Row makes the row of a chain. The caller fills in namespace, flavour and table.
func (c *Chain) Row(v6 bool) schema.IPTablesChain {
	return schema.IPTablesChain{
		Family: family(v6), Chain: c.Name, Policy: c.Policy, Packets: int64(c.Packets), Bytes: int64(c.Bytes),
	}
}

func family(v6 bool) string {
	if v6 {
		return "ipv6"
	}
	return "ipv4"
}

type writer struct {
	strings.Builder
	row  *schema.IPTablesRule
	rule *Rule
	sets Sets
}

func (w *writer) say(format string, args ...any) { fmt.Fprintf(w, format, args...) }

// not is the sign of a negated condition; the column that it is about goes to inverted.
func (w *writer) not(column string, bit Invert) string {
	if w.rule.Invert&bit == 0 {
		return ""
	}
	if column != "" {
		invert(w.row, column)
	}
	return " !"
}

func (w *writer) unmodelled(s string) {
	if w.row.Unmodelled != "" {
		w.row.Unmodelled += " "
	}
	w.row.Unmodelled += s
}

func (w *writer) net(letter rune, column string, n Net, bit Invert) netip.Prefix {
	if len(n.Addr) == 0 && w.rule.Invert&bit == 0 {
		return netip.Prefix{}
	}
	if len(n.Addr) == 0 { // ! -s 0/0 never matches; iptables refuses it, the kernel does not
		n = Net{make([]byte, 4), make([]byte, 4)}
		if w.rule.V6 {
			n = Net{make([]byte, 16), make([]byte, 16)}
		}
	}
	addr, _ := netip.AddrFromSlice(n.Addr)
	w.say("%s -%c %s", w.not(column, bit), letter, ip6Text(addr))
	ones, ok := prefixLen(n.Mask)
	if !ok {
		w.say("/%s", maskText(n.Mask))
		w.unmodelled(column + ".0=" + hex.EncodeToString(append(n.Addr[:len(n.Addr):len(n.Addr)], n.Mask...)))
		return netip.Prefix{}
	}
	w.say("/%d", ones)
	return netip.PrefixFrom(addr, ones)
}

func (w *writer) iface(letter rune, column, name string, bit Invert) string {
	if name != "" {
		w.say("%s -%c %s", w.not(column, bit), letter, name)
	}
	return name
}

// ext writes one match or target and returns the name that iptables-save gives it.
func (w *writer) ext(option string, known []decoder, x Ext) string {
	d := find(known, x, w.rule.V6)
	if d == nil {
		w.opaque(option, x)
		return x.Name
	}
	before := *w.row
	o := out{row: w.row, d: x.Data, name: x.Name, v6: w.rule.V6, proto: w.rule.Proto, sets: w.sets, more: !d.columns}
	if len(x.Data) < d.size {
		o.bad = true
	} else if d.save != nil {
		d.save(&o, x.Rev)
	}
	if o.bad {
		*w.row = before
		w.opaque(option, x)
		return x.Name
	}
	if o.more {
		x.Data = x.Data[:d.size] // what follows is the kernel's own, addresses among it
		w.unmodelled(x.opaque())
	}
	w.say(" %s %s%s", option, o.name, o.words.String())
	return o.name
}

// Words is an extension alone, as iptables-save would put it into a rule: conntrack --ctstate NEW. One that is not
// understood is [unmodelled name.revision=hex].
func (x Ext) Words(v6, target bool) string {
	r := Rule{V6: v6}
	w := writer{row: &schema.IPTablesRule{}, rule: &r}
	if target {
		w.ext("-j", targets, x)
	} else {
		w.ext("-m", matches, x)
	}
	return w.String()[len(" -m "):]
}

// opaque writes an extension that is not understood.
func (w *writer) opaque(option string, x Ext) {
	w.unmodelled(x.opaque())
	if x.Native {
		w.say(" [unmodelled %s]", x.opaque())
		return
	}
	w.say(" %s %s [unmodelled %s]", option, x.Name, x.opaque())
}

// A decoder understands the structures of one extension.
type decoder struct {
	name     string
	min, max uint8             // revisions
	family   uint8             // 4 or 6; 0 for both
	size     int               // bytes that user space fills in: the kernel's own fields follow
	columns  bool              // the row's columns say all of it, unless save finds that they do not
	save     func(*out, uint8) // given the revision; nil when the name says it all
}

func find(list []decoder, x Ext, v6 bool) *decoder {
	if x.Native {
		return nil
	}
	for i := range list {
		d := &list[i]
		if d.name == x.Name && d.min <= x.Rev && x.Rev <= d.max && (d.family == 0 || (d.family == 6) == v6) {
			return d
		}
	}
	return nil
}

// Protocol is the name of an IP protocol as /etc/protocols has it, else its number.
func Protocol(n uint16) string {
	if s, ok := protocols[n]; ok {
		return s
	}
	return strconv.Itoa(int(n))
}

// protocols holds the names of /etc/protocols that iptables-save prints. A host with another file prints others.
var protocols = map[uint16]string{
	1: "icmp", 2: "igmp", 3: "ggp", 4: "ipencap", 5: "st", 6: "tcp", 8: "egp", 9: "igp", 12: "pup", 17: "udp",
	20: "hmp", 22: "xns-idp", 27: "rdp", 29: "iso-tp4", 33: "dccp", 36: "xtp", 37: "ddp", 38: "idpr-cmtp", 41: "ipv6",
	43: "ipv6-route", 44: "ipv6-frag", 45: "idrp", 46: "rsvp", 47: "gre", 50: "esp", 51: "ah", 57: "skip",
	58: "ipv6-icmp", 59: "ipv6-nonxt", 60: "ipv6-opts", 73: "rspf", 81: "vmtp", 88: "eigrp", 89: "ospf", 93: "ax.25",
	94: "ipip", 97: "etherip", 98: "encap", 103: "pim", 108: "ipcomp", 112: "vrrp", 115: "l2tp", 124: "isis",
	132: "sctp", 133: "fc", 135: "mobility-header", 136: "udplite", 137: "mpls-in-ip", 138: "manet", 139: "hip",
	140: "shim6", 141: "wesp", 142: "rohc",
}
