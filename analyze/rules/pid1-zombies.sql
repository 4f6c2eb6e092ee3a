-- Dead children pile up under a container's first process
-- catalogue: I8
-- severity: low
-- since: 0.3.0
-- layer: process
-- need: one host, two reads
-- blame: application
-- check: ps -o pid,stat,comm --ppid <pid>
-- remedy: docker service update --init=true <service>, or docker run --init
-- risk: every task of the service is replaced
-- verify: ps -o pid,stat,comm --ppid <pid>, with the new number of the first process
-- undo: docker service update --rollback <service>
-- limits: fewer than five, or such as are gone at the second read, are not told: every program has one for a moment.
--
-- A process that ends stays in the table as a zombie until its parent has asked for its exit code. Inside a container, orphans become
-- children of the first process, whatever that is. An init asks for everybody; a shell script or an application that
-- was written to have no children does not, and the dead stay until the container ends. Health checks that exceed their time, and
-- programs that start helpers in the background, make a steady flow of them.
--
-- A zombie has no memory, but it has a number, and it counts against the container's limit of processes and the host's pid_max. When the
-- limit is reached nothing can be started any more, the health check among it (process-limits). From a hundred on, or half of the
-- container's limit, severity is medium.
WITH dead AS (
  SELECT z.host, z.ppid, COUNT(*) AS zombies, MIN(z.comm) AS comm, MIN(z.ref) AS ref
  FROM process AS z WHERE z.state = 'Z' AND z.state_last = 'Z' AND z.seen = 'both'
  GROUP BY z.host, z.ppid
)
SELECT
  d.host,
  d.zombies || ' dead children wait under ' || p.comm || ', the first process of ' || COALESCE(c.name, substr(p.container, 1, 12)) || ' on ' || d.host
    || ', which does not reap them' AS summary,
  'container:' || d.host || '/' || p.container || '/zombies' AS subject,
  CASE WHEN d.zombies >= 100 OR 2 * d.zombies >= c.pids_limit THEN 'medium' END AS severity,
  COALESCE(c.name, substr(p.container, 1, 12)) AS container,
  NULLIF(c.service, '') AS service,
  p.pid,
  p.comm AS first_process,
  d.zombies,
  d.comm AS such_as,
  c.pids_limit,
  CASE WHEN c.init = 1 THEN 'yes' WHEN c.ref IS NOT NULL THEN 'no' END AS has_init,
  d.ref AS zombie_ref,
  p.ref AS parent_ref,
  c.ref AS container_ref
FROM dead AS d
JOIN process AS p ON p.host = d.host AND p.pid = d.ppid AND p.ns_pid = 1 AND p.container <> '' AND p.seen = 'both'
LEFT JOIN container AS c ON c.host = p.host AND c.container = p.container
WHERE d.zombies >= 5
