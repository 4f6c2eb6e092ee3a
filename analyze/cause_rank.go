package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// causes ranks what is wrong, from the findings in the order of the result, what is broken of the paths (nil when none was walked) and
// what became of the rules.
//
// What breaks a path comes before what does not. Among those the product counts: severity (1, 2, 4, 8) × confidence (1 to 3) × pairs
// that it breaks, a pair with some backends lost being half a one, and never less than one. Then services, then hosts, then
// whether it has a date, for what has always been so is not what happened, then the order of the findings.
func causes(findings []Finding, w *walkedPaths, k *causeKnowledge, times *causeTimes) []Cause {
	if w == nil {
		w = &walkedPaths{}
	}
	k.undecided = map[string][]*causeSegment{}
	for i := range w.segments {
		if s := &w.segments[i]; !s.dropped {
			k.undecided[s.host] = append(k.undecided[s.host], s)
		}
	}
	nodes := nodesOf(findings)
	unclaimed := claim(nodes, w.segments)
	fold(nodes, causeEdges)
	groups := group(nodes, unclaimed)
	reach := reachOf(groups, w)
	type ranked struct {
		Cause
		score float64
		at    int
	}
	list := make([]ranked, 0, len(groups))
	for i, g := range groups {
		c := g.cause(reach[g], k)
		c.Since = times.since(g)
		list = append(list, ranked{c, c.score(), i})
	}
	slices.SortStableFunc(list, func(a, b ranked) int {
		return cmp.Or(
			-cmp.Compare(min(a.Breaks.Segments, 1), min(b.Breaks.Segments, 1)),
			-cmp.Compare(a.score, b.score),
			-cmp.Compare(len(a.Breaks.Services), len(b.Breaks.Services)),
			-cmp.Compare(len(a.Breaks.Hosts), len(b.Breaks.Hosts)),
			-cmp.Compare(a.Since.dated(), b.Since.dated()),
			cmp.Compare(slices.Index(CauseKinds, a.Kind), slices.Index(CauseKinds, b.Kind)),
			-cmp.Compare(a.Severity.Rank(), b.Severity.Rank()),
			cmp.Compare(a.at, b.at))
	})
	out := make([]Cause, len(list))
	for i, r := range list {
		out[i] = r.Cause
		out[i].Rank = i + 1
	}
	return out
}

// score is severity × confidence × pairs.
func (c *Cause) score() float64 {
	severity := math.Exp2(float64(c.Severity.Rank() - 1))
	confidence := float64(1 + slices.Index(confidences, c.Confidence.Word))
	return severity * confidence * max(1, float64(c.Breaks.Pairs)+float64(c.Breaks.Partly)/2)
}

// confidences are the words, least first.
var confidences = []string{"low", "medium", "high"}

// A causeReach is what one group breaks.
type causeReach struct {
	segments []*causeSegment // broken ones
	open     []*causeSegment
	pairs    []causePair
	breaks   Breaks
	rivals   []*causeGroup // further groups whose findings name the same deciding row
}

// reachOf says for each group what it breaks: the segments that its findings decided or those that follow from them, and the pairs that
// these segments decided. A segment that two groups decide counts for both.
func reachOf(groups []*causeGroup, w *walkedPaths) map[*causeGroup]*causeReach {
	out := make(map[*causeGroup]*causeReach, len(groups))
	bySegment := map[int][]*causeGroup{}
	for _, g := range groups {
		r := &causeReach{segments: slices.Clone(g.segments)}
		r.breaks.Walked = w.paths.Delivered+w.paths.Dropped+w.paths.Unknown+w.paths.Pairs+len(w.segments) > 0
		out[g] = r
		for _, n := range g.nodes {
			for _, b := range append([]*causeNode{n}, n.below()...) {
				r.segments, r.open = append(r.segments, b.segments...), append(r.open, b.open...)
			}
		}
		r.segments, r.open = once(r.segments), once(r.open)
		for _, s := range slices.Concat(r.segments, r.open) {
			bySegment[s.key] = append(bySegment[s.key], g)
		}
	}
	for _, list := range bySegment {
		for _, g := range list[:min(len(list), 8)] { // who shares it with more than a few has rivals enough
			for _, h := range list[:min(len(list), 8)] {
				if h != g && !slices.Contains(out[g].rivals, h) {
					out[g].rivals = append(out[g].rivals, h)
				}
			}
		}
	}
	for _, p := range w.pairs {
		for _, g := range bySegment[p.segment] {
			out[g].pairs = append(out[g].pairs, p)
		}
	}
	totals := map[services]causePairCount{}
	for _, c := range w.counts {
		k := services{c.clientService, c.serverService, c.network}
		t := totals[k]
		t.pairs += c.pairs
		t.lost += c.lost
		totals[k] = t
	}
	for g, r := range out {
		r.count(g, totals)
	}
	return out
}

// once leaves out repeated segments.
func once(list []*causeSegment) []*causeSegment {
	slices.SortFunc(list, func(a, b *causeSegment) int { return cmp.Compare(a.key, b.key) })
	return slices.CompactFunc(list, func(a, b *causeSegment) bool { return a.key == b.key })
}

// count fills in breaks.
func (r *causeReach) count(g *causeGroup, totals map[services]causePairCount) {
	names, hosts, touched := map[string]bool{}, map[string]bool{}, map[services]bool{}
	r.pairs = slices.DeleteFunc(r.pairs, func(p causePair) bool {
		k := p.services()
		if _, ok := totals[k]; !ok && k.network != "" {
			k.server = "" // those of all services are counted together
		}
		if !touched[k] {
			touched[k] = true
			r.breaks.Of += totals[k].pairs
			r.breaks.Unknown += totals[k].lost
		}
		switch p.verdict {
		case pairDropped:
			r.breaks.Pairs += 1 + p.alike
		case pairSome:
			r.breaks.Partly += 1 + p.alike
		default:
			return true // it is counted, and not known to be broken
		}
		names[p.serverService] = true
		hosts[p.clientHost] = true
		return false
	})
	r.breaks.Of = max(r.breaks.Of, r.breaks.Pairs+r.breaks.Partly) // a table of counts that says less is incomplete
	for _, s := range r.segments {
		r.breaks.Segments += s.weight()
		hosts[s.host] = true
	}
	for _, s := range r.open {
		r.breaks.Open += s.weight()
	}
	if len(r.segments) == 0 {
		for _, n := range g.nodes {
			for _, x := range append([]*causeNode{n}, n.below()...) {
				hosts[x.Host] = true
				for _, s := range x.list("service") {
					names[s] = true
				}
			}
		}
	}
	delete(names, "")
	delete(hosts, "")
	r.breaks.Services, r.breaks.Hosts = slices.Sorted(maps.Keys(names)), slices.Sorted(maps.Keys(hosts))
}

// cause is the group as the result has it.
func (g *causeGroup) cause(r *causeReach, k *causeKnowledge) Cause {
	c := Cause{Breaks: r.breaks, pairs: r.pairs}
	for _, s := range r.segments {
		c.segments = append(c.segments, s.key)
	}
	if len(g.nodes) == 0 {
		g.unexplained(&c)
		c.Confidence = k.confidenceOfPath(g)
		return c
	}
	f := g.nodes[0].Finding
	c.Kind, c.Rule, c.Host, c.Subject, c.Title, c.Summary, c.Severity = CauseFinding, f.Rule, f.Host, f.Subject, f.Title, f.Summary, f.Severity
	if len(f.Evidence) > 0 {
		c.Ref = f.Evidence[0].Ref
	}
	for _, n := range g.nodes {
		c.Findings = append(c.Findings, n.ID)
	}
	for _, n := range g.followers() {
		c.Symptoms = append(c.Symptoms, Symptom{Finding: n.ID, Rule: n.Rule, Host: n.Host, Summary: n.Summary, From: n.parent.ID, Why: n.edge.Why})
		if n.Severity.Rank() > c.Severity.Rank() {
			c.Severity = n.Severity
		}
	}
	if slices.Contains(effectRules, f.Rule) {
		c.Kind = CauseSymptom
	}
	c.Confidence = k.confidence(g, r)
	c.Competing = k.competing(g, r)
	if len(f.Remedies) > 0 {
		c.Remedy = &f.Remedies[0]
	}
	return c
}

// segmentWords are what the kinds of segments carry.
var segmentWords = map[string]string{
	"client":    "what containers ask",
	"balancer":  "what is sent to virtual addresses",
	"overlay":   "what is sent over overlays",
	"arrival":   "what arrives for containers",
	"published": "what is sent to published ports",
	"egress":    "what containers send outside",
}

// unexplained makes a cause of broken segments that no rule names: the row that decided them is all that is known.
func (g *causeGroup) unexplained(c *Cause) {
	s := g.segments[0]
	c.Kind, c.Host, c.Subject, c.Ref, c.Severity = CausePath, cmp.Or(s.hopHost, s.host), s.subject, cmp.Or(s.ref, s.expectedAt), High
	c.Title = "A path is broken, and no rule names the cause"
	c.Summary = fmt.Sprintf("%s drops %s", c.Host, cmp.Or(segmentWords[s.kind], "packets of kind "+s.kind))
	if about := distinct(s.what, s.target); len(about) > 0 {
		c.Summary += " (" + strings.Join(about, ", ") + ")"
	}
	if s.hop != "" {
		c.Summary += " at " + s.hop
	}
	if s.why != "" {
		c.Summary += ": " + s.why
	}
	if n := c.Breaks.Segments - 1; n > 0 {
		c.Summary += fmt.Sprintf(" (and %d more)", n)
	}
	c.Findings = []string{}
}

// causeKnowledge is what was judged, and what was not.
type causeKnowledge struct {
	unjudged map[string]map[string]string // rule, host: why it could not be judged
	more     map[string]map[string]string // rule, host: what may hide more findings
	rules    map[string]*Rule
	missing  []string // hosts that nobody captured

	undecided map[string][]*causeSegment // host: segments of paths that could not be judged
}

// knowledgeOfCauses gathers it from a result.
func knowledgeOfCauses(res *Result, rules []*Rule) *causeKnowledge {
	k := &causeKnowledge{unjudged: map[string]map[string]string{}, more: map[string]map[string]string{}, rules: map[string]*Rule{}}
	for _, r := range rules {
		k.rules[r.ID] = r
	}
	put := func(m map[string]map[string]string, rule, host, why string) {
		if m[rule] == nil {
			m[rule] = map[string]string{}
		}
		m[rule][host] = why
	}
	for _, j := range res.Rules {
		for _, o := range j.Outcomes {
			switch {
			case o.Verdict == NotJudged && !o.OnRequest:
				put(k.unjudged, j.Rule, o.Host, o.Why)
			case o.Verdict == Findings && o.Why != "":
				put(k.more, j.Rule, o.Host, o.Why)
			}
		}
	}
	for _, h := range res.Hosts {
		if h.Bundle == "" {
			k.missing = append(k.missing, h.Name)
		}
	}
	return k
}

// confidence weighs the signals for a group.
//
// Each kind of signal counts once. High takes three for it and none against, medium two more for it than against, or three in all; a
// finding that nothing else supports is low, and so is an effect without its cause.
func (k *causeKnowledge) confidence(g *causeGroup, r *causeReach) Confidence {
	f := g.nodes[0].Finding
	var c Confidence
	c.For = append(c.For, fmt.Sprintf("the rule %s found it on %s", f.Rule, f.Host))
	if strings.Contains(f.Views, " and ") || strings.Contains(f.Views, ", ") {
		c.For = append(c.For, "two views were compared: "+f.Views)
	}
	if n := r.breaks.Segments; n > 0 {
		c.For = append(c.For, fmt.Sprintf("walked paths end at what it names or what follows from it: %s", plural(n, "segment")))
	}
	if rules := followingRules(g); len(rules) > 0 {
		c.For = append(c.For, "what would follow from it is there: "+strings.Join(rules, ", "))
	}
	if s := f.wentOn(); s != "" {
		c.For = append(c.For, "it went on between the two reads: "+s)
	}
	if len(f.Known) > 0 {
		c.For = append(c.For, fmt.Sprintf("engine %s is known for it (%s)", f.Known[0].Engine, f.Known[0].Issue))
	}
	if f.states([]Fact{{"signature", "weak"}}) {
		c.Against = append(c.Against, "its signature is weak: something harmless can look the same")
	}
	if r.breaks.Walked && r.breaks.Segments+r.breaks.Open == 0 && f.Severity.Rank() >= High.Rank() && k.onPath(f.Rule) {
		c.Against = append(c.Against, "paths were walked, and none dies of it")
	}
	if why := k.more[f.Rule][f.Host]; why != "" {
		c.Missing = append(c.Missing, why)
	}
	c.Missing = append(c.Missing, k.unasked(f)...)
	if n := r.breaks.Open; n > 0 {
		c.Missing = append(c.Missing, fmt.Sprintf("whether packets pass what it names could not be told for %s of paths", plural(n, "segment")))
	}
	if r.breaks.Unknown > 0 {
		c.Missing = append(c.Missing, fmt.Sprintf("%s of the same services could not be judged", plural(r.breaks.Unknown, "pair")))
	}
	if len(k.missing) > 0 {
		c.Missing = append(c.Missing, "no bundle of "+shortList(k.missing))
	}
	if slices.Contains(effectRules, f.Rule) {
		c.Missing = append(c.Missing, k.open(f.Host)...)
	}
	switch n := len(c.For) - len(c.Against); {
	case slices.Contains(effectRules, f.Rule):
		c.Word = "low"
		c.Against = append(c.Against, "it is an effect, and no finding explains it")
	case n >= 3 && len(c.Against) == 0:
		c.Word = "high"
	case n >= 2 || len(c.For) >= 3:
		c.Word = "medium"
	default:
		c.Word = "low"
	}
	return c
}

// onPath reports whether what a rule finds lies on the way of packets, so that a path which does not die there speaks against it.
func (k *causeKnowledge) onPath(rule string) bool {
	r := k.rules[rule]
	return r != nil && slices.Contains([]string{"vxlan", "fdb", "neighbour", "link", "ipvs", "ingress", "dns"}, r.Layer)
}

// confidenceOfPath is that of broken segments without a finding.
func (k *causeKnowledge) confidenceOfPath(g *causeGroup) Confidence {
	s := g.segments[0]
	c := Confidence{Word: "low", For: []string{"paths end at one row"}, Against: []string{"no rule names it"}}
	if s.expected != "" && s.observed != "" {
		c.Word = "medium"
		c.For = append(c.For, "there should be "+s.expected+", and there is "+s.observed)
	}
	var rules []string
	for _, rule := range slices.Sorted(maps.Keys(k.unjudged)) {
		if _, ok := k.unjudged[rule][s.host]; ok {
			rules = append(rules, rule)
		}
	}
	if len(rules) > 0 {
		c.Missing = append(c.Missing, fmt.Sprintf("%s not judged on %s: %s", plural(len(rules), "rule"), s.host, shortList(rules)))
	}
	c.Missing = append(c.Missing, k.open(s.host)...)
	return c
}

// open is how many segments of paths could not be judged on a host, with the reason of the first.
func (k *causeKnowledge) open(host string) []string {
	list, n := k.undecided[host], 0
	if len(list) == 0 {
		return nil
	}
	for _, s := range list {
		n += s.weight()
	}
	text := fmt.Sprintf("%s of paths on %s could not be judged", plural(n, "segment"), host)
	if why := cmp.Or(list[0].why, list[0].subject); why != "" {
		text += ", the first because of: " + why
	}
	return []string{text}
}

// unasked are the rules that could explain a finding and were not judged on its host.
func (k *causeKnowledge) unasked(f *Finding) []string {
	var rules []string
	for _, e := range causeEdges {
		if _, open := k.unjudged[e.Cause][f.Host]; open && slices.Contains(e.Symptoms, f.Rule) && !slices.Contains(rules, e.Cause) {
			rules = append(rules, e.Cause)
		}
	}
	if len(rules) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("could explain it, and not judged on %s: %s", f.Host, strings.Join(rules, ", "))}
}

// competing is the other explanation: a finding that names the same deciding row, one from which the symptoms could follow as well, or
// else a rule that could explain the finding itself and was not judged.
func (k *causeKnowledge) competing(g *causeGroup, r *causeReach) *Competing {
	from := func(f *Finding, what string) *Competing {
		return &Competing{Rule: f.Rule, Finding: f.ID, What: what + f.Summary, Check: f.Check}
	}
	for _, h := range r.rivals {
		if len(h.nodes) > 0 {
			return from(h.nodes[0].Finding, "the same segment of a path may end because of this: ")
		}
	}
	own := map[*causeNode]bool{}
	for _, n := range g.nodes {
		own[n] = true
	}
	for _, n := range g.followers() {
		for _, o := range n.others {
			if root := o.root(); !own[root] {
				return from(root.Finding, "what follows from it may follow from this: ")
			}
		}
	}
	f := g.nodes[0].Finding
	for _, e := range causeEdges {
		why, open := k.unjudged[e.Cause][f.Host]
		if rule := k.rules[e.Cause]; open && rule != nil && slices.Contains(e.Symptoms, f.Rule) {
			return &Competing{Rule: e.Cause, What: fmt.Sprintf("%s: %s; not judged on %s (%s)", rule.Title, e.Why, f.Host, why), Check: rule.Check}
		}
	}
	return nil
}

// followingRules are the rules of what follows from a group, each once.
func followingRules(g *causeGroup) []string {
	var out []string
	for _, n := range g.followers() {
		if n.Rule != g.nodes[0].Rule && !slices.Contains(out, n.Rule) {
			out = append(out, n.Rule)
		}
	}
	return out
}

// wentOn is the first counter that grew between the two reads, as the finding states it.
func (f *Finding) wentOn() string {
	for _, x := range f.Facts {
		if strings.HasSuffix(x.Name, "_meanwhile") && x.Value != "0" {
			return x.Name + " = " + x.Value
		}
	}
	return ""
}

// shortList writes some names.
func shortList(names []string) string {
	const most = 4
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
