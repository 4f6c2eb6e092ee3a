package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/netmortem/netmortem/analyze/scene"
)

// maxTimeRows bounds the table that the markup holds: what is bad, what is odd, and what is close to a cause, in order of time. The script's
// table has all.
const maxTimeRows = 40

// A timeRow is a line of the table of events.
type timeRow struct {
	scene.Event
	After string // since the first line
	Same  string // how sure it is that it came after the line above: empty for sure, or of the same host
	Cause []int  // ranks of causes that began then
}

// Table has the most telling events of the window.
func (t *timeline) Table() []timeRow {
	events := slices.Clone(t.Events)
	if len(events) > maxTimeRows {
		near := func(e scene.Event) time.Duration {
			best := time.Duration(1<<63 - 1)
			for _, c := range t.Causes {
				best = min(best, e.At.Sub(c.From).Abs(), e.At.Sub(c.To).Abs())
			}
			return best
		}
		rank := func(e scene.Event) int {
			if e.Lane == scene.LaneCapture {
				return -1
			}
			return -toneRank(e.Tone)
		}
		slices.SortStableFunc(events, func(a, b scene.Event) int {
			return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(near(a), near(b)))
		})
		events = events[:maxTimeRows]
		slices.SortStableFunc(events, func(a, b scene.Event) int { return a.At.Compare(b.At) })
	}
	reach := t.reaches()
	var rows []timeRow
	for i, e := range events {
		r := timeRow{Event: e, After: sinceFirst(e.At.Sub(events[0].At))}
		if i > 0 {
			r.Same = sameTime(events[i-1], e, reach)
		}
		for _, c := range t.Causes {
			if c.From.Equal(c.To) && c.From.Sub(e.At).Abs() < time.Millisecond && (c.Host == e.Host || e.Lane == scene.LaneTask) {
				r.Cause = append(r.Cause, c.Rank)
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// Rest is the number of events of the window that Table leaves out.
func (t *timeline) Rest() int { return max(0, len(t.Events)-maxTimeRows) }

// Outside is the number of events before and after the window.
func (t *timeline) Outside() int { return t.All - len(t.Events) }

// sinceFirst is a time since the first one.
func sinceFirst(d time.Duration) string {
	switch {
	case d < 0:
		return "" // cannot be: they are in order
	case d < 10*time.Second:
		return fmt.Sprintf("+%.3f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("+%d:%02d min", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("+%d:%02d h", int(d.Hours()), int(d.Minutes())%60)
}

// sameTime says how sure it is that b came after a, which stands above it.
func sameTime(a, b scene.Event, reach map[string]timeHost) string {
	if a.Host == b.Host {
		return ""
	}
	x, y := reach[a.Host], reach[b.Host]
	if !x.Known || !y.Known {
		return "order not known"
	}
	if b.At.Add(inSeconds(y.Reach.Early)).After(ends(a).Add(inSeconds(x.Reach.Late))) {
		return ""
	}
	return fmt.Sprintf("same time within ±%.2g s", (x.Reach.Late-x.Reach.Early+y.Reach.Late-y.Reach.Early)/2)
}

func inSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Stamp is a time in UTC with milliseconds.
func (*timeline) Stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000Z") }

// Clock is the time of day of it.
func (*timeline) Clock(t time.Time) string { return t.UTC().Format("15:04:05.000Z") }

// Lasts is how long an event took; empty for a moment.
func (r timeRow) Lasts() string {
	d := ends(r.Event).Sub(r.At)
	switch {
	case d < time.Millisecond:
		return ""
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%d min", int(d.Minutes()))
}
