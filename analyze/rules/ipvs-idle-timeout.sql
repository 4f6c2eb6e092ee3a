-- Connections that IPVS has forgotten, or is about to
-- catalogue: B9
-- severity: high
-- since: 0.3.0
-- layer: ipvs
-- need: one host, two reads
-- blame: configuration
-- views: the client's socket and the load balancer's connections
-- check: nsenter -t <pid> -n ss -tno dst <vip>; nsenter --net=/run/docker/netns/<netns> sh -c 'ipvsadm -lnc | grep <client_ip>; ipvsadm -l --timeout'
-- remedy: restart the client's connection: nsenter -t <pid> -n ss -K dst <vip> sport = :<client_port>, or restart the program
-- risk: the program must connect again by itself; a request under way is lost, as it is without
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -lnc | grep <client_ip>
-- undo: nothing to undo
-- remedy: docker service update --sysctl-add net.ipv4.tcp_keepalive_time=600 SERVICE (the client's service; its program must have SO_KEEPALIVE on)
-- risk: every task of the service is replaced
-- verify: nsenter -t <pid> -n sysctl net.ipv4.tcp_keepalive_time
-- undo: docker service update --sysctl-rm net.ipv4.tcp_keepalive_time SERVICE
-- remedy: nsenter --net=/run/docker/netns/<netns> ipvsadm --set 86400 120 300
-- risk: idle connections stay in the kernel's memory for a day; lost when the namespace is made anew
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -l --timeout
-- undo: nsenter --net=/run/docker/netns/<netns> ipvsadm --set 900 120 300
-- remedy: docker service update --endpoint-mode dnsrr <service>: its name then answers with the tasks' own addresses, without IPVS
-- risk: published ports of the routing mesh are not possible with it; clients that keep an address keep a dead task
-- verify: docker service inspect <service>
-- undo: docker service update --endpoint-mode vip <service>
-- upstream: moby/moby#31208, moby/moby#37822, moby/moby#37466, moby/moby#29655
-- limits: sees clients in containers of captured hosts, not those that come through published ports. What is about to be forgotten is
--   told once a host, low: whether the program speaks again in time is its own matter.
--
-- IPVS keeps a row for each connection and forgets it after 900 seconds without a packet (the kernel's default, for each namespace). The two
-- ends do not learn of it: their sockets stay established. The next packet finds no row, so it is taken for the middle of an
-- unknown connection: dropped, or answered with a reset. Connection pools, message queues and database
-- clients that idle over a break see hanging or reset requests afterwards.
--
-- TCP keepalive would keep the row alive, but Linux waits 7200 seconds before the first probe, and only where the
-- program asked for keepalive at all. Anything below 900 helps: 600 is usual.
--
-- The proof is in two tables: a socket in a client's namespace that is established with a virtual address in both reads, and no row for
-- its port among the load balancer's connections in any read. That connection is dead already (high). Where the row is there
-- but will run out before the socket's next keepalive probe, and nothing was said for five minutes, the connection will die if it
-- stays silent (low).
WITH client AS (
  SELECT s.host, s.netns, l.label, l.ip AS client_ip, s.local_port AS client_port, s.peer AS vip, s.peer_port AS vport, v.service, v.ref AS vip_ref, b.netns AS lb_netns, b.netns_name,
    s.timer, s.expires_ms_last, s.last_data_recv_ms_last, s.last_data_sent_ms_last, s.ref, b.ref AS lb_ref, n.pid
  FROM socket AS s
  CROSS JOIN local_endpoint AS l
  JOIN (SELECT net, ip, MIN(service) AS service, MIN(ref) AS ref FROM service_vip GROUP BY net, ip) AS v ON v.net = l.net AND v.ip = s.peer
  JOIN balancer AS b ON b.host = s.host AND b.net = l.net AND (b.kind = 'lb' OR b.netns = s.netns)
  JOIN netns AS n ON n.host = s.host AND n.netns = s.netns
  WHERE l.host = s.host AND l.netns = s.netns AND l.kind = 'container' AND l.ip = s.local AND s.proto = 'tcp' AND s.state = 'established' AND s.seen = 'both'
), known AS (
  SELECT c.host, c.netns, c.client, c.cport, c.vaddress, c.vport, MIN(c.expires_s) AS expires_s, MAX(CASE WHEN c.read = 'last' THEN c.expires_s END) AS last_s, MAX(c.ref) AS ref
  FROM ipvs_connection AS c WHERE c.proto = 'tcp' AND c.cport > 0 GROUP BY c.host, c.netns, c.client, c.cport, c.vaddress, c.vport
)
SELECT
  c.host,
  COALESCE(c.label, c.client_ip) || ' on ' || c.host || ' holds a connection from port ' || c.client_port || ' to ' || COALESCE(c.service || ' (' || c.vip || ':' || c.vport || ')', c.vip || ':' || c.vport)
    || ' that its load balancer ' || c.netns_name || ' has forgotten' AS summary,
  'socket:' || c.host || '/' || c.netns || '/' || c.client_ip || ':' || c.client_port || '/' || c.vip || ':' || c.vport AS subject,
  NULL AS severity,
  c.netns_name AS netns,
  c.pid,
  c.label AS client,
  c.client_ip,
  c.client_port,
  c.vip,
  c.service,
  ROUND(0.001 * CASE WHEN c.last_data_recv_ms_last < c.last_data_sent_ms_last THEN c.last_data_recv_ms_last ELSE c.last_data_sent_ms_last END) AS idle_s,
  COALESCE(c.timer, 'none') AS timer,
  t.tcp_s AS ipvs_timeout_s,
  NULL AS connections,
  c.ref AS socket_ref,
  k.ref AS connections_ref,
  c.vip_ref,
  c.lb_ref,
  t.ref AS timeout_ref
FROM client AS c
CROSS JOIN captured AS k
LEFT JOIN known AS i ON i.host = c.host AND i.netns = c.lb_netns AND i.client = c.client_ip AND i.cport = c.client_port AND i.vaddress = c.vip AND i.vport = c.vport
LEFT JOIN ipvs_timeout AS t ON t.host = c.host AND t.netns = c.lb_netns
WHERE k.tbl = 'ipvs_connection' AND k.host = c.host AND k.netns = c.lb_netns AND i.host IS NULL
UNION ALL
SELECT
  c.host,
  COUNT(*) || ' idle connection' || CASE COUNT(*) WHEN 1 THEN '' ELSE 's' END || ' of containers on ' || c.host || ' to virtual addresses, to ' || COALESCE(MIN(c.service), MIN(c.vip))
    || ' among them, will be forgotten by IPVS before TCP keepalive speaks',
  'socket:' || c.host || '/idle',
  'low',
  MIN(c.netns_name),
  MIN(c.pid),
  MIN(c.label),
  MIN(c.client_ip),
  MIN(c.client_port),
  MIN(c.vip),
  MIN(c.service),
  NULL,
  NULL,
  NULL,
  COUNT(*),
  MIN(c.ref),
  MIN(i.ref),
  MIN(c.vip_ref),
  MIN(c.lb_ref),
  NULL
FROM client AS c
JOIN known AS i ON i.host = c.host AND i.netns = c.lb_netns AND i.client = c.client_ip AND i.cport = c.client_port AND i.vaddress = c.vip AND i.vport = c.vport
WHERE c.last_data_recv_ms_last > 300000 AND c.last_data_sent_ms_last > 300000 AND i.last_s > 0
  AND (c.timer IS NULL OR c.timer = 'keepalive' AND c.expires_ms_last > 1000 * i.last_s)
GROUP BY c.host
