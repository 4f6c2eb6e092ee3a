-- Running task that no destination serves
-- catalogue: B2
-- severity: high
-- since: 0.1.0
-- layer: ipvs
-- need: a manager, two reads
-- blame: gossip
-- views: the managers' tasks and this host's IPVS
-- check: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln; on a manager: docker service ps <service>
-- remedy: nsenter --net=/run/docker/netns/<netns> ipvsadm -a -f <fwmark> -r <ip>:0 -m -w 1
-- risk: a destination that was added by hand is not removed when the task ends: delete it then, or it is the next fault
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln shows <ip>
-- undo: nsenter --net=/run/docker/netns/<netns> ipvsadm -d -f <fwmark> -r <ip>:0
-- remedy: docker service update --force <service>
-- risk: replaces every task of the service, one by one
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln shows the tasks of docker service ps <service>
-- undo: nothing to undo
-- remedy: systemctl restart docker on <host>
-- risk: the node's control plane is away for the restart; without live-restore its containers stop
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: moby/moby#25219, moby/moby#25325, moby/moby#47728, moby/swarmkit#1155
-- limits: a task is expected when a manager has it running in both reads and has had so for 30 seconds; a task with a health check
--   counts as running only once it is healthy. A virtual service that does not exist at all is fwmark-ipvs-mismatch.
--
-- The virtual service for this address lacks a task that the managers have running: clients of this host never reach it, and
-- the other tasks carry its share. When it is the only task, the service is dead for this host.
--
-- Look at the other load balancers (fact "also_missing_elsewhere", their number): if the same task is missing everywhere, its own node never announced it; if it
-- is missing here only, the gossip did not reach this host or the driver failed.
WITH unmarked AS MATERIALIZED (
  SELECT e.host, e.netns, e.net, e.vip, e.fwmark, e.service_id, e.task_id, e.ip, e.task_ref, e.service_ref, e.mark_ref
  FROM expected_ipvs_destination AS e
  LEFT JOIN balancer_destination AS d ON d.host = e.host AND d.netns = e.netns AND d.fwmark = e.fwmark AND d.ip = e.ip AND d.vip = e.vip
  WHERE d.ip IS NULL
), anyhow AS MATERIALIZED (
  SELECT DISTINCT d.host, d.netns, d.vip, d.ip
  FROM (SELECT DISTINCT host, netns FROM unmarked) AS u
  CROSS JOIN balancer_destination AS d
  WHERE d.host = u.host AND d.netns = u.netns
), absent AS MATERIALIZED (
  SELECT u.*
  FROM unmarked AS u
  LEFT JOIN anyhow AS d ON d.host = u.host AND d.netns = u.netns AND d.vip = u.vip AND d.ip = u.ip
  WHERE d.ip IS NULL
), place AS MATERIALIZED (
  SELECT e.task_id, e.vip, COUNT(*) AS places
  FROM expected_ipvs_destination AS e
  CROSS JOIN (SELECT DISTINCT task_id, vip FROM absent) AS a
  WHERE a.task_id = e.task_id AND a.vip = e.vip
  GROUP BY e.task_id, e.vip
), missing AS MATERIALIZED (
  SELECT e.*, c.ref AS coverage_ref, COUNT(*) OVER (PARTITION BY e.task_id, e.vip) - 1 AS elsewhere, p.places
  FROM absent AS e
  CROSS JOIN captured AS c
  LEFT JOIN place AS p ON p.task_id = e.task_id AND p.vip = e.vip
  WHERE c.tbl = 'ipvs_destination' AND c.host = e.host AND c.netns = e.netns
)
SELECT
  m.host,
  b.netns_name || ' on ' || m.host || ' has no destination for ' || COALESCE(t.label, m.task_id) || ' (' || m.ip || ') behind '
    || COALESCE(t.service || ', ', '') || m.vip AS summary,
  'ipvs:' || m.host || '/' || b.netns_name || '/' || m.fwmark || '/' || m.ip AS subject,
  b.netns_name AS netns,
  t.service,
  m.vip,
  m.fwmark,
  m.ip,
  t.label AS task,
  t.node_id AS task_on_node,
  m.elsewhere AS also_missing_elsewhere,
  CASE WHEN m.places > 1 AND m.elsewhere + 1 = m.places THEN 'gossip' WHEN m.places > 1 AND m.elsewhere = 0 THEN 'driver' END AS blame,
  CASE WHEN m.places > 1 AND m.elsewhere + 1 = m.places THEN 'the managers'' tasks against IPVS on all ' || m.places || ' captured hosts of the network: its own node never announced it'
    WHEN m.places > 1 AND m.elsewhere = 0 THEN 'this host''s IPVS against the managers'' tasks and the other captured hosts of the network' END AS views,
  m.task_ref,
  m.service_ref,
  m.mark_ref,
  m.coverage_ref
FROM missing AS m
CROSS JOIN balancer AS b
CROSS JOIN task_endpoint AS t
WHERE b.host = m.host AND b.netns = m.netns AND b.net = m.net
  AND t.net = m.net AND t.ip = m.ip AND t.task_id = m.task_id
