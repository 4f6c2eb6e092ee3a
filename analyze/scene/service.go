package scene

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
)

// maxEnded is how many ended tasks of a service are listed: of each slot the last one, and of these the latest.
const maxEnded = 10

// readServices lists the services that captured managers know, each as the one tells it who looked last, and those of which only
// containers tell.
func readServices(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	r := &serviceReader{notes: see.notes, byID: map[string]*serviceEntry{}}
	for _, read := range []func(context.Context, *sql.Tx) error{r.told, r.tasks, r.addresses, r.networks} {
		if err := read(ctx, tx); err != nil {
			return err
		}
	}
	r.labelled(s.Containers)
	for _, x := range r.list {
		for id := range x.nets {
			name := see.notes.network(id)
			x.Networks = append(x.Networks, name)
			see.notes.users[id] = append(see.notes.users[id], x.Name)
		}
		slices.Sort(x.Networks)
		x.Networks = slices.Compact(x.Networks)
		slices.SortFunc(x.VIPs, func(a, b VIP) int { return cmp.Or(strings.Compare(a.Network, b.Network), strings.Compare(a.IP, b.IP)) })
		s.Services = append(s.Services, x.Service)
	}
	for _, names := range see.notes.users {
		slices.Sort(names)
	}
	slices.SortFunc(s.Services, func(a, b Service) int {
		return cmp.Or(strings.Compare(a.Stack, b.Stack), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return nil
}

// A serviceReader gathers services by id.
type serviceReader struct {
	notes *notes
	byID  map[string]*serviceEntry
	list  []*serviceEntry

	kept, ended []listedTask // of the service that is being read
}

// A serviceEntry is a service that is being read.
type serviceEntry struct {
	Service
	nets    map[string]bool // full ids of its networks
	manager string          // captured manager that tells of it
}

// of is a service that managers tell of; a new one when it is not known yet.
func (r *serviceReader) of(id string) (x *serviceEntry, known bool) {
	if x, known = r.byID[id]; !known {
		x = &serviceEntry{nets: map[string]bool{}}
		x.By, x.ID = ByManagers, r.notes.once(id)
		r.byID[x.ID] = x
		r.list = append(r.list, x)
	}
	return x, known
}

// told reads the managers' lists of services.
func (r *serviceReader) told(ctx context.Context, tx *sql.Tx) error {
	var x Service
	var host string
	var replicas sql.Null[int]
	var updated sql.NullString
	return each(ctx, tx, `SELECT w.host, w.service_id, COALESCE(w.name, w.service_id), COALESCE(w.stack, ''), COALESCE(w.mode, ''), COALESCE(w.endpoint_mode, ''), COALESCE(w.image, ''),
  w.replicas, w.updated_at, COALESCE(w.update_state, ''), w.ref
FROM swarm_service AS w LEFT JOIN reading AS r ON r.host = w.host WHERE w.service_id IS NOT NULL ORDER BY r.last_s DESC, w.host, w.line`,
		[]any{&host, &x.ID, &x.Name, &x.Stack, &x.Mode, &x.EndpointMode, &x.Image, &replicas, &updated, &x.Update, &x.Ref}, func() {
			into, known := r.of(x.ID)
			if known { // as a manager who looked earlier tells it
				return
			}
			id := into.ID
			into.Service, into.manager = x, r.notes.once(host)
			into.By, into.ID, into.Stack, into.Mode, into.EndpointMode, into.Image, into.Update = ByManagers, id, r.notes.once(x.Stack), r.notes.once(x.Mode), r.notes.once(x.EndpointMode), r.notes.once(x.Image), r.notes.once(x.Update)
			into.Updated = moment(updated)
			if x.Mode == "replicated" {
				into.Wanted = number[int](replicas)
			}
		})
}

// A listedTask is a task with what orders it.
type listedTask struct {
	Task
	slot  int64
	node  string
	since float64
	ended bool
}

// tasks reads the managers' tasks. Of a service that they do not list, but have tasks of, the tasks tell.
func (r *serviceReader) tasks(ctx context.Context, tx *sql.Tx) error {
	ips := map[string][]string{}
	var id, ip string
	err := each(ctx, tx, `SELECT task_id, ip FROM task_endpoint WHERE gone = 0 ORDER BY net, ip`, []any{&id, &ip}, func() {
		ips[id] = append(ips[id], r.notes.once(ip))
	})
	if err != nil {
		return err
	}
	var service, name string
	var t listedTask
	var list []listedTask
	last := ""
	flush := func() {
		if len(list) > 0 {
			r.put(last, list)
		}
		list = list[:0]
	}
	err = each(ctx, tx, `SELECT t.service_id, COALESCE(t.service, t.service_id), t.task_id, COALESCE(t.label, ''), COALESCE(t.slot, 0), COALESCE(t.node_id, ''), COALESCE(t.host, t.node, ''), t.desired, t.state,
  COALESCE(t.err, ''), COALESCE(t.container, ''), COALESCE(t.since_s, 0), t.ref
FROM task_now AS t WHERE t.service_id <> '' ORDER BY t.service_id, t.slot`,
		[]any{&service, &name, &id, &t.Label, &t.slot, &t.node, &t.Host, &t.Desired, &t.State, &t.Err, &t.Container, &t.since, &t.Ref}, func() {
			if service != last {
				flush()
				last = service
				if x, known := r.of(service); !known {
					x.Name, x.Ref = name, t.Ref
				}
			}
			x := t
			x.ended = hasEnded(t.State)
			x.IPs = ips[id]
			x.Host, x.Container, x.Desired, x.State, x.Err, x.node = r.notes.once(t.Host), r.notes.once(t.Container), r.notes.once(t.Desired), r.notes.once(t.State), r.notes.once(t.Err), r.notes.once(t.node)
			list = append(list, x)
		})
	flush()
	if err != nil {
		return err
	}
	return r.without(ctx, tx)
}

// without says of services that have no task that none runs, where the tasks of the manager who tells of them were captured.
func (r *serviceReader) without(ctx context.Context, tx *sql.Tx) error {
	whole := map[string]bool{}
	var host string
	err := each(ctx, tx, `SELECT DISTINCT host FROM captured WHERE tbl = 'swarm_task' AND outcome = 'ok'`, []any{&host}, func() { whole[host] = true })
	for _, x := range r.list {
		if whole[x.manager] && x.Running == nil {
			x.Running = new(int)
			if x.Wanted == nil {
				x.Wanted = new(int)
			}
		}
	}
	return err
}

// hasEnded reports whether a task in that state is over (swarmkit api/types.proto, TaskState: what comes after RUNNING).
func hasEnded(state string) bool {
	switch state {
	case "complete", "shutdown", "failed", "rejected", "remove", "orphaned":
		return true
	}
	return false
}

// put gives a service its tasks: those that are wanted, and of each slot the last one that ended.
func (r *serviceReader) put(service string, list []listedTask) {
	slices.SortStableFunc(list, func(a, b listedTask) int {
		return cmp.Or(cmp.Compare(a.slot, b.slot), strings.Compare(r.notes.hosts[a.node], r.notes.hosts[b.node]), strings.Compare(a.node, b.node), cmp.Compare(b2i(a.ended), b2i(b.ended)), -cmp.Compare(a.since, b.since))
	})
	kept, ended := r.kept[:0], r.ended[:0]
	wanted, running := 0, 0
	for i, t := range list {
		if t.Desired == "running" && t.State == "running" {
			running++
		}
		if !t.ended {
			kept = append(kept, t)
			if t.Desired == "running" || t.Desired == "complete" {
				wanted++
			}
			continue
		}
		if p := i - 1; p < 0 || !list[p].ended || list[p].slot != t.slot || t.slot == 0 && list[p].node != t.node {
			ended = append(ended, t)
		}
	}
	x := r.byID[service]
	x.Ended = len(list) - len(kept)
	r.kept, r.ended = kept, ended
	slices.SortStableFunc(ended, func(a, b listedTask) int { return -cmp.Compare(a.since, b.since) })
	ended = ended[:min(len(ended), maxEnded)]
	x.Ended -= len(ended)
	kept = append(kept, ended...)
	slices.SortStableFunc(kept, func(a, b listedTask) int {
		return cmp.Or(cmp.Compare(a.slot, b.slot), strings.Compare(a.Label, b.Label), cmp.Compare(b2i(a.ended), b2i(b.ended)))
	})
	x.Tasks = make([]Task, len(kept))
	for i, t := range kept {
		x.Tasks[i] = t.Task
	}
	x.Running = &running
	if x.Wanted == nil {
		x.Wanted = &wanted
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// addresses reads the virtual addresses.
func (r *serviceReader) addresses(ctx context.Context, tx *sql.Tx) error {
	var id, net, ip string
	return each(ctx, tx, `SELECT v.service_id, COALESCE(o.network_id, v.net), v.ip FROM service_vip AS v LEFT JOIN overlay_network AS o ON o.net = v.net`, []any{&id, &net, &ip}, func() {
		if x := r.byID[id]; x != nil {
			x.VIPs = append(x.VIPs, VIP{r.notes.once(r.notes.network(net)), ip})
			x.nets[r.notes.once(net)] = true
		}
	})
}

// networks reads which networks each service asks for, as the manager has it who tells of the service.
func (r *serviceReader) networks(ctx context.Context, tx *sql.Tx) error {
	var host, id, net string
	return each(ctx, tx, `SELECT host, service_id, network_id FROM swarm_service_network WHERE service_id IS NOT NULL AND network_id IS NOT NULL`, []any{&host, &id, &net}, func() {
		if x := r.byID[id]; x != nil && x.manager == host {
			x.nets[r.notes.once(net)] = true
		}
	})
}

// labelled adds the services of which only containers tell: of a swarm without a captured manager, and of Docker Compose.
func (r *serviceReader) labelled(containers []Container) {
	named := map[string]*serviceEntry{}
	for _, x := range r.list {
		named[x.Name] = x
	}
	for i := range containers {
		c := &containers[i]
		told := r.notes.labels[c.Service]
		if told == nil {
			continue
		}
		x := named[c.Service]
		if x == nil {
			x = &serviceEntry{Service: Service{By: told.By, ID: told.ID, Name: c.Service, Stack: told.Stack, Image: c.Image, Ref: c.Ref}, nets: told.nets}
			named[c.Service] = x
			r.list = append(r.list, x)
		}
		if x.By != ByManagers {
			x.Tasks = append(x.Tasks, Task{Label: taskLabel(c, x.By), Host: c.Host, Container: c.ID, State: c.State, IPs: c.IPs, Ref: c.Ref})
		}
	}
	for _, x := range r.list {
		if x.By != ByManagers {
			slices.SortStableFunc(x.Tasks, func(a, b Task) int { return cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(a.Host, b.Host)) })
		}
	}
}

// taskLabel is the name of a task as docker service ps shows it, taken from that of its container: service.slot.task, with the node's id
// in the place of the slot of a global one.
func taskLabel(c *Container, by string) string {
	if i := strings.LastIndexByte(c.Name, '.'); by == ByContainers && i > len(c.Service) {
		return c.Name[:i]
	}
	return c.Name
}
