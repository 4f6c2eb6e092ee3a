-- Containers that Docker and containerd do not agree on
-- catalogue: H10 I9
-- severity: high
-- since: 0.3.0
-- layer: process
-- need: one host, two reads
-- blame: daemon
-- views: Docker's containers and containerd's shims
-- check: docker ps -a --no-trunc --format '{{.ID}} {{.State}}'; ctr --namespace moby tasks ls
-- remedy: systemctl restart docker
-- risk: without live-restore every container of the host restarts; on a swarm node its tasks are replaced
-- verify: ctr --namespace moby tasks ls, against docker ps
-- undo: nothing to undo
-- remedy: ctr --namespace moby tasks kill --signal SIGKILL <container>; ctr --namespace moby tasks delete <container>
-- risk: kills the program for good, whatever it still does
-- verify: ctr --namespace moby tasks ls
-- undo: docker start <container>, if Docker still has it
-- limits: containers of other users of containerd, as Kubernetes, have other namespaces and are not looked at. A shim that is younger than a
--   minute is not judged. Docker and the shims are not read at the same moment: a program counts as running if both reads of the processes saw
--   it, and as one that Docker wrongly believes in if the managers, who are asked twice, go on believing, too; else severity is low.
--
-- Each container has a shim, which holds its first process and tells containerd of its end; Docker's own state follows from what it
-- hears. When dockerd or containerd was killed, hung or restarted in between, the two drift apart.
--
-- A shim whose process lives though Docker has no such container, or has it as ended: the program goes on, holds its ports, its volumes
-- and its address, and writes into data that the next container of the name also has. A container that Docker calls
-- running while its process is gone: its name, its address in balancers and forwarding tables stay, and nobody answers; swarm does not
-- replace the task, because for Docker it runs.
WITH ended AS (
  SELECT host, container, MIN(ago_s) AS ago_s FROM container_end GROUP BY host, container
), believed AS (
  SELECT container, MIN(ref) AS ref FROM swarm_task WHERE state = 'running' AND desired = 'running' AND seen = 'both' AND container <> '' GROUP BY container
), first_process AS (
  SELECT host, container, MIN(pid) AS pid, MIN(ref) AS ref FROM process
  WHERE ns_pid = 1 AND container <> '' AND seen = 'both' AND state <> 'Z' GROUP BY host, container
), shims AS (
  SELECT s.host, s.container, s.alive, s.age_s, s.ref, c.name, c.service, c.state, c.ref AS container_ref, a.ref AS coverage_ref, p.ref AS process_ref, t.ref AS task_ref,
    CASE WHEN p.pid IS NOT NULL AND c.container IS NULL AND a.ref IS NOT NULL THEN 'unknown'
      WHEN p.pid IS NOT NULL AND c.state IN ('exited', 'dead') AND e.ago_s >= 60 THEN 'ended'
      WHEN s.alive = 0 AND c.state = 'running' THEN 'gone' END AS kind
  FROM shim_age AS s
  LEFT JOIN first_process AS p ON p.host = s.host AND p.container = s.container
  LEFT JOIN container AS c ON c.host = s.host AND c.container = s.container
  LEFT JOIN ended AS e ON e.host = s.host AND e.container = s.container
  LEFT JOIN believed AS t ON t.container = s.container
  LEFT JOIN captured AS a ON a.host = s.host AND a.tbl = 'container'
  WHERE s.age_s >= 60
)
SELECT
  s.host,
  CASE s.kind WHEN 'unknown' THEN 'Container ' || substr(s.container, 1, 12) || ' runs on ' || s.host || ', and Docker does not know it'
    WHEN 'ended' THEN s.name || ' runs on ' || s.host || ', and Docker has it as ' || s.state
    ELSE s.name || ' on ' || s.host || ' is running, says Docker, but its process is gone' END AS summary,
  'container:' || s.host || '/' || s.container || '/shim' AS subject,
  CASE WHEN s.kind = 'gone' AND s.task_ref IS NULL THEN 'low' END AS severity,
  substr(s.container, 1, 12) AS container,
  s.name,
  NULLIF(s.service, '') AS service,
  s.state,
  CASE WHEN s.alive = 1 THEN 'yes' ELSE 'no' END AS process_lives,
  CAST(s.age_s AS INTEGER) AS seconds_old,
  s.ref AS shim_ref,
  s.process_ref,
  s.container_ref,
  CASE WHEN s.kind = 'gone' THEN s.task_ref END AS task_ref,
  CASE WHEN s.kind = 'unknown' THEN s.coverage_ref END AS coverage_ref
FROM shims AS s
WHERE s.kind IS NOT NULL
