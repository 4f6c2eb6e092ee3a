-- Containers may take more memory than the host has
-- catalogue: H7
-- severity: medium
-- since: 0.3.0
-- layer: host
-- need: one host, two reads
-- blame: configuration
-- check: docker stats --no-stream; free -m; vmstat 1 5
-- remedy: docker service update --limit-memory <bytes> --reserve-memory <bytes> <service> for the largest ones, so that the sum fits
-- risk: every task of the service is replaced; with a limit below what it needs it is killed; with a reservation that fits nowhere it stays pending
-- verify: docker node inspect --pretty <node>; netmortem analyze of a new capture
-- undo: docker service update --rollback <service>
-- remedy: docker node update --availability drain <node>, to empty a host that swaps
-- risk: all its tasks move; the others must have room for them
-- verify: vmstat 1 5: si and so are 0
-- undo: docker node update --availability active <node>
-- limits: limits are what containers may take, not what they do: their sum alone is told with low severity, and only where every one of the
--   running containers has one. Pages that are swapped by one read may be the past's.
--
-- Swarm places tasks by what they reserve, and only against other tasks: containers that were started by hand, and the host's own
-- processes, it does not know. Reservations above the host's memory are promises that cannot be held. Limits above it are
-- common and often meant, as not everybody needs the limit at once; they only say that a limit will not protect the host,
-- and that the kernel may have to kill over all processes (oom-host).
--
-- What makes it a fault is the host that swaps. Programs whose pages are on the disk answer late; memberlist and the managers take the
-- node for dead and come back to it a moment later (gossip-flap); health checks time out all over the host (healthcheck-kill).
-- More than 200 pages a second in and out between the two reads is told as a storm, with high severity.
WITH sums AS (
  SELECT c.host, COUNT(*) AS containers, SUM(CASE WHEN c.memory IS NULL THEN 1 ELSE 0 END) AS unlimited,
    SUM(c.memory) AS limits, SUM(c.memory_reservation) AS reservations, MIN(c.ref) AS ref
  FROM container AS c WHERE c.state = 'running' GROUP BY c.host
), largest AS (
  SELECT c.host, c.name, c.service, c.ref, ROW_NUMBER() OVER (PARTITION BY c.host ORDER BY COALESCE(c.memory_reservation, 0) DESC, COALESCE(c.memory, 0) DESC, c.name) AS place
  FROM container AS c WHERE c.state = 'running'
), total AS (
  SELECT h.host, MAX(h.amount) AS bytes, MIN(h.ref) AS ref FROM host_counter AS h WHERE h.source = 'meminfo' AND h.key = 'MemTotal' GROUP BY h.host
), swap AS (
  SELECT a.host, SUM(CASE WHEN a.key = 'pswpin' THEN b.amount - a.amount ELSE 0 END) AS came, SUM(CASE WHEN a.key = 'pswpout' THEN b.amount - a.amount ELSE 0 END) AS went,
    MIN(b.ref) AS ref
  FROM host_counter AS a JOIN host_counter AS b ON b.host = a.host AND b.source = 'vmstat' AND b.key = a.key AND b.read = 'last'
  WHERE a.source = 'vmstat' AND a.key IN ('pswpin', 'pswpout') AND a.read = 'first' GROUP BY a.host
), judged AS (
  SELECT t.host, t.bytes, t.ref AS total_ref, s.containers, s.unlimited, s.limits, s.reservations,
    CASE WHEN w.came > 200 * (r.last_s - r.first_s) AND w.went > 200 * (r.last_s - r.first_s) THEN 1 ELSE 0 END AS storm,
    w.came, w.went, CAST(r.last_s - r.first_s + 0.5 AS INTEGER) AS seconds, w.ref AS swap_ref
  FROM total AS t
  LEFT JOIN sums AS s ON s.host = t.host
  LEFT JOIN swap AS w ON w.host = t.host
  LEFT JOIN reading AS r ON r.host = t.host AND r.last_s > r.first_s
)
SELECT
  j.host,
  CASE WHEN j.storm = 1 THEN j.host || ' swaps: ' || j.came || ' pages came in and ' || j.went || ' went out within ' || j.seconds || ' seconds'
    WHEN j.reservations > j.bytes THEN 'Containers on ' || j.host || ' reserve ' || (j.reservations >> 20) || ' MiB, and it has ' || (j.bytes >> 20)
    ELSE 'The limits of the ' || j.containers || ' containers on ' || j.host || ' add up to ' || (j.limits >> 20) || ' MiB, and it has ' || (j.bytes >> 20) END AS summary,
  'host:' || j.host || '/overcommit' AS subject,
  CASE WHEN j.storm = 1 THEN 'high' WHEN j.reservations > j.bytes THEN 'medium' ELSE 'low' END AS severity,
  j.bytes AS memory_bytes,
  j.limits AS limits_bytes,
  j.reservations AS reservations_bytes,
  j.containers,
  NULLIF(j.unlimited, 0) AS without_limit,
  CASE WHEN j.storm = 1 THEN j.came END AS pages_in,
  CASE WHEN j.storm = 1 THEN j.went END AS pages_out,
  l.name AS largest,
  NULLIF(l.service, '') AS service,
  j.total_ref,
  l.ref AS largest_ref,
  CASE WHEN j.storm = 1 THEN j.swap_ref END AS swap_ref
FROM judged AS j
LEFT JOIN largest AS l ON l.host = j.host AND l.place = 1
WHERE j.storm = 1 OR j.reservations > j.bytes OR (j.limits > j.bytes AND j.unlimited = 0)
