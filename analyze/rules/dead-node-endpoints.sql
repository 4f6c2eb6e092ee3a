-- Entries of a node that is down, and has left the gossip, are still there
-- catalogue: F5
-- severity: high
-- since: 0.3.0
-- layer: gossip
-- need: a manager, two reads
-- blame: driver
-- views: the managers' list of nodes, this host's list of peers, and what its driver programmed
-- check: bridge fdb show dev vxlan0 (in the network's namespace); docker network inspect -v <network>
-- remedy: if the node is gone for good, on a manager: docker node rm --force <node>
-- risk: a node that still lives has to join anew
-- verify: netmortem analyze of a new capture
-- undo: docker swarm join on that node
-- remedy: systemctl restart docker on <holder>
-- risk: every task on that node stops and is started again, there or elsewhere
-- verify: bridge fdb show dev vxlan0 | grep -c <dead_ip> prints 0 in the network's namespace
-- undo: nothing to undo
-- upstream: moby/moby#35548
-- limits: needs both, the managers' word that the node is down for a minute, and a list of peers without it. Nodes that are down for
--   the managers but alive in the gossip keep their entries rightly: see node-down-containers-running. Records (--networkdb) and forwarding entries are looked at.
--
-- When a node fails, the others drop its records at once and keep its name for a day, in case it comes back. Some engines leave records behind: the node is neither
-- in the swarm nor among the network's peers, and names, virtual services or forwarding entries still lead to it.
--
-- Each such entry is a destination into the void: a share of new connections hangs, and an address that is given to another task meanwhile
-- is reachable from everywhere but here.
WITH dead AS (
  SELECT n.node_id, COALESCE(n.node, n.ip) AS node, n.ip, n.since, n.ref, v.host AS holder, v.first_s
  FROM node_down AS n
  JOIN swarm_view AS v ON v.manager = n.manager
  WHERE n.state = 'down' AND n.ip <> '' AND n.since_s < v.first_s - 60
), held AS (
  SELECT f.host, f.netns, f.dst AS ip, f.ref FROM dead AS d JOIN vxlan_fdb AS f ON f.host = d.holder AND f.dst = d.ip AND f.entry = 'programmed' AND f.seen = 'both'
), entry AS (
  SELECT f.host, f.ip, w.network_id, 'forwarding entries' AS what, f.ref
  FROM held AS f
  JOIN overlay_netns AS o ON o.host = f.host AND o.netns = f.netns
  JOIN network AS w ON w.host = f.host AND substr(w.network_id, 1, 8) = o.net
  UNION ALL
  SELECT n.host, n.host_ip, n.network_id, 'records', n.ref FROM dead AS d JOIN networkdb_endpoint AS n ON n.host = d.holder AND n.host_ip = d.ip
)
SELECT
  x.host,
  x.host || ' still holds ' || COUNT(*) || ' ' || x.what || ' of ' || d.node || ' (' || x.ip || ') on ' || MIN(w.name) || ', a node that is down since ' || d.since AS summary,
  'node:' || x.host || '/dead/' || x.ip || '/' || CASE x.what WHEN 'records' THEN 'records' ELSE 'fdb' END AS subject,
  x.host AS holder,
  d.node,
  x.ip AS dead_ip,
  MIN(w.name) AS network,
  COUNT(*) AS entries,
  MIN(x.ref) AS entry_ref,
  d.ref AS node_ref,
  MIN(own.ref) AS peers_ref
FROM entry AS x
JOIN dead AS d ON d.holder = x.host AND d.ip = x.ip
JOIN network AS w ON w.host = x.host AND w.network_id = x.network_id
JOIN engine AS e ON e.host = x.host
JOIN network_peer AS own ON own.host = x.host AND own.network_id = x.network_id AND own.ip = e.node_addr
LEFT JOIN network_peer AS p ON p.host = x.host AND p.network_id = x.network_id AND p.ip = x.ip
WHERE p.ip IS NULL
GROUP BY x.host, x.what, x.ip, d.node, d.since, d.ref
