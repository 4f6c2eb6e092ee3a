-- Virtual service that gives no task new connections
-- catalogue: B8
-- severity: high
-- since: 0.3.0
-- layer: ipvs
-- need: a manager, two reads
-- blame: driver
-- views: the managers' tasks and this host's IPVS
-- check: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln; on a manager: docker service ps <service>
-- remedy: nsenter --net=/run/docker/netns/<netns> ipvsadm -e -f <fwmark> -r <ip>:0 -m -w 1 (for each destination of weight 0 that a running task has;
--   ipvsadm -a in place of -e where it is missing)
-- risk: a task that is really being stopped gets new connections, which end with it
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln shows weight 1 for <ip>
-- undo: nsenter --net=/run/docker/netns/<netns> ipvsadm -e -f <fwmark> -r <ip>:0 -m -w 0
-- remedy: docker service update --force <service>
-- risk: every task of the service is replaced, one by one
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- remedy: restart dockerd on <host>
-- risk: the node's control plane is away for the time; containers go on
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: moby/libnetwork#2112, moby/moby#51651
-- limits: a task counts when a manager has it running in both reads and has had so for 30 seconds; nothing is said while the network's
--   tasks change and the manager looked before this host did. A virtual service that lacks
--   destinations but still has one with weight is ipvs-missing-backend's.
--
-- Weight 0 is how libnetwork lets a task end in peace (18.03 and newer): what is open stays, nothing new comes. When the task goes on,
-- or a later one with the same address takes its place, the weight must be 1 again. If it stays 0 for every destination, or no
-- destination is left, IPVS has nobody to schedule to: the kernel logs "no destination available" and new connections are
-- refused or time out, while those that were open before still work. Only this host is hit.
--
-- When some destinations of running tasks have weight 0 and others serve, the finding is medium: no request fails, and those
-- tasks idle while others carry their share.
WITH virtual AS MATERIALIZED (
  SELECT DISTINCT host, netns, vip, fwmark FROM expected_ipvs_destination
), zero AS MATERIALIZED (
  SELECT DISTINCT host, netns, fwmark FROM balancer_destination WHERE weight = 0 AND seen = 'both'
), others AS MATERIALIZED (
  SELECT v.host, v.netns, v.vip, v.fwmark, z.fwmark AS zero_fwmark,
    EXISTS (SELECT 1 FROM balancer_destination AS d WHERE d.host = v.host AND d.netns = v.netns AND d.fwmark = v.fwmark AND (d.weight > 0 OR d.seen <> 'both')) AS serves
  FROM virtual AS v
  LEFT JOIN zero AS z ON z.host = v.host AND z.netns = v.netns AND z.fwmark = v.fwmark
), suspect AS MATERIALIZED (
  SELECT host, netns, vip, fwmark, CASE WHEN serves THEN 1 END AS n FROM others WHERE zero_fwmark IS NOT NULL OR NOT serves
), wanted AS (
  SELECT e.host, e.netns, e.net, e.vip, e.fwmark, e.service_id, MIN(e.ip) AS ip, COUNT(DISTINCT e.ip) AS tasks,
    COUNT(DISTINCT CASE WHEN d.weight > 0 THEN e.ip END) AS serving,
    COUNT(DISTINCT CASE WHEN d.weight = 0 AND d.seen = 'both' THEN e.ip END) AS idle,
    MIN(CASE WHEN d.weight = 0 AND d.seen = 'both' THEN e.ip END) AS idle_ip, MIN(CASE WHEN d.weight = 0 THEN d.ref END) AS destination_ref,
    MIN(e.task_ref) AS task_ref, MIN(e.service_ref) AS service_ref, MIN(e.mark_ref) AS mark_ref, MAX(s.n) AS others
  FROM expected_ipvs_destination AS e
  CROSS JOIN suspect AS s
  LEFT JOIN balancer_destination AS d ON d.host = e.host AND d.netns = e.netns AND d.fwmark = e.fwmark AND d.ip = e.ip
  WHERE s.host = e.host AND s.netns = e.netns AND s.vip = e.vip AND s.fwmark = e.fwmark
  GROUP BY e.host, e.netns, e.net, e.vip, e.fwmark, e.service_id
)
SELECT
  w.host,
  b.netns_name || ' on ' || w.host || ' gives ' || CASE WHEN w.others = 1 THEN w.idle || ' of ' || w.tasks || ' running tasks' WHEN w.tasks = 1 THEN 'the running task' ELSE 'none of ' || w.tasks || ' running tasks' END
    || ' of ' || COALESCE(s.service, w.service_id) || ' (' || w.vip || ')' || CASE WHEN w.tasks = 1 AND w.others IS NULL THEN ' no' ELSE '' END || ' new connections: '
    || CASE WHEN w.idle > 0 THEN 'weight 0' ELSE 'the virtual service has no destination' END AS summary,
  'ipvs:' || w.host || '/' || b.netns_name || '/' || w.fwmark AS subject,
  CASE WHEN w.others = 1 THEN 'medium' END AS severity,
  b.netns_name AS netns,
  s.service,
  w.vip,
  w.fwmark,
  COALESCE(w.idle_ip, w.ip) AS ip,
  w.tasks,
  w.idle AS weight_zero,
  w.destination_ref,
  w.service_ref,
  w.mark_ref,
  w.task_ref,
  c.ref AS coverage_ref
FROM wanted AS w
JOIN captured AS c ON c.tbl = 'ipvs_destination' AND c.host = w.host AND c.netns = w.netns
JOIN swarm_view AS v ON v.host = w.host
LEFT JOIN network_change AS q ON q.net = w.net
JOIN (SELECT host, netns, MIN(netns_name) AS netns_name FROM balancer GROUP BY host, netns) AS b ON b.host = w.host AND b.netns = w.netns
LEFT JOIN (SELECT service_id, MIN(service) AS service FROM service_vip GROUP BY service_id) AS s ON s.service_id = w.service_id
WHERE (w.idle > 0 OR (w.serving = 0 AND w.others IS NULL)) AND (v.look_s >= v.first_s OR q.changed_s <= v.look_s - 120)
