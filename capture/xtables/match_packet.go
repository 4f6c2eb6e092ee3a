package xtables

import (
	"fmt"
	"strconv"
)

// comment reads struct xt_comment_info. It constrains nothing.
func comment(o *out, _ uint8) { o.say(" --comment %s", quote(o.str(0, len(o.d)))) }

// limit reads struct xt_rateinfo: the average distance of packets, in units of 100 µs.
func limit(o *out, _ uint8) {
	o.say(" --limit %s", rate(o.u32(0)))
	if burst := o.u32(4); burst != 5 {
		o.say(" --limit-burst %d", burst)
	}
}

// rate spells a distance as a rate in the largest unit that loses little, as libxt_limit does.
func rate(period uint32) string {
	units := []struct {
		mult uint32
		name string
	}{{864000000, "day"}, {36000000, "hour"}, {600000, "min"}, {10000, "sec"}}
	if int32(period) <= 0 {
		return "inf"
	}
	i := 1
	for ; i < len(units); i++ {
		if m := units[i].mult; period > m || m/period < m%period {
			break
		}
	}
	return fmt.Sprintf("%d/%s", units[i-1].mult/period, units[i-1].name)
}

// statistic reads struct xt_statistic_info.
func statistic(o *out, _ uint8) {
	inv := o.u16(2)&1 != 0
	switch o.u16(0) {
	case 0:
		o.say(" --mode random")
		o.not(inv)
		o.say(" --probability %s", strconv.FormatFloat(float64(o.u32(4))/0x80000000, 'f', 11, 64))
	case 1:
		o.say(" --mode nth")
		o.not(inv)
		o.say(" --every %d --packet %d", o.u32(4)+1, o.u32(8))
	default:
		o.bad = true
	}
}

// u32match reads struct xt_u32: up to 11 tests of up to 11 locations and 11 ranges each.
func u32match(o *out, _ uint8) {
	n := int(o.u8(1980))
	if n > 11 {
		o.bad = true
		return
	}
	o.not(o.u8(1981) != 0)
	o.say(` --u32 "`)
	for t := range n {
		off := 180 * t
		nums, values := int(o.u8(off+176)), int(o.u8(off+177))
		if nums > 11 || values > 11 {
			o.bad = true
			return
		}
		if t > 0 {
			o.say("&&")
		}
		o.say("0x%x", o.u32(off))
		for i := 1; i < nums; i++ {
			op := map[uint8]string{0: "&", 1: "<<", 2: ">>", 3: "@"}[o.u8(off+8*i+4)]
			o.bad = o.bad || op == ""
			o.say("%s0x%x", op, o.u32(off+8*i))
		}
		o.say("=")
		for i := range values {
			lo, hi := o.u32(off+88+8*i), o.u32(off+92+8*i)
			if i > 0 {
				o.say(",")
			}
			o.say("0x%x", lo)
			if hi != lo {
				o.say(":0x%x", hi)
			}
		}
	}
	o.say(`"`)
}

// bpf reads struct xt_bpf_info and xt_bpf_info_v1: a classic BPF program, or the path of a pinned one.
func bpf(o *out, rev uint8) {
	num, prog := 0, 4
	if rev == 1 {
		num, prog = 2, 8
		switch o.u16(0) {
		case 0:
		case 1:
			o.say(" --object-pinned %s", o.str(8, 512))
			return
		default:
			o.bad = true
			return
		}
	}
	n := int(o.u16(num))
	if n > 64 {
		o.bad = true
		return
	}
	o.say(` --bytecode "%d`, n)
	for i := range n {
		p := prog + 8*i
		o.say(",%d %d %d %d", o.u16(p), o.u8(p+2), o.u8(p+3), o.u32(p+4))
	}
	o.say(`"`)
}

// owner reads struct xt_owner_match_info.
func owner(o *out, _ uint8) {
	has, inv := o.u8(16), o.u8(17)
	part := func(bit uint8, words string) {
		if has&bit != 0 {
			o.not(inv&bit != 0)
			o.say(" --%s", words)
		}
	}
	part(4, "socket-exists")
	part(1, "uid-owner "+span(o.u32(0), o.u32(4), "-"))
	part(2, "gid-owner "+span(o.u32(8), o.u32(12), "-"))
	part(8, "suppl-groups")
}

// mac reads struct xt_mac_info.
func mac(o *out, _ uint8) {
	o.not(o.u32(8) != 0)
	b := o.at(0, 6)
	o.say(" --mac-source %02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5])
}

// pkttype reads struct xt_pkttype_info.
func pkttype(o *out, _ uint8) {
	name, ok := map[uint32]string{0: "unicast", 1: "broadcast", 2: "multicast"}[o.u32(0)]
	o.bad = o.bad || !ok
	o.not(o.u32(4) != 0)
	o.say(" --pkt-type %s", name)
}

// length reads struct xt_length_info.
func length(o *out, _ uint8) {
	o.not(o.u8(4) != 0)
	o.say(" --length %s", span(o.u16(0), o.u16(2), ":"))
}

// tcpmss reads struct xt_tcpmss_match_info.
func tcpmss(o *out, _ uint8) {
	o.not(o.u8(4) != 0)
	o.say(" --mss %s", span(o.u16(0), o.u16(2), ":"))
}

// dscp reads struct xt_dscp_info.
func dscp(o *out, _ uint8) {
	o.not(o.u8(1) != 0)
	o.say(" --dscp 0x%02x", o.u8(0))
}

// tos reads struct xt_tos_match_info.
func tos(o *out, _ uint8) {
	o.not(o.u8(2) != 0)
	o.say(" --tos 0x%02x/0x%02x", o.u8(1), o.u8(0))
}

// ttl reads struct ipt_ttl_info and ip6t_hl_info.
func ttl(name string) func(*out, uint8) {
	return func(o *out, _ uint8) {
		mode := o.u8(0)
		op, ok := map[uint8]string{0: "eq", 1: "eq", 2: "lt", 3: "gt"}[mode]
		o.bad = o.bad || !ok
		o.not(mode == 1)
		o.say(" --%s-%s %d", name, op, o.u8(1))
	}
}

// esp reads struct xt_esp.
func esp(o *out, _ uint8) {
	lo, hi, not := o.u32(0), o.u32(4), o.u8(8)&1 != 0
	if lo != 0 || hi != 0xffffffff || not {
		o.not(not)
		o.say(" --espspi %s", span(lo, hi, ":"))
	}
}

// rpfilter reads struct xt_rpfilter_info.
func rpfilter(o *out, _ uint8) {
	for i, option := range []string{"loose", "validmark", "accept-local", "invert"} {
		if o.u8(0)&(1<<i) != 0 {
			o.say(" --%s", option)
		}
	}
}

// socket reads struct xt_socket_mtinfo1 to 3; revision 0 has none.
func socket(o *out, rev uint8) {
	if rev == 0 {
		return
	}
	for i, option := range []string{"transparent", "nowildcard", "restore-skmark"} {
		if o.u8(0)&(1<<i) != 0 {
			o.say(" --%s", option)
		}
	}
}

// recent reads struct xt_recent_mtinfo and xt_recent_mtinfo_v1.
func recent(o *out, rev uint8) {
	how := o.u8(8)
	o.not(o.u8(9) != 0)
	for _, b := range []bit{{2, "set"}, {1, "rcheck"}, {4, "update"}, {8, "remove"}} {
		if uint32(how)&b.mask != 0 {
			o.say(" --%s", b.name)
		}
	}
	if s := o.u32(0); s != 0 {
		o.say(" --seconds %d", s)
	}
	if how&32 != 0 {
		o.say(" --reap")
	}
	if n := o.u32(4); n != 0 {
		o.say(" --hitcount %d", n)
	}
	if how&16 != 0 {
		o.say(" --rttl")
	}
	o.say(" --name %s", o.str(10, 200))
	if rev == 1 {
		o.say(" --mask %s", ip6Text(o.addr(212)))
	}
	if o.u8(210) == 0 {
		o.say(" --rsource")
	} else {
		o.say(" --rdest")
	}
}
