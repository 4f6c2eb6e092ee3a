package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// A container's group of every hierarchy that is here is found with the limits that the test set, and so is the process in
// it; a group within it is the container's own affair.
func TestIntegrationCgroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to make a cgroup")
	}
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	id := strings.Repeat("0123456789abcdef", 4)
	parent := fmt.Sprintf("/netmortem-test-%d", os.Getpid())
	group := parent + "/docker-" + id + ".scope"
	set := map[string]string{"pids.max": "33", "memory.max": "67108864", "memory.limit_in_bytes": "67108864"}
	pid := child(t, exec.Command("sleep", "100"))
	files := map[string]bool{}
	for _, m := range cgroupMounts(text, "") {
		dir := m.point + group
		if err := errors.Join(os.MkdirAll(dir+"/inner", 0o755)); errors.Is(err, fs.ErrPermission) || err != nil && strings.Contains(err.Error(), "read-only") {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			// The process leaves before its group goes.
			_ = os.WriteFile(m.point+"/cgroup.procs", []byte(fmt.Sprint(pid)), 0)
			for _, d := range []string{dir + "/inner", dir, m.point + parent} {
				for end := time.Now().Add(5 * time.Second); os.Remove(d) != nil && time.Now().Before(end); time.Sleep(time.Millisecond) {
				}
			}
		})
		for file, value := range set {
			if os.WriteFile(path.Join(dir, file), []byte(value), 0) == nil {
				files[file] = true
			}
		}
		if err := os.WriteFile(dir+"/cgroup.procs", []byte(fmt.Sprint(pid)), 0); err != nil && !strings.Contains(dir, "cpuset") {
			t.Fatal(err)
		}
	}
	if len(files) == 0 {
		t.Skip("no controller is on for new groups here")
	}
	o := kernelOnly()
	o.Window = time.Millisecond
	_, entries := captureAll(t, t.Context(), o, []*Collector{processCollector, cgroupCollector})

	if p := processOf(t, entries, pid); p.Container != id || p.Cgroup != group {
		t.Errorf("the process is in %q, container %q", p.Cgroup, p.Container)
	}
	seen := map[string]bool{}
	for _, r := range decodeLines[schema.CgroupStat](t, entries["rows/cgroup_stat.jsonl"]) {
		if strings.Contains(r.Cgroup, "inner") {
			t.Errorf("a group of the container's own: %+v", r)
		}
		if r.Cgroup == parent {
			seen["parent"] = true
		}
		if r.Cgroup != group {
			continue
		}
		if r.Container != id || r.Seen != schema.SeenBoth || r.Number == nil && r.Text == "" || r.Number != nil && r.NumberLast == nil {
			t.Errorf("%+v", r)
		}
		seen[r.File] = true
		if want := set[r.File]; want != "" && files[r.File] && (r.Number == nil || fmt.Sprint(int64(*r.Number)) != want) {
			t.Errorf("%s: %+v, want %s", r.File, r, want)
		}
		if r.File == "pids.current" && *r.Number != 1 {
			t.Errorf("%g processes", *r.Number)
		}
	}
	for file := range files {
		if !seen[file] {
			t.Errorf("no row of %s", file)
		}
	}
	if !seen["parent"] {
		t.Error("no row of the group above")
	}
}
