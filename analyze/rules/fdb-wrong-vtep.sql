-- Forwarding entry points to another node
-- catalogue: A3
-- severity: critical
-- since: 0.1.0
-- layer: fdb
-- need: one host, several hosts, two reads
-- blame: gossip
-- views: the managers' tasks and this host's forwarding entries
-- check: nsenter --net=/run/docker/netns/<netns> bridge fdb show dev <dev> | grep <mac>
-- remedy: nsenter --net=/run/docker/netns/<netns> bridge fdb replace <mac> dev <dev> dst <right_vtep> self permanent
-- risk: as long as the driver keeps the wrong owner in memory, its next event for the address may bring the row back.
-- verify: nsenter --net=/run/docker/netns/<netns> bridge fdb show dev <dev> | grep <mac>
-- undo: nsenter --net=/run/docker/netns/<netns> bridge fdb replace <mac> dev <dev> dst <dst> self permanent
-- remedy: docker service update --force <service>
-- risk: replaces every task of the service, one by one; each gets another address.
-- verify: netmortem analyze of a new capture
-- undo: none needed
-- remedy: systemctl restart docker
--   (on this host, when rows go wrong again and again)
-- risk: the node's control plane is away for some seconds, and its tasks may be replaced elsewhere.
-- verify: netmortem analyze of a new capture
-- undo: none needed
-- upstream: moby/moby#31588, moby/moby#32195, moby/moby#47728, moby/moby#49908
-- fixed-in: less likely since 25.0.13 and 29.0 (rewritten NetworkDB and overlay driver); not in 28.x
-- limits: an entry that points to the host that has it is reported by fdb-remote-self-reference. Which address is a node's VTEP is taken from what its daemon advertises, what the managers see, the addresses in its own
--   host namespace, and what the other hosts' entries use. A node behind address translation, whose VTEP none of these
--   names, is not judged. An endpoint that two nodes claim is left to another rule.
--
-- Each programmed entry on vxlan0 sends the frames for one endpoint to one node. This one, in both reads, sends them to a
-- node that does not run the endpoint: every connection from this host to it is lost, or reaches whoever has the address
-- there now. It happens when an address is given to a task on another node and the events of the two are lost, merged or
-- reordered on the way.
--
-- It cuts both ways: frames that come out of the tunnel from the right node are refused here, too, for the kernel does not take them
-- from elsewhere than the permanent entry of their sender says.
--
-- Why the entry is taken to be wrong stands in the fact "because". When the managers' tasks and the other hosts agree against
-- this one, it missed an event: the cheapest remedy is the row, here. When all hosts point to the same wrong node, the record
-- that the gossip carries is wrong: force-update the service.
WITH foreign_dst AS MATERIALIZED (
  SELECT e.host, e.netns, e.net, e.mac, e.ip, e.node, e.endpoint_ref, e.source, f.dev, f.dst, f.ref AS fdb_ref
  FROM expected_fdb AS e
  CROSS JOIN vxlan_fdb AS f
  LEFT JOIN vtep AS mine ON mine.node = e.node AND mine.ip = f.dst
  WHERE f.host = e.host AND f.netns = e.netns AND f.mac = e.mac AND f.entry = 'programmed' AND f.seen = 'both'
    AND mine.ip IS NULL AND substr(f.dst, 1, 4) <> '127.'
), home AS MATERIALIZED (
  SELECT h.host, h.netns
  FROM netns AS h
  JOIN captured AS c ON c.tbl = 'address' AND c.host = h.host AND c.netns = h.netns
  WHERE h.kind = 'host'
), own AS MATERIALIZED (
  SELECT DISTINCT a.host, a.netns, a.ip FROM address AS a CROSS JOIN home AS h WHERE h.host = a.host AND h.netns = a.netns
), suspect AS MATERIALIZED (
  SELECT e.*
  FROM foreign_dst AS e
  JOIN home AS h ON h.host = e.host
  LEFT JOIN own ON own.host = h.host AND own.netns = h.netns AND own.ip = e.dst
  WHERE own.ip IS NULL
), agreed AS (
  SELECT node, MIN(ip) AS ip, MIN(ref) AS ref FROM vtep_agreed GROUP BY node HAVING COUNT(*) = 1
), told AS (
  SELECT node, MIN(ip) AS ip, MIN(ref) AS ref,
    ROW_NUMBER() OVER (PARTITION BY node ORDER BY CASE source WHEN 'engine' THEN 1 WHEN 'managers' THEN 2 ELSE 3 END) AS place
  FROM vtep GROUP BY node, source
), other AS (
  SELECT ip, MIN(node) AS node, MIN(host) AS host, MIN(ref) AS ref FROM vtep GROUP BY ip HAVING COUNT(DISTINCT node) = 1
)
SELECT
  s.host,
  s.host || ' sends frames for ' || COALESCE(d.label || ' ', '') || '(' || s.ip || ', ' || s.mac || ') to ' || s.dst
    || COALESCE(', which is ' || COALESCE(other.host, other.node), '') || ', but it runs on ' || COALESCE(d.host, s.node) AS summary,
  'fdb:' || s.host || '/' || o.netns_name || '/' || s.mac AS subject,
  CASE s.source WHEN 'tasks' THEN NULL ELSE 'the endpoint''s own node and this host''s forwarding entries' END AS views,
  o.netns_name AS netns,
  s.mac,
  s.dev,
  o.network,
  d.label AS endpoint,
  d.service,
  s.ip,
  s.dst,
  COALESCE(agreed.ip, told.ip) AS right_vtep,
  COALESCE(d.host, s.node) AS runs_on,
  CASE WHEN s.dst = '0.0.0.0' THEN 'no node can have this address'
    WHEN other.ip IS NOT NULL THEN 'the address is that of ' || COALESCE(other.host, other.node)
    ELSE 'entries for other endpoints of that node agree on ' || agreed.ip END AS because,
  d.why,
  s.fdb_ref,
  s.endpoint_ref,
  COALESCE(agreed.ref, told.ref) AS vtep_ref,
  other.ref AS other_ref
FROM suspect AS s
JOIN overlay_netns AS o ON o.host = s.host AND o.netns = s.netns
JOIN endpoint AS d ON d.net = s.net AND d.ip = s.ip
JOIN told ON told.node = s.node AND told.place = 1
LEFT JOIN agreed ON agreed.node = s.node
LEFT JOIN other ON other.ip = s.dst AND other.node <> s.node
WHERE s.dst = '0.0.0.0' OR other.ip IS NOT NULL OR agreed.ip <> s.dst
