-- Neighbour row with a hardware address that is not its endpoint's
-- catalogue: A7
-- severity: medium
-- since: 0.3.0
-- layer: neighbour
-- need: one host, several hosts, two reads
-- blame: gossip
-- views: this host's neighbour table and the endpoint's own kernel
-- check: nsenter --net=/run/docker/netns/<netns> ip neigh show <ip> dev <dev>
-- remedy: nsenter --net=/run/docker/netns/<netns> ip neigh replace <ip> lladdr <right_mac> dev <dev> nud permanent
-- risk: none where the right address is known, as the finding says; clients keep the wrong one for up to a minute.
-- verify: nsenter --net=/run/docker/netns/<netns> ip neigh show <ip> dev <dev>
-- undo: nsenter --net=/run/docker/netns/<netns> ip neigh replace <ip> lladdr <mac> dev <dev> nud permanent
-- remedy: docker service update --force <service>
-- risk: replaces every task of the service
-- verify: nsenter --net=/run/docker/netns/<netns> ip neigh show <ip> dev <dev>
-- undo: none needed
-- upstream: moby/moby#31588, moby/moby#35807
-- limits: an endpoint whose owner gave it a hardware address of his own (docker run --mac-address) is healthy. Where nobody who was
--   captured has the endpoint, only a hardware address that Docker would give to another address is reported.
--
-- On an overlay Docker derives an endpoint's hardware address from its IPv4 address: 02:42 and the address in hex. This
-- permanent row on vxlan0 has another one. Containers of this host that ask for the address get it as the answer, and their frames
-- are sent to an endpoint that has it, or dropped, because nobody does.
--
-- Critical when the endpoint is known, by its own kernel or as a task of the swarm (which cannot choose a hardware address), and has another one:
-- then the row is wrong and this host does not reach it. That is how an address that was used again looks when the first
-- owner had a hardware address of its own and its removal was lost.
SELECT
  q.host,
  q.host || ' answers ARP for ' || COALESCE(e.label || ' (' || q.ip || ')', q.ip) || ' in ' || o.network || ' with ' || q.mac
    || CASE WHEN e.mac IS NULL THEN ', which stands for ' || q.mac_ip ELSE ', but it has ' || e.mac END AS summary,
  'neigh:' || q.host || '/' || o.netns_name || '/' || q.ip AS subject,
  CASE WHEN e.mac IS NULL THEN NULL ELSE 'critical' END AS severity,
  CASE WHEN e.mac IS NULL THEN 'this host''s neighbour table alone' WHEN e.kernel_ref IS NOT NULL THEN NULL
    ELSE 'this host''s neighbour table and the managers'' tasks' END AS views,
  o.netns_name AS netns,
  q.ip,
  q.mac,
  COALESCE(e.mac, q.derived_mac) AS right_mac,
  o.vxlan AS dev,
  q.mac_ip AS stands_for,
  o.network,
  e.label AS endpoint,
  e.service,
  e.why,
  q.ref AS neighbour_ref,
  e.ref AS endpoint_ref,
  e.kernel_ref AS kernel_ref
FROM odd_neighbour AS q
JOIN overlay_netns AS o ON o.host = q.host AND o.netns = q.netns
JOIN reading AS r ON r.host = q.host
LEFT JOIN endpoint AS e ON e.net = o.net AND e.ip = q.ip AND (e.kernel_ref IS NOT NULL OR e.kind = 'task')
WHERE q.seen = 'both'
  AND (e.mac IS NULL AND q.mac_ip IS NOT NULL OR e.mac <> q.mac AND e.owners = 1 AND e.since_s <= r.first_s - 30 AND e.until_s >= r.first_s - 120)
