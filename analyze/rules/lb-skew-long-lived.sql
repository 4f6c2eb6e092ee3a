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
WITH per AS (
  SELECT d.host, d.netns, d.fwmark, COUNT(*) AS n, SUM(CASE WHEN d.active < d.active_last THEN d.active ELSE d.active_last END) AS total,
    MAX(CASE WHEN d.active < d.active_last THEN d.active ELSE d.active_last END) AS most, MIN(d.ref) AS ref
  FROM ipvs_destination AS d WHERE d.fwmark > 0 AND d.weight > 0 AND d.seen = 'both' AND d.active_last IS NOT NULL
  GROUP BY d.host, d.netns, d.fwmark
)
SELECT
  p.host,
  b.netns_name || ' on ' || p.host || ' has ' || p.total || ' open connections' || COALESCE(' to ' || b.service, '') || ', of which one of ' || p.n || ' tasks, ' || t.address || ', has ' || p.most AS summary,
  'ipvs:' || p.host || '/' || b.netns_name || '/' || p.fwmark AS subject,
  b.netns_name AS netns,
  b.service,
  b.vip,
  p.fwmark,
  t.address AS ip,
  p.most AS connections,
  p.total AS all_connections,
  p.n AS tasks,
  t.ref AS destination_ref,
  p.ref AS others_ref
FROM per AS p
JOIN (SELECT host, netns, fwmark, MIN(netns_name) AS netns_name, MIN(service) AS service, MIN(vip) AS vip FROM balancer_destination GROUP BY host, netns, fwmark) AS b
  ON b.host = p.host AND b.netns = p.netns AND b.fwmark = p.fwmark
JOIN (SELECT host, netns, fwmark, address, active, active_last, ref, ROW_NUMBER() OVER (PARTITION BY host, netns, fwmark
    ORDER BY CASE WHEN active < active_last THEN active ELSE active_last END DESC, address) AS place FROM ipvs_destination WHERE weight > 0 AND seen = 'both') AS t
  ON t.host = p.host AND t.netns = p.netns AND t.fwmark = p.fwmark AND t.place = 1
WHERE p.n > 1 AND p.total >= 100 AND p.most * (p.n - 1) >= 4 * (p.total - p.most)
