package analyze

import "github.com/netmortem/netmortem/schema"

// reading turns clocks into numbers, so that no rule needs a function of dates.
var reading = Derived{
	Name: "reading",
	Doc:  "When a host read its volatile tables, by its own clock: one row for each host that read them twice.",
	Columns: []schema.Column{
		colHost(),
		must(number("first_s", "begin of the first read, seconds since 1970")),
		must(number("last_s", "begin of the last read, seconds since 1970")),
		number("finished_s", "end of the last read, seconds since 1970: no name was asked later"),
		must(refCol("ref", "row of host that says so")),
	},
	Query: `
SELECT host, (julianday(first_read) - 2440587.5) * 86400.0, (julianday(last_read) - 2440587.5) * 86400.0, (julianday(finished_read) - 2440587.5) * 86400.0, ref
FROM host
WHERE julianday(first_read) IS NOT NULL AND julianday(last_read) IS NOT NULL`,
	Index: []string{"host"},
}

// swarmHost joins bundles to nodes. The daemon's own word comes first; a running task's label and a host name that
// one node only has stand in for it when the daemon did not answer.
var swarmHost = Derived{
	Name: "swarm_host",
	Doc:  "Which node of the swarm a captured host is: at most one row a host.",
	Columns: []schema.Column{
		colHost(),
		must(text("node_id", schema.Plain, "id of the node")),
		must(text("source", schema.Plain, "engine, label or hostname: who says so")),
		must(refCol("ref", "row that says so")),
	},
	Query: `
SELECT host, node_id, source, ref FROM (
  SELECT host, node_id, source, ref, ROW_NUMBER() OVER (PARTITION BY host ORDER BY rank, ref) AS n FROM (
    SELECT host, node_id, 'engine' AS source, 1 AS rank, ref FROM engine WHERE node_id <> ''
    UNION ALL
    SELECT host, MIN(node_id), 'label', 2, MIN(ref) FROM container
    WHERE node_id <> '' AND state = 'running' GROUP BY host HAVING COUNT(DISTINCT node_id) = 1
    UNION ALL
    SELECT h.host, MIN(n.node_id), 'hostname', 3, MIN(h.ref) FROM host AS h JOIN swarm_node AS n ON n.hostname = h.hostname
    GROUP BY h.host HAVING COUNT(DISTINCT n.node_id) = 1)
) WHERE n = 1`,
	Index: []string{"node_id, host", "host, node_id"},
}

// swarmView chooses the manager whose word counts for what is *not* there. Its look must not lie before the host's
// own, or what started in between would look foreign to it; a look somewhat earlier is taken where the swarm had
// been at rest, see networkChange. The bounds keep a task that ended in between, and left the history, from
// looking like one that never was.
var swarmView = Derived{
	Name: "swarm_view",
	Doc:  "Which manager's task list can say that something is not there, for a host: the captured manager that knows the host as a node and looked last, not more than 2 minutes before the host nor 15 minutes after it.",
	Columns: []schema.Column{
		colHost(),
		must(text("manager", schema.Name, "captured host whose task list it is")),
		must(number("first_s", "begin of the host's first read, seconds since 1970")),
		must(number("last_s", "begin of the host's last read, seconds since 1970")),
		must(number("look_s", "begin of the manager's last read, seconds since 1970")),
		must(number("gap_s", "seconds from the manager's look to the host's first read; negative when the manager looked later")),
		must(refCol("tasks_ref", "coverage row of the manager's task list")),
	},
	Query: `
SELECT host, manager, first_s, last_s, look_s, first_s - look_s, tasks_ref FROM (
  SELECT a.host, n.host AS manager, ra.first_s, ra.last_s, rm.last_s AS look_s, t.ref AS tasks_ref,
    ROW_NUMBER() OVER (PARTITION BY a.host ORDER BY rm.last_s DESC, n.host) AS place
  FROM swarm_host AS a
  JOIN reading AS ra ON ra.host = a.host
  JOIN swarm_node AS n ON n.node_id = a.node_id
  JOIN reading AS rm ON rm.host = n.host
  JOIN captured AS t ON t.tbl = 'swarm_task' AND t.host = n.host
  JOIN captured AS d ON d.tbl = 'swarm_task_address' AND d.host = n.host
  WHERE rm.last_s >= ra.first_s - 120 AND rm.first_s <= ra.last_s + 900
) WHERE place = 1`,
	Index: []string{"host"},
}

// hostEra tells where a host's load balancing lives: libnetwork moved it from every container's namespace into one
// namespace for each network with 18.09 (moby/libnetwork#2108). An engine whose version has no number of that kind
// (dev, a hash) is judged by the namespaces that it made; one that shows nothing has no row.
var hostEra = Derived{
	Name: "host_era",
	Doc:  "Where a host's engine keeps virtual addresses, marks and virtual services.",
	Columns: []schema.Column{
		colHost(),
		must(text("era", schema.Plain, "lb: in lb_ namespaces, engine 18.09 and newer; container: in every container's namespace, older ones")),
		text("version", schema.Plain, "engine version; NULL when the namespaces alone tell"),
		must(refCol("ref", "row that says so")),
	},
	Query: `
SELECT host, era, version, ref FROM (
  SELECT host, era, version, ref, ROW_NUMBER() OVER (PARTITION BY host ORDER BY place, ref) AS n FROM (
    SELECT host, CASE WHEN rank >= 18009000 THEN 'lb' ELSE 'container' END AS era, version, 1 AS place, ref
    FROM engine_version WHERE rank >= 1012000
    UNION ALL
    SELECT host, 'lb', NULL, 2, MIN(ref) FROM netns WHERE kind = 'lb' GROUP BY host
    UNION ALL
    SELECT s.host, 'container', NULL, 3, MIN(s.ref) FROM ipvs_service AS s
    JOIN netns AS n ON n.host = s.host AND n.netns = s.netns AND n.kind = 'container'
    WHERE s.fwmark > 0 GROUP BY s.host)
) WHERE n = 1`,
	Index: []string{"host"},
}
