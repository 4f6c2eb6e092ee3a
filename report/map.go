package report

import (
	"slices"

	"github.com/netmortem/netmortem/analyze/scene"
)

// mapBudget is how many nodes the views of single stacks may have together; beyond it, the stacks that fare well have none.
const mapBudget = 400

// A mapView is one picture with the table that says the same.
type mapView struct {
	Key     string // service, stacks, stack/NAME, host or network
	Name    string // on its button
	Note    string // what it leaves out
	Drawing *drawing
	Bus     *busDrawing
	Hubs    []mapHub
}

// A mapPage is all that the map's section shows.
type mapPage struct {
	Views   []mapView // the first is the one that is seen first, and printed
	Small   *drawing  // of the first screen
	Why     string    // why there is no map
	Busiest string    // what the widest edge stands for; empty when no traffic was seen
	Seen    bool      // some traffic was seen
	Quiet   int
	Ports   []portRow
	Hosts   []string // that ports have
}

// Map is the map of the page.
func (p *htmlPage) Map() *mapPage {
	s := p.Scene
	if s == nil {
		return &mapPage{Why: "Nothing was read for it."}
	}
	if len(s.Services) == 0 && len(s.Edges) == 0 {
		return &mapPage{Why: "No service was captured, and no traffic: a manager's bundle names the services."}
	}
	g := newMapGraph(p.page)
	m := &mapPage{Quiet: s.Quiet, Seen: slices.ContainsFunc(s.Edges, func(e scene.Edge) bool { return len(e.Flows) > 0 })}
	if g.busy.conns+g.busy.bytes > 0 {
		b := mapEdge{conns: g.busy.conns, bytes: g.busy.bytes}
		m.Busiest = b.volumes()
	}
	m.services(g)
	if v, ok := p.hostLens(); ok {
		m.Views = append(m.Views, v)
	}
	if v, ok := p.networkLens(); ok {
		m.Views = append(m.Views, v)
	}
	m.Ports, m.Hosts = p.ports()
	return m
}

// services makes the views whose nodes are services or stacks.
func (m *mapPage) services(g *mapGraph) {
	part, hubs := g.unhub()
	shown := part
	if len(shown.nodes) > mapWhole {
		shown = shown.unleaf()
	}
	shown = shown.choose(mapAround, mapMost)
	v := mapView{Key: "service", Name: "Services", Drawing: shown.draw("Services and who talks to whom", false), Hubs: hubs}
	if len(shown.nodes) < len(part.nodes) {
		v.Name = "What is ill"
		v.Note = "What is ill and whom it talks to; the others are counted."
	}
	var byStack []mapView
	if len(g.nodes) > mapManyStack {
		byStack = stackViews(g)
	}
	calm := !slices.ContainsFunc(g.nodes, func(n mapNode) bool { return n.State.ill() })
	if calm && len(byStack) > 0 {
		v.Name = "The busiest"
		m.Views = append(m.Views, byStack[0], v)
		m.Views = append(m.Views, byStack[1:]...)
	} else {
		m.Views = append(append(m.Views, v), byStack...)
	}
	small := part.unleaf()
	m.Small = small.choose(mapSmall, mapSmall).draw("Services and who talks to whom, in short", true)
}

// stackViews are the stacks, and each of them: those that fare worst first, as far as mapBudget goes.
func stackViews(g *mapGraph) []mapView {
	all := g.stacks()
	n := 0
	for i := range all.nodes {
		if all.nodes[i].Kind == "stack" {
			n++
		}
	}
	if n < 2 {
		return nil
	}
	shown := all.choose(mapStacks, mapStacks)
	views := []mapView{{Key: "stacks", Name: "Stacks", Drawing: shown.draw("Stacks and which of them talk to which", false)}}
	var order []int
	for i := range all.nodes {
		if all.nodes[i].Kind == "stack" {
			order = append(order, i)
		}
	}
	sortBy(order, func(i int) int { return -all.nodes[i].State.rank()*1000 - min(all.nodes[i].Causes, 999) })
	used := 0
	for _, i := range order {
		n := &all.nodes[i]
		part := g.inStack(n.Name)
		part, hubs := part.unhub()
		part = part.choose(2*mapAround, mapMost)
		if used += len(part.nodes); used > mapBudget {
			break
		}
		name := n.Name
		if name == "" {
			name = "no stack"
		}
		views = append(views, mapView{Key: "stack/" + n.Name, Name: name, Drawing: part.draw("Services of the stack "+name+" and whom they are in touch with", false), Hubs: hubs})
	}
	return views
}

// First reports whether a view is the one that is seen first.
func (m *mapPage) First(i int) bool { return i == 0 }

// Chosen reports whether a view has a button of its own; the stacks are in a list.
func (v mapView) Chosen() bool { return len(v.Key) < 6 || v.Key[:6] != "stack/" }

// Listed are the views of single stacks.
func (m *mapPage) Listed() []mapView {
	return slices.DeleteFunc(slices.Clone(m.Views), func(v mapView) bool { return v.Chosen() })
}

// mapData is what the script needs of the map beside the markup; nil for nothing.
func (p *htmlPage) mapData(in *texts) any { return nil }

func sortBy(list []int, key func(int) int) {
	slices.SortStableFunc(list, func(a, b int) int { return key(a) - key(b) })
}
