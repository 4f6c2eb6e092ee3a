-- Datagrams are lost because a socket's buffer is full
-- catalogue: G9
-- severity: medium
-- since: 0.3.0
-- layer: tcp
-- need: one host, two reads
-- blame: application
-- check: nsenter --net=/run/docker/netns/<netns> sh -c 'nstat UdpRcvbufErrors UdpSndbufErrors UdpInDatagrams; ss -uanm'
-- remedy: sysctl -w net.core.rmem_max=8388608 on the host, and let the program ask for it (SO_RCVBUF), or start it with more readers
-- risk: memory: each socket that asks may take as much
-- verify: ss -uanm in the namespace: d (drops) of the socket stands still
-- undo: sysctl -w net.core.rmem_max=212992
-- limits: what the sender lost on its way is not counted here. Which socket it was is known only if it lived through both reads.
--
-- UDP has no way to slow a sender down: when a program does not read as fast as datagrams come, the kernel drops those that do not fit into
-- the socket's receive buffer, and nobody is told. Typical victims are receivers of logs and metrics (syslog, statsd,
-- gelf), resolvers, and game or voice servers; also dockerd, whose embedded resolver reads each container's questions from
-- one socket.
--
-- The default buffer, 212992 bytes, holds fewer than three hundred small datagrams, since each is charged with its
-- overhead. Reported are ten lost ones a read apart at least, one in a second, and one for each hundred that were delivered.
WITH moved AS (
  SELECT a.host, a.netns, b.udp_rcvbuf_errors - a.udp_rcvbuf_errors AS lost, COALESCE(b.udp_sndbuf_errors - a.udp_sndbuf_errors, 0) AS unsent,
    b.udp_in_datagrams - a.udp_in_datagrams AS delivered, b.udp_mem_errors - a.udp_mem_errors AS no_memory, a.ref AS first_ref, b.ref AS last_ref
  FROM snmp_counter AS a
  JOIN snmp_counter AS b ON b.host = a.host AND b.netns = a.netns AND b.read = 'last'
  WHERE a.read = 'first'
), victim AS (
  SELECT host, netns, local_port, drops, rcvbuf_bytes, ref FROM (
    SELECT host, netns, local_port, drops_last - drops AS drops, rcvbuf_bytes, ref,
      ROW_NUMBER() OVER (PARTITION BY host, netns ORDER BY drops_last - drops DESC, local_port, ref) AS place
    FROM socket WHERE proto = 'udp' AND drops_last > drops
  ) WHERE place = 1
)
SELECT
  m.host,
  o.label || ' on ' || m.host || ' lost ' || m.lost || ' datagrams between the two reads because a receive buffer was full, and took ' || m.delivered
    || CASE WHEN v.ref IS NOT NULL THEN '; most on port ' || v.local_port ELSE '' END AS summary,
  'udp:' || m.host || '/' || o.netns_name AS subject,
  o.netns_name AS netns,
  o.service,
  m.lost,
  m.delivered,
  m.unsent,
  m.no_memory,
  v.local_port AS port,
  v.drops AS dropped_by_socket,
  v.rcvbuf_bytes,
  m.first_ref,
  m.last_ref,
  v.ref AS socket_ref
FROM moved AS m
JOIN reading AS r ON r.host = m.host
JOIN netns_owner AS o ON o.host = m.host AND o.netns = m.netns
LEFT JOIN victim AS v ON v.host = m.host AND v.netns = m.netns
WHERE m.lost >= 10 AND m.lost >= r.last_s - r.first_s AND m.lost * 100 >= m.delivered
