-- Address of a network has two owners
-- catalogue: E3
-- severity: critical
-- since: 0.3.0
-- layer: ipam
-- need: one host, a manager, several hosts
-- blame: managers
-- views: who claims the address
-- check: on each host: for n in /run/docker/netns/*; do nsenter --net=$n ip -o address | grep -w <ip>; done; docker network inspect -v <network>
-- remedy: take it from who should not have it, where it was set by hand: nsenter --net=/run/docker/netns/<netns> ip address del <ip>/<prefix_len> dev <dev>
-- risk: connections to that address on this endpoint end
-- verify: nsenter --net=/run/docker/netns/<netns> ip -o address; netmortem analyze of a new capture
-- undo: nsenter --net=/run/docker/netns/<netns> ip address add <ip>/<prefix_len> dev <dev>
-- remedy: docker service update --force <service>
-- risk: the tasks are replaced, and get other addresses; a virtual address stays
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- remedy: where a virtual address is one of the two: docker service rm <service> and create it again, with --endpoint-mode vip said
-- risk: an outage of that service
-- verify: docker service inspect -f '{{json .Endpoint.VirtualIPs}}' <service>
-- undo: nothing to undo
-- remedy: recreate the network <network>: remove its services, docker network rm, create, deploy
-- risk: an outage of every service on the network
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: moby/libnetwork#1537, moby/swarmkit#2871, moby/moby#33795, moby/moby#33402, moby/moby#35675, moby/moby#30464, moby/moby#40989, moby/moby#41576, moby/moby#32738
-- limits: compared are claims that have stood for a minute: virtual addresses of services, tasks that run, load balancers and containers of captured hosts. Tasks that have
--   ended keep their address in the API and are not counted; the gateway is the same on every node, and so is a virtual address (/32) in every load balancer.
--   A container that takes over an address on purpose (VRRP) is no fault while only one has it.
--
-- Two endpoints answer for one address. Who gets the traffic depends on whose entry came last into a neighbour table, so it changes between
-- hosts and with time: connections reach the wrong service, are reset, or hang. The overlays' tables flap with it (see
-- fdb-local-mac-behind-vxlan, fdb-wrong-vtep), for the hardware address is made of the IP address and is the same, too.
--
-- The managers' allocator gave the same address out twice (after a change of leaders, with load balancers whose attachment was never
-- stored, with a node that joined again with old endpoints), or somebody set it by hand inside a container. If the managers name two owners, it is theirs;
-- if a kernel holds one that they do not know of, it is that host's.
WITH claim AS (
  SELECT net, ip, owner, MIN(kind) AS kind, MIN(label) AS label, MAX(host) AS host, MIN(ref) AS ref, MIN(why) AS why,
    MAX(CASE WHEN source = 'managers' THEN 1 ELSE 0 END) AS managers, MAX(CASE WHEN source = 'kernel' THEN ref END) AS kernel_ref,
    MIN(CASE WHEN source = 'managers' THEN substr(ref, 1, instr(ref, '/') - 1) END) AS manager
  FROM address_use WHERE kind <> 'attachment' GROUP BY net, ip, owner HAVING MIN(settled) = 1
), twice AS (
  SELECT net, ip, COUNT(*) AS owners, SUM(managers) AS known, MIN(manager) AS manager FROM claim GROUP BY net, ip HAVING COUNT(*) > 1
), listed AS (
  SELECT t.net, t.ip, t.owners, t.known, t.manager, c.owner, c.kind, c.label, c.host, c.ref, c.why, c.kernel_ref,
    ROW_NUMBER() OVER (PARTITION BY t.net, t.ip ORDER BY c.managers, CASE WHEN c.host IS NULL THEN 1 ELSE 0 END, c.host, c.owner) AS place
  FROM twice AS t JOIN claim AS c ON c.net = t.net AND c.ip = t.ip
)
SELECT
  CASE WHEN a.known >= 2 THEN a.manager ELSE a.host END AS host,
  a.ip || ' on ' || COALESCE(w.network, a.net) || ' belongs to ' || COALESCE(a.label, a.owner) || COALESCE(' on ' || a.host, '') || ' and to '
    || COALESCE(b.label, b.owner) || COALESCE(' on ' || b.host, '') || CASE WHEN a.owners > 2 THEN ' and to ' || (a.owners - 2) || ' more' ELSE '' END AS summary,
  'address:' || CASE WHEN a.known >= 2 THEN a.manager ELSE a.host END || '/' || a.net || '/' || a.ip AS subject,
  CASE WHEN a.known >= 2 OR a.kind = 'lb' THEN 'managers' WHEN a.kind = 'gateway' OR b.kind = 'gateway' THEN 'configuration' ELSE 'application' END AS blame,
  CASE WHEN a.known >= 2 THEN 'the managers name both' ELSE 'the managers'' tasks and the kernel of ' || a.host END AS views,
  a.ip,
  COALESCE(w.network, a.net) AS network,
  a.why AS claim,
  b.why AS other_claim,
  n.name AS netns,
  x.dev,
  x.prefix_len,
  CASE WHEN b.kind = 'vip' THEN b.label WHEN a.kind = 'vip' THEN a.label ELSE COALESCE(c.service, b.label) END AS service,
  a.ref AS claim_ref,
  b.ref AS other_ref,
  x.ref AS address_ref,
  m.ref AS tasks_ref
FROM listed AS a
JOIN listed AS b ON b.net = a.net AND b.ip = a.ip AND b.place = 2
JOIN (SELECT MIN(p.ref) AS ref FROM bundle AS b CROSS JOIN captured AS p JOIN captured AS q ON q.host = p.host AND q.tbl = 'swarm_task_address'
  JOIN captured AS v ON v.host = p.host AND v.tbl = 'swarm_service_vip' WHERE p.host = b.host AND p.tbl = 'swarm_task' HAVING COUNT(*) > 0) AS m
LEFT JOIN (SELECT substr(network_id, 1, 8) AS net, MIN(name) AS network FROM network GROUP BY substr(network_id, 1, 8)) AS w ON w.net = a.net
LEFT JOIN address AS x ON x.ref = a.kernel_ref
LEFT JOIN netns AS n ON n.host = x.host AND n.netns = x.netns
LEFT JOIN container AS c ON c.host = a.host AND c.task_id = a.owner
WHERE a.place = 1 AND CASE WHEN a.known >= 2 THEN a.manager ELSE a.host END IS NOT NULL
