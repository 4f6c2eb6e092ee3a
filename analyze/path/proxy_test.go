package path_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// inHostMode makes the port of vote one that each host publishes for its own task, as dockerd does: a rule each in the chains DOCKER, and a
// docker-proxy for whom these do not serve. Only node1 has it.
var inHostMode = []string{
	"UPDATE published_port SET mode = 'host', published = 7009 WHERE service = 'vote'",
	insertAt(9901, "node1", node1Host, "nat", "DOCKER", "-A DOCKER ! -i docker_gwbridge -p tcp -m tcp --dport 7009 -j DNAT --to-destination 172.18.0.7:80",
		"in_iface, inverted, proto, dport_min, dport_max, target, to_ip, to_port_min, to_port_max", "'docker_gwbridge', 'in_iface', 'tcp', 7009, 7009, 'DNAT', '172.18.0.7', 80, 80"),
	insertAt(9902, "node1", node1Host, "filter", "DOCKER", "-A DOCKER -d 172.18.0.7/32 ! -i docker_gwbridge -o docker_gwbridge -p tcp -m tcp --dport 80 -j ACCEPT",
		"dst, in_iface, out_iface, inverted, proto, dport_min, dport_max, target", "'172.18.0.7/32', 'docker_gwbridge', 'docker_gwbridge', 'in_iface', 'tcp', 80, 80, 'ACCEPT'"),
	"INSERT INTO userland_proxy (host, pid, ppid, proto, host_ip, host_port, container_ip, container_port, seen, ref) VALUES ('node1', 9999, 1, 'tcp', '0.0.0.0', 7009, '172.18.0.7', 80, 'both', 'node1/rows/process.jsonl:1')",
	"INSERT INTO socket (host, line, netns, proto, family, local, local_port, state, recv_q, send_q, seen) VALUES ('node1', 9999, '4026531840', 'tcp', 'ipv4', '0.0.0.0', 7009, 'listening', 0, 4096, 'both')",
}

// TestHostMode asks for a port that a host publishes for its own task: from outside, from the host at its address, and at 127.0.0.1,
// where only the proxy passes it on.
func TestHostMode(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	const (
		noRule  = "DELETE FROM iptables_rule WHERE host = 'node1' AND chain = 'DOCKER' AND target = 'DNAT'"
		noProxy = "DELETE FROM userland_proxy WHERE host = 'node1'"
	)
	for _, tt := range []struct {
		name                   string
		change                 []string
		outside, own, loopback string
		subject                string // of what drops on node1; empty for none
	}{
		{"all is there", nil, "delivered", "delivered", "delivered", ""},
		{"no rule: the proxy serves all", []string{noRule}, "delivered", "delivered", "delivered", ""},
		{"no proxy, and nobody listens", []string{noProxy, "DELETE FROM socket WHERE host = 'node1' AND local_port = 7009"}, "delivered", "delivered", "dropped", "port:node1/tcp/7009"},
		{"no proxy was captured, and somebody listens", []string{noProxy}, "delivered", "delivered", "cannot tell", ""},
		{"neither sockets nor proxies were captured", []string{noProxy, "DELETE FROM socket WHERE host = 'node1' AND netns = '4026531840'", "DELETE FROM captured WHERE host = 'node1' AND netns = '4026531840' AND tbl = 'socket'"},
			"delivered", "delivered", "cannot tell", ""},
		{"a proxy that came between the reads", []string{"UPDATE userland_proxy SET seen = 'last'"}, "delivered", "delivered", "cannot tell", ""},
		{"a proxy of one address only", []string{"UPDATE userland_proxy SET host_ip = '10.99.0.11'", "UPDATE socket SET local = '10.99.0.11' WHERE local_port = 7009", noRule}, "delivered", "delivered", "dropped", "port:node1/tcp/7009"},
		{"a proxy for an address that nobody has", []string{"UPDATE userland_proxy SET container_ip = '172.18.0.250'"}, "delivered", "delivered", "dropped", "neigh:node1/docker_gwbridge/172.18.0.250"},
		{"nobody in the task", []string{"DELETE FROM socket WHERE host = 'node1' AND netns = '4026532798' AND local_port = 80"}, "dropped", "dropped", "dropped", "listener:node1/"},
		{"the way to the task", []string{"DELETE FROM iptables_rule WHERE host = 'node1' AND chain = 'DOCKER' AND target = 'ACCEPT'", "UPDATE iptables_chain SET policy = 'DROP' WHERE host = 'node1' AND netns = '4026531840' AND tbl = 'filter' AND chain = 'FORWARD'"},
			"dropped", "delivered", "delivered", "rule:node1/legacy/FORWARD/policy"},
		{"the host's own door", []string{noRule, insert("node1", node1Host, "filter", "INPUT", "-A INPUT -i eth0 -p tcp -m tcp --dport 7009 -j DROP", "in_iface, proto, dport_min, dport_max, target", "'eth0', 'tcp', 7009, 7009, 'DROP'")},
			"dropped", "delivered", "delivered", "rule:node1/legacy/INPUT"},
		{"answers of the task to the host", []string{insert("node1", node1Host, "filter", "INPUT", "-A INPUT -i docker_gwbridge -j DROP", "in_iface, target", "'docker_gwbridge', 'DROP'")},
			"delivered", "dropped", "dropped", "rule:node1/legacy/INPUT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := b.judge(t, append(slices.Clone(inHostMode), tt.change...)...)
			got := map[string]string{}
			for _, p := range j.Pairs {
				if p.Via == "host" && p.ClientHost == "node1" {
					at := p.ClientKind
					if strings.HasPrefix(p.Target, "127.") {
						at = "loopback"
					}
					got[at] = p.Verdict
				}
			}
			if want := map[string]string{"outside": tt.outside, "host": tt.own, "loopback": tt.loopback}; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%v, want %v", got, want)
			}
			subjects := ""
			for _, s := range j.Segments {
				if s.Kind == "published" && s.Host == "node1" && s.Hop.Verdict.String() == "dropped" {
					if subjects = s.Hop.Subject; !strings.HasPrefix(subjects, tt.subject) || tt.subject == "" {
						t.Errorf("drops at %s: %s (%s)", s.Hop.Step, s.Hop.Why, s.Hop.Subject)
					}
				}
			}
			if (subjects == "") != (tt.subject == "") {
				t.Errorf("nothing drops by %s", tt.subject)
			}
		})
	}
}
