package analyze

import (
	"fmt"

	"github.com/netmortem/netmortem/schema"
)

// serviceQueue judges what waits before a program: connections that it has not accepted, bytes that it has not read, datagrams that found no
// room. A program that works off one request after the other shows the second: bytes wait on every connection but one, while its processor
// may idle, because the one request waits for something itself.
//
// UDP sockets on ports that clients get are left out unless they lost something. The counters of a namespace name no port: they are told of the port where there is one only, else with no port.
var serviceQueue = Derived{
	Name: "service_queue",
	Doc:  "What waits before the programs of a service, a container or a host: one row a port that somebody listens on, or with no port where only the namespace's counters tell.",
	Columns: []schema.Column{
		must(text("kind", schema.Plain, "service, container or host")),
		must(text("name", schema.Name, "name of it")),
		must(text("proto", schema.Plain, "tcp or udp")),
		whole("port", "port in the container; NULL for what the counters of a namespace with several ports tell"),
		must(whole("listeners", "namespaces where somebody listens on it")),
		must(whole("judged", "of these: with both reads, so that a full queue is told from a short burst")),
		must(whole("full", "of these: the accept queue stood at its bound in both reads")),
		must(whole("unaccepted", "of these: connections waited in the accept queue in both reads, and none was accepted in between: as many were made as the queues of the namespace grew by")),
		must(whole("full_once", "the accept queue stood at its bound in one of the reads")),
		whole("waiting", "connections in the accept queue at the last read, of the worst one"),
		whole("backlog", "bound of that queue"),
		whole("overflows", "connections turned away between the reads because a queue was full; NULL where the counters do not belong to one port"),
		whole("connections", "open connections of that port that both reads held"),
		whole("unread", "of these: bytes waited in both reads, and the program took none in between"),
		whole("unread_bytes", "bytes that waited on them at the last read"),
		whole("drops", "datagrams lost between the reads for want of room"),
		number("window_s", "seconds between the reads of the worst one"),
		number("cpu_ms", "processor time of the worst one's container, or of the processes in its namespace, between the reads, milliseconds"),
		must(text("verdict", schema.Plain, "full, unaccepted, overflowing, unread, dropping, ok or unknown: of the worst one")),
		must(text("why", schema.Name, "what it follows from, in words")),
		must(text("host", schema.Name, "host of the worst one")),
		must(text("netns", schema.Plain, "its namespace there")),
		must(refCol("ref", "row of socket: of its listener, or of a connection that is not read")),
		refCol("counter_ref", "row of netstat_counter or snmp_counter of the last read"),
		refCol("cpu_ref", "row of cgroup_stat or process that says how busy it is"),
	},
	Query: fmt.Sprintf(`
WITH tcp AS (
  SELECT s.host, s.netns, 'tcp' AS proto, s.local_port AS port, COUNT(*) AS listeners,
    MAX(CASE WHEN r.host IS NOT NULL AND s.seen = 'both' AND s.send_q_last IS NOT NULL THEN 1 ELSE 0 END) AS judged,
    MAX(CASE WHEN r.host IS NOT NULL AND %[1]s THEN 1 ELSE 0 END) AS full,
    MAX(CASE WHEN r.host IS NOT NULL AND %[1]s THEN 0 WHEN s.recv_q > 0 AND s.recv_q >= s.send_q OR s.recv_q_last > 0 AND s.recv_q_last >= s.send_q_last THEN 1 ELSE 0 END) AS full_once,
    MAX(CASE WHEN r.host IS NOT NULL AND s.seen = 'both' AND s.recv_q > 0 AND s.recv_q_last > 0 THEN 1 ELSE 0 END) AS waits,
    MAX(COALESCE(s.recv_q_last, s.recv_q)) AS waiting, MAX(COALESCE(s.send_q_last, s.send_q)) AS backlog,
    NULL AS drops, COALESCE(MIN(CASE WHEN s.recv_q_last > 0 THEN s.ref END), MIN(s.ref)) AS ref
  FROM socket AS s LEFT JOIN reading AS r ON r.host = s.host
  WHERE s.proto = 'tcp' AND s.state = 'listening' AND substr(s.local, 1, 4) <> '127.' AND s.local <> '::1'
  GROUP BY s.host, s.netns, s.local_port
), udp AS (
  SELECT s.host, s.netns, 'udp', s.local_port, COUNT(*),
    MAX(CASE WHEN r.host IS NOT NULL AND s.seen = 'both' AND s.drops_last IS NOT NULL THEN 1 ELSE 0 END), 0, 0, 0, NULL, NULL,
    SUM(CASE WHEN r.host IS NOT NULL AND s.seen = 'both' THEN s.drops_last - s.drops END), COALESCE(MIN(CASE WHEN s.drops_last > s.drops THEN s.ref END), MIN(s.ref))
  FROM socket AS s LEFT JOIN reading AS r ON r.host = s.host
  WHERE s.proto = 'udp' AND s.state = 'unconnected' AND substr(s.local, 1, 4) <> '127.' AND s.local <> '::1' AND s.local_port > 0
    AND (s.local_port < %[8]d OR s.drops_last > s.drops)
  GROUP BY s.host, s.netns, s.local_port
), ports AS (
  SELECT p.*, COUNT(*) OVER (PARTITION BY host, netns, proto) AS beside FROM (SELECT * FROM tcp UNION ALL SELECT * FROM udp) AS p
), held AS (
  SELECT s.host, s.netns, s.local_port AS port, COUNT(*) AS connections, SUM(CASE WHEN %[2]s THEN 1 ELSE 0 END) AS unread,
    SUM(CASE WHEN %[2]s THEN s.recv_q_last ELSE 0 END) AS unread_bytes, MIN(CASE WHEN %[2]s THEN s.ref END) AS unread_ref
  FROM socket AS s JOIN reading AS r ON r.host = s.host
  WHERE s.proto = 'tcp' AND s.state IN ('established', 'close-wait') AND s.seen = 'both' AND s.recv_q_last IS NOT NULL
  GROUP BY s.host, s.netns, s.local_port
), stat AS (
  SELECT host, netns, SUM(CASE WHEN read = 'last' THEN listen_overflows ELSE -listen_overflows END) AS overflows, MAX(CASE WHEN read = 'last' THEN ref END) AS ref
  FROM netstat_counter WHERE listen_overflows IS NOT NULL GROUP BY host, netns HAVING COUNT(DISTINCT read) = 2
), queued AS (
  SELECT host, netns, SUM(recv_q_last - recv_q) AS grown FROM socket WHERE proto = 'tcp' AND state = 'listening'
  GROUP BY host, netns HAVING COUNT(*) = SUM(CASE WHEN seen = 'both' AND recv_q_last IS NOT NULL THEN 1 ELSE 0 END)
), opened AS (
  SELECT host, netns, SUM(CASE WHEN read = 'last' THEN tcp_passive_opens ELSE -tcp_passive_opens END) AS opens
  FROM snmp_counter WHERE tcp_passive_opens IS NOT NULL GROUP BY host, netns HAVING COUNT(DISTINCT read) = 2
), idle AS (
  SELECT q.host, q.netns FROM queued AS q JOIN opened AS p ON p.host = q.host AND p.netns = q.netns AND p.opens = q.grown
  JOIN captured AS k ON k.tbl = 'socket' AND k.host = q.host AND k.netns = q.netns
), datagram AS (
  SELECT host, netns, SUM(CASE WHEN read = 'last' THEN udp_rcvbuf_errors ELSE -udp_rcvbuf_errors END) AS lost,
    SUM(CASE WHEN read = 'last' THEN udp_in_datagrams ELSE -udp_in_datagrams END) AS taken, MAX(CASE WHEN read = 'last' THEN ref END) AS ref
  FROM snmp_counter WHERE udp_rcvbuf_errors IS NOT NULL GROUP BY host, netns HAVING COUNT(DISTINCT read) = 2
), grouped AS (
  SELECT host, container, MAX(CASE WHEN file = 'cpu.stat' THEN (number_last - number) / 1000.0 ELSE (number_last - number) / 1000000.0 END) AS ms, MIN(ref) AS ref
  FROM cgroup_stat WHERE container IS NOT NULL AND seen = 'both' AND (file = 'cpu.stat' AND key = 'usage_usec' OR file = 'cpuacct.usage')
  GROUP BY host, container
), run AS (
  SELECT host, netns, SUM(user_ms_last - user_ms + system_ms_last - system_ms) AS ms, MIN(ref) AS ref
  FROM process WHERE netns IS NOT NULL AND seen = 'both' AND user_ms_last IS NOT NULL AND system_ms_last IS NOT NULL GROUP BY host, netns
), per AS (
  SELECT o.host, o.netns, CASE WHEN o.kind = 'host' THEN 'host' WHEN o.service IS NOT NULL THEN 'service' ELSE 'container' END AS kind,
    CASE WHEN o.kind = 'host' THEN o.host ELSE COALESCE(o.service, o.label) END AS name,
    p.proto, p.port, p.listeners, p.judged, p.full, CASE WHEN p.waits = 1 AND i.host IS NOT NULL THEN 1 ELSE 0 END AS unaccepted, p.full_once, p.waiting, p.backlog,
    CASE WHEN p.proto = 'tcp' AND p.beside = 1 THEN t.overflows END AS overflows, h.connections, h.unread, h.unread_bytes,
    CASE WHEN p.proto = 'udp' THEN p.drops END AS drops, d.taken, ROUND(r.last_s - r.first_s, 3) AS window_s, COALESCE(g.ms, c.ms) AS cpu_ms,
    CASE WHEN h.unread > 0 AND p.full = 0 THEN h.unread_ref ELSE p.ref END AS ref, CASE p.proto WHEN 'tcp' THEN t.ref ELSE d.ref END AS counter_ref, CASE WHEN g.ms IS NOT NULL THEN g.ref ELSE c.ref END AS cpu_ref
  FROM ports AS p
  JOIN netns_owner AS o ON o.host = p.host AND o.netns = p.netns AND o.kind IN ('container', 'host', 'other')
  LEFT JOIN reading AS r ON r.host = p.host
  LEFT JOIN held AS h ON p.proto = 'tcp' AND h.host = p.host AND h.netns = p.netns AND h.port = p.port
  LEFT JOIN stat AS t ON t.host = p.host AND t.netns = p.netns
  LEFT JOIN datagram AS d ON d.host = p.host AND d.netns = p.netns
  LEFT JOIN idle AS i ON p.proto = 'tcp' AND i.host = p.host AND i.netns = p.netns
  LEFT JOIN grouped AS g ON g.host = o.host AND g.container = o.container
  LEFT JOIN run AS c ON c.host = o.host AND c.netns = o.netns
  UNION ALL
  SELECT o.host, o.netns, CASE WHEN o.kind = 'host' THEN 'host' WHEN o.service IS NOT NULL THEN 'service' ELSE 'container' END,
    CASE WHEN o.kind = 'host' THEN o.host ELSE COALESCE(o.service, o.label) END, 'tcp', NULL, p.listeners, 1, 0, 0, 0, NULL, NULL,
    t.overflows, NULL, NULL, NULL, NULL, NULL, ROUND(r.last_s - r.first_s, 3), COALESCE(g.ms, c.ms), p.ref, t.ref, CASE WHEN g.ms IS NOT NULL THEN g.ref ELSE c.ref END
  FROM stat AS t
  JOIN reading AS r ON r.host = t.host
  JOIN netns_owner AS o ON o.host = t.host AND o.netns = t.netns AND o.kind IN ('container', 'host', 'other')
  JOIN (SELECT host, netns, COUNT(*) AS listeners, MIN(ref) AS ref FROM tcp GROUP BY host, netns HAVING COUNT(*) > 1) AS p ON p.host = t.host AND p.netns = t.netns
  LEFT JOIN grouped AS g ON g.host = o.host AND g.container = o.container
  LEFT JOIN run AS c ON c.host = o.host AND c.netns = o.netns
  WHERE t.overflows > 0
), word AS (
  SELECT per.*, CASE
    WHEN full = 1 THEN 'full'
    WHEN unaccepted = 1 THEN 'unaccepted'
    WHEN overflows >= %[3]d AND overflows * %[4]d >= window_s THEN 'overflowing'
    WHEN unread > 0 THEN 'unread'
    WHEN drops >= %[5]d AND drops >= window_s AND drops * %[6]d >= COALESCE(taken, 0) THEN 'dropping'
    WHEN judged = 1 THEN 'ok' ELSE 'unknown' END AS verdict
  FROM per
), ranked AS (
  SELECT word.*, ROW_NUMBER() OVER (PARTITION BY kind, name, proto, port ORDER BY CASE verdict WHEN 'full' THEN 1 WHEN 'unaccepted' THEN 2 WHEN 'overflowing' THEN 3 WHEN 'unread' THEN 4 WHEN 'dropping' THEN 5 WHEN 'ok' THEN 6 ELSE 7 END,
    unread DESC, waiting DESC, host, netns) AS place
  FROM word
), summed AS (
  SELECT kind, name, proto, port, COUNT(*) AS listeners, SUM(judged) AS judged, SUM(full) AS full, SUM(unaccepted) AS unaccepted, SUM(full_once) AS full_once,
    MAX(CASE WHEN place = 1 THEN waiting END) AS waiting, MAX(CASE WHEN place = 1 THEN backlog END) AS backlog, SUM(overflows) AS overflows,
    SUM(connections) AS connections, SUM(unread) AS unread, SUM(unread_bytes) AS unread_bytes, SUM(drops) AS drops,
    MAX(CASE WHEN place = 1 THEN window_s END) AS window_s, MAX(CASE WHEN place = 1 THEN cpu_ms END) AS cpu_ms, MAX(CASE WHEN place = 1 THEN verdict END) AS verdict,
    MAX(CASE WHEN place = 1 THEN host END) AS host, MAX(CASE WHEN place = 1 THEN netns END) AS netns, MAX(CASE WHEN place = 1 THEN ref END) AS ref,
    MAX(CASE WHEN place = 1 THEN counter_ref END) AS counter_ref, MAX(CASE WHEN place = 1 THEN cpu_ref END) AS cpu_ref
  FROM ranked GROUP BY kind, name, proto, port
), busy AS (
  SELECT summed.*, CASE WHEN cpu_ms IS NULL OR window_s IS NULL OR verdict IN ('ok', 'unknown') THEN ''
    WHEN cpu_ms * %[7]d < window_s * 1000 THEN '; its processor idled (' || CAST(ROUND(cpu_ms) AS INTEGER) || ' ms in ' || ROUND(window_s, 1) || ' s): it waits for something itself'
    ELSE '; it used ' || CAST(ROUND(cpu_ms) AS INTEGER) || ' ms of processor time in ' || ROUND(window_s, 1) || ' s' END AS processor
  FROM summed
)
SELECT kind, name, proto, port, listeners, judged, full, unaccepted, full_once, waiting, backlog, overflows, connections, unread, unread_bytes, drops, window_s, cpu_ms, verdict,
  CASE verdict
    WHEN 'full' THEN 'the accept queue was full in both reads at ' || full || ' of ' || judged || ' judged: ' || waiting || ' waiting, ' || backlog || ' fit' || processor
    WHEN 'unaccepted' THEN waiting || CASE waiting WHEN 1 THEN ' connection waits' ELSE ' connections wait' END || ' to be accepted, and none was accepted between the reads, at ' || unaccepted || ' of ' || judged || ' judged' || processor
    WHEN 'overflowing' THEN overflows || ' connections were turned away between the reads, for an accept queue was full' || processor
    WHEN 'unread' THEN 'on ' || unread || ' of ' || connections || ' connections bytes waited in both reads, and none was taken in between' || processor
    WHEN 'dropping' THEN drops || ' datagrams found no room between the reads' || processor
    WHEN 'ok' THEN CASE WHEN full_once > 0 THEN 'the accept queue was full in one read only' WHEN proto = 'udp' THEN COALESCE(drops, 0) || ' datagrams lost' ELSE 'nothing waits' END || ', ' || judged || ' of ' || listeners || ' judged'
    ELSE 'read once, or without the lengths of queues' END,
  host, netns, ref, counter_ref, cpu_ref
FROM busy`, fullListener, unreadSocket, overflowLeast, overflowSeconds, udpLostLeast, udpLostShare, idleShare, firstEphemeral),
	Index: []string{"kind, name, proto, port"},
}
