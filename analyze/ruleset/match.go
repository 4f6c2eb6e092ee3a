package ruleset

import (
	"net/netip"
	"strconv"
	"strings"
)

// matches are the matches of iptables that are understood. What each asks is in the kernel's net/netfilter/xt_*.c.
var matches = map[string]builder{
	"tcp": tcpMatch, "udp": portsMatch, "udplite": portsMatch, "sctp": portsMatch, "dccp": portsMatch, "multiport": multiportMatch,
	"icmp": icmpMatch, "icmp6": icmpMatch, "conntrack": conntrackMatch, "state": conntrackMatch, "connmark": connmarkMatch,
	"mark": markMatch, "comment": func(*specReader, []option) bool { return true }, "addrtype": addrtypeMatch, "iprange": iprangeMatch,
	"ipvs": ipvsMatch, "policy": policyMatch, "physdev": physdevMatch, "pkttype": pkttypeMatch, "length": lengthMatch, "tcpmss": tcpmssMatch,
	"ttl": ttlMatch, "hl": ttlMatch, "rpfilter": rpfilterMatch, "u32": u32Match, "bpf": bpfMatch, "helper": helperMatch, "owner": ownerMatch,
}

// all asks every option; f returns nil for one that is not known, which then may be true or not.
func (r *specReader) all(match, why string, list []option, f func(o *option) func(*state) Tri) bool {
	for i := range list {
		o := &list[i]
		value := o.arg(0)
		if len(o.args) > 1 {
			value = strings.Join(o.args, " ")
		}
		test := f(o)
		if test == nil {
			r.strange("match not understood: " + match + " --" + o.name + " " + value)
			continue
		}
		r.ask(o.invert, match+" "+o.name+" "+value, why, test)
	}
	return true
}

func portsMatch(r *specReader, list []option) bool {
	return r.all("port", "the ports are not known", list, func(o *option) func(*state) Tri {
		p, ok := spanOf(o.arg(0), ":", 16)
		switch {
		case ok && o.name == "sport":
			return portTest(sportOf, p)
		case ok && o.name == "dport":
			return portTest(dportOf, p)
		}
		return nil
	})
}

// tcpMatch adds --tcp-flags to ports; --syn is saved as that.
func tcpMatch(r *specReader, list []option) bool {
	ports := make([]option, 0, len(list))
	for _, o := range list {
		if o.name != "tcp-flags" {
			ports = append(ports, o)
			continue
		}
		mask, ok1 := tcpFlagsOf(o.arg(0))
		want, ok2 := tcpFlagsOf(o.arg(1))
		if !ok1 || !ok2 {
			return false
		}
		r.ask(o.invert, "tcp-flags "+strings.Join(o.args, " "), "the flags of the segment are not known", func(s *state) Tri {
			if s.p.TCPFlags == 0 {
				return Unknown
			}
			return Of(s.p.TCPFlags&mask == want)
		})
	}
	return portsMatch(r, ports)
}

var tcpFlagNames = map[string]uint8{"FIN": FIN, "SYN": SYN, "RST": RST, "PSH": PSH, "ACK": ACK, "URG": URG, "ALL": 63, "NONE": 0}

func tcpFlagsOf(text string) (flags uint8, ok bool) {
	for name := range strings.SplitSeq(text, ",") {
		bit, ok := tcpFlagNames[name]
		if !ok {
			return 0, false
		}
		flags |= bit
	}
	return flags, true
}

func multiportMatch(r *specReader, list []option) bool {
	return r.all("multiport", "the ports are not known", list, func(o *option) func(*state) Tri {
		var spans []span
		for p := range strings.SplitSeq(o.arg(0), ",") {
			s, ok := spanOf(p, ":", 16)
			if !ok {
				return nil
			}
			spans = append(spans, s)
		}
		src, dst := portTest(sportOf, spans...), portTest(dportOf, spans...)
		switch o.name {
		case "sports":
			return src
		case "dports":
			return dst
		case "ports":
			return func(s *state) Tri { return or(src(s), dst(s)) }
		}
		return nil
	})
}

func or(a, b Tri) Tri {
	switch {
	case a == Yes || b == Yes:
		return Yes
	case a == No && b == No:
		return No
	}
	return Unknown
}

func and(a, b Tri) Tri { return or(a.not(true), b.not(true)).not(true) }

// icmpMatch reads 8, 3/4 or any: icmp_type_code_match.
func icmpMatch(r *specReader, list []option) bool {
	return r.all("icmp", "type and code of the message are not known", list, func(o *option) func(*state) Tri {
		if o.arg(0) == "any" {
			return func(*state) Tri { return Yes }
		}
		t, c, hasCode := strings.Cut(o.arg(0), "/")
		typ, err := strconv.ParseUint(t, 10, 8)
		if err != nil {
			return nil
		}
		var code uint64
		if hasCode {
			if code, err = strconv.ParseUint(c, 10, 8); err != nil {
				return nil
			}
		}
		return func(s *state) Tri {
			if !s.p.ICMP.Known {
				return Unknown
			}
			return Of(s.p.ICMP.Type == uint8(typ) && (!hasCode || s.p.ICMP.Code == uint8(code)))
		}
	})
}

func markMatch(r *specReader, list []option) bool {
	return r.all("mark", "the packet's mark is not known", list, func(o *option) func(*state) Tri {
		m, ok := maskedOf(o.arg(0))
		if !ok || o.name != "mark" {
			return nil
		}
		return func(s *state) Tri { return m.meets(s.p.Mark, s.p.MarkUnknown) }
	})
}

func addrtypeMatch(r *specReader, list []option) bool {
	dev := func(*state) (string, bool) { return "", true }
	ask := make([]option, 0, len(list))
	limit := ""
	for _, o := range list {
		switch o.name {
		case "limit-iface-in":
			dev, limit = inOf, o.name
		case "limit-iface-out":
			dev, limit = outOf, o.name
		default:
			ask = append(ask, o)
		}
	}
	return r.all("addrtype "+limit, "what kind of address that is in the namespace is not known", ask, func(o *option) func(*state) Tri {
		of := sideOf(o.name)
		var mask uint16
		for name := range strings.SplitSeq(o.arg(0), ",") {
			t, ok := addrTypes[name]
			if !ok {
				return nil
			}
			mask |= 1 << t
		}
		if of == nil {
			return nil
		}
		return func(s *state) Tri { return s.addrType(of(s), dev, mask) }
	})
}

// sideOf is the address that an option is about by the begin of its name; nil for another option.
func sideOf(option string) func(*state) netip.Addr {
	switch {
	case strings.HasPrefix(option, "src-"):
		return srcOf
	case strings.HasPrefix(option, "dst-"):
		return dstOf
	}
	return nil
}

var addrTypes = map[string]RouteType{
	"UNSPEC": Unspec, "UNICAST": Unicast, "LOCAL": LocalAddr, "BROADCAST": Broadcast, "ANYCAST": Anycast, "MULTICAST": Multicast,
	"BLACKHOLE": Blackhole, "UNREACHABLE": Unreachable, "PROHIBIT": Prohibit,
}

// addrType is match_type and match_type6 of xt_addrtype.c: IPv4 asks the routing table for one type; IPv6 tells most
// by the address alone, so that one of the host's own is unicast, too.
func (s *state) addrType(a netip.Addr, device func(*state) (string, bool), mask uint16) Tri {
	dev, ok := device(s)
	if !a.IsValid() || !ok {
		return Unknown
	}
	if s.v6 {
		if mask&(1<<Multicast) != 0 && !a.IsMulticast() || mask&(1<<Unicast) != 0 && !unicast6(a) || mask&(1<<Unspec) != 0 && !a.IsUnspecified() {
			return No
		}
		mask &= 1<<LocalAddr | 1<<Anycast | 1<<Unreachable
		if mask == 0 {
			return Yes
		}
	}
	t, ok := s.ns.AddrType(a, dev)
	if !ok {
		return Unknown
	}
	return Of(mask&(1<<t) != 0)
}

// unicast6 is IPV6_ADDR_UNICAST of __ipv6_addr_type.
func unicast6(a netip.Addr) bool { return !a.IsMulticast() && !a.IsUnspecified() && !a.Is4In6() }

func iprangeMatch(r *specReader, list []option) bool {
	return r.all("iprange", "the address is not known", list, func(o *option) func(*state) Tri {
		of := sideOf(o.name)
		lo, hi, ok := addrSpan(o.arg(0))
		if !ok || of == nil {
			return nil
		}
		return func(s *state) Tri {
			a := of(s)
			if !a.IsValid() {
				return Unknown
			}
			return Of(between(a, lo, hi))
		}
	})
}

// addrSpan reads one address or two with a dash between.
func addrSpan(text string) (lo, hi netip.Addr, ok bool) {
	a, b, cut := strings.Cut(text, "-")
	if !cut {
		b = a
	}
	lo, err1 := netip.ParseAddr(a)
	hi, err2 := netip.ParseAddr(b)
	return lo, hi, err1 == nil && err2 == nil
}

// ipvsMatch understands the bare --ipvs, which Docker writes.
func ipvsMatch(r *specReader, list []option) bool {
	if len(list) != 1 || list[0].name != "ipvs" {
		return false
	}
	r.ask(list[0].invert, "ipvs", "whether it belongs to a connection of IPVS is not known", func(s *state) Tri { return s.p.IPVS })
	return true
}

// policyMatch understands --pol none, and --pol ipsec without more: it asks for any state.
func policyMatch(r *specReader, list []option) bool {
	in, none, more := true, false, false
	for _, o := range list {
		switch {
		case o.name == "dir":
			in = o.arg(0) == "in"
		case o.name == "pol":
			none = o.arg(0) == "none"
		case o.name == "strict":
		default:
			more = true
		}
	}
	r.ask(none, "", "whether IPsec has it in hand is not known", func(s *state) Tri {
		t := s.p.Encrypted
		if in {
			t = s.p.Decrypted
		}
		if more && t == Yes {
			return Unknown
		}
		return t
	})
	return true
}

// physdevMatch is physdev_mt: of a packet that crosses no bridge, only what is inverted is true.
func physdevMatch(r *specReader, list []option) bool {
	return r.all("physdev", "the ports of the bridge are not known", list, func(o *option) func(*state) Tri {
		var port func(*state) string
		switch o.name {
		case "physdev-in", "physdev-is-in":
			port = func(s *state) string { return s.p.PhysIn }
		case "physdev-out", "physdev-is-out", "physdev-is-bridged":
			port = func(s *state) string { return s.p.PhysOut }
		default:
			return nil
		}
		name := func(s *state) (string, bool) { n := port(s); return n, n != "" }
		test := deviceTest(name, o.arg(0))
		if strings.HasPrefix(o.name, "physdev-is-") {
			test = func(s *state) Tri {
				if port(s) == "" {
					return Unknown
				}
				return Yes
			}
		}
		if test == nil {
			return nil
		}
		return func(s *state) Tri {
			if s.p.Bridged == No {
				return No
			}
			return and(s.p.Bridged, test(s))
		}
	})
}

func pkttypeMatch(r *specReader, list []option) bool {
	return r.all("pkttype", "whom the link layer meant it for is not known", list, func(o *option) func(*state) Tri {
		want := map[string]Kind{"unicast": KindHost, "broadcast": KindBroadcast, "multicast": KindMulticast}[o.arg(0)]
		if want == KindUnknown {
			return nil
		}
		return func(s *state) Tri {
			if s.p.Kind == KindUnknown {
				return Unknown
			}
			return Of(s.p.Kind == want)
		}
	})
}

// numberMatch compares a number of the packet with a range; 0 is not known.
func numberMatch(name, why string, of func(*state) uint16) builder {
	return func(r *specReader, list []option) bool {
		return r.all(name, why, list, func(o *option) func(*state) Tri {
			p, ok := spanOf(o.arg(0), ":", 16)
			if !ok {
				return nil
			}
			return func(s *state) Tri {
				if of(s) == 0 {
					return Unknown
				}
				return Of(p.has(uint64(of(s))))
			}
		})
	}
}

func lengthMatch(r *specReader, list []option) bool {
	return numberMatch("length", "the packet's length is not known", func(s *state) uint16 { return s.p.Length })(r, list)
}

func tcpmssMatch(r *specReader, list []option) bool {
	return numberMatch("tcpmss", "the segment's MSS is not known", func(s *state) uint16 { return s.p.MSS })(r, list)
}

func ttlMatch(r *specReader, list []option) bool {
	return r.all("ttl", "the packet's TTL is not known", list, func(o *option) func(*state) Tri {
		n, err := strconv.ParseUint(o.arg(0), 10, 8)
		_, op, ok := strings.Cut(o.name, "-")
		if err != nil || !ok {
			return nil
		}
		return func(s *state) Tri {
			switch ttl := uint64(s.p.TTL); {
			case ttl == 0:
				return Unknown
			case op == "eq":
				return Of(ttl == n)
			case op == "lt":
				return Of(ttl < n)
			case op == "gt":
				return Of(ttl > n)
			}
			return Unknown
		}
	})
}

// rpfilterMatch is rpfilter_lookup_reverse: whether a packet to the source would leave by the device that this one came
// in by.
func rpfilterMatch(r *specReader, list []option) bool {
	var loose, validmark, local, invert bool
	for _, o := range list {
		switch o.name {
		case "loose":
			loose = true
		case "validmark":
			validmark = true
		case "accept-local":
			local = true
		case "invert":
			invert = true
		default:
			return false
		}
	}
	r.ask(invert, "", "the route back to the source is not known", func(s *state) Tri {
		if s.p.In == "lo" {
			return Yes
		}
		if !s.p.Src.IsValid() || !s.p.Dst.IsValid() || s.p.In == "" || validmark && s.p.MarkUnknown != 0 {
			return Unknown
		}
		q := RouteQuery{Dst: s.p.Src, Src: s.p.Dst, In: s.p.In}
		if validmark {
			q.Mark = s.p.Mark
		}
		back, ok := s.ns.Route(q)
		switch {
		case !ok:
			return Unknown
		case back.Type != Unicast && (back.Type != LocalAddr || !local):
			return No
		}
		return Of(loose || back.Dev == s.p.In)
	})
	return true
}

// helperMatch: a connection that no other one expects has no helper's master.
func helperMatch(r *specReader, list []option) bool {
	return r.all("helper", "whether a helper expected the connection is not known", list, func(o *option) func(*state) Tri {
		return func(s *state) Tri {
			if s.p.CT == CTRelated || s.p.Conn.Status&Expected != 0 {
				return Unknown
			}
			return No
		}
	})
}

// ownerMatch is owner_mt: a packet that came in has no socket here, and none of what is asked of one is true.
func ownerMatch(r *specReader, list []option) bool {
	return r.all("owner", "whose socket sends it is not known", list, func(o *option) func(*state) Tri {
		return func(s *state) Tri {
			if s.p.Local {
				return Unknown
			}
			return No
		}
	})
}
