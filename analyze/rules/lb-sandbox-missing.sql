-- Overlay without its load balancer on this host
-- catalogue: B7
-- severity: critical
-- since: 0.3.0
-- layer: ipvs
-- need: a manager
-- blame: driver
-- views: the managers' services and this host's namespaces
-- check: ls /run/docker/netns/ on the host, and docker network inspect <network> (its containers should name lb-<network>)
-- remedy: on a manager: move the network's tasks away from <host> and back, so that it leaves the network and joins it anew: docker node update
--   --availability drain NODE, then --availability active NODE
-- risk: every task of the node is moved
-- verify: ls /run/docker/netns/ on the host shows a file lb_ with the network's id
-- undo: docker node update --availability active NODE
-- remedy: restart dockerd on <host>
-- risk: the node's control plane is away for the time; containers go on
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- remedy: where the network has no address left for it (see ipam-exhausted): make the network anew with a larger subnet
-- risk: all services on the network go down for the time
-- verify: docker network inspect -v <network> on every node
-- undo: nothing to undo
-- upstream: moby/libnetwork#2108
-- limits: engines from 18.09 on, which keep virtual addresses there. A network of dnsrr services needs none. Silent while an end of
--   one of the overlay's ports is not known, and for the routing mesh, which is ingress-sandbox-missing.
--
-- Since 18.09 an engine makes, with the first container that joins an overlay, one namespace lb_<network> with an address of its own. It
-- holds all virtual addresses of the network as aliases and the virtual services behind them. If it is not there, or is there and
-- not a port of the overlay's bridge, nobody on this host answers ARP for any virtual address of the network: names resolve, and
-- every connection through them ends in "no route to host". tasks.<service> works; other hosts work.
--
-- It is missing when no address could be allocated for it (each node costs the network one), or when the task came before the
-- attachment; the daemon's log then says "Unable to find load balancing endpoint for network".
WITH missing AS (
  SELECT o.host, o.netns, o.netns_name, o.net, o.network, o.age_s, MIN(l.label) AS container, MIN(l.port_ref) AS port_ref, o.ref AS overlay_ref, MIN(e.version) AS version, MIN(e.ref) AS era_ref
  FROM overlay_netns AS o
  JOIN host_era AS e ON e.host = o.host AND e.era = 'lb'
  JOIN reading AS r ON r.host = o.host
  JOIN local_endpoint AS l ON l.host = o.host AND l.overlay_netns = o.netns AND l.kind = 'container' AND l.since_s <= r.first_s - 60
  LEFT JOIN local_endpoint AS b ON b.host = o.host AND b.overlay_netns = o.netns AND (b.kind IN ('lb', 'ingress') OR b.kind IS NULL OR b.mac IS NULL)
  LEFT JOIN overlay_network AS w ON w.net = o.net
  WHERE b.host IS NULL AND o.copies = 1 AND o.age_s >= 60 AND COALESCE(w.ingress, 0) = 0
  GROUP BY o.host, o.netns, o.netns_name, o.net, o.network, o.age_s, o.ref
), vips AS (
  SELECT v.net, COUNT(DISTINCT v.ip) AS n, MIN(v.service) AS service, MIN(v.since_s) AS since_s, MIN(v.ref) AS ref FROM service_vip AS v
  WHERE v.since_s IS NOT NULL GROUP BY v.net
)
SELECT
  m.host,
  m.host || ' has containers on ' || COALESCE(m.network, m.net) || CASE WHEN n.netns IS NULL THEN ' and no load balancer for it' ELSE ', and its load balancer ' || n.name || ' is not a port of the overlay' END
    || ': nobody there answers for the ' || CASE v.n WHEN 1 THEN 'virtual address of ' || COALESCE(v.service, 'a service') ELSE v.n || ' virtual addresses of the network' END AS summary,
  'lb:' || m.host || '/' || m.net AS subject,
  COALESCE(m.network, m.net) AS network,
  m.netns_name AS overlay,
  v.n AS virtual_addresses,
  m.container,
  m.version AS engine,
  CASE WHEN d.owner IS NOT NULL THEN 'the daemon thinks that it has one, the kernel has none' END AS views,
  m.overlay_ref,
  m.port_ref,
  v.ref AS vip_ref,
  cn.ref AS namespaces_ref,
  cl.ref AS links_ref,
  m.era_ref,
  n.ref AS lb_ref,
  d.ref AS daemon_ref
FROM missing AS m
JOIN reading AS r ON r.host = m.host
JOIN vips AS v ON v.net = m.net AND v.since_s <= r.first_s - 60
JOIN captured AS cn ON cn.tbl = 'netns' AND cn.host = m.host
JOIN captured AS cl ON cl.tbl = 'link' AND cl.host = m.host AND cl.netns = m.netns
LEFT JOIN netns AS n ON n.host = m.host AND n.kind = 'lb' AND substr(n.network, 1, 8) = m.net
LEFT JOIN network_endpoint AS d ON d.host = m.host AND d.owner = 'lb-' || m.network AND substr(d.network_id, 1, 8) = m.net
