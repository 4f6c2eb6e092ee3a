package capture

import (
	"errors"
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
	bound    int64 // Options.MaxSize, zero for none
	items    int64 // that were planned at first
	err      error // first failure of the bundle itself
}

func newBooks(w *schema.Writer) *books { return &books{records: newRecords(), w: w} }

// plan opens the account of a collector, on the host if ns is nil.
func (b *books) plan(c *Collector, ns *Netns, reads int) *account {
	a := newAccount(c, ns, reads)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accounts = append(b.accounts, a)
	b.items += int64(len(a.items))
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
	at, n := 0, 0
	for i, end := range t.ends {
		if !a.c.Known && b.full(i) {
			break
		}
		b.w.PutLine(t.table, t.text[at:end])
		at, n = end, n+1
	}
	b.count(a, t.table, n, len(t.ends))
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
		i, n := 0, 0
		m.each(func(line []byte) {
			if i == n && !b.full(i) {
				b.w.PutLine(name, line)
				n++
			}
			i++
		})
		b.count(a, name, n, i)
		delete(a.merges, name)
	}
}

// count adds n rows of all that there were to the item of that table.
func (b *books) count(a *account, table string, n, all int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	it := a.plan(schema.Coverage{Tbl: table}, false, 0)
	it.Rows += int64(n)
	it.refused += int64(all - n)
	it.bound = b.bound
}

// raw writes a document; name begins with raw/. The error errNoRoom says that the bundle has no room for it.
func (b *books) raw(name string, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bound > 0 {
		// What is left for documents may be less than the document and more than what it becomes.
		if left := b.room() - b.bound/documentsLeave; left < int64(len(data)) && left < b.w.PackedSize(data) {
			return errNoRoom
		}
	}
	err := b.w.Raw(strings.TrimPrefix(name, "raw/"), data)
	if err != nil && b.err == nil {
		b.err = err
	}
	return err
}

// Of a bounded bundle documents leave a quarter to rows: the tables of the kernel come last, because they are read twice,
// and are what the bundle is for. closingRoom is for what must be there in any case: coverage, manifest, meta.json.
const (
	documentsLeave = 4
	closingRoom    = 64 << 10
	coverageBytes  = 16 // of one item, compressed
)

// errNoRoom says that the bundle is as big as it may become.
var errNoRoom = errors.New("the bundle is full")

// room is how many bytes a bounded bundle may still grow by. The caller holds mu.
func (b *books) room() int64 {
	return b.bound - b.w.Packed() - closingRoom - coverageBytes*b.items
}

// full reports whether a bounded bundle has no room left; what is known anyway, the host and the list of namespaces, is
// written all the same. It looks before the first row and every fullEvery of them.
func (b *books) full(i int) bool {
	return b.bound > 0 && i%fullEvery == 0 && b.room() <= 0
}

const fullEvery = 128

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
