package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/netmortem/netmortem/analyze/scene"
)

// The bounds of the views of the routing mesh and of tunnels.
const (
	meshPorts   = 8   // published ports in the picture
	meshHosts   = 8   // hosts in it
	meshColumns = 16  // hosts beside each other in its table
	meshRows    = 200 // ports in its table
	meshTunnels = 200 // tunnels in the table
)

// A portRow is a published port with what becomes of it on each host.
type portRow struct {
	scene.Port
	State state
	Cells []portCell // in the order of the hosts; with too many hosts those that do not deliver
	Well  int        // hosts that deliver
	Hosts int        // all that should take it
	Rest  int        // cells that are left out
	Name  string     // of the service, or of the container
	Href  string
}

// A portCell is a port on a host.
type portCell struct {
	scene.PortHost
	State state
	There bool // the port is to be taken there
}

// Says is the cell in words.
func (c portCell) Says() string {
	switch {
	case !c.There:
		return "not here"
	case c.Verdict == "":
		return "not walked"
	case c.Backends == 0:
		return c.Verdict
	}
	return fmt.Sprintf("%s, %d of %d backends", c.Verdict, c.Reached, c.Backends)
}

// containerRoutes are the ids of containers by name, empty for one whose name several hosts have. A route is made of the few that are
// asked for.
type containerRoutes map[string]string

func (p *page) containerRoutes() containerRoutes {
	out := make(containerRoutes, len(p.Scene.Containers))
	for i := range p.Scene.Containers {
		c := &p.Scene.Containers[i]
		if _, ok := out[c.Name]; ok {
			out[c.Name] = ""
			continue
		}
		out[c.Name] = c.ID
	}
	return out
}

// to is the route of the one container that has the name; empty where there is none.
func (r containerRoutes) to(name string) string {
	if id := r[name]; id != "" {
		return hashRoute("ctr", id)
	}
	return ""
}

func verdictState(v string) state {
	switch v {
	case scene.Delivered:
		return stateOK
	case scene.Partly:
		return statePart
	case scene.Dropped:
		return stateBad
	}
	return stateOpen
}

// ports are the published ports, those that fare worst first, and the hosts that stand beside each other, if they are not too many.
func (p *htmlPage) ports() (rows []portRow, hosts []string) {
	for i := range p.Scene.Ports {
		for _, h := range p.Scene.Ports[i].At {
			if !slices.Contains(hosts, h.Host) {
				hosts = append(hosts, h.Host)
			}
		}
	}
	slices.Sort(hosts)
	if len(hosts) > meshColumns {
		hosts = nil
	}
	routes := p.containerRoutes()
	for i := range p.Scene.Ports {
		r := portRow{Port: p.Scene.Ports[i], State: stateOK}
		r.Name, r.Href = r.Service, hashRoute("svc", r.Service)
		if r.Service == "" {
			r.Name, r.Href = r.Container, routes.to(r.Container)
		}
		r.Well, r.Hosts, r.Rest = r.Whole, len(r.At)+r.Whole+r.AtLeft, r.AtLeft
		at := map[string]portCell{}
		var list []portCell
		for _, h := range r.At {
			c := portCell{h, verdictState(h.Verdict), true}
			at[h.Host] = c
			r.State = worseState(r.State, c.State)
			if c.State == stateOK {
				r.Well++
			} else {
				list = append(list, c)
			}
		}
		if r.Hosts == 0 || r.AtLeft > 0 {
			r.State = worseState(r.State, stateOpen)
		}
		if r.State == stateBad && r.Well > 0 {
			r.State = statePart
		}
		slices.SortStableFunc(list, func(a, b portCell) int { return b.State.rank() - a.State.rank() })
		if hosts == nil {
			r.Cells = list[:min(len(list), meshColumns)]
			r.Rest += len(list) - len(r.Cells)
		}
		for _, h := range hosts {
			c := at[h]
			c.Host = h
			r.Cells = append(r.Cells, c)
		}
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b portRow) int { return b.State.rank() - a.State.rank() })
	return rows[:min(len(rows), meshRows)], hosts
}

// Mesh draws the way of the worst published ports: port, host, service. Nil when none is published in the routing mesh.
func (m *mapPage) Mesh() *drawing {
	g := &mapGraph{at: map[scene.Party]int{}, pair: map[[2]int]int{}}
	node := func(kind, name string, n mapNode) int {
		k := scene.Party{Kind: kind, Name: name}
		if i, ok := g.at[k]; ok {
			g.nodes[i].State = worseState(g.nodes[i].State, n.State)
			return i
		}
		return g.add(k, n)
	}
	ports, hosts := 0, 0
	for i := range m.Ports {
		r := &m.Ports[i]
		if len(r.At) == 0 || ports == meshPorts {
			continue
		}
		ports++
		port := strconv.Itoa(r.Published) + "/" + r.Proto
		from := node("port", port, mapNode{Kind: "port", Name: ":" + port, Stack: r.Mode, State: r.State, Count: 1, first: true, Href: r.Href})
		to := node(scene.PartyService, r.Name, mapNode{Kind: "backends", Name: r.Name, State: r.State, Count: 1, last: true, Href: r.Href})
		at := slices.Clone(r.At)
		slices.SortStableFunc(at, func(a, b scene.PortHost) int { return verdictState(b.Verdict).rank() - verdictState(a.Verdict).rank() })
		for _, h := range at {
			k := scene.Party{Kind: scene.PartyHost, Name: h.Host}
			if _, ok := g.at[k]; !ok {
				if hosts == meshHosts {
					continue
				}
				hosts++
			}
			st := verdictState(h.Verdict)
			via := node(scene.PartyHost, h.Host, mapNode{Kind: scene.PartyHost, Name: h.Host, Stack: "its own ingress", State: st, Count: 1, Href: hashRoute("host", h.Host)})
			in := mapEdge{From: from, To: via, State: st, Href: cmp.Or(r.Href, "#mesh"), Known: true}
			if st.ill() {
				in.State = stateOK // the port is asked there; it is behind it that the way ends
			}
			out := mapEdge{From: via, To: to, State: st, Href: cmp.Or(r.Href, "#mesh"), Known: true, Pairs: &scene.Tally{Pairs: h.Backends, Delivered: h.Reached, Dropped: max(h.Backends-h.Reached, 0)}}
			if st.ill() && h.Backends > 0 {
				out.Hop = strconv.Itoa(h.Reached) + " of " + strconv.Itoa(h.Backends)
			}
			g.link(in)
			g.link(out)
		}
	}
	if len(g.nodes) == 0 {
		return nil
	}
	for _, e := range g.edges {
		if n := &g.nodes[e.To]; n.Kind == "backends" && e.Pairs != nil {
			n.Stack = plural(e.Pairs.Pairs, "backend", "behind the port")
		}
	}
	return g.draw("Published ports, the hosts that take them, and the services behind", false)
}

// link adds an edge, or joins it with that between the same nodes.
func (g *mapGraph) link(e mapEdge) {
	if i, ok := g.pair[[2]int{e.From, e.To}]; ok {
		g.edges[i].join(&e)
		return
	}
	g.pair[[2]int{e.From, e.To}] = len(g.edges)
	g.edges = append(g.edges, e)
}

// sum adds up what was seen of an edge's flows.
func (e *mapEdge) sum() {
	for i := range e.Flows {
		e.bytes += int64(deref(e.Flows[i].Rate))
		e.conns += int64(deref(e.Flows[i].Connections))
	}
	e.Known = e.bytes+e.conns > 0
}

// A tunnelRow is a tunnel that lacks something, for the table.
type tunnelRow struct {
	scene.Tunnel
	State state
	Href  string
}

// Tunnels are those that do not hold what they should, or of which that is not known, the worst first.
func (p *htmlPage) Tunnels() []tunnelRow {
	if p.Scene == nil {
		return nil
	}
	var out []tunnelRow
	for _, t := range p.Scene.Tunnels {
		if st := tunnelState(&t); st != stateOK {
			out = append(out, tunnelRow{t, st, hashRoute("net", t.Network)})
		}
	}
	slices.SortStableFunc(out, func(a, b tunnelRow) int {
		return cmp.Or(b.State.rank()-a.State.rank(), (b.Lacks+b.Strays)-(a.Lacks+a.Strays))
	})
	return out
}

// TunnelRows bounds Tunnels, and TunnelsLeft says how many that leaves out.
func (p *htmlPage) TunnelRows(all []tunnelRow) []tunnelRow { return all[:min(len(all), meshTunnels)] }
func (p *htmlPage) TunnelsLeft(all []tunnelRow) int {
	return max(0, len(all)-meshTunnels) + p.Scene.TunnelsLeft
}
