-- The kernel was built without what Docker needs
-- catalogue: H4
-- severity: medium
-- since: 0.3.0
-- layer: kernel
-- need: one host
-- blame: configuration
-- check: zgrep -E 'CONFIG_(VXLAN|IP_VS|BRIDGE_NETFILTER|VETH)=' /proc/config.gz /boot/config-$(uname -r)
-- remedy: boot a kernel of the distribution, or build these options in or as modules
-- risk: a reboot
-- verify: contrib/check-config.sh of moby
-- undo: boot the former kernel
-- limits: an option that is not named in the configuration at all is not judged, since options come and go; nor is a kernel that does not show its
--   configuration. Whether a module that was built is also installed is kernel_module's to tell.
--
-- Kernels of small boards, of some hosters and those that people build themselves lack options that Docker takes for granted. Nothing
-- checks them at the start of dockerd: a missing VXLAN shows when the first overlay is joined, a missing IP_VS as virtual
-- addresses that do not answer, a missing match of iptables as a rule that cannot be written, and networks work in part.
--
-- Judged are the options that moby's check-config.sh calls necessary, and those that overlays and the routing mesh need, if the
-- configuration says "is not set" for them. The options of the old iptables (IP_NF_...) count only where the kernel
-- has no nftables either: newer distributions leave them out. Older kernels than 3.10 lack too much to list.
WITH lacking AS (
  SELECT k.host, k.option, k.ref
  FROM kernel_config AS k
  LEFT JOIN kernel_config AS t ON t.host = k.host AND t.option = 'NF_TABLES' AND t.choice IN ('y', 'm')
  WHERE k.choice = 'n' AND (k.option IN ('NAMESPACES', 'NET_NS', 'PID_NS', 'IPC_NS', 'UTS_NS', 'CGROUPS', 'CGROUP_DEVICE', 'CGROUP_FREEZER', 'CGROUP_SCHED', 'CPUSETS', 'MEMCG',
      'KEYS', 'POSIX_MQUEUE', 'OVERLAY_FS', 'VETH', 'BRIDGE', 'BRIDGE_NETFILTER', 'BRIDGE_VLAN_FILTERING', 'NF_NAT', 'NETFILTER_XT_MATCH_ADDRTYPE',
      'NETFILTER_XT_MATCH_CONNTRACK', 'NETFILTER_XT_MATCH_IPVS', 'NETFILTER_XT_MARK', 'VXLAN', 'IP_VS', 'IP_VS_NFCT', 'IP_VS_PROTO_TCP', 'IP_VS_PROTO_UDP', 'IP_VS_RR')
    OR (k.option IN ('IP_NF_FILTER', 'IP_NF_NAT', 'IP_NF_MANGLE', 'IP_NF_TARGET_MASQUERADE', 'IP_NF_TARGET_REDIRECT') AND t.option IS NULL
      AND EXISTS (SELECT 1 FROM kernel_config AS s WHERE s.host = k.host AND s.option = 'NF_TABLES' AND s.choice = 'n')))
)
SELECT
  host,
  'the kernel of ' || host || ' was built without ' || group_concat(option, ', ') AS summary,
  'kernel:' || host || '/config' AS subject,
  group_concat(option, ' ') AS options,
  COUNT(*) AS lacking,
  NULL AS kernel,
  MIN(ref) AS config_ref
FROM (SELECT host, option, ref FROM lacking ORDER BY host, option)
GROUP BY host
UNION ALL
SELECT host, host || ' runs kernel ' || kernel || ', which is older than what Docker needs (3.10)', 'kernel:' || host || '/version', NULL, NULL, kernel, ref
FROM (SELECT host, kernel, ref, CAST(substr(kernel, 1, instr(kernel, '.') - 1) AS INTEGER) AS major, substr(kernel, instr(kernel, '.') + 1) AS rest FROM host WHERE instr(kernel, '.') > 1)
WHERE major BETWEEN 1 AND 2 OR (major = 3 AND substr(rest, 2, 1) IN ('.', '-', '') AND substr(rest, 1, 1) BETWEEN '0' AND '9')
