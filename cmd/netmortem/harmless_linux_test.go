package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/capture"
)

// Every thread of a capture is the last in the queue for processors and disks, and it has no child.
func TestIntegrationCalm(t *testing.T) {
	path := program(t)
	looked := 0
	r := started(t, path, nil, func(p *os.Process, line string) {
		if !strings.HasPrefix(line, "window") || looked > 0 {
			return
		}
		looked++
		defer func() { _ = p.Signal(syscall.SIGTERM) }()
		tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.Pid))
		if err != nil || len(tasks) == 0 {
			t.Errorf("threads: %v, %v", tasks, err)
		}
		for _, task := range tasks {
			tid, _ := strconv.Atoi(task.Name())
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/stat", p.Pid, tid))
			if err != nil {
				continue // it has ended
			}
			_, rest, _ := strings.Cut(string(stat), ") ")
			if f := strings.Fields(rest); len(f) < 17 || f[16] != "19" { // the 19th of all, proc_pid_stat(5)
				t.Errorf("thread %d has the nice value %v", tid, f)
			}
			// ioprio_get(2), IOPRIO_WHO_PROCESS; the class is in the upper bits, 3 is idle
			if prio, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, 1, uintptr(tid), 0); errno != 0 || prio>>13 != 3 {
				t.Errorf("thread %d has the I/O priority %#x, %v", tid, prio, errno)
			}
			if children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", p.Pid, tid)); err == nil && len(children) > 0 {
				t.Errorf("thread %d has children: %s", tid, children)
			}
		}
	}, "--window", "1m", "--no-docker")
	r.whole(t, codeInterrupted)
	if looked == 0 {
		t.Errorf("it never came to its window:\n%s", r.said)
	}
}

// A quick capture is done within ten seconds, also when the daemon hangs, and says what it left out.
func TestIntegrationQuick(t *testing.T) {
	path := program(t)
	r := take(t, path, nil, "--quick")
	r.whole(t, codeOK, codePartial)
	if got := r.outcome("dns_query", r.rows["netns"][0]["netns"].(string)); !strings.HasPrefix(got, "skipped: not asked for: --quick") {
		t.Errorf("names: %q", got)
	}
	if w := r.meta.Window; w <= 0 || w > capture.QuickDeadline.Seconds() {
		t.Errorf("the window was %v s", w)
	}
	if !strings.Contains(r.said, "left out  ") || !strings.Contains(r.docs["SUMMARY.txt"], "Left out, not asked for: ") || !strings.Contains(r.docs["SUMMARY.txt"], "dns") {
		t.Errorf("it does not say what it left out:\n%s\n%s", r.said, r.docs["SUMMARY.txt"])
	}
	t.Logf("took %s", r.took.Round(time.Millisecond))
}

// tool runs a program with a text as its input, or skips.
func tool(t *testing.T, input string, name string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("needs %s", name)
	}
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("%s: %v: %.300s", name, err, out)
	}
}

// TestIntegrationHugeNamespace captures a namespace of moby#52661: 50,000 FDB entries and 48,000 neighbours. All of them
// are in the bundle, and memory stays within what --max-memory allows by default. With less the bundle is cut short, and
// is whole all the same.
func TestIntegrationHugeNamespace(t *testing.T) {
	path := program(t)
	ns, pid := netnsOf(t)
	net := fmt.Sprintf("--net=/proc/%d/ns/net", pid)
	const fdb, neigh = 50_000, 48_000
	var b, n strings.Builder
	mac := func(i int) string { return fmt.Sprintf("02:42:%02x:%02x:%02x:%02x", i>>24, i>>16&255, i>>8&255, i&255) }
	for i := range fdb {
		fmt.Fprintf(&b, "fdb add %s dev vx0 dst 192.0.2.%d self permanent\n", mac(i), i%250+1)
	}
	for i := range neigh {
		fmt.Fprintf(&n, "neigh add 10.%d.%d.%d lladdr %s dev vx0 nud permanent\n", 1+i>>16, i>>8&255, i&255, mac(i))
	}
	tool(t, "", "nsenter", net, "ip", "link", "add", "vx0", "up", "type", "vxlan", "id", "4097", "dstport", "4789")
	tool(t, b.String(), "nsenter", net, "bridge", "-batch", "-")
	tool(t, n.String(), "nsenter", net, "ip", "-batch", "-")

	r := take(t, path, nil, "--window", "300ms", "--no-docker")
	r.whole(t, codeOK, codePartial)
	for table, want := range map[string]int{"fdb": fdb, "neighbour": neigh} {
		have := 0
		for _, row := range r.rows[table] {
			if state, _ := row["state"].(string); row["netns"] == ns && strings.Contains(state, "permanent") && row["dev"] == "vx0" {
				have++
			}
		}
		if have < want || r.outcome(table, ns) != "ok: " {
			t.Errorf("%s: %d rows of %d, %q", table, have, want, r.outcome(table, ns))
		}
	}
	t.Logf("resident at most %d MB, took %s", r.resident>>20, r.took.Round(time.Millisecond))
	if r.resident > capture.DefaultMaxMemory {
		t.Errorf("%d MB were resident, the bound is %d MB", r.resident>>20, capture.DefaultMaxMemory>>20)
	}

	r = take(t, path, nil, "--window", "300ms", "--no-docker", "--max-memory", "32M")
	t.Logf("with 32 MB: resident at most %d MB, code %d, %s", r.resident>>20, r.code, r.meta.Interrupted)
	r.whole(t, codePartial)
	if !strings.Contains(r.meta.Interrupted, "memory limit of 32MiB") || !strings.Contains(r.said, "memory limit") {
		t.Errorf("interrupted %q; it said:\n%s", r.meta.Interrupted, r.said)
	}
	if r.resident > 2*capture.LeastMaxMemory {
		t.Errorf("%d MB were resident, the bound was 32 MB", r.resident>>20)
	}

	r = take(t, path, nil, "--window", "300ms", "--no-docker", "--max-size", "1M")
	r.whole(t, codeOK, codePartial)
	t.Logf("with a bundle of 1 MB: %q", r.outcome("fdb", ns))
}

// TestIntegrationManyNamespaces captures 500 namespaces in the memory that DESIGN.md gives it.
func TestIntegrationManyNamespaces(t *testing.T) {
	path := program(t)
	for range 500 {
		netnsOf(t)
	}
	r := take(t, path, nil, "--window", "300ms", "--no-docker")
	r.whole(t, codeOK, codePartial)
	if n := len(r.rows["netns"]); n < 500 {
		t.Errorf("%d namespaces", n)
	}
	t.Logf("resident at most %d MB, took %s", r.resident>>20, r.took.Round(time.Millisecond))
	if r.resident > 64<<20 {
		t.Errorf("%d MB were resident", r.resident>>20)
	}
}
