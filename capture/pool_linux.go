package capture

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// pool is one read of all namespaces: some threads that enter one namespace after the other and run every collector
// there, and a watchman who replaces a thread that does not come back.
type pool struct {
	read   int
	first  bool // the very first pass, alone on the host: it may note what the later ones use
	plans  []*plan
	grace  time.Duration // beyond a deadline, see defaultGrace
	next   atomic.Int64
	done   atomic.Int64
	work   sync.WaitGroup // one for each worker that still counts
	notify func(done int)

	mu      sync.Mutex
	workers []*worker
}

// plan is what is to be read in one namespace.
type plan struct {
	ns       *Netns
	accounts []*account // one a collector
}

// job is one collector's turn in a namespace.
type job struct {
	plan *plan
	from int // index of the first collector to run
}

const (
	// Some parallelism hides the waits for the kernel's locks; more threads would only queue at them, and harm a host
	// that is in trouble already.
	mostWorkers = 4
	// How long a collector may take to notice that its deadline is over, before its thread is given up.
	defaultGrace = 2 * time.Second
)

// run reads every namespace, and returns when each planned item of this read has its outcome.
func (p *pool) run(ctx context.Context) {
	for range min(mostWorkers, runtime.NumCPU(), max(len(p.plans), 1)) {
		p.start(ctx, job{})
	}
	stop := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		p.watch(ctx, stop)
	}()
	p.work.Wait()
	close(stop)
	<-watched
}

// take returns the next namespace to read, nil when there is none.
func (p *pool) take() *plan {
	if i := int(p.next.Add(1)) - 1; i < len(p.plans) {
		return p.plans[i]
	}
	return nil
}

// start starts a worker, with a job if it has one to finish first.
func (p *pool) start(ctx context.Context, first job) {
	w := &worker{pool: p}
	p.mu.Lock()
	p.workers = append(p.workers, w)
	p.mu.Unlock()
	p.work.Add(1)
	goLocked(func() { w.loop(ctx, first) })
}

// watch looks for workers that are overdue, until stop.
func (p *pool) watch(ctx context.Context, stop <-chan struct{}) {
	tick := time.NewTicker(p.grace / 4)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			p.mu.Lock()
			workers := p.workers
			p.mu.Unlock()
			for _, w := range workers {
				w.giveUpIfOverdue(ctx, time.Now())
			}
		}
	}
}

// worker is one thread that goes from namespace to namespace. It dies with its goroutine instead of serving others in a
// namespace that is not theirs.
type worker struct {
	pool  *pool
	visit visit // buffers that live from namespace to namespace

	mu    sync.Mutex
	job   job
	sink  *Sink // of the collector that is running, nil between two
	due   time.Time
	since time.Time
	lost  bool // given up: whatever it does does not count any more
}

func (w *worker) loop(ctx context.Context, first job) {
	for j := first; ; {
		if j.plan == nil {
			if j.plan = w.pool.take(); j.plan == nil {
				break
			}
		}
		if !w.serve(ctx, j) {
			return // its replacement has taken over, also the place in pool.work
		}
		if n := w.pool.done.Add(1); w.pool.notify != nil {
			w.pool.notify(int(n))
		}
		j = job{}
	}
	w.pool.work.Done()
}

// serve runs the collectors of one namespace. It is false when the worker was given up.
func (w *worker) serve(ctx context.Context, j job) bool {
	read := w.pool.read
	ns := j.plan.ns
	if ctx.Err() != nil {
		settleRest(j, read, stopped(ctx))
		return true
	}
	in := &Netns{Netns: ns.Netns, Host: ns.Host, Read: read, mounts: ns.mounts, pids: ns.pids}
	in.room, in.proc, in.devs = w.visit.room, w.visit.proc, maps.Clone(ns.devs)
	if err := in.enter(); err != nil {
		settleRest(j, read, outcomeOf(err))
		return true
	}
	// Not deferred before the checks of giveUp: the namespace stays open only while this thread is in it.
	defer func() {
		in.leave()
		w.visit = visit{room: in.room, proc: in.proc}
	}()
	if w.pool.first && j.from == 0 {
		ns.Cookie = in.readCookie()
	}
	for i := j.from; i < len(j.plan.accounts); i++ {
		a := j.plan.accounts[i]
		if read >= a.reads {
			continue
		}
		if !w.runOne(ctx, in, job{j.plan, i}) {
			return false
		}
	}
	if w.pool.first {
		ns.devs = in.devs // names for the last read; from here on nobody changes what all passes share
	}
	return true
}

// runOne runs one collector with its deadline. It is false when the worker was given up meanwhile.
func (w *worker) runOne(ctx context.Context, in *Netns, j job) bool {
	a := j.plan.accounts[j.from]
	if ctx.Err() != nil {
		a.settle(w.pool.read, stopped(ctx), 0)
		return true
	}
	s := in.Host.books.sink(a, w.pool.read, in.Host.Options.MaxBytes)
	now, deadline := time.Now(), in.Host.Options.deadline(a.c)
	itemCtx, cancel := context.WithDeadlineCause(ctx, now.Add(deadline), errItemDeadline)
	defer cancel()
	w.mu.Lock()
	w.job, w.sink, w.since, w.due = j, s, now, now.Add(deadline+w.pool.grace)
	w.mu.Unlock()

	err := guard(func() error { return a.c.InNetns(itemCtx, in, s) })

	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost {
		return false
	}
	w.sink = nil
	s.close()
	a.settle(w.pool.read, ended(ctx, err), time.Since(now))
	return true
}

// giveUpIfOverdue abandons a worker whose collector did not return long after its deadline, or after the end of the
// whole capture. Its thread stays behind until the kernel lets it go; another one goes on with the next collector.
func (w *worker) giveUpIfOverdue(ctx context.Context, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sink == nil || w.lost {
		return
	}
	if ctx.Err() != nil { // the first time that this is seen is the end, near enough
		w.due = minTime(w.due, now.Add(w.pool.grace))
	}
	if now.Before(w.due) {
		return
	}
	w.lost = true
	w.sink.close()
	a := w.job.plan.accounts[w.job.from]
	why := fmt.Sprintf("did not return within %s", now.Sub(w.since).Round(time.Millisecond))
	a.settle(w.pool.read, outcome{schema.Timeout, why}, now.Sub(w.since))
	w.pool.start(ctx, job{w.job.plan, w.job.from + 1})
	w.pool.work.Done()
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// settleRest gives an outcome to what is left of a namespace.
func settleRest(j job, read int, o outcome) {
	for _, a := range j.plan.accounts[j.from:] {
		if read < a.reads {
			a.settle(read, o, 0)
		}
	}
}

// errItemDeadline and errDeadline are the causes of a context that ran out of time.
var (
	errItemDeadline = &Incomplete{schema.Timeout, "its deadline passed"}
	errDeadline     = &Incomplete{schema.Timeout, "the deadline of the whole capture passed"}
)

// stopped is the outcome of what was not tried because ctx had ended.
func stopped(ctx context.Context) outcome {
	cause := context.Cause(ctx)
	if cause == errDeadline || cause == context.DeadlineExceeded {
		return outcome{schema.Timeout, errDeadline.Reason}
	}
	if inc := (*Incomplete)(nil); errors.As(cause, &inc) {
		return outcome{inc.Outcome, inc.Reason}
	}
	return outcome{schema.Skipped, "interrupted: " + cause.Error()}
}

// ended is the outcome of a collector that returned err. When the capture ended under its hands that is why.
func ended(ctx context.Context, err error) outcome {
	if err != nil && ctx.Err() != nil {
		return stopped(ctx)
	}
	return outcomeOf(err)
}
