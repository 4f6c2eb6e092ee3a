package path

import (
	"fmt"

	"github.com/netmortem/netmortem/analyze/ruleset"
)

// A Verdict is what becomes of a packet. The zero value is Delivered, because a walk begins with nothing in its way.
type Verdict uint8

// The verdicts.
const (
	Delivered Verdict = iota
	Unknown           // cannot tell
	Dropped
)

func (v Verdict) String() string { return [...]string{"delivered", "cannot tell", "dropped"}[v] }

// MarshalText makes the JSON word of a verdict.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// A Hop is one step of a packet: where, what should be there, what is there, and what becomes of the packet.
type Hop struct {
	Leg         string  `json:"leg,omitempty"` // of a trace: client, balancer, request, arrival, answer, published or egress
	Host        string  `json:"host,omitempty"`
	Place       string  `json:"place,omitempty"` // name of the namespace
	Step        string  `json:"step"`            // route, neighbour, fdb, …
	Expected    string  `json:"expected,omitempty"`
	Observed    string  `json:"observed,omitempty"`
	Verdict     Verdict `json:"verdict"`
	Why         string  `json:"why,omitempty"`     // of a verdict other than delivered
	Subject     string  `json:"subject,omitempty"` // canonical key of the row that decided, as findings have it
	Ref         string  `json:"ref,omitempty"`     // row that decided
	ExpectedRef string  `json:"expected_ref,omitempty"`

	Netns string `json:"netns,omitempty"` // inode of the namespace

	// absent is set where the verdict follows from a row that is not there, or from a sandbox's device that is not up: such a one may not be
	// there yet.
	absent bool
	// another is set where the sandbox sends to another link address than the one whose way is known.
	another bool
	// fresh is set where it follows from a row that was learned between the two reads: the next frame may change it again.
	fresh bool
	// lacks is the table that was not captured whole, because of which it cannot be told; empty for any other reason. One hop
	// stands for all that it leaves untold on a host.
	lacks string
	// taught says whether it follows from an entry of a VXLAN device which a request that comes through the tunnel puts
	// right before its answer is sent. The zero value is for what no request changes.
	taught teaching
}

// A teaching is whether a VXLAN device learns, for an entry that it would learn.
type teaching uint8

// The teachings.
const (
	untaught    teaching = iota // it does not learn, or the entry is one that it does not change
	mayBeTaught                 // whether it learns was not captured
	teachable
)

// A walk is the steps of one packet through one segment. It goes on until a step is not passed.
type walk struct {
	keep bool  // every hop is kept, not only the one that decided
	hops []Hop // with keep
	bad  *Hop  // the step that was not passed; nil while there is none
}

// pass notes a step that was passed. Callers that would have to put its words together ask keep first.
func (w *walk) pass(h Hop) {
	if w.keep {
		h.Verdict = Delivered
		w.hops = append(w.hops, h)
	}
}

// drop ends the walk.
func (w *walk) drop(h Hop) {
	if h.fresh {
		h.Why += "; the entry came between the two reads"
		w.end(h, Unknown)
		return
	}
	w.end(h, Dropped)
}

// doubt ends the walk without a verdict.
func (w *walk) doubt(h Hop) { w.end(h, Unknown) }

func (w *walk) end(h Hop, v Verdict) {
	h.Verdict = v
	if w.keep {
		w.hops = append(w.hops, h)
	}
	if w.bad == nil {
		w.bad = &h
	}
}

// stopped reports whether a step was not passed.
func (w *walk) stopped() bool { return w.bad != nil }

// verdictOf is the verdict of the step that ended a walk, nil for none.
func verdictOf(h *Hop) Verdict {
	if h == nil {
		return Delivered
	}
	return h.Verdict
}

// numbers of protocols.
const (
	protoTCP = 6
	protoUDP = 17
)

func protocol(name string) uint8 {
	if name == "udp" {
		return protoUDP
	}
	return protoTCP
}

// segment of TCP or datagram that opens a connection.
func opening(proto uint8) ruleset.Packet {
	p := ruleset.Packet{Proto: proto, Decrypted: ruleset.No, IPVS: ruleset.No, Bridged: ruleset.No, Encrypted: ruleset.No}
	if proto == protoTCP {
		p.TCPFlags = ruleset.SYN
	}
	return p
}

// UnmarshalText reads the word of a verdict.
func (v *Verdict) UnmarshalText(text []byte) error {
	for _, x := range [...]Verdict{Delivered, Unknown, Dropped} {
		if string(text) == x.String() {
			*v = x
			return nil
		}
	}
	return fmt.Errorf("%q is no verdict", text)
}
