-- Nothing marks an encrypted overlay's traffic for encryption
-- catalogue: A20
-- severity: critical
-- since: 0.3.0
-- layer: vxlan
-- need: one host, two reads
-- blame: kernel
-- check: iptables -t mangle -S OUTPUT | grep 0xd0c4e3; modprobe -n -v xt_bpf xt_u32 xt_policy; journalctl -u docker | grep -i ipsec
-- remedy: install the kernel's further modules (dnf install kernel-modules-extra), modprobe xt_bpf xt_u32 xt_policy,
--   then systemctl restart docker on <host>
-- risk: the restart replaces the node's tasks
-- verify: iptables -t mangle -S OUTPUT shows a MARK rule with 0xd0c4e3 for each encrypted network
-- undo: nothing to undo
-- remedy: docker node update --availability drain <host>, until its kernel has the modules
-- risk: its tasks move to other nodes
-- verify: docker node ps <host> lists no running task
-- undo: docker node update --availability active <host>
-- upstream: GHSA-232p-vwff-86mp, GHSA-33pg-m6jh-5237
-- fixed-in: 20.10.24, 23.0.3: joining the network fails in place of sending in the clear
-- limits: engines whose firewall backend is nftables keep other rules and are not judged. Rules are counted, not matched with networks.
--
-- IPsec acts on datagrams that carry the mark 0xD0C4E3, which a rule in the host's mangle OUTPUT sets for each encrypted network by its VNI.
-- The match for the VNI needs xt_u32 or xt_bpf, which some distributions keep in a package that is not installed by default.
-- Without the rule the datagram has no mark, no policy matches, and it leaves *in the clear*. Nodes that have their rules drop it on
-- arrival; nodes that lack theirs, too, accept it, and everything seems to work, unencrypted.
--
-- The counterpart in filter INPUT drops plain datagrams of encrypted networks. Where only that one is missing, traffic works and is
-- encrypted, but anybody who reaches the port may inject frames into the network.
WITH encrypted AS (
  SELECT x.host, COUNT(DISTINCT x.network_id) AS networks, MIN(x.name) AS network, MIN(v.vxlan_port) AS port, MIN(o.ref) AS netns_ref, MIN(x.ref) AS network_ref
  FROM network AS x
  JOIN overlay_netns AS o ON o.host = x.host AND o.net = substr(x.network_id, 1, 8) AND o.copies = 1 AND o.age_s >= 60
  JOIN link AS v ON v.host = o.host AND v.netns = o.netns AND v.name = o.vxlan
  WHERE x.driver = 'overlay' AND x.encrypted = 1
    AND EXISTS (SELECT 1 FROM vxlan_fdb AS f WHERE f.host = o.host AND f.netns = o.netns AND f.entry = 'programmed' AND f.seen = 'both' AND f.updated_s >= 60)
  GROUP BY x.host
), rules AS (
  SELECT e.host, c.ref AS looked_ref, COALESCE(m.marks, 0) AS marks, COALESCE(d.drops, 0) AS drops
  FROM encrypted AS e
  JOIN netns AS h ON h.host = e.host AND h.kind = 'host'
  JOIN captured AS c ON c.host = h.host AND c.netns = h.netns AND c.tbl = 'iptables_rule'
  JOIN engine AS g ON g.host = e.host
  LEFT JOIN (SELECT host, netns, COUNT(DISTINCT spec) AS marks FROM iptables_rule WHERE tbl = 'mangle' AND mark = 13681891 GROUP BY host, netns) AS m
    ON m.host = h.host AND m.netns = h.netns
  LEFT JOIN (SELECT host, netns, dport_min, COUNT(DISTINCT spec) AS drops FROM iptables_rule
    WHERE tbl = 'filter' AND target = 'DROP' AND proto = 'udp' GROUP BY host, netns, dport_min) AS d ON d.host = h.host AND d.netns = h.netns AND d.dport_min = e.port
  WHERE substr(COALESCE(g.firewall_backend, 'iptables'), 1, 8) = 'iptables'
)
SELECT
  e.host,
  CASE WHEN r.marks = 0 THEN e.host || ' has no rule that marks traffic of encrypted networks (' || e.network || '): it leaves in the clear, or is dropped by the other nodes'
    WHEN r.marks < e.networks THEN e.host || ' marks the traffic of ' || CAST(r.marks AS TEXT) || ' of ' || CAST(e.networks AS TEXT) || ' encrypted networks: that of the others leaves in the clear'
    ELSE e.host || ' has no rule that drops plain datagrams of encrypted networks (' || e.network || '): anybody may inject frames' END AS summary,
  'iptables:' || e.host || CASE WHEN r.marks < e.networks THEN '/mangle/OUTPUT' ELSE '/filter/INPUT' END || '/0xd0c4e3' AS subject,
  CASE WHEN r.marks < e.networks THEN 'critical' ELSE 'medium' END AS severity,
  CASE WHEN r.marks < e.networks THEN 'kernel' ELSE 'firewall' END AS blame,
  e.networks AS encrypted_networks,
  r.marks AS mark_rules,
  r.drops AS drop_rules,
  e.network,
  e.port,
  r.looked_ref,
  e.netns_ref,
  e.network_ref
FROM encrypted AS e
JOIN rules AS r ON r.host = e.host
WHERE r.marks < e.networks OR (r.drops = 0 AND e.port > 0)
UNION ALL
SELECT
  c.host,
  COUNT(*) || CASE WHEN COUNT(*) = 1 THEN ' container' ELSE ' containers' END || ' on ' || c.host || ' could not join an encrypted network: the kernel lacks the modules for its rules' AS summary,
  'module:' || c.host || '/xt_bpf' AS subject,
  'high' AS severity,
  'kernel' AS blame,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  MIN(c.ref),
  NULL,
  NULL
FROM container AS c
WHERE lower(c.error) LIKE '%modules to install ipsec rules are missing%'
GROUP BY c.host
