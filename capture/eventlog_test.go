package capture

import (
	"fmt"
	"testing"
)

func fdbKind(port int32, mac int) eventKind {
	return eventKind{object: 2, hasMAC: true, mac: [6]byte{2, 0, 0, byte(mac >> 16), byte(mac >> 8), byte(mac)}, ifindex: port}
}

// What is kept comes back as it was, in its order, however long the payloads are.
func TestEventLogKeeps(t *testing.T) {
	var l eventLog
	budget := newEventBudget()
	const n = 500
	for i := range n {
		l.add(&budget, fdbKind(1, i), storedEvent{seq: int64(i), wall: int64(2 * i), mono: int64(3 * i), typ: 28, payload: make([]byte, 37*i)})
	}
	want := 0
	err := l.each(func(e storedEvent) error {
		if e.seq != int64(want) || e.wall != int64(2*want) || e.mono != int64(3*want) || e.typ != 28 || len(e.payload) != 37*want {
			return fmt.Errorf("event %d came back as %d, %d, %d, %d with %d bytes", want, e.seq, e.wall, e.mono, e.typ, len(e.payload))
		}
		want++
		return nil
	})
	if err != nil || want != n {
		t.Errorf("%d events came back: %v", want, err)
	}
}

// Events beyond the bounds are counted by kind, and what is kept stays within the bounds.
func TestEventLogBounds(t *testing.T) {
	for payload, want := range map[int]int{40: mostEvents, 2000: mostEventBytes / (storedHeader + 2000)} {
		budget := newEventBudget()
		logs := make([]eventLog, 15)
		for i := range logs {
			for e := range mostEventsHere + 100 {
				logs[i].add(&budget, fdbKind(int32(1+e%2), 7), storedEvent{seq: int64(e), wall: int64(e), payload: make([]byte, payload)})
			}
		}
		kept := 0
		for i := range logs {
			l := &logs[i]
			kept += l.events
			if l.events > mostEventsHere || l.bytes > mostEventBytes/2 {
				t.Errorf("log %d keeps %d events of %d bytes", i, l.events, l.bytes)
			}
			if l.total() != mostEventsHere+100 || len(l.kinds) != 2 {
				t.Errorf("log %d counts %d events of %d kinds", i, l.total(), len(l.kinds))
			}
			both := l.counts[fdbKind(1, 7)].kept + l.counts[fdbKind(2, 7)].kept
			if both != int64(l.events) {
				t.Errorf("log %d keeps %d events and says %d", i, l.events, both)
			}
			if c := l.counts[fdbKind(2, 7)]; c.first != 1 || c.last != mostEventsHere+99 {
				t.Errorf("log %d: times %d to %d", i, c.first, c.last)
			}
		}
		if kept > want || kept < want-2 {
			t.Errorf("of events with %d bytes %d are kept in all, want %d", payload, kept, want)
		}
	}
}

// A storm of new MACs does not make a row of each.
func TestEventLogKinds(t *testing.T) {
	var l eventLog
	budget := newEventBudget()
	const n = 3 * mostKindsHere
	for i := range n {
		l.add(&budget, fdbKind(3, i), storedEvent{wall: int64(i)})
	}
	if len(l.kinds) != mostKindsHere+1 {
		t.Errorf("%d kinds", len(l.kinds))
	}
	if c := l.counts[eventKind{object: 2, ifindex: 3}]; c == nil || c.count != n-mostKindsHere {
		t.Errorf("without a MAC: %+v", c)
	}
	for i := range n {
		l.add(&budget, eventKind{object: 3, ifindex: int32(i)}, storedEvent{})
	}
	if len(l.kinds) > 2*mostKindsHere+1 || l.total() != 2*n {
		t.Errorf("%d kinds, %d events", len(l.kinds), l.total())
	}
}
