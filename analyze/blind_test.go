package analyze

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// TestBlind checks for every rule that what is not captured never makes a finding: every fixture is run again
// without each table that the rule reads, on each host and in each namespace in turn; without each document; without each host; and with
// one read instead of two. A finding that was not there before fails.
//
// Only tables that the rule reads are taken away: SQLite itself says that the others cannot matter.
func TestBlind(t *testing.T) {
	for _, r := range shippedRules(t) {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			bench := newBench(t, r)
			for _, path := range fixturesOf(t, r.ID) {
				t.Run(filepath.Base(path), func(t *testing.T) {
					f := readFixture(t, path)
					invented, err := bench.invents(t.Context(), f, bench.run(t, f.hosts))
					if err != nil {
						t.Fatal(err)
					}
					for _, x := range invented {
						t.Errorf("%s: %s", path, x)
					}
				})
			}
		})
	}
}

// TestBlindSees checks the test itself: a rule that concludes from a missing row without asking captured is caught.
func TestBlindSees(t *testing.T) {
	naive := &Rule{ID: "naive", Path: "naive.sql", Severity: High, Query: `SELECT l.host, 'no neighbour' AS summary, 'link:' || l.name AS subject, l.ref AS link_ref
FROM link AS l WHERE NOT EXISTS (SELECT 1 FROM neighbour AS n WHERE n.host = l.host AND n.netns = l.netns)`}
	careful := &Rule{ID: "careful", Path: "careful.sql", Severity: High, Query: naive.Query +
		` AND EXISTS (SELECT 1 FROM captured AS c WHERE c.host = l.host AND c.netns = l.netns AND c.tbl = 'neighbour')`}
	h := &fixtureHost{name: "a", meta: schema.Meta{Format: 1, Host: "a", CaptureID: "a"}, files: map[string][]byte{
		"rows/link.jsonl":      []byte(`{"netns":"1","ifindex":2,"name":"eth0"}` + "\n"),
		"rows/neighbour.jsonl": []byte(`{"netns":"1","ifindex":2,"ip":"10.0.0.1","seen":"both"}` + "\n"),
	}}
	h.complete()
	f := &fixture{hosts: []*fixtureHost{h}}
	for _, tt := range []struct {
		rule *Rule
		want string
	}{{naive, "[a/neighbour]"}, {careful, "[]"}} {
		bench := newBench(t, tt.rule)
		if n := len(bench.run(t, f.hosts)); n != 0 {
			t.Fatalf("%s: %d findings on the whole fixture", tt.rule.ID, n)
		}
		invented := []string{}
		for _, b := range blindings(bench.q, f) {
			if len(bench.run(t, b.hosts)) > 0 {
				invented = append(invented, b.what)
			}
		}
		if got := fmt.Sprint(invented); got != tt.want {
			t.Errorf("%s: invents without %s; want %s", tt.rule.ID, got, tt.want)
		}
	}
}
