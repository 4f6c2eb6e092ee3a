package xtables

import "net/netip"

// markTarget reads struct xt_mark_tginfo2.
func markTarget(o *out, _ uint8) {
	value, mask := int64(o.u32(0)), int64(o.u32(4))
	o.say(" --set-xmark 0x%x/0x%x", value, mask)
	o.row.Mark, o.row.MarkMask = &value, &mask
}

// connmarkTarget reads struct xt_connmark_tginfo1 and 2.
func connmarkTarget(o *out, rev uint8) {
	mode := o.u8(12)
	var dir, shift uint8
	if rev == 2 {
		dir, shift, mode = o.u8(12), o.u8(13), o.u8(14)
	}
	switch mode {
	case 0:
		o.say(" --set-xmark 0x%x/0x%x", o.u32(0), o.u32(4))
	case 1:
		o.say(" --save-mark --nfmask 0x%x --ctmask 0x%x", o.u32(8), o.u32(4))
	case 2:
		o.say(" --restore-mark --nfmask 0x%x --ctmask 0x%x", o.u32(8), o.u32(4))
	default:
		o.bad = true
	}
	if shift != 0 {
		o.say(" --%s-shift-mark %d", map[bool]string{true: "right", false: "left"}[dir == 1], shift)
	}
}

// ctTarget reads struct xt_ct_target_info and xt_ct_target_info_v1.
func ctTarget(o *out, rev uint8) {
	flags := o.u16(0)
	if flags&2 != 0 {
		o.name = "NOTRACK"
		return
	}
	if flags&1 != 0 {
		o.say(" --notrack")
	}
	if s := o.str(12, 16); s != "" {
		o.say(" --helper %s", s)
	}
	if rev > 0 {
		if s := o.str(28, 32); s != "" {
			o.say(" --timeout %s", s)
		}
	}
	if ev := o.u32(4); ev != 0 {
		o.say(" --ctevents %s", bits(ev, ctEvents))
	}
	if o.u32(8) != 0 {
		o.say(" --expevents new")
	}
	option := "zone"
	switch {
	case flags&4 != 0:
		option = "zone-orig"
	case flags&8 != 0:
		option = "zone-reply"
	}
	switch {
	case flags&16 != 0:
		o.say(" --%s mark", option)
	case o.u16(2) != 0:
		o.say(" --%s %d", option, o.u16(2))
	}
}

// The events that --ctevents names: bits of enum ip_conntrack_events.
var ctEvents = []bit{
	{1, "new"}, {2, "related"}, {4, "destroy"}, {8, "reply"}, {16, "assured"}, {32, "protoinfo"}, {64, "helper"},
	{128, "mark"}, {256, "natseqinfo"}, {512, "secmark"},
}

// tproxyTarget reads struct xt_tproxy_target_info and xt_tproxy_target_info_v1.
func tproxyTarget(o *out, rev uint8) {
	var to netip.Addr
	port := o.be16(12)
	if rev == 0 {
		to = o.ip4(8)
	} else {
		to, port = o.addr(8), o.be16(24)
	}
	o.say(" --on-port %d --on-ip %s --tproxy-mark 0x%x/0x%x", port, ip6Text(to), o.u32(4), o.u32(0))
}

// classifyTarget reads struct xt_classify_target_info.
func classifyTarget(o *out, _ uint8) {
	p := o.u32(0)
	o.say(" --set-class %04x:%04x", p>>16, p&0xffff)
}

// dscpTarget reads struct xt_DSCP_info.
func dscpTarget(o *out, _ uint8) { o.say(" --set-dscp 0x%02x", o.u8(0)) }

// tosTarget reads struct xt_tos_target_info.
func tosTarget(o *out, _ uint8) { o.say(" --set-tos 0x%02x/0x%02x", o.u8(0), o.u8(1)) }

// ttlTarget reads struct ipt_TTL_info and ip6t_HL_info.
func ttlTarget(name string) func(*out, uint8) {
	return func(o *out, _ uint8) {
		op, ok := map[uint8]string{0: "set", 1: "inc", 2: "dec"}[o.u8(0)]
		o.bad = o.bad || !ok
		o.say(" --%s-%s %d", name, op, o.u8(1))
	}
}

// setTarget reads struct xt_set_info_target_v1 to v3, as far as they add or delete without further options.
func setTarget(o *out, rev uint8) {
	const none = 0xffff // IPSET_INVALID_ID
	if o.u16(0) != none {
		o.say(" --add-set %s", o.setName(0))
	}
	if o.u16(4) != none {
		o.say(" --del-set %s", o.setName(4))
	}
	switch rev {
	case 2:
		o.bad = o.bad || o.u32(8) != 0 || o.u32(12) != 0xffffffff
	case 3:
		o.bad = o.bad || o.u16(8) != none || o.u32(12) != 0 || o.u32(16) != 0xffffffff
	}
}
