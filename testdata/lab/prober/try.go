package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// How long a connection may take until it is made, so that a first packet that got lost among many has a second chance after one second
// and a third after three: IPVS drops the first packet of each connection whose port a client used within two minutes, and who tries
// everything does so often. And how long until it is answered.
const (
	connectWait = 3300 * time.Millisecond
	answerWait  = 5 * time.Second
)

// The servers are small and their queues short: no more work than this is given to them at a time. A connection to a server of the
// sample is much, one to the prober's own port little; what is not connected after a moment waits for something that does not come.
const (
	workMost   = 16
	workServer = 4
	workDoor   = 1
	moment     = 150 * time.Millisecond
)

// A page of full size is more than several segments; so is what asks for it.
const fullSize = 8000

var (
	smallRequest = []byte("GET / HTTP/1.0\r\n\r\n")
	fullRequest  = []byte("GET /full HTTP/1.0\r\n" + strings.Repeat("X-Fill: "+strings.Repeat("x", 990)+"\r\n", 6) + "\r\n")
)

// sockets makes sockets in other network namespaces: its thread goes there, and the socket stays.
type sockets struct {
	home int
	now  int // the namespace in which the thread is
}

// openSockets listens where containers are to be reached that do not, and outside where they are to get to. It keeps the caller
// on its thread for good.
func openSockets(o options, boxes []*sandbox) (*sockets, error) {
	runtime.LockOSThread()
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	s := &sockets{home: home, now: home}
	if o.self == outsider {
		at, err := netip.ParseAddrPort(o.listen)
		if err != nil {
			return nil, err
		}
		return s, s.serve(home, at, outsider)
	}
	for _, b := range boxes {
		if err := s.serve(b.fd, netip.AddrPortFrom(netip.IPv4Unspecified(), doorPort), b.Hostname); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *sockets) enter(space int) error {
	if s.now == space {
		return nil
	}
	if err := unix.Setns(space, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter a namespace: %w", err)
	}
	s.now = space
	return nil
}

// serve answers like the web server of the sample, with a name.
func (s *sockets) serve(space int, at netip.AddrPort, name string) error {
	if err := s.enter(space); err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		return fmt.Errorf("listen at %s: %w", at, err)
	}
	if err := unix.Listen(fd, 256); err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), "door")
	l, err := net.FileListener(file)
	file.Close()
	if err != nil {
		return err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c, name)
		}
	}()
	return nil
}

func answer(c net.Conn, name string) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	var got []byte
	buf := make([]byte, 8192)
	for !bytes.HasSuffix(got, []byte("\r\n\r\n")) && len(got) < 64<<10 {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		got = append(got, buf[:n]...)
	}
	page := name + "\n"
	if bytes.HasPrefix(got, []byte("GET /full ")) {
		page = strings.Repeat("x", fullSize)
	}
	fmt.Fprintf(c, "HTTP/1.0 200 OK\r\n\r\n%s", page)
}

// An attempt is one connection, or one datagram and its answer.
type attempt struct {
	of    *counts
	full  bool
	work  int
	fd    int
	begun time.Time
	send  []byte // what is left to be sent
	got   []byte
	up    bool // the connection is made
	done  bool
	nonce []byte // of a datagram; nil for a connection of TCP
	sent  int    // how often a datagram was
}

// try tries all targets of clients, and those of which something failed a second time.
func (s *sockets) try(clients []*client) {
	var all, again []*target
	for _, c := range clients {
		all = append(all, c.targets...)
	}
	// Others begin at the same time: not all with the same server.
	rand.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	s.round(all)
	for _, t := range all {
		for _, x := range t.rounds[0] {
			if len(x.Failed) > 0 || x.Door != nil && len(x.Door.Failed) > 0 {
				again = append(again, t)
				break
			}
		}
	}
	s.round(again)
}

func (s *sockets) round(queue []*target) {
	var active []*attempt
	for len(queue) > 0 || len(active) > 0 {
		work := 0
		for _, a := range active {
			if a.up || time.Since(a.begun) < moment {
				work += a.work
			}
		}
		for len(queue) > 0 && work < workMost {
			begun := s.begin(queue[0])
			queue = queue[1:]
			for _, a := range begun {
				work += a.work
			}
			active = append(active, begun...)
		}
		active = step(active)
	}
}

// begin begins all connections of a target, one right after the other, so that a balancer that takes turns sends them everywhere.
func (s *sockets) begin(t *target) []*attempt {
	r := map[string]*try{}
	t.rounds = append(t.rounds, r)
	var out []*attempt
	for _, ip := range t.ips {
		x := &try{IP: ip, counts: newCounts()}
		r[ip] = x
		addr, err := netip.ParseAddr(ip)
		if err == nil && !addr.Is4() {
			err = errors.New("no address of IPv4")
		}
		if err == nil {
			err = s.enter(t.client.space)
		}
		if err != nil {
			x.Failed[err.Error()]++
			continue
		}
		var door *counts
		switch {
		case t.door > 0 && t.port == 0:
			door = &x.counts
		case t.door > 0:
			c := newCounts()
			x.Door, door = &c, &c
		}
		var begun []*attempt
		for range t.door {
			begun = append(begun, newAttempt(door, addr, doorPort, false))
		}
		for range t.door {
			begun = append(begun, newAttempt(door, addr, doorPort, true))
		}
		for range t.door {
			begun = append(begun, newAttempt(door, addr, doorPort, false))
		}
		ask := newAttempt
		if t.Proto == "udp" {
			ask = newDatagram
		}
		if t.port > 0 {
			for range t.each {
				begun = append(begun, ask(&x.counts, addr, t.port, false))
			}
			for i := 0; t.full && i < t.each; i++ {
				begun = append(begun, ask(&x.counts, addr, t.port, true))
			}
		}
		out = append(out, slices.DeleteFunc(begun, func(a *attempt) bool { return a.done })...)
	}
	return out
}

func newCounts() counts { return counts{Small: map[string]int{}, Failed: map[string]int{}} }

// newAttempt begins a connection in the namespace in which the thread is.
func newAttempt(of *counts, addr netip.Addr, port int, full bool) *attempt {
	a := &attempt{of: of, full: full, send: smallRequest, begun: time.Now(), work: workServer}
	if full {
		a.send = fullRequest
	}
	if port == doorPort {
		a.work = workDoor
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		of.Failed[err.Error()]++
		a.done = true
		return a
	}
	a.fd = fd
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: addr.As4()}); err != nil && err != unix.EINPROGRESS {
		a.end(err.Error())
	}
	return a
}

// end closes the connection and notes how it failed, or who answered.
func (a *attempt) end(failed string) {
	unix.Close(a.fd)
	a.done = true
	if failed != "" {
		a.of.Failed[failed]++
		return
	}
	head, page, _ := bytes.Cut(a.got, []byte("\r\n\r\n"))
	status, _, _ := strings.Cut(string(head), "\r\n")
	switch {
	case !strings.Contains(status, " 200 "):
		a.of.Failed[fmt.Sprintf("answered %.40q", status)]++
	case a.full && len(page) < fullSize:
		a.of.Failed[fmt.Sprintf("cut at %d bytes", len(page))]++
	case a.full:
		a.of.Full++
	default:
		a.of.Small[strings.TrimSpace(string(page))]++
	}
}

// step waits for something to happen and returns what is left to wait for.
func step(active []*attempt) []*attempt {
	fds := make([]unix.PollFd, len(active))
	for i, a := range active {
		fds[i] = unix.PollFd{Fd: int32(a.fd), Events: unix.POLLIN}
		if !a.up || len(a.send) > 0 {
			fds[i].Events |= unix.POLLOUT
		}
	}
	if _, err := unix.Poll(fds, 20); err != nil {
		return active // interrupted
	}
	left := active[:0]
	for i, a := range active {
		waited := time.Since(a.begun)
		if a.nonce != nil {
			a.datagram(fds[i].Revents != 0, waited)
			if !a.done {
				left = append(left, a)
			}
			continue
		}
		if fds[i].Revents != 0 {
			a.advance()
		}
		switch {
		case a.done:
		case !a.up && waited > connectWait:
			a.end("no connection")
		case waited > answerWait && len(a.got) > 0:
			a.end("half an answer")
		case waited > answerWait:
			a.end("no answer")
		}
		if !a.done {
			left = append(left, a)
		}
	}
	return left
}

func (a *attempt) advance() {
	if !a.up {
		code, err := unix.GetsockoptInt(a.fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			a.end(err.Error())
			return
		}
		if code != 0 {
			a.end(unix.Errno(code).Error())
			return
		}
		a.up = true
	}
	for len(a.send) > 0 {
		n, err := unix.Write(a.fd, a.send)
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			a.end(err.Error())
			return
		}
		a.send = a.send[n:]
	}
	buf := make([]byte, 16384)
	for {
		n, err := unix.Read(a.fd, buf)
		switch {
		case err == unix.EAGAIN:
			return
		case err != nil:
			a.end(err.Error())
			return
		case n == 0:
			a.end("")
			return
		}
		a.got = append(a.got, buf[:n]...)
	}
}
