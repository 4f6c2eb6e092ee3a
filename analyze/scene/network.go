package scene

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
)

// readNetworks lists networks: one row an overlay, whichever hosts tell of it, and one row a host of what is a host's own. What every host
// has and nobody can be reached on, the networks host and none, is left out.
func readNetworks(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	r := &networkReader{byID: map[string]*Network{}}
	for _, read := range []func(context.Context, *sql.Tx, *notes) error{r.told, r.overlays, r.subnets, r.sizes} {
		if err := read(ctx, tx, see.notes); err != nil {
			return err
		}
	}
	for id, n := range r.byID {
		slices.Sort(n.Hosts)
		n.Hosts = slices.Compact(n.Hosts)
		n.Services = see.notes.users[id]
		s.Networks = append(s.Networks, *n)
	}
	slices.SortFunc(s.Networks, func(a, b Network) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.Compare(a.Hosts, b.Hosts), strings.Compare(a.ID, b.ID))
	})
	return nil
}

// A networkReader gathers networks by their full id.
type networkReader struct{ byID map[string]*Network }

// told reads what the daemons tell.
func (r *networkReader) told(ctx context.Context, tx *sql.Tx, notes *notes) error {
	var n Network
	var host string
	return each(ctx, tx, `SELECT host, network_id, COALESCE(name, ''), COALESCE(driver, ''), COALESCE(scope, ''), COALESCE(vni, 0), COALESCE(encrypted, 0), COALESCE(ingress, 0), ref
FROM network WHERE network_id IS NOT NULL AND driver NOT IN ('host', 'null')`,
		[]any{&host, &n.ID, &n.Name, &n.Driver, &n.Scope, &n.VNI, &n.Encrypted, &n.Ingress, &n.Ref}, func() {
			x := r.byID[n.ID]
			if x == nil {
				c := n
				c.ID, c.Name, c.Driver, c.Scope = notes.once(n.ID), notes.once(n.Name), notes.once(n.Driver), notes.once(n.Scope)
				x = &c
				r.byID[c.ID] = x
			}
			x.VNI = cmp.Or(x.VNI, n.VNI)
			x.Encrypted = x.Encrypted || n.Encrypted
			x.Hosts = append(x.Hosts, notes.once(host))
		})
}

// overlays adds what no daemon told of: overlays that only tasks name, and on which hosts kernels hold them.
func (r *networkReader) overlays(ctx context.Context, tx *sql.Tx, notes *notes) error {
	full := map[string]string{}
	var net, id, name, ref, host string
	var ingress bool
	err := each(ctx, tx, `SELECT net, network_id, network, ingress, ref FROM overlay_network`, []any{&net, &id, &name, &ingress, &ref}, func() {
		full[net] = notes.once(id)
		if r.byID[id] == nil {
			r.byID[notes.once(id)] = &Network{ID: notes.once(id), Name: name, Driver: "overlay", Scope: "swarm", Ingress: ingress, Ref: ref}
		}
	})
	if err != nil {
		return err
	}
	var vni int
	return each(ctx, tx, `SELECT host, net, COALESCE(network, net), COALESCE(vni, 0), ref FROM overlay_netns`, []any{&host, &net, &name, &vni, &ref}, func() {
		id := cmp.Or(full[net], net)
		x := r.byID[id]
		if x == nil { // a namespace whose network nobody names
			x = &Network{ID: id, Name: name, Driver: "overlay", Scope: "swarm", Ref: ref}
			r.byID[id] = x
		}
		x.VNI = cmp.Or(x.VNI, vni)
		x.Hosts = append(x.Hosts, notes.once(host))
	})
}

func (r *networkReader) subnets(ctx context.Context, tx *sql.Tx, notes *notes) error {
	var id, subnet string
	return each(ctx, tx, `SELECT DISTINCT network_id, subnet FROM network_subnet WHERE subnet IS NOT NULL ORDER BY network_id, subnet`, []any{&id, &subnet}, func() {
		if x := r.byID[id]; x != nil {
			x.Subnets = append(x.Subnets, notes.once(subnet))
		}
	})
}

func (r *networkReader) sizes(ctx context.Context, tx *sql.Tx, _ *notes) error {
	var id string
	var size, used int
	return each(ctx, tx, `SELECT network_id, size, used FROM network_size`, []any{&id, &size, &used}, func() {
		if x := r.byID[id]; x != nil {
			x.Size, x.Used = size, used
		}
	})
}
