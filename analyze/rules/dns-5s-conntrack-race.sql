-- Lookups lose packets in connection tracking and take five seconds
-- catalogue: D8
-- severity: high
-- since: 0.3.0
-- layer: conntrack
-- need: one host, two reads
-- blame: kernel
-- views: what the client sends and what connection tracking lets through
-- check: nsenter --net=/run/docker/netns/<netns> conntrack -S; docker exec <container> sh -c 'time getent hosts <a name outside>'
-- remedy: docker service update --dns-option-add single-request-reopen <service> (glibc: one question at a time, each from its own socket)
-- risk: the tasks are replaced; lookups of both address families take turns
-- verify: conntrack -S in the namespace: insert_failed stands still
-- undo: docker service update --dns-option-rm single-request-reopen <service>
-- remedy: docker service update --dns-option-add use-vc <service>, where the C library is musl, which does not know the first: lookups by TCP
-- risk: the tasks are replaced; each lookup costs a connection
-- verify: conntrack -S in the namespace: insert_failed stands still
-- undo: docker service update --dns-option-rm use-vc <service>
-- remedy: a kernel of 5.0 or newer, and fewer lookups: names with a final dot, ndots:1, a cache in the client
-- risk: a restart of the host for the kernel
-- verify: conntrack -S in the namespace
-- undo: the former kernel
-- upstream: weaveworks/weave#3287, kubernetes/kubernetes#56903; Linux 4.19 and 5.0 (nf_nat clash resolution)
-- fixed-in: Linux 5.0 for most of it
-- limits: connection tracking does not say which packets it dropped. Reported is a namespace in which the counter grew by three or more between the reads while most of its UDP is DNS;
--   smaller growth is low, for duplicates and retransmissions count there, too. Containers with single-request, single-request-reopen or use-vc are left out.
--
-- A client that wants both address families sends two questions at once from one UDP socket. Both are new to connection tracking, both are translated (in the container's namespace, to
-- the port of Docker's resolver; in the host's, to the host's address), and on two processors both entries are made at the same time. The second one to be
-- inserted clashes with the first and its packet is dropped: the counter insert_failed. The client waits for the answer that never comes, five
-- seconds with glibc, two and a half with musl, and asks again, mostly with success. So lookups take 5.0 s now and then, under load above all.
--
-- Newer kernels resolve most of these clashes without a loss.
WITH lost AS (
  SELECT a.host, a.netns, b.insert_failed - a.insert_failed AS failed, b.inserts - a.inserts AS inserts, b.ref AS last_ref, a.ref AS first_ref
  FROM conntrack_stat AS a
  JOIN conntrack_stat AS b ON b.host = a.host AND b.netns = a.netns AND b.read = 'last'
  WHERE a.read = 'first' AND b.insert_failed > a.insert_failed
), dns AS (
  SELECT host, netns, COUNT(*) AS entries, SUM(CASE WHEN dport = 53 THEN 1 ELSE 0 END) AS dns, MIN(CASE WHEN dport = 53 THEN ref END) AS ref
  FROM conntrack_entry WHERE proto = 'udp' GROUP BY host, netns
), careful AS (
  SELECT host, container FROM resolver_config WHERE item = 'option' AND value IN ('single-request', 'single-request-reopen', 'use-vc') GROUP BY host, container
), found AS (
  SELECT l.*, n.name AS netns_name, n.kind, n.container, c.name AS container_name, c.service, d.entries, d.dns, d.ref AS entry_ref, r.last_s - r.first_s AS window_s,
    SUM(l.failed) OVER (PARTITION BY l.host) AS all_failed, COUNT(*) OVER (PARTITION BY l.host) AS places,
    ROW_NUMBER() OVER (PARTITION BY l.host ORDER BY l.failed DESC, n.name) AS place
  FROM lost AS l
  JOIN reading AS r ON r.host = l.host
  JOIN netns AS n ON n.host = l.host AND n.netns = l.netns AND n.kind IN ('container', 'host')
  JOIN dns AS d ON d.host = l.host AND d.netns = l.netns AND d.dns > 0 AND 2 * d.dns >= d.entries
  JOIN captured AS k ON k.tbl = 'resolver_config' AND k.host = l.host
  LEFT JOIN (SELECT host, container FROM resolver_config GROUP BY host, container) AS i ON i.host = l.host AND i.container = n.container
  LEFT JOIN container AS c ON c.host = l.host AND c.container = n.container
  LEFT JOIN careful AS f ON f.host = l.host AND f.container = n.container
  WHERE f.container IS NULL AND (n.kind = 'host' OR i.container IS NOT NULL)
)
SELECT
  f.host,
  'connection tracking in ' || COALESCE(f.container_name, f.netns_name) || ' on ' || f.host || ' dropped ' || f.failed || CASE WHEN f.failed = 1 THEN ' packet' ELSE ' packets' END
    || ' in ' || CAST(ROUND(f.window_s) AS INTEGER) || ' s that lost a race, and most of its UDP is DNS'
    || CASE WHEN f.places > 1 THEN '; so did ' || (f.places - 1) || ' more' ELSE '' END AS summary,
  'conntrack:' || f.host || '/dns-race' AS subject,
  CASE WHEN f.all_failed < 3 THEN 'low' END AS severity,
  f.netns_name AS netns,
  f.container_name AS container,
  f.service,
  f.failed AS dropped,
  CAST(ROUND(f.window_s) AS INTEGER) AS window_s,
  f.inserts AS new_entries,
  f.dns AS dns_entries,
  f.entries AS udp_entries,
  f.places AS namespaces,
  f.first_ref,
  f.last_ref,
  f.entry_ref
FROM found AS f
WHERE f.place = 1
