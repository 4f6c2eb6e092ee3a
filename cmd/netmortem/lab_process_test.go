package main

import (
	"slices"
	"testing"
)

// testProcesses wants from every host of the healthy swarm its processes, what their cgroups count, which resolver they use,
// and the resolver configuration that containers see.
func (l *lab) testProcesses(t *testing.T) {
	db := l.database(t, labWindow)
	hosts := texts(t, db, "SELECT hostname FROM host ORDER BY 1")
	if len(hosts) != len(labHosts) {
		t.Fatalf("hosts %v", hosts)
	}
	for _, q := range []struct{ what, query string }{
		{"the client's shell is in its container, in the namespace that has its name, as process 1", `SELECT p.host FROM process p
			JOIN container c ON c.host = p.host AND c.container = p.container AND c.pid = p.pid
			JOIN netns n ON n.host = p.host AND n.netns = p.netns AND n.container = p.container
			WHERE c.service LIKE '%client%' AND p.ns_pid = 1 AND p.comm = 'sh' AND p.seen = 'both' AND p.cmdline LIKE 'sh -c while sleep%'`},
		{"dockerd, with its command line, more than one thread and a limit on files", `SELECT host FROM process WHERE comm = 'dockerd' AND container IS NULL
			AND cmdline LIKE 'dockerd -H%' AND threads > 5 AND threads_d = 0 AND fds BETWEEN 10 AND nofile_soft AND user_ms_last >= user_ms`},
		{"a shim for every container that runs", `SELECT host FROM container c WHERE c.state = 'running' GROUP BY host
			HAVING count(*) = sum(EXISTS (SELECT 1 FROM process p WHERE p.host = c.host AND p.comm LIKE 'containerd-shim%' AND p.cmdline LIKE '%-id ' || c.container || ' %'))`},
		{"threads of the kernel", `SELECT host FROM process WHERE kernel_thread = 1 AND comm = 'kthreadd' AND pid = 2`},
		{"memory, OOM kills and processes of every container that runs", `SELECT host FROM container c WHERE c.state = 'running' GROUP BY host
			HAVING count(*) = sum(
			EXISTS (SELECT 1 FROM cgroup_stat s WHERE s.host = c.host AND s.container = c.container AND s.file IN ('memory.current', 'memory.usage_in_bytes') AND s.number > 0 AND s.number_last > 0) AND
			EXISTS (SELECT 1 FROM cgroup_stat s WHERE s.host = c.host AND s.container = c.container AND s.file IN ('memory.events', 'memory.oom_control') AND s.key = 'oom_kill' AND s.number = 0) AND
			EXISTS (SELECT 1 FROM cgroup_stat s WHERE s.host = c.host AND s.container = c.container AND s.file = 'pids.current' AND s.number > 0) AND
			EXISTS (SELECT 1 FROM cgroup_stat s WHERE s.host = c.host AND s.container = c.container AND s.file = 'pids.max' AND s.text = 'max' AND s.number IS NULL) AND
			EXISTS (SELECT 1 FROM cgroup_stat s WHERE s.host = c.host AND s.container = c.container AND s.file = 'cpu.stat' AND s.key = 'nr_throttled'))`},
		{"the client's shell is linked statically to glibc", `SELECT r.host FROM process_resolver r JOIN process p ON p.host = r.host AND p.pid = r.pid
			WHERE p.comm = 'sh' AND r.container IS NOT NULL AND r.kind = 'glibc' AND r.static = 1 AND r.installed_only IS NULL`},
		{"the programs that it starts find glibc 2.36", `SELECT r.host FROM process_resolver r JOIN process p ON p.host = r.host AND p.pid = r.pid
			WHERE p.comm = 'sh' AND r.kind = 'glibc' AND r.version = '2.36' AND r.installed_only = 1`},
		{"dockerd resolves by Go", `SELECT r.host FROM process_resolver r JOIN process p ON p.host = r.host AND p.pid = r.pid
			WHERE p.comm = 'dockerd' AND r.kind = 'go' AND r.version LIKE 'go1.%' AND r.cgo IS NOT NULL`},
		{"every container asks Docker's resolver, with ndots:0", `SELECT host FROM container c WHERE c.state = 'running' GROUP BY host
			HAVING count(*) = sum(
			EXISTS (SELECT 1 FROM resolver_config v WHERE v.host = c.host AND v.container = c.container AND v.item = 'nameserver' AND v.position = 1 AND v.value = '127.0.0.11') AND
			EXISTS (SELECT 1 FROM resolver_config v WHERE v.host = c.host AND v.container = c.container AND v.item = 'option' AND v.value = 'ndots' AND v.setting = '0') AND
			EXISTS (SELECT 1 FROM hosts_entry e WHERE e.host = c.host AND e.container = c.container AND e.name = substr(c.container, 1, 12)) AND
			EXISTS (SELECT 1 FROM container_file f WHERE f.host = c.host AND f.container = c.container AND f.path = '/etc/gai.conf' AND f.present = 0))`},
	} {
		if got := texts(t, db, "SELECT DISTINCT host FROM ("+q.query+") ORDER BY 1"); !slices.Equal(got, hosts) {
			t.Errorf("%s: on %v, want %v", q.what, got, hosts)
		}
	}
	if got := texts(t, db, `SELECT host || ': ' || coalesce(tbl, document) || ': ' || reason FROM gap
		WHERE tbl IN ('process', 'cgroup_stat', 'process_resolver', 'container_file', 'resolver_config', 'hosts_entry', 'nss_source', 'gai_rule')`); len(got) > 0 {
		t.Errorf("gaps: %v", got)
	}
}
