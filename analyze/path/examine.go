package path

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// A hostState is what was judged of one host while it was in memory: everything that pairs are put together from.
type hostState struct {
	name   string
	nets   map[string]*hostNet
	unders []*under // by the pool's number of what outer makes of a tunnel
	pool   *pool
	gates  map[tunnel]*gate // by VTEP of the host, likewise
	inside bool             // its rules look inside of packets
	ends   map[end]*Hop     // tunnel ends: by network, VNI and port; nil where there is one
	pubs   []*pubState
	outs   []outState
	mesh   bool

	seals     map[sealedKey]*sealed
	opens     map[sealedKey]opened
	inbound   map[stateKey]inbound
	xfrmWhole bool
}

// A tunnel is where a forwarding entry leads.
type tunnel struct {
	vtep      netip.Addr
	port, vni int
}

type end struct {
	net       string
	vni, port int
}

// A hostNet is one network on one host.
type hostNet struct {
	net   *Network
	host  *hostState
	ways  []way // by place in Network.list
	legs  []*legState
	lb    *legState           // the balancer's; nil for none
	loose map[netip.Addr]*Hop // ports that are on no bridge, by an address behind them
	vxlan string              // what its VXLAN device is
	ref   string              // row of that device
	own   string              // row of the namespace
	vips  map[vipKey]*vipState
	space string
}

type vipKey struct {
	ip    netip.Addr
	proto string
}

// A way is what is kept of a send: to whom, from this host.
type way struct {
	arp, rest *Hop
	tun       *tunnel // nil: it stays on the host, or gets nowhere. Without a VTEP: the tunnel has no entry
	fixed     bool    // the tunnel's entry is one that the device does not change itself
	learns    teaching
}

// A legState is one sandbox on one network.
type legState struct {
	ep       *Endpoint // nil: nobody whom the swarm knows
	host     *hostState
	hn       *hostNet
	space    string // name of the namespace
	netns    string
	mtu      int                 // of its device; 0: not known
	ref      string              // row of its device
	except   map[netip.Addr]*Hop // what it remembers otherwise than is answered; a nil entry: it remembers for good what is not answered
	knows    bool                // its neighbours were captured
	doors    map[port]*Hop
	whole    bool                           // its sockets were captured
	any      *Hop                           // arrival at any port
	answered map[string]map[netip.Addr]bool // by name: addresses that it was answered with, where these are not just those that it should have
	wrong    map[string][]*Hop              // by name: answers that are nobody's
	client   map[string]*Hop                // by name: resolving it
	unasked  *Hop                           // resolving any other name
	out      map[netip.Addr]*Hop            // leaving towards an address, where that was judged by itself
	leaves   *Hop                           // leaving towards the network
	udp      *leaving                       // the same for datagrams; nil where they leave as segments of TCP do
	listen   []port
	spent    map[netip.AddrPort]*Hop // to whom it has no port left
	own      map[netip.Addr]*owned   // addresses of others that it has, too; nil for none
	back     *part                   // the way from the balancer, when it was judged
}

// A leaving is what keeps packets of a protocol from leaving a sandbox.
type leaving struct {
	out    map[netip.Addr]*Hop // towards an address, where that was judged by itself
	leaves *Hop                // towards the network
}

// put keeps what is not as it is towards the network.
func (o *leaving) put(ip netip.Addr, h, typical *Hop) {
	if h == typical {
		return
	}
	if o.out == nil {
		o.out = map[netip.Addr]*Hop{}
	}
	o.out[ip] = h
}

// A vipState is a virtual address on one host.
type vipState struct {
	vip *VIP
	way way // from the port of a client to the balancer
	bal *balancing
}

// A wayOut is what ways out that are whole have in common.
type wayOut struct {
	src netip.Addr
	mtu int
}

// under is the host's way out for a tunnel, nil where none was walked.
func (hs *hostState) under(t tunnel) *under {
	if n, ok := hs.pool.numbers[outer(t, hs.inside)]; ok && n < len(hs.unders) {
		return hs.unders[n]
	}
	return nil
}

// gate is how a tunnel's packets come in, nil where that was not walked.
func (hs *hostState) gate(t tunnel) *gate { return hs.gates[outer(t, hs.inside)] }

// examine judges everything of a host that pairs need.
func (m *machine) examine() *hostState {
	hs := &hostState{
		name: m.Name, nets: map[string]*hostNet{}, gates: map[tunnel]*gate{}, inside: m.inside, ends: map[end]*Hop{}, seals: map[sealedKey]*sealed{}, opens: map[sealedKey]opened{}, inbound: map[stateKey]inbound{}, mesh: m.world.mesh[m.Name],
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
	hs.pool = &m.world.pool
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
				hs.ends[end{net, l.VNI, l.VXLANPort}] = m.kept(w.bad)
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
			hs.gates[t] = g
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
	hn := &hostNet{net: o.net, host: hs, ways: make([]way, len(o.net.list)), vips: map[vipKey]*vipState{}, space: strings.Clone(o.space.Name), own: strings.Clone(o.space.Ref)}
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
		hn.ways[i] = m.way(hs, s)
		for _, t := range m.tunnels(&hn.ways[i], ep) {
			m.under(t, false)
		}
	}
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
			arp := hn.ways[ep.n].arp
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
				hn.vips[vipKey{v.IP, proto}] = &vipState{vip: v, way: m.way(hs, s), bal: bal}
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

func (hn *hostNet) leg(netns string) *legState {
	for _, l := range hn.legs {
		if l.netns == netns {
			return l
		}
	}
	return nil
}

// legOf is the sandbox of an endpoint.
func (hn *hostNet) legOf(ep *Endpoint) *legState {
	for _, l := range hn.legs {
		if l.ep == ep {
			return l
		}
	}
	return nil
}

// tunnels are where frames of a way may leave to: by its entry, and by the one that a request would have taught it.
func (m *machine) tunnels(w *way, ep *Endpoint) []tunnel {
	var out []tunnel
	if w.tun != nil && w.tun.vtep.IsValid() {
		out = append(out, *w.tun)
	}
	if w.rest == nil || w.rest.taught != teachable {
		return out
	}
	for vtep := range m.world.vtep {
		if owns, _ := m.world.owns(vtep, ep.Node, ep.Host); owns && (w.tun.vtep != vtep) {
			out = append(out, tunnel{vtep, w.tun.port, w.tun.vni})
		}
	}
	return out
}

// way keeps of a send what outlives the host's memory.
func (m *machine) way(hs *hostState, s send) way {
	w := way{arp: m.kept(s.arp), rest: m.kept(s.rest)}
	if s.vtep.IsValid() || w.rest != nil && w.rest.taught != untaught {
		w.fixed, w.learns = s.fixed, s.learns
		t := tunnel{s.vtep, s.port, s.vni}
		w.tun = m.world.pool.tunnel(t)
	}
	return w
}

// keepOnly drops what would hold the host in memory.
func (m *machine) keepOnly(b *balancing) {
	b.bad, b.hops, b.front, b.markRef = m.kept(b.bad), nil, nil, strings.Clone(b.markRef)
	for i := range b.to {
		b.to[i].hops = nil
		b.to[i].bad, b.to[i].ref = m.kept(b.to[i].bad), strings.Clone(b.to[i].ref)
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

// highPort is the first port that the kernel hands out by itself (ip_local_port_range): a UDP socket at such a port is
// somebody's question, not a service.
const highPort = 32768

// examineDoors judges arrival at a task: at any port, at those that its service is said to have, and where it listens.
func (m *machine) examineDoors(ls *legState, l leg) {
	ls.doors = map[port]*Hop{}
	for _, k := range l.space.Sockets {
		if k.Seen.Gone() || k.Local.IsLoopback() || k.Port >= highPort || k.Local.IsValid() && !k.Local.IsUnspecified() && k.Local != ls.ep.IP {
			continue
		}
		if p := (port{strings.Clone(k.Proto), k.Port}); !slices.Contains(ls.listen, p) {
			ls.listen = append(ls.listen, p)
		}
	}
	judge := func(p port) *Hop {
		w := &walk{}
		q := opening(protocol(p.Proto))
		q.Dst, q.Dport = ls.ep.IP, uint16(p.Port)
		m.arrive(w, l, q, ls.ep, nil)
		return m.kept(w.bad)
	}
	ls.any = judge(port{"tcp", 0})
	for _, p := range ls.listen {
		ls.doors[p] = judge(p)
	}
	if s := m.world.Services[ls.ep.ServiceID]; s != nil {
		for p := range s.ports {
			if _, ok := ls.doors[p]; !ok {
				ls.doors[p] = judge(p)
			}
		}
	}
}

// examineMeshDoors judges arrival at a task from the routing mesh: the published port is redirected to the target.
func (m *machine) examineMeshDoors(ls *legState, l leg) {
	ls.doors = map[port]*Hop{}
	for _, pub := range m.world.Ports {
		if pub.ServiceID != ls.ep.ServiceID || pub.Mode != "ingress" || pub.Port == 0 {
			continue
		}
		w := &walk{}
		q := opening(protocol(pub.Proto))
		q.Dst, q.Dport = ls.ep.IP, uint16(pub.Port)
		m.arriveMesh(w, l, q, ls.ep, pub)
		ls.doors[port{pub.Proto, pub.Port}] = m.kept(w.bad)
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

// examineClient judges what a sandbox does on its own: resolving the names of services on the network, and leaving
// towards what they should be.
func (m *machine) examineClient(ls *legState, l leg) {
	net := ls.hn.net
	tcp := m.examineLeaving(ls, l, protoTCP)
	ls.out, ls.leaves = tcp.out, tcp.leaves
	if m.mindsProtocol(l.space, ls.ep.IP, false) {
		ls.udp = m.examineLeaving(ls, l, protoUDP)
	}
	ls.unasked = m.unasked(l.space)
	known := func(name string, h *Hop) {
		if h != ls.unasked {
			if ls.client == nil {
				ls.client = map[string]*Hop{}
			}
			ls.client[name] = h
		}
	}
	for _, s := range m.world.onNetwork(net) {
		for _, tasks := range [...]bool{false, true} {
			want := m.world.meant(s, net, tasks)
			name := s.Name
			if tasks {
				name = s.tasksName
			}
			switch {
			case len(want) > 0 && (ls.unasked == nil || m.names[l.space.ID+"/"+name].asked != ""):
			case len(want) == 0 && ls.unasked != nil:
				known(name, nil)
				continue
			default:
				continue
			}
			w := &walk{}
			wrong := m.resolve(w, l.space, s.ID, name, net.Name, want, m.world.alsoMeant(ls.ep.Owner, s, net, tasks), m.world.ref(s, net))
			if w.bad != nil && m.clones[w.bad] == nil {
				m.clones[w.bad] = m.kept(w.bad)
			}
			known(name, m.clones[w.bad])
			for _, h := range wrong {
				if ls.wrong == nil {
					ls.wrong = map[string][]*Hop{}
				}
				ls.wrong[name] = append(ls.wrong[name], m.kept(h))
			}
			if a := m.names[l.space.ID+"/"+name]; len(a.ips) > 0 && !same(a.ips, want) {
				if ls.answered == nil {
					ls.answered = map[string]map[netip.Addr]bool{}
				}
				ls.answered[name] = set(a.ips)
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

// resolving is what keeps a sandbox from getting an address for a name.
func (l *legState) resolving(name string) *Hop {
	if h, ok := l.client[name]; ok {
		return h
	}
	return l.unasked
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

// same reports whether the answers are just what they should be.
func same(got map[netip.Addr]string, want map[netip.Addr]bool) bool {
	for ip := range got {
		if !want[ip] {
			return false
		}
	}
	return len(got) == len(want)
}

// onNetwork lists the services that have tasks, or a virtual address, on a network.
func (w *World) onNetwork(net *Network) []*Service {
	if l, ok := w.shared[net.Net]; ok {
		return l
	}
	seen := map[string]bool{}
	var out []*Service
	add := func(id string) {
		if s := w.Services[id]; s != nil && !seen[id] {
			seen[id] = true
			out = append(out, s)
		}
	}
	for _, v := range net.vip {
		add(v.ServiceID)
	}
	for _, ep := range net.list {
		if ep.Kind == "task" {
			add(ep.ServiceID)
		}
	}
	slices.SortFunc(out, func(a, b *Service) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	w.shared[net.Net] = out
	return out
}

// meant are the addresses that a name of a service should have on a network: the virtual one, or its tasks'.
func (w *World) meant(s *Service, net *Network, tasks bool) map[netip.Addr]bool {
	k := meantKey{s.ID, net.Net, tasks}
	if m, ok := w.means[k]; ok || w.loaded { // who is not on the network has none there
		return m
	}
	out := map[netip.Addr]bool{}
	if !s.DNSRR && !tasks {
		if net.vipOf[s.ID] != nil {
			for _, v := range net.vip {
				if v.ServiceID == s.ID {
					out[v.IP] = true
				}
			}
		}
	} else {
		for _, ep := range s.tasks {
			if ep.Net == net {
				out[ep.IP] = true
			}
		}
	}
	w.means[k] = out
	return out
}

type meantKey struct {
	service, net string
	tasks        bool
}

// alsoMeant are the addresses that the name has on the other networks of a task or container: the resolver takes the first network that knows it.
func (w *World) alsoMeant(owner string, sv *Service, net *Network, tasks bool) map[netip.Addr]bool {
	out := map[netip.Addr]bool{}
	for _, ep := range w.owned[owner] {
		if ep.Net != net {
			for ip := range w.meant(sv, ep.Net, tasks) {
				out[ip] = true
			}
		}
	}
	return out
}

// ref is a row that says that a service is on a network.
func (w *World) ref(s *Service, net *Network) string {
	if v := net.vipOf[s.ID]; v != nil {
		return v.Ref
	}
	for _, ep := range s.tasks {
		if ep.Net == net {
			return ep.Ref
		}
	}
	return ""
}
