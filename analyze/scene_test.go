package analyze

import (
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestTunnelsAgree holds the tunnels that are drawn against the rules about forwarding entries, over all fixtures of these: what a rule
// names is drawn as missing or as leading elsewhere, once, and nothing else is.
func TestTunnelsAgree(t *testing.T) {
	names := []string{"fdb-permanent-missing", "fdb-wrong-vtep", "fdb-remote-self-reference", "neigh-missing"}
	shipped, err := Rules("")
	if err != nil {
		t.Fatal(err)
	}
	var rules []*Rule
	for _, r := range shipped {
		if slices.Contains(names, r.ID) {
			rules = append(rules, r)
		}
	}
	drawn := map[string]int{}
	for _, name := range names {
		paths, err := fixturePaths(filepath.Join("..", "testdata", "rules"), name)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no fixtures of %s: %v", name, err)
		}
		for _, path := range paths {
			t.Run(name+"/"+filepath.Base(path), func(t *testing.T) {
				f, err := parseFixture(path)
				if err != nil {
					t.Fatal(err)
				}
				agree(t, runFixture(t, f, rules), drawn)
			})
		}
	}
	for _, name := range names {
		if drawn[name] == 0 {
			t.Errorf("no finding of %s was drawn", name)
		}
	}
}

// runFixture analyzes the hosts of a fixture with some rules.
func runFixture(t *testing.T, f *fixture, rules []*Rule) *Result {
	t.Helper()
	if err := sqliteAvailable(); err != nil {
		t.Skip(err)
	}
	a := &analysis{options: Options{Now: time.Unix(1, 0), Progress: func(Progress) {}}, rules: rules, derived: computed()}
	var sources []*source
	for _, h := range f.hosts {
		sources = append(sources, h.source())
	}
	a.sources, _ = label(sources)
	res, err := a.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// agree compares tunnels and findings, and counts by rule the findings that are drawn.
func agree(t *testing.T, res *Result, drawn map[string]int) {
	t.Helper()
	lacks, strays := map[string]int{}, map[string]int{}
	for _, x := range res.Scene.Tunnels {
		if x.Held+x.Lacks+x.Strays+x.Untold != x.Expected || x.Held < 0 {
			t.Errorf("the parts of %+v do not add up", x)
		}
		if x.Lacks+x.Strays > 0 && x.Ref == "" {
			t.Errorf("%+v cites nothing", x)
		}
		lacks[x.From] += x.Lacks
		strays[x.From] += x.Strays
	}
	for _, f := range res.Findings {
		switch f.Rule {
		case "fdb-permanent-missing":
			lacks[f.Host]--
			drawn[f.Rule]++
		case "neigh-missing":
			if fact(f, "forwarding_entry") == "missing, too" {
				lacks[f.Host]--
				drawn[f.Rule]++
			}
		case "fdb-wrong-vtep", "fdb-remote-self-reference":
			if fact(f, "endpoint") != "" || fact(f, "runs_on") != "" { // a left-over entry has no tunnel
				strays[f.Host]--
				drawn[f.Rule]++
			}
		}
	}
	for _, of := range []struct {
		name string
		left map[string]int
	}{{"missing", lacks}, {"leading elsewhere", strays}} {
		for host, n := range of.left {
			if n != 0 {
				t.Errorf("%s: %d more are drawn as %s than rules name\n%+v\n%s", host, n, of.name, res.Scene.Tunnels, printFindings(res.Findings))
			}
		}
	}
}

func fact(f Finding, name string) string {
	for _, x := range f.Facts {
		if x.Name == name {
			return x.Value
		}
	}
	return ""
}
