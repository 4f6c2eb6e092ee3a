package path

import (
	"net/netip"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// A proxy is a process docker-proxy: it listens at a published port of the host for what no rule translates, and asks the
// container itself (cmd/docker-proxy of moby).
type proxy struct {
	proto string
	at    netip.Addr // where it listens; unspecified for any of the family
	port  int
	to    netip.AddrPort
	seen  stack.Seen
	ref   string
}

func newProxy(proto, at, to, seen, ref string, port, toPort int64) (proxy, bool) {
	a, ok1 := parse(at)
	b, ok2 := parse(to)
	return proxy{proto, a, int(port), netip.AddrPortFrom(b, uint16(toPort)), stack.Seen(seen), ref}, ok1 && ok2
}

// proxy is the one that takes what is sent to a port of an address of the host, nil for none.
func (m *machine) proxy(pub *Published, at netip.Addr) *proxy {
	list := m.world.proxies[m.Name]
	for i := range list {
		x := &list[i]
		if x.proto == pub.Proto && x.port == pub.Port && (x.at == at || x.at.IsUnspecified() && x.at.Is4() == at.Is4()) && x.seen != stack.SeenFirst {
			return x
		}
	}
	return nil
}

// viaProxy walks what ends at the host itself, and is passed on by a docker-proxy: in from dev, into its socket, and as a connection of
// the host's own to the container; then the answer out to who asked. p is the packet behind prerouting, or behind the output of
// the host itself, where dev is lo. It reports whether there is a proxy that takes it.
func (m *machine) viaProxy(w *walk, ps *pubState, dev string, p ruleset.Packet) bool {
	s := m.Initial
	x := m.proxy(ps.pub, ps.at)
	k, _ := s.Listener(ps.pub.Proto, ps.at, ps.pub.Port, dev)
	if x == nil || k == nil || ps.pub.Mode != "host" {
		return false
	}
	h := m.portHop(ps.pub)
	h.Ref, h.Expected = x.ref, "a docker-proxy passes it on to a sandbox"
	if x.seen == stack.SeenLast || k.Seen == stack.SeenLast {
		h.Why = "the proxy was there at the last read only"
		w.doubt(h)
		return true
	}
	if dev == "lo" {
		if p = m.hook(w, s, ruleset.Postrouting, p); w.stopped() {
			return true
		}
		p.Out, p.Local = "", false
	}
	p.In = dev
	meet := m.hook
	if dev != "lo" {
		meet = m.anyone
	}
	if p = meet(w, s, ruleset.Input, p); w.stopped() {
		return true
	}
	if m.answersFrom(w, s, dev, p); w.stopped() {
		return true
	}
	if w.keep {
		g := h
		g.Subject, g.Observed = "", "passed on by docker-proxy to "+x.to.String()
		w.pass(g)
	}
	m.fromHost(w, ps, x.to, h)
	if w.stopped() {
		return true
	}
	// the answer to who asked
	a := p.Answer()
	a.Out, a.Local, a.Kind = dev, true, ruleset.KindHost
	if a = m.hook(w, s, ruleset.Output, a); w.stopped() {
		return true
	}
	if a = m.hook(w, s, ruleset.Postrouting, a); w.stopped() || dev != "lo" {
		return true
	}
	a.In, a.Out, a.Local = "lo", "", false
	m.hook(w, s, ruleset.Input, a)
	return true
}

// fromHost walks a connection of the host's own to a sandbox on one of its bridges, and the answer.
func (m *machine) fromHost(w *walk, ps *pubState, to netip.AddrPort, h Hop) {
	s := m.Initial
	d := s.Lookup(stack.Flow{Dst: to.Addr()})
	p := opening(protocol(ps.pub.Proto))
	p.Src, p.Dst, p.Sport, p.Dport, p.Local, p.Kind = d.Source, to.Addr(), somePort, to.Port(), true, ruleset.KindHost
	br := m.toBridge(w, h, p, d, nil)
	if br == nil {
		return
	}
	p.Out = br.Name
	q := m.hook(w, s, ruleset.Output, p)
	if w.stopped() {
		return
	}
	if q.Dst != p.Dst || q.Dport != p.Dport {
		h.Why = "a rule translates what the proxy sends to " + endpointText(q.Dst, q.Dport)
		w.doubt(h)
		return
	}
	if q = m.hook(w, s, ruleset.Postrouting, q); w.stopped() {
		return
	}
	if m.publishedAt(w, ps, br, q, h.Subject, nil); w.stopped() {
		return
	}
	m.backToHost(w, br, q, p.Src)
}
