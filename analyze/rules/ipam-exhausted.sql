-- Network has no address left, or nearly none
-- catalogue: E1
-- severity: critical
-- since: 0.3.0
-- layer: ipam
-- need: a manager
-- blame: configuration
-- views: the managers' tasks, which wait, and the network's subnet
-- check: docker network inspect -v <network>; docker service ps --no-trunc <waiting_service>; on the leader: journalctl -u docker | grep 'available IP'
-- remedy: free some: docker service scale <waiting_service>=<fewer>, docker service rm of what is not needed, docker network disconnect of attached containers
-- risk: what is scaled down or removed is gone
-- verify: docker service ps <waiting_service>
-- undo: docker service scale <waiting_service>=<as before>
-- remedy: give the service a larger network beside it: docker network create -d overlay --subnet <larger subnet> <network>-2, then
--   docker service update --network-add <network>-2 <waiting_service>
-- risk: the tasks are replaced; services that must talk to each other all need the new network
-- verify: docker service ps <waiting_service>
-- undo: docker service update --network-rm <network>-2 <waiting_service>
-- remedy: recreate the network with a larger subnet: remove its services, docker network rm <network>, docker network create -d overlay --subnet <larger subnet> <network>, deploy again
-- risk: an outage of every service on the network
-- verify: docker network inspect <network>
-- undo: the same with the former subnet
-- upstream: moby/moby#43052, moby/moby#37338, moby/moby#35849, docker/for-aws#104
-- limits: counted is what the captured managers and hosts know, so it is a lower bound: an attached container on a host that was not captured is missed.
--   An address range inside the subnet (--ip-range) is not captured. Networks of fewer than 14 addresses are reported only when tasks wait.
--
-- Every address of a network counts: its gateway, one virtual address for each service, one for each task, one for each attached container, and, since
-- engine 18.09, one for the load balancer of every node that has a task on it. A /24 has 254, and with fifty nodes a fifth of them
-- is gone before the first task. What comes then waits: tasks stay in state "new" without an error, or their node refuses them over and over because
-- it has no address itself ("node is missing network attachments, ip addresses may be exhausted"), services stay without a virtual address, and a
-- node whose load balancer gets no address cannot reach any virtual address of the network (see lb-sandbox-missing). The leader's log says
-- "could not find an available IP".
--
-- Rolling updates with start-first need room for one more task at a time, so a network that is nearly full fails at the next deployment.
WITH judged AS (
  SELECT s.*, m.host AS manager, m.tasks_ref,
    (SELECT COUNT(DISTINCT k.task_id) FROM stuck_task AS k WHERE k.net = s.net) AS waiting,
    (SELECT MIN(k.service) FROM stuck_task AS k WHERE k.net = s.net) AS waiting_service,
    (SELECT MIN(k.ref) FROM stuck_task AS k WHERE k.net = s.net) AS waiting_ref
  FROM network_size AS s
  JOIN (SELECT MIN(c.host) AS host, MIN(c.ref) AS tasks_ref FROM bundle AS b CROSS JOIN captured AS c WHERE c.host = b.host AND c.tbl = 'swarm_task' HAVING COUNT(*) > 0) AS m
  WHERE s.driver = 'overlay'
)
SELECT
  j.manager AS host,
  j.network || ' (' || j.subnets || ') has ' || j.used || ' of ' || j.size || ' addresses in use'
    || CASE WHEN j.waiting > 0 THEN ', and ' || j.waiting || CASE WHEN j.waiting = 1 THEN ' task waits' ELSE ' tasks wait' END
      || ' for one (' || COALESCE(j.waiting_service, 'of an unknown service') || ')' ELSE '' END AS summary,
  'network:' || j.manager || '/' || j.network_id AS subject,
  CASE WHEN j.waiting > 0 THEN 'critical' WHEN j.used >= j.size THEN 'high' ELSE 'medium' END AS severity,
  j.network,
  j.subnets AS subnet,
  j.used AS in_use,
  j.size AS addresses,
  CASE WHEN j.size > j.used THEN j.size - j.used ELSE 0 END AS free,
  (SELECT COUNT(DISTINCT u.ip) FROM address_use AS u WHERE u.net = j.net AND u.kind = 'vip') AS virtual_addresses,
  (SELECT COUNT(DISTINCT u.ip) FROM address_use AS u WHERE u.net = j.net AND u.kind = 'task') AS tasks,
  (SELECT COUNT(DISTINCT u.ip) FROM address_use AS u WHERE u.net = j.net AND u.kind = 'lb') AS load_balancers,
  (SELECT COUNT(DISTINCT u.ip) FROM address_use AS u WHERE u.net = j.net AND u.kind IN ('container', 'attachment')) AS attached_containers,
  j.waiting AS tasks_that_wait,
  j.waiting_service,
  j.ref AS subnet_ref,
  j.waiting_ref,
  j.tasks_ref
FROM judged AS j
WHERE j.waiting > 0 AND 10 * j.used >= 8 * j.size OR 10 * j.used >= 9 * j.size AND j.size >= 14
