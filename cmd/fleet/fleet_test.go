package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

func bundlesOf(t testing.TB, f fleet) []string {
	t.Helper()
	dir := t.TempDir()
	if err := f.write(dir); err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.tar.zst"))
	if err != nil || len(paths) != f.hosts {
		t.Fatalf("%d bundles of %d hosts, %v", len(paths), f.hosts, err)
	}
	return paths
}

// TestFleet checks that the fleet is what it says: healthy but for what was broken, and the same each time.
func TestFleet(t *testing.T) {
	f := fleet{hosts: 20, containers: 10, broken: 2}
	paths, again := bundlesOf(t, f), bundlesOf(t, f)
	for i := range paths {
		a, _ := os.ReadFile(paths[i])
		b, err := os.ReadFile(again[i])
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs the second time, %v", filepath.Base(paths[i]), err)
		}
	}
	r, err := analyze.Run(t.Context(), analyze.Options{Bundles: paths})
	if err != nil {
		t.Skip(err) // built without SQLite
	}
	broken := 0
	for _, x := range r.Findings {
		switch {
		case x.Rule == "fdb-permanent-missing":
			broken++
		case x.Severity.Rank() >= analyze.Medium.Rank():
			t.Errorf("%s %s on %s: %s", x.Severity, x.Rule, x.Host, x.Summary)
		}
	}
	if broken != f.broken {
		t.Errorf("%d entries were found missing, %d are", broken, f.broken)
	}
}

// TestWide checks the network of many services: healthy but for what was broken, and each pair that a name was asked for is reached.
func TestWide(t *testing.T) {
	f := fleet{hosts: 5, services: 20, broken: 1, walk: true}
	r, err := analyze.Run(t.Context(), analyze.Options{Bundles: bundlesOf(t, f)})
	if err != nil {
		t.Skip(err) // built without SQLite
	}
	broken := 0
	for _, x := range r.Findings {
		switch {
		case x.Rule == "neigh-missing":
			broken++
		case x.Severity.Rank() >= analyze.Medium.Rank():
			t.Errorf("%s %s on %s: %s", x.Severity, x.Rule, x.Host, x.Summary)
		}
	}
	if broken != f.broken {
		t.Errorf("%d entries were found missing, %d are", broken, f.broken)
	}
	if r.Paths == nil || r.Paths.Whole == 0 || r.Paths.Broken == 0 {
		t.Errorf("paths: %+v", r.Paths)
	}
}

// BenchmarkFleet analyzes fleets of growing size: what a host costs must not grow with them.
func BenchmarkFleet(b *testing.B) {
	for _, hosts := range []int{50, 100, 200} {
		b.Run(fmt.Sprintf("hosts=%d", hosts), func(b *testing.B) {
			paths := bundlesOf(b, fleet{hosts: hosts, containers: 100})
			for b.Loop() {
				runtime.GC()
				if _, err := analyze.Run(b.Context(), analyze.Options{Bundles: paths, DB: filepath.Join(b.TempDir(), "fleet.db")}); err != nil {
					b.Skip(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N)/float64(hosts), "ms/host")
		})
	}
}
