package show

import (
	"fmt"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// linkText is one device as ip -d link prints it, as far as it was captured: queues, segment sizes and timers of spanning
// tree are not.
func linkText(s *scope, l *schema.Link) string {
	x := parseExtra(l.Extra)
	var b strings.Builder
	mode := "DEFAULT"
	if n := x.number("17"); n != 0 { // IFLA_LINKMODE: IF_LINK_MODE_DORMANT, _TESTING
		mode = [...]string{"DEFAULT", "DORMANT", "TESTING"}[min(n, 2)]
	}
	b.WriteString(linkHead(s, l, "mode "+mode, x))
	b.WriteString(hardware(l))
	fmt.Fprintf(&b, " promiscuity %d", x.number("30")) // IFLA_PROMISCUITY
	if n := x.number("61"); n != 0 {                   // IFLA_ALLMULTI
		fmt.Fprintf(&b, " allmulti %d", n)
	}
	b.WriteString(peer(s, l))
	if d := linkDetails(s, l, x); d != "" {
		fmt.Fprintf(&b, "\n    %s", d)
	}
	if p := portDetails(l, x); p != "" {
		fmt.Fprintf(&b, "\n    %s", p)
	}
	if l.Alias != "" {
		fmt.Fprintf(&b, "\n    alias %s", oneLine(l.Alias))
	}
	if v := x.take("56"); v != nil { // IFLA_PARENT_DEV_NAME
		fmt.Fprintf(&b, "\n    parentdev %s", cstring(v))
	}
	if v := x.take("57"); v != nil { // IFLA_PARENT_DEV_BUS_NAME
		fmt.Fprintf(&b, " parentbus %s", cstring(v))
	}
	b.WriteByte('\n')
	if s.stats {
		fmt.Fprintf(&b, "    RX: packets %d errors %d dropped %d\n    TX: packets %d errors %d dropped %d\n",
			l.RxPackets, l.RxErrors, l.RxDropped, l.TxPackets, l.TxErrors, l.TxDropped)
		if l.CarrierUps != nil && l.CarrierDowns != nil {
			fmt.Fprintf(&b, "    carrier up %d down %d\n", *l.CarrierUps, *l.CarrierDowns)
		}
	}
	if rest := x.rest(); rest != "" {
		b.WriteString("    " + rest + "\n")
	}
	return b.String()
}

// shownFlags are the flags in the order of iproute2 (ip/ipaddress.c: print_link_flags), which leaves RUNNING to NO-CARRIER.
var shownFlags = []string{"loopback", "broadcast", "pointopoint", "multicast", "noarp", "allmulti", "promisc", "master",
	"slave", "debug", "dynamic", "automedia", "portsel", "notrailers", "up", "lower_up", "dormant", "echo"}

// linkHead is the first line: 49: eth0@if50: <BROADCAST,…> mtu 1450 qdisc noqueue master br0 state UP …
func linkHead(s *scope, l *schema.Link, mode string, x *extra) string {
	var flags []string
	if has(l.Flags, "up") && !has(l.Flags, "running") {
		flags = append(flags, "NO-CARRIER")
	}
	for _, f := range shownFlags {
		if has(l.Flags, f) {
			flags = append(flags, strings.ToUpper(f))
		}
	}
	name := l.Name
	if l.Link != nil {
		at := "NONE"
		switch {
		case *l.Link == 0:
		case l.LinkNetnsid != nil:
			at = fmt.Sprintf("if%d", *l.Link)
		default:
			at = s.dev(l.Netns, *l.Link)
			if lower := s.links[l.Netns][*l.Link]; lower != nil && !has(lower.Flags, "up") {
				flags = append(flags, "M-DOWN")
			}
		}
		name += "@" + at
	}
	var p phrase
	p.add(fmt.Sprintf("%d: %s: <%s> mtu %d", l.Ifindex, name, strings.Join(flags, ","), l.MTU))
	if l.Qdisc != "" {
		p.add("qdisc", l.Qdisc)
	}
	if l.Master != 0 {
		p.add("master", s.dev(l.Netns, l.Master))
	}
	p.add("state", strings.ToUpper(l.Operstate), mode, "group")
	if g := x.number("27"); g != 0 { // IFLA_GROUP
		p.add(fmt.Sprint(g))
	} else {
		p.add("default")
	}
	if l.TxQueueLen != 0 {
		p.add("qlen", number(l.TxQueueLen))
	}
	return p.String() + "\n"
}

// hardware is the second line. The broadcast address of Ethernet is always the same and not in the bundle.
func hardware(l *schema.Link) string {
	text := "    link/none"
	switch {
	case has(l.Flags, "loopback"):
		text = "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00"
	case len(l.MAC) == len("00:00:00:00:00:00"):
		text = "    link/ether " + l.MAC
		if has(l.Flags, "broadcast") {
			text += " brd ff:ff:ff:ff:ff:ff"
		}
	case l.MAC != "":
		text = "    link/" + l.MAC
	}
	if l.LinkNetnsid != nil {
		text += fmt.Sprintf(" link-netnsid %d", *l.LinkNetnsid)
	}
	return text
}

// peer says where the other end of a veth is, which no tool can.
func peer(s *scope, l *schema.Link) string {
	if ns := s.byID[l.PeerNetns]; ns != nil {
		return fmt.Sprintf(" # peer: ifindex %d in %s", l.PeerIfindex, ns.title())
	}
	return ""
}

// linkDetails is what -d says of a device by its kind (iproute2 ip/iplink_vxlan.c, ip/iplink_bridge.c). Attributes of
// IFLA_INFO_DATA that are zero are not in the bundle: the kernel always sends them.
func linkDetails(s *scope, l *schema.Link, x *extra) string {
	var p phrase
	p.add(l.Kind)
	data := func(n int) string { return fmt.Sprintf("18.2.%d", n) } // IFLA_LINKINFO, IFLA_INFO_DATA
	switch l.Kind {
	case "vxlan":
		if has(l.VXLANFlags, "collect_metadata") {
			p.add("external")
		}
		if l.VNI != nil {
			p.add("id", number(*l.VNI))
		}
		if g := l.VXLANGroup; g.IsValid() && g.IsMulticast() {
			p.add("group", g.String())
		} else if g.IsValid() {
			p.add("remote", g.String())
		}
		if l.VXLANLocal.IsValid() {
			p.add("local", l.VXLANLocal.String())
		}
		if l.VXLANLink != 0 {
			p.add("dev", s.dev(l.Netns, l.VXLANLink))
		}
		lo, hi := uint16(0), uint16(0)
		if r := x.take(data(10)); len(r) == 4 { // IFLA_VXLAN_PORT_RANGE
			lo, hi = uint16(r[0])<<8|uint16(r[1]), uint16(r[2])<<8|uint16(r[3])
		}
		p.add(fmt.Sprintf("srcport %d %d dstport %d", lo, hi, l.VXLANPort))
		for _, f := range []struct{ name, shown string }{{"proxy", "proxy"}, {"rsc", "rsc"}, {"l2miss", "l2miss"}, {"l3miss", "l3miss"}} {
			if f.name == "proxy" && !has(l.VXLANFlags, "learning") {
				p.add("nolearning")
			}
			if has(l.VXLANFlags, f.name) {
				p.add(f.shown)
			}
		}
		if ttl := x.number(data(5)); ttl != 0 { // IFLA_VXLAN_TTL
			p.add("ttl", fmt.Sprint(ttl))
		} else {
			p.add("ttl auto")
		}
		if l.VXLANAgeing != nil && *l.VXLANAgeing == 0 {
			p.add("ageing none")
		} else if l.VXLANAgeing != nil {
			p.add("ageing", number(*l.VXLANAgeing))
		}
		if n := x.number(data(9)); n != 0 { // IFLA_VXLAN_LIMIT
			p.add("maxaddr", fmt.Sprint(n))
		}
		p.add(on(x, data(18), "udpcsum"), on(x, data(19), "udp6zerocsumtx"), on(x, data(20), "udp6zerocsumrx"))
		for _, f := range []string{"gbp", "gpe"} {
			if has(l.VXLANFlags, f) {
				p.add(f)
			}
		}
	case "bridge":
		if l.BridgeAgeing != nil {
			p.add("ageing_time", number(*l.BridgeAgeing*100)) // in the kernel's clock ticks, as ip prints it
		}
		if l.BridgeSTP != nil {
			p.add("stp_state", number(*l.BridgeSTP))
		}
		if l.BridgeVLAN != nil {
			p.add("vlan_filtering", zeroOne(*l.BridgeVLAN))
		}
		if l.BridgePVID != nil {
			p.add("vlan_default_pvid", number(*l.BridgePVID))
		}
		if l.BridgeLearned != nil {
			p.add("fdb_n_learned", number(*l.BridgeLearned))
		}
		p.add("mcast_snooping", fmt.Sprint(x.number(data(23)))) // IFLA_BR_MCAST_SNOOPING
	}
	return p.String()
}

// on is a switch of a vxlan device.
func on(x *extra, key, name string) string {
	if x.number(key) != 0 {
		return name
	}
	return "no" + name
}

func zeroOne(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// portSwitches are the switches of a bridge's port: as the bundle names them, as ip does (ip/iplink_bridge_slave.c), and
// whether every kernel has them, so that one that is not on is off.
var portSwitches = []struct {
	name, shown string
	always      bool
}{
	{"hairpin", "hairpin", true}, {"guard", "guard", true}, {"root_block", "root_block", true}, {"fast_leave", "fastleave", true},
	{"learning", "learning", true}, {"flood", "flood", true}, {"proxy_arp", "proxy_arp", false}, {"proxy_arp_wifi", "proxy_arp_wifi", false},
	{"mcast_flood", "mcast_flood", false}, {"bcast_flood", "bcast_flood", false}, {"mcast_to_ucast", "mcast_to_unicast", false},
	{"neigh_suppress", "neigh_suppress", false}, {"neigh_vlan_suppress", "neigh_vlan_suppress", false}, {"vlan_tunnel", "vlan_tunnel", false},
	{"isolated", "isolated", false}, {"locked", "locked", false}, {"mab", "mab", false},
}

// portDetails is what -d says of a port of a bridge.
func portDetails(l *schema.Link, x *extra) string {
	if l.PortState == "" {
		return ""
	}
	var p phrase
	p.add("bridge_slave state", l.PortState)
	for _, f := range portSwitches {
		switch {
		case has(l.PortFlags, f.name):
			p.add(f.shown, "on")
		case f.always:
			p.add(f.shown, "off")
		}
	}
	return p.String()
}

func cstring(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

// oneLine keeps captured text from beginning a line of its own.
func oneLine(s string) string { return visible(s) }
