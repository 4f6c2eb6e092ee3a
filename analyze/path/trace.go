package path

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/netmortem/netmortem/analyze/stack"
)

// A Question is one way to be walked.
type Question struct {
	From, To *Place
	Proto    string // tcp or udp
	Port     int    // 0: the service's first
	Size     int    // bytes of IP; 0: small
	Network  string // name; empty: the one that the client would use
}

// A Trace is one packet's way, hop by hop, with the answer's way back.
type Trace struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	Proto   string   `json:"proto"`
	Port    int      `json:"port,omitempty"`
	Network string   `json:"network,omitempty"`
	Via     string   `json:"via"`
	Verdict string   `json:"verdict"` // delivered, dropped, some or cannot tell
	Summary string   `json:"summary"` // one sentence
	Common  []Hop    `json:"hops"`    // that all packets take
	Ways    []Branch `json:"ways,omitempty"`
	After   []Hop    `json:"-"` // of Common behind the one that drops, as far as they were walked: no packet gets there
}

// A Branch is the way to one backend.
type Branch struct {
	To      string  `json:"to"`
	Verdict Verdict `json:"verdict"`
	Hops    []Hop   `json:"hops"`
	After   []Hop   `json:"-"` // behind the one that drops, as far as they were walked: no packet gets there
}

// tracer is a judge with the machines that it needs, in memory together.
type tracer struct {
	*judge
	ctx      context.Context
	r        *stack.Reader
	machines map[string]*machine
	size     int
	proto    string
	bound    int // hosts that may be in memory; 0 for any number
}

// Trace walks one way and keeps every hop.
func (w *World) Trace(ctx context.Context, tx *sql.Tx, q Question) (*Trace, error) {
	return w.Tracing(tx, 0).Walk(ctx, q)
}

func (t *tracer) walk(q Question) (*Trace, error) {
	switch {
	case q.From.Outside && q.To.Outside:
		return nil, fmt.Errorf("from the outside to the outside no packet passes the swarm")
	case q.To.Outside:
		return t.out(q)
	case q.From.Outside || q.From.Host != "" && q.From.Space == "":
		return t.in(q)
	case q.To.IP.IsLoopback():
		return nil, fmt.Errorf("what %s asks of itself at %s is not walked; only a host's published ports are", q.From.Label, q.To.IP)
	case q.From.Endpoints == nil:
		return nil, fmt.Errorf("%s is no sandbox on an overlay: what it sends is not walked", q.From.Label)
	case q.To.Host != "" && q.To.Endpoints == nil && q.To.Service == nil && !q.To.IP.IsValid():
		return nil, fmt.Errorf("a container's way to the host %s is not walked; ask for its published port from outside", q.To.Host)
	}
	return t.across(q)
}

// need loads a host, once.
func (t *tracer) need(host string) (*machine, error) {
	if m := t.machines[host]; m != nil || host == "" || !t.world.captured[host] {
		return m, nil
	}
	if err := t.room(host); err != nil {
		return nil, err
	}
	m, err := newMachine(t.ctx, t.world, t.r, host)
	if err != nil {
		return nil, err
	}
	t.machines[host] = m
	t.add(m)
	return m, nil
}
