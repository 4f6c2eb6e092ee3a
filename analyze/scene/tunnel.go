package scene

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
)

// The bounds of what is told of tunnels.
const (
	maxMesh    = 40   // captured hosts of a network up to which all its tunnels are listed; of more only those that are not whole
	maxTunnels = 4000 // that are listed
	maxNamed   = 10   // endpoints of a tunnel that are named
)

// expectedEntries counts the forwarding entries that overlay namespaces should hold for the endpoints of each other node.
const expectedEntries = `SELECT host, netns, net, node, COUNT(*) FROM expected_fdb GROUP BY host, netns, net, node`

// oddEntries are those of them that are not there, as the rules about forwarding entries ask: an entry that either read held is there; and
// those that lead to an address that is not known to be the node's.
const oddEntries = `SELECT e.host, e.netns, e.net, e.node, e.mac, e.ip, COALESCE(d.label, ''), f.mac IS NOT NULL
FROM expected_fdb AS e
LEFT JOIN vxlan_fdb AS f ON f.host = e.host AND f.netns = e.netns AND f.mac = e.mac AND f.entry = 'programmed'
LEFT JOIN (SELECT DISTINCT node, ip FROM vtep) AS v ON v.node = e.node AND v.ip = f.dst
LEFT JOIN endpoint AS d ON d.net = e.net AND d.ip = e.ip
WHERE f.mac IS NULL OR v.ip IS NULL`

// readTunnels lists what one host holds of each network's endpoints on another. Which entries are missing and which lead elsewhere is what
// the rules found; one that is odd, and that no rule names, is left open.
func readTunnels(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	r := newTunnelReader(see)
	for _, read := range []func(context.Context, *sql.Tx) error{r.spaces, r.odd, r.learned} {
		if err := read(ctx, tx); err != nil {
			return err
		}
	}
	return r.list(ctx, tx, s)
}

// A tunnelKey is a network on a host, and a node that it leads to.
type tunnelKey struct{ net, from, node string }

// A tunnelReader gathers tunnels: those that are not whole, for of a large swarm's the others are many.
type tunnelReader struct {
	notes   *notes
	lacking map[string]*Found // by subject: what is missing
	astray  map[string]*Found // what leads elsewhere
	at      map[tunnelKey]*Tunnel
	name    map[[2]string]string // of a host's namespace
	net     map[[2]string]string // its network
	hosts   map[string]int       // captured hosts of a network
}

func newTunnelReader(see Sight) *tunnelReader {
	r := &tunnelReader{notes: see.notes, lacking: map[string]*Found{}, astray: map[string]*Found{}, at: map[tunnelKey]*Tunnel{}, name: map[[2]string]string{}, net: map[[2]string]string{}, hosts: map[string]int{}}
	for i := range see.Found {
		switch f := &see.Found[i]; f.Rule {
		case "fdb-permanent-missing", "neigh-missing":
			r.lacking[f.Subject] = f
		case "fdb-wrong-vtep", "fdb-remote-self-reference":
			r.astray[f.Subject] = f
		}
	}
	return r
}

// spaces reads which namespace is which network's.
func (r *tunnelReader) spaces(ctx context.Context, tx *sql.Tx) error {
	var host, netns, name, net string
	return each(ctx, tx, `SELECT host, netns, netns_name, net FROM overlay_netns`, []any{&host, &netns, &name, &net}, func() {
		at := [2]string{host, netns}
		r.name[at], r.net[at] = name, r.notes.once(net)
		r.hosts[r.notes.once(net)]++
	})
}

// of is the tunnel of a network from a host to a node, which is not whole.
func (r *tunnelReader) of(net, from, node string) *Tunnel {
	k := tunnelKey{net, from, node}
	t := r.at[k]
	if t == nil {
		t = r.tunnel(k)
		r.at[tunnelKey{r.notes.once(net), t.From, r.notes.once(node)}] = t
	}
	return t
}

func (r *tunnelReader) tunnel(k tunnelKey) *Tunnel {
	return &Tunnel{Network: r.notes.once(cmp.Or(r.notes.overlays[k.net], k.net)), From: r.notes.once(k.from), To: r.notes.once(cmp.Or(r.notes.hosts[k.node], k.node))}
}

func (r *tunnelReader) odd(ctx context.Context, tx *sql.Tx) error {
	var host, netns, net, node, mac, ip, label string
	var there bool
	seen := map[[3]string]bool{}
	return each(ctx, tx, oddEntries, []any{&host, &netns, &net, &node, &mac, &ip, &label, &there}, func() {
		k := [3]string{r.notes.once(host), r.notes.once(netns), mac}
		if seen[k] { // two entries for one address
			return
		}
		seen[k] = true
		t := r.of(net, host, node)
		at := host + "/" + r.name[[2]string{host, netns}] + "/"
		fdb, neigh := "fdb:"+at+mac, "neigh:"+at+ip
		t.Held--
		switch {
		case there && r.astray[fdb] != nil:
			t.stray(named(label, ip), r.astray[fdb])
		case !there && cmp.Or(r.lacking[fdb], r.lacking[neigh]) != nil:
			t.lack(named(label, ip), cmp.Or(r.lacking[fdb], r.lacking[neigh]))
		default:
			t.Untold++
		}
		delete(r.lacking, fdb)
	})
}

// learned adds what is missing although nobody expects it: an entry that stands in for it was learned from a tunnel's traffic, and says
// where it leads.
func (r *tunnelReader) learned(ctx context.Context, tx *sql.Tx) error {
	for subject := range r.lacking {
		if !strings.HasPrefix(subject, "fdb:") {
			delete(r.lacking, subject)
		}
	}
	if len(r.lacking) == 0 {
		return nil
	}
	nodes := map[string]string{}
	var ip, node string
	err := each(ctx, tx, `SELECT ip, MIN(node) FROM vtep GROUP BY ip HAVING COUNT(DISTINCT node) = 1`, []any{&ip, &node}, func() { nodes[ip] = r.notes.once(node) })
	if err != nil {
		return err
	}
	var host, netns, mac, dst string
	return each(ctx, tx, `SELECT host, netns, mac, dst FROM vxlan_fdb WHERE entry = 'learned' AND seen = 'both' AND dst IS NOT NULL`, []any{&host, &netns, &mac, &dst}, func() {
		at := [2]string{host, netns}
		if f := r.lacking["fdb:"+host+"/"+r.name[at]+"/"+mac]; f != nil {
			t := r.of(r.net[at], host, cmp.Or(nodes[dst], dst))
			t.Expected++
			t.lack(mac, f)
		}
	})
}

func named(label, ip string) string {
	if label == "" {
		return ip
	}
	return label + " (" + ip + ")"
}

func (t *Tunnel) lack(endpoint string, f *Found) {
	t.Ref = cmp.Or(t.Ref, f.Ref)
	if t.Lacks++; len(t.Missing) < maxNamed {
		t.Missing = append(t.Missing, endpoint)
	}
}

func (t *Tunnel) stray(endpoint string, f *Found) {
	t.Ref = cmp.Or(t.Ref, f.Ref)
	if t.Strays++; len(t.Wrong) < maxNamed {
		t.Wrong = append(t.Wrong, endpoint)
	}
}

// list puts the tunnels that are told: those that are not whole, and of networks with few hosts the others, as far as there is room.
func (r *tunnelReader) list(ctx context.Context, tx *sql.Tx, s *Scene) error {
	var list []*Tunnel
	for _, t := range r.at {
		list = append(list, t)
	}
	byEnds := func(a, b *Tunnel) int {
		return cmp.Or(strings.Compare(a.Network, b.Network), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	}
	slices.SortFunc(list, func(a, b *Tunnel) int { return cmp.Or(cmp.Compare(b2i(a.open()), b2i(b.open())), byEnds(a, b)) })
	if s.TunnelsLeft = max(0, len(list)-maxTunnels); s.TunnelsLeft > 0 {
		list = list[:maxTunnels]
	}
	networks := map[string]*Network{}
	for i := range s.Networks {
		n := &s.Networks[i]
		networks[n.ID[:min(8, len(n.ID))]] = n
	}
	for k := range r.at {
		if n := networks[k.net]; n != nil {
			n.Tunnels++
		}
	}
	var k tunnelKey
	var netns string
	var n int
	err := each(ctx, tx, expectedEntries, []any{&k.from, &netns, &k.net, &k.node, &n}, func() {
		if t := r.at[k]; t != nil {
			t.Expected += n
			t.Held += n
			return
		}
		if x := networks[k.net]; x != nil {
			x.Tunnels++
			x.Whole++
		}
		if r.hosts[k.net] > maxMesh || len(list) == maxTunnels {
			s.Healthy++
			return
		}
		t := r.tunnel(k)
		t.Expected, t.Held = n, n
		list = append(list, t)
	})
	slices.SortFunc(list, byEnds)
	for _, t := range list {
		s.Tunnels = append(s.Tunnels, *t)
	}
	return err
}

// open reports whether nothing is known to be wrong with a tunnel that is not whole.
func (t *Tunnel) open() bool { return t.Lacks+t.Strays == 0 }
