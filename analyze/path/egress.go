package path

import (
	"net/netip"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// An outState is a sandbox's way out to the outside.
type outState struct {
	label, service string
	bad            *Hop
}

// egress walks from a sandbox to the outside and back.
func (m *machine) egress(w *walk, l leg, ip netip.Addr) {
	p := opening(protoTCP)
	p.Src, p.Dst = ip, somewhere4
	s := l.space
	d := s.Lookup(stack.Flow{Dst: p.Dst})
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "route", Expected: "a default route by " + l.dev.Name, Ref: d.Ref, Subject: "route:" + m.Name + "/" + s.Name + "/default"}
	switch {
	case !d.Known:
		h.Why = d.Why
		w.doubt(h)
		return
	case d.Link == nil:
		h.Observed, h.Why = "no route", d.Why
		if h.Ref == "" {
			h.Ref = s.Ref
		}
		w.drop(h)
		return
	case d.Link != l.dev:
		h.Observed, h.Why = "by "+d.Link.Name, "the way out is not the one by docker_gwbridge"
		w.doubt(h)
		return
	}
	gateway := d.Next
	if w.keep {
		h.Subject, h.Observed = "", "by "+d.Link.Name+" to "+gateway.String()
		w.pass(h)
	}
	p.Out, p.Local, p.Kind = l.dev.Name, true, ruleset.KindHost
	p = m.hook(w, s, ruleset.Output, p)
	if w.stopped() {
		return
	}
	p = m.hook(w, s, ruleset.Postrouting, p)
	if w.stopped() {
		return
	}
	for _, x := range []*stack.Link{l.dev, l.port} {
		if !x.Up() {
			w.drop(Hop{Host: m.Name, Place: x.Space.Name, Netns: x.Space.ID, Step: "link", Expected: x.Name + " up", Observed: x.Name + " " + state(x), Why: "the device is down", Ref: x.Ref, Subject: m.linkSubject(x)})
			return
		}
	}
	hs, br := m.Initial, l.port.Bridge()
	if hs == nil || br == nil {
		w.doubt(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "link", Why: "where the device leads was not captured", Ref: l.dev.Ref})
		return
	}
	if yes, known, ref := hs.Answers(br, gateway); !yes {
		h := Hop{Host: m.Name, Place: hs.Name, Netns: hs.ID, Step: "neighbour", Expected: br.Name + " has " + gateway.String(), Ref: ref, Subject: "address:" + m.Name + "/" + br.Name + "/" + gateway.String(), Why: "nobody answers for the gateway"}
		if known {
			if ref == "" {
				h.Ref = br.Ref
			}
			w.drop(h)
		} else {
			h.Why = "the addresses of the host were not captured"
			w.doubt(h)
		}
		return
	}
	if n, _ := hs.Neighbour(br, ip); n != nil && n.Valid() && n.MAC != l.dev.MAC {
		h := Hop{Host: m.Name, Place: hs.Name, Netns: hs.ID, Step: "neighbour", Expected: ip.String() + " is " + l.dev.MAC, Observed: n.MAC + ", " + n.State, Ref: n.Ref(),
			Subject: "neigh:" + m.Name + "/" + br.Name + "/" + ip.String(), Why: "the host remembers another link address for the sandbox, and sends the answers there until it asks again"}
		if n.Fixed() {
			h.Why = "the host has a fixed entry with another link address for the sandbox, and sends the answers there"
			w.drop(h)
			return
		}
		w.doubt(h)
		return
	}
	if m.egressPart != nil {
		if w.bad == nil {
			w.bad = m.egressPart(p.Moved())
		}
		return
	}
	m.egressHost(w, br, p.Moved())
}

// egressHost walks a packet from a bridge of the host to the outside, and the answer back to the bridge.
func (m *machine) egressHost(w *walk, br *stack.Link, p ruleset.Packet) {
	s := m.Initial
	p.In, p.Kind = br.Name, ruleset.KindHost
	p = m.hook(w, s, ruleset.Prerouting, p)
	if w.stopped() {
		return
	}
	d := s.Lookup(stack.Flow{Dst: p.Dst, Src: p.Src, In: br, Mark: p.Mark})
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "route", Expected: "the host has a default route", Ref: d.Ref, Subject: "route:" + m.Name + "/default/" + br.Name}
	switch {
	case !d.Known:
		h.Why = d.Why
		w.doubt(h)
		return
	case d.Link == nil:
		h.Observed, h.Why = "no route", d.Why
		if h.Ref == "" {
			h.Ref = s.Ref
		}
		w.drop(h)
		return
	case !d.Link.Up():
		h.Step, h.Observed, h.Ref, h.Subject, h.Why = "link", d.Link.Name+" "+state(d.Link), d.Link.Ref, m.linkSubject(d.Link), "the device is down"
		w.drop(h)
		return
	}
	if w.keep {
		h.Subject, h.Observed = "", "by "+d.Link.Name+" to "+d.Next.String()
		w.pass(h)
	}
	if m.reverse(w, s, br, p); w.stopped() {
		return
	}
	if m.forwards(w, br, false); w.stopped() {
		return
	}
	p.Out = d.Link.Name
	private := p.Src
	p = m.hook(w, s, ruleset.Forward, p)
	if w.stopped() {
		return
	}
	p = m.hook(w, s, ruleset.Postrouting, p)
	if w.stopped() {
		return
	}
	if p.Src == private {
		w.drop(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "source", Expected: "translated to an address of the host", Observed: private.String(), Ref: s.Ref,
			Subject: "masquerade:" + m.Name + "/" + br.Name, Why: "no rule translates the source, and the outside has no way back to it"})
		return
	}
	a := p.Answer()
	a.Conn, a.In, a.Local, a.Kind = p.Conn, d.Link.Name, false, ruleset.KindHost
	a = m.hook(w, s, ruleset.Prerouting, a)
	if w.stopped() {
		return
	}
	if a.Dst != private {
		w.doubt(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "answer", Expected: "to " + private.String(), Observed: "to " + addrText(a.Dst), Why: "the answer is not led back to the sandbox"})
		return
	}
	if m.reverse(w, s, d.Link, a); w.stopped() {
		return
	}
	m.back(w, d.Link, br, a)
	if m.awake(w, d.Link, d.Next); w.stopped() {
		return
	}
	a.Out = br.Name
	a = m.hook(w, s, ruleset.Forward, a)
	if w.stopped() {
		return
	}
	m.hook(w, s, ruleset.Postrouting, a)
}

// back asks that an answer that comes in by a device is led to a bridge of the host.
func (m *machine) back(w *walk, in, br *stack.Link, a ruleset.Packet) {
	d := m.Initial.Lookup(stack.Flow{Dst: a.Dst, Src: a.Src, In: in, Mark: a.Mark})
	h := Hop{Host: m.Name, Place: m.Initial.Name, Netns: m.Initial.ID, Step: "route back", Expected: a.Dst.String() + " is behind " + br.Name, Ref: or(d.Ref, m.Initial.Ref), Subject: "route:" + m.Name + "/" + br.Name + "/" + a.Dst.String()}
	switch {
	case !d.Known:
		h.Why = d.Why
		w.doubt(h)
	case d.Link != br:
		h.Why = "the answer does not get to the bridge"
		if d.Link != nil {
			h.Observed = "leaves by " + d.Link.Name
		}
		w.drop(h)
	}
}

// examineEgress judges the way out of each container that has a device on a bridge of the host.
func (m *machine) examineEgress(hs *hostState) {
	judged := map[string]bool{}
	defer func() { m.unknownEgress(hs, judged) }()
	if m.Initial == nil {
		return
	}
	owners := map[*stack.Space]*Endpoint{}
	for _, o := range m.overlays {
		for _, l := range o.legs() {
			if ip := l.ip(o.net); ip.IsValid() {
				if ep := o.net.byIP[ip]; ep != nil && (ep.Kind == "task" || ep.Kind == "container") {
					owners[l.space] = ep
				}
			}
		}
	}
	same := !m.particular(m.Initial)
	type wayOut struct {
		br *stack.Link
	}
	host := map[wayOut]*Hop{}
	for _, port := range m.Initial.Links {
		br := port.Bridge()
		peer := port.Peer()
		if port.Kind != "veth" || peer == nil || owners[peer.Space] == nil {
			continue
		}
		if ep := owners[peer.Space]; br == nil {
			judged[ep.Owner] = true
			hs.outs = append(hs.outs, outState{ep.Label, ep.Service, (&Hop{Host: m.Name, Place: m.Initial.Name, Netns: m.Initial.ID, Step: "link", Verdict: Dropped, Ref: port.Ref, Subject: m.linkSubject(port),
				Expected: port.Name + " is a port of docker_gwbridge", Observed: port.Name + " is on no bridge", Why: "the sandbox is cut off from the way out"}).clone()})
			continue
		}
		l := leg{peer.Space, peer, port, peer.Space.On(peer)}
		var ip netip.Addr
		for _, a := range l.ips {
			if a.IP.Is4() {
				ip = a.IP
			}
		}
		if !ip.IsValid() {
			continue
		}
		ep := owners[peer.Space]
		judged[ep.Owner] = true
		w := &walk{}
		m.egressOnce(w, l, ip, same, func(q ruleset.Packet) *Hop {
			k := wayOut{br}
			h, ok := host[k]
			if !ok || !same {
				v := &walk{}
				m.egressHost(v, br, q)
				h = m.kept(v.bad)
				host[k] = h
			}
			return h
		})
		hs.outs = append(hs.outs, outState{ep.Label, ep.Service, m.kept(w.bad)})
	}
}

// unknownEgress notes the containers whose way out was not found because something was not captured: who has no device on a
// bridge of the host has no way out by design.
func (m *machine) unknownEgress(hs *hostState, judged map[string]bool) {
	whole := m.Initial != nil && m.Host.Whole("netns")
	for _, s := range m.Spaces {
		whole = whole && s.Whole("link") && s.Whole("address")
	}
	if whole {
		return
	}
	unknown := &Hop{Host: m.Name, Step: "link", Verdict: Unknown, Subject: "captured:" + m.Name + "/address", lacks: "address",
		Expected: "a device of each container on a bridge of the host", Why: "the namespaces, devices and addresses of the host were not captured whole"}
	for _, ep := range m.world.Endpoints {
		if ep.Host == m.Name && (ep.Kind == "task" || ep.Kind == "container") && !judged[ep.Owner] {
			judged[ep.Owner] = true
			hs.outs = append(hs.outs, outState{ep.Label, ep.Service, unknown})
		}
	}
}

// egressOnce is egress with the host's part judged by part.
func (m *machine) egressOnce(w *walk, l leg, ip netip.Addr, same bool, part func(ruleset.Packet) *Hop) {
	if !same {
		m.egress(w, l, ip)
		w.bad = m.kept(w.bad)
		return
	}
	saved := m.egressPart
	m.egressPart = part
	m.egress(w, l, ip)
	m.egressPart = saved
}

// egress judges the ways out of a host's containers.
func (j *judge) egress(hs *hostState, every bool) {
	for _, o := range hs.outs {
		id := j.note("egress", hs.name, nil, o.label, o.label+" to the outside", o.bad)
		j.pair(Pair{ClientKind: "task", ClientHost: hs.name, Client: o.label, ClientService: o.service, Via: "egress", Target: "outside", Proto: "tcp"}, part{o.bad, id}, []part{{}}, every)
	}
}
