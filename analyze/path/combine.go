package path

import (
	"fmt"
	"net/netip"
	"strings"
)

// worst is the step of two that a packet meets one after the other which decides: a sure drop before a doubt, else the first.
func worst(steps ...*Hop) *Hop {
	var out *Hop
	for _, h := range steps {
		if h != nil && (out == nil || h.Verdict > out.Verdict) {
			out = h
		}
	}
	return out
}

// settled turns a drop that follows from a missing row into a doubt where the row may not have come yet.
func (j *judge) settled(h *Hop, of ...*Endpoint) *Hop {
	if h == nil || h.Verdict != Dropped || !h.absent {
		return h
	}
	for _, ep := range of {
		if ep == nil {
			continue
		}
		if why := j.world.moving(h.Host, ep); why != "" {
			k := movedKey{h, ep}
			if j.moved[k] == nil {
				c := *h
				c.Verdict, c.Why = Unknown, "moving: "+why+"; "+h.Why
				j.moved[k] = &c
			}
			return j.moved[k]
		}
	}
	return h
}

type movedKey struct {
	h  *Hop
	ep *Endpoint
}

// missing is the doubt about a node whose bundle is missing.
func (j *judge) missing(ep *Endpoint) *Hop {
	k := ep.Node
	if j.gone[k] == nil {
		j.gone[k] = &Hop{Host: j.world.node(ep.Node), Step: "bundle", Verdict: Unknown, Why: "there is no bundle of " + j.world.node(ep.Node), Subject: "host:" + j.world.node(ep.Node), Ref: ep.Ref}
	}
	return j.gone[k]
}

// carry judges the overlay from a sandbox on one host to an endpoint: nil when frames get to the endpoint's device.
func (j *judge) carry(from *legState, ep *Endpoint) *Hop {
	return j.along(from, ep, *from.hn.way(ep))
}

// six is the doubt about what crosses an overlay by IPv6: who answers for neighbours there is not judged.
func (j *judge) six(host string, net *Network) *Hop {
	return j.once("six", host, net.Net, func() *Hop {
		return &Hop{Host: host, Step: "IPv6", Verdict: Unknown, Subject: "ipv6:" + host + "/" + net.Name, Expected: "a way over " + net.Name + " by IPv6", Ref: net.Ref,
			Why: "ways over an overlay are walked by IPv4 only"}
	})
}

// both reports whether a sandbox has an address of IPv6 on its network, too: then the answers to a name may lead to either.
func (j *judge) both(l *legState) bool {
	for _, ep := range j.world.owned[l.ep.Owner] {
		if ep.Net == l.hn.net && ep.IP.Is6() {
			return true
		}
	}
	return false
}

// along judges a way over the overlay.
func (j *judge) along(from *legState, ep *Endpoint, way way) *Hop {
	hn := from.hn
	if ep.IP.Is6() {
		return j.six(hn.host.name, ep.Net)
	}
	arp := way.arp
	if h, ok := from.except[ep.IP]; ok {
		if h != nil && h.another {
			return h
		}
		arp = h
	} else if arp != nil && arp.Verdict == Dropped && !from.knows {
		drop := arp
		arp = j.once("forgotten", hn.host.name, drop.Subject, func() *Hop {
			c := *drop
			c.Verdict, c.Why = Unknown, drop.Why+"; whether the sandbox remembers the link address was not captured"
			return &c
		})
	}
	first := worst(arp, way.rest)
	if way.tun == nil || verdictOf(first) == Dropped {
		return j.settled(first, ep, from.ep)
	}
	return j.settled(worst(first, j.tunnel(from, ep, way.tun)), ep, from.ep)
}

// tunnel judges the way through the underlay and at the far host: nil when frames get to the endpoint's device.
func (j *judge) tunnel(from *legState, ep *Endpoint, t *tunnel) *Hop {
	a := from.hn.host
	u := a.under(*t)
	if u == nil {
		return nil
	}
	at := j.seat(ep)
	b, far := at.host, at.net
	if b == nil {
		return worst(u.bad, j.missing(ep))
	}
	var in *Hop
	g := b.gate(*t)
	switch {
	case g != nil && u.src.IsValid():
		in = g.stops(u.src)
	case g != nil:
		in = g.any
	case far != nil:
		in = j.once("gate", b.name, endpointText(t.vtep, uint16(t.port)), func() *Hop {
			return &Hop{Host: b.name, Place: "host", Step: "underlay, arrival", Verdict: Unknown, Subject: "vtep:" + b.name, Observed: endpointText(t.vtep, uint16(t.port)),
				Why: "no device of this host is known to have the address, or none of its tunnels uses the UDP port"}
		})
	}
	endHop, ok := far.end(t)
	if !ok {
		endHop = j.once("end", b.name, ep.Net.Net, func() *Hop {
			h := &Hop{Host: b.name, Step: "tunnel", Verdict: Dropped, Expected: fmt.Sprintf("a VXLAN device for VNI %d and UDP port %d", t.vni, t.port),
				Subject: "vxlan:" + b.name, Why: "no VXLAN device of the network takes what the other host sends"}
			if far != nil {
				h.Place, h.Subject = far.space, "vxlan:"+b.name+"/"+far.space
				h.Observed, h.Ref = far.vxlan, far.ref
			}
			if far == nil {
				h.absent = true
				h.Why = "the host has no namespace for the network"
			}
			if !j.whole[b.name] {
				h.Verdict, h.Why = Unknown, "the namespaces and devices of the host were not captured whole"
			}
			return h
		})
	}
	if far == nil {
		return worst(u.bad, in, endHop)
	}
	if ep.Net.Encrypted {
		return worst(j.sealedWay(a, b, t), in.unlessRules(), endHop, j.mtu(from, u), j.takes(from, u, b, g), far.way(ep).rest)
	}
	back := far.way(ep)
	var snoop *Hop
	if from.ep != nil && u.src.IsValid() {
		if r := far.way(from.ep); r.tun != nil && r.rest == nil && r.fixed && r.learns != untaught && r.tun.vtep != u.src {
			snoop = j.once("snoop", b.name, from.ep.IP.String()+"/"+ep.Net.Net+"/"+u.src.String(), func() *Hop {
				h := &Hop{Host: b.name, Place: far.space, Step: "tunnel, source", Verdict: Dropped, Subject: "fdb:" + b.name + "/" + far.space + "/" + from.ep.MAC,
					Expected: from.ep.MAC + " comes from " + r.tun.vtep.String(), Observed: "comes from " + u.src.String(),
					Why: "a VXLAN device drops what comes from elsewhere than its permanent entry for the sender says (vxlan_snoop)"}
				if r.learns == mayBeTaught {
					h.Verdict, h.Why = Unknown, "whether the VXLAN device minds where frames come from was not captured"
				}
				return h
			})
		}
	}
	return worst(u.bad, in, endHop, snoop, j.mtu(from, u), j.takes(from, u, b, g), back.rest)
}

// unlessRules is what stops a plain packet at a host, but for the rules: those are asked again for what an encrypted
// network sends.
func (h *Hop) unlessRules() *Hop {
	if h != nil && strings.HasPrefix(h.Step, "rules") {
		return nil
	}
	return h
}

// once makes a hop that several pairs share.
func (j *judge) once(kind, a, b string, make func() *Hop) *Hop {
	k := [3]string{kind, a, b}
	h, ok := j.shared[k]
	if !ok {
		h = make()
		j.shared[k] = h
	}
	return h
}

// door is arrival at an endpoint's port: nil when a socket takes the connection.
func (j *judge) door(ep *Endpoint, p port) *Hop {
	l := j.legOf(ep)
	switch {
	case j.seat(ep).host == nil:
		return j.missing(ep)
	case l == nil && ep.IP.Is6():
		return j.six(ep.Host, ep.Net)
	case l == nil && j.loose(ep) != nil:
		return j.loose(ep)
	case l == nil && !j.whole[ep.Host]:
		return j.once("leg", ep.Host, "", func() *Hop {
			return &Hop{Host: ep.Host, Step: "sandbox", Verdict: Unknown, lacks: "address", Subject: "captured:" + ep.Host + "/address", Expected: "a sandbox for each address of the host's endpoints",
				Why: "the namespaces, devices and addresses of the host were not captured whole"}
		})
	case l == nil:
		return j.settled(j.once("leg", ep.Host, ep.Net.Net+ep.IP.String(), func() *Hop {
			h := &Hop{Host: ep.Host, Step: "sandbox", Verdict: Dropped, absent: true, Subject: "address:" + ep.Host + "/" + ep.Net.Net + "/" + ep.IP.String(), ExpectedRef: ep.Ref,
				Expected: ep.Label + " has " + ep.IP.String(), Why: "no sandbox of the host has the address"}
			return h
		}), ep)
	}
	return j.enter(l, &l.entrance, ep, p)
}

// enter is what an entrance of an endpoint's sandbox makes of a port.
func (j *judge) enter(l *legState, e *entrance, ep *Endpoint, p port) *Hop {
	if p.Port == 0 {
		return e.any
	}
	h, ok := e.door(p)
	if ok {
		return j.settled(h, ep)
	}
	if !l.whole {
		return j.once("listen", ep.Host, "", func() *Hop {
			return &Hop{Host: ep.Host, Step: "socket", Verdict: Unknown, lacks: "socket", Subject: "captured:" + ep.Host + "/socket", Expected: "the table socket of its namespaces of the kind container", Observed: "not captured whole",
				Why: "the table socket was not captured whole: nothing is told that depends on it"}
		})
	}
	return j.settled(j.once("listen", ep.Host, l.netns+"/"+p.String()+"/"+ep.Owner, func() *Hop {
		h := &Hop{Host: ep.Host, Place: l.space, Netns: l.netns, Step: "socket", Verdict: Dropped, absent: true, Subject: fmt.Sprintf("listener:%s/%s/%s/%d", ep.Host, ep.Owner, p.Proto, p.Port),
			Expected: fmt.Sprintf("a socket for %s at port %d, as the other tasks have", p.Proto, p.Port), Observed: "none", Why: "nothing listens there", Ref: ep.Ref}
		return h
	}), ep)
}

// loose is the port of an endpoint that is on no bridge, nil where none is.
func (j *judge) loose(ep *Endpoint) *Hop {
	if hn := j.seat(ep).net; hn != nil {
		return hn.loose[ep.IP]
	}
	return nil
}

// A seat is where an endpoint is: its host, its network there and its sandbox, nil where one of them was not found.
type seat struct {
	host *hostState
	net  *hostNet
	leg  *legState
}

// seat looks an endpoint up once: each pair asks.
func (j *judge) seat(ep *Endpoint) *seat {
	seats := j.seats[ep.Net]
	if seats == nil {
		seats = make([]seat, ep.Net.endpoints)
		j.seats[ep.Net] = seats
	}
	s := &seats[ep.place]
	if s.host != nil {
		return s
	}
	if s.host = j.hosts[ep.Host]; s.host != nil { // else it may be read yet
		if s.net = s.host.nets[ep.Net.Net]; s.net != nil {
			s.leg = s.net.legOf(ep)
		}
	}
	return s
}

// legOf is the sandbox of an endpoint on its host, nil where none was found.
func (j *judge) legOf(ep *Endpoint) *legState { return j.seat(ep).leg }

// answer judges the way of the answer from an endpoint back to a sandbox on the network.
func (j *judge) answer(from *Endpoint, to *Endpoint) *Hop {
	l := j.legOf(from)
	if l == nil || to == nil {
		return nil // arrival says so
	}
	return j.along(l, to, j.taught(l, to))
}

// taught is the way of an answer, with what its request has put right: a VXLAN device that learns has seen the request come in,
// and has an entry for the link address by then, or has changed the one that it had learned. One that is permanent or
// noarp stays as it is (vxlan_snoop, drivers/net/vxlan/vxlan_core.c).
func (j *judge) taught(from *legState, to *Endpoint) way {
	w := *from.hn.way(to)
	if w.rest == nil || w.rest.taught == untaught {
		return w
	}
	a := from.hn.host
	src, known := j.source(to, from)
	t := tunnel{src, w.tun.port, w.tun.vni}
	asked := a.under(t) != nil
	if from.hn.net.Encrypted {
		asked = asked && a.seals[sealedKey(t)] != nil
	}
	if w.rest.taught == teachable && known && asked {
		w.rest, w.tun = nil, &t
		return w
	}
	if w.rest.Verdict != Dropped {
		return w
	}
	why := "whether the request teaches it another one was not captured"
	if w.rest.taught == teachable {
		why = "by which of its addresses the request comes, and teaches another one, is not known"
	}
	bad := w.rest
	w.rest = j.once("taught", bad.Subject, a.name, func() *Hop {
		c := *bad
		c.Verdict, c.Why = Unknown, bad.Why+"; "+why
		return &c
	})
	return w
}

// source is the outer source address of what an endpoint's host sends to a sandbox; ok is false when that is not known,
// or nothing gets here.
func (j *judge) source(ep *Endpoint, to *legState) (src netip.Addr, ok bool) {
	l := j.legOf(ep)
	if l == nil || to.ep == nil {
		return src, false
	}
	t := l.hn.way(to.ep).tun
	if t == nil {
		return src, false
	}
	u := l.hn.host.under(*t)
	if u == nil || !u.src.IsValid() {
		return src, false
	}
	return u.src, true
}
