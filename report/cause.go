package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/analyze"
)

// topCauses is how many causes Markdown and the head of the HTML page tell with what follows from them.
const topCauses = 3

// A told is a cause with those of the same rule that rank below it, which a list does not repeat.
type told struct {
	analyze.Cause
	More  int      // causes of the same rule below
	Where []string // hosts of all of them, each once
}

// tell puts causes of one rule together at the place of the first. What no rule names stands alone.
func tell(causes []analyze.Cause) []told {
	var out []told
	at := map[string]int{}
	for _, c := range causes {
		i, ok := at[c.Rule]
		if !ok || c.Rule == "" {
			at[c.Rule] = len(out)
			out = append(out, told{Cause: c, Where: []string{c.Host}})
			continue
		}
		out[i].More++
		if !slices.Contains(out[i].Where, c.Host) {
			out[i].Where = append(out[i].Where, c.Host)
		}
	}
	return out
}

// Name is the rule, or that there is none.
func (t told) Name() string {
	if t.Rule == "" {
		return "no rule names it"
	}
	return t.Rule
}

// Lines are what is known of a cause, a name and a sentence each, in the order in which they are asked for.
func (t told) Lines() [][2]string {
	var out [][2]string
	add := func(name, value string) {
		if value != "" {
			out = append(out, [2]string{name, value})
		}
	}
	if t.Kind == analyze.CauseSymptom {
		add("unexplained", "an effect; nothing that was judged explains it")
	}
	add("breaks", t.Breaks.Line())
	if s := t.Since; s != nil && s.Felt {
		add("felt since", strings.TrimPrefix(s.Words, "felt since "))
	} else if s != nil {
		add("since", strings.TrimPrefix(s.Words, "since "))
	}
	add("confidence", t.Confidence.Word+": "+strings.Join(t.Confidence.For, "; "))
	add("against", strings.Join(t.Confidence.Against, "; "))
	add("missing", strings.Join(t.Confidence.Missing, "; "))
	add("follows", t.Following())
	if t.Competing != nil {
		add("or else", t.Competing.What+" ("+t.Competing.Rule+")")
	}
	if t.Remedy != nil {
		add("remedy", t.Remedy.Do)
	}
	if t.More > 0 {
		add("more", plural(t.More, "cause", "")+" of the same rule")
	}
	return out
}

// Following is what follows from the cause, rules counted once, worst first.
func (t told) Following() string {
	var rules []string
	n := map[string]int{}
	for _, s := range t.Symptoms {
		if n[s.Rule]++; n[s.Rule] == 1 {
			rules = append(rules, s.Rule)
		}
	}
	for i, r := range rules {
		if n[r] > 1 {
			rules[i] = fmt.Sprintf("%s (%d)", r, n[r])
		}
	}
	if len(rules) == 0 {
		return ""
	}
	return plural(len(t.Symptoms), "finding", "") + ": " + strings.Join(rules, ", ")
}

// TopCauses are those that the head of the page tells.
func (p *page) TopCauses() []told { return p.Told[:min(len(p.Told), topCauses)] }

// CausesRest is the number of causes that TopCauses leaves out, those of the same rules not counted.
func (p *page) CausesRest() int {
	n := 0
	for _, t := range p.Told[min(len(p.Told), topCauses):] {
		n += 1 + t.More
	}
	return n
}

// causes is the full text: every cause with its signals and every finding that follows.
func (t *text) causes() {
	for _, c := range t.Causes {
		x := told{Cause: c}
		t.title(fmt.Sprintf("Cause %d: %s on %s", c.Rank, c.Title, c.Host))
		t.para("", t.severity(c.Severity)+" ", c.Summary)
		t.field("rule", x.Name())
		for _, l := range x.Lines() {
			t.field(l[0], l[1])
		}
		for _, s := range c.Symptoms {
			t.para("      ", "→ ", fmt.Sprintf("%s on %s: %s (%s)", s.Rule, s.Host, s.Summary, s.Why))
		}
		if c.Competing != nil && c.Competing.Check != "" {
			t.line("  " + t.style("2", "to decide"))
			t.block(c.Competing.Check)
		}
	}
}

// markdownCauses is the list of the first causes.
func (p *page) markdownCauses() []byte {
	var b bytes.Buffer
	if len(p.Told) == 0 {
		return nil
	}
	fmt.Fprintf(&b, "\n**Causes**, ranked by %s\n\n", md(p.RankedBy))
	for _, c := range p.TopCauses() {
		fmt.Fprintf(&b, "%d. **%s**, %s on %s: %s\n", c.Rank, md(string(c.Severity)), code(c.Name()), md(p.Names(c.Where)), md(c.Summary))
		for _, l := range c.Lines() {
			fmt.Fprintf(&b, "   - %s: %s\n", l[0], md(l[1]))
		}
	}
	if n := p.CausesRest(); n > 0 {
		fmt.Fprintf(&b, "\n_And %s more._\n", plural(n, "cause", ""))
	}
	return b.Bytes()
}
