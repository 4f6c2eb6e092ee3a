package main

import (
	"strings"
	"testing"
)

// testCores has one container killed by its memory limit and a process in another one crash, and wants a capture to tell of
// both: the kernel's words with the container, the core with what its notes say, and what would become of other cores.
func (l *lab) testCores(t *testing.T) {
	run := []string{"docker", "node2", "run", "-d", "--network", "none"}
	greedy := l.container(t, append(run, "-m", "6m", "lab:1", "tail", "/dev/zero")...)
	crasher := l.container(t, append(run, "--ulimit", "core=-1", "-w", "/tmp", "lab:1", "sleep", "1000")...)
	limited := l.container(t, append(run, "--ulimit", "core=0", "lab:1", "sleep", "1000")...)
	if out, err := l.do("docker", "node2", "wait", greedy); err != nil || strings.TrimSpace(out) != "137" {
		t.Fatalf("the container with little memory ended with %s, %v", out, err)
	}
	if out, err := l.do("docker", "node2", "exec", crasher, "sh", "-c", `sh -c "kill -SEGV \$\$" || ls /tmp/core*`); err != nil {
		t.Fatalf("no core: %v\n%s", err, out)
	}
	db := l.database(t, labWindow)
	for _, test := range []struct{ what, query, want string }{
		{"who was killed", "SELECT class || ' ' || comm || ' ' || oom || ' ' || oom_constraint FROM kernel_log WHERE class = 'oom-kill' AND host = 'node2' AND container = '" + greedy + "'",
			"oom-kill tail cgroup CONSTRAINT_MEMCG"},
		{"when", "SELECT ABS(strftime('%s', k.time) - strftime('%s', h.wall)) < 60 FROM kernel_log AS k JOIN host AS h USING (host) WHERE k.class = 'oom-kill' AND k.container = '" + greedy + "'", "1"},
		{"the core", "SELECT source || ' ' || kind || ' signal ' || signal || ' ' || comm || ' ' || executable || ' ' || whole FROM core_file WHERE host = 'node2' AND container = '" + crasher + "'",
			"layer elf signal 11 sh /bin/busybox 1"},
		{"what was mapped", "SELECT m.file FROM core_mapping AS m JOIN core_file AS f ON f.host = m.host AND f.path = m.core WHERE f.container = '" + crasher + "' ORDER BY 1 LIMIT 1", "/bin/busybox"},
		{"where the next core goes", "SELECT verdict || ' ' || path FROM core_destination WHERE container = '" + crasher + "'", "until-removed /tmp/core"},
		{"a core that is not wanted", "SELECT verdict FROM core_destination WHERE container = '" + limited + "'", "lost"},
		{"the daemon's own words", "SELECT COUNT(*) > 0 FROM log_line WHERE host = 'node2' AND class IS NOT NULL AND time IS NOT NULL", "1"},
		{"and of that container", "SELECT COUNT(*) > 0 FROM log_line WHERE host = 'node2' AND container = '" + greedy + "'", "1"},
		{"a core in the bundle", "SELECT COUNT(*) FROM coverage WHERE document LIKE 'raw/core/%'", "0"},
	} {
		if got := strings.Join(texts(t, db, test.query), "\n"); got != test.want {
			t.Errorf("%s: got %q, want %q", test.what, got, test.want)
		}
	}
}

// container starts a container that is removed at the end of the test, and returns its id.
func (l *lab) container(t *testing.T, run ...string) string {
	t.Helper()
	lines := strings.Fields(l.must(t, run...)) // warnings may stand above the id
	id := lines[len(lines)-1]
	t.Cleanup(func() { l.must(t, "docker", run[1], "rm", "-f", id) })
	return id
}
