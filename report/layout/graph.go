package layout

import "slices"

// A Node is a box to be placed. The place of a node in the list decides where nothing else does.
type Node struct {
	W, H  int  // size in pixels
	First bool // it belongs to the left, whoever points at it
	Last  bool // it belongs to the right, whoever it points at
}

// An Edge leads from one node of the list to another, or to itself.
type Edge struct {
	From, To int
	Weight   int // how much it counts where cycles have to be broken; less than one counts as one
}

// An arc is the edges between two nodes in one direction, taken together.
type arc struct{ node, weight int }

// A graph is the edges by node, without those that say nothing about the order of nodes: from a node to itself, to a First one, or
// from a Last one.
type graph struct {
	out, in [][]arc // in order of node
}

func newGraph(nodes []Node, edges []Edge) *graph {
	g := &graph{out: make([][]arc, len(nodes)), in: make([][]arc, len(nodes))}
	for _, e := range edges {
		if e.From == e.To || nodes[e.To].First || nodes[e.From].Last {
			continue
		}
		w := max(e.Weight, 1)
		g.out[e.From] = append(g.out[e.From], arc{e.To, w})
		g.in[e.To] = append(g.in[e.To], arc{e.From, w})
	}
	for _, lists := range [][][]arc{g.out, g.in} {
		for i := range lists {
			lists[i] = together(lists[i])
		}
	}
	return g
}

// together sorts arcs by node and adds up those to the same one.
func together(arcs []arc) []arc {
	slices.SortStableFunc(arcs, func(a, b arc) int { return a.node - b.node })
	var out []arc
	for _, a := range arcs {
		if n := len(out); n > 0 && out[n-1].node == a.node {
			out[n-1].weight += a.weight
			continue
		}
		out = append(out, a)
	}
	return out
}

// components are the strongly connected ones (Tarjan 1972), each sorted, a component before those that it points at. The walk keeps its
// own stack: a chain of services may be long.
func (g *graph) components() [][]int {
	n := len(g.out)
	index, low, next := make([]int, n), make([]int, n), make([]int, n)
	on := make([]bool, n)
	var stack, walk []int
	var out [][]int
	count := 0
	for root := range n {
		if index[root] != 0 {
			continue
		}
		walk = append(walk[:0], root)
		for len(walk) > 0 {
			v := walk[len(walk)-1]
			if index[v] == 0 {
				count++
				index[v], low[v], on[v] = count, count, true
				stack = append(stack, v)
			}
			if next[v] < len(g.out[v]) {
				w := g.out[v][next[v]].node
				next[v]++
				if index[w] == 0 {
					walk = append(walk, w)
				} else if on[w] {
					low[v] = min(low[v], index[w])
				}
				continue
			}
			walk = walk[:len(walk)-1]
			if len(walk) > 0 {
				u := walk[len(walk)-1]
				low[u] = min(low[u], low[v])
			}
			if low[v] != index[v] {
				continue
			}
			at := slices.Index(stack, v)
			c := slices.Clone(stack[at:])
			stack = stack[:at]
			for _, w := range c {
				on[w] = false
			}
			slices.Sort(c)
			out = append(out, c)
		}
	}
	slices.Reverse(out) // Tarjan's come callees first
	return out
}
