-- Container had to be killed because it did not stop in time
-- catalogue: I10
-- severity: low
-- since: 0.3.0
-- layer: process
-- need: one host
-- blame: application
-- check: docker events --since 60m --until 0s --filter container=<container> --filter event=kill --filter event=die
-- remedy: docker service update --stop-signal SIGQUIT <service>, if the program knows another signal
-- risk: every task of the service is replaced
-- verify: docker events --filter event=kill --filter event=die while a task is stopped: no kill with signal=9
-- undo: docker service update --stop-signal SIGTERM <service>
-- remedy: docker service update --stop-grace-period 60s <service>, if it does stop but needs longer
-- risk: every task of the service is replaced; every later update takes that much longer where a task hangs
-- verify: docker service inspect -f '{{.Spec.TaskTemplate.ContainerSpec.StopGracePeriod}}' <service>
-- undo: docker service update --stop-grace-period 10s <service>
-- limits: the daemon keeps 256 events. A container that was killed by hand after it had been asked looks the same.
--
-- Docker asked the container to end (SIGTERM, or its own stop signal), waited for the grace period (10 seconds if nothing else is said), and
-- killed it. It ends with code 137, as after a kill for memory, but nothing was short (oom-cgroup).
--
-- Most often the first process is a shell ("sh -c", an entry point without exec), which passes no signal on; or a program without a
-- handler: the kernel does not deliver a signal without handler to the first process of a namespace, so SIGTERM does nothing
-- there. Open connections are then cut instead of finished, what was not written is lost, and every update and every drain takes
-- the grace period longer for each task: for ten seconds the balancers still know a task that does not answer any more.
WITH killed AS (
  SELECT e.host, COALESCE(e.service, e.label) AS who, e.label, e.service, e.container, e.exit_code, e.ago_s, e.term_s, e.kill_s, e.ref,
    ROW_NUMBER() OVER (PARTITION BY e.host, COALESCE(e.service, e.label) ORDER BY e.ago_s, e.ref) AS place,
    COUNT(*) OVER (PARTITION BY e.host, COALESCE(e.service, e.label)) AS kills
  FROM container_end AS e
  WHERE e.exit_code = 137 AND e.oom = 0 AND e.term_s > e.kill_s + 0.5 AND e.kill_s < 5
)
SELECT
  k.host,
  k.label || ' on ' || k.host || ' did not end in the ' || CAST(k.term_s - k.kill_s + 0.5 AS INTEGER) || ' seconds after it was asked to and was killed'
    || CASE WHEN k.kills > 1 THEN ', one of ' || k.kills || ' such ends of it' ELSE '' END AS summary,
  'container:' || k.host || '/' || k.who || '/stop' AS subject,
  substr(k.container, 1, 12) AS container,
  k.service,
  k.exit_code,
  CAST(k.term_s - k.kill_s + 0.5 AS INTEGER) AS grace_seconds,
  k.kills,
  CAST(k.ago_s AS INTEGER) AS seconds_ago,
  c.command,
  c.stop_signal,
  k.ref AS end_ref,
  c.ref AS container_ref
FROM killed AS k
LEFT JOIN container AS c ON c.host = k.host AND c.container = k.container
WHERE k.place = 1
