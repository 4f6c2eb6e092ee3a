package report

import (
	"slices"
	"strconv"

	"github.com/netmortem/netmortem/analyze/scene"
)

// The bounds of a view. Drawing is not the limit, reading is.
const (
	mapWhole     = 30  // nodes up to which everything is drawn
	mapAround    = 28  // nodes up to which neighbours of what is ill are drawn, the busiest first
	mapMost      = 150 // nodes of a view
	mapHubs      = 12  // nodes from which a hub is drawn as a badge on its peers
	mapLeaves    = 4   // healthy leaves of one node from which they are one
	mapSmall     = 8   // nodes on the first screen
	mapStacks    = 40  // stacks of a view
	mapManyStack = 40  // services from which the stacks have a view of their own
)

// A mapHub talks to almost everybody, as what collects metrics or logs does: drawn, its edges would be all that one sees.
type mapHub struct {
	Letter, Name string
	Peers, Of    int
	State        state
}

// pick is a part of a graph: the nodes that keep says, those of the others that were counted as one, and the edges between them.
func (g *mapGraph) pick(keep []bool, extra ...mapNode) *mapGraph {
	out := &mapGraph{busy: g.busy}
	at := make([]int, len(g.nodes))
	for i := range g.nodes {
		at[i] = -1
		if keep[i] {
			at[i] = len(out.nodes)
			out.nodes = append(out.nodes, g.nodes[i])
		}
	}
	for _, e := range g.edges {
		if e.From, e.To = at[e.From], at[e.To]; e.From >= 0 && e.To >= 0 {
			out.edges = append(out.edges, e)
		}
	}
	out.nodes = append(out.nodes, extra...)
	return out
}

// unhub takes hubs out of a graph and gives their peers a letter. A hub stays with those of its edges that are ill.
func (g *mapGraph) unhub() (*mapGraph, []mapHub) {
	if len(g.nodes) < mapHubs {
		return g, nil
	}
	var hubs []mapHub
	keep := make([]bool, len(g.nodes))
	isHub := make([]bool, len(g.nodes))
	for i := range g.nodes {
		n := &g.nodes[i]
		isHub[i] = n.Kind == scene.PartyService && 10*n.degree > 6*len(g.nodes) && len(hubs) < 26
		keep[i] = !isHub[i] || n.State.ill()
		if isHub[i] {
			hubs = append(hubs, mapHub{Letter: string(rune('A' + len(hubs))), Name: n.Name, Peers: n.degree, Of: len(g.nodes) - 1, State: n.State})
			for _, e := range g.edges {
				for _, peer := range [][2]int{{e.From, e.To}, {e.To, e.From}} {
					p := &g.nodes[peer[1]]
					if l := hubs[len(hubs)-1].Letter; peer[0] == i && peer[1] != i && !slices.Contains(p.hubs, l) {
						p.hubs = append(p.hubs, l)
					}
				}
			}
		}
	}
	if hubs == nil {
		return g, nil
	}
	for i, e := range g.edges {
		if isHub[e.From] || isHub[e.To] {
			for _, v := range []int{e.From, e.To} {
				keep[v] = keep[v] || g.edges[i].State.ill()
			}
		}
	}
	out := *g
	out.edges = slices.DeleteFunc(slices.Clone(g.edges), func(e mapEdge) bool {
		return (isHub[e.From] || isHub[e.To]) && !e.State.ill()
	})
	return out.pick(keep), hubs
}

// unleaf counts the healthy nodes as one that have one and the same only neighbour, and fare well with it.
func (g *mapGraph) unleaf() *mapGraph {
	type side struct {
		peer   int
		caller bool
	}
	leaves := map[side][]int{}
	edges := make([][]int, len(g.nodes))
	for i, e := range g.edges {
		edges[e.From] = append(edges[e.From], i)
		if e.To != e.From {
			edges[e.To] = append(edges[e.To], i)
		}
	}
	var sides []side
	for v := range g.nodes {
		n := &g.nodes[v]
		if len(edges[v]) != 1 || n.Kind != scene.PartyService || n.State != stateOK || n.Causes > 0 {
			continue
		}
		e := g.edges[edges[v][0]]
		if e.State != stateOK || e.From == e.To {
			continue
		}
		s := side{e.From + e.To - v, e.From == v}
		if leaves[s] == nil {
			sides = append(sides, s)
		}
		leaves[s] = append(leaves[s], v)
	}
	keep := slices.Repeat([]bool{true}, len(g.nodes))
	var folds []mapNode
	var ways []mapEdge
	for _, s := range sides {
		if len(leaves[s]) < mapLeaves {
			continue
		}
		way := mapEdge{From: len(g.nodes) + len(folds), To: s.peer, State: stateOK}
		for _, v := range leaves[s] {
			keep[v] = false
			e := g.edges[edges[v][0]]
			way.join(&e)
			way.Volume = max(way.Volume, e.Volume)
		}
		if !s.caller {
			way.From, way.To = way.To, way.From
		}
		way.Href = "#/svc"
		folds = append(folds, foldOf(len(leaves[s]), stateOK))
		ways = append(ways, way)
	}
	if folds == nil {
		return g
	}
	whole := &mapGraph{busy: g.busy, nodes: slices.Concat(g.nodes, folds), edges: slices.Concat(g.edges, ways)}
	return whole.pick(append(keep, slices.Repeat([]bool{true}, len(folds))...))
}

func foldOf(n int, s state) mapNode {
	return mapNode{Kind: "fold", Name: "+" + strconv.Itoa(n), State: s, Count: n, Href: "#/svc"}
}

// choose is what a view of at most most nodes shows: what is ill, the worst first, then whom it is ill with, then whom else it talks to, the
// busiest first, up to around. The others are counted as one for each state, so that who is unknown does not pass for healthy.
func (g *mapGraph) choose(around, most int) *mapGraph {
	if len(g.nodes) <= around {
		return g
	}
	keep := make([]bool, len(g.nodes))
	n := 0
	take := func(v, most int) {
		if !keep[v] && n < most {
			keep[v] = true
			n++
		}
	}
	ill := make([]int, 0, len(g.nodes))
	for v := range g.nodes {
		ill = append(ill, v)
	}
	weight := func(v int) int { return g.nodes[v].State.rank()*100 + min(g.nodes[v].Causes, 99) }
	slices.SortStableFunc(ill, func(a, b int) int { return weight(b) - weight(a) })
	for _, v := range ill {
		if g.nodes[v].State.ill() || g.nodes[v].Causes > 0 {
			take(v, most)
		}
	}
	order := make([]int, len(g.edges))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := &g.edges[a], &g.edges[b]
		if d := y.State.rank() - x.State.rank(); d != 0 {
			return d
		}
		return y.Volume - x.Volume
	})
	for _, i := range order {
		if e := &g.edges[i]; e.State.ill() {
			take(e.From, most)
			take(e.To, most)
		}
	}
	focus := slices.Clone(keep)
	calm := n == 0
	for _, i := range order { // of what is ill, or when nothing is, the busiest
		if e := &g.edges[i]; calm || focus[e.From] || focus[e.To] {
			take(e.From, around)
			take(e.To, around)
		}
	}
	for v := range g.nodes {
		if calm {
			take(v, min(around, 12)) // without edges something is shown all the same
		}
	}
	rest := map[state]int{}
	for v := range g.nodes {
		if !keep[v] {
			rest[g.nodes[v].State] += g.nodes[v].Count
		}
	}
	var folds []mapNode
	for _, s := range []state{stateBad, statePart, stateOpen, stateOK} {
		if rest[s] > 0 {
			folds = append(folds, foldOf(rest[s], s))
		}
	}
	return g.pick(keep, folds...)
}

// stacks takes the services of each stack together; whoever has none is a node of its own kind.
func (g *mapGraph) stacks() *mapGraph {
	out := &mapGraph{busy: g.busy, pair: map[[2]int]int{}, at: map[scene.Party]int{}}
	at := make([]int, len(g.nodes))
	for i := range g.nodes {
		n := &g.nodes[i]
		key := scene.Party{Kind: n.Kind, Name: n.Name}
		if n.Kind == scene.PartyService || n.Kind == scene.PartyContainer {
			key = scene.Party{Kind: "stack", Name: n.Stack}
		}
		j, ok := out.at[key]
		if !ok {
			j = len(out.nodes)
			out.at[key] = j
			m := *n
			if key.Kind == "stack" {
				m = mapNode{Kind: "stack", Name: n.Stack, State: n.State, Href: "#/map?stack=" + hashRoute(n.Stack)[2:]}
				if n.Stack == "" {
					m.Label = "no stack"
				}
			} else {
				m.Count = 0
			}
			out.nodes = append(out.nodes, m)
		}
		at[i] = j
		m := &out.nodes[j]
		m.State = worseState(m.State, n.State)
		m.Causes += n.Causes
		m.Count += max(n.Count, 1)
		if key.Kind == "stack" {
			m.Tally = addTallies(m.Tally, n.Tally)
		}
	}
	for _, e := range g.edges {
		e.From, e.To = at[e.From], at[e.To]
		if e.From == e.To && !e.State.ill() {
			continue // within a stack, and well
		}
		if i, ok := out.pair[[2]int{e.From, e.To}]; ok {
			volume := max(out.edges[i].Volume, e.Volume)
			out.edges[i].join(&e)
			out.edges[i].Volume = volume
			continue
		}
		out.pair[[2]int{e.From, e.To}] = len(out.edges)
		out.edges = append(out.edges, e)
	}
	return out
}

// inStack are the services of a stack and whom they are in touch with.
func (g *mapGraph) inStack(stack string) *mapGraph {
	keep := make([]bool, len(g.nodes))
	own := func(v int) bool { return g.nodes[v].Kind == scene.PartyService && g.nodes[v].Stack == stack }
	for v := range g.nodes {
		keep[v] = own(v)
	}
	edges := slices.DeleteFunc(slices.Clone(g.edges), func(e mapEdge) bool { return !own(e.From) && !own(e.To) })
	for _, e := range edges {
		keep[e.From], keep[e.To] = true, true
	}
	part := &mapGraph{busy: g.busy, nodes: g.nodes, edges: edges}
	return part.pick(keep)
}
