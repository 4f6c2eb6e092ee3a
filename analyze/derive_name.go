package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// nameOwner lists what libnetwork makes records of (moby libnetwork/agent.go, addServiceInfoToCluster): on each network of a service
// its name and its aliases, for as long as a task of it runs; of a container that was attached by hand its name and its aliases.
var nameOwner = Derived{
	Name: "name_owner",
	Doc:  "Which service or attached container answers for which name on which overlay: one row a network, name and owner.",
	Columns: []schema.Column{
		colNet(),
		text("network", schema.Name, "name of the network"),
		must(text("name", schema.Name, "the name that it answers for")),
		must(text("kind", schema.Plain, "own: its own name; alias: one that it was given on this network")),
		must(text("owner", schema.Plain, "id of the service or of the container")),
		must(text("label", schema.Name, "name of the service or container")),
		text("stack", schema.Name, "what stands before the name in the label of an alias, as docker stack deploy makes it: shop of shop_db for db; NULL where it is not of that form"),
		must(text("host", schema.Name, "captured manager that says so, or host of the container")),
		must(refCol("ref", "row of swarm_service_network or container_network")),
		colWhy(),
	},
	Reads: []string{"swarm_service", "swarm_service_network", "task_endpoint", "overlay_network", "container", "container_network"},
	Index: []string{"net, name", "owner"},
	Fill:  fillNameOwner,
}

const nameOwners = `
SELECT n.service_id, s.name, substr(n.network_id, 1, 8), w.network, COALESCE(n.aliases, ''), n.host, n.ref, 'service '
FROM (SELECT x.*, ROW_NUMBER() OVER (PARTITION BY x.service_id, x.network_id ORDER BY x.host, x.ref) AS place FROM swarm_service_network AS x) AS n
JOIN swarm_service AS s ON s.host = n.host AND s.service_id = n.service_id
JOIN overlay_network AS w ON w.net = substr(n.network_id, 1, 8) AND w.ingress = 0
WHERE n.place = 1 AND EXISTS (SELECT 1 FROM task_endpoint AS t WHERE t.service_id = n.service_id AND t.net = w.net AND t.running = 1)
UNION ALL
SELECT c.container, c.name, w.net, w.network, COALESCE(n.aliases, ''), c.host, n.ref, 'container '
FROM container_network AS n
JOIN container AS c ON c.host = n.host AND c.container = n.container AND c.state = 'running' AND COALESCE(c.task_id, '') = ''
JOIN overlay_network AS w ON w.network_id = n.network_id AND w.ingress = 0
ORDER BY 3, 1, 7`

func fillNameOwner(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	for scan, err := range queried(ctx, tx, nameOwners) {
		if err != nil {
			return err
		}
		var owner, label, net, network, aliases, host, ref, what string
		if err := scan(&owner, &label, &net, &network, &aliases, &host, &ref, &what); err != nil {
			return err
		}
		if err := put(net, network, label, "own", owner, label, nil, host, ref, what+label+" is on "+network); err != nil {
			return err
		}
		seen := map[string]bool{label: true, "": true}
		for alias := range strings.SplitSeq(aliases, ",") {
			if alias = strings.TrimSpace(alias); seen[alias] || strings.HasPrefix(owner, alias) && len(alias) == 12 {
				continue // a container's own short id is one of its aliases
			}
			seen[alias] = true
			var stack any
			if s, ok := strings.CutSuffix(label, "_"+alias); ok {
				stack = s
			}
			if err := put(net, network, alias, "alias", owner, label, stack, host, ref, what+label+" has this alias on "+network); err != nil {
				return err
			}
		}
	}
	return nil
}

// dnsView compares resolvers by what containers on the same networks are told. Which network a record of several is taken from depends
// on the container's other networks, so only containers with the same overlays, and nothing else, are alike.
var dnsView = Derived{
	Name: "dns_view",
	Doc:  "What a host's resolver answers to a name, to its containers on the same overlays: one row a host, set of networks and name, where all of them were told the same every time. Filled with dns_question.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("container", schema.Plain, "one of the containers that asked")),
		must(text("scope", schema.Plain, "their overlays, first 8 characters of the ids, comma separated")),
		must(text("name", schema.Name, "name asked")),
		text("service", schema.Name, "service that the name belongs to"),
		text("net", schema.Plain, "overlay in whose subnets all addresses lie; NULL when there is no address"),
		must(text("ips", schema.Addr, "addresses, sorted, comma separated; empty for none")),
		must(whole("addresses", "how many")),
		must(whole("containers", "how many containers asked")),
		must(refCol("question_ref", "row of dns_query")),
		must(refCol("coverage_ref", "coverage row of the answers")),
	},
	Reads: []string{"container_network", "overlay_network", "network_subnet", "dns_query", "dns_answer"},
	Index: []string{"scope, name"},
	With:  "dns_question",
}

// loadNetSubnets lists the subnets of overlays, by network.
func loadNetSubnets(ctx context.Context, tx *sql.Tx) (map[string][]netip.Prefix, error) {
	out := map[string][]netip.Prefix{}
	err := eachRow(ctx, tx, `
SELECT DISTINCT w.net, s.subnet FROM network_subnet AS s JOIN overlay_network AS w ON w.network_id = s.network_id ORDER BY 1, 2`, 2, func(v []string) {
		if p, err := netip.ParsePrefix(v[1]); err == nil {
			out[v[0]] = append(out[v[0]], p)
		}
	})
	return out, err
}

// dnsViews gathers the rows of dns_view of one host.
type dnsViews struct {
	subnets map[string][]netip.Prefix // by network
	all     map[dnsViewKey]*dnsTogether
}

type dnsViewKey struct{ scope, name string }

// dnsTogether is what the containers of a scope were told.
type dnsTogether struct {
	*dnsAsked
	by         *dnsAsker // the first
	net        string
	containers int
	same       bool
}

func newDNSViews(subnets map[string][]netip.Prefix) *dnsViews {
	return &dnsViews{subnets, map[dnsViewKey]*dnsTogether{}}
}

// add adds what one container was told.
func (v *dnsViews) add(a *dnsAsker, q *dnsAsked) {
	if a.scope == "" || a.mixed || a.coverage == "" {
		return
	}
	k := dnsViewKey{a.scope, q.name}
	have := v.all[k]
	if have == nil {
		net, ok := v.netOf(q.told, a.scope)
		v.all[k] = &dnsTogether{q, a, net, 1, ok && q.steady()}
		return
	}
	have.containers++
	have.same = have.same && q.steady() && slices.EqualFunc(have.told, q.told, func(x, y dnsTold) bool { return x.ip == y.ip })
}

// steady reports whether the resolver answered every time, and the same.
func (q *dnsAsked) steady() bool {
	return q.answered == q.asked && !slices.ContainsFunc(q.told, func(t dnsTold) bool { return t.hits != q.asked })
}

func (v *dnsViews) put(host string, into *gathered) error {
	for _, k := range slices.SortedFunc(maps.Keys(v.all), func(a, b dnsViewKey) int { return cmp.Or(cmp.Compare(a.scope, b.scope), cmp.Compare(a.name, b.name)) }) {
		t := v.all[k]
		if !t.same {
			continue
		}
		ips := make([]string, len(t.told))
		for i := range t.told {
			ips[i] = t.told[i].ip
		}
		err := into.put(host, t.by.netns, t.by.container, k.scope, k.name, orNull(t.service), orNull(t.net), strings.Join(ips, ","), len(ips), t.containers, t.line.ref(host, "dns_query"), t.by.coverage)
		if err != nil {
			return err
		}
	}
	return nil
}

// netOf is the one network of a scope in whose subnets all addresses lie; empty for no address, and not ok where there is no such
// network.
func (v *dnsViews) netOf(told []dnsTold, scope string) (net string, ok bool) {
	for i := range told {
		ip, err := netip.ParseAddr(told[i].ip)
		if err != nil {
			return "", false
		}
		found := ""
		for n := range strings.SplitSeq(scope, ",") {
			if slices.ContainsFunc(v.subnets[n], func(p netip.Prefix) bool { return p.Contains(ip) }) {
				found = n
				break
			}
		}
		if found == "" || net != "" && net != found {
			return "", false
		}
		net = found
	}
	return net, true
}
