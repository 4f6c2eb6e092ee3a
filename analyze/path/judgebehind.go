package path

import "net/netip"

// Behind a virtual address on one host there is one part for each backend. A backend that answers by direct routing is named beside its
// part: how its answer gets to a client depends on the client.
type behind struct {
	parts  []part
	direct []*Endpoint // by part, nil for one whose answer passes the balancer; nil where all do
}

// only is the one part for all backends.
func only(h *Hop, id int) behind { return behind{parts: []part{{h, id}}} }

// answering are the backends with the way of their answers to a client, and what keeps from it all answers that pass the balancer, where
// all do.
func (j *judge) answering(l *legState, b behind, p port) (backends []part, all part) {
	if l.hn.lb == nil {
		return b.parts, all
	}
	back := j.fromBalancer(l, p)
	if b.direct == nil {
		return b.parts, back
	}
	for i, x := range b.parts {
		answer := back
		if ep := b.direct[i]; ep != nil {
			answer = j.straight(l, ep, p)
		}
		backends = append(backends, first(x, answer))
	}
	return backends, all
}

// fromBalancer is the way from the balancer of its host to a client.
func (j *judge) fromBalancer(l *legState, p port) part {
	host := l.hn.host.name
	if l.back == nil {
		h := j.carry(l.hn.lb, l.ep)
		l.back = &part{h, j.number("overlay", host, h)}
	}
	if p.Proto != "udp" {
		return *l.back
	}
	h := worst(l.back.hop, j.ends(l, l.hn.lb))
	return part{h, j.number("overlay", host, h)}
}

// straight is the way of an answer from a backend to the client itself, past the balancer.
func (j *judge) straight(l *legState, ep *Endpoint, p port) part {
	h := j.answer(ep, l.ep)
	if from := j.legOf(ep); from != nil && p.Proto == "udp" {
		h = worst(h, j.large(from, l.ep, p.Proto), j.ends(l, l.hn.lb))
	}
	return part{h, j.number("overlay", ep.Host, h)}
}

// directDoor is arrival at an endpoint's port of a packet that has come by direct routing, still for the virtual address.
func (j *judge) directDoor(ep *Endpoint, vip netip.Addr, p port) *Hop {
	l := j.legOf(ep)
	if l == nil {
		return j.door(ep, p) // which says why
	}
	if e := l.virtual[vip]; e != nil {
		return j.enter(l, e, ep, p)
	}
	return j.once("directly", ep.Host, l.netns+"/"+vip.String(), func() *Hop {
		return &Hop{Host: ep.Host, Place: l.space, Netns: l.netns, Step: "arrival, address", Verdict: Unknown, Subject: "address:" + ep.Host + "/" + l.space + "/" + vip.String(), Ref: ep.Ref,
			Expected: vip.String() + " is an address of the sandbox", Why: "a balancer routes directly on a network without the option dsr: whether the sandbox takes that is not walked"}
	})
}
