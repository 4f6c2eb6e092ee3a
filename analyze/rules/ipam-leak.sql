-- Tasks wait for addresses although their network has many
-- catalogue: E2
-- severity: high
-- since: 0.3.0
-- layer: ipam
-- need: a manager, several hosts, logs
-- blame: managers
-- views: the leader's allocator, and the addresses that anybody uses
-- check: docker service ps --no-trunc <service>; on the leader: journalctl -u docker | grep 'available IP'; docker network inspect -v <network>
-- remedy: let another manager lead: docker node demote <leader>, wait until another leads (docker node ls), docker node promote <leader>
-- risk: with fewer than three managers the swarm may lose its quorum: promote another node first; the data plane goes on
-- verify: docker service ps <service>: the tasks leave the state new
-- undo: nothing to undo
-- remedy: systemctl restart docker on the leader <leader>
-- risk: its control plane is away for the restart; tasks of the node keep running only if they are not disturbed by it
-- verify: docker service ps <service>
-- undo: nothing to undo
-- remedy: recreate the network: remove its services, docker network rm <network>, create it again, deploy again
-- risk: an outage of every service on the network
-- verify: docker service ps <service>
-- undo: nothing to undo
-- upstream: moby/moby#37338, moby/swarmkit#2800, moby/moby#41576
-- limits: judged only where every node was captured, so that what is in use is all known, and where the network has less than three quarters of its addresses in
--   use. Without a line of a manager's log that speaks of addresses it is reported as low: the allocator can stop for other reasons, such as a
--   port that another service has published.
--
-- The leader of the swarm keeps in memory which addresses are given out. When it loses track of what has been freed (an interrupted update, load balancer
-- attachments that were never committed, a change of leaders in the wrong moment) addresses leak: nobody has them, and nobody gets them. Its log says
-- that it finds no available address; tasks stay in state "new", without an error; and a count of all addresses that are in use
-- gives far fewer than the network has.
--
-- A manager that begins to lead reads the stored objects and builds the record anew, which is why a change of leaders cures it, for a time.
WITH waiting AS (
  SELECT k.manager, k.service_id, MIN(k.service) AS service, COUNT(DISTINCT k.task_id) AS tasks, MAX(k.waits_s) AS waits_s, MIN(k.ref) AS ref
  FROM stuck_task AS k WHERE k.waits_s >= 60 GROUP BY k.manager, k.service_id
), room AS (
  SELECT k.manager, k.service_id, COUNT(DISTINCT s.net) AS networks, MIN(s.network) AS network, MIN(s.size - s.used) AS free, MAX(4 * s.used - 3 * s.size) AS over,
    MIN(s.used) AS used, MIN(s.size) AS size, MIN(s.ref) AS ref
  FROM stuck_task AS k JOIN network_size AS s ON s.net = k.net GROUP BY k.manager, k.service_id
), said AS (
  SELECT l.host, COUNT(*) AS lines, MAX(l.text) AS text, MAX(l.ref) AS ref FROM log_line AS l WHERE l.class = 'no-address' GROUP BY l.host
)
SELECT
  w.manager AS host,
  w.tasks || CASE WHEN w.tasks = 1 THEN ' task of ' ELSE ' tasks of ' END || COALESCE(w.service, w.service_id) || CASE WHEN w.tasks = 1 THEN ' waits' ELSE ' wait' END
    || ' for an address, and ' || r.network || ' uses only ' || r.used || ' of ' || r.size AS summary,
  'network:' || w.manager || '/leak/' || w.service_id AS subject,
  CASE WHEN g.host IS NULL THEN 'low' END AS severity,
  w.service,
  r.network,
  r.used AS in_use,
  r.size AS addresses,
  CAST(w.waits_s AS INTEGER) AS waits_s,
  n.hostname AS leader,
  g.text AS says,
  w.ref AS task_ref,
  r.ref AS subnet_ref,
  v.nodes_ref,
  g.ref AS log_ref
FROM waiting AS w
JOIN room AS r ON r.manager = w.manager AND r.service_id = w.service_id AND r.over < 0
JOIN swarm_known AS v ON v.host = w.manager
JOIN captured AS cv ON cv.tbl = 'swarm_service_vip' AND cv.host = w.manager
JOIN captured AS ct ON ct.tbl = 'swarm_task_address' AND ct.host = w.manager
LEFT JOIN swarm_node AS n ON n.host = w.manager AND n.leader = 1
LEFT JOIN (SELECT MIN(host) AS host, MAX(text) AS text, MAX(ref) AS ref FROM said HAVING COUNT(*) > 0) AS g
WHERE w.manager = (SELECT MIN(x.manager) FROM waiting AS x WHERE x.service_id = w.service_id)
