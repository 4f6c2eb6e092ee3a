//go:build cgo

package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/report/show"
	"github.com/netmortem/netmortem/schema"
	"github.com/netmortem/netmortem/schema/hostile"
)

// TestIntegrationCorpus plants an attack in every captured text, and looks for it in whatever a terminal, a spreadsheet or a program
// would read: no character that a terminal obeys, none that turns letters round, no cell that computes.
func TestIntegrationCorpus(t *testing.T) {
	planted := map[string]bool{} // columns, as table.column
	if obeyed(hostile.Payload) == "" || obeyed("a\tb\r\nc ü\n") != "" {
		t.Fatal("the payload has nothing that a terminal obeys: this proves nothing")
	}
	// One set has rows of every collector; of the other rules find what was broken, and paths are walked.
	t.Run("all", func(t *testing.T) { testCorpus(t, "healthy-every-collector", hostile.All, planted) })
	t.Run("names", func(t *testing.T) { testCorpus(t, "incident-stale-backend", hostile.Names, planted) })
	if t.Failed() {
		return
	}
	n := 0
	for _, table := range schema.Tables {
		for _, c := range table.Columns {
			name := table.Name + "." + c.Name
			if c.Type != "TEXT" || !textual(table.Type.Field(c.Field).Type) || c.Class == schema.Plain || c.Class == schema.Addr {
				continue
			}
			if n++; !planted[name] && !slices.Contains(unplanted, name) {
				t.Errorf("nothing was planted in %s (%s)", name, c.Doc)
			} else if planted[name] && slices.Contains(unplanted, name) {
				t.Errorf("%s is planted: take it off the list", name)
			}
		}
	}
	t.Logf("%d columns of names and free text, %d columns planted in all", n, len(planted))
}

// textual are types whose text may be any.
func textual(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t != reflect.TypeFor[netip.Addr]() && t != reflect.TypeFor[netip.Prefix]() && t != reflect.TypeFor[time.Time]()
}

// unplanted are columns of names and free text whose decoder takes a few words only, or none of a line like ours.
var unplanted = []string{"ipvs_connection.pe_data", "kernel_log.comm", "kernel_log.cgroup", "kernel_log.dev", "log_line.error"}

func testCorpus(t *testing.T, set string, how hostile.Plant, planted map[string]bool) {
	dir := t.TempDir()
	from, err := filepath.Glob(filepath.Join(bundlesDir, set, "*.tar.zst"))
	if err != nil || len(from) == 0 {
		t.Fatalf("no bundles of %s: %v", set, err)
	}
	var bundles []string
	for _, f := range from {
		to := filepath.Join(dir, filepath.Base(f))
		if err := hostile.Write(to, f, how); err != nil {
			t.Fatal(err)
		}
		bundles = append(bundles, to)
	}
	seen := 0
	db := filepath.Join(dir, "report.db")
	said := func(args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		code := run(context.Background(), args, streams{&stdout, &stderr})
		what := strings.ReplaceAll(strings.Join(args, " "), dir, "")
		if code != 0 && code != 1 && code != codePartial {
			t.Errorf("%.120s: exit code %d: %.300q", what, code, stderr.String())
		}
		for _, out := range []string{stdout.String(), stderr.String()} {
			if bad := obeyed(out); bad != "" {
				t.Errorf("%.160s %s", what, bad)
			}
		}
		seen += strings.Count(stdout.String(), hostile.Mark)
		return stdout.String()
	}
	r, err := analyze.Run(t.Context(), analyze.Options{Bundles: bundles, Tool: "test", DB: db})
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"brief", "text", "md", "json", "html"} {
		var out bytes.Buffer
		if err := render(&out, r, format, false, 100); err != nil {
			t.Fatal(err)
		}
		if bad := obeyed(out.String()); bad != "" {
			t.Errorf("%s %s", format, bad)
		}
		if !strings.Contains(out.String(), "pwn=1") {
			t.Errorf("%s shows nothing of what was planted", format)
		}
	}
	said(append([]string{"analyze", "-o", filepath.Join(dir, "out")}, bundles...)...)
	said(append([]string{"show"}, bundles...)...)
	for _, word := range show.Words() {
		said(append(append([]string{"show"}, bundles...), word)...)
	}
	said(append(append([]string{"show"}, bundles...), "link", "--stats")...)

	base, err := sql.Open("sqlite3", "file:"+db+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	rows, err := base.Query("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'")
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil || len(tables) < len(schema.Tables) {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	for _, table := range tables {
		for _, format := range []string{"table", "csv", "json", "md"} {
			out := said("query", db, fmt.Sprintf("select * from %q limit 12", table), "--format", format)
			if format == "csv" {
				for _, begin := range []string{",=", ",\"=", "\n=", "\n\"="} {
					if i := strings.Index(out, begin); i >= 0 {
						t.Errorf("CSV of %s has a cell that computes: %.40q", table, out[i:])
					}
				}
			}
		}
	}
	for _, table := range schema.Tables {
		for _, c := range table.Columns {
			if c.Type != "TEXT" {
				continue
			}
			var n int
			if err := base.QueryRow(fmt.Sprintf("SELECT count(*) FROM %s WHERE instr(%s, ?)", table.Name, c.Name), hostile.Mark).Scan(&n); err != nil {
				t.Fatal(err)
			}
			if n > 0 {
				planted[table.Name+"."+c.Name] = true
			}
		}
	}
	if seen < 1000 {
		t.Errorf("what was planted is seen %d times only", seen)
	}
	t.Logf("seen %d times", seen)
}

// obeyed is the first character that a terminal obeys, or that hides or turns text, with what stands before it.
func obeyed(out string) string {
	for i, r := range out {
		switch {
		case r == '\n' || r == '\t' || r == '\r' && strings.HasPrefix(out[i:], "\r\n"):
		case r == unicode.ReplacementChar && strings.HasPrefix(out[i:], "\ufffd"): // one that was read, not bytes that are none
		case !unicode.IsGraphic(r) || r == unicode.ReplacementChar:
			return fmt.Sprintf("has a raw %U: %.60q", r, out[max(0, i-20):])
		}
	}
	return ""
}
