package capture

// tail keeps the newest records that a bound allows, in order.
type tail struct {
	limit   int64
	buf     []byte
	ends    []int // of the kept records in buf
	start   int   // where the first kept record begins
	first   int   // index in ends of the first kept record
	dropped int64 // records that gave way to newer ones
	older   int64 // records that the caller left out, because they are too old
	lost    int64 // times that the source was overwritten while it was read
}

func newTail(limit int64) *tail { return &tail{limit: limit} }

// add adds one record.
func (t *tail) add(rec []byte) {
	t.buf = append(t.buf, rec...)
	t.ends = append(t.ends, len(t.buf))
	for int64(len(t.buf)-t.start) > t.limit && t.first < len(t.ends)-1 {
		t.start = t.ends[t.first]
		t.first++
		t.dropped++
	}
	if t.start > 0 && int64(t.start) > t.limit { // what was dropped takes as much room as what is kept
		n := copy(t.buf, t.buf[t.start:])
		t.buf = t.buf[:n]
		ends := t.ends[:0]
		for _, e := range t.ends[t.first:] {
			ends = append(ends, e-t.start)
		}
		t.ends, t.first, t.start = ends, 0, 0
	}
}

func (t *tail) bytes() []byte { return t.buf[t.start:] }
func (t *tail) kept() int64   { return int64(len(t.ends) - t.first) }
