package analyze

import "github.com/netmortem/netmortem/schema"

// serviceTCP says what the counters of a namespace say, and they name no peer: that connects fail, not to whom. A reset is sent where nobody
// listens, or by a program that closes without having read all.
var serviceTCP = Derived{
	Name: "service_tcp",
	Doc:  "TCP counters between the two reads of a service's namespaces together, of a container, or of a host: one row each.",
	Columns: []schema.Column{
		must(text("kind", schema.Plain, "service, container or host")),
		must(text("name", schema.Name, "name of it")),
		must(whole("namespaces", "namespaces of it that were captured")),
		must(whole("judged", "of these: with the counters of both reads; the others add nothing to what follows")),
		whole("connects", "connects tried"),
		whole("connect_fails", "connects and handshakes that failed: refused, timed out or given up"),
		whole("accepts", "connections accepted"),
		whole("resets", "open connections that ended by a reset"),
		whole("resets_sent", "resets sent: nobody listened, or a program closed without reading all"),
		whole("segs", "segments sent, without those sent again"),
		whole("again", "segments sent again"),
		whole("syn_again", "SYN and SYN-ACK among these"),
		whole("timeouts", "retransmission timers that ran out"),
		whole("gave_up", "connections given up after all retries"),
		whole("listen_overflows", "connections turned away because an accept queue was full"),
		number("window_s", "seconds between the reads, the longest"),
		refCol("ref", "row of snmp_counter of the last read of the namespace with the most failed connects"),
	},
	Query: `
WITH snmp AS (
  SELECT a.host, a.netns, b.tcp_active_opens - a.tcp_active_opens AS connects, b.tcp_attempt_fails - a.tcp_attempt_fails AS fails, b.tcp_passive_opens - a.tcp_passive_opens AS accepts,
    b.tcp_estab_resets - a.tcp_estab_resets AS resets, b.tcp_out_rsts - a.tcp_out_rsts AS resets_sent, b.tcp_out_segs - a.tcp_out_segs AS segs, b.tcp_retrans_segs - a.tcp_retrans_segs AS again, b.ref
  FROM snmp_counter AS a JOIN snmp_counter AS b ON b.host = a.host AND b.netns = a.netns AND b.read = 'last' WHERE a.read = 'first'
), further AS (
  SELECT a.host, a.netns, b.tcp_syn_retrans - a.tcp_syn_retrans AS syn_again, b.tcp_timeouts - a.tcp_timeouts AS timeouts, b.tcp_abort_on_timeout - a.tcp_abort_on_timeout AS gave_up,
    b.listen_overflows - a.listen_overflows AS overflows
  FROM netstat_counter AS a JOIN netstat_counter AS b ON b.host = a.host AND b.netns = a.netns AND b.read = 'last' WHERE a.read = 'first'
), owned AS (
  SELECT host, netns, CASE WHEN kind = 'host' THEN 'host' WHEN service IS NOT NULL THEN 'service' ELSE 'container' END AS kind, CASE WHEN kind = 'host' THEN host ELSE COALESCE(service, label) END AS name
  FROM netns_owner WHERE kind IN ('host', 'container')
), per AS (
  SELECT o.kind, o.name, s.*, f.syn_again, f.timeouts, f.gave_up, f.overflows, ROUND(r.last_s - r.first_s, 3) AS window_s,
    ROW_NUMBER() OVER (PARTITION BY o.kind, o.name ORDER BY s.fails DESC, o.host, o.netns) AS place
  FROM owned AS o
  LEFT JOIN reading AS r ON r.host = o.host
  LEFT JOIN snmp AS s ON s.host = o.host AND s.netns = o.netns
  LEFT JOIN further AS f ON f.host = o.host AND f.netns = o.netns
)
SELECT kind, name, COUNT(*), COUNT(ref), SUM(connects), SUM(fails), SUM(accepts), SUM(resets), SUM(resets_sent), SUM(segs), SUM(again), SUM(syn_again), SUM(timeouts), SUM(gave_up), SUM(overflows),
  MAX(window_s), MAX(CASE WHEN place = 1 THEN ref END)
FROM per GROUP BY kind, name`,
	Index: []string{"kind, name"},
}
