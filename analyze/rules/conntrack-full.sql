-- Connection tracking has no room for new connections
-- catalogue: G1
-- severity: critical
-- since: 0.3.0
-- layer: conntrack
-- need: one host
-- blame: kernel
-- check: nsenter --net=/run/docker/netns/<netns> sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max
-- remedy: sysctl -w net.netfilter.nf_conntrack_max=<four_times> (on the host: the bound holds for every namespace)
-- risk: each entry takes about 320 bytes of kernel memory that cannot be swapped; look-ups slow down until the hash grows too
-- verify: sysctl net.netfilter.nf_conntrack_max; dmesg | grep -c 'table full' no longer grows
-- undo: sysctl -w net.netfilter.nf_conntrack_max=<max_entries>
-- remedy: echo <max_entries> > /sys/module/nf_conntrack/parameters/hashsize
-- risk: the whole table is hashed again at once: a pause of some milliseconds, on old kernels longer
-- verify: cat /sys/module/nf_conntrack/parameters/hashsize
-- undo: write the former number back to the same file
-- limits: entries below nine tenths of the bound are nobody's alarm. A burst between the two reads shows only in the counters and
--   in the kernel's log, which keeps few of its messages (they are rate limited).
--
-- Every connection that passes a NAT rule, a stateful filter or IPVS has an entry, and each namespace counts its own entries against
-- one bound, nf_conntrack_max of the host's namespace. At the bound the kernel first evicts an entry that has not seen an
-- answer; if it finds none in the few buckets that it tries, the packet that wanted the entry is dropped. Established connections
-- go on, new ones time out, and nothing says so but a counter and one line of dmesg.
--
-- Do not only look at the host: the routing mesh (ingress_sbox) and the load balancer of each overlay (lb_) track what
-- they balance, and fill up while the host is half empty. From kernel 5.15 on the default bound equals the number of hash
-- buckets, where it was four times as many: an upgrade of the kernel may quarter it.
--
-- Severity: critical while packets are dropped or the bound is reached, high from nine tenths on: at that fill a burst of a few
-- seconds is enough. A line of the kernel's log of the last hour is high, one of the last day low.
WITH stat AS (
  SELECT host, netns, MAX(CASE WHEN read = 'last' THEN drops END) - MAX(CASE WHEN read = 'first' THEN drops END) AS dropped,
    MAX(CASE WHEN read = 'last' THEN early_drop END) - MAX(CASE WHEN read = 'first' THEN early_drop END) AS evicted,
    MAX(CASE WHEN read = 'last' THEN ref END) AS ref
  FROM conntrack_stat GROUP BY host, netns
), logged AS (
  SELECT host, COUNT(*) AS lines, MIN(age_s) AS age_s, MIN(ref) AS ref
  FROM kernel_log_age WHERE class = 'conntrack-full' AND age_s < 86400 GROUP BY host
)
SELECT
  u.host,
  o.label || ' on ' || u.host || ' tracks ' || u.entries_last || ' connections of at most ' || u.max_entries
    || CASE WHEN s.dropped > 0 THEN ': ' || s.dropped || ' packets were dropped for it between the two reads'
       WHEN u.entries_last >= u.max_entries THEN ': new ones are dropped' ELSE ': a burst will be dropped' END AS summary,
  'conntrack:' || u.host || '/' || o.netns_name AS subject,
  CASE WHEN s.dropped > 0 OR u.entries_last >= u.max_entries THEN 'critical' ELSE 'high' END AS severity,
  o.netns_name AS netns,
  o.service,
  u.entries_last AS entries,
  u.max_entries,
  u.max_entries * 4 AS four_times,
  s.dropped,
  s.evicted,
  NULL AS log_lines,
  NULL AS last_s_ago,
  u.ref AS usage_ref,
  s.ref AS stat_ref,
  NULL AS log_ref
FROM conntrack_usage AS u
JOIN netns_owner AS o ON o.host = u.host AND o.netns = u.netns
LEFT JOIN stat AS s ON s.host = u.host AND s.netns = u.netns
WHERE u.seen = 'both' AND u.max_entries > 0
  AND ((u.entries * 10 >= u.max_entries * 9 AND u.entries_last * 10 >= u.max_entries * 9) OR s.dropped >= 10)
UNION ALL
SELECT
  l.host,
  'the kernel of ' || l.host || ' dropped packets because connection tracking was full'
    || CASE WHEN l.age_s < 3600 THEN ', within the last hour' ELSE ', within the last day' END,
  'conntrack:' || l.host || '/log',
  CASE WHEN l.age_s < 3600 THEN 'high' ELSE 'low' END,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, l.lines, CAST(l.age_s AS INTEGER), NULL, NULL, l.ref
FROM logged AS l
