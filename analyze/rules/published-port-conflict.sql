-- Published port that something else has
-- catalogue: C9
-- severity: high
-- since: 0.3.0
-- layer: ingress
-- need: a manager
-- blame: configuration
-- check: ss -lntup | grep -w :<published>
-- remedy: docker service update --publish-rm <published> --publish-add published=<another port>,target=<target> <service>
-- risk: every task of the service is replaced, and clients must learn the new port
-- verify: docker service inspect -f '{{json .Endpoint.Ports}}' <service>
-- undo: the same with the old port
-- remedy: let the host's process listen on another port, or end it: ps -p <pid>
-- risk: whoever uses the process
-- verify: ss -lntup | grep -w :<published>
-- undo: start it again
-- upstream: moby/moby@a0559c361e (a panic when such a port was removed, fixed in 29.7)
-- limits: sockets of processes that the capture could name; only ports of the routing mesh, and tasks that wait for a host-mode port
--
-- The port of a service is published on every node, and dockerd holds a socket on it, so that nobody else takes it. A process that
-- was there first keeps its socket, dockerd logs "failed to create proxy for port" and goes on: the rule in DOCKER-INGRESS is made all the same.
-- Connections from outside go to the mesh, and the process hears nothing any more, whatever address it listens on. When the
-- service goes, it hears again, which makes it look like a fault of the process.
--
-- With mode=host the port is the node's own: two tasks cannot have it on one node. A task that finds none free waits, with
-- "host-mode port already in use" as the reason: mostly the old task of a start-first update, or more replicas than nodes.
WITH held AS (
  SELECT s.host, s.proto, s.local_port, s.local, p.pid, x.comm, s.ref AS socket_ref, x.ref AS process_ref,
    ROW_NUMBER() OVER (PARTITION BY s.host, s.proto, s.local_port ORDER BY x.comm, p.pid, s.ref) AS place
  FROM socket AS s
  JOIN netns AS n ON n.host = s.host AND n.netns = s.netns AND n.kind = 'host'
  JOIN process_socket AS p ON p.host = s.host AND p.inode = s.inode
  JOIN process AS x ON x.host = p.host AND x.pid = p.pid AND x.seen = 'both'
  WHERE s.state IN ('listening', 'unconnected') AND s.seen = 'both' AND COALESCE(s.v6only, 0) = 0 AND s.peer_port IS NULL
    AND substr(x.comm, 1, 7) <> 'dockerd' AND substr(x.comm, 1, 12) <> 'docker-proxy'
)
SELECT
  e.host,
  h.comm || ' on ' || e.host || ' listens on ' || e.proto || ' port ' || e.published || ', which the routing mesh takes for ' || COALESCE(e.service, e.service_id) AS summary,
  'port:' || e.host || '/' || e.proto || '/' || e.published AS subject,
  e.proto,
  e.published,
  e.target,
  e.service,
  h.comm AS process,
  h.pid,
  h.local AS its_address,
  NULL AS waiting_tasks,
  (SELECT MIN(l.text) FROM log_line AS l WHERE l.host = e.host AND l.class = 'port-conflict' AND instr(l.text, e.published || '') > 0) AS logged,
  h.socket_ref,
  h.process_ref,
  e.port_ref
FROM expected_port AS e
JOIN held AS h ON h.host = e.host AND h.proto = e.proto AND h.local_port = e.published AND h.place = 1
UNION ALL
SELECT
  t.host,
  COUNT(*) || CASE WHEN COUNT(*) = 1 THEN ' task of ' ELSE ' tasks of ' END || COALESCE(MIN(s.name), t.service_id) || CASE WHEN COUNT(*) = 1 THEN ' waits for a host-mode port that every node has given away' ELSE ' wait for a host-mode port that every node has given away' END,
  'service:' || t.service_id || '/host-mode-port',
  MIN(p.proto), MIN(p.published), MIN(p.target), MIN(s.name), NULL, NULL, NULL, COUNT(*), MIN(t.err), MIN(t.ref), NULL, MIN(p.ref)
FROM (SELECT w.*, RANK() OVER (PARTITION BY w.task_id ORDER BY r.last_s DESC, w.host) AS place FROM swarm_task AS w JOIN reading AS r ON r.host = w.host
  WHERE w.task_id IN (SELECT task_id FROM swarm_task WHERE instr(err, 'host-mode port already in use') > 0)) AS t
LEFT JOIN swarm_service AS s ON s.host = t.host AND s.service_id = t.service_id
LEFT JOIN (SELECT service_id, MIN(proto) AS proto, MIN(published) AS published, MIN(target) AS target, MIN(ref) AS ref FROM published_port WHERE mode = 'host' GROUP BY service_id) AS p ON p.service_id = t.service_id
WHERE t.place = 1 AND t.seen = 'both' AND t.desired = 'running' AND t.state = 'pending' AND instr(t.err, 'host-mode port already in use') > 0
GROUP BY t.host, t.service_id
