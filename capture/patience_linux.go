package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// patience runs short reads that the kernel may hold up for ever: a file of /proc/PID that needs a lock which a process in
// an uninterruptible sleep holds. A read that sleeps for limit and a half is left behind with its thread, and the next one
// gets another thread; after most of them no more is tried. A read that merely waits for its turn on a busy processor is
// waited for.
//
// It is for one goroutine.
type patience struct {
	limit time.Duration
	most  int
	lost  int
	w     *patient
}

// patient is a thread that runs reads for patience until it is given up.
type patient struct {
	tid  int
	work chan func(room []byte) error
	done chan error
}

// errGivenUp says that a read was left behind, or was not tried because too many were.
var errGivenUp = errors.New("the kernel held it up")

// roomForProc is the buffer of each thread: longer files of procfs are cut.
const roomForProc = 16 << 10

// looks is how often a thread is looked at, over half of the limit, before it is believed to sleep.
const looks = 4

// try runs f with a buffer, and waits for it. After an error of patience's own f may still be running: what it touches
// must be nobody else's.
func (p *patience) try(ctx context.Context, f func(room []byte) error) error {
	if p.lost >= p.most {
		return fmt.Errorf("%w %d times before: not tried", errGivenUp, p.lost)
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if p.w == nil {
		p.w = newPatient()
	}
	p.w.work <- f
	wait := time.NewTimer(p.limit)
	defer wait.Stop()
	for asleep := 0; ; {
		select {
		case err := <-p.w.done:
			return err
		case <-ctx.Done():
			p.leave()
			return context.Cause(ctx)
		case <-wait.C:
		}
		select { // it may be done by now
		case err := <-p.w.done:
			return err
		default:
		}
		if p.w.asleep() {
			asleep++
		} else {
			asleep = 0
		}
		if asleep > looks {
			p.leave()
			p.lost++
			return fmt.Errorf("%w for more than %s", errGivenUp, p.limit)
		}
		wait.Reset(p.limit / (2 * looks))
	}
}

// leave gives up the thread: it ends when the kernel lets it go.
func (p *patience) leave() {
	close(p.w.work)
	p.w = nil
}

// end lets the thread go.
func (p *patience) end() {
	if p.w != nil {
		p.leave()
	}
}

// newPatient starts a thread that ends with its work.
func newPatient() *patient {
	w := &patient{work: make(chan func([]byte) error), done: make(chan error, 1)}
	ready := make(chan int)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		ready <- unix.Gettid()
		room := make([]byte, roomForProc)
		for f := range w.work {
			w.done <- guard(func() error { return f(room) })
		}
	}()
	w.tid = <-ready
	return w
}

// asleep reports whether the kernel has put the thread to sleep; its state is not R.
func (w *patient) asleep() bool {
	text, err := os.ReadFile("/proc/self/task/" + strconv.Itoa(w.tid) + "/stat")
	if err != nil {
		return true
	}
	i := bytes.LastIndexByte(text, ')')
	return i < 0 || i+2 >= len(text) || text[i+2] != 'R'
}
