-- Container ends and is started again and again
-- catalogue: I3
-- severity: high
-- since: 0.3.0
-- layer: process
-- need: one host
-- blame: application
-- check: docker events --since 15m --until 0s --filter event=die --filter event=start; docker service ps --no-trunc <service>; docker logs --tail 50 <container>
-- remedy: docker update --restart=no <container>
-- risk: the container stays down, which clients see at once
-- verify: docker inspect -f '{{.State.Status}} {{.RestartCount}}' <container>
-- undo: docker update --restart=<restart_policy> <container>
-- remedy: docker service update --rollback <service>
-- risk: every task of the service is replaced by one of the specification before
-- verify: docker service ps --no-trunc <service>
-- undo: docker service update --rollback <service>
-- limits: the daemon keeps 256 events, which health checks fill, and swarm five tasks of a slot: an end that neither tells of
--   is not counted. Ends that were asked for (a stop, an update, a drain) do not count. A loop that swarm slows down by a restart
--   delay of minutes is not seen.
--
-- At least three times in ten minutes, the same container, or the same slot of a service, ended of itself, and the restart policy
-- brought it back. What ends it is in its log and its exit code: exit-code-map says what the codes mean; 137 with a kill by the
-- kernel is oom-cgroup; "unhealthy container" is healthcheck-kill; 139 is segfault-core.
--
-- A loop is more than one broken service. Every new task has a new address, an alias, an entry in each node's forwarding
-- table, neighbour table and balancer, and a name that changes: ten rounds a minute are what brings races of the network's
-- bookkeeping to light (fdb-permanent-missing, ipvs-stale-backend, ipam-leak). Stop the loop before mending its traces.
--
-- A program that ends with code 0 and is started again is often meant: a poor man's cron job. It is told with low severity.
WITH fresh AS (
  SELECT e.host, e.instance, e.label, e.service, e.container, e.ended_s, e.ago_s, e.ran_s, e.exit_code, e.err, e.restart_policy, e.witness, e.ref
  FROM container_end AS e
  WHERE e.asked = 0 AND e.ago_s BETWEEN -60 AND 600
), counted AS (
  SELECT c.host, COALESCE('task ' || NULLIF(replace(c.name, '.' || NULLIF(c.task_id, ''), ''), ''), c.host || ' ' || c.name) AS instance, c.name AS label, NULLIF(c.service, '') AS service,
    c.restart_count, c.ref
  FROM container AS c JOIN fresh AS f ON f.host = c.host AND f.container = c.container
  WHERE c.restart_count >= 3
  GROUP BY c.host, c.name, c.task_id, c.service, c.restart_count, c.ref
), loop AS (
  SELECT f.instance, COUNT(*) AS ends, MIN(f.exit_code) AS least, MAX(f.exit_code) AS most, MAX(f.err) AS err, AVG(f.ran_s) AS ran_s
  FROM fresh AS f GROUP BY f.instance
), here AS (
  SELECT f.host, f.instance, MAX(f.label) AS label, MAX(f.service) AS service, COUNT(*) AS ends, MIN(f.ago_s) AS ago_s, MAX(f.container) AS container,
    MAX(f.restart_policy) AS restart_policy, MIN(f.ref) AS ref
  FROM fresh AS f GROUP BY f.host, f.instance
)
SELECT
  h.host,
  h.label || ' on ' || h.host || ' ended ' || CASE WHEN COALESCE(c.restart_count, 0) > l.ends THEN c.restart_count || ' times since it was made'
    ELSE l.ends || ' times in ten minutes' || CASE WHEN l.ends > h.ends THEN ', ' || h.ends || ' of them on this host' ELSE '' END END
    || CASE WHEN l.least = l.most THEN ', always with code ' || l.most WHEN l.most IS NOT NULL THEN ', with codes ' || l.least || ' to ' || l.most ELSE '' END
    || ', and is started again each time' AS summary,
  'container:' || h.host || '/' || h.label || '/loop' AS subject,
  CASE WHEN l.most = 0 THEN 'low' ELSE 'high' END AS severity,
  h.label AS name,
  substr(h.container, 1, 12) AS container,
  h.service,
  l.ends,
  c.restart_count,
  CAST(l.ran_s AS INTEGER) AS seconds_up_each_time,
  CAST(h.ago_s AS INTEGER) AS last_seconds_ago,
  l.most AS exit_code,
  l.err AS error,
  h.restart_policy,
  h.ref AS end_ref,
  c.ref AS container_ref
FROM here AS h
JOIN loop AS l ON l.instance = h.instance
LEFT JOIN counted AS c ON c.host = h.host AND c.instance = h.instance
WHERE l.ends >= 3 OR c.restart_count >= 3
