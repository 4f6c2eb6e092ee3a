-- A host's kernel settings differ from those of its peers
-- catalogue: H1
-- severity: low
-- since: 0.3.0
-- layer: host
-- need: several hosts, a manager
-- blame: configuration
-- check: sysctl <keys>
-- remedy: sysctl -w KEY=VALUE with the value of the others (fact differences), and the same in /etc/sysctl.d for the next boot
-- risk: some settings act at once on traffic: ip_forward and rp_filter first of all
-- verify: sysctl KEY on both
-- undo: sysctl -w KEY=VALUE with this host's former value (fact differences)
-- limits: needs a manager's list of nodes, and more than half of the nodes of a kind captured and agreed. Settings that the kernel reckons from its
--   memory (tcp_mem, conntrack_max) differ between machines of different size and are not compared.
--
-- Hosts of one kind are made alike, and a setting that one of them has differently is rarely on purpose: a file in sysctl.d that was never
-- rolled out, tuned or a hardening role that undid what dockerd had set, a node that was installed a year later. It explains
-- why "it works on the others".
--
-- Compared are settings that decide about Docker's traffic: forwarding, reverse path filters, the neighbour table's bounds, the
-- length of listen queues, keepalive, bridges calling iptables, and IPVS. All nodes that run tasks are of one kind;
-- managers that are drained are of another. The value that more than half of a kind's nodes have is taken for right, and
-- each host that has another one is one finding. In a swarm of two such nodes nobody can say who is right: the one named
-- last stands for both.
--
-- Low, because a difference is no fault by itself: rules that know what a setting breaks (ip-forward-off,
-- neigh-table-overflow, reverse-path-drop, ipvs-conn-reuse-delay) say so.
WITH member AS (
  SELECT n.node_id, MIN(h.host) AS host, MAX(CASE WHEN n.role = 'manager' AND n.availability IN ('drain', 'pause') THEN 'managers without tasks' ELSE 'nodes with tasks' END) AS kind, MIN(n.ref) AS ref
  FROM swarm_node AS n LEFT JOIN swarm_host AS h ON h.node_id = n.node_id
  WHERE n.state <> 'down' GROUP BY n.node_id
), sized AS (
  SELECT kind, COUNT(*) AS nodes FROM member GROUP BY kind
), home AS MATERIALIZED (
  SELECT m.kind, z.nodes, s.host, s.netns, m.ref AS node_ref
  FROM member AS m
  JOIN sized AS z ON z.kind = m.kind
  JOIN netns AS s ON s.host = m.host AND s.kind = 'host'
), held AS MATERIALIZED (
  SELECT m.kind, m.nodes, m.host, k.key, k.value, k.ref, m.node_ref
  FROM sysctl AS k
  CROSS JOIN home AS m
  WHERE m.host = k.host AND m.netns = k.netns AND k.key IN ('net.ipv4.ip_forward', 'net.ipv4.conf.all.rp_filter', 'net.ipv4.conf.default.rp_filter', 'net.ipv4.neigh.default.gc_thresh1', 'net.ipv4.neigh.default.gc_thresh2',
    'net.ipv4.neigh.default.gc_thresh3', 'net.core.somaxconn', 'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes',
    'net.bridge.bridge-nf-call-iptables', 'net.bridge.bridge-nf-call-ip6tables', 'net.ipv4.vs.conntrack', 'net.ipv4.vs.conn_reuse_mode', 'net.ipv4.vs.expire_nodest_conn')
), agreed AS (
  SELECT kind, nodes, key, value, COUNT(DISTINCT host) AS n, MAX(host) AS last_host, MIN(ref) AS ref FROM held GROUP BY kind, nodes, key, value
), odd AS (
  SELECT h.host, h.key, h.value, a.value AS usual, a.n, h.nodes, h.kind, h.ref, a.ref AS usual_ref
  FROM held AS h JOIN agreed AS a ON a.kind = h.kind AND a.key = h.key AND a.n * 2 > a.nodes
  WHERE h.value <> a.value
  UNION ALL
  SELECT b.last_host, a.key, b.value, a.value, 1, 2, a.kind, b.ref, a.ref
  FROM agreed AS a JOIN agreed AS b ON b.kind = a.kind AND b.key = a.key AND b.last_host > a.last_host
  WHERE a.nodes = 2 AND a.n = 1 AND b.n = 1 AND a.value <> b.value
)
SELECT
  host,
  host || ' differs from ' || CASE WHEN MAX(nodes) = 2 THEN 'its peer' ELSE MIN(n) || ' of ' || MAX(nodes) || ' ' || kind END || ' in ' || COUNT(*)
    || CASE WHEN COUNT(*) = 1 THEN ' setting: ' ELSE ' settings: ' END || group_concat(key || ' is ' || value || ', not ' || usual, '; ') AS summary,
  'sysctl:' || host AS subject,
  kind,
  group_concat(key || ': ' || value || ', others ' || usual, '; ') AS differences,
  MIN(key) AS keys,
  MIN(ref) AS sysctl_ref,
  MIN(usual_ref) AS usual_ref
FROM (SELECT host, key, value, usual, n, nodes, kind, ref, usual_ref FROM odd ORDER BY host, key)
GROUP BY host, kind
