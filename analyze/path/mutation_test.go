package path_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze/path"
)

// TestMutations takes one thing at a time from a healthy swarm, or changes it, and asks which row is said to break which way.
// Nothing but the rows that are named may drop anything, and the pair that is named must say so.
//
// The networks are app (urryk2c9, 10.20.1.0/24) and back (h66svjy4, 10.20.2.0/24); vote and client have virtual addresses, rr and db do not.
// client.node1 and vote.2 are on node1, vote.1 and vote.3 on node2.
func TestMutations(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	const (
		forget     = "DELETE FROM neighbour WHERE host = 'node1' AND netns IN (SELECT netns FROM netns WHERE host = 'node1' AND kind IN ('lb', 'container', 'ingress'))"
		noLearning = "UPDATE link SET vxlan_flags = 'proxy,l2miss,l3miss' WHERE host = 'node2' AND kind = 'vxlan'"
	)
	for _, tt := range []struct {
		name    string
		change  []string
		dropped string // subject of what drops; several behind one another
		pair    string // client server via: verdicts
		unknown string // subjects that are left undecided, empty for none
	}{
		{"forwarding entry", []string{"DELETE FROM fdb WHERE host = 'node1' AND mac = '02:42:0a:14:01:0c' AND dst IS NOT NULL"},
			"fdb:node1/1-urryk2c9p0/02:42:0a:14:01:0c", "client.node1 vote vip: app some 3 of 4; back delivered 4 of 4", ""},
		{"forwarding entry of a balancer: requests teach it", []string{"DELETE FROM fdb WHERE host = 'node2' AND mac = '02:42:0a:14:01:05' AND dst IS NOT NULL"},
			"fdb:node2/1-urryk2c9p0/02:42:0a:14:01:05", "client.node1 vote vip: app delivered 4 of 4; back delivered 4 of 4", ""},
		{"forwarding entry of a balancer, and no learning: answers are lost", []string{noLearning, "DELETE FROM fdb WHERE host = 'node2' AND mac = '02:42:0a:14:01:05' AND dst IS NOT NULL"},
			"fdb:node2/1-urryk2c9p0/02:42:0a:14:01:05", "client.node1 vote vip: app some 2 of 4; back delivered 4 of 4", ""},
		{"forwarding entry of a balancer, learning not captured", []string{"UPDATE link SET vxlan_flags = NULL WHERE host = 'node2' AND kind = 'vxlan'", "DELETE FROM fdb WHERE host = 'node2' AND mac = '02:42:0a:14:01:05' AND dst IS NOT NULL"},
			"fdb:node2/1-urryk2c9p0/02:42:0a:14:01:05", "client.node1 vote vip: app cannot tell 2 of 4; back cannot tell 2 of 4", "neigh:node2/1-"}, // nor is whether it answers for others
		{"wrong VTEP of a balancer for good", []string{"UPDATE fdb SET dst = '10.99.0.99' WHERE host = 'node2' AND mac = '02:42:0a:14:01:05' AND dst IS NOT NULL"},
			"fdb:node2/1-urryk2c9p0/02:42:0a:14:01:05", "client.node1 vote vip: app some 2 of 4; back delivered 4 of 4", ""},
		{"wrong VTEP of a balancer, learned: requests teach another", []string{"UPDATE fdb SET dst = '10.99.0.99', state = 'reachable' WHERE host = 'node2' AND mac = '02:42:0a:14:01:05' AND dst IS NOT NULL"},
			"fdb:node2/1-urryk2c9p0/02:42:0a:14:01:05", "client.node1 vote vip: app delivered 4 of 4; back delivered 4 of 4", ""},
		{"wrong VTEP", []string{"UPDATE fdb SET dst = '10.99.0.99' WHERE host = 'node1' AND mac = '02:42:0a:14:01:0c' AND dst IS NOT NULL"},
			"fdb:node1/1-urryk2c9p0/02:42:0a:14:01:0c", "client.node1 vote vip: app some 3 of 4; back delivered 4 of 4", ""},
		{"VTEP of the host itself: what is sent there comes back, and moves its sender behind the tunnel", []string{"UPDATE fdb SET dst = '10.99.0.11' WHERE host = 'node1' AND mac = '02:42:0a:14:01:0c' AND dst IS NOT NULL"},
			"fdb:node1/1-urryk2c9p0/02:42:0a:14:01:0c", "client.node1 vote vip: app cannot tell 0 of 1; back delivered 4 of 4", "fdb:node1/1-urryk2c9p0/02:42:0a:14:01:0c"},
		{"device of a far host with a smaller MTU", []string{"UPDATE link SET mtu = 1400 WHERE host = 'node2' AND netns = '4026531840' AND name = 'eth0'"},
			"", "client.node1 vote vip: app cannot tell 2 of 4; back cannot tell 2 of 4", "mtu:node2/eth0/ipv4"},
		{"device of a far host with a smaller MTU: published ports", []string{"UPDATE link SET mtu = 1400 WHERE host = 'node2' AND netns = '4026531840' AND name = 'eth0'"},
			"", "outside vote ingress: ingress cannot tell 2 of 4; ingress cannot tell 2 of 4", "mtu:node2/eth0/ipv4"},
		{"same MTU everywhere, and enough", []string{"UPDATE link SET mtu = 1500 WHERE netns = '4026531840' AND name = 'eth0'"},
			"", "outside vote ingress: ingress delivered 4 of 4; ingress delivered 4 of 4", ""},
		{"neighbour, remembered by the sandboxes", []string{"DELETE FROM neighbour WHERE host = 'node1' AND dev = 'vxlan0' AND ip = '10.20.1.12'"},
			"neigh:node1/1-urryk2c9p0/10.20.1.12", "client.node1 vote vip: app cannot tell 3 of 4; back delivered 4 of 4", "neigh:node1/1-urryk2c9p0/10.20.1.12"},
		{"neighbour, forgotten", []string{forget, "DELETE FROM neighbour WHERE host = 'node1' AND dev = 'vxlan0' AND ip = '10.20.1.12'"},
			"neigh:node1/1-urryk2c9p0/10.20.1.12", "client.node1 vote vip: app some 3 of 4; back delivered 4 of 4", ""},
		{"mark", []string{"DELETE FROM iptables_rule WHERE host = 'node1' AND chain = 'INPUT' AND dst = '10.20.1.11/32'"},
			"mark:node1/lb_urryk2c9p/10.20.1.11", "client.node1 vote vip: app dropped 0 of 1; back delivered 4 of 4", ""},
		{"mark without a virtual service", []string{"DELETE FROM ipvs_service WHERE host = 'node1' AND fwmark = 260"},
			"mark:node1/lb_urryk2c9p/10.20.1.11", "client.node1 vote vip: app dropped 0 of 1; back delivered 4 of 4", ""},
		{"alias, remembered", []string{"DELETE FROM address WHERE host = 'node1' AND ip = '10.20.1.11'", "DELETE FROM route WHERE host = 'node1' AND dst = '10.20.1.11/32'"},
			"vip:node1/lb_urryk2c9p/10.20.1.11", "client.node1 vote vip: app dropped 0 of 1; back delivered 4 of 4", "vip:node1/lb_urryk2c9p/10.20.1.11"},
		{"weights 0", []string{"UPDATE ipvs_destination SET weight = 0 WHERE host = 'node1' AND fwmark = 260"},
			"ipvs:node1/lb_urryk2c9p/260", "client.node1 vote vip: app dropped 0 of 1; back delivered 4 of 4", ""},
		{"one weight 0: the others take its share", []string{"UPDATE ipvs_destination SET weight = 0 WHERE host = 'node1' AND fwmark = 260 AND address = '10.20.1.12'"},
			"", "client.node1 vote vip: app delivered 3 of 3; back delivered 4 of 4", ""},
		{"stale destination", []string{"UPDATE ipvs_destination SET address = '10.20.1.200' WHERE host = 'node1' AND fwmark = 260 AND address = '10.20.1.12'"},
			"ipvs:node1/lb_urryk2c9p/260/10.20.1.200", "client.node1 vote vip: app some 3 of 4; back delivered 4 of 4", ""},
		{"source translation", []string{"DELETE FROM iptables_rule WHERE host = 'node1' AND netns = '4026532238' AND ipvs = 1"},
			"snat:node1/lb_urryk2c9p/10.20.1.5", "client.node1 vote vip: app dropped 0 of 4; back delivered 4 of 4", ""},
		{"conntrack of IPVS", []string{"UPDATE sysctl SET value = '0' WHERE host = 'node1' AND netns = '4026532238' AND key = 'net.ipv4.vs.conntrack'"},
			"sysctl:node1/lb_urryk2c9p/net.ipv4.vs.conntrack", "client.node1 vote vip: app dropped 0 of 4; back delivered 4 of 4", ""},
		{"balancer does not forward", []string{"UPDATE sysctl SET value = '0' WHERE host = 'node1' AND netns = '4026532238' AND (key = 'net.ipv4.ip_forward' OR key LIKE 'net.ipv4.conf.%.forwarding')"},
			"sysctl:node1/lb_urryk2c9p/net.ipv4.ip_forward", "client.node1 vote vip: app dropped 0 of 4; back delivered 4 of 4", ""},
		{"port of a bridge down", []string{"UPDATE link SET flags = 'broadcast,multicast', operstate = 'down', port_state = 'disabled' WHERE host = 'node2' AND netns = '4026532421' AND peer_netns = '4026532865'"},
			"link:node2/1-urryk2c9p0/veth5", "client.node1 vote vip: app some 3 of 4; back delivered 4 of 4", ""},
		{"device of a task down", []string{"UPDATE link SET flags = 'broadcast,multicast', operstate = 'down' WHERE host = 'node2' AND netns = '4026532865' AND mac = '02:42:0a:14:01:0c'"},
			"link:node2/d7fa60ead8ae/eth0", "client.node1 vote vip: app some 3 of 4; back delivered 4 of 4", ""},
		{"nothing listens", []string{"DELETE FROM socket WHERE host = 'node2' AND netns = '4026532865' AND local_port = 80 AND state = 'listening'"},
			"listener:node2/fp13bp4lvahxatnojloc8zi1e/tcp/80", "client.node1 vote vip: app some 3 of 4; back some 3 of 4", ""},
		{"queue full", []string{"UPDATE socket SET recv_q = 10, recv_q_last = 10 WHERE host = 'node2' AND netns = '4026532865' AND local_port = 80 AND state = 'listening'"},
			"listen:node2/d7fa60ead8ae", "client.node1 vote vip: app some 3 of 4; back some 3 of 4", ""},
		{"queue full at one read", []string{"UPDATE socket SET recv_q_last = 10 WHERE host = 'node2' AND netns = '4026532865' AND local_port = 80 AND state = 'listening'"},
			"", "client.node1 vote vip: app cannot tell 3 of 4; back cannot tell 3 of 4", "listen:node2/d7fa60ead8ae"},
		{"wrong VNI", []string{"UPDATE link SET vni = 5000 WHERE host = 'node2' AND netns = '4026532421' AND kind = 'vxlan'"},
			"vxlan:node2/1-urryk2c9p0 vxlan:node1/1-urryk2c9p0", "client.node1 vote vip: app some 2 of 4; back delivered 4 of 4", ""},
		{"tunnel down", []string{"UPDATE link SET flags = 'broadcast', operstate = 'down' WHERE host = 'node2' AND netns = '4026532421' AND kind = 'vxlan'"},
			"link:node2/1-urryk2c9p0/vxlan0", "client.node1 vote vip: app some 2 of 4; back delivered 4 of 4", ""},
		{"data path dropped by a rule", []string{insert("node2", node1Host, "filter", "INPUT", "-A INPUT -p udp -m udp --dport 4789 -j DROP", "proto, dport_min, dport_max, target", "'udp', 4789, 4789, 'DROP'")},
			"firewall:node2/legacy/udp/4789", "client.node1 vote vip: app some 2 of 4; back some 2 of 4", ""},
		{"data path dropped on the way out", []string{insert("node2", node1Host, "filter", "OUTPUT", "-A OUTPUT -p udp -m udp --dport 4789 -j DROP", "proto, dport_min, dport_max, target", "'udp', 4789, 4789, 'DROP'")},
			"firewall:node2/legacy/udp/4789", "client.node1 vote vip: app some 2 of 4; back some 2 of 4", ""},
		{"underlay route", []string{"DELETE FROM route WHERE host = 'node1' AND netns = '4026531840' AND dst IN ('10.99.0.0/24', '0.0.0.0/0')"},
			"route:node1/host/10.99.0.12 route:node1/default/198.51.100.7 route:node1/default/docker_gwbridge", "client.node1 vote vip: app some 2 of 4; back some 2 of 4", ""},
		{"route of a client", []string{"DELETE FROM route WHERE host = 'node1' AND netns = '4026532864' AND dst = '10.20.1.0/24'"},
			"route:node1/acc03c92ad9a", "client.node1 vote vip: app dropped 0 of 4; back delivered 4 of 4", ""},
		{"rule of a client's", []string{insert("node1", "4026532864", "filter", "OUTPUT", "-A OUTPUT -d 10.20.1.11/32 -j DROP", "dst, target", "'10.20.1.11/32', 'DROP'")},
			"rule:node1/acc03c92ad9a/legacy/OUTPUT", "client.node1 vote vip: app dropped 0 of 4; back delivered 4 of 4", ""},
		{"resolver's rules", []string{"DELETE FROM iptables_rule WHERE host = 'node1' AND netns = '4026532864' AND chain = 'OUTPUT'"},
			"resolver:node1/acc03c92ad9a", "client.node1 vote vip: app dropped 0 of 4; back dropped 0 of 4", ""},
		{"stale name", []string{"UPDATE dns_rrset SET addresses = replace(addresses, '10.20.1.8', '10.20.1.200') WHERE host = 'node1' AND netns = '4026532864' AND name = 'rr'"},
			"dns:node1/app/rr/10.20.1.200", "client.node1 rr dnsrr: app some 3 of 4", ""},
		{"published port: translation", []string{"DELETE FROM iptables_rule WHERE host = 'node1' AND tbl = 'nat' AND chain = 'DOCKER-INGRESS' AND dport_min = 8080"},
			"dnat:node1/tcp/8080", "outside vote ingress: ingress delivered 4 of 4; ingress dropped 0 of 1", ""},
		{"published port: mark", []string{"DELETE FROM iptables_rule WHERE host = 'node1' AND netns = '4026532116' AND chain = 'PREROUTING'"},
			"mark:node1/ingress_sbox/tcp:8080", "outside vote ingress: ingress delivered 4 of 4; ingress dropped 0 of 1", ""},
		{"published port: redirect", []string{"DELETE FROM iptables_rule WHERE host = 'node2' AND netns = '4026532865' AND tbl = 'nat' AND chain = 'PREROUTING'"},
			"rule:node2/d7fa60ead8ae/legacy/INPUT", "outside vote ingress: ingress some 3 of 4; ingress some 3 of 4", ""},
		{"published port: user's rule", []string{insert("node1", node1Host, "filter", "DOCKER-USER", "-A DOCKER-USER -j DROP", "target", "'DROP'")},
			"rule:node1/legacy/DOCKER-USER", "outside vote ingress: ingress delivered 4 of 4; ingress dropped 0 of 1", ""},
		{"published port: user's rule about some", []string{insert("node1", node1Host, "filter", "DOCKER-USER", "-A DOCKER-USER -s 203.0.113.0/24 -j DROP", "src, target", "'203.0.113.0/24', 'DROP'")},
			"", "outside vote ingress: ingress cannot tell 1 of 1; ingress delivered 4 of 4", "rule:node1/legacy/DOCKER-USER"},
		{"host does not forward", []string{"UPDATE sysctl SET value = '0' WHERE host = 'node1' AND netns = '4026531840' AND (key = 'net.ipv4.ip_forward' OR key LIKE 'net.ipv4.conf.%.forwarding')"},
			"sysctl:node1/net.ipv4.ip_forward", "outside vote ingress: ingress delivered 4 of 4; ingress dropped 0 of 1", ""},
		{"destination of another service, which answers", []string{"UPDATE ipvs_destination SET address = '10.20.1.8' WHERE host = 'node1' AND fwmark = 260 AND address = '10.20.1.12'"},
			"ipvs:node1/lb_urryk2c9p/260/10.20.1.8", "client.node1 vote vip: app some 3 of 4; back delivered 4 of 4", ""},
		{"destination of another service, which does not listen", []string{"UPDATE ipvs_destination SET address = '10.20.1.4' WHERE host = 'node1' AND fwmark = 260 AND address = '10.20.1.12'"},
			"ipvs:node1/lb_urryk2c9p/260/10.20.1.4", "client.node1 vote vip: app some 3 of 4; back delivered 4 of 4", ""},
		{"mark of another service", []string{"UPDATE iptables_rule SET mark = 257, spec = replace(spec, '0x104', '0x101') WHERE host = 'node1' AND chain = 'INPUT' AND dst = '10.20.1.11/32'"},
			"mark:node1/lb_urryk2c9p/10.20.1.11", "client.node1 vote vip: app dropped 0 of 1; back delivered 4 of 4", ""},
		{"VTEP that nobody has", []string{"UPDATE fdb SET dst = '10.99.0.99' WHERE host = 'node1' AND mac = '02:42:0a:14:01:0c' AND dst IS NOT NULL"},
			"fdb:node1/1-urryk2c9p0/02:42:0a:14:01:0c", "client.node1 vote vip: app some 3 of 4; back delivered 4 of 4", ""},
		{"local task behind the tunnel for good", []string{"DELETE FROM fdb WHERE host = 'node2' AND netns = '4026532421' AND mac = '02:42:0a:14:01:0c' AND on_master = 1",
			"INSERT INTO fdb (host, line, netns, ifindex, dev, mac, state, self, on_master, flags, master, seen) VALUES ('node2', 9999, '4026532421', 11, 'vxlan0', '02:42:0a:14:01:0c', 'noarp', 0, 1, 'sticky', 2, 'both')"},
			"fdb:node2/1-urryk2c9p0/02:42:0a:14:01:0c", "client.node2 vote vip: app some 3 of 4; back delivered 4 of 4", ""},
		{"port of a task on no bridge", []string{"UPDATE link SET master = NULL WHERE host = 'node2' AND netns = '4026532421' AND peer_netns = '4026532865'"},
			"link:node2/1-urryk2c9p0/veth5", "client.node1 vote vip: app some 3 of 4; back delivered 4 of 4", ""},
		{"port of the balancer on no bridge", []string{"UPDATE link SET master = NULL WHERE host = 'node1' AND netns = '4026532421' AND peer_netns = '4026532238'", "DELETE FROM balancer WHERE host = 'node1' AND netns = '4026532238'"},
			"lb:node1/urryk2c9 link:node1/1-urryk2c9p0/veth0", "client.node1 vote vip: app dropped 0 of 1; back delivered 4 of 4", ""},
		{"neighbour with another link address", []string{"UPDATE neighbour SET mac = '02:11:22:33:44:55' WHERE host = 'node1' AND dev = 'vxlan0' AND ip = '10.20.1.12'", forget},
			"neigh:node1/1-urryk2c9p0/10.20.1.12", "client.node1 vote vip: app some 3 of 4; back delivered 4 of 4", ""},
		{"address that the client has, too", []string{"INSERT INTO address (host, line, netns, ifindex, dev, ip, prefix_len, scope) VALUES ('node1', 9999, '4026532864', 17, 'eth0', '10.20.1.8', 24, 'global')",
			"INSERT INTO route (host, line, netns, family, table_id, type, dst, pref_src, ifindex, dev, protocol, scope) VALUES ('node1', 9999, '4026532864', 'ipv4', 255, 'local', '10.20.1.8/32', '10.20.1.8', 17, 'eth0', 'kernel', 'host')"},
			"route:node1/acc03c92ad9a/10.20.1.8", "client.node1 rr dnsrr: app some 3 of 4", "neigh:node1/1-urryk2c9p0/10.20.1.8"},
		{"address that the client has, too, and listens", []string{"INSERT INTO address (host, line, netns, ifindex, dev, ip, prefix_len, scope) VALUES ('node1', 9999, '4026532864', 17, 'eth0', '10.20.1.8', 24, 'global')",
			"INSERT INTO route (host, line, netns, family, table_id, type, dst, pref_src, ifindex, dev, protocol, scope) VALUES ('node1', 9999, '4026532864', 'ipv4', 255, 'local', '10.20.1.8/32', '10.20.1.8', 17, 'eth0', 'kernel', 'host')",
			"INSERT INTO socket (host, line, netns, proto, family, local, local_port, state, recv_q, recv_q_last, seen) VALUES ('node1', 9999, '4026532864', 'tcp', 'ipv4', '0.0.0.0', 80, 'listening', 0, 0, 'both')"},
			"", "client.node1 rr dnsrr: app delivered 4 of 4", "neigh:node1/1-urryk2c9p0/10.20.1.8"},
		{"conntrack of a client full", []string{"UPDATE conntrack_usage SET entries = 2000, entries_last = 2000, max_entries = 1000 WHERE host = 'node1' AND netns = '4026532864'"},
			"", "client.node1 vote vip: app cannot tell 4 of 4; back cannot tell 4 of 4", "conntrack:node1/acc03c92ad9a"},
		{"ports of a client spent", []string{"UPDATE sysctl SET value = '50000 50099' WHERE host = 'node1' AND netns = '4026532864' AND key = 'net.ipv4.ip_local_port_range'",
			"INSERT INTO socket_group (host, line, netns, state, local, peer, peer_port, sockets, sockets_last, seen) VALUES ('node1', 9999, '4026532864', 'established', '10.20.1.3', '10.20.1.11', 80, 100, 100, 'both')"},
			"ports:node1/acc03c92ad9a/10.20.1.11:80", "client.node1 vote vip: app dropped 0 of 4; back delivered 4 of 4", ""},
		{"search domains before the name", []string{"UPDATE resolver_config SET setting = '5' WHERE host = 'node1' AND value = 'ndots' AND container = (SELECT container FROM netns WHERE host = 'node1' AND netns = '4026532864')",
			"INSERT INTO resolver_config (host, doc, line, container, item, position, value) SELECT 'node1', 'raw/x', 9999, container, 'search', 1, 'prod.example.net' FROM netns WHERE host = 'node1' AND netns = '4026532864'"},
			"", "client.node1 vote vip: app cannot tell 4 of 4; back cannot tell 4 of 4", "resolver:node1/search"},
		{"answers with the address of another service", []string{"UPDATE dns_rrset SET addresses = replace(addresses, '10.20.1.8', '10.20.1.15') WHERE host = 'node1' AND netns = '4026532864' AND name = 'rr'"},
			"dns:node1/app/rr/10.20.1.15", "client.node1 rr dnsrr: app some 3 of 4", ""},
		{"published port: route of the host's to elsewhere", []string{"INSERT INTO route (host, line, netns, family, table_id, type, dst, gateway, ifindex, dev, protocol, scope) VALUES ('node1', 9999, '4026531840', 'ipv4', 254, 'unicast', '172.18.0.0/24', '10.99.0.12', 2, 'eth0', 'static', 'global')"},
			"dnat:node1/tcp/8080 route:node1/docker_gwbridge/172.18.0.", "outside vote ingress: ingress delivered 4 of 4; ingress dropped 0 of 1", "dnat:node1/tcp/8080"}, // the other host may take what node1 sends it
		{"published port: to nobody", []string{insert("node1", node1Host, "nat", "DOCKER-INGRESS", "-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.250:8080", "proto, dport_min, dport_max, target, to_ip, to_port_min, to_port_max", "'tcp', 8080, 8080, 'DNAT', '172.18.0.250', 8080, 8080")},
			"neigh:node1/docker_gwbridge/172.18.0.250", "outside vote ingress: ingress delivered 4 of 4; ingress dropped 0 of 1", ""},
		{"published port: policy of FORWARD", []string{"UPDATE iptables_chain SET policy = 'DROP' WHERE host = 'node1' AND netns = '4026531840' AND tbl = 'filter' AND chain = 'FORWARD'",
			"DELETE FROM iptables_rule WHERE host = 'node1' AND netns = '4026531840' AND tbl = 'filter' AND chain = 'DOCKER-INGRESS' AND dport_min = 8080"},
			"rule:node1/legacy/FORWARD/policy", "outside vote ingress: ingress delivered 4 of 4; ingress dropped 0 of 1", ""},
		{"published port: answers dropped", []string{insert("node1", node1Host, "filter", "DOCKER-USER", "-A DOCKER-USER -i eth0 -j DROP", "in_iface, target", "'eth0', 'DROP'")},
			"rule:node1/legacy/DOCKER-USER", "client.node1  egress:  dropped 0 of 1", ""},
		{"underlay too small, on a kernel that tells nobody", []string{"UPDATE kernel_version SET major = 4, minor = 19 WHERE host = 'node1'", "UPDATE link SET mtu = 1400 WHERE host = 'node1' AND netns = '4026531840' AND name = 'eth0'"},
			"", "client.node1 vote vip: app cannot tell 2 of 4; back cannot tell 2 of 4", "mtu:node1/"},
		{"underlay too small, on a kernel that tells the sender", []string{"UPDATE link SET mtu = 1400 WHERE netns = '4026531840' AND name = 'eth0'"},
			"", "client.node1 vote vip: app delivered 4 of 4; back delivered 4 of 4", ""},
		{"rules of an encrypted network that is gone", slices.Concat(sealedRules("node1", 4111), sealedRules("node2", 4111)),
			"", "client.node1 vote vip: app delivered 4 of 4; back delivered 4 of 4", ""},
		{"rules of an encrypted network, for one that sends in clear", sealedRules("node2", 4097),
			"firewall:node2/legacy/udp/4789", "client.node1 vote vip: app some 2 of 4; back delivered 4 of 4", ""},
		{"encrypted, and no association", []string{"UPDATE network SET encrypted = 1 WHERE name = 'app'", sealed("node1", "10.99.0.11", "10.99.0.12"), sealed("node2", "10.99.0.12", "10.99.0.11"),
			insert("node1", node1Host, "mangle", "OUTPUT", "-A OUTPUT -p udp -m udp --dport 4789 -j MARK --set-xmark 0xd0c4e3/0xffffffff", "proto, dport_min, dport_max, target, mark, mark_mask", "'udp', 4789, 4789, 'MARK', 13681891, 4294967295"),
			"INSERT INTO iptables_chain (host, line, netns, family, flavour, tbl, chain, policy, packets, bytes, seen) VALUES ('node1', 9999, '4026531840', 'ipv4', 'legacy', 'mangle', 'OUTPUT', 'ACCEPT', 0, 0, 'both')"},
			"xfrm:node1/10.99.0.12", "client.node1 vote vip: app some 2 of 4; back delivered 4 of 4", ""},
		{"encrypted, and another key", []string{"UPDATE network SET encrypted = 1 WHERE name = 'app'", sealed("node1", "10.99.0.11", "10.99.0.12"),
			insert("node1", node1Host, "mangle", "OUTPUT", "-A OUTPUT -p udp -m udp --dport 4789 -j MARK --set-xmark 0xd0c4e3/0xffffffff", "proto, dport_min, dport_max, target, mark, mark_mask", "'udp', 4789, 4789, 'MARK', 13681891, 4294967295"),
			"INSERT INTO iptables_chain (host, line, netns, family, flavour, tbl, chain, policy, packets, bytes, seen) VALUES ('node1', 9999, '4026531840', 'ipv4', 'legacy', 'mangle', 'OUTPUT', 'ACCEPT', 0, 0, 'both')",
			association("node1", "a"), association("node2", "b")},
			"xfrm:node2/10.99.0.11", "client.node1 vote vip: app some 2 of 4; back delivered 4 of 4", ""},
		{"encrypted, and the same key", []string{"UPDATE network SET encrypted = 1 WHERE name = 'app'", sealed("node1", "10.99.0.11", "10.99.0.12"),
			insert("node1", node1Host, "mangle", "OUTPUT", "-A OUTPUT -p udp -m udp --dport 4789 -j MARK --set-xmark 0xd0c4e3/0xffffffff", "proto, dport_min, dport_max, target, mark, mark_mask", "'udp', 4789, 4789, 'MARK', 13681891, 4294967295"),
			"INSERT INTO iptables_chain (host, line, netns, family, flavour, tbl, chain, policy, packets, bytes, seen) VALUES ('node1', 9999, '4026531840', 'ipv4', 'legacy', 'mangle', 'OUTPUT', 'ACCEPT', 0, 0, 'both')",
			association("node1", "a"), association("node2", "a")},
			"", "client.node1 vote vip: app delivered 4 of 4; back delivered 4 of 4", ""},
		{"encrypted, and ESP dropped", []string{"UPDATE network SET encrypted = 1 WHERE name = 'app'", sealed("node1", "10.99.0.11", "10.99.0.12"),
			insert("node1", node1Host, "mangle", "OUTPUT", "-A OUTPUT -p udp -m udp --dport 4789 -j MARK --set-xmark 0xd0c4e3/0xffffffff", "proto, dport_min, dport_max, target, mark, mark_mask", "'udp', 4789, 4789, 'MARK', 13681891, 4294967295"),
			"INSERT INTO iptables_chain (host, line, netns, family, flavour, tbl, chain, policy, packets, bytes, seen) VALUES ('node1', 9999, '4026531840', 'ipv4', 'legacy', 'mangle', 'OUTPUT', 'ACCEPT', 0, 0, 'both')",
			association("node1", "a"), association("node2", "a"), insert("node2", node1Host, "filter", "INPUT", "-A INPUT -p esp -j DROP", "proto, target", "'esp', 'DROP'")},
			"rule:node2/legacy/INPUT", "client.node1 vote vip: app some 2 of 4; back delivered 4 of 4", ""},
		{"published port at the host itself: its address", []string{"DELETE FROM iptables_rule WHERE host = 'node1' AND netns = '4026531840' AND tbl = 'nat' AND chain = 'OUTPUT' AND target = 'DOCKER-INGRESS'"},
			"dnat:node1/tcp/8080", "node1 vote ingress: ingress dropped 0 of 1; ingress dropped 0 of 1", ""},
		{"published port at the host itself: loopback", []string{"UPDATE sysctl SET value = '0' WHERE host = 'node1' AND netns = '4026531840' AND key = 'net.ipv4.conf.docker_gwbridge.route_localnet'"},
			"sysctl:node1/net.ipv4.conf.docker_gwbridge.route_localnet", "node1 vote ingress: ingress delivered 4 of 4; ingress dropped 0 of 1", ""},
		{"published port at the host itself: no masquerade", []string{"DELETE FROM iptables_rule WHERE host = 'node1' AND netns = '4026531840' AND tbl = 'nat' AND chain = 'POSTROUTING' AND src_type = 'LOCAL'"},
			"sysctl:node1/net.ipv4.conf.eth1.rp_filter", "node1 vote ingress: ingress delivered 4 of 4; ingress dropped 0 of 1", ""},
		{"published port at the host itself: output", []string{insert("node1", node1Host, "filter", "OUTPUT", "-A OUTPUT -o lo -p tcp -m tcp --dport 8080 -j DROP", "out_iface, proto, dport_min, dport_max, target", "'lo', 'tcp', 8080, 8080, 'DROP'"),
			"INSERT INTO iptables_chain (host, line, netns, family, flavour, tbl, chain, policy, packets, bytes, seen) SELECT 'node1', 9999, '4026531840', 'ipv4', 'legacy', 'filter', 'OUTPUT', 'ACCEPT', 0, 0, 'both' FROM bundle WHERE host = 'node1'"},
			"rule:node1/legacy/OUTPUT", "node1 vote ingress: ingress dropped 0 of 1; ingress dropped 0 of 1", ""},
		{"published port at the host itself: answers", []string{insert("node1", node1Host, "filter", "INPUT", "-A INPUT -i docker_gwbridge -j DROP", "in_iface, target", "'docker_gwbridge', 'DROP'")},
			"rule:node1/legacy/INPUT", "node1 vote ingress: ingress dropped 0 of 1; ingress dropped 0 of 1", ""},
		{"ways out: port on no bridge", []string{"UPDATE link SET master = NULL WHERE host = 'node1' AND netns = '4026531840' AND peer_netns = '4026532864'"},
			"link:node1/host/", "client.node1  egress:  dropped 0 of 1", ""},
		{"ways out: another link address for the container", []string{"INSERT INTO neighbour (host, line, netns, ifindex, dev, ip, mac, state, seen) SELECT host, 9999, '4026531840', 16, 'docker_gwbridge', ip, '02:42:ac:12:ff:fe', 'permanent', 'both' FROM address WHERE host = 'node1' AND netns = '4026532864' AND ip LIKE '172.%'",
			"DELETE FROM neighbour WHERE host = 'node1' AND netns = '4026531840' AND dev = 'docker_gwbridge' AND mac <> '02:42:ac:12:ff:fe'"},
			"neigh:node1/docker_gwbridge/172.18.", "client.node1  egress:  dropped 0 of 1", ""},
		{"ways out: masquerade", []string{"DELETE FROM iptables_rule WHERE host = 'node1' AND netns = '4026531840' AND chain = 'POSTROUTING' AND src = '172.18.0.0/16'"},
			"masquerade:node1/docker_gwbridge", "client.node1  egress:  dropped 0 of 1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := b.judge(t, tt.change...)
			var unknown []string
			for _, s := range j.Segments {
				h := s.Hop
				if h.Verdict == path.Unknown {
					unknown = append(unknown, h.Subject)
				} else if !slices.ContainsFunc(strings.Fields(tt.dropped), func(want string) bool { return strings.HasPrefix(h.Subject, want) }) {
					t.Errorf("%s on %s drops at %s (%s): %s", s.Kind, s.Host, h.Step, h.Subject, h.Why)
				}
			}
			for _, want := range strings.Fields(tt.dropped) {
				if !slices.ContainsFunc(j.Segments, func(s *path.Segment) bool {
					return s.Hop.Verdict == path.Dropped && strings.HasPrefix(s.Hop.Subject, want) && s.Hop.Ref != ""
				}) {
					t.Errorf("nothing is dropped by %s with a row", want)
				}
			}
			for _, u := range unknown {
				if !slices.ContainsFunc(strings.Fields(tt.unknown), func(want string) bool { return strings.HasPrefix(u, want) }) {
					t.Errorf("undecided by %s", u)
				}
			}
			who, want, _ := strings.Cut(tt.pair, ": ")
			f := strings.Split(who, " ")
			if got := pairsOf(j, f[0], f[1], f[2]); got != want {
				t.Errorf("%s: %s; want %s", who, got, want)
			}
		})
	}
}

// node1Host is the host's own namespace on node1.
const node1Host = "4026531840"

// sealedRules are what an engine before 24.0 programs for an encrypted network of a VNI: its packets are marked on their way out, and
// dropped where they come in clear (programMangle and programInput, drivers/overlay/encryption.go).
func sealedRules(host string, vni int) []string {
	u32 := fmt.Sprintf(`-m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=%#x"`, vni<<8)
	return []string{
		insert(host, node1Host, "mangle", "OUTPUT", "-A OUTPUT -p udp -m udp --dport 4789 "+u32+" -j MARK --set-xmark 0xd0c4e3/0xffffffff", "proto, dport_min, dport_max, target, mark, mark_mask", "'udp', 4789, 4789, 'MARK', 13681891, 4294967295"),
		"INSERT INTO iptables_chain (host, line, netns, family, flavour, tbl, chain, policy, packets, bytes, seen) VALUES ('" + host + "', 9999, '4026531840', 'ipv4', 'legacy', 'mangle', 'OUTPUT', 'ACCEPT', 0, 0, 'both')",
		insert(host, node1Host, "filter", "INPUT", "-A INPUT -p udp -m udp --dport 4789 "+u32+" -m policy --dir in --pol none -j DROP", "proto, dport_min, dport_max, target", "'udp', 4789, 4789, 'DROP'"),
	}
}

// insert puts a rule first in its chain.
func insert(host, netns, table, chain, spec, columns, values string) string {
	return insertAt(9999, host, netns, table, chain, spec, columns, values)
}

// insertAt does so with a line of its own in the bundle: of several rules each has its own.
func insertAt(line int, host, netns, table, chain, spec, columns, values string) string {
	return fmt.Sprintf(`INSERT INTO iptables_rule (host, line, netns, family, flavour, tbl, chain, num, spec, %s, packets, bytes, seen)
VALUES ('%s', %d, '%s', 'ipv4', 'legacy', '%s', '%s', 0, '%s', %s, 0, 0, 'both')`, columns, host, line, netns, table, chain, spec, values)
}

// sealed is a policy that encrypts what a host sends to another one's tunnels.
func sealed(host, src, dst string) string {
	return fmt.Sprintf(`INSERT INTO xfrm_policy (host, line, netns, direction, policy_index, priority, action, type, family, selector, mark, mark_mask, src, dst, proto, spi, reqid, mode, templates, seen)
VALUES ('%s', 9999, '4026531840', 'out', 1, 0, 'allow', 'main', 'ipv4', '%s/32>%s/32 udp 0>4789', 13681891, 4294967295, '%s', '%s', 'esp', 0, 13681891, 'transport', 1, 'both')`, host, src, dst, src, dst)
}

// association is what node1 seals with for node2, or node2 opens with, as captured on host.
func association(host, key string) string {
	return fmt.Sprintf(`INSERT INTO xfrm_state (host, line, netns, src, dst, proto, spi, reqid, mode, family, aead_key_hash, bytes, packets, seen)
VALUES ('%s', 9999, '4026531840', '10.99.0.11', '10.99.0.12', 'esp', 4660, 13681891, 'transport', 'ipv4', '%s', 0, 0, 'both')`, host, key)
}
