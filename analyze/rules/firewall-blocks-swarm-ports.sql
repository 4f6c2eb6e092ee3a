-- Host's firewall keeps the swarm's own traffic out
-- catalogue: C7
-- severity: critical
-- since: 0.3.0
-- layer: firewall
-- need: one host
-- blame: firewall
-- check: iptables -nvL INPUT --line-numbers; on another node: nc -zv <host_ip> 7946
-- remedy: iptables -I INPUT -p <proto> --dport <port> -s <addresses of the other nodes> -j ACCEPT (esp without --dport)
-- risk: none, as long as only the nodes are named: 4789 without encryption lets whoever reaches it send frames into the overlays
-- verify: iptables -nvL INPUT --line-numbers; the counter of the new rule grows
-- undo: the same with -D
-- remedy: for good: put the ports into the firewall service's own configuration (7946/tcp, 7946/udp, the data path port/udp, 2377/tcp on managers, esp)
-- risk: reloading it may take Docker's rules away; see firewall-reload-wiped
-- verify: reload on a drained node, then netmortem analyze of a new capture
-- undo: take them out again
-- upstream: moby#26235, moby#34939, vmware/photon#610, vmware/photon#1321
-- limits: iptables of both flavours, chain INPUT of the filter table. Rules of nftables' own tables, of raw and mangle, and firewalls between the hosts are not seen. A rule with
--   conditions that are not understood is taken to accept, never to drop; so is one of the data path's port that names other addresses or devices, which may be those of --data-path-addr.
--
-- Nodes of a swarm talk on four doors: 7946 tcp and udp is the gossip that spreads names, addresses and load balancing; 4789 udp (or the port of
-- --data-path-port) carries the overlays; 2377 tcp is where managers hear the nodes; IP protocol 50 (esp) is the data path of encrypted networks. All of it comes
-- in by INPUT. Here the chain, walked as the kernel does, drops a new packet of another node to one of them.
--
-- What breaks depends on the door. Without 7946 tcp nodes look alive and miss bulk syncs: names and backends are stale. Without 7946 udp they are
-- suspected and dropped in turns. Without the data path names resolve and connections between hosts hang. Without 2377 new nodes do not join, and old ones go down when their
-- connection ends. A rule that accepts ESTABLISHED hides the first two for a time: what the host itself began goes on.
SELECT
  v.host,
  v.host || ' drops ' || v.proto || COALESCE(' port ' || v.port, '') || ', ' || CASE v.purpose WHEN 'gossip' THEN 'the swarm''s gossip' WHEN 'managers' THEN 'where managers hear the nodes' ELSE 'the overlays'' data path' END
    || COALESCE(', from ' || group_concat(v.from_ip, ', '), '') || ': ' || CASE MIN(v.verdict) WHEN 'policy' THEN 'no rule of INPUT accepts it and the policy is DROP' ELSE MIN(v.rule) END AS summary,
  'firewall:' || v.host || '/' || v.flavour || '/' || v.proto || COALESCE('/' || v.port, '') AS subject,
  CASE WHEN MAX(v.packets_last) = 0 OR (MAX(v.established) = 1 AND v.proto = 'udp' AND v.purpose = 'gossip') THEN 'high' END AS severity,
  v.proto,
  v.port,
  v.purpose,
  group_concat(v.from_ip, ' ') AS from_nodes,
  v.flavour,
  MIN(v.verdict) AS verdict,
  MIN(v.rule) AS rule,
  MAX(v.packets_last) AS dropped,
  MAX(v.packets_last - v.packets) AS dropped_meanwhile,
  CASE WHEN MAX(v.established) = 1 THEN 'yes' END AS answers_pass,
  g.node_addr AS host_ip,
  k.lines AS kernel_log_lines,
  MIN(v.why) AS why,
  MIN(v.ref) AS rule_ref,
  v.engine_ref,
  k.ref AS log_ref
FROM (SELECT * FROM input_verdict ORDER BY host, flavour, proto, port, from_ip) AS v
JOIN engine AS g ON g.host = v.host
LEFT JOIN (SELECT host, lower(proto) AS proto, dport, COUNT(*) AS lines, MIN(ref) AS ref FROM kernel_log WHERE class = 'firewall-log' AND dport > 0 GROUP BY host, lower(proto), dport) AS k
  ON k.host = v.host AND k.proto = v.proto AND k.dport = v.port
GROUP BY v.host, v.flavour, v.proto, v.port, v.purpose, g.node_addr, k.lines, k.ref, v.engine_ref
