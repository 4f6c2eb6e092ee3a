-- Round-robin name whose clients would all pick the same task first
-- catalogue: D9
-- severity: medium
-- since: 0.1.0
-- layer: dns
-- need: one host, a manager
-- blame: application
-- check: docker exec <a_client> sh -c 'ip -6 address; for i in 1 2 3 4 5 6 7 8; do getent ahostsv4 <name> | head -1; done'
-- remedy: nsenter --net=/run/docker/netns/<netns> sysctl -w net.ipv6.conf.all.disable_ipv6=1: in one client's namespace, at once and until it is recreated, where sorts_because_of names an address
-- risk: a client that needs IPv6 loses it
-- verify: docker exec <a_client> sh -c 'for i in 1 2 3 4 5 6 7 8; do getent ahostsv4 <name> | head -1; done'
-- undo: nsenter --net=/run/docker/netns/<netns> sysctl -w net.ipv6.conf.all.disable_ipv6=0
-- remedy: docker service update --sysctl-add net.ipv6.conf.all.disable_ipv6=1 <client_service>
-- risk: the client's tasks are replaced; a client that needs IPv6 loses it
-- verify: docker exec <a_client> sh -c 'for i in 1 2 3 4 5 6 7 8; do getent ahostsv4 <name> | head -1; done'
-- undo: docker service update --sysctl-rm net.ipv6.conf.all.disable_ipv6 <client_service>
-- remedy: docker service update --endpoint-mode vip <service>, or let the client pick at random
-- risk: the tasks are replaced, and the name resolves to one virtual address
-- verify: docker exec <a_client> getent ahostsv4 <name>
-- undo: docker service update --endpoint-mode dnsrr <service>
-- upstream: gai.conf(5), RFC 6724 section 6, glibc sysdeps/posix/getaddrinfo.c rfc3484_sort and sysdeps/unix/sysv/linux/check_pf.c make_request
-- limits: a prediction for programs that ask getaddrinfo at every connection and try its answers in order; one that keeps answers, shuffles them or resolves by
--   itself does otherwise, and which program of a container asks is not captured: a container whose programs differ is not judged. Nor are Java, programs with a resolver
--   of their own (nginx, HAProxy, Envoy, c-ares), Go that may ask glibc where that sorts, glibc before 2.12 and after 2.38, names with IPv6 addresses, names in
--   /etc/hosts. Tried against glibc 2.36, musl 1.2.3 and Go; other versions by their source. tasks.<name> of services with a virtual address are left out.
--
-- Docker shuffles the answers of a dnsrr name so that clients spread over the tasks. glibc sorts them again: by RFC 6724 rule 9 the address that shares
-- the longest prefix with the client's own comes first, and on one subnet that is nearly always the same one or two. For IPv4 it does so
-- only when the client's namespace has an IPv6 address other than ::1, for only then does glibc learn the prefix length that the rule needs: fe80:: on eth0
-- is enough. A gai.conf in the container can do the same by other rules. musl and Go leave IPv4 answers as they come.
--
-- The model goes through the containers on the service's network, program by program, but for those of the service itself. Reported for a host when
-- one of its containers would give one task twice its fair share or more of its first tries. Which containers do ask for the name is not
-- known: "of_all_clients" is the load if all did, "not_judged" how many could not be, and "seen" holds the prediction against the connections in
-- the client's namespace.
WITH pick AS (
  SELECT c.*, ROW_NUMBER() OVER (PARTITION BY c.host, c.net, c.name ORDER BY c.share DESC, c.client, c.netns, c.ip, c.pid) AS place
  FROM resolver_choice AS c WHERE c.host IS NOT NULL AND c.weight IS NOT NULL AND c.rule IS NOT NULL AND c.share * c.backends >= 1.999
), here AS (
  SELECT host, net, name, COUNT(DISTINCT CASE WHEN weight IS NOT NULL AND rule IS NOT NULL THEN netns END) AS preferring,
    COUNT(DISTINCT CASE WHEN weight IS NOT NULL THEN netns END) AS judged
  FROM resolver_choice WHERE own = 0 GROUP BY host, net, name
)
SELECT
  p.host,
  p.client || ' on ' || p.host || ' would try ' || COALESCE(p.backend, p.ip) || ' (' || p.ip || ') first in ' || CAST(ROUND(100 * p.share) AS INTEGER)
    || ' % of lookups of ' || p.name || ', which has ' || p.backends || ' tasks' AS summary,
  'dns:' || p.host || '/' || p.network || '/' || p.name AS subject,
  p.name,
  p.name AS service,
  p.network,
  p.backends AS tasks,
  p.client AS a_client,
  n.name AS netns,
  p.client_service,
  p.client_ip,
  p.program,
  p.resolver || COALESCE(' ' || p.version, '') AS resolver,
  p.why AS because,
  p.ip6 AS sorts_because_of,
  h.preferring || ' of ' || h.judged || ' on this host' AS clients_that_prefer,
  l.clients AS clients,
  l.unjudged AS not_judged,
  (SELECT group_concat(part, ', ') FROM (SELECT x.ip || ' ' || CAST(ROUND(100 * x.share) AS INTEGER) || ' %' AS part FROM resolver_load AS x
    WHERE x.net = p.net AND x.name = p.name ORDER BY x.share DESC, x.ip)) AS of_all_clients,
  CASE WHEN p.all_connections IS NULL THEN 'its connections were not captured'
    WHEN p.all_connections < 8 THEN 'too few connections to tell: ' || p.connections || ' to it, ' || p.all_connections || ' to all tasks'
    WHEN p.connections >= 0.8 * p.share * p.all_connections THEN 'as predicted: ' || p.connections || ' of ' || p.all_connections || ' connections to it'
    ELSE 'not as predicted: ' || p.connections || ' of ' || p.all_connections || ' connections to it' END AS seen,
  p.ip6_ref,
  p.client_ref,
  p.resolver_ref,
  p.task_ref
FROM pick AS p
JOIN here AS h ON h.host = p.host AND h.net = p.net AND h.name = p.name
JOIN resolver_load AS l ON l.net = p.net AND l.name = p.name AND l.ip = p.ip
LEFT JOIN netns AS n ON n.host = p.host AND n.netns = p.netns
WHERE p.place = 1
