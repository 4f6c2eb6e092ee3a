package main

import (
	"bytes"
	"crypto/rand"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// How often a datagram is sent, and how long it is waited for an answer before it is sent again, or given up.
const (
	datagramTimes = 3
	datagramWait  = 800 * time.Millisecond
)

// fullDatagram is how many bytes a large one has: with its headers, and with the name that the answer has before it, as many as a device
// of an overlay takes of 1450.
const fullDatagram = 1400

// newDatagram sends one from a port of its own to a server that sends it back with its name before it.
func newDatagram(of *counts, addr netip.Addr, port int, full bool) *attempt {
	a := &attempt{of: of, full: full, begun: time.Now(), work: workDoor, nonce: []byte(rand.Text())}
	text := string(a.nonce)
	if full {
		text += strings.Repeat("x", fullDatagram-len(text)-1)
	}
	a.send = []byte(text + "\n")
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		of.Failed[err.Error()]++
		a.done = true
		return a
	}
	a.fd = fd
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: addr.As4()}); err != nil {
		a.end(err.Error())
		return a
	}
	a.again()
	return a
}

// again sends the datagram. What is too large for the way is sent in fragments the next time.
func (a *attempt) again() {
	a.sent++
	if _, err := unix.Write(a.fd, a.send); err != nil && err != unix.EAGAIN && err != unix.EMSGSIZE {
		a.end(err.Error())
	}
}

// datagram takes an answer, or sends again what was not answered for a while.
func (a *attempt) datagram(ready bool, waited time.Duration) {
	buf := make([]byte, 2*fullDatagram)
	for ready && !a.done {
		n, err := unix.Read(a.fd, buf)
		switch {
		case err == unix.EAGAIN:
			ready = false
		case err == unix.EMSGSIZE: // told of a smaller MTU: the next one is sent in fragments
		case err != nil:
			a.end(err.Error())
		default:
			if name, back, ok := bytes.Cut(buf[:n], []byte(" ")); ok && bytes.HasPrefix(back, a.nonce) {
				a.echoed(string(name), back)
			}
		}
	}
	switch {
	case a.done || waited < time.Duration(a.sent)*datagramWait:
	case a.sent == datagramTimes:
		a.end("no answer")
	default:
		a.again()
	}
}

// echoed notes an answer.
func (a *attempt) echoed(name string, back []byte) {
	unix.Close(a.fd)
	a.done = true
	switch {
	case !bytes.Equal(bytes.TrimSpace(back), bytes.TrimSpace(a.send)):
		a.of.Failed["cut"]++
	case a.full:
		a.of.Full++
	default:
		a.of.Small[name]++
	}
}

// serveEcho is the sample's service of UDP, one process for all datagrams, which has pages at the same port of TCP.
func serveEcho(port int) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{Port: port})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp4", c.LocalAddr().String())
	if err != nil {
		return err
	}
	go func() {
		for {
			t, err := l.Accept()
			if err != nil {
				return
			}
			go answer(t, name)
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return err
		}
		c.WriteToUDPAddrPort(append([]byte(name+" "), buf[:n]...), from) // who gets no answer asks again
	}
}
