package scene

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// foldWindow is how long after an event another of the same kind still counts for the same: a retry, a flood, a rolling start.
const foldWindow = 30 * time.Second

// A folder takes events in any order, folds those that are alike and close to each other into one, and keeps a bounded number.
type folder struct {
	list []*Event
	open map[string]*Event // the group of a kind that was added to last
	near []time.Time       // sorted: what the causes are dated by
	most int
	left int
}

func newFolder(most int, near []time.Time) *folder {
	near = slices.Clone(near)
	slices.SortFunc(near, time.Time.Compare)
	return &folder{open: map[string]*Event{}, near: near, most: most}
}

// add takes an event. Alike are those of one host, lane, tone and subject whose texts differ in nothing but numbers and ids.
func (f *folder) add(e Event) {
	if e.At.IsZero() {
		f.left++ // without a time it has no place on an axis
		return
	}
	e.At = e.At.UTC()
	e.Text = cutText(e.Text)
	e.Count = max(e.Count, 1)
	end := e.At
	if !e.Until.IsZero() {
		e.Until = e.Until.UTC()
		end = e.Until
	}
	key := strings.Join([]string{e.Host, e.Lane, e.Tone, e.Subject, textShape(e.Text)}, "\x00")
	if g := f.open[key]; g != nil && e.Lane != LaneCapture {
		last := g.At
		if !g.Until.IsZero() {
			last = g.Until
		}
		if !e.At.After(last.Add(foldWindow)) && !end.Before(g.At.Add(-foldWindow)) {
			g.Count += e.Count
			if e.At.Before(g.At) {
				g.At, g.Ref, g.Text = e.At, e.Ref, e.Text
			}
			if end.After(last) {
				last = end
			}
			if last.After(g.At) {
				g.Until = last
			}
			return
		}
	}
	g := &e
	f.open[key] = g
	if f.list = append(f.list, g); len(f.list) >= 8*f.most {
		f.prune()
	}
}

// events are those that are kept, in order of time, and how many are left out.
func (f *folder) events() ([]Event, int) {
	f.prune()
	slices.SortStableFunc(f.list, func(a, b *Event) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Host, b.Host), strings.Compare(a.Lane, b.Lane), strings.Compare(a.Text, b.Text), strings.Compare(a.Ref, b.Ref))
	})
	out := make([]Event, len(f.list))
	for i, e := range f.list {
		out[i] = *e
	}
	return out, f.left
}

// prune drops the least telling events: the captures stay, then what is bad, then what is odd; among equals those close to a cause's time.
func (f *folder) prune() {
	if len(f.list) <= f.most {
		return
	}
	type ranked struct {
		e    *Event
		rank int
		far  time.Duration
	}
	all := make([]ranked, len(f.list))
	for i, e := range f.list {
		r := ranked{e, 3, f.far(e)}
		switch {
		case e.Lane == LaneCapture:
			r.rank = 0
		case e.Tone == toneBad:
			r.rank = 1
		case e.Tone == toneOdd:
			r.rank = 2
		}
		all[i] = r
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.far, b.far), a.e.At.Compare(b.e.At), strings.Compare(a.e.Host, b.e.Host), strings.Compare(a.e.Ref, b.e.Ref))
	})
	f.left += len(all) - f.most
	f.list = f.list[:0]
	for _, r := range all[:f.most] {
		f.list = append(f.list, r.e)
	}
}

// far is how far an event is from the nearest time that a cause is dated by.
func (f *folder) far(e *Event) time.Duration {
	if len(f.near) == 0 {
		return 0
	}
	i, _ := slices.BinarySearchFunc(f.near, e.At, time.Time.Compare)
	best := time.Duration(1<<63 - 1)
	for _, k := range []int{i - 1, i} {
		if k >= 0 && k < len(f.near) {
			best = min(best, e.At.Sub(f.near[k]).Abs())
		}
	}
	return best
}

// textShape is a text without what tells one event from the next of its kind: words with a digit in them are replaced.
func textShape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	word, digit := 0, false
	flush := func(end int) {
		if digit {
			b.WriteByte('#')
		} else {
			b.WriteString(s[word:end])
		}
		digit = false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			digit = true
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= 0x80:
		default:
			flush(i)
			b.WriteByte(c)
			word = i + 1
		}
	}
	flush(len(s))
	return b.String()
}

// longestText bounds the text of an event, in bytes.
const longestText = 300

// cutText makes a text fit, at the boundary of a character, and says so.
func cutText(s string) string {
	if len(s) <= longestText {
		return s
	}
	n := longestText
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
