-- Encrypted packets leave one node and never reach the other
-- catalogue: A17
-- severity: critical
-- since: 0.3.0
-- layer: underlay
-- need: several hosts, two reads
-- blame: firewall
-- views: what the sender's kernel has sent and what the receiver's has seen
-- check: on <host>: ip -s xfrm state list src <src> dst <dst>; on <sender>: the same; on both: tcpdump -ni any esp
-- remedy: on <host>: iptables -I INPUT -p esp -s <src> -j ACCEPT
-- risk: lets IPsec packets of that node in; what they carry is checked by their key
-- verify: ip -s xfrm state list src <src> dst <dst> on <host>: the packets grow
-- undo: iptables -D INPUT -p esp -s <src> -j ACCEPT
-- remedy: allow IP protocol 50 both ways between the nodes, in the security group or firewall between them
-- risk: none for other traffic
-- verify: netmortem analyze of a new capture of both nodes
-- undo: take the permission away
-- remedy: docker network create --driver overlay without --opt encrypted, and move the services to it
-- risk: their traffic goes over the underlay in the clear; every task that moves is replaced
-- verify: docker network inspect of the new network lists no option encrypted
-- undo: move the services back and docker network rm the new one
-- upstream: docker/docs#8640, docker/for-linux#91, moby/moby#25266, moby/moby#30727
-- limits: only between captured hosts, and only where the sender sent five packets or more before the receiver looked. It says
--   that packets are lost, not where: a firewall of either node and one in between look alike. A node that was reached
--   before, and is not any more, is told by half of the packets missing.
--
-- Encrypted overlays put each VXLAN datagram into ESP, which is a protocol of its own beside TCP and UDP: number 50, without
-- ports. Security groups and firewalls that let 4789/udp, 7946 and 2377 through still drop it. Gossip works then, names
-- resolve, tasks run, and everything between containers of the two nodes times out, often in one direction only.
--
-- Here both nodes hold the same association with the same key, so the two agree on the encryption. The sender has counted
-- packets into it; the receiver, looking later, has not counted one out of it, or far fewer, though its association is as
-- old. An association that rejects packets would count errors; these packets never arrived.
SELECT
  i.host,
  i.host || ' has received ' || CASE i.packets_last WHEN 0 THEN 'none' ELSE 'only ' || CAST(i.packets_last AS TEXT) END || ' of the '
    || CAST(o.packets AS TEXT) || ' encrypted packets that ' || o.host || ' (' || o.src || ') has sent to it: ESP does not get through' AS summary,
  'xfrm:' || i.host || '/' || o.src AS subject,
  o.host AS sender,
  i.src,
  i.dst,
  i.spi,
  o.packets AS sent,
  i.packets_last AS received,
  COALESCE(n.networks, 0) AS networks,
  n.network,
  o.ref AS sender_ref,
  i.ref AS receiver_ref,
  n.fdb_ref
FROM docker_sa AS o
JOIN reading AS ro ON ro.host = o.host
JOIN docker_sa AS i ON i.host = o.dst_host AND i.spi = o.spi AND i.src = o.src AND i.dst = o.dst
JOIN reading AS ri ON ri.host = i.host
LEFT JOIN expected_xfrm AS n ON n.host = o.host AND n.vtep = o.dst
WHERE o.src_host = o.host AND o.dst_host <> o.host
  AND (o.key_hash = i.key_hash OR o.key_hash IS NULL OR i.key_hash IS NULL)
  AND COALESCE(i.integrity_errors, 0) = 0
  AND ri.last_s >= ro.first_s AND i.added_s <= o.added_s + 30 AND o.packets >= 5
  AND (i.packets_last = 0 OR (o.packets >= 100 AND i.packets_last * 2 < o.packets))
