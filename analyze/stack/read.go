package stack

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// A Reader reads hosts one after the other from a database of package analyze.
//
// Loading writes the rows of one host together, so that a host is a range of each table and needs no index of its own.
// Where a table has a host in several places all of them are read.
type Reader struct {
	tx     *sql.Tx
	ranges map[string]map[string][]span // table → host
}

// A span is a range of rowids, both ends in it.
type span struct{ from, to int64 }

// NewReader prepares to read hosts.
func NewReader(tx *sql.Tx) *Reader {
	return &Reader{tx: tx, ranges: map[string]map[string][]span{}}
}

// Hosts lists the captured hosts in the order in which they were loaded.
func (r *Reader) Hosts(ctx context.Context) ([]string, error) {
	rows, err := r.tx.QueryContext(ctx, "SELECT host FROM bundle ORDER BY rowid")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var h string
		if err := rows.Scan(&h); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

// spans finds where the rows of each host are, in one pass over the table.
func (r *Reader) spans(ctx context.Context, table string) (map[string][]span, error) {
	if m, ok := r.ranges[table]; ok {
		return m, nil
	}
	m := map[string][]span{}
	next, err := r.tx.PrepareContext(ctx, "SELECT rowid, host FROM "+table+" WHERE rowid > ? AND host IS NOT ? ORDER BY rowid LIMIT 1")
	if err != nil {
		return nil, err
	}
	defer next.Close()
	var end sql.NullInt64
	if err := r.tx.QueryRowContext(ctx, "SELECT max(rowid) FROM "+table).Scan(&end); err != nil {
		return nil, err
	}
	at, host, have := int64(-1), "", false
	for {
		var row int64
		var name string
		var arg any
		if have {
			arg = host
		}
		err := next.QueryRowContext(ctx, at, arg).Scan(&row, &name)
		if err != nil && err != sql.ErrNoRows {
			return nil, err
		}
		if have {
			to := end.Int64
			if err == nil {
				to = row - 1
			}
			m[host] = append(m[host], span{at, to})
		}
		if err == sql.ErrNoRows {
			break
		}
		at, host, have = row, name, true
	}
	r.ranges[table] = m
	return m, nil
}

// The separators of a packed answer. Captured text may hold them; a row with a wrong number of fields is then read by
// itself.
const (
	fieldEnd = "\x1f"
	rowEnd   = "\x1e"
)

// Each calls f with every row of a table of one host, in order of its rowid. A NULL is an empty field. The fields are
// valid only during the call.
//
// All rows of a host come in one string that SQLite puts together: a call into the driver for each row and column would
// take several times as long.
func (r *Reader) Each(ctx context.Context, host, table, columns, where string, f func(fields []string)) error {
	spans, err := r.spans(ctx, table)
	if err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	cols := strings.Split(columns, ",")
	expr := make([]string, len(cols))
	for i, c := range cols {
		expr[i] = "COALESCE(" + strings.TrimSpace(c) + ",'')"
	}
	if where != "" {
		where = " AND (" + where + ")"
	}
	packed := "SELECT group_concat(" + strings.Join(expr, "||x'1f'||") + ", x'1e'), count(*) FROM " + table + " WHERE rowid BETWEEN ? AND ?" + where
	for _, s := range spans[host] {
		var all sql.NullString
		var n int
		if err := r.tx.QueryRowContext(ctx, packed, s.from, s.to).Scan(&all, &n); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		if n == 0 {
			continue
		}
		if strings.Count(all.String, rowEnd) != n-1 || strings.Count(all.String, fieldEnd) != n*(len(cols)-1) {
			if err := r.slow(ctx, table, expr, where, s, f); err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
			continue
		}
		fields := make([]string, len(cols))
		for row := range strings.SplitSeq(all.String, rowEnd) {
			for i := range fields {
				fields[i], row, _ = strings.Cut(row, fieldEnd)
			}
			f(fields)
		}
	}
	return nil
}

func (r *Reader) slow(ctx context.Context, table string, expr []string, where string, s span, f func([]string)) error {
	rows, err := r.tx.QueryContext(ctx, "SELECT "+strings.Join(expr, ",")+" FROM "+table+" WHERE rowid BETWEEN ? AND ?"+where, s.from, s.to)
	if err != nil {
		return err
	}
	defer rows.Close()
	fields := make([]string, len(expr))
	into := make([]any, len(expr))
	for i := range fields {
		into[i] = &fields[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		f(fields)
	}
	return rows.Err()
}

// number reads a whole number; what is none, or absent, is 0.
func number(s string) int {
	if s == "" {
		return 0
	}
	n, _ := strconv.Atoi(s)
	return n
}
