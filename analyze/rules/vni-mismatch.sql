-- Tunnel of a network has another VNI or port than the swarm says
-- catalogue: A12
-- severity: critical
-- since: 0.3.0
-- layer: vxlan
-- need: one host, several hosts, a manager
-- blame: driver
-- views: the managers' network and this host's kernel
-- check: nsenter --net=/run/docker/netns/<netns> ip -d link show <dev>; on a manager: docker network inspect <network>
-- remedy: docker service update --force SERVICE
--   (for the services of the network with tasks on this host: when the last of them leaves, the namespace is removed, and made anew
--   with the next)
-- risk: replaces every task of the service, one by one.
-- verify: nsenter --net=/run/docker/netns/<netns> ip -d link show <dev>
-- undo: none needed
-- remedy: docker node update --availability drain NODE; systemctl restart docker; docker node update --availability active NODE
-- risk: the node's tasks move to others while it is drained.
-- verify: netmortem analyze of a new capture
-- undo: none needed
-- remedy: docker network rm <network>; docker network create -d overlay <network>
--   (where one name stands for two networks: remove the services, then both networks, and create it once)
-- risk: every service of the network is down meanwhile.
-- verify: docker network ls --no-trunc | grep <network>, on every node
-- undo: none
-- upstream: moby/moby#34987
-- limits: networks of several subnets have a tunnel for each and are not judged. The port is judged where a manager tells it.
--
-- Nodes find each other's frames by VNI and UDP port. A node whose tunnel has another VNI hears nobody of its network, and nobody hears it:
-- what it sends is dropped by the others, or lands in whatever network has that VNI there. Rows of forwarding and neighbours are
-- all right, gossip works, and nothing is logged.
--
-- It comes about when a swarm is restored from a backup or made anew (--force-new-cluster), and the managers give out VNIs from
-- a state that the workers' kernels are ahead of; and when the data path port was changed by making the swarm anew.
--
-- Reported by itself, at severity medium: a node that holds a namespace for a network which the managers do not have, while they have
-- another one of the same name. Both look right where they are seen, and containers in one do not reach those in the other.
SELECT
  x.host,
  v.name || ' of ' || o.network || ' on ' || x.host || ' has '
    || CASE WHEN v.vni <> x.vni THEN 'VNI ' || v.vni || ' where it should be ' || x.vni ELSE '' END
    || CASE WHEN v.vni <> x.vni AND v.vxlan_port <> x.port THEN ', and ' ELSE '' END
    || CASE WHEN v.vxlan_port <> x.port THEN 'port ' || v.vxlan_port || ' where it should be ' || x.port ELSE '' END
    || ': the other nodes do not hear it' AS summary,
  'vxlan:' || x.host || '/' || o.netns_name AS subject,
  NULL AS severity,
  CASE x.source WHEN 'daemon' THEN 'this host''s daemon and its kernel' END AS views,
  o.netns_name AS netns,
  v.name AS dev,
  o.network,
  v.vni,
  x.vni AS right_vni,
  v.vxlan_port AS port,
  x.port AS right_port,
  x.why,
  v.ref AS link_ref,
  x.network_ref,
  CASE WHEN v.vxlan_port <> x.port THEN x.port_ref END AS port_ref
FROM expected_vxlan AS x
JOIN overlay_netns AS o ON o.host = x.host AND o.netns = x.netns
JOIN link AS v ON v.host = x.host AND v.netns = x.netns AND v.kind = 'vxlan'
WHERE v.vni <> x.vni OR v.vxlan_port <> x.port
UNION ALL
SELECT
  o.host,
  o.network || ' on ' || o.host || ' is network ' || w.network_id || ', the managers'' ' || m.name || ' is ' || m.network_id,
  'network:' || o.host || '/' || w.network_id,
  'medium',
  'the managers'' networks and this host''s daemon',
  o.netns_name,
  o.vxlan,
  o.network,
  o.vni,
  m.vni,
  NULL,
  NULL,
  'manager ' || v.manager || ' has a network of that name with another id',
  o.link_ref,
  w.ref,
  m.ref
FROM overlay_netns AS o
JOIN swarm_view AS v ON v.host = o.host AND v.look_s >= v.first_s - 5
JOIN network AS w ON w.host = o.host AND w.driver = 'overlay' AND substr(w.network_id, 1, 8) = o.net
JOIN captured AS c ON c.tbl = 'network' AND c.host = v.manager
JOIN network AS m ON m.host = v.manager AND m.driver = 'overlay' AND m.name = w.name AND m.network_id <> w.network_id
LEFT JOIN network AS same ON same.host = v.manager AND same.network_id = w.network_id
WHERE same.network_id IS NULL AND o.age_s >= 60
