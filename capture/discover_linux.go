package capture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// Bounds of the search.
const (
	mostThreads   = 50_000 // threads looked at beside their processes
	mostMountNs   = 16     // mount namespaces whose mounts are read beside our own
	keptPIDs      = 4      // processes remembered for a namespace
	nsfsMagic     = 0x6e736673
	nsGetType     = 0xb703 // NS_GET_NSTYPE of linux/nsfs.h
	netnsMountDir = "/run/docker/netns"
)

// netnsDirs are where namespaces are mounted by convention: Docker's, and that of ip(8).
var netnsDirs = []string{netnsMountDir, "/var/run/docker/netns", "/run/netns", "/var/run/netns"}

// finder collects namespaces by their device and inode.
type finder struct {
	h       *Host
	found   map[nsKey]*Netns
	files   map[string]bool // bind mounts seen, as the host names them
	denied  int             // processes that did not let us look
	threads int
	mountNs map[uint64]bool
	say     []string // what was left out, and why
}

type nsKey struct {
	dev int64
	ino uint64
}

// discover finds every network namespace that a bind mount or a process keeps alive, without asking dockerd. Those that
// live only by an open file or a socket of a process are not found. The host's own comes first.
//
// An error means that not even the host's namespace could be told.
func discover(ctx context.Context, h *Host) error {
	f := &finder{h: h, found: map[nsKey]*Netns{}, files: map[string]bool{}, mountNs: map[uint64]bool{}}
	host, err := f.hostNetns()
	if err != nil {
		return err
	}
	f.mountsOf("self", "")
	for _, dir := range netnsDirs {
		f.directory(dir)
	}
	f.processes(ctx, host)
	f.finish(host)
	return nil
}

// add returns the namespace of a file, which is new or known.
func (f *finder) add(st *unix.Stat_t) *Netns {
	k := nsKey{int64(st.Dev), st.Ino}
	n := f.found[k]
	if n == nil {
		id := strconv.FormatUint(st.Ino, 10)
		n = &Netns{Host: f.h, Netns: schema.Netns{Netns: id, Dev: k.dev, Kind: schema.NetnsOther, Name: "net:[" + id + "]"}}
		f.found[k] = n
	}
	return n
}

// hostNetns is the namespace of process 1, or our own if that one is closed to us.
func (f *finder) hostNetns() (*Netns, error) {
	var st unix.Stat_t
	path := f.h.Options.proc() + "/1/ns/net"
	err := unix.Stat(path, &st)
	if err != nil {
		f.say = append(f.say, fmt.Sprintf("the namespace of process 1 is closed to us (%v): ours stands for the host's", err))
		// All threads that run this code are in it; /proc/self is only the first of them.
		fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("find our own network namespace: %w", err)
		}
		f.h.own = os.NewFile(uintptr(fd), "our own network namespace")
		path = "/proc/self/fd/" + strconv.Itoa(fd)
		if err := unix.Stat(path, &st); err != nil {
			return nil, fmt.Errorf("find our own network namespace: %w", err)
		}
	}
	n := f.add(&st)
	n.Kind, n.Name = schema.NetnsHost, "host"
	n.mounts = append(n.mounts, path)
	return n, nil
}

// mountsOf adds the namespaces among the mounts of a process. root is where the process's root directory is for us, empty
// if it is ours.
func (f *finder) mountsOf(pid, root string) {
	proc := f.h.Options.proc()
	if pid == "self" {
		proc = "/proc"
	}
	text, err := os.ReadFile(proc + "/" + pid + "/mountinfo")
	if err != nil {
		return // a process that is gone or closed to us
	}
	for _, m := range parseMountinfo(text) {
		f.mount(root+m.path, f.hostPath(m.path, root == ""), m.ino)
	}
}

// hostPath is a path as the host names it.
func (f *finder) hostPath(path string, ours bool) string {
	if root := f.h.Options.Root; ours && root != "" && root != "/" {
		if rest, ok := strings.CutPrefix(path, filepath.Clean(root)+"/"); ok {
			path = "/" + rest
		}
	}
	return strings.Replace(path, "/var/run/", "/run/", 1)
}

// mount adds one bind mount: path as we can open it, and as the host names it. A mountinfo names the inode; something
// else that is mounted over it is not the namespace.
func (f *finder) mount(path, onHost string, ino uint64) {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil || st.Ino != ino {
		return
	}
	n := f.add(&st)
	if !slices.Contains(n.mounts, path) {
		n.mounts = append(n.mounts, path)
	}
	f.files[onHost] = true
	if n.Kind != schema.NetnsHost && (n.Path == "" || n.Kind == schema.NetnsOther) {
		nameNetns(&n.Netns, onHost)
	}
}

// directory looks at every file of a directory where namespaces are mounted. One that is no namespace is noted: the
// mount is gone and the file is left over.
func (f *finder) directory(dir string) {
	ours := f.h.Path(dir)
	entries, err := os.ReadDir(ours)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.say = append(f.say, err.Error())
		}
		return
	}
	for _, e := range entries {
		path, onHost := filepath.Join(ours, e.Name()), f.hostPath(filepath.Join(dir, e.Name()), false)
		if f.files[onHost] {
			continue
		}
		f.files[onHost] = true
		if ino, ok := netnsFile(path); ok {
			f.mount(path, onHost, ino)
			continue
		}
		f.h.discovery.stale = append(f.h.discovery.stale, schema.Coverage{
			Tbl: "netns", Netns: e.Name(), Outcome: schema.Absent, Reason: onHost + " is a left over mount point: no namespace is mounted there",
		})
	}
}

// netnsFile reports whether a file is a network namespace, and its inode.
func netnsFile(path string) (ino uint64, ok bool) {
	var fst unix.Statfs_t
	if unix.Statfs(path, &fst) != nil || fst.Type != nsfsMagic {
		return 0, false
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	defer unix.Close(fd)
	if typ, err := unix.IoctlRetInt(fd, nsGetType); err != nil || typ != unix.CLONE_NEWNET {
		return 0, false
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return 0, false
	}
	return st.Ino, true
}

// processes adds the namespaces of all processes and their threads, and counts the processes in each.
func (f *finder) processes(ctx context.Context, host *Netns) {
	proc := f.h.Options.proc()
	entries, err := os.ReadDir(proc)
	if err != nil {
		f.say = append(f.say, err.Error())
		return
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	for _, pid := range pids {
		if ctx.Err() != nil {
			f.say = append(f.say, "the search among processes was cut short")
			return
		}
		dir := proc + "/" + strconv.Itoa(pid)
		var st unix.Stat_t
		switch err := unix.Stat(dir+"/ns/net", &st); {
		case errors.Is(err, fs.ErrPermission):
			f.denied++
			continue
		case err != nil:
			continue // gone, or a zombie
		}
		n := f.add(&st)
		n.Processes++
		if n.PID == 0 {
			n.PID = int64(pid)
		}
		if len(n.pids) < keptPIDs {
			n.pids = append(n.pids, pid)
		}
		if n == host {
			f.otherMounts(pid)
		}
		f.threadsOf(dir, st.Ino)
	}
}

// otherMounts reads the mounts of a process of the host that has a mount namespace of its own, such as a dockerd that
// systemd or snap gave one: Docker's bind mounts may be only there.
func (f *finder) otherMounts(pid int) {
	dir := f.h.Options.proc() + "/" + strconv.Itoa(pid)
	var st unix.Stat_t
	if unix.Stat(dir+"/ns/mnt", &st) != nil || f.mountNs[st.Ino] {
		return
	}
	if len(f.mountNs) == 0 { // the first is our own
		var own unix.Stat_t
		if unix.Stat("/proc/self/ns/mnt", &own) == nil {
			f.mountNs[own.Ino] = true
		}
		if f.mountNs[st.Ino] {
			return
		}
	}
	if len(f.mountNs) > mostMountNs {
		return
	}
	f.mountNs[st.Ino] = true
	f.mountsOf(strconv.Itoa(pid), dir+"/root")
}

// threadsOf adds the namespaces of threads that have left that of their process.
func (f *finder) threadsOf(dir string, ino uint64) {
	var st unix.Stat_t
	// A directory has as many links as it has subdirectories, and two: no need to list it for a single thread.
	if unix.Stat(dir+"/task", &st) != nil || st.Nlink <= 3 {
		return
	}
	tasks, err := os.ReadDir(dir + "/task")
	if err != nil {
		return
	}
	for _, t := range tasks {
		if f.threads++; f.threads > mostThreads {
			return
		}
		if unix.Stat(dir+"/task/"+t.Name()+"/ns/net", &st) == nil && st.Ino != ino {
			n := f.add(&st)
			if tid, err := strconv.Atoi(t.Name()); err == nil && len(n.pids) < keptPIDs {
				n.pids = append(n.pids, tid) // /proc has threads, too, though it does not list them
			}
		}
	}
}

// finish names the containers, sorts the namespaces and sums up what was left out.
func (f *finder) finish(host *Netns) {
	for _, n := range f.found {
		if n != host {
			f.nameContainer(n)
		}
		f.h.Netns = append(f.h.Netns, n)
	}
	slices.SortFunc(f.h.Netns, func(a, b *Netns) int {
		return cmp.Or(cmp.Compare(slices.Index(kindOrder, a.Kind), slices.Index(kindOrder, b.Kind)),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID(), b.ID()))
	})
	o := outcome{schema.OK, ""}
	f.h.discovery.denied = f.denied
	if f.denied > 0 {
		f.say = append(f.say, fmt.Sprintf("%d processes did not let us see their namespace", f.denied))
		o.Outcome = schema.Denied
	}
	if f.threads > mostThreads {
		f.say = append(f.say, fmt.Sprintf("only the first %d threads were looked at", mostThreads))
		o.Outcome = schema.Truncated
	}
	if len(f.say) > 0 && o.Outcome == schema.OK {
		o.Outcome = schema.Partial
	}
	o.reason = strings.Join(f.say, "; ")
	f.h.discovery.outcome = o
}

// nameContainer fills in the container of a namespace by the cgroups of processes in it.
func (f *finder) nameContainer(n *Netns) {
	if n.Kind != schema.NetnsContainer && n.Kind != schema.NetnsOther {
		return
	}
	for _, pid := range n.pids {
		text, err := os.ReadFile(f.h.Options.proc() + "/" + strconv.Itoa(pid) + "/cgroup")
		if err != nil {
			continue
		}
		if id := containerOfCgroup(text); id != "" {
			n.Kind, n.Container = schema.NetnsContainer, id
			return
		}
	}
}

var netnsCollector = &Collector{
	Name:    "netns",
	Doc:     "Network namespaces: bind mounts below /run/docker/netns and /run/netns and in mountinfo, and /proc/PID/ns/net of all processes.",
	Needs:   "CAP_SYS_PTRACE, for namespaces that only processes of others hold",
	Effects: "none: stat of files of nsfs and /proc. A namespace is held open only while it is read, so it is not kept alive.",
	Since:   "0.1.0",
	Tables:  []string{"netns"},
	Known:   true,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		for _, n := range h.Netns {
			if err := s.Put(&n.Netns); err != nil {
				return err
			}
		}
		for _, c := range h.discovery.stale {
			s.Cover(c)
		}
		if o := h.discovery.outcome; o.Outcome != schema.OK {
			return &Incomplete{o.Outcome, o.reason}
		}
		return nil
	},
}
