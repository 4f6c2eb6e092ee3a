package report

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/netmortem/netmortem/analyze"
)

// The bounds of the first screen, which is to need no scrolling at 1366×768.
const (
	maxFirstCauses   = 7
	maxFirstSymptoms = 6
)

// An extent is one count of how far the trouble goes, as a part of what was seen.
type extent struct {
	Name  string
	N, Of int
	Seen  string // what Of counts
	Note  string
	Link  string // id of the section that lists it
	To    string // the script's route to the list; empty for the section
	Known bool
	Tone  string // when it is bad: its severity
}

// Blast is how far it reaches.
func (p *htmlPage) Blast() []extent {
	out := []extent{p.servicesHit(), p.pairsBroken()}
	hosts := map[string]bool{}
	for _, f := range p.Findings {
		hosts[f.Host] = true
	}
	out = append(out, extent{Name: tallyFindings, N: len(hosts), Of: p.Counts.HostsCaptured, Seen: "seen", Link: "hosts", To: "#/hosts", Known: true, Tone: p.tone(len(hosts), p.Severity)})
	if s := p.Scene; s != nil {
		out = append(out, p.containersDead())
	}
	return append(out, extent{Name: "findings", N: len(p.Findings), Note: p.FindingsLine(), Link: "findings", To: "#/findings", Known: true, Tone: p.tone(len(p.Findings), p.Severity)})
}

// tone is a severity when there are any.
func (p *htmlPage) tone(n int, s analyze.Severity) string {
	if n == 0 {
		return ""
	}
	return string(s)
}

// servicesHit are the services that are not reached, or not always.
func (p *htmlPage) servicesHit() extent {
	r := extent{Name: "services not always reached", Link: "causes"}
	hit := map[string]bool{}
	for _, c := range p.Causes {
		if !c.Breaks.Walked {
			continue
		}
		r.Known = true
		if c.Breaks.Pairs+c.Breaks.Partly == 0 {
			continue // its services are those that its findings name
		}
		for _, s := range c.Breaks.Services {
			hit[s] = true
		}
	}
	r.Known = r.Known || p.Result.Paths != nil
	if s := p.Scene; s != nil && s.Services != nil {
		r.Of, r.Seen, r.Link, r.To = len(s.Services), "seen", "map", "#/svc"
		for _, x := range s.Services {
			r.Known = r.Known || x.To != nil
			if x.To != nil && x.To.Dropped+x.To.Partly > 0 {
				hit[x.Name] = true
			}
		}
		r.Of = max(r.Of, len(hit)) // a service of which only paths tell
	}
	r.N, r.Tone = len(hit), p.tone(len(hit), analyze.High)
	return r
}

// pairsBroken are the pairs of a client and a service of which some packets, or all, do not arrive.
func (p *htmlPage) pairsBroken() extent {
	r := extent{Name: "client–service pairs broken", Link: "paths", To: "#/paths"}
	if x := p.Result.Paths; x != nil {
		r.N, r.Of, r.Known = x.Broken+x.Partly, x.Pairs, true
		r.Tone = p.tone(x.Partly, analyze.High)
		r.Tone = cmp.Or(p.tone(x.Broken, analyze.Critical), r.Tone)
		switch {
		case x.Partly > 0 && x.Unjudged > 0:
			r.Note = fmt.Sprintf("%d of them in part, %d could not be judged", x.Partly, x.Unjudged)
		case x.Partly > 0:
			r.Note = fmt.Sprintf("%d of them in part", x.Partly)
		case x.Unjudged > 0:
			r.Note = fmt.Sprintf("%d could not be judged", x.Unjudged)
		}
	}
	return r
}

// containersDead are the containers that ended without being asked to.
func (p *htmlPage) containersDead() extent {
	s := p.Scene
	r := extent{Name: "containers that failed", Of: len(s.Containers), Seen: "seen", Link: "failures", To: "#/failures", Known: s.Containers != nil}
	failed := failedContainers(s.Containers, s.Failures)
	r.N, r.Tone = len(failed), p.tone(len(failed), analyze.High)
	r.Of = max(r.Of, r.N)
	return r
}

// FirstCauses are those of the first screen, FirstCausesRest the number of those that it leaves out.
func (p *page) FirstCauses() []told { return p.Told[:min(len(p.Told), maxFirstCauses)] }

func (p *page) FirstCausesRest() int {
	n := 0
	for i, t := range p.Told {
		if i < maxFirstCauses {
			n += t.More
		} else {
			n += 1 + t.More
		}
	}
	return n
}

// SomeSymptoms bounds what follows from a cause.
func (p *page) SomeSymptoms(list []analyze.Symptom) []analyze.Symptom {
	return list[:min(len(list), maxFirstSymptoms)]
}

// Surety is how sure the first cause is, in a word.
func (p *page) Surety() string {
	if len(p.Causes) == 0 {
		return ""
	}
	return "confidence " + p.Causes[0].Confidence.Word
}

// Length says how large the verdict may be written.
func (p *page) Length() string {
	switch n := utf8.RuneCountInString(p.Verdict); {
	case n <= 170:
		return "short"
	case n <= 320:
		return "medium"
	}
	return "long"
}

// Unseen is what was not seen, a phrase each: hosts, bundles, the commonest reason why a rule was not judged, gaps.
func (p *htmlPage) Unseen() []string {
	var out []string
	if len(p.Missing) > 0 {
		out = append(out, "no bundle of "+p.Names(p.Missing))
	}
	if n := len(p.Unreadable); n > 0 {
		out = append(out, plural(n, "bundle", "")+" that could not be read")
	}
	if here := p.here(); len(here) > 0 {
		most := slices.MaxFunc(here, func(a, b unjudged) int { return len(a.Rules) - len(b.Rules) })
		out = append(out, fmt.Sprintf("%s on %s (%s)", plural(len(most.Rules), "check", ""), most.Host, most.Why))
	}
	if n := p.Counts.Gaps; n > 0 {
		out = append(out, plural(n, "gap", "")+" in what was captured")
	}
	return out
}

// To is the script's route to a thing: its name is encoded, so that the link survives mail.
func (p *page) To(name string, arg any) string {
	return "#/" + name + "/" + url.PathEscape(fmt.Sprint(arg))
}

// SeenTallies are the tallies that say what was looked at.
func (p *page) SeenTallies() []tally {
	return slices.DeleteFunc(slices.Clone(p.Tallies), func(t tally) bool { return t.Name == tallyFindings })
}
