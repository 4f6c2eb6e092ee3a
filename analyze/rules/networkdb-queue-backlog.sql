-- Gossip has more to send than it gets sent
-- catalogue: F4
-- severity: medium
-- since: 0.3.0
-- layer: gossip
-- need: one host, logs
-- blame: gossip
-- check: journalctl -u docker --since -1h | grep -E 'NetworkDB stats'
-- remedy: make the network smaller: spread the services over several overlay networks, and take out of it what need not be on it
-- risk: services that change their networks are replaced task by task
-- verify: journalctl -u docker --since -10min | grep 'qLen:[1-9]' finds nothing
-- undo: put the services back on the one network
-- remedy: on an engine older than 25.0.13: upgrade, node by node
-- risk: every node's tasks move once
-- verify: docker version -f '{{.Server.Version}}'
-- undo: install the former version again
-- upstream: moby/moby#32195, moby/moby#47728
-- fixed-in: 25.0.13 and 29.0 for messages that outgrew a datagram
-- limits: three lines in a row of one network, which are five minutes apart, and the last no smaller than the first. Medium from 100
--   messages on. A health score above 0 without a queue is low: the node itself answers probes late.
--
-- Each node hands its news on to three others, several times a second. Every five minutes it logs, for each network, how much is waiting: a queue that is
-- never empty means that news comes faster than it leaves. Names, load balancers and forwarding entries of other nodes are then late by
-- as much.
--
-- It happens on networks of many thousand endpoints, while a large rollout lasts, and on engines that put more into a
-- message than fits a datagram, so that the same message is sent for ever. A rising health score says that the node itself is slow.
SELECT
  s.host,
  CASE WHEN MAX(s.queue) > 0
    THEN s.host || ' has ' || MAX(CASE WHEN s.place = 1 THEN s.queue END) || ' gossip messages waiting for ' || COALESCE(MAX(n.name), 'network ' || substr(s.network_id, 1, 12)) || ', and did not get them sent within 10 minutes'
    ELSE s.host || ' answers gossip probes late: health score ' || MAX(s.healthscore) END AS summary,
  'gossip:' || s.host || '/' || COALESCE(s.network_id, 'health') AS subject,
  CASE WHEN MAX(s.queue) >= 100 THEN 'medium' ELSE 'low' END AS severity,
  MAX(n.name) AS network,
  MAX(CASE WHEN s.place = 1 THEN s.queue END) AS waiting,
  MAX(CASE WHEN s.place = 3 THEN s.queue END) AS waiting_before,
  MAX(s.entries) AS records,
  MAX(s.peers) AS nodes,
  MAX(s.healthscore) AS healthscore,
  MAX(CASE WHEN s.place = 1 THEN s.ref END) AS line_ref,
  MAX(CASE WHEN s.place = 3 THEN s.ref END) AS before_ref
FROM networkdb_stat AS s
LEFT JOIN (SELECT host, network_id, MIN(name) AS name FROM network GROUP BY host, network_id) AS n ON n.host = s.host AND n.network_id = s.network_id
WHERE s.place <= 3 AND s.ago_s < 1800
GROUP BY s.host, s.network_id
HAVING (s.network_id IS NOT NULL AND COUNT(*) = 3 AND MIN(s.queue) > 0
    AND MAX(CASE WHEN s.place = 1 THEN s.queue END) >= MAX(CASE WHEN s.place = 3 THEN s.queue END))
  OR (s.network_id IS NULL AND COUNT(*) = 3 AND MIN(s.healthscore) > 0)
