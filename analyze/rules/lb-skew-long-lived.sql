-- Long-lived connections load one task much more than the others
-- catalogue: B14
-- severity: low
-- since: 0.3.0
-- layer: ipvs
-- need: one host, two reads
-- blame: application
-- check: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln (column ActiveConn)
-- remedy: let clients close and open their connections now and then (maximum age of a pool's connection, of an HTTP/2 or gRPC channel)
-- risk: the client's own
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln
-- undo: take the limit away again
-- remedy: balance by request: a proxy that knows the protocol, or clients that resolve tasks.<service> and balance themselves
-- risk: one more thing to run
-- verify: requests for each task, in the program's own numbers
-- undo: go back to the virtual address
-- limits: by design, and told for information. Numbers are of one host's clients; other hosts may even it out.
--
-- IPVS deals out connections in turn, not requests. A connection stays where it was dealt for its whole life. With HTTP/2, gRPC,
-- WebSockets and pools of databases, a few connections carry all requests, and tasks that were started later, or
-- restarted, get none of those that are open already: after a rolling update the task that was replaced last may have next to nothing.
--
-- It is told when a virtual service has 100 and more active connections in both reads, and one task has at least four times as
-- many as the average of the others.
WITH held AS (
  SELECT host, netns, fwmark, address, ref, CASE WHEN active < active_last THEN active ELSE active_last END AS connections
  FROM ipvs_destination WHERE fwmark > 0 AND weight > 0 AND seen = 'both' AND active_last IS NOT NULL
), most AS (
  SELECT held.*, COUNT(*) OVER part AS tasks, SUM(connections) OVER part AS total, MAX(ref) OVER part AS other_ref,
    ROW_NUMBER() OVER (PARTITION BY host, netns, fwmark ORDER BY connections DESC, address) AS place
  FROM held WINDOW part AS (PARTITION BY host, netns, fwmark)
)
SELECT
  m.host,
  b.netns_name || ' on ' || m.host || ' has ' || m.total || ' open connections' || COALESCE(' to ' || b.service, '') || ', of which one of ' || m.tasks || ' tasks, ' || m.address || ', has ' || m.connections AS summary,
  'ipvs:' || m.host || '/' || b.netns_name || '/' || m.fwmark AS subject,
  b.netns_name AS netns,
  b.service,
  b.vip,
  m.fwmark,
  m.address AS ip,
  m.connections,
  m.total AS all_connections,
  m.tasks,
  m.ref AS destination_ref,
  m.other_ref
FROM most AS m
JOIN (SELECT host, netns, fwmark, MIN(netns_name) AS netns_name, MIN(service) AS service, MIN(vip) AS vip FROM balancer_destination GROUP BY host, netns, fwmark) AS b
  ON b.host = m.host AND b.netns = m.netns AND b.fwmark = m.fwmark
WHERE m.place = 1 AND m.tasks > 1 AND m.total >= 100 AND m.connections * (m.tasks - 1) >= 4 * (m.total - m.connections)
