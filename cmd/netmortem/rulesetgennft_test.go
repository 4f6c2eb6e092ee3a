package main

import (
	"fmt"
	"strings"
)

// nft makes the text that nft -f reads: tables as Docker 29's backend for nftables, and as firewalld, lay them out.
func (g *ruleGen) nft() string {
	var b strings.Builder
	if g.chance(70) {
		g.dockerBridges(&b)
	}
	if g.chance(60) || b.Len() == 0 {
		g.zones(&b)
	}
	return b.String()
}

// mingled adds rules of nftables to the table filter of iptables-nft, and at times a base chain, after which the table
// is not taken for one of iptables-nft any more.
func (g *ruleGen) mingled() string {
	var b strings.Builder
	if g.chance(30) {
		fmt.Fprintf(&b, "add chain %s filter early { type filter hook %s priority -5; policy accept; }\n", g.ip(), g.one("input", "forward", "output"))
	}
	for range 1 + g.IntN(3) {
		fmt.Fprintf(&b, "%s rule %s filter %s %s %s\n", g.one("insert", "add"), g.ip(), g.one("FORWARD", "FORWARD", "INPUT", "f0", "f1"), g.nftConditions(true, true), g.verdict())
	}
	return b.String()
}

// ip is ip or ip6.
func (g *ruleGen) ip() string {
	if g.v6 {
		return "ip6"
	}
	return "ip"
}

func (g *ruleGen) neq() string { return strings.Replace(g.not(), "! ", "!= ", 1) }

// nftNet is a net in nft's words, which have no mask but a prefix.
func (g *ruleGen) nftNet() string {
	for {
		if n := g.net(); !strings.HasSuffix(n, "255") {
			return n
		}
	}
}

// nftConditions of one rule. In table inet the family comes first where it is needed, which nft adds by itself.
func (g *ruleGen) nftConditions(in, out bool) string {
	var parts []string
	say := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	ip := g.ip()
	if g.chance(30) {
		say("%s %saddr %s%s", ip, g.one("s", "d"), g.neq(), g.nftNet())
	}
	if g.chance(15) {
		say("%s %saddr %s{ %s, %s }", ip, g.one("s", "d"), g.neq(), g.hosts("docker0")[g.IntN(3)], g.hosts("br-web")[g.IntN(3)])
	}
	if in && g.chance(25) {
		say("iifname %s%s", g.neq(), g.one(`"eth0"`, `"docker0"`, `"br*"`, `{ "eth0", "br-web" }`, `"lo"`))
	}
	if out && g.chance(25) {
		say("oifname %s%s", g.neq(), g.one(`"eth0"`, `"docker0"`, `"br*"`, `{ "docker0", "br-web" }`))
	}
	icmp := map[bool]string{false: "icmp", true: "icmpv6"}[g.v6]
	switch g.IntN(10) {
	case 0, 1:
		say("tcp dport %s%d", g.neq(), g.port())
	case 2:
		say("%s dport %s", g.one("tcp", "udp", "th"), g.one(g.neq()+"5000-5010", g.neq()+"{ 22, 80, 443 }", g.neq()+"{ 53, 5000-5010, 8080-9000 }", "< 1024", "> 5005", "<= 443", ">= 8080"))
		if strings.HasPrefix(parts[len(parts)-1], "th") {
			parts[len(parts)-1] = "meta l4proto { tcp, udp } " + parts[len(parts)-1]
		}
	case 3:
		say("udp dport %s%d", g.neq(), g.port())
	case 4:
		say("meta l4proto %s%s", g.neq(), g.one("tcp", "udp", icmp, "{ tcp, udp }"))
	case 5:
		say("tcp flags %s", g.one("syn", "& (fin|syn|rst|ack) == syn", "& (syn|rst) == syn", "!= syn", "ack"))
	case 6:
		say("%s type %s", icmp, g.one("echo-request", "echo-reply", "{ echo-request, destination-unreachable }"))
	}
	n := 18
	if g.unsteady {
		n = 21
	}
	if g.chance(45) {
		switch g.IntN(n) {
		case 0, 1, 2:
			say("ct state %s%s", g.neq(), g.one("new", "established,related", "invalid", "established", "untracked"))
		case 3:
			say("ct state { new, untracked }")
		case 4:
			say("ct status %s", g.one("dnat", "snat", "seen-reply", "confirmed", "& (dnat|snat) == 0"))
		case 5:
			say("ct direction %s", g.one("original", "reply"))
		case 6:
			say("ct mark %s", g.one("0x0", "0x1", "!= 0x1", "& 0xf == 0x1"))
		case 7:
			say("meta mark %s", g.one("0x0", "0x1", "!= 0x106", "& 0xff == 0x1", "0x1-0x100"))
		case 8:
			say("fib daddr type %s%s", g.neq(), g.one("local", "unicast", "broadcast"))
		case 9:
			say("fib saddr type %s%s", g.neq(), g.one("local", "unicast"))
		case 10:
			say("ct original %s daddr %s%s", g.ip(), g.neq(), g.host())
		case 11:
			say("ct original protocol %s%s", g.neq(), g.one("tcp", "udp"))
		case 12:
			say("meta pkttype %s", g.one("host", "broadcast", "{ host, multicast }"))
		case 13:
			say("meta length %s", g.one("< 100", "60", "36-48", "> 100"))
		case 14:
			say("%s %s%d", map[bool]string{false: "ip ttl", true: "ip6 hoplimit"}[g.v6], g.one("", "!= ", "< ", "> "), 62+g.IntN(4))
		case 15:
			say("%s != %s", map[bool]string{false: "ip protocol", true: "ip6 nexthdr"}[g.v6], g.one("tcp", "udp"))
		case 16:
			say("meta mark & 0xff %s %s", g.one("==", "!="), g.one("0x0", "0x6"))
		case 17:
			if in {
				say("iif %s\"%s\"", g.neq(), g.one(routerDevs...))
			}
		case 18:
			say("numgen random mod 2 0")
		case 19:
			say("limit rate 1/second burst 3 packets")
		case 20:
			say("limit rate over 1/second burst 3 packets")
		}
	}
	if len(parts) == 0 {
		return g.one("counter", "ct state new", fmt.Sprintf("tcp dport %d", g.port()))
	}
	return strings.Join(parts, " ")
}

func (g *ruleGen) verdict() string {
	return g.one("accept", "accept", "drop", "drop", "reject", "return", `log prefix "x"`, "counter")
}

func (g *ruleGen) nftMark() string {
	return g.one("meta mark set 0x1", "meta mark set 0x106", "meta mark set meta mark and 0xff", "meta mark set meta mark or 0x100", "ct mark set 0x1", "ct mark set meta mark",
		"meta mark set ct mark", "ct mark set ct mark or 0x2")
}

// dockerBridges is a table as Docker's, with its maps of chains by device.
func (g *ruleGen) dockerBridges(b *strings.Builder) {
	say := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	ip := g.ip()
	bridges := []string{"docker0", "br-web"}
	say("table %s docker-bridges {", ip)
	for _, m := range []string{"filter-forward-in", "filter-forward-out", "nat-postrouting-in", "nat-postrouting-out"} {
		say(" map %s-jumps { type ifname : verdict; elements = { \"docker0\" : jump %s__docker0, \"br-web\" : jump %s__br-web } }", m, m, m)
	}
	for _, br := range bridges {
		say(" chain filter-forward-in__%s {", br)
		say("  ct state established,related counter accept")
		if g.chance(70) {
			say("  iifname \"%s\" counter %s", br, g.one("accept", "drop"))
		}
		for range g.IntN(3) {
			say("  %s daddr %s %s dport %d counter accept", ip, g.one(g.hosts(br)...), g.one("tcp", "udp"), g.port())
		}
		say("  counter drop\n }")
		say(" chain filter-forward-out__%s {\n  ct state established,related counter accept", br)
		if g.chance(30) {
			say("  %s %s", g.nftConditions(true, true), g.verdict())
		}
		say("  counter %s\n }", g.one("accept", "accept", "drop"))
		say(" chain nat-postrouting-in__%s {", br)
		if g.chance(50) {
			say("  fib saddr type local counter masquerade")
		}
		for range g.IntN(2) {
			h := g.one(g.hosts(br)...)
			say("  %s saddr %s %s daddr %s tcp dport 80 counter masquerade", ip, h, ip, h)
		}
		say(" }\n chain nat-postrouting-out__%s {", br)
		net := map[string]string{"docker0": "172.17.0.0/16", "br-web": "172.18.0.0/16"}[br]
		if g.v6 {
			net = map[string]string{"docker0": "fd00:b::/64", "br-web": "fd00:c::/64"}[br]
		}
		say("  oifname != \"%s\" %s saddr %s counter masquerade\n }", br, ip, net)
	}
	say(" chain nat-prerouting-and-output {")
	for range 1 + g.IntN(4) {
		to := g.to(true)
		say("  %s dport %d counter dnat to %s", g.one("tcp", "udp"), g.port(), to)
	}
	if g.chance(30) {
		say("  tcp dport %d redirect to :%d", g.port(), g.port())
	}
	if g.chance(30) {
		say("  dnat %s addr . port to tcp dport map { %d : %s . %d, %d : %s . %d }", ip, 53, g.host(), g.port(), 5005, g.host(), g.port())
	}
	if g.unsteady && g.chance(50) {
		say("  tcp dport 2377 dnat to numgen random mod 2 map { 0 : %s, 1 : %s }", g.hosts("docker0")[0], g.hosts("br-web")[0])
	}
	if g.chance(30) {
		say("  dnat to tcp dport map { %d : %s, %d : %s }", 22, g.host(), 443, g.host())
	}
	say(" }")
	say(" chain filter-FORWARD {\n  type filter hook forward priority filter; policy %s;", g.one("accept", "accept", "drop"))
	say("  oifname vmap @filter-forward-in-jumps\n  iifname vmap @filter-forward-out-jumps\n }")
	say(" chain nat-OUTPUT {\n  type nat hook output priority -100; policy accept;")
	loop := map[bool]string{false: "127.0.0.0/8", true: "::1"}[g.v6]
	say("  %sfib daddr type local counter jump nat-prerouting-and-output\n }", g.one("", ip+" daddr != "+loop+" "))
	say(" chain nat-POSTROUTING {\n  type nat hook postrouting priority srcnat; policy accept;\n  iifname vmap @nat-postrouting-out-jumps\n  oifname vmap @nat-postrouting-in-jumps\n }")
	say(" chain nat-PREROUTING {\n  type nat hook prerouting priority dstnat; policy accept;\n  fib daddr type local counter jump nat-prerouting-and-output\n }")
	say(" chain raw-PREROUTING {\n  type filter hook prerouting priority raw; policy accept;")
	for range g.IntN(3) {
		br := g.one(bridges...)
		say("  %s daddr %s iifname %s %s", ip, g.one(g.hosts(br)...), g.one(`!= "`+br+`"`, `"eth0"`), g.one("drop", "notrack", "counter"))
	}
	say(" }\n}")
}

// zones is a table of family inet as firewalld's: base chains ten behind those of the kernel, verdict maps by device,
// sets with intervals and concatenations.
func (g *ruleGen) zones(b *strings.Builder) {
	say := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	ip := g.ip()
	addr := map[bool]string{false: "ipv4_addr", true: "ipv6_addr"}[g.v6]
	nets := map[bool]string{false: "172.17.0.2-172.17.0.3, 172.18.0.0/24, 192.0.2.9, 10.0.0.0/8", true: "fd00:b::2-fd00:b::3, fd00:c::/64, fd00:a::9"}[g.v6]
	say("table inet firewalld {")
	say(" set nets { type %s; flags interval; elements = { %s } }", addr, nets)
	say(" set hosts { type %s; elements = { %s, %s } }", addr, g.hosts("docker0")[0], g.hosts("br-web")[1])
	say(" set pairs { type %s . inet_service; elements = { %s . %d, %s . %d } }", addr, g.hosts("docker0")[1], g.port(), g.hosts("br-web")[2], g.port())
	say(" set spans { type %s . inet_proto . inet_service; flags interval; elements = { %s-%s . tcp . 80-443, %s . udp . 5000-5010, %s . tcp . %d } }", addr,
		g.hosts("docker0")[0], g.hosts("docker0")[2], g.hosts("br-web")[0], ownAddr("eth0", g.v6), g.port())
	say(" map services { type inet_service : verdict; elements = { 22 : accept, 53 : drop, 8080 : jump zone_web, %d : goto zone_public } }", 9000)
	say(" map marks { type inet_service : mark; elements = { 80 : 0x1, 443 : 0x106 } }")
	if g.chance(50) {
		say(" map order { type inet_service : verdict; flags interval; elements = { 1-1023 : jump zone_web, 5000-5005 : drop, 5006-5010 : accept, 8080 : accept } }")
	} else {
		say(" map order { type inet_service : verdict; elements = { 80 : jump zone_web, * : continue } }")
	}
	for _, name := range []string{"zone_public", "zone_web"} {
		say(" chain %s {", name)
		for range 1 + g.IntN(4) {
			say("  %s %s", g.nftConditions(true, true), g.verdict())
		}
		say(" }")
	}
	base := func(name, hook, prio, policy string, in, out bool) {
		say(" chain %s {\n  type filter hook %s priority %s; policy %s;", name, hook, prio, policy)
		if strings.Contains(name, "filter") && g.chance(60) {
			say("  ct state { established, related } accept\n  ct status dnat accept")
		}
		for range 1 + g.IntN(5) {
			switch g.IntN(11) {
			case 9:
				say("  ct state vmap { established : accept, related : accept, invalid : %s }", g.one("drop", "jump zone_web", "continue"))
			case 10:
				say("  meta l4proto vmap { tcp : jump zone_web, udp : %s }", g.one("continue", "accept", "goto zone_public"))
			case 0:
				say("  %s %saddr %s@nets %s", ip, g.one("s", "d"), g.neq(), g.verdict())
			case 1:
				say("  %s saddr @hosts %s", ip, g.verdict())
			case 2:
				say("  %s daddr . %s dport @pairs %s", ip, g.one("tcp", "udp"), g.verdict())
			case 3:
				say("  %s daddr . meta l4proto . th dport %s@spans %s", ip, g.neq(), g.verdict())
			case 4:
				say("  %s dport vmap @%s", g.one("tcp", "udp"), g.one("services", "order"))
			case 5:
				if in {
					say("  iifname vmap { \"eth0\" : %s zone_public, \"br-web\" : jump zone_web, \"lo\" : accept }", g.one("goto", "jump"))
				}
			case 6:
				say("  %s dport . %s saddr vmap { 80 . %s : drop, 443 . %s : accept }", g.one("tcp", "udp"), ip, g.host(), g.host())
			default:
				say("  %s %s", g.nftConditions(in, out), g.verdict())
			}
		}
		if g.chance(20) && strings.Contains(name, "filter") {
			say("  reject with icmpx %s", g.one("admin-prohibited", "port-unreachable"))
		}
		say(" }")
	}
	if g.chance(40) {
		say(" chain raw_PREROUTING {\n  type filter hook prerouting priority raw + 10; policy accept;")
		say("  icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept")
		say("  meta nfproto ipv6 fib saddr . mark . iif oif missing drop\n }")
	}
	if g.chance(60) {
		for _, hook := range []string{"prerouting", "forward", "output", "postrouting"} {
			if g.chance(50) {
				continue
			}
			typ := "filter"
			if hook == "output" {
				typ = g.one("route", "filter")
			}
			say(" chain mangle_%s {\n  type %s hook %s priority mangle + %d; policy accept;", hook, typ, hook, 10*g.IntN(2))
			for range 1 + g.IntN(3) {
				if g.chance(20) {
					say("  meta mark set %s dport map @marks", g.one("tcp", "udp"))
				}
				say("  %s %s", g.nftConditions(hook != "output", hook != "prerouting"), g.nftMark())
			}
			if hook == "forward" && g.chance(40) {
				say("  tcp flags syn / syn,rst tcp option maxseg size set %s", g.one("1300", "rt mtu"))
			}
			say(" }")
		}
	}
	if g.chance(50) {
		say(" chain nat_PRE {\n  type nat hook prerouting priority dstnat + 10; policy accept;")
		for range 1 + g.IntN(2) {
			say("  %s daddr %s%s tcp dport %d dnat %s to %s", ip, g.neq(), g.nftNet(), g.port(), ip, g.to(true))
		}
		say("  %s dport %d redirect to :%d\n }", g.one("tcp", "udp"), g.port(), g.port())
		say(" chain nat_POST {\n  type nat hook postrouting priority srcnat + 10; policy accept;")
		say("  %s %s\n }", g.nftConditions(true, true), g.one("masquerade", "snat "+ip+" to "+ownAddr(g.dev(), g.v6), "return"))
	}
	base("filter_INPUT", "input", "filter + 10", g.one("accept", "accept", "drop"), true, false)
	base("filter_FORWARD", "forward", g.one("filter + 10", "filter"), g.one("accept", "accept", "drop"), true, true)
	base("filter_OUTPUT", "output", "filter + 10", "accept", false, true)
	say("}")
}
