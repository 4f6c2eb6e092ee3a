-- Neighbour row of a live remote endpoint is missing
-- catalogue: A6
-- severity: high
-- since: 0.1.0
-- layer: neighbour
-- need: one host, two reads
-- blame: gossip
-- views: the managers' tasks and this host's neighbour rows
-- check: nsenter --net=/run/docker/netns/<netns> ip neigh show <ip> dev <dev>; in a client: ip neigh show <ip> (FAILED or INCOMPLETE)
-- remedy: nsenter --net=/run/docker/netns/<netns> ip neigh replace <ip> lladdr <mac> dev <dev> nud permanent;
--   nsenter --net=/run/docker/netns/<netns> bridge fdb replace <mac> dev <dev> dst <vtep_of_its_node> self permanent
-- risk: none while the endpoint lives; the driver does not know of rows that it has not made, so they stay when it is gone.
-- verify: nsenter --net=/run/docker/netns/<netns> ip neigh show <ip> dev <dev>
-- undo: nsenter --net=/run/docker/netns/<netns> ip neigh del <ip> dev <dev>
-- remedy: docker service update --force <service>
-- risk: replaces every task of the service, one by one.
-- verify: netmortem analyze of a new capture
-- undo: none needed
-- remedy: systemctl restart docker
--   (on this host, when many are missing: it asks the others for everything again)
-- risk: the node's control plane is away for some seconds, and its tasks may be replaced elsewhere.
-- verify: netmortem analyze of a new capture
-- undo: none needed
-- upstream: moby/moby#32195, moby/moby#47728, moby/moby#53141
-- limits: an endpoint that started, or a namespace that was made, less than a minute before the capture is not judged, nor one
--   that only a bundle taken minutes apart knows, or, where no manager tells of it, one that was not taken at the same time.
--   Whether the neighbour table was full (gc_thresh3) is another rule's question.
--
-- An ARP request does not cross the overlay's tunnel: vxlan0 answers it from a permanent neighbour row, one for each endpoint
-- on another node. For this endpoint there is no such row in either read, so no container of this host can find it: the
-- client's own neighbour entry ends as FAILED, and connections to it with "No route to host".
--
-- If the forwarding entry is missing as well (fact "forwarding_entry"), the host was never told of the endpoint, or was
-- told that it is gone: a fault of the gossip. If it is there, the driver failed half-way, as it does when the table is full
-- (see neigh-table-overflow), and the finding blames the driver.
WITH absent AS MATERIALIZED (
  SELECT e.host, e.netns, e.net, e.ip, e.mac, e.node, e.source, e.endpoint_ref
  FROM expected_neighbour AS e
  LEFT JOIN vxlan_neighbour AS n ON n.host = e.host AND n.netns = e.netns AND n.ip = e.ip
  WHERE n.ip IS NULL
), missing AS (
  SELECT a.*, c.ref AS coverage_ref FROM absent AS a CROSS JOIN captured AS c WHERE c.tbl = 'neighbour' AND c.host = a.host AND c.netns = a.netns
)
SELECT
  e.host,
  e.host || ' has no neighbour row for ' || COALESCE(d.label || ' ', '') || '(' || e.ip || ')'
    || COALESCE(' on ' || d.host, '') || ' in ' || o.network || ': ARP for it is not answered' AS summary,
  'neigh:' || e.host || '/' || o.netns_name || '/' || e.ip AS subject,
  CASE WHEN f.ref IS NOT NULL THEN 'driver' END AS blame,
  CASE WHEN f.ref IS NOT NULL THEN 'this host''s forwarding entries and its neighbour rows' WHEN e.source <> 'tasks' THEN 'the endpoint''s own node and this host''s neighbour rows' END AS views,
  o.netns_name AS netns,
  e.ip,
  o.vxlan AS dev,
  o.network,
  d.label AS endpoint,
  d.service,
  e.mac,
  a.ip AS vtep_of_its_node,
  COALESCE(d.host, e.node) AS runs_on,
  CASE WHEN f.ref IS NOT NULL THEN 'is there, to ' || f.dst
    WHEN w.ref IS NOT NULL THEN 'missing, too' ELSE 'not known' END AS forwarding_entry,
  d.why,
  e.coverage_ref,
  e.endpoint_ref,
  f.ref AS fdb_ref,
  o.ref AS netns_ref
FROM missing AS e
JOIN overlay_netns AS o ON o.host = e.host AND o.netns = e.netns
JOIN endpoint AS d ON d.net = e.net AND d.ip = e.ip
LEFT JOIN captured AS w ON w.tbl = 'fdb' AND w.host = e.host AND w.netns = e.netns
LEFT JOIN vxlan_fdb AS f ON f.host = e.host AND f.netns = e.netns AND f.mac = e.mac AND f.entry = 'programmed' AND f.seen = 'both'
LEFT JOIN (SELECT node, MIN(ip) AS ip FROM vtep_agreed GROUP BY node HAVING COUNT(*) = 1) AS a ON a.node = e.node
