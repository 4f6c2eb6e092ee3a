package xtables

import (
	"strings"
)

// tcp reads struct xt_tcp: ports, one option, flags.
func tcp(o *out, _ uint8) {
	inv := o.u8(11)
	o.ports(0, inv&1 != 0, inv&2 != 0)
	if option := o.u8(8); option != 0 || inv&8 != 0 {
		o.not(inv&8 != 0)
		o.say(" --tcp-option %d", option)
		o.more = true
	}
	if mask, want := o.u8(9), o.u8(10); mask != 0 || inv&4 != 0 {
		o.not(inv&4 != 0)
		o.say(" --tcp-flags %s %s", o.tcpFlags(mask), o.tcpFlags(want))
		o.more = true
	}
}

// udp reads struct xt_udp.
func udp(o *out, _ uint8) {
	inv := o.u8(8)
	o.ports(0, inv&1 != 0, inv&2 != 0)
}

// ports reads two ranges of ports at off, source first, into words and columns.
func (o *out) ports(off int, notSrc, notDst bool) {
	o.portRange("sport", o.u16(off), o.u16(off+2), notSrc)
	o.portRange("dport", o.u16(off+4), o.u16(off+6), notDst)
}

func (o *out) portRange(name string, lo, hi uint16, not bool) {
	if lo == 0 && hi == 0xffff && !not {
		return
	}
	o.not(not)
	o.say(" --%s %s", name, span(lo, hi, ":"))
	a, b := int64(lo), int64(hi)
	if name == "sport" {
		o.row.SportMin, o.row.SportMax = &a, &b
	} else {
		o.row.DportMin, o.row.DportMax = &a, &b
	}
	if not {
		o.inverted(name)
	}
}

var tcpFlagNames = []bit{{1, "FIN"}, {2, "SYN"}, {4, "RST"}, {8, "PSH"}, {16, "ACK"}, {32, "URG"}}

func (o *out) tcpFlags(v uint8) string {
	if v >= 64 {
		o.bad = true
	}
	if v == 0 {
		return "NONE"
	}
	return bits(uint32(v), tcpFlagNames)
}

// sctp reads struct xt_sctp_info, whose chunk map has 256 bytes for 256 bits: the kernel's header divides by the
// size of a word where it means its bits. Chunks are in no column, and in words only where no flags of theirs are asked for.
func sctp(o *out, _ uint8) {
	flags, inv := o.u32(284), o.u32(288)
	if flags&1 != 0 {
		o.portRange("sport", o.u16(4), o.u16(6), inv&1 != 0)
	}
	if flags&2 != 0 {
		o.portRange("dport", o.u16(0), o.u16(2), inv&2 != 0)
	}
	if flags&4 == 0 {
		return
	}
	o.more = true
	how := map[uint32]string{1: "any", 2: "all", 4: "only"}[o.u32(264)]
	if how == "" || o.u32(280) != 0 {
		o.bad = true
		return
	}
	o.not(inv&4 != 0)
	o.say(" --chunk-types %s %s", how, o.chunks(8))
}

var sctpChunks = []struct {
	n    int
	name string
}{
	{0, "DATA"}, {1, "INIT"}, {2, "INIT_ACK"}, {3, "SACK"}, {4, "HEARTBEAT"}, {5, "HEARTBEAT_ACK"}, {6, "ABORT"},
	{7, "SHUTDOWN"}, {8, "SHUTDOWN_ACK"}, {9, "ERROR"}, {10, "COOKIE_ECHO"}, {11, "COOKIE_ACK"}, {12, "ECN_ECNE"},
	{13, "ECN_CWR"}, {14, "SHUTDOWN_COMPLETE"}, {193, "ASCONF"}, {128, "ASCONF_ACK"}, {192, "FORWARD_TSN"},
}

// chunks names the bits of SCTP's chunk map. A full or an empty map is ALL or NONE; a chunk without a name is not
// understood.
func (o *out) chunks(off int) string {
	var set, named int
	for i := range 8 {
		for v := o.u32(off + 4*i); v != 0; v &= v - 1 {
			set++
		}
	}
	if set == 256 {
		return "ALL"
	}
	if set == 0 {
		return "NONE"
	}
	var names []string
	for _, c := range sctpChunks {
		if o.u32(off+4*(c.n/32))&(1<<(c.n%32)) != 0 {
			names, named = append(names, c.name), named+1
		}
	}
	o.bad = o.bad || named != set
	return strings.Join(names, ",")
}

// multiport reads struct xt_multiport_v1.
func multiport(o *out, _ uint8) {
	which, n := o.u8(0), int(o.u8(1))
	names := []string{"sports", "dports", "ports"}
	if int(which) >= len(names) || n > 15 {
		o.bad = true
		return
	}
	o.not(o.u8(47) != 0)
	o.say(" --%s ", names[which])
	for i := 0; i < n; i++ {
		if i > 0 {
			o.say(",")
		}
		o.say("%d", o.u16(2+2*i))
		if o.u8(32+i) != 0 && i+1 < n { // this port begins a range that the next one ends
			i++
			o.say(":%d", o.u16(2+2*i))
		}
	}
}

// icmp reads struct ipt_icmp: a type and a range of codes; type 255 stands for any.
func icmp(o *out, _ uint8) { o.icmp("icmp-type", true) }

// icmp6 reads struct ip6t_icmp.
func icmp6(o *out, _ uint8) { o.icmp("icmpv6-type", false) }

func (o *out) icmp(option string, any255 bool) {
	typ, lo, hi := o.u8(0), o.u8(1), o.u8(2)
	o.not(o.u8(3)&1 != 0)
	if typ == 255 && any255 {
		o.say(" --%s any", option)
		o.more = o.u8(3)&1 != 0
		return
	}
	o.say(" --%s %d", option, typ)
	if lo != 0 || hi != 0xff {
		o.say("/%d", lo)
	}
}
