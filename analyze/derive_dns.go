package analyze

import "github.com/netmortem/netmortem/schema"

var dnsQuestion = Derived{
	Name: "dns_question",
	Doc:  "Names that were asked from inside a container, its repeated questions in one row (A records only).",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("container", schema.Plain, "full id of the container")),
		must(text("name", schema.Name, "name asked")),
		text("service", schema.Name, "service that the name belongs to"),
		must(whole("tasks", "1 when the name was tasks.<service>")),
		must(whole("asked", "how often")),
		must(whole("answered", "how many had an answer that says what the resolver knows: NOERROR, NXDOMAIN or SERVFAIL, not cut short")),
		text("rcode", schema.Plain, "worst reply: NOERROR, NXDOMAIN or SERVFAIL"),
		must(refCol("ref", "row of dns_query of the first one")),
	},
	Query: `
SELECT host, netns, container, name, MAX(service), MAX(tasks), COUNT(*),
  SUM(CASE WHEN rcode IN ('NOERROR', 'NXDOMAIN', 'SERVFAIL') AND COALESCE(truncated, 0) = 0 AND COALESCE(error, '') = '' THEN 1 ELSE 0 END),
  MAX(rcode), MIN(ref)
FROM dns_query WHERE qtype = 'A' GROUP BY host, netns, container, name`,
	Index: []string{"host, netns, name"},
}

var dnsAnswerSet = Derived{
	Name: "dns_answer_set",
	Doc:  "Addresses that a name was answered with inside a container, as a set: one row an address.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("container", schema.Plain, "full id of the container")),
		must(text("name", schema.Name, "name asked")),
		text("service", schema.Name, "service that the name belongs to"),
		must(whole("tasks", "1 when the name was tasks.<service>")),
		must(text("ip", schema.Addr, "address")),
		must(whole("hits", "in how many answers it was")),
		must(whole("first_place", "in how many answers it came first")),
		must(whole("asked", "how many questions there were")),
		must(refCol("ref", "row of dns_answer of the first one")),
	},
	Query: `
SELECT a.host, a.netns, a.container, a.name, q.service, q.tasks, a.address,
  COUNT(DISTINCT a.attempt), COUNT(DISTINCT CASE WHEN a.pos = 1 THEN a.attempt END), q.asked, MIN(a.ref)
FROM dns_answer AS a
JOIN dns_question AS q ON q.host = a.host AND q.netns = a.netns AND q.container = a.container AND q.name = a.name
WHERE a.qtype = 'A' AND a.rtype = 'A' AND a.address IS NOT NULL
GROUP BY a.host, a.netns, a.container, a.name, q.service, q.tasks, q.asked, a.address`,
	Index: []string{"host, netns, name, ip"},
}

// expectedDNSAnswer covers a client that shares exactly one network with the service, the routing mesh's left out:
// libnetwork answers from the first network that knows the name, and which is first is not captured. That a task runs is asked as a
// range: by an equation SQLite would index tasks by it, and go through all that run for each client.
var expectedDNSAnswer = Derived{
	Name: "expected_dns_answer",
	Doc:  "Addresses that a name should be answered with inside a container: the virtual address of the service, or the addresses of its settled tasks.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("container", schema.Plain, "full id of the container that asked")),
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
    l.label AS client, l.net, w.network, t.service_id, s.mode, l.since_s,
    COUNT(*) OVER (PARTITION BY q.host, q.netns, q.container, q.name) AS networks
  FROM dns_question AS q
  JOIN (SELECT DISTINCT host, netns, net, label, since_s FROM local_endpoint) AS l ON l.host = q.host AND l.netns = q.netns
  JOIN overlay_network AS w ON w.net = l.net AND w.ingress = 0
  JOIN (SELECT DISTINCT net, service, service_id FROM task_endpoint) AS t ON t.net = l.net AND t.service = q.service
  JOIN (SELECT service_id, MIN(endpoint_mode) AS mode FROM swarm_service GROUP BY service_id) AS s ON s.service_id = t.service_id
)
SELECT c.host, c.netns, c.container, c.client, c.name, c.service, c.net, c.network, v.ip, 'vip', NULL, MIN(v.ref), c.ref,
  'service ' || c.service || ' has this virtual address and settled tasks on ' || COALESCE(c.network, c.net)
FROM shared AS c
JOIN reading AS r ON r.host = c.host
LEFT JOIN network_change AS q ON q.net = c.net
JOIN swarm_service_vip AS v ON v.service_id = c.service_id AND substr(v.network_id, 1, 8) = c.net
JOIN task_endpoint AS t ON t.service_id = c.service_id AND t.net = c.net
WHERE c.networks = 1 AND c.tasks = 0 AND c.mode = 'vip' AND c.answered = c.asked AND c.since_s <= r.first_s - 60
  AND instr(v.ip, ':') = 0 AND t.running > 0 AND t.since_s <= r.first_s - 30 AND t.look_s >= r.first_s - 120
  AND (t.look_s >= r.last_s OR q.changed_s <= t.look_s - 30)
GROUP BY c.host, c.netns, c.container, c.client, c.name, c.service, c.net, c.network, v.ip, c.ref
UNION ALL
SELECT c.host, c.netns, c.container, c.client, c.name, c.service, c.net, c.network, t.ip, 'task', t.label, t.ref, c.ref,
  'the managers have task ' || COALESCE(t.label, t.task_id) || ' running'
FROM shared AS c
JOIN reading AS r ON r.host = c.host
LEFT JOIN network_change AS q ON q.net = c.net
JOIN task_endpoint AS t ON t.service_id = c.service_id AND t.net = c.net
WHERE c.networks = 1 AND (c.tasks = 1 OR c.mode = 'dnsrr') AND c.answered = c.asked AND c.since_s <= r.first_s - 60
  AND t.running > 0 AND t.since_s <= r.first_s - 30 AND t.look_s >= r.first_s - 120
  AND (t.look_s >= r.last_s OR q.changed_s <= t.look_s - 30)`,
	Index: []string{"host, netns, name, ip"},
}
