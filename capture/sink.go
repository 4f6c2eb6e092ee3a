package capture

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/docker/go-units"

	"github.com/netmortem/netmortem/schema"
)

// A Sink takes what one run of a collector reads, on the host or in one namespace, in one of the two reads.
//
// It sets nothing in a row but seen and the *_last columns. A collector whose deadline has passed may find it closed;
// then everything is refused with errSinkClosed, and what it took before stays.
type Sink struct {
	mu       sync.Mutex
	books    *books
	acc      *account
	read     int
	lines    []tableLines // rows that are not merged, by table, in the order of their first row
	closed   bool
	maxBytes int64
	mark     time.Time // when it was opened, or took the last document
}

// tableLines are rows of one table as JSON lines, kept together so that the rows of a namespace are neighbours in the
// file.
type tableLines struct {
	table string
	text  []byte
	ends  []int // where each line ends in text
}

var errSinkClosed = errors.New("the deadline has passed")

// Read is 0 in the first read and 1 in the last.
func (s *Sink) Read() int { return s.read }

// Put adds one row: a pointer to a record of a table that the collector names, or a record. Rows of volatile tables are
// merged with those of the other read. A table that is not volatile is taken from the first read only.
func (s *Sink) Put(row any) error {
	r, v, err := s.books.records.of(row)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errSinkClosed
	}
	if !slices.Contains(s.acc.c.Tables, r.table.Name) {
		return fmt.Errorf("collector %s does not name the table %s", s.acc.c.Name, r.table.Name)
	}
	if !r.table.Volatile {
		if s.read == 0 {
			s.line(r.table.Name, func(b []byte) []byte { return r.appendJSON(b, v) })
		}
		return nil
	}
	m := s.acc.merges[r.table.Name]
	if m == nil {
		m = newMerge(r)
		if s.acc.merges == nil {
			s.acc.merges = map[string]*merge{}
		}
		s.acc.merges[r.table.Name] = m
	}
	if s.read == 0 {
		m.first(v)
	} else {
		m.last(v)
	}
	return nil
}

// line adds one line to the rows of a table.
func (s *Sink) line(table string, app func([]byte) []byte) {
	i := 0
	for i < len(s.lines) && s.lines[i].table != table {
		i++
	}
	if i == len(s.lines) {
		s.lines = append(s.lines, tableLines{table: table})
	}
	t := &s.lines[i]
	t.text = app(t.text)
	t.ends = append(t.ends, len(t.text))
}

// Document adds a verbatim document. In a namespace its name is relative to raw/netns/<id>/, on the host to raw/. In the
// second read .last is added to it. masked is the number of values that were masked in it.
//
// A document above Options.MaxBytes is cut there and its outcome is truncated.
func (s *Sink) Document(name string, data []byte, masked int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errSinkClosed
	}
	name = s.acc.document(name, s.read)
	s.acc.mu.Lock()
	it := s.acc.plan(schema.Coverage{Document: name}, true, s.read)
	if it.done[s.read] {
		s.acc.mu.Unlock()
		return fmt.Errorf("%s: written twice", name)
	}
	it.done[s.read] = true
	it.out[s.read] = outcome{schema.OK, ""}
	if s.maxBytes > 0 && int64(len(data)) > s.maxBytes {
		it.out[s.read] = outcome{schema.Truncated, fmt.Sprintf("cut at %d of %d bytes", s.maxBytes, len(data))}
		data = data[:s.maxBytes]
	}
	it.Bytes, it.Masked, it.Micros = int64(len(data)), int64(masked), s.lap()
	s.acc.mu.Unlock()
	err := s.books.raw(name, data)
	if errors.Is(err, errNoRoom) {
		s.acc.mu.Lock()
		defer s.acc.mu.Unlock()
		it = s.acc.plan(schema.Coverage{Document: name}, true, s.read)
		it.Bytes, it.Masked = 0, 0
		it.out[s.read] = outcome{schema.Truncated, fmt.Sprintf("its %d bytes do not fit into a bundle of %s", len(data), units.BytesSize(float64(s.books.bound)))}
		return nil // it has its outcome
	}
	return err
}

// Cover gives an item an outcome of its own, other than the one that the collector's error says for all: a table (Tbl), or
// a document (Document, named as for [Sink.Document]). Collector is filled in, in a namespace Netns, too.
func (s *Sink) Cover(c schema.Coverage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	doc := c.Document != ""
	if doc {
		c.Document = s.acc.document(c.Document, s.read)
	}
	o := outcome{c.Outcome, c.Reason}
	c.Outcome, c.Reason = "", ""
	s.acc.mu.Lock()
	defer s.acc.mu.Unlock()
	it := s.acc.plan(c, doc, s.read)
	it.Masked = max(it.Masked, c.Masked)
	it.done[s.read], it.out[s.read] = true, o
	if doc {
		it.Micros = s.lap()
	}
}

// lap is the time since the last document, in microseconds.
func (s *Sink) lap() int64 {
	now := time.Now()
	d := now.Sub(s.mark)
	s.mark = now
	return d.Microseconds()
}

// close refuses everything that comes later and hands what came to the bundle. Rows that wait for the last read stay in
// the account.
func (s *Sink) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	for _, t := range s.lines {
		s.books.put(s.acc, &t)
	}
	s.lines = nil
	if s.read == s.acc.reads-1 {
		s.books.flush(s.acc)
	}
}
