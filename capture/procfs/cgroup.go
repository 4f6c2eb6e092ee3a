package procfs

import (
	"bytes"
	"strings"
)

// A Cgroup is one line of /proc/PID/cgroup (cgroups(7)).
type Cgroup struct {
	Controllers string // of a version 1 hierarchy, comma separated, or name=…; empty for version 2
	Path        string // relative to the root of the reader's cgroup namespace
}

// ParseCgroups reads /proc/PID/cgroup. A group that was removed under a zombie has " (deleted)" behind its path, which is
// left out.
func ParseCgroups(text []byte) []Cgroup {
	var out []Cgroup
	for line := range bytes.Lines(text) {
		f := strings.SplitN(strings.TrimSuffix(string(line), "\n"), ":", 3)
		if len(f) != 3 || !strings.HasPrefix(f[2], "/") {
			continue
		}
		out = append(out, Cgroup{f[1], strings.TrimSuffix(f[2], " (deleted)")})
	}
	return out
}

// PathOf is the path that tells most of where a process belongs: that of version 2 unless it is the root, else of the
// memory controller, else of systemd's own hierarchy, else of the first that is not the root.
func PathOf(groups []Cgroup) string {
	path := ""
	rank := 0
	for _, g := range groups {
		r := 2
		switch {
		case g.Path == "/":
			r = 1
		case g.Controllers == "":
			r = 5
		case strings.Contains(","+g.Controllers+",", ",memory,"):
			r = 4
		case g.Controllers == "name=systemd":
			r = 3
		}
		if r > rank {
			path, rank = g.Path, r
		}
	}
	return path
}

// A Figure is one entry of a cgroup file: a number, or a text if it is none. max is the text for unlimited.
type Figure struct {
	Key    string   // empty for a file that is one value
	Number *float64 // nil for a text
	Text   string   // what is no number, as written
}

// ParseFigures reads a cgroup file in any of its forms (Documentation/admin-guide/cgroup-v2.rst, Format): one value, two
// values of cpu.max, lines of "key value", lines of "key sub=value sub=value". A nested key becomes key.sub.
func ParseFigures(text []byte) []Figure {
	var out []Figure
	lines := bytes.Split(bytes.TrimRight(text, "\n"), []byte{'\n'})
	for _, line := range lines {
		f := strings.Fields(string(line))
		switch {
		case len(f) == 0:
		case len(f) == 1:
			out = append(out, figure("", f[0]))
		case strings.Contains(f[1], "="):
			for _, p := range f[1:] {
				if sub, value, ok := strings.Cut(p, "="); ok {
					out = append(out, figure(f[0]+"."+sub, value))
				}
			}
		default:
			out = append(out, figure(f[0], f[1]))
		}
	}
	return out
}

func figure(key, value string) Figure {
	if n, ok := decimal(value); ok {
		return Figure{Key: key, Number: &n}
	}
	return Figure{Key: key, Text: value}
}
