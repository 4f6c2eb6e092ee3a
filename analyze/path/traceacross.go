package path

import (
	"fmt"
	"net/netip"
	"slices"
)

// across walks from a sandbox to a service or an endpoint on a network that they share.
func (t *tracer) across(q Question) (*Trace, error) {
	from, net, sv, ep, vip, via, err := t.choose(q)
	if err != nil {
		return nil, err
	}
	tr := &Trace{From: from.Label + " on " + t.world.node(from.Node), To: q.To.Label, Proto: q.Proto, Port: q.Port, Network: net.Name, Via: via}
	a, err := t.need(from.Host)
	if err != nil {
		return nil, err
	}
	if a == nil {
		tr.Common = []Hop{*t.missing(from)}
		return tr.done(), nil
	}
	var tasks []*Endpoint
	if sv != nil {
		for _, x := range sv.tasks {
			if x.Net == net {
				tasks = append(tasks, x)
			}
		}
	}
	if ep != nil {
		tasks = []*Endpoint{ep}
	}
	if err := t.roomFor(tasks); err != nil {
		return nil, err
	}
	for _, x := range tasks {
		if _, err := t.need(x.Host); err != nil {
			return nil, err
		}
	}
	p := port{q.Proto, q.Port}
	if p.Port == 0 {
		p.Port = t.port(sv, q.Proto)
		tr.Port = p.Port
	}
	l := t.legOf(from)
	o := a.overlays[net.Net]
	if l == nil || o == nil {
		tr.Common = []Hop{*t.door(from, port{"tcp", 0})}
		return tr.done(), nil
	}
	al := o.holds(from.IP)

	// the client
	w := &walk{keep: true}
	name := ""
	switch {
	case q.To.IP.IsValid(): // nobody is asked for a name
	case via == "vip" || via == "dnsrr":
		name = sv.Name
	case via == "tasks":
		name = "tasks." + sv.Name
	}
	if name != "" {
		want := t.world.meant(sv, net, via == "tasks")
		asked := al.space
		if !a.answers(asked, name).asked && a.unasked(asked) != nil {
			if o := a.speaker(a.company(asked), net, name); o != nil {
				asked = o.space
			}
		}
		a.resolve(w, asked, sv.ID, name, net.Name, want, t.world.alsoMeant(from.Owner, sv, net, via == "tasks"), t.world.ref(sv, net))
	}
	tr.add("client", w)
	if via == "vip" {
		return t.viaBalancer(tr, a, o, *al, l, sv, p, vip)
	}
	if bad := l.wrong(name); name != "" {
		for _, h := range bad {
			tr.Ways = append(tr.Ways, Branch{To: "an answer that is nobody's", Verdict: h.Verdict, Hops: []Hop{h.in("client")}})
		}
	}
	for _, x := range tasks {
		if x.Owner == from.Owner || x.IP.Is6() && ep == nil && !t.both(l) {
			continue
		}
		if x.IP.Is6() {
			h := t.six(from.Host, net)
			tr.Ways = append(tr.Ways, Branch{To: x.Label + ", " + x.IP.String(), Hops: []Hop{h.in("request")}})
			continue
		}
		if an := l.answered(name); an != nil && !an[x.IP] {
			continue
		}
		b := Branch{To: x.Label + ", " + x.IP.String()}
		w := &walk{keep: true}
		pk := opening(protocol(p.Proto))
		pk.Src, pk.Dst, pk.Dport, pk.Sport = from.IP, x.IP, uint16(p.Port), somePort
		a.leave(w, *al, pk)
		t.settle(w.hops, from)
		b.add("client", w)
		if own := l.own[x.IP]; own != nil {
			b.Hops = decide(b.Hops, own.at(p), "client")
			tr.Ways = append(tr.Ways, b)
			continue
		}
		t.carried(&b, "request", l, x)
		t.arrived(&b, x, x.IP, p)
		if back := t.legOf(x); back != nil {
			t.carried(&b, "answer", back, from)
		}
		tr.Ways = append(tr.Ways, b)
	}
	if len(tr.Ways) == 0 {
		tr.Common = append(tr.Common, Hop{Leg: "client", Step: "backends", Verdict: Unknown, Why: "there is no task to ask"})
	}
	return tr.done(), nil
}

// settle doubts what may not be there yet for endpoints that have only just started.
func (t *tracer) settle(hops []Hop, of ...*Endpoint) {
	for i := range hops {
		hops[i] = *t.settled(&hops[i], of...)
	}
}

// viaBalancer walks through the balancer of the client's host.
func (t *tracer) viaBalancer(tr *Trace, a *machine, o *overlay, al leg, l *legState, sv *Service, p port, vip *VIP) (*Trace, error) {
	net := o.net
	w := &walk{keep: true}
	pk := opening(protocol(p.Proto))
	pk.Src, pk.Dst, pk.Dport, pk.Sport = l.ep.IP, vip.IP, uint16(p.Port), somePort
	a.leave(w, al, pk)
	t.settle(w.hops, l.ep)
	if own := l.own[vip.IP]; own != nil {
		tr.Ways = []Branch{{To: l.ep.Label + " itself, " + vip.IP.String(), Hops: decide(legged("client", w.hops), own.at(p), "client")}}
		return tr.done(), nil
	}
	tr.add("client", w)
	left := len(tr.Common)
	if vip.IP.Is6() {
		tr.Common = append(tr.Common, t.six(a.Name, net).in("client"))
		return tr.done(), nil
	}
	hn := l.hn
	if hn.lb == nil {
		for _, x := range t.balanced(hn, sv, p, vip.IP, make([]part, len(net.list))).parts {
			tr.Common = append(tr.Common, x.hop.in("balancer"))
		}
		return tr.done(), nil
	}
	lb := o.holds(hn.lb.ep.IP)
	if lb == nil {
		return nil, fmt.Errorf("the balancer of %s was not found", net.Name)
	}
	w = &walk{keep: true}
	a.lan(w, o, vip.IP, nil, lb)
	if v := hn.vips[vipKey{vip.IP, p.Proto}]; v != nil {
		tr.Common = append(tr.Common, decide(legged("client", w.hops), worst(t.toVIP(l, v), v.way.rest), "client")...)
	} else {
		tr.add("client", w)
	}
	newest := sv.newest(net)
	in := opening(protocol(p.Proto))
	in.Src, in.Dst, in.Sport, in.Dport = l.ep.IP, vip.IP, somePort, uint16(p.Port)
	w = &walk{keep: true}
	bal := a.balance(w, *lb, *lb, in, net, vip, nil)
	front := bal.front
	tr.Common = append(tr.Common, legged("balancer", front)...)
	t.settle(tr.Common[left:], newest)
	if bal.bad != nil {
		return tr.done(), nil
	}
	if err := t.roomFor(bal.endpoints()); err != nil {
		return nil, err
	}
	for i := range bal.to { // of another service's, which answer as well
		if ep := bal.to[i].ep; ep != nil {
			if _, err := t.need(ep.Host); err != nil {
				return nil, err
			}
		}
	}
	parts := t.balanced(hn, sv, p, vip.IP, make([]part, len(net.list))).parts
	if len(parts) == 1 && parts[0].hop != nil && parts[0].hop.Step == "mark" {
		tr.Common = append(tr.Common, parts[0].hop.in("balancer"))
		return tr.done(), nil
	}
	for i := range bal.to {
		x := &bal.to[i]
		b := Branch{To: x.ip.String()}
		b.Hops = legged("balancer", x.hops)
		if len(parts) == len(bal.to) && parts[i].hop != nil && parts[i].hop.Step == "destination" {
			if x.bad == nil { // else it is the last of the hops
				b.Hops = append(b.Hops, parts[i].hop.in("balancer"))
			}
			tr.Ways = append(tr.Ways, b)
			continue
		}
		b.To = x.ep.Label + ", " + x.ip.String()
		t.carried(&b, "request", hn.lb, x.ep)
		if x.direct {
			t.arrived(&b, x.ep, vip.IP, p)
			if back := t.legOf(x.ep); back != nil {
				t.carried(&b, "answer", back, l.ep)
			}
			tr.Ways = append(tr.Ways, b)
			continue
		}
		t.arrived(&b, x.ep, x.ep.IP, p)
		if back := t.legOf(x.ep); back != nil {
			t.carried(&b, "answer", back, hn.lb.ep)
		}
		t.carried(&b, "answer", hn.lb, l.ep)
		tr.Ways = append(tr.Ways, b)
	}
	return tr.done(), nil
}

// carried adds the hops over the overlay from a sandbox to an endpoint; the step that the judge names is the one that
// counts.
func (t *tracer) carried(b *Branch, what string, from *legState, to *Endpoint) {
	a := t.machines[from.hn.host.name]
	o := a.overlays[to.Net.Net]
	w := &walk{keep: true}
	s := a.lan(w, o, to.IP, to, nil)
	hops := w.hops
	if what == "answer" && from.ep != nil && s.rest != nil {
		if x := t.taught(from, to); x.rest == nil {
			s.rest, s.vtep, s.port, s.vni = nil, x.tun.vtep, x.tun.port, x.tun.vni
			last := &hops[len(hops)-1]
			last.Verdict, last.Why, last.Subject, last.Observed = Delivered, "", "", last.Observed+"; the request has taught the tunnel "+x.tun.vtep.String()
		}
	}
	if s.vtep.IsValid() && s.rest == nil {
		u := a.under(tunnel{s.vtep, s.port, s.vni}, true)
		hops = append(hops, u.hops...)
		if far := t.machines[to.Host]; far != nil && verdictOf(u.bad) == Delivered {
			g := far.gate(tunnel{s.vtep, s.port, s.vni}, u.src, true)
			hops = append(hops, g.keep...)
			x := &walk{keep: true}
			far.tunnelEnd(x, far.overlays[to.Net.Net], s.vni, s.port)
			hops = append(hops, x.hops...)
			if fo := far.overlays[to.Net.Net]; fo != nil {
				x = &walk{keep: true}
				far.lan(x, fo, to.IP, to, nil)
				for _, h := range x.hops {
					if h.Step != "neighbour" { // the question for the link address was answered where it was asked
						hops = append(hops, h)
					}
				}
			}
		}
	}
	t.settle(hops, to, from.ep)
	h := t.carry(from, to)
	if what == "answer" && from.ep != nil {
		h = t.answer(from.ep, to)
	}
	if h == nil && what == "request" {
		h = t.large(from, to, t.proto)
	}
	if h == nil {
		h = t.full(from, to, s)
	}
	b.Hops = append(b.Hops, decide(legged(what, hops), h, what)...)
}

// full judges a packet of the size that was asked for.
func (t *tracer) full(from *legState, to *Endpoint, s send) *Hop {
	if t.size == 0 {
		return nil
	}
	if mtu := from.mtu; mtu > 0 && t.size > mtu {
		return &Hop{Host: from.hn.host.name, Place: from.space, Step: "MTU", Verdict: Unknown, Expected: fmt.Sprintf("packets of %d bytes", t.size), Observed: fmt.Sprintf("MTU %d", mtu),
			Why: "the sandbox cuts such a packet into smaller ones, or refuses it, as the socket asks"}
	}
	return nil
}

// arrived adds arrival at an endpoint's port by its own address, or by that of its service where it came by direct routing.
func (t *tracer) arrived(b *Branch, ep *Endpoint, ip netip.Addr, p port) {
	h := t.door(ep, p)
	if ip != ep.IP {
		h = t.directDoor(ep, ip, p)
	}
	m := t.machines[ep.Host]
	var hops []Hop
	if m != nil {
		if o := m.overlays[ep.Net.Net]; o != nil {
			if l := o.holds(ep.IP); l != nil {
				w := &walk{keep: true}
				q := opening(protocol(p.Proto))
				q.Dst, q.Dport = ip, uint16(p.Port)
				if ep.Net.Ingress {
					for _, pub := range t.world.Ports {
						if pub.ServiceID == ep.ServiceID && pub.Port == p.Port && pub.Proto == p.Proto {
							m.arriveMesh(w, *l, q, ep, pub)
							break
						}
					}
				} else {
					m.arrive(w, *l, q, ep, nil)
				}
				hops = w.hops
				t.settle(hops, ep)
				if ls := t.legOf(ep); ls != nil && !ep.Net.Ingress && p.Port != 0 {
					if _, ok := ls.door(p); !ok { // a port that no service is known to have
						h = w.bad
					}
				}
			}
		}
	}
	b.Hops = append(b.Hops, decide(legged("arrival", hops), h, "arrival")...)
}

// choose settles the endpoint of the client, the network, and what of the target is asked.
func (t *tracer) choose(q Question) (from *Endpoint, net *Network, sv *Service, ep *Endpoint, vip *VIP, via string, err error) {
	shares := func(n *Network) bool {
		switch {
		case n.Ingress && q.Network != n.Name || q.Network != "" && n.Name != q.Network:
			return false
		case q.To.Service != nil:
			return slices.Contains(t.world.onNetwork(n), q.To.Service)
		case q.To.IP.IsValid():
			return n.byIP[q.To.IP] != nil || n.vips[q.To.IP] != nil
		}
		return slices.ContainsFunc(q.To.Endpoints, func(e *Endpoint) bool { return e.Net == n })
	}
	var first *Endpoint
	for _, e := range q.From.Endpoints {
		if shares(e.Net) && (first == nil || e.Net.Name < first.Net.Name) {
			first = e
		}
	}
	if first == nil {
		return nil, nil, nil, nil, nil, "", fmt.Errorf("%s and %s share no overlay network", q.From.Label, q.To.Label)
	}
	from, net = first, first.Net
	// the network whose address the client's own resolver gives it
	if m, e := t.need(from.Host); e == nil && m != nil && q.To.Service != nil && q.Network == "" {
		if s := m.taskSpace(from); s != nil {
			name := q.To.Service.Name
			if q.To.Tasks {
				name = "tasks." + name
			}
			for _, e := range q.From.Endpoints {
				for _, x := range m.answers(s, name).ips {
					if shares(e.Net) && (e.Net.vips[x.ip] != nil || e.Net.byIP[x.ip] != nil) {
						from, net = e, e.Net
					}
				}
			}
		}
	}
	sv = q.To.Service
	switch {
	case sv != nil && q.To.Tasks:
		via = "tasks"
	case sv != nil && sv.DNSRR:
		via = "dnsrr"
	case sv != nil:
		for _, v := range net.vip {
			if v.ServiceID == sv.ID {
				vip = v
			}
		}
		via = "vip"
		if vip == nil {
			return nil, nil, nil, nil, nil, "", fmt.Errorf("%s has no virtual address on %s", sv.Name, net.Name)
		}
	case q.To.IP.IsValid() && net.vips[q.To.IP] != nil:
		vip = net.vips[q.To.IP]
		if sv = t.world.Services[vip.ServiceID]; sv == nil {
			return nil, nil, nil, nil, nil, "", fmt.Errorf("the service of %s is not known", q.To.IP)
		}
		via = "vip"
	case q.To.IP.IsValid():
		ep, via = net.byIP[q.To.IP], "address"
	default:
		for _, e := range q.To.Endpoints {
			if e.Net == net {
				ep, via = e, "address"
			}
		}
	}
	return from, net, sv, ep, vip, via, nil
}
