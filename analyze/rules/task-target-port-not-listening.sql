-- Nothing listens on a task's published port
-- catalogue: C12
-- severity: high
-- since: 0.3.0
-- layer: ingress
-- need: a manager, two reads
-- blame: application
-- views: the service's published port and the task's own sockets
-- check: nsenter --net=/run/docker/netns/<netns> ss -ln sport = :<target>
-- remedy: let the program listen on 0.0.0.0:<target> (its own configuration: bind address, port), then docker service update --force <service>
-- risk: every task of the service is replaced
-- verify: nsenter --net=/run/docker/netns/<netns> ss -ln sport = :<target>
-- undo: take the change of its configuration back
-- remedy: publish the port that it does listen on: docker service update --publish-rm <published> --publish-add published=<published>,target=PORT <service>
-- risk: every task of the service is replaced
-- verify: curl http://NODE:<published>/
-- undo: docker service update --publish-rm <published> --publish-add published=<published>,target=<target> <service>
-- limits: a task is judged once it has been running for a minute. Programs that listen only for a time (jobs, takers of turns) are
--   reported while they do not; a namespace whose own rules redirect the port elsewhere is not seen through. SCTP is not judged.
--
-- A published port ends in the task: the mesh, or the host, leads it to the target port there. If no socket listens on that port, the
-- task's kernel refuses each connection that reaches it, and with several tasks every n-th one; from outside it looks as
-- if the routing mesh were broken. Usual causes: the program listens on another port than its image says, it listens on 127.0.0.1
-- only (fact "only"), which nobody else can reach, or its process in the container is not the server (any more).
--
-- The socket table of the task's own namespace was read whole, twice, and has no socket on the port that takes what comes from
-- outside. It has others: the resolver's at least, without which nothing is concluded from the table.
WITH heard AS (
  SELECT e.host, e.netns, e.proto, e.target, e.task_id,
    MAX(CASE WHEN substr(q.local, 1, 4) = '127.' OR q.local = '::1' OR q.v6only = 1 THEN 0 ELSE 1 END) AS open,
    MIN(CASE WHEN substr(q.local, 1, 4) = '127.' OR q.local = '::1' OR q.v6only = 1 THEN q.local END) AS only, MIN(q.ref) AS ref
  FROM expected_listener AS e
  JOIN socket AS q ON q.host = e.host AND q.netns = e.netns AND q.proto = e.proto AND q.local_port = e.target AND (q.state = 'listening' OR q.proto = 'udp')
  GROUP BY e.host, e.netns, e.proto, e.target, e.task_id
)
SELECT
  e.host,
  COALESCE(e.task, e.task_id) || ' on ' || e.host || ' has no socket for its published ' || e.proto || ' port ' || e.published || ': '
    || CASE WHEN h.only IS NOT NULL THEN 'it listens on ' || h.only || ':' || e.target || ' only, which nobody outside reaches' ELSE 'nothing listens on ' || e.target || ' in the container' END AS summary,
  'listener:' || e.host || '/' || e.task_id || '/' || e.proto || '/' || e.target AS subject,
  CASE WHEN e.proto = 'udp' THEN 'medium' END AS severity,
  e.netns_name AS netns,
  e.service,
  e.task,
  e.proto,
  e.target,
  e.published,
  e.mode,
  h.only,
  o.ports AS listens_on,
  c.ref AS sockets_ref,
  h.ref AS socket_ref,
  e.task_ref,
  e.port_ref,
  e.netns_ref
FROM expected_listener AS e
JOIN captured AS c ON c.tbl = 'socket' AND c.host = e.host AND c.netns = e.netns
JOIN (SELECT DISTINCT host, netns FROM socket) AS q ON q.host = e.host AND q.netns = e.netns
LEFT JOIN heard AS h ON h.host = e.host AND h.netns = e.netns AND h.proto = e.proto AND h.target = e.target AND h.task_id = e.task_id
LEFT JOIN (SELECT host, netns, proto, group_concat(local_port, ' ') AS ports FROM (
    SELECT DISTINCT host, netns, proto, local_port FROM socket WHERE (state = 'listening' OR proto = 'udp' AND state = 'unconnected') AND substr(local, 1, 4) <> '127.' ORDER BY host, netns, proto, local_port)
  GROUP BY host, netns, proto) AS o ON o.host = e.host AND o.netns = e.netns AND o.proto = e.proto
WHERE COALESCE(h.open, 0) = 0
