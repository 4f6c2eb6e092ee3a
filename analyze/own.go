package analyze

import "github.com/netmortem/netmortem/schema"

// ownTables are the tables that loading itself fills: which bundles there are, and what is known at all.
func ownTables() []*Derived {
	return []*Derived{&bundleTable, &hostRowsTable, &capturedTable, &gapTable, &dnsRRsetTable}
}

var bundleTable = Derived{
	Name: "bundle",
	Doc:  "The bundles that were loaded: one row a host.",
	Columns: []schema.Column{
		must(Col("host", "TEXT", schema.Name, "label of the host in every table and address: its name, with the start of the capture where two bundles have one name")),
		must(Col("path", "TEXT", schema.Text, "file or directory")),
		must(Col("format", "INTEGER", schema.Plain, "version of the bundle format")),
		Col("tool", "TEXT", schema.Plain, "version of netmortem that captured"),
		Col("capture_id", "TEXT", schema.Plain, "random id of the capture"),
		Col("machine_id", "TEXT", schema.Name, "/etc/machine-id"),
		Col("boot_id", "TEXT", schema.Plain, "id of the boot"),
		Col("hostname", "TEXT", schema.Name, "host name as captured"),
		Col("started", "TEXT", schema.Plain, "start of the capture by the host's clock, UTC"),
		Col("finished", "TEXT", schema.Plain, "end of the capture; absent when it was cut"),
		Col("window_s", "REAL", schema.Plain, "seconds between the two reads"),
		Col("interrupted", "TEXT", schema.Text, "why the capture or the file ends early; absent when it does not"),
		must(Col("rows", "INTEGER", schema.Plain, "rows loaded, decoded ones among them")),
	},
}

// hostRowsTable spares who reads host by host an index on every table, or a pass over it.
var hostRowsTable = Derived{
	Name: "host_rows",
	Doc:  "Where a host's rows are in a table that was loaded: they lie together. A table of which a host has no row is not named.",
	Columns: []schema.Column{
		must(Col("host", "TEXT", schema.Name, "host")),
		must(Col("tbl", "TEXT", schema.Plain, "table")),
		must(Col("first_row", "INTEGER", schema.Plain, "rowid of the first")),
		must(Col("last_row", "INTEGER", schema.Plain, "rowid of the last")),
	},
}

var capturedTable = Derived{
	Name: "captured",
	Doc:  "What is known to the end: a table of a host or of one of its namespaces whose every planned item was read whole, or has nothing to read there. A rule that concludes from a missing row joins it.",
	Columns: []schema.Column{
		must(Col("host", "TEXT", schema.Name, "host")),
		Col("netns", "TEXT", schema.Plain, "namespace; NULL for a table of the whole host"),
		must(Col("tbl", "TEXT", schema.Plain, "table")),
		must(Col("outcome", "TEXT", schema.Plain, "ok, or absent where there is no such thing")),
	},
	RowOf: "coverage",
	// Nearly every query asks it; an index that SQLite made for each would cost more than all rules together. The host comes first: with the
	// table, which is a constant, in front, the planner, which knows no sizes, would begin with captured and go through all of its rows.
	Index:   []string{"host, tbl, netns"},
	Ordered: true,
}

var gapTable = Derived{
	Name: "gap",
	Doc:  "What is not known to the end: a planned item that was not read whole, a row or document that could not be understood, a table that nothing speaks for.",
	Columns: []schema.Column{
		must(Col("host", "TEXT", schema.Name, "host")),
		Col("netns", "TEXT", schema.Plain, "namespace; NULL when it is not known or the whole host is meant"),
		Col("tbl", "TEXT", schema.Plain, "table that is incomplete; NULL for a document that feeds none"),
		Col("document", "TEXT", schema.Plain, "document, relative to the bundle's top; NULL for rows"),
		must(Col("outcome", "TEXT", schema.Plain, "partial, denied, timeout, truncated or skipped")),
		Col("reason", "TEXT", schema.Text, "why"),
		must(Col("ref", "TEXT", schema.Plain, "address of the coverage row, or of the row or document that is damaged")),
	},
}

// uncapturedNode is computed like the derived tables of derive.go, before them.
var uncapturedNode = Derived{
	Name: "uncaptured_node",
	Doc:  "Nodes that the swarm names and of which there is no bundle. A host whose daemon did not answer counts as the node of its host name.",
	Columns: []schema.Column{
		must(Col("node_id", "TEXT", schema.Plain, "id of the node")),
		Col("hostname", "TEXT", schema.Name, "its host name"),
		Col("role", "TEXT", schema.Plain, "manager or worker"),
		Col("state", "TEXT", schema.Plain, "ready, down, unknown or disconnected"),
		must(Col("ref", "TEXT", schema.Plain, "address of the manager's word")),
	},
	Query: `SELECT n.node_id, min(n.hostname), min(n.role), min(n.state), min(n.ref)
FROM swarm_node AS n
LEFT JOIN (SELECT DISTINCT node_id FROM engine) AS e ON e.node_id = n.node_id
LEFT JOIN (SELECT DISTINCT b.hostname FROM bundle AS b LEFT JOIN engine AS e ON e.host = b.host WHERE e.node_id IS NULL) AS b ON b.hostname = n.hostname
WHERE e.node_id IS NULL AND b.hostname IS NULL
GROUP BY n.node_id`,
}

// Tables lists the tables of a database that no bundle has rows of: what loading knows, then what is derived, then the causes.
func Tables() []*Derived { return append(append(ownTables(), computed()...), causeTables()...) }

// computed lists every table that is computed after loading, in order.
func computed() []*Derived { return append([]*Derived{&uncapturedNode}, derivedTables...) }

// must is the column with NOT NULL.
func must(c schema.Column) schema.Column {
	c.Required = true
	return c
}
