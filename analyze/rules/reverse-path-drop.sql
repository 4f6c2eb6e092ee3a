-- Strict reverse path filter where answers leave by another device
-- catalogue: C15
-- severity: high
-- since: 0.3.0
-- layer: underlay
-- need: two reads
-- blame: configuration
-- check: sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.<own_dev>.rp_filter; ip route get <peer_ip>; nstat -az TcpExtIPReversePathFilter
-- remedy: sysctl -w net.ipv4.conf.<own_dev>.rp_filter=2
-- risk: a packet whose source is routed by any device at all is taken; the strict check is gone on this device. conf.all must not be 1, for the greater of the two counts
-- verify: nstat -az TcpExtIPReversePathFilter no longer grows
-- undo: sysctl -w net.ipv4.conf.<own_dev>.rp_filter=1
-- remedy: give the other nodes a route by <own_dev>: ip route add <peer_ip>/32 dev <own_dev>
-- risk: what else goes to that node takes that way, too
-- verify: ip route get <peer_ip>
-- undo: ip route del <peer_ip>/32 dev <own_dev>
-- upstream: moby/libnetwork#2395
-- limits: judged for the addresses of other nodes, by the main routing table, and not on hosts with policy routing. Whether packets do come in by that device is told by the
--   counter of the whole host alone: without its growth the finding is low.
--
-- With rp_filter=1 the kernel drops a packet whose source it would not answer by the device that the packet came in by. On a host with one device that
-- never matters. On one with two, where the other nodes send to the address on one device and the route back leaves by the other (a
-- default route on the management network, a more special route of a VPN), all they send is dropped: gossip, overlay frames, connections to published
-- ports. Nothing is logged (but with log_martians), only the counter IPReversePathFilter grows.
--
-- The greater of conf.all and the device's own value counts. 2 is the loose check, 0 is none; distributions differ in what they set.
SELECT
  r.host,
  CASE WHEN c.grown > 0 THEN r.host || ' drops what ' || r.peers || CASE WHEN r.peers = 1 THEN ' other node sends' ELSE ' other nodes send' END || ' to ' || r.own_ip || ' on ' || r.own_dev
    ELSE r.host || ' would drop what ' || r.peers || CASE WHEN r.peers = 1 THEN ' other node sends' ELSE ' other nodes send' END || ' to ' || r.own_ip || ', if it came by ' || r.own_dev END
    || ': the filter is strict, and answers leave by ' || r.dev AS summary,
  'sysctl:' || r.host || '/net.ipv4.conf.' || r.own_dev || '.rp_filter' AS subject,
  CASE WHEN COALESCE(c.grown, 0) <= 0 THEN 'low' END AS severity,
  r.own_dev,
  r.own_ip,
  r.peer_ip,
  r.dev AS answers_leave_by,
  r.route,
  r.peers,
  a.value AS all_rp_filter,
  d.value AS device_rp_filter,
  c.grown AS dropped_meanwhile,
  d.ref AS sysctl_ref,
  a.ref AS all_ref,
  r.route_ref,
  r.address_ref,
  c.ref AS counter_ref
FROM (SELECT host, netns, own_ip, own_dev, MIN(dev) AS dev, COUNT(*) AS peers, MIN(peer_ip) AS peer_ip, MIN(route) AS route, MIN(route_ref) AS route_ref, MIN(address_ref) AS address_ref
  FROM return_route GROUP BY host, netns, own_ip, own_dev) AS r
JOIN sysctl AS a ON a.host = r.host AND a.netns = r.netns AND a.key = 'net.ipv4.conf.all.rp_filter' AND a.value IN ('0', '1')
JOIN sysctl AS d ON d.host = r.host AND d.netns = r.netns AND d.key = 'net.ipv4.conf.' || replace(r.own_dev, '.', '/') || '.rp_filter' AND d.value IN ('0', '1')
LEFT JOIN (SELECT f.host, f.netns, l.ip_reverse_path_filter - f.ip_reverse_path_filter AS grown, l.ref
  FROM netstat_counter AS f JOIN netstat_counter AS l ON l.host = f.host AND l.netns = f.netns AND l.read = 'last' WHERE f.read = 'first') AS c ON c.host = r.host AND c.netns = r.netns
WHERE a.value = '1' OR d.value = '1'
