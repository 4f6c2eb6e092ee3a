package analyze

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runs are what RunFixtures reports of a directory.
func runs(t *testing.T, dir string, update bool) []FixtureRun {
	t.Helper()
	if err := sqliteAvailable(); err != nil {
		t.Skip(err)
	}
	var out []FixtureRun
	if err := RunFixtures(t.Context(), dir, update, func(x FixtureRun) { out = append(out, x) }); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestNewRule checks that a skeleton runs as it stands, and that nothing is written over.
func TestNewRule(t *testing.T) {
	dir := t.TempDir()
	made, err := NewRule(dir, "my-rule")
	if err != nil || len(made) != 3 {
		t.Fatalf("made %q, %v", made, err)
	}
	text, err := os.ReadFile(made[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"catalogue", "severity", "since", "layer", "need", "blame", "views", "check", "remedy", "risk", "verify", "undo", "upstream", "fixed-in", "limits"} {
		if !strings.Contains(string(text), "\n-- "+key+": ") {
			t.Errorf("the skeleton lacks the key %s", key)
		}
	}
	list := runs(t, dir, false)
	if len(list) != 2 || !list[0].Fires || list[1].Fires {
		t.Errorf("ran %+v", list)
	}
	for _, x := range list {
		if x.Problem != "" {
			t.Errorf("%s: %s", x.Fixture, x.Problem)
		}
	}
	if _, err := NewRule(dir, "my-rule"); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("made over what was there: %v", err)
	}
	for _, id := range []string{"fdb-wrong-vtep", "My Rule", "../up"} {
		if made, err := NewRule(dir, id); err == nil {
			t.Errorf("%s: made %q", id, made)
		}
	}
}

// TestRunFixtures goes through what can be wrong with a rule of one's own.
func TestRunFixtures(t *testing.T) {
	dir := t.TempDir()
	made, err := NewRule(dir, "my-rule")
	if err != nil {
		t.Fatal(err)
	}
	edit := func(path, old, new string) {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), old) {
			t.Fatalf("%s has no %q: %v", path, old, err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, new)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	edit(made[1], "28.5.1\",\"debug", "29.0.0\",\"debug")
	if list := runs(t, dir, false); !strings.Contains(list[0].Problem, "findings differ") || !strings.Contains(list[0].Problem, "engine = 29.0.0") || list[1].Problem != "" {
		t.Errorf("another version: %+v", list)
	}
	if list := runs(t, dir, true); !list[0].Updated || list[0].Problem != "" || list[1].Updated {
		t.Errorf("update: %+v", list)
	}
	if list := runs(t, dir, false); list[0].Problem != "" {
		t.Errorf("updated, and still: %s", list[0].Problem)
	}
	edit(made[0], "WHERE e.debug = 1\n", "LEFT JOIN container AS c ON c.host = e.host\nWHERE e.debug = 1 AND c.container IS NULL\n")
	edit(made[2], `"debug":false`, `"debug":true`)
	edit(made[2], "-- want --", "-- node-a/rows/container.jsonl --\n{\"container\":\"c\",\"name\":\"c\",\"state\":\"running\"}\n-- want --")
	if list := runs(t, dir, false); !strings.Contains(list[1].Problem, "without node-a/container, the rule invents:") {
		t.Errorf("a rule that concludes from a missing row: %+v", list)
	}
	if err := os.Remove(made[2]); err != nil {
		t.Fatal(err)
	}
	if list := runs(t, dir, false); len(list) != 2 || !strings.Contains(list[1].Problem, "wants a near miss") {
		t.Errorf("no near miss: %+v", list)
	}
}

// TestExample runs the rule that WRITING_RULES.md writes, and holds the page's pieces against its files.
func TestExample(t *testing.T) {
	dir := filepath.Join("testdata", "example")
	for _, x := range runs(t, dir, os.Getenv("UPDATE") != "") {
		if x.Problem != "" {
			t.Errorf("%s: %s", x.Fixture, x.Problem)
		}
	}
	page, err := os.ReadFile("WRITING_RULES.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log-shipper-missing.sql", "testdata/log-shipper-missing/fires.txtar", "testdata/log-shipper-missing/near-miss.txtar"} {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "\n"+strings.TrimSpace(string(text))+"\n```\n") {
			t.Errorf("WRITING_RULES.md does not show %s as it is", name)
		}
	}

	// The same rule without its join, as the page says.
	naive := t.TempDir()
	if err := os.CopyFS(naive, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(naive, "log-shipper-missing.sql")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	without := strings.NewReplacer("JOIN captured AS a ON a.host = e.host AND a.tbl = 'container'\n", "", "a.ref AS coverage_ref", "e.ref AS engine_ref").Replace(string(text))
	if err := os.WriteFile(path, []byte(without), 0o666); err != nil {
		t.Fatal(err)
	}
	const says = "without node-a/container, the rule invents:\nnode-a: No container of shipper runs on node-a\n"
	told := false
	for _, x := range runs(t, naive, false) {
		told = told || strings.Contains(x.Problem, says)
	}
	if !told || !strings.Contains(string(page), says) {
		t.Errorf("without its join the rule is not told to invent (%t), or the page does not say so", told)
	}
}
