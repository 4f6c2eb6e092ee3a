package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// subnetOverlap is arithmetic on prefixes, which SQL has not.
var subnetOverlap = Derived{
	Name: "subnet_overlap",
	Doc:  "Pairs of networks of one host, the swarm's overlays among them, whose IPv4 subnets overlap.",
	Columns: []schema.Column{
		colHost(),
		must(text("network_id", schema.Plain, "one network")),
		must(text("network", schema.Name, "its name")),
		must(text("driver", schema.Plain, "its driver")),
		must(text("subnet", schema.Addr, "its subnet")),
		must(text("other_id", schema.Plain, "the other network")),
		must(text("other", schema.Name, "its name")),
		must(text("other_driver", schema.Plain, "its driver")),
		must(text("other_subnet", schema.Addr, "its subnet")),
		must(refCol("ref", "row of network_subnet")),
		must(refCol("other_ref", "row of network_subnet of the other")),
	},
	Reads: []string{"network", "network_subnet"},
	Index: []string{"host"},
	Fill:  fillSubnetOverlap,
}

// A poolSubnet is a subnet of a network, or of a route, on one host.
type poolSubnet struct {
	host, id, name, driver, text, ref string
	first, last                       uint32
}

const networkSubnets = `
SELECT s.host, s.network_id, n.name, n.driver, s.subnet, s.ref
FROM network_subnet AS s JOIN network AS n ON n.host = s.host AND n.network_id = s.network_id
WHERE instr(s.subnet, ':') = 0
ORDER BY s.host, s.network_id, s.subnet, s.ref`

// readSubnets reads the IPv4 subnets that a query of six columns names; what is no prefix is left out.
func readSubnets(ctx context.Context, tx *sql.Tx, query string) ([]poolSubnet, error) {
	var out []poolSubnet
	for scan, err := range queried(ctx, tx, query) {
		if err != nil {
			return nil, err
		}
		var s poolSubnet
		if err := scan(&s.host, &s.id, &s.name, &s.driver, &s.text, &s.ref); err != nil {
			return nil, err
		}
		if p, err := netip.ParsePrefix(s.text); err == nil && p.Addr().Is4() {
			s.first, s.last = addressRange(p)
			out = append(out, s)
		}
	}
	return out, nil
}

// fillSubnetOverlap goes through each host's subnets, one host after the other, in the order of their first address. Prefixes either
// lie within each other or apart, so those that are still open when one begins are the ones that hold it.
func fillSubnetOverlap(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	all, err := readSubnets(ctx, tx, networkSubnets)
	if err != nil {
		return err
	}
	overlays := overlaysOf(all)
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].host == all[0].host {
			n++
		}
		if err := putOverlaps(withOverlays(all[:n], overlays), put); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// putOverlaps puts the pairs of one host's subnets of which one holds the other.
func putOverlaps(subnets []poolSubnet, put func(row ...any) error) error {
	slices.SortStableFunc(subnets, func(a, b poolSubnet) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(b.last, a.last), cmp.Compare(a.id, b.id))
	})
	var open []poolSubnet
	for _, s := range subnets {
		open = slices.DeleteFunc(open, func(o poolSubnet) bool { return o.last < s.first })
		for _, o := range open {
			if o.id == s.id {
				continue
			}
			if err := put(s.host, o.id, o.name, o.driver, o.text, s.id, s.name, s.driver, s.text, o.ref, s.ref); err != nil {
				return err
			}
		}
		open = append(open, s)
	}
	return nil
}

// overlaysOf lists the subnets of overlays, each once.
func overlaysOf(all []poolSubnet) []poolSubnet {
	type key struct{ id, text string }
	known := map[key]bool{}
	var overlays []poolSubnet
	for _, s := range all {
		if k := (key{s.id, s.text}); s.driver == "overlay" && !known[k] {
			known[k] = true
			overlays = append(overlays, s)
		}
	}
	return overlays
}

// withOverlays adds to a host's subnets those of overlays that only others know: a worker learns of one when its first task comes.
func withOverlays(own, overlays []poolSubnet) []poolSubnet {
	known := map[string]bool{}
	for _, s := range own {
		known[s.id] = true
	}
	out := slices.Clone(own)
	for _, s := range overlays {
		if !known[s.id] {
			s.host = own[0].host
			out = append(out, s)
		}
	}
	return out
}

// poolUse counts what is left of the pools from which Docker takes subnets of networks that ask for none. A daemon without pools of
// its own has the fifteen of 172.17.0.0/16 to 172.31.0.0/16 and sixteen of 192.168.0.0/16 (moby libnetwork/ipamutils); it passes
// over what overlaps one of its networks or a route of the host to its own link; routes by a gateway do not count (seen with 20.10). A swarm has 10.0.0.0/8 in pieces of 24 bits.
var poolUse = Derived{
	Name: "pool_use",
	Doc:  "Subnets left in the default address pools: of each daemon for local networks, of the swarm for overlays, as its managers know it.",
	Columns: []schema.Column{
		colHost(),
		must(text("scope", schema.Plain, "local or swarm")),
		must(text("pools", schema.Addr, "the pools, comma separated")),
		must(whole("preset", "1 when these are Docker's own, 0 when somebody has set them")),
		must(whole("total", "subnets that they make")),
		must(whole("free", "of these neither used by a network nor overlapping a route of the host without a gateway, which counts for local ones")),
		must(refCol("ref", "row of engine")),
	},
	Index: []string{"host"},
	Reads: []string{"engine", "network", "network_subnet", "route", "netns"},
	Fill:  fillPoolUse,
}

const (
	localPools = "172.17.0.0/16:16,172.18.0.0/16:16,172.19.0.0/16:16,172.20.0.0/14:16,172.24.0.0/14:16,172.28.0.0/14:16,192.168.0.0/16:20"
	swarmPools = "10.0.0.0/8"
)

const hostRoutes = `
SELECT r.host, '', COALESCE(r.dev, ''), 'route', r.dst, r.ref
FROM route AS r JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind = 'host'
WHERE r.family = 'ipv4' AND r.table_id = 254 AND r.type = 'unicast' AND r.scope = 'link' AND r.dst <> '0.0.0.0/0'
ORDER BY r.host, r.dst, r.ref`

func fillPoolUse(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	networks, err := readSubnets(ctx, tx, networkSubnets)
	if err != nil {
		return err
	}
	routes, err := readSubnets(ctx, tx, hostRoutes)
	if err != nil {
		return err
	}
	taken := map[string][]poolSubnet{} // by host
	for _, s := range networks {
		taken[s.host] = append(taken[s.host], s)
	}
	routed := map[string][]poolSubnet{}
	for _, s := range routes {
		routed[s.host] = append(routed[s.host], s)
	}
	for scan, err := range queried(ctx, tx, "SELECT host, COALESCE(local_pools, ''), COALESCE(swarm_pools, ''), COALESCE(swarm_subnet_size, 24), COALESCE(manager, 0), ref FROM engine ORDER BY host") {
		if err != nil {
			return err
		}
		var host, local, swarm, ref string
		var size, manager int
		if err := scan(&host, &local, &swarm, &size, &manager, &ref); err != nil {
			return err
		}
		used := slices.Clone(taken[host])
		total, free := poolRoom(poolList(cmp.Or(local, localPools), 16), append(used, routed[host]...))
		if err := put(host, "local", cmp.Or(local, localPools), local == "", total, free, ref); err != nil {
			return err
		}
		if manager == 0 {
			continue
		}
		used = slices.DeleteFunc(slices.Clone(taken[host]), func(s poolSubnet) bool { return s.driver != "overlay" })
		total, free = poolRoom(poolList(cmp.Or(swarm, swarmPools), size), used)
		if err := put(host, "swarm", cmp.Or(swarm, swarmPools), swarm == "", total, free, ref); err != nil {
			return err
		}
	}
	return nil
}

// A pool is an IPv4 prefix that is cut into subnets of a prefix length.
type pool struct {
	prefix netip.Prefix
	size   int
}

// poolList reads pools as 172.17.0.0/12:24; one without its own size has the given one.
func poolList(text string, size int) []pool {
	var out []pool
	for s := range strings.SplitSeq(text, ",") {
		base, own, ok := strings.Cut(strings.TrimSpace(s), ":")
		p, err := netip.ParsePrefix(base)
		if err != nil || !p.Addr().Is4() {
			continue
		}
		n := size
		if ok {
			if n, err = strconv.Atoi(own); err != nil {
				continue
			}
		}
		if n >= p.Bits() && n <= 32 {
			out = append(out, pool{p.Masked(), n})
		}
	}
	return out
}

// poolRoom counts the subnets of pools, and those that overlap none of the used ones.
func poolRoom(pools []pool, used []poolSubnet) (total, free int64) {
	for _, p := range pools {
		first, last := addressRange(p.prefix)
		shift := 32 - p.size
		n := int64(1) << (p.size - p.prefix.Bits())
		var spans [][2]uint32 // subnets of the pool, by number, that are taken: first and last
		for _, u := range used {
			if u.first <= last && u.last >= first {
				spans = append(spans, [2]uint32{(max(u.first, first) - first) >> shift, (min(u.last, last) - first) >> shift})
			}
		}
		slices.SortFunc(spans, func(a, b [2]uint32) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
		next, gone := int64(0), int64(0)
		for _, s := range spans {
			if from := max(int64(s[0]), next); int64(s[1]) >= from {
				gone += int64(s[1]) - from + 1
				next = int64(s[1]) + 1
			}
		}
		total, free = total+n, free+n-gone
	}
	return total, free
}
