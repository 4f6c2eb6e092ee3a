-- Overlay namespace is left over
-- catalogue: A21
-- severity: medium
-- since: 0.3.0
-- layer: link
-- need: one host
-- blame: driver
-- views: the daemon's networks and this host's kernel
-- check: ls /run/docker/netns; docker network ls --no-trunc -f driver=overlay; nsenter --net=<path> ip -d link
-- remedy: nsenter --net=<path> ip link del <vxlan>; umount <path>; rm <path>
-- risk: a network that is in use after all loses its tunnel on this host; look first whether <path> has ports to containers
-- verify: ls /run/docker/netns no longer lists <netns>; netmortem analyze of a new capture
-- undo: systemctl restart docker makes namespaces of networks that are in use anew
-- remedy: systemctl restart docker on <host>
-- risk: the node's tasks are replaced
-- verify: ls /run/docker/netns
-- undo: nothing to undo
-- upstream: moby/libnetwork#1765, moby/moby#28559
-- limits: networks of a key-value store (VNI below 4096) that the daemon does not list are not judged: the store may be away. A
--   namespace of an unknown network that has ports is not judged: the network may be on its way out. One without a VXLAN device
--   does no harm and is not told. Files without a namespace are told from ten on: the daemon removes them itself within a minute.
--
-- The driver keeps one namespace for each overlay that has an endpoint on the host, and removes it with the last one. Its name is a
-- counter, a dash and the beginning of the network's id. A namespace for a network that the daemon does not know, or a second one of
-- a network that already has one, was forgotten: by a daemon that was killed, or by a leave that failed half way, after which
-- the count of endpoints never comes down to nought.
--
-- It holds a VXLAN device, and with it a VNI. A new network that gets the same VNI cannot be made on this host then
-- ("error creating vxlan interface: file exists", see vxlan-vni-exists), and until somebody needs the number all is quiet. With two
-- namespaces of one network, datagrams of the network go to whichever device the kernel finds first.
WITH ranked AS (
  SELECT s.*, FIRST_VALUE(netns_name) OVER alive AS living, ROW_NUMBER() OVER alive AS place
  FROM (
    SELECT o.host, o.netns, o.netns_name, o.net, o.network, o.vni, o.vxlan, o.age_s, o.ref, o.link_ref, COUNT(p.ref) AS ports
    FROM overlay_netns AS o
    JOIN captured AS l ON l.host = o.host AND l.netns = o.netns AND l.tbl = 'link'
    LEFT JOIN link AS p ON p.host = o.host AND p.netns = o.netns AND p.kind = 'veth'
    WHERE o.copies > 1
    GROUP BY o.host, o.netns, o.netns_name, o.net, o.network, o.vni, o.vxlan, o.age_s, o.ref, o.link_ref
  ) AS s
  WINDOW alive AS (PARTITION BY host, net ORDER BY ports DESC, CAST(substr(netns_name, 1, instr(netns_name, '-') - 1) AS INTEGER) DESC, netns_name)
)
SELECT
  s.host,
  s.netns_name || ' on ' || s.host || ' belongs to no network that the daemon knows, and holds VNI ' || CAST(s.vni AS TEXT) AS summary,
  'netns:' || s.host || '/' || s.netns_name AS subject,
  'medium' AS severity,
  s.netns_name AS netns,
  n.path,
  s.vxlan,
  s.vni,
  0 AS ports,
  NULL AS living,
  NULL AS files,
  s.ref AS netns_ref,
  s.link_ref,
  c.ref AS networks_ref
FROM overlay_netns AS s
JOIN netns AS n ON n.host = s.host AND n.netns = s.netns
JOIN (SELECT b.host, MIN(k.ref) AS ref FROM bundle AS b CROSS JOIN captured AS k WHERE k.host = b.host AND k.tbl = 'network' AND k.outcome = 'ok' GROUP BY b.host) AS c ON c.host = s.host
JOIN captured AS l ON l.host = s.host AND l.netns = s.netns AND l.tbl = 'link'
JOIN engine AS e ON e.host = s.host AND e.swarm_state IN ('active', 'inactive')
JOIN reading AS r ON r.host = s.host
LEFT JOIN (SELECT DISTINCT host, substr(network_id, 1, 8) AS net FROM network) AS w ON w.host = s.host AND w.net = s.net
LEFT JOIN (SELECT DISTINCT host, netns FROM link WHERE kind = 'veth') AS p ON p.host = s.host AND p.netns = s.netns
WHERE s.vni >= 4096 AND s.age_s >= r.last_s - r.first_s AND w.host IS NULL AND p.host IS NULL
UNION ALL
SELECT
  s.host,
  s.netns_name || ' on ' || s.host || ' is a second namespace of ' || s.network || ' beside ' || s.living || CASE WHEN s.ports = 0 THEN ', and nothing is plugged into it' ELSE '' END,
  'netns:' || s.host || '/' || s.netns_name,
  CASE WHEN s.ports = 0 THEN 'medium' ELSE 'high' END,
  s.netns_name,
  n.path,
  s.vxlan,
  s.vni,
  s.ports,
  s.living,
  NULL,
  s.ref,
  s.link_ref,
  NULL
FROM ranked AS s
JOIN netns AS n ON n.host = s.host AND n.netns = s.netns
JOIN reading AS r ON r.host = s.host
WHERE s.place > 1 AND s.age_s >= r.last_s - r.first_s
UNION ALL
SELECT
  f.host,
  f.host || ' has ' || CAST(COUNT(*) AS TEXT) || ' files for overlay namespaces that are mounted no more (' || MIN(f.netns) || ')',
  'netns:' || f.host || '/files',
  'low',
  MIN(f.netns),
  '/run/docker/netns/' || MIN(f.netns),
  NULL,
  NULL,
  NULL,
  NULL,
  COUNT(*),
  MIN(f.ref),
  NULL,
  NULL
FROM coverage AS f
WHERE f.tbl = 'netns' AND f.outcome = 'absent' AND instr(f.netns, '-') > 1 AND substr(f.netns, 1, 1) BETWEEN '0' AND '9' AND length(f.netns) = 12
GROUP BY f.host HAVING COUNT(*) >= 10
