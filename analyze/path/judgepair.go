package path

// A part is one judged segment of a way: its verdict and its number.
type part struct {
	hop *Hop
	id  int
}

// first is the part that decides: a sure drop before a doubt.
func first(parts ...part) part {
	var out part
	for _, p := range parts {
		if p.hop != nil && (out.hop == nil || p.hop.Verdict > out.hop.Verdict) {
			out = p
		}
	}
	return out
}

// alike is how many pairs of two services are listed that cannot be told for one reason, and alikeInAll how many of all
// services, where the reason is a table that was not captured; the others are counted. On a network with many services alike is how many
// are listed that cannot be told for one step, and alikeInAll how many others that end in one step: the last of these says how many more
// there are.
const (
	alike      = 20
	alikeInAll = 1000
)

// An ending is a verdict and the step that decided it.
type ending struct {
	bad     *Hop
	verdict string
}

// alikes are the pairs of an ending.
type alikes struct {
	n    int
	last int // place in judge.pairs of the last that is listed
}

// listedOfMany is [judge.listed] on a network with many services.
func (j *judge) listedOfMany(p *Pair, bad *Hop) bool {
	untold := p.Verdict == "cannot tell" && verdictOf(bad) == Unknown
	if untold && bad.lacks != "" {
		all := reason{step: bad.Step, lacks: bad.lacks}
		if j.untold[all] >= alikeInAll {
			return false
		}
		j.untold[all]++
	}
	k := ending{bad, p.Verdict}
	a := j.ending[k]
	if a == nil {
		a = &alikes{}
		j.ending[k] = a
	}
	a.n++
	switch {
	case untold && a.n <= alike || !untold && a.n <= alikeInAll:
		a.last = len(j.pairs)
		return true
	case !untold:
		j.pairs[a.last].Alike++
	}
	return false
}

// A reason is why pairs of two services cannot be told.
type reason struct{ client, server, network, via, step, lacks string }

// listed reports whether a pair is listed: where it cannot be told, only the first few with the same reason are.
func (j *judge) listed(p *Pair, bad *Hop) bool {
	if p.many {
		return j.listedOfMany(p, bad)
	}
	if p.Verdict != "cannot tell" || verdictOf(bad) != Unknown {
		return true
	}
	k := reason{p.ClientService, p.Server, p.Network, p.Via, bad.Step, bad.lacks}
	j.untold[k]++
	if j.untold[k] > alike {
		return false
	}
	if bad.lacks == "" {
		return true
	}
	all := reason{step: bad.Step, lacks: bad.lacks}
	j.untold[all]++
	return j.untold[all] <= alikeInAll
}

// pair puts the verdict of a pair together.
func (j *judge) pair(p Pair, front part, backends []part, every bool) {
	p.Backends = len(backends)
	dropped, unknown := 0, 0
	var bad part
	for _, b := range backends {
		switch verdictOf(b.hop) {
		case Dropped:
			dropped++
		case Unknown:
			unknown++
		default:
			p.Reached++
		}
		bad = first(bad, b)
	}
	switch {
	case verdictOf(front.hop) == Dropped:
		p.Verdict, bad, p.Reached = "dropped", front, 0
	case dropped == len(backends) && dropped > 0:
		p.Verdict = "dropped"
	case front.hop != nil:
		p.Verdict = "cannot tell"
		if dropped == 0 {
			bad = front
		}
	case dropped > 0:
		p.Verdict = "some"
	case unknown > 0:
		p.Verdict = "cannot tell"
	default:
		p.Verdict = "delivered"
	}
	p.Segment = bad.id
	k := sumKey{p.ClientService, p.Server, p.Network, p.Via}
	if p.many {
		k.server = ""
	}
	s := j.sums[k]
	if s == nil {
		s = &Sum{ClientService: k.client, Server: k.server, Network: k.network, Via: k.via}
		j.sums[k] = s
	}
	s.Pairs++
	switch p.Verdict {
	case "delivered":
		s.Delivered++
	case "dropped":
		s.Dropped++
	case "some":
		s.Some++
	default:
		s.Unknown++
	}
	if every || p.Verdict != "delivered" && j.listed(&p, bad.hop) {
		j.pairs = append(j.pairs, p)
	}
}
