-- A listener's queue of half-open connections overflows
-- catalogue: G11
-- severity: medium
-- since: 0.3.0
-- layer: tcp
-- need: one host, two reads
-- blame: application
-- check: nsenter --net=/run/docker/netns/<netns> sh -c 'nstat -az TcpExtSyncookiesSent TcpExtTCPReqQFullDrop; ss -tan state syn-recv | wc -l; ss -ltn'
-- remedy: docker service update --sysctl-add net.ipv4.tcp_max_syn_backlog=4096 --sysctl-add net.core.somaxconn=4096 <service>, and a larger backlog in listen()
-- risk: its tasks are replaced; memory for as many half-open connections
-- verify: nstat in the new task's namespace: TcpExtSyncookiesSent stays 0
-- undo: docker service update --sysctl-rm net.ipv4.tcp_max_syn_backlog --sysctl-rm net.core.somaxconn <service>
-- remedy: if it is a flood, keep it away in front of the host: rate limits of the load balancer or the firewall
-- risk: honest clients behind one address share the limit
-- verify: as above
-- undo: remove the limit
-- limits: whether it is a flood or a service that is in demand no counter tells: look at the sources (ss -tan state syn-recv). The lines of the kernel's log come
--   once for each listener, so an old one says little: it is low.
--
-- Between SYN and the last ACK of a handshake a connection waits in the listener's queue of half-open ones, whose length follows from the
-- backlog. When it is full and cookies are allowed (tcp_syncookies=1, the default), the kernel answers with a cookie in place of an
-- entry: connections still come about, but without window scaling and selective acknowledgement unless timestamps are on, and
-- slowly over long ways. Without cookies the SYN is dropped, and the client tries again after a second.
--
-- Reported from ten between the reads and one a second on. Behind a routing mesh all clients of a node have one address, that
-- of the mesh, so limits by source hit everybody.
WITH moved AS (
  SELECT a.host, a.netns, b.syncookies_sent - a.syncookies_sent AS cookies, COALESCE(b.tcp_req_q_full_drop - a.tcp_req_q_full_drop, 0) AS dropped,
    b.syncookies_failed - a.syncookies_failed AS invalid, a.ref AS first_ref, b.ref AS last_ref
  FROM netstat_counter AS a
  JOIN netstat_counter AS b ON b.host = a.host AND b.netns = a.netns AND b.read = 'last'
  WHERE a.read = 'first'
)
SELECT
  m.host,
  o.label || ' on ' || m.host || ' has more clients than its queue of half-open connections holds: between the two reads '
    || CASE WHEN m.cookies > 0 THEN m.cookies || ' were answered with a cookie' ELSE '' END
    || CASE WHEN m.cookies > 0 AND m.dropped > 0 THEN ' and ' ELSE '' END
    || CASE WHEN m.dropped > 0 THEN m.dropped || ' were dropped' ELSE '' END AS summary,
  'syn:' || m.host || '/' || o.netns_name AS subject,
  'medium' AS severity,
  o.netns_name AS netns,
  o.service,
  m.cookies,
  m.dropped,
  m.invalid,
  (SELECT SUM(c.sockets_last) FROM socket_count AS c WHERE c.host = m.host AND c.netns = m.netns AND c.proto = 'tcp' AND c.state = 'syn-recv') AS half_open,
  NULL AS port,
  NULL AS line,
  m.first_ref,
  m.last_ref,
  NULL AS log_ref
FROM moved AS m
JOIN reading AS r ON r.host = m.host
JOIN netns_owner AS o ON o.host = m.host AND o.netns = m.netns
WHERE (m.cookies >= 10 AND m.cookies >= r.last_s - r.first_s) OR (m.dropped >= 10 AND m.dropped >= r.last_s - r.first_s)
UNION ALL
SELECT host, 'the kernel of ' || host || ' believed port ' || COALESCE(CAST(dport AS TEXT), 'unknown') || ' of some namespace to be flooded within the last hour', 'syn:' || host || '/log/' || COALESCE(CAST(dport AS TEXT), ''),
  'low', NULL, NULL, NULL, NULL, NULL, NULL, dport, MIN(text), NULL, NULL, MIN(ref)
FROM kernel_log_age WHERE class = 'syn-flood' AND age_s < 3600 GROUP BY host, dport
