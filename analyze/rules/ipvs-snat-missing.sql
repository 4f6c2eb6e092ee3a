-- Answers bypass the load balancer: no source translation behind IPVS
-- catalogue: B13
-- severity: critical
-- since: 0.3.0
-- layer: ipvs
-- need: one host, two reads
-- blame: driver
-- views: the virtual services and the nat rules of one namespace
-- check: nsenter --net=/run/docker/netns/<netns> sh -c 'iptables -t nat -S POSTROUTING; sysctl net.ipv4.vs.conntrack'
-- remedy: nsenter --net=/run/docker/netns/<netns> sh -c 'sysctl -w net.ipv4.vs.conntrack=1; iptables -t nat -C POSTROUTING -d <subnet> -m ipvs --ipvs -j SNAT --to-source <to_ip> ||
--   iptables -t nat -A POSTROUTING -d <subnet> -m ipvs --ipvs -j SNAT --to-source <to_ip>'
-- risk: connections that are open now were set up without it and stay broken; new ones work
-- verify: nsenter --net=/run/docker/netns/<netns> iptables -t nat -vnL POSTROUTING shows the rule, and its packets grow
-- undo: nsenter --net=/run/docker/netns/<netns> iptables -t nat -D POSTROUTING -d <subnet> -m ipvs --ipvs -j SNAT --to-source <to_ip>
-- remedy: restart dockerd on <host>: it makes the namespace's rules anew with the first task that it binds
-- risk: the node's control plane is away for the time; containers go on, but tasks may be moved if it takes long
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: moby/libnetwork#2108, moby/moby#25526
-- limits: a rule that translates with words that are not modelled counts as the rule. Silent where the network's options are not known,
--   on networks with direct routing, and in the first minute of a namespace. The setting is judged on engines from 1.12 to 29.
--
-- IPVS changes only the destination of a packet: the virtual address becomes a task's. The task must send its answer back
-- through the same namespace, where the change is undone, and it does so because the source was changed too: one rule in nat
-- POSTROUTING gives every balanced connection the namespace's own address. The rule sees what IPVS sends only if
-- net.ipv4.vs.conntrack is 1 there.
--
-- Without the rule, or without the setting, the task sees the client's own address and answers it directly, from its own address. The
-- client never asked that address and drops or resets the answer: every connection through the virtual address, or
-- through the published port, times out or is refused, on this host only. tasks.<service> and direct addresses work.
--
-- libnetwork makes both with the first virtual service of a namespace and does not look again. Something flushed the nat table in
-- the namespace, or the setting failed because the module ip_vs was not there yet.
WITH found AS (
  SELECT e.host, e.netns, e.netns_name, e.kind, e.net, e.network, e.subnet, e.to_ip, e.why, e.service_ref, e.address_ref, e.network_ref,
    c.ref AS coverage_ref, NULL AS sysctl_ref, 'no rule translates the source' AS broken
  FROM expected_snat AS e
  CROSS JOIN captured AS c
  LEFT JOIN iptables_rule AS r ON r.host = e.host AND r.netns = e.netns AND r.tbl = 'nat' AND r.family = 'ipv4' AND r.chain = 'POSTROUTING'
    AND (r.target = 'MASQUERADE' OR r.target = 'SNAT' AND (r.to_ip IS NULL OR r.to_ip = e.to_ip)) AND (r.dst IS NULL OR r.dst = e.subnet OR COALESCE(r.unmodelled, '') <> '')
  WHERE c.tbl = 'iptables_rule' AND c.host = e.host AND c.netns = e.netns AND r.host IS NULL
  UNION ALL
  SELECT e.host, e.netns, e.netns_name, e.kind, e.net, e.network, e.subnet, e.to_ip, y.why, e.service_ref, e.address_ref, e.network_ref,
    NULL, y.ref, 'net.ipv4.vs.conntrack is ' || y.value
  FROM expected_snat AS e
  JOIN expected_sysctl AS y ON y.host = e.host AND y.netns = e.netns AND y.key = 'net.ipv4.vs.conntrack' AND y.value = '0'
)
SELECT
  f.host,
  f.netns_name || ' on ' || f.host || ' balances load' || COALESCE(' for ' || f.network, '') || ' without translating sources: ' || f.broken
    || ', so answers do not come back through it' AS summary,
  CASE WHEN f.sysctl_ref IS NULL THEN 'snat:' || f.host || '/' || f.netns_name || '/' || f.to_ip ELSE 'sysctl:' || f.host || '/' || f.netns_name || '/net.ipv4.vs.conntrack' END AS subject,
  f.netns_name AS netns,
  f.network,
  f.broken,
  f.subnet,
  f.to_ip,
  f.why,
  f.coverage_ref,
  f.sysctl_ref,
  f.service_ref,
  f.address_ref,
  f.network_ref
FROM found AS f
