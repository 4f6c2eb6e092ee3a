package capture

import (
	"context"
	"os"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// A Collector reads one kind of state and writes its rows or documents. It must not change the host.
//
// Exactly one of Run and InNetns is set. Both may put rows and return an error as well: the rows are kept, and the
// error becomes the outcome of every planned item that the collector did not cover by itself ([Sink.Cover]).
// [Incomplete] chooses the outcome; any other error is denied for EPERM and EACCES, timeout for a deadline, else
// partial.
type Collector struct {
	Name     string        // names the collector in coverage; the source's own word
	Doc      string        // what it reads, from which call or file
	Needs    string        // privilege without which it is denied; empty when none is needed
	Effects  string        // what reading it could do to the host, and why it does not; empty when nothing was found to fear
	Since    string        // version of netmortem that brought it, as 0.2.0
	Tables   []string      // tables that it writes; one coverage row each, for every namespace if InNetns
	Docs     []string      // documents that it always plans, named as for Sink.Document; others are planned by writing them
	Volatile bool          // read twice, a window apart, and merged into one row with the column seen
	Deadline time.Duration // for one run on the host, or in one namespace; zero means DefaultItemDeadline
	Run      func(ctx context.Context, h *Host, s *Sink) error
	InNetns  func(ctx context.Context, ns *Netns, s *Sink) error // on a locked thread that is inside the namespace
	HostOnly bool                                                // InNetns only in the host's namespace
	Late     bool                                                // InNetns only: after the collectors of the host, once; it needs what the daemon said
	Daemon   bool                                                // Run only: it asks Docker's daemon, so it may wait long; in a lane of its own beside the others
	Asked    func(o *Options) (yes bool, whyNot string)          // whether it was asked for, for one that runs on request only, and why it does not run otherwise; nil runs always
	Known    bool                                                // Run only: what it writes is known before it runs, so it runs even when the capture was cut short
}

// deadline is how long one run may take.
func (c *Collector) deadline() time.Duration {
	if c.Deadline > 0 {
		return c.Deadline
	}
	return DefaultItemDeadline
}

// Host is everything that a collector may touch on a host.
type Host struct {
	Options Options
	Row     schema.Host // identity and clocks, read first
	Netns   []*Netns    // every namespace that was found, the host's first; fixed before the first collector runs
	Modules *Modules    // what the kernel has loaded or built in
	Docker  *Docker     // the daemon, nil when Options.NoDocker
	Start   time.Time   // by the host's clock

	books     *books      // the bundle
	links     linkStore   // links of all namespaces, until their pairs are known
	monitor   monitor     // the kernel's events during the window
	discovery discovery   // what to say of the search for namespaces
	dockerErr error       // why Docker is nil, if it was wanted
	own       *os.File    // our own namespace, if it has to stand for the host's
	lastRead  time.Time   // when the last read of the namespaces began
	sockets   socketStore // sockets that have a row

	processes processMemory // what the collector of processes has found
	daemon    daemonMemory  // how dockerd is configured
}

// NetnsByID returns the namespace of that id (inode, decimal), or nil.
func (h *Host) NetnsByID(id string) *Netns {
	for _, ns := range h.Netns {
		if ns.Netns.Netns == id {
			return ns
		}
	}
	return nil
}

// Path is name, an absolute path on the host, as this process can open it: below Options.Root.
func (h *Host) Path(name string) string { return h.Options.path(name) }

// Netns is one network namespace, as a collector inside it sees it. Those in Host.Netns belong to nobody and are not
// inside; the loop makes a copy for each visit.
type Netns struct {
	schema.Netns          // its row
	Host         *Host    // the host that it is on
	Read         int      // 0 in the first read, 1 in the last
	mounts       []string // its bind mounts, as this process can open them
	pids         []int    // some processes that are in it
	visit
}

// visit is what a thread has while it is inside a namespace.
type visit struct {
	fd      int              // the namespace, open
	route   *rtconn          // NETLINK_ROUTE socket opened inside it, at its first use
	devs    map[int64]string // names of links by ifindex, as far as they are known
	devConf []devConf        // settings of links, from the link collector
	room    *room            // for netlink dumps, kept from visit to visit
	proc    []byte           // room for files of procfs, kept from visit to visit
	procDir procDir          // where the last of them was
}

// ID is the namespace's id: the inode of its nsfs file, in decimal. It is what rows have in their column netns.
func (n *Netns) ID() string { return n.Netns.Netns }

// FD is the open namespace, valid while InNetns runs. A collector that opens sockets needs none: its thread is inside.
func (n *Netns) FD() int { return n.fd }

// IsHost reports whether it is the host's own namespace.
func (n *Netns) IsHost() bool { return n.Kind == schema.NetnsHost }

// Incomplete is an error that says which outcome its item has. An item that is absent by nature is one, too.
type Incomplete struct {
	Outcome schema.Outcome
	Reason  string
}

func (e *Incomplete) Error() string { return e.Reason }
