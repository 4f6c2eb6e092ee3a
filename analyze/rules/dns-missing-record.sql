-- Name that lacks the address of a running task, or has no answer
-- catalogue: D2
-- severity: critical
-- since: 0.1.0
-- layer: dns
-- need: a manager, several hosts
-- blame: gossip
-- views: the managers' tasks and this host's resolver
-- check: docker exec <asked_in> nslookup <name>, here and on another host; docker network inspect -v <network>
-- remedy: docker service update --force <service>
-- risk: replaces every task of the service, one by one; what is announced anew is taken
-- verify: docker exec <asked_in> nslookup <name>
-- undo: nothing to undo
-- remedy: systemctl restart docker on this host, where all names of one node's tasks are missing: it asks the others for all records
-- risk: the node's control plane is away for the restart; without live-restore its containers stop
-- verify: docker exec <asked_in> nslookup <name>
-- undo: nothing to undo
-- remedy: where it comes back: mend the gossip first, TCP and UDP port 7946 with datagrams of 1400 bytes between all nodes (gossip-udp-blocked, firewall-blocks-swarm-ports)
-- risk: none
-- verify: journalctl -u docker | grep -c 'Bulk sync'
-- undo: nothing to undo
-- upstream: moby/moby#31592, moby/moby#33589, moby/moby#35508, moby/moby#47728, moby/moby#53141; fix moby/moby#53142
-- fixed-in: after 29.7.2 for records that a short failure of a node made the others refuse (moby#53142)
-- limits: judged for containers that share one network with the service and have been on it for a minute. A resolver that did not
--   answer, or refused, is another rule's. Expected are the tasks that a manager has running in both reads for 30 seconds.
--
-- The resolver of this host does not know an address that it should: the virtual address of the service, or one of the tasks
-- behind a dnsrr or tasks. name, in none of the repeated answers. Each host answers from its own copy of the gossiped tables. If the
-- addresses that are missing all live on one node, this host has dropped that node's records and refuses to take
-- them back; the network between the two works, and nothing but a new record mends it.
WITH lack AS MATERIALIZED (
  SELECT x.*, q.clients, q.rcode, c.ref AS coverage_ref
  FROM (SELECT e.host, e.net, e.network, e.name, e.service, e.ip, e.kind, e.client, e.netns, e.container, e.truth_ref, e.question_ref
    FROM expected_dns_answer AS e
    LEFT JOIN dns_answer_set AS a ON a.host = e.host AND a.netns = e.netns AND a.container = e.container AND a.name = e.name AND a.ip = e.ip
    WHERE a.ip IS NULL) AS x
  CROSS JOIN captured AS c ON c.tbl = 'dns_answer' AND c.host = x.host AND c.netns = x.netns
  CROSS JOIN dns_question AS q ON q.host = x.host AND q.netns = x.netns AND q.container = x.container AND q.name = x.name
), asked AS MATERIALIZED (
  -- what all hosts should answer of the names that lack something; where none does, nobody is asked a second time
  SELECT e.host, e.net, e.name, e.ip
  FROM expected_dns_answer AS e
  CROSS JOIN (SELECT DISTINCT net, name FROM lack) AS l ON l.net = e.net AND l.name = e.name
  WHERE EXISTS (SELECT 1 FROM lack)
), spread AS (
  SELECT e.net, e.name, COUNT(DISTINCT e.host) AS hosts, MAX(l.hosts) AS lacking
  FROM (SELECT net, name, COUNT(DISTINCT host) AS hosts FROM lack GROUP BY net, name) AS l
  JOIN asked AS e ON e.net = l.net AND e.name = l.name GROUP BY e.net, e.name
), whole AS (
  SELECT host, net, name, COUNT(DISTINCT ip) AS ips FROM asked GROUP BY host, net, name
)
SELECT
  l.host,
  l.name || ' is answered without ' || group_concat(l.ip, ', ') || ' on ' || l.host || ' (' || MAX(l.rcode) || ', ' || MAX(l.clients)
    || CASE WHEN MAX(l.clients) = 1 THEN ' client asked)' ELSE ' clients asked)' END AS summary,
  'dns:' || l.host || '/' || l.network || '/' || l.name AS subject,
  CASE WHEN MAX(h.lacking) = MAX(h.hosts) AND MAX(h.hosts) > 1 THEN 'daemon' END AS blame,
  CASE WHEN MAX(h.lacking) = MAX(h.hosts) AND MAX(h.hosts) > 1 THEN 'the managers'' tasks, and the resolvers of all ' || MAX(h.hosts) || ' hosts that were asked: the task''s own node did not announce it'
    WHEN MAX(h.hosts) > 1 THEN 'the managers'' tasks and the resolvers of ' || MAX(h.lacking) || ' of ' || MAX(h.hosts) || ' hosts: the record did not reach this one' END AS views,
  l.name,
  MAX(l.service) AS service,
  l.network,
  group_concat(l.ip, ' ') AS missing,
  MAX(w.ips) AS expected,
  MAX(l.rcode) AS rcode,
  MAX(l.client) AS asked_in,
  MIN(l.question_ref) AS question_ref,
  MIN(l.truth_ref) AS truth_ref,
  MIN(l.coverage_ref) AS coverage_ref
FROM (SELECT host, net, network, name, ip, MAX(service) AS service, MAX(rcode) AS rcode, MAX(client) AS client, SUM(clients) AS clients,
    MIN(question_ref) AS question_ref, MIN(truth_ref) AS truth_ref, MIN(coverage_ref) AS coverage_ref
  FROM lack GROUP BY host, net, network, name, ip ORDER BY host, net, name, ip) AS l
JOIN spread AS h ON h.net = l.net AND h.name = l.name
JOIN whole AS w ON w.host = l.host AND w.net = l.net AND w.name = l.name
GROUP BY l.host, l.net, l.network, l.name
