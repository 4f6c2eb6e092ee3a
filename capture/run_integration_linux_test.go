package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// heldNetns is a new network namespace that a thread of the test holds until end is called or the test ends.
type heldNetns struct {
	t    *testing.T
	id   string
	path string // of the thread's namespace file
	jobs chan func()
	end  func()
}

// holdNetns makes a namespace. Capture finds it by the thread.
func holdNetns(t *testing.T) *heldNetns {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	n := &heldNetns{t: t, jobs: make(chan func())}
	ready := make(chan error)
	gone := make(chan struct{})
	goLocked(func() {
		defer close(gone)
		err := unix.Unshare(unix.CLONE_NEWNET)
		n.path = fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid())
		ready <- err
		for job := range n.jobs {
			job()
		}
	})
	if err := <-ready; err != nil {
		t.Skipf("cannot make a network namespace: %v", err)
	}
	var st unix.Stat_t
	if err := unix.Stat(n.path, &st); err != nil {
		t.Fatal(err)
	}
	n.id = fmt.Sprint(st.Ino)
	ended := false
	n.end = func() {
		if !ended {
			ended = true
			close(n.jobs)
			<-gone
			// The thread ends after its goroutine, and the namespace with it.
			for unix.Access(n.path, unix.F_OK) == nil {
				runtime.Gosched()
			}
		}
	}
	t.Cleanup(n.end)
	return n
}

// do runs f inside.
func (n *heldNetns) do(f func()) {
	done := make(chan struct{})
	n.jobs <- func() { defer close(done); f() }
	<-done
}

// must runs f inside and ends the test on an error.
func (n *heldNetns) must(f func() error) {
	n.t.Helper()
	var err error
	n.do(func() { err = f() })
	if err != nil {
		n.t.Fatal(err)
	}
}

// kernelOnly is a capture of the kernel alone, in one read.
func kernelOnly() Options {
	return Options{Window: -1, NoDocker: true, NoDNS: true, Tool: "test"}
}

// captureAll runs collectors on this machine and returns the finished capture with the texts of its entries.
func captureAll(t *testing.T, ctx context.Context, o Options, collectors []*Collector) (*Capture, map[string]string) {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")) // capture takes it away, the test wants it back
	c, err := runCollectors(ctx, o, collectors)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := c.Write(&file); err != nil {
		t.Fatal(err)
	}
	return c, entriesOf(t, &file)
}

// coverageOf are the coverage rows of one namespace, by table or document.
func coverageOf(t *testing.T, entries map[string]string, netns string) map[string]schema.Coverage {
	t.Helper()
	out := map[string]schema.Coverage{}
	for _, c := range decodeLines[schema.Coverage](t, entries["rows/coverage.jsonl"]) {
		if c.Netns == netns {
			out[c.Tbl+strings.TrimPrefix(c.Document, "raw/netns/"+netns+"/")] = c
		}
	}
	return out
}

// Every planned item has exactly one coverage row, every row says how many rows or bytes there are, and they are there.
func TestIntegrationEveryItemHasOneOutcome(t *testing.T) {
	holdNetns(t)
	o := kernelOnly()
	o.Window = time.Millisecond
	c, entries := captureAll(t, t.Context(), o, Collectors)

	type key struct{ collector, tbl, netns, document string }
	cover := map[key]schema.Coverage{}
	rows, documents := map[string]int64{}, 0
	for _, c := range decodeLines[schema.Coverage](t, entries["rows/coverage.jsonl"]) {
		k := key{c.Collector, c.Tbl, c.Netns, c.Document}
		if _, twice := cover[k]; twice {
			t.Errorf("two outcomes for %+v", k)
		}
		cover[k] = c
		rows[c.Tbl] += c.Rows
		if !slices.Contains(schema.Outcomes, c.Outcome) {
			t.Errorf("%+v has the outcome %q", k, c.Outcome)
		}
		if c.Outcome.Gap() && c.Reason == "" {
			t.Errorf("%+v is a gap without a reason", k)
		}
		if text, written := entries[c.Document]; c.Document != "" && written {
			documents++
			if int64(len(text)) != c.Bytes {
				t.Errorf("%s has %d bytes, coverage says %d", c.Document, len(text), c.Bytes)
			}
		} else if c.Document != "" && c.Outcome == schema.OK {
			t.Errorf("%s is ok and was not written", c.Document)
		}
	}
	for name, text := range entries {
		if table, ok := strings.CutPrefix(name, "rows/"); ok {
			if table = strings.TrimSuffix(table, ".jsonl"); table != "coverage" && rows[table] != int64(strings.Count(text, "\n")) {
				t.Errorf("%s has %d rows, coverage says %d", name, strings.Count(text, "\n"), rows[table])
			}
		}
		if strings.HasPrefix(name, "raw/") {
			documents--
		}
	}
	if documents != 0 {
		t.Errorf("%d documents have no coverage row", -documents)
	}
	netns := decodeLines[schema.Netns](t, entries["rows/netns.jsonl"])
	for _, col := range Collectors {
		where := []string{""}
		if col.InNetns != nil {
			where = nil
			for _, ns := range netns {
				if !col.HostOnly || ns.Kind == schema.NetnsHost {
					where = append(where, ns.Netns)
				}
			}
		}
		for _, ns := range where {
			for _, tbl := range col.Tables {
				if _, ok := cover[key{col.Name, tbl, ns, ""}]; !ok {
					t.Errorf("collector %s: no outcome for the table %s in %q", col.Name, tbl, ns)
				}
			}
		}
	}
	n := 0
	for _, k := range c.Summary.Counts {
		n += k
	}
	planned := 0
	for _, o := range cover {
		if !strings.HasPrefix(o.Reason, schema.OnRequest) {
			planned++
		}
	}
	if n != planned || planned == len(cover) {
		t.Errorf("the summary counts %d items; coverage has %d, and %d beside those that are only on request", n, len(cover), planned)
	}
}

// A capture that is cut short says so, and says of each item what became of it.
func TestIntegrationInterrupted(t *testing.T) {
	ns := holdNetns(t)
	for _, test := range []struct {
		phase string // at whose beginning it is cut
		link  schema.Outcome
		fdb   schema.Outcome
		last  schema.Outcome
	}{
		{"first read", schema.Skipped, schema.Skipped, schema.Skipped},
		{"window", schema.OK, schema.Partial, schema.Skipped},
	} {
		t.Run(test.phase, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			o := kernelOnly()
			o.Window = time.Hour
			o.Progress = func(p Progress) {
				if p.Phase == test.phase {
					cancel(errors.New("signal terminated"))
				}
			}
			c, entries := captureAll(t, ctx, o, Collectors)
			if !strings.Contains(c.Meta.Interrupted, "signal terminated") || c.Summary.Complete() {
				t.Errorf("meta.json says interrupted %q", c.Meta.Interrupted)
			}
			if !strings.Contains(entries["SUMMARY.txt"], "Cut short") {
				t.Errorf("SUMMARY.txt does not say that it was cut short:\n%s", entries["SUMMARY.txt"])
			}
			cover := coverageOf(t, entries, ns.id)
			for item, want := range map[string]schema.Outcome{"link": test.link, "fdb": test.fdb, "proc_net_dev.last": test.last} {
				if got := cover[item]; got.Outcome != want || want != schema.OK && !strings.Contains(got.Reason, "signal terminated") {
					t.Errorf("%s: got %s (%s), want %s", item, got.Outcome, got.Reason, want)
				}
			}
			if test.phase == "window" && !strings.Contains(entries["rows/link.jsonl"], ns.id) {
				t.Error("what was read before is not in the bundle")
			}
		})
	}
}

// A capture whose deadline passes before it began still knows the host's namespace, and that it read nothing of it.
func TestIntegrationWholeDeadline(t *testing.T) {
	holdNetns(t)
	ctx, cancel := context.WithDeadlineCause(t.Context(), time.Unix(1, 0), errDeadline)
	defer cancel()
	c, entries := captureAll(t, ctx, kernelOnly(), Collectors)
	host := decodeLines[schema.Netns](t, entries["rows/netns.jsonl"])
	if len(host) == 0 || host[0].Kind != schema.NetnsHost {
		t.Fatalf("namespaces: %+v", host)
	}
	if got := coverageOf(t, entries, host[0].Netns)["link"]; got.Outcome != schema.Timeout {
		t.Errorf("got %s (%s), want timeout", got.Outcome, got.Reason)
	}
	if c.Meta.Interrupted == "" {
		t.Error("meta.json does not say that it was cut short")
	}
}

// A namespace that goes away between discovery and the first read, or between the reads, is absent, not an error.
func TestIntegrationNetnsVanishes(t *testing.T) {
	for _, phase := range []string{"first read", "window"} {
		t.Run(phase, func(t *testing.T) {
			ns := holdNetns(t)
			o := kernelOnly()
			o.Window = time.Millisecond
			o.Progress = func(p Progress) {
				if p.Phase == phase {
					ns.end()
				}
			}
			_, entries := captureAll(t, t.Context(), o, Collectors)
			got := coverageOf(t, entries, ns.id)["neighbour"]
			if got.Outcome != schema.Absent || got.Reason != vanished {
				t.Errorf("got %s (%s)", got.Outcome, got.Reason)
			}
		})
	}
}

// What a collector does wrong stays with its own items: the next collector, and the next namespace, are read.
func TestIntegrationCollectorsThatFail(t *testing.T) {
	ns := holdNetns(t)
	put := func(s *Sink, ns *Netns) error {
		return s.Put(&schema.Sysctl{Netns: ns.ID(), Key: "kernel.test", Value: "1"})
	}
	in := func(f func(ctx context.Context, ns *Netns, s *Sink) error) func(context.Context, *Netns, *Sink) error {
		return func(ctx context.Context, n *Netns, s *Sink) error {
			if n.ID() != ns.id {
				return nil
			}
			return f(ctx, n, s)
		}
	}
	collectors := []*Collector{
		{Name: "panics", Tables: []string{"sysctl"}, InNetns: in(func(ctx context.Context, n *Netns, s *Sink) error {
			put(s, n)
			var m map[string]int
			//lint:ignore SA5000 it is to panic
			m["x"] = 1
			return nil
		})},
		{Name: "denied", Tables: []string{"sysctl"}, InNetns: in(func(context.Context, *Netns, *Sink) error {
			return fmt.Errorf("list something: %w", unix.EPERM)
		})},
		{Name: "absent", Tables: []string{"sysctl"}, Docs: []string{"something"}, InNetns: in(func(context.Context, *Netns, *Sink) error {
			return &Incomplete{schema.Absent, "no such thing"}
		})},
		{Name: "slow", Tables: []string{"sysctl"}, Deadline: time.Nanosecond, InNetns: in(func(ctx context.Context, n *Netns, s *Sink) error {
			<-ctx.Done()
			return fmt.Errorf("wait for it: %w", context.Cause(ctx))
		})},
		{Name: "foreign", Tables: []string{"sysctl"}, InNetns: in(func(ctx context.Context, n *Netns, s *Sink) error {
			return s.Put(&schema.Link{Netns: n.ID()})
		})},
		{Name: "fine", Tables: []string{"sysctl"}, InNetns: in(func(ctx context.Context, n *Netns, s *Sink) error { return put(s, n) })},
	}
	_, entries := captureAll(t, t.Context(), kernelOnly(), collectors)
	got := map[string]schema.Coverage{}
	for _, c := range decodeLines[schema.Coverage](t, entries["rows/coverage.jsonl"]) {
		if c.Netns == ns.id && c.Tbl != "" {
			got[c.Collector] = c
		}
	}
	for name, want := range map[string]struct {
		outcome schema.Outcome
		reason  string
		rows    int64
	}{
		"panics":  {schema.Partial, "panic: assignment to entry in nil map at capture/run_integration_linux_test.go:", 1},
		"denied":  {schema.Denied, "list something: operation not permitted", 0},
		"absent":  {schema.Absent, "no such thing", 0},
		"slow":    {schema.Timeout, "wait for it: its deadline passed", 0},
		"foreign": {schema.Partial, "collector foreign does not name the table link", 0},
		"fine":    {schema.OK, "", 1},
	} {
		if c := got[name]; c.Outcome != want.outcome || !strings.HasPrefix(c.Reason, want.reason) || c.Rows != want.rows {
			t.Errorf("%s: got %s (%s), %d rows", name, c.Outcome, c.Reason, c.Rows)
		}
	}
	if c := coverageOf(t, entries, ns.id)["something"]; c.Outcome != schema.Absent {
		t.Errorf("the planned document: got %s (%s)", c.Outcome, c.Reason)
	}
}

// A collector that ignores its deadline loses its thread, and another thread goes on behind it.
func TestIntegrationCollectorThatHangs(t *testing.T) {
	ns := holdNetns(t)
	h := &Host{Options: kernelOnly().withDefaults()}
	w, err := schema.NewWriter(schema.Meta{Host: "h", Started: time.Unix(1, 0)}, schema.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	h.books = newBooks(w)
	if err := discover(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	hung := make(chan error, 1)
	collectors := []*Collector{
		{Name: "hangs", Tables: []string{"sysctl"}, Deadline: time.Nanosecond, InNetns: func(ctx context.Context, n *Netns, s *Sink) error {
			err := s.Put(&schema.Sysctl{Netns: n.ID(), Key: "early", Value: "1"})
			<-release
			hung <- errors.Join(err, s.Put(&schema.Sysctl{Netns: n.ID(), Key: "late", Value: "1"}))
			return nil
		}},
		{Name: "next", Tables: []string{"sysctl"}, InNetns: func(ctx context.Context, n *Netns, s *Sink) error {
			return s.Put(&schema.Sysctl{Netns: n.ID(), Key: "next", Value: "1"})
		}},
	}
	p := &plan{ns: h.NetnsByID(ns.id)}
	for _, c := range collectors {
		p.accounts = append(p.accounts, h.books.plan(c, p.ns, 1))
	}
	(&pool{first: true, plans: []*plan{p}, grace: 10 * time.Millisecond}).run(t.Context())
	close(release)
	if err := <-hung; !errors.Is(err, errSinkClosed) {
		t.Errorf("a row that came after the deadline: %v", err)
	}
	cover := h.books.finish()
	if c := cover[0]; c.Outcome != schema.Timeout || c.Rows != 1 {
		t.Errorf("hangs: got %s (%s), %d rows", c.Outcome, c.Reason, c.Rows)
	}
	if c := cover[1]; c.Outcome != schema.OK || c.Rows != 1 {
		t.Errorf("next: got %s (%s), %d rows", c.Outcome, c.Reason, c.Rows)
	}
}

// A file that is left where a namespace was mounted is noted.
func TestStaleMountPoint(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "run/docker/netns")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "9a43af9959f0"), nil, 0o444); err != nil {
		t.Fatal(err)
	}
	h := &Host{Options: Options{Root: root}}
	f := &finder{h: h, found: map[nsKey]*Netns{}, files: map[string]bool{}}
	f.directory("/run/docker/netns")
	f.directory("/var/run/docker/netns") // not there: nothing to say
	if len(f.found) != 0 || len(f.say) != 0 {
		t.Errorf("found %v, says %v", f.found, f.say)
	}
	if s := h.discovery.stale; len(s) != 1 || s[0].Netns != "9a43af9959f0" || s[0].Outcome != schema.Absent || !strings.Contains(s[0].Reason, "/run/docker/netns/9a43af9959f0") {
		t.Errorf("got %+v", s)
	}
}
