package report

import (
	"fmt"
	"testing"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// TestPorts: a port is as its hosts are, what a bound leaves out is counted, and what was not walked is not well.
func TestPorts(t *testing.T) {
	at := func(verdicts ...string) (out []scene.PortHost) {
		for i, v := range verdicts {
			out = append(out, scene.PortHost{Host: fmt.Sprintf("node%d", i), Verdict: v})
		}
		return out
	}
	for _, x := range []struct {
		name        string
		port        scene.Port
		want        state
		well, hosts int
	}{
		{"nowhere", scene.Port{}, stateOpen, 0, 0},
		{"delivered", scene.Port{At: at(scene.Delivered, scene.Delivered)}, stateOK, 2, 2},
		{"one host drops", scene.Port{At: at(scene.Delivered, scene.Dropped)}, statePart, 1, 2},
		{"all drop", scene.Port{At: at(scene.Dropped, scene.Dropped)}, stateBad, 0, 2},
		{"one was not walked", scene.Port{At: at(scene.Delivered, "")}, stateOpen, 1, 2},
		{"many deliver, and are left out", scene.Port{Whole: 400}, stateOK, 400, 400},
		{"what is left out is not known", scene.Port{Whole: 400, AtLeft: 3}, stateOpen, 400, 403},
		{"one of many drops", scene.Port{Whole: 400, At: at(scene.Dropped)}, statePart, 400, 401},
	} {
		r := healthy()
		x.port.Service = "web"
		r.Scene = &scene.Scene{Ports: []scene.Port{x.port}}
		rows, _ := newHTMLPage(r).ports()
		if len(rows) != 1 || rows[0].State != x.want || rows[0].Well != x.well || rows[0].Hosts != x.hosts {
			t.Errorf("%s: %s, %d of %d", x.name, rows[0].State, rows[0].Well, rows[0].Hosts)
		}
	}
}

func TestTunnelState(t *testing.T) {
	for _, x := range []struct {
		tunnel scene.Tunnel
		want   state
	}{
		{scene.Tunnel{}, stateOpen},
		{scene.Tunnel{Expected: 4, Held: 4}, stateOK},
		{scene.Tunnel{Expected: 4, Held: 3, Untold: 1}, stateOpen},
		{scene.Tunnel{Expected: 4, Held: 3, Lacks: 1}, statePart},
		{scene.Tunnel{Expected: 4, Held: 3, Strays: 1}, statePart},
		{scene.Tunnel{Expected: 4, Lacks: 4}, stateBad},
	} {
		if got := tunnelState(&x.tunnel); got != x.want {
			t.Errorf("%+v: %s, not %s", x.tunnel, got, x.want)
		}
	}
}

// TestHostLens: few hosts stand in a ring with all their tunnels; of many only what is not whole is drawn, and the rest is counted.
func TestHostLens(t *testing.T) {
	for _, n := range []int{1, 2, 8, 16, 17, 200} {
		r := healthy()
		r.Hosts, r.Causes, r.Findings = nil, nil, nil
		r.Scene = &scene.Scene{Healthy: 7}
		for i := range n {
			r.Hosts = append(r.Hosts, analyze.Host{Name: fmt.Sprintf("node%03d", i), Bundle: "x", Role: "worker"})
			if n > 1 {
				r.Scene.Tunnels = append(r.Scene.Tunnels, scene.Tunnel{Network: "back", From: fmt.Sprintf("node%03d", i), To: fmt.Sprintf("node%03d", (i+1)%n), Expected: 3, Held: 3})
			}
		}
		if n > 1 {
			r.Scene.Tunnels[0].Held, r.Scene.Tunnels[0].Lacks = 0, 3
		}
		v, ok := newHTMLPage(r).hostLens()
		if !ok {
			t.Fatalf("%d hosts: no lens", n)
		}
		hosts, bad := 0, 0
		for _, x := range v.Drawing.Nodes {
			hosts += x.Count
		}
		for _, e := range v.Drawing.Edges {
			if e.State == stateBad {
				bad++
			}
		}
		if hosts != n || n > 1 && bad != 1 || len(v.Drawing.Nodes) > mapAround+4 {
			t.Errorf("%d hosts: %d are told of in %d nodes, %d failing tunnels", n, hosts, len(v.Drawing.Nodes), bad)
		}
		if n > ringHosts && len(v.Drawing.Edges) != 1 {
			t.Errorf("%d hosts: %d tunnels are drawn", n, len(v.Drawing.Edges))
		}
		for i, a := range v.Drawing.Nodes {
			for _, b := range v.Drawing.Nodes[:i] {
				if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
					t.Errorf("%d hosts: %s and %s overlap", n, a.Name, b.Name)
				}
			}
		}
	}
}
