package analyze

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// readFixture reads a fixture, or ends the test.
func readFixture(t testing.TB, path string) *fixture {
	t.Helper()
	f, err := parseFixture(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// loadHosts loads hosts and computes the derived tables; it is discarded when the test ends.
func loadHosts(t testing.TB, hosts []*fixtureHost, derived []*Derived) (*database, lineage, []*loaded) {
	t.Helper()
	ctx := context.Background()
	db, err := create(ctx, "", derived)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(db.discard)
	var sources []*source
	for _, h := range hosts {
		sources = append(sources, h.source())
	}
	sources, _ = label(sources)
	reports, _, err := load(ctx, db, sources, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	reads, err := readsOf(ctx, db, derived)
	if err != nil {
		t.Fatal(err)
	}
	if err := derive(ctx, db, derived, func(int) {}); err != nil {
		t.Fatal(err)
	}
	return db, newLineage(derived, reads), reports
}

// newBench is a bench that the test closes; without SQLite the test is skipped.
func newBench(t testing.TB, r *Rule) *bench {
	t.Helper()
	if err := sqliteAvailable(); err != nil {
		t.Skip(err)
	}
	b, err := openBench(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

// run is ask for a test.
func (b *bench) run(t testing.TB, hosts []*fixtureHost) []Finding {
	t.Helper()
	found, err := b.ask(context.Background(), hosts)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// check compares findings with want, or rewrites want when UPDATE=1.
func (f *fixture) check(t *testing.T, got string) {
	t.Helper()
	got = namedItems(f.hosts, got)
	want, has := f.want()
	if got == want && (has || got == "") {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Errorf("%s: findings differ (UPDATE=1 rewrites want)\n--- want\n%s--- got\n%s", f.path, want, got)
		return
	}
	if err := f.rewrite(got); err != nil {
		t.Fatal(err)
	}
}

// fixturesOf are the paths of a shipped rule's fixtures.
func fixturesOf(t testing.TB, id string) []string {
	t.Helper()
	paths, err := fixturePaths(filepath.Join("..", "testdata", "rules"), id)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func shippedRules(t testing.TB) []*Rule {
	t.Helper()
	rules, err := Rules("")
	if err != nil {
		t.Fatal(err)
	}
	return rules
}
