package capture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// errVanished says that a namespace that was found is gone.
var errVanished = &Incomplete{schema.Absent, vanished}

// open opens the namespace by its bind mount or by a process in it, and makes sure that it is still the same one: a path
// or a process id may stand for another namespace by now. The descriptor keeps the namespace alive, so it is closed as
// soon as the read is done.
func (n *Netns) open() (int, error) {
	var errs []error
	for _, p := range n.paths() {
		fd, err := unix.Open(p, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			errs = append(errs, fmt.Errorf("open %s: %w", p, err))
			continue
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err == nil && strconv.FormatUint(st.Ino, 10) == n.ID() && int64(st.Dev) == n.Dev {
			return fd, nil
		}
		unix.Close(fd)
	}
	for _, err := range errs {
		if !errors.Is(err, fs.ErrNotExist) {
			return -1, errors.Join(errs...)
		}
	}
	return -1, errVanished
}

// paths are the places where the namespace can be opened.
func (n *Netns) paths() []string {
	var ps []string
	ps = append(ps, n.mounts...)
	for _, pid := range n.pids {
		ps = append(ps, n.Host.Options.proc()+"/"+strconv.Itoa(pid)+"/ns/net")
	}
	return ps
}

// enter moves the calling thread, which must be locked, into the namespace, and opens its NETLINK_ROUTE socket there.
// leave undoes all but the move: the thread is for namespaces only, and dies when its goroutine ends.
func (n *Netns) enter() error {
	fd, err := n.open()
	if err != nil {
		return err
	}
	// Without privileges our own can be read all the same: the thread is in it already.
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil && !inside(fd) {
		unix.Close(fd)
		return fmt.Errorf("enter: %w", err)
	}
	n.fd = fd
	if n.devs == nil {
		n.devs = map[int64]string{}
	}
	return nil
}

// inside reports whether the calling thread is in the namespace that fd is.
func inside(fd int) bool {
	var there, here unix.Stat_t
	return unix.Fstat(fd, &there) == nil && unix.Stat("/proc/thread-self/ns/net", &here) == nil && there.Ino == here.Ino && there.Dev == here.Dev
}

func (n *Netns) leave() {
	if n.route != nil {
		n.route.close()
		n.route = nil
	}
	n.procDir.close()
	if n.fd > 0 {
		unix.Close(n.fd)
		n.fd = 0
	}
}

// Do runs f on a thread that is inside the namespace, and waits for it or for ctx. The thread is used for nothing else
// and is thrown away afterwards, so there is no way back to get wrong. f must end soon after ctx does.
func (n *Netns) Do(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	goLocked(func() {
		in := &Netns{Netns: n.Netns, Host: n.Host, mounts: n.mounts, pids: n.pids}
		if err := in.enter(); err != nil {
			done <- err
			return
		}
		defer in.leave()
		done <- guard(f)
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("netns %s: %w", n.Name, context.Cause(ctx))
	}
}

// goLocked runs f in a goroutine that has a thread of its own, which dies with it: f may move the thread to another
// namespace. It is never the process's first thread, because that one does not die, and because /proc/self and /proc/net
// are what that one sees.
func goLocked(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f()
			return
		}
		taken := make(chan struct{})
		go func() {
			runtime.LockOSThread() // another one, for the first is still locked
			close(taken)
			f()
		}()
		<-taken
		runtime.UnlockOSThread()
	}()
}

// guard turns a panic of f into an error that says where it was.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Incomplete{schema.Partial, fmt.Sprintf("panic: %v at %s", p, panicSite(debug.Stack()))}
		}
	}()
	return f()
}
