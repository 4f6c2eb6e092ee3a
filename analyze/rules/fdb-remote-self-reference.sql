-- Forwarding entry points back to its own host
-- catalogue: A4
-- severity: high
-- since: 0.3.0
-- layer: fdb
-- need: one host, two reads
-- blame: gossip
-- views: this host's forwarding entries and its own addresses
-- check: nsenter --net=/run/docker/netns/<netns> bridge fdb show dev <dev> | grep <mac>
-- remedy: nsenter --net=/run/docker/netns/<netns> bridge fdb replace <mac> dev <dev> dst <right_vtep> self permanent
--   (where the finding knows the node; otherwise bridge fdb del <mac> dev <dev> dst <dst> self)
-- risk: none; frames by this entry come back to the host that sends them, and reach nobody.
-- verify: nsenter --net=/run/docker/netns/<netns> bridge fdb show dev <dev> | grep <mac>
-- undo: nsenter --net=/run/docker/netns/<netns> bridge fdb replace <mac> dev <dev> dst <dst> self permanent
-- remedy: systemctl restart docker
--   (on this host, when such entries come back: the driver then builds its list of peers anew)
-- risk: the node's control plane is away for some seconds; containers of a swarm node are stopped and replaced elsewhere unless
--   they come back in time.
-- verify: netmortem analyze of a new capture
-- undo: none needed
-- upstream: moby/moby#32195, moby/moby#35807
-- limits: an entry for an endpoint of this very host is reported by fdb-local-mac-behind-vxlan. Where nobody knows who has the
--   address, every namespace of the host must have been captured.
--
-- A programmed entry of an overlay's VXLAN device tells which node has an endpoint, and the driver makes one for endpoints of
-- other nodes only. This one, in both reads, names an address of the host that has it: its frames leave by the tunnel and come in
-- again by the same host, where the bridge has no port for them.
--
-- It is what remains when an endpoint was here, was taken away, and the news of the two came in the wrong order or not at all: the
-- driver's list of peers then holds two owners for one address ("transient condition … cardinality:2" in the daemon's log, for longer
-- than some seconds).
--
-- Critical when the address is that of an endpoint known to live on another node: this host cannot reach it, and, because
-- the kernel refuses frames from the tunnel whose sender has a permanent entry to somewhere else, cannot hear it either.
WITH home AS MATERIALIZED (
  SELECT host, netns FROM netns WHERE kind = 'host'
), own AS MATERIALIZED (
  SELECT a.host, a.ip, MIN(a.ref) AS ref FROM address AS a CROSS JOIN home AS h WHERE h.host = a.host AND h.netns = a.netns GROUP BY a.host, a.ip
), self AS MATERIALIZED (
  SELECT f.host, f.netns, f.mac, f.dev, f.dst, f.ref, own.ref AS address_ref
  FROM vxlan_fdb AS f
  LEFT JOIN own ON own.host = f.host AND own.ip = f.dst
  LEFT JOIN local_mac AS l ON l.host = f.host AND l.netns = f.netns AND l.mac = f.mac
  WHERE f.entry = 'programmed' AND f.seen = 'both' AND l.mac IS NULL AND (own.ip IS NOT NULL OR substr(f.dst, 1, 4) = '127.')
), wanted AS MATERIALIZED (
  SELECT e.host, e.netns, e.mac, e.ip, e.net, e.node, e.source, e.endpoint_ref
  FROM expected_fdb AS e
  CROSS JOIN (SELECT DISTINCT host, netns, mac FROM self) AS s
  WHERE s.host = e.host AND s.netns = e.netns AND s.mac = e.mac
), agreed AS (
  SELECT node, MIN(ip) AS ip FROM vtep_agreed GROUP BY node HAVING COUNT(*) = 1
), told AS (
  SELECT node, MIN(ip) AS ip FROM vtep WHERE source <> 'address' GROUP BY node HAVING COUNT(DISTINCT ip) = 1
)
SELECT
  s.host,
  s.host || ' sends frames for ' || COALESCE(d.label || ' (' || d.ip || ', ' || s.mac || ')', n.ip || ' (' || s.mac || ')', s.mac) || ' in ' || o.network || ' to '
    || s.dst || ', which is itself' || COALESCE(', but it runs on ' || COALESCE(d.host, e.node), '') AS summary,
  'fdb:' || s.host || '/' || o.netns_name || '/' || s.mac AS subject,
  CASE WHEN e.mac IS NOT NULL THEN 'critical' END AS severity,
  CASE WHEN e.source = 'tasks' THEN 'the managers'' tasks and this host''s forwarding entries' WHEN e.mac IS NOT NULL THEN 'the endpoint''s own node and this host''s forwarding entries' END AS views,
  o.netns_name AS netns,
  s.mac,
  s.dev,
  s.dst,
  COALESCE(agreed.ip, told.ip) AS right_vtep,
  o.network,
  d.label AS endpoint,
  COALESCE(e.ip, n.ip) AS ip,
  COALESCE(d.host, e.node) AS runs_on,
  d.why,
  s.ref AS fdb_ref,
  s.address_ref,
  n.ref AS neighbour_ref,
  e.endpoint_ref
FROM self AS s
JOIN overlay_netns AS o ON o.host = s.host AND o.netns = s.netns
LEFT JOIN known_host AS k ON k.host = s.host
LEFT JOIN vxlan_neighbour AS n ON n.host = s.host AND n.netns = s.netns AND n.mac = s.mac AND n.seen = 'both'
LEFT JOIN wanted AS e ON e.host = s.host AND e.netns = s.netns AND e.mac = s.mac
LEFT JOIN endpoint AS d ON d.net = e.net AND d.ip = e.ip
LEFT JOIN agreed ON agreed.node = e.node
LEFT JOIN told ON told.node = e.node
WHERE e.mac IS NOT NULL OR k.host IS NOT NULL
