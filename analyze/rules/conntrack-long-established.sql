-- Connection tracking is filled with connections that nobody uses
-- catalogue: G3
-- severity: low
-- since: 0.3.0
-- layer: conntrack
-- need: one host
-- blame: configuration
-- check: nsenter --net=/run/docker/netns/<netns> conntrack -L -p tcp --state ESTABLISHED | awk '{print $3}' | sort -n | head
-- remedy: sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=86400 in that namespace
-- risk: a connection that is idle for longer loses its entry: behind NAT or IPVS its next packet is reset
-- verify: sysctl net.netfilter.nf_conntrack_count in the namespace falls within days
-- undo: sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=<timeout_s>
-- remedy: let the clients' keepalive be shorter than the time-out, or let them close what they do not use
-- risk: none
-- verify: as above
-- undo: nothing to undo
-- limits: entries that are neither translated nor without a reply are kept as a sample only; what is counted here is a lower bound.
--
-- An established TCP connection keeps its entry for five days after its last packet by default (432000 seconds), whether its
-- ends still exist or not: a client that was switched off, a task that was killed, leave it behind. In bulk such entries fill the
-- table long before the traffic does; see conntrack-full for what happens then.
--
-- Counted are established entries whose time-out shows that no packet has come for a day, in namespaces where the time-out is
-- known. Reported as a hint when they are a hundred and more and take a tenth of what the table may hold.
WITH idle AS (
  SELECT e.host, e.netns, COUNT(*) AS n, SUM(CASE WHEN e.status IS NOT NULL AND instr(e.status, 'seen_reply') = 0 THEN 1 ELSE 0 END) AS unreplied,
    MIN(e.timeout_s) AS least_s, CAST(k.value AS INTEGER) AS timeout_s, MIN(k.ref) AS sysctl_ref, MIN(e.ref) AS ref
  FROM sysctl AS k
  JOIN conntrack_entry AS e ON e.host = k.host AND e.netns = k.netns
  WHERE k.key = 'net.netfilter.nf_conntrack_tcp_timeout_established' AND CAST(k.value AS INTEGER) >= 172800
    AND e.proto = 'tcp' AND e.state = 'ESTABLISHED' AND e.seen = 'both' AND e.timeout_s <= CAST(k.value AS INTEGER) - 86400
  GROUP BY e.host, e.netns, CAST(k.value AS INTEGER)
)
SELECT
  i.host,
  o.label || ' on ' || i.host || ' tracks ' || i.n || ' established connections that have carried nothing for a day, of ' || u.entries_last || ' entries' AS summary,
  'conntrack:' || i.host || '/' || o.netns_name || '/idle' AS subject,
  o.netns_name AS netns,
  i.n AS idle,
  u.entries_last AS entries,
  u.max_entries,
  i.timeout_s,
  i.ref AS entry_ref,
  u.ref AS usage_ref,
  i.sysctl_ref
FROM idle AS i
JOIN conntrack_usage AS u ON u.host = i.host AND u.netns = i.netns AND u.seen = 'both'
JOIN netns_owner AS o ON o.host = i.host AND o.netns = i.netns
WHERE i.n >= 100 AND i.n * 10 >= u.max_entries
