-- Server that Docker's resolver forwards to does not answer, or is not asked
-- catalogue: D6
-- severity: high
-- since: 0.3.0
-- layer: dns
-- need: one host, logs
-- blame: configuration
-- views: resolv.conf, and what comes back from the servers that it names
-- check: docker exec <container> cat /etc/resolv.conf; nslookup example.com <server>; journalctl -u docker | grep 'external DNS'
-- remedy: docker service update --dns-add <server_that_answers> <service>
-- risk: the tasks of the service are replaced
-- verify: docker exec <container> nslookup example.com
-- undo: docker service update --dns-rm <server_that_answers> <service>
-- remedy: put servers that answer, at most three, first in the host's /etc/resolv.conf (or netplan, NetworkManager, resolved), and recreate the containers:
--   docker service update --force <service>
-- risk: the tasks are replaced; the host itself uses the new servers, too
-- verify: docker exec <container> cat /etc/resolv.conf
-- undo: the former file
-- remedy: "dns": ["<server_that_answers>"] in /etc/docker/daemon.json, then systemctl restart docker, then recreate the containers
-- risk: the node's control plane is away for the restart
-- verify: docker run --rm <image> cat /etc/resolv.conf
-- undo: the former daemon.json, and systemctl restart docker
-- upstream: moby/moby#22185, docker/for-linux#1165, moby/libnetwork#2214
-- limits: a server counts as silent when three questions or more wait for it, by the host's connection tracking, and none was answered; or when the daemon's log has a hundred lines
--   about it (fewer are low: a busy host loses a lookup now and then). Engines before 24 write those lines in debug mode only. A server whose address lies inside one of the container's own networks is
--   overlay-overlaps-underlay-dns's. Servers that answer with a lie are not noticed.
--
-- Names that are no service's go to the servers outside that the container inherited from the host or was given. Docker's resolver asks at most three, in their order,
-- and waits four seconds for each: a dead first one makes every such lookup four seconds slow, three dead ones end it after twelve. Most clients give
-- up sooner, so it looks like an outage of everything outside. A fourth server is never asked, so it is no reserve.
--
-- Loopback addresses are a special case: 127.0.0.53 is systemd-resolved on the host and nobody in a container. Engines before 26 leave them out, and
-- take Google's servers when nothing else is left; newer ones ask them from the host's namespace. A container whose resolv.conf was
-- overwritten and no longer names 127.0.0.11 bypasses Docker's resolver, and finds no service by its name.
--
-- Reported as low: more than three servers, an overwritten resolv.conf, a few failures, and Google's servers in an isolated network.
WITH asked AS (
  SELECT host, server, COUNT(*) AS questions, SUM(replied) AS answered, MAX(ref) AS ref, MIN(src) AS src FROM (
    SELECT host, dst AS server, src, sport, MAX(CASE WHEN instr(COALESCE(status, ''), 'seen_reply') > 0 OR reply_packets > 0 OR reply_packets_last > 0 THEN 1 ELSE 0 END) AS replied, MIN(ref) AS ref
    FROM conntrack_entry WHERE proto = 'udp' AND dport = 53 AND substr(dst, 1, 4) <> '127.' GROUP BY host, dst, src, sport)
  GROUP BY host, server
), server AS (
  SELECT a.host, a.server, a.questions, 0 AS lines, a.ref AS entry_ref, NULL AS log_ref, NULL AS last, a.src FROM asked AS a WHERE a.questions >= 3 AND a.answered = 0
  UNION ALL
  SELECT f.host, f.server, 0, f.lines, NULL, f.ref, f.last, NULL FROM dns_server_failure AS f WHERE f.lines >= 5
), silent AS (
  SELECT s.host, s.server, MAX(s.questions) AS questions, MAX(s.lines) AS lines, MAX(s.entry_ref) AS entry_ref, MAX(s.log_ref) AS log_ref, MAX(s.last) AS last, MAX(s.src) AS src,
    MAX(CASE WHEN s.server IN ('8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844') THEN 1 ELSE 0 END) AS google
  FROM server AS s GROUP BY s.host, s.server
), named AS (
  SELECT host, argument AS server FROM host_resolv WHERE directive = 'nameserver'
  UNION SELECT host, value FROM daemon_option WHERE name = 'dns'
  UNION SELECT host, value FROM resolver_config WHERE item IN ('nameserver', 'ext_server')
), overwritten AS (
  SELECT n.host, n.container, MIN(c.name) AS name, MIN(c.service) AS service, MIN(r.value) AS value, MIN(r.ref) AS ref
  FROM container_network AS n
  JOIN overlay_network AS w ON w.network_id = n.network_id AND w.ingress = 0
  JOIN container AS c ON c.host = n.host AND c.container = n.container AND c.state = 'running'
  JOIN resolver_config AS r ON r.host = n.host AND r.container = n.container AND r.item = 'nameserver' AND r.position = 1 AND r.value <> '127.0.0.11'
  GROUP BY n.host, n.container
), many AS (
  SELECT r.host, r.container, MIN(c.name) AS name, MIN(c.service) AS service, COUNT(*) AS servers, MAX(r.ref) AS ref
  FROM resolver_config AS r
  JOIN container AS c ON c.host = r.host AND c.container = r.container AND c.state = 'running'
  WHERE r.item IN ('nameserver', 'ext_server') GROUP BY r.host, r.container, r.item HAVING COUNT(*) > 3
)
SELECT
  s.host,
  s.server || CASE WHEN s.questions > 0 THEN ' answers no lookup from ' || s.host || ': ' || s.questions || ' questions wait, and none was answered'
    ELSE ' failed ' || s.lines || ' lookups of Docker''s resolver on ' || s.host || ' by its log' END AS summary,
  'resolver:' || s.host || '/' || s.server AS subject,
  CASE WHEN s.google = 1 AND k.server IS NULL THEN 'low' WHEN s.questions = 0 AND s.lines < 100 THEN 'low' ELSE 'high' END AS severity,
  CASE WHEN k.server IS NOT NULL THEN 'underlay' END AS blame,
  s.server,
  NULLIF(s.questions, 0) AS questions_unanswered,
  NULLIF(s.lines, 0) AS log_lines,
  s.last AS last_line,
  s.src AS asked_by,
  c.name AS container,
  c.service,
  CASE WHEN s.google = 1 AND k.server IS NULL THEN 'Docker''s own choice: the host names no server that containers could use' END AS because,
  s.entry_ref,
  s.log_ref,
  NULL AS config_ref
FROM silent AS s
LEFT JOIN named AS k ON k.host = s.host AND k.server = s.server
LEFT JOIN (SELECT l.host, l.ip, MIN(t.name) AS name, MIN(t.service) AS service FROM local_endpoint AS l JOIN container AS t ON t.host = l.host AND t.container = l.container GROUP BY l.host, l.ip) AS c
  ON c.host = s.host AND c.ip = s.src
UNION ALL
SELECT o.host,
  COUNT(*) || CASE WHEN COUNT(*) = 1 THEN ' container' ELSE ' containers' END || ' of an overlay on ' || o.host || CASE WHEN COUNT(*) = 1 THEN ' asks ' ELSE ' ask ' END || MIN(o.value) || ' in place of Docker''s resolver, and no service by its name: ' || MIN(o.name),
  'resolver:' || o.host || '/overwritten', 'low', 'application', MIN(o.value), NULL, NULL, NULL, NULL, MIN(o.name), MIN(o.service), NULL, NULL, NULL, MIN(o.ref)
FROM overwritten AS o GROUP BY o.host
UNION ALL
SELECT m.host,
  COUNT(*) || CASE WHEN COUNT(*) = 1 THEN ' container on ' ELSE ' containers on ' END || m.host || CASE WHEN COUNT(*) = 1 THEN ' names ' ELSE ' name ' END || MAX(m.servers) || ' servers, of which the fourth and later are never asked: ' || MIN(m.name),
  'resolver:' || m.host || '/many', 'low', NULL, NULL, NULL, NULL, NULL, NULL, MIN(m.name), MIN(m.service), NULL, NULL, NULL, MIN(m.ref)
FROM many AS m GROUP BY m.host
