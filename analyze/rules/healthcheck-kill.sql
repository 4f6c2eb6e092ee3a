-- Health check fails
-- catalogue: I4
-- severity: high
-- since: 0.3.0
-- layer: process
-- need: one host
-- blame: application
-- check: docker inspect -f '{{json .State.Health}}' <container>; docker service ps --no-trunc <service>
-- remedy: docker exec <container> <the words of health_test>
-- risk: none beyond what the check itself does
-- verify: docker inspect -f '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' <container>
-- undo: nothing to undo
-- remedy: docker service update --health-timeout 60s --health-retries 5 <service>
-- risk: every task of the service is replaced, and a dead one is found later
-- verify: docker service ps --no-trunc <service>
-- undo: docker service update --rollback <service>
-- limits: a check that fails in its start period does not count, and is not told. Ends of tasks older than an hour are told with low
--   severity. The daemon keeps 256 events and five results of a check.
--
-- Docker runs the check inside the container, as docker exec does. After a number of failures in a row (3, if nothing else is
-- said) the container is unhealthy. Docker alone does nothing then: the container serves on, or hangs on. Swarm ends the task with
-- "dockerexec: unhealthy container" (the process gets SIGTERM, then SIGKILL: codes 143 or 137) and starts another; and a task is
-- in the balancer and under its name only while it is healthy, so a check that never passes is a service without backends.
--
-- Code 1 is the check's own no: read its output. Code -1 with "exceeded timeout" is a check that did not come back. If many
-- containers of one host time out together, the host is short of processor or disk rather than the application sick: each
-- check is a new process that has to be started, through containerd and runc (see cpu-steal-pressure).
WITH failed AS (
  SELECT e.host, e.container, e.label, e.service, e.ago_s, e.exit_code, e.err, COALESCE(e.task_ref, e.ref) AS ref,
    ROW_NUMBER() OVER (PARTITION BY e.host, COALESCE(e.service, e.label) ORDER BY COALESCE(e.ago_s, 1e12), e.ref) AS place,
    COUNT(*) OVER (PARTITION BY e.host, COALESCE(e.service, e.label)) AS ends
  FROM container_end AS e
  WHERE lower(e.err) LIKE '%unhealthy container%'
), sick AS (
  SELECT c.host, c.container, c.name, NULLIF(c.service, '') AS service, c.failing_streak, c.health_test, c.ref
  FROM container AS c WHERE c.health = 'unhealthy' AND c.state = 'running'
), probe AS (
  SELECT h.host, h.container, h.exit_code, h.output, h.ref,
    ROW_NUMBER() OVER (PARTITION BY h.host, h.container ORDER BY h.start DESC, h.ref DESC) AS place,
    SUM(CASE WHEN h.exit_code = -1 THEN 1 ELSE 0 END) OVER (PARTITION BY h.host, h.container) AS timed_out
  FROM container_health AS h WHERE h.exit_code <> 0
), told AS (
  SELECT s.host, s.container, s.name AS label, s.service, 0 AS ago_s, NULL AS exit_code, NULL AS err, s.failing_streak, s.health_test, 0 AS ends, s.ref AS container_ref, NULL AS end_ref, 1 AS rank
  FROM sick AS s
  UNION ALL
  SELECT f.host, f.container, f.label, f.service, f.ago_s, f.exit_code, f.err, NULL, NULL, f.ends, NULL, f.ref, 2
  FROM failed AS f WHERE f.place = 1
), ranked AS (
  SELECT t.*, ROW_NUMBER() OVER (PARTITION BY t.host, COALESCE(t.service, t.label) ORDER BY t.rank, t.container) AS place,
    MAX(t.ends) OVER (PARTITION BY t.host, COALESCE(t.service, t.label)) AS all_ends,
    MIN(t.end_ref) OVER (PARTITION BY t.host, COALESCE(t.service, t.label)) AS any_end_ref,
    SUM(CASE WHEN t.rank = 1 THEN 1 ELSE 0 END) OVER (PARTITION BY t.host, COALESCE(t.service, t.label)) AS sick_now
  FROM told AS t
)
SELECT
  r.host,
  CASE WHEN r.rank = 1 THEN r.label || ' on ' || r.host || ' runs and is unhealthy'
      || CASE WHEN r.failing_streak > 0 THEN ': ' || r.failing_streak || ' checks in a row failed' ELSE '' END
      || CASE WHEN r.sick_now > 1 THEN ', and so are ' || (r.sick_now - 1) || ' others of its service here' ELSE '' END
    ELSE 'Swarm ended ' || r.label || ' on ' || r.host || ' because its health check failed'
      || CASE WHEN r.all_ends > 1 THEN ', and ' || (r.all_ends - 1) || ' before it' ELSE '' END END
    || CASE WHEN p.timed_out > 0 THEN '; the check does not come back in time' ELSE '' END AS summary,
  'container:' || r.host || '/' || COALESCE(r.service, r.label) || '/health' AS subject,
  CASE WHEN r.ago_s <= 3600 THEN 'high' ELSE 'low' END AS severity,
  COALESCE(CASE WHEN r.rank = 1 THEN r.label END, substr(r.container, 1, 12)) AS container,
  r.service,
  r.failing_streak,
  r.health_test,
  p.exit_code AS check_exit_code,
  substr(replace(p.output, '
', ' '), 1, 200) AS check_output,
  CASE WHEN p.timed_out > 0 THEN p.timed_out END AS checks_timed_out,
  r.exit_code,
  r.err AS error,
  CAST(CASE WHEN r.rank = 2 THEN r.ago_s END AS INTEGER) AS seconds_ago,
  r.container_ref,
  r.any_end_ref AS end_ref,
  p.ref AS check_ref
FROM ranked AS r
LEFT JOIN probe AS p ON p.host = r.host AND p.container = r.container AND p.place = 1
WHERE r.place = 1
