-- Name that is answered with an address that is not its service's
-- catalogue: D1
-- severity: critical
-- since: 0.1.0
-- layer: dns
-- need: a manager, several hosts
-- blame: gossip
-- views: the managers' tasks and this host's resolver
-- check: docker exec <asked_in> nslookup <name>; on a manager: docker service ps --no-trunc <service>; docker network inspect -v <network>
-- remedy: docker service update --force <service>, where the address was a task's of the service itself
-- risk: replaces every task of the service, one by one
-- verify: docker exec <asked_in> nslookup <name>
-- undo: nothing to undo
-- remedy: systemctl restart docker on the node that leaked the record: "Host IP" of <ip> in docker network inspect -v <network>; if that node is gone, on this host
-- risk: the node's control plane is away for the restart; without live-restore its containers stop
-- verify: docker exec <asked_in> nslookup <name>
-- undo: nothing to undo
-- remedy: if the node is gone for good: wait, its records expire 24 hours after it was seen last; until then run the service under another name
-- risk: clients must be told the other name
-- verify: docker exec <asked_in> nslookup <the other name>
-- undo: the former name
-- upstream: moby/moby#24800, moby/moby#28836, moby/moby#30134, moby/moby#30487, moby/moby#35548, moby/moby#36797, moby/moby#41744
-- fixed-in: 25.0.13 and 29.0 for a record that an out-of-order update brought back
-- limits: a container that was attached by hand, or another service, may answer to the same name by an alias; an address that nobody is
--   known to have is reported only where every node was captured. Answers are compared as sets; order and TTL are not judged.
--
-- The resolver of this host answers the name, every time that it was asked, with an address that the service does not have: a task
-- that has ended, or a task of another service, or nobody. A client that picks it waits for a connection that never comes, or talks
-- to the wrong service. Each host answers from its own copy of the gossiped tables, so other hosts may be right.
WITH own AS MATERIALIZED (
  SELECT s.host AS manager, s.name, s.service_id
  FROM (SELECT DISTINCT manager FROM swarm_view) AS v
  JOIN swarm_service AS s ON s.host = v.manager
  LEFT JOIN (SELECT host, name FROM swarm_service GROUP BY host, name HAVING COUNT(*) > 1) AS twin ON twin.host = s.host AND twin.name = s.name
  WHERE twin.name IS NULL
), sure AS MATERIALIZED (
  -- nearly all answers are addresses that the service has without any doubt: those are left out before anything else is asked
  SELECT s.manager, s.name, t.ip FROM own AS s JOIN task_endpoint AS t ON t.service_id = s.service_id AND t.gone < 1
  UNION ALL
  SELECT s.manager, s.name, p.ip FROM own AS s JOIN swarm_service_vip AS p ON p.host = s.manager AND p.service_id = s.service_id
), doubtful AS MATERIALIZED (
  SELECT a.*, v.manager
  FROM dns_answer_set AS a
  JOIN swarm_view AS v ON v.host = a.host
  LEFT JOIN sure AS r ON r.manager = v.manager AND r.name = a.service AND r.ip = a.ip
  WHERE a.hits = a.asked AND r.ip IS NULL
), wrong AS MATERIALIZED (
  SELECT a.host, a.netns, a.container, a.name, a.service, a.ip, a.hits, a.ref, l.net, w.network, l.label AS client, v.manager, v.first_s, v.tasks_ref, s.service_id, v.look_s
  FROM doubtful AS a
  JOIN swarm_view AS v ON v.host = a.host AND v.manager = a.manager
  JOIN (SELECT e.host, e.netns, e.net, MIN(e.label) AS label FROM (SELECT DISTINCT host, netns FROM doubtful) AS d
    JOIN local_endpoint AS e ON e.host = d.host AND e.netns = d.netns GROUP BY e.host, e.netns, e.net) AS l ON l.host = a.host AND l.netns = a.netns
  JOIN overlay_network AS w ON w.net = l.net
  JOIN swarm_service AS s ON s.host = v.manager AND s.name = a.service
  JOIN captured AS cv ON cv.tbl = 'swarm_service_vip' AND cv.host = v.manager
  JOIN captured AS cn ON cn.tbl = 'swarm_service_network' AND cn.host = v.manager
  JOIN reading AS r ON r.host = v.host
  LEFT JOIN network_change AS q ON q.net = l.net
  LEFT JOIN swarm_service_vip AS p ON p.host = v.manager AND p.service_id = s.service_id AND p.ip = a.ip
  LEFT JOIN task_endpoint AS t ON t.ip = a.ip AND t.service_id = s.service_id AND (t.gone = 0 OR t.since_s > v.first_s - 60)
  WHERE p.ip IS NULL AND t.ip IS NULL
    AND (v.look_s >= r.finished_s OR q.changed_s <= v.look_s - 60) -- names may be asked until the host is done
), proved AS (
  SELECT x.*, 1 AS rank, 'task ' || COALESCE(t.label, t.task_id) || ' had it and has ended (' || t.state || ')' AS owner, t.ref AS owner_ref
  FROM wrong AS x JOIN task_endpoint AS t ON t.net = x.net AND t.ip = x.ip AND t.service_id = x.service_id AND t.gone = 1
  UNION ALL
  SELECT x.*, 2, 'task ' || COALESCE(t.label, t.task_id) || ' of another service has it', t.ref
  FROM wrong AS x JOIN task_endpoint AS t ON t.net = x.net AND t.ip = x.ip AND t.service_id <> x.service_id AND t.running = 1
    AND t.since_s <= x.first_s - 30
  LEFT JOIN swarm_service_network AS n ON n.host = x.manager AND n.service_id = t.service_id
    AND instr(',' || COALESCE(n.aliases, '') || ',', ',' || x.service || ',') > 0
  WHERE n.host IS NULL
  UNION ALL
  SELECT x.*, 3, 'it is the virtual address of ' || COALESCE(o.name, p.service_id), p.ref
  FROM wrong AS x JOIN swarm_service_vip AS p ON p.host = x.manager AND substr(p.network_id, 1, 8) = x.net AND p.ip = x.ip AND p.service_id <> x.service_id
  LEFT JOIN swarm_service AS o ON o.host = p.host AND o.service_id = p.service_id
  LEFT JOIN swarm_service_network AS n ON n.host = x.manager AND n.service_id = p.service_id
    AND instr(',' || COALESCE(n.aliases, '') || ',', ',' || x.service || ',') > 0
  WHERE n.host IS NULL
  UNION ALL
  SELECT x.*, 4, 'nobody has it', k.nodes_ref
  FROM wrong AS x JOIN swarm_known AS k ON k.host = x.host
  LEFT JOIN endpoint AS e ON e.ip = x.ip AND e.net IN (SELECT z.net FROM local_endpoint AS z WHERE z.host = x.host AND z.netns = x.netns)
  LEFT JOIN task_endpoint AS t ON t.ip = x.ip AND t.net IN (SELECT z.net FROM local_endpoint AS z WHERE z.host = x.host AND z.netns = x.netns)
    AND (t.gone = 0 OR t.since_s > x.first_s - 60)
  LEFT JOIN swarm_service_vip AS p ON p.host = x.manager AND p.ip = x.ip
  WHERE e.ip IS NULL AND t.ip IS NULL AND p.ip IS NULL
), best AS (
  SELECT proved.*, ROW_NUMBER() OVER (PARTITION BY host, name, ip ORDER BY rank, net, container, owner_ref) AS place
  FROM proved
)
SELECT
  b.host,
  b.name || ' is answered with ' || b.ip || ' on ' || b.host || ': ' || b.owner AS summary,
  'dns:' || b.host || '/' || b.network || '/' || b.name || '/' || b.ip AS subject,
  CASE WHEN EXISTS (SELECT 1 FROM overlay_netns AS o JOIN vxlan_neighbour AS n ON n.host = o.host AND n.netns = o.netns
    WHERE o.host = b.host AND o.net = b.net AND n.ip = b.ip) THEN 'the managers'' tasks, and this host''s resolver and kernel, which agree with each other' END AS views,
  b.name,
  b.service,
  b.network,
  b.ip,
  b.client AS asked_in,
  b.hits AS answers,
  b.manager,
  b.ref AS answer_ref,
  b.owner_ref,
  b.tasks_ref
FROM best AS b
WHERE b.place = 1
