-- Source ports towards one destination run out
-- catalogue: G5
-- severity: high
-- since: 0.3.0
-- layer: tcp
-- need: one host, two reads
-- blame: application
-- check: nsenter --net=/run/docker/netns/<netns> sh -c 'ss -tan dst <destination> | wc -l; sysctl net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse'
-- remedy: let the program keep its connections (keep-alive, a pool) in place of one for each request
-- risk: long-lived connections are balanced once, at their begin: see lb-skew-long-lived
-- verify: ss -tan state time-wait in the namespace: the number falls within a minute
-- undo: the former configuration of the program
-- remedy: docker service update --sysctl-add net.ipv4.tcp_tw_reuse=1 --sysctl-add net.ipv4.ip_local_port_range=10240\ 65000 <service>
-- risk: its tasks are replaced; a port of that range on which the container itself listens must be kept out of it
-- verify: sysctl net.ipv4.ip_local_port_range in a new task's namespace
-- undo: docker service update --sysctl-rm net.ipv4.tcp_tw_reuse --sysctl-rm net.ipv4.ip_local_port_range <service>
-- limits: what the program sees, EADDRNOTAVAIL, no counter of the kernel tells. Connections that are bound to a port by hand, and
--   ports that are reserved by ip_local_reserved_ports, are not reckoned with.
--
-- A connection is known by four numbers: two addresses and two ports. A client that always asks the same address and port has only its own
-- port to vary, 28232 of them by default (32768 to 60999), and a connection that it closed first keeps its port in TIME-WAIT for a
-- minute. 470 connections a second to one service are thus the most; then connect() fails with "cannot assign
-- requested address", though the network and the service are fine. A service's virtual address is one destination, however
-- many tasks are behind it.
--
-- Reported from eight tenths of the range on, in both reads: the kernel finds free ports ever more slowly from there. With
-- net.ipv4.tcp_tw_reuse=1 a port in TIME-WAIT may be used again after a second and does not count; 2, the
-- default, does so on the loopback only.
--
-- The same happens to source NAT: lb_ and ingress_sbox give all clients of a node their own address towards a backend, the host
-- its own towards the world. NAT may use the ports 1024 to 65535 for that, 64512 of them for one backend and port, until the entries age.
WITH ports AS (
  SELECT p.host, p.netns, CAST(substr(p.value, instr(p.value, ' ') + 1) AS INTEGER) - CAST(substr(p.value, 1, instr(p.value, ' ') - 1) AS INTEGER) + 1 AS room,
    p.value, p.ref, w.value AS reuse
  FROM sysctl AS p LEFT JOIN sysctl AS w ON w.host = p.host AND w.netns = p.netns AND w.key = 'net.ipv4.tcp_tw_reuse'
  WHERE p.key = 'net.ipv4.ip_local_port_range' AND instr(p.value, ' ') > 1
), used AS (
  SELECT host, netns, local, peer, peer_port, SUM(COALESCE(sockets, 0)) AS first_all, SUM(COALESCE(sockets_last, 0)) AS last_all,
    SUM(CASE WHEN state = 'time-wait' THEN COALESCE(sockets, 0) ELSE 0 END) AS first_waiting,
    SUM(CASE WHEN state = 'time-wait' THEN COALESCE(sockets_last, 0) ELSE 0 END) AS last_waiting, MIN(ref) AS ref
  FROM socket_group WHERE peer_port IS NOT NULL GROUP BY host, netns, local, peer, peer_port
), snat AS (
  SELECT host, netns, proto, reply_dst, COALESCE(reply_src, dst) AS peer, COALESCE(reply_sport, dport) AS peer_port,
    SUM(COALESCE(entries, 0)) AS first_all, SUM(COALESCE(entries_last, 0)) AS last_all, MIN(ref) AS ref
  FROM conntrack_count WHERE reply_dst IS NOT NULL AND dst IS NOT NULL AND proto IN ('tcp', 'udp')
  GROUP BY host, netns, proto, reply_dst, COALESCE(reply_src, dst), COALESCE(reply_sport, dport)
)
SELECT
  u.host,
  o.label || ' on ' || u.host || ' uses ' || u.last_all || ' of its ' || p.room || ' source ports towards ' || u.peer || ':' || u.peer_port
    || CASE WHEN u.last_waiting > 0 THEN ', ' || u.last_waiting || ' of them in TIME-WAIT' ELSE '' END AS summary,
  'ports:' || u.host || '/' || o.netns_name || '/' || u.peer || ':' || u.peer_port AS subject,
  o.netns_name AS netns,
  o.service,
  u.local AS source,
  u.peer AS destination,
  u.peer_port AS port,
  u.last_all AS used,
  u.last_waiting AS time_wait,
  p.room,
  p.value AS port_range,
  p.reuse AS tcp_tw_reuse,
  u.ref AS sockets_ref,
  p.ref AS range_ref
FROM used AS u
JOIN ports AS p ON p.host = u.host AND p.netns = u.netns
JOIN netns_owner AS o ON o.host = u.host AND o.netns = u.netns
WHERE p.room > 0
  AND (u.first_all - CASE WHEN p.reuse = '1' THEN u.first_waiting ELSE 0 END) * 10 >= p.room * 8
  AND (u.last_all - CASE WHEN p.reuse = '1' THEN u.last_waiting ELSE 0 END) * 10 >= p.room * 8
UNION ALL
SELECT
  s.host,
  o.label || ' on ' || s.host || ' uses ' || s.last_all || ' of the 64512 ports that NAT has for ' || s.reply_dst || ' towards ' || s.peer || ':' || s.peer_port,
  'ports:' || s.host || '/' || o.netns_name || '/' || s.peer || ':' || s.peer_port,
  o.netns_name, o.service, s.reply_dst, s.peer, s.peer_port, s.last_all, NULL, 64512, '1024 65535', NULL, s.ref, NULL
FROM snat AS s
JOIN netns_owner AS o ON o.host = s.host AND o.netns = s.netns
WHERE s.first_all * 10 >= 64512 * 8 AND s.last_all * 10 >= 64512 * 8
