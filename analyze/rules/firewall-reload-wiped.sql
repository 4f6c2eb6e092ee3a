-- Docker's chains are gone from the host's firewall
-- catalogue: C4
-- severity: critical
-- since: 0.3.0
-- layer: firewall
-- need: one host
-- blame: firewall
-- views: the running engine and this host's rules
-- check: iptables-save | grep -c DOCKER; docker info -f '{{json .FirewallBackend}}'; systemctl show -p ActiveEnterTimestamp firewalld ufw netfilter-persistent docker
-- remedy: systemctl restart docker
-- risk: without live restore every container of this host stops, and the swarm places its tasks elsewhere; drain the node first
-- verify: iptables-save | grep -c DOCKER
-- undo: nothing to undo
-- remedy: against the next time: let the firewall service add and remove its own rules only, never flush or restore whole tables
-- risk: none
-- verify: reload the firewall on a drained node and look again
-- undo: nothing to undo
-- upstream: moby#16816, moby#34939, moby#50443, moby#50445, firewalld#503
-- fixed-in: 25.0.13 and 29.0.0 restore the rules of the routing mesh when firewalld reloads; 28.x do not
-- limits: who did it is told only by services that were restarted, or reloaded where the engine heard it; a command by hand leaves no trace.
--   Engines with iptables=false, rootless ones and those that use nftables themselves are not judged; of a host without the swarm only DOCKER itself.
--
-- dockerd writes its chains when it starts and its rules when networks, containers and services come. It does not look after them. Here whole
-- chains are missing, or are there without a rule, while the engine runs and would need them: somebody flushed the table, or
-- loaded a saved set over it. firewalld does so when it reloads, ufw and iptables-persistent when they restart, firehol always.
--
-- Without DOCKER-INGRESS no published port of the swarm enters through this host. Without DOCKER and the rules beside it published ports of
-- containers, their way out and the isolation between networks go: containers reach nothing outside, or, with an ACCEPT policy and no
-- MASQUERADE, send with addresses that nobody answers. Overlay traffic between containers goes on, for it does not pass here.
--
-- dockerd puts its chains back when firewalld tells it of a reload, but the rules of the mesh came back only with 25.0.13 and
-- 29.0.0. Where nothing tells, only a restart of dockerd does.
WITH gone AS (
  SELECT c.host, c.netns, 'nat/DOCKER-INGRESS' AS chain, c.docker_ref, c.chain_ref, c.rule_ref, e.ports, e.engine_ref FROM ingress_chain AS c
  JOIN (SELECT host, COUNT(*) AS ports, MIN(engine_ref) AS engine_ref FROM expected_port GROUP BY host) AS e ON e.host = c.host WHERE c.nat_rules = 0
  UNION ALL
  SELECT c.host, c.netns, 'filter/DOCKER-INGRESS', c.docker_ref, c.chain_ref, c.rule_ref, e.ports, e.engine_ref FROM ingress_chain AS c
  JOIN (SELECT host, COUNT(*) AS ports, MIN(engine_ref) AS engine_ref FROM expected_port GROUP BY host) AS e ON e.host = c.host WHERE c.filter_rules = 0
  UNION ALL
  SELECT c.host, c.netns, t.chain, c.docker_ref, c.chain_ref, c.rule_ref, NULL, l.ref
  FROM ingress_chain AS c
  JOIN (SELECT 'nat/DOCKER' AS chain UNION ALL SELECT 'filter/DOCKER') AS t ON (t.chain = 'nat/DOCKER' AND c.docker_nat = 0) OR (t.chain = 'filter/DOCKER' AND c.docker_filter = 0)
  JOIN engine_layout AS l ON l.host = c.host AND l.recognised = 1
  JOIN engine AS g ON g.host = c.host AND instr(COALESCE(g.security_options, ''), 'rootless') = 0
  JOIN captured AS o ON o.tbl = 'daemon_option' AND o.host = c.host
  JOIN (SELECT host, netns, MIN(ref) AS ref FROM link WHERE kind = 'bridge' AND name IN ('docker0', 'docker_gwbridge') GROUP BY host, netns) AS b ON b.host = c.host AND b.netns = c.netns
  LEFT JOIN (SELECT DISTINCT host FROM daemon_option WHERE name = 'iptables' AND lower(value) = 'false') AS off ON off.host = c.host
  WHERE off.host IS NULL
)
SELECT
  g.host,
  g.host || ' has lost ' || group_concat(g.chain, ', ') || ' of Docker''s rules' || COALESCE(': ' || MAX(g.ports) || CASE WHEN MAX(g.ports) = 1 THEN ' published port does' ELSE ' published ports do' END || ' not enter here', '')
    || COALESCE('; ' || MAX(v.name) || ' worked on the firewall after dockerd had started', '') AS summary,
  'chain:' || g.host || '/docker' AS subject,
  group_concat(g.chain, ' ') AS missing,
  MAX(g.ports) AS published_ports,
  MAX(v.name) AS firewall_service,
  CAST(MAX(v.after_s) AS INTEGER) AS seconds_after_dockerd,
  MAX(v.why) AS known_because,
  MIN(g.engine_ref) AS engine_ref,
  MIN(g.docker_ref) AS chain_ref,
  MIN(g.chain_ref) AS coverage_ref,
  MIN(g.rule_ref) AS rules_ref,
  MAX(v.ref) AS event_ref
FROM (SELECT * FROM gone ORDER BY host, chain) AS g
LEFT JOIN (SELECT host, name, after_s, why, ref FROM (SELECT w.*, ROW_NUMBER() OVER (PARTITION BY host ORDER BY at_s DESC, name, ref) AS place FROM firewall_event AS w) WHERE place = 1) AS v ON v.host = g.host
GROUP BY g.host
