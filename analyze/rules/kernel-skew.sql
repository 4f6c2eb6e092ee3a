-- Kernels of one swarm differ
-- catalogue: J3
-- severity: low
-- since: 0.3.0
-- layer: clock
-- need: several hosts
-- blame: configuration
-- check: uname -r on each host
-- remedy: bring the older ones to the newer kernel, one node at a time: docker node update --availability drain <oldest_host>, upgrade, reboot, then --availability active
-- risk: the node's tasks move twice
-- verify: uname -r
-- undo: boot the former kernel
-- limits: compares the first two numbers of the release. Distributions carry fixes back, so that an old number need not mean old code.
--
-- Nothing is wrong with different kernels as such. But when one host behaves differently from the others, this is one of the first things to know: IPVS lost
-- its one-second stall of reused ports with 5.9, the defaults of connection tracking and of the listen backlog changed with 5.15 and 5.4, races of
-- DNS in connection tracking were eased with 4.19 and 5.0, and VXLAN's offloads differ from version to version.
SELECT
  o.host,
  'kernels range from ' || o.kernel || ' (' || o.hosts || CASE WHEN o.hosts = 1 THEN ' host, ' ELSE ' hosts, ' END || o.host || ') to ' || n.kernel || ' (' || n.hosts || CASE WHEN n.hosts = 1 THEN ' host, ' ELSE ' hosts, ' END || n.host || ')' AS summary,
  'version:' || o.host || '/kernel' AS subject,
  o.kernel AS oldest,
  o.host AS oldest_host,
  oh.os AS oldest_os,
  n.kernel AS newest,
  n.host AS newest_host,
  nh.os AS newest_os,
  s.versions,
  o.ref AS oldest_ref,
  n.ref AS newest_ref
FROM (SELECT MIN(rank) AS low, MAX(rank) AS high, COUNT(DISTINCT rank) AS versions FROM kernel_version) AS s
JOIN (SELECT rank, MIN(kernel) AS kernel, MIN(host) AS host, COUNT(*) AS hosts, MIN(ref) AS ref FROM kernel_version GROUP BY rank) AS o ON o.rank = s.low
JOIN (SELECT rank, MIN(kernel) AS kernel, MIN(host) AS host, COUNT(*) AS hosts, MIN(ref) AS ref FROM kernel_version GROUP BY rank) AS n ON n.rank = s.high
LEFT JOIN host AS oh ON oh.host = o.host
LEFT JOIN host AS nh ON nh.host = n.host
WHERE s.low <> s.high
