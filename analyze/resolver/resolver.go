package resolver

import (
	"fmt"
	"math"
	"math/bits"
	"net/netip"
	"slices"
	"strings"
)

// A Library is the code that turns a name into addresses.
type Library string

// The libraries that are modelled.
const (
	Glibc Library = "glibc"
	Musl  Library = "musl"
	Go    Library = "go" // the resolver of Go's own net package
)

// A Client is what decides about the order in one process.
type Client struct {
	Library   Library
	Version   string    // of the library: 2.36, 1.2.3, go1.22.1; empty if it is not known
	Arch      string    // of the machine, as uname says it; empty if it is not known
	Addresses []Address // all of the namespace, of both families
	GAI       []GAIRule // lines of glibc's gai.conf; nil for a file that is absent or says nothing
}

// An Address is one of the namespace.
type Address struct {
	IP     netip.Addr
	Peer   netip.Addr // the other end of a point-to-point link; invalid for none
	Prefix int        // length of its prefix, bits
	Index  int        // of its device
	Flags  string     // IFA_F_* set, lower case, comma separated
	Tunnel bool       // its device is a sit, ipip or ip6tnl one: ARPHRD_SIT, ARPHRD_TUNNEL or ARPHRD_TUNNEL6
}

// An Answer is an address that the name has, and the source address that the kernel picks for it.
type Answer struct {
	IP     netip.Addr
	Source netip.Addr // invalid: there is no route to it
}

// A Prediction says how likely each answer is to be tried first, when every order of the answers is served alike.
type Prediction struct {
	Share []float64 // by answer; nil when it is not judged
	Rank  []int     // by answer, from 1; answers of one rank keep the order served
	Bits  []int     // by answer: leading bits that it shares with its source address; -1 without one
	Rule  string    // what decided who is first: "rule 9", …; empty when nothing did and the order served is kept
	Why   string    // in words: why it is so, or why it is not judged
}

// Judged reports whether there is a prediction.
func (p Prediction) Judged() bool { return p.Share != nil }

// unjudged is the prediction that says why there is none.
func unjudged(format string, args ...any) Prediction {
	return Prediction{Why: fmt.Sprintf(format, args...)}
}

// First predicts what the client makes of the answers.
func (c *Client) First(answers []Answer) Prediction {
	if len(answers) == 0 {
		return unjudged("there is no answer")
	}
	for _, a := range answers {
		if !a.IP.IsValid() || a.Source.IsValid() && a.Source.Is4() != a.IP.Is4() {
			return unjudged("%v is no answer, or %v no source for it", a.IP, a.Source)
		}
	}
	switch c.Library {
	case Glibc:
		return c.glibc(answers)
	case Musl:
		return c.musl(answers)
	case Go:
		return c.golang(answers)
	}
	return unjudged("how %q orders addresses is not modelled", c.Library)
}

// A key orders answers: the one with the first larger element is tried first. Every resolver here sorts stably, glibc
// and musl by comparing the places in the answer at last, so equal keys keep the order served.
type key []int

// A rule is one element of a key.
type rule struct {
	name string // as RFC 6724 section 6 counts them
	says string // of the first: "%s" stands for the winners
}

// ranked makes the prediction of keys.
func ranked(answers []Answer, keys []key, rules []rule) Prediction {
	p := Prediction{Share: make([]float64, len(keys)), Rank: make([]int, len(keys)), Bits: make([]int, len(keys))}
	order := make([]int, len(keys))
	for i, a := range answers {
		order[i], p.Bits[i] = i, -1
		if a.Source.IsValid() {
			p.Bits[i] = commonBits(a.Source, a.IP)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return slices.Compare(keys[b], keys[a]) })
	rank, first := 0, 0
	for n, i := range order {
		if n == 0 || slices.Compare(keys[i], keys[order[n-1]]) != 0 {
			rank++
		}
		if p.Rank[i] = rank; rank == 1 {
			first++
		}
	}
	for i := range keys {
		if p.Rank[i] == 1 {
			p.Share[i] = 1 / float64(first)
		}
	}
	if rank == 1 {
		p.Why = "all are equal, so the shuffled order stays"
		return p
	}
	best, next := keys[order[0]], keys[order[first]]
	for k := range best {
		if best[k] != next[k] {
			p.Rule = rules[k].name
			p.Why = fmt.Sprintf(rules[k].says, winners(answers, order[:first]))
			break
		}
	}
	if p.Rule == "rule 9" {
		p.Why += fmt.Sprintf(" (%d bits with %s, the next %d)", best[len(best)-1], answers[order[0]].Source, next[len(next)-1])
	}
	return p
}

// winners names at most three answers.
func winners(answers []Answer, first []int) string {
	var list []string
	for _, i := range first[:min(len(first), 3)] {
		list = append(list, answers[i].IP.String())
	}
	if len(first) > 3 {
		list = append(list, fmt.Sprintf("%d more", len(first)-3))
	}
	return strings.Join(list, ", ")
}

// agreed is the first of some predictions if all are the same, else one that is not judged because of what.
func agreed(what string, list ...Prediction) Prediction {
	for _, p := range list {
		if !p.Judged() {
			return p
		}
		if !slices.EqualFunc(p.Share, list[0].Share, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }) {
			return unjudged("%s is not known, and it makes a difference", what)
		}
	}
	return list[0]
}

// Either is the prediction of a process that asks one of two libraries, it is not known which.
func Either(what string, a, b Prediction) Prediction { return agreed(what, a, b) }

// commonBits is the number of leading bits that two addresses of one family share.
func commonBits(a, b netip.Addr) int {
	if a.Is4() && b.Is4() {
		return bits.LeadingZeros32(word(a) ^ word(b))
	}
	x, y := a.As16(), b.As16()
	for i := range x {
		if d := x[i] ^ y[i]; d != 0 {
			return 8*i + bits.LeadingZeros8(d)
		}
	}
	return 128
}

// mapped is the address as IPv6, an IPv4 one as ::ffff:a.b.c.d, which is how policy tables see it.
func mapped(a netip.Addr) netip.Addr { return netip.AddrFrom16(a.As16()) }

// onlyIPv4 reports whether no answer is of IPv6.
func onlyIPv4(answers []Answer) bool {
	return !slices.ContainsFunc(answers, func(a Answer) bool { return !a.IP.Is4() })
}

// flag is 1 for true: true is preferred.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// hasFlag reports whether a comma separated list has an item.
func hasFlag(list, want string) bool {
	for item := range strings.SplitSeq(list, ",") {
		if item == want {
			return true
		}
	}
	return false
}
