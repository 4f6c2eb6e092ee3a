package analyze

import "github.com/netmortem/netmortem/schema"

// resolverLoad adds up [resolverChoice]. least is the figure to conclude from: whatever the clients do that are not judged, the task gets that much.
//
// What was seen is what the judged clients' namespaces hold: tracked connections towards the task, or sockets that are not of a
// listening port, whichever is more.
var resolverLoad = Derived{
	Name: "resolver_load",
	Doc:  "First tries that each task of a dnsrr service would get, if every container on its network asked for it equally often, and the connections that were seen.",
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
		whole("connections", "connections of judged clients to the task that were seen; NULL when none of their namespaces was read to the end"),
		must(refCol("task_ref", "row of swarm_task")),
	},
	Query: `
WITH backend AS (
  SELECT t.net, w.network, t.service AS name, t.service_id, t.ip, MIN(COALESCE(t.label, t.task_id)) AS label, MIN(t.host) AS host, MIN(t.ref) AS ref
  FROM task_endpoint AS t
  JOIN overlay_network AS w ON w.net = t.net AND w.ingress = 0
  JOIN (SELECT service_id FROM swarm_service GROUP BY service_id HAVING MIN(endpoint_mode) = 'dnsrr' AND MAX(endpoint_mode) = 'dnsrr') AS s ON s.service_id = t.service_id
  WHERE t.running = 1 AND t.service IS NOT NULL GROUP BY t.net, w.network, t.service, t.service_id, t.ip
), client AS (
  SELECT net, name, host, netns, client, MAX(weight) AS weight, MAX(CASE WHEN weight IS NOT NULL AND rule IS NOT NULL THEN 1 ELSE 0 END) AS skewed
  FROM resolver_choice WHERE own = 0 GROUP BY net, name, host, netns, client
), many AS (
  SELECT net, name, SUM(CASE WHEN weight IS NOT NULL THEN 1 ELSE 0 END) AS clients, SUM(CASE WHEN weight IS NULL THEN 1 ELSE 0 END) AS unjudged, SUM(skewed) AS skewed
  FROM client GROUP BY net, name
), tries AS (
  SELECT net, name, ip, SUM(weight * share) AS tries FROM resolver_choice WHERE weight IS NOT NULL GROUP BY net, name, ip
), place AS (
  SELECT c.net, c.name, c.host, c.netns,
    EXISTS (SELECT 1 FROM captured AS k WHERE k.tbl = 'conntrack_count' AND k.host = c.host AND k.netns = c.netns) AS tracked,
    EXISTS (SELECT 1 FROM captured AS k WHERE k.tbl = 'socket' AND k.host = c.host AND k.netns = c.netns) AS listed
  FROM client AS c WHERE c.weight IS NOT NULL AND c.netns IS NOT NULL
), track AS (
  SELECT host, netns, dst AS ip, SUM(MAX(COALESCE(entries, 0), COALESCE(entries_last, 0))) AS n
  FROM conntrack_count WHERE dst IN (SELECT ip FROM backend) GROUP BY host, netns, dst
), listening AS (
  SELECT DISTINCT host, netns, local_port FROM socket WHERE state = 'listening' AND EXISTS (SELECT 1 FROM backend)
), held AS (
  SELECT s.host, s.netns, s.peer AS ip, COUNT(*) AS n
  FROM socket AS s LEFT JOIN listening AS l ON l.host = s.host AND l.netns = s.netns AND l.local_port = s.local_port
  WHERE s.peer IN (SELECT ip FROM backend) AND s.state <> 'listening' AND l.host IS NULL GROUP BY s.host, s.netns, s.peer
), seen AS (
  SELECT p.net, p.name, b.ip, SUM(MAX(COALESCE(t.n, 0), COALESCE(h.n, 0))) AS n
  FROM place AS p
  JOIN backend AS b ON b.net = p.net AND b.name = p.name
  LEFT JOIN track AS t ON t.host = p.host AND t.netns = p.netns AND t.ip = b.ip
  LEFT JOIN held AS h ON h.host = p.host AND h.netns = p.netns AND h.ip = b.ip
  WHERE p.tracked OR p.listed GROUP BY p.net, p.name, b.ip
)
SELECT b.net, b.network, b.name, b.ip, b.label, b.host, 1.0 / COUNT(*) OVER name,
  CASE WHEN m.clients > 0 THEN (COALESCE(t.tries, 0) + COALESCE(e.tries, 0)) / m.clients END,
  (COALESCE(t.tries, 0) + COALESCE(e.tries, 0)) / (m.clients + m.unjudged), m.clients, m.unjudged, m.skewed, s.n, b.ref
FROM backend AS b
JOIN many AS m ON m.net = b.net AND m.name = b.name
LEFT JOIN tries AS t ON t.net = b.net AND t.name = b.name AND t.ip = b.ip
LEFT JOIN tries AS e ON e.net = b.net AND e.name = b.name AND e.ip IS NULL
LEFT JOIN seen AS s ON s.net = b.net AND s.name = b.name AND s.ip = b.ip
WINDOW name AS (PARTITION BY b.net, b.name)`,
	Index: []string{"net, name"},
}
