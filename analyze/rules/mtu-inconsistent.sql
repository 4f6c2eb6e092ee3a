-- Devices of one path have different MTUs
-- catalogue: A16
-- severity: medium
-- since: 0.3.0
-- layer: link
-- need: one host
-- blame: configuration
-- check: nsenter --net=/run/docker/netns/<netns> ip link show dev <dev>; docker network inspect <network>
-- remedy: nsenter --net=/run/docker/netns/<netns> ip link set dev <dev> mtu <should_be>
-- risk: none, if the network's options are right and the underlay carries packets of that size; open connections keep the
--   segment size that they have agreed on.
-- verify: nsenter --net=/run/docker/netns/<netns> ip link show dev <dev>
-- undo: nsenter --net=/run/docker/netns/<netns> ip link set dev <dev> mtu <mtu>
-- remedy: docker service update --force SERVICE
--   (new tasks get new devices, which have the MTU that the options say)
-- risk: replaces every task of the service
-- verify: nsenter --net=/run/docker/netns/<netns> ip link show
-- undo: none needed
-- remedy: docker network rm docker_gwbridge; docker network create
--   --opt com.docker.network.driver.mtu=<should_be> --opt com.docker.network.bridge.name=docker_gwbridge
--   --opt com.docker.network.bridge.enable_icc=false --opt com.docker.network.bridge.enable_ip_masquerade=true docker_gwbridge
--   (for the finding about bridges; the node must have left the swarm, or its containers be stopped)
-- risk: no container of the node reaches the outside while the bridge is gone.
-- verify: ip link show docker_gwbridge
-- undo: the same without the option
-- upstream: moby/moby#41406, moby/moby#24220, moby/moby#43673
-- limits: what the ends of a path beyond the captured hosts have is not known. Bridges of the host are compared to the device of the
--   default route only, at severity low, for there the host itself tells the sender which size fits.
--
-- Three ways for the pieces of one path to differ are found here, one finding each.
--
-- Devices of an overlay whose MTU is not what the options of the network ask for: somebody, a script or a network manager changed it, or
-- the network was made anew under containers that stayed. The end with the smaller MTU announces a smaller segment size for TCP, so
-- most connections go on; UDP, and what comes in from the larger side, is dropped at the port without any message, for a bridge
-- does not fragment and does not answer.
--
-- An ingress network that was left at the default while other overlays were given a smaller MTU: published ports hang with large
-- requests and answers, services among themselves do not.
--
-- Bridges of the host (docker0, docker_gwbridge, bridge networks) that take larger packets than the device of the default route. The
-- setting mtu of daemon.json reaches docker0 alone; docker_gwbridge and bridge networks need the option at creation. TCP finds the right
-- size as long as ICMP passes, hence low.
WITH port AS MATERIALIZED (
  SELECT l.host, l.netns, l.kind, l.name, l.mtu, l.ref, l.peer_netns, l.peer_ifindex, x.mtu AS want
  FROM link AS l
  CROSS JOIN expected_mtu AS x
  WHERE x.host = l.host AND x.netns = l.netns AND (l.kind = 'veth' AND l.master > 0 OR l.kind = 'vxlan')
), odd AS (
  SELECT host, netns AS overlay, netns, name AS dev, mtu, ref, want
  FROM port WHERE kind = 'veth' AND mtu <> want OR kind = 'vxlan' AND mtu < want
  UNION ALL
  SELECT p.host, p.netns, e.netns, e.name, e.mtu, e.ref, p.want
  FROM link AS e
  CROSS JOIN port AS p
  WHERE p.host = e.host AND p.peer_netns = e.netns AND p.peer_ifindex = e.ifindex AND p.kind = 'veth' AND e.mtu <> p.want
), first_odd AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY host, overlay ORDER BY ref) AS place, COUNT(*) OVER (PARTITION BY host, overlay) AS number FROM odd
), named AS (
  SELECT x.host, x.netns, x.mtu, x.why, x.network_ref, o.network, w.ingress, o.netns_name
  FROM expected_mtu AS x
  JOIN overlay_netns AS o ON o.host = x.host AND o.netns = x.netns
  LEFT JOIN overlay_network AS w ON w.net = x.net
), home AS MATERIALIZED (
  SELECT host, netns FROM netns WHERE kind = 'host'
), way AS MATERIALIZED (
  SELECT r.host, r.netns, r.ifindex, r.type, r.ref
  FROM route AS r
  CROSS JOIN home AS h
  WHERE r.dst = '0.0.0.0/0' AND r.table_id = 254 AND h.host = r.host AND h.netns = r.netns
), one_way AS MATERIALIZED (
  SELECT host, netns FROM way GROUP BY host, netns HAVING COUNT(DISTINCT ifindex) = 1
), uplink AS MATERIALIZED (
  SELECT u.host, u.netns, u.ifindex, u.name, u.mtu, u.ref, r.ref AS route_ref
  FROM link AS u
  CROSS JOIN way AS r
  WHERE r.host = u.host AND r.netns = u.netns AND r.ifindex = u.ifindex AND r.type = 'unicast'
), bridge AS MATERIALIZED (
  SELECT b.host, b.netns, b.ifindex, b.name, b.mtu, b.ref
  FROM link AS b
  CROSS JOIN home AS h
  WHERE b.kind = 'bridge' AND b.operstate <> 'down' AND h.host = b.host AND h.netns = b.netns
)
SELECT
  f.host,
  f.dev || ' in ' || n.name || ' on ' || f.host || ' has MTU ' || f.mtu || ' where ' || d.network || ' asks for ' || f.want
    || CASE WHEN f.number > 1 THEN ', and so have ' || (f.number - 1) || ' more of its devices' ELSE '' END AS summary,
  'mtu:' || f.host || '/' || d.netns_name AS subject,
  NULL AS severity,
  'the options of the network and this host''s kernel' AS views,
  d.network,
  n.name AS netns,
  f.dev,
  f.mtu,
  f.want AS should_be,
  d.why AS because,
  f.number AS devices,
  f.ref AS link_ref,
  d.network_ref,
  NULL AS other_ref
FROM first_odd AS f
JOIN named AS d ON d.host = f.host AND d.netns = f.overlay
JOIN netns AS n ON n.host = f.host AND n.netns = f.netns
WHERE f.place = 1
UNION ALL
SELECT
  i.host,
  'ingress on ' || i.host || ' has MTU ' || i.mtu || ', while ' || MIN(d.network) || ' was given ' || MIN(d.mtu) || ': the routing mesh was left out',
  'mtu:' || i.host || '/ingress',
  'low',
  'the options of ingress and those of the other networks',
  i.network,
  i.netns_name,
  NULL,
  i.mtu,
  MIN(d.mtu),
  i.why,
  NULL,
  i.network_ref,
  MIN(d.network_ref),
  NULL
FROM named AS i
JOIN named AS d ON d.host = i.host AND d.netns <> i.netns
JOIN expected_mtu AS xi ON xi.host = i.host AND xi.netns = i.netns
JOIN expected_mtu AS xd ON xd.host = d.host AND xd.netns = d.netns AND xd.wire < xi.wire
WHERE i.ingress = 1
GROUP BY i.host, i.network, i.netns_name, i.mtu, i.why, i.network_ref
UNION ALL
SELECT
  b.host,
  'MTU of ' || group_concat(b.name, ', ') || ' on ' || b.host || ' is ' || MAX(b.mtu) || ', that of ' || u.name || ', the device of the default route, only ' || u.mtu,
  'mtu:' || b.host || '/' || u.name || '/bridges',
  'low',
  'the host''s bridges and the device of its default route',
  NULL,
  NULL,
  MIN(b.name),
  MAX(b.mtu),
  u.mtu,
  'the default route leaves by ' || u.name,
  COUNT(*),
  MIN(b.ref),
  MIN(u.ref),
  MIN(u.route_ref)
FROM uplink AS u
JOIN one_way AS o ON o.host = u.host AND o.netns = u.netns
JOIN bridge AS b ON b.host = u.host AND b.netns = u.netns AND b.mtu > u.mtu AND b.ifindex <> u.ifindex
JOIN (SELECT DISTINCT host, bridge_ifindex FROM bridge_endpoint) AS e ON e.host = b.host AND e.bridge_ifindex = b.ifindex
GROUP BY b.host, u.name, u.mtu
