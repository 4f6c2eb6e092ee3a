package analyze

import "github.com/netmortem/netmortem/schema"

// engineLayout follows the versions of libnetwork: FORWARD jumps to DOCKER-INGRESS itself until 28.0.0, through DOCKER-FORWARD
// since 28.0.1. An engine whose version is not known, or newer than those that were read, counts by its chains, and only
// if all that its layout is known by is there: what it does in another way is no fault.
var engineLayout = Derived{
	Name: "engine_layout",
	Doc:  "Which rules a host's engine makes for the routing mesh, by its version and its chains: one row an engine.",
	Columns: []schema.Column{
		colHost(),
		must(text("layout", schema.Plain, "before-18.09, 18.09 (to 28.0.0: FORWARD jumps to DOCKER-INGRESS), 28.0.1 (DOCKER-FORWARD does), nftables, or unknown")),
		must(whole("recognised", "1 when the layout is known well enough for a missing rule to be a fault")),
		text("version", schema.Plain, "version of the engine"),
		must(text("jump_from", schema.Plain, "chain of the filter table that should jump to DOCKER-INGRESS")),
		must(refCol("ref", "row of engine")),
		colWhy(),
	},
	Query: `
WITH jump AS (
  SELECT r.host, MAX(CASE WHEN r.chain = 'FORWARD' AND r.target = 'DOCKER-INGRESS' THEN 1 ELSE 0 END) AS direct,
    MAX(CASE WHEN r.chain = 'FORWARD' AND r.target = 'DOCKER-FORWARD' THEN 1 ELSE 0 END) AS forward,
    MAX(CASE WHEN r.chain = 'DOCKER-FORWARD' AND r.target = 'DOCKER-INGRESS' THEN 1 ELSE 0 END) AS inner_jump
  FROM iptables_rule AS r JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind = 'host'
  WHERE r.tbl = 'filter' AND r.family = 'ipv4' GROUP BY r.host
), said AS (
  SELECT e.host, e.version, e.ref, v.rank AS number, COALESCE(j.direct, 0) AS direct, COALESCE(j.forward * j.inner_jump, 0) AS through,
    CASE WHEN substr(e.firewall_backend, 1, 8) = 'nftables' THEN 1 ELSE 0 END AS nftables
  FROM engine AS e
  LEFT JOIN engine_version AS v ON v.host = e.host
  LEFT JOIN jump AS j ON j.host = e.host
), laid AS (
  SELECT said.*, CASE
    WHEN nftables = 1 THEN 'nftables'
    WHEN number >= 1012000 AND number < 18009000 THEN 'before-18.09'
    WHEN number >= 18009000 AND number < 28000001 THEN '18.09'
    WHEN number >= 28000001 AND number < 30000000 THEN '28.0.1'
    WHEN through = 1 THEN '28.0.1'
    WHEN number IS NULL AND direct = 1 THEN '18.09'
    ELSE 'unknown' END AS layout
  FROM said
)
SELECT host, layout, CASE WHEN layout IN ('nftables', 'unknown') THEN 0 ELSE 1 END, version,
  CASE WHEN layout = '28.0.1' THEN 'DOCKER-FORWARD' ELSE 'FORWARD' END, ref,
  CASE
    WHEN layout = 'nftables' THEN 'the engine uses nftables itself; where it puts the rules of the routing mesh is not modelled'
    WHEN layout = 'unknown' THEN 'engine ' || COALESCE(version, 'of unknown version') || ' has no layout that is known, and its chains do not show one'
    WHEN number IS NULL OR number >= 30000000 THEN 'the chains of engine ' || COALESCE(version, 'of unknown version') || ' look like those of ' || layout
    ELSE 'engine ' || version || ' has the layout of ' || CASE layout WHEN '18.09' THEN '18.09 to 28.0.0' WHEN '28.0.1' THEN '28.0.1 and newer' ELSE 'the versions before 18.09' END
  END
FROM laid`,
	Index: []string{"host"},
}

// publishedPort takes each service from the captured manager that looked last. What the hosts hold follows the tasks, not the
// service: a port is programmed when the first task that has it is bound, and removed with the last one.
var publishedPort = Derived{
	Name: "published_port",
	Doc:  "Published ports of services as the managers know them, with how long there has been a running task behind them.",
	Columns: []schema.Column{
		must(text("service_id", schema.Plain, "service")),
		text("service", schema.Name, "its name"),
		must(text("proto", schema.Plain, "tcp, udp or sctp")),
		must(whole("published", "port on the hosts")),
		must(whole("target", "port in the container")),
		must(text("mode", schema.Plain, "ingress or host")),
		number("since_s", "when its longest running task entered that state, seconds since 1970; NULL when none runs. Of a port of the routing mesh: of tasks with an address there"),
		number("look_s", "begin of the last read of the manager who says so"),
		number("updated_s", "last change of the service, seconds since 1970"),
		must(whole("updating", "1 while an update of the service is under way or stopped half-way")),
		must(refCol("ref", "row of swarm_service_port")),
		refCol("task_ref", "row of swarm_task of a running task"),
		colWhy(),
	},
	Query: `
SELECT p.service_id, s.name, p.proto, p.published, p.target, p.mode, t.since_s, t.look_s, (julianday(s.updated_at) - 2440587.5) * 86400.0,
  CASE WHEN COALESCE(s.update_state, 'completed') IN ('completed', 'rollback_completed') THEN 0 ELSE 1 END, p.ref, t.ref,
  'service ' || COALESCE(s.name, p.service_id) || ' publishes ' || p.proto || ' port ' || p.published || ' for port ' || p.target || ' of its tasks'
FROM (
  SELECT w.host, w.service_id, w.proto, w.published, w.mode, MIN(w.target) AS target, MIN(w.ref) AS ref
  FROM (SELECT q.*, RANK() OVER (PARTITION BY q.service_id ORDER BY r.last_s DESC, q.host) AS place
    FROM swarm_service_port AS q JOIN reading AS r ON r.host = q.host) AS w
  WHERE w.place = 1 AND w.published > 0 GROUP BY w.host, w.service_id, w.proto, w.published, w.mode) AS p
LEFT JOIN swarm_service AS s ON s.host = p.host AND s.service_id = p.service_id
LEFT JOIN (SELECT e.service_id, m.mode, MIN(e.since_s) AS since_s, MAX(e.look_s) AS look_s, MIN(e.ref) AS ref
  FROM task_endpoint AS e
  JOIN overlay_network AS o ON o.net = e.net
  JOIN (SELECT 'ingress' AS mode UNION ALL SELECT 'host') AS m ON m.mode = 'host' OR o.ingress = 1
  WHERE e.running = 1 GROUP BY e.service_id, m.mode) AS t ON t.service_id = p.service_id AND t.mode = p.mode`,
	Index: []string{"mode, proto, published", "service_id"},
}

// ingressPlace finds the mesh's way in: the device of ingress_sbox whose other end is in the host's own namespace, a port of
// docker_gwbridge. Its address is what DOCKER-INGRESS translates to.
var ingressPlace = Derived{
	Name: "ingress_place",
	Doc:  "Where the routing mesh enters a host: the namespace ingress_sbox, its address on docker_gwbridge, and the host's own namespace. Only where it has been there for a minute.",
	Columns: []schema.Column{
		colHost(),
		must(text("host_netns", schema.Plain, "the host's own namespace")),
		colNetns(), colNetnsName(), colNet(),
		must(text("gateway_ip", schema.Addr, "address of ingress_sbox on the bridge")),
		must(text("gateway_dev", schema.Plain, "its device there")),
		text("bridge", schema.Plain, "bridge of the host that it is a port of"),
		must(number("first_s", "begin of the host's first read, seconds since 1970")),
		must(refCol("address_ref", "row of address")),
		must(refCol("netns_ref", "row of netns")),
	},
	Query: `
SELECT host, host_netns, netns, netns_name, net, ip, dev, bridge, first_s, address_ref, netns_ref FROM (
  SELECT b.host, h.netns AS host_netns, b.netns, b.netns_name, b.net, a.ip, g.name AS dev, m.name AS bridge, r.first_s, a.ref AS address_ref, b.ref AS netns_ref,
    COUNT(*) OVER (PARTITION BY b.host) AS places
  FROM balancer AS b
  JOIN reading AS r ON r.host = b.host
  JOIN netns AS h ON h.host = b.host AND h.kind = 'host'
  JOIN link AS g ON g.host = b.host AND g.netns = b.netns AND g.kind = 'veth' AND g.peer_netns = h.netns
  JOIN address AS a ON a.host = g.host AND a.netns = g.netns AND a.ifindex = g.ifindex AND a.scope = 'global' AND instr(a.ip, ':') = 0
  LEFT JOIN link AS p ON p.host = g.host AND p.netns = h.netns AND p.ifindex = g.peer_ifindex
  LEFT JOIN link AS m ON m.host = p.host AND m.netns = p.netns AND m.ifindex = p.master AND m.kind = 'bridge'
  WHERE b.kind = 'ingress' AND b.age_s >= 60
) WHERE places = 1`,
	Index: []string{"host"},
}

// ingressChain counts what is there in either flavour and in either read: what is in none of them is missing.
var ingressChain = Derived{
	Name: "ingress_chain",
	Doc:  "What a host has of the chains DOCKER-INGRESS, and what leads to them: one row for each host whose rules were read whole.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(whole("nat_chain", "1 when the nat table has the chain")),
		must(whole("nat_rules", "rules in it")),
		must(whole("nat_jump", "rules of nat PREROUTING that lead to it")),
		must(whole("output_jump", "rules of nat OUTPUT that lead to it")),
		must(whole("filter_chain", "1 when the filter table has the chain")),
		must(whole("filter_rules", "rules in it")),
		must(whole("filter_jump", "ways from FORWARD to it, through DOCKER-FORWARD or straight")),
		must(whole("docker_nat", "1 when the nat table has the chain DOCKER")),
		must(whole("docker_filter", "1 when the filter table has the chain DOCKER")),
		text("forward_policy", schema.Plain, "DROP when the policy of FORWARD is DROP in any flavour"),
		refCol("docker_ref", "row of a chain of Docker's that is there"),
		must(refCol("chain_ref", "coverage row of the chains")),
		must(refCol("rule_ref", "coverage row of the rules")),
	},
	Query: `
SELECT n.host, n.netns, COALESCE(c.nat_chain, 0), COALESCE(r.nat_rules, 0), COALESCE(r.nat_jump, 0), COALESCE(r.output_jump, 0),
  COALESCE(c.filter_chain, 0), COALESCE(r.filter_rules, 0), COALESCE(r.direct, 0) + CASE WHEN r.forward > 0 AND r.inner_jump > 0 THEN 1 ELSE 0 END,
  COALESCE(c.docker_nat, 0), COALESCE(c.docker_filter, 0), c.policy, c.ref, kc.ref, kr.ref
FROM netns AS n
JOIN captured AS kc ON kc.tbl = 'iptables_chain' AND kc.host = n.host AND kc.netns = n.netns
JOIN captured AS kr ON kr.tbl = 'iptables_rule' AND kr.host = n.host AND kr.netns = n.netns
LEFT JOIN (SELECT host, netns,
    MAX(CASE WHEN tbl = 'nat' AND chain = 'DOCKER-INGRESS' THEN 1 ELSE 0 END) AS nat_chain,
    MAX(CASE WHEN tbl = 'filter' AND chain = 'DOCKER-INGRESS' THEN 1 ELSE 0 END) AS filter_chain,
    MAX(CASE WHEN tbl = 'nat' AND chain = 'DOCKER' THEN 1 ELSE 0 END) AS docker_nat,
    MAX(CASE WHEN tbl = 'filter' AND chain = 'DOCKER' THEN 1 ELSE 0 END) AS docker_filter,
    MAX(CASE WHEN tbl = 'filter' AND chain = 'FORWARD' THEN policy END) AS policy,
    MIN(CASE WHEN substr(chain, 1, 6) = 'DOCKER' THEN ref END) AS ref
  FROM iptables_chain WHERE family = 'ipv4' AND netns IN (SELECT netns FROM netns WHERE kind = 'host') GROUP BY host, netns) AS c ON c.host = n.host AND c.netns = n.netns
LEFT JOIN (SELECT host, netns,
    SUM(CASE WHEN tbl = 'nat' AND chain = 'DOCKER-INGRESS' THEN 1 ELSE 0 END) AS nat_rules,
    SUM(CASE WHEN tbl = 'nat' AND chain = 'PREROUTING' AND target = 'DOCKER-INGRESS' THEN 1 ELSE 0 END) AS nat_jump,
    SUM(CASE WHEN tbl = 'nat' AND chain = 'OUTPUT' AND target = 'DOCKER-INGRESS' THEN 1 ELSE 0 END) AS output_jump,
    SUM(CASE WHEN tbl = 'filter' AND chain = 'DOCKER-INGRESS' THEN 1 ELSE 0 END) AS filter_rules,
    SUM(CASE WHEN tbl = 'filter' AND chain = 'FORWARD' AND target = 'DOCKER-INGRESS' THEN 1 ELSE 0 END) AS direct,
    SUM(CASE WHEN tbl = 'filter' AND chain = 'FORWARD' AND target = 'DOCKER-FORWARD' THEN 1 ELSE 0 END) AS forward,
    SUM(CASE WHEN tbl = 'filter' AND chain = 'DOCKER-FORWARD' AND target = 'DOCKER-INGRESS' THEN 1 ELSE 0 END) AS inner_jump
  FROM iptables_rule WHERE family = 'ipv4' AND netns IN (SELECT netns FROM netns WHERE kind = 'host') GROUP BY host, netns) AS r ON r.host = n.host AND r.netns = n.netns
WHERE n.kind = 'host'`,
	Index: []string{"host"},
}

// expectedPort is what every expected row of the mesh follows from: a port whose service is at rest, has had a running task for
// half a minute, and a host whose way in has stood for a minute.
var expectedPort = Derived{
	Name: "expected_port",
	Doc:  "Published ports that a host's routing mesh should serve: every host of the swarm serves those of all services that have a settled task. Only hosts that the managers hear, and whose engine's layout is recognised.",
	Columns: []schema.Column{
		colHost(),
		must(text("host_netns", schema.Plain, "the host's own namespace")),
		colNetns(), colNetnsName(),
		must(text("proto", schema.Plain, "tcp, udp or sctp")),
		must(whole("published", "port on the hosts")),
		must(whole("target", "port in the container")),
		must(text("service_id", schema.Plain, "service")),
		text("service", schema.Name, "its name"),
		must(text("gateway_ip", schema.Addr, "address of ingress_sbox on the bridge")),
		text("bridge", schema.Plain, "that bridge"),
		must(text("layout", schema.Plain, "see engine_layout")),
		must(text("jump_from", schema.Plain, "see engine_layout")),
		must(refCol("port_ref", "row of swarm_service_port")),
		must(refCol("task_ref", "row of swarm_task")),
		must(refCol("address_ref", "row of address of the gateway's end")),
		must(refCol("engine_ref", "row of engine")),
		colWhy(),
	},
	Query: `
SELECT g.host, g.host_netns, g.netns, g.netns_name, p.proto, p.published, p.target, p.service_id, p.service, g.gateway_ip, g.bridge, l.layout, l.jump_from,
  p.ref, p.task_ref, g.address_ref, l.ref, p.why || ', and has settled tasks; ' || l.why
FROM ingress_place AS g
JOIN engine_layout AS l ON l.host = g.host AND l.recognised = 1
JOIN (SELECT DISTINCT h.host FROM swarm_host AS h JOIN swarm_node AS n ON n.node_id = h.node_id AND n.state = 'ready') AS r ON r.host = g.host
JOIN published_port AS p ON p.mode = 'ingress'
WHERE p.since_s <= g.first_s - 30 AND p.look_s >= g.first_s - 120 AND p.updating = 0 AND p.updated_s <= g.first_s - 60`,
	Index: []string{"host, proto, published"},
}

// expectedIngressDNAT is one rule in the host's nat table. DOCKER-INGRESS gets new rules at its top, and the first that matches counts.
var expectedIngressDNAT = Derived{
	Name: "expected_ingress_dnat",
	Doc:  "Rules that nat DOCKER-INGRESS of a host should have: one for each published port, to the address of ingress_sbox on docker_gwbridge.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("proto", schema.Plain, "tcp, udp or sctp")),
		must(whole("published", "port on the host, and at the new address")),
		must(text("to_ip", schema.Addr, "address of ingress_sbox: the new one")),
		text("service", schema.Name, "service that publishes it"),
		text("found_ip", schema.Addr, "address that the first rule for the port translates to; NULL when there is none"),
		must(refCol("port_ref", "row of swarm_service_port")),
		must(refCol("address_ref", "row of address of ingress_sbox")),
		refCol("rule_ref", "row of iptables_rule of the first rule for the port"),
		colWhy(),
	},
	Query: `
SELECT e.host, e.host_netns, e.proto, e.published, e.gateway_ip, e.service, d.to_ip, e.port_ref, e.address_ref, d.ref,
  e.why || '; ingress_sbox has ' || e.gateway_ip
FROM expected_port AS e
LEFT JOIN (SELECT host, netns, proto, dport_min, to_ip, ref,
    ROW_NUMBER() OVER (PARTITION BY host, netns, proto, dport_min ORDER BY CASE seen WHEN 'both' THEN 0 ELSE 1 END, num, flavour, ref) AS place
  FROM iptables_rule WHERE tbl = 'nat' AND family = 'ipv4' AND chain = 'DOCKER-INGRESS' AND target = 'DNAT' AND dport_min = COALESCE(dport_max, dport_min)) AS d
  ON d.host = e.host AND d.netns = e.host_netns AND d.proto = e.proto AND d.dport_min = e.published AND d.place = 1`,
	Index: []string{"host, proto, published"},
}

var expectedFilterAccept = Derived{
	Name: "expected_filter_accept",
	Doc:  "Rules that filter DOCKER-INGRESS of a host should have: for each published port one that accepts what comes for it, and one for the answers.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("proto", schema.Plain, "tcp, udp or sctp")),
		must(whole("published", "port")),
		must(text("side", schema.Plain, "dport: what comes for the port; sport: the answers")),
		text("service", schema.Name, "service that publishes it"),
		must(text("layout", schema.Plain, "see engine_layout")),
		must(refCol("port_ref", "row of swarm_service_port")),
		refCol("rule_ref", "row of iptables_rule; NULL when there is none"),
		colWhy(),
	},
	Query: `
SELECT e.host, e.host_netns, e.proto, e.published, k.side, e.service, e.layout, e.port_ref, MIN(a.ref), e.why
FROM expected_port AS e
JOIN (SELECT 'dport' AS side UNION ALL SELECT 'sport') AS k
LEFT JOIN (SELECT host, netns, proto, 'dport' AS side, dport_min AS port, ref FROM iptables_rule
    WHERE tbl = 'filter' AND family = 'ipv4' AND chain = 'DOCKER-INGRESS' AND target = 'ACCEPT' AND dport_min = COALESCE(dport_max, dport_min)
  UNION ALL
  SELECT host, netns, proto, 'sport', sport_min, ref FROM iptables_rule
    WHERE tbl = 'filter' AND family = 'ipv4' AND chain = 'DOCKER-INGRESS' AND target = 'ACCEPT' AND sport_min = COALESCE(sport_max, sport_min)) AS a
  ON a.host = e.host AND a.netns = e.host_netns AND a.proto = e.proto AND a.port = e.published AND a.side = k.side
GROUP BY e.host, e.host_netns, e.proto, e.published, k.side, e.service, e.layout, e.port_ref, e.why`,
	Index: []string{"host, proto, published"},
}

// expectedPortMark has no value of the mark, which is a counter of each daemon's; the mark of the service's address is it.
var expectedPortMark = Derived{
	Name: "expected_port_mark",
	Doc:  "Rules that mangle PREROUTING of ingress_sbox should have: one mark for each published port, that of its service.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNetnsName(),
		must(text("port", schema.Plain, "published port as tcp:8080")),
		must(text("proto", schema.Plain, "tcp, udp or sctp")),
		must(whole("published", "port")),
		must(text("service_id", schema.Plain, "service")),
		text("service", schema.Name, "its name"),
		whole("mark", "mark that the last rule for the port sets; NULL where there is no rule"),
		must(refCol("port_ref", "row of swarm_service_port")),
		refCol("mark_ref", "row of iptables_rule"),
		colWhy(),
	},
	Query: `
SELECT e.host, e.netns, e.netns_name, e.proto || ':' || e.published, e.proto, e.published, e.service_id, e.service, MAX(m.mark), e.port_ref, MIN(m.ref), e.why
FROM expected_port AS e
LEFT JOIN mark_rule AS m ON m.host = e.host AND m.netns = e.netns AND m.port = e.proto || ':' || e.published AND m.effective = 1
GROUP BY e.host, e.netns, e.netns_name, e.proto, e.published, e.service_id, e.service, e.port_ref, e.why`,
	Index: []string{"host, netns, port"},
}

// expectedRedirect is addRedirectRules of libnetwork: the mesh sends to the published port at the task's address on ingress, and the
// task listens on another one.
var expectedRedirect = Derived{
	Name: "expected_redirect",
	Doc:  "Rules that nat PREROUTING of a task's own namespace should have: for each published port one that redirects it, at the task's address on ingress, to the target port.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNetnsName(),
		must(text("container", schema.Plain, "full id of the container")),
		text("label", schema.Name, "name of the container"),
		must(text("ip", schema.Addr, "address of the task on ingress")),
		must(text("proto", schema.Plain, "tcp, udp or sctp")),
		must(whole("published", "port that the mesh sends to")),
		must(whole("target", "port that the task should get it on")),
		text("service", schema.Name, "its service"),
		whole("found_port", "port that the first rule leads to; NULL when there is no rule"),
		must(refCol("port_ref", "row of swarm_service_port")),
		must(refCol("task_ref", "row of swarm_task")),
		refCol("rule_ref", "row of iptables_rule"),
		colWhy(),
	},
	Query: `
SELECT e.host, l.netns, l.netns_name, l.container, l.label, l.ip, e.proto, e.published, e.target, e.service, d.to_port_min, e.port_ref, t.ref, d.ref,
  e.why || '; ' || t.label || ' has ' || l.ip || ' on ingress'
FROM expected_port AS e
JOIN ingress_place AS g ON g.host = e.host
JOIN local_endpoint AS l ON l.host = e.host AND l.net = g.net AND l.kind = 'container' AND l.ip IS NOT NULL
JOIN task_endpoint AS t ON t.task_id = l.task_id AND t.net = l.net AND t.ip = l.ip AND t.service_id = e.service_id AND t.running = 1 AND t.since_s <= g.first_s - 30
LEFT JOIN (SELECT host, netns, proto, dst, dport_min, to_port_min, ref,
    ROW_NUMBER() OVER (PARTITION BY host, netns, proto, dst, dport_min ORDER BY CASE seen WHEN 'both' THEN 0 ELSE 1 END, num, flavour, ref) AS place
  FROM iptables_rule WHERE tbl = 'nat' AND family = 'ipv4' AND chain = 'PREROUTING' AND target = 'REDIRECT') AS d
  ON d.host = e.host AND d.netns = l.netns AND d.proto = e.proto AND d.dst = l.ip || '/32' AND d.dport_min = e.published AND d.place = 1`,
	Index: []string{"host, netns"},
}
