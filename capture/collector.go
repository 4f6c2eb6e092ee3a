package capture

import (
	"context"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// A Collector reads one kind of state and writes its rows or documents. It must not change the host.
//
// Exactly one of Run and InNetns is set. Both may put rows and return an error as well: the rows are kept, and the
// error becomes the outcome of the coverage row. [Incomplete] chooses the outcome; any other error is denied for
// EPERM and EACCES, timeout for a deadline, else partial.
type Collector struct {
	Name     string        // names the collector in coverage; the source's own word
	Doc      string        // what it reads, and what it needs to be allowed
	Tables   []string      // tables that it writes; one coverage row each, for every namespace if InNetns
	Volatile bool          // read twice, a window apart, and merged into one row with the column seen
	Deadline time.Duration // for one run on the host, or in one namespace; zero means the default
	Run      func(ctx context.Context, h *Host, s *Sink) error
	InNetns  func(ctx context.Context, ns *Netns, s *Sink) error // on a locked thread that is inside the namespace
}

// Host is everything that a collector may touch on a host.
type Host struct {
	Options Options
	Row     schema.Host // identity and clocks, read first
	Netns   []*Netns    // every namespace that was found
	Modules *Modules    // what the kernel has loaded or built in
	Docker  *Docker     // the daemon, nil when Options.NoDocker
	Start   time.Time   // by the host's clock
}

// Netns is one network namespace, as a collector inside it sees it.
type Netns struct {
	schema.Netns         // its row
	Host         *Host   // the host that it is on
	Read         int     // 0 in the first read, 1 in the last
	route        *rtconn // NETLINK_ROUTE socket opened inside it, valid while the collector runs
}

// Incomplete is an error that says which outcome its item has. An item that is absent by nature is one, too.
type Incomplete struct {
	Outcome schema.Outcome
	Reason  string
}

func (e *Incomplete) Error() string { return e.Reason }
