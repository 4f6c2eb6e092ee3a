package analyze

import "github.com/netmortem/netmortem/schema"

// endpoint merges three witnesses by network and address: the managers' tasks, the kernel of the host that holds the
// endpoint, and that host's daemon. The first one that knows the address decides who has it and where; the others
// add what it cannot know (hardware address, how long), unless they speak of another place.
//
// A task that the managers no longer want is there for a while, and so is the load balancer of a node whose last task of the network
// goes: others may have been told already. Its kernel is believed that it is there, and what the managers want is kept beside it.
var endpoint = Derived{
	Name: "endpoint",
	Doc:  "Who has which address on which overlay: running tasks, attached containers and load balancers of every node that something captured speaks of.",
	Columns: []schema.Column{
		colNet(),
		must(text("ip", schema.Addr, "address")),
		text("mac", schema.Addr, "hardware address: the kernel's where it was captured, else what follows from the address"),
		must(text("kind", schema.Plain, "task, container (attached by hand), lb or ingress")),
		must(text("owner", schema.Plain, "id of the task or container, or name of the namespace")),
		text("label", schema.Name, "its name"),
		text("service_id", schema.Plain, "service of the task"),
		text("service", schema.Name, "name of that service"),
		text("node_id", schema.Plain, "node that holds it"),
		text("host", schema.Name, "that node, if it was captured"),
		must(text("source", schema.Plain, "tasks, kernel or daemon: best witness that it is there")),
		must(whole("owners", "how many claim the address, by equally good witnesses: more than one is a fault of its own")),
		number("since_s", "it was there at the latest then, seconds since 1970"),
		number("until_s", "it was still there then, seconds since 1970"),
		whole("wanted", "1 when by the managers it is to stay, 0 when it is not; NULL where they do not tell"),
		must(refCol("ref", "row of the best witness")),
		refCol("kernel_ref", "row of link in the kernel of its host"),
		must(text("why", schema.Name, "what it follows from, in words")),
	},
	Query: `
WITH told AS (
  SELECT task_id, MAX(running) AS running FROM task_endpoint GROUP BY task_id
), claim AS (
  SELECT net, ip, 1 AS rank, 'tasks' AS source, 'task' AS kind, task_id AS owner, label, service_id, service, node_id, host,
    mac, since_s, look_s AS until_s, 1 AS wanted, ref, NULL AS kernel_ref, task_id
  FROM task_endpoint WHERE running = 1
  UNION ALL
  SELECT l.net, l.ip, 2, 'kernel', CASE WHEN l.kind = 'container' AND l.task_id IS NOT NULL THEN 'task' ELSE l.kind END,
    COALESCE(l.task_id, l.container, l.netns_name || ' of ' || l.host), l.label, NULL, NULL, h.node_id, l.host, l.mac, l.since_s, l.until_s,
    CASE WHEN l.task_id IS NOT NULL THEN t.running WHEN l.kind = 'lb' THEN u.running END, l.link_ref, l.link_ref, l.task_id
  FROM local_endpoint AS l LEFT JOIN swarm_host AS h ON h.host = l.host
  LEFT JOIN told AS t ON t.task_id = l.task_id
  LEFT JOIN (SELECT net, node_id, MAX(running) AS running FROM task_endpoint GROUP BY net, node_id) AS u ON u.net = l.net AND u.node_id = h.node_id
  WHERE l.ip IS NOT NULL AND l.mac IS NOT NULL AND l.kind IS NOT NULL
  UNION ALL
  SELECT substr(e.network_id, 1, 8), e.ip, 3, 'daemon', CASE WHEN c.task_id <> '' THEN 'task' WHEN substr(e.owner, 1, 3) = 'lb-' THEN 'lb' WHEN e.owner = 'ingress-sbox' THEN 'ingress' ELSE 'container' END,
    COALESCE(NULLIF(c.task_id, ''), c.container, e.owner || ' of ' || e.host), e.name, NULL, NULL, h.node_id, e.host, e.mac,
    (julianday(c.started_at) - 2440587.5) * 86400.0, r.first_s, t.running, e.ref, NULL, NULLIF(c.task_id, '')
  FROM network_endpoint AS e
  JOIN overlay_network AS w ON w.network_id = e.network_id
  LEFT JOIN container AS c ON c.host = e.host AND c.container = e.owner
  LEFT JOIN told AS t ON t.task_id = c.task_id
  LEFT JOIN swarm_host AS h ON h.host = e.host LEFT JOIN reading AS r ON r.host = e.host
  WHERE e.ip IS NOT NULL AND instr(e.ip, ':') = 0
), ranked AS (
  SELECT claim.*, ROW_NUMBER() OVER best AS place, FIRST_VALUE(rank) OVER best AS top,
    FIRST_VALUE(node_id) OVER best AS top_node, FIRST_VALUE(host) OVER best AS top_host
  FROM claim WINDOW best AS (PARTITION BY net, ip ORDER BY rank, owner, ref)
)
SELECT net, ip,
  COALESCE(MAX(CASE WHEN rank = 2 AND here THEN mac END), MAX(CASE WHEN rank = 3 AND here THEN mac END), MAX(CASE WHEN rank = 1 THEN mac END)),
  MAX(CASE WHEN place = 1 THEN kind END), MAX(CASE WHEN place = 1 THEN owner END), MAX(CASE WHEN place = 1 THEN label END),
  MAX(CASE WHEN place = 1 THEN service_id END), MAX(CASE WHEN place = 1 THEN service END),
  MAX(CASE WHEN place = 1 THEN node_id END), MAX(CASE WHEN place = 1 THEN host END), MAX(CASE WHEN place = 1 THEN source END),
  COUNT(DISTINCT CASE WHEN rank = top THEN owner END),
  MIN(CASE WHEN here THEN since_s END), MAX(CASE WHEN here THEN until_s END), MAX(CASE WHEN place = 1 THEN wanted END),
  MAX(CASE WHEN place = 1 THEN ref END), MAX(CASE WHEN here THEN kernel_ref END),
  MAX(CASE WHEN place = 1 THEN CASE rank WHEN 1 THEN 'the managers have task ' || label || ' running'
    WHEN 2 THEN 'the kernel of ' || host || ' holds it for ' || label ELSE 'the daemon of ' || host || ' lists it for ' || label END END)
FROM (SELECT ranked.*, rank = top OR host = top_host OR node_id = top_node AS here FROM ranked)
GROUP BY net, ip`,
	Index: []string{"net, ip"},
}

// vtep gathers claims, not verdicts: a node may well have an advertise address and another one for data.
var vtep = Derived{
	Name: "vtep",
	Doc:  "Addresses that are known to be a node's: candidates for its VTEP, by who says so.",
	Columns: []schema.Column{
		must(text("node", schema.Plain, "id of the node, or its host name where the swarm's id is not known")),
		text("host", schema.Name, "that node, if it was captured"),
		must(text("ip", schema.Addr, "address")),
		must(text("source", schema.Plain, "engine: what its own daemon advertises; managers: what they see; address: an address of its own in the host's namespace")),
		must(refCol("ref", "row that says so")),
	},
	Query: `
SELECT node, host, ip, source, MIN(ref) FROM (
  SELECT COALESCE(h.node_id, e.host) AS node, e.host, e.node_addr AS ip, 'engine' AS source, e.ref
  FROM engine AS e LEFT JOIN swarm_host AS h ON h.host = e.host
  UNION ALL
  SELECT n.node_id, h.host, n.addr, 'managers', n.ref
  FROM swarm_node AS n LEFT JOIN (SELECT node_id, MIN(host) AS host FROM swarm_host GROUP BY node_id) AS h ON h.node_id = n.node_id
  UNION ALL
  SELECT COALESCE(h.node_id, a.host), a.host, a.ip, 'address', a.ref
  FROM address AS a JOIN netns AS s ON s.host = a.host AND s.netns = a.netns AND s.kind = 'host'
  LEFT JOIN swarm_host AS h ON h.host = a.host
  WHERE a.scope = 'global'
) WHERE ip <> '' AND ip <> '0.0.0.0' AND ip <> '::' AND substr(ip, 1, 4) <> '127.'
GROUP BY node, host, ip, source`,
	Index: []string{"ip, node", "node, ip"},
}
