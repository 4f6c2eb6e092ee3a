-- Program in a container crashed
-- catalogue: I5
-- severity: high
-- since: 0.3.0
-- layer: process
-- need: one host, logs
-- blame: application
-- check: docker inspect -f '{{.State.ExitCode}}' <container>; dmesg -T | grep -E 'segfault|traps:'; coredumpctl list
-- remedy: coredumpctl info <pid> (where systemd takes the cores), or gdb -c <core> with the image's own binary and libraries
-- risk: a core holds the memory of the program, secrets among it: keep it on the host
-- verify: netmortem analyze of a new capture names no further crash
-- undo: nothing to undo
-- remedy: docker service update --rollback <service>
-- risk: every task of the service is replaced by one of the specification before
-- verify: docker service ps --no-trunc <service>
-- undo: docker service update --rollback <service>
-- limits: a child that crashes leaves the container's code alone; then only the kernel's log and the core tell, and the log names the host's
--   number of a process that is gone, not its container. The kernel writes such a line for a fault of memory, not for abort(), and only
--   while kernel.print-fatal-signals or debug.exception-trace ask for it. A code above 128 can be the program's own choice.
--
-- The kernel ended a program because of what it did: signal 11 (SIGSEGV, memory that is not its own), 6 (SIGABRT, its own assertion
-- or its allocator's), 7 (SIGBUS, often a file that shrank or a full tmpfs), 8 (SIGFPE), 4 (SIGILL: a binary for another processor,
-- common after moving to older hardware). A container whose first process dies so ends with 128 and the number: 139, 134, 135, 136, 132.
--
-- Three witnesses: the code of the container or task, a core whose notes name the signal, and the kernel's own line. The first
-- two know the container. A line of the kernel alone is told with low severity: it may be a program of the host.
--
-- For the network a crash is a task that vanished without closing anything: peers see resets from a balancer that still has it for some
-- seconds, and connections that hang where nothing answers any more. Whether a core was kept is the question of core-lost.
WITH told AS (
  SELECT e.host, COALESCE(e.service, e.label) AS who, e.label AS name, e.service, e.exit_code - 128 AS signal, e.exit_code, e.ago_s,
    NULL AS comm, NULL AS pid, NULL AS core, e.ref AS end_ref, NULL AS core_ref
  FROM container_end AS e
  WHERE e.exit_code IN (132, 134, 135, 136, 139)
  UNION ALL
  SELECT f.host, COALESCE(NULLIF(c.service, ''), c.name), c.name, NULLIF(c.service, ''), f.signal, NULL, g.ago_s, f.comm, f.pid, f.path, NULL, f.ref
  FROM core_file AS f JOIN container AS c ON c.host = f.host AND c.container = f.container
  LEFT JOIN core_age AS g ON g.host = f.host AND g.path = f.path
  WHERE f.signal IN (4, 6, 7, 8, 11)
), ranked AS (
  SELECT t.*, ROW_NUMBER() OVER (PARTITION BY t.host, t.who ORDER BY CASE WHEN t.end_ref IS NULL THEN 1 ELSE 0 END, COALESCE(t.ago_s, 1e12), t.end_ref, t.core_ref) AS place,
    MIN(t.ago_s) OVER (PARTITION BY t.host, t.who) AS latest_s,
    COUNT(t.end_ref) OVER (PARTITION BY t.host, t.who) AS ends, COUNT(t.core_ref) OVER (PARTITION BY t.host, t.who) AS cores,
    MAX(t.core) OVER (PARTITION BY t.host, t.who) AS any_core, MAX(t.comm) OVER (PARTITION BY t.host, t.who) AS any_comm,
    MAX(t.pid) OVER (PARTITION BY t.host, t.who) AS any_pid, MAX(t.core_ref) OVER (PARTITION BY t.host, t.who) AS any_core_ref
  FROM told AS t
), line AS (
  SELECT k.host, k.comm, k.pid, k.ago_s, k.text, k.ref, COUNT(*) OVER (PARTITION BY k.host, k.comm) AS crashes,
    ROW_NUMBER() OVER (PARTITION BY k.host, k.comm ORDER BY COALESCE(k.ago_s, 1e12), k.ref) AS place
  FROM kernel_fault AS k WHERE k.class IN ('segfault', 'trap') AND k.comm IS NOT NULL
)
SELECT
  r.host,
  COALESCE(r.any_comm || ' in ', '') || r.name || ' on ' || r.host || ' crashed with signal ' || r.signal
    || CASE r.signal WHEN 11 THEN ' (SIGSEGV)' WHEN 6 THEN ' (SIGABRT)' WHEN 7 THEN ' (SIGBUS)' WHEN 8 THEN ' (SIGFPE)' WHEN 4 THEN ' (SIGILL)' ELSE '' END
    || CASE WHEN r.ends > 1 THEN ', ' || r.ends || ' times' ELSE '' END
    || CASE WHEN r.cores > 0 THEN '; its core is ' || r.any_core ELSE '' END AS summary,
  'container:' || r.host || '/' || r.who || '/crash' AS subject,
  CASE WHEN r.latest_s <= 3600 THEN 'high' WHEN r.latest_s IS NULL OR r.latest_s <= 86400 THEN 'medium' ELSE 'low' END AS severity,
  r.name AS container,
  r.service,
  r.signal,
  r.exit_code,
  NULLIF(r.ends, 0) AS ends,
  CAST(r.latest_s AS INTEGER) AS seconds_ago,
  r.any_comm AS program,
  r.any_pid AS pid,
  r.any_core AS core,
  r.end_ref,
  r.any_core_ref AS core_ref
FROM ranked AS r WHERE r.place = 1
UNION ALL
SELECT l.host,
  'The kernel of ' || l.host || ' tells of ' || CASE WHEN l.crashes > 1 THEN l.crashes || ' crashes' ELSE 'a crash' END || ' of ' || l.comm
    || COALESCE(' (' || l.pid || ')', '') || ', in a container or not',
  'process:' || l.host || '/' || l.comm || '/crash', 'low', NULL, NULL, NULL, NULL, l.crashes, CAST(l.ago_s AS INTEGER), l.comm, l.pid, NULL, l.ref, NULL
FROM line AS l WHERE l.place = 1 AND l.ago_s <= 86400
