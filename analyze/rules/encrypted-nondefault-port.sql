-- Encryption looks at another port than the overlay uses
-- catalogue: A19
-- severity: critical
-- since: 0.3.0
-- layer: vxlan
-- need: one host, two reads
-- blame: driver
-- check: ip xfrm policy | grep -A1 'dport <policy_port>'; nsenter --net=/run/docker/netns/<netns> ip -d link show <vxlan>
-- remedy: upgrade the engines to 24.0.3 or newer (23.0.7 in the 23.0 series), node by node
-- risk: each node is drained while it is upgraded
-- verify: ip xfrm policy on <host> names port <vxlan_port>
-- undo: install the former version
-- remedy: docker network create --driver overlay without --opt encrypted, and move the services to it
-- risk: their traffic goes over the underlay in the clear; every task that moves is replaced
-- verify: ask a service on another node by its name
-- undo: move the services back and docker network rm the new one
-- upstream: moby/moby#45635; moby commit 9a692a3802
-- fixed-in: 23.0.7, 24.0.3
-- limits: a swarm keeps its data path port for life: another one needs a new swarm.
--
-- The swarm was made with a --data-path-port of its own. The VXLAN device and the rule that marks its datagrams use that port, but
-- the IPsec policy was written for 4789 whatever the swarm says. So no policy matches what is marked, the datagram leaves in the clear,
-- and the node at the other end, which drops plain datagrams of encrypted networks, drops it. The counters of all associations
-- stay at nought. Networks that are not encrypted work.
SELECT
  o.host,
  o.host || ' encrypts what goes to port ' || CAST(p.port AS TEXT) || ', and ' || o.network || ' goes to port ' || CAST(v.vxlan_port AS TEXT)
    || ': nothing of it is encrypted, and the other nodes drop it' AS summary,
  'xfrm:' || o.host AS subject,
  o.netns_name AS netns,
  o.vxlan,
  v.vxlan_port,
  p.port AS policy_port,
  o.network,
  n.networks,
  p.policies,
  p.ref AS policy_ref,
  v.ref AS vxlan_ref,
  o.ref AS netns_ref
FROM (
  SELECT x.host, MIN(o.netns) AS netns, COUNT(DISTINCT x.network_id) AS networks
  FROM network AS x
  JOIN overlay_netns AS o ON o.host = x.host AND o.net = substr(x.network_id, 1, 8) AND o.copies = 1
  WHERE x.driver = 'overlay' AND x.encrypted = 1
  GROUP BY x.host
) AS n
JOIN overlay_netns AS o ON o.host = n.host AND o.netns = n.netns
JOIN link AS v ON v.host = o.host AND v.netns = o.netns AND v.name = o.vxlan
JOIN (
  SELECT host, MIN(port) AS port, MAX(port) AS highest, COUNT(*) AS policies, MIN(ref) AS ref FROM (
    SELECT host, ref, CAST(substr(selector, instr(selector, ' udp 0>') + 7) AS INTEGER) AS port FROM xfrm_policy
    WHERE direction = 'out' AND mark = 13681891 AND seen = 'both' AND instr(selector, ' udp 0>') > 0)
  GROUP BY host
) AS p ON p.host = o.host
WHERE v.vxlan_port > 0 AND p.port = p.highest AND p.port <> v.vxlan_port
