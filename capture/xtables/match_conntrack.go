package xtables

import "fmt"

// The states of -m conntrack, in the order in which iptables-save prints them.
var ctStates = []bit{
	{1, "INVALID"}, {8, "NEW"}, {4, "RELATED"}, {2, "ESTABLISHED"}, {256, "UNTRACKED"}, {64, "SNAT"}, {128, "DNAT"},
}

// The states of -m state: another bit for UNTRACKED.
var states = []bit{{1, "INVALID"}, {8, "NEW"}, {4, "RELATED"}, {2, "ESTABLISHED"}, {64, "UNTRACKED"}}

// The status bits of a connection that --ctstatus names; 0 is NONE.
var ctStatus = []bit{{1, "EXPECTED"}, {2, "SEEN_REPLY"}, {4, "ASSURED"}, {8, "CONFIRMED"}}

// conntrack reads struct xt_conntrack_mtinfo1, 2 and 3.
func conntrack(o *out, rev uint8) {
	flags, inv := o.u16(146), o.u16(148)
	stateMask, status := uint32(o.u16(150)), uint32(0)
	if rev == 1 {
		stateMask, status = uint32(o.u8(150)), uint32(o.u8(151))
	} else {
		status = uint32(o.u16(152))
	}
	if flags&1 != 0 {
		option := "ctstate"
		if flags&(1<<13) != 0 {
			o.name, option = "state", "state"
		}
		o.state(option, bits(stateMask, ctStates), inv&1 != 0)
	}
	o.more = flags&^(1|1<<13) != 0
	if flags&2 != 0 {
		o.not(inv&2 != 0)
		o.say(" --ctproto %d", o.u16(136))
	}
	for i, option := range []string{"ctorigsrc", "ctorigdst", "ctreplsrc", "ctrepldst"} {
		if flags&(4<<i) != 0 {
			o.not(inv&(4<<i) != 0)
			o.say(" --%s %s%s", option, ip6Text(o.addr(32*i)), o.mask(32*i+16))
		}
	}
	for i, option := range []string{"ctorigsrcport", "ctorigdstport", "ctreplsrcport", "ctrepldstport"} {
		if flags&(1<<(8+i)) != 0 {
			o.not(inv&(1<<(8+i)) != 0)
			if rev < 3 {
				o.say(" --%s %d", option, o.be16(138+2*i))
			} else {
				o.say(" --%s %s", option, span(o.u16(138+2*i), o.u16(154+2*i), ":"))
			}
		}
	}
	if flags&(1<<6) != 0 {
		o.not(inv&(1<<6) != 0)
		names := bits(status, ctStatus)
		if names == "" {
			names = "NONE"
		}
		o.say(" --ctstatus %s", names)
	}
	if flags&(1<<7) != 0 {
		o.not(inv&(1<<7) != 0)
		o.say(" --ctexpire %s", span(o.u32(128), o.u32(132), ":"))
	}
	if flags&(1<<12) != 0 {
		dir := "ORIGINAL"
		if inv&(1<<12) != 0 {
			dir = "REPLY"
		}
		o.say(" --ctdir %s", dir)
	}
}

// state reads struct xt_state_info.
func state(o *out, _ uint8) { o.state("state", bits(o.u32(0), states), false) }

func (o *out) state(option, names string, not bool) {
	o.not(not)
	o.say(" --%s %s", option, names)
	o.row.CTState = names
	if not {
		o.inverted("ctstate")
	}
}

// mark reads struct xt_mark_mtinfo1, which is that of connmark, too.
func mark(o *out, _ uint8) {
	o.not(o.u8(8) != 0)
	o.say(" --mark 0x%x", o.u32(0))
	if m := o.u32(4); m != 0xffffffff {
		o.say("/0x%x", m)
	}
}

// connlimit reads struct xt_connlimit_info.
func connlimit(o *out, _ uint8) {
	flags := o.u32(20)
	option := "connlimit-upto"
	if flags&1 == 0 {
		option = "connlimit-above"
	}
	ones, ok := prefixLen(o.at(0, 4))
	if o.v6 {
		ones, ok = prefixLen(o.at(0, 16))
	}
	o.bad = o.bad || !ok
	side := "saddr"
	if flags&2 != 0 {
		side = "daddr"
	}
	o.say(" --%s %d --connlimit-mask %d --connlimit-%s", option, o.u32(16), ones, side)
}

// helper reads struct xt_helper_info.
func helper(o *out, _ uint8) {
	o.not(o.u32(0) != 0)
	o.say(" --helper %s", quote(o.str(4, 30)))
}

// ipvs reads struct xt_ipvs_mtinfo. The bare --ipvs has a column, its refinements have none.
func ipvs(o *out, _ uint8) {
	inv, has := o.u8(38), o.u8(39)
	if has == 1 {
		o.not(inv&1 != 0)
		o.say(" --ipvs")
		o.row.IPVS = true
		if inv&1 != 0 {
			o.inverted("ipvs")
		}
		return
	}
	o.more = true
	if has&2 != 0 {
		o.not(inv&2 != 0)
		o.say(" --vproto %d", o.u8(34))
	}
	if has&4 != 0 {
		o.not(inv&4 != 0)
		o.say(" --vaddr %s%s", ip6Text(o.addr(0)), o.mask(16))
	}
	if has&8 != 0 {
		o.not(inv&8 != 0)
		o.say(" --vport %d", o.be16(32))
	}
	if has&16 != 0 {
		dir := "ORIGINAL"
		if inv&16 != 0 {
			dir = "REPLY"
		}
		o.say(" --vdir %s", dir)
	}
	if has&32 != 0 {
		o.not(inv&32 != 0)
		method := map[uint8]string{0: "MASQ", 2: "IPIP", 3: "GATE"}[o.u8(35)]
		if method == "" {
			method = fmt.Sprintf("UNKNOWN(%d)", o.u8(35))
		}
		o.say(" --vmethod %s", method)
	}
	if has&64 != 0 {
		o.not(inv&64 != 0)
		o.say(" --vportctl %d", o.be16(36))
	}
}
