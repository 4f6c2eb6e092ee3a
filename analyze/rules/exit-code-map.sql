-- Container that should run ended with a code of its own
-- catalogue: I7
-- severity: low
-- since: 0.3.0
-- layer: process
-- need: one host
-- blame: application
-- check: docker inspect -f '{{.State.ExitCode}} {{.State.Error}}' <container>; docker logs --tail 50 <container>
-- remedy: docker service update --args '<words>' <service>, or --image with one that has the program
-- risk: every task of the service is replaced
-- verify: docker service ps --no-trunc <service>
-- undo: docker service update --rollback <service>
-- limits: only ends of the last hour that nobody asked for, of tasks and of containers with a restart policy. Ends by SIGKILL, by a crash or
--   by a failed health check are the matter of oom-cgroup, stop-timeout, segfault-core and healthcheck-kill. What a program
--   means by 1 or 2 its own manual says.
--
-- The code with which a container ends is all that Docker knows of the reason. 0 is success, and under the restart condition "any" a
-- reason to start again. 1 and 2 are the application's own words, most often a setting or a dependency that is missing. 125 is Docker's own failure
-- before the program ran. 126 is a program that cannot be executed (no permission, wrong processor, a shell script with Windows
-- line ends), 127 one that is not there: both are faults of the image or of the command and come back with every start.
--
-- Above 128 it is a signal: 128 and its number. 143 is SIGTERM and 130 SIGINT (somebody asked from inside, or the host was shut down), 137
-- SIGKILL, 139 SIGSEGV, 134 SIGABRT. 255 is what dockerd writes when it did not see the end, as after a crash of the host or of containerd.
WITH told AS (
  SELECT e.host, COALESCE(e.service, e.label) AS who, e.label, e.service, e.container, e.exit_code, e.ago_s, e.ran_s, e.err, e.ref,
    ROW_NUMBER() OVER (PARTITION BY e.host, COALESCE(e.service, e.label) ORDER BY e.ago_s, e.ref) AS place,
    COUNT(*) OVER (PARTITION BY e.host, COALESCE(e.service, e.label)) AS ends
  FROM container_end AS e
  WHERE e.asked = 0 AND e.oom = 0 AND e.ago_s BETWEEN -60 AND 3600 AND e.exit_code > 0 AND e.exit_code NOT IN (132, 134, 135, 136, 137, 139)
    AND (e.task_id IS NOT NULL OR e.restart_policy IN ('always', 'unless-stopped', 'on-failure'))
    AND (e.err IS NULL OR NOT lower(e.err) LIKE '%unhealthy container%')
)
SELECT
  t.host,
  t.label || ' on ' || t.host || ' ended with code ' || t.exit_code || ': '
    || CASE WHEN t.exit_code = 125 THEN 'Docker could not run it' WHEN t.exit_code = 126 THEN 'its program cannot be executed' WHEN t.exit_code = 127 THEN 'its program is not in the image'
      WHEN t.exit_code = 143 THEN 'SIGTERM, which Docker did not send' WHEN t.exit_code = 130 THEN 'SIGINT, which Docker did not send'
      WHEN t.exit_code = 255 THEN 'the program says so, or its end was not seen' WHEN t.exit_code > 128 THEN 'signal ' || (t.exit_code - 128) ELSE 'the program says so' END AS summary,
  'container:' || t.host || '/' || t.who || '/exit' AS subject,
  CASE WHEN t.exit_code IN (125, 126, 127) THEN 'medium' END AS severity,
  substr(t.container, 1, 12) AS container,
  t.service,
  t.exit_code,
  t.ends,
  CAST(t.ago_s AS INTEGER) AS seconds_ago,
  CAST(t.ran_s AS INTEGER) AS seconds_up,
  t.err AS error,
  t.ref AS end_ref
FROM told AS t WHERE t.place = 1
