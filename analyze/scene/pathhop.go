package scene

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/netmortem/netmortem/analyze/path"
)

// The words of a hop beside [Dropped] and [Unknown].
const (
	Passed     = "passed"
	NotReached = "not reached"
)

// The legs of a way, as the walk names them.
const (
	legClient   = "client"
	legBalancer = "balancer"
	legRequest  = "request"
	legArrival  = "arrival"
	legAnswer   = "answer"
)

// walkAll walks the paths at these places hop by hop. Where that cannot be had, the step that decided stands alone.
func walkAll(ctx context.Context, tx *sql.Tx, paths []Path, at []int, ends map[int]end) error {
	w, err := path.Load(ctx, tx)
	if err != nil {
		return err
	}
	hosts := maxHosts
	if w.Wide() {
		hosts = maxWide
	}
	tracing := w.Tracing(tx, hosts)
	for n, i := range at {
		p := &paths[i]
		e, ok := ends[p.Segment]
		if !ok {
			continue
		}
		p.Hops = []Hop{e.hop}
		if n >= maxTraced {
			p.Untraced = "only the first paths are walked hop by hop"
			continue
		}
		t, why, err := walkOne(ctx, w, tracing, p)
		switch {
		case err != nil:
			return err
		case t == nil:
			p.Untraced = why
		case verdictWord(t.Verdict) != p.Verdict:
			p.Untraced = "walked alone, this path comes to another verdict: " + verdictWord(t.Verdict)
		default:
			p.Hops, p.Backend = flat(t, &e)
			p.Back = slices.IndexFunc(p.Hops, func(h Hop) bool { return h.Leg == legAnswer })
			p.Back = max(p.Back, 0)
		}
	}
	return nil
}

// walkOne walks one path. Without a trace it says why.
func walkOne(ctx context.Context, w *path.World, tracing *path.Tracing, p *Path) (t *path.Trace, why string, err error) {
	q, err := w.Ask(&path.Pair{ClientKind: p.ClientKind, ClientHost: p.ClientHost, Client: p.Client, Server: p.To, Network: p.Network, Via: p.Via, Target: p.Target, Proto: p.Proto, Port: p.Port})
	if err == nil {
		t, err = tracing.Walk(ctx, q)
	}
	switch {
	case err == nil:
		return t, "", nil
	case ctx.Err() != nil:
		return nil, "", err
	case errors.Is(err, path.ErrTooMany):
		return nil, "a walk would need more hosts than the report reads for that", nil
	}
	return nil, err.Error(), nil
}

// verdictWord is a trace's word as a path has it.
func verdictWord(v string) string {
	if v == "some" {
		return Partly
	}
	return v
}

// flat puts the hops of a trace in the order in which a packet takes them, there and back. Of several backends it takes the first that
// ends in the step that decided; backend says which.
func flat(t *path.Trace, e *end) (hops []Hop, backend string) {
	there := settled(hopsOf(slices.Concat(t.Common, t.After)))
	var back []Hop
	far := ""
	if b := choose(t.Ways, e); b != nil {
		if len(t.Ways) > 1 {
			backend = b.To
		}
		var more []Hop
		more, back = inOrder(settled(hopsOf(slices.Concat(b.Hops, b.After))))
		there = append(there, more...)
		for _, h := range more {
			if h.Leg == legArrival {
				far = h.Host
			}
		}
	}
	hops = append(there, back...)
	stop := slices.IndexFunc(hops, func(h Hop) bool { return h.Verdict == Dropped })
	if stop < 0 {
		return hops, backend
	}
	for i := stop + 1; i < len(hops); i++ {
		hops[i].Verdict, hops[i].Why = NotReached, ""
	}
	return slices.Concat(hops[:stop+1], unwalked(hops[stop], far, t.Via, hops[stop+1:])), backend
}

func hopsOf(list []path.Hop) []Hop {
	var out []Hop
	for i := range list {
		h := &list[i]
		v := h.Verdict.String()
		if h.Verdict == path.Delivered {
			v = Passed
		}
		out = append(out, Hop{Leg: h.Leg, Host: h.Host, Place: h.Place, Step: h.Step, Verdict: v, Expected: h.Expected, Observed: h.Observed, Why: h.Why,
			Subject: h.Subject, Ref: h.Ref, ExpectedRef: h.ExpectedRef})
	}
	return out
}

// settled puts what was concluded of a step in the place of the step. A walk passes a mark that is set, an answer that comes, a destination
// that is chosen; that it is the wrong one is concluded from all that the walk found, and stands behind it.
func settled(list []Hop) []Hop {
	for i := range list {
		h := list[i]
		if h.Verdict == Passed || h.Step != "mark" && h.Step != "name" && h.Step != "destination" {
			continue
		}
		for j := range list[:i] {
			if x := &list[j]; x.Verdict == Passed && x.Step == h.Step && x.Leg == h.Leg && x.Host == h.Host {
				*x = h
				return slices.Delete(list, i, i+1)
			}
		}
	}
	return list
}

// choose is the way that the step decided: that ends in it, else the first that is not passed, else the first.
func choose(ways []path.Branch, e *end) *path.Branch {
	var best *path.Branch
	for i := range ways {
		b := &ways[i]
		for _, h := range b.Hops {
			if h.Subject == e.hop.Subject && h.Step == e.hop.Step && h.Verdict.String() == e.hop.Verdict {
				return b
			}
		}
		if best == nil || worse(b.Verdict.String(), best.Verdict.String()) {
			best = b
		}
	}
	return best
}

// inOrder takes the hops of a way to one backend apart into the way there and the way of the answer. A trace tells everything of a
// place where it comes to it first: the balancer's turning back of answers before the request has left, and how the backend
// sends behind how it receives.
func inOrder(list []Hop) (there, back []Hop) {
	var sent, turned, home []Hop // by the backend; back by the balancer; over the network
	passed := map[string]bool{}
	for _, h := range list {
		switch {
		case h.Leg == legBalancer && passed["destination"]:
			turned = append(turned, answering(h))
		case h.Leg == legArrival && (passed["socket"] || h.Step == "route" || h.Step == "rules, output"):
			passed["socket"] = true
			sent = append(sent, answering(h))
		case h.Leg == legAnswer:
			home = append(home, h)
		default:
			there = append(there, h)
		}
		if h.Leg == legBalancer && h.Step == "destination" || h.Leg == legArrival && h.Step == "socket" {
			passed[h.Step] = true
		}
	}
	// to the balancer's sandbox first, from there to the client's
	half := len(home)
	for i := 1; i < len(home); i++ {
		if home[i].Step == "neighbour" {
			half = i
			break
		}
	}
	return there, slices.Concat(sent, home[:half], turned, home[half:])
}

func answering(h Hop) Hop {
	h.Leg = legAnswer
	return h
}

// unwalked are the hops behind one that drops: those that were looked at nevertheless, and a word for each leg of which nothing was.
func unwalked(stop Hop, far, via string, walked []Hop) []Hop {
	order := []string{legClient, legBalancer, legRequest, legArrival, legAnswer}
	switch via {
	case "dnsrr", "tasks", "address":
		order = []string{legClient, legRequest, legArrival, legAnswer}
	case "ingress":
		order = []string{"published", legBalancer, legRequest, legArrival, legAnswer}
	case "host", "egress":
		return walked
	}
	word := map[string]string{legBalancer: "virtual service", legRequest: "overlay", legArrival: "socket", legAnswer: "way of the answer"}
	at := slices.Index(order, stop.Leg)
	if at < 0 {
		return walked
	}
	var out []Hop
	if stop.Leg == legRequest && far != "" && far != stop.Host && !slices.ContainsFunc(walked, func(h Hop) bool { return h.Leg == legRequest }) {
		out = append(out, Hop{Leg: legRequest, Host: far, Step: "tunnel", Verdict: NotReached})
	}
	for _, leg := range order[at:] {
		n := len(out)
		for _, h := range walked {
			if h.Leg == leg {
				out = append(out, h)
			}
		}
		if len(out) == n && leg != stop.Leg {
			out = append(out, Hop{Leg: leg, Step: word[leg], Verdict: NotReached})
		}
	}
	return out
}
