package analyze

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A Derived is a table that analyze computes after loading: what SQL cannot say, or what several rules need, worked
// out once and stored, so that rules stay plain SQL and the database stays readable without this program.
//
// Exactly one of Query, Fill, Aside and With is set. A rule that reads a derived table counts as reading the captured tables
// behind it. For a Query SQLite itself says which they are; for a Fill they are declared in Reads.
type Derived struct {
	Name    string          // as rules call it
	Doc     string          // one sentence: what a row is
	Columns []schema.Column // in order; only Name, Type, Doc, Class and Required are used
	Query   string          // a SELECT with exactly these columns
	View    bool            // with Query: not stored, for what another derived table says in other words
	Fill    Fill            // Go that puts the rows
	Aside   Aside           // Go that finds out what to put, in place of Fill
	Beside  []string        // for an Aside: derived tables that it reads as well and whose rows are none of its own: they part rows, or unite them
	Prompt  bool            // for an Aside: it is soon done, and what it puts is put then; else that is put when all other tables are filled
	With    string          // the table before this one whose Fill puts the rows of this one, too
	Reads   []string        // for a Fill or an Aside: every table that it reads, captured or derived
	Index   []string        // column lists to index, "host, netns": only for what two rules need
	Ordered bool            // rows come about in the order of the indexes, as host by host: they are kept up while it is filled, and nothing is sorted
	RowOf   string          // captured table that each row is a row of: behind Columns the table has that row's line, and ref, which is not stored
}

// A Fill computes a derived table: it queries tx and puts rows, the values of all columns in order. A nil value is
// NULL; strings, integers, floats and booleans are taken as they are.
type Fill func(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error

// Col is a column of a derived table; typ is TEXT, INTEGER or REAL.
func Col(name, typ string, class schema.Class, doc string) schema.Column {
	return schema.Column{Name: name, Type: typ, Class: class, Doc: doc}
}

// DDL is the STRICT table, or the view.
func (d *Derived) DDL() string {
	if d.View {
		return fmt.Sprintf("CREATE VIEW %s (%s) AS%s", d.Name, names(d.Columns), d.Query)
	}
	var cols []string
	for _, c := range d.stored() {
		cols = append(cols, c.Name+" "+c.Type+map[bool]string{true: " NOT NULL"}[c.Required])
	}
	if d.RowOf != "" {
		cols = append(cols, schema.TableByName(d.RowOf).Ref())
	}
	return fmt.Sprintf("CREATE TABLE %s (\n  %s\n) STRICT", d.Name, strings.Join(cols, ",\n  "))
}

// stored are the columns that a row is put with, in order.
func (d *Derived) stored() []schema.Column {
	if d.RowOf == "" {
		return d.Columns
	}
	return append(slices.Clip(d.Columns), must(whole("line", "line of the row of "+d.RowOf)))
}

// all are the columns that who reads finds.
func (d *Derived) all() []schema.Column {
	if d.RowOf == "" {
		return d.Columns
	}
	return append(d.stored(), must(refCol("ref", "row of "+d.RowOf)))
}

// names lists the columns for a statement.
func names(cols []schema.Column) string {
	s := make([]string, len(cols))
	for i, c := range cols {
		s[i] = c.Name
	}
	return strings.Join(s, ", ")
}

// readsOf says for each derived table which tables it reads itself, captured and derived. It needs no rows.
func readsOf(ctx context.Context, db *database, list []*Derived) (map[string][]string, error) {
	out := map[string][]string{}
	for _, d := range list {
		out[d.Name] = d.Reads
		if d.Query != "" {
			var err error
			if out[d.Name], err = db.reads(ctx, d.Query); err != nil {
				return nil, fmt.Errorf("derived table %s: %w", d.Name, err)
			}
		}
	}
	return out, nil
}

// newLineage says for each derived table which captured tables are behind it. reads is what each reads itself.
func newLineage(list []*Derived, reads map[string][]string) lineage {
	lin := lineage{}
	for _, d := range ownTables() {
		lin[d.Name] = d.Reads
	}
	for _, d := range list {
		lin[d.Name] = lin.captured(reads[d.Name])
	}
	return lin
}

// derive computes all derived tables in the order of the list.
func derive(ctx context.Context, db *database, list []*Derived, progress func(done int)) error {
	for i, d := range list {
		err := db.fill(ctx, d)
		if err == nil {
			err = db.index(ctx, d)
		}
		if err != nil {
			return fmt.Errorf("derived table %s: %w", d.Name, err)
		}
		progress(i + 1)
	}
	return nil
}

// fill runs one derivation.
func (db *database) fill(ctx context.Context, d *Derived) error {
	if d.View {
		return nil
	}
	switch {
	case d.Query != "":
		if _, err := db.tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s)\n%s", d.Name, names(d.stored()), d.Query)); err != nil {
			return err
		}
	case d.Fill != nil || d.Aside != nil:
		fill := d.Fill
		if d.Aside != nil {
			var err error
			if fill, err = d.Aside(ctx, db.tx); err != nil {
				return err
			}
		}
		columns := len(d.stored())
		in := newInserter(db, d.Name, columns)
		err := fill(ctx, db.tx, func(row ...any) error {
			if len(row) != columns {
				return fmt.Errorf("a row of %d values for %d columns", len(row), columns)
			}
			return in.values(ctx, row)
		})
		if err != nil {
			return err
		}
		return in.flush(ctx)
	}
	return nil
}

// index makes the indexes of a table that is filled, or of an Ordered one that will be.
func (db *database) index(ctx context.Context, d *Derived) error {
	for i, cols := range d.Index {
		if _, err := db.tx.ExecContext(ctx, fmt.Sprintf("CREATE INDEX IF NOT EXISTS %s_%d ON %s (%s)", d.Name, i+1, d.Name, cols)); err != nil {
			return err
		}
	}
	return nil
}

// A lineage says for each derived table which captured tables its rows depend on.
type lineage map[string][]string

// captured replaces derived tables by the captured ones behind them; sorted, without repetition. Tables of the
// mechanism itself (coverage, captured, gap, …) are not facts about a host and drop out.
func (l lineage) captured(tables []string) []string {
	var out []string
	for _, name := range tables {
		if t := schema.TableByName(name); t != nil {
			if name != "coverage" {
				out = append(out, name)
			}
			continue
		}
		out = append(out, l[name]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
