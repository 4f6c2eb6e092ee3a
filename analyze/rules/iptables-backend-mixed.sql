-- Docker's rules are in both iptables, legacy and nft
-- catalogue: C3
-- severity: high
-- since: 0.3.0
-- layer: firewall
-- need: one host
-- blame: configuration
-- check: iptables-legacy-save | grep -c DOCKER; iptables-nft-save | grep -c DOCKER; update-alternatives --display iptables
-- remedy: choose the flavour that the host's tools use (update-alternatives --config iptables), drain the node, and reboot: the other one's rules are gone then
-- risk: the node's containers stop; its tasks run elsewhere meanwhile
-- verify: iptables-legacy-save | grep -c DOCKER; iptables-nft-save | grep -c DOCKER
-- undo: choose the other flavour
-- remedy: remove the leftover by hand: iptables-<other> -F and -X of Docker's chains, after their jumps, and a policy of ACCEPT for FORWARD there
-- risk: the wrong flavour takes the rules that work
-- verify: iptables-<other>-save | grep -c DOCKER
-- undo: systemctl restart docker
-- upstream: moby#46636, moby#26824, docker-library#467, ufw-docker#9, ufw-docker#114
-- limits: chains without rules, and tables that were only loaded, are no fault. Which flavour dockerd uses now is told by counters alone.
--
-- The kernel has two sets of iptables, and a packet passes both: what either drops is dropped, and each translates addresses on its own. dockerd uses the
-- one that the command iptables stands for when it starts. When that was changed (an upgrade of the distribution, update-alternatives), or when
-- a container with the other flavour and the host's network writes rules (agents, docker in docker, ufw-docker), Docker's chains stand in both.
--
-- Nobody looks after the older set: its DNAT rules lead to addresses that containers had long ago, its isolation drops what the newer
-- accepts, and a DROP policy there stays. Published ports work or not by which set translates first, and rules that an operator adds with the tool of the other
-- flavour do nothing.
SELECT
  n.host,
  'Docker''s rules are in both iptables of ' || n.host || ': ' || l.rules || ' in legacy and ' || x.rules || ' in nft'
    || CASE WHEN l.jumps = 0 THEN '; nothing leads to those in legacy' WHEN x.jumps = 0 THEN '; nothing leads to those in nft' ELSE '' END AS summary,
  'firewall:' || n.host || '/flavours' AS subject,
  CASE WHEN (l.jumps = 0 OR x.jumps = 0) THEN 'low' END AS severity,
  l.rules AS legacy_rules,
  x.rules AS nft_rules,
  l.hits AS legacy_packets_meanwhile,
  x.hits AS nft_packets_meanwhile,
  CASE WHEN l.hits > 0 AND x.hits = 0 THEN 'nft' WHEN x.hits > 0 AND l.hits = 0 THEN 'legacy' END AS other,
  l.ref AS legacy_ref,
  x.ref AS nft_ref
FROM netns AS n
JOIN (SELECT host, netns, SUM(CASE WHEN substr(chain, 1, 6) = 'DOCKER' THEN 1 ELSE 0 END) AS rules, SUM(CASE WHEN substr(chain, 1, 6) <> 'DOCKER' AND substr(target, 1, 6) = 'DOCKER' THEN 1 ELSE 0 END) AS jumps,
    SUM(CASE WHEN substr(target, 1, 6) = 'DOCKER' THEN COALESCE(packets_last, packets) - packets ELSE 0 END) AS hits, MIN(CASE WHEN substr(chain, 1, 6) = 'DOCKER' THEN ref END) AS ref
  FROM iptables_rule WHERE family = 'ipv4' AND flavour = 'legacy' AND tbl IN ('nat', 'filter') AND seen = 'both' GROUP BY host, netns) AS l ON l.host = n.host AND l.netns = n.netns AND l.rules > 0
JOIN (SELECT host, netns, SUM(CASE WHEN substr(chain, 1, 6) = 'DOCKER' THEN 1 ELSE 0 END) AS rules, SUM(CASE WHEN substr(chain, 1, 6) <> 'DOCKER' AND substr(target, 1, 6) = 'DOCKER' THEN 1 ELSE 0 END) AS jumps,
    SUM(CASE WHEN substr(target, 1, 6) = 'DOCKER' THEN COALESCE(packets_last, packets) - packets ELSE 0 END) AS hits, MIN(CASE WHEN substr(chain, 1, 6) = 'DOCKER' THEN ref END) AS ref
  FROM iptables_rule WHERE family = 'ipv4' AND flavour = 'nft' AND tbl IN ('nat', 'filter') AND seen = 'both' GROUP BY host, netns) AS x ON x.host = n.host AND x.netns = n.netns AND x.rules > 0
WHERE n.kind = 'host'
