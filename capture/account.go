package capture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/go-units"

	"github.com/netmortem/netmortem/schema"
)

// account is what was planned for one collector on the host or in one namespace, and what became of it. Every planned
// item leaves it as exactly one coverage row.
type account struct {
	mu     sync.Mutex
	c      *Collector
	ns     *Netns // nil for the host
	reads  int    // that were planned
	items  []item
	merges map[string]*merge // volatile tables between the two reads, by table
}

// item is one table or one document.
type item struct {
	schema.Coverage
	done [2]bool    // by read: its outcome is known
	out  [2]outcome // by read
	doc  bool       // a document: it belongs to one read only
	read int        // of a document: which read it is of

	refused int64 // rows for which the bundle had no room
	bound   int64 // of the bundle
}

// outcome is how one read of an item ended.
type outcome struct {
	schema.Outcome
	reason string
}

// newAccount plans a collector's tables and documents.
func newAccount(c *Collector, ns *Netns, reads int) *account {
	if !c.Volatile {
		reads = 1
	}
	a := &account{c: c, ns: ns, reads: reads}
	for _, t := range c.Tables {
		a.plan(schema.Coverage{Tbl: t}, false, 0)
	}
	for read := range reads {
		for _, d := range c.Docs {
			a.plan(schema.Coverage{Document: a.document(d, read)}, true, read)
		}
	}
	return a
}

// document is the full name of a document that a collector names.
//
// The one of the last read has .last at its end, or before its .json.
func (a *account) document(name string, read int) string {
	if read > 0 {
		stem, isJSON := strings.CutSuffix(name, ".json")
		if name = stem + ".last"; isJSON {
			name += ".json"
		}
	}
	if a.ns == nil {
		return "raw/" + name
	}
	return "raw/netns/" + a.ns.ID() + "/" + name
}

// plan adds an item that is not there yet, and returns it. The caller holds mu, or is the only one.
func (a *account) plan(c schema.Coverage, doc bool, read int) *item {
	c.Collector = a.c.Name
	if a.ns != nil && c.Netns == "" {
		c.Netns = a.ns.ID()
	}
	for i := range a.items {
		if it := &a.items[i]; it.Tbl == c.Tbl && it.Document == c.Document && it.Netns == c.Netns {
			return it
		}
	}
	a.items = append(a.items, item{Coverage: c, doc: doc, read: read})
	return &a.items[len(a.items)-1]
}

// settle gives the outcome to every item of the read that has none yet, and the time spent to the tables: a document has
// its own.
func (a *account) settle(read int, o outcome, spent time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.items {
		it := &a.items[i]
		if it.doc && it.read != read {
			continue
		}
		if !it.done[read] {
			it.done[read], it.out[read] = true, o
		}
		if !it.doc {
			it.Micros += spent.Microseconds()
		}
	}
}

// coverage returns the rows, one an item.
func (a *account) coverage() []schema.Coverage {
	a.mu.Lock()
	defer a.mu.Unlock()
	rows := make([]schema.Coverage, 0, len(a.items))
	for i := range a.items {
		it := &a.items[i]
		o := it.out[it.read]
		if !it.doc && a.reads > 1 {
			o = both(it.out[0], it.out[1])
		}
		if it.refused > 0 {
			reason := fmt.Sprintf("%d of %d rows, as many as a bundle of %s holds", it.Rows, it.Rows+it.refused, units.BytesSize(float64(it.bound)))
			if o.Gap() {
				reason += "; " + o.text()
			}
			o = outcome{schema.Truncated, reason}
		}
		it.Coverage.Outcome, it.Coverage.Reason = o.Outcome, o.reason
		rows = append(rows, it.Coverage)
	}
	return rows
}

// vanished is the reason when a namespace was found but is gone.
const vanished = "vanished during the capture"

// both is the outcome of an item that was read twice. One complete read and a gap are partial knowledge; of two
// complete reads the last decides whether there is such a thing.
func both(first, last outcome) outcome {
	switch {
	case last.Outcome == schema.Absent && last.reason == vanished:
		return last
	case !first.Gap() && !last.Gap():
		if last.reason == "" && last.Outcome == first.Outcome {
			last.reason = first.reason
		}
		return last
	case !first.Gap():
		return outcome{schema.Partial, "last read: " + last.text()}
	case !last.Gap():
		return outcome{schema.Partial, "first read: " + first.text()}
	case slices.Index(schema.Outcomes, last.Outcome) > slices.Index(schema.Outcomes, first.Outcome):
		return last
	}
	return first
}

func (o outcome) text() string {
	if o.reason == "" {
		return string(o.Outcome)
	}
	return string(o.Outcome) + ": " + o.reason
}

// outcomeOf is what an error of a collector means for its items.
func outcomeOf(err error) outcome {
	var inc *Incomplete
	switch {
	case err == nil:
		return outcome{schema.OK, ""}
	case errors.As(err, &inc):
		return outcome{inc.Outcome, err.Error()}
	case errors.Is(err, fs.ErrPermission):
		return outcome{schema.Denied, err.Error()}
	case errors.Is(err, context.DeadlineExceeded):
		return outcome{schema.Timeout, err.Error()}
	case errors.Is(err, context.Canceled):
		return outcome{schema.Skipped, err.Error()}
	}
	return outcome{schema.Partial, err.Error()}
}
