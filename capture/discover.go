package capture

import (
	"bufio"
	"bytes"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// discovery is what there is to say of the search for namespaces, beside those that it found.
type discovery struct {
	outcome outcome           // of the search as a whole
	stale   []schema.Coverage // files where a namespace should be and is none
	denied  int               // processes that did not let us see theirs
}

// nsMount is one bind mount of a network namespace.
type nsMount struct {
	path string // in the mount namespace of the mountinfo
	ino  uint64
}

// parseMountinfo returns the network namespaces among the mounts (proc_pid_mountinfo(5)): those of type nsfs whose root
// within it is net:[inode].
func parseMountinfo(text []byte) []nsMount {
	var out []nsMount
	sc := bufio.NewScanner(bytes.NewReader(text))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		fields, rest, ok := strings.Cut(sc.Text(), " - ")
		if !ok || !strings.HasPrefix(rest, "nsfs ") {
			continue
		}
		f := strings.Fields(fields)
		if len(f) < 5 {
			continue
		}
		digits, ok := strings.CutPrefix(f[3], "net:[")
		if !ok {
			continue
		}
		if ino, err := strconv.ParseUint(strings.TrimSuffix(digits, "]"), 10, 64); err == nil {
			out = append(out, nsMount{path: unescapeMount(f[4]), ino: ino})
		}
	}
	return out
}

// unescapeMount undoes the octal escapes of mountinfo: \040 is a space.
func unescapeMount(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// containerInPath finds a container's full id in the path of a cgroup: docker/<id>, docker-<id>.scope, cri-…-<id>.scope,
// libpod-<id>.scope, by either cgroup driver. The last one counts: a container within a container is the inner one.
var containerInPath = regexp.MustCompile(`(?:^|[/-])([0-9a-f]{64})(?:\.scope)?(?:/|$)`)

// containerOfCgroup returns the container that /proc/PID/cgroup names, of cgroup version 1, 2 or both; empty for none.
func containerOfCgroup(text []byte) string {
	for line := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3) // id:controllers:path
		if len(f) != 3 {
			continue
		}
		if id := lastContainer(f[2]); id != "" {
			return id
		}
	}
	return ""
}

// lastContainer is the last container id in a cgroup's path. Two ids may share the slash between them, so each is looked
// for from behind.
func lastContainer(p string) string {
	parts := strings.Split(p, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if m := containerInPath.FindStringSubmatch(parts[i]); m != nil {
			return m[1]
		}
	}
	return ""
}

// The file names that libnetwork gives to its namespaces (osl.GenerateKey): 12 characters in all, except ingress_sbox,
// which happens to have 12, too.
var (
	overlayName = regexp.MustCompile(`^[0-9]+-([0-9a-z]+)$`)
	sandboxName = regexp.MustCompile(`^[0-9a-f]{12}$`)
)

// nameNetns fills Kind, Name and Network from the file name of a bind mount in Docker's directory of namespaces.
func nameNetns(n *schema.Netns, mount string) {
	name := path.Base(mount)
	n.Name, n.Path = name, mount
	if !strings.HasSuffix(path.Dir(mount), "/docker/netns") {
		return
	}
	switch m := overlayName.FindStringSubmatch(name); {
	case name == "ingress_sbox":
		n.Kind = schema.NetnsIngress
	case strings.HasPrefix(name, "lb_"):
		n.Kind, n.Network = schema.NetnsLB, strings.TrimPrefix(name, "lb_")
	case m != nil && len(name) == 12:
		n.Kind, n.Network = schema.NetnsOverlay, m[1]
	case sandboxName.MatchString(name):
		n.Kind = schema.NetnsContainer
	}
}

// kindOrder is the order in which namespaces are listed.
var kindOrder = []string{
	schema.NetnsHost, schema.NetnsIngress, schema.NetnsOverlay, schema.NetnsLB, schema.NetnsContainer, schema.NetnsOther,
}
