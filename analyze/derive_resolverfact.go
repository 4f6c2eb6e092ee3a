package analyze

import (
	"context"
	"database/sql"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/analyze/resolver"
)

// A resolverPlace is a thing of one host: a namespace or a container; or a table.
type resolverPlace struct{ host, id string }

// A heldAddress is an address of a namespace, with its row.
type heldAddress struct {
	resolver.Address
	ref string
}

// A resolverFile is what is known of one of the files that decide about names in a container.
type resolverFile struct {
	present, read bool // read: what it says is known to the end, also that it is absent
}

// containerNames is what a container's files say about names.
type containerNames struct {
	files   map[string]resolverFile // by path
	servers []string                // nameserver lines
	options map[string]bool
	sorted  bool // resolv.conf has a sortlist
	sources []string
	gai     []resolver.GAIRule
	hosts   map[string]bool // names of services that its hosts file has, lower case
	entries int             // names there in all
}

// A nameProcess stands for the processes of a container that run one program on one library.
type nameProcess struct {
	pid               int64
	processes         int64
	program           string // last part of the executable's path
	kind, version     string
	libc, libcVersion string
	cgo               sql.NullBool
	build, libs, ref  string
}

// resolverFacts are the facts about clients' namespaces and containers, each read once.
type resolverFacts struct {
	arch         map[string]string // by host
	addresses    map[resolverPlace][]heldAddress
	addrKnown    map[resolverPlace]bool
	processes    map[resolverPlace][]nameProcess
	processKnown map[string]bool // by host: all were read
	names        map[resolverPlace]*containerNames
	connections  map[resolverPlace]map[string]int64 // of namespaces, by address of a task
	watched      map[resolverPlace]bool             // namespaces of which these are known
}

// Queries for the facts. Addresses are those of namespaces that have a port on some overlay.
const (
	factAddresses = `
SELECT a.host, a.netns, a.ip, COALESCE(a.peer, ''), a.prefix_len, a.ifindex, COALESCE(a.flags, ''), l.kind IN ('sit', 'ipip', 'ip6tnl', 'vti', 'vti6') IS TRUE, a.ref
FROM address AS a
LEFT JOIN link AS l ON l.host = a.host AND l.netns = a.netns AND l.ifindex = a.ifindex AND l.kind IN ('sit', 'ipip', 'ip6tnl', 'vti', 'vti6')
WHERE EXISTS (SELECT 1 FROM local_endpoint AS e WHERE e.host = a.host AND e.netns = a.netns AND e.kind = 'container')
ORDER BY a.host, a.netns, a.line`
	factProcesses = `
SELECT host, container, MIN(pid), COUNT(*), COALESCE(exe, ''), kind, COALESCE(version, ''), COALESCE(libc, ''), COALESCE(libc_version, ''), MAX(cgo), COALESCE(go_build, ''),
  COALESCE(libs, ''), MIN(ref)
FROM process_resolver WHERE container <> '' AND COALESCE(installed_only, 0) = 0
GROUP BY host, container, exe, kind, version, libc, libc_version, go_build, libs ORDER BY host, container, MIN(pid)`
	factFiles = "SELECT host, container, path, present, COALESCE(err, ''), COALESCE(document, '') FROM container_file WHERE present IS NOT NULL"
)

// loadResolverFacts reads the facts about the clients' namespaces and containers, and no others: a fleet has many.
func loadResolverFacts(ctx context.Context, tx *sql.Tx, want map[resolverPlace]bool, services map[string]bool) (*resolverFacts, error) {
	f := &resolverFacts{
		arch: map[string]string{}, addresses: map[resolverPlace][]heldAddress{}, addrKnown: map[resolverPlace]bool{}, processes: map[resolverPlace][]nameProcess{}, processKnown: map[string]bool{}, names: map[resolverPlace]*containerNames{},
		connections: map[resolverPlace]map[string]int64{}, watched: map[resolverPlace]bool{},
	}
	var host, id, a, b, c, d string
	var n, m int64
	var yes bool
	gaps := map[resolverPlace]bool{} // by host and table, or document
	steps := []struct {
		query string
		into  []any
		take  func()
	}{ // a row whose id is no client's is left out
		{"SELECT host, arch FROM host WHERE arch <> ''", []any{&host, &a}, func() { f.arch[host] = a }},
		{"SELECT host, netns FROM resolver_watched", []any{&host, &id}, func() { f.watched[resolverPlace{host, id}] = true }},
		{"SELECT host, netns, ip, connections FROM resolver_connection", []any{&host, &id, &a, &n}, func() {
			at := resolverPlace{host, id}
			if f.connections[at] == nil {
				f.connections[at] = map[string]int64{}
			}
			f.connections[at][a] = n
		}},
		{"SELECT host FROM captured WHERE tbl = 'process_resolver'", []any{&host}, func() { f.processKnown[host] = true }},
		{"SELECT host, netns FROM captured WHERE tbl = 'address' AND netns IS NOT NULL", []any{&host, &id}, func() { f.addrKnown[resolverPlace{host, id}] = true }},
		{factAddresses, []any{&host, &id, &a, &b, &n, &m, &c, &yes, &d}, func() {
			ip, err := netip.ParseAddr(a)
			if err != nil {
				f.addrKnown[resolverPlace{host, id}] = false
				return
			}
			peer, _ := netip.ParseAddr(b)
			x := resolver.Address{IP: ip.Unmap(), Peer: peer, Prefix: int(n), Index: int(m), Flags: c, Tunnel: yes}
			f.addresses[resolverPlace{host, id}] = append(f.addresses[resolverPlace{host, id}], heldAddress{x, d})
		}},
		{"SELECT DISTINCT host, tbl, COALESCE(document, '') FROM gap WHERE tbl IN ('resolver_config', 'hosts_entry', 'nss_source', 'gai_rule')", []any{&host, &a, &b}, func() {
			gaps[resolverPlace{host, a}], gaps[resolverPlace{host, b}] = true, true
		}},
		{factFiles, []any{&host, &id, &a, &n, &b, &c}, func() {
			f.name(host, id).files[a] = resolverFile{present: n != 0, read: n == 0 || b == "" && (c == "" || !gaps[resolverPlace{host, c}])}
		}},
		{"SELECT host, container, item, value FROM resolver_config WHERE item IN ('nameserver', 'option', 'sortlist') ORDER BY host, container, item, position", []any{&host, &id, &a, &b}, func() {
			switch c := f.name(host, id); a {
			case "nameserver":
				c.servers = append(c.servers, b)
			case "option":
				c.options[b] = true
			default:
				c.sorted = true
			}
		}},
		{"SELECT host, container, source FROM nss_source ORDER BY host, container, position", []any{&host, &id, &a}, func() {
			c := f.name(host, id)
			c.sources = append(c.sources, a)
		}},
		{"SELECT host, container, item, COALESCE(prefix, ''), COALESCE(setting, '') FROM gai_rule ORDER BY host, container, line", []any{&host, &id, &a, &b, &c}, func() {
			n := f.name(host, id)
			n.gai = append(n.gai, resolver.GAIRule{Item: a, Prefix: b, Setting: c})
		}},
		{"SELECT host, container, lower(name) FROM hosts_entry", []any{&host, &id, &a}, func() {
			c := f.name(host, id)
			c.entries++
			if a = strings.TrimSuffix(a, "."); services[a] {
				c.hosts[a] = true
			}
		}},
	}
	for _, s := range steps {
		err := eachOf(ctx, tx, s.query, s.into, func() {
			if len(s.into) < 2 || s.into[1] != any(&id) || want[resolverPlace{host, id}] {
				s.take()
			}
		})
		if err != nil {
			return nil, err
		}
	}
	// A table of which something is missing on the host says nothing of a container without rows there.
	for at, c := range f.names {
		for name, of := range map[string]struct {
			tbl  string
			rows int
		}{"/etc/resolv.conf": {"resolver_config", len(c.servers)}, "/etc/hosts": {"hosts_entry", c.entries}, "/etc/nsswitch.conf": {"nss_source", len(c.sources)}, "/etc/gai.conf": {"gai_rule", len(c.gai)}} {
			if x, ok := c.files[name]; ok && x.present && of.rows == 0 && gaps[resolverPlace{at.host, of.tbl}] {
				x.read = false
				c.files[name] = x
			}
		}
	}
	return f, f.loadProcesses(ctx, tx, want)
}

// name is the entry of a container, made if there is none.
func (f *resolverFacts) name(host, container string) *containerNames {
	at := resolverPlace{host, container}
	if f.names[at] == nil {
		f.names[at] = &containerNames{files: map[string]resolverFile{}, options: map[string]bool{}, hosts: map[string]bool{}}
	}
	return f.names[at]
}

func (f *resolverFacts) loadProcesses(ctx context.Context, tx *sql.Tx, want map[resolverPlace]bool) error {
	var host, container, exe string
	var p nameProcess
	into := []any{&host, &container, &p.pid, &p.processes, &exe, &p.kind, &p.version, &p.libc, &p.libcVersion, &p.cgo, &p.build, &p.libs, &p.ref}
	return eachOf(ctx, tx, factProcesses, into, func() {
		p.program = path.Base(strings.TrimSuffix(exe, " (deleted)"))
		if exe == "" {
			p.program = ""
		}
		if !want[resolverPlace{host, container}] || slices.Contains(firstProcesses, p.program) {
			return
		}
		f.processes[resolverPlace{host, container}] = append(f.processes[resolverPlace{host, container}], p)
	})
}

// firstProcesses are programs that start another one, reap children, or do nothing: they resolve no names.
var firstProcesses = []string{"docker-init", "tini", "tini-static", "dumb-init", "catatonit", "s6-svscan", "s6-supervise", "pause"}

// ownResolvers are programs that can resolve names without their library, by their configuration.
var ownResolvers = []string{"nginx", "haproxy", "envoy", "dnsmasq", "unbound", "named", "coredns", "squid", "varnishd"}

// unread is why the order in which a container is served is not known, or by which it is asked; empty if it is.
func (c *containerNames) unread(name string, library resolver.Library) string {
	if c == nil {
		return "the container's resolv.conf and its like were not captured"
	}
	needs := []string{"/etc/resolv.conf", "/etc/hosts"}
	if library != resolver.Musl {
		needs = append(needs, "/etc/nsswitch.conf")
	}
	if library == resolver.Glibc {
		needs = append(needs, "/etc/gai.conf")
	}
	for _, n := range needs {
		if f, ok := c.files[n]; !ok || !f.read {
			return n + " was not read"
		}
	}
	switch {
	case len(c.servers) == 0 || c.servers[0] != "127.0.0.11":
		return "it does not ask Docker's resolver first"
	case len(c.servers) > 1 && (library == resolver.Musl || c.options["rotate"]):
		return "it asks other name servers as well"
	case c.sorted && library == resolver.Glibc:
		return "its resolv.conf has a sortlist, which is not modelled"
	case c.hosts[strings.ToLower(name)]:
		return "the name stands in its /etc/hosts"
	}
	if library == resolver.Musl {
		return ""
	}
	for _, s := range c.sources {
		switch {
		case s == "dns":
			return ""
		case s == "files" || s == "myhostname" || strings.HasPrefix(s, "mdns"):
		default:
			return "its nsswitch.conf asks " + s + " before dns"
		}
	}
	if len(c.sources) > 0 {
		return "its nsswitch.conf does not ask dns"
	}
	return ""
}
