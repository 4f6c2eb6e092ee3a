package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// labImage is the image that testContainer builds and removes.
const labImage = "netmortem-test:1"

// containerFlags are what the README says a capture from a container needs.
var containerFlags = []string{"run", "--rm", "--privileged", "--pid=host", "--net=host", "-v", "/:/host:ro"}

// byChance are tables that one of two captures of a healthy host may hold rows of and the other none: what happens just
// then, and the mount that only the container that captures has.
var byChance = []string{"container_mount", "kernel_event", "kernel_event_count", "socket_group", "ipvs_connection", "conntrack_entry", "conntrack_count"}

// testContainer builds the image of the Dockerfile on a host and captures from it: the bundle must hold the namespaces and
// the programmed rows that one taken on the host holds, and the same containers.
func (l *lab) testContainer(t *testing.T) {
	image := t.TempDir()
	program, err := os.ReadFile(l.capture)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(image, "netmortem"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_BUILDKIT", "0") // the lab's engine has the classic builder only
	l.must(t, "docker", "node1", "build", "-q", "-t", labImage, "-f", "Dockerfile", image)
	defer l.must(t, "docker", "node1", "rmi", "-f", labImage)

	bundles := l.bundlesOf(t, labWindow)
	i := slices.IndexFunc(bundles, func(p string) bool { return strings.HasSuffix(p, "node1.tar.zst") })
	before := heldOf(t, bundles[i:i+1])
	box := filepath.Join(t.TempDir(), "box.tar.zst")
	out, err := l.do(slices.Concat([]string{"docker", "node1"}, containerFlags, []string{labImage, "capture", "--root", "/host", "-o", "-", labWindow})...)
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != codePartial) {
		t.Fatal(err)
	}
	if err := os.WriteFile(box, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	inBox := heldOf(t, []string{box})
	compareHeld(t, before, inBox, []string{"node1"})
	compareHeld(t, inBox, before, []string{"node1"})

	// Every table that has rows on the host has some here, and every container but the one that captured is the same.
	host, there := l.loaded(t, bundles[i:i+1]), l.loaded(t, []string{box})
	const containers = `SELECT container FROM container WHERE image NOT LIKE 'netmortem-test%' ORDER BY 1`
	if a, b := texts(t, host, containers), texts(t, there, containers); !slices.Equal(a, b) || len(a) == 0 {
		t.Errorf("containers on the host %v, from a container %v", a, b)
	}
	// A host under load may hold up what it does not the next time; what is denied or skipped is so by the place.
	const gaps = `SELECT DISTINCT collector || ' ' || outcome || ' ' || coalesce(reason, '') FROM coverage WHERE outcome IN ('denied', 'skipped') ORDER BY 1`
	if a, b := texts(t, host, gaps), texts(t, there, gaps); !slices.Equal(a, b) {
		t.Errorf("gaps on the host %v, from a container %v", a, b)
	}
	for _, table := range schema.Tables {
		if slices.Contains(byChance, table.Name) {
			continue
		}
		count := "SELECT count(*) FROM " + table.Name
		if a, b := texts(t, host, count)[0], texts(t, there, count)[0]; (a == "0") != (b == "0") {
			t.Errorf("%s: %s rows on the host, %s from a container", table.Name, a, b)
		}
	}

	// The image's own command is the doctor, who has nothing to say of privileges there, and much without them.
	if out, _ := l.do(slices.Concat([]string{"docker", "node1"}, containerFlags, []string{labImage})...); strings.Contains(out, "missing  pri") ||
		!strings.Contains(out, "ok       docker") || !strings.Contains(out, "ok       processes") {
		t.Errorf("the doctor of a privileged container says:\n%s", out)
	}
	if out, err := l.do("docker", "node1", "run", "--rm", labImage, "doctor"); err == nil ||
		!strings.Contains(out, "no CAP_SYS_ADMIN") || !strings.Contains(out, "without --root") || !strings.Contains(out, "not the host's") {
		t.Errorf("the doctor of a plain container says: %v\n%s", err, out)
	}
}

// testStrace looks at every system call of a capture on a host with a daemon, containers and IPVS.
func (l *lab) testStrace(t *testing.T) {
	l.bundlesOf(t, labWindow) // so that the program is there
	l.must(t, "exec", "node1", "cd /tmp && strace -f -qq -e 'trace=!read,close,nanosleep,futex,readlinkat' -o /lab/state/node1/trace "+
		"netmortem capture -q -o /tmp/traced.tar.zst "+labWindow+" --deadline 5m; rc=$?; rm -f /tmp/traced.tar.zst; [ $rc = 0 -o $rc = 3 ]")
	path := filepath.Join(l.state, "share/state/node1/trace")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Error(err)
	}
	checkTrace(t, string(text), "traced.tar.zst")
}
