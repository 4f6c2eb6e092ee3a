package analyze

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// A causeNode is a finding with its place among causes.
type causeNode struct {
	*Finding
	at       int // place in the list of findings, the worst first
	parent   *causeNode
	edge     *causeEdge   // by which it follows from parent
	others   []*causeNode // further findings that it could follow from
	children []*causeNode
	segments []*causeSegment // broken segments that it is the cause of
	open     []*causeSegment // segments of which its row leaves it open
}

// root is the finding that everything follows from.
func (n *causeNode) root() *causeNode {
	for n.parent != nil {
		n = n.parent
	}
	return n
}

// below are all findings that follow from n, directly or not.
func (n *causeNode) below() []*causeNode {
	var out []*causeNode
	for _, c := range n.children {
		out = append(append(out, c), c.below()...)
	}
	return out
}

// before orders findings by how much they would explain: those that break paths first, then the worst.
func (n *causeNode) before(m *causeNode) int {
	return cmp.Or(
		cmp.Compare(min(len(m.segments), 1), min(len(n.segments), 1)),
		cmp.Compare(m.Severity.Rank(), n.Severity.Rank()),
		cmp.Compare(n.at, m.at))
}

func nodesOf(findings []Finding) []*causeNode {
	nodes := make([]*causeNode, len(findings))
	for i := range findings {
		nodes[i] = &causeNode{Finding: &findings[i], at: i}
	}
	return nodes
}

// A causeOffer is a finding that explains whatever shares one combination of keys under one edge.
type causeOffer struct{ first, second *causeNode }

// fold hangs every finding below the one that it follows from. Work grows with the findings and the edges of their rules, not with
// pairs of findings: of those that offer the same explanation, the two that explain most are kept.
func fold(nodes []*causeNode, edges []causeEdge) {
	byCause, bySymptom := map[string][]int{}, map[string][]int{}
	for i := range edges {
		byCause[edges[i].Cause] = append(byCause[edges[i].Cause], i)
		for _, s := range edges[i].Symptoms {
			bySymptom[s] = append(bySymptom[s], i)
		}
	}
	type place struct {
		edge  int
		tuple string
	}
	offers := map[place]*causeOffer{}
	for _, n := range slices.SortedFunc(slices.Values(nodes), (*causeNode).before) {
		for _, i := range byCause[n.Rule] {
			if !n.states(edges[i].Given) {
				continue
			}
			for _, t := range tuples(edges[i].Same, n.Finding, true) {
				switch o := offers[place{i, t}]; {
				case o == nil:
					offers[place{i, t}] = &causeOffer{first: n}
				case o.second == nil:
					o.second = n
				}
			}
		}
	}
	for _, n := range nodes {
		how := map[*causeNode]int{} // the first edge that leads to each explanation
		for _, i := range bySymptom[n.Rule] {
			if !n.states(edges[i].Shown) {
				continue
			}
			for _, t := range tuples(edges[i].Same, n.Finding, false) {
				o := offers[place{i, t}]
				if o == nil {
					continue
				}
				for _, c := range []*causeNode{o.first, o.second} {
					if _, ok := how[c]; c != nil && !ok {
						how[c] = i
					}
				}
			}
		}
		if len(how) == 0 {
			continue
		}
		candidates := slices.SortedFunc(maps.Keys(how), (*causeNode).before)
		n.parent, n.others = candidates[0], candidates[1:]
		n.edge = &edges[how[n.parent]]
		n.parent.children = append(n.parent.children, n)
	}
}

// A causeGroup is what one fault leaves behind, counted once: findings of one rule on one host and network that follow from nothing.
// Without findings it is broken segments of one row that no rule names.
type causeGroup struct {
	nodes    []*causeNode    // the worst first
	segments []*causeSegment // when there are no nodes
}

// group puts the findings that follow from nothing together, in their order, then the segments that no finding names.
func group(nodes []*causeNode, unclaimed []*causeSegment) []*causeGroup {
	type key struct{ rule, host, net string }
	var groups []*causeGroup
	at := map[key]*causeGroup{}
	of := func(k key) *causeGroup {
		g := at[k]
		if g == nil {
			g = &causeGroup{}
			at[k] = g
			groups = append(groups, g)
		}
		return g
	}
	for _, n := range nodes {
		if n.parent == nil {
			g := of(key{n.Rule, n.Host, strings.Join(n.list("network"), " ")})
			g.nodes = append(g.nodes, n)
		}
	}
	for _, s := range unclaimed {
		g := of(key{"", cmp.Or(s.hopHost, s.host), cmp.Or(s.subject, s.ref, s.why)})
		g.segments = append(g.segments, s)
	}
	return groups
}

// followers are the findings that follow from a group, the worst first.
func (g *causeGroup) followers() []*causeNode {
	var out []*causeNode
	for _, n := range g.nodes {
		out = append(out, n.below()...)
	}
	slices.SortFunc(out, (*causeNode).before)
	return out
}
