package ruleset

// A step is what an op does to the walk.
type step uint8

const (
	next    step = iota // on to the next op of the rule
	miss                // the rule does not match: on to the next rule
	maybe               // next or miss, state.why says why that is not known
	several             // one of state.ways
	stuck               // nothing can be said from here on, state.why says why
	accept
	drop
	reject
	back // RETURN
	call // jump to state.target
	hop  // goto state.target
)

// An op is one match, expression or target of a rule, compiled. It may change the state.
type op interface{ do(*state) step }

// A rule is a row compiled.
type rule struct {
	hit  Hit
	ops  []op
	idle bool // none of its ops can change anything: it logs or counts
}

// A chain is a list of rules.
type chain struct {
	hit   Hit // its row; Text is its name with its table
	rules []rule
	n     int // of iptables: place among all chains
}

// A base is a chain that the kernel calls.
type base struct {
	*chain
	priority int64
	policy   step // accept or drop; stuck when the row does not tell
	nat      bool
	reroute  bool   // at output: the route is looked up again after it if the packet changed
	nft      int    // order among the base chains of nftables that were dumped; 0 for one of legacy iptables
	table    string // of nftables
}

// A stage is one thing that the kernel does at a hook.
type stage struct {
	kind stageKind
	base *base
	skip int // of natBegin and natChain: index of the natEnd that follows
}

type stageKind uint8

const (
	filterChain stageKind = iota
	trackPacket           // nf_conntrack_in
	natBegin
	natChain // a base chain of type nat: called by the NAT core, for the first packet of a connection only
	natEnd
	confirmConn // nf_confirm
)

// A way is one result of several: a verdict with its chain, or data for a register.
type way struct {
	step   step
	target *chain
	at     uint32
	data   []byte
}

// A frame is a place in a chain: the rule that comes next.
type frame struct {
	chain *chain
	rule  int
}

// maxDepth is how deep jumps may nest: NFT_JUMP_STACK_SIZE is 16; iptables knows no bound, its users do.
const maxDepth = 24

// Bounds of one walk through a hook.
const (
	maxForks = 64
	maxRules = 200_000
)

// state is a packet on its way through one hook.
type state struct {
	p      Packet
	v6     bool
	hook   Hook
	ns     Namespace
	stages []stage

	at    int // stage
	stack [maxDepth]frame
	depth int
	op    int // in the rule before that of the top frame; 0 when a new one is to begin

	regs   [64]byte
	known  [64]byte // bits of regs that are known
	target *chain
	ways   []way
	why    string

	last    Hit // rule or policy that decided last
	trace   *trace
	sides   []side
	choices []choice
	before  Packet // at the begin of the base chain
	reroute bool
}

// begin puts a packet before the stages of a hook. All is as in a new state but the stack, which is the largest part of it and of which
// nothing from depth on is read.
func (s *state) begin(p *Packet, h Hook, ns Namespace, stages []stage) {
	s.p, s.v6, s.hook, s.ns, s.stages = *p, p.v6(), h, ns, stages
	s.at, s.depth, s.op = 0, 0, 0
	s.regs, s.known = [64]byte{}, [64]byte{}
	s.target, s.ways, s.why = nil, nil, ""
	s.last, s.trace, s.sides, s.choices = Hit{}, nil, nil, nil
	s.before, s.reroute = Packet{}, false
}

// A trace is a list of hits that forks share up to where they part.
type trace struct {
	hit  Hit
	prev *trace
}

func (t *trace) list() []Hit {
	n := 0
	for x := t; x != nil; x = x.prev {
		n++
	}
	hits := make([]Hit, n)
	for x := t; x != nil; x = x.prev {
		n--
		hits[n] = x.hit
	}
	return hits
}

// A walk collects the ends of one packet at one hook.
type walk struct {
	state   state // of the first way
	tracing bool
	pending []*state
	forks   int
	rules   int
	ends    []end
}

func (w *walk) run(s *state) {
	for {
		w.one(s)
		if len(w.pending) == 0 {
			return
		}
		s = w.pending[len(w.pending)-1]
		w.pending = w.pending[:len(w.pending)-1]
	}
}

// finish notes an end.
func (w *walk) finish(s *state, v Verdict) {
	e := end{Outcome: Outcome{Verdict: v, Rule: s.last, Packet: s.p, Reroute: s.reroute}, sides: s.sides}
	if v == Undecided {
		e.Doubt, e.Why = s.last, s.why
	}
	if w.tracing {
		e.Trace = s.trace.list()
	}
	w.ends = append(w.ends, e)
}

// fork takes the other ways later.
func (w *walk) fork(s *state, hit Hit, took uint16) *state {
	c := *s
	c.sides = append(s.sides[:len(s.sides):len(s.sides)], side{hit, s.why, took})
	c.choices = s.choices[:len(s.choices):len(s.choices)]
	w.pending = append(w.pending, &c)
	w.forks++
	return &c
}

func (s *state) stay(hit Hit) {
	s.sides = append(s.sides[:len(s.sides):len(s.sides)], side{hit, s.why, 0})
}

// one follows a state to its end.
func (w *walk) one(s *state) {
	for {
		if s.depth == 0 {
			if s.at >= len(s.stages) {
				w.finish(s, Accept)
				return
			}
			if !w.stage(s) {
				return
			}
			continue
		}
		f := &s.stack[s.depth-1]
		if s.op == 0 && f.rule >= len(f.chain.rules) {
			if !w.leave(s) {
				return
			}
			continue
		}
		if s.op == 0 {
			f.rule++
			w.rules++
		}
		r := &f.chain.rules[f.rule-1]
		if w.rules > maxRules {
			s.last, s.why = r.hit, "more rules than are followed"
			w.finish(s, Undecided)
			return
		}
		if !w.rule(s, r) {
			return
		}
	}
}

// rule runs the ops of a rule from s.op on. It reports whether the walk goes on.
func (w *walk) rule(s *state, r *rule) bool {
	for s.op < len(r.ops) {
		do := r.ops[s.op].do(s)
		s.op++
		switch do {
		case next:
			continue
		case maybe:
			if r.idle {
				s.op = 0
				return true
			}
			if w.forks >= maxForks {
				return w.lost(s, r)
			}
			other := w.fork(s, r.hit, 1)
			other.op = 0
			if c, ok := r.ops[s.op-1].(*cond); ok && c.key != "" {
				s.choices = append(s.choices, choice{c.key, !c.invert})
				other.choices = append(other.choices, choice{c.key, c.invert})
			}
			s.stay(r.hit)
			continue
		case several:
			ways := s.ways
			if w.forks+len(ways) > maxForks {
				return w.lost(s, r)
			}
			for i, x := range ways[1:] {
				other := w.fork(s, r.hit, uint16(i+1))
				other.put(x.at, x.data)
				if x.step != next && !w.end(other, r, x.step, x.target) {
					w.pending = w.pending[:len(w.pending)-1]
				}
			}
			s.stay(r.hit)
			s.put(ways[0].at, ways[0].data)
			if ways[0].step != next {
				return w.end(s, r, ways[0].step, ways[0].target)
			}
			continue
		default:
			return w.end(s, r, do, s.target)
		}
	}
	return w.end(s, r, next, nil)
}

// lost ends a walk that would fork too often.
func (w *walk) lost(s *state, r *rule) bool {
	s.last, s.why = r.hit, "more rules that cannot be judged than are followed both ways"
	w.finish(s, Undecided)
	return false
}

// end does what a rule came to. It reports whether the walk goes on.
func (w *walk) end(s *state, r *rule, do step, target *chain) bool {
	s.op = 0
	if do == miss {
		return true
	}
	if w.tracing {
		s.trace = &trace{r.hit, s.trace}
	}
	switch do {
	case accept:
		s.last = r.hit
		s.passed(r.hit)
	case drop:
		s.last = r.hit
		w.finish(s, Drop)
		return false
	case reject:
		s.last = r.hit
		w.finish(s, Reject)
		return false
	case stuck:
		s.last = r.hit
		w.finish(s, Undecided)
		return false
	case back:
		return w.leave(s)
	case call:
		if s.depth == maxDepth {
			s.last, s.why = r.hit, "jumps nested too deep"
			w.finish(s, Undecided)
			return false
		}
		s.stack[s.depth] = frame{chain: target}
		s.depth++
	case hop:
		s.stack[s.depth-1] = frame{chain: target}
	}
	return true
}

// leave goes back to the chain that called, or to the policy.
func (w *walk) leave(s *state) bool {
	s.op = 0
	if s.depth--; s.depth > 0 {
		return true
	}
	b := s.stages[s.at].base
	s.last = b.hit
	switch b.policy {
	case accept:
		s.passed(b.hit)
		return true
	case drop:
		w.finish(s, Drop)
	default:
		s.why = "the policy of the chain is not known"
		w.finish(s, Undecided)
	}
	return false
}

// passed is a base chain that accepted.
func (s *state) passed(hit Hit) {
	st := &s.stages[s.at]
	s.depth = 0
	if st.kind == natChain && s.natDone() {
		s.at = st.skip
		return
	}
	if st.base.reroute && s.hook == Output && (s.p.Src != s.before.Src || s.p.Dst != s.before.Dst || s.p.Mark != s.before.Mark) {
		s.reroute = true
	}
	s.at++
}

// stage begins the next stage, or does it. It reports whether the walk goes on.
func (w *walk) stage(s *state) bool {
	st := &s.stages[s.at]
	switch st.kind {
	case trackPacket:
		track(&s.p)
	case natBegin:
		if !s.natFirst() {
			s.at = st.skip
			return true
		}
	case natEnd:
		if changed := s.oifChanged(); changed != No {
			s.last = Hit{Text: "NAT: a masqueraded connection that leaves by another device than at first"}
			if changed == Yes {
				w.finish(s, Drop)
			} else {
				s.why = "by which device the connection left at first, or leaves now, is not known"
				w.finish(s, Undecided)
			}
			return false
		}
		if s.translate() && s.hook == Output {
			s.reroute = true
		}
	case confirmConn:
		if c := s.p.conn(); c != nil {
			c.Status |= Confirmed
		}
	default:
		s.before = s.p
		s.depth = 1
		s.stack[0] = frame{chain: st.base.chain}
		return true
	}
	s.at++
	return true
}
