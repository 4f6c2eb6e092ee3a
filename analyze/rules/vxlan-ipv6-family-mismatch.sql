-- Nodes of one overlay have addresses of different families
-- catalogue: A28
-- severity: high
-- since: 0.3.0
-- layer: vxlan
-- need: one host
-- blame: configuration
-- check: docker network inspect -f '{{json .Peers}}' <network>; docker node inspect -f '{{.Status.Addr}}' followed by each node
-- remedy: let the nodes of the smaller group leave and join again: docker swarm leave;
--   docker swarm join --advertise-addr <address_of_the_other_family> with the token
-- risk: their tasks move while they are away, and they come back under new ids
-- verify: docker network inspect -f '{{json .Peers}}' <network> lists one family
-- undo: leave, and join as before
-- limits: told by the peers that a daemon lists for a network. A network that spans no such pair of nodes is not affected.
--
-- A VXLAN device has a socket for one family of addresses, IPv4 or IPv6, chosen when it is made by the address that its own node
-- advertises. An entry for a peer of the other family is refused by the kernel: "address family not supported by
-- protocol". So containers of nodes that advertise an IPv6 address and of those that advertise an IPv4 address never reach each other, though
-- gossip between them works and the nodes are ready. Those of one family do reach each other.
SELECT
  p.host,
  p.network || CASE WHEN p.networks > 1 THEN ' and ' || CAST(p.networks - 1 AS TEXT) || ' more' ELSE '' END || ' on ' || p.host || ': ' || CAST(p.four AS TEXT) || ' of its nodes advertise IPv4 addresses (' || p.ip4 || ') and '
    || CAST(p.six AS TEXT) || ' IPv6 ones (' || p.ip6 || '); the two groups cannot reach each other' AS summary,
  'vtep:' || p.host || '/family' AS subject,
  p.network,
  p.networks,
  p.four AS ipv4_nodes,
  p.six AS ipv6_nodes,
  p.ip4,
  p.ip6,
  p.ref4 AS ipv4_ref,
  p.ref6 AS ipv6_ref
FROM (
  SELECT m.host, MIN(n.name) AS network, COUNT(*) AS networks, MAX(m.four) AS four, MAX(m.six) AS six, MIN(m.ip4) AS ip4, MIN(m.ip6) AS ip6,
    MIN(m.ref4) AS ref4, MIN(m.ref6) AS ref6
  FROM (
    SELECT host, network_id,
      SUM(CASE WHEN instr(ip, ':') = 0 THEN 1 ELSE 0 END) AS four, SUM(CASE WHEN instr(ip, ':') > 0 THEN 1 ELSE 0 END) AS six,
      MIN(CASE WHEN instr(ip, ':') = 0 THEN ip END) AS ip4, MIN(CASE WHEN instr(ip, ':') > 0 THEN ip END) AS ip6,
      MIN(CASE WHEN instr(ip, ':') = 0 THEN ref END) AS ref4, MIN(CASE WHEN instr(ip, ':') > 0 THEN ref END) AS ref6
    FROM network_peer GROUP BY host, network_id
  ) AS m
  JOIN network AS n ON n.host = m.host AND n.network_id = m.network_id AND n.driver = 'overlay'
  WHERE m.four > 0 AND m.six > 0
  GROUP BY m.host
) AS p
