-- Node advertises an address that it does not have
-- catalogue: A26
-- severity: critical
-- since: 0.3.0
-- layer: underlay
-- need: one host
-- blame: configuration
-- views: the swarm's membership and this host's addresses
-- check: docker info --format '{{.Swarm.NodeAddr}}'; ip -br address; cat /var/lib/docker/swarm/docker-state.json
-- remedy: ip address add <advertised>/32 dev <dev>, if the address has left the host by mistake
-- risk: if another machine has the address now, the two conflict
-- verify: ask a service on <host> from another node
-- undo: ip address del <advertised>/32 dev <dev>
-- remedy: for a worker: docker node update --availability drain <host>; docker swarm leave;
--   docker swarm join --advertise-addr <an_address_of_the_host> with the token
-- risk: the node's tasks move, and the node comes back under a new id; remove the old one with docker node rm
-- verify: docker node inspect <host> --format '{{.Status.Addr}}'
-- undo: leave, and join as before
-- remedy: for a manager: demote it first, one at a time while the others have a majority. For the only manager:
--   docker swarm init --force-new-cluster --advertise-addr <an_address_of_the_host>; workers join again
-- risk: the swarm has no manager until it is done; a copy of /var/lib/docker/swarm comes first
-- verify: docker node ls
-- undo: stop docker and restore /var/lib/docker/swarm
-- upstream: docker/classicswarm#2933, docker/for-linux#523, moby/moby#30455, moby/moby#31135, moby/moby#39950
-- limits: behind a one-to-one NAT the advertised address is never on the host: such nodes are told at medium severity, and at low
--   severity when they have a data path address of their own that is there.
--
-- A node joins with the address by which the others shall reach it. It goes into their forwarding entries, as the VTEP of all that
-- runs on the node, and into the list of managers. The engine keeps it on disk and does not look again: when DHCP gives the host
-- another address, when an image is cloned, when a floating address moves on, the node goes on advertising the old one. It
-- reaches the managers by itself, so it looks ready; datagrams of overlays are sent to the old address and nobody answers.
--
-- With 0.0.0.0 or 127.0.0.1 every other node sends to itself.
WITH own AS (
  SELECT n.host, n.netns, c.ref AS looked_ref FROM netns AS n
  JOIN captured AS c ON c.host = n.host AND c.netns = n.netns AND c.tbl = 'address'
  WHERE n.kind = 'host'
), claim AS (
  SELECT e.host, e.node_addr AS ip, 'engine' AS source, e.ref FROM engine AS e WHERE e.swarm_state = 'active' AND e.node_addr <> ''
  UNION ALL
  SELECT h.host, substr(n.manager_addr, 1, instr(n.manager_addr, ':') - 1), 'managers', MIN(n.ref)
  FROM swarm_node AS n
  JOIN swarm_host AS h ON h.node_id = n.node_id
  JOIN engine AS e ON e.host = h.host AND e.swarm_state = 'active' AND e.node_addr <> substr(n.manager_addr, 1, instr(n.manager_addr, ':') - 1)
  WHERE instr(n.manager_addr, '.') > 0 AND instr(n.manager_addr, ':') > 1 AND n.reachability IS NOT NULL
  GROUP BY h.host, n.manager_addr
)
SELECT
  c.host,
  CASE WHEN c.source = 'managers' THEN 'the managers reach ' || c.host || ' at ' || c.ip || ', which is no address of its own'
    WHEN c.ip IN ('0.0.0.0', '::') OR substr(c.ip, 1, 4) = '127.' THEN c.host || ' advertises ' || c.ip || ': every other node takes that for itself'
    WHEN d.ip IS NOT NULL THEN c.host || ' advertises ' || c.ip || ', which is no address of its own, and ' || d.ip || ' for data, which is'
    ELSE c.host || ' advertises ' || c.ip || ', which is no address of its own: what others send to its containers goes elsewhere' END AS summary,
  'node:' || c.host || '/' || c.ip AS subject,
  CASE WHEN c.ip IN ('0.0.0.0', '::') OR substr(c.ip, 1, 4) = '127.' THEN 'critical'
    WHEN d.ip IS NOT NULL THEN 'low'
    WHEN c.source = 'managers' THEN 'high'
    WHEN p.public = 0 AND NOT (substr(c.ip, 1, 3) = '10.' OR substr(c.ip, 1, 8) = '192.168.' OR (substr(c.ip, 1, 7) BETWEEN '172.16.' AND '172.31.' AND substr(c.ip, 7, 1) = '.')) THEN 'medium'
    ELSE 'critical' END AS severity,
  c.ip AS advertised,
  p.ip AS has,
  p.dev,
  d.ip AS data_path,
  f.advertise_addr AS configured,
  c.ref AS claim_ref,
  o.looked_ref,
  p.ref AS address_ref,
  f.ref AS file_ref
FROM claim AS c
JOIN own AS o ON o.host = c.host
LEFT JOIN address AS a ON a.host = o.host AND a.netns = o.netns AND a.ip = c.ip AND substr(a.ip, 1, 4) <> '127.'
LEFT JOIN swarm_file AS f ON f.host = c.host
LEFT JOIN address AS d ON d.host = o.host AND d.netns = o.netns AND d.ip = f.data_path_addr
LEFT JOIN (
  SELECT x.host, x.netns, MIN(x.ip) AS ip, MIN(x.dev) AS dev, MIN(x.ref) AS ref,
    MAX(CASE WHEN substr(x.ip, 1, 3) = '10.' OR substr(x.ip, 1, 8) = '192.168.' OR (substr(x.ip, 1, 7) BETWEEN '172.16.' AND '172.31.' AND substr(x.ip, 7, 1) = '.') THEN 0 ELSE 1 END) AS public
  FROM address AS x
  JOIN link AS l ON l.host = x.host AND l.netns = x.netns AND l.ifindex = x.ifindex AND COALESCE(l.kind, '') NOT IN ('bridge', 'veth')
  WHERE x.scope = 'global' AND instr(x.ip, ':') = 0
  GROUP BY x.host, x.netns
) AS p ON p.host = o.host AND p.netns = o.netns
WHERE a.host IS NULL
