-- Docker's resolver refuses questions: too many wait for servers outside
-- catalogue: D7
-- severity: high
-- since: 0.3.0
-- layer: dns
-- need: one host, logs
-- blame: application
-- views: the daemon's log
-- check: journalctl -u docker --since '1 hour ago' | grep 'concurrent queries'
-- remedy: mend or replace the slow server that the questions wait for (see dns-upstream-bad), then: docker service update --dns-add <server_that_answers> <service>
-- risk: the tasks of the service are replaced
-- verify: journalctl -u docker --since '5 min ago' | grep -c 'concurrent queries'
-- undo: docker service update --dns-rm <server_that_answers> <service>
-- remedy: ask less: docker service update --dns-option-add ndots:1 <service>, names with a final dot, and a cache in the client
-- risk: the tasks of the service are replaced; short names of search domains no longer resolve with a lower ndots
-- verify: journalctl -u docker --since '5 min ago' | grep -c 'concurrent queries'
-- undo: docker service update --dns-option-rm ndots:1 <service>
-- upstream: moby/libnetwork#2082, moby/libnetwork#2214, docker/for-linux#1165, moby/moby#22185
-- limits: the daemon writes such a line at most every two seconds, whatever it refuses. Newer engines do not say which container asked. How
--   long the log reaches back depends on the capture (--since): see the fact "first".
--
-- Names that are no service's are forwarded to servers outside, and the number of questions of a sandbox that may wait at a time is limited: 50 in engine
-- 1.11, 100 up to 18.09, 1024 since 19.03. Above it the resolver answers REFUSED, and the daemon says so in its log. The containers see lookups
-- that fail at once, at random, while others work. Names of services are answered without a limit.
--
-- A thousand questions wait only where answers are slow or never come: a dead server costs each question four seconds. Search
-- domains multiply them. What asks so much is seldom wrong in itself; the server is.
SELECT
  l.host,
  'Docker''s resolver on ' || l.host || ' refused questions for want of room, ' || COUNT(*) || CASE WHEN COUNT(*) = 1 THEN ' time' ELSE ' times' END
    || ' by the log, last at ' || COALESCE(MAX(l.time), MAX(l.stamp), 'an unknown time') AS summary,
  'resolver:' || l.host || '/limit' AS subject,
  COUNT(*) AS lines,
  MIN(l.time) AS first,
  MAX(l.time) AS last,
  MAX(l.text) AS says,
  MIN(l.ref) AS first_ref,
  MAX(l.ref) AS line_ref
FROM log_line AS l
WHERE l.class = 'dns-limit'
GROUP BY l.host
