package analyze

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkRules runs every derivation and every rule on the bundles of one directory, which the environment names: those that
// `go run ./cmd/fleet` writes, or an incident's. Loading and deriving are done once. With -v each rule's query plan is logged.
func BenchmarkRules(b *testing.B) {
	dir := os.Getenv("NETMORTEM_BUNDLES")
	if dir == "" {
		b.Skip("NETMORTEM_BUNDLES names no directory of bundles")
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.tar.zst"))
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	db, err := create(ctx, filepath.Join(b.TempDir(), "rules.db"), computed())
	if err != nil {
		b.Skip(err)
	}
	defer db.discard()
	reads, err := readsOf(ctx, db, computed())
	if err != nil {
		b.Fatal(err)
	}
	questions, err := ask(ctx, db, newLineage(computed(), reads), shippedRules(b))
	if err != nil {
		b.Fatal(err)
	}
	sources, _ := openSources(paths)
	sources, _ = label(sources)
	reports, _, err := load(ctx, db, sources, func(int) {})
	if err != nil {
		b.Fatal(err)
	}
	hosts := map[string]bool{}
	for _, r := range reports {
		hosts[r.source.host] = true
	}
	for _, d := range computed() {
		if d.View || d.With != "" {
			continue
		}
		b.Run("derive/"+d.Name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				for _, x := range computed() {
					if x == d || x.With == d.Name {
						db.empty(b, x)
					}
				}
				b.StartTimer()
				for _, x := range computed() {
					if x == d || x.With == d.Name {
						if err := db.fill(ctx, x); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
		})
	}
	for _, q := range questions {
		b.Run("rule/"+q.ID, func(b *testing.B) {
			for b.Loop() {
				if _, err := q.answer(ctx, db.tx, hosts); err != nil {
					b.Fatal(err)
				}
			}
			if testing.Verbose() {
				b.Log("\n" + db.plan(b, q.Query))
			}
		})
	}
}

// empty makes a derived table one that can be derived again.
func (db *database) empty(tb testing.TB, d *Derived) {
	tb.Helper()
	sql := "DELETE FROM " + d.Name
	for i := range d.Index {
		sql += fmt.Sprintf("; DROP INDEX IF EXISTS %s_%d", d.Name, i+1)
	}
	if _, err := db.tx.ExecContext(tb.Context(), sql); err != nil {
		tb.Fatal(err)
	}
}

// plan is how SQLite answers a query, a step a line.
func (db *database) plan(tb testing.TB, query string) string {
	tb.Helper()
	rows, err := db.tx.QueryContext(tb.Context(), "EXPLAIN QUERY PLAN "+query)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	var out strings.Builder
	depth := map[int]int{0: -1}
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			tb.Fatal(err)
		}
		depth[id] = depth[parent] + 1
		out.WriteString(strings.Repeat("  ", depth[id]) + detail + "\n")
	}
	return out.String()
}
