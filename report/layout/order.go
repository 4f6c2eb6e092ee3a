package layout

import "slices"

// sweeps is how often the order of ranks is improved, once from the left and once from the right each: more changes little.
const sweeps = 6

// order sorts the nodes of each rank so that neighbours stand near each other: each goes where its neighbours' places average
// (the barycentre heuristic), rank by rank.
func order(ranks [][]int, around [][]int) {
	place := make([]int, len(around)) // of a node within its rank, in parts of 1<<16, so that ranks of different length compare
	settle := func(rank []int) {
		for i, v := range rank {
			place[v] = (2*i + 1) << 16 / (2 * len(rank))
		}
	}
	for _, r := range ranks {
		settle(r)
	}
	wish := make([]int, len(around))
	improve := func(rank []int) {
		for _, v := range rank {
			wish[v] = place[v]
			if len(around[v]) > 0 {
				sum := 0
				for _, w := range around[v] {
					sum += place[w]
				}
				wish[v] = sum / len(around[v])
			}
		}
		slices.SortStableFunc(rank, func(a, b int) int { return wish[a] - wish[b] })
		settle(rank)
	}
	for range sweeps {
		for _, r := range ranks {
			improve(r)
		}
		for _, r := range slices.Backward(ranks) {
			improve(r)
		}
	}
}

// level moves the nodes of a column up and down to where their neighbours are, without changing their order and without two of them
// coming closer than gap: isotonic regression, by pooling those that would overlap.
func level(column []int, nodes []Node, top []int, around [][]int, gap int) {
	type pool struct{ sum, n int }
	var pools []pool
	offset := make([]int, len(column)) // where the node would be if all stood close together
	at := 0
	for i, v := range column {
		offset[i] = at
		at += nodes[v].H + gap
		wish := top[v]
		if len(around[v]) > 0 {
			sum := 0
			for _, w := range around[v] {
				sum += top[w] + nodes[w].H/2
			}
			wish = floorDiv(sum, len(around[v])) - nodes[v].H/2
		}
		pools = append(pools, pool{wish - offset[i], 1})
		for n := len(pools); n > 1 && floorDiv(pools[n-2].sum, pools[n-2].n) >= floorDiv(pools[n-1].sum, pools[n-1].n); n-- {
			pools[n-2] = pool{pools[n-2].sum + pools[n-1].sum, pools[n-2].n + pools[n-1].n}
			pools = pools[:n-1]
		}
	}
	i := 0
	for _, p := range pools {
		y := floorDiv(p.sum, p.n)
		for range p.n {
			top[column[i]] = y + offset[i]
			i++
		}
	}
}

// floorDiv rounds down, also below zero, so that a drawing does not depend on where its origin is.
func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
