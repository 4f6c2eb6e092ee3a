package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/schema"
)

// bundlesDir holds real bundles, one folder a set, each with a README of what was planted.
var bundlesDir = filepath.Join("..", "..", "testdata", "bundles")

// TestBundles analyzes every set of real bundles and compares what it finds with the set's findings.txt. UPDATE=1
// rewrites that file; the bundles themselves are never made anew, for each is also one that an older version wrote.
func TestBundles(t *testing.T) {
	sets, err := filepath.Glob(filepath.Join(bundlesDir, "*", "README.md"))
	if err != nil || len(sets) == 0 {
		t.Fatalf("no sets below %s: %v", bundlesDir, err)
	}
	formats := map[int]bool{}
	for _, readme := range sets {
		set := filepath.Dir(readme)
		t.Run(filepath.Base(set), func(t *testing.T) { testBundleSet(t, set, formats) })
	}
	for f := 1; f <= schema.FormatVersion; f++ {
		if !formats[f] {
			t.Errorf("no set holds a bundle of format %d: every format that was ever written stays readable", f)
		}
	}
}

// endsWith is how a set's README.md tells the exit code of analyze.
var endsWith = regexp.MustCompile(`ends with\s+code (\d+)`)

func testBundleSet(t *testing.T, set string, formats map[int]bool) {
	paths, err := filepath.Glob(filepath.Join(set, "*.tar.zst"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no bundles in %s: %v", set, err)
	}
	for _, path := range paths {
		b, err := schema.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		formats[int(b.Meta.Format)] = true
		b.Close()
	}
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), append([]string{"analyze", "--format", "json", "-o", "-"}, paths...), streams{&stdout, &stderr})
	var r analyze.Result
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatalf("analyze ends with code %d: %v\n%s", code, err, stderr.Bytes())
	}
	readme, err := os.ReadFile(filepath.Join(set, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if want := endsWith.FindSubmatch(readme); want == nil || string(want[1]) != strconv.Itoa(code) {
		t.Errorf("analyze ends with code %d; the set's README.md says %q", code, want)
	}
	leadsWith(t, &r, string(readme))
	golden := filepath.Join(set, "findings.txt")
	got := findingsText(&r)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(old) {
		gone, come := differ(string(old), got)
		t.Errorf("%s differs (UPDATE=1 rewrites it)\nno longer: %s\nnew: %s", golden, strings.Join(gone, "\n"), strings.Join(come, "\n"))
	}
}

// planted is how a set's README.md tells which fault of the lab it is.
var planted = regexp.MustCompile("`lab plant ([a-z0-9-]+)`")

// leadsWith checks that the first cause is what was planted, or what that follows from.
func leadsWith(t *testing.T, r *analyze.Result, readme string) {
	t.Helper()
	name := planted.FindStringSubmatch(readme)
	if name == nil {
		return
	}
	f, err := readLabFault(filepath.Join(labDir, "faults", name[1]))
	if err != nil {
		t.Fatal(err)
	}
	if rank := f.ledBy(nil, r); rank != 1 {
		t.Errorf("%s was planted, and its cause has rank %d; the verdict is: %s", name[1], rank, r.Verdict)
	}
}

// findingsText prints what must not change by accident: the verdict, the ranking of causes, each finding with its evidence, each rule's
// outcomes, and what was not captured.
func findingsText(r *analyze.Result) string {
	var b strings.Builder
	by, _, _ := strings.Cut(r.RankedBy, " of ") // how many pairs there are is the walk's to test
	fmt.Fprintf(&b, "%s\n\ncauses ranked by %s\n", r.Verdict, by)
	for _, c := range r.Causes {
		fmt.Fprintf(&b, "%d %s %s %s %s, confidence %s\n", c.Rank, c.Kind, c.Severity, c.Rule, c.Host, c.Confidence.Word)
		if line := c.Breaks.Line(); line != "" {
			fmt.Fprintf(&b, "\t%s\n", line)
		}
		if c.Since != nil {
			fmt.Fprintf(&b, "\t%s\n", c.Since.Words)
		}
		for _, s := range c.Symptoms {
			fmt.Fprintf(&b, "\tfollows: %s %s: %s\n", s.Rule, s.Host, s.Why)
		}
	}
	b.WriteByte('\n')
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s %s\n\t%s\n\t%s\n", f.Severity, f.Rule, f.Host, f.Summary, f.Subject)
		for _, x := range f.Facts {
			fmt.Fprintf(&b, "\t%s = %s\n", x.Name, x.Value)
		}
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "\t%s %s\n", e.Name, e.Ref)
		}
		b.WriteByte('\n')
	}
	for _, j := range r.Rules {
		var verdicts []string
		for _, o := range j.Outcomes {
			v := o.Host + " " + o.Verdict
			if o.Why != "" {
				v += " (" + o.Why + ")"
			}
			verdicts = append(verdicts, v)
		}
		slices.Sort(verdicts)
		fmt.Fprintf(&b, "%s: %s\n", j.Rule, strings.Join(verdicts, ", "))
	}
	for _, h := range r.Hosts {
		fmt.Fprintf(&b, "%s: %d of %d items whole\n", h.Name, h.Items-int64(len(h.Gaps)), h.Items)
		for _, g := range h.Gaps {
			fmt.Fprintf(&b, "\t%s %s: %s\n", g.Item, g.Outcome, g.Reason)
		}
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "%s\n", p)
	}
	return b.String()
}
