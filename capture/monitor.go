package capture

import (
	"sync"
	"time"
)

// monitor listens to the kernel's events of all namespaces during the window: one socket in each, one goroutine that
// drains them all.
//
// Sockets are opened by the threads of the first read, before anything else is read there, so that no change falls
// between the events and what the first read saw. They stay open until the last read is over.
type monitor struct {
	mu       sync.Mutex
	started  bool
	closed   bool
	epoll    int
	wake     int // eventfd that ends the goroutine
	done     chan struct{}
	watches  []*watch
	most     int // sockets that may be open
	open     int // sockets that are, or are about to be
	reserved int // of those that may be, for namespaces that are not there yet and come before containers

	// From here on the goroutine's own.
	seq    int64
	budget eventBudget
	base   time.Time // when monoAt was read
	monoAt int64
	buf    []byte
	err    error // why the goroutine ended early
}

// watch is the events of one namespace.
type watch struct {
	acc    *account
	fd     int // -1 when closed
	room   int // SO_RCVBUF, as the kernel granted it
	log    eventLog
	ended  string // why it was closed before the end of the window
	gapped bool   // something may have happened after that
}
