-- Overlay hides an address that its containers need
-- catalogue: A24
-- severity: high
-- since: 0.3.0
-- layer: ipam
-- need: one host
-- blame: configuration
-- check: docker exec <container> ip route get <hidden>; docker network inspect -f '{{json .IPAM.Config}}' <network>
-- remedy: docker service update --dns-add <another_server> <service>, with a server outside of <subnet>
-- risk: every task of the service is replaced; the other server must know the same names
-- verify: docker exec <container> getent hosts docker.com
-- undo: docker service update --dns-rm <another_server> <service>
-- remedy: docker network create --driver overlay --subnet <free_subnet> <network>-2, move the services with
--   docker service update --network-add <network>-2 --network-rm <network>, then docker network rm <network>
-- risk: every task that moves is replaced; between the two steps services reach each other by one network only
-- verify: docker exec <container> ip route get <hidden> names the gateway bridge's device
-- undo: the same the other way round
-- remedy: a new swarm with docker swarm init --default-addr-pool, where the network is the routing mesh and no subnet is free
-- risk: everything that runs in the swarm stops
-- verify: docker info --format '{{json .Swarm.Cluster.DefaultAddrPool}}'
-- undo: none; keep a copy of /var/lib/docker/swarm
-- upstream: moby/moby#24220, moby/moby#24496, moby/moby#27399, moby/moby#33626
-- limits: proxies and other services outside are not known and not judged. For engines before 25 the servers that the
--   resolver asks follow from the host's file as it is now, not as it was when the container started.
--
-- A container has a connected route to each overlay that it is attached to. Everything in the overlay's subnet is looked for on the
-- overlay, by ARP, whatever the host's own routes say. The resolver of Docker forwards names that it does not know from inside
-- the container's namespace, so its question to a server in that subnet goes nowhere too: names of services and virtual
-- addresses work, every other name fails after four seconds.
--
-- The classical case is a VPC of 10.0.0.0/16 with its resolver at 10.0.0.2 and the pool that swarm takes by default, 10.0.0.0/8: the
-- first network gets 10.0.0.0/24. A hidden gateway or address of the host does less harm: containers cannot reach that host
-- by its own address, be it a published port or an agent.
SELECT
  o.host,
  'containers on ' || o.name || ' (' || o.subnet || ') on ' || o.host || ' cannot reach '
    || CASE o.against WHEN 'nameserver' THEN 'the name server ' || o.other || ', which Docker''s resolver asks for them'
      WHEN 'gateway' THEN 'the gateway ' || o.other ELSE 'the host''s own address ' || o.other END
    || ': the overlay covers it' AS summary,
  'subnet:' || o.host || '/' || o.subnet AS subject,
  CASE o.against WHEN 'nameserver' THEN 'high' ELSE 'medium' END AS severity,
  o.name AS network,
  o.subnet,
  o.other AS hidden,
  o.against AS hidden_is,
  o.containers,
  o.container,
  o.others AS hidden_in_all,
  o.why,
  o.subnet_ref,
  o.other_ref
FROM (
  SELECT c.*, COUNT(*) OVER (PARTITION BY c.host, c.subnet) AS others,
    ROW_NUMBER() OVER (PARTITION BY c.host, c.subnet ORDER BY CASE c.against WHEN 'nameserver' THEN 1 WHEN 'gateway' THEN 2 ELSE 3 END, c.other, c.other_ref) AS place
  FROM cidr_overlap AS c WHERE c.kind = 'overlay'
) AS o
WHERE o.place = 1
