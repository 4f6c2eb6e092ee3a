package analyze

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/netmortem/netmortem/analyze/packrows"
)

// gathered are rows of a derived table that an Aside found out, for its Fill to put.
type gathered struct {
	table   string
	columns int // of the rows; 0 before the first
	packs   []pack
}

// put gathers a row: values of the columns that are stored, in order, strings, integers, floats, booleans or nil.
func (g *gathered) put(row ...any) error {
	if g.columns == 0 {
		g.columns = len(row)
	}
	if len(row) != g.columns {
		return fmt.Errorf("table %s: a row of %d values after rows of %d", g.table, len(row), g.columns)
	}
	last := len(g.packs) - 1
	if last < 0 || len(g.packs[last].buf) >= batchBytes {
		g.packs = append(g.packs, pack{buf: make([]byte, 0, batchBytes+batchBytes/8)}) // room for the row that makes it full
		last++
	}
	if !g.packs[last].values(row) {
		return fmt.Errorf("table %s: a row with a value that cannot be gathered", g.table)
	}
	return nil
}

// write puts what was gathered, and lets go of it.
func (g *gathered) write(ctx context.Context, tx *sql.Tx) error {
	if len(g.packs) == 0 {
		return nil
	}
	in := newInserter(&database{tx: tx, packrows: packrows.Register() == nil}, g.table, g.columns)
	for i := range g.packs {
		if err := in.packed(ctx, g.packs[i]); err != nil {
			return err
		}
		g.packs[i] = pack{}
	}
	return in.flush(ctx)
}
