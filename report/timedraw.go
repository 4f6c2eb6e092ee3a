package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/netmortem/netmortem/analyze/scene"
)

// The measures of the drawing, in units of its view box. page/src/timedraw.ts draws the same with the same measures.
const (
	timeWide   = 1310 // of all
	timeLeft   = 128  // where the axis begins: lanes have their names before it
	timeRight  = 14   // free space after its end
	timeTop    = 52   // causes and the axis have their words above the rows
	timeLane   = 19   // height of a lane
	timeHead   = 22   // height of a host's name
	timeBin    = 9    // what is closer than that is one mark
	timeHosts  = 6    // beyond that many hosts, lanes are drawn of all of them together
	timeReach  = 300  // beyond that width, the words on a clock stand over its bar
	timeGlyph  = 5    // half a mark
	timeLetter = 6.4  // width of a letter, as far as it matters
)

// A timeDrawing is the picture of a window.
type timeDrawing struct {
	Height   int
	Lanes    []drawnLane
	Heads    []drawnHead
	Ticks    []drawnTick
	Causes   []drawnCause
	Bands    []drawnBand
	Marks    []drawnMark
	Together bool // all hosts are drawn in the same lanes
}

type drawnLane struct {
	Name   string
	Y      int
	Unseen string // why nothing is known of it; empty when somebody looked
}

// A drawnHead is a host's name over its lanes, with a bar as long as its clock is uncertain.
type drawnHead struct {
	Name, Words string
	Y           int
	Known       bool
	X           float64 // of the words
	W           float64 // of the bar; no wider than the axis
}

type drawnTick struct {
	X    float64
	Text string
}

type drawnCause struct {
	Rank    int
	X, W    float64 // W is 0 for a moment
	TextX   float64
	Anchor  string // start or end
	Row     int    // 0 or 1: labels that would meet stand below each other
	Felt    bool
	Label   string
	Words   string
	Outside bool // it lies before the window or after it
}

// LabelY is the height of a label's line.
func (c drawnCause) LabelY() int { return 11 + 13*c.Row }

// LineY is where its line begins: at the label, or, without one, at the axis.
func (c drawnCause) LineY() int {
	if c.Label == "" {
		return 48
	}
	return c.LabelY() - 6
}

// A drawnBand is a time within which events of several hosts cannot be put in order.
type drawnBand struct {
	X, W  float64
	Y, H  int
	Words string
}

// A drawnMark is one event, or several of a lane that are too close to be told apart.
type drawnMark struct {
	X, W        float64 // middle of the first, and how far it lasts
	Y           int
	Tone        string // bad, odd, capture, or empty
	N           int    // events, each counted as often as it happened
	Low, High   float64
	Whisker     bool // Low to High is the time in which it may have been
	Title       string
	Label       string  // how many, where there is room for it
	LabelX      float64 // from X
	Size        float64 // of the glyph, 1 for one event
	mac         string  // the only one of the lane of moves
	first, last float64
}

// glyphs are the shapes of the tones, around 0: never colour alone. page/src/timedraw.ts has the same.
var glyphs = map[string]string{"bad": "M0-6l6 6-6 6-6-6z", "odd": "M0-5.5l5.8 10H-5.8z", "": "M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0"}

// Glyph is the shape of a mark, around 0.
func (m drawnMark) Glyph() string { return glyphs[m.Tone] }

// WhiskerPath is a line from Low to High with an end on either side, from X.
func (m drawnMark) WhiskerPath() string {
	return fmt.Sprintf("M%.1f-3.5v7m0-3.5H%.1fm0-3.5v7", m.Low-m.X, m.High-m.X)
}

// Draw makes the picture.
func (t *timeline) Draw() *timeDrawing {
	d := &timeDrawing{Together: len(t.Hosts) > timeHosts}
	at := t.rows(d)
	d.Ticks = t.ticks()
	for _, h := range t.Hosts {
		if d.Together {
			break
		}
		head := drawnHead{Name: h.Name, Words: h.Words(), Known: h.Known, Y: at[h.Name+"\x00"]}
		if h.Known {
			head.W = min(t.wide(h.Reach.Late-h.Reach.Early), timeWide-timeLeft-timeRight)
		}
		if head.X = timeLeft; head.W > 2 && head.W < timeReach {
			head.X += head.W + 7
		}
		d.Heads = append(d.Heads, head)
	}
	d.Marks = t.marks(d.Together, at)
	d.Causes = t.causes()
	if !d.Together {
		d.Bands = t.bands(timeTop, d.Height-timeTop)
	}
	return d
}

// rows places the lanes that have events in the window, or of which nothing is known.
func (t *timeline) rows(d *timeDrawing) map[string]int {
	used := map[string]bool{}
	for _, e := range t.Events {
		used[e.Host+"\x00"+e.Lane] = true
		used["\x00"+e.Lane] = true
	}
	unseen := map[string]string{}
	for _, u := range t.Unseen {
		unseen[u.Host+"\x00"+u.Lane] = u.Why
	}
	at := map[string]int{}
	y := timeTop
	hosts := t.Hosts
	if d.Together {
		hosts = []timeHost{{}}
	}
	for _, h := range hosts {
		if !d.Together {
			at[h.Name+"\x00"] = y
			y += timeHead
		}
		for _, lane := range scene.Lanes {
			key := h.Name + "\x00" + lane
			why, blind := unseen[key]
			if used[key] || blind && !d.Together {
				at[key] = y + timeLane/2
				d.Lanes = append(d.Lanes, drawnLane{lane, y, why})
				y += timeLane
			}
		}
		y += 4
	}
	d.Height = y + 2
	return at
}

// x is the place of a time.
func (t *timeline) x(at time.Time) float64 {
	return timeLeft + float64(at.Sub(t.From))/float64(t.To.Sub(t.From))*(timeWide-timeLeft-timeRight)
}

// wide is the width of a number of seconds.
func (t *timeline) wide(s float64) float64 {
	return s / t.To.Sub(t.From).Seconds() * (timeWide - timeLeft - timeRight)
}

// steps are what ticks may be apart.
var steps = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond,
	500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
	10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour,
}

// ticks are at most ten round times.
func (t *timeline) ticks() []drawnTick {
	step := steps[len(steps)-1]
	for _, s := range steps {
		if t.To.Sub(t.From) <= 10*s {
			step = s
			break
		}
	}
	form := "15:04:05Z"
	if step < time.Second {
		form = "15:04:05.000Z"
	} else if step >= 12*time.Hour {
		form = "2006-01-02Z"
	}
	var out []drawnTick
	at := t.From.UTC().Truncate(step)
	for range 20 {
		if at = at.Add(step); at.After(t.To) {
			break
		}
		if x := t.x(at); x > timeLeft+2 && x < timeWide-timeRight-28 {
			out = append(out, drawnTick{x, at.Format(form)})
		}
	}
	return out
}

// marks puts the events of a lane that are too close to be told apart into one.
func (t *timeline) marks(together bool, at map[string]int) []drawnMark {
	type row struct {
		y      int
		events []scene.Event
	}
	rows := map[string]*row{}
	var keys []string
	for _, e := range t.Events {
		key := e.Host + "\x00" + e.Lane
		if together {
			key = "\x00" + e.Lane
		}
		if rows[key] == nil {
			rows[key] = &row{y: at[key]}
			keys = append(keys, key)
		}
		rows[key].events = append(rows[key].events, e)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Compare(rows[a].y, rows[b].y) })
	reach := t.reaches()
	var out []drawnMark
	for _, key := range keys {
		var m *drawnMark
		var titles []string
		flush := func() {
			if m != nil {
				m.Title = strings.Join(titles, "\n")
				out = append(out, *m)
			}
			m, titles = nil, nil
		}
		for _, e := range rows[key].events {
			x := max(t.x(e.At), timeLeft)
			end := min(t.x(ends(e)), timeWide-timeRight)
			if e.Lane == scene.LaneCapture {
				flush()
				out = append(out, drawnMark{X: x, W: max(end-x, 2), Y: rows[key].y, Tone: "capture", N: 1, Title: t.Stamp(e.At) + " " + e.Host + ": " + e.Text})
				continue
			}
			if m == nil || x-m.first > timeBin {
				flush()
				m = &drawnMark{X: x, Y: rows[key].y, first: x, last: x, Low: x, High: x}
			}
			m.N += e.Count
			if m.mac = ""; m.N == e.Count && e.Lane == scene.LaneMoves {
				m.mac = e.Subject // a burst is told by whose it is
			}
			m.last = max(m.last, end)
			m.W = m.last - m.first
			if toneRank(e.Tone) > toneRank(m.Tone) {
				m.Tone = e.Tone
			}
			if h := reach[e.Host]; h.Known {
				m.Low, m.High = min(m.Low, x+t.wide(h.Reach.Early)), max(m.High, x+t.wide(h.Reach.Late))
				m.Low, m.High = max(m.Low, timeLeft), min(m.High, timeWide-timeRight)
			}
			m.Whisker = m.Tone != "" && m.High-m.Low > 2*timeGlyph+m.W
			if len(titles) < 6 {
				title := t.Clock(e.At) + " " + e.Host + ": " + e.Text
				if e.Count > 1 {
					title += fmt.Sprintf(" (×%d)", e.Count)
				}
				titles = append(titles, title)
			} else if len(titles) == 6 {
				titles = append(titles, "…")
			}
		}
		flush()
	}
	label(out)
	return out
}

// label gives the marks their sizes, and their numbers where the next mark of the lane leaves room.
func label(marks []drawnMark) {
	for i := range marks {
		m := &marks[i]
		m.Size = 1 + min(math.Log10(float64(max(m.N, 1)))/4, .6)
		if m.N < 2 || m.Tone == "capture" {
			continue
		}
		text := strconv.Itoa(m.N)
		if m.mac != "" {
			text = m.mac + " ×" + text
		}
		room := timeWide - timeRight - m.X
		if i+1 < len(marks) && marks[i+1].Y == m.Y {
			room = marks[i+1].X - timeGlyph - m.X
		}
		m.LabelX = timeGlyph*m.Size + 3
		if m.W > timeBin {
			m.LabelX = m.W + 4
		}
		if m.LabelX+float64(utf8.RuneCountInString(text))*timeLetter <= room {
			m.Label = text
		} else if before := float64(utf8.RuneCountInString(text))*timeLetter + timeGlyph*m.Size + 12; m.mac != "" && m.X-before > timeLeft && (i == 0 || marks[i-1].Y != m.Y || marks[i-1].X+marks[i-1].W < m.X-before) {
			m.Label, m.LabelX = text, -before // no room behind it: before it, then
		}
	}
}

// causes places the lines at which causes began, and their labels so that they do not meet.
func (t *timeline) causes() []drawnCause {
	var out []drawnCause
	free := [2]float64{0, 0} // where each row of labels ends
	for _, c := range t.Causes {
		if c.From.After(t.To) || c.To.Before(t.From) {
			continue
		}
		d := drawnCause{Rank: c.Rank, X: max(t.x(c.From), timeLeft), Felt: c.Felt, Words: c.Words, Anchor: "start"}
		if c.To.After(c.From) {
			d.W = min(t.x(c.To), timeWide-timeRight) - d.X
		}
		d.Label = fmt.Sprintf("cause %d", c.Rank)
		switch {
		case d.Felt:
			d.Label += " felt"
		case d.W > 0:
			d.Label += " began in here"
		default:
			d.Label += " began"
		}
		if c.Name != "" {
			d.Label += ": " + c.Name
		}
		wide := float64(len(d.Label))*timeLetter + 8
		d.TextX = d.X + 4
		if d.TextX+wide > timeWide {
			d.TextX, d.Anchor = d.X-4, "end"
		}
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b drawnCause) int { return cmp.Compare(a.X, b.X) })
	for i := range out {
		d := &out[i]
		wide := float64(len(d.Label))*timeLetter + 8
		from := d.TextX
		if d.Anchor == "end" {
			from -= wide
		}
		switch {
		case from >= free[0]:
			d.Row, free[0] = 0, from+wide
		case from >= free[1]:
			d.Row, free[1] = 1, from+wide
		default:
			d.Label = "" // its line stands, and the table says which it is
		}
	}
	return out
}

// bands are the times within which what is bad or odd on one host cannot be put before or after what is on another.
func (t *timeline) bands(y, height int) []drawnBand {
	reach := t.reaches()
	type span struct {
		from, to time.Time
		host     string
	}
	var spans []span
	for _, e := range t.Events {
		h := reach[e.Host]
		if toneRank(e.Tone) < 1 || !h.Known {
			continue
		}
		spans = append(spans, span{e.At.Add(inSeconds(h.Reach.Early)), e.At.Add(inSeconds(h.Reach.Late)), e.Host})
	}
	slices.SortStableFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	var out []drawnBand
	for i := 0; i < len(spans); {
		from, to := spans[i].from, spans[i].to
		hosts := []string{spans[i].host}
		k := i + 1
		for ; k < len(spans) && !spans[k].from.After(to); k++ {
			if spans[k].to.After(to) {
				to = spans[k].to
			}
			if !slices.Contains(hosts, spans[k].host) {
				hosts = append(hosts, spans[k].host)
			}
		}
		i = k
		if len(hosts) < 2 {
			continue
		}
		slices.Sort(hosts)
		x := max(t.x(from), timeLeft)
		out = append(out, drawnBand{X: x, W: max(min(t.x(to), timeWide-timeRight)-x, 3), Y: y, H: height,
			Words: fmt.Sprintf("what is marked on %s within these %.2g s may have happened in any order", strings.Join(hosts, " and "), to.Sub(from).Seconds())})
	}
	return out
}
