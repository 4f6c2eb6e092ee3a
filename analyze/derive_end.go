package analyze

import "github.com/netmortem/netmortem/schema"

// captureTime is the moment that ages are counted from. A host without a second read still has a clock.
var captureTime = Derived{
	Name: "capture_time",
	Doc:  "When a host was looked at last, by its own clock: what the ages of its events and logs are counted from.",
	Columns: []schema.Column{
		colHost(),
		must(number("at_s", "seconds since 1970")),
	},
	Query: `
SELECT host, MAX((julianday(COALESCE(last_read, first_read, wall)) - 2440587.5) * 86400.0)
FROM host WHERE julianday(COALESCE(last_read, first_read, wall)) IS NOT NULL GROUP BY host`,
	Index: []string{"host"},
}

// containerEnd merges three witnesses of a container's end. The daemon's events know when, how often and who asked, but
// only the last 256 of them are kept; the container itself knows its last end; the managers' task outlives the
// container. An end that the events tell is not told again by the others.
//
// Asked means that the daemon was told to signal the container in this run: docker stop, docker kill, or swarm taking a task
// away, as it does with one that its node may no longer have (rejectNoncompliantTasks of swarmkit's constraintenforcer calls it
// rejected). A task that failed was not asked, though swarm stops what is left of it; nor was a container that its policy brought
// back. Of a container that lies there, its events forgotten, nobody knows.
var containerEnd = Derived{
	Name: "container_end",
	Doc:  "Every end of a container that the daemon's events, the container itself or the managers' tasks tell of: one row an end.",
	Columns: []schema.Column{
		colHost(),
		must(text("container", schema.Plain, "full container id")),
		must(text("instance", schema.Name, "what the ends of a loop have in common: service and slot of a task in the whole swarm, host and name of another container")),
		must(text("label", schema.Name, "name to show: service.slot of a task, else the container's")),
		text("service", schema.Name, "name of the task's service"),
		text("task_id", schema.Plain, "task"),
		number("ended_s", "when, seconds since 1970 by the host's clock"),
		number("ago_s", "seconds before the host was looked at last"),
		number("ran_s", "seconds since its last start"),
		whole("exit_code", "exit code; NULL when the container runs again and the events are gone"),
		whole("asked", "1 when the daemon had been told to signal it in that run, and its task did not fail; NULL when neither is known"),
		number("term_s", "seconds from the last signal that asks a program to end (any but SIGKILL, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH) to the end; NULL for none in five minutes"),
		number("kill_s", "seconds from SIGKILL to the end; NULL for none"),
		must(whole("oom", "1 when the daemon says that the kernel's OOM killer did it")),
		text("state", schema.Plain, "state of the task, where the managers have it"),
		text("err", schema.Text, "error of the task, or of the container"),
		text("restart_policy", schema.Plain, "restart policy of the container; NULL for a task, and when the container is gone"),
		must(text("witness", schema.Plain, "event, container or task: who says when")),
		must(refCol("ref", "row of docker_event, container or swarm_task")),
		refCol("task_ref", "row of swarm_task"),
		refCol("container_ref", "row of container"),
	},
	Query: `
WITH moment AS (
  SELECT e.host, e.container, e.name, e.service, e.task_id, e.action, e.exit_code, e.ref,
    (julianday(e.time) - 2440587.5) * 86400.0 AS at_s,
    CASE WHEN e.action = 'start' THEN (julianday(e.time) - 2440587.5) * 86400.0 END AS start_at,
    CASE WHEN e.action = 'kill' AND e.signal NOT IN (1, 9, 10, 12, 28) THEN (julianday(e.time) - 2440587.5) * 86400.0 END AS term_at,
    CASE WHEN e.action = 'kill' AND e.signal = 9 THEN (julianday(e.time) - 2440587.5) * 86400.0 END AS kill_at,
    CASE WHEN e.action = 'oom' THEN (julianday(e.time) - 2440587.5) * 86400.0 END AS oom_at
  FROM docker_event AS e
  WHERE e.type = 'container' AND e.container IS NOT NULL AND e.action IN ('start', 'die', 'kill', 'oom') AND julianday(e.time) IS NOT NULL
), run AS (
  SELECT moment.*, COUNT(start_at) OVER (PARTITION BY host, container ORDER BY at_s) AS n FROM moment
), told_run AS (
  SELECT run.*, MAX(start_at) OVER so_far AS started, MAX(term_at) OVER so_far AS termed, MAX(kill_at) OVER so_far AS killed, MAX(oom_at) OVER so_far AS oomed
  FROM run WINDOW so_far AS (PARTITION BY host, container, n ORDER BY at_s)
), died AS (
  SELECT host, container, name, service, task_id, at_s, exit_code, ref, at_s - started AS ran_s,
    CASE WHEN at_s - termed <= 300 THEN at_s - termed END AS term_s, at_s - killed AS kill_s, CASE WHEN oomed IS NULL THEN 0 ELSE 1 END AS oom
  FROM told_run WHERE action = 'die'
), last_died AS (
  SELECT host, container, MAX(at_s) AS at_s FROM died GROUP BY host, container
), task AS (
  SELECT h.host, t.container, MAX(t.task_id) AS task_id, MAX(s.name) AS service, MAX(CASE WHEN t.slot > 0 THEN t.slot || '' ELSE t.node_id END) AS place,
    MAX(t.state) AS state, MAX(NULLIF(t.err, '')) AS err, MAX(t.exit_code) AS exit_code,
    MAX((julianday(t.state_at) - 2440587.5) * 86400.0) AS at_s, MIN(t.ref) AS ref
  FROM swarm_task AS t JOIN swarm_host AS h ON h.node_id = t.node_id
  JOIN swarm_service AS s ON s.host = t.host AND s.service_id = t.service_id
  WHERE t.container <> '' AND t.state IN ('failed', 'complete', 'shutdown', 'rejected', 'orphaned', 'remove')
  GROUP BY h.host, t.container
), told AS (
  SELECT d.host, d.container, d.name, d.service, d.task_id, d.at_s, d.ran_s, d.exit_code, d.term_s, d.kill_s, d.oom, 'event' AS witness, d.ref
  FROM died AS d
  UNION ALL
  SELECT c.host, c.container, c.name, c.service, c.task_id, (julianday(c.finished_at) - 2440587.5) * 86400.0,
    CASE WHEN c.state = 'exited' OR c.state = 'dead' THEN (julianday(c.finished_at) - julianday(c.started_at)) * 86400.0 END,
    CASE WHEN c.state <> 'running' THEN c.exit_code END, NULL, NULL, CASE WHEN c.state <> 'running' THEN COALESCE(c.oom_killed, 0) ELSE 0 END, 'container', c.ref
  FROM container AS c LEFT JOIN last_died AS d ON d.host = c.host AND d.container = c.container
  WHERE c.finished_at IS NOT NULL AND c.state IN ('exited', 'dead', 'restarting', 'running')
    AND (d.at_s IS NULL OR (julianday(c.finished_at) - 2440587.5) * 86400.0 > d.at_s + 5)
  UNION ALL
  SELECT t.host, t.container, NULL, t.service, t.task_id, t.at_s, NULL, t.exit_code, NULL, NULL, 0, 'task', t.ref
  FROM task AS t LEFT JOIN last_died AS d ON d.host = t.host AND d.container = t.container
  LEFT JOIN container AS c ON c.host = t.host AND c.container = t.container
  WHERE d.container IS NULL AND c.container IS NULL
), named AS (
  SELECT e.*, COALESCE(NULLIF(e.task_id, ''), NULLIF(c.task_id, ''), t.task_id) AS task, COALESCE(NULLIF(e.service, ''), NULLIF(c.service, ''), t.service) AS svc,
    COALESCE(NULLIF(e.name, ''), c.name) AS shown, t.place, t.state, t.err, t.ref AS task_ref, c.ref AS container_ref, c.error, c.restart_policy, CASE WHEN c.state IN ('running', 'restarting') THEN c.restart_count END AS restart_count, c.oom_killed, c.finished_at, r.at_s AS now_s
  FROM told AS e
  LEFT JOIN task AS t ON t.host = e.host AND t.container = e.container
  LEFT JOIN container AS c ON c.host = e.host AND c.container = e.container
  LEFT JOIN capture_time AS r ON r.host = e.host
), labelled AS (
  SELECT n.*, COALESCE(CASE WHEN task IS NOT NULL THEN COALESCE(replace(shown, '.' || task, ''), svc || '.' || place) END, shown, substr(container, 1, 12)) AS label FROM named AS n
)
SELECT host, container, CASE WHEN task IS NOT NULL THEN 'task ' || label ELSE host || ' ' || label END, label, svc, task,
  at_s, now_s - at_s, ran_s, exit_code,
  CASE WHEN state = 'rejected' AND lower(err) LIKE '%no longer meets constraints%' THEN 1 WHEN state IN ('failed', 'rejected', 'complete') THEN 0 WHEN state IN ('shutdown', 'remove') OR term_s IS NOT NULL OR kill_s IS NOT NULL THEN 1
    WHEN witness = 'event' OR (restart_count > 0 AND task IS NULL) THEN 0 END,
  term_s, kill_s,
  CASE WHEN oom = 1 OR (oom_killed = 1 AND witness = 'event' AND abs((julianday(finished_at) - 2440587.5) * 86400.0 - at_s) < 5) THEN 1 ELSE 0 END,
  state, COALESCE(err, NULLIF(error, '')), NULLIF(restart_policy, ''), witness, ref, task_ref, container_ref
FROM labelled`,
	Index: []string{"host, container"},
}

// kernelFault keeps the kernel's lines about processes that it killed, or that crashed.
var kernelFault = Derived{
	Name: "kernel_fault",
	Doc:  "What the kernel's log says of processes that it killed for memory, that crashed, or whose core was not written.",
	Columns: []schema.Column{
		colHost(),
		must(text("class", schema.Plain, "oom-kill, oom-unkillable, segfault, trap or core-lost")),
		number("at_s", "when, seconds since 1970"),
		number("ago_s", "seconds before the host was looked at last; NULL when the line has no time"),
		text("scope", schema.Plain, "of an OOM kill: cgroup or global"),
		text("oom_constraint", schema.Plain, "of an OOM kill: CONSTRAINT_NONE and so on"),
		whole("pid", "process, as the host counts"),
		text("comm", schema.Name, "its command name"),
		text("container", schema.Plain, "full id of its container, where the line names its cgroup"),
		must(text("text", schema.Text, "the line")),
		must(refCol("ref", "row of kernel_log")),
	},
	Query: `
SELECT k.host, k.class, (julianday(k.time) - 2440587.5) * 86400.0, r.at_s - (julianday(k.time) - 2440587.5) * 86400.0,
  k.oom, k.oom_constraint, k.pid, k.comm, NULLIF(k.container, ''), k.text, k.ref
FROM kernel_log AS k LEFT JOIN capture_time AS r ON r.host = k.host
WHERE k.class IN ('oom-kill', 'oom-unkillable', 'segfault', 'trap', 'core-lost')`,
	Index: []string{"host, class"},
}

// daemonFault keeps the lines of dockerd, containerd and systemd about their own troubles.
var daemonFault = Derived{
	Name: "daemon_fault",
	Doc:  "What the daemons' log says of their own crashes, and of containers that they could not end.",
	Columns: []schema.Column{
		colHost(),
		must(text("class", schema.Plain, "panic, goroutine-dump, unit-failed, unit-timeout, stuck-container or force-kill")),
		number("ago_s", "seconds before the host was looked at last; NULL when the line has no time"),
		text("ident", schema.Name, "program that wrote it"),
		text("unit", schema.Name, "systemd unit"),
		text("container", schema.Plain, "full id of the container that it names"),
		must(text("text", schema.Text, "the message")),
		must(refCol("ref", "row of log_line")),
	},
	Query: `
SELECT k.host, k.class, r.at_s - (julianday(k.time) - 2440587.5) * 86400.0, k.ident, k.unit, NULLIF(k.container, ''), k.text, k.ref
FROM log_line AS k LEFT JOIN capture_time AS r ON r.host = k.host
WHERE k.class IN ('panic', 'goroutine-dump', 'unit-failed', 'unit-timeout', 'stuck-container', 'force-kill')`,
	Index: []string{"host, class"},
}

// shimAge counts how long a shim's folder is unchanged.
var shimAge = Derived{
	Name: "shim_age",
	Doc:  "How long containerd's shims are there.",
	Columns: []schema.Column{
		colHost(),
		must(text("container", schema.Plain, "full container id")),
		whole("alive", "1 when the container's first process exists"),
		number("age_s", "seconds since the folder changed, which is its start"),
		must(refCol("ref", "row of shim")),
	},
	Query: `
SELECT s.host, s.container, s.alive, r.at_s - (julianday(s.mod_time) - 2440587.5) * 86400.0, s.ref
FROM shim AS s JOIN capture_time AS r ON r.host = s.host`,
	Index: []string{"host, container"},
}

// coreAge counts how long a core lies there: one of last month is no news.
var coreAge = Derived{
	Name: "core_age",
	Doc:  "How old the cores are.",
	Columns: []schema.Column{
		colHost(),
		must(text("path", schema.Name, "as in core_file")),
		must(number("ago_s", "seconds before the host was looked at last")),
	},
	Query: `
SELECT f.host, f.path, r.at_s - (julianday(f.time) - 2440587.5) * 86400.0
FROM core_file AS f JOIN capture_time AS r ON r.host = f.host WHERE julianday(f.time) IS NOT NULL GROUP BY f.host, f.path`,
	Index: []string{"host, path"},
}
