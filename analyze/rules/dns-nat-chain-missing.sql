-- Container cannot reach Docker's resolver at 127.0.0.11
-- catalogue: D5
-- severity: critical
-- since: 0.3.0
-- layer: dns
-- need: one host, two reads
-- blame: application
-- views: the container's resolv.conf and the rules in its namespace
-- check: nsenter --net=/run/docker/netns/<netns> sh -c 'iptables -t nat -S; nft list table ip docker-dns; ss -lntu src 127.0.0.11'
-- remedy: nsenter --net=/run/docker/netns/<netns> sh -c 'iptables -t nat -N DOCKER_OUTPUT; iptables -t nat -A DOCKER_OUTPUT -d 127.0.0.11 -p udp --dport 53
--   -j DNAT --to 127.0.0.11:<udp_port>; iptables -t nat -A DOCKER_OUTPUT -d 127.0.0.11 -p tcp --dport 53 -j DNAT --to 127.0.0.11:<tcp_port>;
--   iptables -t nat -I OUTPUT -d 127.0.0.11 -j DOCKER_OUTPUT' (leave out what is there already)
-- risk: none to traffic; the tool must write to the same backend (legacy or nft) as dockerd, or the rules stand beside each other
-- verify: docker exec <container> nslookup localhost 127.0.0.11
-- undo: nsenter --net=/run/docker/netns/<netns> iptables -t nat -D OUTPUT -d 127.0.0.11 -j DOCKER_OUTPUT
-- remedy: docker restart <container>, or for a task: docker service update --force <service>
-- risk: the container is replaced or started anew; whatever flushed its rules may do so again, so look for the program first
-- verify: docker exec <container> nslookup localhost 127.0.0.11
-- undo: nothing to undo
-- remedy: systemctl restart docker (where nobody listens: only dockerd can open the sockets again)
-- risk: the node's control plane is away for the restart; without live-restore all containers of the host that are not tasks stop
-- verify: nsenter --net=/run/docker/netns/<netns> ss -lntu src 127.0.0.11
-- undo: nothing to undo
-- upstream: moby/moby#22185
-- limits: only containers whose resolv.conf names 127.0.0.11 are judged, and those that share another container's namespace are not judged by themselves.
--   Rules of somebody else's that lead to the resolver by another way are not recognised.
--
-- dockerd answers a container's questions itself: it opens a socket inside the container's network namespace, on a port of 127.0.0.11 that
-- the kernel picks, and rules of the nat table there (chain DOCKER_OUTPUT, or the table docker-dns with the nftables backend) make port 53 of
-- it. Here resolv.conf still names 127.0.0.11, but the way to the resolver is broken: the jump or the DNAT rule is missing, or leads to a port
-- where nobody listens, or there is no resolver's socket at all. Nothing is resolved in this container, neither services nor names outside.
--
-- The rules live in the container's namespace, so what runs there with CAP_NET_ADMIN can flush them: images of VPN clients and firewalls do.
-- dockerd does not notice. Sockets that are gone mean that dockerd is: containers that outlive their daemon (live-restore) have no
-- resolver until it is back.
WITH observed AS (
  SELECT host, netns, proto, chain, to_port_min AS port FROM iptables_rule
  WHERE tbl = 'nat' AND family = 'ipv4' AND ((chain = 'DOCKER_OUTPUT' AND target = 'DNAT' AND dport_min = 53)
    OR (chain = 'DOCKER_POSTROUTING' AND target = 'SNAT' AND to_port_min = 53 AND sport_min IS NULL))
  UNION ALL
  SELECT host, netns, proto, chain, sport_min FROM iptables_rule
  WHERE tbl = 'nat' AND family = 'ipv4' AND chain = 'DOCKER_POSTROUTING' AND target = 'SNAT' AND sport_min IS NOT NULL
  UNION ALL
  SELECT host, netns, CASE WHEN instr(text, 'udp') > 0 THEN 'udp' ELSE 'tcp' END, CASE chain WHEN 'dns-dnat' THEN 'DOCKER_OUTPUT' ELSE 'DOCKER_POSTROUTING' END, NULL
  FROM nft_rule WHERE family = 'ip' AND tbl = 'docker-dns'
), jump AS (
  SELECT host, netns, chain, target FROM iptables_rule WHERE tbl = 'nat' AND family = 'ipv4' AND target IN ('DOCKER_OUTPUT', 'DOCKER_POSTROUTING')
  UNION ALL
  SELECT host, netns, 'OUTPUT', 'DOCKER_OUTPUT' FROM nft_rule WHERE family = 'ip' AND tbl = 'docker-dns' AND chain = 'dns-dnat'
  UNION ALL
  SELECT host, netns, 'POSTROUTING', 'DOCKER_POSTROUTING' FROM nft_rule WHERE family = 'ip' AND tbl = 'docker-dns' AND chain = 'dns-snat'
), judged AS (
  SELECT e.host, e.netns, e.netns_name, e.container, e.label, e.proto, e.chain, e.port, e.ports, e.config_ref, e.socket_ref, i.ref AS rules_ref, k.ref AS sockets_ref,
    (SELECT COUNT(*) FROM jump AS j WHERE j.host = e.host AND j.netns = e.netns AND j.chain = e.jump_from AND j.target = e.chain) AS jumps,
    (SELECT COUNT(*) FROM observed AS o WHERE o.host = e.host AND o.netns = e.netns AND o.chain = e.chain AND o.proto = e.proto) AS rules,
    (SELECT COUNT(*) FROM observed AS o WHERE o.host = e.host AND o.netns = e.netns AND o.chain = e.chain AND o.proto = e.proto
      AND (o.port IS NULL OR e.port IS NULL OR o.port = e.port OR e.ports > 1)) AS good
  FROM expected_dns_rule AS e
  JOIN reading AS r ON r.host = e.host AND e.since_s <= r.first_s - 30
  JOIN captured AS i ON i.tbl = 'iptables_rule' AND i.host = e.host AND i.netns = e.netns
  JOIN captured AS f ON f.tbl = 'nft_rule' AND f.host = e.host AND f.netns = e.netns
  JOIN captured AS k ON k.tbl = 'socket' AND k.host = e.host AND k.netns = e.netns
), fault AS (
  SELECT j.*, CASE WHEN j.chain = 'DOCKER_POSTROUTING' THEN 1 WHEN j.proto = 'tcp' THEN 2 ELSE 3 END AS weight,
    CASE WHEN j.ports = 0 THEN 'nobody listens on 127.0.0.11 (' || j.proto || ')' WHEN j.jumps = 0 THEN 'nothing leads to ' || j.chain
      WHEN j.rules = 0 THEN j.chain || ' has no rule for ' || j.proto ELSE j.chain || ' leads ' || j.proto || ' to a port where nobody listens' END AS what
  FROM judged AS j
  WHERE (j.ports = 0 AND j.chain = 'DOCKER_OUTPUT') OR (j.ports > 0 AND (j.jumps = 0 OR j.good = 0))
), one AS (
  SELECT host, netns, netns_name, container, label, what, MAX(weight) AS weight, MIN(ports) AS ports, MIN(config_ref) AS config_ref, MIN(rules_ref) AS rules_ref,
    MIN(sockets_ref) AS sockets_ref, MAX(CASE WHEN proto = 'udp' THEN port END) AS udp_port, MAX(CASE WHEN proto = 'tcp' THEN port END) AS tcp_port
  FROM fault GROUP BY host, netns, netns_name, container, label, what
)
SELECT
  o.host,
  CASE WHEN o.place = 'daemon' THEN COUNT(DISTINCT o.netns) || CASE WHEN COUNT(DISTINCT o.netns) = 1 THEN ' container on ' ELSE ' containers on ' END || o.host
      || ' can ask nobody: no socket of Docker''s resolver is in the namespace of ' || MIN(COALESCE(o.label, o.container)) || CASE WHEN COUNT(DISTINCT o.netns) > 1 THEN ' and others' ELSE '' END
    ELSE MIN(COALESCE(o.label, o.container)) || ' on ' || o.host || ' cannot ask Docker''s resolver at 127.0.0.11: ' || group_concat(o.what, '; ') END AS summary,
  'resolver:' || o.host || '/' || o.place AS subject,
  CASE MAX(o.weight) WHEN 3 THEN 'critical' WHEN 2 THEN 'medium' ELSE 'low' END AS severity,
  CASE WHEN o.place = 'daemon' THEN 'daemon' END AS blame,
  CASE WHEN o.place = 'daemon' THEN 'the container''s resolv.conf and the sockets in its namespace' END AS views,
  MIN(o.netns_name) AS netns,
  MIN(COALESCE(o.label, o.container)) AS container,
  MIN(c.service) AS service,
  MAX(o.udp_port) AS udp_port,
  MAX(o.tcp_port) AS tcp_port,
  MIN(o.config_ref) AS config_ref,
  MIN(o.rules_ref) AS rules_ref,
  MIN(o.sockets_ref) AS sockets_ref,
  MIN(c.ref) AS container_ref
FROM (SELECT one.*, CASE WHEN ports = 0 THEN 'daemon' ELSE netns_name END AS place, MAX(weight) OVER (PARTITION BY host, netns) AS worst
  FROM one ORDER BY host, netns, what) AS o
LEFT JOIN container AS c ON c.host = o.host AND c.container = o.container
WHERE o.weight = o.worst OR (o.weight > 1 AND o.worst > 1)
GROUP BY o.host, o.place
