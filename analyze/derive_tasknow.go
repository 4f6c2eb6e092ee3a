package analyze

import "github.com/netmortem/netmortem/schema"

// taskNow is every task, also of services without a network, as the captured manager that looked last knows it.
var taskNow = Derived{
	Name: "task_now",
	Doc:  "Tasks as the captured manager that looked last knows them: one row a task.",
	Columns: []schema.Column{
		must(text("manager", schema.Name, "captured host whose task list it is")),
		must(text("task_id", schema.Plain, "task")),
		text("service_id", schema.Plain, "its service"),
		text("service", schema.Name, "name of the service"),
		text("label", schema.Name, "name as docker service ps shows it: service.slot, or service.node for a global one"),
		whole("slot", "slot of a replicated service"),
		text("node_id", schema.Plain, "its node"),
		text("node", schema.Name, "host name of the node"),
		text("host", schema.Name, "that node, if it was captured"),
		must(text("desired", schema.Plain, "desired state")),
		must(text("state", schema.Plain, "state in the last read that holds it")),
		text("err", schema.Text, "why it is not running"),
		text("container", schema.Plain, "its container"),
		must(whole("settled", "1 when both reads say the same of it")),
		number("made_s", "when the managers made it, seconds since 1970 by the leader's clock"),
		number("since_s", "when it entered that state, seconds since 1970 by its node's clock"),
		must(number("look_s", "begin of the manager's last read, seconds since 1970")),
		must(refCol("ref", "row of swarm_task")),
	},
	Query: "WITH " + lastTeller + `
SELECT t.host, t.task_id, t.service_id, s.name, COALESCE(s.name, t.service_id) || '.' || CASE WHEN t.slot > 0 THEN t.slot || '' ELSE COALESCE(n.hostname, t.node_id, '?') END,
  t.slot, t.node_id, n.hostname, h.host, t.desired, t.state, t.err, t.container, CASE WHEN t.seen = 'both' THEN 1 ELSE 0 END,
  (julianday(t.created_at) - 2440587.5) * 86400.0, (julianday(t.state_at) - 2440587.5) * 86400.0, t.look_s, t.ref
FROM (SELECT w.*, c.look_s, ROW_NUMBER() OVER (PARTITION BY w.task_id ORDER BY CASE w.seen WHEN 'first' THEN 2 ELSE 1 END, w.ref) AS place
  FROM swarm_task AS w CROSS JOIN teller AS c WHERE c.task_id = w.task_id AND c.host = w.host) AS t
LEFT JOIN swarm_service AS s ON s.host = t.host AND s.service_id = t.service_id
LEFT JOIN swarm_node AS n ON n.host = t.host AND n.node_id = t.node_id
LEFT JOIN (SELECT node_id, MIN(host) AS host FROM swarm_host GROUP BY node_id) AS h ON h.node_id = t.node_id
WHERE t.place = 1`,
	Index: []string{"task_id", "service_id, slot"},
}

// taskContainer is what a host's daemon has of tasks. Its moment is that of the daemon's own reply, which may be a minute away
// from the host's reads of the kernel.
var taskContainer = Derived{
	Name: "task_container",
	Doc:  "Containers that carry the label of a task, with the moment at which the daemon told of them.",
	Columns: []schema.Column{
		colHost(),
		must(text("container", schema.Plain, "full id")),
		must(text("name", schema.Name, "its name")),
		must(text("task_id", schema.Plain, "task by the label")),
		text("service_id", schema.Plain, "service by the label"),
		text("service", schema.Name, "name of the service by the label"),
		text("node_id", schema.Plain, "node by the label"),
		must(text("state", schema.Plain, "state of the container")),
		text("started_at", schema.Plain, "last start"),
		number("started_s", "the same, seconds since 1970"),
		number("finished_s", "last end, seconds since 1970"),
		number("told_s", "when the daemon told, seconds since 1970 by the host's clock"),
		must(refCol("ref", "row of container")),
	},
	Query: `
SELECT c.host, c.container, c.name, c.task_id, c.service_id, c.service, c.node_id, c.state, c.started_at, (julianday(c.started_at) - 2440587.5) * 86400.0,
  (julianday(c.finished_at) - 2440587.5) * 86400.0, (julianday(COALESCE(e.system_time, h.first_read)) - 2440587.5) * 86400.0, c.ref
FROM container AS c
JOIN host AS h ON h.host = c.host
LEFT JOIN engine AS e ON e.host = c.host
WHERE c.task_id <> ''`,
	Index: []string{"host, container", "task_id"},
}

// containerLeaving tells what a list of containers and one of tasks, read one after the other, may disagree on for a moment.
var containerLeaving = Derived{
	Name: "container_leaving",
	Doc:  "Containers of tasks that may have been going while their host was captured: their daemon signalled or ended them, or their service was changed, in the minute before it told of them or later.",
	Columns: []schema.Column{
		colHost(),
		must(text("container", schema.Plain, "full id")),
		must(refCol("ref", "row of docker_event or swarm_service that says so")),
	},
	Query: `
SELECT host, container, MIN(ref) FROM (
  SELECT c.host, c.container, e.ref
  FROM (SELECT host, container, (julianday(time) - 2440587.5) * 86400.0 AS at_s, ref FROM docker_event
    WHERE type = 'container' AND action IN ('kill', 'stop', 'die') AND container IS NOT NULL) AS e
  CROSS JOIN task_container AS c
  WHERE c.host = e.host AND c.container = e.container AND e.at_s > c.told_s - 60
  UNION ALL
  SELECT c.host, c.container, s.ref
  FROM (SELECT host, service_id, (julianday(updated_at) - 2440587.5) * 86400.0 AS at_s, ref FROM swarm_service) AS s
  JOIN swarm_view AS v ON v.manager = s.host AND s.at_s > v.look_s - 60
  JOIN task_container AS c ON c.host = v.host AND c.service_id = s.service_id
) GROUP BY host, container`,
	Index: []string{"host, container"},
}
