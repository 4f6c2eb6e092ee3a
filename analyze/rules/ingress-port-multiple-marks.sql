-- Published port that ingress_sbox gives two marks
-- catalogue: C2
-- severity: critical
-- since: 0.3.0
-- layer: ingress
-- need: a manager
-- blame: driver
-- check: nsenter --net=/run/docker/netns/ingress_sbox sh -c 'iptables -t mangle -S PREROUTING | grep -w <number>; ipvsadm -ln' (iptables prints marks in hex, ipvsadm in decimal)
-- remedy: nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -D PREROUTING -p <proto> --dport <number> -j MARK --set-mark <effective_mark>
-- risk: new connections to the port go to the other mark's virtual service at once; look at both sets of destinations first
-- verify: nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -S PREROUTING
-- undo: nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -A PREROUTING -p <proto> --dport <number> -j MARK --set-mark <effective_mark>
-- remedy: systemctl restart docker
-- risk: without live restore every container of this host stops; drain the node first
-- verify: nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -S PREROUTING
-- undo: nothing to undo
-- upstream: moby/libnetwork#2263 (open)
-- limits: not judged while an update of a service that publishes the port is under way, or ended less than a minute ago: then two load balancers are meant to be there
--
-- In ingress_sbox the rule for a published port marks the packet, and IPVS balances by that mark. MARK does not end the walk through the chain, so
-- of two rules for one port the last one decides. A second rule stays when a service whose set of ports changed was not removed
-- to the end, or when the port went over to another service on a node that missed the news; seen in swarms of hundreds of nodes.
--
-- If the last mark has no virtual service, connections to the port end in "no route to host"; if it belongs to another service, they
-- reach that one. Other hosts are not concerned: each programs its own marks.
WITH twice AS (
  SELECT r.host, r.netns, r.port, MIN(b.net) AS net, group_concat(r.mark, ', ') AS marks,
    MAX(CASE WHEN r.effective = 1 THEN r.mark END) AS effective_mark, MAX(CASE WHEN r.effective = 1 THEN r.ref END) AS effective_ref,
    MAX(CASE WHEN r.effective = 0 THEN r.mark END) AS other_mark, MAX(CASE WHEN r.effective = 0 THEN r.ref END) AS other_ref
  FROM (SELECT host, netns, port, mark, MAX(effective) AS effective, MAX(ref) AS ref
    FROM mark_rule WHERE kind = 'ingress' AND port IS NOT NULL AND seen = 'both' GROUP BY host, netns, port, mark ORDER BY host, netns, port, mark) AS r
  JOIN ingress_place AS b ON b.host = r.host AND b.netns = r.netns
  GROUP BY r.host, r.netns, r.port HAVING COUNT(*) > 1 AND MAX(r.effective) = 1
)
SELECT
  m.host,
  m.host || ' marks published port ' || m.port || COALESCE(' of ' || p.service, '') || ' with ' || m.marks || '; the last one, ' || m.effective_mark || ', counts'
    || CASE WHEN v.ref IS NULL AND k.ref IS NOT NULL THEN ' and leads to no virtual service' WHEN d.destinations > 0 THEN '' ELSE ' and its virtual service has no destination' END AS summary,
  'mark:' || m.host || '/ingress_sbox/' || m.port AS subject,
  CASE WHEN d.own > 0 THEN 'medium' END AS severity,
  m.port,
  substr(m.port, 1, instr(m.port, ':') - 1) AS proto,
  substr(m.port, instr(m.port, ':') + 1) AS number,
  p.service,
  m.effective_mark,
  m.other_mark,
  d.destinations,
  d.own AS tasks_of_the_service,
  m.effective_ref,
  m.other_ref,
  v.ref AS service_ref,
  p.ref AS port_ref
FROM twice AS m
JOIN ingress_place AS g ON g.host = m.host
JOIN swarm_view AS w ON w.host = m.host
JOIN captured AS ks ON ks.tbl = 'swarm_service' AND ks.host = w.manager
JOIN captured AS kp ON kp.tbl = 'swarm_service_port' AND kp.host = w.manager
LEFT JOIN (SELECT proto || ':' || published AS port, MIN(service_id) AS service_id, MIN(service) AS service, MAX(updating) AS updating, MAX(updated_s) AS updated_s, MIN(ref) AS ref
  FROM published_port WHERE mode = 'ingress' GROUP BY proto, published) AS p ON p.port = m.port
LEFT JOIN network_change AS q ON q.net = g.net
LEFT JOIN captured AS k ON k.tbl = 'ipvs_service' AND k.host = m.host AND k.netns = m.netns
LEFT JOIN (SELECT host, netns, fwmark, MIN(ref) AS ref FROM ipvs_service GROUP BY host, netns, fwmark) AS v ON v.host = m.host AND v.netns = m.netns AND v.fwmark = m.effective_mark
LEFT JOIN (SELECT w.host, w.netns, w.port, COUNT(*) AS destinations, SUM(CASE WHEN t.ip IS NOT NULL THEN 1 ELSE 0 END) AS own
  FROM twice AS w
  JOIN ipvs_destination AS x ON x.host = w.host AND x.netns = w.netns AND x.fwmark = w.effective_mark AND x.weight > 0
  LEFT JOIN (SELECT DISTINCT s.proto || ':' || s.published AS port, e.net, e.ip FROM published_port AS s
    JOIN task_endpoint AS e ON e.service_id = s.service_id AND e.running = 1 WHERE s.mode = 'ingress') AS t ON t.port = w.port AND t.net = w.net AND t.ip = x.address
  GROUP BY w.host, w.netns, w.port) AS d ON d.host = m.host AND d.netns = m.netns AND d.port = m.port
WHERE COALESCE(p.updating, 0) = 0 AND (p.ref IS NULL OR p.updated_s <= g.first_s - 60) AND (q.changed_s IS NULL OR q.changed_s <= g.first_s - 60)
