-- Packets are dropped for a limit of the machine's size
-- catalogue: A27
-- severity: medium
-- since: 0.3.0
-- layer: underlay
-- need: one host, two reads
-- blame: underlay
-- check: ethtool -S <dev> | grep allowance; tc -s qdisc show dev <dev>
-- remedy: spread what is busiest on <host> over more nodes: docker service update --replicas-max-per-node 1 --force <service>
-- risk: every task of the service is replaced
-- verify: ethtool -S <dev> twice, ten seconds apart: the counters stand still
-- undo: docker service update --replicas-max-per-node 0 --force <service>
-- remedy: a larger instance type, or one with a better network
-- risk: the node is drained and replaced
-- verify: the same
-- undo: the former type
-- upstream: moby/moby#32195
-- limits: only drivers that count what the cloud drops, which is ENA's, and queues of the host. A provider that drops silently shows
--   nothing; a steady rate just below a round number of packets a second is the only hint then.
--
-- Clouds allow each size of machine so many bits, packets and tracked connections a second, and drop the rest before it reaches the
-- machine or after it has left. Overlays spend packets faster than other traffic: gossip, ARP, small requests of many
-- services, each with VXLAN around it. ENA tells how much was dropped and why in its counters *_allowance_exceeded. From the
-- containers it looks like loss without a cause: retransmissions, names that take five seconds, gossip that suspects its peers.
--
-- While the counters grow between the two reads the limit is being hit now. Counters that stand still tell of the past only, and are
-- reported at low severity. A queue of the host's own card that drops a hundredth of what it sends is the same from the other side.
SELECT
  s.host,
  CASE WHEN SUM(s.count_last - s.count) >= 10
    THEN s.dev || ' on ' || s.host || ' lost ' || CAST(SUM(s.count_last - s.count) AS TEXT) || ' packets to limits of the cloud while capture watched'
    ELSE s.dev || ' on ' || s.host || ' has lost ' || CAST(SUM(s.count) AS TEXT) || ' packets to limits of the cloud since it started, and none lately' END AS summary,
  'nic:' || s.host || '/' || s.dev AS subject,
  CASE WHEN SUM(s.count_last - s.count) >= 10 THEN 'medium' ELSE 'low' END AS severity,
  s.dev,
  MAX(CASE s.stat WHEN 'pps_allowance_exceeded' THEN s.count_last END) AS packets_over,
  MAX(CASE s.stat WHEN 'bw_in_allowance_exceeded' THEN s.count_last END) AS bandwidth_in_over,
  MAX(CASE s.stat WHEN 'bw_out_allowance_exceeded' THEN s.count_last END) AS bandwidth_out_over,
  MAX(CASE s.stat WHEN 'conntrack_allowance_exceeded' THEN s.count_last END) AS connections_over,
  MAX(CASE s.stat WHEN 'linklocal_allowance_exceeded' THEN s.count_last END) AS link_local_over,
  SUM(s.count_last - s.count) AS grown,
  NULL AS sent,
  MIN(CASE WHEN s.count_last > 0 THEN s.ref END) AS stat_ref
FROM nic_stat AS s
WHERE s.stat IN ('pps_allowance_exceeded', 'bw_in_allowance_exceeded', 'bw_out_allowance_exceeded', 'conntrack_allowance_exceeded', 'linklocal_allowance_exceeded')
  AND s.seen = 'both'
GROUP BY s.host, s.dev HAVING SUM(s.count) > 0 OR SUM(s.count_last) > 0
UNION ALL
SELECT
  q.host,
  'the queue of ' || q.dev || ' on ' || q.host || ' dropped ' || CAST(q.drops_last - q.drops AS TEXT) || ' of ' || CAST(q.packets_last - q.packets + q.drops_last - q.drops AS TEXT) || ' packets while capture watched',
  'qdisc:' || q.host || '/' || q.dev,
  'medium',
  q.dev,
  NULL, NULL, NULL, NULL, NULL,
  q.drops_last - q.drops,
  q.packets_last - q.packets,
  q.ref
FROM qdisc AS q
JOIN netns AS n ON n.host = q.host AND n.netns = q.netns AND n.kind = 'host'
JOIN link AS l ON l.host = q.host AND l.netns = q.netns AND l.ifindex = q.ifindex AND COALESCE(l.kind, '') NOT IN ('veth', 'bridge', 'vxlan', 'ifb', 'dummy')
WHERE q.parent = 'root' AND q.seen = 'both' AND q.dev <> 'lo'
  AND q.drops_last - q.drops >= 100 AND (q.drops_last - q.drops) * 100 >= q.packets_last - q.packets + q.drops_last - q.drops
