package path

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"

	"github.com/netmortem/netmortem/analyze/stack"
)

// ErrTooMany says that a way needs more hosts than may still be read.
var ErrTooMany = errors.New("the way needs more hosts than may be read")

// A Tracing walks several ways, and reads each host that one of them needs once.
type Tracing struct {
	t     *tracer
	hosts int
}

// Tracing reads from tx no more than so many hosts; 0 for no bound.
func (w *World) Tracing(tx *sql.Tx, hosts int) *Tracing {
	return &Tracing{&tracer{judge: newJudge(w), r: stack.NewReader(tx), machines: map[string]*machine{}}, hosts}
}

// Walk walks one way and keeps every hop. It is [ErrTooMany] when the hosts that it needs cannot be read any more.
func (x *Tracing) Walk(ctx context.Context, q Question) (*Trace, error) {
	j := newJudge(x.t.world) // what was concluded while fewer hosts were known does not stay
	j.hosts, j.whole = x.t.hosts, x.t.whole
	t := &tracer{judge: j, ctx: ctx, r: x.t.r, machines: x.t.machines, size: q.Size, proto: q.Proto, bound: x.hosts}
	return t.walk(q)
}

// room reports whether hosts may all be read: those that were read need none.
func (t *tracer) room(hosts ...string) error {
	if t.bound == 0 {
		return nil
	}
	more := map[string]bool{}
	for _, h := range hosts {
		if t.machines[h] == nil && t.world.captured[h] {
			more[h] = true
		}
	}
	if len(t.machines)+len(more) > t.bound {
		return ErrTooMany
	}
	return nil
}

// roomFor is room for the hosts of endpoints.
func (t *tracer) roomFor(list []*Endpoint) error {
	hosts := make([]string, 0, len(list))
	for _, ep := range list {
		if ep != nil {
			hosts = append(hosts, ep.Host)
		}
	}
	return t.room(hosts...)
}

// Ask makes the question whether a pair gets through. Nothing is searched for by name but what pairs name: the label of a client on its
// host, and a service. It is [Unheard] when the world has none such.
func (w *World) Ask(p *Pair) (Question, error) {
	q := Question{From: &Place{Label: p.Client}, To: &Place{Label: p.Server}, Proto: p.Proto, Port: p.Port, Network: p.Network}
	switch p.ClientKind {
	case "outside":
		q.From.Outside = true
	case "host":
		q.From.Host = p.Client
	default:
		for _, ep := range w.Endpoints {
			if ep.Label == p.Client && ep.Host == p.ClientHost && (len(q.From.Endpoints) == 0 || q.From.Endpoints[0].Owner == ep.Owner) {
				q.From.Endpoints = append(q.From.Endpoints, ep)
			}
		}
		if len(q.From.Endpoints) == 0 {
			return q, &Unheard{Name: p.Client}
		}
	}
	if p.Via == "egress" {
		q.To.Outside = true
		return q, nil
	}
	for _, id := range sortedKeys(w.Services) {
		if w.Services[id].Name == p.Server {
			q.To.Service = w.Services[id]
			break
		}
	}
	if q.To.Service == nil {
		return q, &Unheard{Name: p.Server}
	}
	switch p.Via {
	case "tasks":
		q.To.Tasks = true
	case "ingress", "host":
		q.Network, q.To.Host = "", p.ClientHost
		if at, ok := asked(p.Target, p.Proto); ok && at.IsLoopback() {
			q.To.IP = at
		}
	}
	return q, nil
}

// asked is the address of a pair's target, address:port/protocol.
func asked(target, proto string) (netip.Addr, bool) {
	if n := len(target) - len(proto) - 1; n > 0 && target[n:] == "/"+proto {
		target = target[:n]
	}
	at, err := netip.ParseAddrPort(target)
	return at.Addr(), err == nil
}
