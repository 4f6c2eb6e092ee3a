-- Name that a service no longer has still answers with its address
-- catalogue: D4
-- severity: medium
-- since: 0.3.0
-- layer: dns
-- need: several hosts, a manager
-- blame: driver
-- views: the managers' service and this host's resolver
-- check: docker exec <asked_in> nslookup <name>; docker service inspect -f '{{json .Spec.TaskTemplate.Networks}}' <service>
-- remedy: docker service scale <service>=0, then back to <tasks>: the record goes with the last task
-- risk: an outage of the service meanwhile
-- verify: docker exec <asked_in> nslookup <name>
-- undo: docker service scale <service>=<tasks>
-- remedy: systemctl restart docker on this host
-- risk: the node's control plane is away for the restart; without live-restore its containers stop
-- verify: docker exec <asked_in> nslookup <name>
-- undo: nothing to undo
-- remedy: give the alias back, if clients need it: docker service update --network-rm <network> --network-add name=<network>,alias=<name> <service>
-- risk: the tasks are replaced
-- verify: docker exec <asked_in> nslookup <name>
-- undo: the same without the alias
-- upstream: moby/moby commit 1143f413f6
-- fixed-in: 29.5.0
-- limits: the capture asks names of services only, so a former alias is seen where it is the name of another service now; that the service had it is told by the aliases of one of its
--   ended containers, which must still be there. Silent while a running container of it has the alias.
--
-- A service with a virtual address answers under its name and under its aliases. When an update takes an alias away, or changes it, tasks are replaced one after the other, and
-- until engine 29.5 the resolver dropped the record of an alias only with the last task of the service. The service never is without a task during a rolling update, so
-- the old alias goes on answering with its virtual address, on every host that knew it, for as long as the service lives.
--
-- Where another service has taken over the name, answers hold both addresses, and every other connection reaches the former one (dns-stale-record reports the
-- same answer as critical).
WITH had AS (
  SELECT c.service_id, n.network_id, ',' || n.aliases || ',' AS aliases, MAX(c.name) AS container, MAX(n.ref) AS ref
  FROM container_network AS n
  JOIN container AS c ON c.host = n.host AND c.container = n.container
  WHERE c.service_id <> '' AND c.state <> 'running' AND n.aliases <> ''
  GROUP BY c.service_id, n.network_id, n.aliases
), has AS (
  SELECT c.service_id, n.network_id, ',' || n.aliases || ',' AS aliases, c.task_id
  FROM container_network AS n
  JOIN container AS c ON c.host = n.host AND c.container = n.container
  WHERE c.service_id <> '' AND c.state = 'running'
), stale AS (
  SELECT a.host, a.netns, a.container, a.name, a.ip, a.ref, p.service_id, p.network_id, v.manager, v.tasks_ref, p.ref AS vip_ref, s.name AS service, h.container AS had_by, h.ref AS had_ref,
    ROW_NUMBER() OVER (PARTITION BY a.host, a.name, p.service_id ORDER BY a.container, h.container) AS place
  FROM dns_answer_set AS a
  JOIN swarm_view AS v ON v.host = a.host
  JOIN swarm_service_vip AS p ON p.host = v.manager AND p.ip = a.ip
  JOIN swarm_service AS s ON s.host = v.manager AND s.service_id = p.service_id AND s.name <> a.name
  JOIN swarm_service_network AS n ON n.host = v.manager AND n.service_id = p.service_id AND n.network_id = p.network_id
    AND instr(',' || COALESCE(n.aliases, '') || ',', ',' || a.name || ',') = 0
  JOIN had AS h ON h.service_id = p.service_id AND h.network_id = p.network_id AND instr(h.aliases, ',' || a.name || ',') > 0
  WHERE a.tasks = 0 AND a.hits = a.asked
    AND NOT EXISTS (SELECT 1 FROM has AS x WHERE x.service_id = p.service_id AND x.network_id = p.network_id AND instr(x.aliases, ',' || a.name || ',') > 0)
    AND NOT EXISTS (SELECT 1 FROM task_endpoint AS t WHERE t.service_id = p.service_id AND t.net = substr(p.network_id, 1, 8) AND t.gone = 0
      AND (t.running = 0 OR t.since_s > v.first_s - 60 OR NOT EXISTS (SELECT 1 FROM has AS x WHERE x.task_id = t.task_id AND x.network_id = p.network_id)))
)
SELECT
  t.host,
  t.name || ' is answered with ' || t.ip || ' on ' || t.host || ', the virtual address of ' || t.service || ', which had this alias and has it no longer' AS summary,
  'dns:' || t.host || '/' || COALESCE(w.network, t.network_id) || '/' || t.name || '/alias' AS subject,
  t.name,
  t.service,
  COALESCE(w.network, t.network_id) AS network,
  t.ip,
  c.name AS asked_in,
  t.had_by AS container_with_the_alias,
  (SELECT COUNT(DISTINCT e.task_id) FROM task_endpoint AS e WHERE e.service_id = t.service_id AND e.running = 1) AS tasks,
  t.ref AS answer_ref,
  t.vip_ref,
  t.had_ref,
  t.tasks_ref
FROM stale AS t
LEFT JOIN overlay_network AS w ON w.network_id = t.network_id
LEFT JOIN container AS c ON c.host = t.host AND c.container = t.container
WHERE t.place = 1
