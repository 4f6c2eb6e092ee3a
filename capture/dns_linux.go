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
	Doc:      "answers of Docker's resolver to the names of services, asked inside each container's namespace",
	Needs:    "CAP_SYS_ADMIN, to enter the namespace; CAP_DAC_READ_SEARCH, for resolv.conf of containers",
	Effects:  "Each question is one packet to the container's own resolver, for names of the swarm's own services, and leaves the conntrack entry that any lookup leaves; no server outside is asked. --no-dns asks nothing.",
	Since:    "0.1.0",
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
		plan, err := ns.Host.Docker.dnsPlan(ns.Host.Netns)
		if err != nil {
			return err
		}
		share := plan.share(ns)
		if share == nil && ns.Container != "" && ns.Processes > 0 {
			return &Incomplete{schema.Skipped, "nothing but the id is known of its container, so not which names to ask"}
		} else if share == nil {
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
		// The socket is made by the calling thread, so it belongs to the namespace that the thread is in.
		conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(server, 53)))
		if err != nil {
			return fmt.Errorf("open a socket to %s: %w", server, err)
		}
		defer conn.Close()
		answered, err := askAll(ctx, conn, ns.ID(), s, share, server)
		plan.heard(answered)
		return err
	},
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
