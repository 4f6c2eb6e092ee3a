-- Learned entry sends frames to where an endpoint was before
-- catalogue: A8
-- severity: medium
-- since: 0.3.0
-- layer: fdb
-- need: one host, two reads
-- blame: driver
-- views: what the kernel has learned and where the endpoint is
-- check: nsenter --net=/run/docker/netns/<netns> bridge -s fdb show | grep <mac>
-- remedy: nsenter --net=/run/docker/netns/<netns> bridge fdb del <mac> dev <dev> <in_table>
-- risk: none; the kernel learns the entry again from the endpoint's next frame.
-- verify: nsenter --net=/run/docker/netns/<netns> bridge fdb show | grep <mac>
-- undo: none needed
-- remedy: wait until the entry has aged, <ends_in_s> seconds at most
-- risk: the endpoint stays cut off until then, or until it sends a frame itself.
-- verify: nsenter --net=/run/docker/netns/<netns> bridge fdb show | grep <mac>
-- undo: none needed
-- upstream: moby/moby#33076, moby/moby#30321, moby/libnetwork#1768, moby/libnetwork#1783, moby/libnetwork#1792
-- fixed-in: 17.06, which deletes the bridge's entry with the endpoint
-- limits: passes by itself within 300 seconds. An entry that was refreshed while capture watched, or that stands beside a
--   permanent row for the endpoint, is no relic: see fdb-local-mac-behind-vxlan and fdb-permanent-missing.
--
-- An address moved from one node to another, as when a task is replaced and its address is given out again. Nobody told
-- the bridge, or the VXLAN device, which go on by what they had learned from traffic: for 300 seconds frames to the endpoint leave
-- for the place where it was. It ends earlier when the endpoint sends a frame of its own, which most do and a server that
-- only waits for requests does not.
--
-- Two forms: the bridge takes an endpoint of this host to be behind the tunnel, without having heard it there
-- again between the two reads; or the VXLAN device has learned one node for an endpoint that runs on another.
-- Engines before 17.06 do this with every address that moves.
WITH stray AS MATERIALIZED (
  SELECT b.host, b.netns, b.mac, b.dev, b.updated_s, b.ref
  FROM vxlan_fdb AS b
  CROSS JOIN reading AS r
  LEFT JOIN vxlan_fdb AS p ON p.host = b.host AND p.netns = b.netns AND p.mac = b.mac AND p.entry = 'programmed'
  WHERE b.entry = 'bridge' AND b.seen = 'both' AND r.host = b.host AND b.updated_s > r.last_s - r.first_s AND p.mac IS NULL
), learned AS MATERIALIZED (
  SELECT l.host, l.netns, l.mac, l.dev, l.dst, l.updated_s, l.ref
  FROM vxlan_fdb AS l
  LEFT JOIN vxlan_fdb AS p ON p.host = l.host AND p.netns = l.netns AND p.mac = l.mac AND p.entry = 'programmed'
  WHERE l.entry = 'learned' AND l.seen = 'both' AND p.mac IS NULL
), wanted AS MATERIALIZED (
  SELECT l.host, l.netns, l.mac, l.dev, l.dst, l.updated_s, l.ref, e.net, e.ip, e.node, e.endpoint_ref
  FROM expected_fdb AS e
  CROSS JOIN learned AS l
  WHERE l.host = e.host AND l.netns = e.netns AND l.mac = e.mac
)
SELECT
  b.host,
  'the bridge of ' || o.network || ' on ' || b.host || ' still takes ' || m.label || ' (' || COALESCE(m.ip || ', ', '') || b.mac
    || ') to be behind the tunnel: frames to it from this host are lost' AS summary,
  'fdb:' || b.host || '/' || o.netns_name || '/' || b.mac AS subject,
  o.netns_name AS netns,
  b.mac,
  b.dev,
  'master' AS in_table,
  o.network,
  m.label AS endpoint,
  m.ip,
  m.port AS is_at,
  NULL AS dst,
  CAST(300 - b.updated_s AS INTEGER) AS ends_in_s,
  b.ref AS fdb_ref,
  m.ref AS endpoint_ref
FROM stray AS b
CROSS JOIN overlay_netns AS o
CROSS JOIN local_mac AS m
CROSS JOIN captured AS cn
LEFT JOIN vxlan_neighbour AS n ON n.host = b.host AND n.netns = b.netns AND n.mac = b.mac
WHERE o.host = b.host AND o.netns = b.netns AND m.host = b.host AND m.netns = b.netns AND m.mac = b.mac
  AND cn.tbl = 'neighbour' AND cn.host = b.host AND cn.netns = b.netns AND n.ip IS NULL
UNION ALL
SELECT
  l.host,
  l.host || ' has learned that ' || COALESCE(d.label || ' ', '') || '(' || l.ip || ', ' || l.mac || ') is behind ' || l.dst || ', but it runs on '
    || COALESCE(d.host, l.node),
  'fdb:' || l.host || '/' || o.netns_name || '/' || l.mac,
  o.netns_name,
  l.mac,
  l.dev,
  'self',
  o.network,
  d.label,
  l.ip,
  COALESCE(d.host, l.node),
  l.dst,
  CAST(300 - l.updated_s AS INTEGER),
  l.ref,
  l.endpoint_ref
FROM wanted AS l
JOIN overlay_netns AS o ON o.host = l.host AND o.netns = l.netns
JOIN endpoint AS d ON d.net = l.net AND d.ip = l.ip
JOIN (SELECT ip, MIN(node) AS node FROM vtep GROUP BY ip HAVING COUNT(DISTINCT node) = 1) AS w ON w.ip = l.dst AND w.node <> l.node
