package procfs

import (
	"bytes"
	"fmt"
	"strconv"
)

// Stat is the part of /proc/PID/stat that is kept (proc_pid_stat(5), fs/proc/array.c: do_task_stat).
type Stat struct {
	PID     int64
	Comm    string // at most 15 bytes of a process's own choice, longer for threads of the kernel
	State   string // one letter
	PPID    int64
	Kernel  bool  // a thread of the kernel
	Threads int64 // 0 for a zombie's thread group that is gone
	UTime   int64 // clock ticks in user mode
	STime   int64 // clock ticks in the kernel
	Start   int64 // clock ticks after boot, suspend included
}

// pfKthread is PF_KTHREAD of linux/sched.h.
const pfKthread = 0x00200000

// ParseStat reads /proc/PID/stat. The name stands in parentheses and may hold blanks, newlines and parentheses of its
// own, so it goes on to the last one.
func ParseStat(text []byte) (Stat, error) {
	var s Stat
	from, to := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if from < 0 || to < from {
		return s, fmt.Errorf("no name in parentheses: %.40q", text)
	}
	pid, err := strconv.ParseInt(string(bytes.TrimSpace(text[:from])), 10, 64)
	if err != nil {
		return s, fmt.Errorf("process id: %w", err)
	}
	f := bytes.Fields(text[to+1:])
	if len(f) < 20 || len(f[0]) != 1 {
		return s, fmt.Errorf("%d fields behind the name, want 50", len(f))
	}
	s = Stat{PID: pid, Comm: string(text[from+1 : to]), State: string(f[0])}
	var flags int64
	for _, n := range []struct {
		at int // field by proc_pid_stat(5), less 3
		to *int64
	}{{1, &s.PPID}, {6, &flags}, {11, &s.UTime}, {12, &s.STime}, {17, &s.Threads}, {19, &s.Start}} {
		if *n.to, err = strconv.ParseInt(string(f[n.at]), 10, 64); err != nil {
			return s, fmt.Errorf("field %d: %w", n.at+3, err)
		}
	}
	s.Kernel = flags&pfKthread != 0
	return s, nil
}
