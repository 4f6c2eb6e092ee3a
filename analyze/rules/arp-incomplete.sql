-- An address that should answer ARP does not
-- catalogue: G15
-- severity: medium
-- since: 0.3.0
-- layer: neighbour
-- need: one host, two reads
-- blame: underlay
-- check: nsenter --net=/run/docker/netns/<netns> ip neigh show to <ip>; on the host itself without nsenter
-- remedy: of a gateway or a node: look at the switch, the VLAN, the security group, the other machine; arping -I <dev> <ip>
-- risk: none
-- verify: ip neigh show to <ip>: REACHABLE
-- undo: nothing to undo
-- remedy: of a task or a virtual address: mend what neigh-missing, fdb-permanent-missing or vip-alias-missing say; then ip neigh flush to <ip> in the namespace
-- risk: the next packet asks again, that is all
-- verify: ip neigh show to <ip> in the namespace
-- undo: nothing to undo
-- limits: an entry that nobody uses any more stays as FAILED for a while: those not used within the minute before the read are left out. A host
--   of a cloud may route everything by one gateway that never fails.
--
-- Before a packet can go to a neighbour the kernel asks for its hardware address. INCOMPLETE is a question that is being
-- asked, FAILED one that nobody answered three times: what wants to go there gets "no route to host" after three seconds. Failed
-- entries for addresses of tasks that are gone are everyday life; reported are addresses that must be there.
--
-- For the default gateway of a host or the address of another node it is the underlay: medium, since no overlay can work across it.
-- For a task's address or a virtual address it is the symptom of something else, inside the overlay: vxlan0 has
-- no entry to answer with, the load balancer lacks the address. The rules that say which are the finding, and this one is
-- low: it shows that a client has noticed.
WITH failing AS (
  SELECT n.host, n.netns, n.dev, n.ip, n.state, n.probes, n.ref, o.kind, o.label, o.netns_name, o.service, e.net
  FROM (
    -- one that is asked for again and again is now INCOMPLETE, now FAILED
    SELECT host, netns, dev, ip, MAX(state) AS state, MAX(probes) AS probes, MIN(used_s) AS used_s, MIN(ref) AS ref
    FROM neighbour WHERE state IN ('failed', 'incomplete') AND instr(ip, ':') = 0
    GROUP BY host, netns, dev, ip HAVING COUNT(CASE WHEN seen <> 'last' THEN 1 END) > 0 AND COUNT(CASE WHEN seen <> 'first' THEN 1 END) > 0
  ) AS n
  JOIN netns_owner AS o ON o.host = n.host AND o.netns = n.netns
  LEFT JOIN (SELECT host, netns, dev, MIN(net) AS net FROM local_endpoint GROUP BY host, netns, dev) AS e ON e.host = n.host AND e.netns = n.netns AND e.dev = n.dev
  WHERE o.kind IN ('host', 'container', 'lb', 'ingress')
    AND (n.used_s < 60 OR n.state = 'incomplete')
), gateway AS (
  SELECT host, netns, gateway AS ip, MIN(ref) AS ref FROM route
  WHERE gateway IS NOT NULL AND dst = '0.0.0.0/0' AND table_id = 254 GROUP BY host, netns, gateway
), node AS (
  SELECT addr AS ip, MIN(hostname) AS hostname, MIN(ref) AS ref FROM swarm_node WHERE state = 'ready' AND addr <> '' GROUP BY addr
)
SELECT
  f.host,
  f.ip || ' does not answer ARP to ' || f.label || ' on ' || f.host || ' (' || f.dev || '): '
    || CASE WHEN g.ip IS NOT NULL THEN 'it is the default gateway' WHEN d.ip IS NOT NULL AND f.kind = 'host' THEN 'it is the node ' || d.hostname
       WHEN v.ip IS NOT NULL THEN 'it is the virtual address of ' || COALESCE(v.service, 'a service') ELSE 'it is ' || COALESCE(k.label, 'an endpoint of an overlay') END AS summary,
  'neighbour:' || f.host || '/' || f.netns_name || '/' || f.ip AS subject,
  CASE WHEN g.ip IS NOT NULL OR (d.ip IS NOT NULL AND f.kind = 'host') THEN 'medium' ELSE 'low' END AS severity,
  CASE WHEN g.ip IS NOT NULL OR (d.ip IS NOT NULL AND f.kind = 'host') THEN 'underlay' ELSE 'driver' END AS blame,
  f.netns_name AS netns,
  f.service AS asked_by,
  f.dev,
  f.ip,
  f.state,
  f.probes,
  f.ref AS neighbour_ref,
  COALESCE(g.ref, d.ref, v.ref, k.ref) AS address_ref
FROM failing AS f
LEFT JOIN gateway AS g ON g.host = f.host AND g.netns = f.netns AND g.ip = f.ip
LEFT JOIN node AS d ON d.ip = f.ip
LEFT JOIN (SELECT net, ip, MIN(service) AS service, MIN(ref) AS ref FROM service_vip GROUP BY net, ip) AS v ON v.net = f.net AND v.ip = f.ip
LEFT JOIN endpoint AS k ON k.net = f.net AND k.ip = f.ip
WHERE g.ip IS NOT NULL OR (d.ip IS NOT NULL AND f.kind = 'host') OR v.ip IS NOT NULL OR k.ip IS NOT NULL
