package capture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// dockerDeadline bounds all of the calls of one collector.
const dockerDeadline = 30 * time.Second

// inspectors is how many containers or networks are inspected at a time.
const inspectors = 4

// docker keeps the daemon's replies.
var docker = &Collector{
	Name: "docker",
	Doc: "replies of the Docker daemon to GET, as received but for masked secrets: version, info, containers, networks, " +
		"and on a manager services, nodes and swarm; needs access to the daemon's socket",
	Needs:   "access to Docker's socket, as root and its group have it",
	Effects: "Requests are GETs, each with a deadline, and one that is hung costs one deadline. The verbose form of a network has crashed daemons (moby#49402) and is not asked for unless with --networkdb.",
	Since:   "0.1.0",
	Docs: []string{"docker/version.json", "docker/info.json", "docker/containers.json", "docker/container_inspect.json",
		"docker/networks.json", "docker/network_inspect.json", "docker/services.json", "docker/nodes.json", "docker/swarm.json"},
	Daemon:   true,
	Deadline: dockerDeadline,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		if h.Docker == nil {
			return noDocker(h)
		}
		r := replies{h.Docker, s}
		if err := h.Docker.negotiate(ctx); err != nil {
			return err // of every document alike
		}
		r.one(ctx, "version", "/version")
		if reply := r.one(ctx, "info", "/info"); reply != nil {
			info := &dockerInfo{}
			if json.Unmarshal(reply, info) == nil {
				h.Docker.keep(func(st *dockerState) { st.info = info })
			}
		}
		containers, err := r.list(ctx, "containers", "/containers/json", url.Values{"all": {"1"}})
		details := r.inspect(ctx, "container_inspect", containers, err, func(id string) string { return "/containers/" + id + "/json" })
		networks, err := r.list(ctx, "networks", "/networks", nil)
		r.inspect(ctx, "network_inspect", networks, err, func(id string) string { return "/networks/" + id })
		services, _ := r.list(ctx, "services", "/services", nil)
		h.Docker.keep(func(st *dockerState) {
			if details != nil {
				st.described = map[string]bool{}
				for _, c := range decodeRows[named](details) {
					st.described[c.ID] = true
				}
				st.containers = h.Docker.completed(decodeRows[*dockerContainer](details), len(containers))
			}
			st.networks, st.services = decodeRows[dockerNetwork](networks), decodeRows[dockerService](services)
		})
		_, _ = r.list(ctx, "nodes", "/nodes", nil) // the document holds its outcome
		r.one(ctx, "swarm", "/swarm")
		return nil
	},
}

// dockerTasks keeps the manager's list of tasks, which changes while things break: as it is in each of the two reads.
var dockerTasks = &Collector{
	Name:     "docker_tasks",
	Doc:      "the swarm's tasks, GET /tasks, as received but for masked secrets; only managers have them",
	Needs:    "access to Docker's socket, as root and its group have it",
	Effects:  "none: a GET with a deadline",
	Since:    "0.1.0",
	Docs:     []string{"docker/tasks.json"},
	Volatile: true,
	Daemon:   true,
	Deadline: dockerDeadline,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		if h.Docker == nil {
			_ = coverDocument(s, "tasks", noDocker(h))
			return nil
		}
		tasks, _ := replies{h.Docker, s}.list(ctx, "tasks", "/tasks", nil)
		h.Docker.keep(func(st *dockerState) { st.tasks = decodeRows[dockerTask](tasks) })
		return nil
	},
}

// noDocker is why a host has no daemon to ask: it was to be left alone, or its address is not understood.
func noDocker(h *Host) error {
	if h.dockerErr != nil {
		return &Incomplete{schema.Skipped, h.dockerErr.Error()}
	}
	return &Incomplete{schema.Skipped, "not asked for: the daemon was to be left alone"}
}

// keep changes what is known of the daemon.
func (d *Docker) keep(change func(*dockerState)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.state)
}

// replies writes the daemon's replies as documents, raw/docker/<name>.json.
type replies struct {
	d *Docker
	s *Sink
}

// managersOnly are documents that only managers answer for.
var managersOnly = map[string]bool{"services": true, "nodes": true, "swarm": true, "tasks": true}

// one asks for an object and writes it as received. It returns the reply as received, nil when there was none.
func (r replies) one(ctx context.Context, name, p string) json.RawMessage {
	reply, whole, err := r.ask(ctx, name, p, nil)
	if err != nil {
		_ = coverDocument(r.s, name, err)
		return nil
	}
	return r.object(name, reply, whole)
}

// object writes a reply that is an object, and returns it unless it is withheld.
func (r replies) object(name string, reply []byte, whole bool) json.RawMessage {
	if !whole {
		_ = coverDocument(r.s, name, r.tooLong())
		return nil
	}
	doc, n, err := maskJSON(reply)
	if err != nil {
		_ = coverDocument(r.s, name, withheld(err))
		return nil
	}
	r.write(name, doc, n, nil)
	return reply
}

// list asks for an array and writes it with one element a line. It returns the elements as received; an error has become
// the document's outcome already.
func (r replies) list(ctx context.Context, name, p string, query url.Values) ([]json.RawMessage, error) {
	reply, whole, err := r.ask(ctx, name, p, query)
	if err != nil {
		return nil, coverDocument(r.s, name, err)
	}
	return r.array(name, reply, whole)
}

// array writes a reply that is an array, with one element a line, and returns its elements.
func (r replies) array(name string, reply []byte, whole bool) ([]json.RawMessage, error) {
	if strings.TrimSpace(string(reply)) == "null" { // how some versions say that there are none
		r.write(name, reply, 0, nil)
		return nil, nil
	}
	rows, complete, err := splitArray(reply)
	if err != nil {
		return nil, coverDocument(r.s, name, withheld(err))
	}
	var gap *Incomplete
	switch {
	case !whole:
		gap = &Incomplete{schema.Truncated, fmt.Sprintf("the reply was longer than %d bytes", r.limit())}
	case !complete:
		gap = &Incomplete{schema.Partial, fmt.Sprintf("the reply ends before the array does, after %d elements", len(rows))}
	}
	r.writeRows(name, rows, gap)
	return rows, nil
}

// inspect asks for each element of a list by its id and writes the replies as one array, in the order of the list. It
// returns them as received, nil when there are none because of a gap. Without a list its gap is this document's, too.
func (r replies) inspect(ctx context.Context, name string, list []json.RawMessage, err error, p func(id string) string) []json.RawMessage {
	if err != nil {
		_ = coverDocument(r.s, name, err)
		return nil
	}
	var gap *Incomplete
	if len(list) > maxContainers {
		gap = &Incomplete{schema.Truncated, fmt.Sprintf("only %d of %d were asked for", maxContainers, len(list))}
		list = list[:maxContainers]
	}
	return r.inspectEach(ctx, name, decodeRows[named](list), inspectors, gap, func(ctx context.Context, id string) ([]byte, bool, error) {
		return r.d.get(ctx, p(id), nil, r.limit())
	})
}

// named is what has an id.
type named struct{ ID string }

// inspectEach asks for each by its id, so many at a time, and writes the replies as one array. A gap is what to say of it
// beside what comes up.
func (r replies) inspectEach(ctx context.Context, name string, ids []named, atOnce int, gap *Incomplete, get func(ctx context.Context, id string) ([]byte, bool, error)) []json.RawMessage {
	found, errs := make([]json.RawMessage, len(ids)), make([]error, len(ids))
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(atOnce, len(ids)) {
		wg.Go(func() {
			for i := range next {
				reply, whole, err := get(ctx, ids[i].ID)
				switch {
				case err != nil:
				case !whole:
					err = r.tooLong()
				case !json.Valid(reply):
					err = withheld(errNotJSON)
				}
				found[i], errs[i] = reply, err
			}
		})
	}
	for i := range ids {
		next <- i
	}
	close(next)
	wg.Wait()

	rows, vanished := make([]json.RawMessage, 0, len(ids)), 0
	for i, reply := range found {
		var api *apiError
		switch err := errs[i]; {
		case err == nil:
			rows = append(rows, reply)
		case errors.As(err, &api) && api.status == http.StatusNotFound:
			vanished++
		case gap == nil:
			o := outcomeOf(err)
			gap = &Incomplete{o.Outcome, o.reason}
			if len(ids) > 1 && o.Outcome != schema.Skipped {
				gap.Outcome = schema.Partial
			}
		}
	}
	if gap == nil && vanished > 0 {
		gap = &Incomplete{schema.OK, fmt.Sprintf("%d vanished between the list and the question", vanished)}
	}
	if len(rows) == 0 && gap != nil && gap.Outcome.Gap() {
		_ = coverDocument(r.s, name, gap)
		return nil
	}
	r.writeRows(name, rows, gap)
	return rows
}

// ask asks for a document, unless it is known that this node cannot have it.
func (r replies) ask(ctx context.Context, name, p string, query url.Values) ([]byte, bool, error) {
	if managersOnly[name] {
		if err := notManager(r.info()); err != nil {
			return nil, false, err
		}
	}
	reply, whole, err := r.d.get(ctx, p, query, r.limit())
	var api *apiError
	if errors.As(err, &api) && managersOnly[name] && api.status == http.StatusServiceUnavailable && r.info() == nil {
		// What a node says that is no manager: nothing else is known of it, since it did not say who it is.
		err = &Incomplete{schema.Absent, api.message}
	}
	return reply, whole, err
}

func (r replies) info() *dockerInfo {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	return r.d.state.info
}

// notManager is why a node does not answer for the swarm, nil when it may. A node whose swarm is locked or broken is
// asked: its error is the reason.
func notManager(info *dockerInfo) error {
	switch {
	case info == nil:
		return nil
	case info.Swarm.LocalNodeState == "inactive":
		return &Incomplete{schema.Absent, "not part of a swarm"}
	case info.Swarm.LocalNodeState == "active" && !info.Swarm.ControlAvailable:
		return &Incomplete{schema.Absent, "not a manager: only managers answer this"}
	}
	return nil
}

// limit is the bound on one document.
func (r replies) limit() int64 {
	if r.d.options.MaxBytes > 0 {
		return r.d.options.MaxBytes
	}
	return DefaultMaxBytes
}

// writeRows masks the elements and writes as many as the bound on one document allows.
func (r replies) writeRows(name string, rows []json.RawMessage, gap *Incomplete) {
	kept, count, size := make([]json.RawMessage, 0, len(rows)), 0, int64(4)
	for _, row := range rows {
		clean, n, err := maskJSON(row)
		if err != nil {
			_ = coverDocument(r.s, name, withheld(err))
			return
		}
		if size += int64(len(clean)) + 2; size > r.limit() {
			gap = &Incomplete{schema.Truncated, fmt.Sprintf("%d of %d elements, as many as %d bytes hold", len(kept), len(rows), r.limit())}
			break
		}
		kept, count = append(kept, clean), count+n
	}
	r.write(name, joinRows(kept), count, gap)
}

// write writes a document that is clean. A gap is what to say of it beside that.
func (r replies) write(name string, doc []byte, masked int, gap *Incomplete) {
	if err := r.s.Document(documentName(name), doc, masked); err != nil {
		_ = coverDocument(r.s, name, err)
		return
	}
	if gap != nil {
		_ = coverDocument(r.s, name, gap)
	}
}

// tooLong is the outcome of an object that is longer than the bound.
func (r replies) tooLong() error {
	return &Incomplete{schema.Truncated, fmt.Sprintf("withheld: longer than %d bytes, so its secrets could not be masked", r.limit())}
}

// withheld is the outcome of a document that cannot be searched for secrets.
func withheld(err error) error { return &Incomplete{schema.Skipped, "withheld: " + err.Error()} }

// coverDocument says what became of a document. It returns the error that it was given.
func coverDocument(s *Sink, name string, err error) error {
	o := outcomeOf(err)
	s.Cover(schema.Coverage{Document: documentName(name), Outcome: o.Outcome, Reason: o.reason})
	return err
}

func documentName(name string) string { return "docker/" + name + ".json" }
