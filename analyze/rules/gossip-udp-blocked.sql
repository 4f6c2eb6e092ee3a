-- Gossip reaches a peer over TCP, but not over UDP
-- catalogue: F2
-- severity: high
-- since: 0.3.0
-- layer: gossip
-- need: one host, logs
-- blame: firewall
-- check: on <peer_host>: tcpdump -ni any udp port 7946 while nc -u -z <peer_ip> 7946 runs on <seen_by>
-- remedy: let 7946/udp pass both ways, on the hosts and on what lies between them: iptables -I INPUT -p udp --dport 7946 -s <seen_by_ip> -j ACCEPT
-- risk: the port is opened to that address
-- verify: journalctl -u docker --since -2min | grep -cE 'probes failed|not UDP' prints 0
-- undo: iptables -D INPUT -p udp --dport 7946 -s <seen_by_ip> -j ACCEPT
-- upstream: moby/moby#32195
-- limits: three such lines about one peer within a quarter of an hour; fewer are a lost packet. Neither side can be told from the other by
--   these lines alone: a filter on one host makes all of its peers complain, and itself about each of them.
--
-- A probe that gets no answer over UDP is repeated over TCP. Here the second one succeeds, again and again: the peer lives, and datagrams to
-- 7946 or back are lost. memberlist then keeps the peer, so the managers and docker node ls see nothing.
--
-- But the swarm's events, a task that came or went, travel in those datagrams. Without them a node hears of changes only by the bulk synchronisation over TCP
-- every half minute, or not at all: names and load balancers lag behind, which looks like service discovery that works by half.
SELECT
  g.host,
  'gossip of ' || g.host || ' reaches ' || group_concat(g.label, ', ') || ' over TCP but not over UDP port 7946 (' || SUM(g.udp) || ' times within 15 minutes)' AS summary,
  'gossip:' || g.host || '/udp' AS subject,
  g.host AS seen_by,
  MIN(e.node_addr) AS seen_by_ip,
  MIN(g.peer_host) AS peer_host,
  MIN(g.ip) AS peer_ip,
  COUNT(*) AS peers,
  MAX(g.udp_ref) AS line_ref
FROM (SELECT p.*, h.host AS peer_host, COALESCE(h.host, p.ip, p.peer) AS label FROM gossip_peer AS p
  LEFT JOIN (SELECT node_addr, MIN(host) AS host FROM engine WHERE node_addr <> '' GROUP BY node_addr HAVING COUNT(*) = 1) AS h ON h.node_addr = p.ip
  WHERE p.udp >= 3 ORDER BY p.host, label) AS g
LEFT JOIN engine AS e ON e.host = g.host
GROUP BY g.host
