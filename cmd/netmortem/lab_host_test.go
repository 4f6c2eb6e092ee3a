package main

import (
	"slices"
	"testing"
)

// testHostFacts wants from every host of the healthy swarm what a postmortem asks of the host itself.
func (l *lab) testHostFacts(t *testing.T) {
	db := l.database(t, labWindow)
	hosts := texts(t, db, "SELECT hostname FROM host ORDER BY 1")
	if len(hosts) != len(labHosts) {
		t.Fatalf("hosts %v", hosts)
	}
	for _, q := range []struct{ what, query string }{
		{"memory in both reads", `SELECT host FROM host_counter WHERE source = 'meminfo' AND key = 'MemAvailable' AND amount > 0 GROUP BY host HAVING count(DISTINCT read) = 2`},
		{"time goes on between the reads", `SELECT a.host FROM host_counter a JOIN host_counter b USING (host, source, key) WHERE a.key = 'up_ms' AND a.read = 'first' AND b.read = 'last' AND b.amount > a.amount`},
		{"the processor's time goes on", `SELECT a.host FROM cpu_time a JOIN cpu_time b USING (host) WHERE a.cpu IS NULL AND b.cpu IS NULL AND a.read = 'first' AND b.read = 'last'
			AND b.user_ticks + b.system_ticks + b.idle_ticks + b.iowait_ticks > a.user_ticks + a.system_ticks + a.idle_ticks + a.iowait_ticks`},
		{"load", `SELECT host FROM loadavg WHERE tasks > 0 GROUP BY host HAVING count(*) = 2`},
		{"docker's root with space on it, which tells types", `SELECT host FROM mount WHERE docker_root = 1 AND mount_point = '/var/lib/docker' AND bytes_avail > 0 AND inodes_free > 0 AND d_type = 1`},
		{"the root file system", `SELECT host FROM mount WHERE ',' || holds || ',' LIKE '%,/,%' AND bytes_total > 0`},
		{"ip_vs and its scheduler are loaded", `SELECT host FROM kernel_module WHERE state = 'live' AND name IN ('ip_vs', 'ip_vs_rr') GROUP BY host HAVING count(*) = 2`},
		{"vxlan could be loaded from disk", `SELECT host FROM kernel_module WHERE state = 'file' AND name = 'vxlan'`},
		{"something of netfilter is known to be loaded or built in", `SELECT DISTINCT host FROM kernel_module WHERE state IN ('live', 'builtin') AND name LIKE '%conntrack%'`},
		{"dockerd runs since a time", `SELECT host FROM service_unit WHERE name = 'docker' AND service_pid > 1 AND process_started > '2020'`},
		{"every service was looked for", `SELECT host FROM service_unit GROUP BY host HAVING count(*) > 20`},
		{"the neighbour table is not empty and not full", `SELECT host FROM neighbour_stat WHERE family = 'ipv4' AND read = 'last' AND entries > 0 AND table_fulls = 0`},
		{"packets by processor", `SELECT DISTINCT host FROM softnet WHERE read = 'last' AND processed > 0`},
		{"the host's server of names", `SELECT DISTINCT host FROM host_resolv WHERE directive = 'nameserver'`},
		{"the machine's clock source", `SELECT host FROM machine WHERE clocksource IS NOT NULL`},
		{"resets, handshakes and sockets of every task", `SELECT n.host FROM netns n JOIN snmp_counter s USING (host, netns) JOIN netstat_counter x USING (host, netns, read) JOIN sockstat k USING (host, netns, read)
			WHERE n.kind = 'container' AND s.read = 'last' AND k.family = 'ipv4' AND s.tcp_out_rsts >= 0 AND x.listen_overflows >= 0 AND k.tcp_inuse >= 0 GROUP BY n.host HAVING count(*) >= 1`},
	} {
		if got := texts(t, db, "SELECT DISTINCT host FROM ("+q.query+") ORDER BY 1"); !slices.Equal(got, hosts) {
			t.Errorf("%s: on %v, want %v", q.what, got, hosts)
		}
	}
	// A task that serves or asks sends segments between the two reads.
	if got := texts(t, db, `SELECT a.netns FROM snmp_counter a JOIN snmp_counter b USING (host, netns) JOIN netns n USING (host, netns)
		WHERE a.read = 'first' AND b.read = 'last' AND n.kind = 'container' AND b.tcp_out_segs > a.tcp_out_segs`); len(got) == 0 {
		t.Error("no task sent a segment between the two reads")
	}
	if got := texts(t, db, `SELECT host || ': ' || coalesce(tbl, document) || ': ' || reason FROM gap WHERE tbl IN ('host_counter', 'cpu_time', 'loadavg', 'pressure', 'mount',
		'machine', 'kernel_module', 'kernel_config', 'service_unit', 'host_resolv', 'host_setting', 'snmp_counter', 'netstat_counter', 'snmp6_counter', 'sockstat', 'softnet', 'neighbour_stat')`); len(got) > 0 {
		t.Errorf("gaps: %v", got)
	}
}
