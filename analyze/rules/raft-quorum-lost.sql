-- Managers have no majority, or cannot afford to lose one more
-- catalogue: F6
-- severity: critical
-- since: 0.3.0
-- layer: swarm
-- need: a manager
-- blame: managers
-- check: on each manager: docker node ls; docker info | grep -A12 'Swarm:'
-- remedy: bring the missing managers back: start dockerd there, open 2377/tcp between the managers, free their disk
-- risk: none
-- verify: docker node ls lists every manager Reachable and one Leader
-- undo: nothing to undo
-- remedy: when more than half of them are lost for good, on one healthy manager: docker swarm init --force-new-cluster --advertise-addr <manager_addr>
-- risk: the other managers are no longer part of the swarm and have to leave and join anew; run on two of them it makes two swarms
-- verify: docker node ls; docker service ls on that manager
-- undo: cannot be undone: keep a copy of /var/lib/docker/swarm from before
-- remedy: with an even number of managers: docker node promote WORKER, or docker node demote MANAGER
-- risk: none while all managers are reachable
-- verify: docker node ls
-- undo: docker node demote WORKER
-- upstream: moby/moby#34384
-- limits: how a manager counts the others is as old as its capture. Unreachable managers that leave a majority are medium, an even number of reachable ones
--   is low; a manager that was just promoted, or restarted, looks unreachable for some seconds.
--
-- The managers agree on every change by majority. Without one there is no leader: no task is started, moved or stopped, no node joins, certificates are not renewed. What
-- runs goes on running, and its traffic flows; a container that dies is not replaced. Two managers need both, four need three: an even number
-- tolerates no more losses than the odd one below it.
--
-- The manager itself says so, when it is asked anything: "The swarm does not have a leader". Where it still answers, its list of nodes says who is unreachable. Lost
-- quorum follows lost machines, a partition, a full or slow disk below /var/lib/docker/swarm, or addresses that have changed (advertise-addr-wrong).
WITH managers AS (
  SELECT n.host, COUNT(*) AS total, SUM(CASE WHEN n.reachability = 'unreachable' THEN 0 ELSE 1 END) AS reachable,
    SUM(CASE WHEN n.reachability = 'unreachable' THEN 1 ELSE 0 END) AS lost,
    MAX(n.leader) AS led, group_concat(CASE WHEN n.reachability = 'unreachable' THEN COALESCE(n.hostname, n.node_id) END, ', ') AS missing,
    MIN(CASE WHEN n.reachability = 'unreachable' THEN n.ref END) AS missing_ref, MIN(n.ref) AS node_ref
  FROM (SELECT * FROM swarm_node WHERE role = 'manager' AND reachability <> '' ORDER BY host, hostname, node_id) AS n
  GROUP BY n.host
), chosen AS (
  SELECT m.*, ROW_NUMBER() OVER (ORDER BY r.last_s DESC, m.host) AS place FROM managers AS m JOIN reading AS r ON r.host = m.host
)
SELECT
  m.host,
  CASE WHEN 2 * m.reachable <= m.total THEN 'only ' || m.reachable || ' of ' || m.total || ' managers are reachable from ' || m.host || ': no majority, the swarm takes no change'
    WHEN m.lost > 0 THEN m.missing || ' cannot be reached by the other managers: ' || m.reachable || ' of ' || m.total || ' are left, '
      || CASE WHEN 2 * (m.reachable - 1) <= m.total THEN 'one more and the swarm takes no change' ELSE 'a majority' END
    ELSE m.total || ' managers tolerate no more losses than ' || (m.total - 1) || ' would' END AS summary,
  'raft:swarm' AS subject,
  CASE WHEN 2 * m.reachable <= m.total THEN 'critical' WHEN m.lost > 0 THEN 'medium' ELSE 'low' END AS severity,
  m.total AS managers,
  m.reachable,
  m.missing,
  e.node_addr AS manager_addr,
  NULL AS error,
  m.missing_ref,
  m.node_ref,
  NULL AS engine_ref
FROM chosen AS m
LEFT JOIN engine AS e ON e.host = m.host
WHERE m.place = 1 AND (2 * m.reachable <= m.total OR m.lost > 0 OR (m.total % 2 = 0 AND m.total >= 2 AND m.reachable = m.total))
UNION ALL
SELECT
  e.host,
  e.host || ' is a manager without a leader: the swarm takes no change',
  'raft:' || e.host || '/leader',
  'critical',
  e.managers,
  NULL,
  NULL,
  e.node_addr,
  COALESCE(e.swarm_error, l.text),
  NULL,
  l.ref,
  e.ref
FROM engine AS e
LEFT JOIN (SELECT host, MAX(COALESCE(error, text)) AS text, MAX(ref) AS ref FROM log_line_age
  WHERE class = 'raft' AND age_s < 120 AND (lower(text) LIKE '%does not have a leader%' OR lower(error) LIKE '%does not have a leader%') GROUP BY host) AS l ON l.host = e.host
WHERE e.swarm_state <> 'inactive' AND (lower(e.swarm_error) LIKE '%does not have a leader%' OR (e.swarm_state = 'active' AND e.manager = 1 AND l.ref IS NOT NULL))
