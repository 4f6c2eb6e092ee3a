-- Published port that the host does not lead into the routing mesh
-- catalogue: C1
-- severity: critical
-- since: 0.3.0
-- layer: ingress
-- need: a manager
-- blame: firewall
-- views: the managers' published ports and this host's rules
-- check: iptables-save -c | grep -e DOCKER-INGRESS -e DOCKER-FORWARD; nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -S PREROUTING
-- remedy: where the DNAT is missing: iptables -t nat -I DOCKER-INGRESS -p <proto> --dport <published> -j DNAT --to-destination <ingress_sbox>:<published>
-- risk: none; it is the rule that the engine makes for this port, and a wrong one below it no longer counts
-- verify: curl -m 2 http://127.0.0.1:<published>/ (of a port that speaks HTTP), or netmortem analyze of a new capture
-- undo: iptables -t nat -D DOCKER-INGRESS -p <proto> --dport <published> -j DNAT --to-destination <ingress_sbox>:<published>
-- remedy: where the port or its answers are not accepted: iptables -I DOCKER-INGRESS -p <proto> --dport <published> -j ACCEPT; iptables -I DOCKER-INGRESS
--   -p <proto> --sport <published> -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-- risk: none; these are the engine's own rules
-- verify: iptables -S DOCKER-INGRESS
-- undo: the same with -D
-- remedy: where a jump is missing: iptables -t nat -I PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS (and OUTPUT in its place), or
--   iptables -I <jump_from> -j DOCKER-INGRESS
-- risk: in FORWARD it must stand below the jump to DOCKER-USER, or the rules there no longer count for the mesh
-- verify: iptables-save | grep -e '-j DOCKER-INGRESS'
-- undo: the same with -D
-- remedy: where ingress_sbox does not mark the port: nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -A PREROUTING -p <proto>
--   --dport <published> -j MARK --set-mark <mark>
-- risk: none, if the mark is that of the service's address
-- verify: nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -nvL PREROUTING
-- undo: the same with -D
-- remedy: systemctl restart docker
-- risk: without live restore every container of this host stops, and the swarm places its tasks elsewhere; drain the node first
-- verify: iptables-save | grep DOCKER-INGRESS
-- undo: nothing to undo
-- upstream: moby#27016, moby#26235, firehol#381, vmware/photon#558
-- limits: only engines whose layout is known (see the table engine_layout), iptables of either flavour, and services that have had a running task
--   for 30 seconds and no change for a minute. Whole chains that are gone are the rule firewall-reload-wiped's.
--
-- A published port reaches the mesh in four steps, each of which is a rule of its own. In the host's nat table PREROUTING (and OUTPUT, for
-- what the host itself asks) jumps to DOCKER-INGRESS, which has one DNAT for each port, to the address of ingress_sbox on docker_gwbridge.
-- In the filter table FORWARD jumps to DOCKER-INGRESS, straight until 28.0.0 and through DOCKER-FORWARD since 28.0.1, and there the port and its answers
-- are accepted. In ingress_sbox mangle PREROUTING gives the port the mark of its virtual service. One of them is missing, or leads elsewhere.
--
-- The engine writes these rules once, when the first task of the service is bound, and does not look after them: whoever flushes,
-- restores or edits the tables breaks the port on this host until dockerd restarts. Other hosts of the swarm still serve it.
-- A DNAT to another address is mostly a leftover of an earlier life of ingress_sbox, whose address on docker_gwbridge may change when it is made anew.
--
-- Without the DNAT connections end at dockerd's own socket, which holds the port and never accepts: the client connects and then hangs,
-- and the fact "waiting_at_dockerd" counts them. A missing ACCEPT matters as soon as FORWARD's policy is DROP, or with engines from 28.0.1 on.
WITH defect AS (
  SELECT d.host, d.netns, d.proto, d.published, d.service, 'dnat' AS what, 'critical' AS severity,
    CASE WHEN d.rule_ref IS NULL THEN 'DOCKER-INGRESS has no DNAT for it' ELSE 'DOCKER-INGRESS sends it to ' || COALESCE(d.found_ip, 'another port') || ' and ingress_sbox is ' || d.to_ip END AS says,
    d.to_ip, d.found_ip,
    NULL AS mark,
    d.why, d.port_ref, d.rule_ref, d.address_ref
  FROM expected_ingress_dnat AS d
  JOIN ingress_chain AS c ON c.host = d.host AND c.nat_rules > 0
  WHERE d.rule_ref IS NULL OR d.found_ip <> d.to_ip
  UNION ALL
  SELECT a.host, a.netns, a.proto, a.published, a.service, 'accept', CASE WHEN c.forward_policy = 'DROP' OR a.layout = '28.0.1' THEN 'critical' ELSE 'low' END,
    'the filter table does not accept ' || CASE WHEN MIN(a.side) = MAX(a.side) AND MIN(a.side) = 'sport' THEN 'its answers' ELSE 'it' END, NULL, NULL,
    NULL,
    a.why, a.port_ref, NULL, NULL
  FROM expected_filter_accept AS a
  JOIN ingress_chain AS c ON c.host = a.host AND c.filter_rules > 0
  WHERE a.rule_ref IS NULL
  GROUP BY a.host, a.netns, a.proto, a.published, a.service, a.layout, a.why, a.port_ref, c.forward_policy
  UNION ALL
  SELECT e.host, e.host_netns, e.proto, e.published, e.service, j.what, j.severity, j.says, NULL, NULL, NULL, e.why, e.port_ref, NULL, e.address_ref
  FROM (SELECT x.*, ROW_NUMBER() OVER (PARTITION BY x.host ORDER BY x.proto, x.published, x.service_id) AS place FROM expected_port AS x) AS e
  JOIN (SELECT c.host, 'nat-jump' AS what, 'critical' AS severity, 'nat PREROUTING does not jump to DOCKER-INGRESS' AS says
    FROM ingress_chain AS c WHERE c.nat_rules > 0 AND c.nat_jump = 0
    UNION ALL
    SELECT c.host, 'output-jump', 'medium', 'nat OUTPUT does not jump to DOCKER-INGRESS, so the host itself does not reach its published ports'
    FROM ingress_chain AS c WHERE c.nat_rules > 0 AND c.output_jump = 0
    UNION ALL
    SELECT c.host, 'filter-jump', CASE WHEN c.forward_policy = 'DROP' OR l.layout = '28.0.1' THEN 'critical' ELSE 'low' END, 'filter ' || l.jump_from || ' does not lead to DOCKER-INGRESS'
    FROM ingress_chain AS c JOIN engine_layout AS l ON l.host = c.host WHERE c.filter_rules > 0 AND c.filter_jump = 0) AS j ON j.host = e.host
  WHERE e.place = 1
  UNION ALL
  SELECT m.host, m.netns, m.proto, m.published, m.service, 'mark', 'critical', 'ingress_sbox does not mark it', NULL, NULL, v.mark, m.why, m.port_ref, v.mark_ref, NULL
  FROM expected_port_mark AS m
  LEFT JOIN (SELECT host, netns, service_id, MIN(mark) AS mark, MIN(mark_ref) AS mark_ref FROM expected_fwmark GROUP BY host, netns, service_id) AS v
    ON v.host = m.host AND v.netns = m.netns AND v.service_id = m.service_id
  WHERE m.mark IS NULL
)
SELECT
  x.host,
  CASE WHEN x.what IN ('nat-jump', 'output-jump', 'filter-jump') THEN x.host || ' leads no published port into the routing mesh: '
    ELSE x.host || ' does not lead ' || x.proto || ' port ' || x.published || COALESCE(' of ' || x.service, '') || ' into the routing mesh: ' END || x.says AS summary,
  CASE WHEN x.what IN ('nat-jump', 'output-jump', 'filter-jump') THEN 'chain:' || x.host || '/' || x.what WHEN x.what = 'mark' THEN 'mark:' || x.host || '/ingress_sbox/' || x.proto || ':' || x.published
    ELSE x.what || ':' || x.host || '/' || x.proto || '/' || x.published END AS subject,
  x.severity,
  CASE WHEN x.what = 'mark' OR x.found_ip IS NOT NULL THEN 'driver' END AS blame,
  x.what AS missing,
  x.proto,
  x.published,
  x.service,
  x.to_ip AS ingress_sbox,
  x.found_ip AS sent_to,
  x.mark,
  l.jump_from,
  s.waiting AS waiting_at_dockerd,
  x.why,
  x.port_ref,
  x.rule_ref,
  x.address_ref,
  s.ref AS socket_ref,
  k.ref AS coverage_ref
FROM defect AS x
JOIN engine_layout AS l ON l.host = x.host
JOIN captured AS k ON k.tbl = 'iptables_rule' AND k.host = x.host AND k.netns = x.netns
LEFT JOIN (SELECT q.host, q.proto, q.local_port, MAX(COALESCE(q.recv_q_last, q.recv_q)) AS waiting, MIN(q.ref) AS ref
  FROM socket AS q JOIN netns AS n ON n.host = q.host AND n.netns = q.netns AND n.kind = 'host'
  WHERE q.proto = 'tcp' AND q.state = 'listening' AND COALESCE(q.recv_q_last, q.recv_q) > 0 GROUP BY q.host, q.proto, q.local_port) AS s
  ON s.host = x.host AND s.proto = x.proto AND s.local_port = x.published
