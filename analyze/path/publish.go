package path

import (
	"net/netip"
	"slices"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// somewhere stands for an address outside: of TEST-NET-2 and the documentation prefix (RFC 5737, RFC 3849), which no host
// has a route of its own for. Where rules ask for the source, all that any source may meet is asked beside it.
var (
	somewhere4 = netip.AddrFrom4([4]byte{198, 51, 100, 7})
	somewhere6 = netip.MustParseAddr("2001:db8:ffff::7")
)

// A pubState is a published port on one host.
type pubState struct {
	pub  *Published
	at   netip.Addr // address that is asked
	own  bool       // by the host itself; else by the outside
	bad  *Hop       // nothing gets to a sandbox; nil when it does
	wide *Hop       // a doubt about packets of full size; nil for none
	bal  *balancing // ingress: what ingress_sbox does with it
	task *Endpoint  // host mode: the task that is reached
	hops []Hop
}

// entry is the device and address at which the outside asks a host: those of its default route.
func (m *machine) entry(w *walk, six bool) (*stack.Link, netip.Addr) {
	h := Hop{Host: m.Name, Place: stack.KindHost, Step: "route", Expected: "a way to the outside"}
	s := m.Initial
	if s == nil {
		h.Why = "the host's own namespace was not captured"
		w.doubt(h)
		return nil, netip.Addr{}
	}
	outside := somewhere4
	if six {
		outside = somewhere6
	}
	d := s.Lookup(stack.Flow{Dst: outside})
	h.Place, h.Netns, h.Ref, h.Subject = s.Name, s.ID, or(d.Ref, s.Ref), "route:"+m.Name+"/default/"+outside.String()
	switch {
	case d.Forward():
		h.Subject = "route:" + m.Name + "/default/" + d.Link.Name
		if !d.Link.Up() {
			h.Why, h.Observed, h.Ref, h.Subject = "the device of the default route is down", d.Link.Name+" "+state(d.Link), d.Link.Ref, m.linkSubject(d.Link)
			w.drop(h)
			return nil, netip.Addr{}
		}
		return d.Link, d.Source
	case !d.Known:
		h.Why = d.Why
		w.doubt(h)
	default:
		h.Why = "the host has no way to the outside: " + d.Why
		w.drop(h)
	}
	return nil, netip.Addr{}
}

// anyone is a hook for packets of the outside: what the rules do with the one of p is done, and where another source might
// meet a drop, it cannot be told.
func (m *machine) anyone(w *walk, s *stack.Space, h ruleset.Hook, p ruleset.Packet) ruleset.Packet {
	q := m.hook(w, s, h, p)
	if w.stopped() {
		return q
	}
	any := p
	if !any.Dst.IsValid() {
		return q
	}
	any.Src, any.Conn.Orig.Src, any.Conn.Back.Dst = netip.Addr{}, netip.Addr{}, netip.Addr{}
	any.Sport, any.Conn.Orig.Sport, any.Conn.Back.Dport = 0, 0, 0
	out := m.rules(s).Hook(h, any)
	if out.Verdict != ruleset.Undecided {
		return q
	}
	for i := range out.Any {
		if x := &out.Any[i]; x.Lost() == ruleset.Yes || x.Verdict != ruleset.Accept {
			hit := x.Rule
			if x.Verdict == ruleset.Undecided {
				hit = x.Doubt
			}
			w.doubt(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "rules, " + h.String(), Expected: "let through " + words(any), Observed: hit.Text, Ref: hit.Ref,
				Subject: m.ruleSubject(s, hit), Why: "it depends on who asks"})
			return q
		}
	}
	return q
}

// publish walks from the outside to a published port of this host, as far as a sandbox on docker_gwbridge, and in ingress
// mode through its balancer.
func (m *machine) publish(w *walk, pub *Published, src netip.Addr) *pubState {
	ps := &pubState{pub: pub}
	defer func() { ps.bad, ps.hops = w.bad, w.hops }()
	dev, at := m.entry(w, false)
	if w.stopped() {
		return ps
	}
	s := m.Initial
	ps.at = at
	if !at.IsValid() {
		w.doubt(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "address", Expected: "an address of " + dev.Name, Why: "at which address the outside asks the host was not captured"})
		return ps
	}
	p := opening(protocol(pub.Proto))
	p.Src, p.Dst, p.Dport, p.Sport, p.In, p.Kind = src, at, uint16(pub.Port), 0, dev.Name, ruleset.KindHost
	p = m.anyone(w, s, ruleset.Prerouting, p)
	if w.stopped() {
		return ps
	}
	h := m.portHop(pub)
	if p.Dst == at {
		if !m.viaProxy(w, ps, dev.Name, p) {
			m.untranslated(w, h, pub, at, dev.Name)
		}
		return ps
	}
	if w.keep {
		g := h
		g.Subject, g.Observed = "", "to "+endpointText(p.Dst, p.Dport)
		w.pass(g)
	}
	d := s.Lookup(stack.Flow{Src: p.Src, Dst: p.Dst, In: dev, Mark: p.Mark})
	br := m.toBridge(w, h, p, d, dev)
	if br == nil {
		return ps
	}
	m.forwards(w, dev, false)
	if w.stopped() {
		return ps
	}
	p.Out = br.Name
	p = m.anyone(w, s, ruleset.Forward, p)
	if w.stopped() {
		return ps
	}
	p = m.anyone(w, s, ruleset.Postrouting, p)
	if w.stopped() {
		return ps
	}
	host := p
	if m.publishedAt(w, ps, br, p, h.Subject, nil); w.stopped() {
		return ps
	}
	// the answer, on the host
	a := host.Answer()
	a.Conn, a.In, a.Local, a.Kind = host.Conn, br.Name, false, ruleset.KindHost
	a = m.hook(w, s, ruleset.Prerouting, a)
	if w.stopped() {
		return ps
	}
	if m.reverse(w, s, br, a); w.stopped() {
		return ps
	}
	a.Out = dev.Name
	a = m.hook(w, s, ruleset.Forward, a)
	if w.stopped() {
		return ps
	}
	m.hook(w, s, ruleset.Postrouting, a)
	return ps
}

// publishedAt walks a packet for a published port from the bridge that it leaves by into the sandbox that it was translated
// to: a task's, or through ingress_sbox onto the network of the routing mesh; and the answer out of that again. subject is
// the port's. like is what the sandbox does with the same packet from another source, nil where that is not known.
func (m *machine) publishedAt(w *walk, ps *pubState, br *stack.Link, p ruleset.Packet, subject string, like *pubState) {
	pub := ps.pub
	l, ok := m.behind(w, br, p.Dst)
	if !ok {
		return
	}
	p = p.Moved()
	switch l.space.Kind {
	case stack.KindIngress:
		var out *leg
		var net *Network
		for _, o := range m.overlays {
			if o.net.Ingress {
				for _, x := range o.legs() {
					if x.space == l.space {
						x := x
						out, net = &x, o.net
					}
				}
			}
		}
		if out == nil {
			w.drop(Hop{Host: m.Name, Place: l.space.Name, Netns: l.space.ID, Step: "link", Expected: "a device on the network of the routing mesh", Why: "ingress_sbox is not on the network",
				Ref: l.space.Ref, Subject: "netns:" + m.Name + "/ingress_sbox"})
			return
		}
		if like != nil && like.bal != nil && like.bad == nil && !w.keep && !m.mindsSource(l.space) {
			if m.reverse(w, l.space, l.dev, p); w.stopped() {
				return
			}
			ps.bal = like.bal
		} else {
			ps.bal = m.balance(w, l, *out, p, net, nil, pub)
		}
		if w.stopped() {
			return
		}
		m.routeBack(w, l, p.Src)
	default:
		for _, ep := range m.world.Endpoints {
			if ep.Kind == "task" && ep.Host == m.Name && ep.ServiceID == pub.ServiceID && m.taskSpace(ep) == l.space {
				ps.task = ep
			}
		}
		if ps.task == nil {
			w.doubt(Hop{Host: m.Name, Place: l.space.Name, Netns: l.space.ID, Step: "published port", Subject: subject, Expected: "a task of " + pub.Service, Observed: endpointText(p.Dst, p.Dport) + " is " + l.space.Name,
				Why: "which task the sandbox belongs to was not captured"})
			return
		}
		p.In, p.Kind = l.dev.Name, ruleset.KindHost
		m.arriveFrom(w, l, p, ps.task)
	}
}

// arriveFrom is arrival of a packet whose source is known; the answer leaves by the default route.
func (m *machine) arriveFrom(w *walk, l leg, p ruleset.Packet, task *Endpoint) {
	s := l.space
	p = m.hook(w, s, ruleset.Prerouting, p)
	if w.stopped() {
		return
	}
	d := s.Lookup(stack.Flow{Dst: p.Dst, Src: p.Src, In: l.dev, Mark: p.Mark})
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "route", Expected: p.Dst.String() + " is an address of the sandbox", Ref: d.Ref}
	switch {
	case !d.Known:
		h.Why = d.Why
		w.doubt(h)
		return
	case !d.Local():
		h.Why, h.Subject = "the sandbox does not have the address", "address:"+m.Name+"/"+s.Name+"/"+p.Dst.String()
		w.drop(h)
		return
	}
	if m.reverse(w, s, l.dev, p); w.stopped() {
		return
	}
	p = m.hook(w, s, ruleset.Input, p)
	if w.stopped() {
		return
	}
	if m.socket(w, s, l, p, task, nil); w.stopped() {
		return
	}
	if m.answersFrom(w, s, l.dev.Name, p); w.stopped() {
		return
	}
	a := p.Answer()
	a.Out = l.dev.Name
	a = m.hook(w, s, ruleset.Output, a)
	if w.stopped() {
		return
	}
	if m.hook(w, s, ruleset.Postrouting, a); w.stopped() {
		return
	}
	m.routeBack(w, l, p.Src)
}

// routeBack asks that answers to an address leave a sandbox by the device by which the questions came; those to somewhere
// do by its default route.
func (m *machine) routeBack(w *walk, l leg, to netip.Addr) {
	if !to.IsValid() {
		w.doubt(Hop{Host: m.Name, Place: l.space.Name, Netns: l.space.ID, Step: "route back", Expected: "answers leave by " + l.dev.Name, Why: "which source the packet has is not known"})
		return
	}
	d := l.space.Lookup(stack.Flow{Dst: to})
	h := Hop{Host: m.Name, Place: l.space.Name, Netns: l.space.ID, Step: "route back", Expected: "answers to " + to.String() + " leave by " + l.dev.Name, Ref: d.Ref,
		Subject: "route:" + m.Name + "/" + l.space.Name + "/" + to.String()}
	if !slices.ContainsFunc(l.ips, func(a *stack.Address) bool { return a.Prefix().Contains(to) }) {
		h.Expected, h.Subject = "answers to the outside leave by "+l.dev.Name, "route:"+m.Name+"/"+l.space.Name+"/default"
	}
	switch {
	case !d.Known:
		h.Why = d.Why
		w.doubt(h)
	case d.Link == nil:
		h.Observed, h.Why = "no route", d.Why
		if h.Ref == "" {
			h.Ref = l.space.Ref
		}
		w.drop(h)
	case d.Link != l.dev:
		h.Observed, h.Why = "leave by "+d.Link.Name, "answers leave by another way, and their source is not put back there"
		w.doubt(h)
	case w.keep:
		h.Subject, h.Observed = "", "by "+d.Link.Name
		w.pass(h)
	}
}

// forwards asks that the host passes packets on.
func (m *machine) forwards(w *walk, in *stack.Link, six bool) {
	on, known, ref := m.Initial.Forwarding(in, six)
	h := Hop{Host: m.Name, Place: m.Initial.Name, Netns: m.Initial.ID, Step: "forwarding", Expected: "net.ipv4.ip_forward = 1", Subject: "sysctl:" + m.Name + "/net.ipv4.ip_forward", Ref: ref}
	switch {
	case !known:
		h.Why = "whether the host forwards packets was not captured"
		w.doubt(h)
	case !on:
		h.Observed, h.Why = "0", "the host does not forward packets that come in by "+in.Name
		w.drop(h)
	}
}

// behind finds who answers for an address on a bridge of the host: the sandbox at the other end of a port.
func (m *machine) behind(w *walk, br *stack.Link, ip netip.Addr) (leg, bool) {
	s := m.Initial
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "neighbour", Expected: ip.String() + " answers on " + br.Name, Subject: "neigh:" + m.Name + "/" + br.Name + "/" + ip.String()}
	if !br.Up() {
		h.Step, h.Subject, h.Ref, h.Observed, h.Why = "link", m.linkSubject(br), br.Ref, br.Name+" "+state(br), "the bridge is down"
		w.drop(h)
		return leg{}, false
	}
	replies, unsure := s.Ask(br, nil, ip)
	n, _ := s.Neighbour(br, ip)
	switch {
	case len(replies) == 0 && unsure != "":
		h.Why = unsure
		w.doubt(h)
		return leg{}, false
	case len(replies) == 0:
		h.Observed, h.Why, h.Ref, h.absent = "nobody answers", "no sandbox on the bridge has the address", br.Ref, true
		for _, port := range s.Ports(br) {
			if peer := port.Peer(); peer != nil && peer.Space.Local(ip) != nil {
				bad := port
				if !peer.Up() {
					bad = peer
				}
				h.Step, h.Ref, h.Subject, h.Observed, h.Why, h.absent = "link", bad.Ref, m.linkSubject(bad), bad.Name+" "+state(bad), "the device is down", false
			}
		}
		w.drop(h)
		return leg{}, false
	case len(replies) > 1:
		h.Observed, h.Why = "several answer", "several sandboxes have the address"
		w.doubt(h)
		return leg{}, false
	}
	peer := replies[0].From
	if n != nil && n.Valid() && n.MAC != peer.MAC {
		h.Observed, h.Ref, h.Why = n.MAC+", "+n.State, n.Ref(), "the host remembers another link address than is answered, until it asks again"
		if n.Fixed() {
			h.Why = "the host has a fixed entry with another link address"
			w.drop(h)
		} else {
			w.doubt(h)
		}
		return leg{}, false
	}
	if e, _ := s.Switch(br, peer.MAC); e != nil && e.Index != peer.PeerIndex && !e.Permanent() {
		h.Step, h.Ref, h.Subject, h.Why = "fdb", e.Ref(), "fdb:"+m.Name+"/host/"+peer.MAC, "the bridge has the link address at another port"
		w.drop(h)
		return leg{}, false
	}
	if w.keep {
		h.Subject, h.Observed, h.Ref = "", "answered by "+peer.Name+" of "+peer.Space.Name, replies[0].Ref()
		w.pass(h)
	}
	return leg{peer.Space, peer, s.Link(peer.PeerIndex), peer.Space.On(peer)}, true
}

// taskSpace is the sandbox of a task, nil where it was not captured.
func (m *machine) taskSpace(ep *Endpoint) *stack.Space {
	if o := m.overlays[ep.Net.Net]; o != nil {
		if l := o.holds(ep.IP); l != nil {
			return l.space
		}
	}
	return nil
}
