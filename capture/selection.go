package capture

import (
	"slices"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// The bounds of a quick capture. Reading stops at its deadline; what is underway then has defaultGrace, and the bundle
// is written in what is left of ten seconds.
const (
	QuickWindow   = 2 * time.Second
	QuickDeadline = 7 * time.Second
	quickItem     = 3 * time.Second // for one collector in one place, the daemon aside
)

// quickLeavesOut are the collectors that a quick capture does not run, and why: their time grows with what the host has
// and not with what is wrong with it.
var quickLeavesOut = map[string]string{
	"dns":            "it waits for answers of resolvers",
	"process_socket": "it looks at every open file of every process",
	"core_file":      "it searches folders",
	"log_file":       "it searches folders",
}

// QuickLeavesOut names the collectors that a quick capture leaves out, in the order of the list.
func QuickLeavesOut(collectors []*Collector) []string {
	var names []string
	for _, c := range collectors {
		if quickLeavesOut[c.Name] != "" {
			names = append(names, c.Name)
		}
	}
	return names
}

// quickWindowOf and quickDeadlineOf keep what was asked for where it is shorter.
func quickWindowOf(w time.Duration) time.Duration {
	if w != 0 && w < QuickWindow { // negative reads once
		return w
	}
	return QuickWindow
}

func quickDeadlineOf(d time.Duration) time.Duration {
	if d > 0 {
		return min(d, QuickDeadline)
	}
	return QuickDeadline
}

// notAsked begins the reason of everything that is skipped because the options say so. It is a gap for whoever judges
// the bundle, and no shortcoming of the capture.
const notAsked = "not asked for"

// unwanted is why the options leave a collector out; empty when it runs. Those that write what is known anyway, the list
// of namespaces, always run: without it the rows of the others belong to nobody.
func (o *Options) unwanted(c *Collector) string {
	if c.Asked != nil {
		if yes, why := c.Asked(o); !yes {
			return schema.OnRequest + ": " + why
		}
	}
	switch {
	case c.Known:
		return ""
	case slices.Contains(o.Skip, c.Name):
		return notAsked + ": --skip " + c.Name
	case len(o.Only) > 0 && !slices.Contains(o.Only, c.Name):
		return notAsked + ": --only " + strings.Join(o.Only, ",")
	case o.Quick && quickLeavesOut[c.Name] != "" && !slices.Contains(o.Only, c.Name):
		return notAsked + ": --quick leaves it out, for " + quickLeavesOut[c.Name]
	}
	return ""
}

// deadline is how long one run of a collector may take.
func (o *Options) deadline(c *Collector) time.Duration {
	if o.Quick && !c.Daemon {
		return min(c.deadline(), quickItem)
	}
	return c.deadline()
}

// leaveOut gives every item of an account that does not run its outcome.
func (a *account) leaveOut(why string) {
	for read := range a.reads {
		a.settle(read, outcome{schema.Skipped, why}, 0)
	}
}
