package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// testSockets wants the sockets that decide about traffic, each with who holds it. A client on node1 keeps a connection to a
// virtual address open while the hosts are captured, and gives it up by itself.
func (l *lab) testSockets(t *testing.T) {
	l.must(t, "client", "node1", "(sleep 40 | timeout 40 nc vote 80) >/dev/null 2>&1 &")
	vip := strings.TrimSpace(l.must(t, "client", "node1", "getent hosts vote | cut -d' ' -f1"))
	db := l.database(t, labWindow)
	hosts := texts(t, db, "SELECT hostname FROM host ORDER BY 1")

	const holder = `socket s JOIN process_socket h USING (host, inode) JOIN process p ON p.host = s.host AND p.pid = h.pid`
	for _, q := range []struct{ what, query string }{
		{"dockerd listens on the published port, and nobody waits there", `SELECT s.host FROM ` + holder + ` JOIN netns n ON n.host = s.host AND n.netns = s.netns
			WHERE n.kind = 'host' AND s.state = 'listening' AND s.local_port = 8080 AND s.recv_q = 0 AND s.send_q >= 128 AND p.comm = 'dockerd' AND s.seen = 'both'`},
		{"each container's resolver listens in its namespace, and dockerd holds it", `SELECT n.host FROM netns n WHERE n.kind = 'container' GROUP BY n.host HAVING count(*) = (SELECT count(DISTINCT s.netns)
			FROM ` + holder + ` JOIN netns m ON m.host = s.host AND m.netns = s.netns WHERE m.kind = 'container' AND s.host = n.host AND s.local = '127.0.0.11' AND s.proto = 'udp' AND s.state = 'unconnected' AND p.comm = 'dockerd')`},
		{"a task listens on its port, held by a process of its container", `SELECT s.host FROM ` + holder + ` JOIN netns n ON n.host = s.host AND n.netns = s.netns
			WHERE s.state = 'listening' AND s.local_port = 80 AND p.container = n.container`},
		{"the gossip has its UDP socket, VXLAN that of the kernel, which nobody holds", `SELECT u.host FROM socket u JOIN socket x USING (host, netns)
			WHERE u.proto = 'udp' AND u.local_port = 7946 AND x.proto = 'udp' AND x.local_port = 4789
			AND NOT EXISTS (SELECT 1 FROM process_socket h WHERE h.host = x.host AND h.inode = x.inode)`},
		{"sockets are counted, in time-wait, too", `SELECT host FROM socket_count WHERE proto = 'tcp' AND state = 'time-wait' AND sockets_last > 0`},
		{"connections are counted by their two ends", `SELECT host FROM socket_group WHERE peer_port = 80 OR local_port = 80`},
	} {
		if got := texts(t, db, "SELECT DISTINCT host FROM ("+q.query+") ORDER BY 1"); !slices.Equal(got, hosts) {
			t.Errorf("%s: on %v, want %v", q.what, got, hosts)
		}
	}
	// The connection: its holder is in the client's container, it has no keepalive, and TCP knows its path.
	got := texts(t, db, `SELECT p.comm || ' ' || coalesce(s.timer, 'no timer') || ' ' || (p.container = n.container) || ' ' || (s.rtt_us > 0) || ' ' || (s.last_data_sent_ms_last > s.last_data_sent_ms)
		FROM `+holder+` JOIN netns n ON n.host = s.host AND n.netns = s.netns WHERE s.state = 'established' AND s.seen = 'both' AND s.peer = ? AND s.peer_port = 80`, vip)
	if want := []string{"nc no timer 1 1 1"}; !slices.Equal(got, want) {
		t.Errorf("the connection to %s: %v, want %v", vip, got, want)
	}
	// And its other end, in some task of vote.
	if got := texts(t, db, fmt.Sprintf(`SELECT DISTINCT s.netns FROM %s JOIN netns n ON n.host = s.host AND n.netns = s.netns WHERE s.state = 'established' AND s.seen = 'both' AND s.local_port = 80 AND p.container = n.container`, holder)); len(got) != 1 {
		t.Errorf("other ends of it: %v, want one", got)
	}
	if got := texts(t, db, `SELECT host || ': ' || coalesce(netns, '') || ' ' || tbl || ': ' || reason FROM gap WHERE tbl IN ('socket', 'socket_count', 'socket_group', 'process_socket')`); len(got) > 0 {
		t.Errorf("gaps: %v", got)
	}
}
