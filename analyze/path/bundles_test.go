package path_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/path"
)

// bundles is a set of real bundles, as a database. Open gives a transaction on a copy that the test may change; it is rolled back.
type bundles struct{ db *sql.DB }

func analyzed(t *testing.T, set string) *bundles { return analyzedOnly(t, set, "*") }

func analyzedOnly(t *testing.T, set, host string) *bundles {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "bundles", set, host+".tar.zst"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no bundles of %s: %v", set, err)
	}
	file := filepath.Join(t.TempDir(), "r.db")
	if _, err := analyze.Run(t.Context(), analyze.Options{Bundles: paths, DB: file}); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return &bundles{db}
}

// judge judges the database after some statements, and forgets what they did.
func (b *bundles) judge(t *testing.T, change ...string) *path.Judgement {
	t.Helper()
	tx, err := b.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, c := range change {
		res, err := tx.Exec(c)
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		if n, _ := res.RowsAffected(); n == 0 {
			t.Fatalf("%s changes nothing", c)
		}
	}
	j, err := path.Judge(context.Background(), tx, true)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// verdicts counts pairs by verdict.
func verdicts(j *path.Judgement) map[string]int {
	out := map[string]int{}
	for _, p := range j.Pairs {
		out[p.Verdict]++
	}
	return out
}

// TestHealthy holds the walk against a swarm in which everything was tried and worked: all is delivered, and nothing is
// left undecided where all was captured.
func TestHealthy(t *testing.T) {
	j := analyzed(t, "healthy-every-collector").judge(t)
	v := verdicts(j)
	if v["delivered"] != len(j.Pairs) || len(j.Pairs) < 90 {
		t.Errorf("of %d pairs: %v", len(j.Pairs), v)
	}
	for _, s := range j.Segments {
		t.Errorf("%s: %s on %s at %s: %s", s.Hop.Verdict, s.Kind, s.Host, s.Hop.Step, s.Hop.Why)
	}
	kinds := map[string]int{}
	for _, c := range j.Counts {
		kinds[c.Kind] += c.Delivered
	}
	for _, k := range []string{"client", "balancer", "overlay", "arrival", "published", "egress"} {
		if kinds[k] == 0 {
			t.Errorf("no segment of the kind %s was judged", k)
		}
	}
}

// TestIncidents asks for the row that breaks the way in each set of bundles with something planted: it must be the only
// one that is said to drop anything. These captures hold no sockets, so whether anybody listens is not known in them.
func TestIncidents(t *testing.T) {
	for _, tt := range []struct {
		set     string
		dropped []string // subjects
		unknown []string // beside the sockets
	}{
		{"healthy-two-hosts", nil, nil},
		{"incident-fdb-missing", []string{"fdb:node2/1-0p6j1rxpv0/02:42:0a:14:01:08"}, nil},
		{"incident-stale-backend", []string{"ipvs:node1/lb_0p6j1rxpv/260/10.20.1.201"}, nil},
		{"incident-two-marks", []string{"mark:node2/lb_0p6j1rxpv/10.20.1.11"}, nil},
		{"incident-gossip-cut", []string{"dns:node2/back/db/10.20.2.15"}, nil},
		{"incident-arp-proxy-local", nil, []string{"fdb:node2/1-0p6j1rxpv0/02:42:0a:14:01:07"}},
	} {
		t.Run(tt.set, func(t *testing.T) {
			j := analyzed(t, tt.set).judge(t)
			var dropped, unknown []string
			for _, s := range j.Segments {
				switch {
				case s.Hop.Verdict == path.Dropped:
					dropped = append(dropped, s.Hop.Subject)
				case !strings.HasPrefix(s.Hop.Subject, "captured:") || !strings.HasSuffix(s.Hop.Subject, "/socket"):
					unknown = append(unknown, s.Hop.Subject)
				}
			}
			for _, x := range []struct {
				what      string
				got, want []string
			}{{"dropped", dropped, tt.dropped}, {"undecided", unknown, tt.unknown}} {
				slices.Sort(x.got)
				if got := slices.Compact(x.got); !slices.Equal(got, x.want) {
					t.Errorf("%s by\n\t%s\nwant\n\t%s", x.what, strings.Join(got, "\n\t"), strings.Join(x.want, "\n\t"))
				}
			}
		})
	}
}

// pairsOf selects pairs in a few words.
func pairsOf(j *path.Judgement, client, server, via string) string {
	var out []string
	for _, p := range j.Pairs {
		if p.Client == client && p.Server == server && p.Via == via {
			out = append(out, fmt.Sprintf("%s %s %d of %d", p.Network, p.Verdict, p.Reached, p.Backends))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

// BenchmarkJudge judges a swarm of two hosts.
func BenchmarkJudge(b *testing.B) {
	paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "bundles", "healthy-every-collector", "*.tar.zst"))
	if err != nil || len(paths) == 0 {
		b.Fatalf("no bundles: %v", err)
	}
	file := filepath.Join(b.TempDir(), "r.db")
	if _, err := analyze.Run(b.Context(), analyze.Options{Bundles: paths, DB: file}); err != nil {
		b.Skip(err)
	}
	db, err := analyze.OpenDatabase(b.Context(), file)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := path.Judge(b.Context(), tx, false); err != nil {
			b.Fatal(err)
		}
	}
}
