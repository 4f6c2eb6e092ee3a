package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// testConnections wants what load balancers and connection tracking remember of a connection that a client on node1 keeps
// open to a virtual address, and the associations of IPsec that both hosts share, without their keys.
func (l *lab) testConnections(t *testing.T) {
	const key, other = "C4n4ry-K3y!of-IPs3c_", "0th3r-K3y!of-IPs3c__"
	for node, second := range map[string]string{"node1": key, "node2": other} {
		l.must(t, "exec", node, fmt.Sprintf(`ip netns add esp && for sa in "257 %x" "258 %x"; do set -- $sa; ip -n esp xfrm state add src 10.0.0.1 dst 10.0.0.2 proto esp `+
			`spi $1 reqid 13681891 mode transport aead 'rfc4106(gcm(aes))' 0x$2 64; done`, key, second))
		t.Cleanup(func() { l.must(t, "exec", node, "ip netns del esp") })
	}
	// The client's own process is a sleep, too: only the one of 601 seconds is ours.
	l.must(t, "client", "node1", "(sleep 601 | timeout 600 nc vote 80) >/dev/null 2>&1 &")
	t.Cleanup(func() { l.must(t, "client", "node1", "killall nc; pkill -f 'sleep 601'; true") })
	vip := strings.TrimSpace(l.must(t, "client", "node1", "getent hosts vote | cut -d' ' -f1"))
	// What the tool of IPVS says: TCP 14:58 ESTABLISHED client:port vip:80 destination:80. What it says before the capture and behind it is
	// the connection that is kept open; those by which the clients ask come and go.
	list := func() []string {
		return strings.Split(strings.TrimSpace(l.must(t, "exec", "node1",
			`for n in /run/docker/netns/lb_*; do nsenter --net=$n ipvsadm -lnc; done | awk -v vip=`+vip+`:80 '$3 == "ESTABLISHED" && $5 == vip { print $4, $5, $6 }' | sort`)), "\n")
	}
	before := list()
	bundles := l.bundlesOf(t, labWindow+" --no-docker --only=ipvs,ipvs_connection,conntrack,xfrm,proc_net")
	after := list()
	kept := func(list []string) []string {
		return slices.DeleteFunc(list, func(c string) bool { return !slices.Contains(before, c) || !slices.Contains(after, c) })
	}
	listed := kept(slices.Clone(before))
	if len(listed) == 0 || listed[0] == "" {
		t.Fatalf("ipvsadm lists no connection to %s:80 that is kept open: %q, then %q", vip, before, after)
	}
	db := l.loaded(t, bundles)
	hosts := texts(t, db, "SELECT hostname FROM host ORDER BY 1")

	for read, want := range map[string][]string{"first": listed, "last": listed} {
		got := kept(texts(t, db, `SELECT c.client || ':' || c.cport || ' ' || c.vaddress || ':' || c.vport || ' ' || c.address || ':' || c.port
			FROM ipvs_connection c JOIN netns n USING (host, netns) JOIN ipvs_destination d ON d.host = c.host AND d.netns = c.netns AND d.address = c.address AND d.seen = 'both'
			WHERE c.host = 'node1' AND c.read = ? AND c.state = 'ESTABLISHED' AND c.vaddress = ? AND n.kind = 'lb' AND c.expires_s BETWEEN 1 AND 900 ORDER BY 1`, read, vip))
		if !slices.Equal(got, want) {
			t.Errorf("%s read: connections of IPVS to %s:80: %q, ipvsadm lists %q", read, vip, got, want)
		}
	}
	got := kept(texts(t, db, `SELECT e.src || ':' || e.sport || ' ' || e.dst || ':' || e.dport || ' ' || e.reply_src || ':' || e.reply_sport
		FROM conntrack_entry e JOIN netns n USING (host, netns) WHERE e.host = 'node1' AND n.kind = 'lb' AND e.state = 'ESTABLISHED' AND e.dst = ?
		AND e.nat = 'dnat,snat' AND e.kept_for = 'nat' AND e.seen = 'both' AND e.ct_id = e.ct_id_last ORDER BY 1`, vip))
	if !slices.Equal(got, listed) {
		t.Errorf("tracked connections to %s:80: %q, want %q", vip, got, listed)
	}
	for _, q := range []struct{ what, query string }{
		{"questions to Docker's resolver, from procfs", `SELECT e.host FROM conntrack_entry e JOIN netns n USING (host, netns)
			WHERE n.kind = 'container' AND e.proto = 'udp' AND e.dst = '127.0.0.11' AND e.dport = 53 AND e.reply_sport != 53 AND e.nat = 'dnat'`},
		{"entries by destination and backend", `SELECT c.host FROM conntrack_count c JOIN netns n USING (host, netns)
			WHERE n.kind = 'lb' AND c.nat = 'dnat,snat' AND c.reply_src IS NOT NULL AND c.reply_dst IS NOT NULL AND c.dport = 80 AND c.entries > 0`},
		{"all entries are counted", `SELECT u.host FROM conntrack_usage u JOIN netns n USING (host, netns)
			WHERE n.kind = 'host' AND u.seen = 'both' AND u.max_entries > 0 AND u.entries > 0`},
		{"counters of both reads", `SELECT a.host FROM conntrack_stat a JOIN conntrack_stat b USING (host, netns) JOIN netns n USING (host, netns)
			WHERE n.kind = 'host' AND a.read = 'first' AND b.read = 'last' AND b.insert_failed >= a.insert_failed`},
		{"errors of IPsec, none", `SELECT x.host FROM xfrm_stat x JOIN netns n USING (host, netns) WHERE n.kind = 'host' AND x.counter = 'XfrmInNoStates' AND x.read = 'last'`},
		{"an association of its own key", `SELECT host FROM xfrm_state WHERE spi = 258 AND length(aead_key_hash) = 32 AND seen = 'both' AND aead_key_bits = 160`},
	} {
		if got := texts(t, db, "SELECT DISTINCT host FROM ("+q.query+") ORDER BY 1"); !slices.Equal(got, hosts) {
			t.Errorf("%s: on %v, want %v", q.what, got, hosts)
		}
	}
	hashes := func(spi int) int {
		return len(texts(t, db, "SELECT DISTINCT aead_key_hash FROM xfrm_state WHERE spi = ?", spi))
	}
	if same, differ := hashes(257), hashes(258); same != 1 || differ != 2 {
		t.Errorf("%d hashes of one key on two hosts, and %d of two", same, differ)
	}
	for _, bundle := range bundles {
		text, err := exec.Command("tar", "--zstd", "-xOf", bundle).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%.300s", err, text[max(len(text)-300, 0):])
		}
		for _, k := range []string{key, other} {
			if bytes.Contains(text, []byte(k)) || bytes.Contains(bytes.ToLower(text), []byte(hex.EncodeToString([]byte(k)))) {
				t.Errorf("the key %s is in %s", k, bundle)
			}
		}
	}
	if got := texts(t, db, `SELECT host || ': ' || coalesce(netns, '') || ' ' || tbl || ': ' || reason FROM gap
		WHERE tbl IN ('ipvs_connection', 'conntrack_usage', 'conntrack_count', 'conntrack_entry', 'conntrack_stat', 'xfrm_state', 'xfrm_policy', 'xfrm_stat')`); len(got) > 0 {
		t.Errorf("gaps: %v", got)
	}
}
