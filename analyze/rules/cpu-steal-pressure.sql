-- Processors are taken away, throttled or overloaded
-- catalogue: H6
-- severity: medium
-- since: 0.3.0
-- layer: host
-- need: one host, two reads
-- blame: configuration
-- check: docker exec <container> cat /sys/fs/cgroup/cpu.stat; cat /proc/pressure/cpu /proc/pressure/memory /proc/pressure/io; vmstat 1 5
-- remedy: docker update --cpus <more> <container> (of a task: until it is replaced)
-- risk: it may take processors from its neighbours
-- verify: docker exec <container> grep throttled /sys/fs/cgroup/cpu.stat, twice
-- undo: docker update --cpus <cpus_now> <container>
-- remedy: docker service update --limit-cpu <more> <service>
-- risk: its tasks are replaced one by one
-- verify: docker service inspect <service>
-- undo: docker service update --rollback <service>
-- remedy: for steal ask who owns the hypervisor; for pressure move services away: docker node update --availability drain <host>
-- risk: the tasks of the node start elsewhere, and may overload that
-- verify: vmstat 1 5: the column st; cat /proc/pressure/cpu
-- undo: docker node update --availability active <host>
-- limits: steal is what the hypervisor admits to; some say nothing. Kernels before 4.20, and those built without it, have no pressure figures.
--
-- A processor that is not there looks like a slow network: health checks time out, the gossip suspects nodes that are alive, connections
-- stall for a tenth of a second at a time. Three figures tell.
--
-- Throttling: a container with a limit of half a processor may run 50 ms in each 100 ms; a program with many threads uses that
-- up in the first milliseconds and then stands still, though the host is idle. Reported when it was stopped in half of at
-- least ten periods between the reads, and stood still for a quarter of the time: now and then is what limits are for.
--
-- Steal: time that this machine wanted to run and the hypervisor gave to another. From a tenth on.
--
-- Pressure: the share of time in which something waited. For processors, four fifths of the last minute and half of the last five: a
-- host that is merely busy, or deploys, does not reach both. For memory and disks, that nothing at all could run for a
-- fifth and for half of the last minute.
WITH cpu AS (
  SELECT host,
    SUM(CASE WHEN read = 'last' THEN steal_ticks ELSE -steal_ticks END) AS steal,
    SUM((CASE WHEN read = 'last' THEN 1 ELSE -1 END) * (user_ticks + nice_ticks + system_ticks + idle_ticks + iowait_ticks + irq_ticks + softirq_ticks + steal_ticks)) AS ticks,
    COUNT(DISTINCT read) AS reads, MAX(ref) AS ref
  FROM cpu_time WHERE cpu IS NULL GROUP BY host
), stalls AS (
  SELECT host, resource, share, MIN(avg60) AS avg60, MIN(avg300) AS avg300, COUNT(DISTINCT read) AS reads, MAX(ref) AS ref
  FROM pressure GROUP BY host, resource, share
), throttled AS (
  SELECT host, cgroup, MAX(container) AS container,
    MAX(CASE WHEN key = 'nr_periods' THEN number_last - number END) AS periods,
    MAX(CASE WHEN key = 'nr_throttled' THEN number_last - number END) AS stopped,
    MAX(CASE WHEN key = 'throttled_usec' THEN (number_last - number) * 0.000001 WHEN key = 'throttled_time' THEN (number_last - number) * 0.000000001 END) AS stopped_s,
    MAX(CASE WHEN key = 'nr_throttled' THEN ref END) AS ref
  FROM cgroup_stat
  WHERE file = 'cpu.stat' AND key IN ('nr_periods', 'nr_throttled', 'throttled_usec', 'throttled_time') AND seen = 'both'
  GROUP BY host, cgroup
)
SELECT
  t.host,
  COALESCE(c.name, 'the group ' || t.cgroup) || ' on ' || t.host || ' was stopped by its processor limit in ' || CAST(t.stopped AS INTEGER) || ' of ' || CAST(t.periods AS INTEGER) || ' periods' AS summary,
  'cpu:' || t.host || '/' || COALESCE(substr(t.container, 1, 12), t.cgroup) AS subject,
  'throttled' AS what,
  substr(t.container, 1, 12) AS container,
  c.service,
  CAST(t.periods AS INTEGER) AS periods,
  CAST(t.stopped AS INTEGER) AS stopped,
  ROUND(t.stopped_s, 1) AS stopped_s,
  c.nano_cpus * 0.000000001 AS cpus_now,
  NULL AS steal_ticks,
  NULL AS all_ticks,
  NULL AS avg60,
  NULL AS avg300,
  t.ref AS counter_ref
FROM throttled AS t
JOIN reading AS r ON r.host = t.host
LEFT JOIN (SELECT host, container, MAX(name) AS name, MAX(service) AS service, MAX(nano_cpus) AS nano_cpus FROM container GROUP BY host, container) AS c
  ON c.host = t.host AND c.container = t.container
WHERE t.periods >= 10 AND t.stopped * 2 >= t.periods AND t.stopped_s * 4 >= r.last_s - r.first_s
UNION ALL
SELECT host, 'the hypervisor took ' || steal || ' of ' || ticks || ' ticks from ' || host || ' between the two reads', 'cpu:' || host || '/steal',
  'steal', NULL, NULL, NULL, NULL, NULL, NULL, steal, ticks, NULL, NULL, ref
FROM cpu WHERE reads = 2 AND ticks >= 100 AND steal * 10 >= ticks
UNION ALL
SELECT host,
  CASE WHEN resource = 'cpu' THEN 'something on ' || host || ' waited for a processor in ' || avg60 || ' per cent of the last minute'
    ELSE 'nothing on ' || host || ' could run for want of ' || CASE resource WHEN 'memory' THEN 'memory' ELSE 'its disks' END || ' in ' || avg60 || ' per cent of the last minute' END,
  'cpu:' || host || '/pressure-' || resource,
  'pressure of ' || resource, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, avg60, avg300, ref
FROM stalls
WHERE reads = 2 AND ((resource = 'cpu' AND share = 'some' AND avg60 >= 80 AND avg300 >= 50)
  OR (resource = 'io' AND share = 'full' AND avg60 >= 50) OR (resource = 'memory' AND share = 'full' AND avg60 >= 20))
