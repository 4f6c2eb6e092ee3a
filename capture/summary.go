package capture

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// A Capture is one finished capture of a host, not yet written.
type Capture struct {
	Meta    schema.Meta
	Summary Summary
	w       *schema.Writer
}

// Top is the name of the bundle without an extension: netmortem_<host>_<UTC>.
func (c *Capture) Top() string { return c.Meta.Top() }

// Size is an upper bound of the bytes that Write will write.
func (c *Capture) Size() int64 { return c.w.Size() }

// Write writes the bundle. It can be called once.
func (c *Capture) Write(dst io.Writer) error { return c.w.Close(dst, c.Summary.Text()) }

// Interrupt notes that the capture ended early for a reason that came after Run, such as a full disk.
func (c *Capture) Interrupt(why string) {
	if c.Meta.Interrupted == "" {
		c.Meta.Interrupted, c.w.Meta.Interrupted, c.Summary.Interrupted = why, why, why
	}
}

// Summary is what a person wants to know of a capture at once.
type Summary struct {
	Host        schema.Host
	Started     time.Time
	Finished    time.Time
	Interrupted string                 // why it ended early; empty when it did not
	Netns       map[string]int         // namespaces by kind
	Rows        int64                  // rows of all tables
	Counts      map[schema.Outcome]int // planned items by outcome, but for those that are only on request
	Gaps        []schema.Coverage      // items of which something is unknown although it was asked for, in the order of the plan
	LeftOut     map[string]int         // items by collector that the options left out
	Daemon      string                 // why there is nothing of Docker's daemon, as a sentence; empty when it answered or was to be left alone
}

// Complete reports whether nothing is unknown that was asked for.
func (s *Summary) Complete() bool { return s.Interrupted == "" && len(s.Gaps) == 0 && s.Daemon == "" }

// Empty reports whether nothing usable was captured: no namespace could be read at all.
func (s *Summary) Empty() bool { return s.Rows == 0 }

func newSummary(h *Host, meta schema.Meta, cover []schema.Coverage) Summary {
	s := Summary{
		Host: h.Row, Started: meta.Started, Finished: meta.Finished, Interrupted: meta.Interrupted,
		Netns: map[string]int{}, Counts: map[schema.Outcome]int{}, LeftOut: map[string]int{}, Daemon: daemonSilent(h),
	}
	for _, ns := range h.Netns {
		s.Netns[ns.Kind]++
	}
	for _, c := range cover {
		if strings.HasPrefix(c.Reason, schema.OnRequest) {
			continue
		}
		s.Counts[c.Outcome]++
		s.Rows += c.Rows
		switch {
		case c.Outcome == schema.Skipped && strings.HasPrefix(c.Reason, notAsked):
			s.LeftOut[c.Collector]++
		case c.Outcome.Gap():
			s.Gaps = append(s.Gaps, c)
		}
	}
	return s
}

// Text is SUMMARY.txt: some twenty lines for a person who unpacked the bundle by hand.
func (s *Summary) Text() string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	line("netmortem: what one host knew about its network, for analysis somewhere else.")
	line("")
	line("Host      %s (%s, %s %s)", s.Host.Hostname, s.Host.OS, s.Host.Kernel, s.Host.Arch)
	line("Captured  %s, in %.1f s", s.Started.UTC().Format(time.RFC3339), s.Finished.Sub(s.Started).Seconds())
	if !s.Host.LastRead.IsZero() {
		line("Read      twice, %.1f s apart", s.Host.LastRead.Sub(s.Host.FirstRead).Seconds())
	} else {
		line("Read      once: no difference between two reads is known")
	}
	var kinds []string
	for _, k := range []string{schema.NetnsHost, schema.NetnsOverlay, schema.NetnsLB, schema.NetnsIngress, schema.NetnsContainer, schema.NetnsOther} {
		if n := s.Netns[k]; n > 0 {
			kinds = append(kinds, fmt.Sprintf("%d %s", n, k))
		}
	}
	line("Holds     %d rows of %s", s.Rows, orNone(strings.Join(kinds, ", ")+" namespaces", len(kinds)))
	var counts []string
	for _, o := range schema.Outcomes {
		if n := s.Counts[o]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, o))
		}
	}
	line("Items     %s", orNone(strings.Join(counts, ", "), len(counts)))
	if s.Interrupted != "" {
		line("Cut short %s: what is missing is named in rows/coverage.jsonl", s.Interrupted)
	}
	if s.Daemon != "" {
		line("Docker    %s", s.Daemon)
	}
	line("")
	s.gapText(line)
	line("")
	line("Next: bring the bundles of all hosts of the swarm to one place and run")
	line("    netmortem analyze netmortem_*.tar.zst")
	line("By hand: rows/*.jsonl has one JSON object a line, raw/ has documents as they were, meta.json the clocks,")
	line("rows/coverage.jsonl one outcome for every item that was planned. What is absent there does not exist on this")
	line("host; any other outcome than ok is a gap, of which nothing can be said.")
	return b.String()
}

// gapText lists the gaps, like ones together, six lines at most.
func (s *Summary) gapText(line func(string, ...any)) {
	if len(s.LeftOut) > 0 {
		line("Left out, not asked for: %s.", strings.Join(slices.Sorted(maps.Keys(s.LeftOut)), ", "))
	}
	if len(s.Gaps) == 0 {
		line("No gaps: everything that was asked for was read to its end.")
		return
	}
	type kind struct{ collector, outcome, reason string }
	var order []kind
	n := map[kind]int{}
	for _, g := range s.Gaps {
		k := kind{g.Collector, string(g.Outcome), g.Reason}
		if n[k] == 0 {
			order = append(order, k)
		}
		n[k]++
	}
	line("Gaps (%d items):", len(s.Gaps))
	const most = 6
	for i, k := range order {
		if i == most {
			line("    … and %d other kinds, see rows/coverage.jsonl", len(order)-most)
			return
		}
		reason, _, _ := strings.Cut(k.reason, "\n")
		line("    %d of %s: %s: %s", n[k], k.collector, k.outcome, reason)
	}
}

func orNone(s string, n int) string {
	if n == 0 {
		return "none"
	}
	return s
}
