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
		if b.Listens, err = listens(c.State.Pid); err != nil {
			continue
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b *sandbox) int { return strings.Compare(a.Service+a.ID, b.Service+b.ID) })
	return out, nil
}

// listens reads at which TCP ports a process' namespace listens for others, of either family.
func listens(pid int) ([]int, error) {
	var out []int
	for _, family := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, family))
		if errors.Is(err, os.ErrNotExist) && family == "tcp6" {
			break // a kernel without IPv6
		}
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) < 4 || fields[3] != "0A" { // TCP_LISTEN
				continue
			}
			ip, port, _ := strings.Cut(fields[1], ":")
			n, err := strconv.ParseUint(port, 16, 16)
			if err == nil && !strings.HasSuffix(ip, "7F") && !slices.Contains(out, int(n)) { // 127.x.x.x, its last byte first
				out = append(out, int(n))
			}
		}
	}
	return out, nil
}
