package analyze

import (
	"context"
	"database/sql"

	"github.com/netmortem/netmortem/schema"
)

// knownBadVersion puts the list KnownVersions beside the hosts. A fault that needs encryption or firewalld is left out
// where there is none, or every host of an old release would be told of it.
var knownBadVersion = Derived{
	Name: "known_bad_version",
	Doc:  "Known faults of the releases that hosts run, where they can bite: one row for each host and fault.",
	Columns: []schema.Column{
		colHost(),
		must(text("issue", schema.Plain, "where it is told upstream")),
		must(text("what", schema.Plain, "what the release does")),
		must(text("version", schema.Plain, "version of the host's engine")),
		text("fixed_in", schema.Plain, "first releases without it; NULL when none is known"),
		must(text("line", schema.Plain, "the same in one line")),
		must(refCol("engine_ref", "row of engine")),
		colWhy(),
	},
	Reads: []string{"engine_version", "engine", "network", "service_unit"},
	Index: []string{"host"},
	Fill:  fillKnownBadVersion,
}

const engineUses = `
SELECT v.host, v.version, v.ref,
  CASE WHEN e.swarm_state = 'active' THEN 1 ELSE 0 END,
  n.host IS NOT NULL, e.firewall_reloaded_at IS NOT NULL OR u.host IS NOT NULL
FROM engine_version AS v JOIN engine AS e ON e.host = v.host AND e.ref = v.ref
LEFT JOIN (SELECT DISTINCT host FROM network WHERE driver = 'overlay' AND encrypted = 1) AS n ON n.host = v.host
LEFT JOIN (SELECT DISTINCT host FROM service_unit WHERE name = 'firewalld' AND process_started IS NOT NULL) AS u ON u.host = v.host
ORDER BY v.host, v.ref`

func fillKnownBadVersion(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	for scan, err := range queried(ctx, tx, engineUses) {
		if err != nil {
			return err
		}
		var host, version, ref string
		var swarm, encrypted, firewalld bool
		if err := scan(&host, &version, &ref, &swarm, &encrypted, &firewalld); err != nil {
			return err
		}
		v, ok := parseEngineVersion(version)
		if !ok {
			continue
		}
		why := map[string]string{"": "whatever the host does", "swarm": "", "encrypted": "", "firewalld": ""}
		if swarm {
			why["swarm"] = "the host is in a swarm"
		}
		if encrypted {
			why["encrypted"] = "the host has an encrypted overlay network"
		}
		if firewalld && swarm {
			why["firewalld"] = "firewalld runs on the host, and the host is in a swarm"
		}
		for _, k := range KnownVersions {
			if !k.has(v) || why[k.Where] == "" {
				continue
			}
			var fixed any
			if k.FixedIn != "" {
				fixed = k.FixedIn
			}
			if err := put(host, k.Issue, k.What, version, fixed, k.Issue+": "+k.What+" ("+fixedIn(k.FixedIn)+")", ref, why[k.Where]); err != nil {
				return err
			}
		}
	}
	return nil
}
