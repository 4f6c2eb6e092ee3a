package scene_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
	"github.com/netmortem/netmortem/schema"
)

// writeBundle writes a bundle of some files and returns its path.
func writeBundle(t *testing.T, host string, files map[string]string) string {
	t.Helper()
	at := time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC)
	w, err := schema.NewWriter(schema.Meta{Format: schema.FormatVersion, Tool: "test", CaptureID: host, Host: host, Started: at, Finished: at.Add(13 * time.Second), Window: 10}, schema.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if table, ok := strings.CutPrefix(name, "rows/"); ok {
			for line := range strings.Lines(text) {
				w.PutLine(table, []byte(strings.TrimSpace(line)))
			}
		} else if err := w.Raw(strings.TrimPrefix(name, "raw/"), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := w.Close(&out, ""); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), host+".tar.zst")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCompose draws a host without a swarm: services of Docker Compose, a container of its own, and what their daemon publishes.
func TestCompose(t *testing.T) {
	path := writeBundle(t, "alone", map[string]string{
		"raw/docker/info.json": `{"ID":"e1","ServerVersion":"27.0.1","Swarm":{"LocalNodeState":"inactive"}}`,
		"raw/docker/container_inspect.json": `[
{"Id":"c1","Name":"/blog-db-1","State":{"Status":"running"},"Config":{"Image":"db:1","Labels":{"com.docker.compose.project":"blog","com.docker.compose.service":"db"}},"NetworkSettings":{"Networks":{"blog_default":{"NetworkID":"net1","IPAddress":"172.20.0.2","IPPrefixLen":16}}}},
{"Id":"c2","Name":"/blog-web-1","State":{"Status":"running"},"Config":{"Image":"web:1","Labels":{"com.docker.compose.project":"blog","com.docker.compose.service":"web"}},"NetworkSettings":{"Ports":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}]},"Networks":{"blog_default":{"NetworkID":"net1","IPAddress":"172.20.0.3","IPPrefixLen":16}}}},
{"Id":"c3","Name":"/blog-web-2","State":{"Status":"exited","ExitCode":1},"Config":{"Image":"web:1","Labels":{"com.docker.compose.project":"blog","com.docker.compose.service":"web"}}},
{"Id":"c4","Name":"/by-hand","State":{"Status":"running","Health":{"Status":"unhealthy"}},"Config":{"Image":"tool:1"},"NetworkSettings":{"Ports":{"53/udp":[{"HostIp":"127.0.0.1","HostPort":"5353"}],"9000/tcp":null}}}
]`,
		"raw/docker/network_inspect.json": `[
{"Id":"net1","Name":"blog_default","Driver":"bridge","Scope":"local","IPAM":{"Config":[{"Subnet":"172.20.0.0/16","Gateway":"172.20.0.1"}]}},
{"Id":"net2","Name":"host","Driver":"host","Scope":"local"}]`,
	})
	r, err := analyze.Run(t.Context(), analyze.Options{Bundles: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "compose.txt"), printed(r.Scene))
}

// TestWorkerOnly draws a swarm of which no manager was captured: what its containers do not tell is not told.
func TestWorkerOnly(t *testing.T) {
	r, err := analyze.Run(t.Context(), analyze.Options{Bundles: []string{filepath.Join("..", "..", "testdata", "bundles", "incident-fdb-missing", "node2.tar.zst")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range r.Scene.Services {
		if x.By != scene.ByContainers || x.Wanted != nil || x.Running != nil || x.Mode != "" || x.ID == "" {
			t.Errorf("%+v", x)
		}
	}
	golden(t, filepath.Join("testdata", "worker-only.txt"), printed(r.Scene))
}

// A made is the database of real bundles, in which a test changes something before the scene is read anew.
type made struct{ db *sql.DB }

func newMade(t *testing.T) *made {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "bundles", "incident-fdb-missing", "*.tar.zst"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no bundles: ", err)
	}
	file := filepath.Join(t.TempDir(), "r.db")
	if _, err := analyze.Run(t.Context(), analyze.Options{Bundles: paths, DB: file}); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &made{db}
}

// read reads the scene after some statements, and forgets what they did.
func (m *made) read(t *testing.T, see scene.Sight, change ...string) *scene.Scene {
	t.Helper()
	tx, err := m.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, c := range change {
		res, err := tx.Exec(c)
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil {
			t.Fatalf("%s changes nothing: %v", c, err)
		}
	}
	s, err := scene.Read(t.Context(), tx, see)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func serviceOf(t *testing.T, s *scene.Scene, name string) *scene.Service {
	t.Helper()
	for i := range s.Services {
		if s.Services[i].Name == name {
			return &s.Services[i]
		}
	}
	t.Fatalf("no service %s", name)
	return nil
}

// TestSeveralManagers checks that a service is told once, by the manager who looked last, with that one's networks.
func TestSeveralManagers(t *testing.T) {
	m := newMade(t)
	second := []string{
		`INSERT INTO swarm_service (host, doc, line, service_id, name, mode, replicas, image) SELECT 'node2', 'rows/swarm_service.jsonl', line, service_id, name, mode, 7, 'new:2' FROM swarm_service WHERE name = 'vote'`,
		`INSERT INTO swarm_service_network (host, doc, line, service_id, network_id) SELECT 'node2', 'rows/swarm_service.jsonl', line, service_id, 'elsewhere0123' FROM swarm_service WHERE name = 'vote' AND host = 'node1'`,
		`DELETE FROM service_vip WHERE service = 'vote'`,
	}
	for _, tt := range []struct {
		name, clock, image, networks string
		wanted                       int
	}{
		{"the second looked later", `UPDATE reading SET last_s = (SELECT MAX(last_s) FROM reading) + 60 WHERE host = 'node2'`, "new:2", "elsewhere012", 7},
		{"the second looked earlier", `UPDATE reading SET last_s = (SELECT MIN(last_s) FROM reading) - 60 WHERE host = 'node2'`, "lab:1", "app back", 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := m.read(t, scene.Sight{}, append(second, tt.clock)...)
			if len(s.Services) != 4 {
				t.Errorf("%d services", len(s.Services))
			}
			x := serviceOf(t, s, "vote")
			if x.Image != tt.image || strings.Join(x.Networks, " ") != tt.networks || *x.Wanted != tt.wanted {
				t.Errorf("vote: image %s, networks %v, wanted %d", x.Image, x.Networks, *x.Wanted)
			}
		})
	}
}

// TestTasksOfService checks which tasks are told and how they count.
func TestTasksOfService(t *testing.T) {
	m := newMade(t)
	s := m.read(t, scene.Sight{},
		`UPDATE task_now SET state = 'pending', host = NULL WHERE label = 'vote.1'`,
		`UPDATE task_now SET state = 'failed', desired = 'shutdown' WHERE label = 'vote.2'`,
		`INSERT INTO task_now (manager, task_id, service_id, service, label, slot, desired, state, settled, since_s, look_s, ref)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
SELECT 'node1', 'old' || i, service_id, service, 'vote.' || (i % 20 + 1), i % 20 + 1, 'shutdown', 'failed', 1, 1000.0 + i, look_s, 'node1/x:' || i FROM n, (SELECT * FROM task_now WHERE label = 'vote.1')`)
	x := serviceOf(t, s, "vote")
	ended := 0
	for _, k := range x.Tasks {
		if k.State == "failed" {
			ended++
		}
	}
	// Twenty slots have ended tasks, two and more each; ten of these are told, the one that ended last among them.
	if *x.Wanted != 4 || *x.Running != 2 || ended != 10 || x.Ended != 31 {
		t.Errorf("wanted %d, running %d, %d ended ones told, %d left out", *x.Wanted, *x.Running, ended, x.Ended)
	}
	if x.Tasks[0].Label != "vote.1" || x.Tasks[0].State != "pending" {
		t.Errorf("first %+v", x.Tasks[0])
	}
}

// TestTasksUnknown checks that how many tasks run is not known where the manager's tasks were not captured, and known to be none where
// they were.
func TestTasksUnknown(t *testing.T) {
	m := newMade(t)
	none := `DELETE FROM task_now WHERE service = 'client'`
	s := m.read(t, scene.Sight{}, none)
	if x := serviceOf(t, s, "client"); x.Running == nil || *x.Running != 0 || x.Wanted == nil || *x.Wanted != 0 {
		t.Errorf("no task: %+v", x)
	}
	s = m.read(t, scene.Sight{}, none, `DELETE FROM captured WHERE tbl = 'swarm_task'`)
	if x := serviceOf(t, s, "client"); x.Running != nil || x.Wanted != nil {
		t.Errorf("tasks that were not captured: %+v", x)
	}
}

// trafficRows makes a statement that inserts n rows into the table traffic, from and to services that are named by number.
func trafficRows(n int, client, quality string, rate float64) string {
	return `INSERT INTO traffic (client_kind, client, server_kind, server, network, proto, port, via, sockets, other_sockets, established, syn_sent, syn_recv, close_wait, closing, time_wait, half_open, stuck,
  measured, active, timed, slow, unread, astray, clients, backends, quality, why, to_server_rate, to_client_rate)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ` + itoa(n) + `)
SELECT 'service', ` + client + `, 'service', 'vote', 'app', 'tcp', i, 'vip', 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, '` + quality + `', 'why', ` + ftoa(rate) + ` + i, 0 FROM n`
}

// TestManyEdges checks that the bound keeps what is broken, then bad traffic, then the busiest, and says how many are left out.
func TestManyEdges(t *testing.T) {
	m := newMade(t)
	s := m.read(t, scene.Sight{}, trafficRows(4000, `'c' || printf('%05d', i)`, "ok", 10), trafficRows(5, `'z' || i`, "slow", 0), trafficRows(100, `'busy'`, "ok", 1e6))
	if len(s.Edges) != 3000 || s.EdgesLeft != 8+4000+5+1-3000 {
		t.Fatalf("%d edges and %d left out", len(s.Edges), s.EdgesLeft)
	}
	state, slow := map[string]int{}, 0
	least := ""
	for _, e := range s.Edges {
		state[e.State]++
		if strings.HasPrefix(e.Client.Name, "z") {
			slow++
		}
		if least == "" && strings.HasPrefix(e.Client.Name, "c0") {
			least = e.Client.Name
		}
		if e.Client.Name == "busy" && (len(e.Flows) != 24 || e.FlowsLeft != 76) {
			t.Errorf("%d flows and %d left out", len(e.Flows), e.FlowsLeft)
		}
	}
	// Those of the bundles without traffic, of which it cannot be told, come before the ones that talk.
	if state[scene.Partly] != 3 || state[scene.Unknown] != 5 || slow != 5 || least != "c01015" {
		t.Errorf("states %v, %d slow ones, the least busy is %s", state, slow, least)
	}
}

// TestTrafficParties checks who is one party on the map, and what is not known of a flow.
func TestTrafficParties(t *testing.T) {
	m := newMade(t)
	row := func(clientKind, client, serverKind, server, via, more string) string {
		return `INSERT INTO traffic (client_kind, client, server_kind, server, proto, port, via, sockets, other_sockets, established, syn_sent, syn_recv, close_wait, closing, time_wait, half_open, stuck,
  measured, active, timed, slow, unread, astray, clients, backends, quality, why, to_server_rate, to_client_rate, to_server_segs, to_client_segs, backend_most)
VALUES ('` + clientKind + `', '` + client + `', '` + serverKind + `', '` + server + `', 'tcp', 80, '` + via + `', 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 'ok', 'why', ` + more + `)`
	}
	s := m.read(t, scene.Sight{},
		row("outside", "outside", "service", "vote", "published", "1, 2, 3, 4, '10.20.1.12'"),
		row("outside", "outside", "host", "node1", "direct", "1, NULL, NULL, 4, NULL"),
		row("balancer", "node1", "service", "vote", "direct", "NULL, NULL, NULL, NULL, '10.0.0.9'"),
		row("service", "vote", "outside", "192.0.2.1", "direct", "1, 2, 3, 4, NULL"),
		row("service", "vote", "outside", "192.0.2.2", "direct", "1, 2, 3, 4, NULL"),
		row("unknown", "10.20.1.99", "container", "by-hand", "direct", "1, 2, 3, 4, NULL"))
	var got strings.Builder
	for _, e := range s.Edges {
		for _, f := range e.Flows {
			got.WriteString(party(e.Client) + " to " + party(e.Server) + " " + e.State + ", " + f.Via + " " + f.Peer + ", rate " + maybe(f.Rate) + ", segments " + maybe(f.Segs) + ", most " + f.Most + "\n")
		}
	}
	want := `unknown 10.20.1.99 to container by-hand , direct , rate 3, segments 7, most 
outside outside to host node1 , direct , rate ?, segments 4, most 
ingress published ports to service vote cannot tell, direct , rate ?, segments ?, most 10.0.0.9
ingress published ports to service vote cannot tell, published , rate 3, segments 7, most vote.1
service vote to outside outside delivered, direct 192.0.2.1, rate 3, segments 7, most 
service vote to outside outside delivered, direct 192.0.2.2, rate 3, segments 7, most 
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}

// TestWideNetwork checks networks on which pairs are counted by client service alone: what is not listed is not said to be well.
func TestWideNetwork(t *testing.T) {
	m := newMade(t)
	clear := []string{`DELETE FROM path_pair_count`, `DELETE FROM path_pair`, `DELETE FROM service_vip WHERE net <> (SELECT net FROM overlay_network WHERE network = 'app')`,
		`DELETE FROM swarm_service_network WHERE network_id <> (SELECT network_id FROM overlay_network WHERE network = 'app')`}
	counts := func(client string, pairs, delivered int) string {
		return `INSERT INTO path_pair_count (client_service, network, via, pairs, delivered, some, dropped, unknown) VALUES ('` + client + `', 'app', 'vip', ` + itoa(pairs) + `, ` + itoa(delivered) + `, 0, ` + itoa(pairs-delivered) + `, 0)`
	}
	dropped := `INSERT INTO path_pair (client_kind, client_service, server_service, network, via, verdict) VALUES ('task', 'vote', 'rr', 'app', 'vip', 'dropped')`
	talk := trafficRows(1, "'vote'", "ok", 1) // vote to vote
	for _, tt := range []struct {
		name         string
		change       []string
		to, from, at string // of rr and vote, and the state of the edge that talks
		untold       int
	}{
		{"all delivered", []string{counts("vote", 9, 9), counts("rr", 9, 9), counts("client", 9, 9)},
			"at least 2 pairs: 2 delivered, 0 partly, 0 dropped, 0 unknown", "9 pairs: 9 delivered, 0 partly, 0 dropped, 0 unknown", "delivered", 0},
		{"one dropped, and listed", []string{counts("vote", 9, 8), counts("rr", 9, 9), counts("client", 9, 9), dropped},
			"at least 2 pairs: 1 delivered, 0 partly, 1 dropped, 0 unknown", "9 pairs: 8 delivered, 0 partly, 1 dropped, 0 unknown", "delivered", 0},
		{"two dropped, one of them listed", []string{counts("vote", 9, 7), counts("rr", 9, 9), counts("client", 9, 9), dropped},
			"at least 2 pairs: 1 delivered, 0 partly, 1 dropped, 0 unknown", "9 pairs: 7 delivered, 0 partly, 2 dropped, 0 unknown", "cannot tell", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := m.read(t, scene.Sight{}, append(append(clear, tt.change...), talk)...)
			if got := tally(serviceOf(t, s, "rr").To); got != tt.to {
				t.Errorf("to rr: %s", got)
			}
			if got := tally(serviceOf(t, s, "vote").From); got != tt.from {
				t.Errorf("from vote: %s", got)
			}
			for _, e := range s.Edges {
				if e.Server.Name == "vote" && e.State != tt.at {
					t.Errorf("vote to vote: %q", e.State)
				}
				if e.Server.Name == "rr" && (e.State != scene.Dropped || !e.Pairs.AtLeast) {
					t.Errorf("vote to rr: %q, %s", e.State, tally(e.Pairs))
				}
			}
			if s.Untold != tt.untold {
				t.Errorf("%d of %d quiet pairs untold", s.Untold, s.Quiet)
			}
		})
	}
}

// TestNotWalked checks that nothing is said of paths where none was walked.
func TestNotWalked(t *testing.T) {
	m := newMade(t)
	s := m.read(t, scene.Sight{}, `DELETE FROM path_pair_count`, `DELETE FROM path_pair`, trafficRows(1, "'client'", "ok", 1))
	if len(s.Edges) != 1 || s.Edges[0].State != "" || s.Edges[0].Pairs != nil {
		t.Errorf("edges %+v", s.Edges)
	}
	if s.Untold != s.Quiet || s.Quiet == 0 {
		t.Errorf("%d of %d quiet pairs untold", s.Untold, s.Quiet)
	}
	for _, x := range s.Services {
		if x.To != nil || x.From != nil {
			t.Errorf("%s: to %s, from %s", x.Name, tally(x.To), tally(x.From))
		}
	}
	for _, p := range s.Ports {
		for _, h := range p.At {
			if h.Verdict != "" {
				t.Errorf("port %d at %s: %s", p.Published, h.Host, h.Verdict)
			}
		}
	}
}

// TestPortHosts checks what is said of a host that the tables of paths do not name.
func TestPortHosts(t *testing.T) {
	m := newMade(t)
	clear := `DELETE FROM path_pair WHERE via = 'ingress' AND client_host = 'node1'`
	count := func(pairs, delivered int) string {
		return `UPDATE path_pair_count SET pairs = ` + itoa(pairs) + `, delivered = ` + itoa(delivered) + ` WHERE via = 'ingress'`
	}
	for _, tt := range []struct {
		name   string
		change []string
		want   string // of node1
	}{
		{"all that is not delivered is listed", []string{clear, count(6, 3)}, scene.Delivered},
		{"more than is listed", []string{clear, count(6, 0)}, scene.Unknown},
		{"fewer hosts were walked", []string{clear, count(3, 0)}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := m.read(t, scene.Sight{}, tt.change...)
			if got := s.Ports[0].At[0]; got.Host != "node1" || got.Verdict != tt.want {
				t.Errorf("got %+v; want %q", got, tt.want)
			}
			if got := s.Ports[0].At[1]; got.Verdict != scene.Unknown {
				t.Errorf("node2: %+v", got)
			}
		})
	}
}

// TestManyTunnels checks that of a network with many hosts only what is not whole is told, and the rest counted.
func TestManyTunnels(t *testing.T) {
	m := newMade(t)
	many := []string{
		`INSERT INTO overlay_netns (host, netns, netns_name, net, network, vxlan, copies, ref, link_ref)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
SELECT 'h' || i, '1', '1-many', 'manynet0', 'many', 'vxlan0', 1, 'x', 'x' FROM n`,
		`INSERT INTO expected_fdb (host, netns, net, mac, ip, node, source, endpoint_ref)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
SELECT 'h' || a.i, '1', 'manynet0', '02:42:00:00:00:' || printf('%02x', b.i), '10.0.0.' || b.i, 'h' || b.i, 'tasks', 'x' FROM n AS a, n AS b WHERE a.i <> b.i`,
		`INSERT INTO vxlan_fdb (host, netns, mac, entry, dev, dst, seen, line)
SELECT host, netns, mac, 'programmed', 'vxlan0', '192.0.2.' || substr(node, 2), 'both', 1 FROM expected_fdb WHERE net = 'manynet0' AND NOT (host = 'h3' AND node IN ('h4', 'h5'))`,
		`INSERT INTO vtep (node, host, ip, source, ref) SELECT DISTINCT host, host, '192.0.2.' || substr(host, 2), 'engine', 'x' FROM overlay_netns WHERE net = 'manynet0' AND host <> 'h9'`,
	}
	s := m.read(t, scene.Sight{Found: []scene.Found{{ID: "f", Rule: "fdb-permanent-missing", Host: "h3", Subject: "fdb:h3/1-many/02:42:00:00:00:04", Ref: "h3/rows/neighbour.jsonl:1"}}}, many...)
	var got strings.Builder
	open := 0
	for _, x := range s.Tunnels {
		switch {
		case x.Network != "manynet0":
		case x.To == "h9" && x.Untold == 1 && x.Held == 0:
			open++ // nobody is known to have the address that they lead to
		default:
			got.WriteString(x.From + " to " + x.To + ", holds " + itoa(x.Held) + " of " + itoa(x.Expected) + ", lacks " + strings.Join(x.Missing, " ") + ", untold " + itoa(x.Untold) + " " + x.Ref + "\n")
		}
	}
	want := "h3 to h4, holds 0 of 1, lacks 10.0.0.4, untold 0 h3/rows/neighbour.jsonl:1\nh3 to h5, holds 0 of 1, lacks , untold 1 \n"
	if got.String() != want || open != 49 || s.Healthy != 50*49-49-2 {
		t.Errorf("got\n%s%d to h9, %d healthy", got.String(), open, s.Healthy)
	}
}

// TestContainerOfService checks that a container that paths know as none's is its service's by its labels, and that what is counted with
// all containers of no service is told as a part.
func TestContainerOfService(t *testing.T) {
	m := newMade(t)
	s := m.read(t, scene.Sight{},
		`INSERT INTO path_pair (client_kind, client_host, client, server_service, network, via, verdict) SELECT 'task', host, name, 'db', 'back', 'dnsrr', 'dropped' FROM container WHERE service = 'vote' AND host = 'node1' LIMIT 1`,
		`INSERT INTO path_pair (client_kind, client_host, client, server_service, network, via, verdict) VALUES ('task', 'node1', 'by-hand', 'db', 'back', 'dnsrr', 'some')`,
		`INSERT INTO path_pair_count (server_service, network, via, pairs, delivered, some, dropped, unknown) VALUES ('db', 'back', 'dnsrr', 5, 3, 1, 1, 0)`)
	want := map[string]string{
		"service vote":      "dropped, at least 5 pairs: 4 delivered, 0 partly, 1 dropped, 0 unknown",
		"container by-hand": "partly, at least 1 pairs: 0 delivered, 1 partly, 0 dropped, 0 unknown",
	}
	for _, e := range s.Edges {
		if e.Server.Name == "db" {
			if got := e.State + ", " + tally(e.Pairs); got != want[party(e.Client)] {
				t.Errorf("%s: %s; want %s", party(e.Client), got, want[party(e.Client)])
			}
			delete(want, party(e.Client))
		}
	}
	if len(want) > 0 {
		t.Errorf("no edge from %v", want)
	}
	if got := tally(serviceOf(t, s, "db").To); got != "13 pairs: 11 delivered, 1 partly, 1 dropped, 0 unknown" {
		t.Errorf("to db: %s", got)
	}
}
