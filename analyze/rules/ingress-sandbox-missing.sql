-- Host without the routing mesh's namespace, or with two ingress networks
-- catalogue: C8
-- severity: critical
-- since: 0.3.0
-- layer: ingress
-- need: a manager
-- blame: daemon
-- views: the managers' published ports and this host's namespaces
-- check: ls /run/docker/netns/ingress_sbox; docker network ls --filter driver=overlay; journalctl -u docker --grep ingress
-- remedy: systemctl restart docker
-- risk: without live restore every container of this host stops; drain the node first
-- verify: ls /run/docker/netns/ingress_sbox
-- undo: nothing to undo
-- remedy: docker network rm ingress, then docker network create --ingress --driver overlay ingress (after services with published ports are removed or changed to mode=host)
-- risk: every published port of the swarm is down until it is made anew
-- verify: docker network inspect ingress
-- undo: nothing to undo
-- upstream: moby#24346, moby#24400, moby#33420, moby#36876, docker/swarmkit#2637
-- limits: only hosts whose dockerd has run for a minute and that the managers know, in a swarm with a published port whose service has had a running task for a minute
--
-- Every node of a swarm has the namespace ingress_sbox as soon as the ingress network has come to it, tasks or none: it is where published ports
-- enter. Without it this host refuses all of them. It happens when the ingress network was removed and not made again, after docker system
-- prune while the daemon's store and the swarm's disagreed, and after leave --force and a new join whose remains block the new one: then
-- tasks and the log say "container ingress-sbox is already present" or "no ingress network is present".
--
-- Two ingress networks on one host are such a remain, too: which one the sandbox belongs to is chance.
WITH port AS (
  SELECT MIN(service) AS service, COUNT(*) AS ports, MIN(since_s) AS since_s, MAX(look_s) AS look_s, MIN(ref) AS ref FROM published_port WHERE mode = 'ingress' AND since_s IS NOT NULL
)
SELECT
  v.host,
  v.host || ' has no ingress_sbox: ' || p.ports || CASE WHEN p.ports = 1 THEN ' published port does' ELSE ' published ports do' END || ' not enter here' AS summary,
  'netns:' || v.host || '/ingress_sbox' AS subject,
  p.ports AS published_ports,
  (SELECT COUNT(*) FROM network AS w WHERE w.host = v.host AND w.ingress = 1) AS ingress_networks,
  (SELECT MIN(l.text) FROM log_line AS l WHERE l.host = v.host AND l.class = 'sandbox' AND instr(lower(l.text), 'ingress') > 0) AS logged,
  c.ref AS netns_ref,
  e.ref AS engine_ref,
  d.ref AS daemon_ref,
  p.ref AS port_ref,
  (SELECT MIN(l.ref) FROM log_line AS l WHERE l.host = v.host AND l.class = 'sandbox' AND instr(lower(l.text), 'ingress') > 0) AS log_ref
FROM swarm_view AS v
JOIN engine AS e ON e.host = v.host AND e.swarm_state = 'active'
JOIN swarm_node AS n ON n.host = v.manager AND n.node_id = e.node_id AND n.state = 'ready'
JOIN captured AS c ON c.tbl = 'netns' AND c.host = v.host AND c.netns IS NULL
JOIN port AS p ON p.since_s <= v.first_s - 60
LEFT JOIN (SELECT DISTINCT host FROM netns WHERE kind = 'ingress' OR name = 'ingress_sbox') AS i ON i.host = v.host
JOIN (SELECT DISTINCT host FROM netns WHERE kind = 'host') AS h ON h.host = v.host
JOIN daemon_age AS d ON d.host = v.host AND d.age_s >= 60
WHERE i.host IS NULL
UNION ALL
SELECT
  w.host,
  w.host || ' knows ' || COUNT(*) || ' ingress networks: ' || MIN(w.name) || ' and ' || CASE WHEN MIN(w.name) = MAX(w.name) THEN 'another of that name' ELSE MAX(w.name) END,
  'network:' || w.host || '/ingress', NULL, COUNT(*), NULL, MIN(w.ref), NULL, NULL, MAX(w.ref), NULL
FROM network AS w WHERE w.ingress = 1 GROUP BY w.host HAVING COUNT(*) > 1
