package capture

import (
	"encoding/binary"
	"time"
)

// Bounds on what is kept of kernel events. An event of the neighbour table takes some 110 bytes, one of a link 1,700.
const (
	mostEventsHere = 20_000   // one by one, in a namespace
	mostEvents     = 200_000  // and in all
	mostEventBytes = 16 << 20 // in all; half of it in one namespace
	mostKindsHere  = 2_000    // kinds of events that are counted each for itself, in a namespace
	mostKinds      = 20_000   // and in all
)

// eventBudget is what all namespaces may still keep.
type eventBudget struct {
	events, bytes, kinds int
}

func newEventBudget() eventBudget { return eventBudget{mostEvents, mostEventBytes, mostKinds} }

// eventLog is the events of one namespace: as many as the bounds allow as the kernel told them, and the counts of all.
type eventLog struct {
	chunks [][]byte
	events int
	bytes  int
	counts map[eventKind]*eventCount
	kinds  []eventKind // in the order of their first events
	lost   eventCount  // times that the kernel had no room
}

// eventKind is what events are counted by.
type eventKind struct {
	event, object uint8
	hasMAC        bool
	mac           [6]byte
	ifindex       int32
}

// eventCount counts events of one kind; times are nanoseconds since 1970.
type eventCount struct {
	count, kept int64
	first, last int64
}

func (c *eventCount) add(wall int64) {
	if c.count == 0 {
		c.first = wall
	}
	c.count, c.last = c.count+1, wall
}

// storedEvent is one message of the kernel.
type storedEvent struct {
	seq, wall, mono int64 // order, nanoseconds since 1970, CLOCK_MONOTONIC
	typ             uint16
	payload         []byte
}

const storedHeader = 8 + 8 + 8 + 2 + 4

// add counts an event, and keeps it if there is room.
func (l *eventLog) add(budget *eventBudget, kind eventKind, e storedEvent) {
	c := l.counter(budget, kind)
	c.add(e.wall)
	need := storedHeader + len(e.payload)
	if l.events >= mostEventsHere || l.bytes+need > mostEventBytes/2 || budget.events == 0 || budget.bytes < need {
		return
	}
	c.kept++
	l.events++
	l.bytes += need
	budget.events--
	budget.bytes -= need
	i := len(l.chunks) - 1
	if i < 0 || cap(l.chunks[i])-len(l.chunks[i]) < need {
		size := 512 // most namespaces have a handful of events
		if i >= 0 {
			size = min(2*cap(l.chunks[i]), 64<<10)
		}
		l.chunks = append(l.chunks, make([]byte, 0, max(size, need)))
		i++
	}
	b := l.chunks[i]
	b = binary.LittleEndian.AppendUint64(b, uint64(e.seq))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.wall))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.mono))
	b = binary.LittleEndian.AppendUint16(b, e.typ)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(e.payload)))
	l.chunks[i] = append(b, e.payload...)
}

// counter is where a kind is counted: in a row of its own, or, when there are too many of them, in one without MAC.
func (l *eventLog) counter(budget *eventBudget, kind eventKind) *eventCount {
	if c := l.counts[kind]; c != nil {
		return c
	}
	if kind.hasMAC && (len(l.kinds) >= mostKindsHere || budget.kinds <= 0) {
		kind.hasMAC, kind.mac = false, [6]byte{}
		return l.counter(budget, kind)
	}
	if len(l.kinds) >= 2*mostKindsHere { // links come and go by the thousand
		kind.ifindex = 0
		if c := l.counts[kind]; c != nil {
			return c
		}
	}
	if l.counts == nil {
		l.counts = map[eventKind]*eventCount{}
	}
	c := &eventCount{}
	l.counts[kind] = c
	l.kinds = append(l.kinds, kind)
	budget.kinds--
	return c
}

// each calls f with every kept event in its order, until f fails. The payload is valid as long as the log.
func (l *eventLog) each(f func(storedEvent) error) error {
	for _, b := range l.chunks {
		for len(b) >= storedHeader {
			n := storedHeader + int(binary.LittleEndian.Uint32(b[26:]))
			err := f(storedEvent{
				seq: int64(binary.LittleEndian.Uint64(b)), wall: int64(binary.LittleEndian.Uint64(b[8:])),
				mono: int64(binary.LittleEndian.Uint64(b[16:])), typ: binary.LittleEndian.Uint16(b[24:]),
				payload: b[storedHeader:n:n],
			})
			if err != nil {
				return err
			}
			b = b[n:]
		}
	}
	return nil
}

// total is how many events there were.
func (l *eventLog) total() (n int64) {
	for _, c := range l.counts {
		n += c.count
	}
	return n
}

func wallTime(ns int64) time.Time { return time.Unix(0, ns).UTC() }
