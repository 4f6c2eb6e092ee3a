package analyze

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// TestHeaders checks what parseRule cannot: that a rule's words are for people, and that it reads something.
func TestHeaders(t *testing.T) {
	db, lin, _ := loadHosts(t, nil, computed())
	for _, r := range shippedRules(t) {
		if strings.HasSuffix(r.Title, ".") || len(r.Title) > 80 {
			t.Errorf("rule %s: the title is a line of at most 80 characters without a period: %q", r.ID, r.Title)
		}
		if len(r.Doc) < 80 {
			t.Errorf("rule %s: the explanation is too short to help: %q", r.ID, r.Doc)
		}
		if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(r.Since) {
			t.Errorf("rule %s: since %q is no version", r.ID, r.Since)
		}
		q, err := askOne(context.Background(), db, lin, r)
		if err != nil {
			t.Errorf("%s: %v", r.Path, err)
			continue
		}
		if len(q.reads) == 0 {
			t.Errorf("rule %s reads no captured table", r.ID)
		}
	}
}

// banned are the forms that SQLite and DuckDB do not read the same way, or that one of them does not read.
var banned = []struct {
	why string
	re  *regexp.Regexp
}{
	{"JSON functions: flatten in a derived table", regexp.MustCompile(`(?i)\bjson\w*\s*\(|->`)},
	{"iif(): write CASE", regexp.MustCompile(`(?i)\biif\s*\(`)},
	{"unixepoch(), julianday(), strftime(), datetime(): compute times in a derived table", regexp.MustCompile(`(?i)\b(unixepoch|julianday|strftime|datetime|timediff)\s*\(`)},
	{"IS 'text': write = or IS NOT DISTINCT FROM", regexp.MustCompile(`(?i)\bIS\s+(NOT\s+)?('|\d)`)},
	{"\"double quotes\": an identifier or a string, as each engine likes", regexp.MustCompile(`"`)},
	{"string_agg(): group_concat() works everywhere", regexp.MustCompile(`(?i)\bstring_agg\s*\(`)},
	{"/ without a decimal number before it: 7/2 is 3 here and 3.5 there", regexp.MustCompile(`(?:^|[^.0-9\s])\s*/|\b\d+\s*/`)},
	{"LIKE on what is not lower(…): case matters there, not here", regexp.MustCompile(`(?i)(?:^|[^)\s])\s+(NOT\s+)?LIKE\b`)},
	{"max() and min() of several arguments: greatest and least elsewhere", regexp.MustCompile(`(?i)\b(max|min)\s*\([^()]*,`)},
	{"GLOB with a character class differs; LIKE on lower(…)", regexp.MustCompile(`(?i)\bGLOB\s+'[^']*\[`)},
	{"rowid: not every engine has it", regexp.MustCompile(`(?i)\browid\b`)},
}

// portable strips comments and the text of strings, which may hold anything.
func portable(query string) (complaints []string) {
	bare := regexp.MustCompile(`--[^\n]*|'(?:[^']|'')*'`).ReplaceAllStringFunc(query, func(s string) string {
		if s[0] == '-' {
			return ""
		}
		return "''"
	})
	for _, b := range banned {
		text := bare
		if strings.HasPrefix(b.why, "GLOB") {
			text = query
		}
		if m := b.re.FindString(text); m != "" {
			complaints = append(complaints, b.why+": "+strings.TrimSpace(m))
		}
	}
	// Not covered by a pattern: LIKE after a call must be a call of lower.
	for _, m := range regexp.MustCompile(`(?i)(\w+)\s*\(([^()]|\([^()]*\))*\)\s+(?:NOT\s+)?LIKE\b`).FindAllStringSubmatch(bare, -1) {
		if !strings.EqualFold(m[1], "lower") {
			complaints = append(complaints, "LIKE on what is not lower(…): "+m[0])
		}
	}
	return complaints
}

func TestPortable(t *testing.T) {
	for _, r := range shippedRules(t) {
		for _, c := range portable(r.Query) {
			t.Errorf("%s: %s", r.Path, c)
		}
	}
	tests := []struct {
		query string
		ok    bool
	}{
		{"SELECT 'a/b' || x.\ny FROM t WHERE lower(a) LIKE 'x%' -- a / b", true},
		{"SELECT 1.0 * a FROM t WHERE a IS NOT NULL AND b IS NOT DISTINCT FROM c", true},
		{"SELECT lower(trim(a)) LIKE 'b' FROM t", true},
		{"SELECT json_extract(a, 'b')", false},
		{"SELECT a->>'b'", false},
		{"SELECT iif(a, 1, 2)", false},
		{"SELECT unixepoch(a)", false},
		{"SELECT a IS 'web'", false},
		{"SELECT a IS NOT 'web'", false},
		{`SELECT "a"`, false},
		{"SELECT a / b", false},
		{"SELECT 7/2", false},
		{"SELECT a LIKE 'b'", false},
		{"SELECT trim(a) LIKE 'b'", false},
		{"SELECT max(a, b)", false},
		{"SELECT a GLOB '[0-9]'", false},
	}
	for _, tt := range tests {
		if got := portable(tt.query); (len(got) == 0) != tt.ok {
			t.Errorf("%q: complaints %q; want none: %t", tt.query, got, tt.ok)
		}
	}
}

// TestPlainSQLite runs every rule, and reads every table, with the sqlite3 of the system on a file that was written
// here: nothing in it may need this program.
func TestPlainSQLite(t *testing.T) {
	cli, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("no sqlite3 command")
	}
	path := filepath.Join(t.TempDir(), "plain.db")
	db, err := create(t.Context(), path, computed())
	if err != nil {
		t.Skip(err)
	}
	defer db.discard()
	if err := derive(t.Context(), db, computed(), func(int) {}); err != nil {
		t.Fatal(err)
	}
	if err := db.finish(); err != nil {
		t.Fatal(err)
	}
	run := func(what, sql string) {
		t.Helper()
		cmd := exec.Command(cli, "-readonly", "-bail", path)
		cmd.Stdin = strings.NewReader(sql + ";\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: sqlite3: %v: %s", what, err, out)
		}
	}
	for _, r := range shippedRules(t) {
		text, err := os.ReadFile(filepath.Join("rules", r.ID+".sql"))
		if err != nil {
			t.Fatal(err)
		}
		run(r.Path, string(text))
	}
	for i := range schema.Tables {
		run(schema.Tables[i].Name, "SELECT * FROM "+schema.Tables[i].Name)
	}
	for _, d := range Tables() {
		run(d.Name, "SELECT * FROM "+d.Name)
	}
}
