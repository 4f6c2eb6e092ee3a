package analyze

import "github.com/netmortem/netmortem/schema"

// vxlanDevice are the few devices that the many rows of fdb and neighbour are looked up in. The planner, which knows no sizes, would go
// the other way and sort the rows first: hence CROSS JOIN, which it keeps in order.
const vxlanDevice = `
WITH device AS MATERIALIZED (
  SELECT o.host, o.netns, v.ifindex, v.mac
  FROM overlay_netns AS o
  JOIN link AS v ON v.host = o.host AND v.netns = o.netns AND v.kind = 'vxlan'
)`

// vxlanFDB reads the state by its parts: an entry that bridge(8) made is NOARP beside PERMANENT, one of the driver's is
// PERMANENT alone, and a static one of bridge(8) is NOARP alone.
var vxlanFDB = Derived{
	Name: "vxlan_fdb",
	Doc:  "Forwarding entries on the VXLAN devices of overlay namespaces, by what they are.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("mac", schema.Addr, "destination of the frames")),
		must(text("entry", schema.Plain, "programmed: the device's own, permanent; learned: the device's own, from traffic; bridge: the bridge's, from traffic: behind the tunnel")),
		must(text("dev", schema.Plain, "VXLAN device")),
		text("dst", schema.Addr, "VTEP; NULL for the bridge's"),
		number("updated_s", "seconds since it was last changed, or seen in traffic"),
		must(text("seen", schema.Plain, "first, last or both: which of the two reads held it")),
	},
	RowOf: "fdb",
	Query: vxlanDevice + `
SELECT f.host, f.netns, f.mac,
  CASE WHEN f.dst IS NULL THEN 'bridge' WHEN instr(f.state, 'permanent') > 0 OR instr(f.state, 'noarp') > 0 THEN 'programmed' ELSE 'learned' END,
  f.dev, f.dst, f.updated_s, f.seen, f.line
FROM fdb AS f CROSS JOIN device AS v
WHERE v.host = f.host AND v.netns = f.netns AND v.ifindex = f.ifindex
  AND f.mac <> v.mac AND (f.dst IS NOT NULL OR instr(f.state, 'permanent') = 0)`,
	Index:   []string{"host, netns, mac, entry"},
	Ordered: true,
}

var vxlanNeighbour = Derived{
	Name: "vxlan_neighbour",
	Doc:  "Permanent IPv4 neighbours on the VXLAN devices of overlay namespaces: the addresses that these answer ARP for.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("ip", schema.Addr, "address")),
		text("mac", schema.Addr, "hardware address that it is answered with"),
		number("updated_s", "seconds since it was last changed"),
		must(text("seen", schema.Plain, "first, last or both: which of the two reads held it")),
	},
	RowOf: "neighbour",
	Query: vxlanDevice + `
SELECT n.host, n.netns, n.ip, n.mac, n.updated_s, n.seen, n.line
FROM neighbour AS n CROSS JOIN device AS v
WHERE v.host = n.host AND v.netns = n.netns AND v.ifindex = n.ifindex
  AND instr(n.state, 'permanent') > 0 AND instr(n.ip, ':') = 0`,
	Index:   []string{"host, netns, ip", "host, netns, mac"},
	Ordered: true,
}

// localMAC knows a local address in two ways: the device at the other end of a port, or, where that was not read,
// traffic that came in by the port. A port goes with its container, and the bridge's entries go with the port.
var localMAC = Derived{
	Name: "local_mac",
	Doc:  "Hardware addresses behind the veth ports of an overlay's bridge: endpoints of this very host.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("mac", schema.Addr, "hardware address")),
		text("ip", schema.Addr, "its IPv4 address on the network"),
		must(text("label", schema.Name, "container or namespace that has it; the port where neither is known")),
		must(text("port", schema.Plain, "veth port in the overlay's namespace")),
		number("since_s", "it was there at the latest then, seconds since 1970"),
		must(refCol("ref", "row of link of the device, or of fdb of the port")),
	},
	Query: `
SELECT host, netns, mac, ip, COALESCE(label, port), port, since_s, ref FROM (
  SELECT host, netns, mac, ip, label, port, since_s, ref, ROW_NUMBER() OVER (PARTITION BY host, netns, mac ORDER BY rank, port) AS place FROM (
    SELECT host, overlay_netns AS netns, mac, ip, label, port, since_s, link_ref AS ref, 1 AS rank FROM local_endpoint WHERE mac IS NOT NULL
    UNION ALL
    SELECT f.host, f.netns, f.mac, NULL, f.dev, f.dev, NULL, f.ref, 2
    FROM fdb AS f JOIN overlay_netns AS o ON o.host = f.host AND o.netns = f.netns
    JOIN link AS p ON p.host = f.host AND p.netns = f.netns AND p.ifindex = f.ifindex AND p.kind = 'veth'
    WHERE f.on_master = 1 AND instr(f.state, 'permanent') = 0 AND f.seen = 'both')
) WHERE place = 1`,
	Index: []string{"host, netns, mac"},
}

// settledPeer selects, for each overlay namespace, the endpoints of its network that live elsewhere and have been
// known long enough, in a namespace that is a minute old itself: there for 30 seconds before this host's first read, and wanted by the
// managers two minutes before it or later. Where they do not tell, their own kernel must have held it after the first read began: what
// goes is taken away elsewhere first.
const settledPeer = `
FROM (
  SELECT o.host, o.netns, o.net, r.first_s, h.node_id
  FROM overlay_netns AS o
  JOIN reading AS r ON r.host = o.host
  LEFT JOIN swarm_host AS h ON h.host = o.host
  WHERE o.copies = 1 AND o.age_s >= 60
) AS o
CROSS JOIN endpoint AS e
WHERE e.net = o.net
  AND e.owners = 1 AND e.mac IS NOT NULL AND e.since_s <= o.first_s - 30
  AND (e.wanted = 1 AND e.until_s >= o.first_s - 120 OR e.wanted IS NULL AND e.until_s > o.first_s)
  AND (e.node_id <> o.node_id OR e.host <> o.host AND (e.node_id IS NULL OR o.node_id IS NULL))`

// expectedFDB is the long one of the derived tables: hosts times the endpoints of the networks that they share. It names
// the endpoint by network and address and leaves the rest to the table endpoint.
var expectedFDB = Derived{
	Name: "expected_fdb",
	Doc:  "Forwarding entries that an overlay namespace should hold on its VXLAN device: one for each settled endpoint of the network on another node.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNet(),
		must(text("mac", schema.Addr, "hardware address of the endpoint")),
		must(text("ip", schema.Addr, "its address")),
		must(text("node", schema.Plain, "node that it should point to, or its host where the swarm's id is not known")),
		must(text("source", schema.Plain, "tasks, kernel or daemon: best witness of the endpoint")),
		must(refCol("endpoint_ref", "row of that witness")),
	},
	Query: `
SELECT o.host, o.netns, o.net, e.mac, e.ip, COALESCE(e.node_id, e.host), e.source, e.ref` + settledPeer,
}

// expectedNeighbour follows from the same endpoints, so it is a view.
var expectedNeighbour = Derived{
	Name: "expected_neighbour",
	Doc:  "Permanent neighbours that an overlay namespace should hold on its VXLAN device: one for each settled endpoint of the network on another node.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNet(),
		must(text("ip", schema.Addr, "address of the endpoint")),
		must(text("mac", schema.Addr, "its hardware address")),
		must(text("node", schema.Plain, "node that holds it, or its host where the swarm's id is not known")),
		must(text("source", schema.Plain, "tasks, kernel or daemon: best witness of the endpoint")),
		must(refCol("endpoint_ref", "row of that witness")),
	},
	Query: `
SELECT host, netns, net, ip, mac, node, source, endpoint_ref FROM expected_fdb`,
	View: true,
}

// vtepAgreed is what the hosts agree on in practice: an address that is the node's by some claim, and that some
// programmed entry for an endpoint of the node names. It tells an advertise address from a data-path address.
var vtepAgreed = Derived{
	Name: "vtep_agreed",
	Doc:  "VTEP of a node as programmed entries use it: an address of the node's own that is the destination for an endpoint of it.",
	Columns: []schema.Column{
		must(text("node", schema.Plain, "id of the node, or its host name where the swarm's id is not known")),
		must(text("ip", schema.Addr, "address")),
		must(whole("entries", "programmed entries that name it")),
		must(refCol("ref", "one of them")),
	},
	Query: `
SELECT e.node, f.dst, COUNT(*), MIN(f.ref)
FROM expected_fdb AS e
CROSS JOIN vxlan_fdb AS f
WHERE f.host = e.host AND f.netns = e.netns AND f.mac = e.mac AND f.entry = 'programmed' AND f.seen = 'both'
  AND EXISTS (SELECT 1 FROM vtep AS v WHERE v.node = e.node AND v.ip = f.dst)
GROUP BY e.node, f.dst`,
	Index: []string{"node"},
}
