package path

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"slices"

	"github.com/netmortem/netmortem/analyze/stack"
)

// A Question is one way to be walked.
type Question struct {
	From, To *Place
	Proto    string // tcp or udp
	Port     int    // 0: the service's first
	Size     int    // bytes of IP; 0: small
	Network  string // name; empty: the one that the client would use
}

// A Trace is one packet's way, hop by hop, with the answer's way back.
type Trace struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	Proto   string   `json:"proto"`
	Port    int      `json:"port,omitempty"`
	Network string   `json:"network,omitempty"`
	Via     string   `json:"via"`
	Verdict string   `json:"verdict"` // delivered, dropped, some or cannot tell
	Summary string   `json:"summary"` // one sentence
	Common  []Hop    `json:"hops"`    // that all packets take
	Ways    []Branch `json:"ways,omitempty"`
}

// A Branch is the way to one backend.
type Branch struct {
	To      string  `json:"to"`
	Verdict Verdict `json:"verdict"`
	Hops    []Hop   `json:"hops"`
}

// tracer is a judge with the machines that it needs, in memory together.
type tracer struct {
	*judge
	ctx      context.Context
	r        *stack.Reader
	machines map[string]*machine
	size     int
	proto    string
}

// Trace walks one way and keeps every hop.
func (w *World) Trace(ctx context.Context, tx *sql.Tx, q Question) (*Trace, error) {
	t := &tracer{judge: newJudge(w), ctx: ctx, r: stack.NewReader(tx), machines: map[string]*machine{}, size: q.Size, proto: q.Proto}
	switch {
	case q.From.Outside && q.To.Outside:
		return nil, fmt.Errorf("from the outside to the outside no packet passes the swarm")
	case q.To.Outside:
		return t.out(q)
	case q.From.Outside || q.From.Host != "" && q.From.Space == "":
		return t.in(q)
	case q.To.IP.IsLoopback():
		return nil, fmt.Errorf("what %s asks of itself at %s is not walked; only a host's published ports are", q.From.Label, q.To.IP)
	case q.From.Endpoints == nil:
		return nil, fmt.Errorf("%s is no sandbox on an overlay: what it sends is not walked", q.From.Label)
	case q.To.Host != "" && q.To.Endpoints == nil && q.To.Service == nil && !q.To.IP.IsValid():
		return nil, fmt.Errorf("a container's way to the host %s is not walked; ask for its published port from outside", q.To.Host)
	}
	return t.across(q)
}

// need loads a host, once.
func (t *tracer) need(host string) (*machine, error) {
	if m := t.machines[host]; m != nil || host == "" || !t.world.captured[host] {
		return m, nil
	}
	m, err := newMachine(t.ctx, t.world, t.r, host)
	if err != nil {
		return nil, err
	}
	t.machines[host] = m
	t.add(m)
	return m, nil
}

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
		a.resolve(w, al.space, sv.ID, name, net.Name, want, t.world.alsoMeant(from.Owner, sv, net, via == "tasks"), t.world.ref(sv, net))
	}
	tr.add("client", w)
	if via == "vip" {
		return t.viaBalancer(tr, a, o, *al, l, sv, p, vip)
	}
	if bad := l.wrong[name]; name != "" {
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
		if an := l.answered[name]; an != nil && !an[x.IP] {
			continue
		}
		b := Branch{To: x.Label + ", " + x.IP.String()}
		w := &walk{keep: true}
		pk := opening(protocol(p.Proto))
		pk.Src, pk.Dst, pk.Dport, pk.Sport = from.IP, x.IP, uint16(p.Port), somePort
		a.leave(w, *al, pk)
		b.add("client", w)
		if own := l.own[x.IP]; own != nil {
			b.Hops = decide(b.Hops, own.at(p), "client")
			tr.Ways = append(tr.Ways, b)
			continue
		}
		t.carried(&b, "request", l, x)
		t.arrived(&b, x, p)
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

// viaBalancer walks through the balancer of the client's host.
func (t *tracer) viaBalancer(tr *Trace, a *machine, o *overlay, al leg, l *legState, sv *Service, p port, vip *VIP) (*Trace, error) {
	net := o.net
	w := &walk{keep: true}
	pk := opening(protocol(p.Proto))
	pk.Src, pk.Dst, pk.Dport, pk.Sport = l.ep.IP, vip.IP, uint16(p.Port), somePort
	a.leave(w, al, pk)
	tr.add("client", w)
	if vip.IP.Is6() {
		tr.Common = append(tr.Common, t.six(a.Name, net).in("client"))
		return tr.done(), nil
	}
	hn := l.hn
	if hn.lb == nil {
		for _, x := range t.balanced(hn, sv, p, vip.IP, make([]part, len(net.list))) {
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
	for i := range tr.Common {
		if h := t.settled(&tr.Common[i], newest); h != &tr.Common[i] {
			tr.Common[i] = h.in(tr.Common[i].Leg)
		}
	}
	if bal.bad != nil {
		return tr.done(), nil
	}
	for i := range bal.to { // of another service's, which answer as well
		if ep := bal.to[i].ep; ep != nil {
			if _, err := t.need(ep.Host); err != nil {
				return nil, err
			}
		}
	}
	parts := t.balanced(hn, sv, p, vip.IP, make([]part, len(net.list)))
	if len(parts) == 1 && parts[0].hop != nil && parts[0].hop.Step == "mark" {
		tr.Common = append(tr.Common, parts[0].hop.in("balancer"))
		return tr.done(), nil
	}
	for i := range bal.to {
		x := &bal.to[i]
		b := Branch{To: x.ip.String()}
		b.Hops = legged("balancer", x.hops)
		if len(parts) == len(bal.to) && parts[i].hop != nil && parts[i].hop.Step == "destination" {
			b.Hops = append(b.Hops, parts[i].hop.in("balancer"))
			tr.Ways = append(tr.Ways, b)
			continue
		}
		b.To = x.ep.Label + ", " + x.ip.String()
		t.carried(&b, "request", hn.lb, x.ep)
		t.arrived(&b, x.ep, p)
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

// decide makes what the judge says the end of the hops: no other one has a say.
func decide(hops []Hop, h *Hop, what string) []Hop {
	if h == nil {
		out := hops[:0]
		for _, x := range hops {
			x.Verdict, x.Why = Delivered, ""
			out = append(out, x)
		}
		return out
	}
	for i := range hops {
		same := hops[i].Subject == h.Subject || h.lacks != "" && hops[i].Host == h.Host
		if same && hops[i].Step == h.Step && hops[i].Verdict != Delivered {
			if h.lacks == "" { // else the hop knows more of where
				hops[i].Verdict, hops[i].Why = h.Verdict, h.Why
			}
			for k := range hops[:i] {
				if hops[k].Verdict != Delivered && h.Verdict == Dropped {
					continue // a doubt before a sure drop stays to be seen
				}
			}
			if h.Verdict == Dropped {
				return hops[:i+1]
			}
			return hops
		}
	}
	return append(hops, h.in(what))
}

// arrived adds arrival at an endpoint's port.
func (t *tracer) arrived(b *Branch, ep *Endpoint, p port) {
	h := t.door(ep, p)
	m := t.machines[ep.Host]
	var hops []Hop
	if m != nil {
		if o := m.overlays[ep.Net.Net]; o != nil {
			if l := o.holds(ep.IP); l != nil {
				w := &walk{keep: true}
				q := opening(protocol(p.Proto))
				q.Dst, q.Dport = ep.IP, uint16(p.Port)
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
				if ls := t.legOf(ep); ls != nil && !ep.Net.Ingress && p.Port != 0 {
					if _, ok := ls.doors[p]; !ok { // a port that no service is known to have
						h = w.bad
					}
				}
			}
		}
	}
	b.Hops = append(b.Hops, decide(legged("arrival", hops), h, "arrival")...)
}

// in walks from the outside, or from another host, to a published port.
func (t *tracer) in(q Question) (*Trace, error) {
	var pub *Published
	host := q.To.Host
	if q.To.IP.IsLoopback() {
		if host = q.From.Host; host == "" {
			return nil, fmt.Errorf("the outside does not get to %s; a host asks itself there: --from HOST", q.To.IP)
		}
	}
	for _, p := range t.world.Ports {
		if (q.To.Service == nil || p.ServiceID == q.To.Service.ID) && p.Proto == q.Proto && (q.Port == 0 || p.Port == q.Port || q.To.Service != nil && p.Target == q.Port) {
			pub = p
			break
		}
	}
	if pub == nil {
		return nil, fmt.Errorf("no service publishes %s port %d", q.Proto, q.Port)
	}
	if host == "" {
		for _, h := range t.world.Hosts {
			if pub.Mode == "ingress" && t.world.mesh[h] || pub.Mode == "host" && t.world.hasTask(pub.ServiceID, h) {
				host = h
				break
			}
		}
	}
	if host == "" {
		return nil, fmt.Errorf("no captured host is expected to serve %s port %d", pub.Proto, pub.Port)
	}
	from, src := q.From.Label, somewhere4
	if q.From.Host != "" && q.From.Host != host {
		for ip, nodes := range t.world.vtep {
			if ip.Is4() && (nodes[q.From.Host] || nodes[t.world.nodeOf[q.From.Host]]) && !ip.IsPrivate() || nodes[t.world.nodeOf[q.From.Host]] && ip.Is4() && t.routed(ip, host) {
				src = ip
			}
		}
	}
	tr := &Trace{From: from, To: fmt.Sprintf("%s, port %d of %s", pub.Service, pub.Port, host), Proto: pub.Proto, Port: pub.Port, Via: pub.Mode, Network: "ingress"}
	if q.To.IP.IsValid() {
		tr.To += " at " + q.To.IP.String()
	}
	m, err := t.need(host)
	if err != nil {
		return nil, err
	}
	if m == nil {
		tr.Common = []Hop{*t.missing(&Endpoint{Node: t.world.nodeOf[host]})}
		return tr.done(), nil
	}
	w := &walk{keep: true}
	var ps *pubState
	if q.From.Host == host {
		at := q.To.IP
		if !at.IsValid() {
			if at = m.ownAddress(); !at.IsValid() {
				return nil, fmt.Errorf("at which address others ask %s was not captured; ask for 127.0.0.1", host)
			}
		}
		ps = m.publishOwn(w, pub, at, nil)
	} else if q.To.IP.Is6() {
		ps = m.publishSix(w, pub, q.To.IP)
	} else {
		ps = m.publish(w, pub, src)
	}
	hops := ps.hops
	tr.Common = legged("published", hops)
	if h := t.world.narrow(host, ps.at).stop(ps.pub.Proto); h != nil && ps.bad == nil && !ps.own {
		tr.Common = append(tr.Common, h.in("published"))
	}
	if ps.bal == nil || len(ps.bal.to) == 0 || ps.bad != nil {
		return tr.done(), nil
	}
	sv := t.world.Services[pub.ServiceID]
	for _, hn := range t.hosts[host].nets {
		if !hn.net.Ingress || hn.lb == nil {
			continue
		}
		tr.Network = hn.net.Name
		for i := range ps.bal.to {
			if ep := ps.bal.to[i].ep; ep != nil {
				if _, err := t.need(ep.Host); err != nil {
					return nil, err
				}
			}
		}
		parts := t.meshBackends(hn, sv, ps)
		for i := range ps.bal.to {
			x := &ps.bal.to[i]
			b := Branch{To: x.ip.String(), Hops: legged("balancer", x.hops)}
			if h := parts[i].hop; h != nil && h.Step == "destination" {
				b.Hops = append(b.Hops, h.in("balancer"))
			} else if x.ep != nil {
				b.To = x.ep.Label + ", " + x.ip.String()
				t.carried(&b, "request", hn.lb, x.ep)
				t.arrived(&b, x.ep, port{pub.Proto, pub.Port})
				if back := t.legOf(x.ep); back != nil {
					t.carried(&b, "answer", back, hn.lb.ep)
				}
			}
			tr.Ways = append(tr.Ways, b)
		}
	}
	return tr.done(), nil
}

// routed reports whether an address is one that other hosts send to: a VTEP of a forwarding entry, not one of a bridge.
func (t *tracer) routed(ip netip.Addr, host string) bool {
	m, err := t.need(host)
	if err != nil || m == nil || m.Initial == nil {
		return false
	}
	d := m.Initial.Lookup(stack.Flow{Dst: ip})
	return d.Forward() && d.Link.Kind != "bridge"
}

// out walks from a sandbox to the outside.
func (t *tracer) out(q Question) (*Trace, error) {
	if len(q.From.Endpoints) == 0 {
		return nil, fmt.Errorf("%s is no sandbox: what it sends to the outside is not walked", q.From.Label)
	}
	ep := q.From.Endpoints[0]
	tr := &Trace{From: ep.Label + " on " + t.world.node(ep.Node), To: "the outside", Proto: q.Proto, Via: "egress"}
	m, err := t.need(ep.Host)
	if err != nil {
		return nil, err
	}
	if m == nil {
		tr.Common = []Hop{*t.missing(ep)}
		return tr.done(), nil
	}
	s := m.taskSpace(ep)
	if s == nil || m.Initial == nil {
		tr.Common = []Hop{*t.door(ep, port{"tcp", 0})}
		return tr.done(), nil
	}
	for _, port := range m.Initial.Links {
		peer := port.Peer()
		if port.Kind != "veth" || port.Bridge() == nil || peer == nil || peer.Space != s {
			continue
		}
		l := leg{peer.Space, peer, port, peer.Space.On(peer)}
		for _, a := range l.ips {
			if a.IP.Is4() {
				w := &walk{keep: true}
				m.egress(w, l, a.IP)
				tr.add("egress", w)
				return tr.done(), nil
			}
		}
	}
	tr.Common = []Hop{{Host: m.Name, Place: s.Name, Netns: s.ID, Leg: "egress", Step: "link", Expected: "a device on a bridge of the host", Verdict: Dropped, Ref: s.Ref,
		Subject: "route:" + m.Name + "/" + s.Name + "/default", Why: "the sandbox has no device on a bridge of the host: its networks have no way out"}}
	if !m.Initial.Whole("link") {
		tr.Common[0].Verdict, tr.Common[0].Why = Unknown, "the devices of the host were not captured whole"
	}
	return tr.done(), nil
}

// port is the first port of a service, 0 where none is known.
func (t *tracer) port(sv *Service, proto string) int {
	if sv == nil {
		return 0
	}
	t.discover(sv)
	for _, p := range sv.portsOf() {
		if p.Proto == proto {
			return p.Port
		}
	}
	return 0
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
				for ip := range m.names[s.ID+"/"+name].ips {
					if shares(e.Net) && (e.Net.vips[ip] != nil || e.Net.byIP[ip] != nil) {
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

// add puts the hops of a walk behind those before.
func (tr *Trace) add(what string, w *walk) { tr.Common = append(tr.Common, legged(what, w.hops)...) }

func (b *Branch) add(what string, w *walk) { b.Hops = append(b.Hops, legged(what, w.hops)...) }

// legged marks hops with the part of the way that they are of.
func legged(what string, hops []Hop) []Hop {
	out := make([]Hop, len(hops))
	for i := range hops {
		out[i] = hops[i].in(what)
	}
	return out
}

// in is the hop in a part of the way.
func (h *Hop) in(what string) Hop {
	c := *h
	c.Leg = what
	return c
}

// cut ends hops behind the first sure drop, and says what they come to.
func cut(hops []Hop) ([]Hop, Verdict) {
	v := Delivered
	for i := range hops {
		if hops[i].Verdict == Dropped {
			return hops[:i+1], Dropped
		}
		if hops[i].Verdict == Unknown {
			v = Unknown
		}
	}
	return hops, v
}

// done puts the verdict together as [judge.pair] does.
func (tr *Trace) done() *Trace {
	var front Verdict
	tr.Common, front = cut(tr.Common)
	if front == Dropped {
		tr.Ways = nil
	}
	n := map[Verdict]int{}
	for i := range tr.Ways {
		b := &tr.Ways[i]
		b.Hops, b.Verdict = cut(b.Hops)
		n[b.Verdict]++
	}
	switch {
	case front == Dropped || len(tr.Ways) > 0 && n[Dropped] == len(tr.Ways):
		tr.Verdict = "dropped"
	case front == Unknown:
		tr.Verdict = "cannot tell"
	case n[Dropped] > 0:
		tr.Verdict = "some"
	case n[Unknown] > 0:
		tr.Verdict = "cannot tell"
	default:
		tr.Verdict = "delivered"
	}
	tr.Summary = tr.sentence(n)
	return tr
}

// sentence says what becomes of the packets.
func (tr *Trace) sentence(n map[Verdict]int) string {
	who := tr.From + " > " + tr.To
	last := func() *Hop {
		lists := [][]Hop{tr.Common}
		for i := range tr.Ways {
			lists = append(lists, tr.Ways[i].Hops)
		}
		want := Dropped
		if tr.Verdict == "cannot tell" {
			want = Unknown
		}
		for _, l := range lists {
			for i := range l {
				if l[i].Verdict == want {
					return &l[i]
				}
			}
		}
		return nil
	}
	h := last()
	where := ""
	if h != nil {
		where = " at " + h.Step
		if h.Host != "" {
			where += " on " + h.Host
			if h.Place != "" {
				where += " (" + h.Place + ")"
			}
		}
		if h.Why != "" {
			where += ": " + h.Why
		}
	}
	switch tr.Verdict {
	case "delivered":
		if len(tr.Ways) > 1 {
			return fmt.Sprintf("%s: delivered, to each of %d backends", who, len(tr.Ways))
		}
		return who + ": delivered"
	case "dropped":
		return who + ": dropped" + where
	case "some":
		return fmt.Sprintf("%s: %d of %d backends are not reached; the first is lost%s", who, n[Dropped], len(tr.Ways), where)
	}
	return who + ": cannot tell" + where
}
