-- Two networks of one node overlap
-- catalogue: E4
-- severity: high
-- since: 0.3.0
-- layer: ipam
-- need: one host
-- blame: configuration
-- check: docker network inspect -f '{{.Name}} {{.IPAM.Config}}' <network> <other>; in a container on both: ip route
-- remedy: move the network that is easier to move: docker network create --subnet <a free subnet> <network>-new, connect its containers there, docker network rm <network>
-- risk: its containers change their addresses; connections over it end
-- verify: docker network inspect -f '{{.IPAM.Config}}' <network>-new
-- undo: docker network create --subnet <subnet> <network>
-- remedy: for good: give local networks and the swarm pools that do not meet: "default-address-pools" in daemon.json, docker swarm init --default-addr-pool
-- risk: systemctl restart docker for the daemon's pools; a swarm takes its pools only when it is made
-- verify: docker info -f '{{json .DefaultAddressPools}}'
-- undo: the former daemon.json, and systemctl restart docker
-- upstream: moby/moby#50011, moby/moby#34493
-- limits: says what overlaps by the daemon's own list and the overlays that any host knows. Two overlays that overlap are reported for the managers only. Overlap with the host's own networks is
--   bridge-overlaps-lan's, with what containers must reach outside overlay-overlaps-underlay-dns's.
--
-- Two of a node's networks have subnets that overlap. A container on both has two routes to the same addresses and reaches only one of the networks by them;
-- the other's services time out from there. Where Docker notices, it refuses: a task whose network cannot be set up on the node is rejected with "Pool overlaps
-- with other one on this address space", on this node, while the same service runs on others. Engine 20.10 refuses
-- likewise to make a local network over an overlay that the node has joined; from 28.1 on more of it is noticed.
--
-- It comes of a local network (a compose project, docker network create on the node) whose subnet was chosen from the range that the swarm uses for its
-- overlays, or the other way round. An overlap that nobody has met yet is reported as low: the next task on this node may meet it.
WITH pair AS (
  SELECT o.*, CASE WHEN o.driver = 'overlay' AND o.other_driver = 'overlay' THEN 1 ELSE 0 END AS overlays,
    (SELECT COUNT(DISTINCT a.container) FROM container_network AS a JOIN container_network AS b ON b.host = a.host AND b.container = a.container
      WHERE a.host = o.host AND a.network_id = o.network_id AND b.network_id = o.other_id) AS on_both,
    (SELECT MIN(a.container) FROM container_network AS a JOIN container_network AS b ON b.host = a.host AND b.container = a.container
      WHERE a.host = o.host AND a.network_id = o.network_id AND b.network_id = o.other_id) AS container,
    CASE WHEN (o.network = 'docker_gwbridge' AND o.other_driver = 'overlay') OR (o.other = 'docker_gwbridge' AND o.driver = 'overlay') THEN 1 ELSE 0 END AS gateway
  FROM subnet_overlap AS o
), refused AS (
  SELECT host, MIN(ref) AS ref, MAX(says) AS says FROM (
    SELECT h.host, t.ref, t.err AS says FROM swarm_task AS t JOIN swarm_host AS h ON h.node_id = t.node_id WHERE instr(t.err, 'Pool overlaps') > 0
    UNION ALL
    SELECT l.host, l.ref, COALESCE(l.error, l.text) FROM log_line AS l WHERE l.class = 'pool-overlap' OR instr(l.error, 'Pool overlaps') > 0) GROUP BY host
), judged AS (
  SELECT p.*, r.ref AS refused_ref, r.says, c.name AS container_name, c.ref AS container_ref,
    ROW_NUMBER() OVER (PARTITION BY p.host, p.network_id, p.other_id ORDER BY p.ref, p.other_ref) AS place
  FROM pair AS p
  LEFT JOIN refused AS r ON r.host = p.host
  LEFT JOIN container AS c ON c.host = p.host AND c.container = p.container
  LEFT JOIN captured AS m ON m.tbl = 'swarm_node' AND m.host = p.host
  WHERE p.overlays = 0 OR m.host IS NOT NULL
)
SELECT
  j.host,
  j.network || ' (' || j.subnet || ') and ' || j.other || ' (' || j.other_subnet || ') overlap on ' || j.host
    || CASE WHEN j.refused_ref IS NOT NULL THEN ', and the node has refused a network for that'
      WHEN j.on_both > 0 THEN ', and ' || j.on_both || CASE WHEN j.on_both = 1 THEN ' container is on both' ELSE ' containers are on both' END
      WHEN j.gateway = 1 THEN ', and every container of the overlay is on both' ELSE '' END AS summary,
  'network:' || j.host || '/' || j.network_id || '/' || j.other_id AS subject,
  CASE WHEN j.refused_ref IS NOT NULL OR j.gateway = 1 OR j.on_both > 0 THEN 'high' ELSE 'low' END AS severity,
  j.network,
  j.subnet,
  j.other,
  j.other_subnet,
  j.on_both AS containers_on_both,
  j.container_name AS a_container,
  j.says,
  j.ref AS subnet_ref,
  j.other_ref,
  j.container_ref,
  j.refused_ref
FROM judged AS j
WHERE j.place = 1
