-- docker_gwbridge has no address or no port left for another container
-- catalogue: E5
-- severity: medium
-- since: 0.3.0
-- layer: ipam
-- need: one host, logs
-- blame: configuration
-- check: docker network inspect -f '{{json .IPAM.Config}} {{len .Containers}}' docker_gwbridge; bridge link | grep -c docker_gwbridge
-- remedy: move tasks to other nodes: docker node update --availability drain <a node>, or docker service update --replicas-max-per-node <fewer> <service>
-- risk: the tasks are replaced on other nodes
-- verify: docker network inspect -f '{{len .Containers}}' docker_gwbridge
-- undo: docker node update --availability active <a node>
-- remedy: networks that need no way out can be --internal: their containers are not on docker_gwbridge
-- risk: the network must be recreated, and its containers reach nothing outside
-- verify: docker network inspect -f '{{.Internal}}' <the network>
-- undo: the same without --internal
-- remedy: make the bridge larger: leave the swarm, docker network rm docker_gwbridge, docker network create --subnet <larger subnet>
--   --opt com.docker.network.bridge.name=docker_gwbridge --opt com.docker.network.bridge.enable_icc=false --opt com.docker.network.bridge.enable_ip_masquerade=true docker_gwbridge, join again
-- risk: an outage of the node
-- verify: docker network inspect docker_gwbridge
-- undo: the same with the former subnet
-- upstream: moby/libnetwork#1522; net/bridge/br_private.h BR_PORT_BITS
-- limits: counted are the endpoints that the daemon lists and the ports that the kernel has. An address range inside the subnet is not captured.
--
-- Every container with an overlay that is not internal has a second leg, on the bridge docker_gwbridge of its node, which is its way out and the way of
-- published ports in. Each leg takes an address of the bridge's subnet, a /16 by default and a /24 or less where somebody chose it, and a port of
-- the bridge, of which Linux has 1023. When either is gone, no further task starts on the node: "endpoint create on GW Network failed:
-- no available IPv4 addresses", or "exchange full" for the ports. Those that run are not touched.
WITH bridge AS (
  SELECT s.host, s.network, s.net, s.subnets, s.size, s.used, s.ref, COALESCE(l.ports, 0) AS ports, l.link_ref
  FROM network_size AS s
  LEFT JOIN (SELECT b.host, COUNT(p.ifindex) AS ports, MIN(b.ref) AS link_ref
    FROM link AS b LEFT JOIN link AS p ON p.host = b.host AND p.netns = b.netns AND p.master = b.ifindex
    WHERE b.name = 'docker_gwbridge' GROUP BY b.host) AS l ON l.host = s.host
  WHERE s.network = 'docker_gwbridge' AND s.driver = 'bridge'
), said AS (
  SELECT host, COUNT(*) AS lines, MAX(COALESCE(error, text)) AS text, MAX(ref) AS ref FROM log_line
  WHERE ((instr(text, 'no available IPv4') > 0 OR instr(error, 'no available IPv4') > 0)
      AND (instr(text, 'GW Network') > 0 OR instr(error, 'GW Network') > 0 OR instr(text, 'docker_gwbridge') > 0 OR instr(error, 'docker_gwbridge') > 0))
    OR instr(text, 'exchange full') > 0 OR instr(error, 'exchange full') > 0
  GROUP BY host
)
SELECT
  b.host,
  CASE WHEN b.ports >= 1000 THEN 'docker_gwbridge on ' || b.host || ' has ' || b.ports || ' of 1023 ports'
    ELSE 'docker_gwbridge on ' || b.host || ' has ' || b.used || ' of ' || b.size || ' addresses in use' END
    || CASE WHEN g.ref IS NOT NULL THEN ', and the daemon has refused a container for want of one' ELSE '' END AS summary,
  'network:' || b.host || '/docker_gwbridge' AS subject,
  CASE WHEN g.ref IS NOT NULL THEN 'high' WHEN b.ports >= 1023 OR b.used >= b.size THEN 'medium' ELSE 'low' END AS severity,
  b.subnets AS subnet,
  b.used AS in_use,
  b.size AS addresses,
  b.ports,
  g.text AS says,
  b.ref AS subnet_ref,
  b.link_ref,
  g.ref AS log_ref
FROM bridge AS b
LEFT JOIN said AS g ON g.host = b.host
WHERE b.ports >= 1000 OR (10 * b.used >= 9 * b.size AND (b.size >= 14 OR g.ref IS NOT NULL))
