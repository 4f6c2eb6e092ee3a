-- Docker's rules are kept in different flavours of iptables
-- catalogue: J4
-- severity: low
-- since: 0.3.0
-- layer: clock
-- need: several hosts
-- blame: configuration
-- check: iptables --version on each host; update-alternatives --display iptables
-- remedy: on <odd_host>: update-alternatives --set iptables /usr/sbin/iptables-<other_flavour>, then restart dockerd
-- risk: every task on that node stops and is started again; rules of the old flavour stay in force until they are flushed
-- verify: iptables-<other_flavour> -t nat -S DOCKER
-- undo: update-alternatives --set iptables /usr/sbin/iptables-<flavour>
-- limits: the version of the tool is not captured, only what it has left in the kernel. Hosts that hold Docker's chains in both flavours are another
--   rule's (iptables-backend-mixed), and are left out here.
--
-- iptables comes in two flavours that keep their rules in different places of the kernel: legacy in its own tables, nft in nftables. Both are evaluated, and each
-- tool shows its own only. Docker uses what the command iptables is on that host.
--
-- As long as every host is consistent in itself nothing is broken. But scripts, monitoring and whoever mends by hand at night expect one of them, and a
-- container that brings its own iptables, or a firewall of the other flavour, works on one part of the hosts and not on the other.
WITH kept AS (
  SELECT c.host, MIN(c.flavour) AS flavour, MIN(c.ref) AS ref
  FROM iptables_chain AS c
  JOIN netns AS n ON n.host = c.host AND n.netns = c.netns AND n.kind = 'host'
  WHERE c.tbl = 'nat' AND c.chain = 'DOCKER' AND c.family = 'ipv4'
  GROUP BY c.host HAVING COUNT(DISTINCT c.flavour) = 1
), share AS (
  SELECT flavour, COUNT(*) AS hosts, MIN(host) AS host, MIN(ref) AS ref FROM kept GROUP BY flavour
), odd AS (
  SELECT a.flavour, a.hosts, a.host, a.ref, b.flavour AS other_flavour, b.hosts AS others, b.host AS other_host, b.ref AS other_ref
  FROM share AS a JOIN share AS b ON b.flavour <> a.flavour AND (b.hosts > a.hosts OR (b.hosts = a.hosts AND a.flavour > b.flavour))
)
SELECT
  o.host,
  'Docker''s rules are in iptables-' || o.flavour || ' on ' || o.hosts || CASE WHEN o.hosts = 1 THEN ' host (' ELSE ' hosts (' END || o.host || '), in iptables-' || o.other_flavour || ' on ' || o.others || ' (' || o.other_host || ')' AS summary,
  'version:' || o.host || '/iptables' AS subject,
  o.host AS odd_host,
  o.flavour,
  o.hosts,
  o.other_flavour,
  o.others,
  o.ref AS chain_ref,
  o.other_ref AS other_chain_ref
FROM odd AS o
