-- Gossip of two hosts disagrees on who and what is on a network
-- catalogue: F3
-- severity: critical
-- since: 0.3.0
-- layer: gossip
-- need: several hosts, a manager
-- blame: gossip
-- views: the lists of peers, or of endpoints, of this host and of others
-- check: on each of the hosts: docker network inspect -f '{{json .Peers}}' <network>
-- remedy: let 7946/tcp and 7946/udp pass between the hosts, then wait two minutes: nodes that failed are tried again for a day
-- risk: none
-- verify: docker network inspect -f '{{json .Peers}}' <network> has the same addresses on all of them
-- undo: nothing to undo
-- remedy: systemctl restart docker on <lacking_host>
-- risk: every task on that node stops and is started again, there or elsewhere
-- verify: docker network inspect -f '{{json .Peers}}' <network> on <lacking_host>
-- undo: nothing to undo
-- upstream: moby/moby#47728, moby/libnetwork#2427
-- limits: peers are compared between hosts that were captured within two minutes of a manager, on networks whose tasks have not changed for a minute.
--   Endpoints are compared only if the capture asked for them (--networkdb). A host that lacks few of many peers is named only if one of
--   those lists it in turn.
--
-- Each host keeps its own copy of who is on an overlay network and which endpoints there are, and hears of changes from its peers. Here two hosts are both on
-- the network, each by its own word, and one of them does not count the other as a member: it neither sends it news nor accepts any.
--
-- What follows is on that host alone: names are answered without the other's tasks, virtual addresses do not balance to them, neighbour and forwarding
-- entries are missing. The managers see nothing of it. The network between the hosts may be broken now, or have been for a moment: on some engines
-- the two sides do not find together again.
WITH member AS (
  SELECT p.host, p.network_id, e.node_addr AS ip, p.ref, r.first_s
  FROM network_peer AS p
  JOIN engine AS e ON e.host = p.host AND e.node_addr = p.ip
  JOIN swarm_view AS v ON v.host = p.host AND v.gap_s BETWEEN -120 AND 120
  JOIN reading AS r ON r.host = p.host
  JOIN network_change AS q ON q.net = substr(p.network_id, 1, 8) AND q.changed_s < r.first_s - 60 AND q.changed_s < v.look_s - 60
), size AS (
  SELECT network_id, COUNT(*) AS members FROM member GROUP BY network_id
), listed AS (
  SELECT a.host, a.network_id, a.ip, a.ref, s.members, COUNT(b.host) AS known
  FROM member AS a
  JOIN size AS s ON s.network_id = a.network_id AND s.members > 1
  JOIN network_peer AS p ON p.host = a.host AND p.network_id = a.network_id
  LEFT JOIN member AS b ON b.network_id = p.network_id AND b.ip = p.ip
  GROUP BY a.host, a.network_id, a.ip, a.ref, s.members
), lacking AS (
  SELECT l.host, l.network_id, l.ref, l.members, b.host AS other, b.ref AS other_ref
  FROM listed AS l
  JOIN member AS b ON b.network_id = l.network_id AND b.host <> l.host
  LEFT JOIN network_peer AS p ON p.host = l.host AND p.network_id = l.network_id AND p.ip = b.ip
  LEFT JOIN network_peer AS back ON back.host = b.host AND back.network_id = l.network_id AND back.ip = l.ip
  WHERE l.known < l.members AND p.ip IS NULL AND (2 * (l.members - l.known) >= l.members - 1 OR back.ip IS NOT NULL)
), db AS (
  SELECT n.host, n.network_id, COUNT(*) AS endpoints, MIN(n.ref) AS ref FROM networkdb_endpoint AS n
  JOIN captured AS c ON c.host = n.host AND c.tbl = 'networkdb_endpoint' GROUP BY n.host, n.network_id
)
SELECT
  l.host,
  'gossip of ' || l.host || ' does not count ' || group_concat(DISTINCT l.other) || ' among the members of ' || COALESCE(MIN(w.name), l.network_id)
    || CASE WHEN COUNT(DISTINCT l.network_id) > 1 THEN ' and ' || (COUNT(DISTINCT l.network_id) - 1) || ' other networks' ELSE '' END
    || ', though both are on it' AS summary,
  'networkdb:' || l.host || '/peers' AS subject,
  MIN(w.name) AS network,
  l.host AS lacking_host,
  MIN(l.other) AS lacks,
  COUNT(DISTINCT l.other) AS hosts_lacking,
  COUNT(DISTINCT l.network_id) AS networks,
  MIN(l.ref) AS peers_ref,
  MIN(l.other_ref) AS other_peers_ref
FROM lacking AS l
LEFT JOIN network AS w ON w.host = l.host AND w.network_id = l.network_id
GROUP BY l.host
UNION ALL
SELECT
  d.host,
  'NetworkDB of ' || d.host || ' lacks ' || COUNT(*) || CASE WHEN COUNT(*) = 1 THEN ' running task of ' ELSE ' running tasks of ' END || COALESCE(MIN(w.name), d.network_id) || ', ' || MIN(t.label) || ' among them',
  'networkdb:' || d.host || '/' || d.network_id || '/missing',
  MIN(w.name),
  d.host,
  MIN(t.label),
  COUNT(*),
  1,
  d.ref,
  MIN(t.ref)
FROM db AS d
JOIN reading AS r ON r.host = d.host
JOIN swarm_view AS v ON v.host = d.host AND v.look_s >= v.first_s - 30
JOIN task_endpoint AS t ON t.net = substr(d.network_id, 1, 8) AND t.running = 1 AND t.since_s < r.first_s - 60
LEFT JOIN networkdb_endpoint AS n ON n.host = d.host AND n.network_id = d.network_id AND n.ip = t.ip
LEFT JOIN network AS w ON w.host = d.host AND w.network_id = d.network_id
WHERE n.ip IS NULL
GROUP BY d.host, d.network_id, d.ref
