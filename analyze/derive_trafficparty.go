package analyze

import (
	"context"
	"database/sql"
	"net/netip"
	"slices"
	"strings"
)

// The kinds of who talks to whom.
const (
	partyService   = "service"   // a task of a service
	partyContainer = "container" // a container that is no task's
	partyHost      = "host"      // a program in a host's own namespace
	partyBalancer  = "balancer"  // somebody behind a node's load balancer or routing mesh: the evidence ends there
	partyUnknown   = "unknown"   // an address of a network of Docker's that nothing captured has: of a node without a bundle, or of nobody
	partyOutside   = "outside"   // an address that is none of the swarm's
)

// A party is one end of a connection, as far as the evidence goes. Parties are compared as a whole.
type party struct {
	kind  string
	label string // name of the service, container or host; the address of what is outside or unknown; nothing for clients outside, who are one
	host  string // captured host that it is on
	netns string // its namespace there, if that was captured
}

// An atNetns is a namespace of a host.
type atNetns struct{ host, netns string }

// A spot is an address where it means one thing: on an overlay, for all hosts, or on one host.
type spot struct{ net, host, ip string }

// An ownAddress is one that a namespace has on an overlay.
type ownAddress struct{ ip, net string }

// A port of a protocol.
type portOf struct {
	proto string
	port  int64
}

// A listener is a port that somebody in a namespace takes connections on.
type listener struct {
	atNetns
	portOf
}

// trafficBook tells whose an address is. It holds what the swarm has, not what its sockets do: its size is that of the endpoints.
type trafficBook struct {
	owner    map[atNetns]party
	whole    map[atNetns]bool   // the namespace's table of sockets was read to the end
	window   map[string]float64 // seconds between the two reads of a host
	net      map[atNetns][]ownAddress
	task     map[spot]party     // who has an address: on an overlay, or on a host's bridges
	balancer map[spot]atNetns   // load balancers and routing meshes by their address on an overlay
	vip      map[spot]string    // service of a virtual address
	lb       map[atNetns]string // network of a namespace that balances load
	mesh     map[atNetns]bool   // of these: the routing mesh
	ofNet    map[spot]atNetns   // namespace that balances load for an overlay on a host
	own      map[spot]bool      // addresses of a host's own namespace
	node     map[string]string  // host by an address that no other host has
	self     map[string]party   // a captured host itself
	port     map[portOf]publication
	listens  map[listener]bool
	netName  map[string]string
	meshName string                    // name of the routing mesh's network
	subnet   map[string][]netip.Prefix // of a host's networks of Docker's
}

// A publication is where a published port leads to.
type publication struct {
	service string
	target  int64
	mode    string // ingress or host
}

// readTrafficBook gathers it. Every query gives texts that are not NULL.
func readTrafficBook(ctx context.Context, tx *sql.Tx) (*trafficBook, error) {
	b := &trafficBook{
		owner: map[atNetns]party{}, whole: map[atNetns]bool{}, window: map[string]float64{}, net: map[atNetns][]ownAddress{}, task: map[spot]party{},
		balancer: map[spot]atNetns{}, vip: map[spot]string{}, lb: map[atNetns]string{}, mesh: map[atNetns]bool{}, ofNet: map[spot]atNetns{}, own: map[spot]bool{}, node: map[string]string{}, self: map[string]party{},
		port: map[portOf]publication{}, listens: map[listener]bool{}, netName: map[string]string{}, subnet: map[string][]netip.Prefix{},
	}
	var x [7]string
	var n, m int64
	var f float64
	text := func(count int) []any {
		into := make([]any, count)
		for i := range into {
			into[i] = &x[i]
		}
		return into
	}
	for _, q := range []struct {
		query string
		into  []any
		row   func()
	}{
		{`SELECT o.host, o.netns, o.kind, o.label, COALESCE(o.service, t.service, '')
FROM netns_owner AS o
LEFT JOIN (SELECT l.host, l.netns, MIN(t.service) AS service FROM local_endpoint AS l JOIN task_endpoint AS t ON t.task_id = l.task_id
  WHERE l.netns IS NOT NULL GROUP BY l.host, l.netns) AS t ON t.host = o.host AND t.netns = o.netns`, text(5), func() {
			p := party{kind: partyContainer, label: x[3], host: x[0], netns: x[1]}
			switch {
			case x[2] == "host":
				p.kind, p.label = partyHost, x[0]
			case x[4] != "":
				p.kind, p.label = partyService, x[4]
			case x[2] == "lb" || x[2] == "ingress":
				p.kind = partyBalancer
			}
			b.owner[atNetns{x[0], x[1]}] = p
			if p.kind == partyHost {
				b.self[x[0]] = p
			}
		}},
		{`SELECT host, netns FROM captured WHERE tbl = 'socket' AND netns IS NOT NULL`, text(2), func() { b.whole[atNetns{x[0], x[1]}] = true }},
		{`SELECT host, last_s - first_s FROM reading WHERE last_s > first_s`, append(text(1), &f), func() { b.window[x[0]] = f }},
		{`SELECT net, network, ingress FROM overlay_network`, append(text(2), &n), func() {
			if b.netName[x[0]] = x[1]; n == 1 {
				b.meshName = x[1]
			}
		}},
		{`SELECT net, ip, kind, COALESCE(service, ''), COALESCE(label, owner), COALESCE(host, '') FROM endpoint`, text(6), func() {
			p := party{kind: partyContainer, label: x[4], host: x[5]}
			switch {
			case x[2] == "lb" || x[2] == "ingress":
				p.kind = partyBalancer
			case x[3] != "":
				p.kind, p.label = partyService, x[3]
			}
			b.task[spot{net: x[0], ip: x[1]}] = p
		}},
		// All addresses of the device, IPv6 among them, but for the virtual ones that some engines put there.
		{`SELECT l.host, l.netns, l.net, a.ip, l.kind FROM local_endpoint AS l
JOIN address AS a ON a.host = l.host AND a.netns = l.netns AND a.dev = l.dev AND a.scope = 'global'
WHERE l.netns IS NOT NULL AND l.kind IS NOT NULL AND (a.ip = l.ip OR l.kind = 'container' AND a.prefix_len <> 32 AND a.prefix_len <> 128)`, text(5), func() {
			here := atNetns{x[0], x[1]}
			b.net[here] = append(b.net[here], ownAddress{x[3], x[2]})
			at := spot{net: x[2], ip: x[3]}
			if x[4] == "container" {
				// The kernel of the host knows the namespace; whose it is the managers may know better.
				if p, ok := b.owner[here]; ok {
					if q, ok := b.task[at]; ok && q.kind == partyService && p.kind != partyService {
						p.kind, p.label = q.kind, q.label
						b.owner[here] = p
					}
					b.task[at] = p
				}
				return
			}
			b.balancer[at] = here
		}},
		{`SELECT host, netns, net, kind FROM balancer`, text(4), func() {
			b.lb[atNetns{x[0], x[1]}] = x[2]
			b.mesh[atNetns{x[0], x[1]}] = x[3] == "ingress"
			if x[3] != "container" {
				b.ofNet[spot{net: x[2], host: x[0]}] = atNetns{x[0], x[1]}
			}
		}},
		{`SELECT net, ip, MIN(COALESCE(service, service_id)) FROM service_vip GROUP BY net, ip HAVING COUNT(DISTINCT service_id) = 1`, text(3),
			func() { b.vip[spot{net: x[0], ip: x[1]}] = x[2] }},
		{`SELECT host, ip, netns, kind FROM bridge_endpoint WHERE kind IS NOT NULL`, text(4), func() {
			if p, ok := b.owner[atNetns{x[0], x[2]}]; ok {
				b.task[spot{host: x[0], ip: x[1]}] = p
			}
		}},
		// Other addresses that one namespace of the host has: of networks that are no overlay and need no bridge.
		{`SELECT a.host, a.ip, MIN(a.netns) FROM address AS a JOIN netns AS n ON n.host = a.host AND n.netns = a.netns AND n.kind IN ('container', 'other')
WHERE a.scope = 'global' GROUP BY a.host, a.ip HAVING COUNT(DISTINCT a.netns) = 1`, text(3), func() {
			here, at := atNetns{x[0], x[2]}, spot{host: x[0], ip: x[1]}
			if slices.ContainsFunc(b.net[here], func(a ownAddress) bool { return a.ip == x[1] }) {
				return
			}
			if _, ok := b.task[at]; !ok {
				b.task[at] = b.ownerOf(here)
			}
		}},
		{`SELECT a.host, a.ip FROM address AS a JOIN netns AS n ON n.host = a.host AND n.netns = a.netns AND n.kind = 'host'`, text(2),
			func() { b.own[spot{host: x[0], ip: x[1]}] = true }},
		{`SELECT v.ip, MIN(COALESCE(v.host, u.hostname, v.node)) FROM vtep AS v LEFT JOIN uncaptured_node AS u ON u.node_id = v.node
GROUP BY v.ip HAVING COUNT(DISTINCT v.node) = 1`, text(2), func() { b.node[x[0]] = x[1] }},
		{`SELECT host, subnet FROM network_subnet WHERE subnet IS NOT NULL`, text(2), func() {
			if p, err := netip.ParsePrefix(x[1]); err == nil {
				b.subnet[x[0]] = append(b.subnet[x[0]], p)
			}
		}},
		{`SELECT proto, COALESCE(service, service_id), mode, published, target FROM published_port`, append(text(3), &n, &m),
			func() { b.port[portOf{x[0], n}] = publication{x[1], m, x[2]} }},
		{`SELECT DISTINCT host, netns, proto, local_port FROM socket WHERE state = 'listening' OR proto = 'udp' AND state = 'unconnected'`, append(text(3), &n),
			func() { b.listens[listener{atNetns{x[0], x[1]}, portOf{x[2], n}}] = true }},
	} {
		if err := eachOf(ctx, tx, q.query, q.into, q.row); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// lead turns a flow to a port of a host into one to the service that has it published, if one has.
func (b *trafficBook) lead(k *flowKey, proto string, port int64) bool {
	p, ok := b.port[portOf{proto, port}]
	if !ok || k.server.kind != partyHost {
		return false
	}
	k.server, k.backend, k.network, k.port, k.via = party{kind: partyService, label: p.service}, "", "", p.target, "published"
	if p.mode == "ingress" {
		k.network = b.meshName
	}
	return true
}

// ownerOf is who a namespace belongs to.
func (b *trafficBook) ownerOf(at atNetns) party {
	if p, ok := b.owner[at]; ok {
		return p
	}
	return party{kind: partyContainer, label: "net:[" + at.netns + "]", host: at.host, netns: at.netns}
}

// netOf is the overlay that one of a namespace's addresses is on, and the namespace's own address there: another one where a task holds
// its service's virtual address itself (direct routing).
func (b *trafficBook) netOf(at atNetns, ip string) (net, own string, ok bool) {
	for _, a := range b.net[at] {
		if a.ip == ip {
			return a.net, ip, true
		}
	}
	for _, a := range b.net[at] {
		if _, ok := b.vip[spot{net: a.net, ip: ip}]; ok && !strings.Contains(a.ip, ":") {
			return a.net, a.ip, true
		}
	}
	return "", ip, false
}

// peerOf is who has an address as seen from one of a namespace's own addresses, with the name of the network that it is on.
func (b *trafficBook) peerOf(at atNetns, own, ip string) (p party, network string) {
	if net, _, ok := b.netOf(at, own); ok {
		if p, ok := b.task[spot{net: net, ip: ip}]; ok {
			return p, b.network(net)
		}
		return party{kind: partyUnknown, label: ip}, b.network(net)
	}
	return b.beyond(at.host, ip), ""
}

// beyond is who has an address that a host routes by itself.
func (b *trafficBook) beyond(host, ip string) party {
	if p, ok := b.task[spot{host: host, ip: ip}]; ok {
		return p
	}
	if b.own[spot{host: host, ip: ip}] {
		return b.hostParty(host)
	}
	if h, ok := b.node[ip]; ok {
		return b.hostParty(h)
	}
	if a, err := netip.ParseAddr(ip); err == nil {
		for _, p := range b.subnet[host] {
			if p.Contains(a) {
				return party{kind: partyUnknown, label: ip}
			}
		}
	}
	return party{kind: partyOutside, label: ip}
}

// hostParty is the host itself; one that was not captured has no namespace.
func (b *trafficBook) hostParty(host string) party {
	if p, ok := b.self[host]; ok {
		return p
	}
	return party{kind: partyHost, label: host}
}

func (b *trafficBook) network(net string) string {
	if n := b.netName[net]; n != "" {
		return n
	}
	return net
}
