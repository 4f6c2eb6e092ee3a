package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// busy is a result with a great many events on three hosts: one is the leader, one is bounded, of one nothing is known.
func busy(n int) *analyze.Result {
	r := sample()
	r.Causes = nil
	s := &scene.Scene{Clocks: []scene.Clock{
		{Host: "node1", Leader: "node1", Low: at(0.), High: at(0.)},
		{Host: "node2", Leader: "node1", Low: at(-1.), High: at(3.)},
		{Host: "node3", Synced: at(false), Why: "nothing bounds it"},
	}}
	for i := range n {
		e := scene.Event{At: sampleTime.Add(time.Duration(i-n) * time.Second), Host: fmt.Sprintf("node%d", i%3+1), Lane: scene.Lanes[i%4], Text: fmt.Sprintf("event %d", i), Subject: "thing", Count: 1, Ref: fmt.Sprintf("node%d/rows/docker_event.jsonl:%d", i%3+1, i+1)}
		switch {
		case i%50 == 0:
			e.Tone = "bad"
		case i%20 == 0:
			e.Tone = "odd"
		case i%30 == 7:
			e.Until, e.Count = e.At.Add(5*time.Second), 40
		}
		s.Events = append(s.Events, e)
	}
	s.Events = append(s.Events, scene.Event{At: sampleTime, Until: sampleTime.Add(10 * time.Second), Host: "node1", Lane: scene.LaneCapture, Text: "captured", Count: 1})
	s.EventsLeft = 7
	r.Scene = s
	return r
}

func timelineOf(r *analyze.Result) *timeline { return newHTMLPage(r).Timeline() }

func TestSplitRef(t *testing.T) {
	for ref, want := range map[string]string{
		"node1/rows/fdb.jsonl:17": "node1/rows/fdb.jsonl 17", "": " 0", "a:b": "a:b 0", "a:": "a: 0", "a:0": "a:0 0", "a:007": "a:007 0", "a:12345678901": "a:12345678901 0", "::1:5": "::1 5",
	} {
		doc, line := splitRef(ref)
		if got := fmt.Sprint(doc, " ", line); got != want {
			t.Errorf("%q splits to %q; want %q", ref, got, want)
		}
		back := doc
		if line > 0 {
			back = fmt.Sprintf("%s:%d", doc, line)
		}
		if back != ref {
			t.Errorf("%q comes back as %q", ref, back)
		}
	}
}

// TestTimeWindow reaches back to what the first cause is dated by, else to the first bad thing, and forward to the end of the captures.
func TestTimeWindow(t *testing.T) {
	since := func(r *analyze.Result, list ...*analyze.Since) {
		for i, s := range list {
			r.Causes = append(r.Causes, analyze.Cause{Rank: i + 1, Rule: "some-rule", Host: "node1", Since: s})
		}
	}
	ago := func(d time.Duration) time.Time { return sampleTime.Add(-d) }
	for name, tt := range map[string]struct {
		causes   []*analyze.Since
		from, to time.Duration // before and after the begin of the capture, without the edges
		marks    int
	}{
		"nothing is dated":           {nil, 50 * time.Minute, 10 * time.Second, 0},
		"the moment is known":        {[]*analyze.Since{{After: ago(10 * time.Minute), By: ago(10 * time.Minute), Because: "x"}}, 10 * time.Minute, 10 * time.Second, 1},
		"the second one is dated":    {[]*analyze.Since{nil, {By: ago(20 * time.Minute), Because: "x"}}, 20 * time.Minute, 10 * time.Second, 1},
		"the first one decides":      {[]*analyze.Since{{By: ago(5 * time.Minute), Because: "x"}, {By: ago(20 * time.Minute), Because: "x"}}, 5 * time.Minute, 10 * time.Second, 2},
		"it is too long ago":         {[]*analyze.Since{{By: ago(300 * time.Hour), Because: "x"}}, 50 * time.Minute, 10 * time.Second, 1},
		"it began during capture":    {[]*analyze.Since{{By: sampleTime.Add(time.Second), Because: "x"}}, 3 * time.Minute, 10 * time.Second, 1},
		"it is known for no reason":  {[]*analyze.Since{{By: ago(5 * time.Minute)}}, 50 * time.Minute, 10 * time.Second, 0},
		"it began a second ago only": {[]*analyze.Since{{By: ago(time.Second), Because: "x"}}, 50 * time.Second, 10 * time.Second, 1},
	} {
		r := busy(3000) // seconds: the first bad one is 50 minutes before
		since(r, tt.causes...)
		tl := timelineOf(r)
		edge := (tt.from + tt.to) / 20
		if !tl.From.Equal(sampleTime.Add(-tt.from-edge)) || !tl.To.Equal(sampleTime.Add(tt.to+edge)) || len(tl.Causes) != tt.marks {
			t.Errorf("%s: from %v before to %v after with %d marks; want %v, %v and %d", name, sampleTime.Sub(tl.From), tl.To.Sub(sampleTime), len(tl.Causes), tt.from+edge, tt.to+edge, tt.marks)
		}
	}
}

// TestTimeTable holds what is bad before anything else, and says of each line how sure it is that it comes after the one above.
func TestTimeTable(t *testing.T) {
	r := busy(600)
	tl := timelineOf(r)
	rows := tl.Table()
	bad := 0
	for i, row := range rows {
		if row.Tone == "bad" {
			bad++
		}
		if i > 0 && row.At.Before(rows[i-1].At) {
			t.Errorf("line %d is before the one above it", i)
		}
	}
	if len(rows) != maxTimeRows || bad != 12 || rows[len(rows)-1].Lane != scene.LaneCapture {
		t.Errorf("%d lines with %d bad ones, the last of %s; want %d, 12 and the capture", len(rows), bad, rows[len(rows)-1].Lane, maxTimeRows)
	}
	if tl.Rest()+maxTimeRows+tl.Outside() != len(r.Scene.Events) {
		t.Errorf("%d shown, %d left out and %d outside are not all %d", maxTimeRows, tl.Rest(), tl.Outside(), len(r.Scene.Events))
	}

	ev := func(host string, s float64) scene.Event {
		return scene.Event{Host: host, At: sampleTime.Add(inSeconds(s))}
	}
	reach := tl.reaches()
	for _, x := range []struct {
		a, b scene.Event
		want string
	}{
		{ev("node1", 0), ev("node1", 0), ""},
		{ev("node1", 0), ev("node2", 2.9), "same time within ±2 s"}, // node2 may be three seconds ahead
		{ev("node1", 0), ev("node2", 3.1), ""},
		{ev("node2", 0), ev("node1", 0.9), "same time within ±2 s"}, // or one behind
		{ev("node2", 0), ev("node1", 1.1), ""},
		{ev("node3", 0), ev("node1", 9e4), "not known"},
		{ev("node1", 0), ev("elsewhere", 9e4), "not known"},
	} {
		if got := sameTime(x.a, x.b, reach); got != x.want {
			t.Errorf("%s and %s %v later: %q; want %q", x.a.Host, x.b.Host, x.b.At.Sub(x.a.At), got, x.want)
		}
	}
}

// TestTimeDrawing draws each event once, however many there are, and no label over another.
func TestTimeDrawing(t *testing.T) {
	r := busy(3000)
	for i := range 8 {
		at := sampleTime.Add(time.Duration(-2000+i*5) * time.Second)
		r.Causes = append(r.Causes, analyze.Cause{Rank: i + 1, Rule: "some-rule", Host: "node1", Since: &analyze.Since{After: at, By: at, Because: "x", Words: "since then"}})
	}
	tl := timelineOf(r)
	d := tl.Draw()
	drawn, want := 0, 0
	for _, m := range d.Marks {
		drawn += m.N
		if m.X < timeLeft || m.X+m.W > timeWide-timeRight+2.1 {
			t.Errorf("the mark %q sticks out: %.0f, %.0f wide", m.Title, m.X, m.W)
		}
	}
	for _, e := range tl.Events {
		want += e.Count
	}
	if drawn != want {
		t.Errorf("%d events are drawn; want %d", drawn, want)
	}
	// Three hosts of four lanes and a capture's: no more marks than fit side by side.
	if most := 13 * int((timeWide-timeLeft-timeRight)/timeBin+2); len(d.Marks) > most {
		t.Errorf("%d marks for %d events; at most %d fit", len(d.Marks), len(tl.Events), most)
	}
	labels := 0
	type span struct{ from, to float64 }
	rows := map[int][]span{}
	for _, c := range d.Causes {
		if c.Label == "" {
			continue
		}
		labels++
		x := span{c.TextX, c.TextX + float64(len(c.Label))*timeLetter}
		for _, o := range rows[c.Row] {
			if x.from < o.to && o.from < x.to {
				t.Errorf("the labels of two causes meet: %q", c.Label)
			}
		}
		rows[c.Row] = append(rows[c.Row], x)
	}
	if len(d.Causes) != 8 || labels < 2 {
		t.Errorf("%d lines with %d labels; want 8 with at least 2", len(d.Causes), labels)
	}
	for _, h := range d.Heads {
		if (h.Name == "node3") == h.Known || (h.Name == "node2") != (h.W > 0) {
			t.Errorf("the clock of %s: known %v, %.1f wide", h.Name, h.Known, h.W)
		}
	}
	if got := strings.Join(tl.Untold(), " "); got != "node3" {
		t.Errorf("the order of %q is not known; want node3", got)
	}
}

// TestTimeBands: what is bad on two hosts within the reach of their clocks is in one band, what is farther away in none.
func TestTimeBands(t *testing.T) {
	r := busy(0)
	bad := func(host string, s int) scene.Event {
		return scene.Event{At: sampleTime.Add(time.Duration(s) * time.Second), Host: host, Lane: scene.LaneKernel, Tone: "bad", Count: 1, Text: "x"}
	}
	for _, tt := range []struct {
		events []scene.Event
		want   int
	}{
		{[]scene.Event{bad("node1", -100), bad("node2", -98)}, 1},
		{[]scene.Event{bad("node1", -100), bad("node2", -90)}, 0},
		{[]scene.Event{bad("node1", -100), bad("node1", -100)}, 0},
		{[]scene.Event{bad("node1", -100), bad("node3", -100)}, 0}, // of node3 nothing is known: a sentence says so, no band could
		{[]scene.Event{bad("node1", -100), bad("node2", -98), bad("node1", -50), bad("node2", -51)}, 2},
	} {
		r.Scene.Events = append(tt.events, busy(0).Scene.Events...)
		if got := timelineOf(r).Draw().Bands; len(got) != tt.want {
			t.Errorf("%d bands for %v; want %d", len(got), tt.events, tt.want)
		}
	}
}

// TestTimeTogether draws many hosts in the same lanes.
func TestTimeTogether(t *testing.T) {
	r := busy(0)
	for i := range 100 {
		r.Scene.Events = append(r.Scene.Events, scene.Event{At: sampleTime, Host: fmt.Sprintf("host%d", i), Lane: scene.LaneDocker, Text: "x", Count: 1})
	}
	d := timelineOf(r).Draw()
	if !d.Together || len(d.Lanes) != 2 || len(d.Heads) != 0 || d.Height > 200 {
		t.Errorf("together %v, %d lanes, %d hosts, %d high; want one pair of lanes for all", d.Together, len(d.Lanes), len(d.Heads), d.Height)
	}
}

// TestTimeData: the columns are of one length and hold the scene.
func TestTimeData(t *testing.T) {
	r := busy(500)
	in := newTexts()
	p := newHTMLPage(r)
	data, err := json.Marshal(p.timeData(in))
	if err != nil {
		t.Fatal(err)
	}
	var columns map[string]any
	if err := json.Unmarshal(data, &columns); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"at", "last", "host", "lane", "tone", "text", "subject", "service", "count", "doc", "line"} {
		if n := len(columns[name].([]any)); n != len(r.Scene.Events) {
			t.Errorf("column %s has %d rows; want %d", name, n, len(r.Scene.Events))
		}
	}
	c := p.timeData(in).(*timeColumns)
	for i, e := range p.Scene.Events {
		at := time.UnixMilli(c.Base).Add(time.Duration(c.At[i]) * time.Microsecond)
		if !at.Equal(e.At) || c.Hosts[c.Host[i]] != e.Host || c.Lanes[c.Lane[i]] != e.Lane || in.list[c.Text[i]] != e.Text || c.Count[i] != e.Count || in.list[c.Doc[i]]+fmt.Sprintf(":%d", c.Line[i]) != e.Ref && e.Ref != "" {
			t.Fatalf("event %d is %v on %s in %s: %q", i, at, c.Hosts[c.Host[i]], c.Lanes[c.Lane[i]], in.list[c.Text[i]])
		}
	}
	if c.Left != 7 || fmt.Sprint(c.Reach[0], c.Reach[1], c.Reach[2]) != "&[0 0] &[-3000 1000] <nil>" {
		t.Errorf("%d left out, clocks %v %v %v", c.Left, c.Reach[0], c.Reach[1], c.Reach[2])
	}
	r.Scene = nil
	if got := newHTMLPage(r).timeData(newTexts()); got != nil {
		t.Errorf("without a scene the timeline is %v", got)
	}
}

// TestTimeUnseen: a lane of which nothing was captured is drawn as such, and no calm one.
func TestTimeUnseen(t *testing.T) {
	r := busy(10)
	r.Scene.Unseen = []scene.Unseen{{Host: "node1", Lane: scene.LaneLog, Why: "denied: permission denied"}, {Host: "node9", Lane: scene.LaneDocker, Why: "timeout"}}
	var got []string
	for _, l := range timelineOf(r).Draw().Lanes {
		if l.Unseen != "" {
			got = append(got, l.Name+": "+l.Unseen)
		}
	}
	if s := strings.Join(got, "; "); s != "log: denied: permission denied; docker: timeout" {
		t.Errorf("unseen are %q", s)
	}
	c := newHTMLPage(r).timeData(newTexts()).(*timeColumns)
	if len(c.Blind) != 2 || c.Hosts[c.Blind[1].Host] != "node9" || c.Lanes[c.Blind[1].Lane] != scene.LaneDocker {
		t.Errorf("the script is told of %v", c.Blind)
	}
	if page := rendered(t, HTML, r); !strings.Contains(page, "? not captured: denied: permission denied") {
		t.Error("the picture does not say that nothing was captured")
	}
}

// TestTimeBurst: a MAC that goes to and fro has a bar with its name and how often, apart from what else is forwarded.
func TestTimeBurst(t *testing.T) {
	r := busy(0)
	r.Scene.Events = append([]scene.Event{
		{At: sampleTime.Add(-time.Minute), Host: "node1", Lane: scene.LaneForward, Text: "appeared", Count: 1},
		{At: sampleTime.Add(-time.Minute), Until: sampleTime.Add(-40 * time.Second), Host: "node1", Lane: scene.LaneMoves, Tone: "bad", Text: "moved", Subject: "02:42:0a:00:01:07", Count: 410},
	}, r.Scene.Events...)
	var found []drawnMark
	for _, m := range timelineOf(r).Draw().Marks {
		if m.Tone == "bad" {
			found = append(found, m)
		}
	}
	if len(found) == 1 && found[0].LabelX < 0 {
		t.Errorf("its name is before it, though there is room behind it: %+v", found)
	}
	if len(found) != 1 || found[0].Label != "02:42:0a:00:01:07 ×410" || found[0].W < timeBin || found[0].N != 410 {
		t.Errorf("the burst is drawn as %+v", found)
	}
	// At the end of the axis the name stands before the bar.
	r.Scene.Events[1].At, r.Scene.Events[1].Until = sampleTime, sampleTime.Add(12*time.Second)
	for _, m := range timelineOf(r).Draw().Marks {
		if m.Tone == "bad" && (m.Label == "" || m.LabelX >= 0 || m.X+m.LabelX < timeLeft) {
			t.Errorf("the burst at the end is drawn as %+v", m)
		}
	}
}
