-- TCP sends too much again
-- catalogue: G6
-- severity: medium
-- since: 0.3.0
-- layer: tcp
-- need: one host, two reads
-- blame: underlay
-- check: nsenter --net=/run/docker/netns/<netns> nstat TcpRetransSegs TcpOutSegs TcpExtTCPTimeouts TcpExtTCPSynRetrans
-- remedy: find the part of the way that loses: ping -M do -s 1422 between the nodes (MTU), softnet-drops, nic-drops, the hypervisor's counters
-- risk: none
-- verify: nstat in the namespace: TcpRetransSegs stays below a hundredth of TcpOutSegs
-- undo: nothing to undo
-- limits: does not tell which way the loss is, nor where. A peer that is dead or refuses by silence makes retransmissions, too: then few
--   segments are sent and most of those sent again are SYNs, see the fact syn_again.
--
-- A segment without an acknowledgement is sent again; every one costs a client a fifth of a second at least, and the third in a row
-- more than a second. In a data centre less than one in a thousand is normal; clients on the internet or on mobile networks make it
-- two in a hundred on a good day. From there on throughput of a connection falls to a fraction, and what people report is
-- "slow", not "broken".
--
-- Compare the namespaces: if tasks on overlays resend and the host itself does not, the loss is inside the tunnel (MTU, VXLAN
-- checksums, a receiver that cannot keep up); if all do, it is the underlay or the machine; if one task does, it is that
-- task's peer. When more than three namespaces of a host are affected they are one finding.
--
-- Medium from five sent again for each hundred that were sent, low from two; in both cases fifty at least between the reads: small
-- samples say nothing.
WITH moved AS (
  SELECT a.host, a.netns, b.tcp_retrans_segs - a.tcp_retrans_segs AS again, b.tcp_out_segs - a.tcp_out_segs AS sent, a.ref AS first_ref, b.ref AS last_ref
  FROM snmp_counter AS a
  JOIN snmp_counter AS b ON b.host = a.host AND b.netns = a.netns AND b.read = 'last'
  WHERE a.read = 'first'
), further AS (
  SELECT host, netns, SUM(CASE WHEN read = 'last' THEN tcp_timeouts ELSE -tcp_timeouts END) AS timeouts,
    SUM(CASE WHEN read = 'last' THEN tcp_syn_retrans ELSE -tcp_syn_retrans END) AS syn_again
  FROM netstat_counter GROUP BY host, netns HAVING COUNT(DISTINCT read) = 2
), bad AS (
  SELECT m.*, o.label, o.netns_name, o.service, COUNT(*) OVER (PARTITION BY m.host) AS places,
    ROW_NUMBER() OVER (PARTITION BY m.host ORDER BY m.again DESC, o.netns_name) AS place
  FROM moved AS m JOIN netns_owner AS o ON o.host = m.host AND o.netns = m.netns
  WHERE m.again >= 50 AND m.again * 50 >= m.sent
)
SELECT
  b.host,
  b.label || ' on ' || b.host || ' sent ' || b.again || ' TCP segments again for ' || b.sent || ' that it sent between the two reads'
    || CASE WHEN b.places > 3 THEN '; so do ' || (b.places - 1) || ' other namespaces of the host' ELSE '' END AS summary,
  'tcp:' || b.host || '/' || CASE WHEN b.places > 3 THEN 'retransmits' ELSE b.netns_name || '/retransmits' END AS subject,
  CASE WHEN b.again * 20 >= b.sent THEN 'medium' ELSE 'low' END AS severity,
  b.netns_name AS netns,
  b.service,
  b.again,
  b.sent,
  f.timeouts,
  f.syn_again,
  b.places AS namespaces,
  b.first_ref,
  b.last_ref
FROM bad AS b
LEFT JOIN further AS f ON f.host = b.host AND f.netns = b.netns
WHERE b.places <= 3 OR b.place = 1
