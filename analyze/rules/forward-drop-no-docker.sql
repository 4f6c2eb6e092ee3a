-- Rules of somebody else drop what Docker would forward
-- catalogue: C5
-- severity: critical
-- since: 0.3.0
-- layer: firewall
-- need: one host
-- blame: firewall
-- check: iptables -nvL FORWARD --line-numbers; iptables -nvL DOCKER-USER --line-numbers
-- remedy: iptables -I DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN (where DOCKER-USER drops answers, too)
-- risk: answers to what containers ask pass; new connections are still dropped
-- verify: iptables -nvL DOCKER-USER --line-numbers
-- undo: iptables -D DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-- remedy: iptables -D <chain> <num>
-- risk: what the rule was meant to keep out comes in
-- verify: iptables -nvL <chain> --line-numbers
-- undo: iptables -I <chain> <num> with the rest of the fact "rule"
-- remedy: where FORWARD drops by its policy and nothing of Docker's is in it: systemctl restart docker
-- risk: without live restore every container of this host stops; drain the node first
-- verify: iptables -S FORWARD
-- undo: nothing to undo
-- upstream: moby#39439, moby#28257, docker/docs#2941
-- limits: rules with conditions that say whom they mean (addresses, ports, states) are taken for meant, and told at most as low. nftables rules of other tables are not read.
--
-- What containers send and get passes the filter chain FORWARD. Docker's part of it begins with a jump to DOCKER-USER, whose rules come first
-- and are the operator's, and goes on with DOCKER-FORWARD or rules of its own. A DROP as the policy of FORWARD is normal: Docker sets it
-- itself, and accepts what is its own. Not normal are a DROP or REJECT for everything above Docker's jumps; a DROP policy in a table in which Docker has
-- no rule at all (the other flavour of iptables, mostly); and a DROP in DOCKER-USER that lets no answers through.
--
-- The last is the most frequent: "drop all but my network" above, in words like -i eth0 -j DROP, also drops the answers to what containers
-- ask outside. Connections of containers time out; published ports are closed, as was meant.
WITH walled AS (
  SELECT r.host, r.netns, r.flavour, r.chain, r.num, r.target, r.spec, r.proto, r.in_iface, r.out_iface, r.src, r.dst, r.dport_min, r.ctstate, r.inverted, r.packets, COALESCE(r.packets_last, r.packets) AS packets_last, r.ref,
    CASE WHEN r.proto IS NULL AND r.src IS NULL AND r.dst IS NULL AND r.dport_min IS NULL AND r.sport_min IS NULL AND r.ctstate IS NULL AND r.src_type IS NULL AND r.dst_type IS NULL
      AND r.ipvs IS NULL AND r.mark IS NULL AND COALESCE(r.unmodelled, '') = '' AND COALESCE(r.inverted, '') = '' THEN 1 ELSE 0 END AS bare
  FROM iptables_rule AS r
  JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind = 'host'
  WHERE r.tbl = 'filter' AND r.family = 'ipv4' AND r.chain IN ('FORWARD', 'DOCKER-USER') AND r.target IN ('DROP', 'REJECT') AND r.seen = 'both'
), docker AS (
  SELECT host, netns, flavour, MIN(num) AS num, MIN(ref) AS ref FROM iptables_rule
  WHERE tbl = 'filter' AND family = 'ipv4' AND chain = 'FORWARD' AND substr(target, 1, 6) = 'DOCKER' GROUP BY host, netns, flavour
), answers AS (
  SELECT host, netns, flavour, chain, MIN(num) AS num FROM iptables_rule
  WHERE tbl = 'filter' AND family = 'ipv4' AND chain IN ('FORWARD', 'DOCKER-USER') AND target IN ('ACCEPT', 'RETURN') AND (instr(ctstate, 'ESTABLISHED') > 0 OR unmodelled <> '')
  GROUP BY host, netns, flavour, chain
), first_return AS (
  SELECT host, netns, flavour, chain, MIN(num) AS num FROM iptables_rule
  WHERE tbl = 'filter' AND family = 'ipv4' AND chain IN ('FORWARD', 'DOCKER-USER') AND target IN ('ACCEPT', 'RETURN') AND proto IS NULL AND src IS NULL AND dst IS NULL AND in_iface IS NULL AND out_iface IS NULL
    AND ctstate IS NULL AND dport_min IS NULL AND sport_min IS NULL AND COALESCE(unmodelled, '') = '' AND src_type IS NULL AND dst_type IS NULL GROUP BY host, netns, flavour, chain
), other AS (
  SELECT host, netns, flavour, MIN(num) AS num FROM iptables_rule WHERE tbl = 'filter' AND family = 'ipv4' AND chain = 'FORWARD' AND substr(target, 1, 6) <> 'DOCKER'
    AND target NOT IN ('ACCEPT', 'DROP', 'REJECT', 'LOG', 'RETURN', 'NFLOG', 'MARK', 'CONNMARK', 'TCPMSS') GROUP BY host, netns, flavour
), wall AS (
  SELECT w.host, w.netns, 'a rule before Docker''s' AS what, w.flavour, w.chain, w.num, w.spec, w.packets, w.packets_last, CASE WHEN o.num IS NOT NULL THEN 'high' END AS severity, w.ref, d.ref AS docker_ref,
    w.host || ' drops everything that is forwarded' || COALESCE(' from ' || w.in_iface, '') || ' before Docker''s rules are asked (rule ' || w.num || ' of FORWARD)' AS says
  FROM walled AS w JOIN docker AS d ON d.host = w.host AND d.netns = w.netns AND d.flavour = w.flavour AND w.num < d.num
  LEFT JOIN first_return AS f ON f.host = w.host AND f.netns = w.netns AND f.flavour = w.flavour AND f.chain = w.chain AND f.num < w.num
  LEFT JOIN other AS o ON o.host = w.host AND o.netns = w.netns AND o.flavour = w.flavour AND o.num < w.num
  WHERE w.chain = 'FORWARD' AND w.bare = 1 AND f.num IS NULL
    AND w.out_iface IS NULL AND (w.in_iface IS NULL OR substr(w.in_iface, 1, 6) = 'docker' OR substr(w.in_iface, 1, 3) = 'br-')
  UNION ALL
  SELECT w.host, w.netns, 'a rule in DOCKER-USER', w.flavour, w.chain, w.num, w.spec, w.packets, w.packets_last, CASE WHEN w.bare = 0 THEN 'low' WHEN w.packets_last > w.packets THEN 'critical' ELSE 'high' END, w.ref, d.ref,
    'DOCKER-USER on ' || w.host || ' drops ' || CASE WHEN w.bare = 0 THEN 'answers to containers from all but ' || w.src WHEN w.in_iface IS NULL THEN 'everything' ELSE 'all that comes by ' || w.in_iface END
      || CASE WHEN w.bare = 0 THEN '' ELSE ', answers to containers too' END || ' (rule ' || w.num || ')'
  FROM walled AS w JOIN docker AS d ON d.host = w.host AND d.netns = w.netns AND d.flavour = w.flavour
  LEFT JOIN answers AS a ON a.host = w.host AND a.netns = w.netns AND a.flavour = w.flavour AND a.chain = w.chain AND a.num < w.num
  LEFT JOIN first_return AS f ON f.host = w.host AND f.netns = w.netns AND f.flavour = w.flavour AND f.chain = w.chain AND f.num < w.num
  WHERE w.chain = 'DOCKER-USER' AND a.num IS NULL AND f.num IS NULL AND w.out_iface IS NULL
    AND (w.bare = 1 OR (w.inverted = 'src' AND w.dport_min IS NULL AND w.dst IS NULL AND w.ctstate IS NULL AND w.proto IS NULL))
  UNION ALL
  SELECT c.host, c.netns, 'the policy', c.flavour, 'FORWARD', NULL, NULL, c.packets, COALESCE(c.packets_last, c.packets), CASE WHEN COALESCE(c.packets_last, c.packets) = 0 THEN 'high' END, c.ref, NULL,
    'The policy of FORWARD on ' || c.host || ' is DROP in iptables-' || c.flavour || ', where Docker has no rule that accepts anything'
  FROM iptables_chain AS c
  JOIN netns AS n ON n.host = c.host AND n.netns = c.netns AND n.kind = 'host'
  JOIN captured AS k ON k.tbl = 'iptables_rule' AND k.host = c.host AND k.netns = c.netns
  LEFT JOIN (SELECT DISTINCT host, netns, flavour FROM iptables_rule WHERE tbl = 'filter' AND family = 'ipv4' AND chain = 'FORWARD'
    AND (substr(target, 1, 6) = 'DOCKER' OR target NOT IN ('DROP', 'REJECT', 'LOG', 'RETURN', 'NFLOG', 'MARK', 'CONNMARK', 'TCPMSS'))) AS r ON r.host = c.host AND r.netns = c.netns AND r.flavour = c.flavour
  JOIN engine_layout AS l ON l.host = c.host AND l.recognised = 1
  WHERE c.tbl = 'filter' AND c.family = 'ipv4' AND c.chain = 'FORWARD' AND c.policy = 'DROP' AND c.seen = 'both' AND r.host IS NULL
)
SELECT
  w.host,
  w.says AS summary,
  'rule:' || w.host || '/' || w.flavour || '/' || w.chain || '/' || COALESCE(w.spec, 'policy') AS subject,
  w.severity,
  w.what AS dropped_by,
  w.flavour,
  w.chain,
  w.num,
  w.spec AS rule,
  w.packets_last AS dropped,
  w.packets_last - w.packets AS dropped_meanwhile,
  w.ref AS rule_ref,
  w.docker_ref,
  b.ref AS bridge_ref
FROM wall AS w
JOIN (SELECT host, netns, MIN(ref) AS ref FROM link WHERE kind = 'bridge' AND (name IN ('docker0', 'docker_gwbridge') OR substr(name, 1, 3) = 'br-') GROUP BY host, netns) AS b ON b.host = w.host AND b.netns = w.netns
