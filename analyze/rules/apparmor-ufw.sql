-- Published ports are open though ufw denies
-- catalogue: H12
-- severity: low
-- since: 0.3.0
-- layer: firewall
-- need: one host
-- blame: configuration
-- check: ufw status verbose; iptables -t nat -S DOCKER; iptables -S DOCKER-USER
-- remedy: iptables -I DOCKER-USER -i <outer_device> ! -s <allowed> -j DROP
-- risk: everything from outside to containers, of other ports too, but for the allowed range; replies need a RETURN for ESTABLISHED before it
-- verify: iptables -S DOCKER-USER, and a connection from a host outside
-- undo: iptables -D DOCKER-USER -i <outer_device> ! -s <allowed> -j DROP
-- remedy: publish to 127.0.0.1 only: docker run -p 127.0.0.1:<port>:<container_port>
-- risk: the container is made anew; ports of the routing mesh cannot be bound to one address
-- verify: docker ps --format '{{.Names}} {{.Ports}}'
-- undo: docker run -p <port>:<container_port>
-- limits: this is about who may connect, not about why somebody cannot. A firewall in front of the host is not seen. Rules in DOCKER-USER are taken
--   as done on purpose, whatever they say.
--
-- ufw writes into the chain INPUT. A connection to a published port never comes there: the DNAT rule of nat PREROUTING has turned it to the
-- container's address, so it is forwarded, and Docker's chains accept it in FORWARD before ufw's own are asked. "ufw deny 5432"
-- and even "default deny" change nothing for a container's 5432, and ufw status does not show it as open.
--
-- Docker leaves the chain DOCKER-USER to the operator: it is asked first, for every forwarded packet. If it holds nothing but Docker's own
-- RETURN, the published ports are open to whoever reaches the host. No fault for the traffic, but one to know of.
WITH ufw AS (
  SELECT r.host, MIN(r.ref) AS ref
  FROM iptables_rule AS r JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind = 'host'
  WHERE r.family = 'ipv4' AND r.tbl = 'filter' AND r.chain = 'INPUT' AND r.target = 'ufw-before-input' AND r.seen = 'both'
  GROUP BY r.host
), own AS (
  SELECT r.host, COUNT(*) AS rules
  FROM iptables_rule AS r JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind = 'host'
  WHERE r.family = 'ipv4' AND r.tbl = 'filter' AND r.chain = 'DOCKER-USER' AND (r.target IS NULL OR r.target <> 'RETURN')
  GROUP BY r.host
), open AS (
  SELECT r.host, COUNT(DISTINCT COALESCE(r.proto, '') || r.dport_min) AS ports, MIN(r.dport_min) AS port, MIN(r.to_port_min) AS to_port, MIN(r.ref) AS ref
  FROM iptables_rule AS r JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind = 'host'
  WHERE r.family = 'ipv4' AND r.tbl = 'nat' AND r.chain IN ('DOCKER', 'DOCKER-INGRESS') AND r.target = 'DNAT' AND r.seen = 'both' AND r.dport_min IS NOT NULL
    AND (r.dst IS NULL OR substr(r.dst, 1, 4) <> '127.')
  GROUP BY r.host
)
SELECT
  u.host,
  'ufw is on at ' || u.host || ', but ' || CASE WHEN p.ports > 1 THEN p.ports || ' published ports, ' || p.port || ' among them, are' ELSE 'the published port ' || p.port || ' is' END
    || ' open to everybody who reaches the host' AS summary,
  'host:' || u.host || '/ufw' AS subject,
  p.port,
  p.to_port AS container_port,
  p.ports,
  u.ref AS ufw_ref,
  p.ref AS rule_ref,
  a.ref AS coverage_ref
FROM ufw AS u
JOIN open AS p ON p.host = u.host
JOIN netns AS n ON n.host = u.host AND n.kind = 'host'
JOIN captured AS a ON a.host = u.host AND a.netns = n.netns AND a.tbl = 'iptables_rule'
LEFT JOIN own AS o ON o.host = u.host
WHERE o.host IS NULL
