package ruleset

import (
	"cmp"
	"slices"
	"sync"

	"github.com/netmortem/netmortem/schema"
)

// A Set is the rulesets of one namespace, compiled. It does not change, and may be asked from several goroutines.
type Set struct {
	ns    Namespace
	free  sync.Pool       // of *walk
	reads []read          // one; two where the two reads of the capture differ
	once  map[string]bool // refs of the rows that one of the two reads held
	gap   *Gap
	other []Elsewhere
}

// An Elsewhere is a base chain that the kernel calls at none of the five hooks: of family bridge for frames that cross
// a bridge, of arp, of netdev and of hook ingress for frames of a device. Nothing here evaluates them.
type Elsewhere struct {
	Hit
	Family, Hook string
	Dev          string // comma separated; empty where the chain is not bound to a device
	Idle         bool   // it has no rules and accepts: nothing depends on it
}

// Elsewhere lists them. Who walks a packet through such a place cannot tell what becomes of it there, unless all are
// idle.
func (s *Set) Elsewhere() []Elsewhere { return s.other }

// A read is what one of the two reads held, by family (IPv4, IPv6) and hook.
type read [2][balancer + 1][]plan

// A plan is what happens at a hook, in order. There are several where chains have the same priority: the kernel calls
// the one that was registered last first (nf_hook_entries_grow), and nothing captured tells which one that was.
type plan []stage

// New compiles the rows of a namespace. It refuses nothing: what it does not understand is a rule that cannot be
// judged. A nil Namespace knows nothing.
func New(rows *Rows, ns Namespace) *Set {
	if ns == nil {
		ns = Nothing{}
	}
	s := &Set{ns: ns}
	if len(rows.Gaps) > 0 {
		g := rows.Gaps[0]
		s.gap = &g
	}
	s.other = elsewhere(rows)
	twice, once := readTwice(rows)
	if len(once) == 0 || !twice {
		s.reads = []read{compile(rows, "")}
		return s
	}
	s.once = once
	s.reads = []read{compile(rows, schema.SeenFirst), compile(rows, schema.SeenLast)}
	return s
}

// readTwice says whether any row was seen at the last read: else there was but one. It also returns the rows that one
// of the reads only held. Chains of nftables, sets and elements are read once.
func readTwice(rows *Rows) (twice bool, once map[string]bool) {
	once = map[string]bool{}
	look := func(ref, seen string) {
		twice = twice || seen == schema.SeenLast || seen == schema.SeenBoth
		if seen == schema.SeenFirst || seen == schema.SeenLast {
			once[ref] = true
		}
	}
	for i := range rows.IPTablesChains {
		look(rows.IPTablesChains[i].Ref, rows.IPTablesChains[i].Row.Seen)
	}
	for i := range rows.IPTablesRules {
		look(rows.IPTablesRules[i].Ref, rows.IPTablesRules[i].Row.Seen)
	}
	for i := range rows.NftRules {
		look(rows.NftRules[i].Ref, rows.NftRules[i].Row.Seen)
	}
	return twice, once
}

// held says whether a row belongs to a read; the empty read holds them all.
func held(seen, read string) bool {
	return read == "" || seen == schema.SeenBoth || seen == "" || seen == read
}

func compile(rows *Rows, which string) read {
	c := &compiler{rows: rows, which: which}
	c.iptables()
	c.nftables()
	var r read
	for family := range r {
		for hook := range c.bases[family] {
			if bases := c.bases[family][hook]; len(bases) > 0 {
				r[family][hook] = plans(Hook(hook), bases)
			} else {
				r[family][hook] = []plan{ruleless[hook]}
			}
		}
		for _, p := range r[family][Input] {
			r[family][balancer] = append(r[family][balancer], p.toBalancer())
		}
	}
	return r
}

// toBalancer is what of hook input comes before IPVS.
func (p plan) toBalancer() plan {
	for i := range p {
		if p[i].kind != filterChain || p[i].base.priority >= priNatSrc-1 {
			return p[:i:i]
		}
	}
	return p
}

// A compiler gathers the base chains of one read.
type compiler struct {
	rows   *Rows
	which  string
	xtSets map[nftTable]map[string]*set // of tables of iptables-nft; nil until a rule asks
	bases  [2][Postrouting + 1][]*base
}

// ruleless are the plans of hooks without chains: conntrack and NAT of what other hooks have decided.
var ruleless = [Postrouting + 1]plan{
	stages(Prerouting, nil, nil, false, false), stages(Input, nil, nil, false, false), stages(Forward, nil, nil, false, false),
	stages(Output, nil, nil, false, false), stages(Postrouting, nil, nil, false, false),
}

// maxPlans bounds the orders in which chains of equal priority are tried.
const maxPlans = 24

// plans puts the base chains of a hook into the orders in which the kernel may call them.
func plans(h Hook, bases []*base) []plan {
	slices.SortStableFunc(bases, func(a, b *base) int {
		if n := cmp.Compare(a.priority, b.priority); n != 0 {
			return n
		}
		return b.nft - a.nft // dumped later, registered later, called earlier: likely, but not sure
	})
	var nat, other []*base
	for _, b := range bases {
		if b.nat {
			nat = append(nat, b)
		} else {
			other = append(other, b)
		}
	}
	// The kernel's own hooks have their priorities, too.
	either := func(priority int64) []bool {
		if slices.ContainsFunc(other, func(b *base) bool { return b.priority == priority }) {
			return []bool{false, true}
		}
		return []bool{false}
	}
	var out []plan
	for _, o := range orders(other) {
		for _, n := range orders(nat) {
			for _, trackFirst := range either(priConntrack) {
				for _, natFirst := range either(natPriority(h)) {
					if len(out) < maxPlans {
						out = append(out, stages(h, o, n, trackFirst, natFirst))
					}
				}
			}
		}
	}
	return out
}

func natPriority(h Hook) int64 {
	if sourceHook(h) {
		return priNatSrc
	}
	return priNatDst
}

// orders lists the permutations of chains that have the same priority; it gives up at maxPlans.
func orders(list []*base) [][]*base {
	if !tied(list) { // of most namespaces
		return [][]*base{list}
	}
	out := [][]*base{nil}
	for i := 0; i < len(list); {
		j := i + 1
		for j < len(list) && list[j].priority == list[i].priority {
			j++
		}
		var grown [][]*base
		for _, head := range out {
			permute(list[i:j], func(p []*base) bool {
				if !possible(p) {
					return true
				}
				grown = append(grown, append(slices.Clip(head), p...))
				return len(grown) < maxPlans
			})
		}
		out, i = grown, j
	}
	return out
}

// tied says whether any chains of a sorted list have the same priority.
func tied(list []*base) bool {
	for i := range list[min(1, len(list)):] {
		if list[i].priority == list[i+1].priority {
			return true
		}
	}
	return false
}

// possible says whether chains may be called in an order: of those of one table of nftables the one that was made
// last comes first, and they are dumped in the order in which they were made.
func possible(list []*base) bool {
	for i, a := range list {
		for _, b := range list[i+1:] {
			if a.nft != 0 && b.nft > a.nft && a.table != "" && a.table == b.table {
				return false
			}
		}
	}
	return true
}

// permute calls f with each order of list, the given one first, until it returns false.
func permute(list []*base, f func([]*base) bool) {
	var rec func(head, rest []*base) bool
	rec = func(head, rest []*base) bool {
		if len(rest) == 0 {
			return f(head)
		}
		for i := range rest {
			others := append(slices.Clone(rest[:i]), rest[i+1:]...)
			if !rec(append(slices.Clip(head), rest[i]), others) {
				return false
			}
		}
		return true
	}
	rec(nil, list)
}

// stages adds conntrack and NAT to the chains: nf_conntrack is at prerouting and output, the NAT core at all hooks but
// forward, at priorities of its own whatever its chains say (nf_nat_ipv4_ops). Whether they come before a chain of the
// same priority is for the caller to say.
func stages(h Hook, other, nat []*base, trackFirst, natFirst bool) plan {
	p := make(plan, 0, len(other)+len(nat)+4)
	track := h == Prerouting || h == Output
	natAt := natPriority(h)
	behind := func(b *base, priority int64, first bool) bool {
		return b.priority > priority || first && b.priority == priority
	}
	core := h != Forward
	for i := 0; i <= len(other); i++ {
		last := i == len(other)
		if track && (last || behind(other[i], priConntrack, trackFirst)) {
			p, track = append(p, stage{kind: trackPacket}), false
		}
		if core && (last || behind(other[i], natAt, natFirst)) {
			core = false
			end := len(p) + 1 + len(nat)
			p = append(p, stage{kind: natBegin, skip: end})
			for _, b := range nat {
				p = append(p, stage{kind: natChain, base: b, skip: end})
			}
			p = append(p, stage{kind: natEnd})
		}
		if !last {
			p = append(p, stage{kind: filterChain, base: other[i]})
		}
	}
	if sourceHook(h) {
		p = append(p, stage{kind: confirmConn})
	}
	return p
}

// Hook says what becomes of a packet at a hook.
func (s *Set) Hook(h Hook, p Packet) Outcome { return s.ask(h, p, false) }

// Trace is Hook with the rules that matched on the way.
func (s *Set) Trace(h Hook, p Packet) Outcome { return s.ask(h, p, true) }

// Balancer is Trace of hook input as far as IPVS: its hooks come before NAT's there (ip_vs_ops, NF_IP_PRI_NAT_SRC - 1),
// and what it sends on sees neither that nor the confirmation of its connection. A packet that IPVS does not take goes
// through all of [Input] instead.
func (s *Set) Balancer(p Packet) Outcome { return s.ask(balancer, p, true) }

// balancer is the hook of Balancer.
const balancer = Postrouting + 1

func (s *Set) ask(h Hook, p Packet, tracing bool) Outcome {
	switch {
	case s.gap != nil:
		hit := Hit{Ref: s.gap.Ref}
		return Outcome{Rule: hit, Doubt: hit, Why: s.gap.Why, Packet: p}
	case h > balancer || !p.Src.IsValid() && !p.Dst.IsValid():
		return Outcome{Why: "neither source nor destination is known", Packet: p}
	}
	first := s.through(&s.reads[0], h, &p, tracing)
	if len(s.reads) == 1 {
		return first
	}
	second := s.through(&s.reads[1], h, &p, tracing)
	if first.same(&second) {
		return first
	}
	if first.Verdict == Undecided {
		return first
	}
	if second.Verdict == Undecided {
		return second
	}
	hit := s.changed(h, &p)
	first.Trace, second.Trace = nil, nil
	return Outcome{Rule: hit, Doubt: hit, Why: "the two reads of the capture differ", Packet: p, Any: []Outcome{first, second}}
}

// changed finds the row on which the two reads part for a packet.
func (s *Set) changed(h Hook, p *Packet) Hit {
	a, b := s.through(&s.reads[0], h, p, true), s.through(&s.reads[1], h, p, true)
	for _, o := range []*Outcome{&a, &b} {
		for _, hit := range append(o.Trace, o.Rule) {
			if s.once[hit.Ref] {
				return hit
			}
		}
	}
	return a.Rule
}

// through walks the plans of a hook.
func (s *Set) through(r *read, h Hook, p *Packet, tracing bool) Outcome {
	family := 0
	if p.v6() {
		family = 1
	}
	w, _ := s.free.Get().(*walk)
	if w == nil {
		w = &walk{}
	}
	w.tracing, w.rules, w.ends = tracing, 0, w.ends[:0]
	list := r[family][h]
	for i, plan := range list {
		st := &w.state
		at := h
		if h == balancer {
			at = Input
		}
		st.begin(p, at, s.ns, plan)
		if len(list) > 1 {
			st.why = "chains of the same priority: which one the kernel calls first is not known"
			st.sides = []side{{why: st.why, took: uint16(i)}}
		}
		w.forks = 0
		w.run(st)
	}
	o := join(w.ends)
	clear(w.ends)
	s.free.Put(w)
	return o
}
