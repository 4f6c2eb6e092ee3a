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
-- Each container on the service's network was asked for by the model, program by program; those of the service itself are left out. Reported when one task would get
-- twice its fair share or more of the first tries, whatever the clients do that could not be judged. The fact "seen" holds the prediction against
-- the connections in the judged clients' namespaces.
WITH load AS (
  SELECT l.*, ROW_NUMBER() OVER (PARTITION BY l.net, l.name ORDER BY l.least DESC, l.ip) AS place, COUNT(*) OVER (PARTITION BY l.net, l.name) AS tasks,
    SUM(l.connections) OVER (PARTITION BY l.net, l.name) AS all_connections
  FROM resolver_load AS l
), who AS (
  SELECT c.*, ROW_NUMBER() OVER (PARTITION BY c.net, c.name, c.ip ORDER BY c.share DESC, c.host, c.client, c.pid) AS place
  FROM resolver_choice AS c WHERE c.weight IS NOT NULL AND c.rule IS NOT NULL
)
SELECT
  w.host,
  COALESCE(s.backend, s.ip) || ' (' || s.ip || ') of the ' || s.tasks || ' tasks of ' || s.name || ' would get ' || CASE WHEN s.unjudged > 0 THEN 'at least ' ELSE '' END
    || CAST(ROUND(100 * s.least) AS INTEGER) || ' % of the first tries: ' || s.skewed || ' of ' || (s.clients + s.unjudged) || ' clients prefer some tasks' AS summary,
  'dns:' || w.host || '/' || s.network || '/' || s.name AS subject,
  s.name,
  s.name AS service,
  s.network,
  s.tasks,
  s.clients,
  s.unjudged AS clients_not_judged,
  w.client AS a_client,
  n.name AS netns,
  w.client_service,
  w.client_ip,
  w.resolver || COALESCE(' ' || w.version, '') AS resolver,
  w.why AS because,
  w.ip6 AS sorts_because_of,
  (SELECT group_concat(part, ', ') FROM (SELECT x.ip || ' ' || CAST(ROUND(100 * x.share) AS INTEGER) || ' %' AS part FROM load AS x
    WHERE x.net = s.net AND x.name = s.name ORDER BY x.share DESC, x.ip)) AS shares,
  (SELECT group_concat(part, ', ') FROM (SELECT COALESCE(x.client_service, 'no service') || ' ' || COUNT(DISTINCT COALESCE(x.netns, x.client)) AS part FROM resolver_choice AS x
    WHERE x.net = s.net AND x.name = s.name AND x.weight IS NOT NULL AND x.rule IS NOT NULL GROUP BY x.client_service ORDER BY x.client_service)) AS preferring,
  CASE WHEN s.all_connections IS NULL THEN 'connections were not captured'
    WHEN s.all_connections < 2 * s.tasks THEN 'too few connections to tell: ' || s.connections || ' of ' || s.all_connections || ' to it'
    WHEN s.connections * s.tasks >= 1.5 * s.all_connections THEN 'as predicted: ' || s.connections || ' of ' || s.all_connections || ' connections to it'
    ELSE 'not as predicted: ' || s.connections || ' of ' || s.all_connections || ' connections to it' END AS seen,
  w.ip6_ref,
  w.client_ref,
  w.resolver_ref,
  s.task_ref
FROM load AS s
JOIN who AS w ON w.net = s.net AND w.name = s.name AND w.ip = s.ip AND w.place = 1
LEFT JOIN netns AS n ON n.host = w.host AND n.netns = w.netns
WHERE s.place = 1 AND s.least * s.tasks >= 1.999 AND w.host IS NOT NULL
