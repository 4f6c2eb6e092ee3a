package xtables

import "strings"

var addrTypes = []bit{
	{1, "UNSPEC"}, {2, "UNICAST"}, {4, "LOCAL"}, {8, "BROADCAST"}, {16, "ANYCAST"}, {32, "MULTICAST"},
	{64, "BLACKHOLE"}, {128, "UNREACHABLE"}, {256, "PROHIBIT"}, {512, "THROW"}, {1024, "NAT"}, {2048, "XRESOLVE"},
}

// addrtype reads struct xt_addrtype_info_v1.
func addrtype(o *out, _ uint8) {
	flags := o.u32(4)
	o.row.SrcType = o.addrType("src", o.u16(0), flags&1 != 0)
	o.row.DstType = o.addrType("dst", o.u16(2), flags&2 != 0)
	if flags&4 != 0 {
		o.say(" --limit-iface-in")
	}
	if flags&8 != 0 {
		o.say(" --limit-iface-out")
	}
	o.more = flags&^3 != 0
}

// addrtype0 reads struct xt_addrtype_info.
func addrtype0(o *out, _ uint8) {
	o.row.SrcType = o.addrType("src", o.u16(0), o.u32(4) != 0)
	o.row.DstType = o.addrType("dst", o.u16(2), o.u32(8) != 0)
}

func (o *out) addrType(side string, types uint16, not bool) string {
	if types == 0 {
		return ""
	}
	names := bits(uint32(types), addrTypes)
	o.not(not)
	o.say(" --%s-type %s", side, names)
	if not {
		o.inverted(side + "_type")
	}
	return names
}

// iprange reads struct xt_iprange_mtinfo.
func iprange(o *out, _ uint8) {
	flags := o.u8(64)
	for i, option := range []string{"src-range", "dst-range"} {
		if flags&(1<<i) != 0 {
			o.not(flags&(16<<i) != 0)
			o.say(" --%s %s-%s", option, ip6Text(o.addr(32*i)), ip6Text(o.addr(32*i+16)))
		}
	}
}

// policy reads struct xt_policy_info: what IPsec did to the packet, or is to do.
func policy(o *out, _ uint8) {
	flags, n := o.u16(304), int(o.u16(306))
	if n > 4 {
		o.bad = true
		return
	}
	if flags&1 != 0 {
		o.say(" --dir in")
	} else {
		o.say(" --dir out")
	}
	if flags&4 != 0 {
		o.say(" --pol none")
	} else {
		o.say(" --pol ipsec")
	}
	if flags&8 != 0 {
		o.say(" --strict")
	}
	for i := range n {
		if i > 0 {
			o.say(" --next")
		}
		o.policyElem(76 * i)
	}
}

// policyElem reads struct xt_policy_elem; its bit fields begin at the lowest bit. iptables writes and prints the SPI
// in host order, although the kernel compares it in network order.
func (o *out) policyElem(off int) {
	has, inv := o.u8(off+74), o.u8(off+75)
	part := func(bit uint8, format string, args ...any) {
		if has&bit != 0 {
			o.not(inv&bit != 0)
			o.say(format, args...)
		}
	}
	mode := map[uint8]string{0: "transport", 1: "tunnel"}[o.u8(off+73)]
	part(32, " --reqid %d", o.u32(off+68))
	part(16, " --spi 0x%x", o.u32(off+64))
	part(4, " --proto %s", Protocol(uint16(o.u8(off+72))))
	part(8, " --mode %s", mode)
	part(2, " --tunnel-dst %s%s", ip6Text(o.addr(off+32)), o.mask(off+48))
	part(1, " --tunnel-src %s%s", ip6Text(o.addr(off)), o.mask(off+16))
}

// physdev reads struct xt_physdev_info: ports of a bridge.
func physdev(o *out, _ uint8) {
	inv, has := o.u8(64), o.u8(65)
	part := func(bit uint8, words string) {
		if has&bit != 0 {
			o.not(inv&bit != 0)
			o.say(" --physdev-%s", words)
		}
	}
	part(8, "is-in")
	part(1, "in "+iface(o.at(0, 16), o.at(16, 16)))
	part(16, "is-out")
	part(2, "out "+iface(o.at(32, 16), o.at(48, 16)))
	part(4, "is-bridged")
}

// set reads struct xt_set_info_match_v1, v3 and v4. What they say of counters is not put into words.
func set(o *out, rev uint8) {
	flags := o.u8(3)
	o.not(flags&1 != 0)
	o.say(" --match-set %s", o.setName(0))
	if rev >= 2 && flags&0x80 != 0 {
		o.say(" --return-nomatch")
	}
	if rev >= 3 {
		off := map[uint8]int{3: 40, 4: 40}[rev]
		o.bad = o.bad || o.u32(off) != 0
	}
}

// setName reads struct xt_set_info: an index, the number of dimensions, and for each whether it is the source.
func (o *out) setName(off int) string {
	index, dim, flags := o.u16(off), int(o.u8(off+2)), o.u8(off+3)
	if dim > 6 {
		o.bad = true
		return ""
	}
	name, ok := "", false
	if o.sets != nil {
		name, ok = o.sets(index)
	}
	if !ok {
		o.bad = true
	}
	dirs := make([]string, dim)
	for i := range dirs {
		dirs[i] = "dst"
		if flags&(2<<i) != 0 {
			dirs[i] = "src"
		}
	}
	return name + " " + strings.Join(dirs, ",")
}
