//go:build cgo

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

// TestQueryInterrupted: a signal ends a query that would not end by itself, wherever it has got to.
func TestQueryInterrupted(t *testing.T) {
	bundles, err := filepath.Glob(filepath.Join(bundlesDir, "healthy-two-hosts", "*.tar.zst"))
	if err != nil || len(bundles) == 0 {
		t.Fatalf("no bundles: %v", err)
	}
	db := filepath.Join(t.TempDir(), "report.db")
	if _, err := analyze.Run(t.Context(), analyze.Options{Bundles: bundles, DB: db}); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n", // no row ever comes
		"with recursive n(i) as (select 1 union all select i + 1 from n) select i from n",        // rows without end
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		out := &cancelling{after: 1 << 16, cancel: func() { cancel(errors.New("stopped by a test")) }}
		if strings.Contains(query, "count") {
			go out.cancel()
		}
		err := runQuery(ctx, queryOptions{DB: db, Text: query, Format: "csv"}, streams{out, &bytes.Buffer{}})
		if code, err := codeOf(err); code != codeInterrupted || err == nil || err.Error() != "stopped by a test" {
			t.Errorf("%s: code %d, %v", query, code, err)
		}
		cancel(nil)
	}
	if after, err := os.ReadFile(db); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the database is another now: %v", err)
	}
}

// cancelling takes so many bytes, then calls cancel.
type cancelling struct {
	after  int
	cancel func()
}

func (c *cancelling) Write(b []byte) (int, error) {
	if c.after -= len(b); c.after <= 0 {
		c.cancel()
	}
	return len(b), nil
}

// TestMetadata: it tells of every table of the database, and has its name; each sentence is that of the one source.
func TestMetadata(t *testing.T) {
	docs := map[string]string{}
	for _, d := range analyze.TableDocs() {
		if d.Doc == "" || docs[d.Name] != "" {
			t.Errorf("table %s has no sentence, or comes twice", d.Name)
		}
		docs[d.Name] = d.Doc
		for _, c := range d.Columns {
			if c.Doc == "" {
				t.Errorf("%s.%s has no sentence", d.Name, c.Name)
			}
		}
	}
	bundles, err := filepath.Glob(filepath.Join(bundlesDir, "healthy-two-hosts", "*.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "of.tuesday.db")
	if _, err := analyze.Run(t.Context(), analyze.Options{Bundles: bundles, DB: path}); err != nil {
		t.Fatal(err)
	}
	db, err := analyze.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tables, err := dbTables(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range tables {
		if x.doc == nil {
			t.Errorf("table %s of the database is described nowhere", x.name)
		}
		delete(docs, x.name)
	}
	for name := range docs {
		t.Errorf("table %s is described, and not in the database", name)
	}
	if got := databaseLabel(path); got != "of.tuesday" {
		t.Errorf("Datasette calls it of.tuesday, we %s", got)
	}
}
