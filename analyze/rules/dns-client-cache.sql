-- Client holds on to the address of a task that is gone
-- catalogue: D11
-- severity: medium
-- since: 0.3.0
-- layer: tcp
-- need: one host, a manager, two reads
-- blame: application
-- views: the client's sockets, and the managers' tasks; names are answered rightly
-- check: nsenter --net=/run/docker/netns/<netns> ss -tnp dst <ip>; docker exec <container> nslookup <name>
-- remedy: let the client look up again: send it its reload signal (nginx: docker exec <container> nginx -s reload), or docker service update --force <client_service>
-- risk: the client's tasks are replaced, and its other connections end
-- verify: nsenter --net=/run/docker/netns/<netns> ss -tn dst <ip>
-- undo: nothing to undo
-- remedy: nsenter --net=/run/docker/netns/<netns> ss -K dst <ip>: ends the dead connections, so that the client makes new ones
-- risk: a client that cached the address connects to it again; needs a kernel with CONFIG_INET_DIAG_DESTROY
-- verify: nsenter --net=/run/docker/netns/<netns> ss -tn dst <ip>
-- undo: nothing to undo
-- remedy: for good: a short time to live in the client (Java networkaddress.cache.ttl=10, nginx resolver 127.0.0.11 valid=10s with a variable in proxy_pass, a maximum age of pooled
--   connections), or a service with a virtual address (docker service update --endpoint-mode vip <name>)
-- risk: changing the endpoint mode replaces the tasks
-- verify: netmortem analyze after the next update of <name>
-- undo: the former settings
-- upstream: none; the records' time to live is 600 s in every engine
-- limits: judged are connections that the container opened itself, to addresses of tasks that ended more than a minute before and that nobody has now, where the resolver
--   no longer answers with the address. What the process has cached without a connection cannot be seen.
--
-- A process looked up a name, connected to one task, and kept the address: a connection pool, a JVM that caches for ever, nginx that resolves names once when it starts.
-- The task has ended; its address belongs to nobody. New tries hang in SYN-SENT until they time out; connections that were idle look established and
-- will hang with the next request. The resolver is right, and whoever looks up again now reaches a living task.
--
-- It is no fault of the network, and no restart of it helps; the same happens with the next update. Even an honest cache may keep a record
-- for its time to live, ten minutes.
WITH dead AS (
  SELECT s.host, s.netns, s.peer AS ip, s.peer_port, s.state, s.ref, l.net, l.label, l.container
  FROM socket AS s
  JOIN netns AS n ON n.host = s.host AND n.netns = s.netns AND n.kind = 'container'
  JOIN local_endpoint AS l ON l.host = s.host AND l.netns = s.netns
  JOIN reading AS r ON r.host = s.host
  JOIN swarm_view AS v ON v.host = s.host
  JOIN captured AS k ON k.tbl = 'dns_answer' AND k.host = s.host AND k.netns = s.netns
  JOIN captured AS y ON y.tbl = 'dns_query' AND y.host = s.host AND y.netns = s.netns
  JOIN captured AS p ON p.tbl = 'swarm_service_vip' AND p.host = v.manager
  JOIN (SELECT net, ip, MAX(since_s) AS since_s, MIN(gone) AS gone FROM task_endpoint GROUP BY net, ip) AS t ON t.net = l.net AND t.ip = s.peer AND t.gone = 1 AND t.since_s <= r.first_s - 60
  LEFT JOIN (SELECT DISTINCT net, ip FROM address_use) AS u ON u.net = l.net AND u.ip = s.peer
  LEFT JOIN (SELECT DISTINCT host, ip FROM dns_answer_set) AS a ON a.host = s.host AND a.ip = s.peer
  LEFT JOIN (SELECT DISTINCT host, netns, local_port FROM socket WHERE proto = 'tcp' AND state = 'listening') AS i ON i.host = s.host AND i.netns = s.netns AND i.local_port = s.local_port
  WHERE s.proto = 'tcp' AND ((s.state = 'established' AND s.seen = 'both') OR s.state = 'syn-sent') AND u.ip IS NULL AND a.ip IS NULL AND i.local_port IS NULL
), last_task AS (
  SELECT net, ip, MAX(label) AS label, MAX(service) AS service, MAX(ref) AS ref FROM task_endpoint WHERE gone = 1 GROUP BY net, ip
)
SELECT
  d.host,
  COALESCE(MIN(d.label), MIN(n.name)) || ' on ' || d.host || ' holds ' || COUNT(DISTINCT d.ref) || CASE WHEN COUNT(DISTINCT d.ref) = 1 THEN ' connection' ELSE ' connections' END || ' to ' || d.ip
    || ', the address of ' || COALESCE(MIN(t.label), 'a task') || ', which has ended' AS summary,
  'socket:' || d.host || '/' || n.name || '/' || d.ip AS subject,
  n.name AS netns,
  COALESCE(MIN(c.name), MIN(d.container)) AS container,
  MIN(c.service) AS client_service,
  d.ip,
  MIN(d.peer_port) AS port,
  MIN(t.service) AS name,
  COUNT(DISTINCT CASE WHEN d.state = 'established' THEN d.ref END) AS established,
  COUNT(DISTINCT CASE WHEN d.state = 'syn-sent' THEN d.ref END) AS connecting,
  MIN(d.ref) AS socket_ref,
  MIN(t.ref) AS last_task_ref,
  MIN(v.tasks_ref) AS tasks_ref
FROM dead AS d
JOIN netns AS n ON n.host = d.host AND n.netns = d.netns
JOIN swarm_view AS v ON v.host = d.host
LEFT JOIN container AS c ON c.host = d.host AND c.container = d.container
LEFT JOIN last_task AS t ON t.net = d.net AND t.ip = d.ip
GROUP BY d.host, d.netns, n.name, d.ip
