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
	ID       string   // file name without .sql: lower-case words joined by hyphens
	Title    string   // first line: what is wrong when it finds something
	Severity Severity // of its findings
	Since    string   // version of netmortem that brought it
	Layer    string   // where the fault sits: fdb, neighbour, ipvs, dns, …
	Check    string   // command that shows the same by hand
	Remedy   string   // what mends it
	Risk     string   // what the remedy may break
	Undo     string   // how to take it back
	Upstream string   // issues and fixes upstream
	FixedIn  string   // versions that have the fix
	Limits   string   // when it can be wrong or silent
	Doc      string   // the explanation, paragraphs parted by blank lines
	Query    string   // the SELECT
	Path     string   // of the file, for messages
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
		own, err := readRules(os.DirFS(dir), ".", dir)
		if err != nil {
			return nil, err
		}
		if len(own) == 0 {
			return nil, fmt.Errorf("%s: no *.sql file", dir)
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

// field returns where a header key is kept; nil for a key that does not exist.
func (r *Rule) field(key string) *string {
	switch key {
	case "severity":
		return (*string)(&r.Severity)
	case "since":
		return &r.Since
	case "layer":
		return &r.Layer
	case "check":
		return &r.Check
	case "remedy":
		return &r.Remedy
	case "risk":
		return &r.Risk
	case "undo":
		return &r.Undo
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
				return fail(n, "no such key: %q", key)
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
		{"check", r.Check}, {"remedy", r.Remedy}, {"an explanation", r.Doc}, {"a SELECT", r.Query},
	} {
		if need.value == "" {
			return nil, fmt.Errorf("%s: lacks %s", name, need.what)
		}
	}
	if r.Severity.Rank() <= 0 {
		return nil, fmt.Errorf("%s: severity %q; want low, medium, high or critical", name, r.Severity)
	}
	return r, nil
}
