package analyze

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// toyRule finds links that are down, and needs to know the neighbours and, in the swarm, the tasks.
const toyRule = `-- A link is down
-- severity: critical
-- since: 0.1.0
-- layer: link
-- check: ip link
-- remedy: ip link set up
--
-- A rule for tests of the mechanism, which says what it can and what it cannot judge.
SELECT l.host, l.name || ' is down' AS summary, 'link:' || l.host || '/' || l.name AS subject, l.mtu, l.kind,
  l.ref AS link_ref, (SELECT min(n.ref) FROM swarm_node AS n) AS node_ref
FROM link AS l WHERE l.operstate = 'down' AND NOT EXISTS (SELECT 1 FROM neighbour AS n WHERE n.host = l.host AND n.dev = l.name)`

// writeHost writes a host as a bundle and returns its path.
func writeHost(t *testing.T, dir string, h *fixtureHost) string {
	t.Helper()
	w, err := schema.NewWriter(h.meta, schema.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range h.files {
		if table, ok := strings.CutPrefix(name, "rows/"); ok {
			for line := range bytes.Lines(data) {
				w.PutLine(strings.TrimSuffix(table, ".jsonl"), bytes.TrimSpace(line))
			}
		} else if err := w.Raw(strings.TrimPrefix(name, "raw/"), data); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := w.Close(&out, ""); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, h.name+".tar.zst")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// toySwarm is a manager with a link down, a worker without, and a third node that nobody captured.
func toySwarm() []*fixtureHost {
	hosts := hostsOfArchive(`
-- m/raw/docker/nodes.json --
[{"ID":"n1","Spec":{"Role":"manager"},"Description":{"Hostname":"m"},"Status":{"State":"ready"}},
{"ID":"n2","Spec":{"Role":"worker"},"Description":{"Hostname":"w"},"Status":{"State":"ready"}},
{"ID":"n3","Spec":{"Role":"worker"},"Description":{"Hostname":"x"},"Status":{"State":"down"}}]
-- m/raw/docker/info.json --
{"ID":"e1","ServerVersion":"20.10.24","Swarm":{"NodeID":"n1","LocalNodeState":"active","ControlAvailable":true}}
-- m/rows/link.jsonl --
{"netns":"1","ifindex":1,"name":"eth0","mtu":1500,"flags":"","operstate":"up"}
{"netns":"1","ifindex":2,"name":"eth1","mtu":1500,"flags":"","operstate":"down"}
-- w/raw/docker/info.json --
{"ID":"e2","ServerVersion":"20.10.24","Swarm":{"NodeID":"n2","LocalNodeState":"active","ControlAvailable":false}}
-- w/rows/link.jsonl --
{"netns":"1","ifindex":1,"name":"eth0","mtu":1500,"flags":"","operstate":"up"}
`)
	for _, h := range hosts {
		h.complete()
		h.meta.Started = time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC)
	}
	return hosts
}

// runToy analyzes hosts with the toy rule in place of the shipped ones.
func runToy(t *testing.T, hosts []*fixtureHost) *Result {
	t.Helper()
	rule, err := parseRule("toy.sql", toyRule)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var paths []string
	for _, h := range hosts {
		paths = append(paths, writeHost(t, dir, h))
	}
	sources, unreadable := openSources(paths)
	if len(unreadable) > 0 {
		t.Fatal(unreadable)
	}
	a := &analysis{options: Options{Now: time.Unix(1, 0), Progress: func(Progress) {}}, rules: []*Rule{rule}, derived: computed()}
	a.sources, _ = label(sources)
	res, err := a.run(t.Context())
	if err != nil {
		if sqliteAvailable() != nil {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	res.Verdict = verdict(res)
	return res
}

func outcomes(res *Result) string {
	var s []string
	for _, o := range res.Rules[0].Outcomes {
		x := o.Host + " " + o.Verdict
		if o.Why != "" {
			x += " (" + o.Why + " " + o.Ref + ")"
		}
		s = append(s, x)
	}
	return strings.Join(s, "\n")
}

func TestResult(t *testing.T) {
	res := runToy(t, toySwarm())
	if len(res.Findings) != 1 {
		t.Fatalf("findings: %+v", res.Findings)
	}
	f := res.Findings[0]
	if got, want := printFindings(res.Findings), "m: eth1 is down\n\tlink:m/eth1\n\tcritical\n\tmtu = 1500\n\tm/rows/link.jsonl:2\n\tm/raw/docker/nodes.json:1\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if !strings.HasPrefix(f.ID, "toy-") || f.Evidence[0].Name != "link" ||
		f.Evidence[0].Excerpt != `{"netns":"1","ifindex":2,"name":"eth1","mtu":1500,"flags":"","operstate":"down"}` ||
		!strings.HasPrefix(f.Evidence[1].Excerpt, `[{"ID":"n1"`) {
		t.Errorf("finding: %+v", f)
	}
	if want := "eth1 is down (toy on m, evidence m/rows/link.jsonl:2); since before the capture."; res.Verdict != want {
		t.Errorf("verdict %q; want %q", res.Verdict, want)
	}
	if got, want := outcomes(res), "m findings\nw clean\nx not judged (the swarm names this node, and there is no bundle of it )"; got != want {
		t.Errorf("outcomes:\n%s\nwant\n%s", got, want)
	}
	if got, want := strings.Join(res.Rules[0].Reads, " "), "link neighbour swarm_node"; got != want {
		t.Errorf("reads %s; want %s", got, want)
	}
	m, x := res.Hosts[0], res.Hosts[2]
	if m.Role != "manager" || m.NodeID != "n1" || m.Engine != "20.10.24" || m.Kernel != "6.1.0" || m.Bundle == "" || m.Rows != 7 {
		t.Errorf("host m: %+v", m)
	}
	if x.Name != "x" || x.Bundle != "" || x.Role != "worker" {
		t.Errorf("host x: %+v", x)
	}
	if c := res.Counts; c.HostsCaptured != 2 || c.HostsNamed != 3 || c.RulesFound != 1 || c.RulesClean != 1 || c.RulesUnjudged != 1 || c.BySeverity[Critical] != 1 {
		t.Errorf("counts: %+v", c)
	}
	if len(res.Problems) != 0 {
		t.Errorf("problems: %q", res.Problems)
	}
	if again := runToy(t, toySwarm()); again.Findings[0].ID != f.ID {
		t.Errorf("the id changed from %s to %s", f.ID, again.Findings[0].ID)
	}
}

// TestVerdicts checks the three verdicts as things are taken away.
func TestVerdicts(t *testing.T) {
	deny := func(h *fixtureHost, table string) *fixtureHost { return h.without(schema.TableByName(table)) }
	tests := []struct {
		name   string
		change func(h []*fixtureHost)
		want   string
	}{
		{"a table of one host", func(h []*fixtureHost) { h[1] = deny(h[1], "neighbour") },
			"m findings\nw not judged (neighbour in namespace 1: denied: taken away w/rows/coverage.jsonl:neighbour@1)"},
		{"a table of the host with the finding", func(h []*fixtureHost) { h[0] = deny(h[0], "neighbour") },
			"m findings (there may be more: neighbour in namespace 1: denied: taken away m/rows/coverage.jsonl:neighbour@1)\nw clean"},
		{"the manager", func(h []*fixtureHost) { h[0] = deny(h[0], "swarm_node") },
			"m findings (there may be more: no manager's bundle tells of the swarm: swarm_node from raw/docker/nodes.json: denied: taken away m/rows/coverage.jsonl:raw/docker/nodes.json)\nw not judged (no manager's bundle tells of the swarm: swarm_node from raw/docker/nodes.json: denied: taken away m/rows/coverage.jsonl:raw/docker/nodes.json)"},
		{"no manager's bundle", func(h []*fixtureHost) {
			h[0] = h[0].edit(func(name string, data []byte) []byte {
				switch name {
				case "raw/docker/nodes.json":
					return nil
				case "rows/coverage.jsonl":
					return bytes.ReplaceAll(data, []byte(`nodes.json","outcome":"ok"`), []byte(`nodes.json","outcome":"absent"`))
				}
				return data
			})
		}, "m findings (there may be more: no manager's task list in any bundle: swarm_node is not known )\nw not judged (no manager's task list in any bundle: swarm_node is not known )"},
		{"one read only", func(h []*fixtureHost) { h[1] = h[1].readOnce() },
			"m findings\nw not judged (neighbour was read once only: a passing state cannot be told from a lasting one w/rows/host.jsonl:1)"},
		{"no swarm", func(h []*fixtureHost) {
			h[0] = deny(h[0], "swarm_node")
			h[1] = h[1].edit(func(name string, data []byte) []byte {
				return bytes.ReplaceAll(data, []byte(`"active"`), []byte(`"inactive"`))
			})
		}, "m findings (there may be more: no manager's bundle tells of the swarm: swarm_node from raw/docker/nodes.json: denied: taken away m/rows/coverage.jsonl:raw/docker/nodes.json)\nw clean"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hosts := toySwarm()
			tt.change(hosts)
			res := runToy(t, hosts)
			got := namedItems(hosts, outcomes(res))
			if i := strings.Index(got, "\nx "); i >= 0 {
				got = got[:i]
			}
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestVerdictSentence checks the first line when there is nothing to name.
func TestVerdictSentence(t *testing.T) {
	tests := []struct {
		res  Result
		want string
	}{
		{Result{Counts: Counts{HostsCaptured: 2, HostsNamed: 2, RulesClean: 28}}, "No rule found a fault on 2 of 2 hosts; 28 checks clean, 0 not judged."},
		{Result{Counts: Counts{HostsCaptured: 1, HostsNamed: 3, RulesClean: 1, RulesUnjudged: 2}, Unreadable: []string{"x"}}, "No rule found a fault on 1 of 3 hosts, 1 bundle unreadable; 1 check clean, 2 not judged."},
		{Result{Counts: Counts{HostsCaptured: 1, HostsNamed: 1, RulesUnjudged: 14}}, "Nothing could be judged on 1 of 1 hosts: 14 checks not judged."},
		{Result{Findings: []Finding{
			{Host: "a", Summary: "it is broken", Rule: "r", Severity: High, Evidence: []Evidence{{Ref: "a/rows/fdb.jsonl:1"}}},
			{Host: "b", Summary: "so is this", Rule: "r", Severity: Low, Evidence: []Evidence{{Ref: "b/rows/fdb.jsonl:1"}}},
		}}, "it is broken (r on a, evidence a/rows/fdb.jsonl:1); 2 findings in all on 2 hosts."},
	}
	for _, tt := range tests {
		if got := verdict(&tt.res); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// TestRunFile checks what is left on disk: the database under its name, readable by its owner only, and nothing else.
func TestRunFile(t *testing.T) {
	if err := sqliteAvailable(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	bundle := writeHost(t, dir, toySwarm()[1])
	db := filepath.Join(dir, "a?b%20c.db")
	phases := []string{}
	res, err := Run(t.Context(), Options{Bundles: []string{bundle, filepath.Join(dir, "missing.tar.zst")}, DB: db, Tool: "test", Progress: func(p Progress) {
		if !slices.Contains(phases, p.Phase) {
			phases = append(phases, p.Phase)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Unreadable) != 1 || !strings.Contains(res.Unreadable[0], "missing.tar.zst") || res.Problems[0] != res.Unreadable[0] {
		t.Errorf("unreadable %q, problems %q", res.Unreadable, res.Problems)
	}
	if got := strings.Join(phases, " "); got != "load derive rules evidence" {
		t.Errorf("phases %s", got)
	}
	info, err := os.Stat(db)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("database: %v, %v", info, err)
	}
	// A run that fails leaves the old file as it was.
	before, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Options{Bundles: []string{bundle}, DB: db}); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was cancelled: %v", err)
	}
	after, err := os.ReadFile(db)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("a run that failed changed the database: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"+partialSuffix))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := Run(t.Context(), Options{}); !errors.Is(err, ErrNoBundle) {
		t.Errorf("no bundle: %v", err)
	}
}

// TestAnswerBreaksContract checks that rows which break the contract fail the rule, and not the analysis.
func TestAnswerBreaksContract(t *testing.T) {
	for _, tt := range []struct{ name, columns, want string }{
		{"no host", "NULL AS host, 'x' AS summary, 'y' AS subject, l.ref AS l_ref", "a finding without host"},
		{"a host that is none", "'elsewhere' AS host, 'x' AS summary, 'y' AS subject, l.ref AS l_ref", `on host "elsewhere"`},
		{"no evidence", "l.host, 'x' AS summary, 'y' AS subject, NULL AS l_ref", "cites nothing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db, lin, _ := loadHosts(t, toySwarm(), computed())
			q, err := askOne(t.Context(), db, lin, &Rule{ID: "r", Query: "SELECT " + tt.columns + " FROM link AS l"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := q.answer(t.Context(), db.tx, map[string]bool{"m": true, "w": true}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want %q", err, tt.want)
			}
		})
	}
}
