package analyze

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestWhy asks a real incident's database why the row that its finding misses should be there.
func TestWhy(t *testing.T) {
	bundles, err := filepath.Glob(filepath.Join("..", "testdata", "bundles", "incident-fdb-missing", "*.tar.zst"))
	if err != nil || len(bundles) == 0 {
		t.Fatal(bundles, err)
	}
	path := filepath.Join(t.TempDir(), "why?.db") // a character that has a meaning in the driver's names
	r, err := Run(t.Context(), Options{Bundles: bundles, DB: path})
	if err != nil {
		t.Skip(err)
	}
	reasons, err := Why(t.Context(), path, r.Findings[0].Subject)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, x := range reasons {
		said[x.Table] = x.Why
		if len(x.Evidence) == 0 || len(x.Facts) == 0 {
			t.Errorf("%s: a reason without its row: %+v", x.Table, x)
		}
	}
	for _, table := range []string{"expected_fdb", "expected_neighbour"} {
		if !strings.Contains(said[table], "the managers have task rr.2 running on node1") {
			t.Errorf("%s because of %q", table, said[table])
		}
	}
	if reasons, err := Why(t.Context(), path, "fdb:node1/1-nowhere/02:42:00:00:00:01"); err != nil || len(reasons) != 0 {
		t.Errorf("a row that nothing asks for: %v, %v", reasons, err)
	}
	for _, subject := range []string{"", "fdb", "fdb:", "fdb:node1", "fdb:node1//x"} {
		if _, err := Why(t.Context(), path, subject); err == nil || !strings.Contains(err.Error(), "is no subject") {
			t.Errorf("%q: %v", subject, err)
		}
	}
	if _, err := Why(t.Context(), filepath.Join(t.TempDir(), "none.db"), "fdb:a/b"); err == nil {
		t.Error("a database that is not there is read")
	}
}
