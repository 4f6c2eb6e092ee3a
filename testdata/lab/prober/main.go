// Prober tries, from every container of a lab's host, everything that it should reach: the names and virtual addresses of services,
// their tasks, published ports and the outside. It is what the walk over captured state is compared with, and knows nothing of it.
//
// One runs on each host and one outside, at the same time. They meet in a folder that all of them see: the one outside asks the
// manager what there is, each host tells which of its containers listen where, and nobody begins before all are there.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// outsider is the name of the prober that runs outside of the swarm.
const outsider = "outside"

func main() {
	var o options
	var all string
	flag.StringVar(&o.self, "self", "", "name of this host, or "+outsider)
	flag.StringVar(&all, "all", "", "names of all who take part")
	flag.StringVar(&o.dir, "dir", "", "folder in which they meet")
	flag.StringVar(&o.manager, "manager", "", "address and port of a manager's engine (outside only)")
	flag.StringVar(&o.listen, "listen", "", "address and port that containers ask (the outside's own)")
	flag.StringVar(&o.talkers, "talkers", "client", "service whose containers always talk: they go first")
	flag.StringVar(&o.first, "first", "", "host whose containers go first, too; empty for all hosts")
	flag.BoolVar(&o.only, "only-talkers", false, "let nobody else try")
	echo := flag.Int("echo", 0, "do nothing but send datagrams to this port back, with the host's name before them, and answer pages there: the sample's service echo")
	flag.Parse()
	if *echo != 0 {
		fmt.Fprintln(os.Stderr, "prober:", serveEcho(*echo))
		os.Exit(1)
	}
	o.all = strings.Fields(all)
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "prober:", err)
		os.Exit(1)
	}
}

type options struct {
	self, dir, manager, listen, talkers, first string
	all                                        []string
	only                                       bool
}

// patience is how long one waits for the others: on a busy machine one is much slower than another.
const patience = time.Minute

// run writes to standard error how long each part took.
func run(o options) error {
	begun := time.Now()
	tell := func(what string) {
		fmt.Fprintf(os.Stderr, "%s: %s after %v\n", o.self, what, time.Since(begun).Round(time.Millisecond))
	}
	var boxes []*sandbox
	var err error
	if o.self == outsider {
		p, err := askManager(o.manager)
		if err != nil {
			return err
		}
		if err := o.put("plan", p); err != nil {
			return err
		}
	} else if boxes, err = sandboxes(); err != nil {
		return err
	}
	s, err := openSockets(o, boxes)
	if err != nil {
		return err
	}
	if err := o.put(o.self+".ready", boxes); err != nil {
		return err
	}
	everywhere := map[string][]*sandbox{}
	for _, name := range o.all {
		var list []*sandbox
		if err := o.get(name+".ready", &list); err != nil {
			return err
		}
		everywhere[name] = list
	}
	var p plan
	if err := o.get("plan", &p); err != nil {
		return err
	}
	p.ports(everywhere)

	tell("all are there")
	now, later := o.clients(boxes, &p, s, everywhere)
	s.resolve(append(slices.Clone(now), later...))
	tell("names are resolved")
	s.try(now)
	tell("the first have tried")
	if err := o.meet("first"); err != nil {
		return err
	}
	s.try(later)
	tell("all have tried")
	if err := o.meet("end"); err != nil { // what is listened at here is asked by the others until then
		return err
	}
	w := json.NewEncoder(os.Stdout)
	for _, b := range boxes {
		if err := w.Encode(line{Container: b.who()}); err != nil {
			return err
		}
	}
	for _, c := range append(now, later...) {
		for _, t := range c.targets {
			if err := w.Encode(line{Tried: t.told()}); err != nil {
				return err
			}
		}
	}
	return nil
}

// clients are those who try here: at once, and once the first are through. What a task sends teaches tunnels and bridges where it is:
// a task that has only answered so far must not do that before others were seen to reach it, or not to.
func (o options) clients(boxes []*sandbox, p *plan, s *sockets, everywhere map[string][]*sandbox) (now, later []*client) {
	own := &client{name: o.self, host: o.self, space: s.home}
	own.published(p)
	now = append(now, own)
	for _, b := range boxes {
		c := &client{name: b.owner(), host: o.self, space: b.fd, box: b}
		c.services(p)
		c.containers(p, everywhere, o.talkers)
		c.outside(o.listen)
		switch {
		case b.Service == o.talkers || b.Service == "" || !o.only && (o.first == "" || o.first == o.self):
			now = append(now, c)
		case !o.only:
			later = append(later, c)
		}
	}
	return now, later
}

// put writes what one has to say, all of it or nothing.
func (o options) put(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	path := filepath.Join(o.dir, name)
	if err := os.WriteFile(path+".part", text, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// get waits for what another has to say.
func (o options) get(name string, v any) error {
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(filepath.Join(o.dir, name))
		if err == nil {
			return json.Unmarshal(text, v)
		}
		if !errors.Is(err, os.ErrNotExist) || time.Now().After(end) {
			return fmt.Errorf("wait for %s: %w", name, err)
		}
	}
}

// meet waits until all have come as far.
func (o options) meet(where string) error {
	if err := o.put(o.self+"."+where, true); err != nil {
		return err
	}
	for _, name := range o.all {
		if err := o.get(name+"."+where, new(bool)); err != nil {
			return err
		}
	}
	return nil
}

// A line of the output is one of its fields.
type line struct {
	Container *container `json:"container,omitempty"`
	Tried     *tried     `json:"tried,omitempty"`
}

// A container is who may answer.
type container struct {
	ID       string `json:"id"`
	Owner    string `json:"owner"` // the task's id, or for want of one the container's
	Hostname string `json:"hostname"`
	Service  string `json:"service,omitempty"`
}

// Tried is what one client tried of one target.
type tried struct {
	Client  string   `json:"client"` // the container's owner, a host's name or outside
	Host    string   `json:"host"`   // on which the client is
	Server  string   `json:"server,omitempty"`
	Network string   `json:"network,omitempty"`
	Via     string   `json:"via"`            // vip, dnsrr, tasks, container, published or egress
	At      string   `json:"at,omitempty"`   // of a published port the host that is asked, or 127.0.0.1, of a container its owner
	Port    int      `json:"port"`           // 0: whatever port, since the service has none
	Proto   string   `json:"proto"`          // tcp or udp
	Name    string   `json:"name,omitempty"` // that was asked for
	Answers []string `json:"answers,omitempty"`
	NoName  string   `json:"no_name,omitempty"` // why there is no answer to the name
	Rounds  [][]try  `json:"rounds"`            // all connections; a second time when some of the first failed
}

// A try is what became of the connections to one address; a datagram and its answer count as one.
type try struct {
	IP string `json:"ip"`
	counts
	Door *counts `json:"door,omitempty"` // the same for the prober's own port: it is cheaper, knows who answers, and has pages of full size
}

type counts struct {
	Small  map[string]int `json:"small,omitempty"`  // answers to small requests, by who answered
	Full   int            `json:"full,omitempty"`   // answers of full size
	Failed map[string]int `json:"failed,omitempty"` // connections that failed, by how
}
