package analyze

import "github.com/netmortem/netmortem/schema"

// expectedListener needs the manager for what is published, and the task's own host for where it runs. A task counts once the
// managers have had it running for a minute: a program needs its time to listen.
var expectedListener = Derived{
	Name: "expected_listener",
	Doc:  "Ports that a task should listen on, because its service publishes them: one row for each published port of a service and running task on a captured host.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNetnsName(),
		must(text("task_id", schema.Plain, "task")),
		text("task", schema.Name, "its name"),
		must(text("container", schema.Plain, "full id of its container")),
		text("service", schema.Name, "name of the service"),
		must(text("proto", schema.Plain, "tcp or udp")),
		must(whole("target", "port in the container")),
		must(whole("published", "port on the hosts")),
		must(text("mode", schema.Plain, "ingress or host")),
		must(refCol("port_ref", "row of swarm_service_port")),
		must(refCol("task_ref", "row of swarm_task")),
		must(refCol("netns_ref", "row of netns")),
		colWhy(),
	},
	Query: `
SELECT c.host, n.netns, n.name, t.task_id, t.label, c.container, p.service, p.proto, p.target, p.published, p.mode, p.ref, t.ref, n.ref, p.why
FROM published_port AS p
JOIN (SELECT task_id, service_id, host, MIN(label) AS label, MIN(ref) AS ref, MIN(since_s) AS since_s, MAX(look_s) AS look_s FROM task_endpoint
  WHERE running = 1 AND host IS NOT NULL GROUP BY task_id, service_id, host) AS t ON t.service_id = p.service_id
JOIN reading AS r ON r.host = t.host
JOIN container AS c ON c.host = t.host AND c.task_id = t.task_id AND c.state = 'running'
JOIN netns AS n ON n.host = c.host AND n.container = c.container AND n.kind = 'container'
WHERE p.proto IN ('tcp', 'udp') AND t.since_s <= r.first_s - 60 AND t.look_s >= r.first_s - 120
  AND p.updated_s <= t.look_s - 60
  AND (julianday(c.started_at) - 2440587.5) * 86400.0 <= r.first_s - 60`,
	Index: []string{"host, netns"},
}
