package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

// TestLongBundlesAgree: for every set of real bundles terminal, Markdown, HTML and JSON tell the same counts.
func TestLongBundlesAgree(t *testing.T) {
	sets, err := filepath.Glob(filepath.Join(bundlesDir, "*", "README.md"))
	if err != nil || len(sets) == 0 {
		t.Fatalf("no sets below %s: %v", bundlesDir, err)
	}
	for _, readme := range sets {
		t.Run(filepath.Base(filepath.Dir(readme)), func(t *testing.T) {
			paths, err := filepath.Glob(filepath.Join(filepath.Dir(readme), "*.tar.zst"))
			if err != nil {
				t.Fatal(err)
			}
			r, err := analyze.Run(t.Context(), analyze.Options{Bundles: paths, Tool: "test"})
			if err != nil {
				t.Fatal(err)
			}
			agree(t, r)
		})
	}
}

// agree renders a result in every way and looks for each count.
func agree(t *testing.T, r *analyze.Result) {
	t.Helper()
	out := map[string]string{}
	for _, format := range []string{"brief", "text", "md", "html", "json"} {
		var b bytes.Buffer
		if err := render(&b, r, format, false, 100); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		out[format] = asRead(format, b.String())
	}
	var back analyze.Result
	if err := json.Unmarshal([]byte(out["json"]), &back); err != nil {
		t.Fatal(err)
	}
	c := countsOf(&back) // what JSON says is what the others have to say
	if direct := countsOf(r); !slices.Equal(c, direct) {
		t.Errorf("JSON has the counts %q, the result %q", c, direct)
	}
	for _, format := range []string{"brief", "text", "md", "html"} {
		for _, want := range c {
			if !strings.Contains(out[format], want) {
				t.Errorf("%s does not say %q", format, want)
			}
		}
	}
	for _, format := range []string{"text", "html"} { // those that list every finding and every gap
		for _, f := range back.Findings {
			if !strings.Contains(out[format], f.ID) {
				t.Errorf("%s does not list finding %s", format, f.ID)
			}
		}
	}
	for _, cause := range back.Causes[:min(len(back.Causes), 1)] {
		for _, format := range []string{"brief", "text", "md", "html"} {
			if line := cause.Breaks.Line(); !strings.Contains(out[format], line) {
				t.Errorf("%s does not say that the first cause breaks %q", format, line)
			}
		}
	}
	if got := len(regexp.MustCompile(`(?m)^Cause \d+: `).FindAllString(textOf(t, r), -1)); got != len(back.Causes) {
		t.Errorf("the text tells %d causes, JSON %d", got, len(back.Causes))
	}
}

func textOf(t *testing.T, r *analyze.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := render(&b, r, "text", false, 100); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// countsOf are the counts of a result in the words of every rendering, made of the lists and not of Counts.
func countsOf(r *analyze.Result) []string {
	var captured, items, gaps, clean, checks int
	bySeverity := map[analyze.Severity]int{}
	with := map[string]bool{}
	for _, f := range r.Findings {
		bySeverity[f.Severity]++
		with[f.Host] = true
	}
	for _, h := range r.Hosts {
		if h.Bundle != "" {
			captured++
		}
		items += int(h.Items)
		gaps += len(h.Gaps)
	}
	for _, j := range r.Rules {
		for _, o := range j.Outcomes {
			checks++
			if o.Verdict == analyze.Clean {
				clean++
			}
		}
	}
	var found []string
	for _, s := range slices.Backward(analyze.Severities) {
		if n := bySeverity[s]; n > 0 {
			found = append(found, fmt.Sprintf("%d %s", n, s))
		}
	}
	out := []string{
		fmt.Sprintf("%d of %d", captured, len(r.Hosts)), fmt.Sprintf("%d of %d", len(with), captured),
		fmt.Sprintf("%d of %d", clean, checks), fmt.Sprintf("%d of %d", items-gaps, items),
	}
	return append(out, found...)
}

var (
	htmlHidden = regexp.MustCompile(`(?s)<(script|style)[^>]*>.*?</(script|style)>`)
	htmlTag    = regexp.MustCompile(`<[^>]*>`)
	spaces     = regexp.MustCompile(`\s+`)
)

// asRead undoes markup and wrapping; JSON stays.
func asRead(format, s string) string {
	switch format {
	case "json":
		return s
	case "html":
		s = html.UnescapeString(htmlTag.ReplaceAllString(htmlHidden.ReplaceAllString(s, " "), ""))
	case "md":
		s = strings.NewReplacer(`\`, "", "**", "", "`", "").Replace(s)
	}
	return spaces.ReplaceAllString(s, " ")
}
