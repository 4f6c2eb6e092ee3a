-- Tunnel of a classic overlay answers for a container of this very host
-- catalogue: A1
-- severity: critical
-- since: 0.3.0
-- layer: fdb
-- need: one host, two reads
-- blame: driver
-- check: ip neigh show dev <dev>; bridge fdb show dev <dev> | grep <mac>
-- remedy: ip neigh del <ip> dev <dev>; bridge fdb del <mac> dev <dev> dst <dst> self; bridge fdb del <mac> dev <dev> master
-- risk: none for traffic when the address is local, as the finding says; the command that finds no row says so and does no harm
-- verify: bridge fdb show | grep <mac> names <port> alone
-- undo: ip neigh replace <ip> lladdr <mac> dev <dev> nud permanent
-- remedy: move the containers to an engine of 17.06 or newer, or to a swarm's networks
-- risk: a classic overlay ends with the key-value store; engines from 23.0 on do not have it
-- verify: docker network inspect says scope swarm
-- undo: none needed
-- upstream: moby/libnetwork#1952, moby/moby#29024, moby/moby#32195
-- fixed-in: 17.06
-- limits: for overlays that live in the host's own namespace; those in a namespace of their own are judged by
--   fdb-local-mac-behind-vxlan, whatever made them. Only permanent entries count here.
--
-- Before swarm mode, overlays got their state from a key-value store and spread it by serf. Their VNIs begin at 256, their scope is
-- global, and on kernels before 3.16 bridge and tunnel stand in the host's own namespace under names with VNI and network in them:
-- ov-000100-4f3a9 and vx-000100-4f3a9.
--
-- The driver of those engines heard its own announcements come back and programmed them like a stranger's: a permanent neighbour and
-- a forwarding entry for a container that is right here. The tunnel is an ARP proxy and answers beside the container, the bridge
-- learns the container's address behind the tunnel, and frames between two containers of one host are sent away.
SELECT
  v.host,
  v.name || ' on ' || v.host || CASE WHEN n.ref IS NOT NULL THEN ' answers ARP for ' ELSE ' has a forwarding entry for ' END
    || COALESCE(c.name, s.name, p.name) || ' (' || COALESCE(n.ip || ', ', '') || e.mac || ') of this very host' || COALESCE(': frames to it go to ' || f.dst, '') AS summary,
  'fdb:' || v.host || '/host/' || e.mac AS subject,
  v.name AS dev,
  v.vni,
  e.mac,
  n.ip,
  f.dst,
  p.name AS port,
  COALESCE(c.name, s.name) AS endpoint,
  n.ref AS neighbour_ref,
  f.ref AS fdb_ref,
  e.ref AS local_ref,
  v.ref AS vxlan_ref
FROM link AS v
JOIN netns AS h ON h.host = v.host AND h.netns = v.netns AND h.kind = 'host'
JOIN link AS p ON p.host = v.host AND p.netns = v.netns AND p.master = v.master AND p.kind = 'veth'
JOIN link AS e ON e.host = p.host AND e.netns = p.peer_netns AND e.ifindex = p.peer_ifindex
LEFT JOIN netns AS s ON s.host = e.host AND s.netns = e.netns
LEFT JOIN container AS c ON c.host = s.host AND c.container = s.container
LEFT JOIN (
  SELECT host, netns, ifindex, mac, MIN(ip) AS ip, MIN(ref) AS ref FROM neighbour
  WHERE instr(state, 'permanent') > 0 AND seen = 'both' AND instr(ip, ':') = 0 GROUP BY host, netns, ifindex, mac
) AS n ON n.host = v.host AND n.netns = v.netns AND n.ifindex = v.ifindex AND n.mac = e.mac
LEFT JOIN (
  SELECT host, netns, ifindex, mac, MIN(dst) AS dst, MIN(ref) AS ref FROM fdb
  WHERE self = 1 AND instr(state, 'permanent') > 0 AND seen = 'both' AND dst IS NOT NULL GROUP BY host, netns, ifindex, mac
) AS f ON f.host = v.host AND f.netns = v.netns AND f.ifindex = v.ifindex AND f.mac = e.mac
WHERE v.kind = 'vxlan' AND substr(v.name, 1, 3) = 'vx-' AND v.master > 0 AND (n.ref IS NOT NULL OR f.ref IS NOT NULL)
