-- Virtual address that the load balancer does not hold
-- catalogue: B6
-- severity: high
-- since: 0.1.0
-- layer: ipvs
-- need: one host
-- blame: driver
-- views: the managers' services, or this namespace's mark rules, and its addresses; this host only
-- check: nsenter --net=/run/docker/netns/<netns> ip -4 address show dev eth0; in a client: ip neigh show <vip> (FAILED)
-- remedy: nsenter --net=/run/docker/netns/<netns> ip address add <vip>/32 dev <dev>
-- risk: none on this host; the same alias stands on every node's load balancer by design
-- verify: nsenter --net=/run/docker/netns/<netns> ip -4 address show dev <dev>; in a client: ip neigh show <vip>
-- undo: nsenter --net=/run/docker/netns/<netns> ip address del <vip>/32 dev <dev>
-- remedy: docker service update --force <service>
-- risk: replaces every task of the service, one by one
-- verify: nsenter --net=/run/docker/netns/<netns> ip -4 address show dev <dev>
-- undo: nothing to undo
-- remedy: systemctl restart docker on <host>
-- risk: the node's control plane is away for the restart; without live-restore its containers stop
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: 187436faf2 (moby, 29.7): an address that is there already aborted the set-up of the service
-- fixed-in: 29.7 for that cause
-- limits: engines before 18.09 answer for a virtual address in the client's own namespace and are not judged. A host without a
--   load balancer's namespace for the network is another rule's.
--
-- Since 18.09 a virtual address is an alias on eth0 of the network's load balancer, on every node that has the network. Clients of
-- this host ask for it by ARP; without the alias nobody answers, their neighbour entry ends as FAILED, and every
-- connection to the service fails on this host while other hosts are fine.
--
-- The address is expected because the managers name it and have settled tasks behind it, or because a rule in the same
-- namespace marks packets for it.
WITH wanted AS (
  SELECT host, netns, netns_name, network, dev, vip, service, vip_ref AS truth_ref, why, 1 AS rank FROM expected_vip_alias
  UNION ALL
  SELECT m.host, m.netns, m.netns_name, b.network, b.dev, m.vip, NULL, m.ref, 'a rule in the namespace marks packets for it', 2
  FROM mark_rule AS m
  JOIN balancer AS b ON b.host = m.host AND b.netns = m.netns AND b.kind IN ('lb', 'ingress')
  WHERE m.chain = 'INPUT' AND m.effective = 1 AND m.seen = 'both' AND m.vip IS NOT NULL
), absent AS MATERIALIZED (
  SELECT w.*
  FROM wanted AS w
  LEFT JOIN address AS a ON a.host = w.host AND a.netns = w.netns AND a.ip = w.vip
  WHERE a.ip IS NULL
)
SELECT
  w.host,
  w.netns_name || ' on ' || w.host || ' does not hold ' || w.vip || COALESCE(', the virtual address of ' || w.service, '')
    || COALESCE(' in ' || w.network, '') || ': nobody answers ARP for it' AS summary,
  'vip:' || w.host || '/' || w.netns_name || '/' || w.vip AS subject,
  w.netns_name AS netns,
  w.vip,
  w.service,
  w.network,
  w.dev,
  w.why,
  w.truth_ref,
  w.coverage_ref
FROM (
  SELECT w1.*, c.ref AS coverage_ref, ROW_NUMBER() OVER (PARTITION BY w1.host, w1.netns, w1.vip ORDER BY w1.rank, w1.truth_ref) AS place
  FROM absent AS w1
  CROSS JOIN captured AS c
  WHERE c.tbl = 'address' AND c.host = w1.host AND c.netns = w1.netns
) AS w
WHERE w.place = 1
