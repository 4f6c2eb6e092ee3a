package report

import (
	"cmp"
	"slices"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
	"github.com/netmortem/netmortem/report/layout"
)

// ringHosts are so many hosts that a ring shows.
const ringHosts = 16

// hostLens shows hosts, and between them the tunnels that lack something and the traffic of the hosts themselves.
func (p *htmlPage) hostLens() (mapView, bool) {
	g := p.hostGraph()
	if len(g.nodes) == 0 {
		return mapView{}, false
	}
	v := mapView{Key: "host", Name: "Hosts", Note: tunnelNote(p.Scene)}
	if len(g.nodes) <= ringHosts {
		v.Drawing = g.ring("Hosts and the tunnels between them")
	} else {
		v.Drawing = g.choose(mapAround, mapMost).draw("Hosts and the tunnels between them", false)
	}
	return v, true
}

// tunnelNote says what is not drawn.
func tunnelNote(s *scene.Scene) string {
	switch {
	case len(s.Tunnels) == 0 && s.Healthy == 0:
		return "No tunnel between hosts was judged."
	case s.Healthy == 0:
		return ""
	case len(s.Tunnels) == 0:
		return "All " + plural(s.Healthy, "tunnel", "") + " between hosts hold what they should."
	}
	return plural(s.Healthy, "further tunnel", "") + " between hosts hold what they should, and are not drawn."
}

func (p *htmlPage) hostGraph() *mapGraph {
	g := &mapGraph{at: map[scene.Party]int{}, pair: map[[2]int]int{}}
	broken, worst := map[string]int{}, map[string]analyze.Severity{}
	for i := range p.Causes {
		if p.Causes[i].Severity.Rank() < analyze.Medium.Rank() {
			continue
		}
		for _, h := range p.Causes[i].Breaks.Hosts {
			broken[h]++
		}
	}
	for i := range p.Findings {
		if f := &p.Findings[i]; f.Severity.Rank() > worst[f.Host].Rank() {
			worst[f.Host] = f.Severity
		}
	}
	for i := range p.Hosts {
		h := &p.Hosts[i]
		n := mapNode{Kind: scene.PartyHost, Name: h.Name, State: stateOK, Causes: broken[h.Name], Href: hashRoute("host", h.Name), Count: 1, Stack: cmp.Or(h.Role, "no swarm role")}
		switch {
		case h.Bundle == "":
			n.State, n.Stack = stateOpen, "not captured"
		case worst[h.Name].Rank() >= analyze.High.Rank() || broken[h.Name] > 0:
			n.State = statePart
		case len(h.Gaps) > 0:
			n.Stack += " · " + plural(len(h.Gaps), "gap", "")
		}
		g.add(scene.Party{Kind: scene.PartyHost, Name: h.Name}, n)
	}
	for i := range p.Scene.Tunnels {
		t := &p.Scene.Tunnels[i]
		from, okFrom := g.at[scene.Party{Kind: scene.PartyHost, Name: t.From}]
		to, okTo := g.at[scene.Party{Kind: scene.PartyHost, Name: t.To}]
		if !okFrom || !okTo {
			continue
		}
		e := mapEdge{From: from, To: to, State: tunnelState(t), Hop: "fdb", Networks: []string{t.Network}, Href: hashRoute("net", t.Network), Known: true,
			Pairs: &scene.Tally{Pairs: t.Expected, Delivered: t.Held, Dropped: t.Lacks + t.Strays, Unknown: t.Untold}}
		switch {
		case e.State.ill():
			g.nodes[from].State = worseState(g.nodes[from].State, statePart)
		default:
			e.Hop = ""
		}
		g.link(e)
	}
	for i := range p.Scene.Edges {
		x := &p.Scene.Edges[i]
		from, okFrom := g.at[x.Client]
		to, okTo := g.at[x.Server]
		if okFrom && okTo {
			e := mapEdge{From: from, To: to, State: edgeState(x), Hop: x.Hop, Cause: x.Cause, Networks: x.Networks, Flows: x.Flows, Href: hashRoute("host", x.Server.Name)}
			e.sum()
			g.link(e)
		}
	}
	g.measure()
	return g
}

// tunnelState is failing when a host lacks all of another, degraded when it lacks something or holds something wrong.
func tunnelState(t *scene.Tunnel) state {
	switch {
	case t.Expected > 0 && t.Lacks >= t.Expected:
		return stateBad
	case t.Lacks+t.Strays > 0:
		return statePart
	case t.Expected == 0 || t.Held < t.Expected:
		return stateOpen
	}
	return stateOK
}

// ring draws few nodes on an ellipse, with edges between them that bow to the right of their way, so that both directions are seen.
func (g *mapGraph) ring(title string) *drawing {
	n := len(g.nodes)
	rx, ry := 120+34*n, 70+20*n
	if n == 2 {
		rx, ry = 190, 0
	}
	c := layout.Point{X: max(rx+nodeW/2+40, 590), Y: max(ry+nodeH/2+44, 180)}
	d := &drawing{Title: title, W: 2 * c.X, H: 2 * c.Y}
	places := layout.Ring(n, c, rx, ry)
	if n == 2 {
		places = []layout.Point{{X: c.X - rx, Y: c.Y}, {X: c.X + rx, Y: c.Y}}
	}
	for i := range g.nodes {
		at := layout.Point{X: places[i].X - nodeW/2, Y: places[i].Y - nodeH/2}
		d.Nodes = append(d.Nodes, g.nodes[i].place(at, layout.Node{W: nodeW, H: nodeH}, false))
	}
	moving := g.moving()
	for i := range g.edges {
		e := &g.edges[i]
		if e.From == e.To {
			continue
		}
		a, b := places[e.From], places[e.To]
		dx, dy := b.X-a.X, b.Y-a.Y
		side := layout.Point{X: -dy / 9, Y: dx / 9}
		p := layout.Path{a, {X: a.X + dx/3 + side.X, Y: a.Y + dy/3 + side.Y}, {X: a.X + dx*2/3 + side.X, Y: a.Y + dy*2/3 + side.Y}, b}
		from, to := g.outside(p, a), g.outside(layout.Path{p[3], p[2], p[1], p[0]}, b)
		_, p, _ = p.Cut(from)
		p, _, _ = p.Cut((1000 - to - from) * 1000 / max(1000-from, 1))
		l := e.lead(p, false)
		l.No, l.Moves = len(d.Edges)+1, moving[i]
		l.Client, l.Server = g.nodes[e.From].Name, g.nodes[e.To].Name
		d.Edges = append(d.Edges, l)
	}
	d.labels(false)
	return d
}

// outside is from where a path is outside the box around its start, in thousandths.
func (g *mapGraph) outside(p layout.Path, centre layout.Point) int {
	for t := 0; t <= 1000; t += 10 {
		_, _, q := p.Cut(t)
		if x, y := q.X-centre.X, q.Y-centre.Y; x > nodeW/2+2 || x < -nodeW/2-2 || y > nodeH/2+2 || y < -nodeH/2-2 {
			return t
		}
	}
	return 450
}

// The bounds of the lens of networks.
const (
	busRows = 40
	busNets = 24
)

// A busDrawing shows networks as lines from the top down, and services as rows that tap those that they are attached to.
type busDrawing struct {
	Title string
	W, H  int
	Buses []bus
	Rows  []busRow
	Left  []string // what it leaves out
}

// A bus is a network.
type bus struct {
	X, Y, End  int
	Name, Text string
	Sub        string
	State      state // stateOK stands for nothing known to be wrong
	Href       string
	Taps       int
}

// A busRow is a service with its taps.
type busRow struct {
	*drawnNode
	From, To int // ends of its line
	Mid      int
	Taps     []tap
}

// DrawnNode is the row's service.
func (r busRow) DrawnNode() *drawnNode { return r.drawnNode }

// On is the row's tap on a network, nil when it is not attached.
func (r busRow) On(network string) *tap {
	for i := range r.Taps {
		if r.Taps[i].Net == network {
			return &r.Taps[i]
		}
	}
	return nil
}

// A tap is a service's place on a network.
type tap struct {
	X     int
	State state
	Net   string
	Says  string
}

// networkLens shows which service is on which network.
func (p *htmlPage) networkLens() (mapView, bool) {
	s := p.Scene
	on := map[string][]int{} // services by network
	for i := range s.Services {
		for _, n := range s.Services[i].Networks {
			on[n] = append(on[n], i)
		}
	}
	if len(on) == 0 {
		return mapView{}, false
	}
	ill := map[[2]string]state{}
	netState := map[string]state{}
	for i := range s.Paths {
		x := &s.Paths[i]
		st := stateOpen
		switch x.Verdict {
		case scene.Dropped, scene.Partly:
			st = statePart
		}
		k := [2]string{x.To, x.Network}
		ill[k] = worseState(cmp.Or(ill[k], stateOK), st)
	}
	for i := range s.Tunnels {
		t := &s.Tunnels[i]
		netState[t.Network] = worseState(cmp.Or(netState[t.Network], stateOK), tunnelState(t))
	}
	g := newMapGraph(p.page)
	b := &busDrawing{Title: "Networks, and which services are on them"}
	var nets []*scene.Network
	for i := range s.Networks {
		if n := &s.Networks[i]; on[n.Name] != nil && !slices.ContainsFunc(nets, func(o *scene.Network) bool { return o.Name == n.Name }) {
			nets = append(nets, n)
			for _, v := range on[n.Name] {
				if ill[[2]string{s.Services[v].Name, n.Name}].ill() {
					netState[n.Name] = worseState(cmp.Or(netState[n.Name], stateOK), statePart)
				}
			}
		}
	}
	slices.SortStableFunc(nets, func(x, y *scene.Network) int {
		if d := netState[y.Name].rank() - netState[x.Name].rank(); d != 0 {
			return d
		}
		return len(on[y.Name]) - len(on[x.Name])
	})
	if len(nets) > busNets {
		b.Left = append(b.Left, plural(len(nets)-busNets, "network", "")+" with fewer services")
		nets = nets[:busNets]
	}
	var rows []int
	for i := range s.Services {
		if slices.ContainsFunc(nets, func(n *scene.Network) bool { return slices.Contains(s.Services[i].Networks, n.Name) }) {
			rows = append(rows, i)
		}
	}
	sortBy(rows, func(i int) int { return -g.nodes[g.at[serviceParty(s.Services[i].Name)]].State.rank() })
	if len(rows) > busRows {
		b.Left = append(b.Left, plural(len(rows)-busRows, "service", "")+" that fare better")
		rows = rows[:busRows]
	}
	b.place(g, s, nets, rows, on, netState, ill)
	return mapView{Key: "network", Name: "Networks", Bus: b}, true
}

func serviceParty(service string) scene.Party {
	return scene.Party{Kind: scene.PartyService, Name: service}
}

// place sets the lines and taps.
func (b *busDrawing) place(g *mapGraph, s *scene.Scene, nets []*scene.Network, rows []int, on map[string][]int, netState map[string]state, ill map[[2]string]state) {
	const left, top, apart, tall, high = 24, 92, 128, 40, 48
	x := left + nodeW + 70
	b.H = top + len(rows)*high + 24
	for i, n := range nets {
		v := bus{X: x + i*apart, Y: top - 22, End: b.H - 20, Name: n.Name, Text: fitName(n.Name, 15), Sub: fitName(n.Driver, 14), State: cmp.Or(netState[n.Name], stateOK), Href: hashRoute("net", n.Name), Taps: len(on[n.Name])}
		if n.Encrypted {
			v.Sub = "encrypted"
		}
		b.Buses = append(b.Buses, v)
	}
	b.W = x + (len(nets)-1)*apart + 90
	for k, i := range rows {
		v := &s.Services[i]
		n := &g.nodes[g.at[serviceParty(v.Name)]]
		y := top + k*high
		node := n.place(layout.Point{X: left, Y: y}, layout.Node{W: nodeW, H: tall}, false)
		r := busRow{drawnNode: &node, From: left + nodeW, Mid: y + tall/2}
		for j, net := range nets {
			if !slices.Contains(v.Networks, net.Name) {
				continue
			}
			st, known := ill[[2]string{v.Name, net.Name}]
			switch {
			case known:
			case n.Tally != nil && n.Tally.Pairs > 0 && n.Tally.Delivered == n.Tally.Pairs:
				st = stateOK
			case len(v.Networks) == 1:
				st = tallyState(n.Tally)
			default: // not all listed: on which of its networks pairs end is not known
				st = stateOpen
			}
			r.To = b.Buses[j].X
			r.Taps = append(r.Taps, tap{X: b.Buses[j].X, State: st, Net: net.Name, Says: v.Name + " on " + net.Name + ": " + st.Word()})
		}
		b.Rows = append(b.Rows, r)
	}
}
