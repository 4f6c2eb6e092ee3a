package path

import (
	"net/netip"
	"slices"
)

// viaVIP judges a client and the virtual address of a service.
func (j *judge) viaVIP(l *legState, s *Service, p port, vip netip.Addr, target string, b behind, every bool) {
	hn := l.hn
	pair := Pair{ClientKind: "task", ClientHost: hn.host.name, Client: l.ep.Label, ClientService: l.ep.Service, Server: s.Name, Network: hn.net.Name, Via: "vip", Target: target, Proto: p.Proto, Port: p.Port, many: hn.net.many}
	name := l.resolving(s.Name)
	out := j.settled(l.toward(vip, p), l.ep)
	var arp part
	if v := hn.vips[vipKey{vip, p.Proto}]; v != nil {
		arp.hop = j.toVIP(l, v)
		arp.id = j.number("balancer", hn.host.name, arp.hop)
	}
	itself := l.own[vip]
	if itself != nil { // a task of the service on a network with direct routing: its packets do not leave it
		out = nil
	}
	h := worst(name, out)
	front := part{h, 0}
	if p == s.portsOf()[0] {
		front.id = j.note("client", hn.host.name, hn.net, s.Name, l.ep.Label+" asks for "+s.Name, h)
	} else {
		front.id = j.number("client", hn.host.name, h)
	}
	if itself != nil {
		h := itself.at(p)
		j.pair(pair, front, append(j.wrongly(l, s.Name), part{h, j.note("client", hn.host.name, hn.net, target, l.ep.Label+" asks for "+s.Name+", and has "+vip.String()+" itself", h)}), every)
		return
	}
	backends, back := j.answering(l, b, p)
	j.pair(pair, first(front, arp, back), append(j.wrongly(l, s.Name), backends...), every)
}

// toVIP is what keeps a client from learning the balancer's link address.
func (j *judge) toVIP(l *legState, v *vipState) *Hop {
	arp, ok := l.except[v.vip.IP]
	if !ok {
		arp = v.way.arp
		if verdictOf(arp) == Dropped && !l.knows {
			arp = j.once("unremembered", l.netns, l.hn.host.name+v.vip.IP.String(), func() *Hop {
				c := *v.way.arp
				c.Verdict, c.Why = Unknown, c.Why+"; whether the sandbox remembers the link address was not captured"
				return &c
			})
		}
	}
	if arp == nil {
		return nil
	}
	return j.settled(arp, j.world.Services[v.vip.ServiceID].newest(l.hn.net))
}

// newest is the task of a service that has run for the shortest time, nil for none: on a network, on any where it is nil.
func (s *Service) newest(net *Network) *Endpoint {
	if s == nil {
		return nil
	}
	var out *Endpoint
	for _, t := range s.tasks {
		if (net == nil || t.Net == net) && (out == nil || t.Since > out.Since) {
			out = t
		}
	}
	return out
}

// wrongly are the answers to a name that are nobody's, as backends that are not reached.
func (j *judge) wrongly(l *legState, name string) []part {
	var out []part
	for _, h := range l.wrong(name) {
		out = append(out, part{h, j.number("client", l.hn.host.name, h)})
	}
	return out
}

// toward is what keeps a sandbox's packets for a port of an address from leaving it.
func (l *legState) toward(ip netip.Addr, p port) *Hop {
	o := leaving{l.out, l.leaves}
	if p.Proto == "udp" && l.udp != nil {
		o = *l.udp
	}
	h, ok := o.out[ip]
	if !ok {
		h = o.leaves
	}
	if p.Proto == "tcp" {
		h = worst(h, l.spent[netip.AddrPortFrom(ip, uint16(p.Port))])
	}
	return h
}

// direct judges a client and the tasks of a service that it reaches by their own addresses.
func (j *judge) direct(l *legState, s *Service, every bool) {
	hn := l.hn
	name, via := s.tasksName, "tasks"
	if s.DNSRR {
		name, via = s.Name, "dnsrr"
	}
	h := l.resolving(name)
	front := part{h, j.note("client", hn.host.name, hn.net, name, l.ep.Label+" asks for "+name, h)}
	for _, x := range l.wrong(name) {
		j.note("client", hn.host.name, hn.net, name, l.ep.Label+" asks for "+name, x)
	}
	for i, p := range s.portsOf() {
		backends := j.wrongly(l, name)
		for _, ep := range s.tasks {
			if ep.Net != hn.net || ep == l.ep || ep.Owner == l.ep.Owner {
				continue
			}
			if ep.IP.Is6() {
				if j.both(l) {
					x := j.six(hn.host.name, hn.net)
					backends = append(backends, part{x, j.note("overlay", hn.host.name, hn.net, targetText(ep.IP, p), l.ep.Label+" asks for "+name, x)})
				}
				continue
			}
			if a := l.answered(name); a != nil && !a[ep.IP] && h == nil {
				continue // nobody is sent there
			}
			if own := l.own[ep.IP]; own != nil { // it asks itself
				itself := own.at(p)
				backends = append(backends, part{itself, j.note("client", hn.host.name, hn.net, targetText(ep.IP, p), l.ep.Label+" asks for "+name+", and has "+ep.IP.String()+" itself", itself)})
				continue
			}
			there := worst(j.carry(l, ep), j.large(l, ep, p.Proto))
			door := j.door(ep, p)
			back := j.answer(ep, l.ep)
			out := j.settled(l.toward(ep.IP, p), l.ep)
			backends = append(backends, first(part{out, j.number("client", hn.host.name, out)}, part{there, j.number("overlay", hn.host.name, there)},
				part{door, j.number("arrival", ep.Host, door)}, part{back, j.number("overlay", ep.Host, back)}))
		}
		if len(backends) == 0 {
			continue
		}
		j.pair(Pair{ClientKind: "task", ClientHost: hn.host.name, Client: l.ep.Label, ClientService: l.ep.Service, Server: s.Name, Network: hn.net.Name, Via: via, Target: s.texts[i], Proto: p.Proto, Port: p.Port, many: hn.net.many},
			front, backends, every)
	}
}

// unseen counts the pairs of clients whose sandboxes were not found in what was captured: on a host without a bundle, or
// in one that was not read whole.
func (j *judge) unseen(every bool) {
	for _, ep := range j.world.Endpoints {
		if ep.IP.Is6() || ep.Net.Ingress || ep.Kind != "task" && ep.Kind != "container" || ep.Net.byIP[ep.IP] != ep || j.legOf(ep) != nil {
			continue
		}
		host := ep.Host
		if host == "" {
			host = j.world.node(ep.Node)
		}
		h := j.door(ep, port{"tcp", 0})
		front := part{h, j.note("client", host, ep.Net, ep.Label, ep.Label+" asks for anything", h)}
		for _, s := range j.world.onNetwork(ep.Net) {
			for _, p := range s.portsOf() {
				pair := Pair{ClientKind: "task", ClientHost: host, Client: ep.Label, ClientService: ep.Service, Server: s.Name, Network: ep.Net.Name, Proto: p.Proto, Port: p.Port, Target: targetText(netip.Addr{}, p), many: ep.Net.many}
				if !s.DNSRR {
					for ip := range j.world.meant(s, ep.Net, false) {
						pair.Via, pair.Target = "vip", targetText(ip, p)
						j.pair(pair, front, nil, every)
					}
				}
				pair.Via, pair.Target = "tasks", targetText(netip.Addr{}, p)
				if s.DNSRR {
					pair.Via = "dnsrr"
				}
				others := slices.ContainsFunc(s.tasks, func(t *Endpoint) bool { return t.Net == ep.Net && t.Owner != ep.Owner })
				if others {
					j.pair(pair, front, nil, every)
				}
			}
		}
	}
}
