package main

import (
	"fmt"
	"net/netip"

	"github.com/netmortem/netmortem/schema"
)

// What a packet's way depends on beside what Docker programs for overlays: written with -walk only, for it is as much again.

// walkSpace is what each namespace has.
func (b *bundle) walkSpace(n schema.Netns) {
	if !b.walk {
		return
	}
	for _, table := range []string{"nft_chain", "nft_rule", "nft_set", "nft_element", "xfrm_state", "xfrm_policy", "socket", "iptables_chain", "dns_query", "dns_answer"} {
		b.tables[table] = true // read whole, also where there is nothing
	}
	for i, table := range []int64{255, 254, 253} {
		b.put("policy_rule", schema.PolicyRule{Netns: n.Netns, Family: "ipv4", Priority: []int64{0, 32766, 32767}[i], Action: "lookup", TableID: table})
	}
	settings := [][2]string{{"net.ipv4.ip_forward", "1"}, {"net.ipv4.ip_local_port_range", "32768 60999"}, {"net.ipv4.conf.all.rp_filter", "0"}, {"net.ipv4.conf.all.arp_ignore", "0"}}
	for _, dev := range []string{"lo", "eth0", "docker_gwbridge"} {
		settings = append(settings, [2]string{"net.ipv4.conf." + dev + ".rp_filter", "0"}, [2]string{"net.ipv4.conf." + dev + ".arp_ignore", "0"}, [2]string{"net.ipv4.conf." + dev + ".forwarding", "1"})
	}
	if n.Kind == schema.NetnsLB || n.Kind == schema.NetnsIngress {
		settings = append(settings, [2]string{"net.ipv4.vs.conntrack", "1"})
	}
	for _, s := range settings {
		b.put("sysctl", schema.Sysctl{Netns: n.Netns, Key: s[0], Value: s[1]})
	}
	if n.Kind == schema.NetnsOverlay {
		return
	}
	for _, t := range []struct {
		name   string
		chains []string
	}{{"filter", []string{"INPUT", "FORWARD", "OUTPUT"}}, {"nat", []string{"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"}}, {"mangle", []string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}}} {
		for _, c := range t.chains {
			b.put("iptables_chain", schema.IPTablesChain{Netns: n.Netns, Family: "ipv4", Flavour: "legacy", Tbl: t.name, Chain: c, Policy: "ACCEPT", Seen: schema.SeenBoth})
		}
	}
}

// walkAddress is the local route of an address.
func (b *bundle) walkAddress(ns string, ifindex int64, dev string, ip netip.Addr) {
	if b.walk {
		b.put("route", schema.Route{Netns: ns, Family: "ipv4", TableID: 255, Type: "local", Dst: netip.PrefixFrom(ip, 32), PrefSrc: ip, Ifindex: ifindex, Dev: dev, Protocol: "kernel", Scope: "host"})
	}
}

// walkHost is the host's way out.
func (b *bundle) walkHost(ns string) {
	if b.walk {
		b.put("route", schema.Route{Netns: ns, Family: "ipv4", TableID: 254, Type: "unicast", Dst: netip.MustParsePrefix("0.0.0.0/0"), Gateway: netip.MustParseAddr("172.31.255.254"), Ifindex: 1, Dev: "eth0", Protocol: "boot", Scope: "global"})
	}
}

// walkSandbox is a task's way to its resolver, and its web server.
func (b *bundle) walkSandbox(ns string) {
	if !b.walk {
		return
	}
	const port = 40000
	b.put("iptables_chain", schema.IPTablesChain{Netns: ns, Family: "ipv4", Flavour: "legacy", Tbl: "nat", Chain: "DOCKER_OUTPUT", Seen: schema.SeenBoth})
	b.put("iptables_rule", schema.IPTablesRule{Netns: ns, Family: "ipv4", Flavour: "legacy", Tbl: "nat", Chain: "OUTPUT", Num: 1, Spec: "-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT", Dst: netip.PrefixFrom(resolver, 32), Target: "DOCKER_OUTPUT", Seen: schema.SeenBoth})
	b.put("iptables_rule", schema.IPTablesRule{Netns: ns, Family: "ipv4", Flavour: "legacy", Tbl: "nat", Chain: "DOCKER_OUTPUT", Num: 1, Spec: fmt.Sprintf("-A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:%d", port),
		Dst: netip.PrefixFrom(resolver, 32), Proto: "udp", DportMin: ptr(int64(53)), DportMax: ptr(int64(53)), Target: "DNAT", ToIP: resolver, ToPortMin: ptr(int64(port)), ToPortMax: ptr(int64(port)), Seen: schema.SeenBoth})
	b.put("socket", schema.Socket{Netns: ns, Proto: "udp", Family: "ipv4", Local: resolver, LocalPort: port, State: "unconnected", Seen: schema.SeenBoth})
	b.put("socket", schema.Socket{Netns: ns, Proto: "tcp", Family: "ipv4", Local: netip.MustParseAddr("0.0.0.0"), LocalPort: 80, State: "listening", Seen: schema.SeenBoth})
}

var resolver = netip.MustParseAddr("127.0.0.11")

// ask is a question of a container for a name of a service, and the answer.
func (b *bundle) ask(ns, cid, name, service string, tasks bool, ips ...netip.Addr) {
	b.put("dns_query", schema.DNSQuery{Netns: ns, Container: cid, Server: resolver, Name: name, Service: service, Tasks: tasks, QType: "A", Attempt: 1, RCode: "NOERROR", Answers: int64(len(ips)), Micros: 300})
	for i, ip := range ips {
		b.put("dns_answer", schema.DNSAnswer{Netns: ns, Container: cid, Name: name, Service: service, Tasks: tasks, QType: "A", Attempt: 1, Pos: int64(i + 1), RType: "A", Address: ip, TTL: 600})
	}
}

// walkTask is a task's resolver, its web server, and the names that it was asked for.
func (b *bundle) walkTask(ns, cid string, a app) {
	if !b.walk {
		return
	}
	b.walkSandbox(ns)
	for s := range tasksOnHost {
		b.ask(ns, cid, a.serviceName(s), a.serviceName(s), false, a.vip(s))
		var all []netip.Addr
		for h := range hostsOfApp {
			all = append(all, a.taskIP(s, h))
		}
		b.ask(ns, cid, "tasks."+a.serviceName(s), a.serviceName(s), true, all...)
	}
}
