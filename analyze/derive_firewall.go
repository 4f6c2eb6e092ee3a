package analyze

import "github.com/netmortem/netmortem/schema"

// firewallEvent gathers what tells when somebody else last wrote the host's rules. A service's own start counts, and the file
// that it touches while it works; firewalld's reload is told by engines from 28 on, and by the daemon's log.
var firewallEvent = Derived{
	Name: "firewall_event",
	Doc:  "When firewall services of a host started or reloaded, after dockerd had started: each of them may have removed Docker's rules.",
	Columns: []schema.Column{
		colHost(),
		must(text("name", schema.Plain, "service")),
		must(number("at_s", "when, seconds since 1970")),
		must(number("after_s", "seconds after the start of dockerd")),
		must(refCol("ref", "row that says so")),
		colWhy(),
	},
	Query: `
WITH daemon AS (
  SELECT host, MAX(at_s) AS at_s FROM (
    SELECT host, (julianday(process_started) - 2440587.5) * 86400.0 AS at_s FROM service_unit WHERE name = 'docker'
    UNION ALL
    SELECT host, (julianday(started_at) - 2440587.5) * 86400.0 FROM process WHERE comm = 'dockerd' AND container IS NULL)
  WHERE at_s IS NOT NULL GROUP BY host
), event AS (
  SELECT host, name, (julianday(process_started) - 2440587.5) * 86400.0 AS at_s, ref, 'its process started then' AS why FROM service_unit WHERE role = 'firewall'
  UNION ALL
  SELECT host, name, (julianday(invoked) - 2440587.5) * 86400.0, ref, 'systemd started it then' FROM service_unit WHERE role = 'firewall'
  UNION ALL
  SELECT host, name, (julianday(state_time) - 2440587.5) * 86400.0, ref, 'it wrote ' || state_file || ' then' FROM service_unit WHERE role = 'firewall' AND state_file <> ''
  UNION ALL
  SELECT host, 'firewalld', (julianday(firewall_reloaded_at) - 2440587.5) * 86400.0, ref, 'the engine saw it reload then' FROM engine WHERE firewall_reloaded_at <> ''
  UNION ALL
  SELECT host, 'firewalld', (julianday(time) - 2440587.5) * 86400.0, ref, 'the daemon logged its reload then' FROM log_line WHERE class = 'firewalld-reload'
)
SELECT e.host, e.name, e.at_s, e.at_s - d.at_s, e.ref, e.why
FROM event AS e JOIN daemon AS d ON d.host = e.host
WHERE e.at_s > d.at_s + 1`,
	Index: []string{"host"},
}

// daemonAge is the engine's process as the kernel knows it: no log need be there.
var daemonAge = Derived{
	Name: "daemon_age",
	Doc:  "How long dockerd has run on a host: one row for each host whose process of that name was seen in both reads.",
	Columns: []schema.Column{
		colHost(),
		must(number("age_s", "seconds from its start to the host's first read")),
		must(refCol("ref", "row of process")),
	},
	Query: `
SELECT p.host, r.first_s - (julianday(p.started_at) - 2440587.5) * 86400.0, p.ref
FROM (SELECT host, MAX(started_at) AS started_at, MIN(ref) AS ref FROM process WHERE comm = 'dockerd' AND container IS NULL AND seen = 'both' AND started_at <> '' GROUP BY host) AS p
JOIN reading AS r ON r.host = p.host`,
	Index: []string{"host"},
}
