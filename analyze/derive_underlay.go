package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/analyze/stack"
	"github.com/netmortem/netmortem/schema"
)

// underlayPath looks the VTEPs of other nodes up in the host's routing tables, longest prefix first. Hosts whose policy
// rules look up anything but the kernel's own three tables are left out: which table counts there is not modelled.
var underlayPath = Derived{
	Name: "underlay_path",
	Doc:  "Devices by which a host reaches the VTEPs of other nodes, and how large a packet they take: one row a host, family and device.",
	Columns: []schema.Column{
		colHost(),
		must(text("family", schema.Plain, "ipv4 or ipv6")),
		must(text("dev", schema.Plain, "device")),
		must(whole("ifindex", "its index in the host's namespace")),
		must(whole("mtu", "smallest MTU on the way that the host knows of, bytes: the device's, the route's, or what it learned of the path")),
		must(whole("dev_mtu", "MTU of the device")),
		must(whole("vteps", "VTEPs of other nodes behind it")),
		must(text("vtep", schema.Addr, "one of them, of those with the smallest MTU")),
		must(colWhy()),
		must(refCol("route_ref", "row of the route to that VTEP")),
		must(refCol("link_ref", "row of link")),
	},
	Reads: []string{"vxlan_fdb", "route", "link", "netns", "policy_rule", "captured", "address"},
	Index: []string{"host"},
	Fill:  fillUnderlayPath,
}

// Routes and links of all namespaces are looked up among the few of hosts: the planner, which knows no sizes, would index all of them.
const underlayRoutes = `
WITH initial AS MATERIALIZED (SELECT host, netns FROM netns WHERE kind = 'host')
SELECT r.host, r.type, r.dst, r.ifindex, COALESCE(r.mtu, 0), COALESCE(r.metric, 0), COALESCE(r.flags, ''), r.ref, COALESCE(l.name, ''), COALESCE(l.mtu, 0), COALESCE(l.ref, '')
FROM route AS r
CROSS JOIN initial AS n ON n.host = r.host AND n.netns = r.netns
JOIN captured AS c ON c.tbl = 'policy_rule' AND c.host = r.host AND c.netns = r.netns
LEFT JOIN (SELECT k.host, k.netns, k.ifindex, k.name, k.mtu, k.ref FROM link AS k CROSS JOIN initial AS i ON i.host = k.host AND i.netns = k.netns) AS l
  ON l.host = r.host AND l.netns = r.netns AND l.ifindex = r.ifindex
LEFT JOIN (SELECT DISTINCT host, netns FROM policy_rule WHERE table_id NOT IN (253, 254, 255) OR action <> 'lookup') AS p ON p.host = r.host AND p.netns = r.netns
WHERE r.table_id IN (253, 254) AND r.src IS NULL AND p.host IS NULL
ORDER BY r.host, r.ref`

// An underlayRoute is one route of a host's namespace.
type underlayRoute struct {
	prefix           netip.Prefix
	kind             string // unicast, unreachable, …
	ifindex          int64
	mtu, devMTU      int64 // 0 is none
	metric           int64
	cached           bool // an exception that the kernel learned, a smaller path MTU for instance
	ref, dev, devRef string
}

func fillUnderlayPath(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	routes, err := underlayRoutesOf(ctx, tx)
	if err != nil {
		return err
	}
	type key struct {
		host, family string
		ifindex      int64
	}
	paths := map[key]*underlayPathRow{}
	var order []key
	r := stack.NewReader(tx)
	for _, host := range slices.Sorted(maps.Keys(routes)) {
		vteps, err := vtepsOfOthers(ctx, r, host)
		if err != nil {
			return err
		}
		for _, dst := range vteps {
			ip, err := netip.ParseAddr(dst)
			if err != nil || ip.IsUnspecified() || ip.IsLoopback() || ip.IsMulticast() {
				continue
			}
			p, ok := underlayLookup(routes[host], ip)
			if !ok {
				continue
			}
			k := key{host, familyOf(ip), p.ifindex}
			if old := paths[k]; old == nil {
				p.vtep, p.vteps = dst, 1
				paths[k] = &p
				order = append(order, k)
			} else {
				p.vtep, p.vteps = dst, old.vteps+1
				if p.pathMTU < old.pathMTU {
					*old = p
				}
				old.vteps = p.vteps
			}
		}
	}
	for _, k := range order {
		p := paths[k]
		if err := put(k.host, k.family, p.dev, p.ifindex, p.pathMTU, p.devMTU, p.vteps, p.vtep, p.why, p.ref, p.devRef); err != nil {
			return err
		}
	}
	return nil
}

// vtepsOfOthers are the addresses that a host's tunnels lead to, in order. That each of many entries names one of few addresses SQLite would
// find out by a search for each.
func vtepsOfOthers(ctx context.Context, r *stack.Reader, host string) ([]string, error) {
	others := map[string]bool{}
	if err := r.Each(ctx, host, "vxlan_fdb", "dst", "entry = 'programmed' AND dst IS NOT NULL", func(v []string) {
		if !others[v[0]] {
			others[strings.Clone(v[0])] = true
		}
	}); err != nil {
		return nil, err
	}
	if err := r.Each(ctx, host, "address", "ip", "ip IS NOT NULL", func(v []string) { delete(others, v[0]) }); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(others)), nil
}

// An underlayPathRow is the way to one VTEP.
type underlayPathRow struct {
	underlayRoute
	pathMTU int64
	vteps   int64
	vtep    string
	why     string
}

// underlayLookup finds the route of an address as the kernel does: the longest prefix, of those the smallest metric. What the
// kernel learned of the path narrows the route that it was learned on.
func underlayLookup(routes []underlayRoute, ip netip.Addr) (underlayPathRow, bool) {
	var best, learned *underlayRoute
	for i := range routes {
		r := &routes[i]
		if !r.prefix.Contains(ip) {
			continue
		}
		if r.cached {
			if r.mtu > 0 {
				learned = r
			}
			continue
		}
		if best == nil || underlayCompare(r, best) < 0 {
			best = r
		}
	}
	if best == nil || best.kind != "unicast" || best.devMTU == 0 || best.dev == "lo" {
		return underlayPathRow{}, false
	}
	p := underlayPathRow{underlayRoute: *best, pathMTU: best.devMTU, why: "MTU of " + best.dev}
	if best.mtu > 0 && best.mtu < p.pathMTU {
		p.pathMTU, p.why = best.mtu, "MTU of the route"
	}
	if learned != nil && learned.mtu < p.pathMTU {
		p.pathMTU, p.why, p.ref = learned.mtu, "path MTU that the kernel has learned", learned.ref
	}
	return p, true
}

// underlayCompare orders routes to one address; of equal ones, which share the traffic, the roomier comes first.
func underlayCompare(a, b *underlayRoute) int {
	return cmp.Or(cmp.Compare(b.prefix.Bits(), a.prefix.Bits()), cmp.Compare(a.metric, b.metric), cmp.Compare(b.devMTU, a.devMTU))
}

func underlayRoutesOf(ctx context.Context, tx *sql.Tx) (map[string][]underlayRoute, error) {
	out := map[string][]underlayRoute{}
	for scan, err := range queried(ctx, tx, underlayRoutes) {
		if err != nil {
			return nil, err
		}
		var host, dst, flags string
		var ifindex sql.NullInt64
		var r underlayRoute
		if err := scan(&host, &r.kind, &dst, &ifindex, &r.mtu, &r.metric, &flags, &r.ref, &r.dev, &r.devMTU, &r.devRef); err != nil {
			return nil, err
		}
		r.ifindex = ifindex.Int64
		if r.prefix, err = netip.ParsePrefix(dst); err != nil {
			continue
		}
		words := strings.Split(flags, ",")
		r.cached = slices.Contains(words, "cloned")
		if slices.Contains(words, "dead") || slices.Contains(words, "linkdown") {
			continue
		}
		out[host] = append(out[host], r)
	}
	return out, nil
}

// familyOf names the family of an address as the tables do.
func familyOf(ip netip.Addr) string {
	if ip.Is4() {
		return "ipv4"
	}
	return "ipv6"
}
