-- Virtual network card computes checksums of tunnelled packets wrongly
-- catalogue: A14
-- severity: critical
-- since: 0.3.0
-- layer: underlay
-- need: one host, several hosts, two reads
-- blame: underlay
-- views: what this host's card sends and what the other hosts' containers receive
-- check: ethtool -i <nic>; ethtool -k <nic> | grep tx-checksum-ip-generic; in a container of another node: nstat -az TcpInCsumErrors
-- remedy: ethtool -K <nic> tx-checksum-ip-generic off
--   (on every node; make it last with a systemd .link file, TransmitChecksumOffload=no, or NetworkManager's
--   ethtool.feature-tx-checksum-ip-generic=false)
-- risk: the processor computes checksums; some per cent of it at high rates. The card may drop its link for a moment.
-- verify: ethtool -k <nic> | grep tx-checksum-ip-generic; docker exec CLIENT wget -qO- http://SERVICE/
-- undo: ethtool -K <nic> tx-checksum-ip-generic on
-- remedy: docker swarm init --data-path-port 7789
--   (a swarm made anew: the card looks into packets of the ports 4789 and 8472 only)
-- risk: the swarm, its services, networks and secrets are made again.
-- verify: netmortem analyze of a new capture
-- undo: make the swarm again with the old port
-- upstream: moby/moby#41775, coreos/fedora-coreos-tracker#1372, vmware/photon#1321, projectcalico/calico#9433
-- fixed-in: newer ESXi and virtual hardware, which the bundle does not tell apart
-- limits: low where no other host's containers count broken checksums: many such machines work. Packets that the hypervisor drops itself
--   are counted nowhere; then vxlan-port-blocked or retransmissions show it. Only vmxnet3 is known for it.
--
-- The driver of VMware's card offers to compute the checksums of packets inside VXLAN, and the kernel, which believes it, leaves the
-- inner checksum to the card. With some combinations of kernel (4.x and newer), virtual hardware (14 and newer) and ESXi, NSX above all, the
-- card does it wrong, or drops the packet. What has no inner TCP or UDP checksum gets through: ping works, names are resolved
-- locally, and every TCP connection to a task on another node hangs before its first answer.
--
-- Found by the device by which this host reaches the other nodes: driver vmxnet3, tx-checksum-ip-generic on, data path port
-- 4789 or 8472. Critical when containers of other captured hosts count segments with wrong checksums while capture watches, high when
-- they have counted some since they started, low without such evidence.
WITH bad AS (
  SELECT n.host,
    SUM(COALESCE(b.tcp_in_csum_errors, 0) + COALESCE(b.udp_in_csum_errors, 0)) AS errors,
    SUM(COALESCE(b.tcp_in_csum_errors - a.tcp_in_csum_errors, 0) + COALESCE(b.udp_in_csum_errors - a.udp_in_csum_errors, 0)) AS grew,
    MIN(CASE WHEN b.tcp_in_csum_errors > 0 OR b.udp_in_csum_errors > 0 THEN b.ref END) AS ref
  FROM netns AS n
  JOIN snmp_counter AS a ON a.host = n.host AND a.netns = n.netns AND a.read = 'first'
  JOIN snmp_counter AS b ON b.host = n.host AND b.netns = n.netns AND b.read = 'last'
  WHERE n.kind IN ('container', 'lb', 'ingress')
  GROUP BY n.host
), total AS (
  SELECT SUM(errors) AS errors, SUM(grew) AS grew, MIN(ref) AS ref, COUNT(*) AS hosts FROM bad
), card AS (
  SELECT p.host, p.dev, c.dev AS nic, MIN(c.driver) AS driver, MIN(c.ref) AS nic_ref, MIN(f.ref) AS feature_ref
  FROM underlay_path AS p
  JOIN link AS d ON d.ref = p.link_ref AND d.host = p.host
  JOIN link AS l ON l.host = d.host AND l.netns = d.netns AND (l.ifindex = d.ifindex OR l.ifindex = d.link AND d.kind = 'vlan' OR l.master = d.ifindex AND d.kind IN ('bond', 'bridge', 'team'))
  JOIN nic AS c ON c.host = l.host AND c.netns = l.netns AND c.ifindex = l.ifindex AND c.driver = 'vmxnet3'
  JOIN nic_feature AS f ON f.host = c.host AND f.netns = c.netns AND f.ifindex = c.ifindex AND f.feature = 'tx-checksum-ip-generic' AND f.active = 1
  GROUP BY p.host, p.dev, c.dev
)
SELECT
  c.host,
  c.nic || ' on ' || c.host || ' is a vmxnet3 that computes checksums of VXLAN packets itself'
    || CASE WHEN t.errors - COALESCE(o.errors, 0) > 0 THEN '; containers of other hosts have received ' || (t.errors - COALESCE(o.errors, 0)) || ' segments with a wrong one'
       ELSE ': on some versions of ESXi it does so wrongly' END AS summary,
  'nic:' || c.host || '/' || c.nic AS subject,
  CASE WHEN t.grew - COALESCE(o.grew, 0) > 0 THEN NULL WHEN t.errors - COALESCE(o.errors, 0) > 0 THEN 'high' ELSE 'low' END AS severity,
  CASE WHEN COALESCE(t.errors - COALESCE(o.errors, 0), 0) = 0 THEN 'this host''s card alone' END AS views,
  c.nic,
  c.driver,
  v.port,
  t.errors - COALESCE(o.errors, 0) AS wrong_elsewhere,
  t.grew - COALESCE(o.grew, 0) AS between_reads,
  m.product_name AS machine,
  c.feature_ref,
  c.nic_ref,
  CASE WHEN t.errors - COALESCE(o.errors, 0) > 0 THEN t.ref END AS counter_ref,
  m.ref AS machine_ref
FROM card AS c
JOIN (SELECT host, MIN(vxlan_port) AS port FROM link WHERE kind = 'vxlan' AND vxlan_port IN (4789, 8472) GROUP BY host) AS v ON v.host = c.host
CROSS JOIN total AS t
LEFT JOIN bad AS o ON o.host = c.host
LEFT JOIN machine AS m ON m.host = c.host
