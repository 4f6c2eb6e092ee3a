-- Engine on nftables beside the swarm, or beside its own old iptables rules
-- catalogue: C17
-- severity: high
-- since: 0.3.0
-- layer: firewall
-- need: one host
-- blame: configuration
-- check: docker info -f '{{json .FirewallBackend}} {{.Swarm.LocalNodeState}}'; iptables-save | grep DOCKER; nft list table ip docker-bridges
-- remedy: remove "firewall-backend" from /etc/docker/daemon.json and restart docker on a drained node
-- risk: without live restore every container of this host stops
-- verify: docker info -f '{{json .FirewallBackend}}'
-- undo: set "firewall-backend": "nftables" again
-- remedy: where old rules are left: iptables -P FORWARD ACCEPT; iptables -D FORWARD -j DOCKER-FORWARD; iptables -D FORWARD -j DOCKER-USER (or reboot the drained node)
-- risk: rules of the operator in DOCKER-USER no longer count; move them to a table of nftables first
-- verify: iptables -S FORWARD
-- undo: iptables -A FORWARD -j DOCKER-USER; iptables -A FORWARD -j DOCKER-FORWARD
-- limits: what the engine programs into nftables itself is not judged
--
-- From 29.0 on the engine can write nftables rules of its own (table docker-bridges) in place of iptables. Two things go wrong with it. A swarm
-- needs iptables: the engine refuses to join one, or to start, unless the experimental feature swarm-nftables of 29.7 is on; that one is told as low.
-- And the rules that an earlier start of the engine wrote with iptables stay until a reboot. In nftables an accept of one table does not
-- overrule the drop of another: a DROP policy of the old FORWARD, or the drops of the old DOCKER chain, still end connections of containers that
-- the new table accepts.
SELECT
  e.host,
  'The engine of ' || e.host || ' uses ' || e.firewall_backend || CASE WHEN r.ref IS NOT NULL THEN ', and ' || r.rules || ' rules that it wrote with iptables before are still there' || CASE WHEN c.ref IS NOT NULL THEN ', with a DROP policy of FORWARD' ELSE '' END
    ELSE ' in a swarm, which is experimental' END AS summary,
  'firewall:' || e.host || '/nftables' AS subject,
  CASE WHEN r.ref IS NULL THEN 'low' WHEN c.ref IS NULL AND r.drops = 0 THEN 'medium' END AS severity,
  e.version,
  e.firewall_backend,
  e.swarm_state,
  r.rules AS iptables_rules,
  r.flavour,
  c.policy AS forward_policy,
  e.ref AS engine_ref,
  r.ref AS rule_ref,
  c.ref AS policy_ref
FROM engine AS e
JOIN netns AS n ON n.host = e.host AND n.kind = 'host'
LEFT JOIN (SELECT host, netns, COUNT(*) AS rules, MIN(flavour) AS flavour, SUM(CASE WHEN target = 'DROP' THEN 1 ELSE 0 END) AS drops, MIN(ref) AS ref FROM iptables_rule
  WHERE family = 'ipv4' AND tbl = 'filter' AND seen = 'both' AND ((chain = 'FORWARD' AND target IN ('DOCKER-FORWARD', 'DOCKER-ISOLATION-STAGE-1', 'DOCKER')) OR chain IN ('DOCKER-FORWARD', 'DOCKER'))
  GROUP BY host, netns HAVING MAX(CASE WHEN chain = 'FORWARD' THEN 1 ELSE 0 END) = 1) AS r ON r.host = n.host AND r.netns = n.netns
LEFT JOIN (SELECT host, netns, MIN(policy) AS policy, MIN(ref) AS ref FROM iptables_chain WHERE family = 'ipv4' AND tbl = 'filter' AND chain = 'FORWARD' AND policy = 'DROP' GROUP BY host, netns) AS c ON c.host = n.host AND c.netns = n.netns AND r.ref IS NOT NULL
WHERE substr(e.firewall_backend, 1, 8) = 'nftables' AND (r.ref IS NOT NULL OR e.swarm_state = 'active')
