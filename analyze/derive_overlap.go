package analyze

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// cidrOverlap compares, host by host, the subnets that Docker has put there with what else the host must reach.
//
// An overlay is a connected route inside its containers, so what lies in its subnet is out of their reach: the servers that the
// resolver forwards to from the container's namespace, the gateway, the host itself. A bridge is a connected route of the host, so
// it competes with the host's other routes. Overlays and the host's routes live in different namespaces and may overlap.
var cidrOverlap = Derived{
	Name: "cidr_overlap",
	Doc:  "Subnets of Docker's networks that cover an address or a route which the host or its containers need, host by host.",
	Columns: []schema.Column{
		colHost(),
		must(text("kind", schema.Plain, "overlay or bridge: what the subnet belongs to")),
		must(text("name", schema.Name, "name of the overlay, or device of the bridge")),
		must(text("subnet", schema.Addr, "its subnet")),
		must(text("against", schema.Plain, "nameserver, gateway or address, in an overlay; route, beside a bridge")),
		must(text("other", schema.Addr, "that address, or destination of that route")),
		must(whole("other_bits", "length of its prefix")),
		text("dev", schema.Plain, "device of the route, or that has the address"),
		must(text("relation", schema.Plain, "inside: in the subnet, or a narrower route; equal; contains: a wider route")),
		whole("connected", "route: 1 when the device itself is on that network (the kernel made it of an address), 0 when it leads to a gateway or into a tunnel"),
		whole("linkdown", "route: 1 when its device has no carrier"),
		whole("containers", "overlay: running containers of the host that it concerns"),
		text("container", schema.Name, "one of them"),
		must(refCol("subnet_ref", "row of network_subnet or address")),
		must(refCol("other_ref", "row of host_resolv, route or address")),
		colWhy(),
	},
	Reads: []string{"network", "network_subnet", "local_endpoint", "container", "resolver_config", "host_resolv", "route", "address", "link", "netns"},
	Index: []string{"host, kind"},
	Fill:  fillCIDROverlap,
}

// A hostPrefix is a subnet or an address of one host with what is known of it.
type hostPrefix struct {
	host, name, dev, against, ref string
	prefix                        netip.Prefix
	connected, linkdown           bool
	users                         []overlayUser // of an overlay
}

// An overlayUser is a running container on an overlay, with the servers that the resolver asks for it.
type overlayUser struct {
	name    string
	forward []string
}

// dockerBridge are the names that Docker gives its bridges itself. A bridge that somebody made and handed to Docker is not
// told apart from others, and not judged.
var dockerBridge = regexp.MustCompile(`^(?:docker0|docker_gwbridge|br-[0-9a-f]{12})$`)

func fillCIDROverlap(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	things, servers, err := reachable(ctx, tx)
	if err != nil {
		return err
	}
	overlays, err := usedOverlays(ctx, tx, servers)
	if err != nil {
		return err
	}
	for _, o := range overlays {
		for _, t := range things[o.host] {
			if t.against == "route" || !t.prefix.IsSingleIP() || !o.prefix.Contains(t.prefix.Addr()) {
				continue
			}
			users := o.users
			if t.against == "nameserver" {
				users = slices.DeleteFunc(slices.Clone(users), func(u overlayUser) bool { return !slices.Contains(u.forward, t.prefix.Addr().String()) })
			}
			if len(users) == 0 {
				continue
			}
			ip := t.prefix.Addr().String()
			if err := put(o.host, "overlay", o.name, o.prefix.String(), t.against, ip, int64(t.prefix.Bits()), orNull(t.dev), "inside", nil, nil, int64(len(users)), users[0].name,
				o.ref, t.ref, fmt.Sprintf("containers on %s have a route of their own to %s, so %s is looked for on the overlay", o.name, o.prefix, ip)); err != nil {
				return err
			}
		}
	}
	for _, host := range slices.Sorted(maps.Keys(things)) {
		list := things[host]
		for _, b := range list {
			if b.against != "bridge" {
				continue
			}
			for _, r := range list {
				if r.against != "route" || r.dev == b.dev || dockerBridge.MatchString(r.dev) || !r.prefix.Overlaps(b.prefix) || r.prefix.Bits() < 8 {
					continue
				}
				relation, why := "equal", "the route with the lower metric takes all"
				switch {
				case r.prefix.Bits() > b.prefix.Bits():
					relation, why = "inside", fmt.Sprintf("the narrower route wins: containers with an address in %s are looked for on %s", r.prefix, r.dev)
				case r.prefix.Bits() < b.prefix.Bits():
					relation, why = "contains", fmt.Sprintf("the narrower route wins: what has an address in %s is looked for on %s", b.prefix, b.dev)
				}
				if err := put(b.host, "bridge", b.dev, b.prefix.String(), "route", r.prefix.String(), int64(r.prefix.Bits()), r.dev, relation, flag(r.connected), flag(r.linkdown),
					nil, nil, b.ref, r.ref, why); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// reachable gathers, host by host, what the host and its containers need: gateways, the host's addresses, routes, Docker's
// bridges, and the servers that the daemon forwards names to for a container without its own.
func reachable(ctx context.Context, tx *sql.Tx) (things map[string][]hostPrefix, servers map[string][]string, err error) {
	things, servers = map[string][]hostPrefix{}, map[string][]string{}
	add := func(t hostPrefix) { things[t.host] = append(things[t.host], t) }

	for scan, err := range queried(ctx, tx, `
SELECT r.host, r.argument, r.ref, CASE WHEN r.file = '/etc/resolv.conf' THEN 1 ELSE 0 END
FROM host_resolv AS r
JOIN (SELECT host, MAX(CASE WHEN argument = '127.0.0.53' THEN 1 ELSE 0 END) AS stub FROM host_resolv
  WHERE file = '/etc/resolv.conf' AND directive = 'nameserver' GROUP BY host) AS e ON e.host = r.host
WHERE r.directive = 'nameserver' AND (r.file = '/etc/resolv.conf' OR e.stub = 1)
ORDER BY r.host, r.file, r.position`) {
		if err != nil {
			return nil, nil, err
		}
		var t hostPrefix
		var ip string
		var main bool
		if err := scan(&t.host, &ip, &t.ref, &main); err != nil {
			return nil, nil, err
		}
		if a, err := netip.ParseAddr(ip); err == nil && !a.IsLoopback() && !slices.Contains(servers[t.host], ip) {
			t.against, t.prefix = "nameserver", netip.PrefixFrom(a, a.BitLen())
			servers[t.host] = append(servers[t.host], a.String())
			add(t)
		}
	}
	for scan, err := range queried(ctx, tx, `
SELECT a.host, a.dev, COALESCE(l.kind, ''), a.ip, a.prefix_len, a.ref
FROM address AS a
JOIN netns AS n ON n.host = a.host AND n.netns = a.netns AND n.kind = 'host'
JOIN link AS l ON l.host = a.host AND l.netns = a.netns AND l.ifindex = a.ifindex
WHERE a.scope = 'global'
ORDER BY a.host, a.dev, a.ip, a.ref`) {
		if err != nil {
			return nil, nil, err
		}
		var t hostPrefix
		var kind, ip string
		var bits int
		if err := scan(&t.host, &t.dev, &kind, &ip, &bits, &t.ref); err != nil {
			return nil, nil, err
		}
		a, err := netip.ParseAddr(ip)
		if err != nil {
			continue // an address that is none covers nothing
		}
		switch {
		case dockerBridge.MatchString(t.dev):
			if kind != "bridge" {
				continue
			}
			t.against, t.prefix = "bridge", netip.PrefixFrom(a, bits).Masked()
		case kind == "veth":
			continue
		default:
			t.against, t.prefix = "address", netip.PrefixFrom(a, a.BitLen())
		}
		if t.prefix.IsValid() {
			add(t)
		}
	}
	for scan, err := range queried(ctx, tx, `
SELECT r.host, r.dst, r.dev, COALESCE(r.gateway, ''), r.protocol, COALESCE(r.flags, ''), r.ref
FROM route AS r
JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind = 'host'
WHERE r.type = 'unicast' AND r.table_id = 254 AND r.dev IS NOT NULL AND r.dst IS NOT NULL
ORDER BY r.host, r.dst, r.dev, r.ref`) {
		if err != nil {
			return nil, nil, err
		}
		t := hostPrefix{against: "route"}
		var dst, gateway, protocol, flags string
		if err := scan(&t.host, &dst, &t.dev, &gateway, &protocol, &flags, &t.ref); err != nil {
			return nil, nil, err
		}
		p, err := netip.ParsePrefix(dst)
		if err != nil {
			continue
		}
		t.prefix, t.connected, t.linkdown = p.Masked(), gateway == "" && protocol == "kernel", strings.Contains(flags, "linkdown")
		if p.Bits() > 0 {
			add(t)
			continue
		}
		if g, err := netip.ParseAddr(gateway); err == nil {
			add(hostPrefix{host: t.host, dev: t.dev, against: "gateway", ref: t.ref, prefix: netip.PrefixFrom(g, g.BitLen())})
		}
	}
	return things, servers, nil
}

// usedOverlays lists the subnets of overlays by host, with the containers there that have an address on them. Whom the resolver
// asks for a container stands in its own resolv.conf from engine 25 on; before, it follows from the container's configuration
// and the host's. A container whose resolv.conf was not read has no servers.
func usedOverlays(ctx context.Context, tx *sql.Tx, servers map[string][]string) ([]hostPrefix, error) {
	ext := map[[2]string][]string{}
	for scan, err := range queried(ctx, tx, `
SELECT host, container, item, value FROM resolver_config WHERE item IN ('ext_server', 'nameserver') ORDER BY host, container, item, position`) {
		if err != nil {
			return nil, err
		}
		var host, container, item, value string
		if err := scan(&host, &container, &item, &value); err != nil {
			return nil, err
		}
		key := [2]string{host, container}
		if ext[key] == nil {
			ext[key] = []string{}
		}
		if item == "ext_server" {
			ext[key] = append(ext[key], value)
		}
	}
	var out []hostPrefix
	for scan, err := range queried(ctx, tx, `
SELECT s.host, n.name, s.subnet, s.ref, l.container, c.name, COALESCE(c.dns, '')
FROM network AS n
JOIN network_subnet AS s ON s.host = n.host AND s.network_id = n.network_id
JOIN (SELECT DISTINCT host, net, container FROM local_endpoint WHERE kind = 'container' AND container IS NOT NULL) AS l
  ON l.host = n.host AND l.net = substr(n.network_id, 1, 8)
JOIN container AS c ON c.host = l.host AND c.container = l.container AND c.state = 'running'
WHERE n.driver = 'overlay'
ORDER BY s.host, n.name, s.subnet, s.ref, c.name, l.container`) {
		if err != nil {
			return nil, err
		}
		var o hostPrefix
		var subnet, container, name, dns string
		if err := scan(&o.host, &o.name, &subnet, &o.ref, &container, &name, &dns); err != nil {
			return nil, err
		}
		p, err := netip.ParsePrefix(subnet)
		if err != nil {
			continue
		}
		o.prefix = p.Masked()
		if k := len(out) - 1; k < 0 || out[k].ref != o.ref {
			out = append(out, o)
		}
		u := overlayUser{name: name}
		if own, read := ext[[2]string{o.host, container}]; read {
			switch {
			case len(own) > 0:
				u.forward = own
			case dns != "":
				u.forward = strings.Split(dns, ",")
			default:
				u.forward = servers[o.host]
			}
		}
		last := &out[len(out)-1]
		last.users = append(last.users, u)
	}
	return out, nil
}
