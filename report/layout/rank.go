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
	if highest >= most {
		for v := range rank {
			rank[v] = rank[v] * most / (highest + 1)
		}
	}
	return rank
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
