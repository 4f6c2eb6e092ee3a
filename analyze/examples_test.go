//go:build cgo

package analyze

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExamples runs every example over the database of a real incident, and holds the answer of those that the incident is about.
func TestExamples(t *testing.T) {
	bundles, err := filepath.Glob("../testdata/bundles/incident-fdb-missing/*.tar.zst")
	if err != nil || len(bundles) == 0 {
		t.Fatalf("no bundles: %v", err)
	}
	db := filepath.Join(t.TempDir(), "report.db")
	if _, err := Run(t.Context(), Options{Bundles: bundles, DB: db}); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rows := map[string]int{}
	for _, e := range Examples() {
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(e.Name) || e.Title == "" || strings.Contains(e.Query, ";") {
			t.Errorf("example %q, %q: not in form", e.Name, e.Title)
		}
		if _, twice := rows[e.Name]; twice {
			t.Errorf("two examples are called %s", e.Name)
		}
		got, err := r.Query(t.Context(), e.Query)
		if err != nil {
			t.Errorf("%s: %v", e.Name, err)
			continue
		}
		for rows[e.Name] = 0; got.Next(); rows[e.Name]++ {
		}
		if err := got.Err(); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
		got.Close()
	}
	for name, want := range map[string]int{"causes": 2, "broken-pairs": 41, "missing-fdb": 1, "missing-hosts": 0, "captures": 2} {
		if rows[name] != want {
			t.Errorf("%s gives %d rows, not %d", name, rows[name], want)
		}
	}
}

// TestReader: what is not reading is refused, and says what it would have done; nothing beside the file appears.
func TestReader(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	db, err := create(t.Context(), "report.db", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.finish(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile("report.db")
	if err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(t.Context(), "report.db")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for query, want := range map[string]string{
		"INSERT INTO fdb (host, line) VALUES ('x', 1)":             "insert into fdb",
		"UPDATE fdb SET mac = 1":                                   "update fdb",
		"DELETE FROM fdb":                                          "delete from fdb",
		"DROP TABLE fdb":                                           "change what tables there are",
		"CREATE TABLE x (a)":                                       "change what tables there are",
		"CREATE TEMP TABLE x (a)":                                  "change what tables there are",
		"CREATE INDEX i ON fdb (mac)":                              "change what tables there are",
		"ATTACH 'file:other.db?mode=rwc' AS o":                     "attach the file file:other.db?mode=rwc",
		"VACUUM INTO 'copy.db'":                                    "attach the file",
		"PRAGMA query_only = 0":                                    "set the pragma query_only",
		"PRAGMA user_version = 7":                                  "set the pragma user_version",
		"BEGIN":                                                    "do the transaction step BEGIN",
		"WITH a AS (SELECT 1) DELETE FROM fdb":                     "delete from fdb",
		"SELECT load_extension('x')":                               "use load_extension",
		"ALTER TABLE fdb RENAME TO gone":                           "",
		"REPLACE INTO fdb (host, line) SELECT host, line FROM fdb": "insert into fdb",
	} {
		rows, err := r.Query(t.Context(), query)
		if err == nil {
			for rows.Next() {
			}
			err = r.Error(rows.Err())
			rows.Close()
		}
		if !errors.Is(err, ErrWrites) || !strings.Contains(err.Error(), "this would "+want) {
			t.Errorf("%s: %v", query, err)
		}
	}
	for _, query := range []string{"SELECT 1", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT * FROM n", "PRAGMA table_info(fdb)", "EXPLAIN QUERY PLAN SELECT * FROM fdb", "VALUES (1)", "PRAGMA user_version"} {
		rows, err := r.Query(t.Context(), query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		rows.Close()
	}
	after, err := os.ReadFile("report.db")
	if err != nil || string(after) != string(before) {
		t.Errorf("the file is another now: %v", err)
	}
	if left, _ := filepath.Glob("*"); len(left) != 1 {
		t.Errorf("there is %q now", left)
	}
}

func TestReaderRefuses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("This is a text of more than sixteen bytes.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReader(t.Context(), text); !errors.Is(err, ErrNoDatabase) {
		t.Errorf("a text: %v", err)
	}
	if _, err := OpenReader(t.Context(), dir); !errors.Is(err, ErrNoDatabase) {
		t.Errorf("a directory: %v", err)
	}
	if _, err := OpenReader(t.Context(), filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}
