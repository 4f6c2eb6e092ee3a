package stack

import (
	"net/netip"
	"strings"
)

// A Check is the answer of reverse path filtering.
type Check struct {
	Known bool
	Pass  bool
	Why   string
	Ref   string
}

// Reverse is the check of a packet's source address on the way in: the greater of the settings of all and of the device
// asks for nothing (0), for a route back by the same device (1), or for any (2); an address of the namespace's own is
// refused unless accept_local is set (fib_validate_source, net/ipv4/fib_frontend.c). IPv6 has no such setting: there it passes.
func (s *Space) Reverse(in *Link, src, dst netip.Addr, fwmark uint32) Check {
	if src.Is6() {
		return Check{Known: true, Pass: true}
	}
	all, ok1 := s.Sysctl("net.ipv4.conf.all.rp_filter")
	own, ok2 := s.Sysctl("net.ipv4.conf." + in.Name + ".rp_filter")
	mode := strings.TrimSpace(max(all.Value, own.Value)) // single digits
	decides := own
	if all.Value > own.Value {
		decides = all
	}
	back := s.Lookup(Flow{Src: dst, Dst: src, Mark: fwmark})
	switch {
	case !back.Known:
		return Check{Why: back.Why, Ref: back.Ref}
	case back.Local() && in.Name != "lo":
		if v, ok := s.Sysctl("net.ipv4.conf." + in.Name + ".accept_local"); ok && v.Value == "1" {
			return Check{Known: true, Pass: true, Ref: v.Ref()}
		}
		return Check{Known: true, Why: "the source " + src.String() + " is an address of this namespace", Ref: back.Ref}
	case back.Link == in:
		return Check{Known: true, Pass: true, Ref: back.Ref}
	case !ok1 && !ok2:
		return Check{Why: "the settings rp_filter of " + s.Name + " were not captured"}
	case !(ok1 && ok2) && mode != "1":
		return Check{Why: "one of the settings rp_filter of " + s.Name + " was not captured"}
	case mode == "0" || mode == "":
		return Check{Known: true, Pass: true, Ref: decides.Ref()}
	case mode == "2" && back.Link != nil:
		return Check{Known: true, Pass: true, Ref: decides.Ref()}
	}
	return Check{Known: true, Why: "rp_filter is " + mode + " and the way back to " + src.String() + " does not lead by " + in.Name, Ref: decides.Ref()}
}

// Forwarding reports whether the namespace passes packets on that come in by a device (IN_DEV_FORWARD; ip_forward sets it
// of every device); known is false where neither setting was captured.
func (s *Space) Forwarding(in *Link, six bool) (on, known bool, ref string) {
	keys := []string{"net.ipv4.conf." + in.Name + ".forwarding", "net.ipv4.ip_forward"}
	if six {
		keys = []string{"net.ipv6.conf.all.forwarding"}
	}
	for _, k := range keys {
		if v, ok := s.Sysctl(k); ok {
			return v.Value != "0", true, v.Ref()
		}
	}
	return false, false, ""
}
