-- Managers hold a node for down whose containers run on
-- catalogue: F8
-- severity: high
-- since: 0.3.0
-- layer: swarm
-- need: a manager, several hosts
-- blame: managers
-- views: the managers' list of nodes and the node's own daemon
-- check: on a manager: docker node inspect -f '{{.Status.State}} {{.Status.Message}}' <node_id>; on <node>: docker ps -f label=com.docker.swarm.node.id=<node_id>
-- remedy: let <node> reach port 2377/tcp of a manager: nc -z <manager_ip> 2377
-- risk: once it is back, its old tasks are stopped, for new ones run elsewhere
-- verify: on a manager: docker node inspect -f '{{.Status.State}}' <node_id> prints ready
-- undo: nothing to undo
-- remedy: on <node>: systemctl restart docker
-- risk: all containers of the node stop, also those that still serve
-- verify: docker info -f '{{.Swarm.LocalNodeState}} {{.Swarm.Error}}'
-- undo: nothing to undo
-- upstream: moby/moby#31999, moby/moby#34827, moby/moby#43508, moby/moby#32416, moby/swarmkit#1732
-- limits: needs the node's bundle and a manager's. Only containers count that were started before the node was called down and that ran at least ten
--   seconds after: a node that is booting is not meant.
--
-- A node that misses three heartbeats, a quarter of a minute, is down in the managers' eyes, and each of its tasks gets a replacement elsewhere. Nobody
-- can tell the node itself: if it only lost its way to the managers, or its daemon was too slow, its containers go on.
--
-- Then what should exist once exists twice: two writers on one volume, two consumers of one queue. The addresses of the old tasks are not free
-- until they are called orphaned, a day later. As long as gossip between the nodes works, the old tasks may even go on answering.
SELECT
  n.host,
  'the managers hold ' || COALESCE(n.node, n.host) || ' for ' || n.state || ' since ' || n.since || ', but ' || COUNT(DISTINCT c.container) || CASE WHEN COUNT(DISTINCT c.container) = 1 THEN ' task still runs' ELSE ' tasks still run' END
    || ' there' || CASE WHEN COUNT(DISTINCT t.service_id) > 0 THEN ', beside new ones of ' || COUNT(DISTINCT t.service_id) || CASE WHEN COUNT(DISTINCT t.service_id) = 1 THEN ' service' ELSE ' services' END ELSE '' END AS summary,
  'node:' || n.host || '/down' AS subject,
  n.node_id,
  n.node,
  n.state,
  n.message,
  n.since,
  n.manager,
  e.node_addr AS manager_ip,
  COUNT(DISTINCT c.container) AS running,
  MIN(c.name) AS one_of_them,
  n.ref AS node_ref,
  MIN(c.ref) AS container_ref,
  MIN(t.ref) AS replacement_ref
FROM node_down AS n
JOIN task_container AS c ON c.host = n.host AND c.node_id = n.node_id AND c.state = 'running' AND c.started_s < n.since_s AND c.told_s >= n.since_s + 10
LEFT JOIN task_now AS t ON t.service_id = c.service_id AND t.manager = n.manager AND t.node_id <> n.node_id AND t.state = 'running' AND t.made_s >= n.since_s - 5
LEFT JOIN engine AS e ON e.host = n.manager
WHERE n.state = 'down' AND n.host IS NOT NULL
GROUP BY n.host, n.node, n.node_id, n.state, n.message, n.since, n.manager, e.node_addr, n.ref
