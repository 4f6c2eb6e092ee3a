package capture

import (
	"os"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"
)

// growthPercent is by how much the heap may grow until the garbage collector runs; guardMemory says what it aims at.
const growthPercent = 50

// calm makes the process the last in the queue for processors and disks, lets it start no other program by name, and
// keeps its memory small. What the kernel refuses stays as it was: none of it is needed to read.
func calm() {
	for known := map[int]bool{}; calmThreads(known) > 0; {
	}
	// Whatever a library might think of starting, it does not find it.
	os.Unsetenv("PATH")
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growthPercent)
	}
}

// calmThreads gives the lowest priorities to the threads that are not known yet, and says how many they were. Linux keeps both
// priorities by thread and a new thread inherits those of the one that makes it, so one that a thread made before its own turn
// is found by the next look only.
func calmThreads(known map[int]bool) (fresh int) {
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil || known[tid] {
			continue
		}
		known[tid] = true
		fresh++
		_ = unix.Setpriority(unix.PRIO_PROCESS, tid, 19)
		// ioprio_set(2): IOPRIO_WHO_PROCESS, IOPRIO_CLASS_IDLE
		_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, 1, uintptr(tid), 3<<13)
	}
	return fresh
}
