package analyze

import (
	"context"
	"database/sql"

	"github.com/netmortem/netmortem/analyze/path"
	"github.com/netmortem/netmortem/schema"
)

// pathReads are the tables that the walk over captured state reads, captured and derived.
var pathReads = []string{
	"netns", "link", "address", "route", "policy_rule", "neighbour", "fdb", "iptables_chain", "iptables_rule", "nft_chain", "nft_rule", "nft_set", "nft_element",
	"ipvs_service", "ipvs_destination", "socket", "xfrm_state", "xfrm_policy", "sysctl", "dns_query", "dns_answer", "network", "swarm_node", "swarm_service", "swarm_service_port",
	"reading", "swarm_host", "vtep", "overlay_network", "network_change", "overlay_netns", "balancer", "endpoint", "service_vip", "published_port", "expected_port", "userland_proxy", "swarm_known", "host_era",
}

// pathSegment is filled by the one walk that the other three tables come from, too: its Aside walks, and writes all four.
var pathSegment = Derived{
	Name: "path_segment",
	Doc:  "Parts of packets' ways that are broken, or of which it cannot be told: one row for each step that stops something, with the first of what it stops.",
	Columns: []schema.Column{
		must(whole("segment", "number")),
		must(text("kind", schema.Plain, "client: a sandbox and a name; balancer: a host and a virtual address or one of its destinations; overlay: from a host to an endpoint; arrival: at an endpoint's port; published: a host and a published port; egress: a sandbox and the outside")),
		must(text("host", schema.Name, "host whose packets it is about")),
		text("netns", schema.Plain, "namespace in which the step is, of the host that the subject names"),
		text("net", schema.Plain, "first 8 characters of the network's id"),
		text("what", schema.Name, "what the part is for, in words"),
		text("target", schema.Addr, "address, address:port/protocol or name of the first thing that it stops"),
		must(whole("targets", "how many segments of this host it stops")),
		must(text("verdict", schema.Plain, "dropped or cannot tell")),
		must(text("hop", schema.Plain, "step: route, rules with their hook, neighbour, fdb, underlay, tunnel, mark, destination, socket, name, …")),
		text("hop_host", schema.Name, "host on which the step is; one without a bundle by its node's name"),
		text("place", schema.Name, "name of the namespace in which it is"),
		text("subject", schema.Text, "canonical key of the row that decided, as findings have it"),
		text("expected", schema.Text, "what should be there"),
		text("observed", schema.Text, "what is there"),
		text("why", schema.Text, "why that stops it, or why it cannot be told"),
		refCol("ref", "row that decided"),
		refCol("expected_ref", "row that says what should be there"),
	},
	Reads: pathReads,
	Index: []string{"segment", "subject"},
	Aside: walkPaths,
}

var pathCount = Derived{
	Name: "path_count",
	Doc:  "All parts of packets' ways that were judged, counted: one row a kind and host. Filled with path_segment.",
	Columns: []schema.Column{
		must(text("kind", schema.Plain, "as in path_segment")),
		must(text("host", schema.Name, "host whose packets it is about")),
		must(whole("delivered", "parts that packets pass")),
		must(whole("dropped", "parts that they do not pass")),
		must(whole("unknown", "parts of which that cannot be told")),
	},
	Reads: pathReads,
	With:  "path_segment",
}

var pathPair = Derived{
	Name: "path_pair",
	Doc:  "Who does not surely reach whom: clients and services on a network that they share, hosts' published ports, containers and the outside, where not all is delivered. Of the pairs of two services that cannot be told for the same reason the first 20 are here, and of all that a table leaves untold which was not captured the first 1,000; how many there are is in path_pair_count. On a network with more than 256 services those that end in the same part are here 1,000 times at most. Filled with path_segment.",
	Columns: []schema.Column{
		must(text("client_kind", schema.Plain, "task, host or outside")),
		text("client_host", schema.Name, "host of the client; of a published port the host that is asked, by the outside or by itself"),
		text("client", schema.Name, "label of the client"),
		text("client_service", schema.Name, "its service"),
		text("server_service", schema.Name, "service that is asked"),
		text("network", schema.Name, "name of the network that they share"),
		must(text("via", schema.Plain, "vip, dnsrr (the service's name), tasks (tasks. and its name), ingress or host (a published port), or egress")),
		text("target", schema.Addr, "address and port that are asked; the port alone where the addresses are the tasks'"),
		text("proto", schema.Plain, "tcp or udp"),
		whole("port", "port that is asked; 0 where none is known and the walk ends in the sandbox"),
		must(text("verdict", schema.Plain, "dropped; some: some backends only; cannot tell")),
		whole("reached", "backends that are reached"),
		whole("backends", "backends that may be chosen"),
		whole("segment", "the part that decided, in path_segment"),
		whole("alike", "further pairs with the same verdict that the same part decided and that are not here; NULL for none"),
	},
	Reads: pathReads,
	Index: []string{"segment"},
	With:  "path_segment",
}

var pathPairCount = Derived{
	Name: "path_pair_count",
	Doc:  "All pairs of clients and services, counted. On a network with more than 256 services those of a client service with all of them are one row. Filled with path_segment.",
	Columns: []schema.Column{
		text("client_service", schema.Name, "service of the clients; empty for the outside and for containers of none"),
		text("server_service", schema.Name, "service that is asked; empty for the outside, and for all services of a network with more than 256"),
		text("network", schema.Name, "name of the network"),
		must(text("via", schema.Plain, "as in path_pair")),
		must(whole("pairs", "pairs of a client and a port of the service")),
		must(whole("delivered", "of these wholly delivered")),
		must(whole("some", "reach some backends only")),
		must(whole("dropped", "reach none")),
		must(whole("unknown", "cannot be told")),
	},
	Reads: pathReads,
	With:  "path_segment",
}

// walkPaths walks all packets' ways: that takes long, and only reads.
func walkPaths(ctx context.Context, tx *sql.Tx) (Fill, error) {
	j, err := path.Judge(ctx, tx, false)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
		return putPaths(ctx, tx, j, put)
	}, nil
}

func putPaths(ctx context.Context, tx *sql.Tx, j *path.Judgement, put func(row ...any) error) error {
	for _, s := range j.Segments {
		net := ""
		if s.Net != nil {
			net = s.Net.Net
		}
		h := s.Hop
		err := put(int64(s.ID), s.Kind, s.Host, orNull(h.Netns), orNull(net), orNull(s.What), orNull(s.Target), int64(s.Targets), h.Verdict.String(), h.Step, orNull(h.Host), orNull(h.Place),
			orNull(h.Subject), orNull(h.Expected), orNull(h.Observed), orNull(h.Why), orNull(h.Ref), orNull(h.ExpectedRef))
		if err != nil {
			return err
		}
	}
	counts := insertInto(ctx, tx, &pathCount)
	for _, c := range j.Counts {
		counts.put(c.Kind, c.Host, c.Delivered, c.Dropped, c.Unknown)
	}
	pairs := insertInto(ctx, tx, &pathPair)
	for i := range j.Pairs {
		p := &j.Pairs[i]
		var segment, alike any
		if p.Segment > 0 {
			segment = p.Segment
		}
		if p.Alike > 0 {
			alike = p.Alike
		}
		pairs.put(p.ClientKind, orNull(p.ClientHost), orNull(p.Client), orNull(p.ClientService), orNull(p.Server), orNull(p.Network), p.Via, orNull(p.Target), orNull(p.Proto), p.Port, p.Verdict, p.Reached, p.Backends, segment, alike)
	}
	sums := insertInto(ctx, tx, &pathPairCount)
	for _, s := range j.Sums {
		sums.put(orNull(s.ClientService), orNull(s.Server), orNull(s.Network), s.Via, s.Pairs, s.Delivered, s.Some, s.Dropped, s.Unknown)
	}
	for _, in := range []*inserting{counts, pairs, sums} {
		if err := in.close(); err != nil {
			return err
		}
	}
	return nil
}
