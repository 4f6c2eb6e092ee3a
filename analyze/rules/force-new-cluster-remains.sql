-- Node belongs to another swarm than the manager that it asks
-- catalogue: F15
-- severity: medium
-- since: 0.3.0
-- layer: swarm
-- need: several hosts, a manager
-- blame: configuration
-- check: on <node>: openssl x509 -noout -subject -in /var/lib/docker/swarm/certificates/swarm-node.crt; on a manager: docker info -f '{{.Swarm.Cluster.ID}}'
-- remedy: on <node>: docker swarm leave --force, then docker swarm join with a token of the new swarm
-- risk: the node's old tasks stop; overlays of the old swarm disappear there
-- verify: docker node ls on a manager lists it ready
-- undo: the old swarm's identity is lost with the leave
-- remedy: an old network: docker network rm <network_id> on <node>
-- risk: containers that are still on it lose it
-- verify: docker network ls --no-trunc
-- undo: a removed network is made anew by the managers when a task needs it
-- upstream: moby/moby#34987
-- limits: only where the node's own list of managers holds the address of a captured manager: bundles of two swarms that have nothing to do with each other
--   are fine. The managers' list of nodes must have been captured for "unknown to it".
--
-- After the managers were lost and one of them was started with --force-new-cluster, or a swarm was made anew at the same address, nodes of before still hold what the old one gave
-- them: a certificate with the old cluster's id, a node id that no manager knows, and networks under their old ids.
--
-- The old ingress network is the worst of it: it has the same name, may have the same VNI and subnet, and another id. Containers of the old swarm answer on
-- addresses that the new one gives to others.
SELECT
  c.host,
  c.host || ' holds a certificate of swarm ' || c.subject_o || ', but ' || a.manager || ', which it asks, is a manager of swarm ' || m.cluster_id AS summary,
  'cluster:' || c.host || '/certificate' AS subject,
  c.host AS node,
  c.subject_o AS cluster_of_node,
  m.cluster_id,
  a.manager,
  NULL AS network_id,
  c.ref AS certificate_ref,
  m.ref AS manager_ref,
  a.ref AS address_ref
FROM certificate AS c
JOIN (SELECT host, MIN(manager) AS manager, MIN(ref) AS ref FROM manager_address WHERE manager IS NOT NULL AND manager <> host GROUP BY host) AS a ON a.host = c.host
JOIN engine AS m ON m.host = a.manager AND m.cluster_id <> ''
JOIN engine AS e ON e.host = c.host AND e.swarm_state <> 'inactive'
WHERE c.kind = 'swarm-node' AND c.position = 0 AND c.subject_o <> '' AND c.subject_o <> m.cluster_id
UNION ALL
SELECT
  e.host,
  'node ' || e.node_id || ' (' || e.host || ') is unknown to ' || a.manager || ', the manager that it asks',
  'cluster:' || e.host || '/node',
  e.host,
  NULL,
  m.cluster_id,
  a.manager,
  NULL,
  e.ref,
  k.ref,
  a.ref
FROM engine AS e
JOIN (SELECT host, MIN(manager) AS manager, MIN(ref) AS ref FROM manager_address WHERE manager IS NOT NULL AND manager <> host GROUP BY host) AS a ON a.host = e.host
JOIN engine AS m ON m.host = a.manager
JOIN captured AS k ON k.host = a.manager AND k.tbl = 'swarm_node'
JOIN (SELECT DISTINCT host FROM swarm_node) AS l ON l.host = a.manager
LEFT JOIN swarm_node AS n ON n.host = a.manager AND n.node_id = e.node_id
WHERE e.swarm_state <> 'inactive' AND e.node_id <> '' AND n.node_id IS NULL
UNION ALL
SELECT
  w.host,
  w.host || ' has the network ' || w.name || ' as ' || substr(w.network_id, 1, 12) || ', the manager ' || a.manager || ' as ' || substr(o.network_id, 1, 12) || ': one of them is left over',
  'network:' || w.host || '/' || w.network_id,
  w.host,
  NULL,
  m.cluster_id,
  a.manager,
  w.network_id,
  w.ref,
  o.ref,
  a.ref
FROM network AS w
JOIN (SELECT host, MIN(manager) AS manager, MIN(ref) AS ref FROM manager_address WHERE manager IS NOT NULL AND manager <> host GROUP BY host) AS a ON a.host = w.host
JOIN engine AS m ON m.host = a.manager
JOIN network AS o ON o.host = a.manager AND o.ingress = 1 AND o.scope = 'swarm' AND o.network_id <> w.network_id
LEFT JOIN network AS same ON same.host = w.host AND same.network_id = o.network_id
WHERE w.ingress = 1 AND w.scope = 'swarm' AND same.network_id IS NULL
