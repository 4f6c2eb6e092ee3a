package capture

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Inodes of the first namespaces (linux/proc_ns.h); every other one has a greater number.
const (
	firstUserNS = 0xEFFFFFFD
	firstPIDNS  = 0xEFFFFFFC
)

// Examine says what a capture with these options would miss here, and why. It reads what a capture reads before its first
// collector, and writes nothing.
func Examine(ctx context.Context, o Options) ([]Check, error) {
	o = o.withDefaults()
	calm()
	h := &Host{Options: o}
	row, err := readHost(o)
	if row.Hostname == "" {
		return nil, fmt.Errorf("read what the host says of itself: %w", err)
	}
	f := &findings{priv: readPrivileges(), root: strings.TrimSuffix(o.Root, "/"), noDocker: o.NoDocker, kernel: row.Kernel, maxMemory: o.MaxMemory, available: -1}
	f.container = inContainer()
	if h.Modules, _ = readModules(o, row.Kernel); h.Modules != nil { // one that cannot be read has no names
		f.sealed, f.modules = h.Modules.sealed, h.Modules.names
	}
	if err := discover(ctx, h); err != nil {
		return nil, err
	}
	if h.own != nil {
		defer h.own.Close()
	}
	f.netns, f.hidden = len(h.Netns), h.discovery.denied
	f.hostPIDs = f.firstPIDs(o)
	f.initNet = unix.Stat(o.proc()+"/1/ns/net", new(unix.Stat_t))
	f.hidepid = hidePID(o)
	f.enter = tryEnter(ctx, h)
	if !o.NoDocker {
		f.askDocker(ctx, o)
	}
	_, f.output = NewOutput("", false, os.Stdout)
	var lim unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &lim) == nil {
		f.files = lim.Cur
	}
	f.memory()
	return f.judge(), nil
}

// readPrivileges reads what this process may do.
func readPrivileges() Privileges {
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		return Privileges{UID: os.Geteuid(), Unknown: true}
	}
	p := parsePrivileges(string(status))
	var st unix.Stat_t
	p.UserNS = unix.Stat("/proc/self/ns/user", &st) == nil && st.Ino != firstUserNS
	// A module other than AppArmor may stand behind the older of the two files.
	if a, err := os.ReadFile("/proc/self/attr/apparmor/current"); err == nil {
		p.AppArmor = strings.TrimSpace(string(a))
	}
	return p
}

// inContainer reports whether this process seems to run in a container: by the marks that engines leave in its root
// directory, and by its cgroup.
func inContainer() bool {
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if unix.Access(mark, unix.F_OK) == nil {
			return true
		}
	}
	cgroup, err := os.ReadFile("/proc/self/cgroup")
	return err == nil && containerOfCgroup(cgroup) != ""
}

// firstPIDs reports whether the processes that are seen are those of the first PID namespace: by process 1 if we may look
// at it, else by ourselves.
func (f *findings) firstPIDs(o Options) bool {
	for _, path := range []string{o.proc() + "/1/ns/pid", "/proc/self/ns/pid"} {
		var st unix.Stat_t
		if unix.Stat(path, &st) == nil {
			return st.Ino == firstPIDNS
		}
	}
	return true // nothing says otherwise
}

// hidePID is the option of the mounted procfs that hides processes of others, empty for none (proc(5)).
func hidePID(o Options) string {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		fields, rest, found := strings.Cut(strings.TrimSpace(line), " - ")
		f, r := strings.Fields(fields), strings.Fields(rest)
		if !found || len(f) < 5 || len(r) < 3 || r[0] != "proc" || unescapeMount(f[4]) != o.proc() {
			continue
		}
		for opt := range strings.SplitSeq(r[2], ",") {
			if v, is := strings.CutPrefix(opt, "hidepid="); is && v != "0" && v != "off" {
				return opt
			}
		}
	}
	return ""
}

// tryEnter enters the namespace of the host or, if there is one, another, with a thread that is thrown away.
func tryEnter(ctx context.Context, h *Host) error {
	ns := h.Netns[len(h.Netns)-1]
	return ns.Do(ctx, func() error { return nil })
}

// askDocker asks the daemon for its version of the API, and nothing else.
func (f *findings) askDocker(ctx context.Context, o Options) {
	f.socket = defaultSocket(o)
	d, err := newDocker(o)
	if err == nil {
		f.socket = strings.TrimPrefix(d.host, "unix://")
		err = d.negotiate(ctx)
		d.close()
	}
	f.docker = err
	if err != nil {
		f.dockerd = processNamed(o, "dockerd")
	}
}

// memory reads what is available, and the bound of our own cgroup.
func (f *findings) memory() {
	if info, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if w := strings.Fields(line); len(w) > 1 && w[0] == "MemAvailable:" {
				if kb, err := strconv.ParseInt(w[1], 10, 64); err == nil {
					f.available = kb << 10
				}
			}
		}
	}
	cgroup, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(cgroup)) {
		w := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(w) != 3 {
			continue
		}
		for _, path := range []string{"/sys/fs/cgroup" + w[2] + "/memory.max", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory" + w[2] + "/memory.limit_in_bytes"} {
			if n, err := strconv.ParseInt(firstLine(path), 10, 64); err == nil && n > 0 && n < 1<<50 { // version 1 says none with a huge number
				f.cgroup = n
				return
			}
		}
	}
}
