package capture

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

const (
	// Room for events that were not drained yet. It is charged when it is used, 100,000 events in one burst lose a few
	// thousand with 1 MiB, and none with 16. Overlays and the host are where bursts matter.
	eventRoomBig   = 4 << 20
	eventRoomSmall = 1 << 20
	// Files that the rest of the capture may need while sockets are open.
	otherFiles = 256
	// How often it is looked after namespaces that only our socket keeps alive.
	orphanEvery = time.Second
	// Datagrams of one namespace until the next one has its turn, and until the end of the window is the end.
	drainTurn = 256
	drainLast = 1 << 16
)

// eventGroups are the multicast groups of NETLINK_ROUTE that are joined, as bits (linux/rtnetlink.h, RTNLGRP_*).
const eventGroups = 1<<(unix.RTNLGRP_LINK-1) | 1<<(unix.RTNLGRP_NEIGH-1) |
	1<<(unix.RTNLGRP_IPV4_IFADDR-1) | 1<<(unix.RTNLGRP_IPV6_IFADDR-1) |
	1<<(unix.RTNLGRP_IPV4_ROUTE-1) | 1<<(unix.RTNLGRP_IPV6_ROUTE-1)

// openEvents opens a socket for events in the namespace of the calling thread. Nothing is ever sent on it.
func openEvents(room int) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return -1, fmt.Errorf("open a socket for events: %w", err)
	}
	// Beyond net.core.rmem_max it needs CAP_NET_ADMIN.
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, room)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: eventGroups}); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("subscribe to events: %w", err)
	}
	return fd, nil
}

// watchedFirst reports whether a namespace is watched before those of containers when there are not enough files for all.
func watchedFirst(ns *Netns) bool {
	return slices.Contains([]string{schema.NetnsHost, schema.NetnsOverlay, schema.NetnsLB, schema.NetnsIngress}, ns.Kind)
}

// start opens what all namespaces share. The caller holds mu.
func (m *monitor) start(h *Host) error {
	if m.started {
		return nil
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("make an epoll set: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err == nil {
		err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, wake, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: -1})
		if err != nil {
			unix.Close(wake)
		}
	}
	if err != nil {
		unix.Close(epoll)
		return fmt.Errorf("make an event descriptor: %w", err)
	}
	m.most = filesLeft()
	for _, ns := range h.Netns {
		if watchedFirst(ns) {
			m.reserved++
		}
	}
	m.epoll, m.wake, m.done = epoll, wake, make(chan struct{})
	m.budget, m.buf = newEventBudget(), make([]byte, recvRoom)
	m.base, m.monoAt = time.Now(), monotonic()
	m.started = true
	go m.run()
	return nil
}

// filesLeft is how many files may be open beside those of the rest. The Go runtime has raised the limit of the process to
// the highest that it may have.
func filesLeft() int {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 1024 - otherFiles
	}
	return int(min(l.Cur, 1<<20)) - otherFiles
}

// monotonic is CLOCK_MONOTONIC in nanoseconds, 0 if it cannot be read.
func monotonic() int64 {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return 0
	}
	return ts.Nano()
}

// admit starts the monitor, if it has to, and reports whether one more namespace can be watched.
func (m *monitor) admit(ns *Netns) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errSinkClosed
	}
	if err := m.start(ns.Host); err != nil {
		return err
	}
	if watchedFirst(ns) {
		m.reserved--
	} else if m.open+m.reserved >= m.most {
		return &Incomplete{schema.Truncated, fmt.Sprintf("not watched: this process may have no more than %d files open", m.most+otherFiles)}
	}
	m.open++
	return nil
}

// watch subscribes to the events of the namespace that the calling thread is in; s is the sink of its collector.
func (m *monitor) watch(ns *Netns, s *Sink) error {
	if err := m.admit(ns); err != nil {
		return err
	}
	room := eventRoomSmall
	if watchedFirst(ns) {
		room = eventRoomBig
	}
	fd, err := openEvents(room)
	if err != nil {
		return err
	}
	w := &watch{acc: s.acc, fd: fd}
	w.room, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	m.mu.Lock()
	defer m.mu.Unlock()
	err = errSinkClosed // when this thread was given up, and everything is over
	if !m.closed {
		err = unix.EpollCtl(m.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(m.watches))})
	}
	if err != nil {
		unix.Close(fd)
		return fmt.Errorf("wait for events: %w", err)
	}
	m.watches = append(m.watches, w)
	return nil
}

// at is the watch of that number.
func (m *monitor) at(i int) *watch {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i < len(m.watches) {
		return m.watches[i]
	}
	return nil
}

// run drains all sockets until it is woken, and closes them.
func (m *monitor) run() {
	defer close(m.done)
	ready := make([]unix.EpollEvent, 64)
	looked := time.Now()
	for woken := false; !woken; {
		n, err := unix.EpollWait(m.epoll, ready, int(orphanEvery.Milliseconds()))
		if err != nil && err != unix.EINTR {
			m.err = fmt.Errorf("wait for events: %w", err)
			break
		}
		for _, e := range ready[:max(n, 0)] {
			if e.Fd < 0 {
				woken = true
			} else if w := m.at(int(e.Fd)); w != nil {
				m.drain(w, drainTurn)
			}
		}
		if time.Since(looked) >= orphanEvery {
			m.letGo()
			looked = time.Now()
		}
	}
	for i := 0; ; i++ {
		w := m.at(i)
		if w == nil {
			return
		}
		m.drain(w, drainLast)
		w.close()
	}
}

// close closes the socket; what it had queued is gone.
func (w *watch) close() {
	if w.fd >= 0 {
		unix.Close(w.fd)
		w.fd = -1
	}
}

// end closes the socket before the end of the window.
func (w *watch) end(why string, gapped bool) {
	w.close()
	w.ended, w.gapped = why, gapped
}

// drain takes up to that many datagrams.
func (m *monitor) drain(w *watch, datagrams int) {
	for range datagrams {
		if w.fd < 0 {
			return
		}
		n, from, err := unix.Recvfrom(w.fd, m.buf, unix.MSG_TRUNC)
		now := time.Now()
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return
		case err == unix.ENOBUFS:
			w.log.lost.add(now.UnixNano())
			continue
		case err != nil:
			w.end(fmt.Sprintf("receive events: %v", err), true)
			return
		}
		// Only the kernel counts: a program in the namespace that may administrate it can send to us, too.
		if sender, ok := from.(*unix.SockaddrNetlink); !ok || sender.Pid != 0 {
			continue
		}
		if n > len(m.buf) {
			w.log.lost.add(now.UnixNano())
			continue
		}
		mono := int64(0)
		if m.monoAt != 0 {
			mono = m.monoAt + now.Sub(m.base).Nanoseconds()
		}
		err = messages(m.buf[:n], func(h unix.NlMsghdr, payload []byte) error {
			m.seq++
			w.log.add(&m.budget, kindOf(h.Type, payload), storedEvent{m.seq, now.UnixNano(), mono, h.Type, payload})
			return nil
		})
		if err != nil {
			w.log.lost.add(now.UnixNano())
		}
	}
}

// letGo closes the sockets of namespaces that nothing else holds any more, as far as is known: a namespace lives as long
// as a socket in it, and with it devices that somebody waits to see gone.
func (m *monitor) letGo() {
	for i := 0; ; i++ {
		w := m.at(i)
		if w == nil {
			return
		}
		if ns := w.acc.ns; w.fd >= 0 && !ns.IsHost() && !ns.alive() {
			m.drain(w, drainLast)
			// A mount that is gone was removed by its owner; of processes only some are known.
			w.end("watched until nothing held the namespace any more", len(ns.mounts) == 0)
		}
	}
}

// alive reports whether one of the ways to the namespace still leads there.
func (n *Netns) alive() bool {
	for _, p := range n.paths() {
		var st unix.Stat_t
		if unix.Stat(p, &st) == nil && strconv.FormatUint(st.Ino, 10) == n.ID() && int64(st.Dev) == n.Dev {
			return true
		}
	}
	return false
}

// stop ends the watch of all namespaces and returns them.
func (m *monitor) stop() []*watch {
	m.mu.Lock()
	m.closed = true
	started := m.started
	m.mu.Unlock()
	if !started {
		return nil
	}
	one := binary.NativeEndian.AppendUint64(nil, 1)
	if _, err := unix.Write(m.wake, one); err != nil {
		panic("capture: wake the monitor: " + err.Error()) // an eventfd of ours that was never written takes one
	}
	<-m.done
	unix.Close(m.wake)
	unix.Close(m.epoll)
	return m.watches
}

// release ends the watch and writes what was seen. ctx says whether the window was cut short.
func (m *monitor) release(ctx context.Context, b *books) {
	for _, w := range m.stop() {
		s := b.sink(w.acc, 0, 0)
		err := w.write(s)
		for _, table := range w.acc.c.Tables {
			o := w.outcome(table)
			switch {
			case err != nil:
				o = outcomeOf(err)
			case m.err != nil:
				o = outcomeOf(m.err)
			case ctx.Err() != nil:
				o = stopped(ctx)
			}
			s.Cover(schema.Coverage{Tbl: table, Outcome: o.Outcome, Reason: o.reason})
		}
		s.close()
		w.log = eventLog{}
	}
}

// outcome is what became of one of the two tables of a namespace.
func (w *watch) outcome(table string) outcome {
	var why []string
	if n := w.log.lost.count; n > 0 {
		why = append(why, fmt.Sprintf("lost: %d times the kernel had no room for its events (%d bytes)", n, w.room))
	}
	if all := w.log.total(); table == "kernel_event" && all > int64(w.log.events) {
		why = append(why, fmt.Sprintf("%d of %d events", w.log.events, all))
	}
	if w.gapped {
		why = append(why, w.ended)
	}
	if len(why) > 0 {
		return outcome{schema.Truncated, strings.Join(why, "; ")}
	}
	return outcome{schema.OK, w.ended}
}
