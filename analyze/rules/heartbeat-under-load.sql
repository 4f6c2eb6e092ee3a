-- Node loses its session with the managers
-- catalogue: F12
-- severity: medium
-- since: 0.3.0
-- layer: swarm
-- need: one host, logs
-- blame: managers
-- check: journalctl -u docker --since -15min | grep -E 'heartbeat|session failed'; cat /proc/loadavg /proc/pressure/cpu
-- remedy: relieve the host: limit the processors and memory of the tasks that starve it
-- risk: those tasks get slower, or are killed at their new limit
-- verify: journalctl -u docker --since -5min | grep -c 'heartbeat' prints 0
-- undo: docker service update --limit-cpu 0 --limit-memory 0 SERVICE
-- remedy: on a manager: docker swarm update --dispatcher-heartbeat 20s
-- risk: a node that is really gone is noticed later: after a minute instead of a quarter of one
-- verify: docker info | grep -A1 Dispatcher
-- undo: docker swarm update --dispatcher-heartbeat 5s
-- upstream: moby/moby#43508
-- limits: three lines within a quarter of an hour, and one within the last five minutes; medium only when heartbeats themselves failed. Load is shown beside
--   it, not required: a blocked port 2377 looks the same in the log.
--
-- A node's agent sends its heartbeat to a manager every five seconds. When three are missing the manager calls the node down and starts its
-- tasks elsewhere; when the session merely breaks, the agent opens a new one and reports all of its tasks anew.
--
-- Either way it is the control plane that suffers: containers go on, but may get doubles on other nodes (see node-down-containers-running). On a host whose
-- processors or disks are saturated the daemon is simply too slow. On managers a slow disk does the same to raft.
SELECT
  l.host,
  l.host || ' lost touch with the managers ' || l.lines || ' times within 15 minutes'
    || CASE WHEN a.load1 > 2.0 * h.cpus THEN ': its load is ' || a.load1 || ' on ' || h.cpus || CASE WHEN h.cpus = 1 THEN ' processor' ELSE ' processors' END ELSE '' END AS summary,
  'session:' || l.host || '/agent' AS subject,
  CASE WHEN l.beats >= 3 THEN 'medium' ELSE 'low' END AS severity,
  l.beats AS heartbeats_failed,
  l.lines - l.beats AS sessions_failed,
  CAST(l.last_s AS INTEGER) AS last_s_ago,
  l.error,
  a.load1,
  h.cpus,
  p.avg60 AS cpu_pressure_avg60,
  l.ref AS line_ref,
  a.ref AS load_ref,
  p.ref AS pressure_ref
FROM (SELECT host, COUNT(*) AS lines, SUM(CASE WHEN class = 'heartbeat' THEN 1 ELSE 0 END) AS beats, MIN(age_s) AS last_s, MAX(COALESCE(error, text)) AS error, MAX(ref) AS ref
  FROM log_line_age WHERE class IN ('heartbeat', 'session') AND age_s < 900 GROUP BY host) AS l
JOIN host AS h ON h.host = l.host
LEFT JOIN loadavg AS a ON a.host = l.host AND a.read = 'last'
LEFT JOIN pressure AS p ON p.host = l.host AND p.read = 'last' AND p.resource = 'cpu' AND p.share = 'some'
WHERE l.lines >= 3 AND l.last_s < 300
