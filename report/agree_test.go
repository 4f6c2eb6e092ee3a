package report

import (
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

// TestRenderingsAgree: one result, four renderings; every finding and every count is in each of them.
func TestRenderingsAgree(t *testing.T) {
	for name, r := range map[string]*analyze.Result{"incident": sample(), "healthy": healthy(), "fleet": fleet(12)} {
		p := newPage(r)
		var counts []string
		for _, c := range p.Tallies {
			counts = append(counts, fmt.Sprintf("%d of %d", c.N, c.Of))
		}
		for _, x := range renderings {
			out := rendered(t, x.render, r)
			text := flat(x.name, out)
			if !strings.Contains(text, flat("", r.Verdict)) {
				t.Errorf("%s, %s: the verdict is not there", name, x.name)
			}
			if x.name == "json" {
				var back analyze.Result
				if err := json.Unmarshal([]byte(out), &back); err != nil {
					t.Fatal(err)
				}
				if len(back.Findings) != len(r.Findings) || back.Counts.RulesUnjudged != r.Counts.RulesUnjudged || back.Counts.Gaps != r.Counts.Gaps {
					t.Errorf("%s: json has other counts: %+v", name, back.Counts)
				}
			} else {
				for _, c := range append(counts, p.FindingsLine()) {
					if !strings.Contains(text, c) {
						t.Errorf("%s, %s: the count %q is not there", name, x.name, c)
					}
				}
			}
			for _, c := range p.TopCauses() {
				said := []string{c.Summary, c.Name(), c.Confidence.Word, string(c.Severity)}
				if x.name != "json" {
					said = append(said, c.Breaks.Line())
				}
				for _, s := range said {
					if !strings.Contains(text, flat("", s)) {
						t.Errorf("%s, %s: %q of cause %d is not there", name, x.name, s, c.Rank)
					}
				}
				for _, s := range c.Symptoms {
					if !strings.Contains(text, s.Rule) {
						t.Errorf("%s, %s: %s, which follows from cause %d, is not there", name, x.name, s.Rule, c.Rank)
					}
				}
			}
			if strings.Contains(out, "brief") || x.name == "brief.txt" || x.name == "color.txt" {
				continue // a brief text leaves out findings, and says how many
			}
			for _, f := range r.Findings {
				for _, s := range []string{f.ID, f.Summary, f.Rule, string(f.Severity)} {
					if !strings.Contains(text, flat("", s)) {
						t.Errorf("%s, %s: %q of finding %s is not there", name, x.name, s, f.ID)
					}
				}
			}
			for _, h := range r.Hosts {
				for _, g := range h.Gaps {
					if !strings.Contains(text, g.Ref) {
						t.Errorf("%s, %s: the gap %s is not there", name, x.name, g.Ref)
					}
				}
			}
		}
	}
}

var (
	tag     = regexp.MustCompile(`<[^>]*>`)
	escapes = regexp.MustCompile("\x1b\\[[0-9;]*m|[`\\\\*]")
	space   = regexp.MustCompile(`\s+`)
)

// flat undoes what a rendering adds: markup, wrapping, the case of a severity.
func flat(rendering, s string) string {
	if rendering == "html" {
		s = html.UnescapeString(tag.ReplaceAllString(s, ""))
	}
	return strings.ToLower(space.ReplaceAllString(escapes.ReplaceAllString(s, ""), " "))
}

// TestBounds: a fleet of a thousand hosts, each with a finding, stays a page that opens and a text that can be
// pasted; what is left out is counted.
func TestBounds(t *testing.T) {
	r := fleet(3000)
	out := rendered(t, HTML, r)
	if len(out) > 5<<20 {
		t.Errorf("the page has %d bytes", len(out))
	}
	if n := strings.Count(out, `<details class="finding"`); n != maxCards {
		t.Errorf("%d findings with evidence, not %d", n, maxCards)
	}
	if !strings.Contains(out, "1000 findings more") {
		t.Error("the page does not say how many findings it leaves out")
	}
	md := rendered(t, Markdown, r)
	if len(md) > markdownLimit {
		t.Errorf("the Markdown has %d bytes", len(md))
	}
	for _, want := range []string{"netmortem 0.1.0", "left out", "more._"} {
		if !strings.Contains(md, want) {
			t.Errorf("the Markdown lacks %q", want)
		}
	}
	if n := strings.Count(md, "<details>"); n != strings.Count(md, "</details>") {
		t.Errorf("%d folds are opened, %d closed", n, strings.Count(md, "</details>"))
	}
	if brief := rendered(t, renderings[1].render, r); strings.Count(brief, "\n") > 40 {
		t.Errorf("the brief text has %d lines", strings.Count(brief, "\n"))
	}
}

// TestNeverAllGood: a result with nothing found and something unseen must not read, or look, as a healthy one.
func TestNeverAllGood(t *testing.T) {
	r := healthy()
	r.Hosts[0].Gaps = sample().Hosts[1].Gaps
	r.Rules[0].Outcomes[0] = analyze.Outcome{Host: "node1", Verdict: analyze.NotJudged, Why: "fdb not captured"}
	countAll(r)
	out := rendered(t, HTML, r)
	if strings.Contains(out, `class="verdict" data-tone="clean"`) || !strings.Contains(out, `class="verdict" data-tone="open"`) {
		t.Error("the page colours an incomplete result as a clean one")
	}
	for _, x := range renderings {
		if out := rendered(t, x.render, r); !strings.Contains(out, "fdb not captured") {
			t.Errorf("%s does not say what was not judged", x.name)
		}
	}
	if !strings.Contains(rendered(t, HTML, healthy()), `class="verdict" data-tone="clean"`) {
		t.Error("the page does not show a clean result as one")
	}
}
