package ruleset

import (
	"net/netip"
	"strconv"
	"strings"
)

// idleTargets change nothing that the walk sees: they log, count, copy, or write a field that no rule here asks for.
var idleTargets = map[string]bool{
	"LOG": true, "NFLOG": true, "ULOG": true, "AUDIT": true, "TRACE": true, "CLASSIFY": true, "CHECKSUM": true, "DSCP": true, "TOS": true, "TEE": true,
	"IDLETIMER": true, "LED": true, "RATEEST": true, "SECMARK": true, "CONNSECMARK": true, "SET": true, "ECN": true, "TCPOPTSTRIP": true,
}

// targets are the targets that are understood, and may change the packet or end its way.
var targets = map[string]builder{
	"ACCEPT": verdictTarget(accept), "DROP": verdictTarget(drop), "RETURN": verdictTarget(back), "REJECT": verdictTarget(reject),
	"MARK": markTarget, "CONNMARK": connmarkTarget, "NOTRACK": notrackTarget, "CT": ctTarget, "TCPMSS": tcpmssTarget, "TTL": ttlTarget, "HL": ttlTarget,
	"DNAT": natTarget(false), "SNAT": natTarget(true), "MASQUERADE": masqueradeTarget, "REDIRECT": redirectTarget, "NETMAP": netmapTarget,
}

func verdictTarget(v step) builder {
	return func(r *specReader, _ []option) bool {
		r.ops = append(r.ops, give{v, ""})
		return true
	}
}

// An act changes the packet.
type act func(*state) step

func (a act) do(s *state) step { return a(s) }

func (r *specReader) act(f act) { r.ops = append(r.ops, f) }

// markTarget is mark_tg: mark & ~mask ^ value.
func markTarget(r *specReader, list []option) bool {
	if len(list) != 1 {
		return false
	}
	m, ok := maskedOf(list[0].arg(0))
	if !ok {
		return false
	}
	switch list[0].name {
	case "set-xmark":
	case "set-mark":
		m.mask |= m.value
	case "or-mark":
		m.mask = m.value
	case "and-mark":
		m = masked{0, ^m.value}
	case "xor-mark":
		m.mask = 0
	default:
		return false
	}
	r.act(func(s *state) step {
		s.p.Mark = s.p.Mark&^m.mask ^ m.value
		s.p.MarkUnknown &^= m.mask
		s.p.Mark &^= s.p.MarkUnknown
		return next
	})
	return true
}

// connmarkTarget is connmark_tg_shift without its shifts.
func connmarkTarget(r *specReader, list []option) bool {
	how, set := "", masked{0, 0xffffffff}
	nf, ct := uint32(0xffffffff), uint32(0xffffffff)
	for _, o := range list {
		switch o.name {
		case "set-xmark":
			m, ok := maskedOf(o.arg(0))
			if !ok {
				return false
			}
			how, set = o.name, m
		case "save-mark", "restore-mark":
			how = o.name
		case "nfmask", "ctmask":
			m, ok := maskedOf(o.arg(0))
			if !ok {
				return false
			}
			if o.name == "nfmask" {
				nf = m.value
			} else {
				ct = m.value
			}
		default:
			return false
		}
	}
	if how == "" {
		return false
	}
	r.act(func(s *state) step {
		c, p := s.p.conn(), &s.p
		if c == nil {
			return next
		}
		switch how {
		case "set-xmark":
			c.Mark, c.MarkUnknown = c.Mark&^set.mask^set.value, c.MarkUnknown&^set.mask
		case "save-mark":
			c.Mark, c.MarkUnknown = c.Mark&^ct^p.Mark&nf, c.MarkUnknown&^ct|p.MarkUnknown&nf
		case "restore-mark":
			p.Mark, p.MarkUnknown = p.Mark&^nf^c.Mark&ct, p.MarkUnknown&^nf|c.MarkUnknown&ct
		}
		c.Mark &^= c.MarkUnknown
		p.Mark &^= p.MarkUnknown
		return next
	})
	return true
}

// untrack takes a packet that conntrack has not seen yet out of its sight.
func untrack(s *state) step {
	if s.p.CT == CTNone && !s.p.Template {
		s.p.CT = CTUntracked
	}
	return next
}

func notrackTarget(r *specReader, _ []option) bool {
	r.act(untrack)
	return true
}

// ctTarget is xt_ct_target: a template for the connection that is to be found. Helpers, events and timeouts do not
// change a packet's way.
func ctTarget(r *specReader, list []option) bool {
	zone := uint16(0)
	for _, o := range list {
		switch o.name {
		case "notrack":
			r.act(untrack)
			return true
		case "zone":
			n, err := strconv.ParseUint(o.arg(0), 0, 16)
			if err != nil {
				return false
			}
			zone = uint16(n)
		case "helper", "timeout", "ctevents", "expevents":
		default:
			return false
		}
	}
	r.act(func(s *state) step {
		s.template(zone)
		return next
	})
	return true
}

// template attaches a template, unless there is one or conntrack has seen the packet.
func (s *state) template(zone uint16) {
	if s.p.CT == CTNone && !s.p.Template {
		s.p.Template, s.p.Zone = true, zone
	}
}

// tcpmssTarget is tcpmss_mangle_packet: it lowers the MSS of a SYN and never raises it. What the path's MTU is, it asks
// the route: not known here.
func tcpmssTarget(r *specReader, list []option) bool {
	if len(list) != 1 {
		return false
	}
	var mss uint64
	var err error
	if list[0].name == "set-mss" {
		if mss, err = strconv.ParseUint(list[0].arg(0), 10, 16); err != nil {
			return false
		}
	}
	r.act(func(s *state) step {
		if s.p.MSS > uint16(mss) {
			s.p.MSS = uint16(mss)
		}
		return next
	})
	return true
}

// ttlTarget leaves the TTL unknown: the walk does not count hops.
func ttlTarget(r *specReader, _ []option) bool {
	r.act(func(s *state) step {
		s.p.TTL = 0
		return next
	})
	return true
}

// natFlag reads an option that all targets of NAT have.
func (n *natSpec) natFlag(name string) bool {
	switch name {
	case "random", "random-fully":
		n.random = true
	case "persistent":
		n.persistent = true
	default:
		return false
	}
	return true
}

// natTarget reads ADDRESS[-ADDRESS][:PORT[-PORT[/BASE]]], with brackets round an address of IPv6 before a port.
func natTarget(src bool) builder {
	return func(r *specReader, list []option) bool {
		n := natSpec{src: src}
		for _, o := range list {
			if n.natFlag(o.name) {
				continue
			}
			if o.name != "to-source" && o.name != "to-destination" || !n.destination(o.arg(0)) {
				return false
			}
		}
		r.act(func(s *state) step {
			s.setup(&n)
			return accept
		})
		return true
	}
}

func (n *natSpec) destination(text string) bool {
	addr, ports := text, ""
	switch {
	case strings.HasPrefix(text, "["):
		var ok bool
		if addr, ports, ok = strings.Cut(text[1:], "]"); !ok {
			return false
		}
		ports = strings.TrimPrefix(ports, ":")
	case strings.Count(text, ":") == 1:
		addr, ports, _ = strings.Cut(text, ":")
	}
	if addr != "" {
		var ok bool
		if n.min, n.max, ok = addrSpan(addr); !ok {
			return false
		}
		n.hasAddr = true
	}
	return ports == "" || n.ports(ports)
}

func (n *natSpec) ports(text string) bool {
	ports, base, offset := strings.Cut(text, "/")
	p, ok := spanOf(ports, "-", 16)
	if !ok {
		return false
	}
	n.hasPort, n.portMin, n.portMax = true, uint16(p.lo), uint16(p.hi)
	if offset {
		b, err := strconv.ParseUint(base, 10, 16)
		if err != nil {
			return false
		}
		n.hasOffset, n.base = true, uint16(b)
	}
	return true
}

// portsOnly reads the options of MASQUERADE and REDIRECT.
func (n *natSpec) portsOnly(list []option) bool {
	for _, o := range list {
		if !n.natFlag(o.name) && (o.name != "to-ports" || !n.ports(o.arg(0))) {
			return false
		}
	}
	return true
}

func masqueradeTarget(r *specReader, list []option) bool {
	n := natSpec{src: true}
	if !n.portsOnly(list) {
		return false
	}
	r.act(func(s *state) step { return s.masquerade(n) })
	return true
}

func redirectTarget(r *specReader, list []option) bool {
	var n natSpec
	if !n.portsOnly(list) {
		return false
	}
	r.act(func(s *state) step { return s.redirect(n) })
	return true
}

// masquerade is nf_nat_masquerade_ipv4 and _ipv6.
func (s *state) masquerade(n natSpec) step {
	n.src, n.hasAddr = true, true
	dev, ok := outOf(s)
	if c := &s.p.Conn; c.there() && !s.natDone() {
		if c.Masq = dev; !ok {
			c.Masq = "?"
		}
	}
	if ok && s.p.Dst.IsValid() {
		if a, known := s.ns.Masquerade(dev, s.p.Dst); known {
			if !a.IsValid() {
				return drop
			}
			n.min, n.max = a, a
		}
	}
	s.setup(&n)
	return accept
}

// redirect is nf_nat_redirect_ipv4 and _ipv6.
func (s *state) redirect(n natSpec) step {
	n.src, n.hasAddr = false, true
	switch dev, ok := inOf(s); {
	case s.hook == Output && s.v6:
		n.min = netip.IPv6Loopback()
	case s.hook == Output:
		n.min = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case ok:
		if a, known := s.ns.Redirect(dev, s.p.Dst); known {
			if !a.IsValid() {
				return drop
			}
			n.min = a
		}
	}
	n.max = n.min
	s.setup(&n)
	return accept
}

// netmapTarget is xt_netmap.c: at prerouting and output it maps the destination, at the other hooks the source.
func netmapTarget(r *specReader, list []option) bool {
	if len(list) != 1 || list[0].name != "to" {
		return false
	}
	p, err := netip.ParsePrefix(wholeNet(list[0].arg(0)))
	if err != nil {
		return false
	}
	n := natSpec{hasAddr: true, netmap: true, min: p.Addr(), max: p.Addr(), netmapBits: p.Bits()}
	r.act(func(s *state) step {
		m := n
		m.src = sourceHook(s.hook)
		s.setup(&m)
		return accept
	})
	return true
}
