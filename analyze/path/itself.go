package path

import (
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// toItself walks a packet for an address that the sandbox has itself: by lo to its own sockets, without a question for a
// link address (ip_route_output_key_hash_rcu, net/ipv4/route.c). What answers there is not who was meant, but it answers.
// h is the hop of the route.
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
			h.Subject, h.Ref, h.Observed = "", k.Ref, "an address of the sandbox itself, which answers in the place of who was meant"
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

// examineOwn judges what a sandbox sends to the addresses of others that it has, too.
func (m *machine) examineOwn(ls *legState, l leg) {
	for _, ep := range ls.hn.net.list {
		if ep == ls.ep || !ep.IP.Is4() || l.space.Local(ep.IP) == nil {
			continue
		}
		judge := func(p port) *Hop {
			w := &walk{}
			q := opening(protocol(p.Proto))
			q.Src, q.Dst, q.Dport = ls.ep.IP, ep.IP, uint16(p.Port)
			m.leave(w, l, q)
			return m.kept(w.bad)
		}
		o := &owned{any: judge(port{"tcp", 0}), ports: map[port]*Hop{}, rest: judge(port{"tcp", nowhere})}
		for _, k := range l.space.Sockets {
			if p := (port{strings.Clone(k.Proto), k.Port}); !k.Seen.Gone() {
				o.ports[p] = judge(p)
			}
		}
		if s := m.world.Services[ep.ServiceID]; s != nil {
			for p := range s.ports {
				o.ports[p] = judge(p)
			}
		}
		if ls.own == nil {
			ls.own = map[netip.Addr]*owned{}
		}
		ls.own[ep.IP] = o
	}
}

// nowhere stands for a port at which nothing listens: tcpmux, which is as good as never in use.
const nowhere = 1
