package layout

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func boxes(n int) []Node {
	return slices.Repeat([]Node{{W: 160, H: 54}}, n)
}

// services is a graph like one of services: each calls one or two, mostly later ones, some of which are called by many.
func services(n, edges int) ([]Node, []Edge) {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	var list []Edge
	for i := 0; len(list) < edges; i++ {
		from := i % n
		to := r.IntN(n)
		if r.IntN(4) == 0 {
			to = r.IntN(n/20 + 1)
		}
		list = append(list, Edge{From: from, To: to, Weight: r.IntN(100)})
	}
	return boxes(n), list
}

var graphs = []struct {
	name  string
	nodes []Node
	edges []Edge
}{
	{"empty", nil, nil},
	{"single", boxes(1), nil},
	{"to itself", boxes(1), []Edge{{From: 0, To: 0}}},
	{"two", boxes(2), []Edge{{From: 1, To: 0}}},
	{"each other", boxes(2), []Edge{{From: 1, To: 0}, {From: 0, To: 1}}},
	{"circle", boxes(4), []Edge{{From: 0, To: 1}, {From: 1, To: 2}, {From: 2, To: 3}, {From: 3, To: 0}}},
	{"everyone", boxes(6), everyone(6)},
	{"no edges", boxes(30), nil},
	{"star", boxes(61), star(61)},
	{"sizes", []Node{{W: 40, H: 20, First: true}, {W: 200, H: 90}, {W: 90, H: 54}, {W: 160, H: 30}, {W: 70, H: 54, Last: true}},
		[]Edge{{From: 0, To: 1}, {From: 1, To: 2}, {From: 1, To: 3}, {From: 3, To: 4}, {From: 0, To: 4}, {From: 4, To: 1}, {From: 2, To: 0}}},
}

func everyone(n int) (out []Edge) {
	for i := range n * n {
		out = append(out, Edge{From: i / n, To: i % n})
	}
	return out
}

func star(n int) (out []Edge) {
	for i := range n - 1 {
		out = append(out, Edge{From: 0, To: i + 1})
	}
	return out
}

func TestLayered(t *testing.T) {
	for _, x := range graphs {
		t.Run(x.name, func(t *testing.T) { check(t, x.nodes, x.edges) })
	}
	for _, size := range [][2]int{{20, 30}, {60, 120}, {300, 576}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			nodes, edges := services(size[0], size[1])
			check(t, nodes, edges)
		})
	}
}

// check is what holds for every layout: made again it is the same, everything lies on the drawing, no two nodes overlap, and no edge
// passes behind a node that is not its own.
func check(t *testing.T, nodes []Node, edges []Edge) {
	p := Layered(nodes, edges, Options{})
	if !reflect.DeepEqual(p, Layered(nodes, edges, Options{})) {
		t.Fatal("the second layout is another one")
	}
	if len(p.Nodes) != len(nodes) || len(p.Edges) != len(edges) {
		t.Fatalf("%d nodes and %d edges were placed", len(p.Nodes), len(p.Edges))
	}
	inside := func(q Point, slack int) bool {
		return q.X >= slack && q.Y >= slack && q.X <= p.W-slack && q.Y <= p.H-slack
	}
	const margin = 24 // of Options
	for v, q := range p.Nodes {
		if !inside(q, margin) || !inside(Point{q.X + nodes[v].W, q.Y + nodes[v].H}, margin) {
			t.Errorf("node %d at %v is not within %d×%d", v, q, p.W, p.H)
		}
		for w, r := range p.Nodes[:v] {
			if q.X < r.X+nodes[w].W && r.X < q.X+nodes[v].W && q.Y < r.Y+nodes[w].H && r.Y < q.Y+nodes[v].H {
				t.Errorf("nodes %d at %v and %d at %v overlap", w, r, v, q)
			}
		}
	}
	for i, e := range p.Edges {
		if e[0] == e[len(e)-1] {
			t.Errorf("edge %d goes nowhere", i)
		}
		for c := 0; c+3 < len(e); c += 3 {
			for s := range steps + 1 {
				q := unscaled(curveAt(e[c:c+4], s))
				if !inside(q, 0) {
					t.Fatalf("edge %d leaves the drawing at %v", i, q)
				}
				for v, r := range p.Nodes {
					own := v == edges[i].From || v == edges[i].To
					if !own && q.X > r.X && q.X < r.X+nodes[v].W && q.Y > r.Y && q.Y < r.Y+nodes[v].H {
						t.Fatalf("edge %d, from %d to %d, passes behind node %d at %v", i, edges[i].From, edges[i].To, v, q)
					}
				}
			}
		}
	}
}

// TestDirection: without a cycle, who calls stands left of whom it calls.
func TestDirection(t *testing.T) {
	nodes := boxes(7)
	edges := []Edge{{From: 6, To: 2}, {From: 2, To: 0}, {From: 6, To: 0}, {From: 0, To: 4}, {From: 5, To: 4}, {From: 1, To: 3}}
	p := Layered(nodes, edges, Options{})
	for _, e := range edges {
		if p.Nodes[e.From].X >= p.Nodes[e.To].X {
			t.Errorf("%d at %v calls %d at %v", e.From, p.Nodes[e.From], e.To, p.Nodes[e.To])
		}
	}
}

// TestCycle: a cycle is broken where the least flows, and what belongs to a side stays there.
func TestCycle(t *testing.T) {
	nodes := boxes(5)
	nodes[3].First, nodes[4].Last = true, true
	edges := []Edge{{From: 0, To: 1, Weight: 9}, {From: 1, To: 2, Weight: 9}, {From: 2, To: 0, Weight: 1}, {From: 1, To: 3}, {From: 3, To: 0}, {From: 4, To: 0}}
	p := Layered(nodes, edges, Options{})
	var order []int
	for v := range nodes {
		order = append(order, v)
	}
	slices.SortFunc(order, func(a, b int) int { return p.Nodes[a].X - p.Nodes[b].X })
	if !slices.Equal(order, []int{3, 0, 1, 2, 4}) {
		t.Errorf("from the left: %v", order)
	}
}

// TestWrap: a wide rank becomes a block, not a strip.
func TestWrap(t *testing.T) {
	p := Layered(boxes(61), star(61), Options{Aspect: 190})
	if p.W < p.H || p.W > 4*p.H {
		t.Errorf("%d×%d", p.W, p.H)
	}
}

func TestCut(t *testing.T) {
	p := Path{{0, 0}, {40, 0}, {60, 90}, {100, 90}, {120, 90}, {130, 90}, {150, 90}}
	for _, at := range []int{0, 100, 500, 900, 1000} {
		before, after, q := p.Cut(at)
		if before[0] != p[0] || after[len(after)-1] != p[len(p)-1] || before[len(before)-1] != q || after[0] != q {
			t.Errorf("at %d: %v, %v, %v", at, before, after, q)
		}
	}
	if s := p.String(); s != "M0 0C40 0 60 90 100 90C120 90 130 90 150 90" {
		t.Error(s)
	}
	if d := p.Direction(); d != (Point{1000, 0}) {
		t.Error(d)
	}
}

func TestRing(t *testing.T) {
	got := Ring(4, Point{100, 50}, 80, 40)
	if want := []Point{{100, 10}, {180, 50}, {100, 90}, {20, 50}}; !slices.Equal(got, want) {
		t.Error(got)
	}
	for i, a := range Ring(16, Point{0, 0}, 500, 500) {
		if r := root(a.X*a.X + a.Y*a.Y); r < 498 || r > 501 {
			t.Errorf("point %d is %d from the centre", i, r)
		}
	}
	if got := Ring(1, Point{7, 8}, 5, 5); !slices.Equal(got, []Point{{7, 8}}) {
		t.Error(got)
	}
}

func TestRoot(t *testing.T) {
	for n := range 5000 {
		if r := root(n); r*r > n || (r+1)*(r+1) <= n {
			t.Fatalf("root of %d is %d", n, r)
		}
	}
}

func BenchmarkLayered(b *testing.B) {
	for _, size := range [][2]int{{150, 300}, {300, 576}, {3000, 10000}} {
		nodes, edges := services(size[0], size[1])
		b.Run(fmt.Sprintf("nodes=%d/edges=%d", size[0], size[1]), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Layered(nodes, edges, Options{})
			}
		})
	}
}
