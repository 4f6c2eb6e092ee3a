package analyze

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// loaded is what became of one source.
type loaded struct {
	source      *source
	rows        int64           // put into tables of the schema, coverage left out
	items       int64           // coverage rows, and what could not be understood
	gaps        []Gap           // items that leave something unknown, and damage
	interrupted string          // why capture or file ends early
	problems    []string        // one line each
	refusal     error           // it cannot be opened, or holds what no capture writes: nothing of it may be used
	lost        map[string]loss // by table: the first thing that is missing
	swarm       map[string]bool // tables of the swarm that it holds whole
}

// The bounds on what one line or one document may take of memory.
const (
	maxLine     = 16 << 20
	maxDocument = 256 << 20
)

// A bundleReader turns one bundle into batches.
type bundleReader struct {
	ctx      context.Context
	host     string
	rep      *loaded
	lays     map[string]*layout
	out      chan<- batch
	spare    <-chan []byte // empty buffers to use again
	packs    map[string]*pack
	coverage *coverage
	unknown  map[string]map[string]int // table, key: rows that have a key which the table has not
	damaged  map[string]int            // rows kept out, by table
	foreign  []string                  // rows/ files of tables that do not exist
	tasks    taskReads
	rrsets   *rrsets
}

// readBundle reads one source to its end. What goes wrong is in rep; nothing stops the other sources.
func readBundle(ctx context.Context, rep *loaded, lays map[string]*layout, out chan<- batch, spare <-chan []byte) {
	r := &bundleReader{
		ctx: ctx, host: rep.source.host, rep: rep, lays: lays, out: out, spare: spare, packs: map[string]*pack{},
		coverage: newCoverage(rep.source.host, lays["coverage"]), unknown: map[string]map[string]int{}, damaged: map[string]int{},
	}
	r.rrsets = newRRsets(lays["dns_answer"], func() *pack { return r.pack(dnsRRsetTable.Name) })
	rep.interrupted = rep.source.meta.Interrupted
	b, err := rep.source.open()
	if err != nil {
		rep.refusal = err
		return
	}
	defer b.Close()
	for ctx.Err() == nil {
		e, err := b.Next()
		if err == io.EOF {
			break
		}
		if err != nil { // a break ends with io.EOF; this is a refusal
			rep.refusal = err
			return
		}
		r.entry(e)
	}
	if full, ok := b.(*schema.Bundle); ok {
		if full.Interrupted != "" {
			r.cut(full.Interrupted)
		}
		for _, p := range full.Problems {
			r.suspect(p)
		}
	}
	r.finish()
}

func (r *bundleReader) problem(format string, args ...any) {
	r.rep.problems = append(r.rep.problems, fmt.Sprintf(format, args...))
}

// cut notes that the file ends early.
func (r *bundleReader) cut(why string) {
	if r.rep.interrupted == "" {
		r.rep.interrupted = why
	}
	r.problem("%s: %s: what follows the break is not known", r.rep.source.path, why)
}

// suspect takes a complaint of the bundle's reader about one entry: what was decoded from it cannot be trusted.
func (r *bundleReader) suspect(complaint string) {
	r.problem("%s: %s", r.rep.source.path, complaint)
	name, _, _ := strings.Cut(complaint, ": ")
	ref := r.host + "/" + name + ":1"
	if table, ok := strings.CutPrefix(name, "rows/"); ok {
		r.coverage.damage(strings.TrimSuffix(table, ".jsonl"), "", "", complaint, ref)
	}
	r.coverage.damageDocument(name, complaint, ref)
}

func (r *bundleReader) entry(e *schema.Entry) {
	if name, ok := strings.CutPrefix(e.Name, "rows/"); ok {
		name, ok = strings.CutSuffix(name, ".jsonl")
		lay := r.lays[name]
		if !ok || lay == nil {
			r.foreign = append(r.foreign, e.Name)
			return
		}
		r.coverage.files[e.Name] = true
		r.rows(lay, e)
		return
	}
	if name, ok := strings.CutPrefix(e.Name, "raw/"); ok {
		r.coverage.files[e.Name] = true
		r.document(name, e)
	}
}

// rows reads rows/<table>.jsonl.
func (r *bundleReader) rows(lay *layout, e *schema.Entry) {
	name := lay.table.Name
	unknown := func(key string) {
		if r.unknown[name] == nil {
			r.unknown[name] = map[string]int{}
		}
		if len(r.unknown[name]) < 64 || r.unknown[name][key] > 0 {
			r.unknown[name][key]++
		}
	}
	doc := ""
	if lay.table.Decoded() {
		doc = e.Name
	}
	if p := r.pack(name); p.buf == nil && e.Size >= batchBytes/2 {
		p.buf = r.buffer()
	}
	lines := schema.NewLines(e.Name, e.Data, maxLine)
	for r.ctx.Err() == nil && lines.Next() {
		line, n := bytes.TrimRight(lines.Bytes(), "\r"), lines.Number()
		if len(line) == 0 {
			continue
		}
		p := r.pack(name)
		before := len(p.buf)
		if err := packRow(p, lay, r.host, doc, n, line, unknown); err != nil {
			r.damage(name, n, err)
			continue
		}
		switch name {
		case "coverage":
			r.coverage.add(n, p.buf[before:])
		case "netns":
			r.coverage.namespace(p.buf[before:], lay)
			r.rep.rows++
		case "dns_answer":
			r.rrsets.add(p.buf[before:])
			r.rep.rows++
			*p = pack{buf: p.buf[:before]}
			r.send(dnsRRsetTable.Name, r.pack(dnsRRsetTable.Name), batchBytes)
		default:
			r.rep.rows++
		}
		r.send(name, p, batchBytes)
	}
	r.rrsets.flush()
	err := lines.Err()
	if err == nil {
		_, err = e.Data.Read(make([]byte, 1)) // Lines ends at a break as at the end
	}
	if err != nil && err != io.EOF {
		r.damage(name, lines.Number()+1, err)
	}
}

// damage notes a row that was kept out: what its table says of the host is no longer whole.
func (r *bundleReader) damage(table string, line int64, err error) {
	r.damaged[table]++
	ref := fmt.Sprintf("%s/rows/%s.jsonl:%d", r.host, table, line)
	if r.damaged[table] <= 3 {
		r.problem("%s: %v: the row is kept out", ref, err)
	}
	if r.damaged[table] == 1 {
		r.coverage.damage(table, "", "", "a row could not be read: "+err.Error(), ref)
	}
}

func (r *bundleReader) pack(table string) *pack {
	p := r.packs[table]
	if p == nil {
		p = &pack{}
		r.packs[table] = p
	}
	return p
}

// send hands a pack to the writer when it holds at least size bytes.
func (r *bundleReader) send(table string, p *pack, size int) {
	if len(p.buf) == 0 || len(p.buf) < size {
		return
	}
	select {
	case r.out <- batch{table, *p}:
	case <-r.ctx.Done():
	}
	*p = pack{}
	if size > 0 { // a large table: more is to come
		p.buf = r.buffer()
	}
}

// buffer is an empty one for a whole batch.
func (r *bundleReader) buffer() []byte {
	select {
	case b := <-r.spare:
		return b
	default:
		return make([]byte, 0, batchBytes+batchBytes/8)
	}
}

// finish draws the conclusions that need the whole bundle.
func (r *bundleReader) finish() {
	r.putTasks()
	r.coverage.conclude(r.rep.interrupted, func(table string) *pack { return r.pack(table) })
	r.rep.items, r.rep.gaps = int64(len(r.coverage.items))+r.coverage.damages, r.coverage.gaps
	r.rep.lost, r.rep.swarm = r.coverage.lost, r.coverage.swarm
	for _, table := range slices.Sorted(maps.Keys(r.unknown)) {
		for _, key := range slices.Sorted(maps.Keys(r.unknown[table])) {
			r.problem("%s: table %s has no column %q: left out of %d rows (a newer netmortem wrote this bundle?)",
				r.rep.source.path, table, key, r.unknown[table][key])
		}
	}
	for _, table := range slices.Sorted(maps.Keys(r.damaged)) {
		if n := r.damaged[table]; n > 3 {
			r.problem("%s: %d rows of table %s could not be read in all", r.rep.source.path, n, table)
		}
	}
	if n := len(r.foreign); n > 0 {
		r.problem("%s: %d files of tables that this netmortem does not know were left out: %s", r.rep.source.path, n, strings.Join(r.foreign[:min(n, 3)], ", "))
	}
	r.putBundle()
	for _, table := range slices.Sorted(maps.Keys(r.packs)) {
		r.send(table, r.packs[table], 0)
	}
}

// putBundle puts the row of the table bundle.
func (r *bundleReader) putBundle() {
	m, p := r.rep.source.meta, r.pack("bundle")
	p.begin(len(bundleTable.Columns))
	p.text(r.host)
	p.text(r.rep.source.path)
	p.int(int64(m.Format))
	p.optional(m.Tool)
	p.optional(m.CaptureID)
	p.optional(m.MachineID)
	p.optional(m.BootID)
	p.optional(m.Host)
	p.optional(timeText(m.Started))
	p.optional(timeText(m.Finished))
	p.float(m.Window)
	p.optional(r.rep.interrupted)
	p.int(r.rep.rows)
}
