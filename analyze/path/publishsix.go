package path

import (
	"net/netip"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// publishSix walks from the outside to a published port at an address of IPv6 of this host. The routing mesh is of IPv4: what gets
// there is what a docker-proxy takes.
func (m *machine) publishSix(w *walk, pub *Published, at netip.Addr) *pubState {
	ps := &pubState{pub: pub, at: at}
	defer func() { ps.bad, ps.hops = w.bad, w.hops }()
	s := m.Initial
	h := Hop{Host: m.Name, Place: stack.KindHost, Step: "address", Expected: at.String() + " is an address of the host", Subject: "address:" + m.Name + "/host/" + at.String()}
	if s == nil || s.Local(at) == nil || s.Link(s.Local(at).Index) == nil {
		h.Why = "the device that has the address was not captured"
		w.doubt(h)
		return ps
	}
	a := s.Local(at)
	dev := s.Link(a.Index)
	h.Netns, h.Ref = s.ID, a.Ref
	if !dev.Up() {
		h.Step, h.Ref, h.Subject, h.Observed, h.Why = "link", dev.Ref, m.linkSubject(dev), dev.Name+" "+state(dev), "the device is down"
		w.drop(h)
		return ps
	}
	if d := s.Lookup(stack.Flow{Dst: somewhere6}); !d.Forward() || d.Link != dev {
		h.Step, h.Ref, h.Subject, h.Why = "route back", or(d.Ref, s.Ref), "route:"+m.Name+"/default/"+somewhere6.String(), "answers to the outside do not leave by the device of the address: only who is on its link gets one"
		w.doubt(h)
		return ps
	}
	p := opening(protocol(pub.Proto))
	p.Src, p.Dst, p.Dport, p.In, p.Kind = somewhere6, at, uint16(pub.Port), dev.Name, ruleset.KindHost
	if p = m.anyone(w, s, ruleset.Prerouting, p); w.stopped() {
		return ps
	}
	h = m.portHop(pub)
	switch {
	case p.Dst != at || int(p.Dport) != pub.Port:
		m.translatedSix(w, h, p)
	case !m.viaProxy(w, ps, dev.Name, p):
		m.untranslated(w, h, pub, at, dev.Name)
	}
	return ps
}

// translatedSix doubts what a rule translates over IPv6.
func (m *machine) translatedSix(w *walk, h Hop, p ruleset.Packet) {
	h.Observed, h.Why = "to "+endpointText(p.Dst, p.Dport), "what a rule translates over IPv6 is not walked"
	w.doubt(h)
}
