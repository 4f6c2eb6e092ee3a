-- Engines of one swarm differ in ways that matter
-- catalogue: J2
-- severity: medium
-- since: 0.3.0
-- layer: clock
-- need: several hosts
-- blame: configuration
-- check: on a manager: docker node ls --format '{{.Hostname}} {{.EngineVersion}}'
-- remedy: bring the older ones to the newest version, one node at a time: docker node update --availability drain <oldest_host>, upgrade, then --availability active
-- risk: the node's tasks move twice
-- verify: docker node ls --format '{{.EngineVersion}}' prints one version
-- undo: install the former version again
-- limits: medium where a change of the data path or of the gossip lies between the versions (18.09, 29.0); other differences of the first number
--   are low, those behind it are not told. Engines without numbers, development builds, are left out, and so are hosts outside of swarms.
--
-- A swarm whose engines differ works, or it could not be upgraded; but the combinations are hardly tested, and a mix that stays has bugs of both sides.
--
-- With 18.09 load balancing moved from every container's namespace into one for each network, and its addresses became endpoints of their own; nodes of
-- before know nothing of them. With 29.0 the driver of overlays and the gossip's messages were rewritten, encrypted networks number their keys
-- otherwise, and records that one side drops the other may refuse to take back. Expect names and forwarding entries to differ along the same line.
SELECT
  o.host,
  'engines of the swarm range from ' || o.version || ' (' || o.hosts || CASE WHEN o.hosts = 1 THEN ' host, ' ELSE ' hosts, ' END || o.host || ') to ' || n.version || ' (' || n.hosts || CASE WHEN n.hosts = 1 THEN ' host, ' ELSE ' hosts, ' END || n.host || ')' AS summary,
  'version:' || o.host || '/engine' AS subject,
  CASE WHEN (o.rank < 18009000 AND n.rank >= 18009000) OR (o.rank < 29000000 AND n.rank >= 29000000) THEN 'medium' ELSE 'low' END AS severity,
  o.version AS oldest,
  o.host AS oldest_host,
  n.version AS newest,
  n.host AS newest_host,
  s.versions,
  s.hosts,
  o.ref AS oldest_ref,
  n.ref AS newest_ref
FROM (SELECT MIN(v.rank) AS low, MAX(v.rank) AS high, MIN(v.major) AS low_major, MAX(v.major) AS high_major, COUNT(DISTINCT v.rank) AS versions, COUNT(*) AS hosts
  FROM engine_version AS v JOIN engine AS e ON e.host = v.host AND e.swarm_state = 'active') AS s
JOIN (SELECT v.rank, MIN(v.version) AS version, MIN(v.host) AS host, COUNT(*) AS hosts, MIN(v.ref) AS ref
  FROM engine_version AS v JOIN engine AS e ON e.host = v.host AND e.swarm_state = 'active' GROUP BY v.rank) AS o ON o.rank = s.low
JOIN (SELECT v.rank, MIN(v.version) AS version, MIN(v.host) AS host, COUNT(*) AS hosts, MIN(v.ref) AS ref
  FROM engine_version AS v JOIN engine AS e ON e.host = v.host AND e.swarm_state = 'active' GROUP BY v.rank) AS n ON n.rank = s.high
WHERE s.low_major <> s.high_major OR (s.low < 18009000 AND s.high >= 18009000)
