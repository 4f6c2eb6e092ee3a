-- Task without its container, or container without its task
-- catalogue: F9
-- severity: high
-- since: 0.3.0
-- layer: swarm
-- need: a manager, several hosts
-- blame: daemon
-- views: the managers' tasks and the daemon of the node
-- check: on <node>: docker inspect -f '{{.State.Status}}' <container>; on a manager: docker inspect --type task -f '{{.DesiredState}} {{.Status.State}}' <task>
-- remedy: a container that no task wants: docker rm -f <container>
-- risk: whatever still uses that container is cut off
-- verify: docker ps -a --no-trunc | grep -c <container> prints 0
-- undo: a removed container cannot be had back
-- remedy: a task whose container is gone: docker service update --force <service>
-- risk: every task of the service is replaced, one by one
-- verify: docker service ps <service>
-- undo: nothing to undo
-- remedy: if it comes back: restart dockerd on <node>
-- risk: all tasks of the node are replaced
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: moby/moby#34280
-- limits: needs the node's bundle and a manager's of about the same time. A task counts as missing its container when both reads of the manager say that it runs and the
--   container had ended a minute before that; as superfluous when it runs for a minute and every word about its task is of an end, or there is none. A task of which there is none may have been
--   taken away between the node's word and the manager's: not where its service was changed within a minute, nor where the container was being ended.
--
-- The node's agent keeps each of its tasks and one container in step, and reports to the managers. When the two differ, the report is wrong or nobody
-- looks after the container any more. A dead container whose task is shown running is not replaced: the service is short of one, the
-- load balancers still send it its share. A container that outlived its task does work that somebody else does as well, keeps ports, volumes
-- and memory, and its address may be given to another.
--
-- Both follow a daemon that lost track: a crash, containerd restarted beneath it, a container handled by hand or by another tool, a node that was made
-- to leave with --force.
SELECT
  t.host,
  t.label || ' is running by the managers'' word, but its container on ' || t.host || ' is ' || c.state AS summary,
  'task:' || t.host || '/' || t.task_id AS subject,
  t.node,
  t.service,
  t.task_id AS task,
  c.container,
  c.state AS container_state,
  t.state AS task_state,
  t.manager,
  c.ref AS container_ref,
  t.ref AS task_ref
FROM task_now AS t
JOIN task_container AS c ON c.host = t.host AND c.container = t.container AND c.state IN ('exited', 'dead', 'removing')
JOIN swarm_view AS v ON v.host = t.host AND v.manager = t.manager
WHERE t.desired = 'running' AND t.state = 'running' AND t.settled = 1 AND c.finished_s < t.look_s - 60 AND t.since_s < c.finished_s
UNION ALL
SELECT
  c.host,
  'container ' || c.name || ' runs on ' || c.host || ', but its task ' || CASE WHEN t.task_id IS NULL THEN 'is unknown to the managers' ELSE 'has ended (' || t.state || ')' END,
  'container:' || c.host || '/' || c.container,
  n.hostname,
  COALESCE(t.service, c.service),
  c.task_id,
  c.container,
  c.state,
  t.state,
  v.manager,
  c.ref,
  COALESCE(t.ref, v.tasks_ref)
FROM task_container AS c
JOIN swarm_view AS v ON v.host = c.host
JOIN reading AS r ON r.host = v.manager
LEFT JOIN task_now AS t ON t.task_id = c.task_id
LEFT JOIN (SELECT node_id, MIN(hostname) AS hostname FROM swarm_node GROUP BY node_id) AS n ON n.node_id = c.node_id
LEFT JOIN container_leaving AS g ON g.host = c.host AND g.container = c.container
WHERE c.state IN ('running', 'paused') AND c.started_s < v.look_s - 60 AND c.started_s < v.first_s - 60
  AND ((t.task_id IS NULL AND c.told_s >= r.first_s - 30
      AND EXISTS (SELECT 1 FROM captured AS k WHERE k.tbl = 'docker_event' AND k.host = c.host)
      AND EXISTS (SELECT 1 FROM captured AS k WHERE k.tbl = 'swarm_service' AND k.host = v.manager)
      AND g.host IS NULL)
    OR (t.manager = v.manager AND t.settled = 1 AND t.state IN ('complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned') AND t.since_s < c.told_s - 60))
