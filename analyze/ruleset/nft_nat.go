package ruleset

import "net/netip"

// A natRegs are the registers that an expression of NAT reads.
type natRegs struct {
	addrMin, addrMax, portMin, portMax uint32
	hasAddr, hasPort                   bool
	flags                              uint32
}

// Flags: NF_NAT_RANGE_* of nf_nat.h.
const (
	natRandom      = 4
	natPersistent  = 8
	natRandomFully = 16
	natNetmap      = 64
)

// ports reads the attributes of the registers of ports; the upper one may be left out.
func (n *natRegs) ports(x *expr, lo, hi int) bool {
	if !x.has(lo) {
		return true
	}
	var ok1, ok2 bool
	n.hasPort = true
	n.portMin, ok1 = x.reg(lo, 2)
	n.portMax, ok2 = n.portMin, true
	if x.has(hi) {
		n.portMax, ok2 = x.reg(hi, 2)
	}
	return ok1 && ok2
}

// spec reads the registers.
func (n *natRegs) spec(s *state, src bool) natSpec {
	out := natSpec{src: src, hasAddr: n.hasAddr, hasPort: n.hasPort, random: n.flags&(natRandom|natRandomFully) != 0, persistent: n.flags&natPersistent != 0}
	if n.hasAddr {
		out.min, out.max = s.addrAt(n.addrMin), s.addrAt(n.addrMax)
		if n.flags&natNetmap != 0 {
			out.netmap = true
			if out.netmapBits = commonBits(out.min, out.max); out.netmapBits < 0 {
				out.min = netip.Addr{}
			}
		}
	}
	if n.hasPort {
		out.portMin, out.portMax = s.bytes16(n.portMin), s.bytes16(n.portMax)
	}
	return out
}

// commonBits is the length of the prefix that two addresses are the first and last of, -1 if they are not.
func commonBits(lo, hi netip.Addr) int {
	if !lo.IsValid() || !hi.IsValid() || lo.BitLen() != hi.BitLen() {
		return -1
	}
	for bits := lo.BitLen(); bits >= 0; bits-- {
		p := netip.PrefixFrom(lo, bits).Masked()
		if p.Addr() == lo && p.Contains(hi) {
			if next := hi.Next(); !next.IsValid() || !p.Contains(next) {
				return bits
			}
		}
	}
	return -1
}

func natExpr(r *exprReader, x *expr) bool {
	src := x.num(1) == 0
	family := x.num(2)
	n := natRegs{flags: x.num(7)}
	size := uint32(4)
	if family == 10 {
		size = 16
	}
	if x.has(3) {
		var ok bool
		n.hasAddr = true
		if n.addrMin, ok = x.reg(3, size); !ok {
			return false
		}
		n.addrMax = n.addrMin
		if x.has(4) {
			if n.addrMax, ok = x.reg(4, size); !ok {
				return false
			}
		}
	}
	if x.num(1) > 1 || !n.ports(x, 5, 6) {
		return false
	}
	r.does(act(func(s *state) step {
		if r.family == "inet" && (family == 2 && s.v6 || family == 10 && !s.v6) { // nft_nat_inet_eval
			return next
		}
		spec := n.spec(s, src)
		s.setup(&spec)
		return accept
	}))
	return true
}

func masqExpr(r *exprReader, x *expr) bool {
	n := natRegs{flags: x.num(1)}
	if !n.ports(x, 2, 3) {
		return false
	}
	r.does(act(func(s *state) step { return s.masquerade(n.spec(s, true)) }))
	return true
}

func redirExpr(r *exprReader, x *expr) bool {
	n := natRegs{flags: x.num(3)}
	if !n.ports(x, 1, 2) {
		return false
	}
	r.does(act(func(s *state) step { return s.redirect(n.spec(s, false)) }))
	return true
}

func rejectExpr(r *exprReader, _ *expr) bool {
	r.does(give{reject, ""})
	return true
}

func notrackExpr(r *exprReader, _ *expr) bool {
	r.does(act(untrack))
	return true
}
