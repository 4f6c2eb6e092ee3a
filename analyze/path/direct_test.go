package path_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze/path"
)

const (
	directNoAddress  = "DELETE FROM address WHERE host = 'node2' AND netns = '4026533137' AND ip = '10.20.3.2'"
	directNoRoute    = "DELETE FROM route WHERE host = 'node2' AND netns = '4026533137' AND dst = '10.20.3.2/32'"
	directNoForward  = "UPDATE sysctl SET value = '0' WHERE host = 'node2' AND netns = '4026533137' AND (key = 'net.ipv4.ip_forward' OR key LIKE 'net.ipv4.conf.%.forwarding')"
	directNoLearning = "UPDATE link SET vxlan_flags = 'proxy,l2miss,l3miss' WHERE kind = 'vxlan'"
)

// directCases take one thing at a time from a network whose balancers route directly: the packet gets to the task as it is, and the answer
// to the client without the balancer.
//
// The network is direct (7yfx3k26, 10.20.3.0/24). straight has the virtual address 10.20.3.2 and the tasks 10.20.3.4 on node1 and 10.20.3.3
// on node2; asker.node1 is 10.20.3.8, the balancers are 10.20.3.6 and 10.20.3.5.
var directCases = []struct {
	name    string
	change  []string
	asker   string // of node1, by the virtual address of straight
	other   string // asker of node2
	itself  string // straight.node2, by its own service's address
	subject string // of what drops, or is in doubt where nothing does; empty for neither
}{
	{"all is there", nil, "delivered 2 of 2", "delivered 2 of 2", "delivered 1 of 1", ""},
	{"a task without the address that forwards: luck", []string{directNoAddress, directNoRoute}, "cannot tell 1 of 2", "cannot tell 1 of 2", "cannot tell 1 of 2", "address:node2/"},
	{"a task without the address", []string{directNoAddress, directNoRoute, directNoForward}, "some 1 of 2", "some 1 of 2", "some 1 of 2", "address:node2/"},
	{"a task that answers for the address", []string{"UPDATE sysctl SET value = '0' WHERE host = 'node2' AND netns = '4026533137' AND key LIKE '%.arp_ignore'"},
		"delivered 2 of 2", "cannot tell 2 of 2", "delivered 1 of 1", "neigh:node2/1-7yfx3k26"},
	{"listens at its own address only", []string{"UPDATE socket SET local = '10.20.3.3', family = 'ipv4' WHERE host = 'node2' AND netns = '4026533137' AND local_port = 80"},
		"some 1 of 2", "some 1 of 2", "dropped 0 of 1", "listener:node2/"},
	{"the balancer's way to a task", []string{directNoLearning, "DELETE FROM fdb WHERE host = 'node1' AND mac = '02:42:0a:14:03:03' AND dst IS NOT NULL"}, "some 1 of 2", "delivered 2 of 2", "delivered 1 of 1", "fdb:node1/"},
	{"a task's way to the client", []string{directNoLearning, "DELETE FROM fdb WHERE host = 'node2' AND mac = '02:42:0a:14:03:08' AND dst IS NOT NULL"}, "some 1 of 2", "delivered 2 of 2", "delivered 1 of 1", "fdb:node2/"},
	{"a task's way to the balancer: no answer takes it", []string{directNoLearning, "DELETE FROM fdb WHERE host = 'node2' AND mac = '02:42:0a:14:03:06' AND dst IS NOT NULL"}, "delivered 2 of 2", "delivered 2 of 2", "delivered 1 of 1", "fdb:node2/"},
	{"the balancer forwards nothing: no answer passes it", []string{"UPDATE sysctl SET value = '0' WHERE host = 'node1' AND netns = '4026532999' AND (key = 'net.ipv4.ip_forward' OR key LIKE 'net.ipv4.conf.%.forwarding')"},
		"delivered 2 of 2", "delivered 2 of 2", "delivered 1 of 1", ""},
	{"what IPVS does not track no rule translates", []string{inBalancer("nat", "POSTROUTING", "-A POSTROUTING -j SNAT --to-source 10.20.3.6", "target, to_ip", "'SNAT', '10.20.3.6'")},
		"delivered 2 of 2", "delivered 2 of 2", "delivered 1 of 1", ""},
	{"a translated source", []string{inBalancer("nat", "POSTROUTING", "-A POSTROUTING -j SNAT --to-source 10.20.3.6", "target, to_ip", "'SNAT', '10.20.3.6'"),
		"UPDATE sysctl SET value = '1' WHERE host = 'node1' AND netns = '4026532999' AND key = 'net.ipv4.vs.conntrack'"},
		"cannot tell 0 of 2", "delivered 2 of 2", "delivered 1 of 1", "ipvs:node1/"},
	{"a rule drops what is sent on", []string{inBalancer("filter", "OUTPUT", "-A OUTPUT -d 10.20.3.2/32 -j DROP", "dst, target", "'10.20.3.2/32', 'DROP'")},
		"dropped 0 of 2", "delivered 2 of 2", "delivered 1 of 1", "rule:node1/lb_7yfx3k26e/"},
	{"one destination by masquerading, which no rule translates", []string{"UPDATE ipvs_destination SET forward = 'masq' WHERE host = 'node1' AND address = '10.20.3.3'"},
		"some 1 of 2", "delivered 2 of 2", "delivered 1 of 1", "sysctl:node1/lb_7yfx3k26e/net.ipv4.vs.conntrack"},
	{"one destination by a tunnel, which is not walked", []string{"UPDATE ipvs_destination SET forward = 'tunnel' WHERE host = 'node1' AND address = '10.20.3.3'"},
		"cannot tell 1 of 2", "delivered 2 of 2", "delivered 1 of 1", "ipvs:node1/lb_7yfx3k26e/"},
	{"Docker says nothing of direct routing", []string{"UPDATE network SET dsr = 0"}, "cannot tell 0 of 2", "cannot tell 0 of 2", "delivered 1 of 1", "address:node"},
}

func TestDirectRouting(t *testing.T) {
	b := analyzed(t, "healthy-direct-routing")
	for _, tt := range directCases {
		t.Run(tt.name, func(t *testing.T) {
			j := b.judge(t, tt.change...)
			for who, want := range map[string]string{"asker.node1": tt.asker, "asker.node2": tt.other, "straight.node2": tt.itself} {
				if got := pairsOf(j, who, "straight", "vip"); got != "direct "+want {
					t.Errorf("%s: %s; want %s", who, got, want)
				}
			}
			by := map[path.Verdict][]string{}
			for _, s := range j.Segments {
				by[s.Hop.Verdict] = append(by[s.Hop.Verdict], s.Hop.Subject)
			}
			subjects := by[path.Dropped]
			if len(subjects) == 0 {
				subjects = by[path.Unknown]
			}
			if decided := slices.ContainsFunc(subjects, func(s string) bool { return strings.HasPrefix(s, tt.subject) }); decided != (tt.subject != "") {
				t.Errorf("decided by %q, want %q", subjects, tt.subject)
			}
		})
	}
}

// TestLongDirectTraceAgrees is [TestLongTraceAgrees] for these.
func TestLongDirectTraceAgrees(t *testing.T) {
	b := analyzed(t, "healthy-direct-routing")
	for _, tt := range directCases {
		t.Run(tt.name, func(t *testing.T) { b.agree(t, tt.change) })
	}
}

// TestBlindDirect is [TestBlind] for a network that routes directly, with a task that lacks the address.
func TestBlindDirect(t *testing.T) {
	testBlind(t, "healthy-direct-routing", []string{directNoAddress, directNoRoute, directNoForward},
		[]string{"node1/4026533060", "node1/4026532999", "node1/4026533203", "node2/4026533060", "node2/4026533137"}) // overlays, a balancer, tasks
}

// inBalancer puts a rule into the balancer's namespace of the network on node1.
func inBalancer(table, chain, spec, columns, values string) string {
	return insert("node1", "4026532999", table, chain, spec, columns, values)
}
