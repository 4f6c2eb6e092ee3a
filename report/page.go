package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/analyze"
)

// A page is what every readable rendering shows, computed once, so that they cannot disagree.
type page struct {
	*analyze.Result         // with visible strings
	Tallies         []tally // the counts beside the verdict
	Severities      []count // findings by severity, worst first, none left out
	Groups          []group // findings by rule, in the order of the result
	Told            []told  // causes of one rule together, in the order of the ranking
	Unjudged        []unjudged
	Shadowed        []unjudged // rules that found something, and may have missed more
	Missing         []string   // hosts that the swarm names and nobody captured
}

// tallyFindings is the name of the one tally that does not say what was looked at.
const tallyFindings = "hosts with findings"

// A tally is one count with what it is a part of: a bare number would hide what was not looked at.
type tally struct {
	Name  string
	N, Of int
	Note  string // what the rest is; empty when there is none
}

// Whole reports that nothing is missing. Nothing of nothing is not whole.
func (t tally) Whole() bool { return t.N == t.Of && t.Of > 0 }

// A count is the number of findings of one severity.
type count struct {
	Severity analyze.Severity
	N        int
}

// A group is the findings of one rule. One rule that finds 300 rows is one line with a count.
type group struct {
	Rule, Title string
	Severity    analyze.Severity // of the worst of them
	Findings    []numbered
	Hosts       []string // where, each once
}

// A numbered is a finding with its place in the ranking, from 1.
type numbered struct {
	analyze.Finding
	No int
}

// An unjudged is a reason why rules could not be judged on a host, or could not be judged whole.
type unjudged struct {
	Host, Why, Ref string
	Rules          []string
}

func newPage(r *analyze.Result) *page {
	p := &page{Result: visibleCopy(r)}
	hosts := map[string]bool{} // with findings
	for i, f := range p.Findings {
		hosts[f.Host] = true
		if n := len(p.Groups); n == 0 || p.Groups[n-1].Rule != f.Rule {
			p.Groups = append(p.Groups, group{Rule: f.Rule, Title: f.Title, Severity: f.Severity})
		}
		g := &p.Groups[len(p.Groups)-1]
		g.Findings = append(g.Findings, numbered{f, i + 1})
		if !slices.Contains(g.Hosts, f.Host) {
			g.Hosts = append(g.Hosts, f.Host)
		}
	}
	p.Told = tell(p.Causes)
	for _, s := range slices.Backward(analyze.Severities) {
		if n := p.Counts.BySeverity[s]; n > 0 {
			p.Severities = append(p.Severities, count{s, n})
		}
	}
	var items, gaps int
	for _, h := range p.Hosts {
		if h.Bundle == "" {
			p.Missing = append(p.Missing, h.Name)
		}
		items += int(h.Items)
		gaps += len(h.Gaps)
	}
	p.judge()
	c := p.Counts
	p.Tallies = []tally{
		{"hosts captured", c.HostsCaptured, c.HostsNamed, missingNote(p.Missing)},
		{tallyFindings, len(hosts), c.HostsCaptured, ""},
		{"checks clean", c.RulesClean, c.RulesClean + c.RulesFound + c.RulesUnjudged, checksNote(c)},
		{"items captured whole", items - gaps, items, plural(gaps, "gap", "")},
	}
	return p
}

// judge collects the outcomes that are not plain: by host, reason and address, with the rules that share them.
func (p *page) judge() {
	type key struct{ verdict, host, why, ref string }
	at := map[key]int{}
	for _, j := range p.Rules {
		for _, o := range j.Outcomes {
			list := &p.Unjudged
			if o.Verdict == analyze.Findings && o.Why != "" {
				list = &p.Shadowed
			} else if o.Verdict != analyze.NotJudged {
				continue
			}
			k := key{o.Verdict, o.Host, o.Why, o.Ref}
			i, ok := at[k]
			if !ok {
				i = len(*list)
				at[k] = i
				*list = append(*list, unjudged{Host: o.Host, Why: o.Why, Ref: o.Ref})
			}
			(*list)[i].Rules = append((*list)[i].Rules, j.Rule)
		}
	}
}

// FindingsLine says how many findings there are, by severity.
func (p *page) FindingsLine() string {
	if len(p.Severities) == 0 {
		return "no findings"
	}
	var parts []string
	for _, c := range p.Severities {
		parts = append(parts, fmt.Sprintf("%d %s", c.N, c.Severity))
	}
	return strings.Join(parts, ", ")
}

func missingNote(missing []string) string {
	switch {
	case len(missing) == 0:
		return ""
	case len(missing) <= 3:
		return "missing: " + strings.Join(missing, ", ")
	}
	return fmt.Sprintf("missing: %s and %d more", strings.Join(missing[:2], ", "), len(missing)-2)
}

func checksNote(c analyze.Counts) string {
	var parts []string
	if c.RulesFound > 0 {
		parts = append(parts, fmt.Sprintf("%d with findings", c.RulesFound))
	}
	if c.RulesUnjudged > 0 {
		parts = append(parts, fmt.Sprintf("%d not judged", c.RulesUnjudged))
	}
	return strings.Join(parts, ", ")
}

// plural is n things, or the word for none.
func plural(n int, thing, none string) string {
	switch n {
	case 0:
		return none
	case 1:
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
