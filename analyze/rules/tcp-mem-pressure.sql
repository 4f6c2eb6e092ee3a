-- TCP of the whole host is short of memory
-- catalogue: G10
-- severity: high
-- since: 0.3.0
-- layer: tcp
-- need: one host, logs
-- blame: kernel
-- check: cat /proc/net/sockstat; sysctl net.ipv4.tcp_mem net.ipv4.tcp_max_orphans; nstat -az TcpExtTCPMemoryPressures
-- remedy: find who holds it: ss -tanm in the namespaces, sockets with a large Recv-Q or Send-Q; restart that program (docker service update --force of its service)
-- risk: its connections end
-- verify: grep ^TCP /proc/net/sockstat: mem falls
-- undo: nothing to undo
-- remedy: sysctl -w net.ipv4.tcp_mem="<low> <twice_pressure> <twice_bound>"
-- risk: TCP takes memory that programs then lack
-- verify: sysctl net.ipv4.tcp_mem
-- undo: sysctl -w net.ipv4.tcp_mem="<low> <pressure> <bound>"
-- limits: memory limits of a single container (cgroup) shrink its sockets' buffers as well, and are not seen here. Kernels from 6.0 on book up
--   to a megabyte for each processor late, so the figure may lag behind by that.
--
-- All TCP sockets of all namespaces share one account, tcp_mem, in pages: below the first figure nothing happens, above the second
-- the kernel is under pressure, shrinks windows and drops what came out of order, at the third it refuses: segments
-- are dropped, connections are reset (TCPAbortOnMemory), and the log says "out of memory -- consider tuning tcp_mem".
-- One program that does not read what it is sent, on thousands of connections, slows every container of the host.
--
-- Orphans are connections whose program has closed them while something was still to be sent; above tcp_max_orphans the kernel
-- resets them.
--
-- Reported when the pages are above the second figure in both reads, when the pressure began between them, when
-- orphans are nine tenths of their bound, or when the kernel complained within the last hour; the third figure reached is critical.
WITH mem AS (
  SELECT s.host, MAX(s.netns) AS netns, MIN(s.tcp_mem_pages) AS least, MAX(CASE WHEN s.read = 'last' THEN s.tcp_mem_pages END) AS pages,
    MIN(s.tcp_orphan) AS orphans_least, MAX(CASE WHEN s.read = 'last' THEN s.tcp_orphan END) AS orphans, COUNT(DISTINCT s.read) AS reads, MAX(s.ref) AS ref
  FROM sockstat AS s JOIN netns AS n ON n.host = s.host AND n.netns = s.netns AND n.kind = 'host'
  WHERE s.family = 'ipv4' GROUP BY s.host
), bounds AS (
  SELECT k.host, k.low, CAST(substr(k.rest, 1, instr(k.rest, ' ') - 1) AS INTEGER) AS pressure, CAST(substr(k.rest, instr(k.rest, ' ') + 1) AS INTEGER) AS bound, k.ref
  FROM (SELECT host, CAST(substr(value, 1, instr(value, ' ') - 1) AS INTEGER) AS low, substr(value, instr(value, ' ') + 1) AS rest, ref
    FROM sysctl WHERE key = 'net.ipv4.tcp_mem' AND instr(value, ' ') > 1) AS k
  WHERE instr(k.rest, ' ') > 1
), orphan_bound AS (
  SELECT host, CAST(value AS INTEGER) AS bound, ref FROM sysctl WHERE key = 'net.ipv4.tcp_max_orphans'
), pressed AS (
  SELECT host, SUM(CASE WHEN read = 'last' THEN tcp_memory_pressures ELSE -tcp_memory_pressures END) AS times,
    SUM(CASE WHEN read = 'last' THEN tcp_abort_on_memory ELSE -tcp_abort_on_memory END) AS aborted, MAX(ref) AS ref
  FROM netstat_counter
  WHERE tcp_memory_pressures IS NOT NULL
  GROUP BY host HAVING COUNT(DISTINCT read) = 2
), lines AS (
  SELECT host, class, COUNT(*) AS n, MIN(age_s) AS age_s, MIN(text) AS text, MIN(ref) AS ref
  FROM kernel_log_age WHERE class IN ('tcp-memory', 'tcp-orphans') AND age_s < 3600 GROUP BY host, class
)
SELECT
  m.host,
  'TCP on ' || m.host || ' uses ' || m.pages || ' pages of memory: ' || CASE WHEN m.pages >= b.bound THEN 'the bound of ' || b.bound || ' is reached' ELSE 'above ' || b.pressure || ' it is under pressure' END AS summary,
  'tcp:' || m.host || '/memory' AS subject,
  CASE WHEN m.pages >= b.bound THEN 'critical' ELSE 'high' END AS severity,
  m.pages,
  b.low,
  b.pressure,
  b.bound,
  b.pressure * 2 AS twice_pressure,
  b.bound * 2 AS twice_bound,
  p.times AS pressures,
  p.aborted,
  NULL AS orphans,
  NULL AS max_orphans,
  NULL AS log_lines,
  NULL AS line,
  m.ref AS sockstat_ref,
  b.ref AS bound_ref,
  NULL AS log_ref
FROM mem AS m
JOIN bounds AS b ON b.host = m.host
LEFT JOIN pressed AS p ON p.host = m.host
WHERE m.reads = 2 AND b.pressure > 0 AND m.least >= b.pressure
UNION ALL
SELECT m.host, 'TCP on ' || m.host || ' has ' || m.orphans || ' connections without a process, of at most ' || o.bound, 'tcp:' || m.host || '/orphans',
  'high', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, m.orphans, o.bound, NULL, NULL, m.ref, o.ref, NULL
FROM mem AS m JOIN orphan_bound AS o ON o.host = m.host
WHERE m.reads = 2 AND o.bound > 0 AND m.orphans_least * 10 >= o.bound * 9 AND m.orphans * 10 >= o.bound * 9
UNION ALL
SELECT p.host, 'TCP on ' || p.host || ' came under memory pressure ' || p.times || CASE WHEN p.times = 1 THEN ' time' ELSE ' times' END || ' between the two reads', 'tcp:' || p.host || '/pressure',
  'high', NULL, NULL, NULL, NULL, NULL, NULL, p.times, p.aborted, NULL, NULL, NULL, NULL, p.ref, NULL, NULL
FROM pressed AS p WHERE p.times > 0
UNION ALL
SELECT l.host, 'the kernel of ' || l.host || CASE l.class WHEN 'tcp-memory' THEN ' ran out of memory for TCP' ELSE ' had too many connections without a process' END || ' within the last hour',
  'tcp:' || l.host || '/log-' || l.class, 'high', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, l.n, l.text, NULL, NULL, l.ref
FROM lines AS l
