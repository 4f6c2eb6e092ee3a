package path

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// A Place is an end of a trace.
type Place struct {
	Label     string
	Outside   bool
	Host      string // a captured host as such, or the one on which a published port is asked
	Space     string // name of a namespace, where one was named
	Service   *Service
	Tasks     bool        // tasks.SERVICE was named
	Endpoints []*Endpoint // of one sandbox, by network
	IP        netip.Addr  // an address of an overlay was named, one of 127.0.0.0/8, or one of IPv6 of Host
}

// An Ambiguous name fits several things.
type Ambiguous struct {
	Name       string
	Candidates []string
}

func (a *Ambiguous) Error() string {
	return fmt.Sprintf("%s may be any of %s", a.Name, strings.Join(a.Candidates, ", "))
}

// An Unheard name fits nothing; Words are those that would.
type Unheard struct {
	Name  string
	Words []string
}

func (u *Unheard) Error() string { return "nothing captured is named " + u.Name }

// Find resolves a name of an end: outside; HOST; HOST:netns:NAME; tasks.SERVICE; the label of a task, vote.1; the name or
// the begin of the id of a container; SERVICE; an address. As the client of a trace, a service means one of its tasks:
// where it has several, that is ambiguous.
func (w *World) Find(ctx context.Context, tx *sql.Tx, name string, client bool) (*Place, error) {
	if name == "outside" {
		return &Place{Label: "the outside", Outside: true}, nil
	}
	if host, rest, ok := strings.Cut(name, ":netns:"); ok {
		return w.findSpace(ctx, tx, host, rest)
	}
	if ip, ok := parse(name); ok {
		return w.findIP(ctx, tx, ip)
	}
	sandboxes := map[string][]*Endpoint{} // by owner
	label := map[string]string{}
	words := []string{"outside"}
	for _, ep := range w.Endpoints {
		if ep.Kind != "task" && ep.Kind != "container" {
			continue
		}
		words = append(words, ep.Label)
		if ep.Label == name || ep.Owner == name || len(name) >= 6 && strings.HasPrefix(ep.Owner, name) {
			sandboxes[ep.Owner] = append(sandboxes[ep.Owner], ep)
			label[ep.Owner] = ep.Label
		}
	}
	if len(sandboxes) == 0 {
		owners, names, err := w.containers(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		words = append(words, names...)
		for _, ep := range w.Endpoints {
			if slices.Contains(owners, ep.Owner) {
				sandboxes[ep.Owner] = append(sandboxes[ep.Owner], ep)
				label[ep.Owner] = ep.Label
			}
		}
	}
	var services []*Service
	for _, id := range sortedKeys(w.Services) {
		s := w.Services[id]
		words = append(words, s.Name, "tasks."+s.Name)
		if s.Name == name || "tasks."+s.Name == name || s.ID == name {
			services = append(services, s)
		}
	}
	host := ""
	for _, h := range w.Hosts {
		words = append(words, h)
		if h == name {
			host = h
		}
	}
	var candidates []string
	for _, o := range sortedKeys(sandboxes) {
		candidates = append(candidates, label[o]+" on "+w.node(sandboxes[o][0].Node)+" ("+short(o)+")")
	}
	if client && len(services) == 1 && len(sandboxes) == 0 && host == "" {
		return w.oneTask(services[0])
	}
	for _, s := range services {
		candidates = append(candidates, "service "+s.Name+" ("+short(s.ID)+")")
	}
	if host != "" {
		candidates = append(candidates, "host "+host)
	}
	switch {
	case len(candidates) > 1:
		return nil, &Ambiguous{name, candidates}
	case len(candidates) == 0:
		slices.Sort(words)
		return nil, &Unheard{name, slices.Compact(words)}
	case host != "":
		return &Place{Label: host, Host: host}, nil
	case len(services) == 1:
		return &Place{Label: name, Service: services[0], Tasks: strings.HasPrefix(name, "tasks.") && services[0].Name != name}, nil
	}
	for o, eps := range sandboxes {
		return &Place{Label: label[o], Endpoints: eps}, nil
	}
	return nil, nil
}

func short(id string) string { return id[:min(len(id), 12)] }

// oneTask is the task of a service that has only one.
func (w *World) oneTask(s *Service) (*Place, error) {
	owners := map[string][]*Endpoint{}
	for _, ep := range s.tasks {
		owners[ep.Owner] = append(owners[ep.Owner], ep)
	}
	if len(owners) != 1 {
		a := &Ambiguous{Name: s.Name}
		for _, o := range sortedKeys(owners) {
			a.Candidates = append(a.Candidates, owners[o][0].Label)
		}
		slices.Sort(a.Candidates)
		if len(owners) == 0 {
			return nil, fmt.Errorf("the service %s has no task", s.Name)
		}
		return nil, a
	}
	for _, eps := range owners {
		return &Place{Label: eps[0].Label, Endpoints: eps}, nil
	}
	return nil, nil
}

// containers finds owners of endpoints by the name or id of a container.
func (w *World) containers(ctx context.Context, tx *sql.Tx, name string) (owners, words []string, err error) {
	var id, called, task string
	err = each(ctx, tx, "SELECT container, name, COALESCE(task_id, '') FROM container", []any{&id, &called, &task}, func() {
		words = append(words, called)
		if called == name || len(name) >= 6 && strings.HasPrefix(id, name) {
			owners = append(owners, id)
			if task != "" {
				owners = append(owners, task)
			}
		}
	})
	return owners, words, err
}

// findSpace is a namespace by its name or inode on a host.
func (w *World) findSpace(ctx context.Context, tx *sql.Tx, host, name string) (*Place, error) {
	if !w.captured[host] {
		return nil, &Unheard{host, w.Hosts}
	}
	var netns, called, kind, container string
	var names []string
	var ids []string
	p := &Place{Label: host + ":netns:" + name, Host: host, Space: name}
	err := each(ctx, tx, "SELECT netns, name, kind, COALESCE(container, '') FROM netns WHERE host = '"+strings.ReplaceAll(host, "'", "''")+"'", []any{&netns, &called, &kind, &container}, func() {
		names = append(names, called)
		if called == name || netns == name {
			ids = append(ids, netns)
			if kind == "host" {
				p.Space = ""
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, &Unheard{name, names}
	}
	var net, ip string
	err = each(ctx, tx, "SELECT net, ip FROM local_endpoint WHERE ip IS NOT NULL AND host = '"+strings.ReplaceAll(host, "'", "''")+"' AND netns = '"+strings.ReplaceAll(ids[0], "'", "''")+"'", []any{&net, &ip}, func() {
		if a, ok := parse(ip); ok && w.Networks[net] != nil {
			if ep := w.Networks[net].byIP[a]; ep != nil {
				p.Endpoints = append(p.Endpoints, ep)
			}
		}
	})
	return p, err
}

// findIP is an address: of an endpoint or a service on an overlay, or of a host.
func (w *World) findIP(ctx context.Context, tx *sql.Tx, ip netip.Addr) (*Place, error) {
	var eps []*Endpoint
	p := &Place{Label: ip.String(), IP: ip}
	if ip.IsLoopback() {
		return p, nil
	}
	var nets []string
	for _, id := range sortedKeys(w.Networks) {
		n := w.Networks[id]
		if ep := n.byIP[ip]; ep != nil {
			eps = append(eps, ep)
			nets = append(nets, n.Name)
		} else if v := n.vips[ip]; v != nil {
			nets = append(nets, n.Name)
		}
	}
	if len(nets) > 1 {
		return nil, &Ambiguous{ip.String(), nets}
	}
	if len(nets) == 1 {
		if len(eps) == 1 {
			for _, ep := range w.Endpoints {
				if ep.Owner == eps[0].Owner {
					p.Endpoints = append(p.Endpoints, ep)
				}
			}
		}
		return p, nil
	}
	for _, h := range w.Hosts {
		if owns, _ := w.owns(ip, w.nodeOf[h], h); owns && ip.Is4() {
			return &Place{Label: h, Host: h}, nil
		}
	}
	if ip.Is4() {
		return nil, &Unheard{ip.String(), nil}
	}
	var host string
	var hosts []string
	err := each(ctx, tx, "SELECT DISTINCT a.host FROM address AS a JOIN netns AS n ON n.host = a.host AND n.netns = a.netns AND n.kind = 'host' WHERE a.ip = '"+ip.String()+"' ORDER BY a.host", []any{&host}, func() { hosts = append(hosts, host) })
	switch {
	case err != nil:
		return nil, err
	case len(hosts) == 0:
		return nil, &Unheard{ip.String(), nil}
	case len(hosts) > 1:
		return nil, &Ambiguous{ip.String(), hosts}
	}
	p.Host = hosts[0]
	return p, nil
}
