-- Container reached its memory limit and the kernel killed in it
-- catalogue: I1
-- severity: high
-- since: 0.3.0
-- layer: process
-- need: one host, logs
-- blame: application
-- check: docker inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}} {{.HostConfig.Memory}}' <container>; dmesg -T | grep -A1 'Memory cgroup out of memory'
-- remedy: docker update --memory <twice_the_limit> --memory-swap <twice_the_limit> <container>
-- risk: the host must have that much free, or the next kill is the host's own; the next task of a service has the old limit again
-- verify: docker stats --no-stream <container>
-- undo: docker update --memory <limit_bytes> --memory-swap <limit_bytes> <container>
-- remedy: docker service update --limit-memory <twice_the_limit> <service>
-- risk: every task of the service is replaced
-- verify: netmortem analyze of a new capture, when the load that killed it has been there again
-- undo: docker service update --limit-memory <limit_bytes> <service>
-- limits: the counters of a cgroup go with the container, and the kernel's log is a ring: of a container that was removed
--   long ago nothing is left; one that only the kernel still speaks of is told with low severity. A kill that only a counter tells has no time. Without a limit, see oom-host.
--
-- The container, or a group above it, was not allowed the memory that it asked for, and could give none back. The kernel then
-- kills the process of the group that holds most. If that is the container's first process, the container ends with code 137;
-- if it is a child (a worker of nginx, gunicorn or php-fpm), the container goes on as if nothing had happened, Docker's own
-- OOMKilled may stay false, and what clients see are requests that break off in the middle.
--
-- Four witnesses, of which one is enough: the kernel's line with the cgroup of the victim, the cgroup's counter oom_kill,
-- the flag OOMKilled of a container that ended, the daemon's event "oom". 137 alone proves nothing: it is what any SIGKILL
-- leaves, as that of docker stop when the grace period is over (stop-timeout).
--
-- To a swarm a killed task is a failed one: it comes back with another address a few seconds later. Killed again and again
-- (restart-loop) it moves entries of forwarding tables, balancers and names on every node each time.
WITH word AS (
  SELECT k.host, k.container, 1 AS kernel, 0 AS counter, 0 AS flag, 0 AS event, k.ago_s, k.comm, k.pid, k.ref
  FROM kernel_fault AS k WHERE k.class = 'oom-kill' AND k.scope = 'cgroup' AND k.container IS NOT NULL
  UNION ALL
  SELECT g.host, g.container, 0, CAST(COALESCE(g.number_last, g.number) AS INTEGER), 0, 0, CASE WHEN g.number_last > g.number THEN 0 END, NULL, NULL, g.ref
  FROM cgroup_stat AS g
  WHERE g.container <> '' AND g.key = 'oom_kill' AND g.file IN ('memory.events', 'memory.oom_control') AND COALESCE(g.number_last, g.number) > 0
  UNION ALL
  SELECT e.host, e.container, 0, 0, 1, 0, e.ago_s, NULL, NULL, e.ref
  FROM container_end AS e WHERE e.oom = 1
  UNION ALL
  SELECT e.host, e.container, 0, 0, 0, 1, NULL, NULL, NULL, e.ref
  FROM docker_event AS e WHERE e.type = 'container' AND e.action = 'oom' AND e.container <> ''
), each_container AS (
  SELECT w.host, w.container, SUM(w.kernel) AS kernel, MAX(w.counter) AS counter, SUM(w.flag) AS flag, SUM(w.event) AS event, MIN(w.ago_s) AS ago_s,
    MAX(w.comm) AS comm, MAX(w.pid) AS pid, MIN(CASE WHEN w.kernel = 1 THEN w.ref END) AS kernel_ref,
    MIN(CASE WHEN w.counter > 0 THEN w.ref END) AS counter_ref, MIN(CASE WHEN w.flag = 1 THEN w.ref END) AS end_ref, MIN(CASE WHEN w.event = 1 THEN w.ref END) AS event_ref
  FROM word AS w GROUP BY w.host, w.container
), known AS (
  SELECT host, container, MAX(NULLIF(service, '')) AS service, MAX(NULLIF(name, '')) AS name
  FROM (SELECT host, container, service, name FROM container
    UNION ALL SELECT host, container, service, name FROM docker_event WHERE type = 'container' AND container <> '')
  GROUP BY host, container
), named AS (
  SELECT x.*, k.service, COALESCE(k.service, k.name, 'gone') AS who, COALESCE(k.name, 'a container that is gone (' || substr(x.container, 1, 12) || ')') AS name,
    c.memory, c.state, c.exit_code, c.ref AS container_ref
  FROM each_container AS x
  LEFT JOIN known AS k ON k.host = x.host AND k.container = x.container
  LEFT JOIN container AS c ON c.host = x.host AND c.container = x.container
  LEFT JOIN captured AS a ON a.host = x.host AND a.tbl = 'container'
  LEFT JOIN captured AS b ON b.host = x.host AND b.tbl = 'docker_event'
  WHERE k.container IS NOT NULL OR (a.host IS NOT NULL AND b.host IS NOT NULL)
), ranked AS (
  SELECT n.*,
    ROW_NUMBER() OVER (PARTITION BY n.host, n.who ORDER BY COALESCE(n.ago_s, 1e12), n.container) AS place,
    COUNT(*) OVER (PARTITION BY n.host, n.who) AS containers,
    SUM(CASE WHEN n.kernel > n.counter THEN n.kernel WHEN n.counter > 0 THEN n.counter WHEN n.flag > n.event THEN n.flag ELSE n.event END) OVER (PARTITION BY n.host, n.who) AS kills
  FROM named AS n
)
SELECT
  r.host,
  'The kernel killed ' || COALESCE(r.comm || ' ', '') || 'in ' || r.name || ' on ' || r.host || ', which had reached its memory limit'
    || COALESCE(' of ' || (r.memory >> 20) || ' MiB', '')
    || CASE WHEN r.kills > 1 THEN ', ' || r.kills || ' times' ELSE '' END
    || CASE WHEN r.state = 'running' AND r.flag = 0 THEN '; the container runs on' ELSE '' END AS summary,
  CASE WHEN r.who = 'gone' THEN 'host:' || r.host || '/oom-of-gone' ELSE 'container:' || r.host || '/' || r.who || '/oom' END AS subject,
  CASE WHEN r.who = 'gone' THEN 'low' WHEN r.ago_s <= 3600 OR r.event > 0 THEN 'high' WHEN r.ago_s IS NULL OR r.ago_s <= 86400 THEN 'medium' ELSE 'low' END AS severity,
  r.name AS container,
  r.service,
  r.memory AS limit_bytes,
  2 * r.memory AS twice_the_limit,
  r.kills,
  CASE WHEN r.containers > 1 THEN r.containers END AS containers_of_it,
  CAST(r.ago_s AS INTEGER) AS seconds_ago,
  r.comm AS victim,
  r.pid,
  r.exit_code,
  r.state,
  r.kernel_ref,
  r.counter_ref,
  r.end_ref,
  r.event_ref,
  r.container_ref
FROM ranked AS r
WHERE r.place = 1
