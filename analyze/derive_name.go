package analyze

import (
	"cmp"
	"context"
	"database/sql"
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
	Doc:  "What a host's resolver answers to a name, to its containers on the same overlays: one row a host, set of networks and name, where all of them were told the same every time.",
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
	Reads: []string{"container_network", "overlay_network", "network_subnet", "dns_question", "dns_answer_set", "dns_answer"},
	Index: []string{"scope, name"},
	Fill:  fillDNSView,
}

// A netSubnet is a subnet of an overlay.
type netSubnet struct {
	net    string
	prefix netip.Prefix
}

func fillDNSView(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	type box struct{ host, container string }
	scopes := map[box][]string{}
	mixed := map[box]bool{} // on a network that is no overlay, too
	err := eachRow(ctx, tx, `
SELECT n.host, n.container, COALESCE(w.net, ''), COALESCE(w.ingress, 0) FROM container_network AS n
LEFT JOIN overlay_network AS w ON w.network_id = n.network_id ORDER BY 1, 2, 3`, 4, func(v []string) {
		b := box{v[0], v[1]}
		switch {
		case v[2] == "":
			mixed[b] = true
		case v[3] == "0" && !slices.Contains(scopes[b], v[2]):
			scopes[b] = append(scopes[b], v[2])
		}
	})
	if err != nil {
		return err
	}
	var subnets []netSubnet
	err = eachRow(ctx, tx, `
SELECT DISTINCT w.net, s.subnet FROM network_subnet AS s JOIN overlay_network AS w ON w.network_id = s.network_id ORDER BY 1, 2`, 2, func(v []string) {
		if p, err := netip.ParsePrefix(v[1]); err == nil {
			subnets = append(subnets, netSubnet{v[0], p})
		}
	})
	if err != nil {
		return err
	}
	type question struct {
		box
		name string
	}
	answers := map[question][]string{}
	unsteady := map[question]bool{}
	err = eachRow(ctx, tx, `
SELECT host, container, name, ip, CASE WHEN hits = asked THEN 1 ELSE 0 END FROM dns_answer_set ORDER BY 1, 2, 3, 4`, 5, func(v []string) {
		q := question{box{v[0], v[1]}, v[2]}
		if v[4] == "0" {
			unsteady[q] = true
		}
		answers[q] = append(answers[q], v[3])
	})
	if err != nil {
		return err
	}
	type view struct{ host, scope, name string }
	type told struct {
		netns, container, service, net, ips, ref, coverage string
		addresses, containers                              int64
		same                                               bool
	}
	views := map[view]*told{}
	err = eachRow(ctx, tx, `
SELECT q.host, q.container, q.name, q.netns, COALESCE(q.service, ''), q.ref, c.ref, CASE WHEN q.answered = q.asked THEN 1 ELSE 0 END
FROM dns_question AS q JOIN captured AS c ON c.tbl = 'dns_answer' AND c.host = q.host AND c.netns = q.netns
ORDER BY q.host, q.container, q.name`, 8, func(v []string) {
		q := question{box{v[0], v[1]}, v[2]}
		scope := scopes[q.box]
		if len(scope) == 0 || mixed[q.box] {
			return
		}
		ips := answers[q]
		net, ok := netOf(ips, scope, subnets)
		t := told{v[3], v[1], v[4], net, strings.Join(ips, ","), v[5], v[6], int64(len(ips)), 1, ok && !unsteady[q] && v[7] == "1"}
		k := view{v[0], strings.Join(scope, ","), v[2]}
		have := views[k]
		if have == nil {
			views[k] = &t
			return
		}
		have.containers++
		have.same = have.same && t.same && have.ips == t.ips
	})
	if err != nil {
		return err
	}
	keys := make([]view, 0, len(views))
	for k := range views {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b view) int {
		return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.scope, b.scope), cmp.Compare(a.name, b.name))
	})
	for _, k := range keys {
		t := views[k]
		if !t.same {
			continue
		}
		if err := put(k.host, t.netns, t.container, k.scope, k.name, orNull(t.service), orNull(t.net), t.ips, t.addresses, t.containers, t.ref, t.coverage); err != nil {
			return err
		}
	}
	return nil
}

// netOf is the one network of a scope in whose subnets all addresses lie; empty for no address, and not ok where there is no such
// network.
func netOf(ips, scope []string, subnets []netSubnet) (net string, ok bool) {
	for _, s := range ips {
		ip, err := netip.ParseAddr(s)
		if err != nil {
			return "", false
		}
		found := ""
		for _, n := range subnets {
			if n.prefix.Contains(ip) && slices.Contains(scope, n.net) {
				found = n.net
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
