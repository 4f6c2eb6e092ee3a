package capture

import (
	"io"
	"path/filepath"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// Options of one capture. The zero value captures the running host with the defaults below.
type Options struct {
	Root       string             // the host's root directory, / if empty: /host when run from a container
	Window     time.Duration      // between the two reads of volatile tables; negative reads once
	Deadline   time.Duration      // for the whole capture; what is not done by then is a gap
	DockerHost string             // address of the daemon; empty means DOCKER_HOST, else the default socket below Root
	NoDocker   bool               // do not talk to the daemon at all
	NoDNS      bool               // ask no resolver
	Tool       string             // version of netmortem, for meta.json
	Compress   schema.Compression // zstd if empty
	Progress   func(Progress)     // called as work goes on, from any goroutine; may be nil
	MaxBytes   int64              // bound on one document
	Since      time.Duration      // how far back logs and events are read
	LogBytes   int64              // bound on the tail of one log, and on the events
	DiskUsage  bool               // ask the daemon for its disk usage, which makes it walk its directories
	Goroutines bool               // ask the daemon for its goroutines, which stops it for a moment
	NetworkDB  bool               // ask for networks with verbose=true, which has crashed daemons (moby#49402)
	Cores      bool               // put core files into the bundle, within MaxBytes each
	MaxSize    int64              // bound on the bundle, compressed; zero leaves it to MaxMemory
	MaxMemory  int64              // bound on the memory that the process has resident
	Only       []string           // names of collectors: no others run; empty for all
	Skip       []string           // names of collectors that do not run
	Quick      bool               // within ten seconds: see QuickLeavesOut
	Debug      io.Writer          // for the developer; nil discards
}

// The defaults.
const (
	DefaultWindow       = 10 * time.Second
	DefaultDeadline     = 2 * time.Minute
	DefaultItemDeadline = 10 * time.Second
	DefaultMaxBytes     = 16 << 20
	DefaultSince        = time.Hour
	DefaultLogBytes     = 2 << 20
	DefaultMaxMemory    = 256 << 20
)

// The least bounds with which a capture makes sense: the program alone has some 20 MB resident, and an empty bundle of a
// big host names many thousand items that it lacks.
const (
	LeastMaxMemory = 32 << 20
	LeastMaxSize   = 1 << 20
)

// Progress is what a terminal shows of a running capture.
type Progress struct {
	Phase string // discover, first read, docker, dns, window, last read, write
	Done  int    // steps of the phase that are done
	Total int    // steps that the phase has, 0 when unknown
	Note  string // what is being read
}

// path is name, an absolute path on the host, as this process can open it.
func (o Options) path(name string) string {
	if o.Root == "" || o.Root == "/" {
		return name
	}
	return filepath.Join(o.Root, name)
}

// proc is where the host's processes are seen.
func (o Options) proc() string { return o.path("/proc") }

// withDefaults fills in what was left zero.
func (o Options) withDefaults() Options {
	if o.Quick {
		o.Window, o.Deadline = quickWindowOf(o.Window), quickDeadlineOf(o.Deadline)
	}
	if o.Window == 0 {
		o.Window = DefaultWindow
	}
	if o.Deadline <= 0 {
		o.Deadline = DefaultDeadline
	}
	if o.MaxMemory <= 0 {
		o.MaxMemory = DefaultMaxMemory
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Since <= 0 {
		o.Since = DefaultSince
	}
	if o.LogBytes <= 0 {
		o.LogBytes = DefaultLogBytes
	}
	if o.Compress == "" {
		o.Compress = schema.Zstd
	}
	if o.Debug == nil {
		o.Debug = io.Discard
	}
	return o
}

// tell reports progress, if anybody listens.
func (o Options) tell(p Progress) {
	if o.Progress != nil {
		o.Progress(p)
	}
}
