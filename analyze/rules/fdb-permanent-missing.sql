-- Forwarding entry of a live remote endpoint is missing
-- catalogue: A2
-- severity: critical
-- since: 0.1.0
-- layer: fdb
-- need: one host, two reads
-- blame: driver
-- views: the managers' tasks and this host's forwarding entries
-- check: nsenter --net=/run/docker/netns/<netns> sh -c 'ip neigh show <ip>; bridge fdb show dev <dev> | grep <mac>'
-- remedy: nsenter --net=/run/docker/netns/<netns> bridge fdb replace <mac> dev <dev> dst <vtep_of_its_node> self permanent
-- risk: with a wrong VTEP the endpoint becomes unreachable for good, and does not recover by itself when it is heard again.
-- verify: nsenter --net=/run/docker/netns/<netns> bridge fdb show dev <dev> | grep <mac>
-- undo: nsenter --net=/run/docker/netns/<netns> bridge fdb del <mac> dev <dev> dst <vtep_of_its_node> self
-- remedy: docker service update --force <service>
-- risk: replaces every task of the service, one by one; each gets another address, and rows for it everywhere.
-- verify: netmortem analyze of a new capture
-- undo: none needed
-- remedy: systemctl restart docker
--   (on this host, when many entries are missing)
-- risk: the node's control plane is away for some seconds, and its tasks may be replaced elsewhere.
-- verify: netmortem analyze of a new capture
-- undo: none needed
-- upstream: moby/moby#52661, moby/moby#35807; fix moby/moby#53663
-- fixed-in: after 29.8.0 (moby#53663 replaces in place of exclusive create); 25.0.13 to 29.8.0 have the fault, older engines lose the row in other ways
-- limits: an endpoint that started, or a namespace that was made, less than a minute before the capture is not judged, nor one
--   that only a bundle taken minutes apart knows, or, where no manager tells of it, one that was not taken at the same time.
--
-- A frame to an endpoint on another node needs two rows in the overlay's namespace: the permanent neighbour, by which vxlan0
-- answers ARP, and a permanent forwarding entry of vxlan0, by which the frame finds the node. Here the first is there and the
-- second is not, in both reads, though the endpoint is alive: ARP is answered, and what follows is dropped.
--
-- On engines 25.0.13 to 29.8.0 a gossip flap is enough: the row is deleted, the endpoint goes on sending, vxlan0 learns a row of
-- its own, and the driver's exclusive create then fails because a row exists. While a learned entry is there, traffic still
-- passes (see the fact "still_learned"); it ends 300 seconds after the endpoint's last frame.
--
-- Alive means: the managers or the endpoint's own kernel say so, or frames from it came out of the tunnel within the last minute.
WITH proof AS MATERIALIZED (
  SELECT e.host, e.netns, e.net, e.mac, e.ip, e.node, e.endpoint_ref AS proof_ref, e.source, 1 AS rank
  FROM expected_fdb AS e
  LEFT JOIN vxlan_fdb AS p ON p.host = e.host AND p.netns = e.netns AND p.mac = e.mac AND p.entry = 'programmed'
  WHERE p.mac IS NULL
  UNION ALL
  SELECT f.host, f.netns, NULL, f.mac, n.ip, NULL, f.ref, NULL, 2
  FROM vxlan_fdb AS f
  JOIN known_host AS k ON k.host = f.host
  JOIN vxlan_neighbour AS n ON n.host = f.host AND n.netns = f.netns AND n.mac = f.mac
  LEFT JOIN local_mac AS m ON m.host = f.host AND m.netns = f.netns AND m.mac = f.mac
  LEFT JOIN vxlan_fdb AS p ON p.host = f.host AND p.netns = f.netns AND p.mac = f.mac AND p.entry = 'programmed'
  WHERE f.entry = 'learned' AND f.seen = 'both' AND f.updated_s < 60 AND n.updated_s >= 60 AND m.mac IS NULL AND p.mac IS NULL
), ranked AS (
  SELECT p.*, n.ref AS neighbour_ref, c.ref AS coverage_ref,
    ROW_NUMBER() OVER (PARTITION BY p.host, p.netns, p.mac ORDER BY p.rank, p.proof_ref) AS place
  FROM proof AS p
  CROSS JOIN captured AS c
  CROSS JOIN vxlan_neighbour AS n
  WHERE c.tbl = 'fdb' AND c.host = p.host AND c.netns = p.netns
    AND n.host = p.host AND n.netns = p.netns AND n.ip = p.ip AND n.mac = p.mac AND n.seen = 'both'
)
SELECT
  r.host,
  r.host || ' has no forwarding entry for ' || COALESCE(e.label || ' ', '') || '(' || r.ip || ', ' || r.mac || ')'
    || COALESCE(' on ' || e.host, '') || ' in ' || o.network
    || CASE WHEN l.ref IS NOT NULL THEN ': a learned one stands in until it ages' ELSE ': frames to it are dropped' END AS summary,
  'fdb:' || r.host || '/' || o.netns_name || '/' || r.mac AS subject,
  CASE WHEN r.rank = 2 THEN 'this host''s neighbour rows and its forwarding entries' WHEN r.source <> 'tasks' THEN 'the endpoint''s own node and this host''s forwarding entries' END AS views,
  o.netns_name AS netns,
  r.mac,
  o.vxlan AS dev,
  o.network,
  e.label AS endpoint,
  e.service,
  r.ip,
  e.host AS runs_on,
  CASE WHEN l.ref IS NOT NULL THEN 'yes' ELSE 'no' END AS still_learned,
  l.dst AS learned_vtep,
  a.ip AS vtep_of_its_node,
  CASE WHEN r.rank = 1 THEN e.why ELSE 'frames from it came out of the tunnel within the last minute' END AS alive_because,
  r.neighbour_ref,
  r.coverage_ref,
  r.proof_ref,
  l.ref AS learned_ref,
  b.ref AS bridge_ref,
  o.ref AS netns_ref
FROM ranked AS r
JOIN overlay_netns AS o ON o.host = r.host AND o.netns = r.netns
LEFT JOIN endpoint AS e ON e.net = r.net AND e.ip = r.ip
LEFT JOIN (SELECT node, MIN(ip) AS ip FROM vtep_agreed GROUP BY node HAVING COUNT(*) = 1) AS a ON a.node = r.node
LEFT JOIN vxlan_fdb AS l ON l.host = r.host AND l.netns = r.netns AND l.mac = r.mac AND l.entry = 'learned' AND l.seen = 'both'
LEFT JOIN vxlan_fdb AS b ON b.host = r.host AND b.netns = r.netns AND b.mac = r.mac AND b.entry = 'bridge' AND b.seen = 'both'
WHERE r.place = 1
