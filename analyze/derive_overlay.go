package analyze

import "github.com/netmortem/netmortem/schema"

var overlayNetwork = Derived{
	Name: "overlay_network",
	Doc:  "Overlay networks by the part of the id that names of namespaces hold, with their full id and name.",
	Columns: []schema.Column{
		colNet(),
		must(text("network_id", schema.Plain, "full id")),
		must(text("network", schema.Name, "name; the first characters of the id where nobody names it")),
		must(whole("ingress", "1 for the network of the routing mesh")),
		must(refCol("ref", "a row that names it")),
	},
	Query: `
SELECT net, MIN(network_id), COALESCE(MIN(network), net), MAX(ingress), MIN(ref) FROM (
  SELECT substr(network_id, 1, 8) AS net, network_id, name AS network, ingress, ref FROM network WHERE driver = 'overlay'
  UNION ALL
  SELECT substr(network_id, 1, 8), network_id, network, 0, ref FROM swarm_task_address
) WHERE length(net) = 8 GROUP BY net`,
	Index: []string{"net"},
}

// overlayNetns takes a namespace's age from its forwarding entries: the kernel keeps, for each, the time since it was
// last changed, and the permanent ones that libnetwork makes with the bridge are never changed again.
var overlayNetns = Derived{
	Name: "overlay_netns",
	Doc:  "Overlay namespaces that hold a VXLAN device, with their network.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNetnsName(), colNet(),
		text("network", schema.Name, "name of the network; its first characters of the id where nobody names it"),
		whole("vni", "VNI of its first VXLAN device"),
		must(text("vxlan", schema.Plain, "name of that device")),
		must(whole("copies", "namespaces of this network on the host: more than one is a leftover, and which one lives is not said")),
		number("age_s", "seconds that it has existed at least: age of its oldest permanent forwarding entry"),
		must(refCol("ref", "row of netns")),
		must(refCol("link_ref", "row of link of the VXLAN device")),
	},
	Query: `
SELECT n.host, n.netns, n.name, substr(n.network, 1, 8), COALESCE(w.network, substr(n.network, 1, 8)), MIN(v.vni), MIN(v.name),
  COUNT(*) OVER (PARTITION BY n.host, substr(n.network, 1, 8)), MIN(a.age_s), n.ref, MIN(v.ref)
FROM netns AS n
JOIN link AS v ON v.host = n.host AND v.netns = n.netns AND v.kind = 'vxlan'
LEFT JOIN overlay_network AS w ON w.net = substr(n.network, 1, 8)
LEFT JOIN (SELECT host, netns, MAX(updated_s) AS age_s FROM fdb WHERE instr(state, 'permanent') > 0 GROUP BY host, netns) AS a
  ON a.host = n.host AND a.netns = n.netns
WHERE n.kind = 'overlay' AND length(n.network) >= 8
GROUP BY n.host, n.netns, n.name, n.network, w.network, n.ref`,
	Index: []string{"host, netns", "net, host"},
}

// localEndpoint follows each veth port of an overlay bridge to its other end. A port whose other end was not
// captured stays, without MAC: who wants to know that nothing else is there must know that it is.
var localEndpoint = Derived{
	Name: "local_endpoint",
	Doc:  "What a captured host's own kernel holds on an overlay: the veth ports of the overlay's bridge, each with the device, address and namespace at its other end.",
	Columns: []schema.Column{
		colHost(),
		must(text("overlay_netns", schema.Plain, "overlay namespace that holds the port")),
		colNet(),
		must(text("port", schema.Plain, "name of the port there")),
		text("netns", schema.Plain, "namespace at the other end"),
		text("netns_name", schema.Plain, "its name"),
		text("kind", schema.Plain, "container, lb or ingress: what that namespace is"),
		text("container", schema.Plain, "full id of the container"),
		text("label", schema.Name, "name of the container, or of the namespace where there is none"),
		text("task_id", schema.Plain, "task of the container"),
		text("dev", schema.Plain, "device at the other end"),
		text("mac", schema.Addr, "its hardware address; NULL when the other end was not captured"),
		text("ip", schema.Addr, "its IPv4 address on the network"),
		whole("prefix_len", "prefix length of that address"),
		number("since_s", "when it was there at the latest, seconds since 1970: start of the container, or age of the port's own forwarding entry"),
		number("until_s", "when it was still there, seconds since 1970: links are read once, the port's own forwarding entry twice"),
		must(refCol("port_ref", "row of link of the port")),
		refCol("link_ref", "row of link of the other end"),
		refCol("address_ref", "row of address"),
	},
	Query: `
SELECT o.host, o.netns, o.net, p.name, s.netns, s.name, s.kind, s.container, COALESCE(c.name, s.name), NULLIF(c.task_id, ''), e.name, e.mac,
  MIN(a.ip), MIN(a.prefix_len),
  MIN(CASE WHEN c.started_s <= r.last_s - f.updated_s OR f.updated_s IS NULL THEN c.started_s
           WHEN f.updated_s IS NOT NULL THEN r.last_s - f.updated_s END),
  MAX(CASE WHEN f.stayed = 1 THEN r.last_s ELSE r.first_s END),
  p.ref, e.ref, MIN(a.ref)
FROM overlay_netns AS o
JOIN link AS p ON p.host = o.host AND p.netns = o.netns AND p.kind = 'veth' AND p.master > 0
LEFT JOIN link AS e ON e.host = p.host AND e.netns = p.peer_netns AND e.ifindex = p.peer_ifindex
LEFT JOIN netns AS s ON s.host = e.host AND s.netns = e.netns
LEFT JOIN address AS a ON a.host = e.host AND a.netns = e.netns AND a.ifindex = e.ifindex
  AND a.scope = 'global' AND a.prefix_len < 32 AND instr(a.ip, ':') = 0
LEFT JOIN (SELECT host, container, name, task_id, (julianday(started_at) - 2440587.5) * 86400.0 AS started_s FROM container) AS c
  ON c.host = s.host AND c.container = s.container
LEFT JOIN reading AS r ON r.host = o.host
LEFT JOIN (SELECT host, netns, ifindex, mac, MAX(updated_s) AS updated_s, MAX(CASE seen WHEN 'both' THEN 1 ELSE 0 END) AS stayed FROM fdb
  WHERE on_master = 1 AND instr(state, 'permanent') > 0 GROUP BY host, netns, ifindex, mac) AS f
  ON f.host = p.host AND f.netns = p.netns AND f.ifindex = p.ifindex AND f.mac = p.mac
GROUP BY o.host, o.netns, o.net, p.name, p.ref, s.netns, s.name, s.kind, s.container, c.name, c.task_id, e.name, e.mac, e.ref`,
	Index: []string{"host, overlay_netns, mac", "host, netns", "net, ip"},
}

// knownHost is the guard of every "nobody has it": the namespaces of the host were listed, each was read, each
// port of each overlay leads to one of them, and no device is in one that the list lacks.
var knownHost = Derived{
	Name: "known_host",
	Doc:  "Hosts whose endpoints on overlays are all known from their kernel: what is not in local_endpoint is not there.",
	Columns: []schema.Column{
		colHost(),
		text("node_id", schema.Plain, "its node of the swarm"),
		must(number("first_s", "begin of its first read, seconds since 1970")),
		must(number("last_s", "begin of its last read, seconds since 1970")),
		must(refCol("netns_ref", "coverage row of its list of namespaces")),
	},
	Query: `
SELECT k.host, h.node_id, r.first_s, r.last_s, k.ref
FROM captured AS k
JOIN reading AS r ON r.host = k.host
LEFT JOIN swarm_host AS h ON h.host = k.host
JOIN (SELECT n.host, COUNT(*) AS here, COUNT(l.ref) AS links, COUNT(a.ref) AS addresses
  FROM netns AS n
  LEFT JOIN captured AS l ON l.tbl = 'link' AND l.host = n.host AND l.netns = n.netns
  LEFT JOIN captured AS a ON a.tbl = 'address' AND a.host = n.host AND a.netns = n.netns
  GROUP BY n.host) AS w ON w.host = k.host AND w.links = w.here AND w.addresses = w.here
LEFT JOIN (SELECT host, COUNT(*) AS blind FROM local_endpoint WHERE mac IS NULL GROUP BY host) AS b ON b.host = k.host
LEFT JOIN (SELECT i.host, COUNT(*) AS unlisted FROM (SELECT DISTINCT host, netns FROM link) AS i
  LEFT JOIN netns AS n ON n.host = i.host AND n.netns = i.netns WHERE n.host IS NULL GROUP BY i.host) AS u ON u.host = k.host
WHERE k.tbl = 'netns' AND k.netns IS NULL AND b.host IS NULL AND u.host IS NULL`,
	Index: []string{"host", "node_id"},
}

var swarmKnown = Derived{
	Name: "swarm_known",
	Doc:  "Hosts for which every node that their manager names was captured, whole, and about the same time: only there is an address that nobody has surely nobody's.",
	Columns: []schema.Column{
		colHost(),
		must(text("manager", schema.Name, "manager whose list of nodes it is")),
		must(whole("nodes", "number of nodes")),
		must(refCol("nodes_ref", "coverage row of the list of nodes")),
	},
	// Each host's bounds are its own, and to count its manager's nodes anew for each would grow with the square of the hosts. A node that was
	// captured once is within them if the first and the last capture of all such nodes are; the others, which several bundles claim, are few.
	Query: `
WITH node AS MATERIALIZED (
  SELECT n.host AS manager, n.node_id, COUNT(k.host) AS captures, MIN(k.first_s) AS first_s
  FROM (SELECT DISTINCT host, node_id FROM swarm_node WHERE node_id IS NOT NULL) AS n LEFT JOIN known_host AS k ON k.node_id = n.node_id GROUP BY n.host, n.node_id
), whole AS (
  SELECT manager, COUNT(*) AS nodes, MIN(CASE WHEN captures = 1 THEN first_s END) AS earliest, MAX(CASE WHEN captures = 1 THEN first_s END) AS latest
  FROM node GROUP BY manager HAVING MIN(captures) > 0
), lost AS (
  SELECT DISTINCT v.host
  FROM swarm_view AS v
  JOIN node AS n ON n.manager = v.manager AND n.captures > 1
  LEFT JOIN known_host AS k ON k.node_id = n.node_id AND k.first_s >= v.first_s - 120 AND k.first_s <= v.last_s + 120
  WHERE k.host IS NULL
)
SELECT v.host, v.manager, w.nodes, MIN(c.ref)
FROM swarm_view AS v
JOIN whole AS w ON w.manager = v.manager
JOIN captured AS c ON c.tbl = 'swarm_node' AND c.host = v.manager
LEFT JOIN lost AS l ON l.host = v.host
WHERE l.host IS NULL AND (w.earliest IS NULL OR w.earliest >= v.first_s - 120 AND w.latest <= v.last_s + 120)
GROUP BY v.host, v.manager, w.nodes`,
	Index: []string{"host"},
}
