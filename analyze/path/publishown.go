package path

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// loopback4 is how a host asks itself.
var loopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// ownAddress is the one by which others know this host, or the outside asks it; the zero address where none was captured.
func (m *machine) ownAddress() netip.Addr {
	if m.Initial == nil {
		return netip.Addr{}
	}
	if _, at := m.entry(&walk{}, false); at.IsValid() {
		return at
	}
	var own netip.Addr
	for ip := range m.world.vtep {
		if a := m.Initial.Local(ip); ip.Is4() && a != nil && !strings.HasPrefix(a.Device, "docker") {
			if owns, _ := m.world.owns(ip, m.world.nodeOf[m.Name], m.Name); owns && (!own.IsValid() || ip.Less(own)) {
				own = ip
			}
		}
	}
	return own
}

// publishOwn walks from a process of this host to a published port at an address of the host itself. Output translates the
// destination and the packet is routed again, with the source that it has (nf_nat_ipv4_local_fn and ip_route_me_harder); it leaves
// by the bridge, where postrouting should translate the source. The answer ends at the host. like is the same port asked from the outside.
func (m *machine) publishOwn(w *walk, pub *Published, at netip.Addr, like *pubState) *pubState {
	ps := &pubState{pub: pub, at: at, own: true}
	defer func() { ps.bad, ps.hops = w.bad, w.hops }()
	s := m.Initial
	if s == nil {
		w.doubt(Hop{Host: m.Name, Place: stack.KindHost, Step: "route", Expected: "an address of the host", Why: "the host's own namespace was not captured"})
		return ps
	}
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "route", Expected: addrText(at) + " is an address of the host"}
	if !at.IsValid() {
		h.Expected, h.Why, h.Subject = "an address by which others know the host", "at which address others ask the host was not captured", "captured:"+m.Name+"/address"
		w.doubt(h)
		return ps
	}
	d := s.Lookup(stack.Flow{Dst: at})
	h.Ref, h.Subject = or(d.Ref, s.Ref), "route:"+m.Name+"/"+s.Name+"/"+at.String()
	switch {
	case !d.Known:
		h.Why = d.Why
		w.doubt(h)
		return ps
	case !d.Local():
		h.Why = "the host does not have the address, and asks another one"
		w.doubt(h)
		return ps
	}
	p := opening(protocol(pub.Proto))
	p.Src, p.Dst, p.Sport, p.Dport, p.Out, p.Local, p.Kind = d.Source, at, somePort, uint16(pub.Port), "lo", true, ruleset.KindHost
	src := p.Src
	p = m.hook(w, s, ruleset.Output, p)
	if w.stopped() {
		return ps
	}
	h = m.portHop(pub)
	if p.Dst == at {
		if !m.viaProxy(w, ps, "lo", p) {
			m.untranslated(w, h, pub, at, "lo")
		}
		return ps
	}
	if at.Is6() {
		m.translatedSix(w, h, p)
		return ps
	}
	if w.keep {
		g := h
		g.Subject, g.Observed = "", "to "+endpointText(p.Dst, p.Dport)
		w.pass(g)
	}
	d = s.Lookup(stack.Flow{Src: p.Src, Dst: p.Dst, Mark: p.Mark})
	br := m.toBridge(w, h, p, d, nil)
	if br == nil {
		return ps
	}
	if src.IsLoopback() {
		if m.routesLocalnet(w, br); w.stopped() {
			return ps
		}
	}
	p.Out = br.Name
	p = m.hook(w, s, ruleset.Postrouting, p)
	if w.stopped() {
		return ps
	}
	host := p
	if m.publishedAt(w, ps, br, p, h.Subject, like); w.stopped() {
		return ps
	}
	m.backToHost(w, br, host, src)
	return ps
}

// backToHost walks the answer to a packet of the host's own, as it left by a bridge, back to the address that sent it: input
// gives it the source back that was asked.
func (m *machine) backToHost(w *walk, br *stack.Link, sent ruleset.Packet, to netip.Addr) {
	s := m.Initial
	a := sent.Answer()
	a.Conn, a.In, a.Local, a.Kind = sent.Conn, br.Name, false, ruleset.KindHost
	a = m.hook(w, s, ruleset.Prerouting, a)
	if w.stopped() {
		return
	}
	d := s.Lookup(stack.Flow{Src: a.Src, Dst: a.Dst, In: br, Mark: a.Mark})
	if a.Dst != to || !d.Local() {
		w.doubt(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "answer", Expected: "to " + to.String() + " of the host itself", Ref: or(d.Ref, s.Ref), Observed: "to " + addrText(a.Dst),
			Why: "the answer is not led back to who asked"})
		return
	}
	if m.reverse(w, s, br, a); w.stopped() {
		return
	}
	m.hook(w, s, ruleset.Input, a)
}

// routesLocalnet asks that a device lets pass what has an address of 127.0.0.0/8: the setting of the device, or of all
// (IN_DEV_ROUTE_LOCALNET, asked by __mkroute_output, net/ipv4/route.c).
func (m *machine) routesLocalnet(w *walk, dev *stack.Link) {
	s := m.Initial
	key := "net.ipv4.conf." + strings.ReplaceAll(dev.Name, ".", "/") + ".route_localnet"
	own, ok1 := s.Sysctl(key)
	all, ok2 := s.Sysctl("net.ipv4.conf.all.route_localnet")
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "source", Expected: key + " = 1", Subject: "sysctl:" + m.Name + "/" + key, Ref: or(own.Ref(), s.Ref)}
	switch {
	case ok1 && own.Value != "0" || ok2 && all.Value != "0":
		if w.keep {
			h.Subject, h.Observed = "", dev.Name+" lets pass what has an address of 127.0.0.0/8"
			w.pass(h)
		}
	case ok1 && ok2:
		h.Observed, h.Why = "0", "the packet has a source of 127.0.0.0/8, and the kernel does not let it leave by "+dev.Name
		w.drop(h)
	default:
		h.Why = "whether " + dev.Name + " lets pass what has an address of 127.0.0.0/8 was not captured"
		w.doubt(h)
	}
}

// mindsSource reports whether what a sandbox does with a packet may depend on its source, beside reverse path filtering.
func (m *machine) mindsSource(s *stack.Space) bool {
	if rows := m.rows[s.ID]; rows != nil {
		if len(rows.NftRules) > 0 {
			return true
		}
		for i := range rows.IPTablesRules {
			r := &rows.IPTablesRules[i].Row
			if r.Src.IsValid() && r.Src.Bits() > 0 || r.SrcType != "" || r.Unmodelled != "" || strings.Contains(r.Spec, "-m set") || strings.Contains(r.Spec, "-m iprange") {
				return true
			}
		}
	}
	for _, r := range s.Rules {
		if r.Src.IsValid() && r.Src.Bits() > 0 {
			return true
		}
	}
	return false
}

// portHop is the step that translates a published port to a sandbox.
func (m *machine) portHop(pub *Published) Hop {
	kind := "dnat"
	if pub.Mode == "host" {
		kind = "port"
	}
	return Hop{Host: m.Name, Place: m.Initial.Name, Netns: m.Initial.ID, Step: "published port", ExpectedRef: pub.Ref, Subject: fmt.Sprintf("%s:%s/%s/%d", kind, m.Name, pub.Proto, pub.Port),
		Expected: fmt.Sprintf("%s port %d is translated to a sandbox of docker_gwbridge", pub.Proto, pub.Port)}
}

// untranslated ends the way of a packet for a published port that no rule translates: at the host itself.
func (m *machine) untranslated(w *walk, h Hop, pub *Published, at netip.Addr, dev string) {
	s := m.Initial
	h.Ref = s.Ref
	h.Observed = "not translated"
	k, _ := s.Listener(pub.Proto, at, pub.Port, dev)
	switch {
	case pub.Mode == "host" && k != nil:
		h.Ref, h.Why = k.Ref, "no rule translates it; a process of the host listens there, and whether it is a proxy that passes it on is not walked"
		w.doubt(h)
	case pub.Mode == "host" && !s.Whole("socket"):
		h.Why = "no rule translates it, and whether a process of the host listens there, and passes it on, was not captured"
		w.doubt(h)
	case k == nil && !s.Whole("socket"):
		h.Why = "no rule translates it, and whether a process of the host listens there was not captured"
		w.drop(h)
	default:
		h.Why = "no rule translates it: it ends at the host itself"
		w.drop(h)
	}
}

// toBridge is the bridge of the host that a translated packet leaves by, nil where there is none. dev is the device by
// which it came in, nil for the host's own.
func (m *machine) toBridge(w *walk, h Hop, p ruleset.Packet, d stack.Decision, dev *stack.Link) *stack.Link {
	h.Step, h.Ref, h.Expected = "route", d.Ref, endpointText(p.Dst, p.Dport)+" is behind a bridge of this host"
	switch {
	case !d.Known:
		h.Why = d.Why
		w.doubt(h)
		return nil
	case d.Link == nil || d.Link == dev:
		h.Why = "the address that the port is translated to is not on this host: " + d.Why
		w.drop(h)
		return nil
	case d.Link.Kind != "bridge":
		h.Why = "it leaves by " + d.Link.Name + ", which is no bridge"
		w.doubt(h)
		return nil
	}
	return d.Link
}
