package ruleset

import (
	"net/netip"
	"strconv"
	"strings"
)

func srcOf(s *state) netip.Addr { return s.p.Src }
func dstOf(s *state) netip.Addr { return s.p.Dst }

// inOf and outOf are the devices that the rules see: none where the hook has none. An empty name that is not known to
// be none is not known.
func inOf(s *state) (string, bool) {
	if !s.hook.hasIn(s.p.Local) {
		return "", true
	}
	return s.p.In, s.p.In != ""
}

func outOf(s *state) (string, bool) {
	if !s.hook.hasOut() {
		return "", true
	}
	return s.p.Out, s.p.Out != ""
}

// netTest asks whether an address is in a net: 10.0.0.0/8, or with a mask that is no prefix, 10.0.0.0/255.0.255.0. It is nil when
// the net cannot be read.
func netTest(of func(*state) netip.Addr, net string) func(*state) Tri {
	if p, err := netip.ParsePrefix(net); err == nil {
		return func(s *state) Tri {
			a := of(s)
			if !a.IsValid() {
				return Unknown
			}
			return Of(p.Contains(a))
		}
	}
	addr, mask, cut := strings.Cut(net, "/")
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return nil
	}
	if !cut {
		return func(s *state) Tri {
			b := of(s)
			if !b.IsValid() {
				return Unknown
			}
			return Of(a == b)
		}
	}
	m, err := netip.ParseAddr(mask)
	if err != nil || m.BitLen() != a.BitLen() {
		return nil
	}
	want, bits := a.AsSlice(), m.AsSlice()
	return func(s *state) Tri {
		b := of(s)
		if !b.IsValid() {
			return Unknown
		}
		if b.BitLen() != a.BitLen() {
			return No
		}
		for i, x := range b.AsSlice() {
			if x&bits[i] != want[i]&bits[i] {
				return No
			}
		}
		return Yes
	}
}

// deviceTest compares a device's name; + at the end stands for anything: ifname_compare.
func deviceTest(of func(*state) (string, bool), name string) func(*state) Tri {
	if name == "" {
		return nil
	}
	head, wild := strings.CutSuffix(name, "+")
	return func(s *state) Tri {
		dev, ok := of(s)
		switch {
		case wild && head == "":
			return Yes
		case !ok:
			return Unknown
		case wild:
			return Of(strings.HasPrefix(dev, head))
		}
		return Of(dev == name)
	}
}

// protoTest compares the protocol, by name or number.
func protoTest(name string) func(*state) Tri {
	n, ok := protocolNumber(name)
	if !ok {
		return nil
	}
	return func(s *state) Tri {
		if s.p.Proto == 0 {
			return Unknown
		}
		return Of(s.p.Proto == n)
	}
}

func protocolNumber(name string) (uint8, bool) {
	if n, ok := protocols[name]; ok {
		return n, true
	}
	n, err := strconv.ParseUint(name, 10, 8)
	return uint8(n), err == nil
}

// protocols are the names that package capture spells protocols with; others stand as numbers.
var protocols = map[string]uint8{
	"icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "st": 5, "tcp": 6, "egp": 8, "igp": 9, "pup": 12, "udp": 17, "hmp": 20, "xns-idp": 22,
	"rdp": 27, "iso-tp4": 29, "dccp": 33, "xtp": 36, "ddp": 37, "idpr-cmtp": 38, "ipv6": 41, "ipv6-route": 43, "ipv6-frag": 44, "idrp": 45,
	"rsvp": 46, "gre": 47, "esp": 50, "ah": 51, "skip": 57, "ipv6-icmp": 58, "icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "rspf": 73,
	"vmtp": 81, "eigrp": 88, "ospf": 89, "ax.25": 93, "ipip": 94, "etherip": 97, "encap": 98, "pim": 103, "ipcomp": 108, "vrrp": 112,
	"l2tp": 115, "isis": 124, "sctp": 132, "fc": 133, "mobility-header": 135, "udplite": 136, "mpls-in-ip": 137, "manet": 138, "hip": 139,
	"shim6": 140, "wesp": 141, "rohc": 142,
}

// A span is a range of numbers, both ends in it.
type span struct{ lo, hi uint64 }

func (r span) has(n uint64) bool { return r.lo <= n && n <= r.hi }

// spanOf reads 80, 80:90, :90 or 80: (with another sign for the colon); 0x begins a hexadecimal number.
func spanOf(text, sign string, bits int) (span, bool) {
	lo, hi, cut := strings.Cut(text, sign)
	if !cut {
		hi = lo
	}
	r := span{0, 1<<bits - 1}
	var err error
	if lo != "" || !cut {
		if r.lo, err = strconv.ParseUint(lo, 0, bits); err != nil {
			return r, false
		}
	}
	if hi != "" || !cut {
		if r.hi, err = strconv.ParseUint(hi, 0, bits); err != nil {
			return r, false
		}
	}
	return r, true
}

// A masked is a value with a mask: 0x1/0xff; without one all bits count.
type masked struct{ value, mask uint32 }

func maskedOf(text string) (masked, bool) {
	v, m, cut := strings.Cut(text, "/")
	value, err := strconv.ParseUint(v, 0, 32)
	if err != nil {
		return masked{}, false
	}
	mask := uint64(0xffffffff)
	if cut {
		if mask, err = strconv.ParseUint(m, 0, 32); err != nil {
			return masked{}, false
		}
	}
	return masked{uint32(value), uint32(mask)}, true
}

// meets says whether n & mask is value, given bits of n that are not known.
func (m masked) meets(n, unknown uint32) Tri {
	sure := m.mask &^ unknown
	switch {
	case n&sure != m.value&^(m.mask&unknown):
		return No
	case m.mask&unknown != 0:
		return Unknown
	}
	return Yes
}

// portTest asks for one of some ports; port 0 of a packet is one that is not known.
func portTest(of func(*state) uint16, list ...span) func(*state) Tri {
	if len(list) == 1 {
		r := list[0]
		return func(s *state) Tri {
			n := of(s)
			if n == 0 && r != (span{0, 0xffff}) {
				return Unknown
			}
			return Of(r.has(uint64(n)))
		}
	}
	return func(s *state) Tri {
		n := of(s)
		if n == 0 {
			return Unknown
		}
		for _, r := range list {
			if r.has(uint64(n)) {
				return Yes
			}
		}
		return No
	}
}

func sportOf(s *state) uint16 { return s.p.Sport }
func dportOf(s *state) uint16 { return s.p.Dport }
