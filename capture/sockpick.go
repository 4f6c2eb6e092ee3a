package capture

import (
	"cmp"
	"container/heap"
	"hash/maphash"
	"math"
	"net/netip"
	"slices"
)

// sockPick keeps the most telling sockets of a stream that may be far longer than what it may keep.
//
// Every socket draws a number from its own identity and divides it by how telling it is; the smallest are kept. So a few
// of the many quiet ones are always there beside the telling ones, and the second read picks the same as the first. Those
// that the first read kept go before all but listening ones, as far as they are handed in.
type sockPick struct {
	limit int
	take  func() bool // whether the host as a whole may keep one more; asked beyond leastSockets
	seed  maphash.Seed
	kept  map[uint64]struct{} // by the first read, if that had to leave some out
	seen  int
	found []pickedSock // a heap with the least telling on top as soon as it is full
}

// pickedSock is a socket as it was read.
type pickedSock struct {
	key  float64
	id   uint64
	kind sockKind
	seq  int
	raw  []byte
}

// sockKind says how to decode what was read.
type sockKind struct {
	proto sockProto
	v6    bool
	text  bool // a line of /proc/net, not an answer of sock_diag
}

// Bounds of rows, in one read.
const (
	mostHostSockets  = 50_000 // on the whole host, and leastSockets more in each namespace
	mostSockets      = 5_000  // in a namespace
	mostSocketsFirst = 4_500  // in the first read, which leaves room for those that only the last one shows
	leastSockets     = 50     // that a namespace may always keep
)

// sockIdentity is what a socket is known by in both reads.
type sockIdentity struct {
	proto       sockProto
	v6          bool
	local, peer netip.AddrPort
	inode       uint32
}

// offer keeps a socket, if it is telling enough, with a copy of raw.
func (p *sockPick) offer(h *sockHead, kind sockKind, raw []byte) {
	p.seen++
	id := maphash.Comparable(p.seed, sockIdentity{h.proto, h.v6, h.local, h.peer, h.inode})
	s := pickedSock{key: -math.Log(float64(id>>11+1)/(1<<53)) / weight(h), id: id, kind: kind, seq: p.seen}
	if _, again := p.kept[id]; again {
		s.key /= 1e9
	}
	if n := len(p.found); n < p.limit {
		if n < leastSockets || p.take() {
			s.raw = slices.Clone(raw)
			p.found = append(p.found, s)
		} else {
			p.limit = n
		}
		if len(p.found) == p.limit {
			heap.Init((*leastTelling)(&p.found))
		}
		if s.raw != nil {
			return
		}
	}
	if s.key < p.found[0].key {
		s.raw = append(p.found[0].raw[:0], raw...)
		p.found[0] = s
		heap.Fix((*leastTelling)(&p.found), 0)
	}
}

// weight is how telling a socket is beside a quiet connection, which weighs 1.
func weight(h *sockHead) float64 {
	if h.proto != protoTCP {
		switch {
		case h.rq > 0:
			return 1e3
		case h.state == sockClosed: // bound: it serves
			return 1e4
		}
		return 1
	}
	switch {
	case h.state == sockListen:
		return 1e15 // before everything
	case h.timer == 1 && h.retrans > 0, h.timer == 4:
		return 300
	case h.state == sockSynSent, h.state == sockCloseWait:
		return 300
	case h.rq > 0:
		return 100
	case h.state == sockSynRecv, h.state == sockLastAck, h.wq > 0:
		return 30
	}
	return 1
}

// done returns what was kept, in the order in which it came.
func (p *sockPick) done() []pickedSock {
	slices.SortFunc(p.found, func(a, b pickedSock) int { return cmp.Compare(a.seq, b.seq) })
	return p.found
}

// leastTelling is a heap of sockets with the greatest key on top.
type leastTelling []pickedSock

func (s leastTelling) Len() int           { return len(s) }
func (s leastTelling) Less(i, j int) bool { return s[i].key > s[j].key }
func (s leastTelling) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *leastTelling) Push(any)          {}
func (s *leastTelling) Pop() any          { return nil }

// sockTally counts sockets that are never kept as a whole.
type sockTally struct {
	counts    [sockProtos][2][sockStates]int64 // by protocol, family and state
	listening map[uint16]struct{}              // ports; every dump begins with them
	groups    map[sockGroup]int64
	ungrouped int64 // sockets beyond mostGroups
}

// sockGroup is what connections to one place have in common.
type sockGroup struct {
	state       uint8
	local, peer netip.Addr
	port        uint16
	in          bool // port is ours, and somebody listens on it
}

// Bounds of groups.
const (
	mostGroups      = 20_000 // told apart in a namespace
	mostGroupRows   = 200    // rows
	smallestGroup   = 5      // sockets
	smallestMapSize = 64
)

func (t *sockTally) add(h *sockHead) {
	family := 0
	if h.v6 {
		family = 1
	}
	t.counts[h.proto][family][min(h.state, sockStates-1)]++
	if h.proto != protoTCP {
		return
	}
	if h.state == sockListen {
		if t.listening == nil {
			t.listening = map[uint16]struct{}{}
		}
		t.listening[h.local.Port()] = struct{}{}
		return
	}
	g := sockGroup{state: h.state, local: h.local.Addr(), peer: h.peer.Addr(), port: h.peer.Port()}
	if _, ok := t.listening[h.local.Port()]; ok {
		g.port, g.in = h.local.Port(), true
	}
	n, ok := t.groups[g]
	if !ok && len(t.groups) >= mostGroups {
		t.ungrouped++
		return
	}
	if t.groups == nil {
		t.groups = make(map[sockGroup]int64, smallestMapSize)
	}
	t.groups[g] = n + 1
}

// largest returns the groups that have a row, the largest first, and how many others were large enough.
func (t *sockTally) largest() (groups []sockGroup, left int) {
	for g, n := range t.groups {
		if n >= smallestGroup {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b sockGroup) int {
		in := func(g sockGroup) int {
			if g.in {
				return 1
			}
			return 0
		}
		return cmp.Or(-cmp.Compare(t.groups[a], t.groups[b]), cmp.Compare(a.state, b.state), a.local.Compare(b.local), a.peer.Compare(b.peer),
			cmp.Compare(a.port, b.port), cmp.Compare(in(a), in(b)))
	})
	if len(groups) > mostGroupRows {
		groups, left = groups[:mostGroupRows], len(groups)-mostGroupRows
	}
	return groups, left
}
