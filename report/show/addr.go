package show

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// addrText is all devices of a namespace with their addresses, as ip addr prints them.
func addrText(s *scope, rows map[string][]row) string {
	links := decodeRows[schema.Link](s, rows, "link")
	addresses := decodeRows[schema.Address](s, rows, "address")
	for _, l := range links { // addr reads links for themselves, not for their names only
		if s.links[l.Netns] == nil {
			s.links[l.Netns] = map[int64]*schema.Link{}
		}
		s.links[l.Netns][l.Ifindex] = l
	}
	of := map[int64][]*schema.Address{}
	for _, a := range addresses {
		of[a.Ifindex] = append(of[a.Ifindex], a)
	}
	var b strings.Builder
	printed := map[int64]bool{}
	for _, l := range links {
		printed[l.Ifindex] = true
		b.WriteString(linkHead(s, l, "", parseExtra(l.Extra)))
		b.WriteString(hardware(l) + peer(s, l) + "\n")
		for _, family := range []bool{true, false} { // ip asks for IPv4 first
			for _, a := range of[l.Ifindex] {
				if a.IP.Is4() == family {
					b.WriteString(addressText(s, a))
				}
			}
		}
	}
	for _, a := range addresses { // the links were not captured, or the device came in between
		if !printed[a.Ifindex] {
			fmt.Fprintf(&b, "%d: %s:\n%s", a.Ifindex, a.Dev, addressText(s, a))
		}
	}
	return b.String()
}

// addressFlags are the flags as the bundle and as ip name them, in ip's order (ip/ipaddress.c: ifa_flag_names). An
// address that is not permanent is dynamic.
var addressFlags = []struct{ name, shown string }{
	{"secondary", "secondary"}, {"nodad", "nodad"}, {"optimistic", "optimistic"}, {"dadfailed", "dadfailed"}, {"homeaddress", "home"},
	{"deprecated", "deprecated"}, {"tentative", "tentative"}, {"permanent", ""}, {"managetempaddr", "mngtmpaddr"},
	{"noprefixroute", "noprefixroute"}, {"mcautojoin", "autojoin"}, {"stable_privacy", "stable-privacy"},
}

// addressText is one address, two lines.
func addressText(_ *scope, a *schema.Address) string {
	x := parseExtra(a.Extra)
	var p phrase
	family := "inet"
	if a.IP.Is6() {
		family = "inet6"
	}
	if a.Peer.IsValid() {
		p.add(fmt.Sprintf("    %s %s peer %s/%d", family, a.IP, a.Peer, a.PrefixLen))
	} else {
		p.add(fmt.Sprintf("    %s %s/%d", family, a.IP, a.PrefixLen))
	}
	if a.Broadcast.IsValid() {
		p.add("brd", a.Broadcast.String())
	}
	p.add("scope", a.Scope)
	for _, f := range addressFlags {
		switch {
		case f.name == "permanent":
			if !has(a.Flags, f.name) {
				p.add("dynamic")
			}
		case f.name == "secondary" && family == "inet6" && has(a.Flags, f.name):
			p.add("temporary")
		case has(a.Flags, f.name):
			p.add(f.shown)
		}
	}
	switch n := x.number("11"); n { // IFA_PROTO, iproute2 6.3 and newer print it
	case 0:
	case 1, 2, 3:
		p.add("proto", [...]string{"kernel_lo", "kernel_ra", "kernel_ll"}[n-1])
	default:
		p.add("proto", fmt.Sprint(n))
	}
	if family == "inet" {
		if a.Label != "" {
			p.add(a.Label)
		} else {
			p.add(a.Dev)
		}
	}
	valid, preferred := "forever", "forever"
	if v := x.take("6"); len(v) >= 8 { // IFA_CACHEINFO: preferred, valid
		preferred, valid = lifetime(v), lifetime(v[4:])
	}
	text := fmt.Sprintf("%s\n       valid_lft %s preferred_lft %s\n", p.String(), valid, preferred)
	if rest := x.rest(); rest != "" {
		text += "       " + rest + "\n"
	}
	return text
}

// lifetime is seconds of struct ifa_cacheinfo, all ones for ever.
func lifetime(v []byte) string {
	if n := binary.LittleEndian.Uint32(v); n != 1<<32-1 {
		return fmt.Sprintf("%dsec", n)
	}
	return "forever"
}
