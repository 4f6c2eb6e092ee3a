package analyze

import (
	"bufio"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A Rule is one question asked of the database, in one SQL file that plain sqlite3 runs unchanged. rules/FORMAT.md
// describes the file.
type Rule struct {
	ID        string   // file name without .sql: lower-case words joined by hyphens
	Title     string   // first line: what is wrong when it finds something
	Catalogue string   // entries of the failure catalogue that it judges: A2, or A2 A8; empty for a rule of one's own
	Severity  Severity // of its findings, unless a finding says its own
	Since     string   // version of netmortem that brought it
	Layer     string   // where the fault sits: one of [Layers]
	Need      string   // what must have been captured for it: words of [Needs], parted by commas
	Blame     string   // whose fault it is, unless a finding says its own: one of [Blames]
	Views     string   // which views of the swarm disagree, unless a finding says its own; empty where none do
	Check     string   // command that shows the same by hand
	Remedies  []Remedy // what mends it, the least disturbing first
	Upstream  string   // issues and fixes upstream
	FixedIn   string   // versions that have the fix
	Limits    string   // when it can be wrong or silent
	Doc       string   // the explanation, paragraphs parted by blank lines
	Query     string   // the SELECT
	Path      string   // of the file, for messages
}

// A Remedy is one thing to do about a finding. Nothing here is ever run by netmortem.
type Remedy struct {
	Do     string `json:"do"`               // what to do: a command with its place, or words
	Risk   string `json:"risk,omitempty"`   // what it may break
	Verify string `json:"verify,omitempty"` // how to see that it helped
	Undo   string `json:"undo,omitempty"`   // how to take it back
}

//go:embed rules
var embedded embed.FS

// Rules reads the rules that come with netmortem and, if dir is not empty, every *.sql file of dir, in order of id.
// A file of dir may not have the id of another rule.
func Rules(dir string) ([]*Rule, error) {
	rules, err := readRules(embedded, "rules", "rules")
	if err != nil {
		return nil, err
	}
	if dir != "" {
		own, err := ownRules(dir)
		if err != nil {
			return nil, err
		}
		rules = append(rules, own...)
	}
	slices.SortStableFunc(rules, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
	for i := 1; i < len(rules); i++ {
		if rules[i].ID == rules[i-1].ID {
			return nil, fmt.Errorf("%s: there is a rule %s already, in %s", rules[i].Path, rules[i].ID, rules[i-1].Path)
		}
	}
	return rules, nil
}

// ownRules reads the rules of a directory; one without any is an error.
func ownRules(dir string) ([]*Rule, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, err // os.DirFS would call it "."
	}
	own, err := readRules(os.DirFS(dir), ".", dir)
	if err == nil && len(own) == 0 {
		err = fmt.Errorf("%s: no *.sql file", dir)
	}
	return own, err
}

func readRules(fsys fs.FS, dir, shown string) ([]*Rule, error) {
	files, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	var rules []*Rule
	for _, f := range files {
		if f.IsDir() || path.Ext(f.Name()) != ".sql" {
			continue
		}
		text, err := fs.ReadFile(fsys, path.Join(dir, f.Name()))
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		r, err := parseRule(filepath.Join(shown, f.Name()), string(text))
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, nil
}

var ruleID = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// field returns where a header key is kept; nil for a key that does not exist. A key remedy begins the next remedy, to which the
// risk, verify and undo below it belong.
func (r *Rule) field(key string) *string {
	switch key {
	case "remedy":
		r.Remedies = append(r.Remedies, Remedy{})
	case "risk", "verify", "undo":
		if len(r.Remedies) == 0 {
			return nil
		}
	}
	switch key {
	case "catalogue":
		return &r.Catalogue
	case "need":
		return &r.Need
	case "blame":
		return &r.Blame
	case "views":
		return &r.Views
	case "severity":
		return (*string)(&r.Severity)
	case "since":
		return &r.Since
	case "layer":
		return &r.Layer
	case "check":
		return &r.Check
	case "remedy":
		return &r.Remedies[len(r.Remedies)-1].Do
	case "risk":
		return &r.Remedies[len(r.Remedies)-1].Risk
	case "verify":
		return &r.Remedies[len(r.Remedies)-1].Verify
	case "undo":
		return &r.Remedies[len(r.Remedies)-1].Undo
	case "upstream":
		return &r.Upstream
	case "fixed-in":
		return &r.FixedIn
	case "limits":
		return &r.Limits
	}
	return nil
}

// parseRule reads one rule file; name is its path, and its base is the rule's id.
func parseRule(name, text string) (*Rule, error) {
	r := &Rule{ID: strings.TrimSuffix(filepath.Base(name), ".sql"), Path: name}
	if !ruleID.MatchString(r.ID) {
		return nil, fmt.Errorf("%s: a rule's file name is lower-case words joined by hyphens", name)
	}
	fail := func(line int, format string, args ...any) (*Rule, error) {
		return nil, fmt.Errorf("%s:%d: %s", name, line, fmt.Sprintf(format, args...))
	}
	var (
		sc    = bufio.NewScanner(strings.NewReader(text))
		n     int
		keys  = true // still among the keys
		last  *string
		prose []string
		query []string
	)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		n++
		line := strings.TrimRight(sc.Text(), " \t\r")
		if len(query) > 0 || !strings.HasPrefix(line, "--") {
			if len(query) > 0 || line != "" {
				query = append(query, line)
			}
			continue
		}
		body := strings.TrimPrefix(strings.TrimPrefix(line, "--"), " ")
		switch {
		case n == 1:
			r.Title = strings.TrimSpace(body)
		case keys && body == "":
			keys = false
		case keys && strings.HasPrefix(body, "  "):
			if last == nil {
				return fail(n, "a continued line, but no key before it")
			}
			*last += " " + strings.TrimSpace(body)
		case keys:
			key, value, ok := strings.Cut(body, ":")
			if !ok {
				return fail(n, "want \"key: value\", or an empty comment line before the explanation")
			}
			if last = r.field(key); last == nil {
				return fail(n, "no such key here: %q", key)
			}
			if *last != "" {
				return fail(n, "%s is there twice", key)
			}
			if *last = strings.TrimSpace(value); *last == "" {
				return fail(n, "%s is empty", key)
			}
		default:
			prose = append(prose, body)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r.Doc = strings.TrimSpace(strings.Join(prose, "\n"))
	r.Query = strings.TrimRight(strings.TrimSpace(strings.Join(query, "\n")), "; \n")
	for _, need := range []struct{ what, value string }{
		{"a title in the first line", r.Title}, {"severity", string(r.Severity)}, {"since", r.Since}, {"layer", r.Layer},
		{"check", r.Check}, {"remedy", r.remedy()}, {"an explanation", r.Doc}, {"a SELECT", r.Query},
	} {
		if need.value == "" {
			return nil, fmt.Errorf("%s: lacks %s", name, need.what)
		}
	}
	if r.Severity.Rank() <= 0 {
		return nil, fmt.Errorf("%s: severity %q; want low, medium, high or critical", name, r.Severity)
	}
	if !slices.Contains(Layers, r.Layer) {
		return nil, fmt.Errorf("%s: layer %q; want one of %s", name, r.Layer, strings.Join(Layers, ", "))
	}
	if r.Blame != "" && !slices.Contains(Blames, r.Blame) {
		return nil, fmt.Errorf("%s: blame %q; want one of %s", name, r.Blame, strings.Join(Blames, ", "))
	}
	for need := range strings.SplitSeq(r.Need, ",") {
		if need = strings.TrimSpace(need); need != "" && !slices.Contains(Needs, need) {
			return nil, fmt.Errorf("%s: need %q; want some of %s", name, need, strings.Join(Needs, ", "))
		}
	}
	return r, nil
}
