-- UDP flow that goes on past its published port
-- catalogue: C10
-- severity: high
-- since: 0.3.0
-- layer: conntrack
-- need: a manager
-- blame: kernel
-- check: conntrack -L -p udp --orig-port-dst <published>
-- remedy: conntrack -D -p udp --orig-src <client> --orig-port-dst <published>
-- risk: none to flows that are translated rightly; the next packet of this one is looked at by the rules again
-- verify: conntrack -L -p udp --orig-port-dst <published>
-- undo: nothing to undo
-- remedy: conntrack -D -p udp --orig-port-dst <published>
-- risk: other flows to the port may change to another task
-- verify: conntrack -L -p udp --orig-port-dst <published>
-- undo: nothing to undo
-- upstream: moby#8795, moby#44742, moby#44688, moby#53384, distribution#3157
-- fixed-in: 23.0 for ports of containers (29.5.0 has it again where the two ports differ); ports of the routing mesh are not covered
-- limits: flows that both reads saw, through a rule that is there; while packets come at least once in each timeout the entry stays
--
-- Rules of the nat table are asked once a flow, for its first packet; the answer stays in the connection table. A sender of UDP
-- that never pauses (syslog, statsd, SIP, games) and always uses one source port keeps its entry for ever. If it sent while the port was not programmed yet,
-- or while ingress_sbox had another address, that is what the entry says, and the right rule, made later, is never asked.
--
-- The sender's packets end at the host, or at an address that nobody has, while every other sender is served. It heals when the
-- sender pauses for the timeout (30 seconds, 120 once there were answers), restarts, or the entry is deleted.
SELECT
  e.host,
  'UDP from ' || c.src || ' to port ' || e.published || COALESCE(' of ' || e.service, '') || ' on ' || e.host
    || CASE WHEN c.reply_src = c.dst THEN ' is not translated: it ends at the host' ELSE ' still goes to ' || c.reply_src || ', and ingress_sbox is ' || e.to_ip END AS summary,
  'conntrack:' || e.host || '/udp/' || e.published || '/' || c.src AS subject,
  c.src AS client,
  c.dst AS asked,
  e.published,
  e.service,
  c.reply_src AS goes_to,
  e.to_ip AS ingress_sbox,
  c.flows,
  c.ref AS conntrack_ref,
  e.rule_ref,
  e.port_ref
FROM expected_ingress_dnat AS e
JOIN (SELECT x.host, x.netns, x.dport, x.src, MIN(x.dst) AS dst, MIN(x.reply_src) AS reply_src, COUNT(*) AS flows, MIN(x.ref) AS ref
  FROM conntrack_entry AS x
  JOIN reading AS r ON r.host = x.host
  JOIN address AS a ON a.host = x.host AND a.netns = x.netns AND a.ip = x.dst
  LEFT JOIN address AS own ON own.host = x.host AND own.netns = x.netns AND own.ip = x.src
  JOIN expected_ingress_dnat AS d ON d.host = x.host AND d.netns = x.netns AND d.proto = 'udp' AND d.published = x.dport AND x.reply_src <> d.to_ip
  WHERE x.proto = 'udp' AND x.family = 'ipv4' AND x.seen = 'both' AND x.timeout_s_last > x.timeout_s - 0.5 * (r.last_s - r.first_s) AND own.ip IS NULL AND substr(x.dst, 1, 4) <> '127.'
  GROUP BY x.host, x.netns, x.dport, x.src) AS c ON c.host = e.host AND c.netns = e.netns AND c.dport = e.published
JOIN ingress_chain AS k ON k.host = e.host AND k.nat_jump > 0
WHERE e.proto = 'udp' AND e.found_ip = e.to_ip
