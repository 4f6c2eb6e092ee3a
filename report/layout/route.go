package layout

import "slices"

// The sides of a node at which edges end.
const (
	leftSide = iota
	rightSide
)

// A way is an edge that is being led.
type way struct {
	from, to int
	a, b     int   // columns
	ys       []int // heights at which it passes the columns between them, in the order of the way
	y0, y1   int   // where it leaves and arrives
}

// route leads every edge: out of the side that faces the other node, level through a gap of each column on the way, and in. An edge
// within one column, or from a node to itself, bows out to the right.
func (l *layered) route() []Path {
	ways := make([]way, len(l.edges))
	for i, e := range l.edges {
		ways[i] = way{from: e.From, to: e.To, a: l.col[e.From], b: l.col[e.To]}
	}
	l.lanes(ways)
	l.ends(ways)
	out := make([]Path, len(ways))
	for i := range ways {
		out[i] = l.draw(&ways[i])
	}
	return out
}

func (l *layered) middle(v int) int { return l.top[v] + l.nodes[v].H/2 }

// lanes finds for each edge the gaps through which it passes the columns between its ends, and divides each gap among those that do.
func (l *layered) lanes(ways []way) {
	type pass struct{ way, place, wish, gap int }
	passes := make([][]pass, len(l.cols))
	for i := range ways {
		w := &ways[i]
		lo, hi := min(w.a, w.b), max(w.a, w.b)
		if hi-lo < 2 {
			continue
		}
		w.ys = make([]int, hi-lo-1)
		y0, y1 := l.middle(w.from), l.middle(w.to)
		for k := range w.ys {
			c := w.a + k + 1
			if w.a > w.b {
				c = w.a - k - 1
			}
			passes[c] = append(passes[c], pass{way: i, place: k, wish: floorDiv(y0*(hi-lo-k-1)+y1*(k+1), hi-lo)})
		}
	}
	for c, ps := range passes {
		column := l.cols[c].nodes
		for i := range ps {
			ps[i].gap = l.gap(column, ps[i].wish)
		}
		slices.SortStableFunc(ps, func(a, b pass) int {
			if a.gap != b.gap {
				return a.gap - b.gap
			}
			return a.wish - b.wish
		})
		for from := 0; from < len(ps); {
			to := from
			for to < len(ps) && ps[to].gap == ps[from].gap {
				to++
			}
			n, g := to-from, ps[from].gap
			for k, p := range ps[from:to] {
				ways[p.way].ys[p.place] = l.lane(column, g, k, n)
			}
			from = to
		}
	}
}

// gap is the place between two nodes of a column nearest to a height: 0 above all of them.
func (l *layered) gap(column []int, y int) int {
	i, _ := slices.BinarySearchFunc(column, y, func(v, y int) int { return l.middle(v) - y })
	return i // the node before it has its middle above y, the one after it below
}

// lane is the height of the k-th of n edges in a gap.
func (l *layered) lane(column []int, gap, k, n int) int {
	const apart = 8
	switch {
	case gap == 0: // open above
		return l.top[column[0]] - l.Gap/2 - (n-1-k)*apart
	case gap == len(column): // open below
		last := column[gap-1]
		return l.top[last] + l.nodes[last].H + l.Gap/2 + k*apart
	}
	above := column[gap-1]
	lo, hi := l.top[above]+l.nodes[above].H, l.top[column[gap]]
	if (n+1)*apart < hi-lo {
		return (lo+hi)/2 + (2*k-n+1)*apart/2
	}
	return lo + (hi-lo)*(k+1)/(n+1)
}

// ends divides the sides of the nodes among the edges that end there, in the order in which they come from above.
func (l *layered) ends(ways []way) {
	type end struct{ way, next, tie int }
	ends := make([][2][]end, len(l.nodes))
	for i := range ways {
		w := &ways[i]
		from, to := rightSide, leftSide
		switch {
		case w.a > w.b:
			from, to = leftSide, rightSide
		case w.a == w.b:
			to = rightSide
		}
		after, before := l.middle(w.to), l.middle(w.from)
		if n := len(w.ys); n > 0 {
			after, before = w.ys[0], w.ys[n-1]
		}
		ends[w.from][from] = append(ends[w.from][from], end{i, after, 2 * i})
		ends[w.to][to] = append(ends[w.to][to], end{i, before, 2*i + 1})
	}
	for v := range ends {
		for _, list := range ends[v] {
			slices.SortStableFunc(list, func(a, b end) int {
				if a.next != b.next {
					return a.next - b.next
				}
				return a.tie - b.tie
			})
			h := l.nodes[v].H
			apart := min(9, (h-14)/max(len(list)-1, 1))
			if apart < 1 {
				apart = 0 // more than the side has room for: they share it
			}
			for k, e := range list {
				y := l.middle(v) + (2*k-len(list)+1)*apart/2
				if apart == 0 {
					y = l.top[v] + 7 + (h-14)*k/max(len(list)-1, 1)
				}
				if e.tie%2 == 0 {
					ways[e.way].y0 = y
				} else {
					ways[e.way].y1 = y
				}
			}
		}
	}
}

// draw makes the path: level at both ends and through the gaps, so that the curves join smoothly.
func (l *layered) draw(w *way) Path {
	left, right := l.left[w.from], l.left[w.from]+l.nodes[w.from].W
	if w.a == w.b {
		end := l.left[w.to] + l.nodes[w.to].W
		bow := l.cols[w.a].right + min(l.Corridor*3/4, 30+abs(w.y1-w.y0)/8)
		if w.from == w.to { // an ear, on which a mark can be seen
			bow = l.cols[w.a].right + l.Corridor*3/4
		}
		return Path{{right, w.y0}, {bow, w.y0}, {bow, w.y1}, {end, w.y1}}
	}
	at, step, end := Point{right, w.y0}, 1, Point{l.left[w.to], w.y1}
	if w.a > w.b {
		at, step, end = Point{left, w.y0}, -1, Point{l.left[w.to] + l.nodes[w.to].W, w.y1}
	}
	p := Path{at}
	bend := func(to Point) {
		last := p[len(p)-1]
		m := (last.X + to.X) / 2
		p = append(p, Point{m, last.Y}, Point{m, to.Y}, to)
	}
	c := w.a
	for _, y := range w.ys {
		c += step
		in, out := l.cols[c].left, l.cols[c].right
		if step < 0 {
			in, out = out, in
		}
		bend(Point{in, y})
		bend(Point{out, y})
	}
	bend(end)
	return p
}

func abs(n int) int { return max(n, -n) }
