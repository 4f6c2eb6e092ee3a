package capture

import (
	"os"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"
)

// The process aims to stay below memoryLimit: the garbage collector works harder when it comes near. Before that it runs
// when the heap has grown by half.
const (
	memoryLimit   = 40 << 20
	growthPercent = 50
)

// calm makes the process the last in the queue for processors and disks, lets it start no other program by name, and
// bounds its memory. What the kernel refuses stays as it was: none of it is needed to read.
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
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growthPercent)
	}
}
