package main

import (
	"slices"
	"strings"
	"testing"
)

// testDocker compares what Docker says with what it has on disk.
func (l *lab) testDocker(t *testing.T) {
	id := l.container(t, "docker", "node1", "run", "-d", "--memory", "64m", "--pids-limit", "50", "--health-cmd", "true", "--health-interval", "10s",
		"--ulimit", "nofile=100:200", "--restart", "on-failure:3", "lab:1", "sleep", "600")
	l.must(t, "exec", "node1", "timeout 60 bash -c 'until docker inspect -f {{.State.Health.Status}} "+id+" | grep -qx healthy; do sleep 1; done'")
	db := l.database(t, "--window 1s --networkdb --disk-usage --goroutines")
	count := func(want string, query string, args ...any) {
		t.Helper()
		if got := strings.Join(texts(t, db, query, args...), " "); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	count("create start", `SELECT action FROM docker_event WHERE host = 'node1' AND container = ? AND action IN ('create', 'start') ORDER BY time`, id)
	count("67108864 50 nofile=100:200 on-failure 3", `SELECT memory || ' ' || pids_limit || ' ' || ulimits || ' ' || restart_policy || ' ' || restart_max FROM container WHERE container = ?`, id)
	count("1", `SELECT count(*) > 0 FROM container_health WHERE container = ? AND exit_code = 0`, id)
	count("node1 swarm-manager, node2 swarm-worker", `SELECT group_concat(x, ', ') FROM (SELECT c.host || ' ' || subject_ou AS x FROM certificate AS c
		JOIN engine AS e ON e.host = c.host AND e.node_id = c.subject_cn
		WHERE kind = 'swarm-node' AND position = 0 AND not_after > not_before AND signer IN (SELECT subject_key FROM certificate WHERE kind = 'swarm-ca') ORDER BY 1)`)
	count("2", `SELECT count(*) FROM engine WHERE storage_driver IS NOT NULL AND containerd_version IS NOT NULL AND node_addr IS NOT NULL`)
	count("1", `SELECT count(*) FROM swarm_spec WHERE heartbeat_s > 0 AND cert_expiry_s > 0`)
	count("2", `SELECT count(*) FROM swarm_file WHERE listen_addr IS NOT NULL`)
	count("0", `SELECT count(*) FROM container WHERE state = 'running' AND container NOT IN (SELECT container FROM shim WHERE alive = 1 AND runc = 1)`)

	// libnetwork's store against the daemon's word, network by network: what it keeps on disk is what it has.
	ends := func(query string) []string { return texts(t, db, query) }
	api := ends(`SELECT e.host || ' ' || e.endpoint_id || ' ' || e.ip FROM network_endpoint AS e JOIN network AS n ON n.host = e.host AND n.network_id = e.network_id
		WHERE n.driver IN ('overlay', 'bridge') ORDER BY 1`)
	store := ends(`SELECT DISTINCT host || ' ' || endpoint_id || ' ' || ip FROM store_endpoint WHERE keeper IN ('overlay', 'bridge') ORDER BY 1`)
	if len(api) < 10 || !slices.Equal(api, store) {
		t.Errorf("endpoints by the API\n%s\nby the store\n%s", strings.Join(api, "\n"), strings.Join(store, "\n"))
	}
	// What gossip told a node of tasks is what the manager knows of them.
	count("0", `SELECT count(*) FROM swarm_task_address AS a JOIN swarm_task AS t ON t.task_id = a.task_id
		WHERE t.state = 'running' AND t.desired = 'running' AND a.network <> 'ingress' AND a.ip NOT IN (SELECT ip FROM networkdb_endpoint WHERE ip IS NOT NULL)`)

	// Left alone, the daemon's containers come from its files, and say the same.
	files := l.loaded(t, l.bundlesOf(t, "--window 1s --no-docker"))
	const said = `SELECT host || ' ' || container || ' ' || state || ' ' || pid || ' ' || memory || ' ' || health || ' ' || log_driver FROM container ORDER BY 1`
	const all = `SELECT host || ' ' || container || ' ' || name || ' ' || state || ' ' || pid || ' ' || sandbox_id || ' ' || log_driver FROM container ORDER BY 1`
	for _, query := range []string{said, all} {
		if want, got := texts(t, db, query), texts(t, files, query); !slices.Equal(want, got) {
			t.Errorf("containers by the API\n%s\nby the files\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
		}
	}
}
