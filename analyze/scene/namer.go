package scene

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
)

// A namer names containers and tasks the way docker service ps does: vote.1, client.node1.
type namer struct {
	nodes      map[string]string // node id: host name
	containers map[string]*Container
	gone       map[string][2]string // host and id of a container that only the daemon's events remember: name and service
}

func newNamer(ctx context.Context, tx *sql.Tx, list []Container) (*namer, error) {
	n := &namer{nodes: map[string]string{}, containers: make(map[string]*Container, len(list)), gone: map[string][2]string{}}
	for i := range list {
		n.containers[list[i].Host+"/"+list[i].ID] = &list[i]
	}
	var id, name string
	if err := each(ctx, tx, `SELECT node_id, MIN(hostname) FROM swarm_node WHERE node_id <> '' AND hostname <> '' GROUP BY node_id`, []any{&id, &name}, func() { n.nodes[id] = name }); err != nil {
		return nil, err
	}
	var host, service string
	err := each(ctx, tx, `SELECT DISTINCT host, container, name, COALESCE(service, '') FROM docker_event WHERE type = 'container' AND container <> '' AND name <> ''`,
		[]any{&host, &id, &name, &service}, func() {
			if key := host + "/" + id; n.containers[key] == nil {
				n.gone[key] = [2]string{name, service}
			}
		})
	return n, err
}

// swarmID is an id of swarmkit: 25 digits to the base 36 (identity.NewID).
var swarmID = regexp.MustCompile(`\.[0-9a-z]{25}`)

// label is the name of a task's container without the task's id, and with the node's name in the place of its id; any other name stays.
func (n *namer) label(name string) string {
	if len(name) < 26 || !strings.Contains(name, ".") {
		return name
	}
	ids := swarmID.FindAllStringIndex(name, -1)
	if len(ids) == 0 {
		return name
	}
	if last := ids[len(ids)-1]; last[1] == len(name) && (len(ids) > 1 || strings.Count(name[:last[0]], ".") >= 1) {
		name = name[:last[0]] // the task's
	}
	return swarmID.ReplaceAllStringFunc(name, func(id string) string {
		if host, ok := n.nodes[id[1:]]; ok {
			return "." + host
		}
		return id
	})
}

// container is what a container of a host is called, and its service; of one that nothing remembers, the first letters of its id.
func (n *namer) container(host, id string) (label, service string) {
	if c := n.containers[host+"/"+id]; c != nil {
		return n.label(c.Name), c.Service
	}
	if g, ok := n.gone[host+"/"+id]; ok {
		return n.label(g[0]), g[1]
	}
	return id[:min(12, len(id))], ""
}
