-- Rules against a published port that never match
-- catalogue: C16
-- severity: low
-- since: 0.3.0
-- layer: firewall
-- need: a manager
-- blame: configuration
-- check: iptables -nvL FORWARD --line-numbers
-- remedy: iptables -I DOCKER-USER -p <proto> -m conntrack --ctorigdstport <published> --ctdir ORIGINAL <who must not come in> -j DROP
-- risk: whom it means is shut out
-- verify: iptables -nvL DOCKER-USER
-- undo: the same with -D
-- upstream: moby#28469, classicswarm#2545
-- limits: rules of the chain FORWARD that name a published port of the routing mesh; rules in other chains, and in INPUT, are not looked for
--
-- Docker's jumps come first in FORWARD, and are put back to the top when dockerd starts. DOCKER-INGRESS accepts whatever comes for a published
-- port, so a rule further down that drops it is never asked: the port is open although a rule says that it is not. Rules in INPUT do not
-- see it either, for what is translated is forwarded. DOCKER-USER is the place for such rules: it is asked before.
--
-- Several jumps to DOCKER-INGRESS in one chain are remains of restored rules; they cost time, and show that somebody saves and
-- restores the tables with Docker's rules in them.
SELECT
  r.host,
  'FORWARD on ' || r.host || ' ' || CASE r.target WHEN 'DROP' THEN 'drops' ELSE 'rejects' END || ' ' || e.proto || ' port ' || e.published || COALESCE(' of ' || e.service, '') || ' in rule ' || r.num || ', and DOCKER-INGRESS accepts it before' AS summary,
  'rule:' || r.host || '/' || r.flavour || '/FORWARD/' || r.spec AS subject,
  e.proto,
  e.published,
  e.service,
  r.num,
  r.spec AS rule,
  j.num AS docker_jump,
  COALESCE(r.packets_last, r.packets) AS packets,
  r.ref AS rule_ref,
  j.ref AS jump_ref,
  e.port_ref
FROM expected_port AS e
JOIN iptables_rule AS r ON r.host = e.host AND r.netns = e.host_netns AND r.tbl = 'filter' AND r.family = 'ipv4' AND r.chain = 'FORWARD' AND r.target IN ('DROP', 'REJECT') AND r.seen = 'both'
  AND r.dport_min <= e.published AND COALESCE(r.dport_max, r.dport_min) >= e.published AND (r.proto IS NULL OR r.proto = e.proto) AND instr(COALESCE(r.inverted, ''), 'dport') = 0
JOIN ingress_chain AS c ON c.host = e.host AND c.filter_jump > 0
JOIN (SELECT host, netns, flavour, MIN(num) AS num, MIN(ref) AS ref FROM iptables_rule WHERE tbl = 'filter' AND family = 'ipv4' AND chain = 'FORWARD' AND target IN ('DOCKER-INGRESS', 'DOCKER-FORWARD') GROUP BY host, netns, flavour) AS j
  ON j.host = r.host AND j.netns = r.netns AND j.flavour = r.flavour AND j.num < r.num
UNION ALL
SELECT
  r.host,
  r.chain || ' of the ' || r.tbl || ' table on ' || r.host || ' jumps to DOCKER-INGRESS ' || COUNT(*) || ' times',
  'rule:' || r.host || '/' || r.flavour || '/' || r.tbl || '/' || r.chain || '/DOCKER-INGRESS',
  NULL, NULL, NULL, MIN(r.num), MIN(r.spec), MIN(r.num), SUM(COALESCE(r.packets_last, r.packets)), MIN(r.ref), MAX(r.ref), NULL
FROM iptables_rule AS r
JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind = 'host'
WHERE r.family = 'ipv4' AND r.target = 'DOCKER-INGRESS' AND r.seen = 'both' AND r.tbl IN ('nat', 'filter')
GROUP BY r.host, r.flavour, r.tbl, r.chain, r.spec HAVING COUNT(*) > 1
