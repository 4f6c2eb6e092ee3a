package analyze

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"

	"github.com/netmortem/netmortem/schema"
)

// overlayMAC is what netutils.GenerateMACFromIP makes of an address, in every version of libnetwork. An endpoint
// whose user chose a MAC is not of this kind; only stand-alone containers can be (a service has no such option), and
// their host's kernel, where it was captured, outranks this table.
var overlayMAC = Derived{
	Name: "overlay_mac",
	Doc:  "Hardware address that libnetwork gives an endpoint of an overlay by its IPv4 address: 02:42 and the address in hex.",
	Columns: []schema.Column{
		must(text("ip", schema.Addr, "address")),
		must(text("mac", schema.Addr, "hardware address that follows from it")),
	},
	Reads: []string{"swarm_task_address"},
	Index: []string{"ip"},
	Fill: func(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
		ips, err := column(ctx, tx, "SELECT DISTINCT ip FROM swarm_task_address WHERE ip IS NOT NULL")
		if err != nil {
			return err
		}
		for _, s := range ips {
			if ip, err := netip.ParseAddr(s); err == nil && ip.Is4() {
				if err := put(s, macOf(ip)); err != nil {
					return err
				}
			}
		}
		return nil
	},
}

// macOf is the hardware address that libnetwork derives from an IPv4 address.
func macOf(ip netip.Addr) string {
	b := ip.As4()
	return fmt.Sprintf("02:42:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3])
}

// column returns the values of a query's one text column, read to the end before anything is written.
func column(ctx context.Context, tx *sql.Tx, query string) ([]string, error) {
	var out []string
	for scan, err := range queried(ctx, tx, query) {
		if err != nil {
			return nil, err
		}
		var s string
		if err := scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// lastTeller is, for each task, the captured manager that looked last. It is found out from two narrow columns: every manager has every
// task, and to rank whole rows would sort them all.
const lastTeller = `seat AS MATERIALIZED (
  SELECT host, last_s, ROW_NUMBER() OVER (ORDER BY last_s DESC, host) AS place FROM reading
), first_seat AS MATERIALIZED (
  SELECT w.task_id, MIN(s.place) AS place FROM swarm_task AS w JOIN seat AS s ON s.host = w.host GROUP BY w.task_id
), teller AS MATERIALIZED (
  SELECT f.task_id, s.host, s.last_s AS look_s FROM first_seat AS f JOIN seat AS s ON s.place = f.place
)`

// taskEndpoint takes each task from the captured manager that looked last. A task counts as running when both of
// that manager's reads say so, and as gone when every word about it is of an end; in between it is neither, and
// nothing is concluded from it.
var taskEndpoint = Derived{
	Name: "task_endpoint",
	Doc:  "Addresses of tasks as the managers know them, ended tasks of the history among them: one row a task and network.",
	Columns: []schema.Column{
		must(text("task_id", schema.Plain, "task")),
		text("service_id", schema.Plain, "its service"),
		text("service", schema.Name, "name of the service"),
		text("label", schema.Name, "name as docker service ps shows it: service.slot, or service.node for a global one"),
		text("node_id", schema.Plain, "its node"),
		text("host", schema.Name, "that node, if it was captured"),
		colNet(),
		must(text("ip", schema.Addr, "address of the task there")),
		text("mac", schema.Addr, "hardware address that follows from the address"),
		must(whole("running", "1 when it is desired and reported to run in both reads")),
		must(whole("gone", "1 when it has ended, in every read")),
		text("state", schema.Plain, "last state reported"),
		number("since_s", "when it entered that state, seconds since 1970 by its node's clock"),
		must(number("look_s", "begin of the manager's last read, seconds since 1970")),
		must(refCol("ref", "row of swarm_task")),
		must(refCol("address_ref", "row of swarm_task_address")),
	},
	Query: "WITH " + lastTeller + `
SELECT t.task_id, t.service_id, s.name,
  COALESCE(s.name, t.service_id) || '.' || CASE WHEN t.slot > 0 THEN t.slot || '' ELSE COALESCE(n.hostname, t.node_id, '?') END,
  t.node_id, h.host, substr(a.network_id, 1, 8), a.ip, m.mac, t.running, t.gone, t.state, t.since_s, t.look_s, t.ref, a.ref
FROM (
  SELECT w.host, w.task_id, MAX(service_id) AS service_id, MAX(slot) AS slot, MAX(node_id) AS node_id, c.look_s,
    MIN(CASE WHEN seen = 'both' AND desired = 'running' AND state = 'running' THEN 1 ELSE 0 END) AS running,
    MIN(CASE WHEN state IN ('complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned') THEN 1 ELSE 0 END) AS gone,
    MAX(state) AS state, (MAX(julianday(state_at)) - 2440587.5) * 86400.0 AS since_s, MIN(ref) AS ref
  FROM swarm_task AS w CROSS JOIN teller AS c
  WHERE c.task_id = w.task_id AND c.host = w.host
  GROUP BY w.host, w.task_id, c.look_s) AS t
JOIN (SELECT w.host, w.task_id, network_id, ip, MIN(ref) AS ref
  FROM swarm_task_address AS w CROSS JOIN teller AS c
  WHERE c.task_id = w.task_id AND c.host = w.host AND instr(ip, ':') = 0
  GROUP BY w.host, w.task_id, network_id, ip) AS a ON a.host = t.host AND a.task_id = t.task_id
LEFT JOIN swarm_service AS s ON s.host = t.host AND s.service_id = t.service_id
LEFT JOIN swarm_node AS n ON n.host = t.host AND n.node_id = t.node_id
LEFT JOIN (SELECT node_id, MIN(host) AS host FROM swarm_host GROUP BY node_id) AS h ON h.node_id = t.node_id
LEFT JOIN overlay_mac AS m ON m.ip = a.ip
WHERE length(a.network_id) >= 8`,
	Index: []string{"net, ip", "service_id, net"},
}

var networkChange = Derived{
	Name: "network_change",
	Doc:  "Last change of a network that the managers know of: of any of its tasks, or of a service that has some. While a service is being updated that is as late as they tell.",
	Columns: []schema.Column{
		colNet(),
		number("changed_s", "when, seconds since 1970"),
	},
	Query: `
SELECT net, MAX(at_s) FROM (
  SELECT net, since_s AS at_s FROM task_endpoint
  UNION ALL
  SELECT t.net, CASE WHEN s.update_state IN ('updating', 'rollback_started') THEN t.look_s ELSE (julianday(s.updated_at) - 2440587.5) * 86400.0 END
  FROM (SELECT net, service_id, MAX(look_s) AS look_s FROM task_endpoint GROUP BY net, service_id) AS t
  JOIN swarm_service AS s ON s.service_id = t.service_id
) WHERE at_s IS NOT NULL GROUP BY net`,
	Index: []string{"net"},
}
