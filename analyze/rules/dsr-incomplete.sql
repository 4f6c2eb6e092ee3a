-- Task that cannot answer for its service's address (direct routing)
-- catalogue: B15
-- severity: high
-- since: 0.3.0
-- layer: ipvs
-- need: one host, two reads
-- blame: driver
-- views: a load balancer's virtual service and the task's own namespace
-- check: nsenter --net=/run/docker/netns/<netns> sh -c 'ip -4 address show; sysctl net.ipv4.conf.<dev>.arp_ignore net.ipv4.conf.<dev>.arp_announce'
-- remedy: nsenter --net=/run/docker/netns/<netns> sh -c 'ip address add <vip>/32 dev lo; sysctl -w net.ipv4.conf.<dev>.arp_ignore=1 net.ipv4.conf.<dev>.arp_announce=2'
-- risk: with the address and without arp_ignore the task answers ARP for the virtual address and takes it from the load balancers
-- verify: nsenter --net=/run/docker/netns/<netns> ip -4 address show dev lo
-- undo: nsenter --net=/run/docker/netns/<netns> ip address del <vip>/32 dev lo
-- remedy: docker service update --force <service>
-- risk: every task of the service is replaced
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- remedy: make the network anew without --opt dsr
-- risk: all services on the network go down for the time
-- verify: docker network inspect NETWORK
-- undo: make it with --opt dsr again
-- limits: tasks on captured hosts only, and destinations that are there in both reads.
--
-- On a network with the option dsr the load balancer only changes where a frame goes: the packet that the task gets is still addressed to
-- the virtual address, and the task answers the client directly, in that address's name. So the task must have the address, on
-- lo, and must not answer ARP for it (arp_ignore=1, arp_announce=2 on its interface), for that is the load balancers' part.
--
-- Without the address the packets are not for it. A task that forwards passes them on to the load balancer of its own host, which may
-- choose another task, or this one again until their time to live is over: some of its connections take a way round, the others time
-- out. A task that does not forward drops them: one connection of n times out.
--
-- With the address but without arp_ignore, clients of its host may learn the task as the owner of the virtual address: all their
-- connections go to one task.
WITH route AS (
  SELECT d.net, d.ip, d.vip, MIN(d.service) AS service, MIN(d.ref) AS destination_ref, MIN(d.mark_ref) AS mark_ref
  FROM balancer_destination AS d WHERE d.forward = 'route' AND d.seen = 'both' AND d.vip IS NOT NULL AND d.weight > 0
  GROUP BY d.net, d.ip, d.vip
), task AS (
  SELECT l.host, l.netns, l.netns_name, COALESCE((SELECT MIN(e.label) FROM endpoint AS e WHERE e.net = l.net AND e.ip = l.ip), l.label) AS label, l.dev, l.ip, r.vip, r.service, r.destination_ref, r.mark_ref, l.address_ref
  FROM route AS r
  JOIN local_endpoint AS l ON l.net = r.net AND l.ip = r.ip AND l.kind = 'container' AND l.netns IS NOT NULL
), broken AS (
  SELECT t.host, t.netns, t.netns_name, t.label, t.dev, t.ip, t.vip, t.service, t.destination_ref, t.mark_ref, 'does not hold it' AS what, c.ref AS looked_ref
  FROM task AS t
  JOIN captured AS c ON c.tbl = 'address' AND c.host = t.host AND c.netns = t.netns
  LEFT JOIN address AS a ON a.host = t.host AND a.netns = t.netns AND a.ip = t.vip
  WHERE a.host IS NULL
  UNION ALL
  SELECT t.host, t.netns, t.netns_name, t.label, t.dev, t.ip, t.vip, t.service, t.destination_ref, t.mark_ref, 'answers ARP for it (' || d.key || '=' || d.value || ')', d.ref
  FROM task AS t
  JOIN address AS a ON a.host = t.host AND a.netns = t.netns AND a.ip = t.vip
  JOIN sysctl AS d ON d.host = t.host AND d.netns = t.netns AND d.key = 'net.ipv4.conf.' || t.dev || '.arp_ignore' AND d.value = '0'
  JOIN sysctl AS e ON e.host = t.host AND e.netns = t.netns AND e.key = 'net.ipv4.conf.all.arp_ignore' AND e.value = '0'
)
SELECT
  b.host,
  COALESCE(b.label, b.ip) || ' on ' || b.host || ' gets connections for ' || COALESCE(b.service || ' (' || b.vip || ')', b.vip) || ' by direct routing and ' || b.what AS summary,
  'dsr:' || b.host || '/' || b.netns_name || '/' || b.vip AS subject,
  b.netns_name AS netns,
  b.dev,
  b.vip,
  b.service,
  b.ip,
  b.what AS broken,
  b.destination_ref,
  b.mark_ref,
  b.looked_ref
FROM broken AS b
