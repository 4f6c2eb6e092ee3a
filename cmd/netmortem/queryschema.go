package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/report"
)

// A dbTable is a table or view that the database has.
type dbTable struct {
	name, sql string
	view      bool
	doc       *analyze.TableDoc // nil for one that this version does not know
}

// dbTables lists the tables of a database in the order in which they were made.
func dbTables(ctx context.Context, db *analyze.Reader) ([]dbTable, error) {
	docs := map[string]*analyze.TableDoc{}
	for _, d := range analyze.TableDocs() {
		docs[d.Name] = &d
	}
	rows, err := db.Query(ctx, "SELECT name, sql, type = 'view' FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%' ORDER BY rowid")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []dbTable
	for rows.Next() {
		var t dbTable
		if err := rows.Scan(&t.name, &t.sql, &t.view); err != nil {
			return nil, err
		}
		t.doc = docs[t.name]
		out = append(out, t)
	}
	return out, rows.Err()
}

// meaning is the sentence on a table.
func (t *dbTable) meaning() string {
	if t.doc == nil {
		return ""
	}
	return t.doc.Doc
}

// identifier quotes a name for SQLite.
func identifier(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// writeTableList lists the tables with the number of their rows and their meaning. For people those without rows come last, by name alone.
func writeTableList(ctx context.Context, db *analyze.Reader, format string, std streams) error {
	tables, err := dbTables(ctx, db)
	if err != nil {
		return err
	}
	var full, empty []dbTable
	var counts []int64
	for _, t := range tables {
		n, err := count(ctx, db, t.name)
		if err != nil {
			return err
		}
		if n == 0 && format == "table" {
			empty = append(empty, t)
			continue
		}
		full, counts = append(full, t), append(counts, n)
	}
	if format != "table" {
		return writeCounts(ctx, db, full, counts, format, std)
	}
	columns := 100
	if isTerminal(std.out) {
		columns = terminalWidth(std.out)
	}
	name, number := len("TABLE"), len("ROWS")
	for i, t := range full {
		name, number = max(name, report.Columns(report.Visible(t.name))), max(number, len(fmt.Sprint(counts[i])))
	}
	fmt.Fprintf(std.out, "%-*s  %*s  %s\n", name, "TABLE", number, "ROWS", "WHAT A ROW IS")
	for i, t := range full {
		wrapped(std.out, fmt.Sprintf("%-*s  %*d  ", name, report.Visible(t.name), number, counts[i]), t.meaning(), columns)
	}
	if len(empty) > 0 {
		var names []string
		for _, t := range empty {
			names = append(names, t.name)
		}
		fmt.Fprintln(std.out)
		wrapped(std.out, "without rows: ", strings.Join(names, ", "), columns)
	}
	_, err = fmt.Fprintln(std.out, "\nnetmortem query DB --schema TABLE says what the columns mean, netmortem help queries what one may ask.")
	return err
}

func count(ctx context.Context, db *analyze.Reader, table string) (n int64, err error) {
	rows, err := db.Query(ctx, "SELECT count(*) FROM "+identifier(table))
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", table, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}

// writeCounts is the list in a shape for programs: through a statement, so that all shapes come from one place.
func writeCounts(ctx context.Context, db *analyze.Reader, tables []dbTable, counts []int64, format string, std streams) error {
	var parts []string
	var args []any
	for i, t := range tables {
		parts = append(parts, "(?,?,?)")
		args = append(args, t.name, counts[i], t.meaning())
	}
	rows, err := db.Query(ctx, "SELECT column1 AS tbl, column2 AS rows, column3 AS meaning FROM (VALUES "+strings.Join(parts, ",")+")", args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	_, err = writeRows(std, rows, format)
	return err
}

// writeSchema prints CREATE statements in which a comment stands beside each column. They are those of the file, so they are also right
// for one that another version wrote.
func writeSchema(ctx context.Context, w io.Writer, db *analyze.Reader, only string) error {
	tables, err := dbTables(ctx, db)
	if err != nil {
		return err
	}
	var names []string
	first := true
	for _, t := range tables {
		names = append(names, t.name)
		if only != "" && t.name != only {
			continue
		}
		if !first {
			fmt.Fprintln(w)
		}
		first = false
		if err := writeCreate(ctx, w, db, &t); err != nil {
			return err
		}
	}
	if !first {
		return nil
	}
	if near := nearest(only, names); near != "" {
		return usage("no table %s; try: netmortem query DB --schema %s", only, near)
	}
	return usage("no table %s; try: netmortem query DB", only)
}

// writeCreate prints one table. Of a view the columns are told in comments, above the statement that made it.
func writeCreate(ctx context.Context, w io.Writer, db *analyze.Reader, t *dbTable) error {
	docs := map[string]string{"ref": "address of the row in its bundle"}
	if t.doc != nil {
		for l := range strings.Lines(filled(report.Visible(t.doc.Doc), 110)) {
			fmt.Fprintf(w, "-- %s\n", strings.TrimRight(l, "\n"))
		}
		for _, c := range t.doc.Columns {
			docs[c.Name] = c.Doc
		}
	}
	list, err := dbColumns(ctx, db, t.name)
	if err != nil {
		return err
	}
	if t.view {
		for _, c := range list {
			fmt.Fprintf(w, "--   %s: %s\n", report.Visible(c.name), docs[c.name])
		}
		for l := range strings.Lines(t.sql + ";\n") {
			fmt.Fprintln(w, report.Visible(strings.TrimRight(l, "\n")))
		}
		return nil
	}
	fmt.Fprintf(w, "CREATE TABLE %s (\n", report.Visible(t.name))
	wide := 0
	for i := range list {
		if i < len(list)-1 {
			list[i].definition += ","
		}
		wide = max(wide, report.Columns(list[i].definition))
	}
	for _, c := range list {
		line := "  " + c.definition
		if doc := docs[c.name]; doc != "" {
			line += strings.Repeat(" ", wide-report.Columns(c.definition)) + "  -- " + doc
		}
		fmt.Fprintln(w, line)
	}
	_, err = fmt.Fprintln(w, ");")
	return err
}

// A dbColumn is a column as the database has it.
type dbColumn struct{ name, definition string }

func dbColumns(ctx context.Context, db *analyze.Reader, table string) ([]dbColumn, error) {
	rows, err := db.Query(ctx, `SELECT name, type, "notnull" FROM pragma_table_xinfo(?)`, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []dbColumn
	for rows.Next() {
		var name, typ string
		var notNull bool
		if err := rows.Scan(&name, &typ, &notNull); err != nil {
			return nil, err
		}
		definition := strings.TrimSpace(report.Visible(name + " " + typ))
		if notNull {
			definition += " NOT NULL"
		}
		out = append(out, dbColumn{name, definition})
	}
	return out, rows.Err()
}

// Datasette's metadata.json: what stands beside databases, tables and columns (docs.datasette.io, Metadata and Canned queries).
type (
	datasetteMeta struct {
		Title       string                 `json:"title"`
		Description string                 `json:"description"`
		Databases   map[string]datasetteDB `json:"databases"`
	}
	datasetteDB struct {
		Tables  map[string]datasetteTable `json:"tables"`
		Queries map[string]datasetteQuery `json:"queries"`
	}
	datasetteTable struct {
		Description string            `json:"description,omitempty"`
		Columns     map[string]string `json:"columns,omitempty"`
	}
	datasetteQuery struct {
		Title string `json:"title"`
		SQL   string `json:"sql"`
	}
)

// writeMetadata prints what Datasette is to show beside the tables that this database has.
func writeMetadata(ctx context.Context, w io.Writer, db *analyze.Reader, path string) error {
	tables, err := dbTables(ctx, db)
	if err != nil {
		return err
	}
	d := datasetteDB{map[string]datasetteTable{}, map[string]datasetteQuery{}}
	for _, t := range tables {
		x := datasetteTable{Description: t.meaning(), Columns: map[string]string{}}
		if t.doc != nil {
			for _, c := range t.doc.Columns {
				x.Columns[c.Name] = c.Doc
			}
		}
		d.Tables[t.name] = x
	}
	for _, e := range analyze.Examples() {
		d.Queries[e.Name] = datasetteQuery{e.Title, e.Query}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(datasetteMeta{
		Title:       "netmortem",
		Description: "What the captured hosts of a Docker Swarm held, and what should have been there.",
		Databases:   map[string]datasetteDB{databaseLabel(path): d},
	})
}
