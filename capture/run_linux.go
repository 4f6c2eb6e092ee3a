package capture

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// Run captures this host. It reads until everything that was planned has an outcome, or until ctx ends or the deadline
// passes: then it returns what there is, and says so in Meta.Interrupted and in the coverage of what is missing. The
// cause of ctx, if there is one, is the reason that is given.
//
// An error means that there is no bundle at all.
func Run(ctx context.Context, o Options) (*Capture, error) {
	return runCollectors(ctx, o, Collectors)
}

// underway is a capture that is being made.
type underway struct {
	h     *Host
	reads int        // 1 or 2
	plans []*plan    // by namespace
	late  []*plan    // of the collectors that come after those of the host
	host  []*account // of the collectors that read the host
	asked []*account // of those that ask Docker's daemon
}

func runCollectors(ctx context.Context, o Options, collectors []*Collector) (*Capture, error) {
	o = o.withDefaults()
	calm()
	ctx, cancel := context.WithTimeoutCause(ctx, o.Deadline, errDeadline)
	defer cancel()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer guardMemory(o.MaxMemory, end)()

	h := &Host{Options: o, Start: time.Now().UTC()}
	row, hostErr := readHost(o)
	h.Row = row
	if row.Hostname == "" {
		return nil, fmt.Errorf("read what the host says of itself: %w", hostErr)
	}
	meta := newMeta(h)
	w, err := schema.NewWriter(meta, o.Compress)
	if err != nil {
		return nil, err
	}
	h.books = newBooks(w)
	h.books.bound = o.MaxSize
	modules, modErr := readModules(o, row.Kernel)
	h.Modules = modules
	if !o.NoDocker {
		// An error leaves Docker nil; the collectors of the daemon say why it is not there.
		h.Docker, h.dockerErr = newDocker(o)
		defer h.Docker.close()
	}

	o.tell(Progress{Phase: "discover"})
	hostAccount := h.books.plan(&Collector{Name: "host", Tables: []string{"host"}, Known: true}, nil, 1)
	if err := discover(ctx, h); err != nil {
		return nil, err
	}
	if h.own != nil {
		defer h.own.Close()
	}
	r := &underway{h: h, reads: 2}
	if o.Window < 0 {
		r.reads = 1
	}
	r.planAll(collectors)
	r.readAll(ctx)

	hostAccount.settle(0, outcomeOf(firstError(hostErr, modErr)), 0)
	s := h.books.sink(hostAccount, 0, 0)
	if err := s.Put(&h.Row); err != nil {
		return nil, err
	}
	s.close()
	meta.Finished = time.Now().UTC()
	if !h.Row.LastRead.IsZero() {
		meta.Window = h.Row.LastRead.Sub(h.Row.FirstRead).Seconds()
	}
	if ctx.Err() != nil {
		meta.Interrupted = stopped(ctx).reason
	}
	cover := h.books.finish()
	if h.books.err != nil {
		return nil, h.books.err
	}
	w.Meta = meta
	return &Capture{Meta: w.Meta, Summary: newSummary(h, meta, cover), w: w}, nil
}

func newMeta(h *Host) schema.Meta {
	var id [16]byte
	rand.Read(id[:]) // never fails
	return schema.Meta{
		Format: schema.FormatVersion, Tool: h.Options.Tool, CaptureID: hex.EncodeToString(id[:]),
		Host: h.Row.Hostname, MachineID: h.Row.MachineID, BootID: h.Row.BootID, Started: h.Start, Monotonic: h.Row.MonotonicNs,
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// planAll opens an account for every collector, on the host or in each namespace. Those that the options leave out have
// their outcome at once.
func (r *underway) planAll(collectors []*Collector) {
	o := &r.h.Options
	for _, ns := range r.h.Netns {
		p, late := &plan{ns: ns}, &plan{ns: ns}
		for _, c := range collectors {
			why := o.unwanted(c)
			switch {
			case c.InNetns == nil || c.HostOnly && !ns.IsHost():
			case why != "":
				r.h.books.plan(c, ns, r.reads).leaveOut(why)
			case c.Late:
				late.accounts = append(late.accounts, r.h.books.plan(c, ns, 1))
			default:
				p.accounts = append(p.accounts, r.h.books.plan(c, ns, r.reads))
			}
		}
		r.plans = append(r.plans, p)
		if len(late.accounts) > 0 {
			r.late = append(r.late, late)
		}
	}
	for _, c := range collectors {
		why := o.unwanted(c)
		switch {
		case c.Run == nil:
		case why != "":
			r.h.books.plan(c, nil, r.reads).leaveOut(why)
		case c.Daemon:
			r.asked = append(r.asked, r.h.books.plan(c, nil, r.reads))
		default:
			r.host = append(r.host, r.h.books.plan(c, nil, r.reads))
		}
	}
}

// firstRead is the phase in which the namespaces are read for the first time.
const firstRead = "first read"

// readAll reads everything: the namespaces first; then, side by side, what is not of a namespace, and what the daemon
// knows; and after the window whatever is volatile again. Neither a daemon that hangs nor a file that blocks delays the
// last read of the namespaces.
func (r *underway) readAll(ctx context.Context) {
	h := r.h
	h.Row.FirstRead = time.Now().UTC()
	r.readNetns(ctx, r.plans, 0, firstRead)
	pairVeths(ctx, h)
	h.links.release(h.books)

	var host, daemon sync.WaitGroup
	host.Go(func() { r.readHost(ctx, r.host, 0, "host") })
	daemon.Go(func() {
		r.readHost(ctx, r.asked, 0, "docker")
		r.readNetns(ctx, r.late, 0, "dns")
	})
	if r.reads > 1 {
		r.wait(ctx, h.Row.FirstRead.Add(h.Options.Window))
		if ctx.Err() == nil {
			h.lastRead = time.Now().UTC()
		}
		r.readNetns(ctx, r.plans, 1, "last read")
	}
	h.monitor.release(ctx, h.books)
	host.Wait()
	if r.reads > 1 {
		r.readHost(ctx, r.host, 1, "last read")
	}
	daemon.Wait()
	if r.reads > 1 {
		r.readHost(ctx, r.asked, 1, "last read")
	}
	h.Row.LastRead = h.lastRead
	h.Row.FinishedRead = time.Now().UTC()
}

// wait waits for the end of the window.
func (r *underway) wait(ctx context.Context, until time.Time) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	end := time.NewTimer(time.Until(until))
	defer end.Stop()
	for total := int(r.h.Options.Window.Seconds()); ; {
		left := int(time.Until(until).Seconds())
		r.h.Options.tell(Progress{Phase: "window", Done: total - left, Total: total})
		select {
		case <-tick.C:
		case <-end.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (r *underway) readNetns(ctx context.Context, plans []*plan, read int, phase string) {
	p := &pool{read: read, first: phase == firstRead, plans: plans, grace: defaultGrace}
	p.notify = func(done int) { r.h.Options.tell(Progress{Phase: phase, Done: done, Total: len(plans)}) }
	p.notify(0)
	p.run(ctx)
}

// readHost runs collectors that are not of a namespace, one after the other.
func (r *underway) readHost(ctx context.Context, accounts []*account, read int, phase string) {
	for i, a := range accounts {
		if read >= a.reads {
			continue
		}
		r.h.Options.tell(Progress{Phase: phase, Done: i, Total: len(accounts), Note: a.c.Name})
		r.runOnHost(ctx, a, read)
	}
}

// runOnHost runs one of them. One that does not return is left behind.
func (r *underway) runOnHost(ctx context.Context, a *account, read int) {
	if a.c.Known {
		ctx = context.WithoutCancel(ctx)
	}
	if ctx.Err() != nil {
		a.settle(read, stopped(ctx), 0)
		return
	}
	s := r.h.books.sink(a, read, r.h.Options.MaxBytes)
	start := time.Now()
	itemCtx, cancel := context.WithTimeoutCause(ctx, r.h.Options.deadline(a.c), errItemDeadline)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- guard(func() error { return a.c.Run(itemCtx, r.h, s) }) }()
	var err error
	select {
	case err = <-done:
	case <-itemCtx.Done():
		late := time.NewTimer(defaultGrace)
		defer late.Stop()
		select {
		case err = <-done:
		case <-late.C:
			err = &Incomplete{schema.Timeout, fmt.Sprintf("did not return within %s", time.Since(start).Round(time.Second))}
		}
	}
	s.close()
	a.settle(read, ended(ctx, err), time.Since(start))
}
