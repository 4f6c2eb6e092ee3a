package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/capture/procfs"
	"github.com/netmortem/netmortem/schema"
)

// Bounds on the table process.
const (
	mostProcesses  = 20_000      // rows
	mostRanked     = 200_000     // processes that are looked at to find the most telling ones
	mostTasks      = 10_000      // threads that are looked at in one read, those of daemons not counted
	mostOwnTasks   = 256         // of them, in one process
	mostDaemonTask = 2_000       // threads of one daemon
	procPatience   = time.Second // for what a process's locks may hold up
	mostGivenUp    = 3
)

var processCollector = &Collector{
	Name: "process",
	Doc: "Processes: stat, status, limits, oom_score_adj, cgroup, cmdline (masked) and wchan of /proc/PID, the links ns/* and exe, the number of fd, " +
		"and the state of threads; never the environment. Threads of the kernel by their stat only.",
	Needs: "root or CAP_SYS_PTRACE for namespaces, executables, descriptors and wchan of others' processes",
	Effects: "cmdline waits for the lock of a process's memory, cgroup for that of all cgroups: either may be held by one that sleeps for ever. " +
		"They are read last, with a deadline, on a thread that is given up then: once for cgroup, at most three times for cmdline; the cmdline of a process in state D is left alone. " +
		"Before kernel 6.2 descriptors are counted by listing them, which makes the kernel keep a name for each for a while.",
	Since:    "0.2.0",
	Tables:   []string{"process"},
	Volatile: true,
	Deadline: 20 * time.Second,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		l := newProcessLook(h, s.Read())
		defer l.end()
		err := l.read(ctx, func(r *schema.Process) error { return s.Put(r) })
		o := l.outcome(err)
		if ctx.Err() != nil {
			return o
		}
		s.Cover(schema.Coverage{Tbl: "process", Masked: l.masked, Outcome: o.Outcome, Reason: o.Reason})
		return nil
	},
}

// known returns the host's processes, for a collector that needs them. When the collector of processes did not run it
// looks itself.
func (h *Host) known(ctx context.Context) ([]*knownProcess, error) {
	h.processes.mu.Lock()
	none := h.processes.byPID == nil
	h.processes.mu.Unlock()
	if !none {
		return h.processes.list(), nil
	}
	l := newProcessLook(h, 0)
	defer l.end()
	err := l.read(ctx, func(*schema.Process) error { return nil })
	return h.processes.list(), err
}

// processLook is one look at all processes.
type processLook struct {
	h         *Host
	number    int       // 0 for the first, 1 for the last
	most      int       // rows
	boot      time.Time // zero if it is not known
	patience  patience
	command   func(pidDir) (string, int, error) // reads the command line
	noCgroup  bool                              // no more cgroups are read
	noCmdline bool                              // no more command lines are read
	tasks     int                               // threads that may still be looked at
	masked    int64
	denied    int // processes whose namespaces were not shown
	closed    int // processes of which nothing was shown
	held      int // processes of which something was held up
	lostFacts int // of which everything was
	lostLines int
	all       int // processes that there are
	dropped   int // processes that were left out
	ended     string
}

func newProcessLook(h *Host, number int) *processLook {
	l := &processLook{
		h: h, number: number, most: mostProcesses, tasks: mostTasks, command: readCmdline,
		patience: patience{limit: procPatience, most: 3 * mostGivenUp},
	}
	if h.Row.BoottimeNs > 0 {
		l.boot = h.Row.Wall.Add(-time.Duration(h.Row.BoottimeNs))
	}
	h.processes.mu.Lock()
	defer h.processes.mu.Unlock()
	l.noCgroup, l.noCmdline = h.processes.noCgroup, h.processes.noCmdline
	return l
}

// end lets the thread go, and remembers what was held up.
func (l *processLook) end() {
	l.patience.end()
	l.h.processes.mu.Lock()
	defer l.h.processes.mu.Unlock()
	l.h.processes.noCgroup, l.h.processes.noCmdline = l.noCgroup, l.noCmdline
}

// read calls put with each process.
func (l *processLook) read(ctx context.Context, put func(*schema.Process) error) error {
	proc := l.h.Options.proc()
	all, err := pids(proc)
	if err != nil {
		return err
	}
	l.all = len(all)
	if l.all > l.most {
		all = l.mostTelling(ctx, proc, all)
		l.dropped = l.all - len(all)
	}
	for _, pid := range all {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		row, err := l.one(ctx, proc, pid)
		switch {
		case errors.Is(err, errGivenUp):
			if l.lostFacts >= mostGivenUp {
				l.ended = fmt.Sprintf("ended at process %d: the kernel held up the reads of %d processes for more than %s each", pid, l.lostFacts, l.patience.limit)
				return nil
			}
			l.held++
		case errors.Is(err, fs.ErrPermission):
			l.closed++
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil: // it ended under our hands
		default:
			if err := put(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// A stage is how far the look at one process has come. Each is a value of its own: the thread that reads may be given up at
// the next one.
type stage struct {
	fact   processFact
	k      knownProcess
	masked int
	next   string // what is read next
}

// one reads one process.
func (l *processLook) one(ctx context.Context, proc string, pid int) (*schema.Process, error) {
	threads, noCgroup, noCmdline := min(l.tasks, mostOwnTasks), l.noCgroup, l.noCmdline
	var reached atomic.Pointer[stage]
	err := l.patience.try(ctx, func(room []byte) error {
		d, err := openPIDDir(proc, pid, room)
		if err != nil {
			return err
		}
		defer d.close()
		st := stage{next: "cgroup"}
		if st.fact, err = readFacts(d, l.boot, threads); err != nil {
			return err
		}
		st.k = knownOf(&st.fact)
		step := func(next string) {
			now := st
			now.next = next
			reached.Store(&now)
		}
		step("cgroup")
		row := &st.fact.row
		if row.KernelThread {
			return nil
		}
		before := l.again(pid, st.fact.ticks)
		switch {
		case before != nil:
			st.k.container, st.k.cgroup, st.k.unread = before.container, before.cgroup, before.unread
		case noCgroup:
			st.k.note("cgroup", errGivenUp)
		default:
			if st.k.container, st.k.cgroup, err = readCgroup(d); err != nil && !hasEnded(err) {
				st.k.note("cgroup", err)
			}
		}
		if st.k.container != "" && row.State == "S" && row.Wchan == "" {
			row.Wchan = d.wchan("wchan")
		}
		step("cmdline")
		switch {
		case st.k.zombie:
		case before != nil && before.comm == st.k.comm && before.exe == st.k.exe:
			st.k.cmdline = before.cmdline
		case noCmdline:
			st.k.note("cmdline", errGivenUp)
		case st.k.stuck:
			st.k.note("cmdline", errors.New("in state D"))
		default:
			if st.k.cmdline, st.masked, err = l.command(d); err != nil && !hasEnded(err) {
				st.k.note("cmdline", err)
			}
		}
		step("")
		return nil
	})
	st := reached.Load()
	if err != nil && (st == nil || !errors.Is(err, errGivenUp)) {
		if errors.Is(err, errGivenUp) {
			l.lostFacts++
		}
		return nil, err
	}
	row := &st.fact.row
	if err != nil {
		st.k.note(st.next, err)
		l.held++
		switch st.next {
		case "cgroup": // one lock for all
			l.noCgroup = true
		case "cmdline":
			if l.lostLines++; l.lostLines >= mostGivenUp {
				l.noCmdline = true
			}
		}
	}
	if st.fact.denied {
		l.denied++
	}
	if row.ThreadsD != nil && row.Threads > 1 && !isDaemon(row.Comm) {
		l.tasks -= min(int(row.Threads), threads)
	}
	l.masked += int64(st.masked)
	row.Container, row.Cgroup, row.Cmdline, row.Unread = st.k.container, st.k.cgroup, st.k.cmdline, st.k.unread
	if l.number == 0 {
		l.h.processes.keep(&st.k)
	}
	return row, nil
}

// again is what the first look found, if this is the second.
func (l *processLook) again(pid int, ticks int64) *knownProcess {
	if l.number == 0 {
		return nil
	}
	return l.h.processes.of(pid, ticks)
}

func knownOf(f *processFact) knownProcess {
	r := &f.row
	return knownProcess{
		pid: int(r.PID), ticks: f.ticks, comm: r.Comm, exe: r.Exe, netns: r.Netns, mntns: r.Mntns, kernel: r.KernelThread,
		first: r.NSPID != nil && *r.NSPID == 1, zombie: r.State == "Z" || r.State == "X",
		stuck: r.State == "D" || r.ThreadsD != nil && *r.ThreadsD > 0,
	}
}

// hasEnded reports whether an error means that the process has ended.
func hasEnded(err error) bool { return errors.Is(err, unix.ESRCH) || errors.Is(err, fs.ErrNotExist) }

// daemons are processes whose threads are all looked at, and which stay when there are too many. A name has 15 bytes.
var daemons = []string{"dockerd", "containerd", "docker-proxy", "containerd-shim", "runc", "docker-init", "tini", "crun"}

func isDaemon(comm string) bool { return slices.Contains(daemons, comm) }

// mostTelling chooses processes when there are too many: dead and stuck ones and Docker's own first, then those in
// containers, then the host's, then the kernel's.
func (l *processLook) mostTelling(ctx context.Context, proc string, all []int) []int {
	ranks := [4][]int{}
	for _, pid := range all[:min(len(all), mostRanked)] {
		rank := 2
		err := l.patience.try(ctx, func(room []byte) error {
			d, err := openPIDDir(proc, pid, room)
			if err != nil {
				return err
			}
			defer d.close()
			text, err := d.read("stat")
			if err != nil {
				return err
			}
			st, err := procfs.ParseStat(text)
			if err != nil {
				return err
			}
			switch {
			case st.State == "D" || st.State == "Z" || isDaemon(st.Comm):
				rank = 0
			case st.Kernel:
				rank = 3
			default:
				if id, _, err := readCgroup(d); err == nil && id != "" {
					rank = 1
				}
			}
			return nil
		})
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			continue
		}
		ranks[rank] = append(ranks[rank], pid)
	}
	out := slices.Concat(ranks[:]...)
	return out[:min(len(out), l.most)]
}

// outcome sums up what is missing.
func (l *processLook) outcome(err error) *Incomplete {
	var say []string
	o := &Incomplete{Outcome: schema.OK}
	worse := func(out schema.Outcome, format string, args ...any) {
		say = append(say, fmt.Sprintf(format, args...))
		if o.Outcome == schema.OK {
			o.Outcome = out
		}
	}
	if err != nil {
		e := outcomeOf(err)
		worse(e.Outcome, "%s", e.reason)
	}
	if l.ended != "" {
		worse(schema.Partial, "%s", l.ended)
	}
	if l.dropped > 0 {
		worse(schema.Truncated, "%d of %d processes: those that are dead, stuck or Docker's own, then those in containers", l.all-l.dropped, l.all)
	}
	if l.closed > 0 {
		worse(schema.Partial, "denied: %d of %d processes showed nothing at all", l.closed, l.all)
	}
	if l.denied > 0 {
		worse(schema.Partial, "denied: %d of %d processes did not show their namespaces, executable and descriptors", l.denied, l.all)
	}
	if l.held > 0 && l.ended == "" {
		worse(schema.Partial, "the kernel held up a read of %d processes: see the column unread", l.held)
	}
	if hidden := hidepid(l.h.Options.proc()); hidden != "" && l.all > 0 && os.Geteuid() != 0 {
		worse(schema.Partial, "procfs is mounted with %s: processes of other users are not shown", hidden)
	}
	o.Reason = strings.Join(say, "; ")
	return o
}

// hidepid is the option by which a procfs hides the processes of others, empty if it hides none.
func hidepid(proc string) string {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	found := ""
	for line := range bytes.Lines(text) {
		before, after, ok := strings.Cut(strings.TrimSpace(string(line)), " - ")
		f := strings.Fields(before)
		if !ok || len(f) < 5 || unescapeMount(f[4]) != proc || !strings.HasPrefix(after, "proc ") {
			continue
		}
		found = "" // a later mount covers an earlier one
		options := after[strings.LastIndexByte(after, ' ')+1:]
		for opt := range strings.SplitSeq(options, ",") {
			if value, ok := strings.CutPrefix(opt, "hidepid="); ok && value != "0" && value != "off" {
				found = opt
			}
		}
	}
	return found
}
