package report

import (
	"math/bits"
	"strings"

	"github.com/netmortem/netmortem/analyze/scene"
)

// A state is how a node or an edge of the map fares. Each has a colour, a shape and a pattern of its own.
type state string

// The states, in the order in which the worse one wins.
const (
	stateOK   state = "ok"   // delivered: a dot
	stateOpen state = "open" // cannot tell, or not walked: a ring
	statePart state = "part" // degraded: a triangle
	stateBad  state = "bad"  // failing: a diamond
)

func (s state) rank() int {
	switch s {
	case stateOpen:
		return 1
	case statePart:
		return 2
	case stateBad:
		return 3
	}
	return 0
}

// ill reports that something is known to be wrong.
func (s state) ill() bool { return s == statePart || s == stateBad }

// Ill is ill, for templates.
func (s state) Ill() bool { return s.ill() }

// Word is the state in a word.
func (s state) Word() string {
	switch s {
	case stateOK:
		return "delivered"
	case statePart:
		return "degraded"
	case stateBad:
		return "failing"
	}
	return "cannot tell"
}

func worseState(a, b state) state {
	if b.rank() > a.rank() {
		return b
	}
	return a
}

// tallyState is what a tally comes to: failing when no pair gets through and some are dropped.
func tallyState(t *scene.Tally) state {
	switch {
	case t == nil || t.Pairs == 0:
		return stateOpen
	case t.Dropped > 0 && t.Delivered+t.Partly == 0:
		return stateBad
	case t.Dropped+t.Partly > 0:
		return statePart
	case t.Unknown > 0 || t.Delivered < t.Pairs:
		return stateOpen
	}
	return stateOK
}

// flowState is what traffic comes to: failing when at least half of the connections had no answer or were refused.
func flowState(f *scene.Flow) state {
	switch f.Quality {
	case "ok":
		return stateOK
	case "", "unknown":
		return stateOpen
	case "refused", "half-open":
		lost := deref(f.Refused) + deref(f.Unanswered) + f.HalfOpen
		if n := deref(f.Connections); n > 0 && 2*lost >= n {
			return stateBad
		}
	}
	return statePart
}

// edgeState is the worse of what paths and traffic say. Traffic that was seen to be well does not make a path known that could not be judged;
// a path that is delivered makes traffic known of which nothing can be told.
func edgeState(e *scene.Edge) state {
	walked, seen, told := stateOpen, stateOK, false
	switch {
	case e.Pairs != nil && e.Pairs.Pairs > 0:
		walked = tallyState(e.Pairs)
	case e.State == scene.Delivered:
		walked = stateOK
	case e.State == scene.Partly:
		walked = statePart
	case e.State == scene.Dropped:
		walked = stateBad
	}
	for i := range e.Flows {
		if s := flowState(&e.Flows[i]); s != stateOpen {
			told = true
			seen = worseState(seen, s)
		}
	}
	switch {
	case !told:
		return walked
	case e.State == "" && e.Pairs == nil:
		return seen
	case seen.ill():
		return worseState(walked, seen)
	}
	return walked
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// log2 is the logarithm of 1+n in parts of 1<<4, by its bits.
func log2(n int64) int {
	if n <= 0 {
		return 0
	}
	n++
	l := bits.Len64(uint64(n)) - 1
	return l<<4 + int(uint64(n)<<(63-l)>>59&15)
}

// A layer is how far a packet gets on an edge, in thousandths of its way.
type layer int

const (
	layerName    layer = 220 // it does not find out where to send, or does not leave the client
	layerBalance layer = 400 // the virtual address and its balancer
	layerCarry   layer = 600 // bridge, forwarding entry, tunnel, underlay
	layerArrive  layer = 800 // the other host, the other sandbox, the socket
)

// layers tell the layer of a step of a path by its words, first match first.
var layers = []struct {
	word  string
	layer layer
}{
	{"arrival", layerArrive}, {"socket", layerArrive}, {"decryption", layerArrive}, {"back", layerArrive}, {"answer", layerArrive}, {"listener", layerArrive}, {"sandbox", layerArrive},
	{"name", layerName}, {"resolv", layerName}, {"dns", layerName}, {"output", layerName}, {"source", layerName}, {"client", layerName},
	{"mark", layerBalance}, {"balancer", layerBalance}, {"destination", layerBalance}, {"backend", layerBalance}, {"ipvs", layerBalance}, {"vip", layerBalance}, {"address", layerBalance}, {"published", layerBalance}, {"conntrack", layerBalance},
	{"fdb", layerCarry}, {"neighbour", layerCarry}, {"bridge", layerCarry}, {"tunnel", layerCarry}, {"underlay", layerCarry}, {"mtu", layerCarry}, {"encryption", layerCarry}, {"forwarding", layerCarry}, {"link", layerCarry}, {"route", layerCarry},
}

// layerOf is where on an edge a packet stops; a step that nobody placed is in the middle.
func layerOf(hop string) layer {
	hop = strings.ToLower(hop)
	for _, l := range layers {
		if strings.Contains(hop, l.word) {
			return l.layer
		}
	}
	return 500
}
