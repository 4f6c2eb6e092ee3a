package ruleset

import (
	"net/netip"
	"strconv"
	"strings"
)

// Bits of a connection's state as --ctstate names them: XT_CONNTRACK_STATE_* of xt_conntrack.h.
const (
	stateInvalid = 1 << iota
	stateEstablished
	stateRelated
	stateNew
	stateUntracked
	stateSNAT
	stateDNAT
)

var stateNames = map[string]uint8{
	"INVALID": stateInvalid, "ESTABLISHED": stateEstablished, "RELATED": stateRelated, "NEW": stateNew, "UNTRACKED": stateUntracked,
	"SNAT": stateSNAT, "DNAT": stateDNAT,
}

// stateBits are the bits that a packet has, and those that it may have.
func (p *Packet) stateBits() (bits, unsure uint8) {
	bits = [...]uint8{
		CTNone: stateInvalid, CTNew: stateNew, CTEstablished: stateEstablished, CTRelated: stateRelated, CTUntracked: stateUntracked, CTInvalid: stateInvalid,
	}[p.CT]
	if p.Template {
		return stateNew, 0
	}
	if c := p.conn(); c != nil {
		bits |= natBits(c.Status)
		unsure = natBits(c.Unsure)
	}
	return bits, unsure
}

func natBits(s Status) (bits uint8) {
	if s&SrcNAT != 0 {
		bits |= stateSNAT
	}
	if s&DstNAT != 0 {
		bits |= stateDNAT
	}
	return bits
}

// conn is nf_ct_get: nil for a packet that conntrack has not seen, or does not track.
func (p *Packet) conn() *Conn {
	if p.CT == CTNew || p.CT == CTEstablished || p.CT == CTRelated {
		return &p.Conn
	}
	return nil
}

// status are the bits of a connection, and those of them that are not known: conntrack confirms a connection when its
// first packet leaves the namespace or reaches its socket, and assures it at a time of its own.
func (p *Packet) status() (bits, unknown Status) {
	bits, unknown = p.Conn.Status, p.Conn.Unsure
	if bits&(SeenReply|Assured) == SeenReply {
		unknown |= Assured
	}
	return bits, unknown
}

// conntrackMatch is conntrack_mt. Its conditions are one match together: of a packet without connection only the
// state is asked, and if it is met nothing else is.
func conntrackMatch(r *specReader, list []option) bool {
	var states []cond
	var rest []cond
	for i := range list {
		o := &list[i]
		c := cond{invert: o.invert}
		switch o.name {
		case "ctstate", "state":
			var mask uint8
			for name := range strings.SplitSeq(o.arg(0), ",") {
				bit, ok := stateNames[name]
				if !ok {
					return false
				}
				mask |= bit
			}
			c.test = func(s *state) Tri {
				bits, unsure := s.p.stateBits()
				if bits&mask == 0 && unsure&mask != 0 {
					return Unknown
				}
				return Of(bits&mask != 0)
			}
			states = append(states, c)
			continue
		case "ctproto":
			n, ok := protocolNumber(o.arg(0))
			if !ok {
				return false
			}
			c.test = func(s *state) Tri { return Of(s.p.Conn.Orig.Proto == n) }
		case "ctorigsrc", "ctorigdst", "ctreplsrc", "ctrepldst":
			c.test = netTest(tupleAddr(o.name), wholeNet(o.arg(0)))
		case "ctorigsrcport", "ctorigdstport", "ctreplsrcport", "ctrepldstport":
			if p, ok := spanOf(o.arg(0), ":", 16); ok {
				c.test = portTest(tuplePort(o.name), p)
			}
		case "ctstatus":
			mask, ok := ctStatusOf(o.arg(0))
			if !ok {
				return false
			}
			c.test = func(s *state) Tri {
				bits, unknown := s.p.status()
				switch {
				case bits&mask != 0:
					return Yes
				case unknown&mask != 0:
					return Unknown
				}
				return No
			}
		case "ctdir":
			reply := o.arg(0) == "REPLY"
			c.test = func(s *state) Tri { return Of(s.p.Reply == reply) }
		case "ctexpire":
			c.test = func(*state) Tri { return Unknown }
		}
		if c.test == nil {
			return false
		}
		rest = append(rest, c)
	}
	var key strings.Builder
	key.WriteString("conntrack")
	for _, o := range list {
		key.WriteString(" " + strconv.FormatBool(o.invert) + o.name + " " + o.arg(0))
	}
	r.ask(false, key.String(), "what conntrack knows of the connection is not known", func(s *state) Tri {
		answer := Yes
		for i := range states {
			answer = and(answer, states[i].test(s).not(states[i].invert))
		}
		if s.p.Template && len(rest) > 0 {
			return and(answer, Unknown)
		}
		if s.p.conn() == nil {
			if len(states) == 0 {
				return No
			}
			return answer
		}
		for i := range rest {
			if answer == No {
				return No
			}
			answer = and(answer, rest[i].test(s).not(rest[i].invert))
		}
		return answer
	})
	return true
}

// wholeNet adds the prefix that a single address lacks.
func wholeNet(text string) string {
	if strings.Contains(text, "/") {
		return text
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()).String()
	}
	return text
}

func tupleAddr(name string) func(*state) netip.Addr {
	switch name {
	case "ctorigsrc":
		return func(s *state) netip.Addr { return s.p.Conn.Orig.Src }
	case "ctorigdst":
		return func(s *state) netip.Addr { return s.p.Conn.Orig.Dst }
	case "ctreplsrc":
		return func(s *state) netip.Addr { return s.p.Conn.Back.Src }
	}
	return func(s *state) netip.Addr { return s.p.Conn.Back.Dst }
}

func tuplePort(name string) func(*state) uint16 {
	switch name {
	case "ctorigsrcport":
		return func(s *state) uint16 { return s.p.Conn.Orig.Sport }
	case "ctorigdstport":
		return func(s *state) uint16 { return s.p.Conn.Orig.Dport }
	case "ctreplsrcport":
		return func(s *state) uint16 { return s.p.Conn.Back.Sport }
	}
	return func(s *state) uint16 { return s.p.Conn.Back.Dport }
}

// ctStatusOf reads names of bits. NONE is no bit: the kernel asks whether one of them is set, so it is never met.
var ctStatusNames = map[string]Status{"NONE": 0, "EXPECTED": Expected, "SEEN_REPLY": SeenReply, "ASSURED": Assured, "CONFIRMED": Confirmed}

func ctStatusOf(text string) (mask Status, ok bool) {
	for name := range strings.SplitSeq(text, ",") {
		bit, ok := ctStatusNames[name]
		if !ok {
			return 0, false
		}
		mask |= bit
	}
	return mask, true
}

// connmarkMatch is connmark_mt: without a connection it is not met, inverted or not.
func connmarkMatch(r *specReader, list []option) bool {
	for _, o := range list {
		m, ok := maskedOf(o.arg(0))
		if !ok || o.name != "mark" {
			return false
		}
		invert := o.invert
		r.ask(false, "connmark "+strconv.FormatBool(invert)+o.arg(0), "the connection's mark is not known", func(s *state) Tri {
			c := s.p.conn()
			switch {
			case s.p.Template:
				return Unknown
			case c == nil:
				return No
			}
			return m.meets(c.Mark, c.MarkUnknown).not(invert)
		})
	}
	return true
}
