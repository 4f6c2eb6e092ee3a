package analyze

import "github.com/netmortem/netmortem/schema"

// hostIdentity is what should be one host's alone. The span tells two hosts from one that was captured twice: a host that was
// started again has another boot, but lives before or after, never at the same time.
var hostIdentity = Derived{
	Name: "host_identity",
	Doc:  "What should be one captured host's alone, with the time that its boot is known to span: one row a host and identity.",
	Columns: []schema.Column{
		colHost(),
		must(text("kind", schema.Plain, "swarm node id, engine id, machine id or MAC of a physical link")),
		must(text("id", schema.Name, "the value")),
		must(text("boot_id", schema.Plain, "boot of the kernel")),
		must(number("from_s", "since when that kernel runs, seconds since 1970 by the host's clock")),
		must(number("to_s", "until when it is known to run")),
		must(refCol("ref", "row that says so")),
	},
	Query: `
WITH span AS (
  SELECT h.host, h.boot_id, h.machine_id, (julianday(h.wall) - 2440587.5) * 86400.0 - h.uptime_s AS from_s, (julianday(h.wall) - 2440587.5) * 86400.0 AS to_s, h.ref
  FROM host AS h WHERE h.boot_id <> '' AND h.uptime_s IS NOT NULL AND julianday(h.wall) IS NOT NULL
)
SELECT s.host, 'swarm node id', e.node_id, s.boot_id, s.from_s, s.to_s, e.ref FROM span AS s JOIN engine AS e ON e.host = s.host WHERE e.node_id <> ''
UNION ALL
SELECT s.host, 'engine id', e.engine_id, s.boot_id, s.from_s, s.to_s, e.ref FROM span AS s JOIN engine AS e ON e.host = s.host WHERE e.engine_id <> ''
UNION ALL
SELECT s.host, 'machine id', s.machine_id, s.boot_id, s.from_s, s.to_s, s.ref FROM span AS s WHERE s.machine_id <> ''
UNION ALL
SELECT s.host, 'MAC of a physical link', l.mac, s.boot_id, s.from_s, s.to_s, MIN(l.ref) FROM span AS s
JOIN netns AS n ON n.host = s.host AND n.kind = 'host'
JOIN link AS l ON l.host = s.host AND l.netns = n.netns AND COALESCE(l.kind, '') = '' AND l.name <> 'lo' AND l.mac <> '' AND l.mac <> '00:00:00:00:00:00'
GROUP BY s.host, l.mac, s.boot_id, s.from_s, s.to_s`,
	Index: []string{"kind, id"},
}
