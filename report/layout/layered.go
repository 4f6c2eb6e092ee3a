package layout

import (
	"cmp"
	"slices"
)

// Options of a layered layout. A zero one means a sensible size.
type Options struct {
	Aspect   int // width for each 100 of height that the drawing should have
	Gap      int // between nodes above each other
	Corridor int // least width between columns, where edges rise and fall
	Ranks    int // at most
	Margin   int // around everything
}

func (o Options) orElse() Options {
	o.Aspect = cmp.Or(o.Aspect, 190)
	o.Gap = cmp.Or(o.Gap, 26)
	o.Corridor = cmp.Or(o.Corridor, 76)
	o.Ranks = cmp.Or(o.Ranks, 8)
	o.Margin = cmp.Or(o.Margin, 24)
	return o
}

// A Plan is where everything goes.
type Plan struct {
	W, H  int
	Nodes []Point // upper left corners, in the order of the input
	Edges []Path  // in the order of the input
	Loose int     // where the nodes without edges begin, from the top; 0 when there are none
}

// A column is nodes above each other.
type column struct {
	nodes       []int // from the top
	left, right int   // of the widest
	wrapped     bool  // one of several of its rank
}

// A layered is a layout on its way.
type layered struct {
	Options
	nodes  []Node
	edges  []Edge
	around [][]int // neighbours of a node, each once
	cols   []column
	col    []int // column of a node; -1 for a node without edges
	top    []int
	left   []int
}

// Layered places nodes in columns from left to right along the edges.
func Layered(nodes []Node, edges []Edge, o Options) *Plan {
	l := &layered{Options: o.orElse(), nodes: nodes, edges: edges, around: make([][]int, len(nodes)), col: make([]int, len(nodes)), top: make([]int, len(nodes)), left: make([]int, len(nodes))}
	l.neighbours()
	l.wrap(l.ranked())
	l.stack()
	l.spread()
	p := &Plan{Edges: l.route()}
	l.finish(p)
	return p
}

func (l *layered) neighbours() {
	for _, e := range l.edges {
		if e.From != e.To {
			l.around[e.From] = append(l.around[e.From], e.To)
			l.around[e.To] = append(l.around[e.To], e.From)
		}
	}
	for i := range l.around {
		slices.Sort(l.around[i])
		l.around[i] = slices.Compact(l.around[i])
	}
}

// ranked are the nodes by rank, in their order; empty ranks are left out, and nodes without edges.
func (l *layered) ranked() [][]int {
	loop := make([]bool, len(l.nodes))
	for _, e := range l.edges {
		loop[e.From] = true // also one that only talks to itself
		loop[e.To] = true
	}
	rank := newGraph(l.nodes, l.edges).ranks(l.Ranks)
	last := 0
	for v, n := range l.nodes {
		if n.First {
			rank[v] = 0
		}
		last = max(last, rank[v])
	}
	ranks := make([][]int, last+2)
	for v, n := range l.nodes {
		l.col[v] = -1
		switch {
		case !loop[v]:
		case n.Last:
			ranks[last+1] = append(ranks[last+1], v)
		default:
			ranks[rank[v]] = append(ranks[rank[v]], v)
		}
	}
	ranks = slices.DeleteFunc(ranks, func(r []int) bool { return len(r) == 0 })
	order(ranks, l.around)
	return ranks
}

// wrap makes columns of ranks: as many rows as give the drawing its aspect.
func (l *layered) wrap(ranks [][]int) {
	most, w, h := 0, 1, 1
	for _, r := range ranks {
		most = max(most, len(r))
		for _, v := range r {
			w, h = max(w, l.nodes[v].W), max(h, l.nodes[v].H)
		}
	}
	best, bestCost := 1, -1
	for rows := 1; rows <= most; rows++ {
		width, high := 0, 0
		for _, r := range ranks {
			n := (len(r) + rows - 1) / rows
			width += n*(w+l.Corridor) + l.Corridor/2
			high = max(high, min(rows, len(r)))
		}
		a, b := width*100, l.Aspect*high*(h+l.Gap)
		if cost := max(a, b) * 1000 / min(a, b); bestCost < 0 || cost < bestCost {
			best, bestCost = rows, cost
		}
	}
	for _, r := range ranks {
		n := (len(r) + best - 1) / best
		first := len(l.cols)
		for range n {
			l.cols = append(l.cols, column{wrapped: n > 1})
		}
		for i, v := range r { // row by row: who stood near each other stays near
			c := first + i%n
			l.col[v] = c
			l.cols[c].nodes = append(l.cols[c].nodes, v)
		}
	}
}

// stack sets the nodes of each column above each other around height 0, then levels them with their neighbours.
func (l *layered) stack() {
	for _, c := range l.cols {
		cell := 0
		for _, v := range c.nodes {
			cell = max(cell, l.nodes[v].H)
		}
		y := -(len(c.nodes)*(cell+l.Gap) - l.Gap) / 2
		for _, v := range c.nodes {
			l.top[v] = y + (cell-l.nodes[v].H)/2
			y += cell + l.Gap
		}
	}
	for range 4 {
		for _, c := range l.cols {
			l.level(c)
		}
		for _, c := range slices.Backward(l.cols) {
			l.level(c)
		}
	}
}

// level leaves the blocks alone, whose rows are a grid.
func (l *layered) level(c column) {
	if !c.wrapped {
		level(c.nodes, l.nodes, l.top, l.around, l.Gap)
	}
}

// spread gives the columns their places from left to right: the more edges rise and fall in a corridor, the wider it is.
func (l *layered) spread() {
	busy := make([]int, len(l.cols)+1)
	for _, e := range l.edges {
		a, b := l.col[e.From], l.col[e.To]
		if a == b {
			busy[a+1]++
			continue
		}
		for c := min(a, b) + 1; c <= max(a, b); c++ {
			busy[c]++
		}
	}
	x := 0
	for i := range l.cols {
		c := &l.cols[i]
		if i > 0 {
			x += l.Corridor + min(2*busy[i], l.Corridor)
		}
		wide := 0
		for _, v := range c.nodes {
			wide = max(wide, l.nodes[v].W)
		}
		c.left, c.right = x, x+wide
		for _, v := range c.nodes {
			l.left[v] = x + (wide-l.nodes[v].W)/2
		}
		x += wide
	}
}

// finish sets the nodes without edges below the others, and moves everything so that it begins at the margin.
func (l *layered) finish(p *Plan) {
	lo, hi := Point{1 << 30, 1 << 30}, Point{-1 << 30, -1 << 30}
	cover := func(q Point) {
		lo, hi = Point{min(lo.X, q.X), min(lo.Y, q.Y)}, Point{max(hi.X, q.X), max(hi.Y, q.Y)}
	}
	var loose []int
	for v, n := range l.nodes {
		if l.col[v] < 0 {
			loose = append(loose, v)
			continue
		}
		cover(Point{l.left[v], l.top[v]})
		cover(Point{l.left[v] + n.W, l.top[v] + n.H})
	}
	for _, e := range p.Edges {
		for _, q := range e {
			cover(q)
		}
	}
	if len(loose) == len(l.nodes) {
		lo, hi = Point{}, Point{}
	}
	p.Nodes = make([]Point, len(l.nodes))
	if len(loose) > 0 {
		y := hi.Y
		if len(loose) < len(l.nodes) {
			y += 2*l.Gap + 18 // room for a word above them
			p.Loose = y - lo.Y + l.Margin
		}
		hi = l.shelve(loose, lo.X, y, hi)
	}
	move := Point{l.Margin - lo.X, l.Margin - lo.Y}
	for v := range l.nodes {
		p.Nodes[v] = Point{l.left[v] + move.X, l.top[v] + move.Y}
	}
	for _, e := range p.Edges {
		for i := range e {
			e[i] = Point{e[i].X + move.X, e[i].Y + move.Y}
		}
	}
	p.W, p.H = hi.X-lo.X+2*l.Margin, hi.Y-lo.Y+2*l.Margin
}

// shelve sets nodes in rows, as wide as what stands above them.
func (l *layered) shelve(loose []int, x0, y int, hi Point) Point {
	w, h := 0, 0
	for _, v := range loose {
		w, h = max(w, l.nodes[v].W), max(h, l.nodes[v].H)
	}
	across := max((hi.X-x0+l.Gap)/(w+l.Gap), 1)
	if y == hi.Y { // nothing above: as the aspect says
		for across = 1; across < len(loose); across++ {
			if across*(w+l.Gap)*100 >= l.Aspect*((len(loose)+across-1)/across)*(h+l.Gap) {
				break
			}
		}
	}
	for i, v := range loose {
		l.left[v], l.top[v] = x0+i%across*(w+l.Gap), y+i/across*(h+l.Gap)
		hi = Point{max(hi.X, l.left[v]+l.nodes[v].W), max(hi.Y, l.top[v]+l.nodes[v].H)}
	}
	return hi
}
