package xtables

import "net/netip"

// A natRange is struct nf_nat_range2, or one of its predecessors.
type natRange struct {
	flags            uint32
	min, max         netip.Addr
	portMin, portMax uint16
	base             uint16
}

// Flags of a range: NF_NAT_RANGE_* of nf_nat.h.
const (
	natMapIPs      = 1
	natPorts       = 2
	natRandom      = 4
	natPersistent  = 8
	natRandomFully = 16
	natOffset      = 32
)

// natRange reads the range at its revision: 0 is nf_nat_ipv4_multi_range_compat, of which the kernel takes one range
// only; 1 is nf_nat_range; 2 is nf_nat_range2.
func (o *out) natRange(rev uint8) natRange {
	if rev == 0 {
		o.bad = o.bad || o.u32(0) != 1
		return natRange{flags: o.u32(4), min: o.ip4(8), max: o.ip4(12), portMin: o.be16(16), portMax: o.be16(18)}
	}
	r := natRange{flags: o.u32(0), min: o.addr(4), max: o.addr(20), portMin: o.be16(36), portMax: o.be16(38)}
	if rev == 2 {
		r.base = o.be16(40)
	}
	return r
}

// natTarget puts DNAT and SNAT into words and columns. A range of addresses has no column.
func natTarget(option string) func(*out, uint8) {
	return func(o *out, rev uint8) {
		r := o.natRange(rev)
		o.say(" --%s ", option)
		if r.flags&natMapIPs != 0 {
			open, end := "", ""
			if o.v6 && r.flags&natPorts != 0 {
				open, end = "[", "]"
			}
			o.say("%s%s", open, ip6Text(r.min))
			if r.max != r.min {
				o.say("-%s", ip6Text(r.max))
				o.more = true
			} else {
				o.row.ToIP = r.min
			}
			o.say("%s", end)
		}
		if r.flags&natPorts != 0 {
			o.say(":%s", span(r.portMin, r.portMax, "-"))
			o.toPorts(r)
			if r.flags&natOffset != 0 {
				o.say("/%d", r.base)
				o.more = true
			}
		}
		o.natFlags(r.flags)
	}
}

// portsTarget puts MASQUERADE and REDIRECT into words and columns. IPv4 has revision 0's old range, IPv6 nf_nat_range.
func portsTarget(o *out, _ uint8) {
	var r natRange
	if o.v6 {
		r = o.natRange(1)
	} else {
		r = o.natRange(0)
	}
	if r.flags&natPorts != 0 {
		o.say(" --to-ports %s", span(r.portMin, r.portMax, "-"))
		o.toPorts(r)
	}
	o.natFlags(r.flags)
}

func (o *out) toPorts(r natRange) {
	lo, hi := int64(r.portMin), int64(r.portMax)
	o.row.ToPortMin, o.row.ToPortMax = &lo, &hi
}

func (o *out) natFlags(flags uint32) {
	for _, b := range []bit{{natRandom, "random"}, {natRandomFully, "random-fully"}, {natPersistent, "persistent"}} {
		if flags&b.mask != 0 {
			o.say(" --%s", b.name)
		}
	}
}

// netmapTarget reads the old range of NETMAP in IPv4: the first and last address of the net that is mapped to.
func netmapTarget(o *out, _ uint8) {
	r := o.natRange(0)
	lo, hi := r.min.As4(), r.max.As4()
	var mask [4]byte
	for i := range mask {
		mask[i] = ^(lo[i] ^ hi[i])
	}
	ones, ok := prefixLen(mask[:])
	switch {
	case !ok:
		o.say(" --to %s/%s", r.min, maskText(mask[:]))
	case ones == 32:
		o.say(" --to %s", r.min)
	default:
		o.say(" --to %s/%d", r.min, ones)
	}
}
