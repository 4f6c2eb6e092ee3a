-- Two hosts answer one name differently
-- catalogue: D3
-- severity: high
-- since: 0.3.0
-- layer: gossip
-- need: several hosts, a manager
-- blame: gossip
-- views: the resolvers of two hosts
-- check: on both hosts: docker exec <container> nslookup <name>; docker network inspect -v <network>
-- remedy: docker service update --force <service>
-- risk: replaces every task of the service, one by one; their new records are announced again
-- verify: docker exec <container> nslookup <name>, on both hosts
-- undo: nothing to undo
-- remedy: systemctl restart docker on the host that is wrong: it asks the others for all records again
-- risk: the node's control plane is away for the restart; without live-restore its containers stop
-- verify: docker exec <container> nslookup <name>
-- undo: nothing to undo
-- upstream: moby/libnetwork#2427, moby/moby#30487, moby/moby#53141, moby/moby#47728
-- limits: compared are containers with the same overlays and no other network, captured within two minutes of each other, and only where no task of the network has changed in the minute
--   before. Order and time to live do not matter. Which of the two is wrong is told by the managers' tasks; where both fit them equally well, by the number of hosts.
--
-- Every daemon answers names from its own copy of the tables that the nodes gossip to each other, so two hosts that have the same network must give the same set of
-- addresses for a name. Here they do not: one has missed records, or kept some that the others have dropped. Clients on the two hosts talk
-- to different tasks, one of them perhaps to dead ones. dns-stale-record and dns-missing-record name the addresses if a manager can say which are right; this one
-- also sees differences that no manager knows of.
--
-- Large events and bulk syncs that do not get through are a cause (TCP or large UDP on port 7946 blocked, MTU), a node that was cut off for a while and
-- whose records the others refuse to take back (engine 29.0 to 29.7.2) is another.
WITH split AS MATERIALIZED (
  -- nearly all names are answered alike everywhere: only the others are looked into
  SELECT v.*
  FROM (SELECT scope, name FROM dns_view GROUP BY scope, name HAVING MIN(ips) <> MAX(ips)) AS k
  JOIN dns_view AS v ON v.scope = k.scope AND v.name = k.name
), asked AS (
  SELECT v.*, r.first_s, w.manager, w.tasks_ref
  FROM split AS v
  JOIN reading AS r ON r.host = v.host
  JOIN swarm_view AS w ON w.host = v.host
  JOIN captured AS p ON p.tbl = 'swarm_service_vip' AND p.host = w.manager
), scored AS (
  SELECT q.*,
    (SELECT COUNT(DISTINCT a.ip) FROM dns_answer_set AS a JOIN task_endpoint AS t ON t.net = q.net AND t.ip = a.ip AND t.running = 1
      WHERE a.host = q.host AND a.netns = q.netns AND a.container = q.container AND a.name = q.name) AS tasks,
    COALESCE(b.vips, 0) AS vips,
    COUNT(*) OVER (PARTITION BY q.scope, q.name, q.ips) AS hosts
  FROM asked AS q
  LEFT JOIN (SELECT a.host, a.netns, a.container, a.name, p.host AS manager, substr(p.network_id, 1, 8) AS net, COUNT(DISTINCT a.ip) AS vips
    FROM split AS v
    JOIN dns_answer_set AS a ON a.host = v.host AND a.netns = v.netns AND a.container = v.container AND a.name = v.name
    JOIN swarm_service_vip AS p ON p.ip = a.ip
    GROUP BY a.host, a.netns, a.container, a.name, p.host, substr(p.network_id, 1, 8)) AS b
    ON b.host = q.host AND b.netns = q.netns AND b.container = q.container AND b.name = q.name AND b.manager = q.manager AND b.net = q.net
), best AS (
  SELECT s.*, 2 * (s.tasks + s.vips) - s.addresses AS score,
    ROW_NUMBER() OVER (PARTITION BY s.scope, s.name ORDER BY 2 * (s.tasks + s.vips) - s.addresses DESC, s.hosts DESC, s.ips, s.host) AS place,
    COUNT(*) OVER (PARTITION BY s.scope, s.name) AS all_hosts
  FROM scored AS s
), differ AS (
  SELECT v.*, COALESCE(v.net, b.net) AS at, b.ips AS other_ips, b.host AS other_host, b.hosts AS other_hosts, b.all_hosts, b.question_ref AS other_ref,
    CASE WHEN b.score > 2 * (v.tasks + v.vips) - v.addresses THEN 1 ELSE 0 END AS judged,
    ROW_NUMBER() OVER (PARTITION BY v.host, COALESCE(v.net, b.net), COALESCE(v.service, v.name) ORDER BY length(v.name), v.name, v.scope) AS nth
  FROM scored AS v
  JOIN best AS b ON b.scope = v.scope AND b.name = v.name AND b.place = 1
  JOIN network_change AS q ON q.net = COALESCE(v.net, b.net) AND q.changed_s <= v.first_s - 60 AND q.changed_s <= b.first_s - 60
  WHERE v.ips <> b.ips AND (v.net = b.net OR v.net IS NULL OR b.net IS NULL) AND v.first_s - b.first_s BETWEEN -120 AND 120
)
SELECT
  v.host,
  v.name || ' is answered with ' || CASE WHEN v.ips = '' THEN 'nothing' ELSE v.ips END || ' on ' || v.host || ' and with ' || CASE WHEN v.other_ips = '' THEN 'nothing' ELSE v.other_ips END
    || ' on ' || v.other_host AS summary,
  'dns:' || v.host || '/' || v.at || '/' || COALESCE(v.service, v.name) || '/view' AS subject,
  CASE WHEN v.judged = 1 THEN 'the resolvers of two hosts; the managers agree with ' || v.other_host END AS views,
  v.name,
  v.service,
  COALESCE(w.network, v.at) AS network,
  CASE WHEN v.ips = '' THEN 'nothing' ELSE v.ips END AS answer,
  CASE WHEN v.other_ips = '' THEN 'nothing' ELSE v.other_ips END AS other_answer,
  v.other_host,
  v.other_hosts AS hosts_like_the_other,
  v.all_hosts AS hosts_compared,
  c.name AS container,
  v.question_ref,
  v.other_ref,
  v.coverage_ref,
  v.tasks_ref
FROM differ AS v
LEFT JOIN overlay_network AS w ON w.net = v.at
LEFT JOIN container AS c ON c.host = v.host AND c.container = v.container
WHERE v.nth = 1
