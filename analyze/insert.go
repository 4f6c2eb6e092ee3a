package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/netmortem/netmortem/analyze/packrows"
)

// valuesRows is the number of rows of one INSERT … VALUES: enough that the cost of a call stops mattering.
const valuesRows = 50

// An inserter puts rows into one table. Rows of values wait until there are enough of them, packed where SQLite reads packs; flush writes
// the rest.
type inserter struct {
	db      *database
	table   string
	columns int       // that INSERT names, generated ones left out
	many    *sql.Stmt // INSERT of valuesRows rows
	blob    *sql.Stmt // INSERT of a whole pack
	args    []any
	waiting pack
	plain   bool  // there was a value that no pack holds
	last    int64 // rowid of the last row that was written; 0 before the first
}

func newInserter(db *database, table string, columns int) *inserter {
	return &inserter{db: db, table: table, columns: columns}
}

// values adds one row.
func (in *inserter) values(ctx context.Context, row []any) error {
	if in.db.packrows && !in.plain {
		if in.waiting.values(row) {
			if len(in.waiting.buf) < batchBytes {
				return nil
			}
			return in.unpend(ctx)
		}
		in.plain = true
		if err := in.unpend(ctx); err != nil {
			return err
		}
	}
	in.args = append(in.args, row...)
	if len(in.args) < valuesRows*in.columns {
		return nil
	}
	return in.write(ctx)
}

// unpend writes the rows that wait in a pack.
func (in *inserter) unpend(ctx context.Context) error {
	if len(in.waiting.buf) == 0 {
		return nil
	}
	err := in.packed(ctx, in.waiting)
	in.waiting = pack{buf: in.waiting.buf[:0]}
	return err
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
	return in.exec(ctx, in.blob, p.buf)
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
	if err := in.exec(ctx, stmt, in.args...); err != nil {
		return err
	}
	in.args = in.args[:0]
	return nil
}

func (in *inserter) exec(ctx context.Context, stmt *sql.Stmt, args ...any) error {
	res, err := stmt.ExecContext(ctx, args...)
	if err == nil {
		in.last, err = res.LastInsertId()
	}
	if err != nil {
		return fmt.Errorf("table %s: %w", in.table, err)
	}
	return nil
}

// flush writes what waits and ends the inserter's statements.
func (in *inserter) flush(ctx context.Context) error {
	err := cmp.Or(in.unpend(ctx), in.write(ctx))
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
	return &inserting{ctx: ctx, in: newInserter(&database{tx: tx, packrows: packrows.Register() == nil}, d.Name, len(d.stored()))}
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
