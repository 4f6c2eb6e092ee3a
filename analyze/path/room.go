package path

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/analyze/stack"
)

// tracked doubts new connections in a namespace whose connection tracking is full: the kernel drops what it finds no room
// for, but throws out an entry that may go where it finds one near (__nf_conntrack_alloc and early_drop,
// net/netfilter/nf_conntrack_core.c).
func (m *machine) tracked(s *stack.Space) *Hop {
	u := s.Tracking
	if u == nil || u.Max == 0 || u.Entries < u.Max {
		return nil
	}
	return &Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "conntrack", Verdict: Unknown, Ref: u.Ref, Subject: "conntrack:" + m.Name + "/" + s.Name,
		Expected: "room for a connection", Observed: fmt.Sprintf("%d of %d entries", u.Entries, u.Max),
		Why: "connection tracking is full: a new connection gets through where the kernel finds an entry that may go"}
}

// spent finds to whom a sandbox has no port left: as many connections as ip_local_port_range has ports
// (__inet_hash_connect, net/ipv4/inet_hashtables.c).
func (m *machine) spent(l leg) map[netip.AddrPort]*Hop {
	v, ok := l.space.Sysctl("net.ipv4.ip_local_port_range")
	if !ok {
		return nil
	}
	f := strings.Fields(v.Value)
	if len(f) != 2 {
		return nil
	}
	from, err1 := strconv.Atoi(f[0])
	to, err2 := strconv.Atoi(f[1])
	if err1 != nil || err2 != nil || to < from {
		return nil
	}
	count := map[netip.AddrPort]int{}
	ref := map[netip.AddrPort]string{}
	for _, g := range l.space.Groups {
		k := netip.AddrPortFrom(g.Peer, uint16(g.Port))
		count[k] += g.Sockets
		ref[k] = g.Ref
	}
	var out map[netip.AddrPort]*Hop
	for k, n := range count {
		if n < to-from+1 {
			continue
		}
		if out == nil {
			out = map[netip.AddrPort]*Hop{}
		}
		out[k] = (&Hop{Host: m.Name, Place: l.space.Name, Netns: l.space.ID, Step: "source port", Verdict: Dropped, Ref: ref[k], ExpectedRef: v.Ref(),
			Subject: "ports:" + m.Name + "/" + l.space.Name + "/" + k.String(), Expected: "a free port of " + v.Value,
			Observed: fmt.Sprintf("%d connections to %s", n, k), Why: "each port of the sandbox's range has a connection there: the kernel refuses another"}).clone()
	}
	return out
}

// awake doubts a next hop on the host's link that did not answer when it was last asked.
func (m *machine) awake(w *walk, dev *stack.Link, next netip.Addr) {
	n, _ := m.Initial.Neighbour(dev, next)
	if n == nil || n.Valid() {
		return
	}
	w.doubt(Hop{Host: m.Name, Place: m.Initial.Name, Netns: m.Initial.ID, Step: "neighbour", Expected: next.String() + " answers on " + dev.Name, Observed: "state " + n.State, Ref: n.Ref(),
		Subject: "neighbour:" + m.Name + "/" + m.Initial.Name + "/" + next.String(), Why: "it did not answer when it was last asked"})
}
