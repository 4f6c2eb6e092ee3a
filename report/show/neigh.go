package show

import (
	"fmt"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// neighText is one entry as ip neigh prints it (iproute2 ip/ipneigh.c: print_neigh). All states are here, proxy entries
// too, which ip neigh leaves out unless asked.
func neighText(s *scope, n *schema.Neighbour) string {
	x := parseExtra(n.Extra)
	var p phrase
	p.add(n.IP.String(), "dev", n.Dev)
	if n.MAC != "" {
		p.add("lladdr", n.MAC)
	}
	if s.stats && n.UsedS != nil && n.ConfirmedS != nil && n.UpdatedS != nil {
		p.add(fmt.Sprintf("used %.0f/%.0f/%.0f", *n.UsedS, *n.ConfirmedS, *n.UpdatedS))
		p.add("probes", number(n.Probes))
	}
	for _, f := range []struct{ name, shown string }{{"router", "router"}, {"proxy", "proxy"}, {"extern_learn", "extern_learn"},
		{"offloaded", "offload"}, {"managed", "managed"}, {"extern_valid", "extern_valid"}} {
		if has(n.Flags, f.name) {
			p.add(f.shown)
		}
	}
	if !has(n.Flags, "proxy") { // which has no state
		p.add(strings.ToUpper(strings.ReplaceAll(n.State, ",", " ")))
	}
	if n.Protocol != 0 {
		p.add("proto", protocolName(n.Protocol))
	}
	p.add(x.rest(), s.seen(n.Seen))
	return p.String() + "\n"
}

// protocolName names those of rtnetlink.h (RTPROT_*) that are met with neighbours.
func protocolName(n int64) string {
	switch n {
	case 2:
		return "kernel"
	case 3:
		return "boot"
	case 4:
		return "static"
	}
	return number(n)
}

// fdbText is one entry as bridge fdb prints it (iproute2 bridge/fdb.c: print_fdb).
func fdbText(s *scope, f *schema.FDB) string {
	x := parseExtra(f.Extra)
	var p phrase
	p.add(f.MAC, "dev", f.Dev)
	if f.Dst.IsValid() {
		p.add("dst", f.Dst.String())
	}
	if f.VLAN != 0 {
		p.add("vlan", number(f.VLAN))
	}
	if f.Port != 0 {
		p.add("port", number(f.Port))
	}
	if f.VNI != nil {
		p.add("vni", number(*f.VNI))
	}
	if n := x.number("11"); n != 0 { // NDA_SRC_VNI
		p.add("src_vni", fmt.Sprint(n))
	}
	if f.Via != 0 {
		p.add("via", s.dev(f.Netns, f.Via))
	}
	if n := x.number("13"); n != 0 { // NDA_NH_ID
		p.add("nhid", fmt.Sprint(n))
	}
	if f.LinkNetnsid != nil {
		p.add("link-netnsid", number(*f.LinkNetnsid))
	}
	if s.stats && f.UsedS != nil && f.UpdatedS != nil {
		p.add(fmt.Sprintf("used %.0f/%.0f", *f.UsedS, *f.UpdatedS))
	}
	if f.Self {
		p.add("self")
	}
	for _, flag := range []struct{ name, shown string }{{"router", "router"}, {"extern_learn", "extern_learn"}, {"offloaded", "offload"}, {"sticky", "sticky"}, {"locked", "locked"}} {
		if has(f.Flags, flag.name) {
			p.add(flag.shown)
		}
	}
	switch {
	case f.Master != 0:
		p.add("master", s.dev(f.Netns, f.Master))
	case f.OnMaster:
		p.add("master")
	}
	switch { // several may be set; what was learned and is in use has no word
	case has(f.State, "permanent"):
		p.add("permanent")
	case has(f.State, "noarp"):
		p.add("static")
	case f.State != "reachable":
		p.add(f.State)
	}
	p.add(x.rest(), s.seen(f.Seen))
	return p.String() + "\n"
}
