package analyze

import (
	"context"
	"database/sql"
	"net/netip"

	"github.com/netmortem/netmortem/schema"
)

// returnRoute looks the other nodes up in the host's main table, longest prefix first and then the lowest metric. Hosts with
// rules of policy routing are left out: which table counts for which packet is not told by the address alone.
var returnRoute = Derived{
	Name: "return_route",
	Doc:  "Nodes to which a host answers by another device than the one that has its own address: one row a node. Hosts without policy routing.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("own_ip", schema.Addr, "address that the other nodes send to")),
		must(text("own_dev", schema.Plain, "device that has it")),
		must(text("peer_ip", schema.Addr, "address of the other node")),
		must(text("dev", schema.Plain, "device by which the best route to it leaves")),
		must(text("route", schema.Addr, "that route's destination")),
		must(refCol("route_ref", "row of route")),
		must(refCol("address_ref", "row of address")),
		colWhy(),
	},
	Reads: []string{"engine", "netns", "address", "route", "policy_rule", "vtep", "swarm_host", "captured"},
	Index: []string{"host"},
	Fill:  fillReturnRoute,
}

const returnHosts = `
SELECT e.host, n.netns, a.ip, a.dev, a.ref, COALESCE(h.node_id, e.host)
FROM engine AS e
JOIN netns AS n ON n.host = e.host AND n.kind = 'host'
JOIN address AS a ON a.host = e.host AND a.netns = n.netns AND a.ip = e.node_addr
JOIN captured AS kr ON kr.tbl = 'route' AND kr.host = n.host AND kr.netns = n.netns
JOIN captured AS kp ON kp.tbl = 'policy_rule' AND kp.host = n.host AND kp.netns = n.netns
LEFT JOIN swarm_host AS h ON h.host = e.host
LEFT JOIN (SELECT DISTINCT host, netns FROM policy_rule WHERE family = 'ipv4' AND priority NOT IN (0, 32766, 32767)) AS p ON p.host = n.host AND p.netns = n.netns
WHERE e.swarm_state = 'active' AND p.host IS NULL
ORDER BY e.host, a.ifindex`

// A bestRoute is a route of a main table.
type bestRoute struct {
	dst      netip.Prefix
	metric   int64
	dev, ref string
}

func fillReturnRoute(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	type hostOf struct{ host, netns, ip, dev, ref, node string }
	var hosts []hostOf
	for scan, err := range queried(ctx, tx, returnHosts) {
		if err != nil {
			return err
		}
		var h hostOf
		if err := scan(&h.host, &h.netns, &h.ip, &h.dev, &h.ref, &h.node); err != nil {
			return err
		}
		if len(hosts) > 0 && hosts[len(hosts)-1].host == h.host {
			continue
		}
		hosts = append(hosts, h)
	}
	peers, err := inputPeers(ctx, tx)
	if err != nil {
		return err
	}
	all, err := mainRoutes(ctx, tx)
	if err != nil {
		return err
	}
	for _, h := range hosts {
		routes := all[h.host+" "+h.netns]
		for _, p := range peers {
			if p.node == h.node {
				continue
			}
			best, ok := lookUp(routes, p.ip, h.dev)
			if !ok || best.dev == h.dev {
				continue
			}
			if err := put(h.host, h.netns, h.ip, h.dev, p.ip.String(), best.dev, best.dst.String(), best.ref, h.ref,
				h.host+" has "+h.ip+" on "+h.dev+", and its route to "+p.ip.String()+" leaves by "+best.dev); err != nil {
				return err
			}
		}
	}
	return nil
}

// mainRoutes reads the main tables of all hosts at once, by host and namespace.
func mainRoutes(ctx context.Context, tx *sql.Tx) (map[string][]bestRoute, error) {
	out := map[string][]bestRoute{}
	for scan, err := range queried(ctx, tx, `SELECT r.host || ' ' || r.netns, dst, COALESCE(metric, 0), COALESCE(r.dev, ''), r.ref
FROM route AS r JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind = 'host'
WHERE family = 'ipv4' AND table_id = 254 AND type = 'unicast' AND COALESCE(src, '') = '' AND instr(COALESCE(flags, ''), 'dead') = 0 ORDER BY r.ref`) {
		if err != nil {
			return nil, err
		}
		var r bestRoute
		var place, dst string
		if err := scan(&place, &dst, &r.metric, &r.dev, &r.ref); err != nil {
			return nil, err
		}
		p, err := netip.ParsePrefix(dst)
		if err != nil {
			if a, errAddr := netip.ParseAddr(dst); errAddr == nil {
				p = netip.PrefixFrom(a, a.BitLen())
			} else {
				continue
			}
		}
		r.dst = p
		if r.dev != "" {
			out[place] = append(out[place], r)
		}
	}
	return out, nil
}

// lookUp returns the best route to an address; of several equally good ones that by dev, if there is one.
func lookUp(routes []bestRoute, to netip.Addr, dev string) (bestRoute, bool) {
	var best bestRoute
	found := false
	for _, r := range routes {
		if !r.dst.Contains(to) {
			continue
		}
		better := !found || r.dst.Bits() > best.dst.Bits() || r.dst.Bits() == best.dst.Bits() && r.metric < best.metric
		same := found && r.dst.Bits() == best.dst.Bits() && r.metric == best.metric
		if better || same && r.dev == dev {
			best, found = r, true
		}
	}
	return best, found
}
