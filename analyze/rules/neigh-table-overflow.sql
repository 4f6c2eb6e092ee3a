-- Neighbour table is full, or its bounds were put back to the defaults
-- catalogue: A9
-- severity: critical
-- since: 0.3.0
-- layer: neighbour
-- need: one host
-- blame: configuration
-- check: sysctl net.<family>.neigh.default.gc_thresh3; cat /proc/net/stat/arp_cache; dmesg | grep 'neighbor table overflow'
-- remedy: sysctl -w net.<family>.neigh.default.gc_thresh3=65536 net.<family>.neigh.default.gc_thresh2=49152
--   net.<family>.neigh.default.gc_thresh1=8192
-- risk: none worth speaking of: some memory for each entry that there really is.
-- verify: sysctl net.<family>.neigh.default.gc_thresh3; dmesg | tail
-- undo: sysctl -w net.<family>.neigh.default.gc_thresh3=<gc_thresh3> net.<family>.neigh.default.gc_thresh2=<gc_thresh2>
--   net.<family>.neigh.default.gc_thresh1=<gc_thresh1>
-- remedy: the same three settings in a file of /etc/sysctl.d, so that the next reload of sysctl or tuned keeps them
-- risk: none
-- verify: sysctl --system; sysctl net.<family>.neigh.default.gc_thresh3
-- undo: remove the file
-- upstream: moby/libnetwork#1522, moby/libnetwork#1789, moby/libnetwork#1842, moby/moby#32195, kubernetes/kops#4533
-- fixed-in: 17.06, whose overlay driver raises the bounds when it is first used, and does not look again
-- limits: the bounds are the kernel's, for all namespaces together. With kernel 5.0 and newer, entries are counted from the
--   namespaces that were captured. That entries were refused some time since boot is low, unless the table is half full now.
--
-- The kernel keeps the neighbours of all network namespaces in one table for each family. gc_thresh3 bounds it; with 1024, the default,
-- a host with some dozen containers on large networks reaches it. Then new entries are refused: connections to whatever
-- has no entry yet fail at random ("No buffer space available", "Invalid argument"), also to the gateway and to the
-- other nodes, while old ones go on working. The kernel's log says "neighbor table overflow".
--
-- Which entries count depends on the kernel. Until 4.20 all of them, so the permanent rows of Docker's overlays, one
-- for each remote endpoint of each network, fill the table, and the driver's next rows are refused (see neigh-missing). Since 5.0
-- permanent ones are neither counted nor refused: only what hosts and containers learn from ARP is.
--
-- Low, as a warning: the bounds stand at the kernel's defaults although the overlay driver has been at work. Something,
-- a reload of sysctl, tuned, another agent, has put them back after dockerd started.
SELECT
  u.host,
  CASE WHEN u.fulls_grew > 0 THEN 'the ' || u.family || ' neighbour table of ' || u.host || ' refuses entries: ' || u.fulls_grew || ' while capture watched, bound '
      || COALESCE(u.thresh3 || '', 'not known')
    WHEN u.counted >= 0.9 * u.thresh3 THEN 'the ' || u.family || ' neighbour table of ' || u.host || ' is full: ' || u.counted || ' entries count, the bound is ' || u.thresh3
    WHEN u.fulls > 0 THEN 'the ' || u.family || ' neighbour table of ' || u.host || ' has refused ' || u.fulls || ' entries since boot'
    ELSE 'the ' || u.family || ' neighbour table of ' || u.host || ' is bounded by ' || u.thresh3 || ' entries: something has undone what Docker set' END AS summary,
  'neighbour-table:' || u.host || '/' || u.family AS subject,
  CASE WHEN u.fulls_grew > 0 OR u.counted >= 0.9 * u.thresh3 THEN NULL
    WHEN u.fulls > 0 AND u.counted >= 0.5 * u.thresh3 THEN 'medium'
    ELSE 'low' END AS severity,
  u.family,
  u.counted,
  u.entries,
  u.permanent,
  CASE WHEN u.permanent_counts = 1 THEN 'count, too (kernel before 5.0)' ELSE 'do not count (kernel 5.0 or newer)' END AS permanent_ones,
  u.thresh1 AS gc_thresh1,
  u.thresh2 AS gc_thresh2,
  u.thresh3 AS gc_thresh3,
  u.fulls AS refused_since_boot,
  u.fulls_grew AS refused_between_reads,
  u.stat_ref,
  u.thresh_ref,
  o.ref AS netns_ref
FROM neighbour_use AS u
LEFT JOIN (SELECT host, MIN(ref) AS ref FROM overlay_netns WHERE age_s >= 60 GROUP BY host) AS o ON o.host = u.host
WHERE u.fulls_grew > 0
  OR u.counted >= 0.9 * u.thresh3
  OR u.fulls > 0
  OR u.family = 'ipv4' AND u.thresh3 <= 1024 AND o.ref IS NOT NULL
