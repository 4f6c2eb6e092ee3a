-- A listener's accept queue overflows
-- catalogue: G4
-- severity: high
-- since: 0.3.0
-- layer: tcp
-- need: one host, two reads
-- blame: application
-- check: nsenter --net=/run/docker/netns/<netns> sh -c 'ss -ltn; nstat -az TcpExtListenOverflows TcpExtListenDrops'
-- remedy: look why the program does not accept: docker top <container>, its log, its processor limit (cpu-steal-pressure)
-- risk: none
-- verify: ss -ltn in the namespace: Recv-Q goes back to 0
-- undo: nothing to undo
-- remedy: docker service update --force <service>
-- risk: its tasks are replaced one by one; connections in the queue are reset
-- verify: nstat in the new task's namespace: TcpExtListenOverflows stays 0
-- undo: nothing to undo
-- remedy: docker service update --sysctl-add net.core.somaxconn=4096 <service>, and a larger backlog in the program's own listen()
-- risk: its tasks are replaced; a longer queue hides a program that is too slow, and its clients wait longer
-- verify: ss -ltn in the new task's namespace: Send-Q shows the new backlog
-- undo: docker service update --sysctl-rm net.core.somaxconn <service>
-- limits: a short burst between the reads that fills no queue at either of them is seen only in the counter.
--
-- The kernel completes a handshake by itself and puts the connection into the listener's queue, which is as long as the smaller
-- of the program's backlog and net.core.somaxconn of the namespace (128 before kernel 5.4, then 4096; a container does not
-- inherit the host's value). When the program does not accept as fast as clients come, the queue fills; the kernel then
-- ignores the client's last ACK, and new SYNs, too. The client believes to be connected or waits one, three, seven seconds. From
-- outside it looks like packet loss, the network is innocent.
--
-- In ss -ltn Recv-Q of a listener is what waits and Send-Q the bound. Reported is a queue that stands at its bound in both reads, or
-- five overflows and more between them, one in two seconds at least: each is a client that waits for a second or longer, while
-- one or two happen when a healthy server starts.
--
-- In the host's own namespace the listener may be dockerd's placeholder for a published port: nobody accepts there, it only
-- keeps the port. Connections that end in it have passed by the DNAT rule: see ingress-dnat-missing-or-wrong.
WITH grown AS (
  SELECT host, netns,
    MAX(CASE WHEN read = 'last' THEN listen_overflows END) - MAX(CASE WHEN read = 'first' THEN listen_overflows END) AS overflows,
    MAX(CASE WHEN read = 'last' THEN listen_drops END) - MAX(CASE WHEN read = 'first' THEN listen_drops END) AS drops,
    MAX(CASE WHEN read = 'last' THEN ref END) AS ref
  FROM netstat_counter GROUP BY host, netns
), stuck AS (
  SELECT host, netns, group_concat(local || ':' || local_port, ', ') AS listeners, MAX(recv_q_last) AS waiting, MAX(send_q_last) AS backlog, MIN(ref) AS ref
  FROM socket
  WHERE proto = 'tcp' AND state = 'listening' AND seen = 'both' AND recv_q > 0 AND recv_q >= send_q AND recv_q_last > 0 AND recv_q_last >= send_q_last
  GROUP BY host, netns
)
SELECT
  o.host,
  o.label || ' on ' || o.host || ' does not accept connections fast enough'
    || CASE WHEN s.ref IS NOT NULL THEN ': the queue of ' || s.listeners || ' is full with ' || s.waiting || ' waiting' ELSE '' END
    || CASE WHEN g.overflows > 0 THEN ', ' || g.overflows || ' were turned away between the two reads' ELSE '' END AS summary,
  'listen:' || o.host || '/' || o.netns_name AS subject,
  o.netns_name AS netns,
  o.service,
  substr(o.container, 1, 12) AS container,
  s.listeners,
  s.waiting,
  s.backlog,
  g.overflows,
  g.drops,
  k.value AS somaxconn,
  s.ref AS socket_ref,
  g.ref AS counter_ref,
  k.ref AS sysctl_ref
FROM netns_owner AS o
JOIN reading AS r ON r.host = o.host
LEFT JOIN grown AS g ON g.host = o.host AND g.netns = o.netns
LEFT JOIN stuck AS s ON s.host = o.host AND s.netns = o.netns
LEFT JOIN sysctl AS k ON k.host = o.host AND k.netns = o.netns AND k.key = 'net.core.somaxconn'
WHERE s.ref IS NOT NULL OR (g.overflows >= 5 AND g.overflows * 2 >= r.last_s - r.first_s)
