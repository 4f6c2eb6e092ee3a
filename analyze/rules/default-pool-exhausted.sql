-- No subnet is left for another network
-- catalogue: E6
-- severity: medium
-- since: 0.3.0
-- layer: ipam
-- need: one host, logs
-- blame: configuration
-- check: docker network ls; docker info -f '{{json .DefaultAddressPools}}'; ip route
-- remedy: docker network prune (after a look at docker network ls: it removes every network without a container)
-- risk: networks of stopped compose projects go; compose makes them again
-- verify: docker network create probe && docker network rm probe
-- undo: docker network create with the former subnet
-- remedy: docker network create --subnet <a free subnet> <name>, for the one that is needed now
-- risk: none, if the subnet is free everywhere that its containers must reach
-- verify: docker network inspect <name>
-- undo: docker network rm <name>
-- remedy: larger or smaller-cut pools: "default-address-pools": [{"base": "172.16.0.0/12", "size": 24}] in daemon.json, then systemctl restart docker
-- risk: the node's control plane is away for the restart; networks that exist keep their subnets
-- verify: docker info -f '{{json .DefaultAddressPools}}'
-- undo: the former daemon.json, and systemctl restart docker
-- upstream: moby/moby docs "default-address-pools"; docker/compose leftovers
-- limits: what is left is counted by the networks and the main routing table of the host; a nameserver inside a pool, over which Docker passes as well, is not
--   counted. One subnet left is reported as low.
--
-- A network that asks for no subnet gets the next one of the daemon's default pools; without a setting these are thirty-one: 172.17.0.0/16 to 172.31.0.0/16, and
-- 192.168.0.0/16 in pieces of 20 bits. Docker passes over those that overlap a network it has or a route of the host, so a VPN that routes
-- 172.16.0.0/12 into its tunnel takes fifteen at once (a route by a gateway does not count). Every compose project makes a network, and many are never removed. When none is left, the next
-- one fails: "could not find an available, non-overlapping IPv4 address pool among the defaults", or since 28
-- "all predefined address pools have been fully subnetted". A swarm has pools of its own for overlays.
WITH said AS (
  SELECT host, COUNT(*) AS lines, MAX(time) AS time, MAX(COALESCE(error, text)) AS text, MAX(ref) AS ref FROM log_line WHERE class = 'no-pool' GROUP BY host
)
SELECT
  p.host,
  CASE WHEN p.free = 0 THEN 'no subnet is left' WHEN p.free = 1 THEN 'one subnet is left' ELSE p.free || ' subnets are left' END
    || ' for another ' || CASE WHEN p.scope = 'swarm' THEN 'overlay of the swarm, by ' || p.host ELSE 'network on ' || p.host END || ', of ' || p.total
    || CASE WHEN g.ref IS NOT NULL THEN ', and one was refused' ELSE '' END AS summary,
  'pool:' || p.host || '/' || p.scope AS subject,
  CASE WHEN p.free > 0 AND g.ref IS NULL THEN 'low' END AS severity,
  p.scope,
  p.free,
  p.total,
  CASE p.preset WHEN 1 THEN 'Docker''s own' ELSE p.pools END AS pools,
  g.lines,
  g.text AS says,
  p.ref AS engine_ref,
  c.ref AS networks_ref,
  g.ref AS log_ref
FROM pool_use AS p
CROSS JOIN captured AS c
LEFT JOIN said AS g ON g.host = p.host AND (p.scope = 'local' OR p.free = 0)
WHERE c.tbl = 'network_subnet' AND c.host = p.host
  AND ((p.free <= 1 AND p.total > 4) OR (p.free = 0) OR (g.ref IS NOT NULL AND p.scope = 'local'))
