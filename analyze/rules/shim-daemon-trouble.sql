-- dockerd or containerd crashed, or cannot finish with a container
-- catalogue: I9
-- severity: high
-- since: 0.3.0
-- layer: process
-- need: one host, logs
-- blame: daemon
-- check: journalctl -u docker -u containerd --since '1 day ago' | grep -E 'panic|fatal error|Main process exited|did not receive an exit event'; docker ps -a --filter status=dead --filter status=removing
-- remedy: docker rm -f <container> (for one that is dead or being removed)
-- risk: what its layer holds is lost
-- verify: docker ps -a --filter status=dead --filter status=removing
-- undo: nothing to undo
-- remedy: kill -USR1 <pid> writes the daemon's goroutines below /run/docker; then systemctl restart docker
-- risk: without live-restore every container of the host restarts; on a swarm node its tasks are replaced
-- verify: docker info; netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: the lock order of the network database is mended by 08bde5edfa
-- limits: the log reaches back as far as capture was told to read. A panic that a handler of the API caught, which costs one request, is told with
--   low severity. A container that is being removed while the capture runs looks like one that is stuck: without an error severity is low,
--   and so it is for one that could not be ended at once and is gone by now.
--
-- A daemon that ends by a panic or a fatal error did not tidy up: neighbours, forwarding entries, virtual services and rules of firewalls
-- stay as they were, while the swarm goes on changing; what it missed it learns again only in part. Look at the findings of the layers fdb,
-- neighbour, ipvs and dns of this host in that light, and restart their rows rather than mend them one by one.
--
-- A daemon that hangs is quieter: "tried to kill container, but did not receive an exit event" is a container whose end nobody reported,
-- and State "dead" or "removing" one whose removal failed, most often because a mount of its layer is held by another process.
-- The goroutines that SIGUSR1 writes say which lock everybody waits for; a capture with --goroutines takes them along.
WITH line AS (
  SELECT f.host, f.class, f.ident, f.unit, f.ago_s, f.text, f.ref,
    CASE WHEN f.class = 'panic' AND lower(f.text) LIKE '%http: panic serving%' THEN 'low'
      WHEN f.class = 'goroutine-dump' THEN 'low'
      WHEN f.ago_s IS NULL OR f.ago_s > 86400 THEN 'low'
      WHEN f.class = 'panic' AND f.ago_s <= 3600 THEN 'high'
      WHEN f.class = 'stuck-container' AND (c.container IS NULL OR c.state <> 'running') THEN 'low'
      ELSE 'medium' END AS severity
  FROM daemon_fault AS f LEFT JOIN container AS c ON c.host = f.host AND c.container = f.container
  WHERE (f.class = 'panic' AND NOT lower(f.text) LIKE 'goroutine %')
    OR f.class IN ('stuck-container', 'goroutine-dump')
    OR (f.class = 'unit-failed' AND (f.unit IN ('docker.service', 'containerd.service') OR lower(f.text) LIKE 'docker.service:%' OR lower(f.text) LIKE 'containerd.service:%'))
), ranked AS (
  SELECT l.*, ROW_NUMBER() OVER (PARTITION BY l.host ORDER BY CASE l.severity WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, CASE l.class WHEN 'panic' THEN 1 ELSE 2 END, COALESCE(l.ago_s, 1e12), l.ref) AS place,
    COUNT(*) OVER (PARTITION BY l.host) AS n
  FROM line AS l
)
SELECT
  r.host,
  CASE r.class WHEN 'panic' THEN COALESCE(r.ident, 'A daemon') || ' on ' || r.host || ' crashed: ' WHEN 'unit-failed' THEN 'systemd on ' || r.host || ' saw a daemon end: '
    WHEN 'goroutine-dump' THEN 'Somebody asked dockerd on ' || r.host || ' for its goroutines: ' ELSE 'dockerd on ' || r.host || ' cannot end a container: ' END
    || substr(r.text, 1, 120) || CASE WHEN r.n > 1 THEN ' (one of ' || r.n || ' such lines)' ELSE '' END AS summary,
  'daemon:' || r.host || '/log' AS subject,
  r.severity,
  r.class AS trouble,
  r.ident AS program,
  r.n AS lines,
  CAST(r.ago_s AS INTEGER) AS seconds_ago,
  NULL AS container,
  NULL AS state,
  r.ref AS log_ref,
  NULL AS container_ref
FROM ranked AS r WHERE r.place = 1
UNION ALL
SELECT c.host,
  c.name || ' on ' || c.host || CASE WHEN c.error <> '' THEN ' could not be removed: ' || c.error ELSE ' is being removed, or its removal is stuck' END,
  'container:' || c.host || '/' || c.container || '/dead', CASE WHEN c.error <> '' AND (c.state = 'dead' OR c.dead = 1) THEN 'medium' ELSE 'low' END,
  'dead-container', NULL, NULL, NULL, substr(c.container, 1, 12), c.state, NULL, c.ref
FROM container AS c
WHERE c.state IN ('dead', 'removing') OR c.dead = 1
