package capture

import (
	"bytes"
	"hash/maphash"
	"reflect"

	"github.com/netmortem/netmortem/schema"
)

// merge joins the two reads of one volatile table of one namespace (or of the host).
//
// A row whose identity, everything but counters, was in both reads is one row with seen = both and the counters of
// both; any other row stands for the one read that held it. Rows are kept packed, some 60 bytes each, because one
// namespace may have 50,000 FDB entries and as many neighbours.
type merge struct {
	rec   *record
	bytes []byte
	rows  []packed
	seed  maphash.Seed
	index map[uint64]int // hash of an identity to the first of its rows, from the last read on
}

// packed is one row. Offsets are into merge.bytes.
type packed struct {
	at       int // identity, then the counters of the read that saw it first
	identity int // length of the identity
	last     int // counters at the last read, 0 if it did not hold the row
	next     int // next row with the same hash, 0 for none: the first row is never a next one
	onlyLast bool
}

func newMerge(r *record) *merge {
	return &merge{rec: r, bytes: []byte{0}} // so that no offset is 0
}

// first takes a row of the first read.
func (m *merge) first(v reflect.Value) {
	p := packed{at: len(m.bytes)}
	m.bytes, p.identity = m.rec.pack(m.bytes, v)
	m.rows = append(m.rows, p)
}

// last takes a row of the last read.
func (m *merge) last(v reflect.Value) {
	if m.index == nil {
		m.seed = maphash.MakeSeed()
		m.index = make(map[uint64]int, len(m.rows))
		for i := range m.rows {
			m.link(i)
		}
	}
	at := len(m.bytes)
	var n int
	m.bytes, n = m.rec.pack(m.bytes, v)
	identity := m.bytes[at : at+n]
	if i, ok := m.index[maphash.Bytes(m.seed, identity)]; ok {
		for {
			p := &m.rows[i]
			if p.last == 0 && !p.onlyLast && bytes.Equal(m.identity(p), identity) {
				copy(m.bytes[at:], m.bytes[at+n:]) // the identity is known already
				m.bytes = m.bytes[:len(m.bytes)-n]
				p.last = at
				if len(m.bytes) == at { // a table without counters
					m.bytes = append(m.bytes, 0)
				}
				return
			}
			if p.next == 0 {
				break
			}
			i = p.next
		}
	}
	m.rows = append(m.rows, packed{at: at, identity: n, onlyLast: true})
}

// link puts row i into the index, behind those that have the same hash.
func (m *merge) link(i int) {
	h := maphash.Bytes(m.seed, m.identity(&m.rows[i]))
	head, ok := m.index[h]
	if !ok {
		m.index[h] = i
		return
	}
	if i > head {
		m.rows[i].next, m.rows[head].next = m.rows[head].next, i
	}
}

func (m *merge) identity(p *packed) []byte { return m.bytes[p.at : p.at+p.identity] }

// each calls f with every row as JSON, those of the first read in their order, then the new ones of the last.
func (m *merge) each(f func(line []byte)) {
	var line []byte
	v := reflect.New(m.rec.table.Type).Elem()
	for i := range m.rows {
		p := &m.rows[i]
		v.SetZero()
		m.rec.unpackIdentity(m.identity(p), v)
		m.rec.unpackCounters(m.bytes[p.at+p.identity:], v, false)
		seen := schema.SeenFirst
		switch {
		case p.onlyLast:
			// Its counters at the last read stand in both columns: the difference of a row that was not there before is unknown.
			m.rec.unpackCounters(m.bytes[p.at+p.identity:], v, true)
			seen = schema.SeenLast
		case p.last != 0:
			m.rec.unpackCounters(m.bytes[p.last:], v, true)
			seen = schema.SeenBoth
		}
		if m.rec.seen >= 0 {
			v.Field(m.rec.fields[m.rec.seen].index).SetString(seen)
		}
		line = m.rec.appendJSON(line[:0], v)
		f(line)
	}
}
