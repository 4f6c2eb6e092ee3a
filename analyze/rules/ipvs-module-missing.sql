-- Kernel without what swarm's load balancing needs
-- catalogue: B12
-- severity: critical
-- since: 0.3.0
-- layer: kernel
-- need: one host
-- blame: kernel
-- check: on the host: modprobe -a ip_vs ip_vs_rr xt_ipvs xt_mark; lsmod | grep ip_vs; grep -E 'IP_VS|XT_MATCH_IPVS|XT_MARK' /boot/config-$(uname -r)
-- remedy: install the kernel's further modules (linux-modules-extra-$(uname -r), kernel-modules-extra, linux-image without -cloud or -virtual), then modprobe -a ip_vs ip_vs_rr
--   xt_ipvs xt_mark and restart dockerd on <host>
-- risk: installing nothing running; restarting dockerd takes the node's control plane away for the time
-- verify: lsmod | grep ip_vs; nsenter --net=/run/docker/netns/ingress_sbox ipvsadm -ln
-- undo: nothing to undo
-- remedy: after a kernel update without reboot: reboot <host>, so that the running kernel and /lib/modules agree
-- risk: every task of the node is moved
-- verify: uname -r; ls /lib/modules
-- undo: nothing to undo
-- remedy: use endpoint mode dnsrr and published ports of mode host on this kernel
-- risk: no routing mesh, no virtual addresses
-- verify: docker service inspect SERVICE
-- undo: docker service update --endpoint-mode vip SERVICE
-- upstream: moby/moby#24005, moby/moby#28168, moby/moby#42066, moby/libnetwork#2227, docker/for-linux#644, docker/for-linux#525
-- limits: members of a swarm only. A module counts as missing when neither the loaded ones, nor the built-in ones, nor the files of the running
--   kernel name it; where these lists are not known, only the kernel's configuration or the daemon's log can say so. A host on which IPVS works is
--   not judged.
--
-- Virtual addresses and the routing mesh rest on four parts of the kernel: IPVS (ip_vs) with the round robin scheduler (ip_vs_rr), the
-- match that tells balanced packets (xt_ipvs), and marks (xt_mark). Kernels for clouds, containers and small boards leave some
-- out; after an update of the kernel package without a reboot the files of the running kernel are gone.
--
-- Without them dockerd starts, joins the swarm and runs tasks, and each virtual service fails in the log ("Could not get ipvs family
-- information from the kernel"): names resolve to addresses that nobody serves, published ports accept and hang.
WITH need AS (
  SELECT 'ip_vs' AS module, 'IP_VS' AS option
  UNION ALL SELECT 'ip_vs_rr', 'IP_VS_RR'
  UNION ALL SELECT 'xt_ipvs', 'NETFILTER_XT_MATCH_IPVS'
  UNION ALL SELECT 'xt_mark', 'NETFILTER_XT_MARK'
  UNION ALL SELECT 'ip_vs', 'IP_VS_PROTO_TCP'
), listed AS (
  SELECT host, SUM(CASE WHEN state = 'file' THEN 1 ELSE 0 END) AS files, SUM(CASE WHEN state = 'builtin' THEN 1 ELSE 0 END) AS builtin FROM kernel_module GROUP BY host
), missing AS (
  SELECT e.host, CASE WHEN k.choice = 'n' THEN 'CONFIG_' || need.option || ' is not set' ELSE 'module ' || need.module || ' is nowhere' END AS what,
    k.ref AS config_ref, c.ref AS modules_ref, NULL AS log_ref, e.ref AS engine_ref
  FROM engine AS e
  JOIN need ON 1 = 1
  JOIN captured AS c ON c.tbl = 'kernel_module' AND c.host = e.host
  LEFT JOIN listed AS l ON l.host = e.host
  LEFT JOIN kernel_module AS m ON m.host = e.host AND m.name = need.module
  LEFT JOIN kernel_config AS k ON k.host = e.host AND k.option = need.option
  WHERE e.swarm_state = 'active'
    AND (k.choice = 'n' OR (need.option <> 'IP_VS_PROTO_TCP' AND m.name IS NULL AND k.option IS NULL AND l.files > 0 AND l.builtin > 0))
  UNION ALL
  SELECT e.host, 'the daemon''s log says: ' || g.text, NULL, NULL, g.ref, e.ref
  FROM engine AS e
  JOIN log_line AS g ON g.host = e.host AND g.class = 'ipvs-module' AND g.level IN ('warning', 'error', 'fatal', 'panic')
    AND (instr(g.text, 'ipvs') > 0 OR instr(g.text, 'ip_vs') > 0 OR instr(g.text, '--set-mark') > 0)
  WHERE e.swarm_state = 'active'
)
SELECT
  m.host,
  m.host || ' is in a swarm, and its kernel lacks what load balancing needs: ' || MIN(m.what) AS summary,
  'kernel:' || m.host || '/ipvs' AS subject,
  group_concat(DISTINCT m.what) AS missing,
  h.kernel,
  MIN(m.engine_ref) AS engine_ref,
  MIN(m.modules_ref) AS modules_ref,
  MIN(m.config_ref) AS config_ref,
  MIN(m.log_ref) AS log_ref,
  MIN(p.ref) AS services_ref
FROM missing AS m
JOIN captured AS c ON c.tbl = 'netns' AND c.host = m.host
JOIN (SELECT n.host, COUNT(*) AS places, COUNT(k.ref) AS known, MIN(k.ref) AS ref FROM netns AS n
  LEFT JOIN captured AS k ON k.tbl = 'ipvs_service' AND k.host = n.host AND k.netns = n.netns GROUP BY n.host) AS p ON p.host = m.host AND p.known = p.places
LEFT JOIN (SELECT host, MIN(kernel) AS kernel FROM host GROUP BY host) AS h ON h.host = m.host
LEFT JOIN (SELECT DISTINCT host FROM ipvs_service WHERE fwmark > 0) AS s ON s.host = m.host
WHERE s.host IS NULL
GROUP BY m.host, h.kernel
