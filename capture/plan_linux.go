package capture

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// PlanOf says what a capture with these options would read here, with which privilege, and how much there roughly is. It
// asks no daemon, enters no namespace, and writes nothing.
func PlanOf(ctx context.Context, o Options) (*Plan, error) { return planOf(ctx, o, Collectors) }

func planOf(ctx context.Context, o Options, collectors []*Collector) (*Plan, error) {
	o = o.withDefaults()
	calm()
	h := &Host{Options: o}
	row, err := readHost(o)
	if row.Hostname == "" {
		return nil, fmt.Errorf("read what the host says of itself: %w", err)
	}
	if err := discover(ctx, h); err != nil {
		return nil, err
	}
	if h.own != nil {
		defer h.own.Close()
	}
	p := &Plan{Host: row.Hostname, Netns: len(h.Netns), Reads: 2, Window: o.Window.String(), Deadline: o.Deadline.String(),
		MaxMemory: o.MaxMemory, MaxSize: o.MaxSize, Containers: -1, Sockets: -1}
	if o.Window < 0 {
		p.Reads, p.Window = 1, ""
	}
	if list, err := os.ReadDir(o.path(filepath.Join(configuredRoot(o), "containers"))); err == nil {
		p.Containers = len(list)
	} else if os.IsNotExist(err) {
		p.Containers = 0
	}
	for _, ns := range h.Netns {
		p.Processes += int(ns.Processes)
		for _, pid := range ns.pids {
			if n, err := socketsOf(o, pid); err == nil {
				p.Sockets = max(p.Sockets, 0) + n
				break
			}
		}
	}
	priv := readPrivileges()
	for _, c := range collectors {
		it := c.item()
		it.LeftOut = o.unwanted(c)
		it.Lacks = priv.Lacks(c.Needs)
		it.Where = whereOf(c, p)
		p.Items = append(p.Items, it)
	}
	return p, nil
}

// whereOf is where a collector runs, and how often.
func whereOf(c *Collector, p *Plan) string {
	where := "host"
	switch {
	case c.Daemon:
		where = "daemon"
	case c.InNetns != nil && c.HostOnly:
		where = "host's namespace"
	case c.InNetns != nil:
		where = fmt.Sprintf("%d namespaces", p.Netns)
	}
	if c.Volatile && p.Reads > 1 {
		where += ", twice"
	}
	return where
}

// socketsOf counts the TCP and UDP sockets in the namespace of a process: the words inuse and tw of sockstat.
func socketsOf(o Options, pid int) (int, error) {
	n := 0
	for _, name := range []string{"sockstat", "sockstat6"} {
		text, err := readBounded(filepath.Join(o.proc(), strconv.Itoa(pid), "net", name), 1<<14)
		if err != nil {
			return 0, err
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			for i := 1; i+1 < len(f); i += 2 {
				if f[i] == "inuse" || f[i] == "tw" {
					v, _ := strconv.Atoi(f[i+1]) // a count, else nothing
					n += v
				}
			}
		}
	}
	return n, nil
}
