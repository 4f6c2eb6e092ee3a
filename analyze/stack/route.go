package stack

import (
	"net/netip"
	"slices"
	"strings"
)

// A Route is one row of the table route.
type Route struct {
	Table   int
	Type    string
	Dst     netip.Prefix
	Src     netip.Prefix // source selector (IPv6); the zero prefix for none
	Gateway netip.Addr
	PrefSrc netip.Addr
	Index   int // output device
	Metric  int
	MTU     int
	Weight  int
	Flags   string
	Scope   string
	Ref     string
}

// A Rule is one policy rule.
type Rule struct {
	Six      bool
	Priority int
	Action   string
	Table    int
	Src, Dst netip.Prefix // the zero prefix for any
	In, Out  string
	Mark     uint32
	Mask     uint32
	Invert   bool
	Extra    string // what is not modelled; empty for nothing
	Ref      string
}

// A fib is one routing table.
type fib struct {
	routes map[netip.Prefix][]*Route
	bits   [2][]int // lengths of prefixes that occur, longest first: IPv4, IPv6
}

func putRoute(s *Space, f []string) {
	dst, ok := prefix(f[4])
	if !ok {
		return
	}
	r := s.Host.slabs.routes.row()
	*r = Route{
		Table: number(f[2]), Type: f[3], Gateway: ip(f[6]), PrefSrc: ip(f[7]), Index: number(f[8]), Metric: number(f[9]), MTU: number(f[10]),
		Weight: number(f[11]), Flags: f[12], Scope: f[13], Ref: f[14],
	}
	r.Dst = dst.Masked()
	if f[5] != "" {
		r.Src, _ = prefix(f[5])
	}
	s.Routes = append(s.Routes, r)
	t := s.fib[r.Table]
	if t == nil {
		t = &fib{routes: map[netip.Prefix][]*Route{}}
		s.fib[r.Table] = t
	}
	if same := t.routes[r.Dst]; same == nil {
		t.routes[r.Dst] = newest(s.Routes)
	} else {
		t.routes[r.Dst] = append(same, r)
	}
	six := family(r.Dst.Addr())
	if !slices.Contains(t.bits[six], r.Dst.Bits()) {
		t.bits[six] = append(t.bits[six], r.Dst.Bits())
		slices.SortFunc(t.bits[six], func(a, b int) int { return b - a })
	}
}

func putRule(s *Space, f []string) {
	r := s.Host.slabs.rules.row()
	*r = Rule{
		Six: f[1] == "ipv6", Priority: number(f[2]), Action: f[3], Table: number(f[4]), In: f[7], Out: f[8], Mark: uint32(number(f[9])),
		Mask: uint32(number(f[10])), Invert: f[11] == "1", Extra: unmodelled(f[12]), Ref: f[13],
	}
	if r.Mark != 0 && f[10] == "" {
		r.Mask = 0xffffffff
	}
	r.Src, _ = prefix(f[5])
	r.Dst, _ = prefix(f[6])
	s.Rules = append(s.Rules, r)
	six := 0
	if r.Six {
		six = 1
	}
	at := len(s.rules[six]) // behind those of the same priority
	for at > 0 && s.rules[six][at-1].Priority > r.Priority {
		at--
	}
	s.rules[six] = slices.Insert(s.rules[six], at, r)
}

// unmodelled is what a policy rule asks for beyond the columns: attributes that decide nothing are left out, which are
// FRA_PROTOCOL (21, who made it) and FRA_FLOW (11, realms for accounting).
func unmodelled(extra string) string {
	var out []string
	for _, word := range strings.Fields(extra) {
		if number, _, _ := strings.Cut(word, "="); number != "21" && number != "11" {
			out = append(out, word)
		}
	}
	return strings.Join(out, " ")
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// A Flow is what a routing decision depends on.
type Flow struct {
	Src  netip.Addr // the zero address where the kernel is to choose
	Dst  netip.Addr
	In   *Link // nil for a packet of the host's own
	Mark uint32
}

// A Decision is what routing says of a flow.
type Decision struct {
	Known  bool       // false: cannot tell
	Why    string     // why it cannot be told, or why there is none
	Route  *Route     // nil: no route, or not known
	Link   *Link      // device that the packet leaves by; nil for local delivery
	Next   netip.Addr // whose link address is asked for: the gateway, or the destination itself
	Source netip.Addr // source address; the kernel's choice where the flow has none
	Ref    string     // row that decided: a route, or a policy rule
}

// Local reports whether the packet is for the namespace itself.
func (d *Decision) Local() bool { return d.Known && d.Route != nil && d.Route.Type == "local" }

// Forward reports whether the packet leaves by a device.
func (d *Decision) Forward() bool { return d.Known && d.Route != nil && d.Link != nil }

// Lookup is the routing decision of the namespace (fib_lookup and fib_table_lookup, net/ipv4; fib6_rule_lookup, net/ipv6).
func (s *Space) Lookup(flow Flow) Decision {
	if !s.Whole("policy_rule") {
		return Decision{Why: "the policy rules of " + s.Name + " were not captured"}
	}
	if !s.Whole("route") {
		return Decision{Why: "the routes of " + s.Name + " were not captured"}
	}
	// A kernel has local routes for its addresses, and three rules to begin with: where there are none, they were not read.
	switch {
	case len(s.Routes) == 0 && len(s.Addresses) > 0:
		return Decision{Why: s.Name + " has addresses, and no route was captured"}
	case len(s.Rules) == 0:
		return Decision{Why: "no policy rule of " + s.Name + " was captured"}
	}
	for _, r := range s.rules[family(flow.Dst)] {
		match := r.matches(flow)
		if match == no {
			continue
		}
		if r.Extra != "" || match == maybe {
			return Decision{Why: "a policy rule asks for what is not modelled: " + r.Extra, Ref: r.Ref}
		}
		switch r.Action {
		case "lookup":
			if d, done := s.lookupTable(r.Table, flow); done {
				return d
			}
		case "nop":
		case "blackhole", "unreachable", "prohibit":
			return Decision{Known: true, Why: "a policy rule says " + r.Action, Ref: r.Ref}
		default:
			return Decision{Why: "a policy rule with the action " + r.Action + " is not modelled", Ref: r.Ref}
		}
	}
	return Decision{Known: true, Why: "no route to " + flow.Dst.String()}
}

// The answers of a comparison.
type answer int8

const (
	no answer = iota
	yes
	maybe
)

// matches is fib_rule_match (net/core/fib_rules.c). The output device is not known while it is looked up, so that a
// rule with one matches no flow (flowi_oif is 0). A packet of the host's own comes in by lo.
func (r *Rule) matches(flow Flow) answer {
	ok := true
	if r.In != "" {
		in := "lo"
		if flow.In != nil {
			in = flow.In.Name
		}
		ok = ok && r.In == in
	}
	if r.Out != "" {
		ok = false
	}
	if r.Mask != 0 && (flow.Mark^r.Mark)&r.Mask != 0 {
		ok = false
	}
	if r.Src.IsValid() && r.Src.Bits() > 0 && !(flow.Src.IsValid() && r.Src.Contains(flow.Src)) {
		ok = false
	}
	if r.Dst.IsValid() && r.Dst.Bits() > 0 && !r.Dst.Contains(flow.Dst) {
		ok = false
	}
	if ok != r.Invert {
		return yes
	}
	return no
}

// lookupTable looks into one table; done is false when the next rule is to be asked.
func (s *Space) lookupTable(table int, flow Flow) (Decision, bool) {
	t := s.fib[table]
	if t == nil {
		return Decision{}, false
	}
	for _, bits := range t.bits[family(flow.Dst)] {
		p, err := flow.Dst.Prefix(bits)
		if err != nil {
			continue
		}
		route, several := s.best(t.routes[p], flow)
		if route == nil {
			continue
		}
		if route.Type == "throw" {
			return Decision{}, false
		}
		if several {
			return Decision{Why: "there are several next hops of equal weight to " + flow.Dst.String(), Ref: route.Ref}, true
		}
		return s.decide(route, flow), true
	}
	return Decision{}, false
}

// best is the route with the lowest metric that can be used: a dead next hop is passed over, and then a shorter prefix
// is tried (fib_table_lookup, net/ipv4/fib_trie.c).
func (s *Space) best(routes []*Route, flow Flow) (best *Route, several bool) {
	for _, r := range routes {
		if has(r.Flags, "dead") || (r.Src.IsValid() && r.Src.Bits() > 0 && flow.Src.IsValid() && !r.Src.Contains(flow.Src)) {
			continue
		}
		switch {
		case best == nil || r.Metric < best.Metric:
			best, several = r, false
		case r.Metric == best.Metric && r.Weight > 0 && best.Weight > 0 && (r.Index != best.Index || r.Gateway != best.Gateway):
			several = true
		case r.Metric == best.Metric && r.Index != best.Index && r.Dst.Addr().Is6():
			several = true
		}
	}
	return best, several
}

func (s *Space) decide(r *Route, flow Flow) Decision {
	d := Decision{Known: true, Route: r, Ref: r.Ref, Source: flow.Src}
	switch r.Type {
	case "local", "anycast":
		if !d.Source.IsValid() {
			d.Source = r.PrefSrc
			if !d.Source.IsValid() {
				d.Source = flow.Dst
			}
		}
		return d
	case "unicast":
	case "blackhole", "unreachable", "prohibit":
		d.Route, d.Why = nil, "the route to "+r.Dst.String()+" says "+r.Type
		return d
	default:
		return Decision{Why: "a route of the type " + r.Type + " is not modelled", Ref: r.Ref}
	}
	d.Link = s.Link(r.Index)
	if d.Link == nil {
		return Decision{Why: "the device of the route was not captured", Ref: r.Ref}
	}
	d.Next = flow.Dst
	if r.Gateway.IsValid() && !r.Gateway.IsUnspecified() {
		d.Next = r.Gateway
	}
	if !d.Source.IsValid() {
		d.Source = s.source(r, d.Next)
	}
	return d
}

// source is the kernel's choice of a source address: the route's, else the first primary address of the device in the
// gateway's subnet, else the first one (fib_info_update_nhc_saddr, net/ipv4/fib_semantics.c; inet_select_addr, net/ipv4/devinet.c). Of IPv6 only what RFC 6724 leaves no
// choice in is answered: the zero address where there are several.
func (s *Space) source(r *Route, next netip.Addr) netip.Addr {
	if r.PrefSrc.IsValid() && !r.PrefSrc.IsUnspecified() {
		return r.PrefSrc
	}
	var first netip.Addr
	count := 0
	for _, a := range s.Addresses {
		if a.Index != r.Index || a.IP.Is4() != next.Is4() || has(a.Flags, "secondary") || a.Scope == "host" {
			continue
		}
		if next.Is6() && (a.Scope == "link") != next.IsLinkLocalUnicast() {
			continue
		}
		if next.Is4() && r.Gateway.IsValid() && a.Prefix().Contains(next) {
			return a.IP
		}
		if !first.IsValid() {
			first = a.IP
		}
		count++
	}
	if next.Is6() && count > 1 {
		return netip.Addr{}
	}
	return first
}
