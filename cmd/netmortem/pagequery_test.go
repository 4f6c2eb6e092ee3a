//go:build cgo

package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/report"
)

// TestPageQueries: what the report's page of data tells a reader to ask can be asked of the database beside it.
func TestPageQueries(t *testing.T) {
	bundles, err := filepath.Glob(filepath.Join(bundlesDir, "incident-fdb-missing", "*.tar.zst"))
	if err != nil || len(bundles) == 0 {
		t.Fatalf("no bundles: %v", err)
	}
	db := filepath.Join(t.TempDir(), "report.db")
	if _, err := analyze.Run(t.Context(), analyze.Options{Bundles: bundles, DB: db}); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, q := range report.Queries() {
		var out bytes.Buffer
		if err := runQuery(t.Context(), queryOptions{DB: db, Text: q.SQL, Format: "csv"}, streams{&out, &bytes.Buffer{}}); err != nil {
			t.Errorf("%s: %s: %v", q.Part, q.SQL, err)
		}
		rows += bytes.Count(out.Bytes(), []byte("\n")) - 1
	}
	if rows < 100 {
		t.Errorf("all of them together have %d rows", rows)
	}
}
