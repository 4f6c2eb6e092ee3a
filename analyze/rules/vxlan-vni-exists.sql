-- VXLAN device that was left behind holds a network's VNI
-- catalogue: A11
-- severity: critical
-- since: 0.3.0
-- layer: vxlan
-- need: one host
-- blame: driver
-- views: the networks that the daemon knows and the devices that the kernel holds
-- check: ip -d link show type vxlan; ls /run/docker/netns; docker service ps --no-trunc SERVICE | grep 'file exists'
-- remedy: ip link del <dev>
--   (in the host's namespace; in another one: nsenter --net=/run/docker/netns/<netns> ip link del <dev>)
-- risk: cuts off whoever uses the device; a device that Docker left behind has no port and no traffic, look at its counters first.
-- verify: ip -d link show type vxlan
-- undo: ip link add <dev> type vxlan id <vni> dstport <port> learning proxy l2miss l3miss
-- remedy: umount /run/docker/netns/<netns>; rm /run/docker/netns/<netns>
--   (for a namespace of a network that is gone; the device in it goes with it)
-- risk: containers that are still in the namespace lose the network.
-- verify: ls /run/docker/netns
-- undo: none
-- remedy: systemctl restart docker
-- risk: the node's control plane is away for some seconds, and its tasks may be replaced elsewhere.
-- verify: docker service ps --no-trunc SERVICE
-- undo: none needed
-- upstream: moby/libnetwork#562, moby/libnetwork#751, moby/libnetwork#945, moby/libnetwork#1765, moby/moby#28559, docker/machine#4340
-- limits: a kernel that cannot move the device to a namespace (before 3.16) keeps Docker's devices with the host for good: a device that
--   is a port of an ov- bridge, on a host without overlay namespaces, is taken as that.
--
-- Docker makes the VXLAN device of an overlay in the host's namespace, as vx-VNI-NETWORK, and moves it to the overlay's own, where it
-- is called vxlan0. VNI and port belong to one device for each namespace that devices are made in. A device that was left
-- behind by a failed move, a crash or a namespace that was not removed, or a foreign one (another overlay software,
-- an agent of the hypervisor) keeps the VNI, and the next task of that network on this host is refused: "subnet sandbox join failed … error
-- creating vxlan interface: file exists". The network works everywhere else, so the service looks restless rather than down.
--
-- Critical when two devices of the host have the VNI of a network that this host knows, or tasks were refused with that error and run nowhere since;
-- high for a device that was left behind and is in nobody's way yet. The VNI is given out again when its network is removed.
WITH tunnel AS (
  SELECT l.host, l.netns, n.kind AS netns_kind, n.name AS netns_name, l.name, l.vni, COALESCE(l.vxlan_port, 4789) AS port, l.ref, l.master,
    COUNT(*) OVER (PARTITION BY l.host, l.vni, COALESCE(l.vxlan_port, 4789)) AS sharers
  FROM link AS l JOIN netns AS n ON n.host = l.host AND n.netns = l.netns
  WHERE l.kind = 'vxlan' AND l.vni > 0
), refused AS (
  SELECT h.host, COUNT(DISTINCT t.task_id) AS tasks, MIN(t.ref) AS ref, MAX(t.err) AS err
  FROM swarm_task AS t JOIN swarm_host AS h ON h.node_id = t.node_id
  LEFT JOIN swarm_task AS heir ON heir.host = t.host AND heir.service_id = t.service_id AND heir.state = 'running'
    AND (heir.slot = t.slot AND heir.slot > 0 OR COALESCE(t.slot, 0) = 0 AND heir.node_id = t.node_id)
  WHERE (lower(t.err) LIKE '%vxlan interface%file exists%' OR lower(t.err) LIKE '%subnet sandbox join failed%file exists%') AND heir.task_id IS NULL
  GROUP BY h.host
), holder AS (
  SELECT t.*, w.network_id, w.name AS network, w.ref AS network_ref
  FROM tunnel AS t
  LEFT JOIN network AS w ON w.host = t.host AND w.driver = 'overlay' AND w.vni = t.vni
  WHERE t.netns_kind = 'host' AND substr(t.name, 1, 3) = 'vx-'
      AND (t.master IS NULL OR t.host IN (SELECT host FROM overlay_netns))
    OR t.sharers > 1 AND w.network_id IS NOT NULL
      AND NOT (t.netns_kind = 'overlay' AND substr(t.netns_name, 3) = substr(w.network_id, 1, 10) OR t.netns_kind = 'overlay' AND instr(w.network_id, substr(t.netns_name, 4)) = 1)
)
SELECT
  d.host,
  d.name || ' in ' || CASE WHEN d.netns_kind = 'host' THEN 'the host''s namespace' ELSE d.netns_name END || ' of ' || d.host || ' holds VNI ' || d.vni
    || CASE WHEN d.network IS NOT NULL THEN ' of ' || d.network ELSE ', left behind' END
    || COALESCE('; tasks refused on this host: ' || f.tasks, '') AS summary,
  'vxlan:' || d.host || '/' || d.netns_name || '/' || d.name AS subject,
  CASE WHEN d.network IS NOT NULL AND d.sharers > 1 OR f.tasks > 0 THEN NULL ELSE 'high' END AS severity,
  CASE WHEN substr(d.name, 1, 3) <> 'vx-' AND d.netns_kind <> 'overlay' THEN 'configuration' END AS blame,
  d.name AS dev,
  d.netns_name AS netns,
  d.vni,
  d.port,
  d.network,
  d.sharers AS devices_with_it,
  f.tasks AS tasks_refused,
  f.err AS error,
  d.ref AS link_ref,
  d.network_ref,
  f.ref AS task_ref
FROM holder AS d
LEFT JOIN refused AS f ON f.host = d.host
UNION ALL
SELECT
  f.host,
  'tasks refused on ' || f.host || ' because a VXLAN device with the VNI of their network exists: ' || f.tasks,
  'vxlan:' || f.host,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  f.tasks,
  f.err,
  f.ref,
  NULL,
  k.netns_ref
FROM refused AS f
JOIN known_host AS k ON k.host = f.host
LEFT JOIN holder AS d ON d.host = f.host
WHERE d.host IS NULL
