package path

import (
	"fmt"
	"net/netip"
)

// examinePublished judges the published ports that this host should serve, and the ways out of its containers.
func (m *machine) examinePublished(hs *hostState) {
	var others narrowing
	looked := false
	own := m.ownAddress()
	for _, pub := range m.world.Ports {
		if pub.Port == 0 || pub.Proto == "sctp" || pub.Mode == "ingress" && !m.world.mesh[m.Name] || pub.Mode == "host" && !m.world.hasTask(pub.ServiceID, m.Name) {
			continue
		}
		ps := m.publish(&walk{}, pub, somewhere4)
		if !looked && ps.at.IsValid() {
			others, looked = m.world.narrow(m.Name, ps.at), true
		}
		ps.wide = others.stop(pub.Proto)
		all := []*pubState{ps}
		for _, at := range [...]netip.Addr{own, loopback4} {
			all = append(all, m.publishOwn(&walk{}, pub, at, ps))
		}
		for i, x := range all {
			x.bad, x.hops = m.kept(x.bad), nil
			if x.bal != nil && (i == 0 || x.bal != ps.bal) {
				m.keepOnly(x.bal)
			}
		}
		hs.pubs = append(hs.pubs, all...)
	}
	m.examineEgress(hs)
}

// hasTask reports whether a service has a running task on a host.
func (w *World) hasTask(service, host string) bool {
	s := w.Services[service]
	if s == nil {
		return false
	}
	for _, ep := range s.tasks {
		if ep.Host == host {
			return true
		}
	}
	return false
}

// published judges the published ports of a host.
func (j *judge) published(hs *hostState, every bool) {
	for _, ps := range hs.pubs {
		p := Pair{ClientKind: "outside", ClientHost: hs.name, Client: "outside", Server: ps.pub.Service, Via: ps.pub.Mode, Target: fmt.Sprintf("%s/%s", endpointText(ps.at, uint16(ps.pub.Port)), ps.pub.Proto), Proto: ps.pub.Proto, Port: ps.pub.Port}
		if ps.own {
			p.ClientKind, p.Client = "host", hs.name
		}
		s := j.world.Services[ps.pub.ServiceID]
		bad := j.settled(ps.bad, s.newest(nil))
		stop := worst(bad, ps.wide)
		front := part{stop, j.note("published", hs.name, nil, fmt.Sprintf("%d/%s", ps.pub.Port, ps.pub.Proto), ps.pub.Service, stop)}
		var backends []part
		var hn *hostNet
		for _, n := range hs.nets {
			if n.net.Ingress {
				hn = n
			}
		}
		if hn != nil && ps.pub.Mode == "ingress" {
			p.Network = hn.net.Name
		}
		if ps.bal != nil && bad == nil {
			if hn != nil && hn.lb != nil {
				backends = j.meshBackends(hn, s, ps)
			}
		}
		if len(backends) == 0 {
			backends = []part{{}}
		}
		j.pair(p, front, backends, every)
	}
}

// meshBackends judges the destinations of a published port, one by one.
func (j *judge) meshBackends(hn *hostNet, s *Service, ps *pubState) []part {
	host, net := hn.host.name, hn.net
	var out []part
	for i := range ps.bal.to {
		t := &ps.bal.to[i]
		h := t.bad
		if h == nil {
			h = j.nobody(hn, t, ps.bal.mark, s)
		}
		if h != nil {
			out = append(out, part{h, j.note("published", host, net, targetText(t.ip, port{ps.pub.Proto, ps.pub.Port}), ps.pub.Service, h)})
			continue
		}
		there := worst(j.carry(hn.lb, t.ep), j.large(hn.lb, t.ep, ps.pub.Proto))
		door := j.door(t.ep, port{ps.pub.Proto, ps.pub.Port})
		if s != nil && s.stranger(t.ep) {
			door = j.foreign(hn, t, ps.bal.mark, s, port{ps.pub.Proto, ps.pub.Port}, verdictOf(door))
		}
		back := j.answer(t.ep, hn.lb.ep)
		out = append(out, first(part{there, j.number("overlay", host, there)}, part{door, j.number("arrival", t.ep.Host, door)}, part{back, j.number("overlay", t.ep.Host, back)}))
	}
	return out
}
