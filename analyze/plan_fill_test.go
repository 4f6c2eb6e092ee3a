//go:build cgo

package analyze

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze/scene"
)

// fillsScanAgain are those whose queries scan what stays small, with the reason.
var fillsScanAgain = map[string]string{
	"clock_offset": "the one manager that looked last",
	"scene":        "the lanes of the timeline, rows that the query itself holds",
}

// TestPlansOfFills is [TestPlans] for the queries that Go asks: those of every Fill and Aside, the walk's among them, and of
// what reads the whole. They are heard while they are answered for real bundles, because what there is decides what is asked next.
func TestPlansOfFills(t *testing.T) {
	unused := maps.Clone(fillsScanAgain)
	heard := map[string]int{} // queries by who asked, in all sets
	for _, set := range bundleSets(t) {
		db := openHeard(t, analyzedSet(t, set))
		judge := func(name string) {
			for _, query := range slices.Sorted(maps.Keys(db.asked)) {
				heard[name]++
				complaints := db.quadratic(t, query, make([]any, db.asked[query])...)
				if len(complaints) == 0 {
					continue
				}
				if _, ok := fillsScanAgain[name]; !ok {
					t.Errorf("%s: %s, of the query %.60q", name, strings.Join(complaints, "; "), strings.TrimSpace(query))
				}
				delete(unused, name)
			}
			clear(db.asked)
		}
		asks := func(name string, err error) {
			if err != nil {
				t.Fatalf("%s: %s: %v", set, name, err)
			}
			judge(name)
		}
		for _, d := range computed() {
			if d.Fill != nil || d.Aside != nil {
				asks(d.Name, db.ask(t.Context(), d))
			}
		}
		_, err := hostsOf(t.Context(), &database{tx: db.heard}, nil)
		asks("hosts", err)
		_, err = knowledgeOf(t.Context(), &database{tx: db.heard}, nil)
		asks("coverage", err)
		_, err = readWalked(t.Context(), db.heard)
		asks("causes", err)
		_, err = scene.Read(t.Context(), db.heard, scene.Sight{})
		asks("scene", err)
	}
	for name := range unused {
		t.Errorf("%s scans nothing again: take it from the list", name)
	}
	for _, d := range computed() {
		if (d.Fill != nil || d.Aside != nil) && heard[d.Name] == 0 {
			t.Errorf("%s asks nothing that is heard", d.Name)
		}
	}
}

// ask lets a derived table ask what it is filled from, and puts no row.
func (db *heardDatabase) ask(ctx context.Context, d *Derived) error {
	if d.Aside != nil {
		_, err := d.Aside(ctx, db.heard)
		return err
	}
	return d.Fill(ctx, db.heard, func(...any) error { return nil })
}

// bundleSets are the directories of testdata/bundles.
func bundleSets(t *testing.T) (sets []string) {
	t.Helper()
	const dir = "../testdata/bundles"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			sets = append(sets, filepath.Join(dir, e.Name()))
		}
	}
	return sets
}

// analyzedSet is the database of a set of bundles.
func analyzedSet(t *testing.T, dir string) string {
	t.Helper()
	bundles, err := filepath.Glob(filepath.Join(dir, "*.tar.*"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(dir)+".db")
	if _, err := Run(t.Context(), Options{Bundles: bundles, DB: path}); err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	return path
}
