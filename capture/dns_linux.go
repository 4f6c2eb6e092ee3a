package capture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// dockerResolver is the address of Docker's resolver in every sandbox (moby libnetwork/sandbox_dns_unix.go:
// resolverIPSandbox). Rules of the nat table in the sandbox lead it to the port where dockerd listens.
var dockerResolver = netip.MustParseAddr("127.0.0.11")

// dns asks Docker's resolver, in each container's namespace, for the services that the container shares a network
// with: <service> and tasks.<service>.
//
// What the resolver does not know it forwards: A, AAAA, PTR, MX and SRV questions for names without a record, and every
// other type (moby libnetwork/resolver.go: serveDNS). So only names are asked that it must know, only A and AAAA, and
// after the first answer that is not its own no more of that name. Questions do not ask for recursion: Docker's
// resolver does not look at that bit, and a server that a question was forwarded to after all answers from its cache
// or not at all. Nothing but 127.0.0.11 is asked: any other server in resolv.conf is not Docker's.
var dns = &Collector{
	Name:     "dns",
	Doc:      "answers of Docker's resolver to the names of services, asked inside each container's namespace; needs CAP_SYS_ADMIN to enter it",
	Tables:   []string{"dns_query", "dns_answer"},
	Deadline: dnsPerNetns + time.Second,
	Late:     true,
	InNetns: func(ctx context.Context, ns *Netns, s *Sink) error {
		switch {
		case ns.Kind != schema.NetnsContainer:
			return &Incomplete{schema.Absent, "not a container's namespace"}
		case ns.Host.Options.NoDNS:
			return &Incomplete{schema.Skipped, "not asked for: no resolver was to be asked"}
		case ns.Host.Docker == nil:
			return noDocker(ns.Host)
		}
		plan, err := ns.Host.Docker.dnsPlan()
		if err != nil {
			return err
		}
		share := plan.share(ns)
		if share == nil {
			return &Incomplete{schema.Absent, "no running container of Docker's is in it"}
		}
		if len(share.names) == 0 && share.dropped == 0 {
			return &Incomplete{schema.Absent, "no service runs on its container's networks"}
		}
		if err := plan.enough(); err != nil {
			return err
		}
		server, err := resolverOf(ns, share.container)
		if err != nil {
			return err
		}
		if server != dockerResolver {
			return &Incomplete{schema.Absent, fmt.Sprintf("its resolv.conf names %s, which is not Docker's resolver", server)}
		}
		answered, err := askAll(ctx, ns, s, share, server)
		plan.heard(answered)
		return err
	},
}

// askAll asks a container's share, each name once before any is asked again, and reports whether an answer came.
func askAll(ctx context.Context, ns *Netns, s *Sink, share *dnsShare, server netip.Addr) (answered bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, dnsPerNetns)
	defer cancel()
	// The socket is made by the calling thread, so it belongs to the namespace that the thread is in.
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(server, 53)))
	if err != nil {
		return false, fmt.Errorf("open a socket to %s: %w", server, err)
	}
	defer conn.Close()

	unknown, timeouts := map[string]bool{}, 0
	for attempt := 1; attempt <= share.repeats; attempt++ {
		for _, name := range share.names {
			for _, qtype := range questions(attempt, share.aaaa) {
				if unknown[name.name] {
					continue
				}
				if ctx.Err() != nil {
					return answered, &Incomplete{schema.Truncated, fmt.Sprintf("%s were over in round %d of %d", dnsPerNetns, attempt, share.repeats)}
				}
				a := ask(ctx, conn, name.name, qtype)
				if err := putAnswer(s, ns, share.container.ID, server, name, qtype, attempt, a); err != nil {
					return answered, err
				}
				answered = answered || a.err == nil
				unknown[name.name] = a.err == nil && !a.dockers(qtype)
				if errors.Is(a.err, os.ErrDeadlineExceeded) {
					if timeouts++; timeouts >= dnsTimeouts {
						return answered, &Incomplete{schema.Timeout, fmt.Sprintf("%d questions had no answer within %s; no more were asked", timeouts, dnsAnswerBy)}
					}
				} else if a.err != nil {
					return answered, &Incomplete{schema.Partial, fmt.Sprintf("resolver %s: %v; no more was asked", server, a.err)}
				}
			}
		}
	}
	switch {
	case share.dropped > 0:
		return answered, &Incomplete{schema.Truncated, fmt.Sprintf("%d names were left out", share.dropped)}
	case share.repeats < dnsRepeats:
		return answered, &Incomplete{schema.Truncated, "each name was asked once, for A only: there were too many questions for more"}
	}
	return answered, nil
}

// putAnswer writes the rows of one question.
func putAnswer(s *Sink, ns *Netns, container string, server netip.Addr, name dnsName, qtype string, attempt int, a answer) error {
	err := s.Put(&schema.DNSQuery{Netns: ns.ID(), Container: container, Server: server, Name: name.name, Service: name.service, Tasks: name.tasks,
		QType: qtype, Attempt: int64(attempt), RCode: a.rcode, Error: a.reason(), Truncated: a.truncated, Answers: int64(len(a.records)), Micros: a.took.Microseconds()})
	for i, r := range a.records {
		if err != nil {
			return err
		}
		err = s.Put(&schema.DNSAnswer{Netns: ns.ID(), Container: container, Name: name.name, Service: name.service, Tasks: name.tasks,
			QType: qtype, Attempt: int64(attempt), Pos: int64(i + 1), RType: r.rtype, Address: r.address, Target: r.target, TTL: r.ttl})
	}
	return err
}

// resolverOf is the first name server of a container's resolv.conf: as a process in it sees the file, else the file that
// Docker keeps for it.
func resolverOf(ns *Netns, c *dockerContainer) (netip.Addr, error) {
	data, err := readInRoot(ns.Host.Path(fmt.Sprintf("/proc/%d/root", ns.PID)), "etc/resolv.conf")
	if (ns.PID == 0 || err != nil) && c.ResolvConfPath != "" {
		data, err = readBounded(ns.Host.Path(filepath.Clean(c.ResolvConfPath)), maxResolvConf)
	}
	if err != nil {
		return netip.Addr{}, fmt.Errorf("resolv.conf of container %.12s: %w", c.ID, err)
	}
	server, ok := nameserver(string(data))
	if !ok {
		return server, &Incomplete{schema.Absent, "its resolv.conf names no server"}
	}
	return server, nil
}

const maxResolvConf = 64 << 10

// readInRoot reads a regular file of another root directory, whose links may not lead out of it.
func readInRoot(root, name string) ([]byte, error) {
	dir, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: root, Err: err}
	}
	defer unix.Close(dir)
	fd, err := unix.Openat2(dir, name, &unix.OpenHow{Flags: unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK, Resolve: unix.RESOLVE_IN_ROOT})
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // before 5.6, or forbidden by a seccomp filter
		fd, err = unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: filepath.Join(root, name), Err: err}
	}
	return readRegular(os.NewFile(uintptr(fd), name), maxResolvConf)
}

// nameserver is the first server that a resolv.conf names.
func nameserver(conf string) (netip.Addr, bool) {
	for line := range strings.Lines(conf) {
		f := strings.Fields(line)
		if len(f) >= 2 && f[0] == "nameserver" {
			if a, err := netip.ParseAddr(f[1]); err == nil {
				return a.Unmap(), true
			}
		}
	}
	return netip.Addr{}, false
}
