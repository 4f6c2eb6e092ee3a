-- Node joined the gossip late: names were unknown to it meanwhile
-- catalogue: D14
-- severity: medium
-- since: 0.3.0
-- layer: dns
-- need: one host, logs
-- blame: gossip
-- views: the daemon's log
-- check: journalctl -u docker | grep 'Bulk sync to node'
-- remedy: wait half a minute, then ask again; nothing is left to mend if the names resolve now
-- risk: none
-- verify: docker exec <client> nslookup tasks.<service>
-- undo: nothing to undo
-- remedy: let the node's first tasks wait for their names (a health check or a retry in the client), and upgrade the engine to 29.6.0 or newer
-- risk: the node is drained for the upgrade
-- verify: journalctl -u docker | grep -c 'Bulk sync to node'
-- undo: the older package
-- upstream: moby/moby#35508, moby/moby#31592; the fix is in 29.6.0
-- fixed-in: 29.6.0
-- limits: says what has been, not what is: the names may be known by now; dns-missing-record tells. One or two lines are reported as low, for a node
--   that goes away in the wrong moment makes them, too.
--
-- A node that joins a network asks one of the others for all of its records, a bulk sync, and waits for the acknowledgement before it goes on. Before 29.6.0
-- it could wait for one that had come already, or never comes, for thirty seconds: "Bulk sync to node … timed out". As long, containers
-- that start on the node find no names of services on other nodes, and clients that look up a name once and give up stay broken.
--
-- Many such lines, or lines for ever the same node, speak for a gossip that does not get through (gossip-udp-blocked, gossip-flap) rather than for
-- a slow join.
SELECT
  l.host,
  'bulk sync of the network database timed out ' || COUNT(*) || CASE WHEN COUNT(*) = 1 THEN ' time' ELSE ' times' END || ' on ' || l.host
    || ', last at ' || COALESCE(MAX(l.time), MAX(l.stamp), 'an unknown time') || ': names of other nodes'' tasks came half a minute late' AS summary,
  'resolver:' || l.host || '/bulk-sync' AS subject,
  CASE WHEN COUNT(*) < 3 THEN 'low' END AS severity,
  COUNT(*) AS lines,
  MIN(l.time) AS first,
  MAX(l.time) AS last,
  MAX(e.version) AS engine,
  MAX(l.text) AS says,
  MIN(l.ref) AS first_ref,
  MAX(l.ref) AS line_ref
FROM log_line AS l
LEFT JOIN engine AS e ON e.host = l.host
WHERE l.class = 'bulk-sync' AND instr(l.text, 'timed out') > 0
GROUP BY l.host
