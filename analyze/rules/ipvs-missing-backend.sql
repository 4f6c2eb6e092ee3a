-- Running task that no destination serves
-- severity: high
-- since: 0.1.0
-- layer: ipvs
-- check: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln; on a manager: docker service ps <service>
-- remedy: in the namespace: ipvsadm -a -f <fwmark> -r <ip>:0 -m -w 1. For good: docker service update --force <service>
-- risk: a destination that was added by hand is not removed when the task ends: delete it then, or it is the next fault.
-- undo: ipvsadm -d -f <fwmark> -r <ip>:0
-- upstream: moby/moby#25219, moby/moby#25325, moby/moby#47728, moby/swarmkit#1155
-- limits: a task is expected when a manager has it running in both reads and has had so for 30 seconds; a task with a health check
--   counts as running only once it is healthy. A virtual service that does not exist at all is fwmark-ipvs-mismatch.
--
-- The virtual service for this address lacks a task that the managers have running: clients of this host never reach it, and
-- the other tasks carry its share. When it is the only task, the service is dead for this host.
--
-- Look at the other hosts (fact "also_missing_on", a number): if the same task is missing everywhere, its own node never announced it; if it
-- is missing here only, the gossip did not reach this host or the driver failed.
SELECT
  e.host,
  e.netns_name || ' on ' || e.host || ' has no destination for ' || COALESCE(e.label, e.task_id) || ' (' || e.ip || ') behind '
    || COALESCE(e.service || ', ', '') || e.vip AS summary,
  'ipvs:' || e.host || '/' || e.netns_name || '/' || e.fwmark || '/' || e.ip AS subject,
  e.service,
  e.vip,
  e.fwmark,
  e.ip,
  e.label AS task,
  CASE WHEN o.elsewhere > 0 THEN o.elsewhere END AS also_missing_on,
  e.why,
  e.task_ref,
  e.service_ref,
  e.mark_ref,
  c.ref AS coverage_ref
FROM expected_ipvs_destination AS e
JOIN captured AS c ON c.tbl = 'ipvs_destination' AND c.host = e.host AND c.netns = e.netns
LEFT JOIN balancer_destination AS d ON d.host = e.host AND d.netns = e.netns AND d.vip = e.vip AND d.ip = e.ip
LEFT JOIN (
  SELECT x.task_id, x.vip, COUNT(DISTINCT x.host) - 1 AS elsewhere
  FROM expected_ipvs_destination AS x
  JOIN captured AS cx ON cx.tbl = 'ipvs_destination' AND cx.host = x.host AND cx.netns = x.netns
  LEFT JOIN balancer_destination AS y ON y.host = x.host AND y.netns = x.netns AND y.vip = x.vip AND y.ip = x.ip
  WHERE y.ip IS NULL GROUP BY x.task_id, x.vip
) AS o ON o.task_id = e.task_id AND o.vip = e.vip
WHERE d.ip IS NULL
