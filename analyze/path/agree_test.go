package path_test

import (
	"slices"
	"testing"

	"github.com/netmortem/netmortem/analyze/path"
)

// TestLongTraceAgrees walks every pair of a swarm hop by hop and compares its verdict with the one that was put together from
// segments: in a healthy swarm, and in one with several faults.
func TestLongTraceAgrees(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	for _, change := range [][]string{nil, {
		"DELETE FROM fdb WHERE host = 'node1' AND mac = '02:42:0a:14:01:08' AND dst IS NOT NULL",
		"DELETE FROM fdb WHERE host = 'node2' AND mac = '02:42:0a:14:01:05' AND dst IS NOT NULL",
		"DELETE FROM iptables_rule WHERE host = 'node2' AND chain = 'INPUT' AND dst = '10.20.1.11/32'",
		"DELETE FROM socket WHERE host = 'node2' AND netns = '4026532865' AND local_port = 80 AND state = 'listening'",
		"DELETE FROM iptables_rule WHERE host = 'node1' AND tbl = 'nat' AND chain = 'DOCKER-INGRESS' AND dport_min = 8080",
		"DELETE FROM neighbour WHERE host = 'node2' AND dev = 'vxlan0' AND ip = '10.20.2.12'",
		"UPDATE ipvs_destination SET address = '10.20.2.200' WHERE host = 'node1' AND fwmark = 261 AND address = '10.20.2.8'",
		"DELETE FROM captured WHERE host = 'node2' AND tbl = 'socket' AND netns = '4026532597'",
		"DELETE FROM socket WHERE host = 'node2' AND netns = '4026532597'",
		"DELETE FROM iptables_rule WHERE host = 'node2' AND netns = '4026531840' AND chain = 'POSTROUTING' AND src = '172.18.0.0/16'",
	}, {
		"UPDATE link SET mtu = 1400 WHERE host = 'node2' AND netns = '4026531840' AND name = 'eth0'",
		"DELETE FROM ipvs_destination WHERE host = 'node1' AND fwmark = 261",
		"INSERT INTO address (host, line, netns, ifindex, dev, ip, prefix_len, scope) VALUES ('node1', 9999, '4026532864', 17, 'eth0', '10.20.1.8', 24, 'global')",
		"INSERT INTO route (host, line, netns, family, table_id, type, dst, pref_src, ifindex, dev, protocol, scope) VALUES ('node1', 9999, '4026532864', 'ipv4', 255, 'local', '10.20.1.8/32', '10.20.1.8', 17, 'eth0', 'kernel', 'host')",
		"DELETE FROM fdb WHERE host = 'node1' AND mac = '02:42:0a:14:01:08' AND dst IS NOT NULL",
	}, { // sandboxes that are being made: devices are down, and a port is not published yet; one has been down for long
		"UPDATE link SET flags = 'broadcast,multicast', operstate = 'down' WHERE mac IN ('02:42:0a:14:01:0c', '02:42:0a:14:01:08')",
		"UPDATE link SET flags = 'broadcast,multicast', operstate = 'down', port_state = 'disabled' WHERE host = 'node1' AND netns = '4026532421' AND peer_netns = '4026532864'",
		"UPDATE endpoint SET since_s = (SELECT first_s - 5 FROM reading WHERE host = endpoint.host) WHERE mac = '02:42:0a:14:01:0c' OR ip IN (SELECT ip FROM address WHERE netns = '4026532864')",
		"DELETE FROM ipvs_service WHERE host = 'node1' AND netns = '4026532116'",
	}, { // a sandbox that was asked for nothing, and others on its networks that were, for all but one name
		"DELETE FROM captured WHERE tbl IN ('dns_query', 'dns_answer')",
		"DELETE FROM dns_query WHERE netns = '4026532864' OR name = 'tasks.vote'",
		"DELETE FROM dns_rrset WHERE netns = '4026532864' OR name = 'tasks.vote'",
		"UPDATE dns_rrset SET addresses = replace(addresses, '10.20.1.8', '10.20.1.200') WHERE host = 'node1' AND name = 'rr'",
		"DELETE FROM iptables_rule WHERE host = 'node2' AND chain = 'INPUT' AND dst = '10.20.1.11/32'",
	},
		append(slices.Clone(asDatagrams), `UPDATE link SET mtu = 1400 WHERE (host, netns, ifindex) IN (SELECT host, netns, ifindex FROM address WHERE ip = '10.20.1.12')`,
			"DELETE FROM iptables_rule WHERE host = 'node2' AND chain = 'INPUT' AND dst = '10.20.1.11/32'", "DELETE FROM fdb WHERE host = 'node1' AND mac = '02:42:0a:14:01:0c' AND dst IS NOT NULL"),
		append(slices.Clone(inHostMode), "DELETE FROM fdb WHERE host = 'node1' AND mac = '02:42:0a:14:01:0c' AND dst IS NOT NULL"),
		append(slices.Clone(asDatagrams), "DELETE FROM socket WHERE proto = 'udp' AND local_port = 7 AND host = 'node2'", "UPDATE sysctl SET value = '0' WHERE host = 'node1' AND netns = '4026531840' AND key = 'net.ipv4.conf.docker_gwbridge.route_localnet'",
			"UPDATE link SET mtu = 1450 WHERE netns = '4026531840' AND name = 'eth0'", "UPDATE kernel_version SET major = 6, minor = 1"),
	} {
		verdicts := b.agree(t, change)
		t.Log(verdicts)
		if change != nil && (verdicts["dropped"] == 0 || verdicts["some"] == 0 || verdicts["delivered"] == 0) {
			t.Errorf("the faults make %v only", verdicts)
		}
	}
}

// agree walks every pair hop by hop after some statements, and counts the verdicts that were put together.
func (b *bundles) agree(t *testing.T, change []string) map[string]int {
	t.Helper()
	tx, err := b.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, c := range change {
		if _, err := tx.Exec(c); err != nil {
			t.Fatal(err)
		}
	}
	j, err := path.Judge(t.Context(), tx, true)
	if err != nil {
		t.Fatal(err)
	}
	w, err := path.Load(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	verdicts, tracing := map[string]int{}, w.Tracing(tx, 0)
	for _, p := range j.Pairs {
		q, err := w.Ask(&p)
		if err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		tr, err := w.Trace(t.Context(), tx, q)
		if err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		verdicts[p.Verdict]++
		if tr.Verdict != p.Verdict {
			t.Errorf("%s > %s by %s on %s: %s put together, %s hop by hop: %s", p.Client, p.Server, p.Via, p.Network, p.Verdict, tr.Verdict, tr.Summary)
		}
		for _, way := range append([]path.Branch{{Hops: tr.Common}}, tr.Ways...) {
			for i := 1; i < len(way.Hops); i++ {
				if way.Hops[i] == way.Hops[i-1] {
					t.Errorf("%s > %s by %s on %s: %+v is told twice", p.Client, p.Server, p.Via, p.Network, way.Hops[i])
				}
			}
		}
		again, err := tracing.Walk(t.Context(), q)
		if err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		if again.Summary != tr.Summary {
			t.Errorf("with hosts that were read before: %s; without: %s", again.Summary, tr.Summary)
		}
	}
	return verdicts
}
