package report

import (
	"slices"
	"strings"
	"time"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// The bounds of one finding.
const (
	maxExcerptLines = 20
	maxBroken       = 6 // paths that are named
)

// judged is the rule of a finding, nil when the result does not hold it.
func (c card) judged() *analyze.Judged {
	for i := range c.Page.Rules {
		if c.Page.Rules[i].Rule == c.Rule {
			return &c.Page.Rules[i]
		}
	}
	return nil
}

// Means is the rule's explanation, a paragraph each; the first one says what it is about.
func (c card) Means() []string {
	j := c.judged()
	if j == nil || j.Means == "" {
		return nil
	}
	var out []string
	for _, p := range strings.Split(j.Means, "\n\n") {
		out = append(out, strings.Join(strings.Fields(p), " "))
	}
	return out
}

// Limits says when the rule can be wrong or silent.
func (c card) Limits() string {
	if j := c.judged(); j != nil {
		return j.Limits
	}
	return ""
}

// Upstream are the issues that the rule was made from.
func (c card) Upstream() string {
	if j := c.judged(); j != nil {
		return j.Upstream
	}
	return ""
}

// A because is the cause that a finding is of: it is the cause itself, or it follows from it.
type because struct {
	*analyze.Cause
	Symptom *analyze.Symptom // nil when the finding is the cause
}

// Cause is what the finding belongs to, nil when causes were not ranked.
func (c card) Cause() *because {
	for i := range c.Page.Causes {
		x := &c.Page.Causes[i]
		if slices.Contains(x.Findings, c.ID) {
			return &because{x, nil}
		}
		for k := range x.Symptoms {
			if x.Symptoms[k].Finding == c.ID {
				return &because{x, &x.Symptoms[k]}
			}
		}
	}
	return nil
}

// A proof is one piece of evidence as a card shows it.
type proof struct {
	analyze.Evidence
	Pieces []piece // the excerpt, what decided marked
	More   int     // lines that are left out
	When   string  // when its host was captured, by that host's clock
	Shows  []command
}

// Proofs are the evidence, in the rule's order.
func (c card) Proofs() []proof {
	var values []string
	for _, f := range c.Facts {
		if len(f.Value) > 3 && len(f.Value) < 80 {
			values = append(values, f.Value)
		}
	}
	var out []proof
	for _, e := range c.Evidence {
		text, more := headLines(e.Excerpt, maxExcerptLines)
		p := proof{Evidence: e, Pieces: c.Page.Marked(text, c.Subject, values...), More: more, Shows: c.Page.rowCommands(e.Ref)}
		if a, ok := addressOf(e.Ref); ok {
			if at := c.Page.captured(a.host); !at.IsZero() {
				p.When = utc(at)
			}
			if b, what := c.Page.bundle(a.host), shown(a.table()); b != "" && what != "" {
				words := []string{"netmortem", "show", b, what}
				if ns := c.space(); ns != "" && a.host == c.Host {
					words = append(words, "--ns", ns)
				}
				p.Shows = append([]command{{"as its tool prints it", commandLine(words...)}}, p.Shows...)
			}
		}
		out = append(out, p)
	}
	return out
}

// space is the namespace that a finding is about, empty when its facts name none.
func (c card) space() string {
	for _, f := range c.Facts {
		if f.Name == "netns" {
			return f.Value
		}
	}
	return ""
}

// captured is when a host was captured; zero when it was not.
func (p *page) captured(host string) time.Time {
	for i := range p.Hosts {
		if p.Hosts[i].Name == host {
			return p.Hosts[i].Captured
		}
	}
	return time.Time{}
}

// headLines are the first lines of a text, and how many are left out.
func headLines(s string, most int) (string, int) {
	lines := strings.Split(s, "\n")
	if len(lines) <= most {
		return s, 0
	}
	return strings.Join(lines[:most], "\n"), len(lines) - most
}

// Query is the command that finds it anew, and all of its kind.
func (c card) Query() string {
	return commandLine("netmortem", "rules", c.Rule) + " | " + commandLine("netmortem", "query", c.Page.DatabaseName(), "--file", "-")
}

// Broken are paths that end because of the finding: those that are shown hop by hop.
func (c card) Broken() []scene.Path {
	b := c.Cause()
	if b == nil || c.Page.Scene == nil {
		return nil
	}
	var own, others []scene.Path
	for _, x := range c.Page.Scene.Paths {
		if x.Hops == nil || x.Cause != b.Rank {
			continue
		}
		if slices.ContainsFunc(x.Hops, func(h scene.Hop) bool { return h.Subject == c.Subject }) {
			own = append(own, x)
		} else {
			others = append(others, x)
		}
	}
	all := append(own, others...)
	return all[:min(len(all), maxBroken)]
}

// BrokenBy are paths that end because of a cause: those that are shown hop by hop.
func (p *htmlPage) BrokenBy(rank int) []scene.Path {
	if p.Scene == nil {
		return nil
	}
	var out []scene.Path
	for _, x := range p.Scene.Paths {
		if x.Hops != nil && x.Cause == rank && len(out) < maxBroken {
			out = append(out, x)
		}
	}
	return out
}

// MarkedOf is what stands at the address that a cause names first, when a finding of it cites that address.
func (p *htmlPage) MarkedOf(c told) []piece {
	for _, id := range c.Findings {
		f := p.Found(id)
		if f == nil {
			continue
		}
		for _, e := range f.Evidence {
			if e.Ref == c.Ref {
				text, _ := headLines(e.Excerpt, maxExcerptLines)
				return p.Marked(text, c.Subject)
			}
		}
	}
	return nil
}
