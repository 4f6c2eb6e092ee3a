-- Tunnel answers for a container of this very host
-- catalogue: A1
-- severity: critical
-- since: 0.1.0
-- layer: fdb
-- need: one host, two reads
-- blame: driver
-- views: this host's own endpoints and the rows of its VXLAN device
-- check: nsenter --net=/run/docker/netns/<netns> sh -c 'ip neigh show dev <dev>; bridge fdb show | grep <mac>'
-- remedy: nsenter --net=/run/docker/netns/<netns> ip neigh del <ip> dev <dev>;
--   nsenter --net=/run/docker/netns/<netns> bridge fdb del <mac> dev <dev> dst <dst> self;
--   nsenter --net=/run/docker/netns/<netns> bridge fdb del <mac> dev <dev> master
-- risk: none for traffic, as the address is local; a row taken from a remote endpoint by mistake cuts it off from this host.
-- verify: nsenter --net=/run/docker/netns/<netns> sh -c 'ip neigh show dev <dev>; bridge fdb show dev <dev> | grep <mac>'
-- undo: nsenter --net=/run/docker/netns/<netns> ip neigh replace <ip> lladdr <mac> dev <dev> nud permanent;
--   nsenter --net=/run/docker/netns/<netns> bridge fdb replace <mac> dev <dev> dst <dst> self permanent
-- remedy: docker service update --force SERVICE
--   (the service of the endpoint: its task gets another address, which no row stands for)
-- risk: replaces every task of the service, one by one.
-- verify: netmortem analyze of a new capture
-- undo: none needed
-- upstream: moby/moby#29024, moby/moby#32195, moby/moby#34957, moby/moby#35807, moby/libnetwork#1952
-- fixed-in: 17.06 for key-value stores, 17.12 for swarm mode. Engines 25.0.13 and newer restore a remaining peer without asking
--   whether it is local, so it may come again.
-- limits: the weak signature (learned entries alone) is reported only for an endpoint that has been here for five minutes, for such
--   entries outlive a move by that long; only when the entry was refreshed between the two reads, for it also outlives the fault;
--   and not where it was learned from 127.0.0.1: such frames left for this host itself, by an entry
--   that points here (see fdb-remote-self-reference). An address that no captured row shows to be local is not judged.
--
-- vxlan0 of an overlay is an ARP proxy: it answers for every address that has a permanent neighbour row on it. Such rows, and
-- the forwarding entries beside them, belong to endpoints of other nodes. Here they stand for an endpoint of this host. Its
-- neighbours on the bridge then get two answers, the endpoint's own and the proxy's, and with the proxy's the bridge
-- learns the endpoint's address behind the tunnel: frames between two containers of one host leave for the underlay and are
-- lost until the endpoint sends its next frame. It works, and works, and does not.
--
-- Strong, and critical: a permanent neighbour row or a programmed forwarding entry on vxlan0 for a local endpoint. Weak, and
-- medium: only the traces, a learned entry, refreshed while capture watched, that says "behind the tunnel" for an endpoint that has
-- long been here; what refreshes it need not be on this host.
SELECT
  m.host,
  CASE WHEN n.ref IS NOT NULL THEN o.vxlan || ' on ' || m.host || ' answers ARP for ' || m.label || ' (' || COALESCE(m.ip, n.ip) || ', ' || m.mac || ') of this very host'
    WHEN p.ref IS NOT NULL THEN o.vxlan || ' on ' || m.host || ' has a programmed forwarding entry for ' || m.label || ' (' || COALESCE(m.ip || ', ', '') || m.mac || ') of this very host'
    ELSE 'the overlay of ' || o.network || ' on ' || m.host || ' takes ' || m.label || ' (' || COALESCE(m.ip || ', ', '') || m.mac || ') of this very host to be behind the tunnel' END
    || COALESCE(': frames to it go to ' || COALESCE(p.dst, l.dst), '') AS summary,
  'fdb:' || m.host || '/' || o.netns_name || '/' || m.mac AS subject,
  CASE WHEN n.ref IS NULL AND p.ref IS NULL THEN 'medium' END AS severity,
  CASE WHEN n.ref IS NULL AND p.ref IS NULL THEN 'this host''s own endpoints and what its kernel has learned' END AS views,
  o.netns_name AS netns,
  m.mac,
  o.vxlan AS dev,
  CASE WHEN n.ref IS NOT NULL OR p.ref IS NOT NULL THEN 'strong' ELSE 'weak' END AS signature,
  o.network,
  m.label AS endpoint,
  COALESCE(m.ip, n.ip) AS ip,
  m.port,
  COALESCE(p.dst, l.dst) AS dst,
  n.ref AS neighbour_ref,
  p.ref AS programmed_ref,
  l.ref AS learned_ref,
  b.ref AS bridge_ref,
  m.ref AS local_ref
FROM local_mac AS m
JOIN overlay_netns AS o ON o.host = m.host AND o.netns = m.netns
LEFT JOIN reading AS r ON r.host = m.host
LEFT JOIN vxlan_neighbour AS n ON n.host = m.host AND n.netns = m.netns AND n.mac = m.mac AND n.seen = 'both'
LEFT JOIN vxlan_fdb AS p ON p.host = m.host AND p.netns = m.netns AND p.mac = m.mac AND p.entry = 'programmed' AND p.seen = 'both'
LEFT JOIN vxlan_fdb AS l ON l.host = m.host AND l.netns = m.netns AND l.mac = m.mac AND l.entry = 'learned' AND l.seen = 'both'
LEFT JOIN vxlan_fdb AS b ON b.host = m.host AND b.netns = m.netns AND b.mac = m.mac AND b.entry = 'bridge' AND b.seen = 'both'
WHERE n.ref IS NOT NULL OR p.ref IS NOT NULL
  OR ((l.updated_s <= r.last_s - r.first_s OR b.updated_s <= r.last_s - r.first_s) AND m.since_s <= r.first_s - 300 AND substr(COALESCE(l.dst, ''), 1, 4) <> '127.')
