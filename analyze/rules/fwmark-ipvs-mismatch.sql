-- Firewall mark and virtual service do not meet
-- catalogue: B4
-- severity: critical
-- since: 0.1.0
-- layer: ipvs
-- need: one host, two reads
-- blame: driver
-- views: the mark rules and the virtual services of one namespace; this host only
-- check: nsenter --net=/run/docker/netns/<netns> sh -c 'iptables -t mangle -S; ipvsadm -ln' (iptables prints marks in hex, ipvsadm in decimal)
-- remedy: where two numbers differ that belong together, give the address the mark of its virtual service:
--   nsenter --net=/run/docker/netns/<netns> iptables -t mangle -A INPUT -d <vip>/32 -j MARK --set-mark NUMBER
-- risk: the last rule counts; a wrong number leads the address to another service
-- verify: nsenter --net=/run/docker/netns/<netns> sh -c 'iptables -t mangle -S; ipvsadm -ln'
-- undo: nsenter --net=/run/docker/netns/<netns> iptables -t mangle -D INPUT -d <vip>/32 -j MARK --set-mark NUMBER
-- remedy: docker service update --force <service>
-- risk: replaces every task of the service, one by one
-- verify: nsenter --net=/run/docker/netns/<netns> sh -c 'iptables -t mangle -S; ipvsadm -ln'
-- undo: nothing to undo
-- remedy: systemctl restart docker on <host>: it programs all virtual services anew
-- risk: the node's control plane is away for the restart; without live-restore its containers stop
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: moby/moby#28564, moby/libnetwork#2263
-- limits: a rule with a match that is not modelled is taken to set no mark for a virtual address, and a namespace that has a rule with
--   an unknown mark is not judged for marks that are missing. In containers (engines before 18.09) only the addresses that have a mark are judged.
--
-- A virtual address works in two steps: a mangle rule marks packets for the address (INPUT since 18.09, OUTPUT in the client's own
-- namespace before) or for a published port (PREROUTING of ingress_sbox), and IPVS has a virtual service for that mark. Both
-- numbers come from one counter of one daemon, so on one host they must be equal; between hosts they say nothing.
--
-- A mark without a virtual service (fact "broken"): the packets go on to the namespace itself, which has the address but no
-- listener: connections are refused. An alias without a mark: the same. A virtual service without a mark: nothing reaches it. One lost or
-- altered rule shows from both ends: as an address whose mark leads nowhere and as a virtual service that nothing leads to.
WITH marked AS (
  SELECT m.host, m.netns, m.netns_name, m.kind, m.mark, MIN(m.vip) AS vip, MIN(m.port) AS port, MIN(m.ref) AS mark_ref, MIN(c.ref) AS coverage_ref
  FROM mark_rule AS m
  JOIN captured AS c ON c.tbl = 'ipvs_service' AND c.host = m.host AND c.netns = m.netns
  LEFT JOIN ipvs_service AS s ON s.host = m.host AND s.netns = m.netns AND s.fwmark = m.mark
  WHERE m.effective = 1 AND m.seen = 'both' AND s.fwmark IS NULL
  GROUP BY m.host, m.netns, m.netns_name, m.kind, m.mark
), alias AS (
  SELECT b.host, b.netns, b.netns_name, a.ip AS vip, a.ref AS alias_ref, c.ref AS coverage_ref
  FROM balancer AS b
  JOIN address AS a ON a.host = b.host AND a.netns = b.netns AND a.dev = b.dev AND a.prefix_len = 32 AND a.scope = 'global'
  JOIN captured AS c ON c.tbl = 'iptables_rule' AND c.host = b.host AND c.netns = b.netns
  LEFT JOIN mark_rule AS m ON m.host = b.host AND m.netns = b.netns AND m.vip = a.ip
  LEFT JOIN (SELECT DISTINCT host, netns, dst FROM iptables_rule WHERE target = 'MARK') AS u ON u.host = b.host AND u.netns = b.netns AND u.dst = a.ip || '/32'
  LEFT JOIN (SELECT DISTINCT host, netns FROM iptables_rule WHERE target = 'MARK' AND (mark IS NULL OR COALESCE(unmodelled, '') <> '')) AS x ON x.host = b.host AND x.netns = b.netns
  WHERE b.kind IN ('lb', 'ingress') AND m.vip IS NULL AND u.host IS NULL AND x.host IS NULL AND b.age_s >= 60
), unmarked AS (
  SELECT s.host, s.netns, n.name AS netns_name, n.kind, s.fwmark, s.ref AS service_ref, c.ref AS coverage_ref
  FROM ipvs_service AS s
  JOIN netns AS n ON n.host = s.host AND n.netns = s.netns AND n.kind IN ('lb', 'ingress', 'container')
  JOIN captured AS c ON c.tbl = 'iptables_rule' AND c.host = s.host AND c.netns = s.netns
  LEFT JOIN (SELECT DISTINCT host, netns, mark FROM iptables_rule WHERE target = 'MARK') AS u ON u.host = s.host AND u.netns = s.netns AND u.mark = s.fwmark
  LEFT JOIN (SELECT DISTINCT host, netns FROM iptables_rule WHERE target = 'MARK' AND mark IS NULL) AS x ON x.host = s.host AND x.netns = s.netns
  WHERE s.fwmark > 0 AND s.seen = 'both' AND u.host IS NULL AND x.host IS NULL
)
SELECT
  m.host,
  m.netns_name || ' on ' || m.host || ' marks ' || COALESCE(e.service || ' (' || m.vip || ')', m.vip, 'port ' || m.port) || ' with '
    || m.mark || ', and no virtual service takes that mark' AS summary,
  'mark:' || m.host || '/' || m.netns_name || '/' || COALESCE(m.vip, m.port) AS subject,
  m.netns_name AS netns,
  'mark without virtual service' AS broken,
  m.mark,
  m.vip,
  m.port,
  e.service,
  m.mark_ref,
  NULL AS alias_ref,
  NULL AS service_ref,
  m.coverage_ref
FROM marked AS m
LEFT JOIN (SELECT host, netns, vip, MIN(service) AS service FROM expected_vip_alias GROUP BY host, netns, vip) AS e
  ON e.host = m.host AND e.netns = m.netns AND e.vip = m.vip
UNION ALL
SELECT
  a.host,
  a.netns_name || ' on ' || a.host || ' holds ' || COALESCE(e.service || ' (' || a.vip || ')', a.vip) || ' as an alias, and no rule marks packets for it',
  'mark:' || a.host || '/' || a.netns_name || '/' || a.vip,
  a.netns_name,
  'alias without mark',
  NULL,
  a.vip,
  NULL,
  e.service,
  NULL,
  a.alias_ref,
  NULL,
  a.coverage_ref
FROM alias AS a
LEFT JOIN (SELECT host, netns, vip, MIN(service) AS service FROM expected_vip_alias GROUP BY host, netns, vip) AS e
  ON e.host = a.host AND e.netns = a.netns AND e.vip = a.vip
UNION ALL
SELECT
  u.host,
  u.netns_name || ' on ' || u.host || ' has a virtual service for mark ' || u.fwmark || ', and no rule sets that mark',
  'ipvs:' || u.host || '/' || u.netns_name || '/' || u.fwmark,
  u.netns_name,
  'virtual service without mark',
  u.fwmark,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  u.service_ref,
  u.coverage_ref
FROM unmarked AS u
