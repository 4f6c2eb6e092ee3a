package capture

import (
	"strings"
	"sync"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// books is the bundle being written, and the account of everything that was planned for it.
type books struct {
	records  records
	mu       sync.Mutex
	w        *schema.Writer
	accounts []*account
	err      error // first failure of the bundle itself
}

func newBooks(w *schema.Writer) *books { return &books{records: newRecords(), w: w} }

// plan opens the account of a collector, on the host if ns is nil.
func (b *books) plan(c *Collector, ns *Netns, reads int) *account {
	a := newAccount(c, ns, reads)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accounts = append(b.accounts, a)
	return a
}

// sink is where one run of the account's collector writes.
func (b *books) sink(a *account, read int, maxBytes int64) *Sink {
	return &Sink{books: b, acc: a, read: read, maxBytes: maxBytes, mark: time.Now()}
}

// put writes rows of one table, and counts them.
func (b *books) put(a *account, t *tableLines) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := 0
	for _, end := range t.ends {
		b.w.PutLine(t.table, t.text[at:end])
		at = end
	}
	b.count(a, t.table, len(t.ends))
}

// flush writes the merged rows of an account, and forgets them.
func (b *books) flush(a *account) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range a.c.Tables { // in a fixed order
		m := a.merges[name]
		if m == nil {
			continue
		}
		m.each(func(line []byte) { b.w.PutLine(name, line) })
		b.count(a, name, len(m.rows))
		delete(a.merges, name)
	}
}

// count adds n rows to the item of that table.
func (b *books) count(a *account, table string, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	it := a.plan(schema.Coverage{Tbl: table}, false, 0)
	it.Rows += int64(n)
}

// raw writes a document; name begins with raw/.
func (b *books) raw(name string, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.w.Raw(strings.TrimPrefix(name, "raw/"), data)
	if err != nil && b.err == nil {
		b.err = err
	}
	return err
}

// finish writes what still waits for a last read that did not come, and the coverage rows, which it returns.
func (b *books) finish() []schema.Coverage {
	var all []schema.Coverage
	for _, a := range b.accounts {
		b.flush(a)
		all = append(all, a.coverage()...)
	}
	r := b.records
	var line []byte
	for i := range all {
		rec, v, err := r.of(&all[i])
		if err != nil {
			panic("capture: coverage is no table: " + err.Error()) // a mistake in schema.Tables
		}
		line = rec.appendJSON(line[:0], v)
		b.w.PutLine("coverage", line)
	}
	return all
}
