package scene

import (
	"context"
	"database/sql"
	"time"
)

// notes are what the parts of a scene share while it is read.
type notes struct {
	texts     map[string]string   // each text that was read, once: a hundred thousand containers repeat hosts, images and states
	networks  map[string]string   // name of a network by its full id
	overlays  map[string]string   // name of an overlay by the first 8 characters of its id
	users     map[string][]string // names of services by full id of a network that they are on
	serviceOf map[string]string   // service by the name of a container whose labels name one
	labels    map[string]*labels  // what labels of containers tell of a service, by its name
	ingress   map[string]bool     // full ids of networks of the routing mesh
	hosts     map[string]string   // host by node: a captured one's, else the name that the managers have
}

// labels are what the labels of a service's containers tell of it.
type labels struct {
	By, ID, Stack string
	nets          map[string]bool // full ids of the networks that its containers are on
}

// once is a text that is kept a single time.
func (n *notes) once(s string) string {
	if s == "" {
		return ""
	}
	if have, ok := n.texts[s]; ok {
		return have
	}
	n.texts[s] = s
	return s
}

// apart are the names that were read first, with texts of their own: for who reads while others read.
func (n *notes) apart() *notes {
	return &notes{texts: map[string]string{}, networks: n.networks, overlays: n.overlays, ingress: n.ingress, hosts: n.hosts}
}

// network is the name of a network by its full id; the first characters of that where nobody names it.
func (n *notes) network(id string) string {
	if name := n.networks[id]; name != "" {
		return name
	}
	if name := n.overlays[id[:min(8, len(id))]]; name != "" {
		return name
	}
	return id[:min(12, len(id))]
}

// readNotes reads the names that all parts need.
func readNotes(ctx context.Context, tx *sql.Tx) (*notes, error) {
	n := &notes{texts: map[string]string{}, networks: map[string]string{}, overlays: map[string]string{}, users: map[string][]string{}, serviceOf: map[string]string{}, labels: map[string]*labels{}, ingress: map[string]bool{}, hosts: map[string]string{}}
	var a, b string
	for _, q := range []struct {
		query string
		into  map[string]string
	}{
		{`SELECT network_id, MIN(name) FROM network WHERE network_id IS NOT NULL AND name IS NOT NULL GROUP BY network_id`, n.networks},
		{`SELECT net, network FROM overlay_network`, n.overlays},
		{`SELECT node_id, MIN(hostname) FROM swarm_node WHERE node_id IS NOT NULL AND hostname IS NOT NULL GROUP BY node_id`, n.hosts},
		{`SELECT node_id, MIN(host) FROM swarm_host GROUP BY node_id`, n.hosts},
	} {
		if err := each(ctx, tx, q.query, []any{&a, &b}, func() { q.into[a] = n.once(b) }); err != nil {
			return nil, err
		}
	}
	if err := each(ctx, tx, `SELECT network_id FROM overlay_network WHERE ingress = 1`, []any{&a}, func() { n.ingress[a] = true }); err != nil {
		return nil, err
	}
	return n, nil
}

// moment is a time as the tables write it; the zero time where there is none.
func moment(s sql.NullString) time.Time {
	if !s.Valid || s.String == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s.String)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// number is a value that may be unknown.
func number[T, V int | int64 | float64](v sql.Null[V]) *T {
	if !v.Valid {
		return nil
	}
	x := T(v.V)
	return &x
}
