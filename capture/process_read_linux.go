package capture

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/capture/procfs"
	"github.com/netmortem/netmortem/schema"
)

// pidDir is the open directory of one process. Through it nothing else is read when the number belongs to another process
// by now: the kernel answers ESRCH.
type pidDir struct {
	fd   int
	room []byte
}

func openPIDDir(proc string, pid int, room []byte) (pidDir, error) {
	name := proc + "/" + strconv.Itoa(pid)
	fd, err := unix.Open(name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return pidDir{}, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return pidDir{fd, room}, nil
}

func (d pidDir) close() { unix.Close(d.fd) }

// read reads a file, as much as there is room for. The next call overwrites it.
func (d pidDir) read(name string) ([]byte, error) {
	fd, err := unix.Openat(d.fd, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	n := 0
	for n < len(d.room) {
		k, err := unix.Read(fd, d.room[n:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		if k == 0 {
			break
		}
		n += k
	}
	return d.room[:n], nil
}

// link reads a symbolic link, empty if it cannot be read.
func (d pidDir) link(name string) (string, error) {
	n, err := unix.Readlinkat(d.fd, name, d.room)
	if err != nil {
		return "", err
	}
	return string(d.room[:n]), nil
}

// namespace is the inode of a namespace, of a link as net:[4026531840].
func (d pidDir) namespace(name string) (string, error) {
	to, err := d.link("ns/" + name)
	if err != nil {
		return "", err
	}
	_, ino, _ := strings.Cut(strings.TrimSuffix(to, "]"), "[")
	return ino, nil
}

// integer is a file that is one number, nil if it cannot be read.
func (d pidDir) integer(name string) *int64 {
	text, err := d.read(name)
	if err != nil {
		return nil
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// mostFds bounds how many descriptors of one process are counted one by one.
const mostFds = 200_000

// fds counts the open descriptors. From kernel 6.2 on the directory's size is their number (fs/proc/fd.c:
// proc_fd_getattr); before, its entries are counted.
func (d pidDir) fds() *int64 {
	var st unix.Stat_t
	if unix.Fstatat(d.fd, "fd", &st, 0) != nil {
		return nil
	}
	if st.Size > 0 {
		return new(st.Size)
	}
	n := int64(0)
	err := d.each("fd", func(string) bool { n++; return n < mostFds })
	if err != nil {
		return nil
	}
	return &n
}

// each calls f with the names in a directory of numbers until f is false.
func (d pidDir) each(name string, f func(name string) bool) error {
	fd, err := unix.Openat(d.fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	dir := os.NewFile(uintptr(fd), name)
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(512)
		for _, n := range names {
			if !f(n) {
				return nil
			}
		}
		if err != nil {
			return nil // io.EOF, or the process has ended
		}
	}
}

// stuck counts the threads in state D, and says where the first of them waits. It looks at no more than most threads.
func (d pidDir) stuck(most int) (n, looked int64, wchan string) {
	_ = d.each("task", func(tid string) bool {
		text, err := d.read("task/" + tid + "/stat")
		if err != nil {
			return true
		}
		looked++
		if i := bytes.LastIndexByte(text, ')'); i >= 0 && i+2 < len(text) && text[i+2] == 'D' {
			if n++; n == 1 {
				wchan = d.wchan("task/" + tid + "/wchan")
			}
		}
		return looked < int64(most)
	})
	return n, looked, wchan
}

// wchan is the kernel's function that a thread waits in; 0 means that it does not wait, or that it is not told.
func (d pidDir) wchan(name string) string {
	text, err := d.read(name)
	if err != nil || string(text) == "0" {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// A processFact is what one look at a process gave.
type processFact struct {
	row    schema.Process
	ticks  int64 // of its start
	denied bool  // its namespaces were not shown
}

// readFacts reads what needs no lock of the process's memory: nobody who sleeps can hold it up.
func readFacts(d pidDir, boot time.Time, threads int) (processFact, error) {
	text, err := d.read("stat")
	if err != nil {
		return processFact{}, err
	}
	st, err := procfs.ParseStat(text)
	if err != nil {
		return processFact{}, err
	}
	f := processFact{ticks: st.Start, row: schema.Process{
		PID: st.PID, PPID: st.PPID, Comm: st.Comm, KernelThread: st.Kernel, State: st.State, Threads: st.Threads,
		UserMs: st.UTime * 1000 / userHZ, SystemMs: st.STime * 1000 / userHZ,
	}}
	r := &f.row
	if !boot.IsZero() {
		r.StartedAt = boot.Add(time.Duration(st.Start) * time.Second / userHZ).Truncate(time.Millisecond)
	}
	if st.State == "D" {
		r.Wchan = d.wchan("wchan")
	}
	if st.Kernel {
		return f, nil
	}
	if text, err = d.read("status"); err == nil {
		s := procfs.ParseStatus(text)
		r.UID, r.NSPID, r.RSSBytes, r.SwapBytes, r.Seccomp = s.UID, s.NSPID, s.RSS, s.Swap, s.Seccomp
		r.NoNewPrivs, r.CoreDumping, r.CapEff = s.NoNewPrivs, s.CoreDumping, s.CapEff
		if s.NSPID != nil && *s.NSPID == 1 {
			r.SigCgt = s.SigCgt
		}
	}
	if text, err = d.read("limits"); err == nil {
		l := procfs.ParseLimits(text)
		r.NofileSoft, r.NofileHard, r.NprocSoft = l.Files.Soft, l.Files.Hard, l.Processes.Soft
		r.CoreSoft, r.CoreHard, r.MemlockSoft = l.Core.Soft, l.Core.Hard, l.Locked.Soft
	}
	r.OOMScoreAdj = d.integer("oom_score_adj")
	if st.State == "Z" || st.State == "X" {
		return f, nil // it has left its namespaces and closed its files
	}
	for _, ns := range []struct {
		name string
		to   *string
	}{{"net", &r.Netns}, {"mnt", &r.Mntns}, {"pid", &r.Pidns}, {"user", &r.Userns}, {"cgroup", &r.Cgroupns}} {
		if *ns.to, err = d.namespace(ns.name); errors.Is(err, fs.ErrPermission) {
			f.denied = true
			break
		}
	}
	if exe, err := d.link("exe"); err == nil {
		r.Exe = maskText(exe)
	}
	r.Fds = d.fds()
	if isDaemon(st.Comm) {
		threads = mostDaemonTask
	}
	if n := min(threads, int(st.Threads)); st.Threads > 1 && n > 0 {
		stuck, looked, where := d.stuck(n)
		if r.ThreadsD = &stuck; stuck > 0 && r.Wchan == "" {
			r.Wchan = where
		}
		if looked < st.Threads && stuck == 0 {
			r.ThreadsD = nil // not all were looked at
		}
	} else if st.Threads == 1 {
		r.ThreadsD = new(int64(0))
		if st.State == "D" {
			*r.ThreadsD = 1
		}
	}
	return f, nil
}

// readCgroup reads a process's container and its cgroup. The kernel holds the lock of all cgroups meanwhile.
func readCgroup(d pidDir) (container, path string, err error) {
	text, err := d.read("cgroup")
	if err != nil {
		return "", "", err
	}
	for _, g := range procfs.ParseCgroups(text) {
		if container = lastContainer(g.Path); container != "" {
			return container, cgroupPath(g.Path), nil
		}
	}
	return "", cgroupPath(procfs.PathOf(procfs.ParseCgroups(text))), nil
}

// cgroupPath is the path of a group without the steps up that stand at its beginning when the reader is in a cgroup
// namespace of its own.
func cgroupPath(p string) string {
	for strings.HasPrefix(p, "/../") {
		p = p[len("/.."):]
	}
	return p
}

// cmdlineBytes is how much of a command line is kept: enough for the id in that of a shim.
const cmdlineBytes = 256

// readCmdline reads the arguments, masked and cut, and how many of them had to be masked. The kernel needs the lock of the
// process's memory for it, and may wait for it for ever.
func readCmdline(d pidDir) (string, int, error) {
	text, err := d.read("cmdline")
	if err != nil {
		return "", 0, err
	}
	line, n := maskArguments(text, len(text) == len(d.room))
	return line, n, nil
}

// maskArguments masks the arguments of a process, each ended by a zero byte, and joins them by blanks. The last one of a
// text that was cut is left out: what is a secret is known by its whole.
func maskArguments(text []byte, cut bool) (string, int) {
	args := strings.Split(strings.TrimRight(string(text), "\x00"), "\x00")
	if cut && len(args) > 1 {
		args = args[:len(args)-1]
	}
	var a argv
	n := 0
	for i, arg := range args {
		if clean := a.mask(arg); clean != arg {
			args[i] = clean
			n++
		}
	}
	line := strings.TrimSpace(strings.Join(args, " "))
	// What spans arguments, as a header that a shell's quotes had held together.
	if clean := maskText(line); clean != line {
		line, n = clean, max(n, 1)
	}
	return cutText(line, cmdlineBytes), n
}

// pids lists the processes that procfs shows, in their order.
func pids(proc string) ([]int, error) {
	dir, err := os.Open(proc)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list the processes: %w", err)
	}
	var out []int
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil {
			out = append(out, pid)
		}
	}
	slices.SortFunc(out, cmp.Compare[int])
	return out, nil
}
