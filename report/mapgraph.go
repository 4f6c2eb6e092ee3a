package report

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/analyze/scene"
)

// A mapNode is a party on the map, or several taken together.
type mapNode struct {
	Kind    string // a party's, or fold, stack, hosts
	Name    string
	Label   string // what is written on it; Name when empty
	Stack   string
	State   state
	Tally   *scene.Tally // pairs that have it as server
	Running *int         // tasks; nil when unknown
	Wanted  *int
	Causes  int // that break it
	Href    string
	Count   int  // how many it stands for
	first   bool // it belongs to the left
	last    bool
	degree  int
	hubs    []string // letters of hubs that it talks to
}

// Sub is the second line on a node.
func (n *mapNode) Sub() string {
	switch {
	case n.Kind == "fold":
		return n.State.Word()
	case n.Kind == "stack":
		return plural(n.Count, "service", "no service")
	case n.Kind == "hosts":
		return "own processes"
	case n.Kind == scene.PartyIngress:
		return "published ports"
	case n.Kind == scene.PartyOutside:
		return "not of the swarm"
	case n.Kind == scene.PartyContainer:
		return "container"
	case n.Kind == "network":
		return n.Stack
	case n.Kind == scene.PartyHost:
		return n.Stack
	case n.Kind == "port" || n.Kind == "backends":
		return n.Stack
	case n.Kind == "strange":
		return "nobody has it"
	}
	s := "tasks unknown"
	if n.Running != nil && n.Wanted != nil {
		s = strconv.Itoa(*n.Running) + "/" + strconv.Itoa(*n.Wanted) + " up"
	}
	if n.Stack != "" {
		s += " · " + n.Stack
	}
	return s
}

// Reach says how many pairs reach it.
func (n *mapNode) Reach() string { return reachWords(n.Tally) }

func reachWords(t *scene.Tally) string {
	if t == nil {
		return "no path walked"
	}
	s := strconv.Itoa(t.Delivered) + " of " + plural(t.Pairs, "pair", "0 pairs") + " delivered"
	for _, x := range []struct {
		n    int
		word string
	}{{t.Partly, "in part"}, {t.Dropped, "dropped"}, {t.Unknown, "cannot tell"}} {
		if x.n > 0 {
			s += ", " + strconv.Itoa(x.n) + " " + x.word
		}
	}
	return s
}

// A mapEdge is everything between two nodes in one direction.
type mapEdge struct {
	From, To int
	State    state
	Pairs    *scene.Tally
	Hop      string
	Cause    int // rank; 0 for none
	Networks []string
	Flows    []scene.Flow
	Href     string
	Volume   int  // thousandths of the busiest, on a logarithmic scale
	Known    bool // some volume was seen
	bytes    int64
	conns    int64
}

// A mapGraph is who talks to whom, whole.
type mapGraph struct {
	nodes  []mapNode
	edges  []mapEdge
	at     map[scene.Party]int
	pair   map[[2]int]int // place of the edge between two nodes
	routes containerRoutes
	paths  map[[2]string][]int // keys of paths that are not delivered, by services of client and server
	busy   busiest
}

// busiest are the figures that the widths of all edges refer to.
type busiest struct{ bytes, conns int64 }

// hashRoute is a hash route of ours; its parts are encoded.
func hashRoute(parts ...string) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		// The browser decodes as encodeURIComponent would have encoded: a plus is a plus.
		out[i] = strings.ReplaceAll(url.QueryEscape(p), "+", "%20")
	}
	return "#/" + strings.Join(out, "/")
}

func newMapGraph(p *page) *mapGraph {
	g := &mapGraph{at: map[scene.Party]int{}, pair: map[[2]int]int{}}
	s := p.Scene
	causes := map[string]int{}
	for i := range p.Causes {
		for _, name := range p.Causes[i].Breaks.Services {
			causes[name]++
		}
	}
	for i := range s.Services {
		v := &s.Services[i]
		n := mapNode{Kind: scene.PartyService, Name: v.Name, Stack: v.Stack, Tally: v.To, Running: v.Running, Wanted: v.Wanted, Causes: causes[v.Name], Href: hashRoute("svc", v.Name), Count: 1}
		if v.Stack != "" {
			n.Label = strings.TrimPrefix(v.Name, v.Stack+"_")
		}
		n.State = tallyState(v.To)
		if v.Running != nil && v.Wanted != nil && *v.Running < *v.Wanted {
			n.State = worseState(n.State, statePart)
			if *v.Running == 0 {
				n.State = stateBad
			}
		}
		g.add(scene.Party{Kind: scene.PartyService, Name: v.Name}, n)
	}
	g.routes = p.containerRoutes()
	g.paths = map[[2]string][]int{}
	for i := range s.Paths {
		k := [2]string{s.Paths[i].From, s.Paths[i].To}
		g.paths[k] = append(g.paths[k], s.Paths[i].Key)
	}
	for i := range s.Edges {
		g.edge(&s.Edges[i])
	}
	g.measure()
	g.fare()
	return g
}

func (g *mapGraph) add(p scene.Party, n mapNode) int {
	g.at[p] = len(g.nodes)
	g.nodes = append(g.nodes, n)
	return len(g.nodes) - 1
}

// party is the node of one end of an edge. Hosts are one node, and whoever nobody captured is another: the map of services is not about them.
func (g *mapGraph) party(p scene.Party, server bool) int {
	n := mapNode{Kind: p.Kind, Name: p.Name, State: stateOpen, Count: 1}
	switch p.Kind {
	case scene.PartyService:
		n.Href = hashRoute("svc", p.Name)
	case scene.PartyHost:
		p.Name = ""
		n.Kind, n.Name, n.Href, n.first = "hosts", "hosts", "#/map?lens=host", !server
	case scene.PartyIngress:
		p.Name = ""
		n.Name, n.Href = "ingress", "#mesh"
	case scene.PartyOutside:
		p.Name = ""
		n.Name, n.first = "outside", !server
	case scene.PartyContainer:
		n.Href = g.routes.to(p.Name)
	default: // an address that nothing captured owns
		p = scene.Party{Kind: "strange"}
		n.Kind, n.Name, n.first = "strange", "unknown addresses", !server
	}
	if server && (p.Kind == scene.PartyOutside || p.Kind == scene.PartyHost || p.Kind == "strange") {
		p.Name, n.last = "server", true // who is called by services is not the one who calls them
	}
	if i, ok := g.at[p]; ok {
		return i
	}
	return g.add(p, n)
}

func (g *mapGraph) edge(e *scene.Edge) {
	if e.Client.Kind == scene.PartyHost && e.Server.Kind == scene.PartyHost || e.Client.Kind == scene.PartyOutside && e.Server.Kind == scene.PartyHost {
		return // between hosts: the lens of hosts
	}
	m := mapEdge{From: g.party(e.Client, false), To: g.party(e.Server, true), State: edgeState(e), Pairs: e.Pairs, Hop: e.Hop, Cause: e.Cause, Networks: e.Networks, Flows: e.Flows,
		Href: g.lead(e)}
	m.sum()
	// Several parties may have become one node, and so their edges.
	g.link(m)
}

// lead is where an edge leads: to the path that is broken or untold, to the list of them, or to the service that is called.
func (g *mapGraph) lead(e *scene.Edge) string {
	from := ""
	if e.Client.Kind == scene.PartyService {
		from = e.Client.Name
	}
	if e.Server.Kind != scene.PartyService {
		if from == "" {
			return "#/paths"
		}
		return hashRoute("svc", from)
	}
	switch keys := g.paths[[2]string{from, e.Server.Name}]; {
	case len(keys) == 1:
		return hashRoute("path", strconv.Itoa(keys[0]))
	case len(keys) > 1:
		q := url.Values{"to": {e.Server.Name}, "from": {from}}
		return "#/paths?" + strings.ReplaceAll(q.Encode(), "+", "%20")
	}
	return hashRoute("svc", e.Server.Name)
}

// join adds what m tells.
func (e *mapEdge) join(m *mapEdge) {
	if m.State.rank() > e.State.rank() {
		e.Hop, e.Cause, e.Href = m.Hop, m.Cause, m.Href
	}
	e.State = worseState(e.State, m.State)
	e.Pairs = addTallies(e.Pairs, m.Pairs)
	e.bytes += m.bytes
	e.conns += m.conns
	e.Known = e.Known || m.Known
	e.Flows = slices.Concat(e.Flows, m.Flows)
	for _, n := range m.Networks {
		if !slices.Contains(e.Networks, n) {
			e.Networks = append(slices.Clip(e.Networks), n)
		}
	}
	e.Cause = cmp.Or(e.Cause, m.Cause)
}

func addTallies(a, b *scene.Tally) *scene.Tally {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	return &scene.Tally{Pairs: a.Pairs + b.Pairs, Delivered: a.Delivered + b.Delivered, Partly: a.Partly + b.Partly, Dropped: a.Dropped + b.Dropped, Unknown: a.Unknown + b.Unknown}
}

// measure sets volumes against the busiest edge, in bytes or in connections, whichever makes an edge busier: not every connection that was
// counted was seen to carry bytes. It counts neighbours, too.
func (g *mapGraph) measure() {
	for i := range g.edges {
		g.busy.bytes, g.busy.conns = max(g.busy.bytes, g.edges[i].bytes), max(g.busy.conns, g.edges[i].conns)
	}
	around := make([]map[int]bool, len(g.nodes))
	for i := range around {
		around[i] = map[int]bool{}
	}
	for i := range g.edges {
		e := &g.edges[i]
		e.Volume = max(log2(e.bytes)*1000/max(log2(g.busy.bytes), 1), log2(e.conns)*1000/max(log2(g.busy.conns), 1))
		if e.From != e.To {
			around[e.From][e.To], around[e.To][e.From] = true, true
		}
	}
	for i := range g.nodes {
		g.nodes[i].degree = len(around[i])
	}
}

// fare lets nodes fare as their edges do: a service to which something is lost is not well, whatever was walked; whoever is no service
// fares as those that call it say, and who only calls is not judged by that.
func (g *mapGraph) fare() {
	told := make([]bool, len(g.nodes))
	for i := range g.edges {
		e := &g.edges[i]
		n := &g.nodes[e.To]
		switch {
		case n.Kind == scene.PartyService && e.State.ill():
			n.State = worseState(n.State, statePart) // others may reach it
		case n.Kind != scene.PartyService && !told[e.To]:
			n.State, told[e.To] = e.State, true
		case n.Kind != scene.PartyService:
			n.State = worseState(n.State, e.State)
		}
	}
	for i := range g.edges {
		if e := &g.edges[i]; !told[e.From] && g.nodes[e.From].Kind != scene.PartyService {
			g.nodes[e.From].State = stateOK
		}
	}
}
