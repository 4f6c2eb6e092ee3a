package analyze

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const goodRule = `-- Something is wrong
-- severity: high
-- since: 0.1.0
-- layer: fdb
-- check: bridge fdb show
-- remedy: mend it
--   with care
-- risk: none
-- remedy: restart
-- verify: ping
-- undo: no
-- catalogue: A2
-- need: one host, two reads
-- blame: driver
-- views: tasks and kernel
--
-- What should be there.
--
-- More of it.
SELECT host, 'x' AS summary, 'y' AS subject, ref AS link_ref -- a comment of its own
FROM link;
`

func TestParseRule(t *testing.T) {
	r, err := parseRule("dir/some-rule.sql", goodRule)
	if err != nil {
		t.Fatal(err)
	}
	want := Rule{
		ID: "some-rule", Title: "Something is wrong", Severity: High, Since: "0.1.0", Layer: "fdb", Check: "bridge fdb show",
		Catalogue: "A2", Need: "one host, two reads", Blame: "driver", Views: "tasks and kernel",
		Remedies: []Remedy{{Do: "mend it with care", Risk: "none"}, {Do: "restart", Verify: "ping", Undo: "no"}}, Doc: "What should be there.\n\nMore of it.", Path: "dir/some-rule.sql",
		Query: "SELECT host, 'x' AS summary, 'y' AS subject, ref AS link_ref -- a comment of its own\nFROM link",
	}
	if !reflect.DeepEqual(*r, want) {
		t.Errorf("got  %+v\nwant %+v", *r, want)
	}
}

func TestParseRuleErrors(t *testing.T) {
	tests := []struct{ name, file, old, new, want string }{
		{"file name", "Some_Rule.sql", "", "", "lower-case words joined by hyphens"},
		{"unknown key", "r.sql", "-- layer:", "-- colour: red\n-- layer:", `r.sql:4: no such key here: "colour"`},
		{"risk of nothing", "r.sql", "-- layer:", "-- risk: much\n-- layer:", `r.sql:4: no such key here: "risk"`},
		{"layer", "r.sql", "layer: fdb", "layer: attic", `layer "attic"; want one of underlay,`},
		{"blame", "r.sql", "blame: driver", "blame: you", `blame "you"; want one of managers,`},
		{"need", "r.sql", "two reads", "luck", `need "luck"; want some of one host,`},
		{"no key", "r.sql", "-- layer: fdb", "-- layer fdb", `r.sql:4: want "key: value"`},
		{"twice", "r.sql", "-- risk: none", "-- risk: none\n-- layer: ipvs", "r.sql:9: layer is there twice"},
		{"empty", "r.sql", "-- risk: none", "-- risk:", "r.sql:8: risk is empty"},
		{"continued from nothing", "r.sql", "-- severity", "--   severity", "r.sql:2: a continued line"},
		{"severity", "r.sql", "high", "awful", `severity "awful"; want low, medium, high or critical`},
		{"severity none", "r.sql", "high", "none", `severity "none"`},
		{"lacks a key", "r.sql", "-- check: bridge fdb show\n", "", "r.sql: lacks check"},
		{"lacks an explanation", "r.sql", "-- What should be there.\n--\n-- More of it.\n", "", "lacks an explanation"},
		{"lacks a query", "r.sql", goodRule[strings.Index(goodRule, "SELECT"):], "", "lacks a SELECT"},
		{"lacks a title", "r.sql", "-- Something is wrong", "--", "lacks a title"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseRule(tt.file, strings.Replace(goodRule, tt.old, tt.new, 1))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want %q", err, tt.want)
			}
		})
	}
}

// TestOwnRules checks the rules of a user's directory: they join the shipped ones, and a mistake names the file.
func TestOwnRules(t *testing.T) {
	shipped := len(shippedRules(t))
	dir := t.TempDir()
	if _, err := Rules(dir); err == nil || !strings.Contains(err.Error(), "no *.sql file") {
		t.Errorf("an empty directory: %v", err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("aaa-mine.sql", goodRule)
	write("README", "no rule")
	rules, err := Rules(dir)
	if err != nil || len(rules) != shipped+1 || rules[0].ID != "aaa-mine" {
		t.Fatalf("%d rules, %v; want %d", len(rules), err, shipped+1)
	}
	if shipped > 0 {
		write(rules[1].ID+".sql", goodRule)
		if _, err := Rules(dir); err == nil || !strings.Contains(err.Error(), "there is a rule "+rules[1].ID+" already") {
			t.Errorf("a shipped rule's id: %v", err)
		}
	}
	if _, err := Rules(filepath.Join(dir, "none")); err == nil {
		t.Error("a directory that does not exist is accepted")
	}
}

// TestContract checks what SQLite and the columns of a rule may not be.
func TestContract(t *testing.T) {
	db, lin, _ := loadHosts(t, nil, computed())
	tests := []struct{ name, query, want string }{
		{"no host", "SELECT 'x' AS summary, 'y' AS subject, ref AS link_ref FROM link", "lacks the column host"},
		{"no evidence", "SELECT host, 'x' AS summary, 'y' AS subject FROM link", "no evidence"},
		{"column twice", "SELECT host, 'x' AS summary, 'y' AS subject, ref AS a_ref, ref AS a_ref FROM link", "two columns a_ref"},
		{"no such table", "SELECT host FROM nowhere", "no such table: nowhere"},
		{"it writes", "DELETE FROM link", "a rule may only read"},
		{"it attaches", "ATTACH 'x.db' AS x", "a rule may only read"},
		{"it sets", "PRAGMA journal_mode = WAL", "a rule may only read"},
		{"it loads", "SELECT load_extension('x') AS host", "load_extension"},
		{"no SQL", "SELEKT", "syntax error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := askOne(t.Context(), db, lin, &Rule{ID: "r", Query: tt.query})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want %q", err, tt.want)
			}
		})
	}
	// After a refusal the connection writes again: the authorizer is gone.
	if _, err := db.tx.Exec("DELETE FROM link"); err != nil {
		t.Error(err)
	}
}

// TestLineage checks that the tables behind a rule are found through a derived table and through a subquery.
func TestLineage(t *testing.T) {
	derived := []*Derived{
		{Name: "first_step", Columns: capturedTable.Columns[:1], Query: "SELECT host FROM fdb"},
		{Name: "second_step", Columns: capturedTable.Columns[:1], Query: "SELECT f.host FROM first_step AS f JOIN swarm_task AS t ON t.host = f.host"},
		{Name: "by_go", Columns: capturedTable.Columns[:1], Fill: nil, Query: "SELECT host FROM second_step WHERE 1"},
	}
	db, lin, _ := loadHosts(t, nil, derived)
	q, err := askOne(t.Context(), db, lin, &Rule{ID: "r", Query: `WITH b AS (SELECT host FROM bundle)
SELECT b.host, 's' AS summary, 't' AS subject, (SELECT max(ref) FROM captured) AS c_ref
FROM b JOIN by_go AS g ON g.host = b.host WHERE EXISTS (SELECT count(*) FROM engine)`})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(q.reads, " "); got != "engine fdb swarm_task" {
		t.Errorf("reads %s", got)
	}
}
