package analyze

import "github.com/netmortem/netmortem/schema"

// roundRobinServices are the services that all managers have as dnsrr.
const roundRobinServices = `(SELECT service_id FROM swarm_service GROUP BY service_id HAVING MIN(endpoint_mode) = 'dnsrr' AND MAX(endpoint_mode) = 'dnsrr')`

// dnsrrAddresses are the addresses of running tasks of dnsrr services.
const dnsrrAddresses = `
  SELECT DISTINCT t.ip FROM task_endpoint AS t
  JOIN ` + roundRobinServices + ` AS s ON s.service_id = t.service_id
  WHERE t.running = 1`

// resolverConnection takes what a namespace tracks, or its sockets, whichever is more: connection tracking remembers connections that
// are over, and sockets are there where nothing is tracked. What is tracked towards the
// namespace's own address, and a socket of a port on which it listens, was opened by the other side.
var resolverConnection = Derived{
	Name: "resolver_connection",
	Doc:  "Connections that a namespace has opened to a running task of a dnsrr service, as far as they were seen.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("ip", schema.Addr, "address of the task")),
		must(whole("connections", "connections: the larger one of what is tracked and the sockets there are")),
	},
	Query: `
WITH task AS (` + dnsrrAddresses + `
), listening AS (
  SELECT DISTINCT host, netns, local_port FROM socket WHERE state = 'listening' AND EXISTS (SELECT 1 FROM task)
)
SELECT host, netns, ip, MAX(n) FROM (
  SELECT c.host, c.netns, c.dst AS ip, SUM(MAX(COALESCE(c.entries, 0), COALESCE(c.entries_last, 0))) AS n
  FROM conntrack_count AS c LEFT JOIN local_endpoint AS o ON o.host = c.host AND o.netns = c.netns AND o.ip = c.dst
  WHERE EXISTS (SELECT 1 FROM task) AND c.dst IN (SELECT ip FROM task) AND o.host IS NULL GROUP BY c.host, c.netns, c.dst
  UNION ALL
  SELECT s.host, s.netns, s.peer, COUNT(*)
  FROM socket AS s LEFT JOIN listening AS l ON l.host = s.host AND l.netns = s.netns AND l.local_port = s.local_port
  WHERE EXISTS (SELECT 1 FROM task) AND s.peer IN (SELECT ip FROM task) AND s.state <> 'listening' AND l.host IS NULL GROUP BY s.host, s.netns, s.peer
) GROUP BY host, netns, ip`,
	Index: []string{"host, netns, ip"},
}

// resolverWatched is the guard of every "no connection".
var resolverWatched = Derived{
	Name: "resolver_watched",
	Doc:  "Namespaces of containers whose sockets or tracked connections were read to the end.",
	Columns: []schema.Column{
		colHost(), colNetns(),
	},
	Query: `
SELECT DISTINCT k.host, k.netns FROM captured AS k
JOIN local_endpoint AS l ON l.host = k.host AND l.netns = k.netns AND l.kind = 'container'
WHERE k.tbl IN ('conntrack_count', 'socket') AND EXISTS (` + dnsrrAddresses + `)`,
	Index: []string{"host, netns"},
}

// resolverLoad adds up [resolverChoice]. least is the figure to conclude from: whatever the clients do that are not judged, the task gets that much.
var resolverLoad = Derived{
	Name: "resolver_load",
	Doc:  "First tries that each task of a dnsrr service would get, if every container on its network asked for it equally often.",
	Columns: []schema.Column{
		colNet(),
		text("network", schema.Name, "name of the network"),
		must(text("name", schema.Name, "name asked: that of the service")),
		must(text("ip", schema.Addr, "address of a running task")),
		text("backend", schema.Name, "name of the task"),
		text("backend_host", schema.Name, "its host, if it was captured"),
		must(number("fair", "share of each task if all got the same")),
		number("share", "share of the first tries of the clients that were judged; NULL when none was"),
		must(number("least", "its share at least, whatever the others do")),
		must(whole("clients", "containers that were judged")),
		must(whole("unjudged", "containers and tasks on the network that were not")),
		must(whole("skewed", "judged ones that prefer some tasks")),
		must(refCol("task_ref", "row of swarm_task")),
	},
	Query: `
WITH backend AS (
  SELECT t.net, w.network, t.service AS name, t.service_id, t.ip, MIN(COALESCE(t.label, t.task_id)) AS label, MIN(t.host) AS host, MIN(t.ref) AS ref
  FROM task_endpoint AS t
  JOIN overlay_network AS w ON w.net = t.net AND w.ingress = 0
  JOIN ` + roundRobinServices + ` AS s ON s.service_id = t.service_id
  WHERE t.running = 1 AND t.service IS NOT NULL GROUP BY t.net, w.network, t.service, t.service_id, t.ip
), client AS (
  SELECT net, name, host, netns, client, MAX(weight) AS weight, MAX(CASE WHEN weight IS NOT NULL AND rule IS NOT NULL THEN 1 ELSE 0 END) AS skewed
  FROM resolver_choice WHERE own = 0 GROUP BY net, name, host, netns, client
), many AS (
  SELECT net, name, SUM(CASE WHEN weight IS NOT NULL THEN 1 ELSE 0 END) AS clients, SUM(CASE WHEN weight IS NULL THEN 1 ELSE 0 END) AS unjudged, SUM(skewed) AS skewed
  FROM client GROUP BY net, name
), tries AS (
  SELECT net, name, ip, SUM(weight * share) AS tries FROM resolver_choice WHERE weight IS NOT NULL GROUP BY net, name, ip
)
SELECT b.net, b.network, b.name, b.ip, b.label, b.host, 1.0 / COUNT(*) OVER name,
  CASE WHEN m.clients > 0 THEN (COALESCE(t.tries, 0) + COALESCE(e.tries, 0)) / m.clients END,
  (COALESCE(t.tries, 0) + COALESCE(e.tries, 0)) / (m.clients + m.unjudged), m.clients, m.unjudged, m.skewed, b.ref
FROM backend AS b
JOIN many AS m ON m.net = b.net AND m.name = b.name
LEFT JOIN tries AS t ON t.net = b.net AND t.name = b.name AND t.ip = b.ip
LEFT JOIN tries AS e ON e.net = b.net AND e.name = b.name AND e.ip IS NULL
WINDOW name AS (PARTITION BY b.net, b.name)`,
	Index: []string{"net, name"},
}
