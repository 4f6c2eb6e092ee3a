package analyze

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"
	"time"
)

// TestRunTogether runs with a file that stays and with one that does not, where the rules are asked while paths are walked, and on one
// processor, where one thing is done after the other, and has a rule that waits for the walk: nothing else may differ.
func TestRunTogether(t *testing.T) {
	if err := sqliteAvailable(); err != nil {
		t.Skip(err)
	}
	bundles, err := filepath.Glob("../testdata/bundles/incident-fdb-missing/*.tar.zst")
	if err != nil || len(bundles) == 0 {
		t.Fatal("no bundles: ", err)
	}
	dir := t.TempDir()
	rule := `-- A way of packets is broken
-- severity: low
-- since: 0.1.0
-- layer: fdb
-- need: one host
-- check: none
-- remedy: none
--
-- What a packet does not get past.
SELECT host, hop || ' on ' || host AS summary, subject, ref AS segment_ref FROM path_segment WHERE verdict = 'dropped'
`
	if err := os.WriteFile(filepath.Join(dir, "own-broken-way.sql"), []byte(rule), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(db string) *Result {
		t.Helper()
		o := Options{Bundles: bundles, DB: db, RulesDir: dir, Now: time.Unix(0, 0)}
		res, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		res.Database, res.Scene = "", nil
		return res
	}
	passing := t.TempDir()
	t.Setenv("TMPDIR", passing)
	file, none := run(filepath.Join(dir, "report.db")), run("")
	if !reflect.DeepEqual(file, none) {
		t.Errorf("with a file: %+v\nwithout: %+v", file, none)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if alone := run(""); !reflect.DeepEqual(file, alone) {
		t.Errorf("with a file: %+v\non one processor: %+v", file, alone)
	}
	runtime.GOMAXPROCS(2)
	t.Setenv("TMPDIR", filepath.Join(passing, "none"))
	if private := run(""); !reflect.DeepEqual(file, private) {
		t.Errorf("with a file: %+v\nwhere none can be made: %+v", file, private)
	}
	found := 0
	for _, f := range file.Findings {
		if f.Rule == "own-broken-way" {
			found++
		}
	}
	if found == 0 || len(file.Causes) == 0 || file.Paths == nil {
		t.Errorf("%d broken ways are found, %d causes, paths %+v", found, len(file.Causes), file.Paths)
	}
	ctx, stop := context.WithCancel(t.Context())
	_, err = Run(ctx, Options{Bundles: bundles, DB: filepath.Join(dir, "stopped.db"), Progress: func(p Progress) {
		if p.Phase == "rules" {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("stopped while rules were asked: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "stopped*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if left, err := os.ReadDir(passing); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
