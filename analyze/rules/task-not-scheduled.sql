-- Service is short of tasks that cannot be placed or started
-- catalogue: F10
-- severity: high
-- since: 0.3.0
-- layer: swarm
-- need: a manager
-- blame: configuration
-- check: docker service ps --no-trunc <service>
-- remedy: constraints: docker node update --label-add KEY=VALUE NODE, or docker service update --constraint-rm EXPRESSION <service>
-- risk: removing a constraint lets tasks run where they were kept away from, and replaces all of them
-- verify: docker service ps -f desired-state=running <service>
-- undo: docker service update --constraint-add EXPRESSION <service>
-- remedy: resources: docker service update --reserve-memory SMALLER --reserve-cpu SMALLER <service>
-- risk: nodes may be overcommitted; every task is replaced
-- verify: docker service ps -f desired-state=running <service>
-- undo: docker service update --reserve-memory BEFORE --reserve-cpu BEFORE <service>
-- remedy: image: docker service update --with-registry-auth --image IMAGE <service>
-- risk: every task is replaced
-- verify: docker service ps -f desired-state=running <service>
-- undo: docker service rollback <service>
-- limits: a task has to wait for a minute before it counts, one that prepares for five. Tasks that stay new without an error wait for an address: see
--   ipam-exhausted. Low while a node is drained or paused, which somebody has decided.
--
-- The scheduler looks for a node that has what the task asks for: labels and constraints, free processors and memory by reservation (not by use), the platform of
-- the image, a free host port, a plug-in, room under the limit per node. None found, the task stays pending, and its error says how many nodes
-- failed which test.
--
-- A task that was placed can still be rejected by its node: the image cannot be pulled or does not exist there, a bind mount's directory is missing, a secret or a
-- network is not to be had. A new task is made, and rejected again, every five seconds. What runs of the service goes on.
WITH stuck AS (
  SELECT t.*, 'waits' AS kind FROM task_now AS t
  WHERE t.settled = 1 AND t.desired IN ('running', 'ready') AND t.look_s - t.made_s >= 60 AND t.state = 'pending'
  UNION ALL
  SELECT t.*, 'prepares' FROM task_now AS t
  WHERE t.settled = 1 AND t.desired IN ('running', 'ready') AND t.look_s - t.since_s >= 300 AND t.state IN ('assigned', 'accepted', 'preparing')
  UNION ALL
  SELECT t.*, 'rejected' FROM task_now AS t
  LEFT JOIN (SELECT service_id, COALESCE(slot, 0) AS slot, CASE WHEN slot > 0 THEN '' ELSE COALESCE(node_id, '') END AS place, MAX(made_s) AS made_s
    FROM task_now WHERE state IN ('running', 'complete') AND desired IN ('running', 'complete') GROUP BY 1, 2, 3) AS g
    ON g.service_id = t.service_id AND g.slot = COALESCE(t.slot, 0) AND g.place = CASE WHEN t.slot > 0 THEN '' ELSE COALESCE(t.node_id, '') END AND g.made_s >= t.made_s
  WHERE t.state = 'rejected' AND t.look_s - t.made_s < 900 AND g.service_id IS NULL
    AND COALESCE(t.err, '') <> 'assigned node no longer meets constraints' -- taken away on purpose: swarmkit's constraint enforcer
)
SELECT
  s.manager AS host,
  COALESCE(s.service, s.service_id) || ': ' || COUNT(DISTINCT COALESCE(s.slot, 0) || '/' || CASE WHEN s.slot > 0 THEN '' ELSE COALESCE(s.node_id, '') END)
    || CASE WHEN MAX(s.kind) = 'waits' THEN ' of its tasks cannot be placed' WHEN MAX(s.kind) = 'rejected' THEN ' of its tasks cannot be started' ELSE ' of its tasks do not get ready' END
    || COALESCE(': ' || MAX(s.err), '') AS summary,
  'service:' || s.manager || '/' || COALESCE(s.service, s.service_id) AS subject,
  CASE WHEN MAX(s.kind) = 'waits' AND MAX(d.ref) IS NOT NULL THEN 'low' ELSE 'high' END AS severity,
  COALESCE(s.service, s.service_id) AS service,
  MAX(s.state) AS state,
  MAX(s.err) AS error,
  COUNT(*) AS tasks,
  MAX(c.constraints) AS constraints,
  MAX(c.image) AS image,
  MAX(d.hostname) AS drained_node,
  MIN(s.label) AS one_of_them,
  MIN(s.ref) AS task_ref,
  MIN(c.ref) AS service_ref,
  MAX(d.ref) AS drained_ref
FROM stuck AS s
LEFT JOIN swarm_service AS c ON c.host = s.manager AND c.service_id = s.service_id
LEFT JOIN (SELECT host, MIN(hostname) AS hostname, MIN(ref) AS ref FROM swarm_node WHERE availability IN ('drain', 'pause') GROUP BY host) AS d ON d.host = s.manager
WHERE s.service IS NOT NULL
GROUP BY s.manager, s.service, s.service_id
