-- Host sends through its tunnels and hears nothing back
-- catalogue: A13
-- severity: critical
-- since: 0.3.0
-- layer: underlay
-- need: several hosts, two reads
-- blame: underlay
-- views: what this host's tunnels send and what they receive
-- check: tcpdump -ni any udp port <port>; iptables -nvL INPUT; nsenter --net=/run/docker/netns/<netns> ip -s link show vxlan0
-- remedy: iptables -I INPUT -p udp --dport <port> -j ACCEPT
--   (and in whatever writes the rules: firewalld, ufw, the provider's security group; on every node)
-- risk: VXLAN has no password of its own: allow it from the other nodes' addresses only (-s ADDRESS).
-- verify: nsenter --net=/run/docker/netns/<netns> ip -s link show vxlan0
-- undo: iptables -D INPUT -p udp --dport <port> -j ACCEPT
-- remedy: docker swarm init --data-path-port 7789
--   (a swarm made anew, where a hypervisor keeps the port for itself: NSX and ESXi do with 4789 and 8472)
-- risk: the swarm, its services, networks and secrets are made again.
-- verify: netmortem analyze of a new capture
-- undo: make the swarm again with the old port
-- upstream: moby/moby#33416, moby/moby#53004, flannel-io/flannel#2388
-- limits: needs traffic between the two reads (five packets sent) and another captured host that sends on the same network. A host to which
--   only some of the others cannot send still hears the rest, and is not reported. Encrypted networks have a rule of their own.
--
-- Overlays cross the underlay as UDP to one port, 4789 unless the swarm was made with another. This host's tunnels sent packets while
-- capture watched, others send on the same networks, too, and not one packet came out of any of this host's tunnels. With TCP,
-- that means that every connection to a task of another node hangs in SYN-SENT.
--
-- Usual causes, in this order: a firewall on this host that ends in DROP or REJECT and does not know the port (the fact "rule"
-- names it when its counter grew); a security group or firewall between the nodes that lets the gossip's 7946 through and forgot UDP 4789; a
-- hypervisor's own overlay that takes all packets to 4789 for its own (VMware NSX). Rarer: packets arrive and the kernel
-- refuses them, because they come from another address of the sender than the forwarding entries name (two addresses on one
-- device, an advertise address that the sender does not send from): tcpdump then shows them.
--
-- To keep UDP that only ever goes one way from looking like this, one more sign is asked for: TCP in this host's containers sends
-- again, a rule's counter for the port grows, or nothing was ever received.
WITH tunnel AS (
  SELECT o.host, o.net, o.netns, o.netns_name, o.network, v.vxlan_port, SUM(b.tx_packets - a.tx_packets) AS sent, SUM(b.rx_packets - a.rx_packets) AS heard,
    SUM(b.rx_packets) AS ever, MIN(b.ref) AS ref
  FROM overlay_netns AS o
  JOIN expected_mtu AS x ON x.host = o.host AND x.netns = o.netns AND x.encrypted = 0
  JOIN link AS v ON v.host = o.host AND v.netns = o.netns AND v.kind = 'vxlan'
  JOIN netdev_counter AS a ON a.host = v.host AND a.netns = v.netns AND a.dev = v.name AND a.read = 'first'
  JOIN netdev_counter AS b ON b.host = v.host AND b.netns = v.netns AND b.dev = v.name AND b.read = 'last'
  GROUP BY o.host, o.net, o.netns, o.netns_name, o.network, v.vxlan_port
), whole AS (
  SELECT t.host, SUM(t.sent) AS sent, SUM(t.heard) AS heard, SUM(t.ever) AS ever, MIN(t.vxlan_port) AS port
  FROM tunnel AS t GROUP BY t.host
  HAVING SUM(t.sent) >= 5 AND SUM(t.heard) = 0 AND COUNT(*) = (SELECT COUNT(*) FROM overlay_netns AS o
    LEFT JOIN expected_mtu AS x ON x.host = o.host AND x.netns = o.netns WHERE o.host = t.host AND COALESCE(x.encrypted, 0) = 0)
), spoken AS (
  SELECT net, SUM(sent) AS sent, COUNT(*) AS hosts FROM tunnel WHERE sent >= 5 GROUP BY net
), again AS (
  SELECT n.host, SUM(b.tcp_retrans_segs - a.tcp_retrans_segs) AS segments, MIN(b.ref) AS ref
  FROM netns AS n
  JOIN snmp_counter AS a ON a.host = n.host AND a.netns = n.netns AND a.read = 'first'
  JOIN snmp_counter AS b ON b.host = n.host AND b.netns = n.netns AND b.read = 'last'
  WHERE n.kind = 'container' AND b.tcp_retrans_segs > a.tcp_retrans_segs AND n.host IN (SELECT host FROM whole)
  GROUP BY n.host
), rule AS (
  SELECT w.host, MIN(r.spec) AS spec, MIN(r.ref) AS ref, SUM(r.packets_last - r.packets) AS packets
  FROM whole AS w
  JOIN netns AS n ON n.host = w.host AND n.kind = 'host'
  JOIN iptables_rule AS r ON r.host = n.host AND r.netns = n.netns AND r.target IN ('DROP', 'REJECT') AND r.packets_last > r.packets
    AND (r.proto = 'udp' AND r.dport_min <= w.port AND r.dport_max >= w.port AND instr(COALESCE(r.inverted, ''), 'dport') = 0 AND instr(COALESCE(r.inverted, ''), 'proto') = 0
      OR r.proto IS NULL AND r.dport_min IS NULL AND r.ctstate IS NULL AND r.chain = 'INPUT')
  GROUP BY w.host
)
SELECT
  w.host,
  w.host || ' sent ' || w.sent || ' packets through its tunnels (' || t.networks || ') and received none'
    || CASE WHEN r.spec IS NOT NULL THEN ': a rule drops what comes in for port ' || w.port WHEN w.ever = 0 THEN ', now or ever' ELSE '' END AS summary,
  'underlay:' || w.host || '/udp/' || w.port AS subject,
  CASE WHEN r.spec IS NOT NULL THEN 'firewall' END AS blame,
  w.port,
  w.sent,
  w.heard,
  w.ever AS received_since_made,
  t.networks,
  t.netns,
  g.segments AS tcp_sent_again,
  r.spec AS rule,
  r.packets AS rule_dropped,
  m.sys_vendor AS machine,
  t.ref AS counter_ref,
  r.ref AS rule_ref,
  g.ref AS retrans_ref,
  m.ref AS machine_ref
FROM whole AS w
JOIN known_host AS k ON k.host = w.host
JOIN (SELECT t.host, group_concat(t.network, ', ') AS networks, MIN(t.netns_name) AS netns, MIN(t.ref) AS ref
  FROM (SELECT * FROM tunnel WHERE sent > 0 ORDER BY host, network) AS t
  JOIN spoken AS s ON s.net = t.net AND s.sent - CASE WHEN t.sent >= 5 THEN t.sent ELSE 0 END >= 5
  GROUP BY t.host) AS t ON t.host = w.host
LEFT JOIN again AS g ON g.host = w.host
LEFT JOIN rule AS r ON r.host = w.host
LEFT JOIN machine AS m ON m.host = w.host
WHERE g.segments > 0 OR r.spec IS NOT NULL OR w.ever = 0
