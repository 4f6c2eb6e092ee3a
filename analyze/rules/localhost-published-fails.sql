-- Published ports do not answer at 127.0.0.1 of the host itself
-- catalogue: C19
-- severity: medium
-- since: 0.3.0
-- layer: ingress
-- need: a manager
-- blame: configuration
-- check: sysctl net.ipv4.conf.<bridge>.route_localnet; curl -m 2 http://127.0.0.1:<published>/; curl -m 2 http://<host_ip>:<published>/
-- remedy: sysctl -w net.ipv4.conf.<bridge>.route_localnet=1
-- risk: none beyond what dockerd sets itself
-- verify: curl -m 2 http://127.0.0.1:<published>/
-- undo: sysctl -w net.ipv4.conf.<bridge>.route_localnet=0
-- remedy: ask the host's own address, not 127.0.0.1
-- risk: none
-- verify: curl -m 2 http://<host_ip>:<published>/
-- undo: nothing to undo
-- limits: ::1 never works, and is not judged: the routing mesh is of IPv4, and dockerd's socket takes the connection and never answers
--
-- A connection from the host to 127.0.0.1 and a published port is translated to ingress_sbox, and leaves by docker_gwbridge with a source of
-- 127.0.0.1. The kernel drops such a packet as a martian unless route_localnet is set for the bridge (or for all). dockerd sets it when it makes
-- the mesh's rules; hardening scripts, and whatever writes all of a bridge's settings later, take it back.
--
-- Clients on other machines, and the host's other addresses, are not concerned: what breaks are health checks, reverse proxies and
-- scripts on the host that ask localhost. They time out.
SELECT
  e.host,
  'Published ports of ' || e.host || ' do not answer at 127.0.0.1: route_localnet is off on ' || e.bridge AS summary,
  'sysctl:' || e.host || '/' || s.key AS subject,
  s.key,
  e.bridge,
  e.published,
  e.service,
  g.node_addr AS host_ip,
  s.ref AS sysctl_ref,
  a.ref AS all_ref,
  e.port_ref
FROM (SELECT x.*, ROW_NUMBER() OVER (PARTITION BY x.host ORDER BY x.proto, x.published) AS place FROM expected_port AS x) AS e
JOIN sysctl AS s ON s.host = e.host AND s.netns = e.host_netns AND s.key = 'net.ipv4.conf.' || replace(e.bridge, '.', '/') || '.route_localnet' AND s.value = '0'
JOIN sysctl AS a ON a.host = e.host AND a.netns = e.host_netns AND a.key = 'net.ipv4.conf.all.route_localnet' AND a.value = '0'
JOIN engine AS g ON g.host = e.host
WHERE e.place = 1
