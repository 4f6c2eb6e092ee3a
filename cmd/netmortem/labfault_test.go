package main

import (
	"bufio"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

// labDir is where the lab is, from this package.
var labDir = filepath.Join("..", "..", "testdata", "lab")

// A labFault is the head of one file below faults/: what must be found once it is planted.
type labFault struct {
	Name   string
	Title  string
	Want   []ruleAt // must fire there, and name what was planted
	Also   []ruleAt // may fire there: a true consequence, which the file explains
	Never  []string // rules that must not fire anywhere, at any severity
	Settle int      // seconds without a change of tasks, before it is judged
	Breaks string   // what a real client loses: all, some or none of its connections
	Path   string   // touched: it touches a path, whatever the client loses; by chance: whether a packet gets through is luck
}

// ruleAt is a rule on a host.
type ruleAt struct{ Rule, Host string }

// readLabFault reads the leading comment of a fault's file: its title, then "key: value" lines, then prose.
func readLabFault(path string) (labFault, error) {
	f := labFault{Name: filepath.Base(path)}
	data, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	lines := bufio.NewScanner(strings.NewReader(string(data)))
	for n := 1; lines.Scan(); n++ {
		line, ok := strings.CutPrefix(lines.Text(), "#")
		line = strings.TrimSpace(line)
		if n == 1 {
			f.Title = line
			continue
		}
		if !ok || line == "" {
			break
		}
		key, value, _ := strings.Cut(line, ": ")
		if err := f.set(key, value); err != nil {
			return f, fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	return f, nil
}

func (f *labFault) set(key, value string) error {
	var err error
	switch key {
	case "want", "also":
		rule, host, ok := strings.Cut(value, " ")
		if !ok {
			return fmt.Errorf("%s: a rule and a host, not %q", key, value)
		}
		list := map[string]*[]ruleAt{"want": &f.Want, "also": &f.Also}[key]
		*list = append(*list, ruleAt{rule, host})
	case "never":
		f.Never = append(f.Never, value)
	case "settle":
		f.Settle, err = strconv.Atoi(value)
	case "breaks":
		f.Breaks = value
	case "path":
		if f.Path = value; value != "touched" && value != "by chance" {
			return fmt.Errorf("path: touched or by chance, not %q", value)
		}
	default:
		return fmt.Errorf("no key %q: want, also, never, settle, breaks and path are known", key)
	}
	return err
}

// readLabFaults reads all of them, in order of name, those that need the swarm to settle last.
func readLabFaults(t *testing.T) []labFault {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(labDir, "faults", "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no faults in %s: %v", labDir, err)
	}
	var faults []labFault
	for _, p := range paths {
		f, err := readLabFault(p)
		if err != nil {
			t.Fatal(err)
		}
		faults = append(faults, f)
	}
	slices.SortStableFunc(faults, func(a, b labFault) int { return cmp.Compare(a.Settle, b.Settle) })
	return faults
}

// labScore is what one fault, or one healthy capture, came to.
type labScore struct {
	Found  []ruleAt // wanted ones that fired and named what was planted
	Missed []ruleAt // wanted ones that did not
	Also   []ruleAt // others that the fault explains, each once
	False  []string // findings that nothing planted explains
}

// score compares findings with what a fault wants. planted are the words that plant printed: a wanted finding names
// one of them. Findings below medium are nobody's alarm, unless the fault says never.
func (f labFault) score(planted []string, findings []analyze.Finding) labScore {
	var s labScore
	explained := make([]bool, len(findings))
	for _, w := range f.Want {
		found := false
		for i, x := range findings {
			if (ruleAt{x.Rule, x.Host}) == w && namesOneOf(x, planted) {
				found, explained[i] = true, true
			}
		}
		if found {
			s.Found = append(s.Found, w)
		} else {
			s.Missed = append(s.Missed, w)
		}
	}
	for i, x := range findings {
		at := ruleAt{x.Rule, x.Host}
		switch {
		case explained[i]:
		case slices.Contains(f.Also, at):
			if !slices.Contains(s.Also, at) {
				s.Also = append(s.Also, at)
			}
		case slices.Contains(f.Never, x.Rule), x.Severity.Rank() >= analyze.Medium.Rank():
			s.False = append(s.False, fmt.Sprintf("%s %s on %s: %s", x.Severity, x.Rule, x.Host, x.Summary))
		}
	}
	return s
}

// namesOneOf reports whether the finding says one of the words: in its sentence, its subject or its facts.
func namesOneOf(x analyze.Finding, words []string) bool {
	said := []string{x.Summary, x.Subject}
	for _, fact := range x.Facts {
		said = append(said, fact.Value)
	}
	for _, w := range words {
		for _, s := range said {
			if saysWord(s, w) {
				return true
			}
		}
	}
	return false
}

// saysWord reports whether s holds w as a word: 10.20.1.2 is not in 10.20.1.20.
func saysWord(s, w string) bool {
	for {
		i := strings.Index(s, w)
		if i < 0 || w == "" {
			return false
		}
		before, after := s[:i], s[i+len(w):]
		if !endsInWord(before) && !startsWithWord(after) {
			return true
		}
		s = after
	}
}

func endsInWord(s string) bool { return s != "" && isWordByte(s[len(s)-1]) }
func startsWithWord(s string) bool {
	return s != "" && isWordByte(s[0])
}

func isWordByte(b byte) bool {
	return b == '_' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// TestFaultFiles checks the faults as far as that needs no lab: heads are complete, what they name exists, and there is one in
// every area of the catalogue. A rule that no fault wants is tried on its fixtures only.
func TestFaultFiles(t *testing.T) {
	rules, err := analyze.Rules("")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{} // rule: entries of the catalogue
	lacks := map[string]bool{}   // areas of the catalogue that no fault is from
	for _, r := range rules {
		known[r.ID] = r.Catalogue
	}
	for _, e := range analyze.Catalogue {
		lacks[e.ID[:1]] = true
	}
	planted := map[string]bool{}
	faults := readLabFaults(t)
	for _, f := range faults {
		if f.Title == "" || len(f.Want) == 0 || !slices.Contains([]string{"all", "some", "none"}, f.Breaks) {
			t.Errorf("%s: a fault has a title, at least one want, and breaks: all, some or none", f.Name)
		}
		names := slices.Clone(f.Never)
		for _, r := range slices.Concat(f.Want, f.Also) {
			names = append(names, r.Rule)
		}
		for _, name := range names {
			if _, ok := known[name]; !ok {
				t.Errorf("%s names rule %s, which does not exist", f.Name, name)
			}
		}
		for _, w := range f.Want {
			planted[w.Rule] = true
			for _, entry := range strings.Fields(known[w.Rule]) {
				delete(lacks, entry[:1])
			}
		}
	}
	for _, area := range slices.Sorted(maps.Keys(lacks)) {
		t.Errorf("no fault of the lab is from area %s of the catalogue", area)
	}
	for _, name := range labRefereed {
		if i := slices.IndexFunc(faults, func(f labFault) bool { return f.Name == name }); i < 0 || !faults[i].touchesPath() {
			t.Errorf("%s is tried with a referee, and is no fault that touches a path", name)
		}
	}
	for _, two := range togetherFaults(t) {
		if two[0].Settle > 0 || two[1].Settle > 0 {
			t.Errorf("%s and %s are planted together, and one waits for the swarm to settle", two[0].Name, two[1].Name)
		}
	}
	t.Logf("%d faults want %d of %d rules", len(faults), len(planted), len(rules))
}

func TestFaultScore(t *testing.T) {
	f := labFault{Want: []ruleAt{{"lost", "node2"}}, Also: []ruleAt{{"echo", "node2"}}, Never: []string{"hint"}}
	lost := analyze.Finding{Rule: "lost", Host: "node2", Severity: analyze.High, Summary: "10.0.0.2 is lost"}
	for _, c := range []struct {
		name     string
		findings []analyze.Finding
		found    int
		missed   int
		false    int
	}{
		{"found", []analyze.Finding{lost}, 1, 0, 0},
		{"missed", nil, 0, 1, 0},
		{"another address that begins alike", []analyze.Finding{{Rule: "lost", Host: "node2", Severity: analyze.High, Summary: "10.0.0.20 is lost"}}, 0, 1, 1},
		{"another host", []analyze.Finding{{Rule: "lost", Host: "node1", Severity: analyze.High, Summary: "10.0.0.2 is lost"}}, 0, 1, 1},
		{"named in the subject", []analyze.Finding{{Rule: "lost", Host: "node2", Subject: "ip:node2/10.0.0.2"}}, 1, 0, 0},
		{"named in a fact", []analyze.Finding{{Rule: "lost", Host: "node2", Facts: []analyze.Fact{{Name: "ip", Value: "10.0.0.2"}}}}, 1, 0, 0},
		{"consequence", []analyze.Finding{lost, {Rule: "echo", Host: "node2", Severity: analyze.High}}, 1, 0, 0},
		{"consequence elsewhere", []analyze.Finding{lost, {Rule: "echo", Host: "node1", Severity: analyze.High}}, 1, 0, 1},
		{"low is no alarm", []analyze.Finding{lost, {Rule: "other", Host: "node1", Severity: analyze.Low}}, 1, 0, 0},
		{"never is never", []analyze.Finding{lost, {Rule: "hint", Host: "node1", Severity: analyze.Low}}, 1, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := f.score([]string{"10.0.0.2"}, c.findings)
			if len(s.Found) != c.found || len(s.Missed) != c.missed || len(s.False) != c.false {
				t.Errorf("found %v, missed %v, false %v", s.Found, s.Missed, s.False)
			}
		})
	}
}
