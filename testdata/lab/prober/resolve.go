package main

import (
	"slices"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"
)

// How long an answer to a name is waited for, and how often it is asked. A program's own resolver waits for longer (resolv.conf(5): five
// seconds, twice), and a busy daemon is not one that does not answer.
const (
	nameWait  = 1500 * time.Millisecond
	nameTimes = 3
)

// asker is the socket of one container to Docker's resolver.
type asker struct {
	fd    int
	names map[uint16]string
	got   map[string]*dns.Msg
	err   error
}

// resolve asks each container's resolver for all names of its targets.
func (s *sockets) resolve(clients []*client) {
	askers := map[*client]*asker{}
	for _, c := range clients {
		if c.box == nil {
			continue
		}
		a := &asker{names: map[uint16]string{}, got: map[string]*dns.Msg{}}
		askers[c] = a
		seen := map[string]bool{}
		for _, t := range c.targets {
			if t.Name != "" && !seen[t.Name] {
				seen[t.Name] = true
				a.names[uint16(len(seen))] = t.Name
			}
		}
		if a.err = s.enter(c.space); a.err != nil {
			continue
		}
		if a.fd, a.err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); a.err != nil {
			continue
		}
		defer unix.Close(a.fd)
		a.err = unix.Connect(a.fd, &unix.SockaddrInet4{Port: 53, Addr: [4]byte{127, 0, 0, 11}})
	}
	for range nameTimes {
		for _, a := range askers {
			a.ask()
		}
		for end := time.Now().Add(nameWait); time.Now().Before(end); {
			var fds []unix.PollFd
			var open []*asker
			for _, a := range askers {
				if a.err == nil && len(a.got) < len(a.names) {
					fds, open = append(fds, unix.PollFd{Fd: int32(a.fd), Events: unix.POLLIN}), append(open, a)
				}
			}
			if len(fds) == 0 {
				break
			}
			unix.Poll(fds, 20) // a signal interrupts it: the next turn asks again
			for i := range fds {
				if fds[i].Revents != 0 {
					open[i].hear()
				}
			}
		}
	}
	for c, a := range askers {
		for _, t := range c.targets {
			if t.Name != "" {
				t.resolved(a.answers(t.Name))
			}
		}
	}
}

// ask asks for all that has not been answered. What cannot be sent now is asked again, or counts as not answered.
func (a *asker) ask() {
	for id, name := range a.names {
		if a.err != nil || a.got[name] != nil {
			continue
		}
		m := new(dns.Msg).SetQuestion(name+".", dns.TypeA)
		m.Id = id
		if text, err := m.Pack(); err == nil {
			unix.Write(a.fd, text)
		}
	}
}

func (a *asker) hear() {
	buf := make([]byte, 4096)
	for {
		n, err := unix.Read(a.fd, buf)
		if err != nil {
			return // nothing more, or refused: the question is asked again
		}
		m := new(dns.Msg)
		if m.Unpack(buf[:n]) == nil && a.names[m.Id] != "" {
			a.got[a.names[m.Id]] = m
		}
	}
}

func (a *asker) answers(name string) (ips []string, failed string) {
	m := a.got[name]
	switch {
	case a.err != nil:
		return nil, a.err.Error()
	case m == nil:
		return nil, "no answer"
	case m.Rcode != dns.RcodeSuccess:
		return nil, dns.RcodeToString[m.Rcode]
	}
	for _, rr := range m.Answer {
		if r, ok := rr.(*dns.A); ok {
			ips = append(ips, r.A.String())
		}
	}
	if len(ips) == 0 {
		return nil, "no address"
	}
	slices.Sort(ips)
	return ips, ""
}
