package analyze

import "github.com/netmortem/netmortem/schema"

// expectedDNSRule follows libnetwork's setupNAT: dockerd listens in the sandbox on ports of 127.0.0.11 that the kernel picked, and
// four rules of the nat table, in two chains of their own, make port 53 of it. With the nftables backend (engine 29) the same four
// stand in the table docker-dns, without jumps. Only containers whose resolv.conf names 127.0.0.11 need them.
var expectedDNSRule = Derived{
	Name: "expected_dns_rule",
	Doc:  "Rules that lead a container's questions to Docker's resolver: one row a container whose resolv.conf names 127.0.0.11, protocol and chain.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNetnsName(),
		must(text("container", schema.Plain, "full id of the container")),
		text("label", schema.Name, "its name"),
		must(text("proto", schema.Plain, "udp or tcp")),
		must(text("chain", schema.Plain, "DOCKER_OUTPUT: the question's way to the resolver; DOCKER_POSTROUTING: the way of what the resolver sends first")),
		must(text("jump_from", schema.Plain, "built-in chain of the nat table that must lead there: OUTPUT or POSTROUTING")),
		whole("port", "port of 127.0.0.11 where the resolver listens; NULL when no such socket was read"),
		must(whole("ports", "number of such sockets: 0 means that nobody listens, if the sockets were captured")),
		number("since_s", "start of the container, seconds since 1970"),
		must(refCol("config_ref", "row of resolver_config")),
		refCol("socket_ref", "row of socket"),
		colWhy(),
	},
	Query: `
SELECT c.host, n.netns, n.name, c.container, c.name, k.proto, k.chain, k.jump_from, s.port, COALESCE(s.ports, 0),
  (julianday(c.started_at) - 2440587.5) * 86400.0, MIN(r.ref), s.ref,
  'its resolv.conf names 127.0.0.11' || COALESCE(', and the resolver listens on ' || k.proto || ' port ' || s.port, '')
FROM resolver_config AS r
JOIN container AS c ON c.host = r.host AND c.container = r.container AND c.state = 'running'
JOIN netns AS n ON n.host = r.host AND n.container = r.container AND n.kind = 'container'
JOIN (SELECT 'udp' AS proto, 'DOCKER_OUTPUT' AS chain, 'OUTPUT' AS jump_from
  UNION ALL SELECT 'tcp', 'DOCKER_OUTPUT', 'OUTPUT'
  UNION ALL SELECT 'udp', 'DOCKER_POSTROUTING', 'POSTROUTING'
  UNION ALL SELECT 'tcp', 'DOCKER_POSTROUTING', 'POSTROUTING') AS k
LEFT JOIN (SELECT host, netns, proto, MIN(local_port) AS port, COUNT(DISTINCT local_port) AS ports, MIN(ref) AS ref FROM socket
  WHERE local = '127.0.0.11' AND state IN ('listening', 'unconnected') AND local_port > 0 GROUP BY host, netns, proto) AS s
  ON s.host = r.host AND s.netns = n.netns AND s.proto = k.proto
WHERE r.item = 'nameserver' AND r.value = '127.0.0.11'
GROUP BY c.host, n.netns, n.name, c.container, c.name, c.started_at, k.proto, k.chain, k.jump_from, s.port, s.ports, s.ref`,
	Index: []string{"host, netns"},
}
