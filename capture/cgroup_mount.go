package capture

import (
	"bytes"
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// cgroupMount is one mounted hierarchy of cgroups.
type cgroupMount struct {
	version     string   // 1 or 2
	controllers []string // of version 1
	point       string   // as this process can open it
}

// cgroupMounts finds the hierarchies among mounts (proc_pid_mountinfo(5)): of version 2, and for each controller of
// version 1, the mount with the shortest path below root, which stands for the host's own. A mount that shows only a part
// of its hierarchy, as a container's may, is none of them: its root is a path, other than one of steps up, which is how the
// whole is called from inside a cgroup namespace.
func cgroupMounts(mountinfo []byte, root string) []cgroupMount {
	var all []cgroupMount
	for line := range bytes.Lines(mountinfo) {
		before, after, ok := strings.Cut(strings.TrimSpace(string(line)), " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 5 || len(g) < 3 || g[0] != "cgroup" && g[0] != "cgroup2" {
			continue
		}
		m := cgroupMount{version: "2", point: unescapeMount(f[4])}
		if part := strings.Trim(strings.ReplaceAll(f[3], "..", ""), "/"); part != "" || !belowRoot(m.point, root) {
			continue
		}
		if g[0] == "cgroup" {
			m.version = "1"
			for _, opt := range strings.Split(g[2], ",") {
				if slices.Contains(cgroupControllers, opt) {
					m.controllers = append(m.controllers, opt)
				}
			}
			if m.controllers == nil {
				continue // systemd's own, or one that is not read
			}
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b cgroupMount) int {
		return cmp.Or(cmp.Compare(b.version, a.version), cmp.Compare(len(a.point), len(b.point)))
	})
	seen := map[string]bool{}
	var out []cgroupMount
	for _, m := range all {
		key := m.version + strings.Join(m.controllers, ",")
		if !seen[key] {
			seen[key] = true
			out = append(out, m)
		}
	}
	return out
}

// belowRoot reports whether a path is root or below it.
func belowRoot(path, root string) bool {
	root = filepath.Clean("/" + root)
	return root == "/" || path == root || strings.HasPrefix(path, root+"/")
}

// cgroupControllers are those of version 1 that are read.
var cgroupControllers = []string{"memory", "cpu", "cpuacct", "pids", "cpuset", "blkio"}
