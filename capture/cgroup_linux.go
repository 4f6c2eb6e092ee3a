package capture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// Bounds on the table cgroup_stat.
const (
	mostCgroupDirs  = 20_000 // groups that are looked at to find containers
	mostCgroupDepth = 10
	mostFullCgroups = 500 // groups of which all files are read; of the others the essential ones
	mostCgroups     = 3000
)

var cgroupCollector = &Collector{
	Name: "cgroup",
	Doc: "Figures of cgroups, versions 1 and 2: of containers, of the groups above them, of those at the top, and of dockerd's and containerd's own; " +
		"found in the host's cgroup file systems, without the daemon.",
	Needs: "none: everybody may read these files",
	Effects: "memory.stat and cpu.stat make the kernel add up what its processors have counted apart, as every monitor of containers does; " +
		"files that act when they are read or written (memory.reclaim, cgroup.kill) are not touched.",
	Since:    "0.2.0",
	Tables:   []string{"cgroup_stat"},
	Volatile: true,
	Deadline: 20 * time.Second,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		text, err := os.ReadFile("/proc/self/mountinfo")
		if err != nil {
			return fmt.Errorf("find the cgroup file systems: %w", err)
		}
		mounts := cgroupMounts(text, h.Options.Root)
		if len(mounts) == 0 {
			return &Incomplete{schema.Absent, "no whole cgroup file system of the host is mounted here"}
		}
		l := &cgroupLook{patience: patience{limit: procPatience, most: mostGivenUp}, sink: s}
		defer l.patience.end()
		for _, m := range mounts {
			if err := l.hierarchy(ctx, m); err != nil {
				return errors.Join(err, l.gaps())
			}
		}
		return l.gaps()
	},
}

// cgroupLook is one look at all groups.
type cgroupLook struct {
	patience patience
	sink     *Sink
	full     map[string]bool // groups of which all is read, by path: the same ones in each hierarchy
	dirs     int             // groups looked at
	missed   int             // groups not looked at
	left     int             // wanted groups that were left out
	brief    int             // groups of which only the essential files were read
	held     int             // groups whose reading was held up
	unread   int             // files that are there and could not be read
	why      error
}

// hierarchy reads one hierarchy.
func (l *cgroupLook) hierarchy(ctx context.Context, m cgroupMount) error {
	files := cgroup2Files
	if m.version == "1" {
		files = nil
		for _, c := range m.controllers {
			files = append(files, cgroup1Files[c]...)
		}
	}
	w := &cgroupWalk{} // not of l: its thread may be given up
	if err := l.patience.try(ctx, func([]byte) error { return w.walk(ctx, m.point, "/", 0) }); err != nil {
		if !errors.Is(err, errGivenUp) {
			return err
		}
		l.held++
		return nil
	}
	groups := w.groups
	l.dirs += w.dirs
	l.missed += w.missed
	if l.unread += w.unread; w.why != nil {
		l.why = w.why
	}
	if len(groups) > mostCgroups {
		// Containers first.
		slices.SortStableFunc(groups, func(a, b string) int { return rankCgroup(a) - rankCgroup(b) })
		l.left += len(groups) - mostCgroups
		groups = groups[:mostCgroups]
	}
	if l.full == nil {
		l.full = map[string]bool{}
	}
	for _, g := range groups {
		if len(l.full) < mostFullCgroups {
			l.full[g] = true
		}
	}
	for _, g := range groups {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := l.group(ctx, m, g, files); err != nil {
			return err
		}
	}
	return nil
}

func rankCgroup(group string) int {
	if containerOfBase(group) != "" {
		return 0
	}
	return 1
}

// containerOfBase is the container that a group is the outermost one of: one of a container's own groups is not.
func containerOfBase(group string) string { return lastContainer(path.Base(group)) }

// cgroupWalk looks for the groups of one hierarchy that are wanted.
type cgroupWalk struct {
	groups []string // those above a container follow it
	dirs   int
	missed int // not looked into: too many, or too deep
	unread int
	why    error
}

// walk looks at dir, which is the group rel of its hierarchy, and at all below it.
func (w *cgroupWalk) walk(ctx context.Context, dir, rel string, depth int) error {
	if w.dirs >= mostCgroupDirs || depth > mostCgroupDepth {
		w.missed++
		return nil
	}
	w.dirs++
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f, err := os.Open(dir)
	if err != nil {
		if depth == 0 {
			return err
		}
		if !errors.Is(err, fs.ErrNotExist) { // else it was removed since
			w.unread, w.why = w.unread+1, err
		}
		return nil
	}
	entries, _ := f.ReadDir(-1) // what is left of a group that is removed meanwhile
	f.Close()
	before := len(w.groups)
	for _, e := range entries {
		if e.IsDir() {
			if err := w.walk(ctx, dir+"/"+e.Name(), path.Join(rel, e.Name()), depth+1); err != nil {
				return err
			}
		}
	}
	container := slices.ContainsFunc(w.groups[before:], func(g string) bool { return containerOfBase(g) != "" })
	if depth <= 1 || container || containerOfBase(rel) != "" || isDaemonUnit(path.Base(rel)) {
		w.groups = append(w.groups, rel)
	}
	return nil
}

// isDaemonUnit reports whether a group is that of Docker's daemon or of containerd, as systemd names it.
func isDaemonUnit(base string) bool {
	return base == "docker.service" || base == "containerd.service" || strings.HasPrefix(base, "snap.docker.")
}

// group reads the files of one group.
func (l *cgroupLook) group(ctx context.Context, m cgroupMount, group string, files []cgroupFile) error {
	brief := !l.full[group]
	var rows []schema.CgroupStat // these three are not touched after the thread was given up
	var unread int
	var why error
	err := l.patience.try(ctx, func(room []byte) error {
		fd, err := unix.Open(m.point+group, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		d := pidDir{fd, room}
		defer d.close()
		like := schema.CgroupStat{Container: containerOfBase(group), Cgroup: group, CgroupVersion: m.version}
		for _, f := range files {
			if brief && !f.essential {
				continue
			}
			text, err := d.read(f.name)
			switch {
			case err == nil:
				rows = append(rows, f.figures(text, like)...)
			case errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EOPNOTSUPP):
				// The controller is off here, the kernel is older, or the group is gone.
			default:
				unread, why = unread+1, fmt.Errorf("read %s of %s: %w", f.name, group, err)
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, errGivenUp):
		if l.held++; l.patience.lost >= l.patience.most {
			return &Incomplete{schema.Timeout, fmt.Sprintf("ended at group %s: %v", group, err)}
		}
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return nil // removed since
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		unread, why = 1, err
	}
	if brief {
		l.brief++
	}
	if l.unread += unread; why != nil {
		l.why = why
	}
	for i := range rows {
		if err := l.sink.Put(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// gaps sums up what is missing, nil if nothing is.
func (l *cgroupLook) gaps() error {
	var say []string
	o := schema.OK
	if l.held > 0 {
		o = schema.Partial
		say = append(say, fmt.Sprintf("the kernel held up the reading of %d groups", l.held))
	}
	if l.unread > 0 {
		o = schema.Partial
		if errors.Is(l.why, fs.ErrPermission) {
			o = schema.Denied
		}
		say = append(say, fmt.Sprintf("%d files could not be read: %v", l.unread, l.why))
	}
	if l.left > 0 || l.missed > 0 {
		if o == schema.OK {
			o = schema.Truncated
		}
		say = append(say, fmt.Sprintf("%d groups left out; %d were looked at and %d were not", l.left, l.dirs, l.missed))
	}
	if l.brief > 0 {
		if o == schema.OK {
			o = schema.Truncated
		}
		say = append(say, fmt.Sprintf("of %d groups only the essential files", l.brief))
	}
	if o == schema.OK {
		return nil
	}
	return &Incomplete{o, strings.Join(say, "; ")}
}
