-- Host ran out of memory and the kernel killed a process
-- catalogue: I2
-- severity: critical
-- since: 0.3.0
-- layer: kernel
-- need: one host, logs
-- blame: configuration
-- check: dmesg -T | grep -E 'Out of memory|constraint=CONSTRAINT'; free -m; docker stats --no-stream
-- remedy: docker update --memory <bytes> --memory-swap <bytes> <largest_without_limit>
-- risk: with a limit below what it needs, the container is killed instead of the host's processes
-- verify: docker inspect -f '{{.HostConfig.Memory}}' <largest_without_limit>
-- undo: docker update --memory 0 --memory-swap -1 <largest_without_limit>
-- remedy: docker service update --limit-memory <bytes> --reserve-memory <bytes> <service>
-- risk: every task of the service is replaced; with a reservation, those that fit nowhere stay pending
-- verify: netmortem analyze of a new capture
-- undo: docker service update --limit-memory 0 --reserve-memory 0 <service>
-- limits: the kernel's log is a ring, and of this boot: an earlier kill is forgotten. A line without a time counts as old.
--
-- The host itself had no page left, whatever the limits of its containers say. The kernel chose a victim over all processes
-- by size and by oom_score_adj. Docker gives dockerd and containerd a low score of their own (-500 and -999 where the units
-- are the packages'), so that containers go first; without it, the daemon, the SSH server or the database may be the victim.
--
-- Every later finding about this host has to be read in this light. What was killed did not clean up: a dockerd that died
-- leaves neighbours, forwarding entries and virtual services behind; a host that swaps for a minute is dead to memberlist and
-- to the managers (gossip-flap, node-down-containers-running), and its tasks are started elsewhere.
--
-- A container without a limit may take all that there is. See memory-overcommit for the sum of the limits.
WITH kill AS (
  SELECT k.host, k.comm, k.pid, k.container, k.ago_s, k.class, k.oom_constraint, k.ref,
    ROW_NUMBER() OVER (PARTITION BY k.host ORDER BY COALESCE(k.ago_s, 1e12), k.ref) AS place,
    COUNT(*) OVER (PARTITION BY k.host) AS kills
  FROM kernel_fault AS k
  WHERE k.class = 'oom-unkillable' OR (k.class = 'oom-kill' AND k.scope = 'global')
), unlimited AS (
  SELECT c.host, c.name, c.service, p.rss_bytes, c.ref, ROW_NUMBER() OVER (PARTITION BY c.host ORDER BY p.rss_bytes DESC, c.name) AS place
  FROM container AS c
  JOIN (SELECT host, container, SUM(COALESCE(rss_bytes_last, rss_bytes)) AS rss_bytes FROM process WHERE container <> '' GROUP BY host, container) AS p
    ON p.host = c.host AND p.container = c.container
  WHERE c.state = 'running' AND c.memory IS NULL
)
SELECT
  k.host,
  k.host || ' ran out of memory' || CASE WHEN k.class = 'oom-unkillable' THEN ' and the kernel found nothing to kill'
    ELSE ': the kernel killed ' || COALESCE(k.comm, 'a process') || COALESCE(' (' || k.pid || ')', '') || COALESCE(' of ' || COALESCE(c.name, substr(k.container, 1, 12)), '') END
    || CASE WHEN k.kills > 1 THEN ', ' || k.kills || ' kills in all' ELSE '' END AS summary,
  'host:' || k.host || '/memory' AS subject,
  CASE WHEN k.ago_s <= 3600 THEN 'critical' WHEN k.ago_s <= 86400 THEN 'high' WHEN k.ago_s <= 604800 THEN 'medium' ELSE 'low' END AS severity,
  k.comm AS victim,
  k.pid,
  COALESCE(c.name, k.container) AS victim_container,
  k.oom_constraint,
  k.kills,
  CAST(k.ago_s AS INTEGER) AS seconds_ago,
  u.name AS largest_without_limit,
  NULLIF(u.service, '') AS service,
  u.rss_bytes AS its_resident_bytes,
  k.ref AS kernel_ref,
  u.ref AS largest_ref
FROM kill AS k
LEFT JOIN container AS c ON c.host = k.host AND c.container = k.container
LEFT JOIN unlimited AS u ON u.host = k.host AND u.place = 1
WHERE k.place = 1
