package main

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
)

// testEvents plants a proxy entry for a local task and lets another task ask for it while the host is captured: the bundle
// must hold how the bridge learns the task's MAC on the tunnel's port and on its own. It also wants the drivers of the
// hosts' links, and that every namespace was watched.
func (l *lab) testEvents(t *testing.T) {
	const fault = "fdb-local-mac-behind-vxlan"
	planted := plantedWords(l.must(t, "plant", fault))
	defer l.must(t, "heal", fault)
	hw, err := net.ParseMAC(strings.Join(planted, " "))
	if err != nil || len(hw) != 6 {
		t.Fatalf("planted %v: %v", planted, err)
	}
	ip := net.IP(hw[2:]).String() // as Docker makes the one of the other
	ask := fmt.Sprintf(`key=$(docker inspect -f '{{.NetworkSettings.SandboxKey}}' $(docker ps -q --filter label=com.docker.swarm.service.name=client | head -1))
		for i in $(seq 200); do
			[ -e /run/stop-asking ] && break
			nsenter --net=$key ip neigh flush to %s
			nsenter --net=$key bash -c 'echo x >/dev/udp/%s/9'
			sleep 0.1
		done`, ip, ip)
	asked := make(chan error, 1)
	go func() {
		_, err := l.do("exec", "node2", ask)
		asked <- err
	}()
	db := l.database(t, labWindow)
	l.must(t, "exec", "node2", "touch /run/stop-asking")
	defer l.must(t, "exec", "node2", "rm /run/stop-asking")
	if err := <-asked; err != nil {
		t.Error(err)
	}

	for _, test := range []struct{ what, query, want string }{
		{"ports on which the bridge learned the MAC, in the order of the events", `SELECT group_concat(port, ' ') FROM (
			SELECT DISTINCT CASE WHEN dev LIKE 'veth%' THEN 'veth' ELSE dev END AS port FROM kernel_event
			WHERE host = 'node2' AND event = 'new' AND object = 'fdb' AND self = 0 AND mac = '` + hw.String() + `' ORDER BY 1)`, "veth vxlan0"},
		{"and how often, so that it can be told from a task that moved once", `SELECT min(count) > 1 FROM kernel_event_count
			WHERE host = 'node2' AND event = 'new' AND object = 'fdb' AND mac = '` + hw.String() + `'`, "1"},
		{"the task that asked sees its neighbour come", `SELECT count(*) > 0 FROM kernel_event JOIN netns USING (host, netns)
			WHERE host = 'node2' AND netns.kind = 'container' AND object = 'neighbour' AND event = 'new' AND ip = '` + ip + `' AND mac = '` + hw.String() + `'`, "1"},
		{"every event has its place and its time within the capture", `SELECT count(*) FROM kernel_event JOIN host USING (host)
			WHERE time < first_read OR time > finished_read OR netns IS NULL OR dev IS NULL AND object <> 'route'`, "0"},
		{"namespaces that were not watched", `SELECT count(*) FROM coverage WHERE tbl LIKE 'kernel_event%' AND outcome <> 'ok'`, "0"},
		{"hosts whose links' drivers are known", `SELECT count(DISTINCT nic.host) FROM nic JOIN nic_feature USING (host, ifindex)
			WHERE nic.dev = 'eth0' AND driver <> '' AND feature = 'tx-checksum-ip-generic' AND link_detected = 1`, fmt.Sprint(len(labHosts))},
		{"and their queues", `SELECT count(DISTINCT host) FROM qdisc WHERE dev = 'eth0' AND seen = 'both' AND packets_last >= packets AND drops_last IS NOT NULL`, fmt.Sprint(len(labHosts))},
	} {
		if got := strings.Join(texts(t, db, test.query), "\n"); got != test.want {
			t.Errorf("%s: got %q, want %q", test.what, got, test.want)
		}
	}
	if t.Failed() {
		rows := texts(t, db, `SELECT time || ' ' || event || ' ' || object || ' ' || coalesce(dev, '') || ' ' || coalesce(mac, '') || ' ' || coalesce(ip, '') || ' ' || coalesce(state, '') FROM kernel_event WHERE host = 'node2' ORDER BY seq LIMIT 100`)
		t.Log(strings.Join(slices.Concat(rows, texts(t, db, `SELECT coalesce(netns, '') || ' ' || outcome || ' ' || reason FROM coverage WHERE tbl LIKE 'kernel_event%' AND outcome <> 'ok'`)), "\n"))
	}
}
