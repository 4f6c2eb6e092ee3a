package show

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// routeText is all routes of a namespace, as ip route show table all prints them.
func routeText(s *scope, rows map[string][]row) string {
	routes := decodeRows[schema.Route](s, rows, "route")
	var b strings.Builder
	for i := 0; i < len(routes); i++ {
		r := routes[i]
		var hops []*schema.Route
		if r.Weight > 0 { // of several next hops: each is a row
			for hops = append(hops, r); i+1 < len(routes) && sameRoute(routes[i+1], r); i++ {
				hops = append(hops, routes[i+1])
			}
		}
		b.WriteString(oneRoute(r, hops))
	}
	return b.String()
}

// sameRoute reports whether a row is another next hop of a multipath route.
func sameRoute(a, b *schema.Route) bool {
	return a.Weight > 0 && a.Family == b.Family && a.TableID == b.TableID && a.Type == b.Type && a.Dst == b.Dst && a.Src == b.Src && a.Metric == b.Metric
}

// routeRow is one row by itself.
func routeRow(_ *scope, r *schema.Route) string {
	if r.Weight > 0 {
		return oneRoute(r, []*schema.Route{r})
	}
	return oneRoute(r, nil)
}

// oneRoute has the order of words of iproute2 (ip/iproute.c: print_route).
func oneRoute(r *schema.Route, hops []*schema.Route) string {
	x := parseExtra(r.Extra)
	var p phrase
	if r.Type != "unicast" {
		p.add(r.Type)
	}
	p.add(destination(r.Dst))
	if r.Src.IsValid() {
		p.add("from", destination(r.Src))
	}
	if v := x.values["tos"]; v != "" {
		delete(x.values, "tos")
		p.add("tos", v)
	}
	if len(hops) == 0 {
		if r.Gateway.IsValid() {
			p.add("via", via(r.Family, r.Gateway))
		}
		if r.Ifindex != 0 {
			p.add("dev", r.Dev)
		}
	}
	if r.TableID != 254 {
		p.add("table", tableName(r.TableID))
	}
	if r.Protocol != "boot" {
		p.add("proto", r.Protocol)
	}
	if r.Scope != "global" {
		p.add("scope", r.Scope)
	}
	if r.PrefSrc.IsValid() {
		p.add("src", r.PrefSrc.String())
	}
	if r.Metric != 0 || r.Family == "ipv6" { // the kernel always tells that of IPv6 (net/ipv6/route.c: rt6_fill_node)
		p.add("metric", number(r.Metric))
	}
	if len(hops) == 0 {
		p.add(routeFlags(r.Flags)...)
	}
	if r.MTU != 0 {
		p.add("mtu", number(r.MTU))
	}
	if r.Family == "ipv6" {
		switch x.number("20") { // RTA_PREF; the bundle leaves out medium, which is 0
		case 0:
			p.add("pref medium")
		case 1:
			p.add("pref high")
		case 3:
			p.add("pref low")
		}
	}
	text := p.String()
	for _, h := range hops {
		var hop phrase
		hop.add("\n\tnexthop")
		if h.Gateway.IsValid() {
			hop.add("via", via(h.Family, h.Gateway))
		}
		hop.add("dev", h.Dev, "weight", number(h.Weight))
		hop.add(routeFlags(h.Flags)...)
		text += hop.String()
	}
	if rest := x.rest(); rest != "" {
		text += " " + rest
	}
	return text + "\n"
}

// routeFlags are the flags that ip prints (ip/iproute.c: print_rt_flags).
func routeFlags(set string) []string {
	var out []string
	for _, f := range []string{"dead", "onlink", "pervasive", "offload", "trap", "notify", "linkdown", "unresolved", "rt_offload", "rt_trap"} {
		if has(set, f) {
			out = append(out, f)
		}
	}
	return out
}

// destination is a prefix, as ip shortens it.
func destination(p netip.Prefix) string {
	switch {
	case !p.IsValid():
		return "?" // capture writes every destination
	case p.Bits() == 0:
		return "default"
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}

// via names a gateway; one of the other family says so.
func via(family string, gateway netip.Addr) string {
	if family == "ipv4" && gateway.Is6() {
		return "inet6 " + gateway.String()
	}
	return gateway.String()
}

// tableName is as in iproute2's rt_tables, of which the bundle has no copy.
func tableName(id int64) string {
	switch id {
	case 253:
		return "default"
	case 254:
		return "main"
	case 255:
		return "local"
	}
	return number(id)
}

// ruleText is the policy rules of a namespace, of both families: ip rule prints one.
func ruleText(s *scope, rows map[string][]row) string {
	rules := decodeRows[schema.PolicyRule](s, rows, "policy_rule")
	var b strings.Builder
	for _, f := range []struct{ family, command string }{{"ipv4", "# ip rule\n"}, {"ipv6", "# ip -6 rule\n"}} {
		head := f.command
		for _, r := range rules {
			if r.Family == f.family {
				b.WriteString(head)
				b.WriteString(oneRule(s, r))
				head = ""
			}
		}
	}
	return b.String()
}

// oneRule has the order of words of iproute2 (ip/iprule.c: print_rule).
func oneRule(s *scope, r *schema.PolicyRule) string {
	x := parseExtra(r.Extra)
	var p phrase
	if r.Invert {
		p.add("not")
	}
	p.add("from", anySource(r.Src))
	if r.Dst.IsValid() {
		p.add("to", destination(r.Dst))
	}
	if v := x.values["tos"]; v != "" {
		delete(x.values, "tos")
		p.add("tos", v)
	}
	if r.Fwmark != nil || r.Fwmask != nil {
		mark := "fwmark 0x0"
		if r.Fwmark != nil {
			mark = fmt.Sprintf("fwmark %#x", *r.Fwmark)
		}
		if r.Fwmask != nil && *r.Fwmask != 0xffffffff {
			mark += fmt.Sprintf("/%#x", *r.Fwmask)
		}
		p.add(mark)
	}
	if r.InIface != "" {
		p.add("iif", r.InIface)
	}
	if r.OutIface != "" {
		p.add("oif", r.OutIface)
	}
	if r.Action == "lookup" {
		p.add("lookup", tableName(r.TableID))
	} else {
		p.add(r.Action)
	}
	if v := x.take("14"); len(v) == 4 && v[3] != 0xff { // FRA_SUPPRESS_PREFIXLEN
		p.add("suppress_prefixlength", fmt.Sprint(v[0]))
	}
	if v := x.take("21"); len(v) == 1 && s.stats { // FRA_PROTOCOL, which ip prints with -d
		p.add("proto", protocolName(int64(v[0])))
	}
	p.add(x.rest())
	return fmt.Sprintf("%d:\t%s\n", r.Priority, p.String())
}

func anySource(p netip.Prefix) string {
	if !p.IsValid() {
		return "all"
	}
	return destination(p)
}
