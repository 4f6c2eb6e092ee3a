package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A sandbox is a running container of this host, with its network namespace.
type sandbox struct {
	ID, Task, Service, Hostname string
	Networks                    map[string]string // ids of overlays, and its addresses there
	Listens                     []int             // TCP ports, not of loopback
	Datagrams                   []int             // the same of UDP
	fd                          int               // its network namespace
}

// owner is what the walk knows it by.
func (b *sandbox) owner() string {
	if b.Task != "" {
		return b.Task
	}
	return b.ID
}

func (b *sandbox) who() *container {
	return &container{ID: b.ID, Owner: b.owner(), Hostname: b.Hostname, Service: b.Service}
}

// sandboxes asks this host's engine for what runs, and opens the namespaces.
func sandboxes() ([]*sandbox, error) {
	e := dial("unix", "/run/docker.sock")
	var list []struct{ ID string }
	if err := e.get("/containers/json", &list); err != nil {
		return nil, err
	}
	var out []*sandbox
	for _, x := range list {
		var c struct {
			State  struct{ Pid int }
			Config struct {
				Hostname string
				Labels   map[string]string
			}
			NetworkSettings struct {
				SandboxKey string
				Networks   map[string]struct{ NetworkID, IPAddress string }
			}
		}
		if err := e.get("/containers/"+x.ID+"/json", &c); err != nil || c.State.Pid == 0 {
			continue // it ended meanwhile
		}
		b := &sandbox{ID: x.ID, Task: c.Config.Labels["com.docker.swarm.task.id"], Service: c.Config.Labels["com.docker.swarm.service.name"],
			Hostname: c.Config.Hostname, Networks: map[string]string{}}
		for name, n := range c.NetworkSettings.Networks {
			if name != "ingress" && n.IPAddress != "" {
				b.Networks[n.NetworkID] = n.IPAddress
			}
		}
		fd, err := unix.Open(c.NetworkSettings.SandboxKey, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue // a container on the host's own network, or one that ended
		}
		b.fd = fd
		if b.Listens, err = listens(c.State.Pid, "tcp"); err != nil {
			continue
		}
		if b.Datagrams, err = listens(c.State.Pid, "udp"); err != nil {
			continue
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b *sandbox) int { return strings.Compare(a.Service+a.ID, b.Service+b.ID) })
	return out, nil
}

// waiting are the states in which sockets wait for others (TCP_LISTEN, and TCP_CLOSE, which is that of UDP without a peer).
var waiting = map[string]string{"tcp": "0A", "udp": "07"}

// firstFree is the first port that the kernel hands out by itself: whoever waits for datagrams there has asked somebody.
const firstFree = 32768

// listens reads at which ports of a protocol a process' namespace waits for others, of either family.
func listens(pid int, proto string) ([]int, error) {
	var out []int
	for _, family := range []string{proto, proto + "6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, family))
		if errors.Is(err, os.ErrNotExist) && family != proto {
			break // a kernel without IPv6
		}
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) < 4 || fields[3] != waiting[proto] {
				continue
			}
			ip, port, _ := strings.Cut(fields[1], ":")
			n, err := strconv.ParseUint(port, 16, 16)
			if err == nil && !strings.HasSuffix(ip, "7F") && !slices.Contains(out, int(n)) && (proto == "tcp" || n < firstFree) { // 127.x.x.x, its last byte first
				out = append(out, int(n))
			}
		}
	}
	return out, nil
}
