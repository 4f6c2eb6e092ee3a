package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// crowd makes n TCP sockets of established loopback connections in the namespace of the calling thread. Of most of them
// the descriptors are under way in a pair of UNIX sockets, because a process may not have so many: they are open all the same.
func crowd(n int) (fds []int, err error) {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return nil, err
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return nil, err
	}
	const each = 10_000 // connections to one address: ports are fewer than 28,232
	var parked []int
	for made := 0; made < n; {
		at := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 1, byte(made/2/each + 1)}, Port: 80}
		l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fds, err
		}
		fds = append(fds, l)
		if err := errors.Join(unix.Bind(l, at), unix.Listen(l, 16)); err != nil {
			return fds, err
		}
		for i := 0; i < each && made < n; i++ {
			c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return fds, err
			}
			parked = append(parked, c)
			if err := unix.Connect(c, at); err != nil {
				return fds, err
			}
			s, _, err := unix.Accept4(l, unix.SOCK_CLOEXEC)
			if err != nil {
				return fds, err
			}
			if parked = append(parked, s); len(parked) == 200 {
				if made < 10_000 {
					fds = append(fds, parked...)
				} else if fds, err = park(fds, parked); err != nil {
					return fds, err
				}
				parked = parked[:0]
			}
			made += 2
		}
	}
	return append(fds, parked...), nil
}

// park sends descriptors into a new pair of UNIX sockets, whose ends it adds to fds, and closes them here.
func park(fds, more []int) ([]int, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fds, err
	}
	fds = append(fds, pair[0], pair[1])
	if err := unix.Sendmsg(pair[0], []byte{0}, unix.UnixRights(more...), nil, unix.MSG_DONTWAIT); err != nil {
		return fds, err
	}
	for _, fd := range more {
		unix.Close(fd)
	}
	return fds, nil
}

// BenchmarkSockets reads a namespace with 50,000 TCP sockets. netmortem is a whole capture of sockets, read once and twice; proc is
// the same without tcp_diag; holders is one that looks for their processes, too, among all that the machine runs. limit is
// the dump thrown away; idle is a namespace that has one listening socket beside it, and empty one that has none. MB-more is
// the peak of resident memory above what the process had before.
func BenchmarkSockets(b *testing.B) {
	const n = 50_000
	if os.Geteuid() != 0 {
		b.Skip("needs root to make a network namespace")
	}
	jobs := map[string]chan func(){}
	for _, name := range []string{"crowd", "idle", "empty"} {
		queue := make(chan func())
		jobs[name] = queue
		started := make(chan error)
		goLocked(func() {
			started <- unix.Unshare(unix.CLONE_NEWNET)
			for job := range queue {
				job()
			}
		})
		if err := <-started; err != nil {
			b.Skipf("cannot make a network namespace: %v", err)
		}
		defer close(queue)
	}
	in := func(name string, f func() error) {
		b.Helper()
		done := make(chan error)
		jobs[name] <- func() { done <- f() }
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	var fds []int
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	in("crowd", func() (err error) { fds, err = crowd(n); return err })
	in("idle", func() error {
		l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		fds = append(fds, l)
		return errors.Join(err, unix.Listen(l, 16))
	})
	text := *socketCollector
	text.InNetns = sourced(false)
	for _, way := range []struct {
		name       string
		o          Options
		collectors []*Collector
	}{
		{"netmortem", kernelOnly(), []*Collector{socketCollector}}, {"netmortem-twice", kernelOnly(), []*Collector{socketCollector}},
		{"proc", kernelOnly(), []*Collector{&text}}, {"holders", kernelOnly(), []*Collector{socketCollector, processSocketCollector}},
	} {
		if way.name == "netmortem-twice" {
			way.o.Window = 1
		}
		b.Run("way="+way.name, func(b *testing.B) {
			resetPeak(b)
			before := peakMB(b)
			defer reportCPU(b, unix.RUSAGE_SELF)()
			for b.Loop() {
				c, err := runCollectors(b.Context(), way.o, way.collectors)
				if err != nil {
					b.Fatal(err)
				}
				if err := c.Write(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(peakMB(b)-before, "MB-more")
		})
	}
	for _, name := range []string{"crowd", "idle", "empty"} {
		b.Run("limit="+name, func(b *testing.B) {
			defer reportCPU(b, unix.RUSAGE_SELF)()
			for b.Loop() {
				in(name, func() error { return forgetSockets(b.Context()) })
			}
		})
	}
}

// forgetSockets dumps all TCP sockets of the namespace of the calling thread, if there are any, and forgets them.
func forgetSockets(ctx context.Context) error {
	n := &Netns{}
	there, err := socketsThere(n)
	n.procDir.close()
	if err != nil || !there.any(protoTCP) {
		return err
	}
	c, err := openNetlink(unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return err
	}
	defer c.close()
	seen := 0
	buf := make([]byte, recvRoom)
	err = c.stream(ctx, tcpdiagGetSock, tcpRequest(diagStates), tcpdiagGetSock, buf, func([]byte) error { seen++; return nil })
	if err == nil && seen == 0 {
		err = fmt.Errorf("no socket was found")
	}
	return err
}
