package layout

import "slices"

// ranks gives every node its place from left to right, from 0: callers before callees as far as cycles allow, in at most most ranks.
// A node without arcs has rank 0.
func (g *graph) ranks(most int) []int {
	rank := make([]int, len(g.out))
	highest := 0
	for _, c := range g.components() {
		start := 0
		for _, v := range c {
			for _, a := range g.in[v] {
				if _, inside := slices.BinarySearch(c, a.node); !inside {
					start = max(start, rank[a.node]+1)
				}
			}
		}
		// Whoever all talk to each other have no order from left to right: they stand in a block, which is wider than high.
		wide := min(max(roundUpRoot(len(c)*3/2), 1), most)
		for i, v := range g.untangle(c) {
			rank[v] = start + i*wide/len(c)
			highest = max(highest, rank[v])
		}
	}
	g.merge(rank, highest+1, most)
	return rank
}

// merge makes one of neighbouring ranks until there are few enough: first those between which the fewest arcs would then stay within a
// rank, and among those the emptiest.
func (g *graph) merge(rank []int, have, most int) {
	if have <= most {
		return
	}
	arcs, nodes := make([]int, have), make([]int, have) // between a rank and the next; in it
	for v := range rank {
		nodes[rank[v]]++
		for _, a := range g.out[v] {
			if d := rank[a.node] - rank[v]; d == 1 || d == -1 {
				arcs[min(rank[v], rank[a.node])]++
			}
		}
	}
	to := make([]int, have) // the rank that each becomes
	for i := range to {
		to[i] = i
	}
	for n := have; n > most; n-- {
		best := min(1, n-2) // the first rank is where it all begins: it stays apart
		cost := func(i int) int { return arcs[i]*6 + nodes[i] + nodes[i+1] }
		for i := best + 1; i+1 < n; i++ {
			if cost(i) < cost(best) {
				best = i
			}
		}
		nodes[best] += nodes[best+1]
		nodes = slices.Delete(nodes, best+1, best+2)
		arcs = slices.Delete(arcs, best, best+1)
		for i, t := range to {
			if t > best {
				to[i] = t - 1
			}
		}
	}
	for v := range rank {
		rank[v] = to[rank[v]]
	}
}

// untangle orders the nodes of a component so that little weight points back (Eades, Lin and Smyth 1993: sinks to the end, sources to the
// front, else whoever sends most more than it takes).
func (g *graph) untangle(c []int) []int {
	if len(c) == 1 {
		return c
	}
	place := make(map[int]int, len(c))
	for i, v := range c {
		place[v] = i
	}
	sent, taken := make([]int, len(c)), make([]int, len(c))
	for i, v := range c {
		for _, a := range g.out[v] {
			if j, ok := place[a.node]; ok {
				sent[i] += a.weight
				taken[j] += a.weight
			}
		}
	}
	gone := make([]bool, len(c))
	take := func(i int) {
		gone[i] = true
		for _, a := range g.out[c[i]] {
			if j, ok := place[a.node]; ok {
				taken[j] -= a.weight
			}
		}
		for _, a := range g.in[c[i]] {
			if j, ok := place[a.node]; ok {
				sent[j] -= a.weight
			}
		}
	}
	var front, back []int
	for len(front)+len(back) < len(c) {
		best := -1
		sink := false
		for i := range c {
			switch {
			case gone[i] || sink:
			case sent[i] == 0:
				best, sink = i, true
			case best < 0 || taken[best] > 0 && (taken[i] == 0 || sent[i]-taken[i] > sent[best]-taken[best]):
				best = i
			}
		}
		take(best)
		if sink {
			back = append(back, c[best])
		} else {
			front = append(front, c[best])
		}
	}
	slices.Reverse(back)
	return append(front, back...)
}

// root is the integer square root of n, rounded down.
func root(n int) int {
	if n <= 0 {
		return 0
	}
	r := n
	for next := (r + 1) / 2; next < r; next = (r + n/r) / 2 {
		r = next
	}
	return r
}

func roundUpRoot(n int) int {
	r := root(n)
	if r*r < n {
		r++
	}
	return r
}
