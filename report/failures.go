package report

import (
	"slices"
	"strings"
	"time"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// The bounds of the page of failures: beyond them it counts, and the database has everything.
const (
	maxFailuresShown = 40 // of one quarter
	maxAskedShown    = 20
	maxCoresShown    = 40
	loopFrom         = 3 // ends alike of one task or container from which on one speaks of a loop, as the rule restart-loop does
)

// A quarter is the failures of one kind.
type quarter struct {
	ID, Title, Means string
	Failures         []scene.Failure
	Left             int      // that the page leaves out
	Unjudged         []string // hosts on which a failure of the kind could be that nothing captured would show
	rules            []string // that judge it: where one of them was not judged, none seen is not none
}

// N is how many there are, shown or not.
func (q quarter) N() int { return len(q.Failures) + q.Left }

// FailuresKnown reports whether anything was read that failures would show in.
func (p *htmlPage) FailuresKnown() bool { return p.Scene != nil }

// Quarters are the failures nobody asked for, fatal ones first.
func (p *htmlPage) Quarters() []quarter {
	list := []quarter{
		{ID: "fatal-explicit", Title: "Ended, and said why", Means: "The process ended, and told so itself: an exit code of its own, a line of its log. Look there first.", rules: []string{"restart-loop", "exit-code-map"}},
		{ID: "fatal-implicit", Title: "Was ended by somebody else", Means: "The process ended, and had no word in it: the kernel, a signal, or the swarm did it. Its own log need not know.", rules: []string{"oom-cgroup", "oom-host", "segfault-core", "healthcheck-kill"}},
		{ID: "alive-explicit", Title: "Lives on, and says what fails", Means: "The process runs, and logs errors or calls itself unhealthy.", rules: []string{"healthcheck-kill", "shim-daemon-trouble"}},
		{ID: "alive-implicit", Title: "Lives on, and says nothing", Means: "The process runs and stands still, as far as one sees from outside: what comes to it waits.", rules: []string{"listen-overflow"}},
	}
	for _, j := range p.Rules {
		for i := range list {
			if !slices.Contains(list[i].rules, j.Rule) {
				continue
			}
			for _, o := range j.Outcomes {
				if o.Verdict == analyze.NotJudged && !slices.Contains(list[i].Unjudged, o.Host) {
					list[i].Unjudged = append(list[i].Unjudged, o.Host)
				}
			}
		}
	}
	if p.Scene == nil {
		return list
	}
	for _, f := range p.Scene.Failures {
		if f.Asked {
			continue
		}
		q := &list[place(f)]
		if len(q.Failures) == maxFailuresShown {
			q.Left++
		} else {
			q.Failures = append(q.Failures, f)
		}
	}
	return list
}

// place of a failure among the quarters.
func place(f scene.Failure) int {
	n := 0
	if !f.Fatal {
		n = 2
	}
	if !f.Explicit {
		n++
	}
	return n
}

// AskedFor are the ends that somebody asked for: no failures.
func (p *htmlPage) AskedFor() quarter {
	q := quarter{ID: "asked"}
	if p.Scene == nil {
		return q
	}
	for _, f := range p.Scene.Failures {
		switch {
		case !f.Asked:
		case len(q.Failures) == maxAskedShown:
			q.Left++
		default:
			q.Failures = append(q.Failures, f)
		}
	}
	return q
}

// Cores are the first cores, CoresRest the number of those after them.
func (p *htmlPage) Cores() []scene.Core {
	if p.Scene == nil {
		return nil
	}
	return p.Scene.Cores[:min(len(p.Scene.Cores), maxCoresShown)]
}
func (p *htmlPage) CoresRest() int {
	if p.Scene == nil {
		return 0
	}
	return max(0, len(p.Scene.Cores)-maxCoresShown)
}

// FailuresLeft is the number of failures that the scene leaves out.
func (p *htmlPage) FailuresLeft() int {
	if p.Scene == nil {
		return 0
	}
	return p.Scene.FailuresLeft
}

// Tone is the tone of a quarter: what ended is worse than what lives on.
func (q quarter) Tone() string {
	switch {
	case q.N() == 0:
		return "open" // none seen is not none
	case strings.HasPrefix(q.ID, "fatal"):
		return "high"
	}
	return "medium"
}

// A failed is a failure as the page shows it.
type failed struct {
	scene.Failure
	Page *htmlPage
}

// Failed is a failure with its page.
func (p *htmlPage) Failed(f scene.Failure) failed { return failed{f, p} }

// Word is its kind in a word or two.
func (f failed) Word() string {
	switch {
	case f.Fatal && f.Count >= loopFrom:
		return "loop"
	case f.OOM:
		return "out of memory"
	case f.Fatal && strings.HasPrefix(f.What, "crashed"):
		return "crash"
	case f.Fatal:
		return "ended"
	case f.Explicit:
		return "complains"
	}
	return "stands still"
}

// Tone is the tone of its mark.
func (f failed) Tone() string {
	if f.Fatal {
		return "high"
	}
	return "medium"
}

// A citedFinding is a finding that speaks of a failure.
type citedFinding struct{ ID, Anchor string } // Anchor is empty when the markup does not hold it

// Rules are the findings that speak of it.
func (f failed) Rules() []citedFinding {
	var out []citedFinding
	for _, id := range f.Findings {
		c := citedFinding{ID: id}
		if i, ok := f.Page.place[id]; ok && i < maxLines {
			c.Anchor = f.Page.Anchor[id]
		}
		out = append(out, c)
	}
	return out
}

// TimeHref is the route of the timeline around it.
func (f failed) TimeHref() string {
	return timeHref(f.At.Add(-2*time.Minute), f.At.Add(time.Minute))
}

// Where the commands are to be typed: most ask the daemon of the host itself, some the managers.
func (f failed) Where() string {
	for _, c := range f.Open {
		if strings.HasPrefix(c, "docker service ") {
			return "on " + f.Host + "; docker service on a manager"
		}
	}
	return "on " + f.Host
}

// timeHref is the route of the timeline from one time to another.
func timeHref(from, to time.Time) string {
	return "#/time?from=" + from.UTC().Format(time.RFC3339) + "&to=" + to.UTC().Format(time.RFC3339)
}

// Whose it is, in words.
func (f failed) Whose() string {
	switch {
	case f.Party.Kind == scene.PartyService:
		return "service " + f.Party.Name
	case f.Party.Kind != scene.PartyHost:
		return f.Party.Kind + " " + f.Party.Name
	case f.Fatal && !f.Explicit:
		return "of no container that is known" // the kernel's word names none
	}
	return "a program of the host"
}

// Script is commands one below the other.
func (*htmlPage) Script(lines []string) string { return strings.Join(lines, "\n") }
