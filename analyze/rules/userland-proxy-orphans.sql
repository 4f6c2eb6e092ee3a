-- docker-proxy holds a port for a container that is gone
-- catalogue: H9
-- severity: low
-- since: 0.3.0
-- layer: ingress
-- need: one host, two reads
-- blame: daemon
-- check: ps -o pid,ppid,lstart,args -C docker-proxy; docker ps --format '{{.Names}} {{.Ports}}'
-- remedy: kill <pid>
-- risk: none, if no running container publishes the port: connections through the proxy go nowhere already
-- verify: ss -ltnup 'sport = :<host_port>'
-- undo: docker restart of the container that should have the port
-- remedy: systemctl restart docker
-- risk: without live-restore every container of the host restarts
-- verify: ps -C docker-proxy
-- undo: nothing to undo
-- limits: a proxy of the last minute is not told while its parent is dockerd: the container may be starting. Ports of the routing mesh have no docker-proxy, as
--   dockerd itself holds them.
--
-- For each published port dockerd starts a docker-proxy. Its main task is to hold the port; it carries only what the DNAT rule does not catch:
-- connections from the host itself to localhost, and all of them with iptables off. When dockerd is killed, or removes a container while the
-- network driver fails, the proxy stays behind.
--
-- It does two kinds of harm. A new container that wants the port fails with "address already in use" though docker ps shows
-- nobody on it (published-port-conflict). And clients on the host that go through it wait for an address that nobody has; if the bridge
-- has given the address to another container since, they reach that one.
WITH published AS (
  SELECT DISTINCT p.host, p.proto, p.host_port
  FROM container_port AS p JOIN container AS c ON c.host = p.host AND c.container = p.container
  WHERE p.host_port IS NOT NULL AND c.state IN ('running', 'paused', 'restarting')
), owner AS (
  SELECT n.host, n.ip, MAX(c.name) AS name, MIN(n.ref) AS ref
  FROM container_network AS n JOIN container AS c ON c.host = n.host AND c.container = n.container
  WHERE n.ip <> '' AND c.state = 'running' GROUP BY n.host, n.ip
)
SELECT
  x.host,
  'docker-proxy ' || x.pid || ' on ' || x.host || ' holds port ' || x.host_port || '/' || x.proto || ' for ' || x.container_ip || ', and no container publishes it'
    || COALESCE('; the address is ' || o.name || '''s now', '') AS summary,
  'proxy:' || x.host || '/' || x.proto || '/' || x.host_ip || '/' || x.host_port AS subject,
  x.pid,
  x.proto,
  x.host_ip,
  x.host_port,
  x.container_ip,
  x.container_port,
  CAST(x.age_s AS INTEGER) AS seconds_old,
  x.ppid AS parent,
  o.name AS address_is_of,
  x.ref AS process_ref,
  a.ref AS coverage_ref,
  o.ref AS owner_ref
FROM userland_proxy AS x
CROSS JOIN captured AS a
CROSS JOIN captured AS b
LEFT JOIN published AS p ON p.host = x.host AND p.proto = x.proto AND p.host_port = x.host_port
LEFT JOIN owner AS o ON o.host = x.host AND o.ip = x.container_ip
WHERE a.host = x.host AND a.tbl = 'container_port' AND b.host = x.host AND b.tbl = 'container' AND x.seen = 'both' AND (x.age_s >= 60 OR x.ppid = 1) AND p.host IS NULL
