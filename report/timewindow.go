package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/netmortem/netmortem/analyze/scene"
)

// A timeline is what the markup shows of what happened when: the time around the incident.
type timeline struct {
	From, To time.Time
	Hosts    []timeHost
	Causes   []causeTime
	Events   []scene.Event // those between From and To
	All      int           // events of the scene
	Left     int           // events that the scene leaves out
	Unseen   []scene.Unseen
}

// A timeHost is a host with what is known of its clock.
type timeHost struct {
	Name  string
	Clock *scene.Clock // nil when it was not captured
	Reach scene.Reach
	Known bool
}

// A causeTime is when a cause began, as far as something dates it.
type causeTime struct {
	Rank         int
	From, To     time.Time // equal when the moment is known
	Felt         bool      // it is the time of a consequence, not the cause's own
	Name         string    // of its rule; empty when none names it
	Words, Title string
	Host         string
}

// maxCauseTimes bounds the causes whose time is marked: those after them would only blur it.
const maxCauseTimes = 12

// shortestWindow is the least that is shown: less than a minute is not enough to see what came before.
const shortestWindow = time.Minute

// longestLead is how long before the captures a cause may lie for the first view to reach back to it; the script goes anywhere.
const longestLead = 2 * time.Hour

// Timeline is computed for the page; without a scene it has nothing.
func (p *htmlPage) Timeline() *timeline {
	t := &timeline{}
	if p.Scene == nil || len(p.Scene.Events) == 0 {
		return t
	}
	t.All, t.Left = len(p.Scene.Events), p.Scene.EventsLeft
	t.Unseen = p.Scene.Unseen
	t.hosts(p.Scene)
	for _, c := range p.Causes {
		s := c.Since
		if s == nil || s.Because == "" || s.After.IsZero() && s.By.IsZero() || len(t.Causes) == maxCauseTimes {
			continue
		}
		m := causeTime{Rank: c.Rank, From: s.After, To: s.By, Felt: s.Felt, Name: c.Rule, Words: s.Words, Title: c.Title, Host: c.Host}
		if m.From.IsZero() {
			m.From = m.To
		}
		if m.To.IsZero() {
			m.To = m.From
		}
		t.Causes = append(t.Causes, m)
	}
	t.window(p.Scene.Events)
	for _, e := range p.Scene.Events {
		if !e.At.After(t.To) && !ends(e).Before(t.From) {
			t.Events = append(t.Events, e)
		}
	}
	return t
}

// ends is when an event was over.
func ends(e scene.Event) time.Time {
	if e.Until.After(e.At) {
		return e.Until
	}
	return e.At
}

// hosts lists those with events, and those of which nothing is known, in order of name.
func (t *timeline) hosts(s *scene.Scene) {
	clocks := map[string]*scene.Clock{}
	for i := range s.Clocks {
		clocks[s.Clocks[i].Host] = &s.Clocks[i]
	}
	seen := map[string]bool{}
	add := func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		h := timeHost{Name: name, Clock: clocks[name]}
		if h.Clock != nil {
			h.Reach, h.Known = h.Clock.Reach()
		}
		t.Hosts = append(t.Hosts, h)
	}
	for _, e := range s.Events {
		add(e.Host)
	}
	for _, u := range s.Unseen {
		add(u.Host)
	}
	slices.SortFunc(t.Hosts, func(a, b timeHost) int { return strings.Compare(a.Name, b.Name) })
}

// window is the time around the incident: from what the first causes are dated by, or the first bad thing of the last hour, to the end of the captures.
func (t *timeline) window(events []scene.Event) {
	var captured, over time.Time // begin of the first capture, end of the last one
	for _, e := range events {
		if e.Lane == scene.LaneCapture {
			if captured.IsZero() || e.At.Before(captured) {
				captured = e.At
			}
			if ends(e).After(over) {
				over = ends(e)
			}
		}
	}
	if captured.IsZero() {
		captured = events[len(events)-1].At
		over = captured
	}
	from := time.Time{}
	for _, c := range t.Causes {
		for _, at := range []time.Time{c.From, c.To} {
			if at.Before(captured) && captured.Sub(at) <= longestLead && (from.IsZero() || at.Before(from)) {
				from = at
			}
		}
		if !from.IsZero() {
			break // the first cause that is dated: those after it explain less
		}
	}
	if from.IsZero() {
		for _, e := range events {
			if e.Tone == "bad" && e.At.Before(captured) && captured.Sub(e.At) <= time.Hour {
				from = e.At
				break
			}
		}
	}
	if from.IsZero() {
		from = captured.Add(-10 * time.Minute)
	}
	if over.Sub(from) < shortestWindow {
		from = over.Add(-shortestWindow)
	}
	edge := over.Sub(from) / 20
	t.From, t.To = from.Add(-edge), over.Add(edge)
}

// Words say how far a host's clock may be off.
func (h timeHost) Words() string {
	c := h.Clock
	switch {
	case c == nil:
		return "not captured: how far its clock is off is not known"
	case c.Low != nil && c.High != nil && *c.Low == 0 && *c.High == 0:
		return "the swarm's leader, by which the others are measured" + h.kernel()
	case c.Low != nil && c.High != nil:
		return fmt.Sprintf("%s to %s ahead of %s, by the stamps of its tasks", signed(*c.Low), signed(*c.High), leaderName(c.Leader)) + h.kernel()
	case h.Known:
		return "kept in step within " + signed(h.Reach.Late) + ", by the kernel's word"
	}
	return "how far it is off is not known" + h.kernel()
}

func leaderName(s string) string {
	if s == "" {
		return "the leader"
	}
	return s
}

// kernel is the kernel's word on the clock.
func (h timeHost) kernel() string {
	switch c := h.Clock; {
	case c.Synced == nil:
		return ""
	case *c.Synced:
		return "; the kernel holds it for synchronised"
	}
	return "; the kernel does not hold it for synchronised"
}

// signed is a number of seconds with its sign.
func signed(s float64) string {
	if s == 0 {
		return "0 s"
	}
	return fmt.Sprintf("%+.3g s", s)
}

// Untold are the hosts of which nothing bounds the clock, when there are others to compare them with.
func (t *timeline) Untold() []string {
	var out []string
	for _, h := range t.Hosts {
		if !h.Known {
			out = append(out, h.Name)
		}
	}
	if len(t.Hosts) < 2 {
		return nil
	}
	return out
}

// reaches are the hosts' reaches by name.
func (t *timeline) reaches() map[string]timeHost {
	out := make(map[string]timeHost, len(t.Hosts))
	for _, h := range t.Hosts {
		out[h.Name] = h
	}
	return out
}
