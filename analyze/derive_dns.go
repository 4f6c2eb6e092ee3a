package analyze

import "github.com/netmortem/netmortem/schema"

// dnsQuestion and the two tables that are filled with it hold what containers have in common once, for a daemon answers all containers
// of a network alike: a fleet's containers ask for millions of addresses, and are told a few thousand times the same.
var dnsQuestion = Derived{
	Name: "dns_question",
	Doc:  "Names that were asked from inside containers (A records only): one row for the containers of a host that are on the same networks, have been there for a minute or not, and were told the same, their repeated questions in it.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("container", schema.Plain, "full id of the container; of several the first by id, whose first row it is")),
		must(whole("clients", "how many containers were told so")),
		must(text("name", schema.Name, "name asked")),
		text("service", schema.Name, "service that the name belongs to"),
		must(whole("tasks", "1 when the name was tasks.<service>")),
		must(whole("asked", "how often one container asked")),
		must(whole("answered", "how many of these had an answer that says what the resolver knows: NOERROR, NXDOMAIN or SERVFAIL, not cut short")),
		text("rcode", schema.Plain, "worst reply: NOERROR, NXDOMAIN or SERVFAIL"),
	},
	RowOf:   "dns_query",
	Reads:   []string{"dns_query", "dns_answer"},
	Beside:  []string{"reading", "overlay_network", "local_endpoint"},
	Index:   []string{"host, netns, name"},
	Ordered: true,
	Aside:   foldDNS,
	Prompt:  true,
}

var dnsAnswerSet = Derived{
	Name: "dns_answer_set",
	Doc:  "Addresses that a name was answered with inside containers, as a set: one row for a row of dns_question and an address. Filled with dns_question.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("container", schema.Plain, "as in dns_question")),
		must(text("name", schema.Name, "name asked")),
		text("service", schema.Name, "service that the name belongs to"),
		must(whole("tasks", "1 when the name was tasks.<service>")),
		must(text("ip", schema.Addr, "address")),
		must(whole("hits", "in how many of the container's answers it was")),
		must(whole("asked", "how often it asked")),
	},
	RowOf:   "dns_answer",
	Reads:   []string{"dns_query", "dns_answer"},
	Index:   []string{"host, netns, name, ip"},
	Ordered: true,
	With:    "dns_question",
}

// serviceRecord leaves out when a host was read: what must have settled by then is decided where a host is asked.
var serviceRecord = Derived{
	Name: "service_record",
	Doc:  "Addresses that the names of a service stand for on a network: its virtual address, or those of its running tasks.",
	Columns: []schema.Column{
		colNet(),
		text("network", schema.Name, "name of the network"),
		must(text("service_id", schema.Plain, "service")),
		text("service", schema.Name, "its name"),
		must(whole("tasks", "1 for tasks.<service>, and for the name of a dnsrr service")),
		must(text("ip", schema.Addr, "address")),
		must(text("kind", schema.Plain, "vip or task")),
		text("label", schema.Name, "task that has the address"),
		number("since_s", "since when the task runs, of a virtual address the first task, seconds since 1970"),
		must(number("look_s", "begin of the manager's last read, seconds since 1970")),
		must(refCol("truth_ref", "row of swarm_service_vip or swarm_task")),
	},
	// That a task runs is asked as a range, and the mode through a function: by an equation SQLite would index them by it, and go through
	// all that run, or are balanced, for each service.
	Query: `
WITH served AS (
  SELECT t.service_id, t.net, MIN(t.since_s) AS since_s, t.look_s
  FROM (SELECT service_id, net, since_s, look_s, MAX(look_s) OVER (PARTITION BY service_id, net) AS newest FROM task_endpoint WHERE running > 0) AS t
  WHERE t.look_s = t.newest GROUP BY t.service_id, t.net, t.look_s
), mode AS (
  SELECT service_id, MIN(name) AS name, MIN(endpoint_mode) AS mode FROM swarm_service GROUP BY service_id
)
SELECT w.net, w.network, v.service_id, m.name, 0, v.ip, 'vip', NULL, t.since_s, t.look_s, MIN(v.ref)
FROM swarm_service_vip AS v
JOIN mode AS m ON m.service_id = v.service_id
JOIN overlay_network AS w ON w.net = substr(v.network_id, 1, 8) AND w.ingress = 0
JOIN served AS t ON t.service_id = v.service_id AND t.net = w.net
WHERE instr(v.ip, ':') = 0 AND COALESCE(m.mode, '') = 'vip'
GROUP BY w.net, w.network, v.service_id, m.name, v.ip, t.since_s, t.look_s
UNION ALL
SELECT w.net, w.network, t.service_id, m.name, 1, t.ip, 'task', t.label, t.since_s, t.look_s, t.ref
FROM task_endpoint AS t
JOIN mode AS m ON m.service_id = t.service_id
JOIN overlay_network AS w ON w.net = t.net AND w.ingress = 0
WHERE t.running > 0`,
	Index: []string{"net, service_id, tasks"},
}

// expectedDNSAnswer covers a client that shares exactly one network with the service, the routing mesh's left out:
// libnetwork answers from the first network that knows the name, and which is first is not captured. What the managers said last holds for
// names that were asked before; beside a busy daemon that may be as late as the end of the host's last read.
//
// It begins with the questions, in the order of their index: CROSS JOIN keeps SQLite from looking each endpoint of a network up once for
// each service there, and sorting what it finds.
var expectedDNSAnswer = Derived{
	Name: "expected_dns_answer",
	Doc:  "Addresses that a name should be answered with inside the containers of a row of dns_question: the virtual address of the service, or the addresses of its settled tasks.",
	View: true,
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("container", schema.Plain, "full id of the container that asked; of several as in dns_question")),
		text("client", schema.Name, "its name"),
		must(text("name", schema.Name, "name asked")),
		text("service", schema.Name, "service that the name belongs to"),
		colNet(),
		text("network", schema.Name, "name of the network that the container shares with it"),
		must(text("ip", schema.Addr, "address")),
		must(text("kind", schema.Plain, "vip or task")),
		text("label", schema.Name, "task that has the address"),
		must(refCol("truth_ref", "row of swarm_service_vip or swarm_task")),
		must(refCol("question_ref", "row of dns_query")),
		colWhy(),
	},
	Query: `
WITH shared AS (
  SELECT q.host, q.netns, q.container, q.name, q.service, q.tasks, q.ref, q.answered, q.asked,
    l.label AS client, l.net, t.service_id, s.mode, l.since_s,
    COUNT(*) OVER (PARTITION BY q.host, q.netns, q.name, q.container) AS networks
  FROM dns_question AS q
  CROSS JOIN (SELECT DISTINCT host, netns, net, label, since_s FROM local_endpoint) AS l ON l.host = q.host AND l.netns = q.netns
  JOIN overlay_network AS w ON w.net = l.net AND w.ingress = 0
  JOIN (SELECT DISTINCT net, service, service_id FROM task_endpoint) AS t ON t.net = l.net AND t.service = q.service
  JOIN (SELECT service_id, MIN(endpoint_mode) AS mode FROM swarm_service GROUP BY service_id) AS s ON s.service_id = t.service_id
)
SELECT c.host, c.netns, c.container, c.client, c.name, c.service, c.net, e.network, e.ip, e.kind, e.label, e.truth_ref, c.ref,
  CASE e.kind WHEN 'vip' THEN 'service ' || c.service || ' has this virtual address and settled tasks on ' || COALESCE(e.network, e.net)
    ELSE 'the managers have task ' || COALESCE(e.label, e.ip) || ' running' END
FROM shared AS c
CROSS JOIN reading AS r ON r.host = c.host
LEFT JOIN network_change AS q ON q.net = c.net
JOIN service_record AS e ON e.net = c.net AND e.service_id = c.service_id AND e.tasks = CASE WHEN c.tasks = 1 OR c.mode = 'dnsrr' THEN 1 ELSE 0 END
WHERE c.networks = 1 AND c.answered = c.asked AND c.since_s <= r.first_s - 60 AND e.since_s <= r.first_s - 30 AND e.look_s >= r.first_s - 120
  AND (e.look_s >= r.finished_s OR q.changed_s <= e.look_s - 30)`,
}
