-- Frames within a Docker bridge pass no firewall rules
-- catalogue: C18
-- severity: medium
-- since: 0.3.0
-- layer: firewall
-- need: one host
-- blame: configuration
-- check: sysctl net.bridge.bridge-nf-call-iptables; lsmod | grep br_netfilter
-- remedy: modprobe br_netfilter && sysctl -w net.bridge.bridge-nf-call-iptables=1
-- risk: frames of every bridge of the host then pass iptables, those of virtual machines too: with a DROP policy of FORWARD their network may end
-- verify: sysctl net.bridge.bridge-nf-call-iptables
-- undo: sysctl -w net.bridge.bridge-nf-call-iptables=0
-- limits: only where Docker needs it: docker_gwbridge of a swarm's host, or userland-proxy=false. Ordinary hosts are not.
--
-- Two containers on one bridge speak to each other without the host's IP layer, unless br_netfilter hands the frames to iptables. Docker needs that
-- for docker_gwbridge, on which containers of one host must not reach each other (inter-container communication is off there), and, without the
-- userland proxy, for published ports of a container on the same bridge. dockerd turns it on when it makes such a bridge; a sysctl file
-- for virtual machines (libvirt's advice), or a module that was never loaded, undoes it.
--
-- What is lost is isolation: tasks of different stacks on one host can reach each other over docker_gwbridge. Without the userland proxy, a
-- container that asks for its host's published port of a neighbour is not answered.
SELECT
  n.host,
  CASE WHEN s.ref IS NOT NULL THEN 'net.bridge.bridge-nf-call-iptables is 0 on ' || n.host ELSE 'br_netfilter is not loaded on ' || n.host END
    || CASE WHEN g.ref IS NOT NULL THEN ': rules do not separate the containers on docker_gwbridge' ELSE ': published ports do not answer containers of the same bridge' END AS summary,
  'sysctl:' || n.host || '/net.bridge.bridge-nf-call-iptables' AS subject,
  s.value AS bridge_nf_call_iptables,
  CASE WHEN g.ref IS NOT NULL THEN 'the swarm''s docker_gwbridge' ELSE 'userland-proxy=false' END AS needed_by,
  f.file AS set_by,
  s.ref AS sysctl_ref,
  k.ref AS coverage_ref,
  g.ref AS bridge_ref,
  p.ref AS option_ref,
  f.ref AS setting_ref
FROM netns AS n
JOIN captured AS k ON k.tbl = 'sysctl' AND k.host = n.host AND k.netns = n.netns
JOIN captured AS km ON km.tbl = 'kernel_module' AND km.host = n.host
LEFT JOIN (SELECT host, netns, MIN(value) AS value, MIN(ref) AS ref FROM sysctl WHERE key = 'net.bridge.bridge-nf-call-iptables' GROUP BY host, netns) AS s ON s.host = n.host AND s.netns = n.netns
LEFT JOIN (SELECT host, MIN(ref) AS ref FROM kernel_module WHERE name = 'br_netfilter' AND state IN ('live', 'builtin') GROUP BY host) AS m ON m.host = n.host
LEFT JOIN (SELECT b.host, b.netns, MIN(b.ref) AS ref FROM link AS b JOIN link AS c ON c.host = b.host AND c.netns = b.netns AND c.master = b.ifindex
  JOIN engine AS e ON e.host = b.host AND e.swarm_state = 'active'
  WHERE b.kind = 'bridge' AND b.name = 'docker_gwbridge' GROUP BY b.host, b.netns) AS g ON g.host = n.host AND g.netns = n.netns
LEFT JOIN (SELECT host, MIN(ref) AS ref FROM daemon_option WHERE name = 'userland-proxy' AND lower(value) = 'false' GROUP BY host) AS p ON p.host = n.host
LEFT JOIN (SELECT host, MIN(file) AS file, MIN(ref) AS ref FROM host_setting WHERE key = 'net.bridge.bridge-nf-call-iptables' AND argument = '0' GROUP BY host) AS f ON f.host = n.host
LEFT JOIN (SELECT DISTINCT host FROM daemon_option WHERE name = 'iptables' AND lower(value) = 'false') AS off ON off.host = n.host
WHERE n.kind = 'host' AND off.host IS NULL AND (g.ref IS NOT NULL OR p.ref IS NOT NULL)
  AND (s.value = '0' OR (s.ref IS NULL AND m.ref IS NULL))
