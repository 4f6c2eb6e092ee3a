package path_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze/path"
)

// asDatagrams makes the service vote of a healthy swarm one of UDP: what was captured of its port 80, published at 8080, is that of
// port 7 at 7007.
var asDatagrams = []string{
	"UPDATE published_port SET proto = 'udp', published = 7007, target = 7 WHERE service = 'vote'",
	"UPDATE swarm_service_port SET proto = 'udp', published = 7007, target = 7",
	`UPDATE socket SET proto = 'udp', state = 'unconnected', local_port = 7, send_q = 0 WHERE local_port = 80 AND state = 'listening'
AND (host, netns) IN (SELECT host, netns FROM iptables_rule WHERE target = 'REDIRECT')`,
	`UPDATE iptables_rule SET proto = 'udp', dport_min = CASE dport_min WHEN 8080 THEN 7007 WHEN 80 THEN 7 END, dport_max = CASE dport_max WHEN 8080 THEN 7007 WHEN 80 THEN 7 END,
sport_min = CASE sport_min WHEN 8080 THEN 7007 WHEN 80 THEN 7 END, sport_max = CASE sport_max WHEN 8080 THEN 7007 WHEN 80 THEN 7 END,
to_port_min = CASE to_port_min WHEN 8080 THEN 7007 WHEN 80 THEN 7 END, to_port_max = CASE to_port_max WHEN 8080 THEN 7007 WHEN 80 THEN 7 END,
spec = replace(replace(replace(replace(replace(replace(spec, 'port 8080', 'port 7007'), ':8080', ':7007'), 'port 80 ', 'port 7 '), 'ports 80', 'ports 7'), '-p tcp', '-p udp'), '-m tcp', '-m udp')
WHERE proto = 'tcp' AND (dport_min IN (80, 8080) OR sport_min IN (80, 8080))`,
}

// TestDatagrams walks what a service of UDP is sent.
func TestDatagrams(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	const all = "client.node1 vip app delivered 4 of 4; client.node1 vip back delivered 4 of 4; node1 127.0.0.1:7007 delivered 4 of 4; node1 10.99.0.11:7007 delivered 4 of 4; outside 10.99.0.11:7007 delivered 4 of 4"
	but := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(all) }
	for _, tt := range []struct {
		name   string
		change []string
		pairs  string
		tcp    string // of client.node1 and rr
	}{
		{"all is there", nil, all, "app delivered 4 of 4"},
		{"a service that publishes nothing", []string{"DELETE FROM published_port", "DELETE FROM swarm_service_port"},
			"client.node1 vip app delivered 4 of 4; client.node1 vip back delivered 4 of 4", "app delivered 4 of 4"},
		{"nobody there", []string{"DELETE FROM socket WHERE proto = 'udp' AND local_port = 7 AND host = 'node2'"},
			strings.ReplaceAll(strings.ReplaceAll(all, "delivered", "some"), "4 of 4", "2 of 4"), "app delivered 4 of 4"},
		{"a rule of the client's for datagrams", []string{insert("node1", "4026532864", "filter", "OUTPUT", "-A OUTPUT -d 10.20.0.0/16 -p udp -j DROP", "dst, proto, target", "'10.20.0.0/16', 'udp', 'DROP'")},
			but("app delivered 4", "app dropped 0", "back delivered 4", "back dropped 0"), "app delivered 4 of 4"},
		{"a rule of the client's for connections", []string{insert("node1", "4026532864", "filter", "OUTPUT", "-A OUTPUT -p tcp -j DROP", "proto, target", "'tcp', 'DROP'")},
			all, "app dropped 0 of 4"},
		{"a rule of the balancer's for datagrams", []string{insert("node1", "4026532238", "filter", "INPUT", "-A INPUT -p udp -j DROP", "proto, target", "'udp', 'DROP'")},
			but("app delivered 4 of 4", "app dropped 0 of 1"), "app delivered 4 of 4"},
		{"a host's rule for datagrams", []string{insert("node1", node1Host, "filter", "DOCKER-USER", "-A DOCKER-USER -p udp -j DROP", "proto, target", "'udp', 'DROP'")},
			but("outside 10.99.0.11:7007 delivered 4 of 4", "outside 10.99.0.11:7007 dropped 0 of 1"), "app delivered 4 of 4"},
		{"translated as another protocol only", []string{"UPDATE iptables_rule SET proto = 'tcp', spec = replace(replace(spec, '-p udp', '-p tcp'), '-m udp', '-m tcp') WHERE host = 'node1' AND target = 'DNAT' AND dport_min = 7007"},
			but("node1 127.0.0.1:7007 delivered 4 of 4", "node1 127.0.0.1:7007 dropped 0 of 1", "node1 10.99.0.11:7007 delivered 4 of 4", "node1 10.99.0.11:7007 dropped 0 of 1", "outside 10.99.0.11:7007 delivered 4 of 4", "outside 10.99.0.11:7007 dropped 0 of 1"), "app delivered 4 of 4"},
		{"an underlay for smaller ones", []string{"UPDATE link SET mtu = 1450 WHERE netns = '4026531840' AND name = 'eth0'", "UPDATE kernel_version SET major = 6, minor = 1"},
			strings.ReplaceAll(strings.ReplaceAll(all, "delivered", "cannot tell"), "4 of 4", "2 of 4"), "app delivered 4 of 4"},
		{"a client's device for smaller ones", []string{`UPDATE link SET mtu = 1400 WHERE host = 'node1' AND netns = '4026532864'
AND ifindex = (SELECT ifindex FROM address WHERE host = 'node1' AND netns = '4026532864' AND ip LIKE '10.20.1.%')`},
			but("app delivered 4 of 4", "app cannot tell 4 of 4"), "app delivered 4 of 4"},
		{"a task's device for smaller ones", []string{`UPDATE link SET mtu = 1400 WHERE (host, netns, ifindex) IN
(SELECT host, netns, ifindex FROM address WHERE ip = '10.20.1.12')`},
			but("app delivered 4 of 4", "app cannot tell 3 of 4"), "app delivered 4 of 4"},
		{"another host's device for smaller ones", []string{"UPDATE link SET mtu = 1400 WHERE host = 'node2' AND netns = '4026531840' AND name = 'eth0'", "UPDATE kernel_version SET major = 6, minor = 1"},
			but("app delivered 4 of 4", "app cannot tell 2 of 4", "back delivered 4 of 4", "back cannot tell 2 of 4", "7007 delivered 4 of 4", "7007 cannot tell 2 of 4"), "app cannot tell 2 of 4"},
		{"answers from another address", []string{"UPDATE route SET pref_src = '10.20.1.77' WHERE dst = '10.20.1.0/24' AND (host, netns) IN (SELECT host, netns FROM socket WHERE proto = 'udp' AND local_port = 7)"},
			but("app delivered 4", "app cannot tell 0"), "app delivered 4 of 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := b.judge(t, append(slices.Clone(asDatagrams), tt.change...)...)
			if got := datagrams(j); got != tt.pairs {
				t.Errorf("datagrams:\n%s\nwant\n%s", strings.ReplaceAll(got, "; ", "\n"), strings.ReplaceAll(tt.pairs, "; ", "\n"))
				for _, s := range j.Segments {
					t.Logf("%s: %s on %s at %s: %s (%s)", s.Hop.Verdict, s.Kind, s.Host, s.Hop.Step, s.Hop.Why, s.Hop.Subject)
				}
			}
			if got := pairsOf(j, "client.node1", "rr", "dnsrr"); got != tt.tcp {
				t.Errorf("connections: %s, want %s", got, tt.tcp)
			}
		})
	}
}

// datagrams selects what becomes of datagrams from node1.
func datagrams(j *path.Judgement) string {
	var out []string
	for _, p := range j.Pairs {
		if p.Proto != "udp" || p.Server != "vote" || p.ClientHost != "node1" || p.Via == "tasks" {
			continue
		}
		switch {
		case p.Client == "client.node1":
			out = append(out, fmt.Sprintf("%s %s %s %s %d of %d", p.Client, p.Via, p.Network, p.Verdict, p.Reached, p.Backends))
		case p.Via == "ingress":
			out = append(out, fmt.Sprintf("%s %s %s %d of %d", p.Client, strings.TrimSuffix(p.Target, "/udp"), p.Verdict, p.Reached, p.Backends))
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return strings.Compare(strings.Replace(a, "127.", "0", 1), strings.Replace(b, "127.", "0", 1))
	})
	return strings.Join(out, "; ")
}
