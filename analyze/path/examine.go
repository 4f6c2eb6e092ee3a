package path

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/analyze/stack"
)

// examine judges everything of a host that pairs need.
func (m *machine) examine() *hostState {
	hs := &hostState{
		name: m.Name, nets: map[string]*hostNet{}, inside: m.inside, seals: map[sealedKey]*sealed{}, opens: map[sealedKey]opened{}, inbound: map[stateKey]inbound{}, mesh: m.world.mesh[m.Name],
	}
	for net, o := range m.overlays {
		hs.nets[net] = m.examineNet(hs, o)
		m.examineSealed(hs, hs.nets[net])
	}
	m.examinePublished(hs)
	whole := map[wayOut]*under{}
	for t, u := range m.unders {
		u.bad, u.dev = m.kept(u.bad), nil
		if k := (wayOut{u.src, u.mtu}); u.bad == nil && whole[k] == nil {
			whole[k] = u
		} else if u.bad == nil {
			m.unders[t] = whole[k]
		}
	}
	hs.pool = m.world.pool
	hs.unders = hs.pool.numbered(m.unders)
	m.examineGates(hs)
	return hs
}

// examineGates judges what comes in from other hosts: at each VTEP of this one, for each UDP port that its tunnels use.
func (m *machine) examineGates(hs *hostState) {
	ends := map[tunnel]bool{}
	for net, o := range m.overlays {
		for _, l := range o.space.Links {
			if l.Kind == "vxlan" {
				ends[outer(tunnel{port: l.VXLANPort, vni: l.VNI}, m.inside)] = true
				w := &walk{}
				m.tunnelEnd(w, o, l.VNI, l.VXLANPort)
				hs.nets[net].ends = append(hs.nets[net].ends, end{l.VNI, l.VXLANPort, m.kept(w.bad)})
			}
		}
	}
	for vtep, nodes := range m.world.vtep {
		if !nodes[m.world.nodeOf[m.Name]] && !nodes[m.Name] {
			continue
		}
		if m.Initial != nil && m.Initial.Local(vtep) == nil && m.Initial.Whole("address") {
			continue // an address that a manager knows it by, and that it does not have
		}
		if m.Initial != nil && strings.HasPrefix(deviceOf(m.Initial, vtep), "docker") {
			continue // an address of a bridge of Docker's own
		}
		for t := range ends {
			t.vtep = vtep
			g := m.gate(t, netip.Addr{}, false)
			g.any = m.kept(g.any)
			if m.Initial != nil {
				if a := m.Initial.Local(vtep); a != nil && m.Initial.Link(a.Index) != nil {
					l := m.Initial.Link(a.Index)
					g.mtu, g.dev, g.ref = l.MTU, strings.Clone(l.Name), strings.Clone(l.Ref)
				}
			}
			for k, h := range g.from {
				g.from[k] = m.kept(h)
			}
			g.of = t
			hs.gates = append(hs.gates, g)
		}
	}
}

func deviceOf(s *stack.Space, ip netip.Addr) string {
	if a := s.Local(ip); a != nil {
		return a.Device
	}
	return ""
}

func (m *machine) examineNet(hs *hostState, o *overlay) *hostNet {
	hn := &hostNet{net: o.net, host: hs, ways: make([]wayNumber, len(o.net.list)), vips: map[vipKey]*vipState{}, space: strings.Clone(o.space.Name), own: strings.Clone(o.space.Ref)}
	for _, l := range o.space.Links {
		if l.Kind == "vxlan" && hn.ref == "" {
			hn.vxlan, hn.ref = fmt.Sprintf("%s, VNI %d, UDP port %d", l.Name, l.VNI, l.VXLANPort), strings.Clone(l.Ref)
		}
	}
	for _, l := range o.space.Links {
		peer := l.Peer()
		if l.Kind != "veth" || l.Master != 0 || peer == nil {
			continue
		}
		for _, a := range peer.Space.On(peer) {
			if hn.loose == nil {
				hn.loose = map[netip.Addr]*Hop{}
			}
			hn.loose[a.IP] = (&Hop{Host: m.Name, Place: o.space.Name, Netns: o.space.ID, Step: "link", Verdict: Dropped, Subject: m.linkSubject(l), Ref: l.Ref,
				Expected: l.Name + " is a port of a bridge", Observed: l.Name + " is on no bridge", Why: "the sandbox is cut off from its network"}).clone()
		}
	}
	macs := make([]string, len(o.net.list))
	for i, ep := range o.net.list {
		if ep.IP.Is6() {
			continue
		}
		s := m.lan(&walk{}, o, ep.IP, ep, nil)
		macs[i] = s.mac
		var w way
		hn.ways[i], w = m.way(s)
		m.tunnels(&w, ep, func(t tunnel) { m.under(t, false) })
	}
	hn.known = m.world.pool.numberedWays()
	var lb leg
	for _, l := range o.legs() {
		ls := &legState{host: hs, hn: hn, space: strings.Clone(l.space.Name), netns: strings.Clone(l.space.ID), mtu: l.dev.MTU, ref: strings.Clone(l.dev.Ref), knows: l.space.Whole("neighbour"), whole: l.space.Whole("socket")}
		if ip := l.ip(o.net); ip.IsValid() {
			ls.ep = o.net.byIP[ip]
		}
		for _, row := range m.world.balancer[[2]string{m.Name, l.space.ID}] {
			if row.net == o.net.Net && row.kind != "container" {
				hn.lb, lb = ls, l
			}
		}
		hn.legs = append(hn.legs, ls)
		for _, n := range l.space.Neighbours {
			if n.Index != l.dev.Index || n.Seen.Gone() || !n.Valid() {
				continue
			}
			ep := o.net.byIP[n.IP]
			if ep == nil {
				continue
			}
			arp := hn.way(ep).arp
			if h := m.cached(l, n.IP, macs[ep.n], arp); h != arp {
				if ls.except == nil {
					ls.except = map[netip.Addr]*Hop{}
				}
				ls.except[n.IP] = m.kept(h)
			}
		}
		switch {
		case ls.ep == nil || ls.ep.Kind != "task" && ls.ep.Kind != "container":
		case o.net.Ingress:
			m.examineMeshDoors(ls, l)
		default:
			m.examineDoors(ls, l)
		}
		ls.spent = m.spent(l)
	}
	if hn.lb != nil && !o.net.Ingress {
		minds := m.mindsProtocol(lb.space, netip.Addr{}, true)
		for _, v := range o.net.vip {
			for _, proto := range [...]string{"tcp", "udp"} {
				if proto == "udp" && !minds { // a virtual address is of no protocol
					hn.vips[vipKey{v.IP, proto}] = hn.vips[vipKey{v.IP, "tcp"}]
					continue
				}
				p := opening(protocol(proto))
				p.Dst = v.IP
				s := m.lan(&walk{}, o, v.IP, nil, &lb)
				bal := m.balance(&walk{}, lb, lb, p, o.net, v, nil)
				m.keepOnly(bal)
				m.world.pool.alike(v, bal)
				_, way := m.way(s)
				hn.vips[vipKey{v.IP, proto}] = &vipState{vip: v, way: way, bal: bal}
				for _, l := range o.legs() { // what clients remember of the virtual address
					if n, _ := l.space.Neighbour(l.dev, v.IP); n != nil && n.Valid() {
						if h := m.cached(l, v.IP, s.mac, s.arp); h != s.arp {
							ls := hn.leg(l.space.ID)
							if ls.except == nil {
								ls.except = map[netip.Addr]*Hop{}
							}
							ls.except[v.IP] = m.kept(h)
						}
					}
				}
			}
		}
	}
	for _, l := range o.legs() {
		if ls := hn.leg(l.space.ID); !o.net.Ingress && ls.ep != nil && (ls.ep.Kind == "task" || ls.ep.Kind == "container") {
			m.examineClient(ls, l)
			m.examineOwn(ls, l)
		}
	}
	return hn
}

// tunnels calls f with where frames of a way may leave to: by its entry, and by the one that a request would have taught it.
func (m *machine) tunnels(w *way, ep *Endpoint, f func(tunnel)) {
	if w.tun != nil && w.tun.vtep.IsValid() {
		f(*w.tun)
	}
	if w.rest == nil || w.rest.taught != teachable {
		return
	}
	for vtep := range m.world.vtep {
		if owns, _ := m.world.owns(vtep, ep.Node, ep.Host); owns && (w.tun.vtep != vtep) {
			f(tunnel{vtep, w.tun.port, w.tun.vni})
		}
	}
}

// way keeps of a send what outlives the host's memory.
func (m *machine) way(s send) (wayNumber, way) {
	k := wayKey{arp: m.kept(s.arp), rest: m.kept(s.rest)}
	if s.vtep.IsValid() || k.rest != nil && k.rest.taught != untaught {
		k.fixed, k.learns = s.fixed, s.learns
		k.tun, k.tunnelled = tunnel{s.vtep, s.port, s.vni}, true
	}
	return m.world.pool.way(k)
}

// keepOnly drops what would hold the host in memory.
func (m *machine) keepOnly(b *balancing) {
	b.bad, b.hops, b.front, b.markRef = m.kept(b.bad), nil, nil, strings.Clone(b.markRef)
	for i := range b.to {
		b.to[i].hops = nil
		b.to[i].bad = m.kept(b.to[i].bad)
	}
}

// clone copies a hop with its texts: those of the stack are parts of one long text.
func (h *Hop) clone() *Hop {
	if h == nil {
		return nil
	}
	c := *h
	for _, s := range []*string{&c.Host, &c.Place, &c.Step, &c.Expected, &c.Observed, &c.Why, &c.Subject, &c.Ref, &c.ExpectedRef, &c.Netns} {
		*s = strings.Clone(*s)
	}
	return &c
}

// examineClient judges what a sandbox does on its own: resolving the names of services on the network, and leaving
// towards what they should be.
func (m *machine) examineClient(ls *legState, l leg) {
	net := ls.hn.net
	tcp := m.examineLeaving(ls, l, protoTCP)
	ls.out, ls.leaves = tcp.out, tcp.leaves
	if m.mindsProtocol(l.space, ls.ep.IP, false) {
		ls.udp = m.examineLeaving(ls, l, protoUDP)
	}
	if ls.unasked = m.unasked(l.space); ls.unasked != nil {
		ls.peers = m.peers(l, net)
	}
	for _, s := range m.world.onNetwork(net) {
		for _, tasks := range [...]bool{false, true} {
			want := m.world.meant(s, net, tasks)
			name := s.Name
			if tasks {
				name = s.tasksName
			}
			a := m.answers(l.space, name)
			switch {
			case len(want) > 0 && (ls.unasked == nil || a.asked):
			case len(want) == 0 && ls.unasked != nil:
				ls.self.learned(name, nil, nil, nil, nil)
				continue
			default:
				continue
			}
			w := &walk{}
			wrong := m.resolve(w, l.space, s.ID, name, net.Name, want, m.world.alsoMeant(ls.ep.Owner, s, net, tasks), m.world.ref(s, net))
			if h := m.clone(w.bad); h != nil || ls.unasked != nil || len(wrong) > 0 || len(a.ips) > 0 && !same(a.ips, want) {
				ls.self.learned(name, h, m.allKept(wrong), a.ips, want)
			}
		}
	}
}

// unasked is the doubt about each name that was not asked in a sandbox, where it is the same for all: the answers were not captured
// whole, and the sandbox asks Docker's resolver for a name as it is, and gets to it. Nil otherwise.
func (m *machine) unasked(s *stack.Space) *Hop {
	if c := m.resolv[s.Container]; c != nil && s.Container != "" && (len(c.search) > 0 || m.configured(s, "") != nil) {
		return nil
	}
	if m.resolves(s) != nil || s.Whole("dns_query") && s.Whole("dns_answer") {
		return nil
	}
	return m.kept(&Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "name", Verdict: Unknown})
}

// examineLeaving judges what a sandbox sends towards others on the network. Where nothing in it asks for an address of its own, what
// takes the same route as one that gets out gets out, too.
func (m *machine) examineLeaving(ls *legState, l leg, proto uint8) *leaving {
	net := ls.hn.net
	leave := func(ip netip.Addr) *Hop {
		w := &walk{}
		p := opening(proto)
		p.Src, p.Dst = ls.ep.IP, ip
		m.leave(w, l, p)
		return m.kept(w.bad)
	}
	o := &leaving{}
	single := m.particular(l.space)
	var typical *Hop
	known := false
	route := func(ip netip.Addr) *stack.Route {
		if d := l.space.Lookup(stack.Flow{Src: ls.ep.IP, Dst: ip}); d.Known && !d.Local() && d.Link == l.dev && d.Next == ip {
			return d.Route
		}
		return nil
	}
	var taken *stack.Route
	for _, v := range net.vip {
		if ls.holds(l, v) {
			continue
		}
		if known && taken != nil && route(v.IP) == taken {
			continue
		}
		h := leave(v.IP)
		if !known {
			typical, known = h, true
			if h == nil && !single {
				taken = route(v.IP)
			}
		}
		o.put(v.IP, h, typical)
	}
	if !known && len(net.list) > 1 {
		for _, ep := range net.list {
			if ep != ls.ep && ep.IP.Is4() {
				typical, known = leave(ep.IP), true
				break
			}
		}
	}
	o.leaves = typical
	if single || typical != nil && typical.lacks == "" {
		for _, ep := range net.list {
			if ep != ls.ep && ep.IP.Is4() {
				o.put(ep.IP, leave(ep.IP), typical)
			}
		}
	}
	return o
}

// mindsProtocol reports whether what the rules of a sandbox do with a packet may depend on its protocol: with the packets that
// it sends from an address, and where in is set with those that it takes, too. Rules for 127.0.0.0/8 or for other sources are
// not met.
func (m *machine) mindsProtocol(s *stack.Space, from netip.Addr, in bool) bool {
	for _, v := range s.Services {
		if in && v.Mark == 0 && !v.Seen.Gone() {
			return true // of IPVS, by address and protocol
		}
	}
	rows := m.rows[s.ID]
	if rows == nil {
		return false
	}
	if len(rows.NftRules) > 0 {
		return true
	}
	for i := range rows.IPTablesRules {
		r := &rows.IPTablesRules[i].Row
		switch {
		case r.Proto == "" && r.Unmodelled == "" && !strings.Contains(r.Spec, "-m set"):
		case r.Inverted == "" && (r.Dst.IsValid() && r.Dst.Bits() > 0 && r.Dst.Addr().IsLoopback() || r.Src.IsValid() && r.Src.Bits() > 0 && (r.Src.Addr().IsLoopback() || from.IsValid() && !r.Src.Contains(from))):
		case !in && (r.Chain == "PREROUTING" || r.Chain == "INPUT"):
		default:
			return true
		}
	}
	return false
}

// particular reports whether what a sandbox sends may depend on which address of the network it is for: a rule names a
// destination that is no whole subnet, or there are rules of nftables, or a route is longer than a network's.
func (m *machine) particular(s *stack.Space) bool {
	rows := m.rows[s.ID]
	if rows != nil {
		if len(rows.NftRules) > 0 {
			return true
		}
		for i := range rows.IPTablesRules {
			r := &rows.IPTablesRules[i].Row
			if r.Dst.IsValid() && r.Dst.Bits() > 0 && !r.Dst.Addr().IsLoopback() || r.Unmodelled != "" || strings.Contains(r.Spec, "-m set") {
				if r.Chain != "PREROUTING" && r.Chain != "INPUT" {
					return true
				}
			}
		}
	}
	for _, r := range s.Routes {
		if r.Table != 255 && r.Dst.Addr().Is4() && r.Dst.Bits() > 29 {
			return true
		}
	}
	return len(s.Rules) > 6
}
