package analyze

import (
	"context"
	"fmt"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A refTable is a table that loading fills and that has the column ref, which is generated from a row's host and line.
//
// It is there to be read. But SQLite makes it of every row that is put as well, to see that it is text: a fifth of what loading takes. So there is
// none while bundles are loaded. A column that is not stored leaves nothing in a table, and comes and goes with what the schema says:
// https://www.sqlite.org/lang_altertable.html#otheralter tells how. (ALTER TABLE would read all of a STRICT table first.)
type refTable struct {
	name, ddl string
	ref       string // how ddl says it
}

// refTables are those of bundles, and captured.
func refTables() []refTable {
	var out []refTable
	for i := range schema.Tables {
		if t := &schema.Tables[i]; viewOf(t.Name) == "" {
			out = append(out, refTable{t.Name, t.DDL(), t.Ref()})
		}
	}
	for _, d := range ownTables() {
		if d.RowOf != "" {
			out = append(out, refTable{d.Name, d.DDL(), schema.TableByName(d.RowOf).Ref()})
		}
	}
	return out
}

// takeRefs takes ref from the tables that loading fills.
func (db *database) takeRefs(ctx context.Context) error {
	return db.redefine(ctx, func(t refTable) string { return strings.Replace(t.ddl, ",\n  "+t.ref, "", 1) })
}

// giveRefs gives it back.
func (db *database) giveRefs(ctx context.Context) error {
	return db.redefine(ctx, func(t refTable) string { return t.ddl })
}

// redefine has the schema say something else of each table.
func (db *database) redefine(ctx context.Context, ddl func(t refTable) string) error {
	if _, err := db.tx.ExecContext(ctx, "PRAGMA writable_schema = ON"); err != nil {
		return err
	}
	for _, t := range refTables() {
		if _, err := db.tx.ExecContext(ctx, "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?", ddl(t), t.name); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	_, err := db.tx.ExecContext(ctx, "PRAGMA writable_schema = RESET")
	return err
}
