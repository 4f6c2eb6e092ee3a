package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"net/netip"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// certificateAge puts certificates on the axis of the host's own clock, which is the one that dockerd judges them by.
var certificateAge = Derived{
	Name: "certificate_age",
	Doc:  "How long certificates are still, or not yet, valid by the clock of the host that uses them.",
	Columns: []schema.Column{
		colHost(),
		must(text("kind", schema.Plain, "swarm-node, swarm-ca, api or api-ca")),
		must(text("path", schema.Text, "file")),
		text("cn", schema.Name, "common name"),
		text("cluster", schema.Plain, "organisation: of swarm-node the cluster's id"),
		must(text("not_before", schema.Plain, "valid from")),
		must(text("not_after", schema.Plain, "valid until")),
		must(number("left_s", "seconds until it expires; negative when it has")),
		must(number("begun_s", "seconds since it is valid; negative when it is not yet")),
		must(number("life_s", "seconds from its begin to its end")),
		must(refCol("ref", "row of certificate")),
	},
	Query: `
SELECT c.host, c.kind, c.path, c.subject_cn, c.subject_o, c.not_before, c.not_after,
  (julianday(c.not_after) - julianday(h.wall)) * 86400.0, (julianday(h.wall) - julianday(c.not_before)) * 86400.0,
  (julianday(c.not_after) - julianday(c.not_before)) * 86400.0, c.ref
FROM certificate AS c JOIN host AS h ON h.host = c.host
WHERE c.position = 0 AND julianday(c.not_after) IS NOT NULL AND julianday(c.not_before) IS NOT NULL AND julianday(h.wall) IS NOT NULL`,
}

// nodeDown is what a captured manager says of nodes that it does not hold ready. UpdatedAt of the node moves when its state
// does, and with its labels: what it gives is at most too short.
var nodeDown = Derived{
	Name: "node_down",
	Doc:  "Nodes that the captured manager that looked last does not hold ready.",
	Columns: []schema.Column{
		must(text("node_id", schema.Plain, "node")),
		text("node", schema.Name, "its host name"),
		text("ip", schema.Addr, "its address"),
		must(text("state", schema.Plain, "down, unknown or disconnected")),
		text("message", schema.Text, "as heartbeat failure"),
		must(text("manager", schema.Name, "captured host that says so")),
		text("host", schema.Name, "that node, if it was captured"),
		must(number("look_s", "begin of the manager's last read, seconds since 1970")),
		text("since", schema.Plain, "last change of the node object, by the managers' clock"),
		number("since_s", "the same, seconds since 1970"),
		must(refCol("ref", "row of swarm_node")),
	},
	Query: `
SELECT node_id, hostname, addr, state, message, manager, captured_as, last_s, updated_at, since_s, ref FROM (
  SELECT n.node_id, n.hostname, n.addr, n.state, n.message, n.host AS manager, h.host AS captured_as, r.last_s, n.updated_at, (julianday(n.updated_at) - 2440587.5) * 86400.0 AS since_s, n.ref,
    ROW_NUMBER() OVER (PARTITION BY n.node_id ORDER BY r.last_s DESC, n.host) AS place
  FROM swarm_node AS n JOIN reading AS r ON r.host = n.host
  LEFT JOIN (SELECT node_id, MIN(host) AS host FROM swarm_host GROUP BY node_id) AS h ON h.node_id = n.node_id)
WHERE place = 1 AND state IN ('down', 'unknown', 'disconnected')`,
}

// daemonSetting is daemon.json with each list as one value, so that two hosts can be compared.
var daemonSetting = Derived{
	Name: "daemon_setting",
	Doc:  "Settings of each host's dockerd, lists as one value: of the file, and of the command line where the file is silent.",
	Columns: []schema.Column{
		colHost(),
		must(text("name", schema.Plain, "name as in daemon.json")),
		must(text("value", schema.Text, "value; true for a switch")),
		must(refCol("ref", "first row of daemon_option")),
	},
	Reads: []string{"daemon_option"},
	Index: []string{"name, host"},
	Fill:  fillDaemonSetting,
}

// flagNames are the switches whose name on the command line is not that of daemon.json (cmd/dockerd/config.go).
var flagNames = map[string]string{
	"default-address-pool": "default-address-pools",
	"dns-opt":              "dns-opts",
	"label":                "labels",
	"log-opt":              "log-opts",
	"exec-opt":             "exec-opts",
	"storage-opt":          "storage-opts",
	"insecure-registry":    "insecure-registries",
	"registry-mirror":      "registry-mirrors",
	"host":                 "hosts",
	"H":                    "hosts",
	"s":                    "storage-driver",
	"l":                    "log-level",
	"b":                    "bridge",
	"D":                    "debug",
}

func fillDaemonSetting(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	type key struct{ host, name string }
	type setting struct {
		key
		source, ref string
		values      []string
	}
	found := map[key]*setting{}
	var order []*setting
	for scan, err := range queried(ctx, tx, `SELECT host, source, name, value, ref FROM daemon_option ORDER BY host, CASE source WHEN 'file' THEN 1 ELSE 2 END, line, ref`) {
		if err != nil {
			return err
		}
		var host, source, name, ref string
		var value sql.NullString
		if err := scan(&host, &source, &name, &value, &ref); err != nil {
			return err
		}
		if pool, ok := strings.CutPrefix(name, "default-address-pools."); ok { // the parts of each pool, which the command line has in one value
			name, value.String = "default-address-pools", pool+"="+value.String
		}
		k := key{host, cmp.Or(flagNames[name], name)}
		s := found[k]
		if s == nil {
			s = &setting{key: k, source: source, ref: ref}
			found[k], order = s, append(order, s)
		}
		if s.source != source {
			continue
		}
		s.values = append(s.values, cmp.Or(value.String, "true"))
	}
	for _, s := range order {
		slices.Sort(s.values)
		if err := put(s.host, s.name, strings.Join(slices.Compact(s.values), ","), s.ref); err != nil {
			return err
		}
	}
	return nil
}

// managerAddress splits the address of a manager that a node would ask.
var managerAddress = Derived{
	Name: "manager_address",
	Doc:  "Managers that a node knows, and which captured host has that address.",
	Columns: []schema.Column{
		colHost(),
		must(text("node_id", schema.Plain, "id of the manager as the node knows it")),
		must(text("ip", schema.Addr, "its address")),
		text("manager", schema.Name, "captured host that has it as its own"),
		must(refCol("ref", "row of remote_manager")),
	},
	Reads: []string{"remote_manager", "engine"},
	Fill: func(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
		hosts := map[string]string{} // by address
		for scan, err := range queried(ctx, tx, `SELECT MIN(host), node_addr FROM engine WHERE manager = 1 AND node_addr <> '' GROUP BY node_addr HAVING COUNT(DISTINCT host) = 1`) {
			if err != nil {
				return err
			}
			var host, ip string
			if err := scan(&host, &ip); err != nil {
				return err
			}
			hosts[ip] = host
		}
		var out [][]any
		for scan, err := range queried(ctx, tx, `SELECT host, node_id, addr, ref FROM remote_manager ORDER BY host, node_id, addr, ref`) {
			if err != nil {
				return err
			}
			var host, node, addr, ref string
			if err := scan(&host, &node, &addr, &ref); err != nil {
				return err
			}
			ap, err := netip.ParseAddrPort(addr)
			if err != nil {
				continue // a name, which tells nothing offline
			}
			ip := ap.Addr().Unmap().String()
			var manager any
			if h, ok := hosts[ip]; ok {
				manager = h
			}
			out = append(out, []any{host, node, ip, manager, ref})
		}
		for _, row := range out {
			if err := put(row...); err != nil {
				return err
			}
		}
		return nil
	},
	Index: []string{"host"},
}
