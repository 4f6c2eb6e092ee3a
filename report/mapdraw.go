package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/analyze/scene"
	"github.com/netmortem/netmortem/report/layout"
)

// A drawing is one picture of the map with its places; the template makes SVG of it.
type drawing struct {
	Title  string // what a reader who does not see it is told
	W, H   int
	Nodes  []drawnNode
	Edges  []drawnEdge
	Loose  int    // from where, from the top, nodes stand of whom nobody was seen to talk; 0 for none
	LooseX int    // from where, from the left
	Below  string // what they are
}

// A drawnNode is a node with its place.
type drawnNode struct {
	*mapNode
	X, Y, W, H int
	Text       string // the name as far as it fits
	Line       string // the second line
	Arcs       []arc  // of the ring: shares of its pairs
	Chips      []chip // hubs
	Stays      bool   // it has no link
}

// An arc of a ring, in hundredths from the top.
type arc struct {
	State     state
	From, Len int
}

// A chip is the letter of a hub, on its place.
type chip struct {
	X, Y   int
	Letter string
}

// A drawnEdge is an edge with its way. A failing one has the way up to where it ends, and the rest.
type drawnEdge struct {
	*mapEdge
	No       int    // place in the drawing, from 1
	Way      string // of the stream
	Rest     string // what a failing stream does not reach
	Width    int    // tenths of a pixel
	Head     string // arrow
	Marks    []mapMark
	Label    *mapLabel // the hop at which it ends
	Dots     int       // how many move on it
	Lost     int       // of which so many thousandths stop at the hop
	Stop     int       // where they do, in thousandths of Way; 1000 for its end
	Client   string
	Server   string
	Moves    bool   // it is one of those that move
	Volumes  string // what was seen, in words
	FlowText []string
}

// A mapMark is a shape on an edge.
type mapMark struct {
	State state
	X, Y  int
	Small bool
}

// A mapLabel is a word in a box.
type mapLabel struct {
	X, Y, W, H int
	Text       string
}

// TextX and TextY are where the text of a label begins.
func (l *mapLabel) TextX() int { return l.X + l.W/2 }
func (l *mapLabel) TextY() int { return l.Y + l.H - 5 }

// Sizes of nodes, in pixels.
const (
	nodeW, nodeH   = 178, 56
	smallW, smallH = 124, 42
	movesAtMost    = 60 // healthy edges that move: the busiest
	edgeThin       = 14 // tenths of a pixel
	edgeThick      = 68
)

// draw places a graph.
func (g *mapGraph) draw(title string, small bool) *drawing {
	w, h, o := nodeW, nodeH, layout.Options{Aspect: 215, Corridor: 104, Gap: 34, Ranks: 8}
	if small {
		w, h, o = smallW, smallH, layout.Options{Aspect: 150, Gap: 20, Corridor: 60, Ranks: 3, Margin: 14}
	}
	if !small {
		g.tidy()
		w = g.width()
	}
	nodes := make([]layout.Node, len(g.nodes))
	for i, n := range g.nodes {
		nodes[i] = layout.Node{W: w, H: h, First: n.first, Last: n.last}
		if n.Kind != scene.PartyService && !small {
			nodes[i].W = n.width()
		}
	}
	edges := make([]layout.Edge, len(g.edges))
	for i, e := range g.edges {
		edges[i] = layout.Edge{From: e.From, To: e.To, Weight: 1 + e.Volume}
	}
	plan := layout.Layered(nodes, edges, o)
	if plan.W > 1500 && !small { // many ranks: rather narrow than small
		o.Corridor = 66
		plan = layout.Layered(nodes, edges, o)
	}
	if small {
		center(plan, 430, 250)
	} else {
		center(plan, 1180, 240)
	}
	d := &drawing{Title: title, W: plan.W, H: plan.H, Loose: plan.Loose}
	for i := range g.nodes {
		d.Nodes = append(d.Nodes, g.nodes[i].place(plan.Nodes[i], nodes[i], small))
	}
	d.Below = "the others"
	for i := range g.nodes {
		if at := plan.Nodes[i]; plan.Loose > 0 && at.Y >= plan.Loose && (d.LooseX == 0 || at.X < d.LooseX) {
			d.LooseX = at.X
		}
		if g.nodes[i].degree == 0 && g.nodes[i].Kind != "fold" {
			d.Below = "no traffic seen"
		}
	}
	moving := g.moving()
	for i := range g.edges {
		e := g.edges[i].lead(plan.Edges[i], small)
		e.No, e.Moves = i+1, moving[i]
		e.Client, e.Server = g.nodes[e.From].Name, g.nodes[e.To].Name
		d.Edges = append(d.Edges, e)
	}
	d.labels()
	return d
}

// tidy leaves the stack out of the services' second lines when it is the same for all.
func (g *mapGraph) tidy() {
	stacks := map[string]bool{}
	for i := range g.nodes {
		if g.nodes[i].Kind == scene.PartyService {
			stacks[g.nodes[i].Stack] = true
		}
	}
	if len(stacks) != 1 {
		return
	}
	g.nodes = slices.Clone(g.nodes)
	for i := range g.nodes {
		if g.nodes[i].Kind == scene.PartyService {
			g.nodes[i].Stack = ""
		}
	}
}

// Tenths of a pixel that a character takes in a node's two lines, in the widest of the usual fonts.
const (
	nameChar, lineChar           = 92, 67
	smallNameChar, smallLineChar = 82, 61
)

// width is how wide nodes of services have to be for their texts: the same for all of them.
func (g *mapGraph) width() int {
	w := 0
	for i := range g.nodes {
		if g.nodes[i].Kind == scene.PartyService {
			w = max(w, g.nodes[i].width())
		}
	}
	return w
}

// width is how wide a node has to be for its texts.
func (n *mapNode) width() int {
	text := max(Columns(cmp.Or(n.Label, n.Name))*nameChar, Columns(n.Sub())*lineChar) / 10
	return min(max(nodeH+14+text, 132), nodeW)
}

// center puts a plan in the middle of a sheet of at least that size: few nodes are not to fill a wall.
func center(p *layout.Plan, w, h int) {
	dx, dy := max(w-p.W, 0)/2, max(h-p.H, 0)/2
	for i := range p.Nodes {
		p.Nodes[i] = layout.Point{X: p.Nodes[i].X + dx, Y: p.Nodes[i].Y + dy}
	}
	for _, e := range p.Edges {
		for i := range e {
			e[i] = layout.Point{X: e[i].X + dx, Y: e[i].Y + dy}
		}
	}
	if p.Loose > 0 {
		p.Loose += dy
	}
	p.W, p.H = p.W+2*dx, p.H+2*dy
}

// Stroke is the width of an edge in pixels.
func (e *drawnEdge) Stroke() string { return strconv.Itoa(e.Width/10) + "." + strconv.Itoa(e.Width%10) }

// Reach says how many pairs get through.
func (e *drawnEdge) Reach() string { return reachWords(e.Pairs) }

// place makes a node's texts and ring.
func (n *mapNode) place(at layout.Point, size layout.Node, small bool) drawnNode {
	d := drawnNode{mapNode: n, X: at.X, Y: at.Y, W: size.W, H: size.H, Arcs: arcs(n.Tally, n.State), Stays: n.Href == ""}
	room := size.W - size.H - 12
	per, perSmall := nameChar, lineChar
	if small {
		per, perSmall = smallNameChar, smallLineChar
	}
	d.Text = fitName(cmp.Or(n.Label, n.Name), room*10/per)
	line := n.Sub()
	if word, ok := shortSubs[n.Kind]; ok && small {
		line = word
	}
	d.Line = fitName(line, room*10/perSmall)
	for i, l := range n.hubs {
		if i < 6 {
			d.Chips = append(d.Chips, chip{at.X + size.W - 14 - 17*i, at.Y + size.H, l})
		}
	}
	return d
}

// shortSubs are second lines of small nodes.
var shortSubs = map[string]string{scene.PartyIngress: "published", scene.PartyOutside: "elsewhere", "hosts": "processes", "strange": "unknown"}

// RingX and RingY are the centre of the ring, Radius its radius.
func (n *drawnNode) RingX() int  { return n.X + n.H/2 + 1 }
func (n *drawnNode) RingY() int  { return n.Y + n.H/2 }
func (n *drawnNode) Radius() int { return n.H*3/10 + 1 }
func (n *drawnNode) TextX() int  { return n.X + n.H + 4 }
func (n *drawnNode) NameY() int  { return n.Y + n.H/2 - 3 }
func (n *drawnNode) LineY() int  { return n.Y + n.H/2 + 14 }
func (n *drawnNode) Right() int  { return n.X + n.W }

// Says is the node in a sentence. It begins with what is written on the node, so that who speaks to the machine can call it by what
// is seen (WCAG 2.2, 2.5.3).
func (n *drawnNode) Says() string {
	s := n.Text + " " + n.Line
	if n.Causes > 0 {
		s += " " + plural(n.Causes, "cause", "")
	}
	if n.Kind == "fold" {
		return s + ": " + strconv.Itoa(n.Count) + " more, " + n.State.Word()
	}
	if n.Text != n.Name {
		s += ", " + n.Name
	}
	s += ": " + n.State.Word()
	if sub := n.Sub(); sub != n.Line {
		s += ", " + sub
	}
	if n.Tally != nil {
		s += ", " + n.Reach()
	}
	return s
}

// arcs share a ring among what becomes of pairs. A share that is not nothing is seen.
func arcs(t *scene.Tally, s state) []arc {
	if t == nil || t.Pairs == 0 {
		return nil
	}
	var out []arc
	at := 0
	for _, x := range []struct {
		state state
		n     int
	}{{stateBad, t.Dropped}, {statePart, t.Partly}, {stateOpen, t.Unknown}} {
		if x.n > 0 {
			l := max(x.n*100/t.Pairs, 4)
			out = append(out, arc{x.state, at, l})
			at += l
		}
	}
	if at < 100 && t.Delivered > 0 {
		out = append(out, arc{stateOK, at, 100 - at})
	}
	return out
}

// moving are the edges on which marks move: those that are ill, and the busiest of the others.
func (g *mapGraph) moving() []bool {
	out := make([]bool, len(g.edges))
	order := make([]int, len(g.edges))
	for i := range order {
		order[i] = i
	}
	sortBy(order, func(i int) int { return -g.edges[i].Volume })
	n := 0
	for _, i := range order {
		switch {
		case g.edges[i].State.ill():
			out[i] = true
		case n < movesAtMost && (g.edges[i].Known || len(g.edges[i].Flows) > 0):
			out[i] = true
			n++
		}
	}
	return out
}

// lead makes an edge's way, its marks and its stream.
func (e *mapEdge) lead(p layout.Path, small bool) drawnEdge {
	d := drawnEdge{mapEdge: e, Width: edgeThin + (edgeThick-edgeThin)*e.Volume/1000, Dots: 1 + e.Volume*11/1000, Stop: 1000, Volumes: e.volumes()}
	if e.State.ill() {
		d.Width = max(d.Width, 2*edgeThin) // seen first, also where little was
	}
	if small {
		d.Width = d.Width * 8 / 10
	}
	back := 7 + d.Width/10
	if len(p) >= 4 {
		d.Head = arrow(p, back)
	}
	if !e.Known {
		d.Dots = 2 // a steady single file
	}
	for i := range e.Flows {
		if i < 6 {
			d.FlowText = append(d.FlowText, flowText(&e.Flows[i]))
		}
	}
	where := layerOf(e.Hop)
	switch e.State {
	case stateBad:
		before, after, _ := p.Cut(int(where))
		d.Way, d.Rest, d.Lost = before.String(), after.String(), 1000
		d.pile(p, int(where), 4)
	case statePart:
		d.Way = p.String()
		if e.Hop != "" {
			d.Stop, d.Lost = int(where), e.lost()
			d.pile(p, int(where), 2)
		}
		_, _, at := p.Cut(int(where) * 45 / 100)
		d.Marks = append(d.Marks, mapMark{State: statePart, X: at.X, Y: at.Y})
	default:
		d.Way = p.String()
		_, _, at := p.Cut(500)
		d.Marks = append(d.Marks, mapMark{State: e.State, X: at.X, Y: at.Y, Small: true})
	}
	return d
}

// lost is how many thousandths of its pairs an edge loses.
func (e *mapEdge) lost() int {
	if e.Pairs == nil || e.Pairs.Pairs == 0 {
		return 300
	}
	// A pair that is lost in part loses some of its backends.
	return min(max((2*e.Pairs.Dropped+e.Pairs.Partly)*500/e.Pairs.Pairs, 150), 850)
}

// pile sets diamonds close behind each other up to where the stream ends.
func (d *drawnEdge) pile(p layout.Path, where, n int) {
	_, _, end := p.Cut(where)
	last := end
	d.Marks = append(d.Marks, mapMark{State: stateBad, X: end.X, Y: end.Y})
	for t := where - 5; t > 0 && n > 1; t -= 5 {
		_, _, at := p.Cut(t)
		if dx, dy := at.X-last.X, at.Y-last.Y; dx*dx+dy*dy >= 100 {
			d.Marks = append(d.Marks, mapMark{State: stateBad, X: at.X, Y: at.Y})
			last = at
			n--
		}
	}
}

// arrow is the head at the end of a path.
func arrow(p layout.Path, size int) string {
	end, dir := p[len(p)-1], p.Direction()
	at := func(along, across int) string {
		x := end.X*1000 - dir.X*along - dir.Y*across
		y := end.Y*1000 - dir.Y*along + dir.X*across
		return strconv.Itoa((x+500)/1000) + " " + strconv.Itoa((y+500)/1000)
	}
	return "M" + at(0, 0) + "L" + at(size, size/2) + "L" + at(size, -size/2) + "Z"
}

// labels sets the hops at which streams end beside their piles, where no node and no other label is; a word that finds no place is left to the table.
func (d *drawing) labels() {
	var taken []mapLabel
	for i := range d.Nodes {
		n := &d.Nodes[i]
		taken = append(taken, mapLabel{X: n.X - 2, Y: n.Y - 2, W: n.W + 4, H: n.H + 4})
		if n.Causes > 0 {
			taken = append(taken, mapLabel{X: n.X + n.W - 11, Y: n.Y - 11, W: 22, H: 22})
		}
	}
	near := func(l mapLabel) bool { // one that says the same already stands close by
		for i := range d.Edges {
			if o := d.Edges[i].Label; o != nil && o.Text == l.Text && max(o.X-l.X, l.X-o.X) < 90 && max(o.Y-l.Y, l.Y-o.Y) < 70 {
				return true
			}
		}
		return false
	}
	free := func(l mapLabel) bool {
		if l.X < 2 || l.Y < 2 || l.X+l.W > d.W-2 || l.Y+l.H > d.H-2 {
			return false
		}
		for _, t := range taken {
			if l.X < t.X+t.W && t.X < l.X+l.W && l.Y < t.Y+t.H && t.Y < l.Y+l.H {
				return false
			}
		}
		return true
	}
	for i := range d.Edges {
		for _, m := range d.Edges[i].Marks {
			if m.State == stateBad {
				taken = append(taken, mapLabel{X: m.X - 6, Y: m.Y - 6, W: 12, H: 12})
			}
		}
	}
	for i := range d.Edges {
		e := &d.Edges[i]
		if !e.State.ill() || e.Hop == "" || len(e.Marks) == 0 {
			continue
		}
		at := e.Marks[0]
		text := fitName(e.Hop, 18)
		l := mapLabel{W: 12 + 7*Columns(text), H: 18, Text: text}
		beside := l.W/2 + 14
		for _, by := range [][2]int{{0, -32}, {0, 14}, {-l.W / 3, -32}, {l.W / 3, -32}, {-l.W / 3, 14}, {l.W / 3, 14}, {beside, -9}, {beside, -22}, {beside, 4}, {0, -48}, {0, 30}, {2 * beside, -9}} {
			l.X, l.Y = at.X-l.W/2+by[0], at.Y+by[1]
			if free(l) && !near(l) {
				m := l
				e.Label = &m
				taken = append(taken, l)
				break
			}
		}
	}
}

// volumes is what was seen on an edge.
func (e *mapEdge) volumes() string {
	var parts []string
	if e.conns > 0 {
		parts = append(parts, plural(int(e.conns), "connection", ""))
	}
	if e.bytes > 0 {
		parts = append(parts, byteRate(e.bytes))
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, ", ")
	case len(e.Flows) == 0:
		return "no traffic seen"
	}
	return "volume unknown"
}

// byteRate is bytes a second in a unit that fits.
func byteRate(n int64) string {
	for _, u := range []struct {
		unit string
		size int64
	}{{"GB/s", 1e9}, {"MB/s", 1e6}, {"kB/s", 1e3}} {
		if n >= u.size {
			return fmt.Sprintf("%d.%d %s", n/u.size, n%u.size*10/u.size, u.unit)
		}
	}
	return strconv.FormatInt(n, 10) + " B/s"
}

// flowText is a flow in a line.
func flowText(f *scene.Flow) string {
	s := f.Proto + "/" + strconv.Itoa(f.Port) + " by " + f.Via + ": " + f.Quality
	if f.Why != "" {
		s += ", " + f.Why
	}
	if n := deref(f.Again); n > 0 {
		s += fmt.Sprintf("; %d of %d segments sent again", n, deref(f.Segs))
	}
	if n := deref(f.Refused); n > 0 {
		s += fmt.Sprintf("; %d refused", n)
	}
	if n := deref(f.Unanswered); n > 0 {
		s += fmt.Sprintf("; %d unanswered", n)
	}
	return s
}

// fitName cuts a text in its middle to so many cells: the end of a name tells as much as its beginning.
func fitName(s string, n int) string {
	if Columns(s) <= n || n < 4 {
		return s
	}
	r := []rune(s)
	head, tail := (n-1)*2/3, (n-1)/3
	i, w := 0, 0
	for i < len(r) && w+Columns(string(r[i])) <= head {
		w += Columns(string(r[i]))
		i++
	}
	j, w := len(r), 0
	for j > i && w+Columns(string(r[j-1])) <= tail {
		j--
		w += Columns(string(r[j]))
	}
	return string(r[:i]) + "…" + string(r[j:])
}
