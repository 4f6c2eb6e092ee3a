package analyze

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

// firstOfScenario is the rule of the first cause; a healthy scenario has none.
var firstOfScenario = map[string]string{
	"literature-local-answer.txtar":             "fdb-local-mac-behind-vxlan",
	"literature-local-answer-bridge-only.txtar": "fdb-local-mac-behind-vxlan",
	"literature-two-marks.txtar":                "vip-multiple-marks",
}

// TestScenarios runs every rule over each scenario: a whole small swarm, or a case of the literature. want holds the
// findings of all rules in the order of their ids, each below the line of its rule.
func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "scenarios", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scenario below testdata/scenarios: %v", err)
	}
	rules := shippedRules(t)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f := readFixture(t, path)
			db, lin, _ := loadHosts(t, f.hosts, computed())
			hosts := map[string]bool{}
			for _, h := range f.hosts {
				hosts[hostLabel(&h.meta)] = true
			}
			var b strings.Builder
			var all []Finding
			for _, r := range rules {
				q, err := askOne(context.Background(), db, lin, r)
				if err != nil {
					t.Fatalf("%s: %v", r.Path, err)
				}
				found, err := q.answer(context.Background(), db.tx, hosts)
				if err != nil {
					t.Fatalf("%s: %v", r.Path, err)
				}
				if len(found) > 0 {
					b.WriteString("# " + r.ID + "\n" + printFindings(found))
				}
				all = append(all, found...)
			}
			f.check(t, b.String())
			sortFindings(all)
			times, err := timesOf(context.Background(), db, all)
			if err != nil {
				t.Fatal(err)
			}
			first := ""
			if list := causes(all, nil, &causeKnowledge{}, times); len(list) > 0 {
				first = list[0].Rule
			}
			if want := firstOfScenario[filepath.Base(path)]; first != want {
				t.Errorf("the first cause is %q, want %q", first, want)
			}
		})
	}
}

// TestDerivedHealthy holds the derived tables against the kernels of the healthy swarm: what should be there is there,
// and what is there should be.
func TestDerivedHealthy(t *testing.T) {
	f := readFixture(t, filepath.Join("..", "testdata", "scenarios", "healthy.txtar"))
	db, _, _ := loadHosts(t, f.hosts, computed())
	pairs := []struct{ name, expected, observed string }{
		{"forwarding entries",
			"SELECT host || ' ' || netns || ' ' || mac || ' ' || a.ip FROM expected_fdb AS e JOIN vtep_agreed AS a ON a.node = e.node",
			"SELECT host || ' ' || netns || ' ' || mac || ' ' || dst FROM fdb WHERE dst IS NOT NULL AND state = 'permanent'"},
		{"neighbours",
			"SELECT host || ' ' || netns || ' ' || ip || ' ' || mac FROM expected_neighbour",
			"SELECT host || ' ' || netns || ' ' || ip || ' ' || mac FROM neighbour WHERE state = 'permanent'"},
		{"aliases",
			"SELECT host || ' ' || netns || ' ' || vip || ' ' || dev FROM expected_vip_alias",
			"SELECT host || ' ' || netns || ' ' || ip || ' ' || dev FROM address WHERE prefix_len = 32"},
		{"marks",
			"SELECT host || ' ' || netns || ' ' || vip || ' ' || mark FROM expected_fwmark",
			"SELECT host || ' ' || netns || ' ' || substr(dst, 1, length(dst) - 3) || ' ' || mark FROM iptables_rule WHERE tbl = 'mangle' AND chain = 'INPUT'"},
		{"destinations",
			"SELECT host || ' ' || netns || ' ' || fwmark || ' ' || ip FROM expected_ipvs_destination",
			"SELECT host || ' ' || netns || ' ' || fwmark || ' ' || address FROM ipvs_destination"},
		{"sources translated",
			"SELECT host || ' ' || netns || ' ' || subnet || ' ' || to_ip FROM expected_snat",
			"SELECT host || ' ' || netns || ' ' || dst || ' ' || to_ip FROM iptables_rule WHERE ipvs = 1"},
		{"answers",
			"SELECT host || ' ' || netns || ' ' || name || ' ' || ip FROM expected_dns_answer",
			"SELECT DISTINCT host || ' ' || netns || ' ' || name || ' ' || address FROM dns_answer"},
	}
	for _, p := range pairs {
		expected, observed := lines(t, db.tx, p.expected), lines(t, db.tx, p.observed)
		if len(expected) == 0 {
			t.Errorf("%s: none are expected", p.name)
		}
		for s := range expected {
			if !observed[s] {
				t.Errorf("%s: %q is expected, and the kernel does not have it", p.name, s)
			}
		}
		for s := range observed {
			if !expected[s] {
				t.Errorf("%s: the kernel has %q, and it is not expected", p.name, s)
			}
		}
	}
}

func lines(t *testing.T, tx *sql.Tx, query string) map[string]bool {
	t.Helper()
	list, err := column(context.Background(), tx, query)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	m := map[string]bool{}
	for _, s := range list {
		if m[s] {
			t.Errorf("twice: %s", s)
		}
		m[s] = true
	}
	return m
}
