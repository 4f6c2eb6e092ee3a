package analyze

import "github.com/netmortem/netmortem/schema"

// balancer lists the namespaces whose virtual addresses libnetwork programs. Before 18.09 that is every container's,
// once for each overlay that it is on.
var balancer = Derived{
	Name: "balancer",
	Doc:  "Namespaces that balance load for an overlay: lb_ and ingress_sbox, and on engines before 18.09 every container's. One row a namespace and network.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNetnsName(),
		must(text("kind", schema.Plain, "lb, ingress or container")),
		colNet(),
		text("network", schema.Name, "name of the network"),
		text("dev", schema.Plain, "its device on the network"),
		number("age_s", "seconds that it has existed at least when it was read"),
		must(refCol("ref", "row of netns")),
	},
	Query: `
SELECT host, netns, netns_name, kind, net, network, dev, age_s, ref FROM (
  SELECT l.host, l.netns, l.netns_name, l.kind, l.net, o.network, l.dev,
    CASE WHEN l.kind = 'container' THEN r.first_s - l.since_s ELSE o.age_s END AS age_s, n.ref,
    ROW_NUMBER() OVER (PARTITION BY l.host, l.netns, l.net ORDER BY l.dev) AS place
  FROM local_endpoint AS l
  JOIN overlay_netns AS o ON o.host = l.host AND o.netns = l.overlay_netns AND o.copies = 1
  JOIN netns AS n ON n.host = l.host AND n.netns = l.netns
  LEFT JOIN reading AS r ON r.host = l.host
  LEFT JOIN host_era AS e ON e.host = l.host
  WHERE l.kind IN ('lb', 'ingress') OR (l.kind = 'container' AND e.era = 'container')
) WHERE place = 1`,
	Index: []string{"host, netns, net", "net"},
}

// markRule keeps the rules that do nothing but set a mark for one address or one port, as libnetwork writes them.
// MARK does not end the walk through a chain, so of several rules for one address the last one counts.
var markRule = Derived{
	Name: "mark_rule",
	Doc:  "Rules that set a firewall mark for a virtual address or a published port, in namespaces of Docker's: mangle INPUT, OUTPUT before 18.09, PREROUTING for ports.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNetnsName(),
		must(text("kind", schema.Plain, "lb, ingress or container")),
		must(text("chain", schema.Plain, "INPUT, OUTPUT or PREROUTING")),
		text("vip", schema.Addr, "virtual address; NULL for a port"),
		text("port", schema.Plain, "published port as tcp:8080; NULL for an address"),
		must(whole("mark", "mark that it sets")),
		must(whole("num", "position in its chain, from 1")),
		must(whole("effective", "1 for the last one for its address or port: the one that counts")),
		must(text("seen", schema.Plain, "first, last or both: which of the two reads held it")),
		must(refCol("ref", "row of iptables_rule")),
	},
	Query: `
SELECT host, netns, name, kind, chain, vip, port, mark, num,
  CASE WHEN ROW_NUMBER() OVER (PARTITION BY host, netns, chain, COALESCE(vip, port) ORDER BY CASE seen WHEN 'first' THEN 1 ELSE 0 END, num DESC, flavour, ref) = 1 THEN 1 ELSE 0 END,
  seen, ref
FROM (
  SELECT r.host, r.netns, n.name, n.kind, r.chain, r.num, r.mark, r.seen, r.flavour, r.ref,
    CASE WHEN r.chain <> 'PREROUTING' AND r.proto IS NULL AND r.dport_min IS NULL AND substr(r.dst, -3) = '/32' THEN substr(r.dst, 1, length(r.dst) - 3) END AS vip,
    CASE WHEN r.chain = 'PREROUTING' AND r.dst IS NULL AND r.dport_min = COALESCE(r.dport_max, r.dport_min) THEN r.proto || ':' || r.dport_min END AS port
  FROM iptables_rule AS r
  JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind IN ('lb', 'ingress', 'container')
  WHERE r.tbl = 'mangle' AND r.family = 'ipv4' AND r.target = 'MARK' AND r.mark > 0
    AND (r.mark_mask IS NULL OR r.mark_mask = 4294967295) AND r.chain IN ('INPUT', 'OUTPUT', 'PREROUTING')
    AND r.src IS NULL AND r.in_iface IS NULL AND r.out_iface IS NULL AND r.sport_min IS NULL AND r.ctstate IS NULL
    AND COALESCE(r.inverted, '') = '' AND COALESCE(r.unmodelled, '') = ''
) WHERE vip IS NOT NULL OR port IS NOT NULL`,
	Index: []string{"host, netns, vip", "host, netns, mark"},
}

var serviceVIP = Derived{
	Name: "service_vip",
	Doc:  "Virtual addresses of services on overlays, with how long there has been a running task behind them.",
	Columns: []schema.Column{
		colNet(),
		must(text("ip", schema.Addr, "virtual address")),
		must(text("service_id", schema.Plain, "service")),
		text("service", schema.Name, "name of the service"),
		number("since_s", "when its longest running task on the network entered that state, seconds since 1970; NULL when none runs"),
		number("look_s", "begin of the last read of the manager who says so"),
		must(refCol("ref", "row of swarm_service_vip")),
		refCol("task_ref", "row of swarm_task of a running task"),
	},
	Query: `
SELECT v.net, v.ip, v.service_id, v.service, t.since_s, t.look_s, v.ref, t.ref
FROM (SELECT substr(a.network_id, 1, 8) AS net, a.ip, a.service_id, MIN(s.name) AS service, MIN(a.ref) AS ref
  FROM swarm_service_vip AS a LEFT JOIN swarm_service AS s ON s.host = a.host AND s.service_id = a.service_id
  WHERE length(a.network_id) >= 8 AND instr(a.ip, ':') = 0 GROUP BY substr(a.network_id, 1, 8), a.ip, a.service_id) AS v
LEFT JOIN (SELECT service_id, net, MIN(since_s) AS since_s, MAX(look_s) AS look_s, MIN(ref) AS ref
  FROM task_endpoint WHERE running = 1 GROUP BY service_id, net) AS t ON t.service_id = v.service_id AND t.net = v.net`,
	Index: []string{"net, ip"},
}

var expectedVIPAlias = Derived{
	Name: "expected_vip_alias",
	Doc:  "Virtual addresses that a load balancer's namespace should hold as an alias: one for each service with a virtual address and a settled task on the network. Engine 18.09 and newer.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNetnsName(), colNet(),
		text("network", schema.Name, "name of the network"),
		text("dev", schema.Plain, "device that should hold it"),
		must(text("vip", schema.Addr, "virtual address")),
		must(text("service_id", schema.Plain, "service")),
		text("service", schema.Name, "name of the service"),
		must(refCol("vip_ref", "row of swarm_service_vip")),
		must(refCol("task_ref", "row of a settled task")),
		must(refCol("netns_ref", "row of the namespace")),
		colWhy(),
	},
	Query: `
SELECT b.host, b.netns, b.netns_name, b.net, b.network, b.dev, v.ip, v.service_id, v.service, v.ref, v.task_ref, b.ref,
  'service ' || COALESCE(v.service, v.service_id) || ' has this address on ' || COALESCE(b.network, b.net) || ' and settled tasks there'
FROM balancer AS b
JOIN reading AS r ON r.host = b.host
JOIN service_vip AS v ON v.net = b.net
WHERE b.kind IN ('lb', 'ingress') AND b.age_s >= 60
  AND v.since_s <= r.first_s - 30 AND v.look_s >= r.first_s - 120`,
	Index: []string{"host, netns, vip"},
}

// expectedFwmark has no value of the mark: it is a counter of each daemon's, and says nothing between hosts.
var expectedFwmark = Derived{
	Name: "expected_fwmark",
	Doc:  "Virtual addresses that should have exactly one mark in a load balancer's namespace, and the mark that counts there.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNetnsName(),
		must(text("vip", schema.Addr, "virtual address")),
		must(text("service_id", schema.Plain, "service")),
		text("service", schema.Name, "name of the service"),
		whole("mark", "mark that the last rule for the address sets; NULL where there is no rule"),
		must(refCol("vip_ref", "row of swarm_service_vip")),
		refCol("mark_ref", "row of iptables_rule"),
		colWhy(),
	},
	Query: `
SELECT a.host, a.netns, a.netns_name, a.vip, a.service_id, a.service, MAX(m.mark), a.vip_ref, MIN(m.ref), a.why
FROM expected_vip_alias AS a
LEFT JOIN mark_rule AS m ON m.host = a.host AND m.netns = a.netns AND m.vip = a.vip AND m.effective = 1
GROUP BY a.host, a.netns, a.netns_name, a.vip, a.service_id, a.service, a.vip_ref, a.why`,
	Index: []string{"host, netns, vip"},
}

var balancerDestination = Derived{
	Name: "balancer_destination",
	Doc:  "Destinations of virtual services by mark, with the network and the virtual address that leads to them.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNetnsName(), colNet(),
		must(text("kind", schema.Plain, "lb, ingress or container")),
		must(whole("fwmark", "mark of the virtual service")),
		text("vip", schema.Addr, "virtual address whose rule sets the mark; NULL where none does. One row for each"),
		text("service_id", schema.Plain, "service that has that address"),
		text("service", schema.Name, "its name"),
		must(text("ip", schema.Addr, "address of the destination")),
		whole("weight", "weight; 0 takes no new connections"),
		text("forward", schema.Plain, "masq, route or tunnel"),
		must(text("seen", schema.Plain, "first, last or both: which of the two reads held it")),
		refCol("mark_ref", "row of iptables_rule"),
	},
	RowOf: "ipvs_destination",
	Query: `
WITH marked AS MATERIALIZED (
  SELECT m.host, m.netns, b.net, m.mark, m.vip, v.service_id, v.service, m.ref
  FROM (SELECT host, netns, mark, vip, MIN(ref) AS ref FROM mark_rule WHERE vip IS NOT NULL AND seen = 'both' GROUP BY host, netns, mark, vip) AS m
  CROSS JOIN balancer AS b
  LEFT JOIN (SELECT net, ip, MIN(service_id) AS service_id, MIN(service) AS service FROM service_vip
    GROUP BY net, ip HAVING COUNT(*) = 1) AS v ON v.net = b.net AND v.ip = m.vip
  WHERE b.host = m.host AND b.netns = m.netns
)
SELECT d.host, d.netns, b.netns_name, b.net, b.kind, d.fwmark, m.vip, m.service_id, m.service, d.address, d.weight, d.forward, d.seen, m.ref, d.line
FROM ipvs_destination AS d
CROSS JOIN balancer AS b
LEFT JOIN marked AS m ON m.host = d.host AND m.netns = d.netns AND m.net = b.net AND m.mark = d.fwmark
WHERE b.host = d.host AND b.netns = d.netns AND d.fwmark > 0 AND instr(d.address, ':') = 0
  AND (b.kind <> 'container' OR m.service_id IS NOT NULL)`,
	Index:   []string{"host, netns, fwmark, ip"},
	Ordered: true,
}

// expectedIPVSDestination asks only where a mark leads to a virtual service at all: where it does not, that is the fault.
var expectedIPVSDestination = Derived{
	Name: "expected_ipvs_destination",
	Doc:  "Destinations that the virtual service of an address should have: one for each settled task of the service on the network.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNet(),
		must(text("vip", schema.Addr, "virtual address")),
		must(whole("fwmark", "mark that the last rule for the address sets")),
		must(text("service_id", schema.Plain, "service")),
		must(text("task_id", schema.Plain, "task that the managers have running")),
		must(text("ip", schema.Addr, "address of the task: of the destination")),
		must(refCol("task_ref", "row of swarm_task")),
		must(refCol("service_ref", "row of ipvs_service")),
		must(refCol("mark_ref", "row of iptables_rule")),
	},
	Query: `
WITH virtual AS MATERIALIZED (
  SELECT b.host, b.netns, b.net, r.first_s, v.ip AS vip, m.mark, v.service_id, i.ref AS service_ref, m.ref AS mark_ref
  FROM balancer AS b
  JOIN reading AS r ON r.host = b.host
  JOIN service_vip AS v ON v.net = b.net
  JOIN (SELECT host, netns, vip, MIN(mark) AS mark, MIN(ref) AS ref FROM mark_rule WHERE effective = 1 AND seen = 'both'
    GROUP BY host, netns, vip HAVING COUNT(DISTINCT mark) = 1) AS m ON m.host = b.host AND m.netns = b.netns AND m.vip = v.ip
  JOIN (SELECT host, netns, fwmark, MIN(ref) AS ref FROM ipvs_service WHERE family = 'ipv4' AND seen = 'both'
    GROUP BY host, netns, fwmark) AS i ON i.host = b.host AND i.netns = b.netns AND i.fwmark = m.mark
  WHERE b.age_s >= 60
)
SELECT v.host, v.netns, v.net, v.vip, v.mark, v.service_id, t.task_id, t.ip, t.ref, v.service_ref, v.mark_ref
FROM virtual AS v
CROSS JOIN task_endpoint AS t
WHERE t.service_id = v.service_id AND t.net = v.net AND t.running = 1 AND t.since_s <= v.first_s - 30 AND t.look_s >= v.first_s - 120`,
}
