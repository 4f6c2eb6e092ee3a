package path

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"strings"
)

// A World is what the swarm should hold, by the derived tables: who has which address where.
type World struct {
	Hosts     []string // captured, in the order in which they were loaded
	Networks  map[string]*Network
	Services  map[string]*Service // by id
	Ports     []*Published
	Endpoints []*Endpoint

	captured  map[string]bool
	first     map[string]float64             // host: begin of the first read, seconds since 1970
	vtep      map[netip.Addr]map[string]bool // address: nodes that are known to have it
	nodeOf    map[string]string              // host → node
	hostOf    map[string]string              // node → captured host
	nodeName  map[string]string              // node → host name
	changed   map[string]float64             // network: last change that the managers know
	overlay   map[[2]string]overlayRow       // host, namespace
	balancer  map[[2]string][]balancerRow    // host, namespace
	owned     map[string][]*Endpoint         // by task or container
	shared    map[string][]*Service
	means     map[meantKey]map[netip.Addr]bool
	loaded    bool // what follows from the tables was worked out, and does not change any more
	wires     []wire
	addressed map[string]bool   // host: the addresses of its own namespace were captured whole
	kernel    map[string]int64  // host: major*1000 + minor of its kernel, 0 when it is not known
	known     map[string]bool   // host: every node that its manager names was captured, so that nobody has what nobody is known to have
	eras      map[string]string // host: lb or container, by where its engine balances
	mesh      map[string]bool   // host: expected to serve published ports
	pool      *pool
	proxies   map[string][]proxy // host: its processes docker-proxy
}

// A Network is one overlay.
type Network struct {
	Net       string // first 8 characters of its id
	Name      string
	Ingress   bool
	Encrypted bool
	DSR       bool
	MTU       int
	Ref       string

	byIP map[netip.Addr]*Endpoint
	vips map[netip.Addr]*VIP
	list []*Endpoint // in order of the table
	vip  []*VIP

	vipOf     map[string]*VIP // by service, the first
	endpoints int             // how many there are, with those that have an address that another one has, too

	many bool // more than [manyServices] are on it
}

// An Endpoint is who has an address on a network.
type Endpoint struct {
	Net       *Network
	IP        netip.Addr
	MAC       string
	Kind      string // task, container, lb or ingress
	Owner     string
	Label     string
	ServiceID string
	Service   string
	Node      string
	Host      string  // empty when its node was not captured
	Since     float64 // seconds since 1970; 0 when it is not known
	Ref       string
	n         int // place in Network.list
	place     int // among all of the network
}

// A VIP is the virtual address of a service on a network.
type VIP struct {
	Net       *Network
	IP        netip.Addr
	ServiceID string
	Service   string
	Since     float64
	Ref       string
}

// A Service is one of the swarm's.
type Service struct {
	ID, Name string
	DNSRR    bool
	ports    map[port]bool // that its tasks should be reached at
	tasks    []*Endpoint

	tasksName string   // tasks. and its name
	order     []port   // ports in order, when no more are added; nil before
	texts     []string // these in words
}

// A port of a protocol.
type port struct {
	Proto string
	Port  int
}

func (p port) String() string { return fmt.Sprintf("%d/%s", p.Port, p.Proto) }

// A Published port of a service.
type Published struct {
	ServiceID, Service, Proto string
	Port, Target              int
	Mode                      string // ingress or host
	Since                     float64
	Ref                       string
}

type overlayRow struct {
	net    string
	copies int
}

type balancerRow struct{ net, kind, dev string }

// each runs a query and calls f after each row was scanned into the pointers that it was given.
func each(ctx context.Context, tx *sql.Tx, query string, into []any, f func()) error {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		f()
	}
	return rows.Err()
}

// Load reads the derived tables that say what should be there.
func Load(ctx context.Context, tx *sql.Tx) (*World, error) {
	w := &World{
		pool: newPool(), Networks: map[string]*Network{}, Services: map[string]*Service{}, captured: map[string]bool{}, first: map[string]float64{},
		vtep: map[netip.Addr]map[string]bool{}, nodeOf: map[string]string{}, hostOf: map[string]string{}, nodeName: map[string]string{},
		changed: map[string]float64{}, overlay: map[[2]string]overlayRow{}, balancer: map[[2]string][]balancerRow{}, mesh: map[string]bool{}, proxies: map[string][]proxy{}, known: map[string]bool{}, addressed: map[string]bool{}, kernel: map[string]int64{}, eras: map[string]string{}, shared: map[string][]*Service{}, owned: map[string][]*Endpoint{}, means: map[meantKey]map[netip.Addr]bool{},
	}
	var a, b, c, d, e, f, g, h, i, ref string
	var n, m, k int64
	var x float64
	steps := []struct {
		query string
		into  []any
		put   func()
	}{
		{"SELECT host FROM bundle ORDER BY rowid", []any{&a}, func() { w.Hosts = append(w.Hosts, a); w.captured[a] = true }},
		{`SELECT a.host, a.ip, a.prefix_len, l.mtu, l.name, l.ref FROM netns AS n JOIN address AS a ON a.host = n.host AND a.netns = n.netns
JOIN link AS l ON l.host = a.host AND l.netns = a.netns AND l.ifindex = a.ifindex
WHERE n.kind = 'host' AND a.ip LIKE '%.%' AND l.mtu > 0 AND COALESCE(l.kind, '') NOT IN ('bridge', 'veth', 'vxlan') AND l.name <> 'lo'`, []any{&a, &b, &n, &m, &c, &ref}, func() {
			if ip, ok := parse(b); ok {
				w.wires = append(w.wires, wire{a, netip.PrefixFrom(ip, int(n)), int(m), c, ref})
			}
		}},
		{"SELECT host, first_s FROM reading", []any{&a, &x}, func() { w.first[a] = x }},
		{"SELECT host, COALESCE(node_id, '') FROM swarm_host", []any{&a, &b}, func() { w.nodeOf[a] = b; w.hostOf[b] = a }},
		{"SELECT node_id, COALESCE(hostname, node_id) FROM swarm_node", []any{&a, &b}, func() { w.nodeName[a] = b }},
		{"SELECT node, ip FROM vtep", []any{&a, &b}, func() {
			if ip, ok := parse(b); ok {
				if w.vtep[ip] == nil {
					w.vtep[ip] = map[string]bool{}
				}
				w.vtep[ip][a] = true
			}
		}},
		{`SELECT o.net, o.network, o.ingress, COALESCE(MAX(n.encrypted), 0), COALESCE(MAX(n.dsr), 0), o.ref, COALESCE(MAX(n.mtu), 0)
FROM overlay_network AS o LEFT JOIN network AS n ON n.network_id = o.network_id GROUP BY o.net, o.network, o.ingress, o.ref`,
			[]any{&a, &b, &n, &m, &k, &ref, &x}, func() {
				w.Networks[a] = &Network{Net: a, Name: b, Ingress: n == 1, Encrypted: m == 1, DSR: k == 1, Ref: ref, MTU: int(x), byIP: map[netip.Addr]*Endpoint{}, vips: map[netip.Addr]*VIP{}, vipOf: map[string]*VIP{}}
			}},
		{"SELECT net, changed_s FROM network_change WHERE changed_s IS NOT NULL", []any{&a, &x}, func() { w.changed[a] = x }},
		{"SELECT host, netns, net, copies FROM overlay_netns", []any{&a, &b, &c, &n}, func() { w.overlay[[2]string{a, b}] = overlayRow{c, int(n)} }},
		{"SELECT host, netns, net, kind, COALESCE(dev, '') FROM balancer", []any{&a, &b, &c, &d, &e}, func() {
			k := [2]string{a, b}
			w.balancer[k] = append(w.balancer[k], balancerRow{c, d, e})
		}},
		{"SELECT service_id, min(name), min(endpoint_mode) FROM swarm_service GROUP BY service_id", []any{&a, &b, &c}, func() {
			w.Services[a] = &Service{ID: a, Name: b, DNSRR: c == "dnsrr", ports: map[port]bool{}, tasksName: "tasks." + b}
		}},
		{"SELECT DISTINCT service_id, proto, target FROM swarm_service_port", []any{&a, &b, &n}, func() {
			if s := w.Services[a]; s != nil && b != "sctp" {
				s.ports[port{b, int(n)}] = true
			}
		}},
		{`SELECT net, ip, COALESCE(mac, ''), kind, owner, COALESCE(label, owner), COALESCE(service_id, ''), COALESCE(service, ''), COALESCE(node_id, ''), COALESCE(host, ''), ref, COALESCE(since_s, 0)
FROM endpoint ORDER BY net, ip`, []any{&a, &b, &c, &d, &e, &f, &g, &h, &i, &ref, new(string), &x}, nil},
		{"SELECT net, ip, service_id, COALESCE(service, service_id), ref, COALESCE(since_s, 0) FROM service_vip ORDER BY net, ip", []any{&a, &b, &c, &d, &ref, &x}, func() {
			ip, ok := parse(b)
			if net := w.Networks[a]; ok && net != nil && net.vips[ip] == nil {
				v := &VIP{Net: net, IP: ip, ServiceID: c, Service: d, Ref: ref, Since: x}
				net.vips[ip] = v
				net.vip = append(net.vip, v)
				if net.vipOf[c] == nil {
					net.vipOf[c] = v
				}
			}
		}},
		{"SELECT service_id, COALESCE(service, service_id), proto, published, target, mode, COALESCE(since_s, 0), ref FROM published_port ORDER BY proto, published, service_id",
			[]any{&a, &b, &c, &n, &m, &d, &x, &ref}, func() {
				w.Ports = append(w.Ports, &Published{ServiceID: a, Service: b, Proto: c, Port: int(n), Target: int(m), Mode: d, Since: x, Ref: ref})
			}},
		{"SELECT DISTINCT host FROM expected_port", []any{&a}, func() { w.mesh[a] = true }},
		{"SELECT c.host FROM captured AS c JOIN netns AS n ON n.host = c.host AND n.netns = c.netns AND n.kind = 'host' WHERE c.tbl = 'address'", []any{&a}, func() { w.addressed[a] = true }},
		{"SELECT host, major * 1000 + minor FROM kernel_version", []any{&a, &n}, func() { w.kernel[a] = n }},
		{"SELECT host, proto, host_ip, host_port, container_ip, container_port, seen, ref FROM userland_proxy", []any{&a, &b, &c, &n, &d, &m, &e, &ref}, func() {
			if x, ok := newProxy(b, c, d, e, ref, n, m); ok {
				w.proxies[a] = append(w.proxies[a], x)
			}
		}},
		{"SELECT host FROM swarm_known", []any{&a}, func() { w.known[a] = true }},
		{"SELECT host, era FROM host_era", []any{&a, &b}, func() { w.eras[a] = b }},
	}
	once := oneEach{}
	for _, s := range steps {
		if s.put == nil { // endpoint: more columns than the others
			var host string
			s.into[9], s.into[10], s.into[11] = &host, &ref, &x
			s.put = func() {
				ip, ok := parse(b)
				net := w.Networks[a]
				if !ok || net == nil {
					return
				}
				p := &Endpoint{Net: net, IP: ip, MAC: c, Kind: once.of(d), Owner: e, Label: f, ServiceID: once.of(g), Service: once.of(h), Node: once.of(i), Host: once.of(host), Ref: ref, Since: x}
				p.place = net.endpoints
				net.endpoints++
				w.Endpoints = append(w.Endpoints, p)
				w.owned[p.Owner] = append(w.owned[p.Owner], p)
				if net.byIP[ip] == nil {
					net.byIP[ip] = p
					p.n = len(net.list)
					net.list = append(net.list, p)
				}
				if s := w.Services[g]; s != nil && d == "task" {
					s.tasks = append(s.tasks, p)
				}
			}
		}
		if err := each(ctx, tx, s.query, s.into, s.put); err != nil {
			return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(s.query))
		}
	}
	for _, n := range w.Networks { // worked out now, so that hosts can be judged side by side
		n.many = len(w.onNetwork(n)) > manyServices
		for _, s := range w.onNetwork(n) {
			w.meant(s, n, false)
			w.meant(s, n, true)
		}
	}
	w.loaded = true
	return w, nil
}

// oneEach keeps one copy of texts that come again and again.
type oneEach map[string]string

func (o oneEach) of(s string) string {
	if have, ok := o[s]; ok {
		return have
	}
	o[s] = s
	return s
}

// Wide reports whether a network has so many services that its pairs are not counted one by one.
func (w *World) Wide() bool {
	for _, n := range w.Networks {
		if n.many {
			return true
		}
	}
	return false
}

// manyServices is from how many services on one network on pairs are counted by client service alone, and not all that end in the same
// step are listed: there are as many as the square of the services.
const manyServices = 256

// parse reads an address. A zone, which any text may be, is the asking host's own affair.
func parse(s string) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(s)
	return ip.Unmap().WithZone(""), err == nil
}

// settleSeconds is how long a task, or a network without a change, must have been there before what a host lacks of it
// counts: as the tables expected_* have it.
const settleSeconds = 30

// moving reports why something may not have reached a host yet, empty when it should have.
func (w *World) moving(host string, e *Endpoint) string {
	first, ok := w.first[host]
	switch {
	case !ok:
		return "when " + host + " was read is not known"
	case e == nil:
		return ""
	case e.Since == 0:
		return "since when " + e.Label + " runs is not known"
	case e.Since > first-settleSeconds:
		return e.Label + " had only just started when " + host + " was read"
	}
	return ""
}

// changing reports why what a host still has on a network of that name may be of a task that has just ended, empty when it should be gone.
func (w *World) changing(host, network string) string {
	for net, at := range w.changed {
		if n := w.Networks[net]; n != nil && n.Name == network && at > w.first[host]-settleSeconds {
			return "a task on " + network + " came or went just before " + host + " was read, or later"
		}
	}
	return ""
}

// node names a node for people.
func (w *World) node(id string) string {
	if h := w.hostOf[id]; h != "" {
		return h
	}
	if n := w.nodeName[id]; n != "" {
		return n
	}
	return id
}

// owns reports whether a VTEP is known to be a node's, and whether it is known to be anybody's.
func (w *World) owns(vtep netip.Addr, node, host string) (owns, known bool) {
	nodes := w.vtep[vtep]
	return nodes[node] && node != "" || nodes[host] && host != "", len(nodes) > 0
}

// era says where the engine of a host balances load: lb (18.09 and newer), container, or empty when it is not known.
func (w *World) era(host string) string { return w.eras[host] }
