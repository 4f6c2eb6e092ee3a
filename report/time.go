package report

import (
	"slices"
	"strings"
	"time"

	"github.com/netmortem/netmortem/analyze/scene"
)

// timeColumns is the timeline whole, for the script: columns of equal length, in order of time.
//
// page/src/timedata.ts mirrors it.
type timeColumns struct {
	From  int64       `json:"from"` // milliseconds since 1970: the part that is shown first
	To    int64       `json:"to"`
	Base  int64       `json:"base"` // milliseconds since 1970 that At counts from
	Lanes []string    `json:"lanes"`
	Hosts []string    `json:"hosts"`
	Reach []*[2]int64 `json:"reach"` // of each host: milliseconds that a stamp may be too late (first, ≤) and too early (second); null when nothing is known
	Why   []string    `json:"why"`   // of each host, what Reach rests on, or why it is not known
	Marks []timeMark  `json:"marks"` // what the causes are dated by
	Left  int         `json:"left"`  // events that are not here
	Blind []blindLane `json:"blind"` // lanes of which nothing was captured

	At      []int64 `json:"at"`   // microseconds after Base
	Last    []int64 `json:"last"` // microseconds; 0 for a moment
	Host    []int   `json:"host"` // place in Hosts
	Lane    []int   `json:"lane"` // place in Lanes
	Tone    []int   `json:"tone"` // 0 none, 1 odd, 2 bad
	Text    []int   `json:"text"` // place in texts, as all below
	Subject []int   `json:"subject"`
	Service []int   `json:"service"`
	Count   []int   `json:"count"`
	Doc     []int   `json:"doc"`  // address without its line
	Line    []int   `json:"line"` // 0 for none
}

// A timeMark is when a cause began, as far as something dates it.
type timeMark struct {
	Rank  int    `json:"rank"`
	From  int64  `json:"from"` // milliseconds since 1970; equal to To when the moment is known
	To    int64  `json:"to"`
	Felt  bool   `json:"felt,omitempty"` // it is the time of a consequence
	Name  string `json:"name,omitempty"` // of its rule
	Words string `json:"words"`
	Title string `json:"title"`
	Host  string `json:"host"`
}

// A blindLane is a lane of a host of which nothing was captured.
type blindLane struct {
	Host int    `json:"host"` // place in Hosts
	Lane int    `json:"lane"` // place in Lanes
	Why  string `json:"why"`
}

// timeData is the timeline whole, for the script; nil for nothing.
func (p *htmlPage) timeData(in *texts) any {
	if p.Scene == nil || len(p.Scene.Events) == 0 {
		return nil
	}
	t := p.Timeline()
	c := &timeColumns{From: t.From.UnixMilli(), To: t.To.UnixMilli(), Base: p.Scene.Events[0].At.UnixMilli(), Lanes: scene.Lanes, Marks: []timeMark{}, Blind: []blindLane{}, Left: p.Scene.EventsLeft}
	place := map[string]int{}
	for _, h := range t.Hosts {
		place[h.Name] = len(c.Hosts)
		c.Hosts, c.Why = append(c.Hosts, h.Name), append(c.Why, h.Words())
		var reach *[2]int64
		if h.Known {
			reach = &[2]int64{millis(h.Reach.Early), millis(h.Reach.Late)}
		}
		c.Reach = append(c.Reach, reach)
	}
	for _, m := range t.Causes {
		c.Marks = append(c.Marks, timeMark{m.Rank, m.From.UnixMilli(), m.To.UnixMilli(), m.Felt, m.Name, m.Words, m.Title, m.Host})
	}
	for _, u := range t.Unseen {
		c.Blind = append(c.Blind, blindLane{place[u.Host], max(0, slices.Index(scene.Lanes, u.Lane)), u.Why})
	}
	for _, e := range p.Scene.Events {
		last := int64(0)
		if e.Until.After(e.At) {
			last = max(1, e.Until.Sub(e.At).Microseconds())
		}
		doc, line := splitRef(e.Ref)
		c.At = append(c.At, e.At.UnixMicro()-c.Base*1000)
		c.Last = append(c.Last, last)
		c.Host = append(c.Host, place[e.Host])
		c.Lane = append(c.Lane, max(0, slices.Index(scene.Lanes, e.Lane)))
		c.Tone = append(c.Tone, toneRank(e.Tone))
		c.Text = append(c.Text, in.of(e.Text))
		c.Subject = append(c.Subject, in.of(e.Subject))
		c.Service = append(c.Service, in.of(e.Service))
		c.Count = append(c.Count, e.Count)
		c.Doc = append(c.Doc, in.of(doc))
		c.Line = append(c.Line, line)
	}
	return c
}

func millis(s float64) int64 { return time.Duration(s * float64(time.Second)).Milliseconds() }

// toneRank orders the tones of events.
func toneRank(tone string) int { return slices.Index([]string{"", "odd", "bad"}, tone) }

// splitRef takes an address apart: what stands before the last colon, and the line behind it, 0 for none.
func splitRef(ref string) (doc string, line int) {
	i := strings.LastIndexByte(ref, ':')
	if i < 0 || i == len(ref)-1 || len(ref)-i > 10 {
		return ref, 0
	}
	for _, c := range []byte(ref[i+1:]) {
		if c < '0' || c > '9' {
			return ref, 0
		}
		line = line*10 + int(c-'0')
	}
	if line == 0 || ref[i+1] == '0' {
		return ref, 0
	}
	return ref[:i], line
}
