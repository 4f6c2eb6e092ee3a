-- Connection tracking drops packets that lose a race for their entry
-- catalogue: G2
-- severity: medium
-- since: 0.3.0
-- layer: conntrack
-- need: one host, two reads
-- blame: kernel
-- check: nsenter --net=/run/docker/netns/<netns> conntrack -S
-- remedy: in the clients: options single-request-reopen in resolv.conf (docker service update --dns-option-add single-request-reopen <service>)
-- risk: the service's tasks are replaced; look-ups of A and AAAA take place one after the other
-- verify: conntrack -S in the namespace: insert_failed stands still
-- undo: docker service update --dns-option-rm single-request-reopen <service>
-- upstream: weave#3287, kubernetes#56903
-- fixed-in: kernel 5.0 for the resolver's race between A and AAAA in most cases
-- limits: counts retransmitted duplicates, too, which harm nobody: hence only from one a second on. Which packets were dropped is not
--   known; dns-5s-conntrack-race looks at the resolver.
--
-- An entry is made when the first packet of a connection arrives and goes into the table when that packet leaves. Two packets with
-- the same addresses and ports that are under way at the same time both have one; the second finds the place taken, and is
-- dropped. The classic case is a resolver that sends its questions for A and AAAA from one socket at once: DNAT to
-- the embedded resolver gives both the same tuple, one is lost, and the client waits five seconds before it asks again.
--
-- The second case is source NAT with too few free ports: a load balancer's namespace (lb_) gives all clients of its node one
-- address, and when no port towards a destination is left, the clash is counted here, too; see ephemeral-ports.
--
-- Reported from one a second and ten in all between the two reads: below that the counter is moved by duplicates alone.
SELECT
  f.host,
  'connection tracking of ' || o.label || ' on ' || f.host || ' dropped ' || (l.failed - f.failed)
    || ' packets between the two reads: each lost a race for its entry' AS summary,
  'conntrack:' || f.host || '/' || o.netns_name || '/insert-failed' AS subject,
  o.netns_name AS netns,
  o.service,
  l.failed - f.failed AS insert_failed,
  l.clashes - f.clashes AS clash_resolved,
  CAST(r.last_s - r.first_s + 0.5 AS INTEGER) AS within_s,
  f.ref AS first_ref,
  l.ref AS last_ref
FROM (SELECT host, netns, MAX(insert_failed) AS failed, MAX(clash_resolve) AS clashes, MIN(ref) AS ref FROM conntrack_stat WHERE read = 'first' GROUP BY host, netns) AS f
JOIN (SELECT host, netns, MAX(insert_failed) AS failed, MAX(clash_resolve) AS clashes, MIN(ref) AS ref FROM conntrack_stat WHERE read = 'last' GROUP BY host, netns) AS l
  ON l.host = f.host AND l.netns = f.netns
JOIN reading AS r ON r.host = f.host
JOIN netns_owner AS o ON o.host = f.host AND o.netns = f.netns
WHERE l.failed - f.failed >= 10 AND l.failed - f.failed >= r.last_s - r.first_s
