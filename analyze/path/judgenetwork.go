package path

import "net/netip"

// network judges the pairs of the clients of one host on one network.
func (j *judge) network(hn *hostNet, every bool) {
	net, host := hn.net, hn.host.name
	// the overlay, for each endpoint: from the balancer where there is one
	sender := hn.lb
	if sender == nil && len(hn.legs) > 0 {
		sender = hn.legs[0]
	}
	carried := make([]part, len(net.list))
	if sender != nil {
		for i, ep := range net.list {
			if ep == sender.ep || ep.IP.Is6() {
				continue
			}
			h := j.carry(sender, ep)
			if verdictOf(h) == Delivered { // mostly: then nothing is put into words
				j.count("overlay", host).Delivered++
				carried[i].hop = h
				continue
			}
			carried[i] = part{h, j.note("overlay", host, net, ep.IP.String(), "from "+host+" to "+ep.Label, h)}
		}
	}
	if net.Ingress {
		return // Docker drops what tasks send there themselves; what comes for a published port is judged with the port
	}
	// arrival at the tasks of this host
	for _, l := range hn.legs {
		if l.ep == nil || l.ep.Kind != "task" && l.ep.Kind != "container" {
			continue
		}
		if s := j.world.Services[l.ep.ServiceID]; s != nil {
			for _, p := range s.portsOf() {
				j.note("arrival", host, net, targetText(l.ep.IP, p), "at "+l.ep.Label, j.door(l.ep, p))
			}
		}
	}
	type served struct {
		service *Service
		port    port
		vip     netip.Addr
		target  string
		behind  behind
	}
	var list []served
	for _, s := range j.world.onNetwork(net) {
		if s.DNSRR {
			continue
		}
		for _, p := range s.portsOf() {
			for ip := range j.world.meant(s, net, false) {
				list = append(list, served{s, p, ip, targetText(ip, p), j.balanced(hn, s, p, ip, carried)})
			}
		}
	}
	for _, l := range hn.legs {
		if l.ep == nil || l.ep.Kind != "task" && l.ep.Kind != "container" {
			continue
		}
		for _, s := range list {
			j.viaVIP(l, s.service, s.port, s.vip, s.target, s.behind, every)
		}
		for _, s := range j.world.onNetwork(net) {
			j.direct(l, s, every)
		}
	}
}

// balanced judges what lies behind a virtual address on one host.
func (j *judge) balanced(hn *hostNet, s *Service, p port, vip netip.Addr, carried []part) behind {
	host, net := hn.host.name, hn.net
	if vip.Is6() {
		h := j.six(host, net)
		return only(h, j.note("balancer", host, net, targetText(vip, p), s.Name, h))
	}
	v := hn.vips[vipKey{vip, p.Proto}]
	if v == nil {
		h := j.once("lb", host, net.Net, func() *Hop {
			for _, ep := range net.list {
				if x := hn.loose[ep.IP]; x != nil && ep.Kind == "lb" {
					c := *x
					c.Step, c.Subject = "balancer", "lb:"+host+"/"+net.Net
					return &c
				}
			}
			h := &Hop{Host: host, Step: "balancer", Verdict: Dropped, absent: true, Subject: "lb:" + host + "/" + net.Net, Ref: hn.own, Expected: "a balancer's sandbox on the network",
				Why: "no sandbox of this host balances load for the network"}
			if !j.whole[host] || hn.lb == nil && j.world.era(host) != "lb" {
				h.Verdict, h.Why = Unknown, "the balancer of this host was not found in what was captured"
			}
			return h
		})
		return only(h, j.note("balancer", host, net, targetText(vip, p), s.Name, h))
	}
	newest := s.newest(net)
	if h := j.settled(v.way.arp, newest); h != nil && verdictOf(v.bal.bad) == Delivered { // the client may remember the link address
		j.note("balancer", host, net, targetText(vip, p), s.Name, h)
	}
	if h := j.settled(worst(v.way.rest, v.bal.bad), newest); h != nil {
		return only(h, j.note("balancer", host, net, targetText(vip, p), s.Name, h))
	}
	var out behind
	foreign := 0
	for i := range v.bal.to {
		t := &v.bal.to[i]
		h := t.bad
		if h == nil {
			h = j.nobody(hn, t, v.bal.mark, s)
		}
		if h != nil {
			out.parts = append(out.parts, part{h, j.note("balancer", host, net, targetText(t.ip, p), s.Name, h)})
			continue
		}
		door := j.door(t.ep, p)
		if t.direct {
			door = j.directDoor(t.ep, vip, p)
		}
		if s.stranger(t.ep) {
			foreign++
			out.parts = append(out.parts, part{j.foreign(hn, t, v.bal.mark, s, p, verdictOf(door)), -1}) // noted below, unless all are
			continue
		}
		j.note("balancer", host, net, targetText(t.ip, p), s.Name, nil)
		back := j.large(hn.lb, t.ep, p.Proto)
		if !t.direct {
			back = worst(j.answer(t.ep, hn.lb.ep), back)
		} else {
			if out.direct == nil {
				out.direct = make([]*Endpoint, len(v.bal.to))
			}
			out.direct[i] = t.ep
		}
		out.parts = append(out.parts, first(carried[t.ep.n], part{door, j.number("arrival", t.ep.Host, door)}, part{back, j.number("overlay", t.ep.Host, back)}))
	}
	if foreign == len(v.bal.to) && foreign > 0 {
		h := j.strange(hn, s, v)
		return only(h, j.note("balancer", host, net, targetText(vip, p), s.Name, h))
	}
	for i := range out.parts {
		if x := &out.parts[i]; x.id < 0 {
			x.id = j.note("balancer", host, net, targetText(v.bal.to[i].ip, p), s.Name, x.hop)
		}
	}
	return out
}

// nobody is a destination that no task has; nil where one has it.
func (j *judge) nobody(hn *hostNet, t *target, mark string, s *Service) *Hop {
	if t.ep != nil && t.ep.Kind != "lb" && t.ep.Kind != "ingress" {
		return nil
	}
	host := hn.host.name
	return j.once("stale", host, hn.net.Net+mark+t.ip.String(), func() *Hop {
		x := &Hop{Host: host, Place: hn.lb.space, Netns: hn.lb.netns, Step: "destination", Verdict: Dropped, Subject: "ipvs:" + host + "/" + hn.lb.space + "/" + mark + "/" + t.ip.String(),
			Expected: "tasks of the service", Observed: t.ip.String() + ", which no task has", Ref: t.ref, Why: "the destination is nobody's"}
		if s != nil {
			x.Expected = "tasks of " + s.Name
		}
		if t.ep != nil {
			x.Observed, x.Why = t.ip.String()+", which is "+t.ep.Label, "the destination is a balancer"
		} else if !j.world.known[host] {
			x.Verdict, x.Why = Unknown, "whose address the destination is is not known"
		}
		return x
	})
}

// stranger reports whether an endpoint is known to be another service's.
func (s *Service) stranger(ep *Endpoint) bool { return ep.ServiceID != "" && ep.ServiceID != s.ID }

// foreign is a destination that is another service's task: whether that answers or not, it is not the one that was asked. door is what
// it makes of the port.
func (j *judge) foreign(hn *hostNet, t *target, mark string, s *Service, p port, door Verdict) *Hop {
	host := hn.host.name
	return j.once("foreign", host, hn.net.Net+mark+t.ip.String()+p.String(), func() *Hop {
		x := &Hop{Host: host, Place: hn.lb.space, Netns: hn.lb.netns, Step: "destination", Verdict: Dropped, Subject: "ipvs:" + host + "/" + hn.lb.space + "/" + mark + "/" + t.ip.String(),
			Expected: "tasks of " + s.Name, Observed: t.ip.String() + ", which is " + t.ep.Label, Ref: t.ref, Why: "the destination is another service's task"}
		switch door {
		case Delivered:
			x.Why += ", and answers in its place"
		case Dropped:
			x.Why += ", and does not listen at the port"
		}
		return x
	})
}

// strange is a virtual address whose mark leads to the tasks of others only.
func (j *judge) strange(hn *hostNet, s *Service, v *vipState) *Hop {
	other := ""
	for i := range v.bal.to {
		if ep := v.bal.to[i].ep; ep != nil {
			other = ep.Service
		}
	}
	return j.once("strange", hn.host.name, hn.net.Net+v.vip.IP.String(), func() *Hop {
		return &Hop{Host: hn.host.name, Place: hn.lb.space, Netns: hn.lb.netns, Step: "mark", Verdict: Dropped, Subject: "mark:" + hn.host.name + "/" + hn.lb.space + "/" + v.vip.IP.String(),
			Expected: "a mark that leads to the tasks of " + s.Name, Observed: "mark " + v.bal.mark + ", which leads to those of " + other, Ref: v.bal.markRef, ExpectedRef: v.vip.Ref,
			Why: "the last rule for the address sets the mark of another service"}
	})
}

func targetText(ip netip.Addr, p port) string {
	switch {
	case p.Port == 0 && !ip.IsValid():
		return p.Proto
	case p.Port == 0:
		return ip.String()
	case !ip.IsValid():
		return p.String()
	}
	return endpointText(ip, uint16(p.Port)) + "/" + p.Proto
}
