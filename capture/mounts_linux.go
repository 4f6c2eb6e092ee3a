package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// Bounds on mounts.
const (
	mostMountinfo  = 4 << 20 // bytes
	mostMounts     = 1000    // rows
	mostStatfs     = 200
	mountPatience  = 2 * time.Second // for one statfs
	mostMountHangs = 2
)

var mountCollector = &Collector{
	Name:  "mount",
	Doc:   "Mounts of the host: /proc/1/mountinfo, verbatim but for secrets, and statfs of local file systems, Docker's root first.",
	Needs: "root or CAP_SYS_PTRACE, to reach the mounts of process 1 from another mount namespace",
	Effects: "statfs and opening a directory could hang on a network file system or trigger an automount: only file systems that are known to be local are asked, by a path " +
		"that leads through no other, each on a thread that is given up after 2 s; the second one that is given up ends it.",
	Since:    "0.2.0",
	Tables:   []string{"mount"},
	Docs:     []string{"proc/mountinfo"},
	Deadline: 15 * time.Second,
	Run:      readMounts,
}

func readMounts(ctx context.Context, h *Host, s *Sink) error {
	const doc = "proc/mountinfo"
	text, whole, err := h.Options.readHostFile("/proc/1/mountinfo", mostMountinfo)
	if err != nil {
		s.coverFile(doc, "/proc/1/mountinfo", err)
		return fmt.Errorf("read the host's mounts: %w", err)
	}
	clean, masked := maskLines(text)
	if err := s.Document(doc, clean, masked); err != nil {
		return err
	}
	if !whole {
		s.Cover(schema.Coverage{Document: doc, Outcome: schema.Truncated, Reason: fmt.Sprintf("the first %d bytes", mostMountinfo)})
	}
	mounts, bad := parseMounts(text)
	l := &mountLook{h: h, mounts: mounts, stat: statMount, patience: patience{limit: mountPatience, most: mostMountHangs}, seen: map[string]*space{}}
	defer l.patience.end()
	l.places(ctx)
	gaps, left, err := l.put(ctx, s)
	if err != nil {
		return err
	}
	if bad > 0 {
		gaps = append(gaps, fmt.Sprintf("%d lines of mountinfo were not understood", bad))
	}
	switch {
	case len(gaps) > 0:
		return &Incomplete{schema.Partial, strings.Join(gaps[:min(len(gaps), maxReasons)], "; ")}
	case left > 0:
		s.Cover(schema.Coverage{Tbl: "mount", Outcome: schema.OK, Reason: fmt.Sprintf("%d mounts of containers and namespaces are in the document only", left)})
	}
	return nil
}

// put puts the mounts. gaps are what could not be known.
func (l *mountLook) put(ctx context.Context, s *Sink) (gaps []string, left int, err error) {
	order, left := l.order()
	if len(order) > mostMounts {
		gaps = append(gaps, fmt.Sprintf("%d of %d mounts", mostMounts, len(order)))
		order = order[:mostMounts]
	}
	for n, i := range order {
		if ctx.Err() != nil {
			return gaps, left, context.Cause(ctx)
		}
		m := &l.mounts[i]
		if m.NotAsked = noStatfs(l.mounts, i); m.NotAsked == "" && n >= mostStatfs {
			m.NotAsked = fmt.Sprintf("only %d are asked", mostStatfs)
		}
		if m.NotAsked == "" {
			if err := l.ask(ctx, m); err != nil {
				m.NotAsked = maskText(err.Error())
				gaps = append(gaps, m.NotAsked)
			}
		}
		row := *m // mountOf goes on to compare the path as it is
		row.MountPoint, row.Root, row.Source = maskText(m.MountPoint), maskText(m.Root), maskText(m.Source)
		row.FSOptions, row.Options = maskText(m.FSOptions), maskText(m.Options)
		if err := s.Put(&row); err != nil {
			return gaps, left, err
		}
	}
	return gaps, left, nil
}

// maxReasons bounds how many failures of one collector are told.
const maxReasons = 5

// mountLook is the look at the host's mounts.
type mountLook struct {
	h        *Host
	mounts   []schema.Mount
	roots    []string // data roots of Docker and containerd, links followed
	stat     func(*Host, *schema.Mount) (space, error)
	patience patience
	seen     map[string]*space // by device: bind mounts share their file system
}

// space is what statfs said.
type space struct {
	total, free, avail, inodes, inodesFree int64
}

// places finds on which mounts the places are that fill up, or where something lands.
func (l *mountLook) places(ctx context.Context) {
	docker := l.h.dockerRoot()
	places := []string{docker, containerdRoot, "/", "/var", "/var/log", "/run", "/tmp", "/var/lib/systemd/coredump", "/var/crash"}
	if p := l.h.Row.CorePattern; strings.HasPrefix(p, "/") {
		places = append(places, path.Dir(p))
	}
	slices.Sort(places[2:])
	for n, place := range slices.Compact(places) {
		at := l.h.where(ctx, &l.patience, place)
		if n < 2 {
			l.roots = append(l.roots, at)
		}
		i := mountOf(l.mounts, at)
		if i < 0 {
			continue
		}
		m := &l.mounts[i]
		if m.Holds != "" {
			m.Holds += ","
		}
		m.Holds += place
		if place == docker {
			m.DockerRoot = true
		}
	}
}

// where is a path with its links followed, as far as they can be.
func (h *Host) where(ctx context.Context, p *patience, name string) string {
	found := make(chan string, 1)
	err := p.try(ctx, func([]byte) error {
		at, err := h.Options.resolve(name)
		found <- at
		return err
	})
	if err != nil {
		return name
	}
	return <-found
}

// order lists the mounts that become rows: first those that hold a place, then the others as they were mounted; none of
// the file systems that hold no data. left is the number of those of containers and namespaces, which become none.
func (l *mountLook) order() (order []int, left int) {
	for i := range l.mounts {
		switch m := &l.mounts[i]; {
		case m.Holds == "" && ofContainer(m, l.roots):
			left++
		case slices.Contains(kernelFS, m.FSType):
		default:
			order = append(order, i)
		}
	}
	rank := func(m *schema.Mount) int {
		switch {
		case m.DockerRoot:
			return 0
		case m.Holds != "":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(&l.mounts[a]) - rank(&l.mounts[b]) })
	return order, left
}

// ask fills in the space on a mount, and whether Docker's root has types in its directories.
func (l *mountLook) ask(ctx context.Context, m *schema.Mount) error {
	if sp := l.seen[m.Dev]; sp != nil && !m.DockerRoot {
		sp.set(m)
		return nil
	}
	want := *m // the thread may be given up: it reads a copy
	type answer struct {
		sp    space
		dtype *bool
	}
	answers, stat := make(chan answer, 1), l.stat
	err := l.patience.try(ctx, func([]byte) error {
		var a answer
		var err error
		if a.sp, err = stat(l.h, &want); err != nil {
			return err
		}
		if want.DockerRoot {
			a.dtype = directoryTypes(l.h.mountPaths(l.roots[0]))
		}
		answers <- a
		return nil
	})
	if err != nil {
		return fmt.Errorf("statfs of %s: %w", m.MountPoint, err)
	}
	a := <-answers
	l.seen[m.Dev] = &a.sp
	a.sp.set(m)
	m.DType = a.dtype
	return nil
}

func (sp *space) set(m *schema.Mount) {
	m.BytesTotal, m.BytesFree, m.BytesAvail = &sp.total, &sp.free, &sp.avail
	m.InodesTotal, m.InodesFree = &sp.inodes, &sp.inodesFree
}

// mountPaths are the ways to a path of the host: through the root of process 1, in whose mount namespace the mountinfo was
// read, or else as this process sees it.
func (h *Host) mountPaths(name string) []string {
	return []string{h.Options.proc() + "/1/root" + name, h.Path(name)}
}

// errCovered says that a path leads to another file system than the mountinfo has there.
var errCovered = errors.New("another file system is there")

// statMount asks for the space on a mount. The path must lead to its device; btrfs gives each subvolume one of its own.
func statMount(h *Host, m *schema.Mount) (sp space, err error) {
	for _, p := range h.mountPaths(m.MountPoint) {
		var fd int
		// A path descriptor triggers no automount and opens no device.
		if fd, err = unix.Open(p, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0); err != nil {
			continue
		}
		var st unix.Stat_t
		var fs unix.Statfs_t
		if err = unix.Fstat(fd, &st); err == nil {
			err = unix.Fstatfs(fd, &fs)
		}
		unix.Close(fd)
		dev := fmt.Sprintf("%d:%d", unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev)))
		switch {
		case err != nil:
		case dev != m.Dev && m.FSType != "btrfs" && m.FSType != "overlay":
			err = errCovered
		default:
			unit := int64(fs.Frsize)
			if unit == 0 {
				unit = int64(fs.Bsize)
			}
			return space{int64(fs.Blocks) * unit, int64(fs.Bfree) * unit, int64(fs.Bavail) * unit, int64(fs.Files), int64(fs.Ffree)}, nil
		}
	}
	return sp, err
}

// directoryTypes reports whether the entries of a directory tell their type (d_type), which is how moby finds out if a file
// system is fit for overlay2 (fsutils.SupportsDType). nil when there is no entry to tell by.
func directoryTypes(paths []string) *bool {
	for _, p := range paths {
		fd, err := unix.Open(p, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOATIME|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.EPERM) { // not ours: the time of the last access may change
			continue
		}
		if err != nil {
			continue
		}
		buf := make([]byte, 32<<10)
		n, err := unix.Getdents(fd, buf)
		unix.Close(fd)
		if err == nil {
			return entryTypes(buf[:n])
		}
	}
	return nil
}

// entryTypes looks at struct linux_dirent64: inode and offset of 8 bytes, length of 2, type of 1, name.
func entryTypes(b []byte) *bool {
	var all *bool
	for len(b) >= 19 {
		size := int(binary.NativeEndian.Uint16(b[16:]))
		if size < 19 || size > len(b) {
			break
		}
		name := strings.TrimRight(string(b[19:size]), "\x00")
		if i := strings.IndexByte(name, 0); i >= 0 {
			name = name[:i]
		}
		if name != "." && name != ".." {
			known := b[18] != unix.DT_UNKNOWN && (all == nil || *all)
			all = &known
		}
		b = b[size:]
	}
	return all
}

// containerdRoot is where containerd keeps images and layers unless it is told otherwise.
const containerdRoot = "/var/lib/containerd"

// dockerRoot is the daemon's data root by dockerd's command line, its configuration file, or else the default: without
// asking the daemon.
func (h *Host) dockerRoot() string {
	for _, pidFile := range []string{"/run/docker.pid", "/var/run/docker.pid"} {
		pid, _, err := h.Options.readHostFile(pidFile, 32)
		if err != nil {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(pid)))
		if err != nil || n <= 0 {
			continue
		}
		if args, err := readBounded(fmt.Sprintf("%s/%d/cmdline", h.Options.proc(), n), 64<<10); err == nil {
			if root := rootArgument(strings.Split(string(args), "\x00")); root != "" {
				return root
			}
		}
	}
	return configuredRoot(h.Options)
}

// rootArgument is the data root that dockerd was started with, empty for none.
func rootArgument(args []string) string {
	for i, arg := range args {
		name, value, valued := strings.Cut(arg, "=")
		switch name {
		case "--data-root", "--graph", "-g": // graph is its name before 17.05
			if !valued && i+1 < len(args) {
				value = args[i+1]
			}
			if strings.HasPrefix(value, "/") {
				return path.Clean(value)
			}
		}
	}
	return ""
}
