package analyze

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/schema"
)

// hostsOfArchive makes hosts of an archive in bundle paths, and adds nothing to what it says.
func hostsOfArchive(text string) []*fixtureHost {
	var hosts []*fixtureHost
	for _, f := range txtar.Parse([]byte(text)).Files {
		host, name, _ := strings.Cut(f.Name, "/")
		i := slices.IndexFunc(hosts, func(h *fixtureHost) bool { return h.name == host })
		if i < 0 {
			i = len(hosts)
			hosts = append(hosts, &fixtureHost{name: host, files: map[string][]byte{}, meta: schema.Meta{Format: 1, Host: host, CaptureID: host, Started: time.Unix(0, 0)}})
		}
		hosts[i].files[name] = f.Data
	}
	return hosts
}

// query prints the rows of a query, values joined by spaces, NULL as a hyphen.
func query(t *testing.T, db *database, sql string) string {
	t.Helper()
	var b strings.Builder
	rows, err := db.tx.QueryContext(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	v := make([]any, len(cols))
	into := make([]any, len(v))
	for i := range v {
		into[i] = &v[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i, x := range v {
			s, ok := valueText(x)
			if !ok {
				s = "-"
			}
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(s)
		}
		b.WriteByte('\n')
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestCovered checks what coverage rows and the bundle together let one know. Tables that no case speaks of are left
// out of the gaps.
func TestCovered(t *testing.T) {
	tests := []struct {
		name     string
		host     string
		captured string // tbl netns outcome line
		gaps     string // tbl netns document outcome ref
	}{
		{
			name: "every namespace for itself",
			host: `
-- a/rows/coverage.jsonl --
{"collector":"fdb","tbl":"fdb","netns":"1","outcome":"ok"}
{"collector":"fdb","tbl":"fdb","netns":"2","outcome":"denied","reason":"no"}
{"collector":"fdb","tbl":"fdb","netns":"3","outcome":"absent"}
`,
			captured: "fdb 1 ok a/rows/coverage.jsonl:1\nfdb 3 absent a/rows/coverage.jsonl:3\n",
			gaps:     "fdb 2 - denied a/rows/coverage.jsonl:2\n",
		},
		{
			name: "every collector of a namespace",
			host: `
-- a/rows/coverage.jsonl --
{"collector":"legacy","tbl":"iptables_rule","netns":"1","outcome":"absent"}
{"collector":"nft","tbl":"iptables_rule","netns":"1","outcome":"ok"}
{"collector":"legacy","tbl":"iptables_rule","netns":"2","outcome":"ok"}
{"collector":"nft","tbl":"iptables_rule","netns":"2","outcome":"timeout"}
`,
			captured: "iptables_rule 1 ok a/rows/coverage.jsonl:2\n",
			gaps:     "iptables_rule 2 - timeout a/rows/coverage.jsonl:4\n",
		},
		{
			name: "a row for the host speaks for all namespaces that are known",
			host: `
-- a/rows/netns.jsonl --
{"netns":"7","kind":"host"}
-- a/rows/coverage.jsonl --
{"collector":"netns","tbl":"netns","outcome":"ok","rows":1}
{"collector":"dns","tbl":"dns_query","outcome":"ok"}
{"collector":"dns","tbl":"dns_answer","outcome":"skipped"}
{"collector":"dns","tbl":"dns_answer","netns":"7","outcome":"ok"}
`,
			captured: "netns - ok a/rows/coverage.jsonl:1\ndns_query 7 ok a/rows/coverage.jsonl:2\n",
			gaps:     "dns_answer - - skipped a/rows/coverage.jsonl:3\n",
		},
		{
			name: "a document feeds several tables",
			host: `
-- a/raw/docker/network_inspect.json --
[]
-- a/rows/coverage.jsonl --
{"collector":"docker","document":"raw/docker/network_inspect.json","outcome":"ok","bytes":3}
{"collector":"docker","document":"raw/docker/container_inspect.json","outcome":"timeout"}
`,
			captured: "network - ok a/rows/coverage.jsonl:1\nnetwork_subnet - ok a/rows/coverage.jsonl:1\nnetwork_endpoint - ok a/rows/coverage.jsonl:1\nnetwork_peer - ok a/rows/coverage.jsonl:1\n",
			gaps:     "container_health - raw/docker/container_inspect.json timeout a/rows/coverage.jsonl:2\ncontainer_port - raw/docker/container_inspect.json timeout a/rows/coverage.jsonl:2\ncontainer_mount - raw/docker/container_inspect.json timeout a/rows/coverage.jsonl:2\ncontainer - raw/docker/container_inspect.json timeout a/rows/coverage.jsonl:2\ncontainer_network - raw/docker/container_inspect.json timeout a/rows/coverage.jsonl:2\n",
		},
		{
			name: "both reads of a document, in each namespace",
			host: `
-- a/raw/netns/1/proc_net_dev --
-- a/raw/netns/1/proc_net_dev.last --
-- a/raw/netns/2/proc_net_dev --
-- a/rows/coverage.jsonl --
{"collector":"proc","document":"raw/netns/1/proc_net_dev","outcome":"ok"}
{"collector":"proc","document":"raw/netns/1/proc_net_dev.last","outcome":"ok"}
{"collector":"proc","document":"raw/netns/2/proc_net_dev","outcome":"ok"}
`,
			captured: "netdev_counter 1 ok a/rows/coverage.jsonl:1\n",
		},
		{
			name: "a worker knows nothing of the swarm, and that is no gap",
			host: `
-- a/rows/coverage.jsonl --
{"collector":"docker","document":"raw/docker/nodes.json","outcome":"absent","reason":"not a manager"}
`,
		},
		{
			name: "a manager does",
			host: `
-- a/raw/docker/nodes.json --
[]
-- a/rows/coverage.jsonl --
{"collector":"docker","document":"raw/docker/nodes.json","outcome":"ok","bytes":3}
`,
			captured: "swarm_node - ok a/rows/coverage.jsonl:1\n",
		},
		{
			name: "rows that were written and are not there",
			host: `
-- a/rows/coverage.jsonl --
{"collector":"link","tbl":"link","netns":"1","outcome":"ok","rows":3}
{"collector":"docker","document":"raw/docker/info.json","outcome":"ok","bytes":3}
`,
			gaps: "link 1 - partial a/rows/coverage.jsonl:1\nengine - raw/docker/info.json partial a/rows/coverage.jsonl:2\nengine_warning - raw/docker/info.json partial a/rows/coverage.jsonl:2\nremote_manager - raw/docker/info.json partial a/rows/coverage.jsonl:2\n",
		},
		{
			name: "a row that cannot be understood",
			host: `
-- a/rows/link.jsonl --
{"netns":"1","name":"eth0"}
{"netns":"1","name":5}
-- a/rows/coverage.jsonl --
{"collector":"link","tbl":"link","netns":"1","outcome":"ok","rows":2}
`,
			gaps: "link - - partial a/rows/link.jsonl:2\n",
		},
		{
			name: "a document that cannot be understood",
			host: `
-- a/raw/docker/nodes.json --
{"message":"This node is not a swarm manager."}
-- a/rows/coverage.jsonl --
{"collector":"docker","document":"raw/docker/nodes.json","outcome":"ok","bytes":50}
`,
			gaps: "swarm_node - raw/docker/nodes.json partial a/raw/docker/nodes.json:1\n",
		},
		{
			name: "an outcome of a later version",
			host: `
-- a/rows/coverage.jsonl --
{"collector":"host","tbl":"host","outcome":"splendid"}
`,
			gaps: "host - - partial a/rows/coverage.jsonl:1\n",
		},
		{
			name: "a document that feeds no table",
			host: `
-- a/rows/coverage.jsonl --
{"collector":"log","document":"raw/log/daemon","outcome":"truncated"}
`,
			gaps: "- - raw/log/daemon truncated a/rows/coverage.jsonl:1\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db, _, _ := loadHosts(t, hostsOfArchive(tt.host), nil)
			if got := query(t, db, "SELECT tbl, netns, outcome, ref FROM captured"); got != tt.captured {
				t.Errorf("captured:\n%swant:\n%s", got, tt.captured)
			}
			if got := query(t, db, "SELECT tbl, netns, document, outcome, ref FROM gap WHERE ref NOT LIKE '%meta.json:1'"); got != tt.gaps {
				t.Errorf("gaps:\n%swant:\n%s", got, tt.gaps)
			}
		})
	}
}

// TestUnspoken checks that a table without any coverage row is a gap, and why.
func TestUnspoken(t *testing.T) {
	hosts := hostsOfArchive("-- a/rows/link.jsonl --\n{\"netns\":\"1\",\"name\":\"eth0\"}\n-- b/rows/link.jsonl --\n")
	hosts[1].meta.Interrupted = "deadline"
	db, _, _ := loadHosts(t, hosts, nil)
	want := "a link skipped the bundle has no coverage row for it: its capture did not plan it\n" +
		"b link skipped the bundle ends before its coverage rows: deadline\n" +
		"b swarm_task skipped the bundle ends before its coverage rows: deadline\n"
	if got := query(t, db, "SELECT host, tbl, outcome, reason FROM gap WHERE tbl IN ('link', 'swarm_task') ORDER BY host, tbl"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := query(t, db, "SELECT count(*) FROM captured"); got != "0\n" {
		t.Errorf("%s tables captured", got)
	}
}

// TestLoadProblems checks that what goes wrong in a bundle is told with its place, and harms nothing else.
func TestLoadProblems(t *testing.T) {
	hosts := hostsOfArchive(`
-- a/rows/link.jsonl --
{"netns":"1","name":"eth0","colour":"red"}
{"netns":"1","name":
{"netns":"1","name":"eth1","colour":"blue"}
-- a/rows/future.jsonl --
{"x":1}
-- a/raw/docker/info.json --
[
-- a/raw/docker/container_inspect.json --
[{"Id":"c1","State":{"Status":"running","Pid":"x"}},
{"Id":"c2","Name":"/two","NetworkSettings":{"Networks":{"n":{"IPAddress":"10.0.0.300"}}}},
{"Id":"c3","Name":"/three"}
`)
	db, _, reports := loadHosts(t, hosts, nil)
	if got := query(t, db, "SELECT name, line FROM link"); got != "eth0 1\neth1 3\n" {
		t.Errorf("links:\n%s", got)
	}
	if got := query(t, db, "SELECT name, line FROM container"); got != "two 2\nthree 3\n" {
		t.Errorf("containers:\n%s", got)
	}
	all := strings.Join(reports[0].problems, "\n")
	for _, want := range []string{
		"a/rows/link.jsonl:2: not a JSON object",
		`table link has no column "colour": left out of 2 rows`,
		"1 files of tables that this netmortem does not know were left out: rows/future.jsonl",
		"a/raw/docker/info.json:1: not the reply to GET /info",
		"a/raw/docker/container_inspect.json:1: line 1: json: cannot unmarshal string into Go struct field",
		`ParseAddr("10.0.0.300")`,
		"the array has no end",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("problems lack %q:\n%s", want, all)
		}
	}
	if reports[0].rows != 4 { // two links, two containers; the network with a wrong address is kept out
		t.Errorf("%d rows", reports[0].rows)
	}
}

func TestLabel(t *testing.T) {
	at := func(s string) time.Time {
		x, err := time.Parse("15:04:05", s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	src := func(path, host, id, start string) *source {
		return &source{path: path, meta: schema.Meta{Host: host, CaptureID: id, Started: at(start)}}
	}
	kept, notes := label([]*source{
		src("4", "web", "w2", "10:00:05"),
		src("3", "web", "w1", "10:00:00"),
		src("5", "web", "w1", "10:00:00"),
		src("1", "app", "a1", "10:00:00"),
		src("2", "", "x1", "10:00:00"),
		src("6", "a/b:c\n", "y1", "10:00:00"),
		src("8", "twin", "t2", "10:00:00"),
		src("7", "twin", "t1", "10:00:00"),
	})
	var got []string
	for _, s := range kept {
		got = append(got, s.path+" "+s.host)
	}
	want := "6 a-b-c-, 1 app, 7 twin@00000101T100000Z, 8 twin@00000101T100000Z-2, 2 unnamed, 3 web@00000101T100000Z, 4 web@00000101T100005Z"
	if g := strings.Join(got, ", "); g != want {
		t.Errorf("got  %s\nwant %s", g, want)
	}
	wantNotes := []string{"5: the same capture as 3: loaded once",
		"7: 2 bundles are from a host named twin: this one is twin@00000101T100000Z", "8: 2 bundles", "3: 2 bundles are from a host named web", "4: 2 bundles"}
	if len(notes) != len(wantNotes) {
		t.Fatalf("notes: %q", notes)
	}
	for i := range notes {
		if !strings.HasPrefix(notes[i], wantNotes[i]) {
			t.Errorf("note %q; want %q", notes[i], wantNotes[i])
		}
	}
}
