-- No log shipper runs on a node of the swarm
-- severity: medium
-- since: 1.0.0
-- layer: swarm
-- need: one host
-- blame: managers
-- check: docker ps --filter label=com.docker.swarm.service.name=shipper
-- remedy: docker service update --force shipper
-- risk: every task of shipper is replaced; logs of some seconds are late
-- verify: docker service ps --filter desired-state=running shipper
-- undo: nothing to undo
-- limits: a node that is drained has none, and is told
--
-- The service shipper is global: every node of the swarm runs one task of it, which sends the logs of its containers away. A node
-- without one keeps its logs to itself, and nobody notices until they are needed.
SELECT
  e.host,
  'No container of shipper runs on ' || e.host AS summary,
  'service:' || e.host || '/shipper' AS subject,
  e.version AS engine,
  a.ref AS coverage_ref
FROM engine AS e
JOIN captured AS a ON a.host = e.host AND a.tbl = 'container'
LEFT JOIN container AS c ON c.host = e.host AND c.service = 'shipper' AND c.state = 'running'
WHERE e.swarm_state = 'active' AND c.container IS NULL
