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
	// Linux keeps both priorities by thread. New threads inherit them from the one that makes them.
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		_ = unix.Setpriority(unix.PRIO_PROCESS, tid, 19)
		// ioprio_set(2): IOPRIO_WHO_PROCESS, IOPRIO_CLASS_IDLE
		_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, 1, uintptr(tid), 3<<13)
	}
	// Whatever a library might think of starting, it does not find it.
	os.Unsetenv("PATH")
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growthPercent)
	}
}
