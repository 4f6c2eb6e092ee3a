-- Host has an old hardware address for a container on one of its bridges
-- catalogue: A10
-- severity: medium
-- since: 0.3.0
-- layer: neighbour
-- need: one host, two reads
-- blame: kernel
-- views: the host's neighbour table and the container's own device
-- check: ip neigh show <ip> dev <bridge>
-- remedy: ip neigh del <ip> dev <bridge>
-- risk: none; the host asks again with its next packet.
-- verify: ip neigh show <ip> dev <bridge>
-- undo: ip neigh replace <ip> lladdr <mac> dev <bridge> nud stale
-- upstream: moby/moby#36069
-- fixed-in: less likely with 28.0 and newer, which announces a new container's address with gratuitous ARP
-- limits: a container that started less than a minute before the capture is not judged. An entry in state stale is low: the kernel asks
--   again by itself some seconds after its next use.
--
-- The host reaches containers on docker0, docker_gwbridge and the bridges of bridge networks by its own neighbour table. The entry
-- for this address, the same in both reads, has another hardware address than the device that holds it: that
-- of the container that had the address before, as a rule. What the host itself sends, forwards or publishes to the container is lost until
-- the entry is resolved anew; containers among themselves are not concerned, for each has a table of its own.
--
-- For docker_gwbridge and the routing mesh's sandbox that is every published port of the node. Since 28.0 containers on bridges
-- have random hardware addresses, so that an address that is used again shows; before, they were derived from the address, and an old
-- entry was right by chance.
SELECT
  n.host,
  n.host || ' has ' || n.mac || ' for ' || e.ip || ' on ' || e.bridge || ', but ' || e.label || ', which has the address, has ' || e.mac
    || CASE WHEN x.label IS NOT NULL THEN '; that is ' || x.label || '''s' ELSE '' END AS summary,
  'neigh:' || n.host || '/' || e.bridge || '/' || e.ip AS subject,
  CASE WHEN n.state = 'stale' THEN 'low' END AS severity,
  CASE WHEN n.state = 'permanent' THEN 'configuration' END AS blame,
  e.bridge,
  e.ip,
  n.mac,
  e.mac AS right_mac,
  e.label AS container,
  n.state,
  n.ref AS neighbour_ref,
  e.link_ref,
  e.address_ref
FROM bridge_endpoint AS e
JOIN reading AS r ON r.host = e.host
JOIN neighbour AS n ON n.host = e.host AND n.netns = e.bridge_netns AND n.ifindex = e.bridge_ifindex AND n.ip = e.ip
JOIN (SELECT host, bridge_ifindex, ip FROM bridge_endpoint GROUP BY host, bridge_ifindex, ip HAVING COUNT(*) = 1) AS one
  ON one.host = e.host AND one.bridge_ifindex = e.bridge_ifindex AND one.ip = e.ip
LEFT JOIN (SELECT host, bridge_ifindex, mac, MIN(label) AS label FROM bridge_endpoint WHERE mac IS NOT NULL GROUP BY host, bridge_ifindex, mac) AS x
  ON x.host = e.host AND x.bridge_ifindex = e.bridge_ifindex AND x.mac = n.mac
-- no equation: SQLite would index neighbours by it alone
WHERE instr(n.seen, 'both') = 1 AND n.mac <> e.mac AND n.state IN ('reachable', 'stale', 'delay', 'probe', 'permanent')
  AND (e.since_s <= r.first_s - 60 OR e.kind = 'ingress' AND n.updated_s >= 60)
