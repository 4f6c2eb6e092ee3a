-- Round-robin name whose clients would all pick the same task first
-- catalogue: D9
-- severity: medium
-- since: 0.1.0
-- layer: dns
-- need: one host, a manager
-- blame: application
-- check: docker exec <a_client> sh -c 'ip -6 address; for i in 1 2 3 4 5 6 7 8; do getent ahostsv4 <name> | head -1; done'
-- remedy: nsenter --net=/run/docker/netns/<netns> sysctl -w net.ipv6.conf.all.disable_ipv6=1: in one client's namespace, at once and until it is recreated
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
-- upstream: gai.conf(5), RFC 6724 section 6 rule 9, glibc sysdeps/posix/getaddrinfo.c rfc3484_sort
-- limits: assumes that the clients resolve with glibc's getaddrinfo and try the answers in its order; which resolver a process uses is not
--   captured yet. musl, Go, the JVM, gethostbyname and programs that shuffle order otherwise. Only IPv6 addresses on devices other than lo count: whether
--   ::1 alone is enough is not settled. The prediction is not confirmed by connection counts. tasks.<name> of services with a virtual address are left out.
--
-- Docker shuffles the answers of a dnsrr name so that clients spread over the tasks. glibc sorts them again: by RFC 6724 rule 9 the address that shares
-- the longest prefix with the client's own comes first, and on one subnet that is nearly always the same one or two. For IPv4 it does so
-- only when the client's namespace has an IPv6 address, for only then does glibc learn the prefix length that the rule needs (measured with glibc
-- 2.36: without one the order stayed shuffled, with an fe80:: address on eth0 every one of eight lookups gave the same task).
--
-- The clients on this host have such an address. The facts give the share of first tries that each task would get from them;
-- an even spread would be one in "tasks". Reported when some task would get twice that or more.
WITH load AS (
  SELECT host, net, network, name, ip, MAX(label) AS label, AVG(share) AS share, MAX(backends) AS backends, COUNT(DISTINCT netns) AS clients,
    MIN(client) AS client, MIN(netns) AS client_netns, MIN(client_ip) AS client_ip, MIN(ip6) AS ip6, MIN(ip6_ref) AS ip6_ref, MIN(client_ref) AS client_ref, MIN(task_ref) AS task_ref
  FROM dnsrr_order GROUP BY host, net, network, name, ip
), spread AS (
  SELECT load.*, ROW_NUMBER() OVER (PARTITION BY host, net, name ORDER BY share DESC, ip) AS place FROM load
)
SELECT
  s.host,
  s.clients || CASE WHEN s.clients = 1 THEN ' client' ELSE ' clients' END || ' on ' || s.host || ' would try ' || COALESCE(s.label, s.ip) || ' (' || s.ip
    || ') first in ' || CAST(ROUND(100 * s.share) AS INTEGER) || ' % of lookups of ' || s.name || ', which has ' || s.backends || ' tasks' AS summary,
  'dns:' || s.host || '/' || s.network || '/' || s.name AS subject,
  s.name,
  s.name AS service,
  s.network,
  s.backends AS tasks,
  s.clients,
  s.client AS a_client,
  n.name AS netns,
  c.service AS client_service,
  s.client_ip,
  s.ip6 AS sorts_because_of,
  (SELECT group_concat(part, ', ') FROM (SELECT x.ip || ' ' || CAST(ROUND(100 * x.share) AS INTEGER) || ' %' AS part FROM load AS x
    WHERE x.host = s.host AND x.net = s.net AND x.name = s.name ORDER BY x.share DESC, x.ip)) AS shares,
  s.ip6_ref,
  s.client_ref,
  s.task_ref
FROM spread AS s
LEFT JOIN netns AS n ON n.host = s.host AND n.netns = s.client_netns
LEFT JOIN container AS c ON c.host = n.host AND c.container = n.container
WHERE s.place = 1 AND s.share * s.backends >= 2
