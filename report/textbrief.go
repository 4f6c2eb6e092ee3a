package report

import (
	"fmt"
	"strings"

	"github.com/netmortem/netmortem/analyze"
)

// briefCauses is how many causes, those of one rule counted once, the overview tells. Of findings, where there is no cause, it is the same.
const briefCauses = 5

// brief is the overview: verdict, first causes, and how much of everything was seen.
func (t *text) brief() {
	t.verdict()
	switch {
	case len(t.Told) > 0:
		t.line("")
		t.briefCauses()
	case len(t.Groups) > 0:
		t.line("")
		t.briefFindings()
	}
	t.line("")
	t.briefCounts()
}

// briefCauses tells the first causes: the sentence, what is known beside it, and what follows.
func (t *text) briefCauses() {
	rest := 0
	for i, c := range t.Told {
		if i >= briefCauses {
			rest += 1 + c.More
			continue
		}
		lead := fmt.Sprintf("%3d %s ", c.Rank, t.severity(c.Severity))
		t.para("", lead, fmt.Sprintf("%s on %s", t.style("1", c.Name()), t.Names(c.Where)))
		if i > 0 || !strings.Contains(t.Verdict, c.Summary) { // the verdict has just said it
			t.para("    ", "", c.Summary)
		}
		t.para("    ", "", t.besides(c))
		for _, l := range c.Lines() {
			switch l[0] {
			case "follows", "or else":
				t.para("    ", t.style("2", l[0]+" "), l[1])
			case "missing":
				if c.Kind != analyze.CauseFinding {
					t.para("    ", t.style("2", "missing "), l[1])
				}
			}
		}
	}
	if rest > 0 {
		t.line("    " + t.style("2", "and "+plural(rest, "cause", "")+" more"))
	}
}

// besides is what is known of a cause in a few words: what it breaks, since when, how sure that is.
func (t *text) besides(c told) string {
	var parts []string
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if c.Kind == analyze.CauseSymptom {
		add("an effect that nothing explains")
	}
	if s := c.Breaks.Line(); c.Breaks.Walked && c.Breaks.Pairs+c.Breaks.Partly > 0 {
		add(t.style("1", "breaks "+s))
	} else {
		add(s)
	}
	if c.Since != nil {
		add(c.Since.Words)
	}
	add("confidence " + c.Confidence.Word)
	if c.More > 0 {
		add(plural(c.More, "more cause", "") + " of this rule")
	}
	return strings.Join(parts, t.style("2", " · "))
}

// briefFindings tells the first findings where no cause was made of them.
func (t *text) briefFindings() {
	rest := 0
	for i, g := range t.Groups {
		if i >= briefCauses {
			rest += len(g.Findings)
			continue
		}
		f := g.Findings[0]
		t.para("", fmt.Sprintf("%3d %s ", f.No, t.severity(g.Severity)), fmt.Sprintf("%s on %s", t.style("1", g.Rule), t.Names(g.Hosts)))
		t.para("    ", "", f.Summary)
		if n := len(g.Findings) - 1; n > 0 {
			t.line("    " + t.style("2", "and "+plural(n, "finding", "")+" more of this rule"))
		}
	}
	if rest > 0 {
		t.line("    " + t.style("2", "and "+plural(rest, "finding", "")+" more"))
	}
}

// briefCounts are the same counts that every rendering has, in three lines.
func (t *text) briefCounts() {
	say := func(name, text string) { t.para("", t.style("2", fmt.Sprintf("%-12s", name)), text) }
	of := map[string]tally{}
	for _, c := range t.Tallies {
		of[c.Name] = c
	}
	count := func(name, words string) string {
		c := of[name]
		s := fmt.Sprintf("%d of %d %s", c.N, c.Of, words)
		if c.Note != "" {
			s += " (" + c.Note + ")"
		}
		if c.Of > 0 && !c.Whole() && name != "checks clean" {
			s = t.style("33", s)
		}
		return s
	}
	found := of["hosts with findings"]
	if found.N == 0 {
		say("findings", fmt.Sprintf("%s: %d of %d hosts have any", t.FindingsLine(), found.N, found.Of))
	} else {
		say("findings", fmt.Sprintf("%s, on %d of %d hosts", t.FindingsLine(), found.N, found.Of))
	}
	say("coverage", count("hosts captured", "hosts captured")+", "+count("items captured whole", "items whole")+", "+count("checks clean", "checks clean"))
	if len(t.Causes) > 0 && t.RankedBy != "" {
		say("ranked by", t.RankedBy)
	}
	if s := t.briefUnjudged(); s != "" {
		say("not judged", s)
	}
}

// briefUnjudged says in a sentence how many checks could not be judged and why most of them could not; empty when all were.
func (t *text) briefUnjudged() string {
	unjudged, asked := t.Counts.RulesUnjudged, t.Counts.RulesUnjudged-t.Counts.RulesUnasked
	if unjudged == 0 {
		return ""
	}
	checks := t.Counts.RulesClean + t.Counts.RulesFound + unjudged
	type reason struct {
		why   string
		n     int
		hosts []string
	}
	var reasons []reason
	at := map[string]int{}
	most := 0
	for _, u := range t.Unjudged {
		i, ok := at[u.Why]
		if !ok {
			i = len(reasons)
			at[u.Why] = i
			reasons = append(reasons, reason{why: u.Why})
		}
		reasons[i].n += len(u.Rules)
		reasons[i].hosts = append(reasons[i].hosts, u.Host)
		if reasons[i].n > reasons[most].n {
			most = i
		}
	}
	s := fmt.Sprintf("%d of %d checks", unjudged, checks)
	if asked == 0 {
		s += ", for what capture reads only when it is asked to"
	}
	if len(reasons) == 0 {
		return s
	}
	r := reasons[most]
	switch {
	case len(reasons) == 1:
		s += ": "
	default:
		s += fmt.Sprintf(", %s, the commonest for %d: ", plural(len(reasons), "reason", ""), r.n)
	}
	s += r.why
	if len(t.Unjudged) > 1 {
		s += "; the report's coverage has all, and so has -v"
	}
	return s
}
