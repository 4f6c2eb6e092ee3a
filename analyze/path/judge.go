package path

import (
	"context"
	"database/sql"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/netmortem/netmortem/analyze/stack"
)

// A judge puts pairs together from what was judged of each host.
type judge struct {
	world  *World
	hosts  map[string]*hostState
	whole  map[string]bool // host: its namespaces, devices and addresses were captured whole
	legs   map[*Endpoint]*legState
	gone   map[string]*Hop
	moved  map[movedKey]*Hop
	shared map[[3]string]*Hop

	segments map[segmentKey]*Segment
	list     []*Segment
	counts   map[[2]string]*Count
	pairs    []Pair
	sums     map[sumKey]*Sum
	untold   map[reason]int
	ending   map[ending]*alikes
}

// A Segment is a broken or undecided part of ways.
type Segment struct {
	ID      int
	Kind    string // client, balancer, overlay, arrival, published or egress
	Host    string
	Net     *Network
	What    string
	Target  string
	Targets int // how many segments end in the same step
	Hop     *Hop
}

type segmentKey struct {
	kind, host string
	hop        *Hop
}

// A Count is how many segments of a kind a host has, by what was judged.
type Count struct {
	Kind, Host                  string
	Delivered, Dropped, Unknown int
}

// A Pair is who asks whom, and what becomes of it.
type Pair struct {
	ClientKind    string // task, host or outside
	ClientHost    string
	Client        string
	ClientService string
	Server        string
	Network       string
	Via           string // vip, dnsrr, tasks, ingress or host
	Target        string
	Proto         string
	Port          int
	Verdict       string // delivered, dropped, some or cannot tell
	Segment       int
	Reached       int // backends that are reached, of Backends
	Backends      int
	Alike         int // further pairs with the same verdict that end in the same step and are not listed

	many bool // the network has many services
}

// A Sum counts pairs.
type Sum struct {
	ClientService, Server, Network, Via      string
	Pairs, Delivered, Some, Dropped, Unknown int
}

type sumKey struct{ client, server, network, via string }

// A Judgement is all pairs and segments.
type Judgement struct {
	World    *World
	Segments []*Segment
	Counts   []*Count
	Pairs    []Pair // with every: all; else those that are not delivered, and of those that cannot be told some
	Sums     []*Sum
}

// Judge judges every segment of every host and every pair. With every, the delivered pairs are listed, too.
func Judge(ctx context.Context, tx *sql.Tx, every bool) (*Judgement, error) {
	w, err := Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	j := newJudge(w)
	r := stack.NewReader(tx)
	if err := j.hostsSideBySide(ctx, r); err != nil {
		return nil, err
	}
	return j.judge(every), nil
}

// hostsSideBySide reads one host after the other, as a transaction has to be asked, and judges those that were read
// meanwhile: as many at a time as there are processors.
func (j *judge) hostsSideBySide(ctx context.Context, r *stack.Reader) error {
	read := make(chan *machine)
	var judges sync.WaitGroup
	var one sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		judges.Go(func() {
			for m := range read {
				hs := m.examine()
				one.Lock()
				j.keep(m, hs)
				one.Unlock()
			}
		})
	}
	defer judges.Wait()
	defer close(read)
	for _, host := range j.world.Hosts {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := newMachine(ctx, j.world, r, host)
		if err != nil {
			return err
		}
		read <- m
	}
	return nil
}

func newJudge(w *World) *judge {
	return &judge{
		world: w, hosts: map[string]*hostState{}, whole: map[string]bool{}, legs: map[*Endpoint]*legState{}, gone: map[string]*Hop{}, moved: map[movedKey]*Hop{}, shared: map[[3]string]*Hop{},
		segments: map[segmentKey]*Segment{}, counts: map[[2]string]*Count{}, sums: map[sumKey]*Sum{}, untold: map[reason]int{}, ending: map[ending]*alikes{},
	}
}

func (j *judge) add(m *machine) { j.keep(m, m.examine()) }

// keep takes over what was judged of a host.
func (j *judge) keep(m *machine, hs *hostState) {
	j.hosts[m.Name] = hs
	whole := m.Host.Whole("netns")
	for _, s := range m.Spaces {
		whole = whole && s.Whole("link") && s.Whole("address")
	}
	j.whole[m.Name] = whole
}

func (j *judge) judge(every bool) *Judgement {
	for _, s := range j.world.Services {
		j.discover(s)
		s.order, s.texts = nil, nil
		s.order = s.portsOf()
		for _, p := range s.order {
			s.texts = append(s.texts, targetText(netip.Addr{}, p))
		}
	}
	for _, host := range j.world.Hosts {
		hs := j.hosts[host]
		for _, net := range sortedKeys(hs.nets) {
			j.network(hs.nets[net], every)
		}
	}
	j.unseen(every)
	for _, host := range j.world.Hosts {
		j.published(j.hosts[host], every)
		j.egress(j.hosts[host], every)
	}
	out := &Judgement{World: j.world, Segments: j.list, Pairs: j.pairs}
	for _, c := range j.counts {
		out.Counts = append(out.Counts, c)
	}
	slices.SortFunc(out.Counts, func(a, b *Count) int { return strings.Compare(a.Kind+"\x00"+a.Host, b.Kind+"\x00"+b.Host) })
	for _, s := range j.sums {
		out.Sums = append(out.Sums, s)
	}
	slices.SortFunc(out.Sums, func(a, b *Sum) int {
		return strings.Compare(a.ClientService+"\x00"+a.Server+"\x00"+a.Network+"\x00"+a.Via, b.ClientService+"\x00"+b.Server+"\x00"+b.Network+"\x00"+b.Via)
	})
	return out
}

// discover adds to a service's ports those at which most of its captured tasks listen: what is published is not all
// that is asked.
func (j *judge) discover(s *Service) {
	n := map[port]int{}
	tasks := map[string]bool{}
	for _, ep := range s.tasks {
		if tasks[ep.Owner] {
			continue
		}
		if l := j.legOf(ep); l != nil && l.whole {
			tasks[ep.Owner] = true
			for _, p := range l.listen {
				n[p]++
			}
		}
	}
	for p, k := range n {
		if 2*k > len(tasks) {
			s.ports[p] = true
		}
	}
}

// portsOf lists the ports of a service in order; where none is known, port 0 stands for any.
func (s *Service) portsOf() []port {
	if s.order != nil {
		return s.order
	}
	var out []port
	for p := range s.ports {
		out = append(out, p)
	}
	if len(out) == 0 {
		return []port{{"tcp", 0}}
	}
	slices.SortFunc(out, func(a, b port) int {
		if a.Proto != b.Proto {
			return strings.Compare(a.Proto, b.Proto)
		}
		return a.Port - b.Port
	})
	return out
}

// note counts a segment, and keeps it unless it is whole. It returns its number, 0 for one that is whole.
func (j *judge) note(kind, host string, net *Network, target, what string, h *Hop) int {
	k := [2]string{kind, host}
	c := j.counts[k]
	if c == nil {
		c = &Count{Kind: kind, Host: host}
		j.counts[k] = c
	}
	switch verdictOf(h) {
	case Delivered:
		c.Delivered++
		return 0
	case Dropped:
		c.Dropped++
	default:
		c.Unknown++
	}
	sk := segmentKey{kind, host, h}
	s := j.segments[sk]
	if s == nil {
		s = &Segment{ID: len(j.list) + 1, Kind: kind, Host: host, Net: net, Target: target, What: what, Hop: h}
		j.segments[sk] = s
		j.list = append(j.list, s)
	}
	if s.Targets == 0 {
		s.Net, s.Target, s.What = net, target, what
	}
	s.Targets++
	return s.ID
}

// A part is one judged segment of a way: its verdict and its number.
type part struct {
	hop *Hop
	id  int
}

// first is the part that decides: a sure drop before a doubt.
func first(parts ...part) part {
	var out part
	for _, p := range parts {
		if p.hop != nil && (out.hop == nil || p.hop.Verdict > out.hop.Verdict) {
			out = p
		}
	}
	return out
}

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
		parts   []part // one for each backend
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
			j.viaVIP(l, s.service, s.port, s.vip, s.target, s.parts, every)
		}
		for _, s := range j.world.onNetwork(net) {
			j.direct(l, s, every)
		}
	}
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

// balanced judges what lies behind a virtual address on one host: one part for each backend.
func (j *judge) balanced(hn *hostNet, s *Service, p port, vip netip.Addr, carried []part) []part {
	host, net := hn.host.name, hn.net
	if vip.Is6() {
		h := j.six(host, net)
		return []part{{h, j.note("balancer", host, net, targetText(vip, p), s.Name, h)}}
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
		return []part{{h, j.note("balancer", host, net, targetText(vip, p), s.Name, h)}}
	}
	newest := s.newest(net)
	if h := j.settled(v.way.arp, newest); h != nil && verdictOf(v.bal.bad) == Delivered { // the client may remember the link address
		j.note("balancer", host, net, targetText(vip, p), s.Name, h)
	}
	if h := j.settled(worst(v.way.rest, v.bal.bad), newest); h != nil {
		return []part{{h, j.note("balancer", host, net, targetText(vip, p), s.Name, h)}}
	}
	var parts []part
	foreign := 0
	for i := range v.bal.to {
		t := &v.bal.to[i]
		h := t.bad
		if h == nil {
			h = j.nobody(hn, t, v.bal.mark, s)
		}
		if h != nil {
			parts = append(parts, part{h, j.note("balancer", host, net, targetText(t.ip, p), s.Name, h)})
			continue
		}
		door := j.door(t.ep, p)
		if s.stranger(t.ep) {
			foreign++
			parts = append(parts, part{j.foreign(hn, t, v.bal.mark, s, p, verdictOf(door)), -1}) // noted below, unless all are
			continue
		}
		j.note("balancer", host, net, targetText(t.ip, p), s.Name, nil)
		back := worst(j.answer(t.ep, hn.lb.ep), j.large(hn.lb, t.ep, p.Proto))
		parts = append(parts, first(carried[t.ep.n], part{door, j.number("arrival", t.ep.Host, door)}, part{back, j.number("overlay", t.ep.Host, back)}))
	}
	if foreign == len(v.bal.to) && foreign > 0 {
		h := j.strange(hn, s, v)
		return []part{{h, j.note("balancer", host, net, targetText(vip, p), s.Name, h)}}
	}
	for i := range parts {
		if parts[i].id < 0 {
			parts[i].id = j.note("balancer", host, net, targetText(v.bal.to[i].ip, p), s.Name, parts[i].hop)
		}
	}
	return parts
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

// number is the number of a segment that is noted where it belongs: 0 until it is, and then the pair has none.
func (j *judge) number(kind, host string, h *Hop) int {
	if h == nil {
		return 0
	}
	k := segmentKey{kind, host, h}
	s := j.segments[k]
	if s == nil {
		s = &Segment{ID: len(j.list) + 1, Kind: kind, Host: host, Hop: h}
		j.segments[k] = s
		j.list = append(j.list, s)
	}
	return s.ID
}

// viaVIP judges a client and the virtual address of a service.
func (j *judge) viaVIP(l *legState, s *Service, p port, vip netip.Addr, target string, backends []part, every bool) {
	hn := l.hn
	name := l.resolving(s.Name)
	out := l.toward(vip, p)
	var arp part
	if v := hn.vips[vipKey{vip, p.Proto}]; v != nil {
		arp.hop = j.toVIP(l, v)
		arp.id = j.number("balancer", hn.host.name, arp.hop)
	}
	h := worst(name, out)
	front := part{h, 0}
	if p == s.portsOf()[0] {
		front.id = j.note("client", hn.host.name, hn.net, s.Name, l.ep.Label+" asks for "+s.Name, h)
	} else {
		front.id = j.number("client", hn.host.name, h)
	}
	if hn.lb != nil && l.back == nil {
		b := j.carry(hn.lb, l.ep)
		l.back = &part{b, j.number("overlay", hn.host.name, b)}
	}
	var back part
	if hn.lb != nil {
		back = *l.back
		if p.Proto == "udp" {
			h := worst(back.hop, j.ends(l, hn.lb))
			back = part{h, j.number("overlay", hn.host.name, h)}
		}
	}
	if len(l.wrong) > 0 {
		backends = append(j.wrongly(l, s.Name), backends...)
	}
	j.pair(Pair{ClientKind: "task", ClientHost: hn.host.name, Client: l.ep.Label, ClientService: l.ep.Service, Server: s.Name, Network: hn.net.Name, Via: "vip", Target: target, Proto: p.Proto, Port: p.Port, many: hn.net.many},
		first(front, arp, back), backends, every)
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
		h := j.settled(j.door(ep, port{"tcp", 0}), ep)
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
	var newest *Endpoint
	if s := j.world.Services[v.vip.ServiceID]; s != nil {
		newest = s.newest(l.hn.net)
	}
	return j.settled(arp, newest)
}

// newest is the task of a service on a network that has run for the shortest time, nil for none.
func (s *Service) newest(net *Network) *Endpoint {
	var out *Endpoint
	for _, t := range s.tasks {
		if t.Net == net && (out == nil || t.Since > out.Since) {
			out = t
		}
	}
	return out
}

// wrongly are the answers to a name that are nobody's, as backends that are not reached.
func (j *judge) wrongly(l *legState, name string) []part {
	var out []part
	for _, h := range l.wrong[name] {
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
	for _, x := range l.wrong[name] {
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
			if a := l.answered[name]; a != nil && !a[ep.IP] && h == nil {
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
			out := l.toward(ep.IP, p)
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

// alike is how many pairs of two services are listed that cannot be told for one reason, and alikeInAll how many of all
// services, where the reason is a table that was not captured; the others are counted. On a network with many services alike is how many
// are listed that cannot be told for one step, and alikeInAll how many others that end in one step: the last of these says how many more
// there are.
const (
	alike      = 20
	alikeInAll = 1000
)

// An ending is a verdict and the step that decided it.
type ending struct {
	bad     *Hop
	verdict string
}

// alikes are the pairs of an ending.
type alikes struct {
	n    int
	last int // place in judge.pairs of the last that is listed
}

// listedOfMany is [judge.listed] on a network with many services.
func (j *judge) listedOfMany(p *Pair, bad *Hop) bool {
	untold := p.Verdict == "cannot tell" && verdictOf(bad) == Unknown
	if untold && bad.lacks != "" {
		all := reason{step: bad.Step, lacks: bad.lacks}
		if j.untold[all] >= alikeInAll {
			return false
		}
		j.untold[all]++
	}
	k := ending{bad, p.Verdict}
	a := j.ending[k]
	if a == nil {
		a = &alikes{}
		j.ending[k] = a
	}
	a.n++
	switch {
	case untold && a.n <= alike || !untold && a.n <= alikeInAll:
		a.last = len(j.pairs)
		return true
	case !untold:
		j.pairs[a.last].Alike++
	}
	return false
}

// A reason is why pairs of two services cannot be told.
type reason struct{ client, server, network, via, step, lacks string }

// listed reports whether a pair is listed: where it cannot be told, only the first few with the same reason are.
func (j *judge) listed(p *Pair, bad *Hop) bool {
	if p.many {
		return j.listedOfMany(p, bad)
	}
	if p.Verdict != "cannot tell" || verdictOf(bad) != Unknown {
		return true
	}
	k := reason{p.ClientService, p.Server, p.Network, p.Via, bad.Step, bad.lacks}
	j.untold[k]++
	if j.untold[k] > alike {
		return false
	}
	if bad.lacks == "" {
		return true
	}
	all := reason{step: bad.Step, lacks: bad.lacks}
	j.untold[all]++
	return j.untold[all] <= alikeInAll
}

// pair puts the verdict of a pair together.
func (j *judge) pair(p Pair, front part, backends []part, every bool) {
	p.Backends = len(backends)
	dropped, unknown := 0, 0
	var bad part
	for _, b := range backends {
		switch verdictOf(b.hop) {
		case Dropped:
			dropped++
		case Unknown:
			unknown++
		default:
			p.Reached++
		}
		bad = first(bad, b)
	}
	switch {
	case verdictOf(front.hop) == Dropped:
		p.Verdict, bad, p.Reached = "dropped", front, 0
	case dropped == len(backends) && dropped > 0:
		p.Verdict = "dropped"
	case front.hop != nil:
		p.Verdict = "cannot tell"
		if dropped == 0 {
			bad = front
		}
	case dropped > 0:
		p.Verdict = "some"
	case unknown > 0:
		p.Verdict = "cannot tell"
	default:
		p.Verdict = "delivered"
	}
	p.Segment = bad.id
	k := sumKey{p.ClientService, p.Server, p.Network, p.Via}
	if p.many {
		k.server = ""
	}
	s := j.sums[k]
	if s == nil {
		s = &Sum{ClientService: k.client, Server: k.server, Network: k.network, Via: k.via}
		j.sums[k] = s
	}
	s.Pairs++
	switch p.Verdict {
	case "delivered":
		s.Delivered++
	case "dropped":
		s.Dropped++
	case "some":
		s.Some++
	default:
		s.Unknown++
	}
	if every || p.Verdict != "delivered" && j.listed(&p, bad.hop) {
		j.pairs = append(j.pairs, p)
	}
}
