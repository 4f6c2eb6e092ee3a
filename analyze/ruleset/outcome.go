package ruleset

import "net/netip"

// A Verdict is what becomes of a packet at a hook.
type Verdict uint8

const (
	Undecided Verdict = iota // cannot tell
	Accept
	Drop
	Reject // dropped, and the sender told
)

func (v Verdict) String() string {
	return [...]string{"cannot tell", "accept", "drop", "reject"}[v&3]
}

// A Hit is a rule that the packet matched, or the policy of a chain that it met. The zero value is none.
type Hit struct {
	Ref  string // of iptables_rule, nft_rule, iptables_chain or nft_chain; of coverage for a gap
	Text string // the rule in the words of iptables-save or nft; for a policy, the chain with its table
}

// An Outcome is the end of a packet at one hook.
type Outcome struct {
	Verdict Verdict
	Rule    Hit    // that decided: the rule or policy of the last chain of the hook that the packet went through. None where no chain is there
	Doubt   Hit    // Undecided, or a mark that is not known: what would have told
	Why     string // what is not known about Doubt
	Packet  Packet // after the hook; as it was dropped, or zero where that is not known; as far as it came, of one that is Undecided
	Reroute bool   // at output: destination, source or mark changed in a chain after which the kernel looks up the route again
	Trace   []Hit  // Trace only: the rules that matched, in order
	Any     []Outcome
}

// Lost says whether the packet surely goes no further: Yes also where it is not known whether it is dropped or
// rejected.
func (o *Outcome) Lost() Tri {
	switch o.Verdict {
	case Accept:
		return No
	case Drop, Reject:
		return Yes
	}
	if len(o.Any) == 0 {
		return Unknown
	}
	for i := range o.Any {
		if o.Any[i].Lost() != Yes {
			return Unknown
		}
	}
	return Yes
}

// maxAny bounds the ways that an Undecided outcome lists.
const maxAny = 16

// same compares what two ends mean for the packet, not which rule brought them about.
func (o *Outcome) same(p *Outcome) bool {
	if o.Verdict != p.Verdict || o.Verdict == Undecided {
		return false
	}
	return o.Verdict != Accept || o.Packet == p.Packet && o.Reroute == p.Reroute
}

// blur makes one accepted packet of two that differ in marks and MSS only, or in what one of them does not know: what
// differs is not known any more.
func blur(a, b *Outcome) (Outcome, bool) {
	if a.Verdict != Accept || b.Verdict != Accept || a.Reroute != b.Reroute {
		return Outcome{}, false
	}
	out := *a
	p, q := &out.Packet, b.Packet
	p.MarkUnknown |= q.MarkUnknown | p.Mark ^ q.Mark
	p.Conn.MarkUnknown |= q.Conn.MarkUnknown | p.Conn.Mark ^ q.Conn.Mark
	p.Mark &^= p.MarkUnknown
	p.Conn.Mark &^= p.Conn.MarkUnknown
	q.Mark, q.MarkUnknown = p.Mark, p.MarkUnknown
	q.Conn.Mark, q.Conn.MarkUnknown = p.Conn.Mark, p.Conn.MarkUnknown
	if p.MSS != q.MSS {
		p.MSS, q.MSS = 0, 0
	}
	for _, x := range [][2]*uint16{{&p.Sport, &q.Sport}, {&p.Dport, &q.Dport}, {&p.Conn.Back.Sport, &q.Conn.Back.Sport}, {&p.Conn.Back.Dport, &q.Conn.Back.Dport}} {
		if *x[0] == 0 || *x[1] == 0 {
			*x[0], *x[1] = 0, 0
		}
	}
	for _, x := range [][2]*netip.Addr{{&p.Src, &q.Src}, {&p.Dst, &q.Dst}, {&p.Conn.Back.Src, &q.Conn.Back.Src}, {&p.Conn.Back.Dst, &q.Conn.Back.Dst}} {
		if !x[0].IsValid() || !x[1].IsValid() {
			*x[0], *x[1] = netip.Addr{}, netip.Addr{}
		}
	}
	unsure := p.Conn.Unsure | q.Conn.Unsure
	p.Conn.Unsure, q.Conn.Unsure = unsure, unsure
	p.Conn.Status &^= unsure
	q.Conn.Status &^= unsure
	return out, *p == q
}

// An end is an outcome with the forks that led to it.
type end struct {
	Outcome
	sides []side
}

// A side is one way that a fork was taken.
type side struct {
	hit  Hit
	why  string
	took uint16 // 0 for the first way
}

// join makes one outcome of all ends.
func join(ends []end) Outcome {
	first := &ends[0]
	if len(ends) == 1 {
		return first.Outcome
	}
	kinds := []*Outcome{&first.Outcome}
next:
	for i := 1; i < len(ends); i++ {
		for _, k := range kinds {
			if k.same(&ends[i].Outcome) {
				continue next
			}
		}
		kinds = append(kinds, &ends[i].Outcome)
	}
	if len(kinds) == 1 {
		out := first.Outcome
		for i := range ends {
			if ends[i].Packet != out.Packet { // of packets that are dropped; same has compared the others
				out.Packet = Packet{}
			}
		}
		return out
	}
	doubt, why := doubtOf(ends)
	merged, ok := *kinds[0], true
	for _, k := range kinds[1:] {
		if merged, ok = blur(&merged, k); !ok {
			break
		}
	}
	if ok {
		merged.Doubt, merged.Why = doubt, why
		return merged
	}
	for _, k := range kinds { // what is undecided by itself names its own row
		if k.Verdict == Undecided && len(k.Any) == 0 {
			doubt, why = k.Doubt, k.Why
			break
		}
	}
	out := Outcome{Verdict: Undecided, Rule: doubt, Doubt: doubt, Why: why, Packet: first.Packet, Trace: first.Trace}
	for _, k := range kinds[:min(len(kinds), maxAny)] {
		way := *k
		way.Trace = nil
		out.Any = append(out.Any, way)
	}
	if len(kinds) > maxAny {
		out.Any = append(out.Any, Outcome{Verdict: Undecided, Doubt: doubt, Why: why})
	}
	return out
}

// doubtOf finds the fork whose sides end differently.
func doubtOf(ends []end) (Hit, string) {
	for i := range ends {
		for _, s := range ends[i].sides {
			for j := range ends {
				if ends[j].has(s.hit) != s.took && ends[j].has(s.hit) != nobody && !ends[i].same(&ends[j].Outcome) {
					return s.hit, s.why
				}
			}
		}
	}
	return Hit{}, "two ways through the rules end differently"
}

const nobody = 1<<16 - 1

// has tells which side of a fork an end is on.
func (e *end) has(h Hit) uint16 {
	for _, s := range e.sides {
		if s.hit == h {
			return s.took
		}
	}
	return nobody
}
