-- Answer does not fit into a datagram and is cut short
-- catalogue: D12
-- severity: low
-- since: 0.3.0
-- layer: dns
-- need: one host
-- blame: application
-- check: docker exec <client> nslookup <name>, and with TCP: dig +tcp <name> @127.0.0.11
-- remedy: let clients use TCP for lookups: docker service update --dns-option-add use-vc <client_service>
-- risk: the tasks are replaced; each lookup costs a connection
-- verify: docker exec <client> getent ahostsv4 <name> | sort -u | wc -l
-- undo: docker service update --dns-option-rm use-vc <client_service>
-- remedy: docker service update --endpoint-mode vip <service>: one address in place of many
-- risk: the tasks are replaced, and clients that counted on the addresses of single tasks no longer get them (tasks.<service> still gives them)
-- verify: docker exec <client> nslookup <name>
-- undo: docker service update --endpoint-mode dnsrr <service>
-- upstream: RFC 1035 section 4.2.1, RFC 7766
-- limits: the capture asks by UDP and announces no larger size, as many clients do; a client that announces one (EDNS) gets more in one piece.
--
-- An answer by UDP holds 512 bytes unless the client says that it can take more: some 29 addresses of one name. Docker's resolver cuts what is longer and
-- sets the bit that asks the client to come again by TCP. glibc, Go and newer musl do. musl before 1.2.4 and other small resolvers do not:
-- they see an arbitrary part of the tasks, another one each time, so every task gets some load but no client sees them all, and programs that
-- want the whole list (peers of a cluster) miss members.
SELECT
  q.host,
  'the ' || q.answers || ' addresses that fit for ' || q.name || ' on ' || q.host || ' are not all: the answer was cut short' AS summary,
  'dns:' || q.host || '/' || q.name || '/truncated' AS subject,
  q.name,
  q.service,
  q.answers AS in_the_answer,
  NULLIF(q.tasks, 0) AS running_tasks,
  q.client,
  q.client_service,
  q.containers AS containers_asked,
  q.query_ref
FROM (
  SELECT d.host, d.name, MAX(d.service) AS service, MAX(d.answers) AS answers, COUNT(DISTINCT d.container) AS containers, MIN(c.name) AS client,
    MIN(c.service) AS client_service, MIN(d.ref) AS query_ref,
    (SELECT COUNT(DISTINCT t.task_id) FROM task_endpoint AS t WHERE t.service = MAX(d.service) AND t.running = 1) AS tasks
  FROM dns_query AS d
  LEFT JOIN container AS c ON c.host = d.host AND c.container = d.container
  WHERE d.truncated = 1 AND d.qtype = 'A'
  GROUP BY d.host, d.name
) AS q
