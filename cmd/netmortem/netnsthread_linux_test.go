package main

import (
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// A netnsThread is a thread in a network namespace of its own; capture finds the namespace by the thread.
type netnsThread struct {
	id   string // inode
	fd   int
	jobs chan func()
}

func newNetnsThread(t *testing.T) *netnsThread {
	t.Helper()
	n := &netnsThread{jobs: make(chan func())}
	ready, gone := make(chan error), make(chan struct{})
	go func() {
		defer close(gone)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine, the namespace with the thread
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			n.fd, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		}
		ready <- err
		for job := range n.jobs {
			job()
		}
	}()
	if err := <-ready; err != nil {
		t.Skip("cannot make a network namespace: ", err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(n.fd, &st); err != nil {
		t.Fatal(err)
	}
	n.id = strconv.FormatUint(st.Ino, 10)
	t.Cleanup(func() { unix.Close(n.fd); close(n.jobs); <-gone })
	return n
}

// do runs f inside and ends the test on an error.
func (n *netnsThread) do(t *testing.T, f func() error) {
	t.Helper()
	done := make(chan error)
	n.jobs <- func() { done <- f() }
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
