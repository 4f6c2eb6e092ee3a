package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/capture/procfs"
	"github.com/netmortem/netmortem/schema"
)

// mostTargets bounds the processes that are looked at.
const mostTargets = 2000

// coreTarget says for each container where a core would go.
var coreTarget = &Collector{
	Name: "core_target",
	Doc: "where the core of each container's first process, of dockerd and of containerd would go: core_pattern and core_uses_pid, and of the process " +
		"limits, status, coredump_filter, cwd and mountinfo; the directory as the process sees it, and the space there",
	Needs: "root or CAP_SYS_PTRACE to look into the mount namespaces of others' processes",
	Effects: "None: a directory is opened with O_PATH, below the process's root and never out of it. A file system that is not known to be local is " +
		"not touched, because it could hang or mount something.",
	Since:    "0.2.0",
	Tables:   []string{"core_target"},
	Deadline: DefaultItemDeadline * 2,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		pattern, err := h.corePattern()
		if err != nil {
			return err
		}
		all, err := h.crashable(ctx)
		if len(all) == 0 && err != nil {
			return err
		}
		handler := h.handlerFound(pattern)
		p := &patience{limit: defaultGrace, most: 3}
		defer p.end()
		var firstErr error
		for i, k := range all {
			if i == mostTargets {
				return &Incomplete{schema.Truncated, fmt.Sprintf("only the first %d of %d processes", mostTargets, len(all))}
			}
			row := &schema.CoreTarget{
				PID: int64(k.pid), Comm: k.comm, Container: k.container, Kind: pattern.kind, Pattern: pattern.text,
				Handler: pattern.handler, HandlerFound: handler,
			}
			full := *row // f may still be at work when it has been given up
			err := p.try(ctx, func([]byte) error { return h.describeTarget(k.pid, pattern, &full) })
			switch {
			case err == nil:
				row = &full
			case errors.Is(err, errGivenUp), ctx.Err() != nil, errors.Is(err, os.ErrPermission):
				firstErr = firstError(firstErr, err)
			case hasEnded(err):
				continue
			default:
				row, firstErr = &full, firstError(firstErr, err)
			}
			if err := s.Put(row); err != nil {
				return err
			}
		}
		return firstError(err, firstErr)
	},
}

// corePattern is the host's: there is one for all.
func (h *Host) corePattern() (corePattern, error) {
	text, err := os.ReadFile(h.Path("/proc/sys/kernel/core_pattern"))
	if err != nil {
		return corePattern{}, fmt.Errorf("read core_pattern: %w", err)
	}
	return parseCorePattern(string(text), firstLine(h.Path("/proc/sys/kernel/core_uses_pid")) == "1"), nil
}

// crashable are the processes that are asked about: the first one of each container, and the daemons.
func (h *Host) crashable(ctx context.Context) ([]*knownProcess, error) {
	all, err := h.known(ctx)
	var out []*knownProcess
	at := map[string]int{} // by container, in out
	for _, k := range all {
		if k.zombie || k.kernel || k.pid == os.Getpid() {
			continue
		}
		if k.container == "" {
			if k.comm == "dockerd" || k.comm == "containerd" {
				out = append(out, k)
			}
			continue
		}
		i, known := at[k.container]
		switch {
		case !known:
			at[k.container] = len(out)
			out = append(out, k)
		case k.first && !out[i].first: // without a pid namespace of its own the oldest stands for it
			out[i] = k
		}
	}
	return out, err
}

// handlerFound says whether the program of a pipe can be run: in the host's own namespaces, whoever crashes.
func (h *Host) handlerFound(p corePattern) *bool {
	if p.kind != corePipe {
		return nil
	}
	found := false
	if name, err := h.Options.resolve(p.handler); err == nil && p.handler != "" {
		st, err := os.Stat(h.Path(name))
		found = err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0
	}
	return &found
}

// describeTarget fills in what the process itself decides.
func (h *Host) describeTarget(pid int, p corePattern, row *schema.CoreTarget) error {
	proc := h.Options.proc() + "/" + strconv.Itoa(pid)
	text, err := os.ReadFile(proc + "/limits")
	if err != nil {
		return err
	}
	limits := procfs.ParseLimits(text)
	row.LimitSoft, row.LimitHard = limits.Core.Soft, limits.Core.Hard
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		return err
	}
	who := parseCredentials(string(status))
	row.Memory = who.rss
	row.Filter = firstLine(proc + "/coredump_filter")
	if p.kind != coreAbsolute && p.kind != coreRelative {
		return nil
	}
	cwd := "/"
	if p.kind == coreRelative {
		if cwd, err = os.Readlink(proc + "/cwd"); err != nil {
			return fmt.Errorf("working directory: %w", err)
		}
	}
	row.Path = p.in(cwd)
	dir, whole := dirOf(row.Path)
	row.HostPath = "/proc/" + strconv.Itoa(pid) + "/root" + dir
	info, err := os.ReadFile(proc + "/mountinfo")
	if err != nil {
		return fmt.Errorf("mounts: %w", err)
	}
	mounts, _ := parseMounts(info)
	at := mountOf(mounts, dir)
	if at < 0 {
		return nil // it was moved out of its root: there is nothing to say
	}
	m := &mounts[at]
	layer := row.Container != "" && m.MountPoint == "/" && m.FSType == "overlay"
	row.FSType, row.Mount, row.ReadOnly, row.Layer = m.FSType, m.MountPoint, &m.ReadOnly, &layer
	if why := noStatfs(mounts, at); why != "" {
		return nil
	}
	return lookAtDir(proc, dir, whole, who, row)
}

// lookAtDir looks at the directory as the process sees it.
func lookAtDir(proc, dir string, whole bool, who credentials, row *schema.CoreTarget) error {
	root, err := unix.Open(proc+"/root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open its root: %w", err)
	}
	defer unix.Close(root)
	fd, err := openIn(root, dir, unix.O_PATH)
	found := err == nil
	if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
		return err
	}
	if whole || !found {
		row.DirFound = &found
	}
	if !found {
		return nil
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("stat %s: %w", dir, err)
	}
	may := who.mayWrite(&st)
	row.Writable = &may
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return fmt.Errorf("statfs %s: %w", dir, err)
	}
	free := int64(fs.Bavail) * int64(fs.Frsize)
	if fs.Frsize == 0 {
		free = int64(fs.Bavail) * int64(fs.Bsize)
	}
	readOnly := *row.ReadOnly || fs.Flags&unix.ST_RDONLY != 0
	row.FreeBytes, row.ReadOnly = &free, &readOnly
	return nil
}

// credentials are what decides whether a process may make a file.
type credentials struct {
	uid, gid uint32 // of the file system
	groups   []uint32
	override bool // CAP_DAC_OVERRIDE
	rss      *int64
}

// parseCredentials reads /proc/PID/status (proc_pid_status(5)).
func parseCredentials(status string) (c credentials) {
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		f := strings.Fields(value)
		id := func(i int) uint32 {
			if i >= len(f) {
				return 0
			}
			n, _ := strconv.ParseUint(f[i], 10, 32)
			return uint32(n)
		}
		switch key {
		case "Uid": // real, effective, saved, file system
			c.uid = id(3)
		case "Gid":
			c.gid = id(3)
		case "Groups":
			for i := range f {
				c.groups = append(c.groups, id(i))
			}
		case "CapEff":
			if n, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64); err == nil {
				c.override = n&(1<<1) != 0
			}
		case "VmRSS":
			if len(f) > 0 {
				if n, err := strconv.ParseInt(f[0], 10, 64); err == nil {
					n <<= 10
					c.rss = &n
				}
			}
		}
	}
	return c
}

// mayWrite says whether the process may make a file in a directory, by owner, group and mode; access lists are not looked
// at.
func (c credentials) mayWrite(dir *unix.Stat_t) bool {
	if c.override {
		return true
	}
	need := uint32(0o3) // write and search
	switch {
	case dir.Uid == c.uid:
		need <<= 6
	case dir.Gid == c.gid || slices.Contains(c.groups, dir.Gid):
		need <<= 3
	}
	return uint32(dir.Mode)&need == need
}
