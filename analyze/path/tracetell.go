package path

import "fmt"

// add puts the hops of a walk behind those before.
func (tr *Trace) add(what string, w *walk) { tr.Common = append(tr.Common, legged(what, w.hops)...) }

func (b *Branch) add(what string, w *walk) { b.Hops = append(b.Hops, legged(what, w.hops)...) }

// legged marks hops with the part of the way that they are of.
func legged(what string, hops []Hop) []Hop {
	out := make([]Hop, len(hops))
	for i := range hops {
		out[i] = hops[i].in(what)
	}
	return out
}

// in is the hop in a part of the way.
func (h *Hop) in(what string) Hop {
	c := *h
	c.Leg = what
	return c
}

// cut ends hops behind the first sure drop, and says what they come to.
func cut(hops []Hop) (to, after []Hop, v Verdict) {
	for i := range hops {
		if hops[i].Verdict == Dropped {
			return hops[: i+1 : i+1], hops[i+1:], Dropped
		}
		if hops[i].Verdict == Unknown {
			v = Unknown
		}
	}
	return hops, nil, v
}

// done puts the verdict together as [judge.pair] does.
func (tr *Trace) done() *Trace {
	var front Verdict
	tr.Common, tr.After, front = cut(tr.Common)
	if front == Dropped {
		tr.Ways = nil
	}
	n := map[Verdict]int{}
	for i := range tr.Ways {
		b := &tr.Ways[i]
		b.Hops, b.After, b.Verdict = cut(b.Hops)
		n[b.Verdict]++
	}
	switch {
	case front == Dropped || len(tr.Ways) > 0 && n[Dropped] == len(tr.Ways):
		tr.Verdict = "dropped"
	case front == Unknown:
		tr.Verdict = "cannot tell"
	case n[Dropped] > 0:
		tr.Verdict = "some"
	case n[Unknown] > 0:
		tr.Verdict = "cannot tell"
	default:
		tr.Verdict = "delivered"
	}
	tr.Summary = tr.sentence(n)
	return tr
}

// sentence says what becomes of the packets.
func (tr *Trace) sentence(n map[Verdict]int) string {
	who := tr.From + " > " + tr.To
	last := func() *Hop {
		lists := [][]Hop{tr.Common}
		for i := range tr.Ways {
			lists = append(lists, tr.Ways[i].Hops)
		}
		want := Dropped
		if tr.Verdict == "cannot tell" {
			want = Unknown
		}
		for _, l := range lists {
			for i := range l {
				if l[i].Verdict == want {
					return &l[i]
				}
			}
		}
		return nil
	}
	h := last()
	where := ""
	if h != nil {
		where = " at " + h.Step
		if h.Host != "" {
			where += " on " + h.Host
			if h.Place != "" {
				where += " (" + h.Place + ")"
			}
		}
		if h.Why != "" {
			where += ": " + h.Why
		}
	}
	switch tr.Verdict {
	case "delivered":
		if len(tr.Ways) > 1 {
			return fmt.Sprintf("%s: delivered, to each of %d backends", who, len(tr.Ways))
		}
		return who + ": delivered"
	case "dropped":
		return who + ": dropped" + where
	case "some":
		return fmt.Sprintf("%s: %d of %d backends are not reached; the first is lost%s", who, n[Dropped], len(tr.Ways), where)
	}
	return who + ": cannot tell" + where
}

// decide makes what the judge says the end of the hops: no other one has a say.
func decide(hops []Hop, h *Hop, what string) []Hop {
	if h == nil {
		out := hops[:0]
		for _, x := range hops {
			x.Verdict, x.Why = Delivered, ""
			out = append(out, x)
		}
		return out
	}
	for i := range hops {
		same := hops[i].Subject == h.Subject || h.lacks != "" && hops[i].Host == h.Host
		if same && hops[i].Step == h.Step && hops[i].Verdict != Delivered {
			if h.lacks == "" { // else the hop knows more of where
				hops[i].Verdict, hops[i].Why = h.Verdict, h.Why
			}
			for k := range hops[:i] {
				if hops[k].Verdict != Delivered && h.Verdict == Dropped {
					continue // a doubt before a sure drop stays to be seen
				}
			}
			if h.Verdict == Dropped {
				return hops[:i+1]
			}
			return hops
		}
	}
	return append(hops, h.in(what))
}
