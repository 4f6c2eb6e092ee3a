package path

import (
	"fmt"
	"net/netip"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// leave walks a packet of the sandbox's own making out of its device on a network: route, rules, device. src is the
// sandbox's address on the network; where the kernel would choose another one, the packet leaves by another way.
func (m *machine) leave(w *walk, l leg, p ruleset.Packet) ruleset.Packet {
	s := l.space
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "route"}
	if p.Dst.IsValid() {
		d := s.Lookup(stack.Flow{Dst: p.Dst, Src: p.Src, Mark: p.Mark})
		if leaves := d.Known && !d.Local() && d.Link == l.dev && d.Next == p.Dst; !leaves || w.keep {
			dst := p.Dst.String()
			h.Expected = dst + " leaves by " + l.dev.Name
			h.Ref, h.Subject = or(d.Ref, s.Ref), "route:"+m.Name+"/"+s.Name+"/"+dst
		}
		switch {
		case !d.Known:
			h.Why = d.Why
			w.doubt(h)
			return p
		case d.Local():
			h.Observed, h.Why = "an address of the sandbox itself", "the address is the sandbox's own: the packet does not leave it"
			if p.Dport == 0 {
				w.doubt(h)
				return p
			}
			m.toItself(w, s, p, h)
			return p
		case d.Link == nil:
			h.Observed, h.Why = "no route", d.Why
			w.drop(h)
			return p
		case d.Link != l.dev:
			h.Observed, h.Why = "leaves by "+d.Link.Name, "the packet does not get onto the network"
			w.drop(h)
			return p
		case d.Next != p.Dst:
			h.Observed, h.Why = "by the gateway "+d.Next.String(), "an address of the network is reached by a gateway"
			w.doubt(h)
			return p
		}
		if !p.Src.IsValid() {
			p.Src = d.Source
		}
		if w.keep {
			h.Subject = ""
			h.Observed = fmt.Sprintf("by %s from %s", d.Link.Name, addrText(p.Src))
			w.pass(h)
		}
	}
	p.Out, p.Local, p.Kind = l.dev.Name, true, ruleset.KindHost
	q := m.hook(w, s, ruleset.Output, p)
	if w.stopped() {
		return p
	}
	if q.Dst != p.Dst || q.Mark != p.Mark && len(s.Rules) > 0 {
		if q.Dst != p.Dst {
			w.doubt(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "rules, output", Why: "a rule translates the destination to " + addrText(q.Dst)})
			return q
		}
		if d := s.Lookup(stack.Flow{Dst: q.Dst, Src: q.Src, Mark: q.Mark}); p.Dst.IsValid() && (!d.Forward() || d.Link != l.dev) {
			w.doubt(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "rules, output", Why: fmt.Sprintf("a rule sets the mark %d, with which the packet leaves by another way", q.Mark), Ref: d.Ref})
			return q
		}
	}
	q = m.hook(w, s, ruleset.Postrouting, q)
	if w.stopped() {
		return q
	}
	if !l.dev.Up() || !l.port.Up() {
		bad := l.dev
		if l.dev.Up() {
			bad = l.port
		}
		w.drop(Hop{Host: m.Name, Place: bad.Space.Name, Netns: bad.Space.ID, Step: "link", Expected: bad.Name + " up", Observed: bad.Name + " " + state(bad),
			Why: "the device is down", Ref: bad.Ref, Subject: m.linkSubject(bad), absent: true})
	}
	return q
}

// cached judges what the sandbox itself remembers of the link address of ip. fails is set where nobody answers any more,
// so that only the memory keeps the packet going.
func (m *machine) cached(l leg, ip netip.Addr, mac string, arp *Hop) *Hop {
	n, _ := l.space.Neighbour(l.dev, ip)
	if n == nil || !n.Valid() {
		if arp != nil && !l.space.Whole("neighbour") && arp.Verdict == Dropped {
			h := *arp
			h.Verdict, h.Why = Unknown, arp.Why+"; whether the sandbox remembers the link address was not captured"
			return &h
		}
		return arp
	}
	if mac != "" && n.MAC != mac {
		h := Hop{Host: m.Name, Place: l.space.Name, Netns: l.space.ID, Step: "neighbour", Expected: ip.String() + " is " + mac, Observed: ip.String() + " is " + n.MAC + ", " + n.State,
			Ref: n.Ref(), Subject: "neighbour:" + m.Name + "/" + l.space.Name + "/" + ip.String(), Verdict: Unknown, Why: "the sandbox remembers another link address than is answered, until it asks again", another: true}
		if n.Fixed() {
			h.Verdict, h.Why = Dropped, "the sandbox has a fixed entry with another link address"
		}
		return &h
	}
	if arp != nil && arp.Verdict == Dropped {
		h := *arp
		h.Verdict, h.Why = Unknown, arp.Why+"; "+l.space.Name+" still remembers its link address, and reaches it until it forgets"
		if n.Fixed() {
			return nil
		}
		return &h
	}
	return arp
}

// arrive walks a packet from the device of a sandbox to a socket, and the answer out of the device again. The source
// of p may be unknown. Port 0 means any: no socket is asked for.
func (m *machine) arrive(w *walk, l leg, p ruleset.Packet, task *Endpoint, sv *Service) ruleset.Packet {
	s := l.space
	hook := m.hook
	if !p.Src.IsValid() { // one address of the network stands for its senders
		if pre := l.prefix(); pre.IsValid() {
			p.Src, p.Sport, hook = neighbourOf(pre, p.Dst), somePort, m.anyone
		}
	}
	p.In, p.Kind, p.Local = l.dev.Name, ruleset.KindHost, false
	p = hook(w, s, ruleset.Prerouting, p)
	if w.stopped() {
		return p
	}
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "arrival, address", Expected: p.Dst.String() + " is an address of the sandbox"}
	d := s.Lookup(stack.Flow{Dst: p.Dst, Src: p.Src, In: l.dev, Mark: p.Mark})
	h.Ref = d.Ref
	switch {
	case !d.Known:
		h.Why = d.Why
		w.doubt(h)
		return p
	case !d.Local():
		h.Why, h.Subject = "the sandbox does not have the address", "address:"+m.Name+"/"+s.Name+"/"+p.Dst.String()
		if on, known, _ := s.Forwarding(l.dev, p.Dst.Is6()); task != nil && p.Dst != task.IP && (on || !known) {
			// What direct routing has left in the packet leads to a balancer, that of this host.
			h.Why += ", and passes the packet on to who has it: a balancer, which may choose another task or this one again"
			if !known {
				h.Why = "the sandbox does not have the address; whether it passes the packet on was not captured"
			}
			w.doubt(h)
			return p
		}
		w.drop(h)
		return p
	}
	if p.Src.IsValid() {
		if m.reverse(w, s, l.dev, p); w.stopped() {
			return p
		}
	}
	p = hook(w, s, ruleset.Input, p)
	if w.stopped() {
		return p
	}
	if p.Dport != 0 {
		if m.socket(w, s, l, p, task, sv); w.stopped() {
			return p
		}
	}
	return m.answer(w, l, p)
}

// answer walks the answer to a packet out of a sandbox.
func (m *machine) answer(w *walk, l leg, p ruleset.Packet) ruleset.Packet {
	if m.answersFrom(w, l.space, l.dev.Name, p); w.stopped() {
		return p
	}
	return m.leave(w, l, p.Answer())
}

// answersFrom doubts a datagram whose answer may have another source than the address that was asked: that of a socket which is
// bound to no address is the kernel's choice for the way back, unless the program says otherwise (udp_sendmsg, net/ipv4/udp.c).
func (m *machine) answersFrom(w *walk, s *stack.Space, dev string, p ruleset.Packet) {
	if p.Proto != protoUDP || p.Dport == 0 || !p.Src.IsValid() {
		return
	}
	k, _ := s.Listener("udp", p.Dst, int(p.Dport), dev)
	if k == nil || k.Local == p.Dst {
		return
	}
	d := s.Lookup(stack.Flow{Dst: p.Src, Mark: 0})
	if !d.Known || d.Source == p.Dst || d.Route == nil { // else the way back says so
		return
	}
	w.doubt(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "source", Expected: "an answer from " + p.Dst.String(), Observed: "from " + addrText(d.Source), Ref: k.Ref,
		Subject: "address:" + m.Name + "/" + s.Name + "/" + p.Dst.String(), Why: "the socket is bound to no address, and the kernel would choose another source for the answer: only a program that says by which it was asked is understood"})
}

// somePort is a port that a client's kernel may choose.
const somePort = 40001

func (m *machine) reverse(w *walk, s *stack.Space, in *stack.Link, p ruleset.Packet) {
	c := s.Reverse(in, p.Src, p.Dst, p.Mark)
	if c.Known && c.Pass {
		return
	}
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "source", Expected: "a way back to " + p.Src.String() + " by " + in.Name, Why: c.Why, Ref: c.Ref,
		Subject: "sysctl:" + m.Name + "/net.ipv4.conf." + in.Name + ".rp_filter"}
	if c.Known {
		w.drop(h)
	} else {
		w.doubt(h)
	}
}

// socket asks for one that takes the packet.
func (m *machine) socket(w *walk, s *stack.Space, l leg, p ruleset.Packet, task *Endpoint, sv *Service) {
	proto := "tcp"
	if p.Proto == protoUDP {
		proto = "udp"
	}
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "socket", Expected: fmt.Sprintf("a socket for %s at %s", proto, endpointText(p.Dst, p.Dport))}
	owner := s.Name
	if task != nil {
		owner = task.Owner
	}
	h.Subject = fmt.Sprintf("listener:%s/%s/%s/%d", m.Name, owner, proto, p.Dport)
	k, earlier := s.Listener(proto, p.Dst, int(p.Dport), l.dev.Name)
	switch {
	case k == nil && !s.Whole("socket"):
		h.Why = "the sockets of the sandbox were not captured whole"
		w.doubt(h)
	case k == nil && earlier != nil:
		h.Ref, h.Why = earlier.Ref, "the socket was there at the first read only"
		w.doubt(h)
	case k == nil:
		h.Observed, h.Ref, h.absent = "none", s.Ref, true
		h.Why = "nothing listens there"
		w.drop(h)
	case k.Seen == stack.SeenLast:
		h.Ref, h.Why = k.Ref, "the socket was there at the last read only"
		w.doubt(h)
	case k.Full(0) && k.Full(1):
		h.Ref, h.Observed = k.Ref, fmt.Sprintf("%d connections wait, of %d", k.Queue[1], k.Backlog)
		h.Subject, h.Why = "listen:"+m.Name+"/"+s.Name, "its queue of connections to accept is full, in both reads"
		w.drop(h)
	case k.Full(0) || k.Full(1):
		h.Ref, h.Observed = k.Ref, fmt.Sprintf("%d connections wait, of %d", k.Queue[1], k.Backlog)
		h.Subject, h.Why = "listen:"+m.Name+"/"+s.Name, "its queue of connections to accept was full in one of two reads"
		w.doubt(h)
	case w.keep:
		h.Subject, h.Ref = "", k.Ref
		h.Observed = "listens at " + endpointText(k.Local, uint16(k.Port))
		if k.Backlog > 0 {
			h.Observed += fmt.Sprintf(", %d of %d wait", k.Queue[1], k.Backlog)
		}
		w.pass(h)
	}
}

// prefix is the subnet of the device's widest address of IPv4: the network's; the zero prefix for none.
func (l *leg) prefix() netip.Prefix {
	var best netip.Prefix
	for _, a := range l.ips {
		if a.IP.Is4() && a.Bits < 32 && (!best.IsValid() || a.Bits < best.Bits()) {
			best = a.Prefix()
		}
	}
	return best
}

// ip is the device's own address on the network: the one with the network's prefix length.
func (l *leg) ip(within *Network) netip.Addr {
	for _, a := range l.ips {
		if a.IP.Is4() && within.byIP[a.IP] != nil {
			return a.IP
		}
	}
	for _, a := range l.ips {
		if a.IP.Is4() && a.Bits < 32 {
			return a.IP
		}
	}
	return netip.Addr{}
}

// neighbourOf is some address of a subnet that is not ip itself.
func neighbourOf(p netip.Prefix, ip netip.Addr) netip.Addr {
	for a := p.Addr().Next(); p.Contains(a); a = a.Next() {
		if a != ip {
			return a
		}
	}
	return ip
}
