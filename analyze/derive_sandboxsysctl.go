package analyze

import (
	"context"
	"database/sql"

	"github.com/netmortem/netmortem/schema"
)

// A sandboxSysctl is a setting that the engine makes in namespaces that balance load.
type sandboxSysctl struct {
	key, want string
	from      engineRelease // first release that makes it
	last      engineRelease // last release that is known to; a newer one counts until it is known not to
	why       string
}

// sandboxSysctls follows osl's ApplyOSTweaks and fwmarker of libnetwork.
var sandboxSysctls = []sandboxSysctl{
	{"net.ipv4.vs.conntrack", "1", engineRelease{1, 12, 0}, engineRelease{29, 999, 999}, "IPVS must track what it forwards, or the SNAT rule behind it never sees it"},
	{"net.ipv4.vs.expire_nodest_conn", "1", engineRelease{18, 9, 0}, engineRelease{29, 999, 999}, "a connection whose destination was removed must be forgotten, not fed to nobody"},
	{"net.ipv4.vs.conn_reuse_mode", "0", engineRelease{20, 10, 0}, engineRelease{29, 999, 999}, "a source port that comes again must not wait for its old connection"},
	{"net.ipv4.vs.expire_quiescent_template", "1", engineRelease{20, 10, 0}, engineRelease{29, 999, 999}, "persistence must not hold on to a destination of weight 0"},
}

// expectedSysctl says what the engine is known to set, and beside it what is there: the tweak fails silently when
// the module ip_vs was not loaded yet, so that what should be set need not be.
var expectedSysctl = Derived{
	Name: "expected_sysctl",
	Doc:  "Settings that a host's engine makes in the namespaces that balance load, with the value that each has: one row a namespace and setting. Engines newer than those that were read, or without a version, have none.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNetnsName(),
		must(text("kind", schema.Plain, "lb or ingress")),
		must(text("key", schema.Plain, "name of the setting")),
		must(text("want", schema.Plain, "value that the engine sets")),
		must(text("value", schema.Plain, "value that it has")),
		must(refCol("ref", "row of sysctl")),
		must(refCol("engine_ref", "row of engine")),
		must(refCol("service_ref", "row of ipvs_service of a virtual service there")),
		colWhy(),
	},
	Reads: []string{"netns", "engine_version", "sysctl", "ipvs_service", "ipvs_destination"},
	Index: []string{"host, netns, key"},
	Fill:  fillExpectedSysctl,
}

const sandboxValues = `
SELECT n.host, n.netns, n.name, n.kind, v.version, v.ref, c.value, c.ref, s.ref, d.host IS NOT NULL
FROM netns AS n
JOIN engine_version AS v ON v.host = n.host
JOIN (SELECT host, netns, MIN(ref) AS ref FROM ipvs_service WHERE fwmark > 0 AND seen = 'both' GROUP BY host, netns) AS s ON s.host = n.host AND s.netns = n.netns
JOIN sysctl AS c ON c.host = n.host AND c.netns = n.netns AND c.key = ?
LEFT JOIN (SELECT DISTINCT host, netns FROM ipvs_destination WHERE forward = 'route') AS d ON d.host = n.host AND d.netns = n.netns
WHERE n.kind IN ('lb', 'ingress') ORDER BY n.host, n.netns, c.ref`

func fillExpectedSysctl(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	for _, want := range sandboxSysctls {
		for scan, err := range queried(ctx, tx, sandboxValues, want.key) {
			if err != nil {
				return err
			}
			var host, netns, name, kind, version, engineRef, value, ref, serviceRef string
			var direct bool
			if err := scan(&host, &netns, &name, &kind, &version, &engineRef, &value, &ref, &serviceRef, &direct); err != nil {
				return err
			}
			v, ok := parseEngineVersion(version)
			if !ok || v.rank() < want.from.rank() || v.rank() > want.last.rank() || direct && want.key == "net.ipv4.vs.conntrack" {
				continue // direct routing translates nothing
			}
			if err := put(host, netns, name, kind, want.key, want.want, value, ref, engineRef, serviceRef, want.why+"; engine "+version+" sets it"); err != nil {
				return err
			}
		}
	}
	return nil
}
