-- Several services answer for one name on a network
-- catalogue: D10
-- severity: high
-- since: 0.3.0
-- layer: dns
-- need: a manager
-- blame: configuration
-- views: the managers' services
-- check: docker exec <a container of the network> nslookup <name>; docker service inspect -f '{{json .Spec.TaskTemplate.Networks}}' <service> <other_service>
-- remedy: let clients use the full name, which is unique: <service> in place of <name>
-- risk: none but the change of the clients' configuration
-- verify: docker exec <a client> nslookup <service>
-- undo: the former name
-- remedy: take the alias away: docker service update --network-rm <network> --network-add name=<network> <other_service> (in a stack file: its own alias on that network)
-- risk: the tasks are replaced; clients that meant this service by that name no longer find it
-- verify: docker exec <a client> nslookup <name>
-- undo: docker service update --network-rm <network> --network-add name=<network>,alias=<name> <other_service>
-- remedy: keep what must not meet apart: one network for each stack and proxy, in place of one that all share
-- risk: the tasks are replaced
-- verify: docker network inspect -v <network>
-- undo: the former networks
-- upstream: moby/moby#30134; compose and stack files add the short name of a service as an alias on each of its networks
-- limits: needs a manager's services; containers of one name on several hosts count as one (a pool); aliases of tasks that are on their way are not told apart. Two services with one alias on purpose (a pool, blue and green) look the same: where nobody who
--   surely meets both is known, it is reported as low, once for a network. The same name on two networks of one client is not judged: the order in which a
--   resolver walks through the networks decides, and is not captured.
--
-- A stack gives each of its services its short name as an alias on every network that the service is on. Two stacks that both have a "db" on a shared network, such as that of
-- a reverse proxy, so have two services that answer for db. The resolver returns the addresses of both, and each lookup takes one of them by chance: an application
-- reads another one's database, logs in with the wrong password now and then, or works until both have started. Nothing is broken in the network.
--
-- The same happens when a service, or a container that was attached by hand, is called like another one's alias. Reported as high: somebody's own name that another one claims,
-- or a service of one of the stacks that has no other network on which it would find its own.
WITH claim AS (
  SELECT o.*, COUNT(*) OVER (PARTITION BY o.net, o.name) AS owners,
    SUM(CASE WHEN o.kind = 'own' THEN 1 ELSE 0 END) OVER (PARTITION BY o.net, o.name) AS own_names,
    ROW_NUMBER() OVER (PARTITION BY o.net, o.name ORDER BY CASE WHEN o.kind = 'own' THEN 0 ELSE 1 END, o.label, o.owner) AS place
  FROM (SELECT net, MIN(network) AS network, name, MAX(kind) AS kind, label, MIN(owner) AS owner, MIN(stack) AS stack, MIN(host) AS host, MIN(ref) AS ref
    FROM name_owner GROUP BY net, name, label) AS o
), caught AS (
  SELECT a.net, a.name, MIN(x.label) AS client
  FROM claim AS a
  JOIN name_owner AS x ON x.net = a.net AND x.kind = 'own' AND x.owner <> a.owner AND substr(x.label, 1, length(a.stack) + 1) = a.stack || '_'
  LEFT JOIN name_owner AS y ON y.owner = a.owner AND y.name = a.name AND y.net <> a.net
    AND EXISTS (SELECT 1 FROM name_owner AS z WHERE z.owner = x.owner AND z.net = y.net)
  LEFT JOIN name_owner AS self ON self.net = a.net AND self.name = a.name AND self.owner = x.owner
  WHERE a.owners > 1 AND a.stack IS NOT NULL AND y.owner IS NULL AND self.owner IS NULL
  GROUP BY a.net, a.name
), pair AS (
  SELECT a.net, a.network, a.name, a.owners, a.own_names, a.label AS service, b.label AS other_service, a.kind, a.ref, b.ref AS other_ref, a.host, k.client, v.ref AS tasks_ref,
    CASE WHEN a.own_names > 0 OR k.client IS NOT NULL THEN 1 ELSE 0 END AS sure
  FROM claim AS a
  JOIN claim AS b ON b.net = a.net AND b.name = a.name AND b.place = 2
  JOIN captured AS v ON v.tbl = 'swarm_service_network' AND v.host = a.host
  LEFT JOIN caught AS k ON k.net = a.net AND k.name = a.name
  WHERE a.place = 1 AND a.owners > 1
)
SELECT
  p.host,
  p.name || ' on ' || COALESCE(p.network, p.net) || ' is ' || p.service || ' as well as ' || p.other_service
    || CASE WHEN p.owners > 2 THEN ' and ' || (p.owners - 2) || ' more' ELSE '' END
    || CASE WHEN p.own_names = 0 THEN ', and ' || p.client || ' has no other network to find its own' ELSE '' END AS summary,
  'name:' || p.host || '/' || p.net || '/' || p.name AS subject,
  'high' AS severity,
  p.name,
  COALESCE(p.network, p.net) AS network,
  p.service,
  p.other_service,
  p.owners,
  p.client,
  NULLIF((SELECT COUNT(DISTINCT s.service_id) FROM dns_answer_set AS a JOIN swarm_service_vip AS s ON s.ip = a.ip AND substr(s.network_id, 1, 8) = p.net WHERE a.name = p.name), 0) AS services_in_answers,
  NULL AS names,
  p.ref AS claim_ref,
  p.other_ref,
  p.tasks_ref
FROM pair AS p WHERE p.sure = 1
UNION ALL
SELECT
  MIN(p.host),
  COUNT(*) || CASE WHEN COUNT(*) = 1 THEN ' name on ' ELSE ' names on ' END || MIN(COALESCE(p.network, p.net)) || CASE WHEN COUNT(*) = 1 THEN ' is an alias' ELSE ' are aliases' END
    || ' of several services, ' || MIN(p.name) || ' of ' || MIN(p.service) || ' and ' || MIN(p.other_service),
  'name:' || MIN(p.host) || '/' || p.net,
  'low', MIN(p.name), MIN(COALESCE(p.network, p.net)), MIN(p.service), MIN(p.other_service), MAX(p.owners), NULL, NULL, group_concat(p.name, ' '), MIN(p.ref), MIN(p.other_ref), MIN(p.tasks_ref)
FROM (SELECT * FROM pair WHERE sure = 0 ORDER BY net, name) AS p GROUP BY p.net
