-- Gossip declares a peer failed, again and again or for good
-- catalogue: F1
-- severity: high
-- since: 0.3.0
-- layer: gossip
-- need: one host, logs
-- blame: gossip
-- check: journalctl -u docker --since -15min | grep -E 'Suspect|Refuting|change state'; on a manager: docker node ls
-- remedy: mend what keeps the two apart: let 7946/tcp and 7946/udp pass both ways, relieve a host whose processors, memory or disk are exhausted
-- risk: none
-- verify: journalctl -u docker --since -5min | grep -c 'change state NodeActive' prints 0 after the cause is gone
-- undo: nothing to undo
-- remedy: if the peer stays failed though the path is mended: systemctl restart docker on <peer_host>
-- risk: every task on that node stops and is started again, there or elsewhere
-- verify: journalctl -u docker --since -2min | grep 'joined gossip cluster' on <seen_by>
-- undo: nothing to undo
-- upstream: moby/moby#32195, moby/moby#32841, moby/moby#33721, moby/moby#35358
-- limits: reads a quarter of an hour of the log. High when one peer was declared failed twice, or is failed while a manager that looked
--   later holds the node ready; a single restart of a node stays low. A daemon in error level says nothing of this.
--
-- Every node probes another one each second, over UDP, then through third nodes and over TCP. Who does not answer is suspected, and after some
-- seconds declared failed. From that moment the others drop everything that they had learned from it: its names vanish from DNS, its
-- tasks from IPVS, its neighbours and forwarding entries from the overlays. When it is heard again all of it is learned anew.
--
-- One such round is a hiccup. Repeated, it is the usual beginning of rows that are never put back (see fdb-permanent-missing) and names that stay
-- short (dns-missing-record). The swarm's managers keep their own heartbeat, over another port, and may call the same node ready
-- all the time. Causes seen: starved processors, packet loss, a small MTU, slow disks, a firewall on 7946.
WITH flapping AS (
  SELECT g.*, h.host AS peer_host, s.ref AS node_ref, s.hostname AS node, COALESCE(s.hostname, h.host, g.ip, g.peer) AS label,
    CASE WHEN g.failed >= 2 THEN 1 WHEN g.state = 'failed' AND s.ref IS NOT NULL THEN 1 ELSE 0 END AS bad,
    CASE WHEN g.state = 'failed' AND s.ref IS NOT NULL THEN 1 ELSE 0 END AS dead
  FROM gossip_peer AS g
  LEFT JOIN (SELECT node_addr, MIN(host) AS host FROM engine WHERE node_addr <> '' GROUP BY node_addr HAVING COUNT(*) = 1) AS h ON h.node_addr = g.ip
  LEFT JOIN (SELECT n.addr, n.hostname, r.last_s, n.ref, ROW_NUMBER() OVER (PARTITION BY n.addr ORDER BY r.last_s DESC, n.ref) AS place
    FROM swarm_node AS n JOIN reading AS r ON r.host = n.host WHERE n.state = 'ready' AND n.addr <> '') AS s
    ON s.addr = g.ip AND s.place = 1 AND s.last_s >= g.state_at_s + 30
  WHERE g.failed > 0 OR g.suspected + g.refuted >= 3
)
SELECT
  f.host,
  'gossip on ' || f.host || CASE
      WHEN MAX(f.dead) = 1 THEN ' holds ' || group_concat(CASE WHEN f.dead = 1 THEN f.label END, ', ') || ' for failed, which the managers hold ready'
      WHEN MAX(f.bad) = 1 THEN ' declared ' || group_concat(CASE WHEN f.bad = 1 THEN f.label END, ', ') || ' failed up to ' || MAX(f.failed) || ' times within 15 minutes'
      ELSE ' suspects ' || group_concat(f.label, ', ') || ' now and then, or is suspected: ' || (SUM(f.suspected) + SUM(f.refuted) + SUM(f.failed)) || ' lines within 15 minutes' END AS summary,
  'gossip:' || f.host || '/peers' AS subject,
  CASE WHEN MAX(f.bad) = 1 THEN 'high' ELSE 'low' END AS severity,
  MIN(CASE WHEN f.bad = 1 OR f.failed > 0 THEN f.peer_host END) AS peer_host,
  f.host AS seen_by,
  COUNT(*) AS peers,
  SUM(f.failed) AS declared_failed,
  SUM(f.suspected) AS suspected,
  SUM(f.refuted) AS had_to_refute,
  MAX(f.failed_ref) AS failed_ref,
  MAX(f.ref) AS line_ref,
  MAX(CASE WHEN f.dead = 1 THEN f.node_ref END) AS node_ref
FROM (SELECT * FROM flapping ORDER BY host, label) AS f
GROUP BY f.host
