package report

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

func ptr[T any](v T) *T { return &v }

// town is a scene of n services in stacks: a front, callers behind it, stores at the end. Some of it is ill.
func town(n int) *analyze.Result {
	r := sample()
	r.Findings, r.Causes = r.Findings[:2], r.Causes[:2]
	rnd := rand.New(rand.NewPCG(7, uint64(n)))
	s := &scene.Scene{Quiet: n * 3, Healthy: 9}
	kinds := []string{"web", "api", "auth", "cart", "orders", "search", "mail", "queue", "cache", "db"}
	per := max(n/12, 10)
	name := func(i int) string { return fmt.Sprintf("%s_%s", stackOf(i/per), kindOf(kinds, i%per)) }
	for i := range n {
		v := scene.Service{ID: fmt.Sprint(i), Name: name(i), Stack: stackOf(i / per), Mode: "replicated", Wanted: ptr(3), Running: ptr(3),
			Networks: []string{stackOf(i/per) + "_default"}, To: &scene.Tally{Pairs: 12, Delivered: 12}}
		if i%per == 0 {
			v.Networks = append(v.Networks, "edge")
		}
		s.Services = append(s.Services, v)
	}
	for i := 0; i < (n+per-1)/per; i++ {
		s.Networks = append(s.Networks, scene.Network{Name: stackOf(i) + "_default", Driver: "overlay", Hosts: []string{"node1", "node2"}})
	}
	s.Networks = append(s.Networks, scene.Network{Name: "edge", Driver: "overlay", Hosts: []string{"node1", "node2"}, Encrypted: true})
	flow := func(conns int, rate float64) []scene.Flow {
		return []scene.Flow{{Via: "vip", Proto: "tcp", Port: 8080, Quality: "ok", Why: "all new connections were answered between the reads", Connections: &conns, Rate: &rate}}
	}
	service := func(i int) scene.Party { return scene.Party{Kind: scene.PartyService, Name: name(i)} }
	for i := range n {
		at := i % per
		if at == 0 {
			s.Edges = append(s.Edges, scene.Edge{Client: scene.Party{Kind: scene.PartyIngress}, Server: service(i), State: scene.Delivered, Pairs: &scene.Tally{Pairs: 2, Delivered: 2}, Flows: flow(400+rnd.IntN(4000), 2e6)})
			s.Ports = append(s.Ports, scene.Port{Service: name(i), Proto: "tcp", Published: 8000 + i, Target: 8080, Mode: "ingress",
				At: []scene.PortHost{{Host: "node1", Verdict: scene.Delivered, Reached: 3, Backends: 3}, {Host: "node2", Verdict: scene.Delivered, Reached: 3, Backends: 3}}})
		}
		for k := range 1 + rnd.IntN(3) {
			to := i + 1 + rnd.IntN(4) + k
			if to/per != i/per || to >= n {
				continue
			}
			s.Edges = append(s.Edges, scene.Edge{Client: service(i), Server: service(to), Networks: []string{stackOf(i/per) + "_default"}, State: scene.Delivered,
				Pairs: &scene.Tally{Pairs: 9, Delivered: 9}, Flows: flow(rnd.IntN(1000), float64(rnd.IntN(1<<uint(4+rnd.IntN(20)))))})
		}
	}
	s.Edges = append(s.Edges, scene.Edge{Client: scene.Party{Kind: scene.PartyOutside, Name: "outside"}, Server: scene.Party{Kind: scene.PartyIngress}, Flows: flow(9000, 9e6)})
	ill := []struct {
		state, hop string
		cause      int
	}{{scene.Dropped, "fdb", 1}, {scene.Partly, "socket", 2}, {scene.Dropped, "vip", 1}, {scene.Unknown, "", 0}}
	for i := range ill {
		e := &s.Edges[1+i*len(s.Edges)/5]
		e.State, e.Hop, e.Cause = ill[i].state, ill[i].hop, ill[i].cause
		switch ill[i].state {
		case scene.Dropped:
			e.Pairs = &scene.Tally{Pairs: 9, Dropped: 9}
		case scene.Partly:
			e.Pairs = &scene.Tally{Pairs: 9, Delivered: 5, Partly: 4}
		default:
			e.Pairs = &scene.Tally{Pairs: 9, Delivered: 6, Unknown: 3}
			e.Flows = nil
		}
		for k := range s.Services {
			if v := &s.Services[k]; v.Name == e.Server.Name {
				v.To = &scene.Tally{Pairs: 12, Delivered: 12 - e.Pairs.Dropped - e.Pairs.Partly - e.Pairs.Unknown, Partly: e.Pairs.Partly, Dropped: e.Pairs.Dropped, Unknown: e.Pairs.Unknown}
			}
		}
		if ill[i].cause > 0 {
			b := &r.Causes[ill[i].cause-1].Breaks
			b.Services = append(b.Services, e.Server.Name)
		}
	}
	if len(s.Ports) > 0 {
		s.Ports[0].At[1] = scene.PortHost{Host: "node2", Verdict: scene.Partly, Segment: 4, Reached: 1, Backends: 3}
	}
	s.Tunnels = []scene.Tunnel{{Network: "edge", From: "node1", To: "node2", Expected: 14, Held: 11, Lacks: 3, Missing: []string{"shop_api.1 (10.0.1.7)", "shop_api.2 (10.0.1.9)", "shop_db.1 (10.0.1.12)"}}}
	r.Scene = s
	return r
}

func stackOf(i int) string {
	names := []string{"shop", "blog", "media", "billing", "intern", "data", "iot", "chat", "geo", "ads", "crm", "wiki"}
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("team%d", i)
}

func kindOf(kinds []string, i int) string {
	if i < len(kinds) {
		return kinds[i]
	}
	return fmt.Sprintf("%s-%d", kinds[i%len(kinds)], i/len(kinds))
}

func mapOf(r *analyze.Result) *mapPage { return newHTMLPage(r).Map() }

// TestMapSVG is the markup of a map whose every state is there.
func TestMapSVG(t *testing.T) {
	page := rendered(t, HTML, town(10))
	start := strings.Index(page, `<section class="page map"`)
	end := strings.Index(page[start:], `<section class="page" id=`)
	if start < 0 || end < 0 {
		t.Fatal("the page has no map")
	}
	golden(t, "map.html", page[start:start+end])
}

// TestMapBounds: a view never shows more than it may, whatever there is, and what is ill is always on the first.
func TestMapBounds(t *testing.T) {
	for _, n := range []int{1, 10, 30, 60, 300, 1200} {
		r := town(max(n, 10))
		m := mapOf(r)
		for _, v := range m.Views {
			if v.Drawing != nil && len(v.Drawing.Nodes) > mapMost+4 {
				t.Errorf("%d services: %s shows %d nodes", n, v.Key, len(v.Drawing.Nodes))
			}
		}
		if len(m.Small.Nodes) > mapSmall+4 {
			t.Errorf("%d services: the first screen shows %d nodes", n, len(m.Small.Nodes))
		}
		drawn := map[string]bool{}
		for _, x := range m.Views[0].Drawing.Nodes {
			drawn[x.Name] = true
		}
		for _, c := range r.Causes {
			for _, s := range c.Breaks.Services {
				if strings.Contains(s, "_") && !drawn[s] {
					t.Errorf("%d services: %s is broken, and not on the first view", n, s)
				}
			}
		}
	}
}

// TestMapCounts: every service is on the first view, by name, in a fold, or as a hub.
func TestMapCounts(t *testing.T) {
	for _, n := range []int{10, 60, 300} {
		m := mapOf(town(n))
		v := m.Views[0]
		got := len(v.Hubs)
		for _, x := range v.Drawing.Nodes {
			if x.Kind == scene.PartyService || x.Kind == "fold" {
				got += x.Count
			}
		}
		if got < n || got > n+4 {
			t.Errorf("%d of %d services are told of", got, n)
		}
	}
}

// TestEdgeState: what is not known is never healthy, and what traffic shows is not hidden by a path that should work.
func TestEdgeState(t *testing.T) {
	ok, lossy, refused, idle := scene.Flow{Quality: "ok"}, scene.Flow{Quality: "lossy"}, scene.Flow{Quality: "refused", Refused: ptr(9), Connections: ptr(10)}, scene.Flow{Quality: "unknown"}
	for _, x := range []struct {
		name string
		edge scene.Edge
		want state
	}{
		{"nothing", scene.Edge{}, stateOpen},
		{"idle", scene.Edge{Flows: []scene.Flow{idle}}, stateOpen},
		{"seen well", scene.Edge{Flows: []scene.Flow{ok, idle}}, stateOK},
		{"walked well", scene.Edge{State: scene.Delivered, Flows: []scene.Flow{idle}}, stateOK},
		{"walked well, seen ill", scene.Edge{State: scene.Delivered, Flows: []scene.Flow{ok, lossy}}, statePart},
		{"walked well, refused", scene.Edge{State: scene.Delivered, Flows: []scene.Flow{refused}}, stateBad},
		{"not judged, seen well", scene.Edge{State: scene.Unknown, Flows: []scene.Flow{ok}}, stateOpen},
		{"not judged, seen ill", scene.Edge{State: scene.Unknown, Flows: []scene.Flow{lossy}}, statePart},
		{"dropped", scene.Edge{State: scene.Dropped, Pairs: &scene.Tally{Pairs: 2, Dropped: 2}, Flows: []scene.Flow{ok}}, stateBad},
		{"one pair dropped", scene.Edge{State: scene.Dropped, Pairs: &scene.Tally{Pairs: 2, Dropped: 1, Delivered: 1}}, statePart},
	} {
		if got := edgeState(&x.edge); got != x.want {
			t.Errorf("%s: %s, not %s", x.name, got, x.want)
		}
	}
}

// TestTallyState: a tally is only whole when every pair is delivered.
func TestTallyState(t *testing.T) {
	for _, x := range []struct {
		tally *scene.Tally
		want  state
	}{
		{nil, stateOpen}, {&scene.Tally{}, stateOpen}, {&scene.Tally{Pairs: 3, Delivered: 3}, stateOK}, {&scene.Tally{Pairs: 3, Delivered: 2, Unknown: 1}, stateOpen},
		{&scene.Tally{Pairs: 3, Delivered: 2, Partly: 1}, statePart}, {&scene.Tally{Pairs: 3, Dropped: 2, Unknown: 1}, stateBad}, {&scene.Tally{Pairs: 3, Dropped: 1, Delivered: 2}, statePart},
	} {
		if got := tallyState(x.tally); got != x.want {
			t.Errorf("%+v: %s, not %s", x.tally, got, x.want)
		}
	}
}

// TestMapContrast: what is written on the map has at least 4.5 to 1, and what tells states apart 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11).
func TestMapContrast(t *testing.T) {
	css, err := os.ReadFile("page/src/map.css")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitN(string(css), "@media", 4) // light, dark, …
	for i, name := range []string{"light", "dark"} {
		colors := palette(parts[i])
		for _, p := range []struct {
			a, b string
			want float64
		}{
			{"m-part", "m-card", 4.5}, {"m-bad", "m-card", 4.5}, {"m-open", "m-card", 4.5}, {"m-ok", "m-card", 3}, {"m-ok", "m-stage", 3},
			{"m-part", "m-stage", 3}, {"m-bad", "m-stage", 3}, {"m-open", "m-stage", 3},
		} {
			a, okA := colors[p.a]
			b, okB := colors[p.b]
			if !okA || !okB {
				t.Fatalf("%s: no colour %s or %s", name, p.a, p.b)
			}
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < p.want {
				t.Errorf("%s: %s on %s has %.2f to 1", name, p.a, p.b, ratio)
			}
		}
	}
}

// TestLayers: on an edge, what fails earlier stops earlier.
func TestLayers(t *testing.T) {
	last := layer(0)
	for _, hops := range [][]string{{"name", "resolver", "resolv.conf", "rules, output", "source"}, {"address", "mark", "balancer", "destinations", "vip", "ipvs", "published port"},
		{"fdb", "neighbour", "bridge", "tunnel", "underlay, route", "MTU"}, {"underlay, arrival", "sandbox", "socket", "route back", "answer"}} {
		at := layerOf(hops[0])
		for _, h := range hops {
			if layerOf(h) != at {
				t.Errorf("%s is at %d, %s at %d", hops[0], at, h, layerOf(h))
			}
		}
		if at <= last {
			t.Errorf("%s is at %d, what comes before it at %d", hops[0], at, last)
		}
		last = at
	}
}

// TestCalm: where nothing is wrong and services are many, the stacks come first; each has a view of its own.
func TestCalm(t *testing.T) {
	r := town(60)
	r.Causes, r.Findings = nil, nil
	for i := range r.Scene.Services {
		r.Scene.Services[i].To = &scene.Tally{Pairs: 2, Delivered: 2}
	}
	for i := range r.Scene.Edges {
		r.Scene.Edges[i].State, r.Scene.Edges[i].Pairs = scene.Delivered, &scene.Tally{Pairs: 2, Delivered: 2}
	}
	m := mapOf(r)
	if m.Views[0].Key != "stacks" || len(m.Listed()) != 6 {
		t.Fatalf("%s is first, %d stacks have a view", m.Views[0].Key, len(m.Listed()))
	}
	got := 0
	for _, n := range m.Views[0].Drawing.Nodes {
		if n.Kind == "stack" {
			got += n.Count
		}
		if n.State.ill() {
			t.Errorf("%s is %s", n.Name, n.State)
		}
	}
	if got != 60 {
		t.Errorf("the stacks have %d services", got)
	}
}

// TestHub: who talks to nearly everybody is a letter on them.
func TestHub(t *testing.T) {
	s := &scene.Scene{}
	for i := range 20 {
		name := fmt.Sprintf("s%d", i)
		s.Services = append(s.Services, scene.Service{Name: name, To: &scene.Tally{Pairs: 1, Delivered: 1}})
		s.Edges = append(s.Edges, scene.Edge{Client: scene.Party{Kind: scene.PartyService, Name: "s0"}, Server: scene.Party{Kind: scene.PartyService, Name: name}, State: scene.Delivered})
	}
	r := healthy()
	r.Scene = s
	v := mapOf(r).Views[0]
	if len(v.Hubs) != 1 || v.Hubs[0].Name != "s0" || len(v.Drawing.Edges) != 0 {
		t.Fatalf("hubs %+v, %d edges", v.Hubs, len(v.Drawing.Edges))
	}
	for _, n := range v.Drawing.Nodes {
		if n.Name == "s0" || len(n.Chips) != 1 {
			t.Errorf("%s has %d letters", n.Name, len(n.Chips))
		}
	}
}

func TestFitName(t *testing.T) {
	for _, x := range [][2]string{{"short", "short"}, {"a-very-long-service-name", "a-very…ame"}, {"日本語のサービス名です", "日本語…す"}} {
		if got := fitName(x[0], 11); got != x[1] || Columns(got) > 11 {
			t.Errorf("%q becomes %q", x[0], got)
		}
	}
}

func BenchmarkMap(b *testing.B) {
	for _, n := range []int{10, 300, 3000} {
		p := newHTMLPage(town(n))
		b.Run(fmt.Sprintf("services=%d/edges=%d", n, len(p.Scene.Edges)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Map()
			}
		})
	}
}
