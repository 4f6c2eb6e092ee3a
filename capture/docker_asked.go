package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// dockerSlowDeadline bounds a collector of the daemon that somebody asked for although it may take long.
const dockerSlowDeadline = slowly*dockerCallDeadline + 5*time.Second

// dockerPlugins keeps the list of managed plug-ins. A plug-in of networks or volumes that hangs, hangs its containers.
var dockerPlugins = &Collector{
	Name:     "docker_plugins",
	Doc:      "Managed plug-ins of the daemon, GET /plugins, masked.",
	Needs:    "access to Docker's socket, as root and its group have it",
	Effects:  "None: a GET with a deadline. The daemon looks into its own list and asks no plug-in.",
	Since:    "0.2.0",
	Docs:     []string{"docker/plugins.json"},
	Daemon:   true,
	Deadline: dockerDeadline,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		if h.Docker == nil {
			return noDocker(h)
		}
		reply, whole, err := h.Docker.get(ctx, "/plugins", nil, replies{h.Docker, s}.limit())
		if err = absentIf(err, "this engine has no managed plug-ins", http.StatusNotFound, http.StatusNotImplemented); err != nil {
			return err
		}
		replies{h.Docker, s}.array("plugins", reply, whole)
		return nil
	},
}

// dockerNetworkDB asks each overlay network what gossip told the daemon of it.
var dockerNetworkDB = &Collector{
	Name:  "docker_networkdb",
	Doc:   "What gossip told the daemon of overlay networks, GET /networks/ID?verbose=true, masked; only with --networkdb.",
	Needs: "access to Docker's socket, as root and its group have it",
	Effects: "It takes the lock of NetworkDB, and with some engines it has crashed the daemon (moby#49402) or hung it (moby#47728): it is left out " +
		"unless asked for. The networks are asked one after the other, and a daemon that lets a call pass is not asked again.",
	Since:    "0.2.0",
	Docs:     []string{"docker/network_verbose.json"},
	Asked:    func(o *Options) (bool, string) { return o.NetworkDB, "it has crashed daemons; --networkdb asks for it" },
	Daemon:   true,
	Deadline: dockerSlowDeadline,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		if h.Docker == nil {
			return noDocker(h)
		}
		if err := h.Docker.negotiate(ctx); err != nil {
			return err
		}
		h.Docker.mu.Lock()
		networks := h.Docker.state.networks
		h.Docker.mu.Unlock()
		if networks == nil {
			return &Incomplete{schema.Skipped, "the daemon did not list its networks"}
		}
		var ids []named
		for _, n := range networks {
			if n.Driver == "overlay" && n.Scope == "swarm" {
				ids = append(ids, named{n.ID})
			}
		}
		if len(ids) == 0 {
			return &Incomplete{schema.Absent, "no overlay network of a swarm on this host"}
		}
		replies{h.Docker, s}.inspectEach(ctx, "network_verbose", ids, 1, nil, func(ctx context.Context, id string) ([]byte, bool, error) {
			return h.Docker.get(ctx, "/networks/"+id, url.Values{"verbose": {"true"}}, replies{h.Docker, s}.limit())
		})
		return nil
	},
}

// dockerDiskUsage asks for what images, containers and volumes take.
var dockerDiskUsage = &Collector{
	Name:    "docker_disk_usage",
	Doc:     "What images, containers and volumes take on disk, GET /system/df, masked; only with --disk-usage.",
	Needs:   "access to Docker's socket, as root and its group have it",
	Effects: "The daemon walks all of its directories, which takes minutes and much I/O on a full disk: it is left out unless asked for.",
	Since:   "0.2.0",
	Docs:    []string{"docker/disk_usage.json"},
	Asked: func(o *Options) (bool, string) {
		return o.DiskUsage, "the daemon would walk its directories; --disk-usage asks for it"
	},
	Daemon:   true,
	Deadline: dockerSlowDeadline,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		if h.Docker == nil {
			return noDocker(h)
		}
		r := replies{h.Docker, s}
		reply, whole, err := h.Docker.getWithin(ctx, "/system/df", nil, r.limit(), slowly*h.Docker.deadline)
		if err != nil {
			return err
		}
		r.object("disk_usage", reply, whole)
		return nil
	},
}

// dockerGoroutines asks a daemon in debug mode what each of its goroutines waits for.
var dockerGoroutines = &Collector{
	Name:    "docker_goroutines",
	Doc:     "What each goroutine of dockerd does, GET /debug/pprof/goroutine?debug=2, masked; only with --goroutines, and only a daemon in debug mode replies.",
	Needs:   "access to Docker's socket, as root and its group have it",
	Effects: "It stops every goroutine of the daemon for a moment: it is left out unless asked for. The signal that makes dockerd write the same into a file is not sent.",
	Since:   "0.2.0",
	Docs:    []string{"docker/goroutines.txt"},
	Asked: func(o *Options) (bool, string) {
		return o.Goroutines, "it stops the daemon for a moment; --goroutines asks for it"
	},
	Daemon:   true,
	Deadline: dockerSlowDeadline,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		if h.Docker == nil {
			return noDocker(h)
		}
		limit := replies{h.Docker, s}.limit()
		reply, whole, err := h.Docker.getWithin(ctx, "/debug/pprof/goroutine", url.Values{"debug": {"2"}}, limit, slowly*h.Docker.deadline)
		if err = absentIf(err, "the daemon is not in debug mode", http.StatusNotFound); err != nil {
			return err
		}
		if !whole { // what is a secret is known by its whole: the last line may be cut
			reply = reply[:bytes.LastIndexByte(reply, '\n')+1]
		}
		text, n := maskLog(reply)
		if err := s.Document("docker/goroutines.txt", text, n); err != nil || whole {
			return err
		}
		s.Cover(schema.Coverage{Document: "docker/goroutines.txt", Outcome: schema.Truncated, Reason: fmt.Sprintf("the reply was longer than %d bytes", limit)})
		return nil
	},
}

// absentIf turns a reply with one of the statuses into knowledge.
func absentIf(err error, reason string, status ...int) error {
	var api *apiError
	if errors.As(err, &api) {
		for _, code := range status {
			if api.status == code {
				return &Incomplete{schema.Absent, reason}
			}
		}
	}
	return err
}
