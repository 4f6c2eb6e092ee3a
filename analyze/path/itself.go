package path

import (
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// toItself walks a packet for an address that the sandbox has itself: by lo to its own sockets, without a question for a
// link address (ip_route_output_key_hash_rcu, net/ipv4/route.c). What answers there is not who was meant, but it answers.
// h is the hop of the route. Port 0 means any: no socket is asked for.
func (m *machine) toItself(w *walk, s *stack.Space, p ruleset.Packet, h Hop) {
	p.Out, p.Local, p.Kind = "lo", true, ruleset.KindHost
	q := m.hook(w, s, ruleset.Output, p)
	if w.stopped() {
		return
	}
	if q.Dst != p.Dst || q.Dport != p.Dport {
		h.Why = "the address is the sandbox's own, too, and a rule translates it to " + endpointText(q.Dst, q.Dport)
		w.doubt(h)
		return
	}
	q = m.hook(w, s, ruleset.Postrouting, q)
	if w.stopped() {
		return
	}
	q.In, q.Out, q.Local = "lo", "", false
	m.hook(w, s, ruleset.Input, q)
	if w.stopped() {
		return
	}
	if p.Dport == 0 {
		return
	}
	name := "tcp"
	if p.Proto == protoUDP {
		name = "udp"
	}
	k, _ := s.Listener(name, p.Dst, int(p.Dport), "lo")
	switch {
	case k == nil && !s.Whole("socket"):
		h.Why = "the address is the sandbox's own, too, and whether anything listens there was not captured"
		w.doubt(h)
	case k == nil:
		h.Why = "the address is the sandbox's own, too: the packet does not leave it, and nothing listens there"
		w.drop(h)
	default:
		m.answersFrom(w, s, "lo", p)
		if w.keep && !w.stopped() {
			h.Subject, h.Ref, h.Observed = "", k.Ref, "an address of the sandbox itself, which answers"
			w.pass(h)
		}
	}
}

// An owned is an address of another endpoint that a sandbox has beside its own: what becomes of what it sends there.
type owned struct {
	any   *Hop          // to a port that is not known
	ports map[port]*Hop // to those where it listens, and those that the other's service is said to have
	rest  *Hop          // to any other
}

// at is what stops what a sandbox sends to a port of an address that it has itself; nil when it answers itself.
func (o *owned) at(p port) *Hop {
	if p.Port == 0 {
		return o.any
	}
	if h, ok := o.ports[p]; ok {
		return h
	}
	return o.rest
}

// holds reports whether a task has the virtual address of its own service, as direct routing has it.
func (ls *legState) holds(l leg, v *VIP) bool {
	return v.ServiceID != "" && v.ServiceID == ls.ep.ServiceID && v.IP.Is4() && l.space.Local(v.IP) != nil
}

// examineOwn judges what a sandbox sends to the addresses of others that it has, too, and to that of its service if it has it.
func (m *machine) examineOwn(ls *legState, l leg) {
	has := func(ip netip.Addr, serviceID string) *owned {
		if ls.own == nil {
			ls.own = map[netip.Addr]*owned{}
		}
		ls.own[ip] = m.owned(ls, l, ip, m.world.Services[serviceID])
		return ls.own[ip]
	}
	for _, ep := range ls.hn.net.list {
		if ep != ls.ep && ep.IP.Is4() && l.space.Local(ep.IP) != nil {
			has(ep.IP, ep.ServiceID)
		}
	}
	for _, v := range ls.hn.net.vip {
		if !ls.holds(l, v) {
			continue
		}
		w := &walk{}
		p := opening(protoTCP)
		p.Src, p.Dst = ls.ep.IP, v.IP
		m.toItself(w, l.space, p, Hop{Host: m.Name, Place: l.space.Name, Netns: l.space.ID, Step: "route"})
		has(v.IP, v.ServiceID).any = m.kept(w.bad) // who is meant is the service, and the task is of it
	}
}

// owned judges what a sandbox sends to an address that it has, at the ports of whose service it may be asked; nil for none.
func (m *machine) owned(ls *legState, l leg, ip netip.Addr, of *Service) *owned {
	judge := func(p port) *Hop {
		w := &walk{}
		q := opening(protocol(p.Proto))
		q.Src, q.Dst, q.Dport = ls.ep.IP, ip, uint16(p.Port)
		m.leave(w, l, q)
		return m.kept(w.bad)
	}
	o := &owned{any: judge(port{"tcp", 0}), ports: map[port]*Hop{}, rest: judge(port{"tcp", nowhere})}
	for _, k := range l.space.Sockets {
		if p := (port{strings.Clone(k.Proto), k.Port}); !k.Seen.Gone() {
			o.ports[p] = judge(p)
		}
	}
	if of != nil {
		for p := range of.ports {
			o.ports[p] = judge(p)
		}
	}
	return o
}

// nowhere stands for a port at which nothing listens: tcpmux, which is as good as never in use.
const nowhere = 1
