-- Destination that no task has
-- catalogue: B1
-- severity: critical
-- since: 0.1.0
-- layer: ipvs
-- need: a manager, two reads
-- blame: driver
-- views: the managers' tasks and this host's IPVS
-- check: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln; on a manager: docker service ps <service>
-- remedy: nsenter --net=/run/docker/netns/<netns> ipvsadm -d -f <fwmark> -r <ip>:0
-- risk: deleting the destination of a task that is only slow to stop cuts its open connections
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln shows no <ip>
-- undo: nsenter --net=/run/docker/netns/<netns> ipvsadm -a -f <fwmark> -r <ip>:0 -m -w 1
-- remedy: docker service update --force <service>
-- risk: replaces every task of the service, one by one
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln shows the tasks of docker service ps <service>
-- undo: nothing to undo
-- remedy: systemctl restart docker on <host>
-- risk: the node's control plane is away for the restart; without live-restore its containers stop
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: moby/moby#25325, moby/moby#26060, moby/moby#26524, moby/moby#28564, moby/moby#33790, moby/moby#35548, moby/moby#36797
-- limits: needs a manager's bundle taken about the same time (2 minutes before to 15 minutes after this host's). A task that
--   ended less than a minute before the capture is given its time, and so is everything while the network's tasks change and
--   the manager looked before this host did.
--
-- Round robin sends every new connection to the next destination of the virtual service. One of them, with weight in both reads,
-- is the address of no task that the managers know to be alive: one connection of n goes into the void. It works,
-- and works, and hangs. Weight 0 would be healthy: a task that is being shut down keeps its open connections and gets no new ones.
--
-- Who is to blame shows from the others: if every captured host that balances for the network still has the address, the gossip
-- does, and so will the names (dns-stale-record); if this host is the only one, its driver lost the removal. Between the two nothing is said
-- of it. A task whose node died before it could say goodbye leaves the first kind, an engine that was busy or restarted the second.
SELECT
  d.host,
  d.netns_name || ' on ' || d.host || ' sends connections' || COALESCE(' for ' || d.service, '') || COALESCE(' (' || d.vip || ')', '')
    || ' to ' || d.ip || ', which no task has' AS summary,
  'ipvs:' || d.host || '/' || d.netns_name || '/' || d.fwmark || '/' || d.ip AS subject,
  d.netns_name AS netns,
  d.service,
  d.vip,
  d.fwmark,
  d.ip,
  d.weight,
  (SELECT COUNT(DISTINCT x.ip) FROM balancer_destination AS x
    WHERE x.host = d.host AND x.netns = d.netns AND x.fwmark = d.fwmark AND x.seen = 'both' AND x.weight > 0) AS destinations,
  g.label AS last_task,
  g.state AS last_state,
  v.manager,
  p.hosts AS hosts_that_have_it,
  n.hosts AS hosts_of_the_network,
  CASE WHEN n.hosts > 1 AND p.hosts = n.hosts THEN 'gossip' WHEN n.hosts > 1 AND p.hosts = 1 THEN 'driver' END AS blame,
  CASE WHEN n.hosts > 1 AND p.hosts = n.hosts THEN 'the managers'' tasks against IPVS on all ' || n.hosts || ' captured hosts of the network'
    WHEN n.hosts > 1 AND p.hosts = 1 THEN 'this host''s IPVS against the managers'' tasks and the other captured hosts of the network' END AS views,
  d.ref AS destination_ref,
  d.mark_ref,
  v.tasks_ref,
  g.ref AS last_task_ref
FROM (
  SELECT x.*, ROW_NUMBER() OVER (PARTITION BY x.host, x.netns, x.fwmark, x.ip ORDER BY CASE WHEN x.service IS NULL THEN 1 ELSE 0 END, x.vip, x.ref) AS place
  FROM balancer_destination AS x
  JOIN swarm_view AS w ON w.host = x.host
  LEFT JOIN task_endpoint AS t ON t.net = x.net AND t.ip = x.ip AND (t.gone = 0 OR t.since_s > w.first_s - 60)
  WHERE x.seen = 'both' AND x.weight > 0 AND t.ip IS NULL
) AS d
JOIN swarm_view AS v ON v.host = d.host
LEFT JOIN (SELECT net, ip, COUNT(DISTINCT host) AS hosts FROM balancer_destination WHERE seen = 'both' AND weight > 0 GROUP BY net, ip) AS p ON p.net = d.net AND p.ip = d.ip
LEFT JOIN (SELECT net, COUNT(DISTINCT host) AS hosts FROM balancer GROUP BY net) AS n ON n.net = d.net
LEFT JOIN network_change AS q ON q.net = d.net
LEFT JOIN (SELECT net, ip, MAX(label) AS label, MAX(state) AS state, MAX(ref) AS ref FROM task_endpoint WHERE gone = 1 GROUP BY net, ip) AS g
  ON g.net = d.net AND g.ip = d.ip
WHERE d.place = 1 AND (v.look_s >= v.first_s OR q.changed_s <= v.look_s - 120)
