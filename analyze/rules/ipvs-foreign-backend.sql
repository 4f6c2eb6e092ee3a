-- Destination that is another service's task
-- catalogue: B3
-- severity: critical
-- since: 0.1.0
-- layer: ipvs
-- need: a manager, two reads
-- blame: driver
-- views: the managers' tasks and this host's IPVS
-- check: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln; on a manager: docker service ps <service> <its_service>
-- remedy: nsenter --net=/run/docker/netns/<netns> ipvsadm -d -f <fwmark> -r <ip>:0
-- risk: none for the service itself; the other service is reached by its own address
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln shows no <ip> below FWM <fwmark>
-- undo: nsenter --net=/run/docker/netns/<netns> ipvsadm -a -f <fwmark> -r <ip>:0 -m -w 1
-- remedy: docker service update --force <service>
-- risk: replaces every task of the service, one by one
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln shows the tasks of docker service ps <service>
-- undo: nothing to undo
-- remedy: systemctl restart docker on <host>
-- risk: the node's control plane is away for the restart; without live-restore its containers stop
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: moby/moby#25985, moby/moby#30464, moby/moby#33790
-- limits: the service that a virtual address belongs to, and the task that an address belongs to, are a manager's word; without a
--   manager's bundle taken about the same time nothing is judged. A task that started less than 30 seconds before the capture is given its time.
--
-- A destination of this virtual service, with weight in both reads, is the address of a running task of another service. An
-- address was freed, its removal was lost here, and it was given out again. Requests for one service reach another one, which
-- may even answer: nothing fails, and the answers are wrong.
SELECT
  d.host,
  d.netns_name || ' on ' || d.host || ' sends connections for ' || COALESCE(d.service, d.service_id) || ' (' || d.vip || ') to ' || d.ip
    || ', which is ' || COALESCE(t.label, t.task_id) || ' of ' || COALESCE(t.service, t.service_id) AS summary,
  'ipvs:' || d.host || '/' || d.netns_name || '/' || d.fwmark || '/' || d.ip AS subject,
  d.netns_name AS netns,
  d.service,
  d.vip,
  d.fwmark,
  d.ip,
  d.weight,
  COALESCE(t.service, t.service_id) AS its_service,
  t.label AS its_task,
  p.hosts AS hosts_that_have_it,
  CASE WHEN n.hosts > 1 AND p.hosts = n.hosts THEN 'gossip' WHEN n.hosts > 1 AND p.hosts = 1 THEN 'driver' END AS blame,
  CASE WHEN n.hosts > 1 AND p.hosts = n.hosts THEN 'the managers'' tasks against IPVS on all ' || n.hosts || ' captured hosts of the network'
    WHEN n.hosts > 1 AND p.hosts = 1 THEN 'this host''s IPVS against the managers'' tasks and the other captured hosts of the network' END AS views,
  d.ref AS destination_ref,
  d.mark_ref,
  t.ref AS task_ref
FROM balancer_destination AS d
JOIN reading AS r ON r.host = d.host
LEFT JOIN (SELECT net, vip, ip, COUNT(DISTINCT host) AS hosts FROM balancer_destination WHERE seen = 'both' AND weight > 0 AND vip IS NOT NULL GROUP BY net, vip, ip) AS p
  ON p.net = d.net AND p.vip = d.vip AND p.ip = d.ip
LEFT JOIN (SELECT net, COUNT(DISTINCT host) AS hosts FROM balancer GROUP BY net) AS n ON n.net = d.net
JOIN task_endpoint AS t ON t.net = d.net AND t.ip = d.ip AND t.running = 1 AND t.service_id <> d.service_id
LEFT JOIN balancer_destination AS own ON own.host = d.host AND own.netns = d.netns AND own.fwmark = d.fwmark AND own.ip = d.ip
  AND own.service_id = t.service_id
LEFT JOIN task_endpoint AS mine ON mine.net = d.net AND mine.ip = d.ip AND mine.service_id = d.service_id
  AND (mine.gone = 0 OR mine.since_s > r.first_s - 60)
WHERE d.seen = 'both' AND d.weight > 0 AND d.service_id IS NOT NULL AND own.ip IS NULL AND mine.ip IS NULL
  AND t.since_s <= r.first_s - 30 AND t.look_s >= r.first_s - 120
