-- Daemons of one swarm are configured differently
-- catalogue: J5
-- severity: medium
-- since: 0.3.0
-- layer: clock
-- need: several hosts
-- blame: configuration
-- check: cat /etc/docker/daemon.json; ps -o args= -C dockerd on each host
-- remedy: on <odd_host>: set <setting> in /etc/docker/daemon.json as on <other_host>, then systemctl restart docker
-- risk: every task on that node stops and is started again, there or elsewhere
-- verify: netmortem analyze of new captures
-- undo: put the old value back and restart docker again
-- limits: what the file and the command line say now, whether or not the daemon has read it. Medium for what changes how packets go, and only where most of three hosts
--   or more agree; anything else is low. Settings that are meant to differ, as labels, addresses and directories, are left out.
--
-- Services are meant to find the same conditions on every node. If one of them is set up otherwise, a task misbehaves depending on where it was placed, which
-- looks like chance.
--
-- Settings of firewalling and forwarding decide whether published ports and overlays work at all on that node. Pools decide which subnets bridges take, and so what they can collide
-- with. Resolvers decide what names outside of the swarm mean. mtu changes docker0 only, not overlays: see mtu-inconsistent.
WITH host_list AS (
  SELECT e.host, c.ref FROM engine AS e JOIN captured AS c ON c.host = e.host AND c.tbl = 'daemon_option' WHERE e.swarm_state = 'active'
), size AS (
  SELECT COUNT(DISTINCT host) AS hosts FROM host_list
), name_list AS (
  SELECT DISTINCT name FROM daemon_setting WHERE name IN ('iptables', 'ip6tables', 'ip-forward', 'ip-masq', 'icc', 'firewall-backend', 'userland-proxy', 'default-address-pools',
    'mtu', 'dns', 'dns-opts', 'dns-search', 'log-driver', 'storage-driver', 'ipv6', 'live-restore', 'exec-opts', 'default-ulimits', 'max-concurrent-downloads', 'bridge', 'allow-direct-routing')
), share AS (
  SELECT n.name, COALESCE(s.value, 'not set') AS value, COUNT(DISTINCT h.host) AS hosts, MIN(h.host) AS host, MIN(COALESCE(s.ref, h.ref)) AS ref
  FROM name_list AS n CROSS JOIN (SELECT host, MIN(ref) AS ref FROM host_list GROUP BY host) AS h
  LEFT JOIN daemon_setting AS s ON s.name = n.name AND s.host = h.host
  GROUP BY n.name, COALESCE(s.value, 'not set')
), ranked AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY name ORDER BY hosts DESC, CASE value WHEN 'not set' THEN 1 ELSE 2 END, host) AS place,
    COUNT(*) OVER (PARTITION BY name) AS variants FROM share
)
SELECT
  o.host,
  o.name || ' is ' || o.value || ' on ' || CASE WHEN o.hosts = 1 THEN o.host ELSE o.hosts || ' hosts (' || o.host || ')' END
    || ', ' || CASE WHEN m.value = 'not set' THEN 'not set' ELSE m.value END || ' on ' || CASE WHEN m.hosts = 1 THEN m.host ELSE m.hosts || ' others' END
    || CASE WHEN o.variants > 2 THEN ', and has ' || o.variants || ' values in all' ELSE '' END AS summary,
  'config:' || o.host || '/' || o.name AS subject,
  CASE WHEN o.name IN ('iptables', 'ip6tables', 'ip-forward', 'ip-masq', 'icc', 'firewall-backend', 'default-address-pools') AND z.hosts >= 3 AND 2 * m.hosts > z.hosts THEN 'medium' ELSE 'low' END AS severity,
  o.name AS setting,
  o.value,
  o.host AS odd_host,
  m.value AS most_have,
  m.host AS other_host,
  z.hosts,
  o.ref AS odd_ref,
  m.ref AS other_ref
FROM ranked AS o
JOIN ranked AS m ON m.name = o.name AND m.place = 1
JOIN size AS z ON z.hosts > 1
WHERE o.place = 2
