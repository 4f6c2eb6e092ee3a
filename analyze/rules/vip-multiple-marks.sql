-- Two marks for one virtual address
-- catalogue: B5
-- severity: high
-- since: 0.1.0
-- layer: ipvs
-- need: one host, two reads
-- blame: driver
-- views: two mark rules of one namespace; this host only
-- check: nsenter --net=/run/docker/netns/<netns> sh -c 'iptables -t mangle -S | grep <vip>/32; ipvsadm -ln' (iptables prints marks in hex, ipvsadm in decimal)
-- remedy: if the destinations of <effective_mark> are the dead ones, delete its rule: nsenter --net=/run/docker/netns/<netns>
--   iptables -t mangle -D <chain> -d <vip>/32 -j MARK --set-mark <effective_mark>; if those of <other_mark> are, delete that one's in the same way
-- risk: deleting the rule that counts sends the address to the other virtual service at once; look at both sets of destinations first
-- verify: nsenter --net=/run/docker/netns/<netns> iptables -t mangle -S <chain> shows one rule for <vip>
-- undo: nsenter --net=/run/docker/netns/<netns> iptables -t mangle -A <chain> -d <vip>/32 -j MARK --set-mark <effective_mark>
-- remedy: docker service update --force <service>
-- risk: replaces every task of the service, one by one
-- verify: nsenter --net=/run/docker/netns/<netns> iptables -t mangle -S <chain> shows one rule for <vip>
-- undo: nothing to undo
-- remedy: systemctl restart docker on <host>
-- risk: the node's control plane is away for the restart; without live-restore its containers stop
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: moby/moby#38833, moby/libnetwork#2263
-- limits: while a rolling update changes the published ports of a service, two load balancers exist for its address and this is
--   so for the time of the update; the fact "update_under_way" says whether the managers have one under way.
--
-- MARK does not end the walk through a chain: of several rules for one address the last one decides, and the virtual service of
-- an earlier one gets nothing. libnetwork keeps one load balancer for each service and set of published ports; when the ports
-- change, or when removing one failed, both rules stay. If the last one leads to fewer or to dead destinations, some or
-- all connections to the address fail on this host, and only here.
SELECT
  m.host,
  m.netns_name || ' on ' || m.host || ' marks ' || COALESCE(v.service || ' (' || m.vip || ')', m.vip) || ' with ' || m.marks
    || '; the last one, ' || m.effective_mark || ', counts' AS summary,
  'mark:' || m.host || '/' || m.netns_name || '/' || m.vip AS subject,
  m.netns_name AS netns,
  m.vip,
  m.chain,
  v.service,
  m.effective_mark,
  (SELECT group_concat(ip, ' ') FROM (SELECT DISTINCT d.address AS ip FROM ipvs_destination AS d
    WHERE d.host = m.host AND d.netns = m.netns AND d.fwmark = m.effective_mark ORDER BY ip)) AS its_destinations,
  m.other_mark,
  (SELECT group_concat(ip, ' ') FROM (SELECT DISTINCT d.address AS ip FROM ipvs_destination AS d
    WHERE d.host = m.host AND d.netns = m.netns AND d.fwmark = m.other_mark ORDER BY ip)) AS other_destinations,
  v.update_state AS update_under_way,
  m.effective_ref,
  m.other_ref,
  v.ref AS vip_ref
FROM (
  SELECT host, netns, netns_name, chain, vip, group_concat(mark, ', ') AS marks,
    MAX(CASE WHEN effective = 1 THEN mark END) AS effective_mark, MAX(CASE WHEN effective = 1 THEN ref END) AS effective_ref,
    MAX(CASE WHEN effective = 0 THEN mark END) AS other_mark, MAX(CASE WHEN effective = 0 THEN ref END) AS other_ref
  FROM (SELECT host, netns, netns_name, chain, vip, mark, MAX(effective) AS effective, MAX(ref) AS ref
    FROM mark_rule WHERE vip IS NOT NULL AND seen = 'both' GROUP BY host, netns, netns_name, chain, vip, mark
    ORDER BY host, netns, chain, vip, mark)
  GROUP BY host, netns, netns_name, chain, vip HAVING COUNT(*) > 1
) AS m
LEFT JOIN (SELECT b.host, b.netns, a.ip, MIN(s.name) AS service, MIN(s.update_state) AS update_state, MIN(a.ref) AS ref
  FROM balancer AS b
  JOIN swarm_service_vip AS a ON substr(a.network_id, 1, 8) = b.net
  LEFT JOIN swarm_service AS s ON s.host = a.host AND s.service_id = a.service_id
  GROUP BY b.host, b.netns, a.ip) AS v ON v.host = m.host AND v.netns = m.netns AND v.ip = m.vip
