package ruleset

import "net/netip"

// A natSpec is what a rule asks NAT to do (struct nf_nat_range2). Bits that are not set leave the address or the port.
type natSpec struct {
	src              bool // SNAT, MASQUERADE: the source; otherwise the destination
	hasAddr          bool // min and max are asked for; they may be unknown
	min, max         netip.Addr
	hasPort          bool
	portMin, portMax uint16 // 0: not known
	base             uint16 // of an offset, see hasOffset
	hasOffset        bool
	random, netmap   bool
	persistent       bool
	netmapBits       int // netmap: length of the prefix that is replaced
}

// sourceHook says which half NAT does at a hook: the source at input and postrouting, the destination at the others.
func sourceHook(h Hook) bool { return h == Input || h == Postrouting }

func (s *state) natBit() Status {
	if sourceHook(s.hook) {
		return SrcNATDone
	}
	return DstNATDone
}

// natFirst says whether the NAT core calls its chains for the packet: nf_nat_inet_fn.
func (s *state) natFirst() bool {
	return (s.p.CT == CTNew || s.p.CT == CTRelated) && s.p.Conn.there() && !s.natDone()
}

// natDone is nf_nat_initialized.
func (s *state) natDone() bool { return s.p.Conn.Status&s.natBit() != 0 }

// setup is nf_nat_setup_info: it decides what becomes of the connection. The packet changes in natEnd only.
func (s *state) setup(n *natSpec) {
	c := &s.p.Conn
	if !c.there() || s.natDone() {
		return
	}
	before := c.Back.turned()
	after := before
	addr, port, now := &after.Dst, &after.Dport, before.Dport
	if n.src {
		addr, port, now = &after.Src, &after.Sport, before.Sport
	}
	if n.hasAddr {
		switch {
		case n.netmap:
			*addr = n.mapped(*addr)
		case n.min == n.max:
			*addr = n.min
		case n.src && between(before.Src, n.min, n.max) && !n.random: // get_unique_tuple tries the tuple as it is
		default:
			*addr = netip.Addr{} // by a hash that differs at each boot
		}
	}
	if hasPorts(before.Proto) {
		*port = n.port(now)
	}
	c.Status |= s.natBit()
	c.Back = after.turned()
	bit, was := DstNAT, before.Dst
	if n.src {
		bit, was = SrcNAT, before.Src
	}
	touched := hasPorts(before.Proto) && (n.hasPort || n.random)
	changed := No
	if n.hasAddr {
		changed = or(changed, differ(was.IsValid() && addr.IsValid(), was != *addr))
	}
	if touched {
		changed = or(changed, differ(now != 0 && *port != 0, now != *port))
	}
	switch changed {
	case Yes:
		c.Status |= bit
	case Unknown:
		c.Unsure |= bit
	}
}

// differ is whether two values differ that may not be known.
func differ(known, differ bool) Tri {
	if !known {
		return Unknown
	}
	return Of(differ)
}

// port is the port that get_unique_tuple keeps where no other connection is in the way. 0 is one that is not known:
// nf_nat_l4proto_unique_tuple looks for one that is free.
func (n *natSpec) port(now uint16) uint16 {
	switch {
	case n.random:
		if n.hasPort && n.portMin == n.portMax {
			return n.portMin
		}
		return 0
	case !n.hasPort:
		return now
	case n.portMin == n.portMax:
		return n.portMin
	case now == 0 || n.portMin == 0 || n.portMax == 0:
		return 0
	case n.hasOffset:
		return n.portMin + (now-n.base)%(n.portMax-n.portMin+1)
	case n.portMin <= now && now <= n.portMax:
		return now
	}
	return 0
}

// mapped is NETMAP: the first bits of the address are replaced.
func (n *natSpec) mapped(a netip.Addr) netip.Addr {
	if !a.IsValid() || !n.min.IsValid() || a.BitLen() != n.min.BitLen() {
		return netip.Addr{}
	}
	to, from := n.min.AsSlice(), a.AsSlice()
	for i := range to {
		keep := byte(0xff)
		if bits := n.netmapBits - 8*i; bits >= 8 {
			keep = 0
		} else if bits > 0 {
			keep >>= bits
		}
		to[i] = to[i]&^keep | from[i]&keep
	}
	out, _ := netip.AddrFromSlice(to)
	return out
}

func between(a, lo, hi netip.Addr) bool {
	return a.IsValid() && lo.Compare(a) <= 0 && a.Compare(hi) <= 0
}

// oifChanged is nf_nat_oif_changed: a masqueraded connection that leaves by another device than it did at first is
// dropped, so that it begins anew with another source.
func (s *state) oifChanged() Tri {
	c := s.p.conn()
	if c == nil || c.Masq == "" || s.hook != Postrouting || s.p.Reply {
		return No
	}
	dev, ok := outOf(s)
	if !ok || c.Masq == "?" {
		return Unknown
	}
	return Of(dev != c.Masq)
}

// translate is the end of nf_nat_inet_fn: a connection that no rule decided on stays as it is, and the packet gets the
// addresses that its connection has. It says whether the destination changed.
func (s *state) translate() bool {
	c := &s.p.Conn
	if !c.there() || s.p.CT != CTNew && s.p.CT != CTRelated && s.p.CT != CTEstablished {
		return false
	}
	if s.p.CT != CTEstablished {
		c.Status |= s.natBit()
	}
	src := sourceHook(s.hook)
	bit := DstNAT
	if src != s.p.Reply {
		bit = SrcNAT
	}
	if (c.Status|c.Unsure)&bit == 0 { // NAT that may have changed nothing gives the same addresses
		return false
	}
	target := c.Back.turned()
	if s.p.Reply {
		target = c.Orig.turned()
	}
	before := s.p.Dst
	if src {
		s.p.Src = target.Src
		if hasPorts(s.p.Proto) {
			s.p.Sport = target.Sport
		}
		return false
	}
	s.p.Dst = target.Dst
	if hasPorts(s.p.Proto) {
		s.p.Dport = target.Dport
	}
	return s.p.Dst != before || !before.IsValid()
}
