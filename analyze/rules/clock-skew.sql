-- Clock of a node is off
-- catalogue: J1
-- severity: high
-- since: 0.3.0
-- layer: clock
-- need: a manager
-- blame: configuration
-- check: on <node> and on <yardstick> at the same moment: date -u +%T.%N; timedatectl
-- remedy: on <node>: chronyc makestep, or systemctl restart systemd-timesyncd
-- risk: time jumps; what measures time by the clock, certificates and tokens among it, may be confused for a moment
-- verify: date -u agrees on both hosts; chronyc tracking
-- undo: nothing to undo
-- upstream: moby/moby#25112, moby/swarmkit#1175
-- limits: bounded by the stamps of the node's newest task, which hold for the moment of that report: an offset that began later is not seen, and evidence older than an hour makes a
--   low finding. Below 5 seconds nothing is said. The leader is the yardstick; when two nodes or more differ from it and all by the same sign, it is the one that is off. When the
--   bundles were taken plays no part.
--
-- A task is made under the leader's clock, its node reports of it under its own, and the leader notes when it stored the report. However slow the network is,
-- making comes before reporting, and reporting before storing. If the stamps say otherwise, the two clocks differ by at least that much.
--
-- From some seconds on, timelines of events and logs from several hosts lie. From half a minute on certificates that were just signed are not yet valid, a node cannot
-- join, sessions and tokens are refused, and what is ordered by time stamps in the applications goes wrong. Raft itself does not compare clocks.
--
-- Rules that compare times of several hosts take the stamps as they are: with this finding present, read theirs with care.
WITH bound AS (
  SELECT o.*, COALESCE(o.node, o.node_id) AS label,
    CASE WHEN o.low_s > 0 THEN o.low_s WHEN o.high_s < 0 THEN -o.high_s ELSE 0 END AS least,
    CASE WHEN o.low_s > 0 THEN 1 WHEN o.high_s < 0 THEN -1 ELSE 0 END AS sign
  FROM clock_offset AS o
), verdict AS (
  SELECT COUNT(*) AS nodes, SUM(CASE WHEN sign = 1 AND least >= 5 THEN 1 ELSE 0 END) AS ahead, SUM(CASE WHEN sign = -1 AND least >= 5 THEN 1 ELSE 0 END) AS behind
  FROM bound
)
SELECT
  b.host,
  'the clock of ' || b.label || ' is ' || CASE WHEN b.sign = 1 THEN 'ahead of' ELSE 'behind' END || ' that of ' || b.leader || ' by at least ' || CAST(b.least AS INTEGER) || ' seconds' AS summary,
  'clock:' || b.host || '/offset' AS subject,
  CASE WHEN b.least < 30 OR b.age_s > 3600 THEN 'low' END AS severity,
  b.label AS node,
  b.leader AS yardstick,
  b.low_s AS at_least_s,
  b.high_s AS at_most_s,
  CAST(b.age_s AS INTEGER) AS evidence_age_s,
  b.reports,
  CASE h.clock_synced WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END AS synchronised,
  b.low_ref,
  b.high_ref,
  h.ref AS host_ref
FROM bound AS b
JOIN verdict AS v ON 1 = 1
LEFT JOIN host AS h ON h.host = b.host
WHERE b.host IS NOT NULL AND b.least >= 5
  AND NOT (v.nodes >= 2 AND (v.ahead = v.nodes OR v.behind = v.nodes))
UNION ALL
SELECT
  l.host,
  'the clock of ' || MIN(b.leader) || ', the leader, is ' || CASE WHEN MIN(b.sign) = 1 THEN 'behind' ELSE 'ahead of' END || ' those of all ' || COUNT(*) || ' other nodes by at least ' || CAST(MIN(b.least) AS INTEGER) || ' seconds',
  'clock:' || l.host || '/offset',
  CASE WHEN MIN(b.least) < 30 OR MIN(b.age_s) > 3600 THEN 'low' END,
  MIN(b.leader),
  MIN(b.label),
  -MIN(b.high_s),
  -MAX(b.low_s),
  CAST(MIN(b.age_s) AS INTEGER),
  SUM(b.reports),
  CASE MIN(h.clock_synced) WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END,
  MIN(b.low_ref),
  MIN(b.high_ref),
  h.ref
FROM bound AS b
JOIN verdict AS v ON v.nodes >= 2 AND (v.ahead = v.nodes OR v.behind = v.nodes)
JOIN swarm_host AS l ON l.node_id = b.leader_id
LEFT JOIN host AS h ON h.host = l.host
GROUP BY l.host, h.ref
UNION ALL
SELECT
  u.host,
  'the kernel of ' || CASE WHEN u.loose = 1 THEN u.host ELSE u.loose || ' hosts (' || u.host || ' among them)' END || ' does not hold its clock for synchronised'
    || CASE WHEN u.steady > 0 THEN ', that of ' || u.steady || CASE WHEN u.steady = 1 THEN ' other does' ELSE ' others does' END ELSE '' END,
  'clock:' || u.host || '/unsynchronised',
  'low',
  u.host,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  'no',
  u.ref,
  NULL,
  NULL
FROM (SELECT MIN(CASE WHEN clock_synced = 0 THEN host END) AS host, SUM(CASE WHEN clock_synced = 0 THEN 1 ELSE 0 END) AS loose,
    SUM(CASE WHEN clock_synced = 1 THEN 1 ELSE 0 END) AS steady, MIN(CASE WHEN clock_synced = 0 THEN ref END) AS ref
  FROM host) AS u
WHERE u.loose > 0
