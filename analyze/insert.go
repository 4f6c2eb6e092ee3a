package analyze

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// valuesRows is the number of rows of one INSERT … VALUES: enough that the cost of a call stops mattering.
const valuesRows = 50

// An inserter puts rows into one table. Rows of values wait until there are enough of them; flush writes the rest.
type inserter struct {
	db      *database
	table   string
	columns int       // that INSERT names, generated ones left out
	many    *sql.Stmt // INSERT of valuesRows rows
	blob    *sql.Stmt // INSERT of a whole pack
	args    []any
}

func newInserter(db *database, table string, columns int) *inserter {
	return &inserter{db: db, table: table, columns: columns}
}

// values adds one row.
func (in *inserter) values(ctx context.Context, row []any) error {
	in.args = append(in.args, row...)
	if len(in.args) < valuesRows*in.columns {
		return nil
	}
	return in.write(ctx)
}

// packed adds all rows of a pack: in one call where SQLite reads packs itself, else some rows at a time.
func (in *inserter) packed(ctx context.Context, p pack) error {
	if !in.db.packrows {
		return in.unpacked(ctx, p)
	}
	if in.blob == nil {
		cols := make([]string, in.columns)
		for i := range cols {
			cols[i] = fmt.Sprintf("c%d", i)
		}
		var err error
		in.blob, err = in.db.tx.PrepareContext(ctx, fmt.Sprintf("INSERT INTO %s SELECT %s FROM packrows(?, %d)", in.table, strings.Join(cols, ", "), in.columns))
		if err != nil {
			return fmt.Errorf("table %s: %w", in.table, err)
		}
	}
	if _, err := in.blob.ExecContext(ctx, p.buf); err != nil {
		return fmt.Errorf("table %s: %w", in.table, err)
	}
	return nil
}

// unpacked adds the rows of a pack by way of values. It is for platforms without packrows, and says in tests what
// packrows must do.
func (in *inserter) unpacked(ctx context.Context, p pack) error {
	for buf := p.buf; len(buf) > 0; {
		before := len(in.args)
		var err error
		if in.args, buf, err = unpack(in.args, buf); err != nil {
			return fmt.Errorf("table %s: %w", in.table, err)
		}
		if n := len(in.args) - before; n != in.columns {
			return fmt.Errorf("table %s: a packed row of %d values for %d columns", in.table, n, in.columns)
		}
		if len(in.args) >= valuesRows*in.columns {
			if err := in.write(ctx); err != nil {
				return err
			}
		}
	}
	return in.write(ctx)
}

// write inserts the waiting rows, which are valuesRows or fewer.
func (in *inserter) write(ctx context.Context) error {
	n := len(in.args) / in.columns
	if n == 0 {
		return nil
	}
	stmt := in.many
	if stmt == nil || n != valuesRows {
		s, err := in.db.tx.PrepareContext(ctx, in.insert(n))
		if err != nil {
			return fmt.Errorf("table %s: %w", in.table, err)
		}
		if n == valuesRows {
			in.many = s
		} else {
			defer s.Close()
		}
		stmt = s
	}
	if _, err := stmt.ExecContext(ctx, in.args...); err != nil {
		return fmt.Errorf("table %s: %w", in.table, err)
	}
	in.args = in.args[:0]
	return nil
}

// flush writes what waits and ends the inserter's statements.
func (in *inserter) flush(ctx context.Context) error {
	err := in.write(ctx)
	for _, s := range []**sql.Stmt{&in.many, &in.blob} {
		if *s != nil {
			(*s).Close()
			*s = nil
		}
	}
	return err
}

func (in *inserter) insert(rows int) string {
	one := "(?" + strings.Repeat(",?", in.columns-1) + ")"
	return "INSERT INTO " + in.table + " VALUES " + one + strings.Repeat(","+one, rows-1)
}

// inserting puts rows into a table that another one's Fill fills, and remembers the first error.
type inserting struct {
	ctx context.Context
	in  *inserter
	err error
}

func insertInto(ctx context.Context, tx *sql.Tx, d *Derived) *inserting {
	return &inserting{ctx: ctx, in: newInserter(&database{tx: tx}, d.Name, len(d.Columns))}
}

func (i *inserting) put(values ...any) {
	if i.err == nil {
		i.err = i.in.values(i.ctx, values)
	}
}

// close writes what waits.
func (i *inserting) close() error {
	if err := i.in.flush(i.ctx); i.err == nil {
		i.err = err
	}
	return i.err
}
