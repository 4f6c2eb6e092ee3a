-- Docker bridge and a route of the host claim the same addresses
-- catalogue: A25
-- severity: high
-- since: 0.3.0
-- layer: ipam
-- need: one host
-- blame: configuration
-- check: ip route show root <subnet>; ip route show match <other>; ip route get followed by an address of <other>
-- remedy: give Docker other subnets: bip for docker0 and default-address-pools for others in /etc/docker/daemon.json,
--   then systemctl restart docker on <host>; bridges of networks that exist keep their subnets
-- risk: containers of the host are restarted
-- verify: ip route show dev <bridge>
-- undo: restore daemon.json and restart
-- remedy: for docker_gwbridge: docker node update --availability drain <host>; docker swarm leave; docker network rm docker_gwbridge;
--   docker network create --subnet <free_subnet> --opt com.docker.network.bridge.name=docker_gwbridge
--   --opt com.docker.network.bridge.enable_icc=false --opt com.docker.network.bridge.enable_ip_masquerade=true docker_gwbridge; join again
-- risk: the node leaves the swarm and comes back as a new one
-- verify: ip route show dev docker_gwbridge
-- undo: the same with the former subnet
-- remedy: docker network rm of the network behind <bridge>, and create it again with --subnet <free_subnet>
-- risk: its containers lose the network until they are attached to the new one
-- verify: ip route show dev <bridge>
-- undo: create it with the former subnet
-- upstream: docker/for-aws#117, docker/for-linux#1422, moby/libnetwork#1167
-- limits: routes of the main table only: a VPN that keeps its own table is not seen. Routes wider than /8, as some VPNs make in place of
--   a default route, say nothing. Bridges that bear none of Docker's own names are not judged.
--
-- Each bridge of Docker's is a connected route of the host. The kernel takes the narrowest route that matches, so where a bridge's
-- subnet covers a piece of the network that the host lives in, that piece is looked for among containers: hosts there cannot be
-- reached, nor can they reach the published ports, for the replies go the same wrong way. docker0 does that
-- even when no container uses it. Where the other route is the narrower one, it is containers with such an address that cannot be
-- reached. Docker avoids the routes that it finds when it picks a subnet; a VPN or another card that comes later it does not see.
--
-- Weaker is a wide route to a gateway that merely includes the bridge's subnet: often nothing lives in that part.
SELECT
  c.host,
  c.name || ' on ' || c.host || ' (' || c.subnet || ') and the route to ' || c.other || ' by ' || c.dev || ' overlap: '
    || CASE c.relation WHEN 'equal' THEN 'only one of them is used'
      WHEN 'inside' THEN 'containers with an address in ' || c.other || ' are not reached'
      ELSE 'nothing in ' || c.subnet || ' is reached by ' || c.dev END AS summary,
  'route:' || c.host || '/' || c.name || '/' || c.other AS subject,
  CASE WHEN c.linkdown = 1 THEN 'low'
    WHEN c.relation = 'inside' AND c.other_bits IN (32, 128) THEN 'low'
    WHEN c.relation <> 'contains' OR c.connected = 1 THEN 'high'
    WHEN c.other_bits > 16 THEN 'medium'
    ELSE 'low' END AS severity,
  c.name AS bridge,
  c.subnet,
  c.other,
  c.dev,
  c.relation,
  CASE c.connected WHEN 1 THEN 'yes' ELSE 'no' END AS directly_connected,
  c.why,
  c.subnet_ref,
  c.other_ref
FROM cidr_overlap AS c
WHERE c.kind = 'bridge'
