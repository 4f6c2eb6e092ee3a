package path

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// A balancing is what a balancer on one host does with a virtual address, or a published port: where new connections go.
type balancing struct {
	bad     *Hop // no connection gets through; nil when some do, or may
	to      []target
	front   []Hop // the hops before the destinations
	hops    []Hop
	mark    string // of the virtual service
	markRef string // row of the rule that sets it
}

// endpoints are those that the destinations are known to be, nil for one that is not.
func (b *balancing) endpoints() []*Endpoint {
	var out []*Endpoint
	for i := range b.to {
		out = append(out, b.to[i].ep)
	}
	return out
}

// A target is one destination that the balancer may choose.
type target struct {
	ip   netip.Addr
	port int  // 0: the packet's own
	bad  *Hop // of this destination: what keeps its packets from leaving the balancer, or its answers from getting back
	ref  string
	hops []Hop
	ep   *Endpoint

	direct bool // by direct routing: the packet gets there as it is, and the answer goes to the client without the balancer
}

// balance walks a packet for a virtual address through the balancer's sandbox: alias, mark, virtual service, each
// destination, the translated source, and the way back of the answer. p is the packet as it comes in by in; out is the
// device on the network. expect are the tasks that should be chosen.
//
// IPVS takes the packet at the end of input, and sends it out by output and postrouting (ip_vs_remote_request4 and
// ip_vs_nat_xmit, net/netfilter/ipvs). The answer passes forward, where IPVS puts the virtual address back (ip_vs_forward_icmp's
// neighbour ip_vs_reply4). By direct routing the packet leaves as it came, for the destination's link address (ip_vs_dr_xmit).
func (m *machine) balance(w *walk, in, out leg, p ruleset.Packet, net *Network, v *VIP, pub *Published) *balancing {
	b := &balancing{}
	begin := len(w.hops)
	defer func() { b.bad, b.hops = w.bad, w.hops; b.front = w.hops[begin:] }()
	s := in.space
	key := p.Dst.String()
	if pub != nil {
		key = fmt.Sprintf("%s:%d", pub.Proto, pub.Port)
	}
	at := func(step string) Hop { return Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: step} }

	p.In, p.Local, p.Kind = in.dev.Name, false, ruleset.KindHost
	asked := p
	p = m.hook(w, s, ruleset.Prerouting, p)
	if w.stopped() {
		return b
	}
	h := at("address")
	h.Expected = p.Dst.String() + " is an address of " + s.Name
	h.Subject = "vip:" + m.Name + "/" + s.Name + "/" + p.Dst.String()
	if v != nil {
		h.ExpectedRef = v.Ref
	}
	d := s.Lookup(stack.Flow{Dst: p.Dst, In: in.dev, Mark: p.Mark})
	h.Ref = d.Ref
	switch {
	case !d.Known:
		h.Why = d.Why
		w.doubt(h)
		return b
	case !d.Local():
		h.Why, h.absent, h.Ref = "the balancer does not have the address", true, s.Ref
		w.drop(h)
		return b
	}
	if w.keep {
		h.Subject, h.Observed = "", p.Dst.String()+" is its own"
		w.pass(h)
	}
	q := p
	if pre := in.prefix(); !q.Src.IsValid() && pre.IsValid() {
		q.Src = neighbourOf(pre, p.Dst)
	}
	if q.Src.IsValid() {
		if m.reverse(w, s, in.dev, q); w.stopped() {
			return b
		}
	}
	asIt := m.rules(s).Balancer(p)
	p = m.passed(w, s, "rules, input", p, &asIt)
	if w.stopped() {
		return b
	}

	// the virtual service
	h = at("mark")
	h.Subject, h.Expected = "mark:"+m.Name+"/"+s.Name+"/"+key, "a mark that leads to the virtual service of "+serviceName(v, pub)
	if v != nil {
		h.ExpectedRef = v.Ref
	}
	if pub != nil {
		h.ExpectedRef = pub.Ref
	}
	if p.MarkUnknown != 0 {
		h.Why = "which mark it gets is not known"
		w.doubt(h)
		return b
	}
	h.Ref = m.markRule(s, p.Mark)
	proto := "tcp"
	if p.Proto == protoUDP {
		proto = "udp"
	}
	virtual, moving := s.Virtual(p.Mark, proto, p.Dst, int(p.Dport))
	switch {
	case virtual != nil:
		if w.keep {
			g := h
			g.Subject, g.Observed = "", fmt.Sprintf("mark %d, virtual service %s", p.Mark, virtual.Scheduler)
			w.pass(g)
		}
	case !s.Whole("ipvs_service"):
		h.Why = "the virtual services of " + s.Name + " were not captured whole"
		w.doubt(h)
		return b
	case moving:
		h.Why = "the virtual service was there at the first read only"
		w.doubt(h)
		return b
	default:
		h.Observed, h.absent = fmt.Sprintf("mark %d, for which there is no virtual service", p.Mark), true
		if p.Mark == 0 {
			h.Observed = "no mark"
		}
		if h.Ref == "" {
			h.Ref = s.Ref
		}
		h.Why = "no virtual service takes the connection: the balancer answers for itself, and nothing listens there"
		w.drop(h)
		return b
	}
	if virtual.Seen == stack.SeenLast {
		h.Ref, h.Why = virtual.Ref, "the virtual service was there at the last read only"
		w.doubt(h)
		return b
	}
	if !s.Whole("ipvs_destination") {
		h.Step, h.Why, h.Ref = "destinations", "the destinations of "+s.Name+" were not captured whole", virtual.Ref
		h.Subject = fmt.Sprintf("ipvs:%s/%s/%d", m.Name, s.Name, p.Mark)
		w.doubt(h)
		return b
	}
	moves := false
	var chosen []*stack.Destination
	for _, d := range virtual.Destinations {
		if d.Seen == stack.SeenBoth && d.Takes() || d.Seen == "" && d.Takes() {
			chosen = append(chosen, d)
		} else if d.Seen == stack.SeenFirst || d.Seen == stack.SeenLast {
			moves = true
		}
	}
	h = at("destinations")
	h.Subject, h.Ref = fmt.Sprintf("ipvs:%s/%s/%d", m.Name, s.Name, p.Mark), virtual.Ref
	h.Expected = "destinations that take connections"
	if len(chosen) == 0 {
		h.Observed = fmt.Sprintf("%d destinations, none of which takes connections", len(virtual.Destinations))
		h.Why = "there is no destination to choose"
		if len(virtual.Destinations) > 0 {
			h.Why = "each destination has weight 0, or as many connections as it may"
		}
		h.absent = len(virtual.Destinations) == 0
		if moves {
			h.Why += ", and one came or went between the reads"
			w.doubt(h)
		} else {
			w.drop(h)
		}
		return b
	}
	b.mark, b.markRef = fmt.Sprint(p.Mark), m.markRule(s, p.Mark)
	if w.keep {
		h.Subject, h.Observed = "", fmt.Sprintf("%d that take connections, of %d", len(chosen), len(virtual.Destinations))
		w.pass(h)
	}
	tracked, known := s.Sysctl("net.ipv4.vs.conntrack")
	within := out.prefix()
	alike := !w.keep && within.IsValid() && !m.tellsApart(s, within)
	b.to = make([]target, 0, len(chosen))
	for i, d := range chosen {
		if i > 0 && alike && d.Forward == chosen[0].Forward && d.Port == chosen[0].Port && within.Contains(d.Address) && within.Contains(chosen[0].Address) && b.to[0].bad == nil {
			b.to = append(b.to, target{ip: d.Address, port: d.Port, ref: d.Ref(), ep: net.byIP[d.Address], direct: b.to[0].direct})
			continue
		}
		t := &walk{keep: w.keep}
		b.to = append(b.to, m.destination(t, in, out, asked, p, net, d, tracked, known))
		b.to[len(b.to)-1].hops = t.hops
	}
	return b
}

// tellsApart reports whether the rules or routes of a namespace may tell two addresses of a subnet apart as the destination
// of what it sends, or as the source of what comes back: one of them names a part of it, or there are rules of nftables.
func (m *machine) tellsApart(s *stack.Space, within netip.Prefix) bool {
	if v, ok := m.apart[s]; ok {
		return v
	}
	v := m.namesPart(s, within)
	m.apart[s] = v
	return v
}

func (m *machine) namesPart(s *stack.Space, within netip.Prefix) bool {
	part := func(p netip.Prefix) bool { return p.IsValid() && p.Bits() > within.Bits() && within.Overlaps(p) }
	if rows := m.rows[s.ID]; rows != nil {
		if len(rows.NftRules) > 0 {
			return true
		}
		for i := range rows.IPTablesRules {
			r := &rows.IPTablesRules[i].Row
			if r.Chain == "INPUT" && r.Target == "MARK" {
				continue // met before there is a destination
			}
			if part(r.Src) || part(r.Dst) || r.Unmodelled != "" || strings.Contains(r.Spec, "-m set") || strings.Contains(r.Spec, "-m iprange") {
				return true
			}
		}
	}
	for _, r := range s.Routes {
		if part(r.Dst) && r.Type != "local" && r.Type != "broadcast" {
			return true
		}
	}
	for _, r := range s.Rules {
		if part(r.Dst) || part(r.Src) {
			return true
		}
	}
	return false
}

func serviceName(v *VIP, pub *Published) string {
	switch {
	case pub != nil:
		return pub.Service
	case v != nil:
		return v.Service
	}
	return "the service"
}

// destination walks from IPVS's choice onto the network, and an answer back to the client. Direct routing is walked where the client is on
// the network itself: an answer to anybody else would have to find its own way.
func (m *machine) destination(w *walk, in, out leg, asked, p ruleset.Packet, net *Network, d *stack.Destination, tracked stack.Setting, known bool) (t target) {
	s := in.space
	t = target{ip: d.Address, port: d.Port, ref: d.Ref(), ep: net.byIP[d.Address]}
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "destination", Ref: t.ref, Subject: fmt.Sprintf("ipvs:%s/%s/%d/%s", m.Name, s.Name, p.Mark, d.Address)}
	defer func() {
		if w.bad != nil {
			t.bad = w.bad
		}
	}()
	t.direct = d.Forward == "route" && in.dev == out.dev
	if d.Forward != "masq" && !t.direct {
		h.Observed, h.Why = "forwards by "+d.Forward, "forwarding by "+d.Forward+" is not walked"
		w.doubt(h)
		return t
	}
	if !known {
		h.Step, h.Why, h.Subject = "conntrack", "the setting net.ipv4.vs.conntrack of "+s.Name+" was not captured", "sysctl:"+m.Name+"/"+s.Name+"/net.ipv4.vs.conntrack"
		w.doubt(h)
		return t
	}
	q := p.Balanced(d.Address, uint16(d.Port), tracked.Value != "0")
	if t.direct {
		q = p.Balanced(p.Dst, 0, tracked.Value != "0")
	}
	q.Out = out.dev.Name
	r := s.Lookup(stack.Flow{Dst: d.Address, Mark: q.Mark})
	h.Step, h.Expected = "route", d.Address.String()+" leaves by "+out.dev.Name
	switch {
	case !r.Known:
		h.Why, h.Ref = r.Why, r.Ref
		w.doubt(h)
		return t
	case r.Local():
		h.Why = "the destination is an address of the balancer itself"
		w.drop(h)
		return t
	case r.Link != out.dev:
		h.Why, h.Observed = "the destination is not reached by the network", r.Why
		if r.Link != nil {
			h.Observed = "leaves by " + r.Link.Name
		}
		w.drop(h)
		return t
	}
	sent := q
	q = m.hook(w, s, ruleset.Output, q)
	if w.stopped() {
		return t
	}
	q = m.hook(w, s, ruleset.Postrouting, q)
	if w.stopped() {
		return t
	}
	if t.direct {
		if q.Src != sent.Src || q.Dst != sent.Dst {
			h.Step, h.Expected, h.Observed = "rules, postrouting", "the packet as the client sent it", words(q)
			h.Why = "a rule translates what is routed directly, and to whom the answer goes then is not walked"
			w.doubt(h)
			return t
		}
		if w.keep {
			h.Step, h.Subject, h.Expected = "destination", "", ""
			h.Observed = fmt.Sprintf("%s by direct routing, still for %s", d.Address, endpointText(q.Dst, q.Dport))
			w.pass(h)
		}
		return t
	}
	own := out.ip(net)
	if q.Src == sent.Src || !q.Src.IsValid() {
		// A destination that answers the client itself is asked by an address that the client never asked.
		h.Step, h.Expected, h.Observed = "source", "translated to "+addrText(own), "the client's own"
		h.Subject, h.Ref = "snat:"+m.Name+"/"+s.Name+"/"+addrText(own), s.Ref
		h.Why = "the source is not translated, so that the answer does not come back through the balancer"
		if tracked.Value == "0" {
			h.Subject, h.Ref = "sysctl:"+m.Name+"/"+s.Name+"/net.ipv4.vs.conntrack", tracked.Ref()
			h.Observed = "net.ipv4.vs.conntrack = 0"
		}
		w.drop(h)
		return t
	}
	if w.keep {
		h.Step, h.Subject, h.Expected = "destination", "", ""
		h.Observed = fmt.Sprintf("%s from %s", endpointText(q.Dst, q.Dport), addrText(q.Src))
		w.pass(h)
	}
	// the answer
	a := q.Answer()
	a.In, a.Local, a.Kind = out.dev.Name, false, ruleset.KindHost
	a = m.hook(w, s, ruleset.Prerouting, a)
	if w.stopped() {
		return t
	}
	h = Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "answer"}
	on, ok, ref := s.Forwarding(out.dev, a.Src.Is6())
	h.Ref, h.Subject = ref, "sysctl:"+m.Name+"/"+s.Name+"/net.ipv4.ip_forward"
	switch {
	case !ok:
		h.Why = "whether " + s.Name + " forwards packets was not captured"
		w.doubt(h)
		return t
	case !on:
		h.Observed, h.Why = "net.ipv4.ip_forward = 0", "the balancer does not forward, and answers have to pass it"
		w.drop(h)
		return t
	}
	a.Out = in.dev.Name
	a = m.hook(w, s, ruleset.Forward, a)
	if w.stopped() {
		return t
	}
	a.IPVS, a.Src = ruleset.Yes, asked.Dst
	m.hook(w, s, ruleset.Postrouting, a)
	return t
}

// markRule is the row of the rule that sets a mark, the last one in its chain.
func (m *machine) markRule(s *stack.Space, mark uint32) string {
	ref := ""
	if rows := m.rows[s.ID]; rows != nil && mark != 0 {
		for i := range rows.IPTablesRules {
			if r := &rows.IPTablesRules[i]; r.Row.Mark != nil && uint32(*r.Row.Mark) == mark && r.Row.Target == "MARK" {
				ref = r.Ref
			}
		}
	}
	return ref
}
