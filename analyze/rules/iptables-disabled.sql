-- dockerd does not program the firewall
-- catalogue: H11
-- severity: high
-- since: 0.3.0
-- layer: firewall
-- need: one host
-- blame: configuration
-- check: grep -E 'iptables' /etc/docker/daemon.json; ps -o args -C dockerd; iptables -t nat -S POSTROUTING
-- remedy: take "iptables": false out of daemon.json (or --iptables=false out of the unit); systemctl restart docker
-- risk: without live-restore every container of the host restarts; Docker's rules come before those of others and open published ports
-- verify: iptables -t nat -S DOCKER; iptables -S DOCKER-USER
-- undo: the option again and systemctl restart docker
-- remedy: iptables -t nat -A POSTROUTING -s <subnet> ! -o <bridge> -j MASQUERADE
-- risk: for one bridge only, and until the host starts again
-- verify: docker run --rm <image> ping -c 1 192.0.2.1
-- undo: iptables -t nat -D POSTROUTING -s <subnet> ! -o <bridge> -j MASQUERADE
-- upstream: moby/moby#28241, moby/moby#28811
-- limits: rules that somebody else makes are only looked for in iptables: who masquerades with nftables of his own is told too. With the
--   nftables backend of engine 29 the option has the same meaning.
--
-- With the option false dockerd leaves the tables alone, which people want who manage the firewall themselves. What they then must do for
-- Docker is more than is commonly thought: masquerade each bridge and docker_gwbridge (or containers reach nothing outside), forward
-- published ports (the docker-proxy stands in for that, slowly, and hides the client's address), and keep bridges apart from each other.
--
-- In a swarm it is worse than none: the routing mesh programs its rules all the same, on every engine to this day, and they
-- rest on chains and a masquerading that nobody made. Tasks are reached through the mesh and cannot answer to the outside.
--
-- If a rule masquerades what the bridges have, severity is low: somebody did that work.
WITH off AS (
  SELECT o.host, o.source, o.ref, ROW_NUMBER() OVER (PARTITION BY o.host ORDER BY o.source, o.ref) AS place
  FROM daemon_option AS o
  WHERE o.name = 'iptables' AND lower(o.value) IN ('false', '0', 'f')
), own AS (
  SELECT r.host, COUNT(*) AS rules, MIN(r.ref) AS ref
  FROM iptables_rule AS r JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind = 'host'
  WHERE r.tbl = 'nat' AND r.chain = 'POSTROUTING' AND r.target IN ('MASQUERADE', 'SNAT') GROUP BY r.host
), ports AS (
  SELECT p.host, COUNT(*) AS ports FROM container_port AS p WHERE p.host_port IS NOT NULL GROUP BY p.host
), bridge AS (
  SELECT n.host, n.name, s.subnet, ROW_NUMBER() OVER (PARTITION BY n.host ORDER BY CASE WHEN n.name = 'bridge' THEN 0 ELSE 1 END, n.name) AS place
  FROM network AS n JOIN network_subnet AS s ON s.host = n.host AND s.network_id = n.network_id
  WHERE n.driver = 'bridge'
)
SELECT
  o.host,
  'dockerd on ' || o.host || ' runs with iptables off' || CASE WHEN m.rules > 0 THEN '; somebody else masquerades' WHEN a.host IS NULL THEN ', and what others masquerade is not known' ELSE ', and nobody else masquerades: containers reach nothing outside' END
    || CASE WHEN e.swarm_state = 'active' THEN '; the routing mesh programs its rules all the same' ELSE '' END AS summary,
  'daemon:' || o.host || '/iptables' AS subject,
  CASE WHEN m.rules > 0 THEN 'low' WHEN a.host IS NULL THEN 'medium' END AS severity,
  o.source AS set_in,
  m.rules AS rules_of_others,
  p.ports AS published_ports,
  b.subnet,
  CASE WHEN b.name = 'bridge' THEN 'docker0' ELSE b.name END AS bridge,
  e.swarm_state,
  o.ref AS option_ref,
  m.ref AS rule_ref,
  e.ref AS engine_ref,
  CASE WHEN m.rules IS NULL THEN a.ref END AS coverage_ref
FROM off AS o
LEFT JOIN (SELECT n.host, MIN(c.ref) AS ref FROM netns AS n JOIN captured AS c ON c.host = n.host AND c.netns = n.netns AND c.tbl = 'iptables_rule'
  WHERE n.kind = 'host' GROUP BY n.host) AS a ON a.host = o.host
LEFT JOIN own AS m ON m.host = o.host
LEFT JOIN ports AS p ON p.host = o.host
LEFT JOIN bridge AS b ON b.host = o.host AND b.place = 1
LEFT JOIN engine AS e ON e.host = o.host
WHERE o.place = 1
