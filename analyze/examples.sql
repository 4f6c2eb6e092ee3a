-- Questions to the database that analyze writes. Each begins with a line of its name and what it asks, and runs as it stands:
-- netmortem query report.db --example NAME, or in sqlite3, Datasette or DuckDB.

-- causes: what is wrong, ranked, and how many client-service pairs it breaks
SELECT rank, severity, rule, host, pairs + partly AS pairs_broken, of_pairs, confidence, summary
FROM cause
ORDER BY rank;

-- broken-pairs: which client does not reach which service, and how many of its backends it does reach
SELECT client_host, client, server_service, network, via, proto, port, verdict, reached, backends
FROM path_pair
WHERE verdict <> 'delivered'
ORDER BY CASE verdict WHEN 'dropped' THEN 0 WHEN 'some' THEN 1 ELSE 2 END, client_host, client, server_service, via;

-- broken-segments: where packets end, with the row that decides it
SELECT host, net, what, target, verdict, hop, why, ref
FROM path_segment
WHERE verdict <> 'delivered'
ORDER BY CASE verdict WHEN 'dropped' THEN 0 ELSE 1 END, host, what, target;

-- untold: why paths could not be judged, commonest reason first
SELECT count(*) AS segments, hop, why
FROM path_segment
WHERE verdict = 'cannot tell'
GROUP BY hop, why
ORDER BY segments DESC, hop, why;

-- missing-fdb: forwarding entries that should be there and are not: what a rule looks like
SELECT e.host, e.net, e.ip, e.mac, e.node AS runs_on, e.endpoint_ref AS says_so
FROM expected_fdb AS e
LEFT JOIN fdb AS f ON f.host = e.host AND f.netns = e.netns AND f.mac = e.mac AND f.dst IS NOT NULL
WHERE f.mac IS NULL
ORDER BY e.host, e.net, e.ip;

-- backends: how many destinations IPVS holds for each mark beside how many it should hold
SELECT e.host, e.net, e.vip, e.fwmark, count(*) AS expected, count(d.address) AS held
FROM expected_ipvs_destination AS e
LEFT JOIN ipvs_destination AS d ON d.host = e.host AND d.netns = e.netns AND d.fwmark = e.fwmark AND d.address = e.ip
GROUP BY e.host, e.net, e.vip, e.fwmark
ORDER BY held - expected, e.host, e.net, e.vip;

-- tasks: tasks that ended or do not come up, newest first
SELECT s.name AS service, t.slot, n.hostname AS node, t.desired, t.state, t.state_at, t.exit_code, t.err
FROM swarm_task AS t
LEFT JOIN swarm_service AS s ON s.host = t.host AND s.service_id = t.service_id
LEFT JOIN swarm_node AS n ON n.host = t.host AND n.node_id = t.node_id
WHERE t.state <> 'running'
ORDER BY t.state_at DESC, s.name, t.slot
LIMIT 50;

-- ended-containers: containers that ended, nobody having asked for it
SELECT host, label, exit_code, oom, ran_s, err
FROM container_end
WHERE asked = 0
ORDER BY host, label;

-- traffic: who talks to whom, the worst first
SELECT quality, client_kind, client, server, network, proto, port, connections, to_server_rate + to_client_rate AS bytes_a_second, why
FROM traffic
ORDER BY CASE quality WHEN 'ok' THEN 1 ELSE 0 END, bytes_a_second DESC, client, server
LIMIT 50;

-- full-queues: listening sockets at which something waits
SELECT host, name, proto, port, waiting, backlog, unread_bytes, cpu_ms, verdict, why
FROM service_queue
WHERE waiting > 0 OR unread > 0
ORDER BY waiting DESC, host, name;

-- uneven-names: names whose backends are not asked alike
SELECT net, name, backend, backend_host, ip, round(100 * fair) AS fair_percent, round(100 * share) AS predicted_percent, clients, unjudged
FROM resolver_load
WHERE skewed = 1
ORDER BY net, name, predicted_percent DESC;

-- kernel-log: what the kernel said most often
SELECT host, count(*) AS lines, min(time) AS first, max(time) AS last, text
FROM kernel_log
GROUP BY host, text
ORDER BY lines DESC, host, text
LIMIT 30;

-- dropped: rules of iptables that dropped or rejected packets between the two reads
SELECT host, netns, tbl, chain, packets_last - packets AS dropped, spec
FROM iptables_rule
WHERE target IN ('DROP', 'REJECT') AND packets_last > packets
ORDER BY dropped DESC, host, netns, tbl, chain;

-- clocks: how far the hosts' clocks are apart, as heartbeats tell it
SELECT node, leader, low_s, high_s, reports, why
FROM clock_offset
ORDER BY node, leader;

-- gaps: what was not captured, by reason
SELECT host, tbl, outcome, reason, count(*) AS items
FROM gap
GROUP BY host, tbl, outcome, reason
ORDER BY items DESC, host, tbl;

-- missing-hosts: nodes that the swarm names and nobody captured
SELECT hostname, role, state, node_id
FROM uncaptured_node
ORDER BY hostname;

-- captures: when each host was captured, by its own clock
SELECT host, started, finished, window_s, rows, interrupted
FROM bundle
ORDER BY started;
