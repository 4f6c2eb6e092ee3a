-- Destination that is another service's task
-- catalogue: B3
-- severity: critical
-- since: 0.1.0
-- layer: ipvs
-- check: nsenter --net=/run/docker/netns/<netns> ipvsadm -ln; on a manager: docker service ps <service> <its_service>
-- remedy: in the namespace: ipvsadm -d -f <fwmark> -r <ip>:0. For good: docker service update --force <service>
-- risk: none for the service itself; the other service is reached by its own address.
-- undo: ipvsadm -a -f <fwmark> -r <ip>:0 -m -w 1
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
  d.ref AS destination_ref,
  d.mark_ref,
  t.ref AS task_ref
FROM balancer_destination AS d
JOIN reading AS r ON r.host = d.host
JOIN task_endpoint AS t ON t.net = d.net AND t.ip = d.ip AND t.running = 1 AND t.service_id <> d.service_id
LEFT JOIN balancer_destination AS own ON own.host = d.host AND own.netns = d.netns AND own.fwmark = d.fwmark AND own.ip = d.ip
  AND own.service_id = t.service_id
LEFT JOIN task_endpoint AS mine ON mine.net = d.net AND mine.ip = d.ip AND mine.service_id = d.service_id
  AND (mine.gone = 0 OR mine.since_s > r.first_s - 60)
WHERE d.seen = 'both' AND d.weight > 0 AND d.service_id IS NOT NULL AND own.ip IS NULL AND mine.ip IS NULL
  AND t.since_s <= r.first_s - 30 AND t.look_s >= r.first_s - 120
