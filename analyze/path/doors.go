package path

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/analyze/ruleset"
)

// highPort is the first port that the kernel hands out by itself (ip_local_port_range): a UDP socket at such a port is
// somebody's question, not a service.
const highPort = 32768

// examineDoors judges arrival at a task: at any port, at those that its service is said to have, and where it listens.
func (m *machine) examineDoors(ls *legState, l leg) {
	for _, k := range l.space.Sockets {
		if k.Seen.Gone() || k.Local.IsLoopback() || k.Port >= highPort || k.Local.IsValid() && !k.Local.IsUnspecified() && k.Local != ls.ep.IP {
			continue
		}
		if p := (port{strings.Clone(k.Proto), k.Port}); !slices.Contains(ls.listen, p) {
			ls.listen = append(ls.listen, p)
		}
	}
	ls.entrance = m.examineEntrance(ls, l, ls.ep.IP)
	for _, v := range ls.hn.net.vip {
		if !ls.hn.net.DSR || v.ServiceID != ls.ep.ServiceID || !v.IP.Is4() {
			continue
		}
		if ls.virtual == nil {
			ls.virtual = map[netip.Addr]*entrance{}
		}
		e := m.examineEntrance(ls, l, v.IP)
		ls.virtual[v.IP] = &e
	}
}

// examineEntrance judges arrival at a task by one of the addresses that it should have.
func (m *machine) examineEntrance(ls *legState, l leg, ip netip.Addr) entrance {
	judge := func(p port) *Hop {
		w := &walk{}
		q := opening(protocol(p.Proto))
		q.Dst, q.Dport = ip, uint16(p.Port)
		m.arrive(w, l, q, ls.ep, nil)
		return m.kept(w.bad)
	}
	e := entrance{any: judge(port{"tcp", 0})}
	for _, p := range ls.listen {
		e.doors = append(e.doors, door{p, judge(p)})
	}
	if s := m.world.Services[ls.ep.ServiceID]; s != nil {
		for p := range s.ports {
			if _, ok := e.door(p); !ok {
				e.doors = append(e.doors, door{p, judge(p)})
			}
		}
	}
	return e
}

// examineMeshDoors judges arrival at a task from the routing mesh: the published port is redirected to the target.
func (m *machine) examineMeshDoors(ls *legState, l leg) {
	for _, pub := range m.world.Ports {
		if pub.ServiceID != ls.ep.ServiceID || pub.Mode != "ingress" || pub.Port == 0 {
			continue
		}
		w := &walk{}
		q := opening(protocol(pub.Proto))
		q.Dst, q.Dport = ls.ep.IP, uint16(pub.Port)
		m.arriveMesh(w, l, q, ls.ep, pub)
		ls.doors = append(ls.doors, door{port{pub.Proto, pub.Port}, m.kept(w.bad)})
	}
}

// arriveMesh is arrival at a published port; where no rule redirects it, that is what stops it.
func (m *machine) arriveMesh(w *walk, l leg, p ruleset.Packet, task *Endpoint, pub *Published) {
	out := m.arrive(w, l, p, task, nil)
	if w.bad != nil && w.bad.Step == "socket" && out.Dport == uint16(pub.Port) && pub.Port != pub.Target {
		w.bad.Subject = fmt.Sprintf("redirect:%s/%s/%s/%d", m.Name, l.space.Name, pub.Proto, pub.Port)
		w.bad.Why, w.bad.ExpectedRef = "no rule redirects the published port to the port of the task", pub.Ref
		w.bad.Expected, w.bad.Observed = fmt.Sprintf("port %d is redirected to %d", pub.Port, pub.Target), "not redirected"
		if len(w.hops) > 0 {
			w.hops[len(w.hops)-1] = *w.bad
		}
	}
}
