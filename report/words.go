package report

import (
	"strconv"
	"strings"
	"time"

	"github.com/netmortem/netmortem/analyze"
)

// outcomes are a rule's verdicts, counted over hosts.
type outcomes struct{ Findings, Clean, NotJudged int }

func tallyOutcomes(j analyze.Judged) outcomes {
	var n outcomes
	for _, o := range j.Outcomes {
		switch o.Verdict {
		case analyze.Findings:
			n.Findings++
		case analyze.Clean:
			n.Clean++
		default: // a word of a newer version is not clean
			n.NotJudged++
		}
	}
	return n
}

// utc writes a time as all renderings do; the zone is always there.
func utc(t time.Time) string {
	if t.IsZero() {
		return "at an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// thousands writes 12345 as 12,345.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Label is the word over the verdict.
func (p *page) Label() string {
	if len(p.Findings)+len(p.Causes) > 0 {
		return strings.ToUpper(string(p.Severity))
	}
	if p.Complete() {
		return "NO FINDINGS"
	}
	return "NO FINDINGS, NOT ALL SEEN"
}

// Complete reports that nothing is left unknown: every host that the swarm names was captured, whole, and every rule
// was judged.
func (p *page) Complete() bool {
	return p.Counts.Gaps == 0 && p.Counts.RulesUnjudged == p.Counts.RulesUnasked && p.Counts.HostsCaptured == p.Counts.HostsNamed && len(p.Problems) == 0
}

// Names writes a list of hosts, short.
func (p *page) Names(names []string) string {
	const most = 4
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most-1], ", ") + " and " + strconv.Itoa(len(names)-most+1) + " more"
}

// Since says how long after the first capture a host was captured: what lies between two captures may be a change.
func (p *page) Since(h analyze.Host) string {
	first := h.Captured
	for _, x := range p.Hosts {
		if x.Bundle != "" && !x.Captured.IsZero() && x.Captured.Before(first) {
			first = x.Captured
		}
	}
	if d := h.Captured.Sub(first).Round(time.Second); d > 0 && !first.IsZero() {
		return d.String() + " after the first"
	}
	return ""
}

// What the template calls.
func (p *page) UTC(t time.Time) string            { return utc(t) }
func (p *page) Machine(t time.Time) string        { return t.UTC().Format(time.RFC3339) }
func (p *page) Thousands(n int64) string          { return thousands(n) }
func (p *page) Plural(n int, thing string) string { return plural(n, thing, "no "+thing+"s") }
func (p *page) Whole(h analyze.Host) int64        { return h.Items - int64(len(h.Gaps)) }
func (p *page) Next(i int) int                    { return i + 1 }
func (p *page) Percent(h analyze.Host) int64 {
	if h.Items == 0 {
		return 0
	}
	return 100 * p.Whole(h) / h.Items
}
