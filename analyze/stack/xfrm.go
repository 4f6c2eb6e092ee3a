package stack

import (
	"net/netip"
	"strconv"
	"strings"
)

// An Association is an IPsec state, without its key.
type Association struct {
	Src, Dst netip.Addr
	Proto    string
	SPI      uint32
	ReqID    uint32
	Mode     string
	Mark     uint32
	Mask     uint32
	KeyHash  string
	Seen     Seen
	Ref      string
}

// A Policy is an IPsec policy with its first template.
type Policy struct {
	Direction string
	Action    string
	Selector  string
	Mark      uint32
	Mask      uint32
	Src, Dst  netip.Addr // of the template
	Proto     string
	SPI       uint32
	ReqID     uint32
	Mode      string
	Optional  bool
	Templates int
	Priority  int
	Seen      Seen
	Ref       string
}

func putAssociation(s *Space, f []string) {
	s.Associations = append(s.Associations, &Association{
		Src: ip(f[1]), Dst: ip(f[2]), Proto: f[3], SPI: mark(f[4]), ReqID: mark(f[5]), Mode: f[6], Mark: mark(f[7]), Mask: mark(f[8]), KeyHash: f[9], Seen: Seen(f[10]), Ref: f[11],
	})
}

func putPolicy(s *Space, f []string) {
	s.Policies = append(s.Policies, &Policy{
		Direction: f[1], Action: f[2], Selector: f[3], Mark: mark(f[4]), Mask: mark(f[5]), Src: ip(f[6]), Dst: ip(f[7]), Proto: f[8], SPI: mark(f[9]), ReqID: mark(f[10]),
		Mode: f[11], Optional: f[12] == "1", Templates: number(f[13]), Priority: number(f[14]), Seen: Seen(f[15]), Ref: f[16],
	})
}

// Datagram is what a policy's selector is compared with.
type Datagram struct {
	Src, Dst netip.Addr
	Proto    string
	SPort    int // -1 when any may be meant: it then equals no port that is asked for
	DPort    int
	Mark     uint32
}

// Selects reports whether a policy is for a datagram; ok is false for a selector that could not be understood
// (xfrm_policy_match and __xfrm4_selector_match, net/xfrm/xfrm_policy.c).
func (p *Policy) Selects(g Datagram) (match, ok bool) {
	if p.Mask != 0 && g.Mark&p.Mask != p.Mark {
		return false, true
	}
	words := strings.Fields(p.Selector)
	if len(words) == 0 {
		return true, true
	}
	ends := strings.Split(words[0], ">")
	if len(ends) != 2 {
		return false, false
	}
	src, ok1 := prefix(ends[0])
	dst, ok2 := prefix(ends[1])
	if !ok1 || !ok2 {
		return false, false
	}
	if !src.Contains(g.Src) || !dst.Contains(g.Dst) {
		return false, true
	}
	for _, w := range words[1:] {
		from, to, ports := strings.Cut(w, ">")
		if !ports {
			if w != g.Proto {
				return false, w == "udp" || w == "tcp" || w == "esp" || w == "icmp"
			}
			continue
		}
		a, err1 := strconv.Atoi(from)
		b, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil {
			return false, false
		}
		if a != 0 && a != g.SPort || b != 0 && b != g.DPort {
			return false, true
		}
	}
	return true, true
}

// Policy is the policy of a direction that a datagram meets: the one with the lowest priority, nil for none. Ok is false
// where one of them could not be understood.
func (s *Space) Policy(direction string, g Datagram) (best *Policy, ok bool) {
	ok = true
	for _, p := range s.Policies {
		if p.Direction != direction || p.Seen.Gone() {
			continue
		}
		match, understood := p.Selects(g)
		if !understood {
			ok = false
		}
		if match && (best == nil || p.Priority < best.Priority) {
			best = p
		}
	}
	return best, ok
}

// Association is a state that a policy's template may use, nil for none (xfrm_state_find, net/xfrm/xfrm_state.c).
func (s *Space) Association(p *Policy) *Association {
	for _, a := range s.Associations {
		if !a.Seen.Gone() && a.Src == p.Src && a.Dst == p.Dst && a.Proto == p.Proto && (p.SPI == 0 || a.SPI == p.SPI) && (p.ReqID == 0 || a.ReqID == p.ReqID) && a.Mode == p.Mode {
			return a
		}
	}
	return nil
}
