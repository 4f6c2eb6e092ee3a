-- Permanent neighbour row for an endpoint that is gone
-- catalogue: A5
-- severity: medium
-- since: 0.1.0
-- layer: neighbour
-- need: one host, several hosts, a manager, two reads
-- blame: driver
-- views: the managers' tasks and this host's neighbour rows
-- check: nsenter --net=/run/docker/netns/<netns> ip neigh show <ip> dev <dev>; on a manager: docker network inspect -v <network>
-- remedy: nsenter --net=/run/docker/netns/<netns> ip neigh del <ip> dev <dev>;
--   nsenter --net=/run/docker/netns/<netns> bridge fdb del <mac> dev <dev> dst <dst> self
-- risk: if the address has been given out in the meantime, the row may be right again: look before you delete.
-- verify: nsenter --net=/run/docker/netns/<netns> ip neigh show <ip> dev <dev>
-- undo: nsenter --net=/run/docker/netns/<netns> ip neigh replace <ip> lladdr <mac> dev <dev> nud permanent;
--   nsenter --net=/run/docker/netns/<netns> bridge fdb replace <mac> dev <dev> dst <dst> self permanent
-- remedy: leave it, and watch how many there are
-- risk: it may stand in the way when the address is given out again.
-- verify: netmortem analyze of a new capture
-- undo: none needed
-- upstream: moby/moby#50129, moby/moby#50232, moby/moby#50236, moby/moby#52265, moby/moby#52289, moby/moby#52661, moby/moby#52697
-- fixed-in: partly in 29.x (7a12bbe5d3); moby#52697 is open
-- limits: judged only where everybody who could have the address was captured: the managers' tasks, and the kernel of the node
--   that the row's forwarding entry points to (without one: of every node). Every node's load balancer has an address on the
--   network that no task list knows, so the bundle of a node that is missing silences the rule for the rows that point to it.
--
-- vxlan0 holds a permanent neighbour row for an address that, in both reads, belongs to no running task, to no attached
-- container and to no node's load balancer: the endpoint is gone, and its row was not removed.
--
-- By itself this hurts nobody: nobody asks for the address. It matters in numbers, for with kernels before 5.0 permanent rows of
-- all namespaces count towards one limit (see neigh-table-overflow), and when the address is given out again: then it is
-- critical, and is reported as what it has become. With the new owner on another node than the row says that is
-- fdb-wrong-vtep, with the new owner on this host fdb-local-mac-behind-vxlan, with another hardware address mac-ip-mismatch.
WITH unowned AS MATERIALIZED (
  SELECT n.host, n.netns, o.netns_name, o.vxlan, o.net, o.network, n.ip, n.mac, n.updated_s, n.ref, o.ref AS netns_ref
  FROM vxlan_neighbour AS n
  CROSS JOIN overlay_netns AS o
  LEFT JOIN endpoint AS e ON e.net = o.net AND e.ip = n.ip
  WHERE o.host = n.host AND o.netns = n.netns AND o.copies = 1 AND n.seen = 'both' AND e.ip IS NULL
), candidate AS MATERIALIZED (
  SELECT n.host, n.netns, n.netns_name, n.vxlan AS dev, n.net, n.network, n.ip, n.mac, n.updated_s, n.ref, v.manager, v.first_s, v.last_s, v.tasks_ref,
    f.dst, f.ref AS fdb_ref, n.netns_ref
  FROM unowned AS n
  CROSS JOIN swarm_view AS v
  LEFT JOIN network_change AS q ON q.net = n.net
  LEFT JOIN task_endpoint AS t ON t.net = n.net AND t.ip = n.ip AND (t.gone = 0 OR t.since_s > v.first_s - 60)
  LEFT JOIN vxlan_fdb AS f ON f.host = n.host AND f.netns = n.netns AND f.mac = n.mac AND f.entry = 'programmed' AND f.seen = 'both'
  WHERE v.host = n.host AND t.ip IS NULL
    AND (v.look_s >= v.first_s OR q.changed_s <= v.look_s - 120)
)
SELECT
  c.host,
  c.host || ' keeps a neighbour row for ' || c.ip || ' in ' || c.network || ', which nobody has'
    || COALESCE('; frames to it go to ' || c.dst, '') AS summary,
  'neigh:' || c.host || '/' || c.netns_name || '/' || c.ip AS subject,
  c.netns_name AS netns,
  c.ip,
  c.dev,
  c.network,
  c.mac,
  c.dst,
  w.who AS looked_at,
  c.manager,
  c.ref AS neighbour_ref,
  c.fdb_ref,
  c.tasks_ref,
  w.ref AS coverage_ref
FROM candidate AS c
JOIN (
  SELECT c1.host, c1.netns, c1.ip, MIN(k.host) AS who, MIN(k.netns_ref) AS ref
  FROM candidate AS c1
  JOIN vtep AS p ON p.ip = c1.dst
  JOIN known_host AS k ON k.host = p.host AND k.host <> c1.host AND k.first_s <= c1.last_s + 120
    AND (k.first_s >= c1.first_s - 5 OR c1.updated_s >= c1.last_s - k.first_s + 5)
  GROUP BY c1.host, c1.netns, c1.ip
  UNION
  SELECT c2.host, c2.netns, c2.ip, 'every node', s.nodes_ref
  FROM candidate AS c2
  JOIN swarm_known AS s ON s.host = c2.host
  WHERE c2.dst IS NULL
) AS w ON w.host = c.host AND w.netns = c.netns AND w.ip = c.ip
