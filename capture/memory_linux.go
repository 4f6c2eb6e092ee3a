package capture

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"

	"github.com/netmortem/netmortem/schema"
)

// The garbage collector aims to stay below memoryAim. What is alive may need more; then the aim moves up in steps, for a
// collector that cannot reach its aim does nothing else, up to three quarters of Options.MaxMemory.
const (
	memoryAim   = 40 << 20
	memoryEvery = 50 * time.Millisecond
)

// guardMemory watches the process's resident memory until stop is called. When it passes the limit, and still does after
// everything that is not used has gone back to the kernel, end is called with the reason, once: reading ends, and the
// bundle is closed with what there is.
func guardMemory(limit int64, end context.CancelCauseFunc) (stop func()) {
	ours := os.Getenv("GOMEMLIMIT") == "" // else somebody has decided
	if ours {
		debug.SetMemoryLimit(min(memoryAim, limit*3/4))
	}
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(memoryEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			size, own := resident()
			if aim := debug.SetMemoryLimit(-1); ours && own > aim && aim < limit*3/4 {
				debug.SetMemoryLimit(min(aim*3/2, limit*3/4))
			}
			if size <= limit {
				continue
			}
			debug.FreeOSMemory()
			if size, _ := resident(); size > limit {
				end(memoryError(limit))
				return
			}
		}
	}()
	return func() { close(done) }
}

func memoryError(limit int64) error {
	return &Incomplete{schema.Truncated, fmt.Sprintf("the memory limit of %s is reached", units.BytesSize(float64(limit)))}
}

// resident is the memory that the process has in RAM, and what of it is its own and not of files such as its program: the
// second number of /proc/self/statm, and that less the third, in pages (proc_pid_statm(5)). Both are 0 where that cannot be
// read.
func resident() (all, own int64) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, 0
	}
	f := strings.Fields(string(text))
	if len(f) < 3 {
		return 0, 0
	}
	pages, err1 := strconv.ParseInt(f[1], 10, 32)
	shared, err2 := strconv.ParseInt(f[2], 10, 32)
	if err1 != nil || err2 != nil {
		return 0, 0
	}
	return pages * int64(os.Getpagesize()), (pages - shared) * int64(os.Getpagesize())
}
