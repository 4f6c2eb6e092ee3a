-- Live restore on a node of a swarm, or containers without their daemon
-- catalogue: F13
-- severity: medium
-- since: 0.3.0
-- layer: host
-- need: one host
-- blame: configuration
-- check: grep live-restore /etc/docker/daemon.json; docker info -f '{{.LiveRestoreEnabled}} {{.Swarm.LocalNodeState}}'; pgrep -a dockerd
-- remedy: on <host_name>: take live-restore out of /etc/docker/daemon.json before dockerd is restarted the next time
-- risk: none now; containers outside of the swarm will stop with the daemon from then on
-- verify: dockerd --validate --config-file /etc/docker/daemon.json
-- undo: put the line back
-- remedy: if dockerd is down: systemctl start docker
-- risk: on a swarm node its tasks are replaced
-- verify: docker ps
-- undo: systemctl stop docker
-- upstream: moby/swarmkit#2381
-- limits: the setting as it is in the file or on the command line now; the daemon may run with an older one until it is restarted or told to reload.
--
-- Live restore keeps containers running while dockerd is away. Swarm mode does not allow it: a daemon that finds both refuses to start its swarm part. A reload
-- of the file does not notice, so the setting can lie there for months until the next restart, and then the whole node is out of the swarm.
--
-- On a host without swarm it does what it says, with a price: while the daemon is away, its resolver is too, so that containers on networks of
-- their own resolve no name, ports cannot be published or withdrawn, and pipes of logs fill up until the writer blocks.
SELECT
  s.host,
  'dockerd on ' || s.host || CASE WHEN l.ref IS NOT NULL THEN ' refused to start: live-restore is set on a node of a swarm'
    ELSE ' will refuse to take part in the swarm when it is restarted: live-restore is set' END AS summary,
  'daemon:' || s.host || '/live-restore' AS subject,
  CASE WHEN l.ref IS NOT NULL THEN 'high' END AS severity,
  s.host AS host_name,
  s.value AS live_restore,
  NULL AS containers,
  s.ref AS setting_ref,
  COALESCE(w.ref, e.ref) AS swarm_ref,
  l.ref AS line_ref
FROM daemon_setting AS s
LEFT JOIN engine AS e ON e.host = s.host AND e.swarm_state IN ('active', 'pending', 'error', 'locked')
LEFT JOIN (SELECT host, MIN(ref) AS ref FROM certificate WHERE kind = 'swarm-node' GROUP BY host) AS w ON w.host = s.host
LEFT JOIN (SELECT host, MAX(ref) AS ref FROM log_line_age WHERE class = 'live-restore' AND age_s < 3600 GROUP BY host) AS l ON l.host = s.host
WHERE s.name = 'live-restore' AND s.value = 'true' AND (e.ref IS NOT NULL OR (l.ref IS NOT NULL AND w.ref IS NOT NULL))
UNION ALL
SELECT
  h.host,
  h.containers || CASE WHEN h.containers = 1 THEN ' container' ELSE ' containers' END || ' on ' || h.host || ' run on without dockerd (live restore): no names, no new ports',
  'daemon:' || h.host || '/away',
  'high',
  h.host,
  s.value,
  h.containers,
  s.ref,
  k.ref,
  h.ref
FROM (SELECT host, COUNT(*) AS containers, MIN(ref) AS ref FROM shim WHERE alive = 1 GROUP BY host) AS h
JOIN daemon_setting AS s ON s.host = h.host AND s.name = 'live-restore' AND s.value = 'true'
JOIN captured AS k ON k.host = h.host AND k.tbl = 'process'
LEFT JOIN process AS p ON p.host = h.host AND p.comm = 'dockerd'
WHERE p.host IS NULL
