package capture

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// patience runs short reads that the kernel may hold up for ever: a file of /proc/PID that needs a lock which a process in
// an uninterruptible sleep holds. A read that takes longer than limit is left behind with its thread, and the next one
// gets another thread; after most of them no more is tried.
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
	work chan func(room []byte) error
	done chan error
}

// errGivenUp says that a read was left behind, or was not tried because too many were.
var errGivenUp = errors.New("the kernel held it up")

// roomForProc is the buffer of each thread: longer files of procfs are read in more than one piece, or cut.
const roomForProc = 16 << 10

// try runs f with a buffer, and waits for it. After errGivenUp f may still be running: it must touch nothing that
// others use.
func (p *patience) try(ctx context.Context, f func(room []byte) error) error {
	if p.lost >= p.most {
		return fmt.Errorf("%w %d times before: not tried", errGivenUp, p.lost)
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if p.w == nil {
		p.w = &patient{work: make(chan func([]byte) error), done: make(chan error, 1)}
		go p.w.run()
	}
	p.w.work <- f
	timer := time.NewTimer(p.limit)
	defer timer.Stop()
	select {
	case err := <-p.w.done:
		return err
	case <-ctx.Done():
		p.leave()
		return context.Cause(ctx)
	case <-timer.C:
		p.leave()
		p.lost++
		return fmt.Errorf("%w for %s", errGivenUp, p.limit)
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

func (w *patient) run() {
	room := make([]byte, roomForProc)
	for f := range w.work {
		w.done <- guard(func() error { return f(room) })
	}
}
