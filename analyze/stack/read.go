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
// Loading writes the rows of one host together, and notes where they are in host_rows: a host is a range of each table and needs no index of its own.
// Where a table has a host in several places all of them are read.
type Reader struct {
	tx     *sql.Tx
	ranges map[string]map[string][]span // table → host; nil until the first is asked for
	passed map[string]bool              // tables of which ranges has everything

	joinrows bool // SQLite joins rows by a function of package packrows
}

// A span is a range of rowids, both ends in it.
type span struct{ from, to int64 }

// NewReader prepares to read hosts.
func NewReader(tx *sql.Tx) *Reader {
	return &Reader{tx: tx}
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

// spans says where the rows of each host are in a table: loading noted it, and one pass tells of what was not loaded.
func (r *Reader) spans(ctx context.Context, table string) (map[string][]span, error) {
	if r.ranges == nil {
		if err := r.noted(ctx); err != nil {
			return nil, err
		}
	}
	if !r.passed[table] {
		if err := r.pass(ctx, table); err != nil {
			return nil, err
		}
		r.passed[table] = true
	}
	return r.ranges[table], nil
}

// noted reads what loading noted, and finds out how rows can be joined.
func (r *Reader) noted(ctx context.Context) error {
	var one string
	r.joinrows = r.tx.QueryRowContext(ctx, "SELECT joinrows(1)").Scan(&one) == nil
	rows, err := r.tx.QueryContext(ctx, "SELECT tbl, host, first_row, last_row FROM host_rows")
	if err != nil {
		return err
	}
	defer rows.Close()
	r.ranges, r.passed = map[string]map[string][]span{}, map[string]bool{}
	for rows.Next() {
		var table, host string
		var s span
		if err := rows.Scan(&table, &host, &s.from, &s.to); err != nil {
			return err
		}
		r.put(table, host, s)
	}
	return rows.Err()
}

func (r *Reader) put(table, host string, s span) {
	if r.ranges[table] == nil {
		r.ranges[table] = map[string][]span{}
	}
	r.ranges[table][host] = append(r.ranges[table][host], s)
}

// pass finds where the rows of each host are behind those that were loaded: all rows of a derived table.
func (r *Reader) pass(ctx context.Context, table string) error {
	at := int64(-1)
	for _, spans := range r.ranges[table] {
		for _, s := range spans {
			at = max(at, s.to)
		}
	}
	next, err := r.tx.PrepareContext(ctx, "SELECT rowid, host FROM "+table+" WHERE rowid > ? AND host IS NOT ? ORDER BY rowid LIMIT 1")
	if err != nil {
		return err
	}
	defer next.Close()
	var end sql.NullInt64
	if err := r.tx.QueryRowContext(ctx, "SELECT max(rowid) FROM "+table).Scan(&end); err != nil {
		return err
	}
	host, have := "", false
	for {
		var row int64
		var name string
		var arg any
		if have {
			arg = host
		}
		err := next.QueryRowContext(ctx, at, arg).Scan(&row, &name)
		if err != nil && err != sql.ErrNoRows {
			return err
		}
		if have {
			to := end.Int64
			if err == nil {
				to = row - 1
			}
			r.put(table, host, span{at, to})
		}
		if err == sql.ErrNoRows {
			break
		}
		at, host, have = row, name, true
	}
	return nil
}

// Ref is the address of a row of a host: of who reads many rows and cites few, Each is asked for the line, which is short.
func Ref(host, table, line string) string { return host + "/rows/" + table + ".jsonl:" + line }

// The separators of a packed answer. Captured text may hold them; a row with a wrong number of fields is then read by
// itself.
const (
	fieldEnd = '\x1f'
	rowEnd   = '\x1e'
)

// Count is how many rows a table has of one host.
func (r *Reader) Count(ctx context.Context, host, table string) (int, error) {
	spans, err := r.spans(ctx, table)
	n := 0
	for _, s := range spans[host] {
		n += int(s.to - s.from + 1)
	}
	return n, err
}

// Each calls f with every row of a table of one host, in order of its rowid. A NULL is an empty field. The fields are
// valid only during the call.
//
// All rows of a host come in one string that SQLite puts together: a call into the driver for each row and column would
// take several times as long. The statement is prepared anew for each host: those that are kept take up what a connection has of small
// pieces of memory at hand, and then reading takes longer by more than preparing does.
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
	joined := "group_concat(" + strings.Join(expr, "||x'1f'||") + ", x'1e')"
	if r.joinrows {
		joined = "joinrows(" + columns + ")"
	}
	packed := "SELECT " + joined + ", count(*) FROM " + table + " WHERE rowid BETWEEN ? AND ?" + where
	for _, s := range spans[host] {
		var all sql.NullString
		var n int
		if err := r.tx.QueryRowContext(ctx, packed, s.from, s.to).Scan(&all, &n); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		if n == 0 {
			continue
		}
		if strings.Count(all.String, string(rowEnd)) != n-1 || strings.Count(all.String, string(fieldEnd)) != n*(len(cols)-1) {
			if err := r.slow(ctx, table, expr, where, s, f); err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
			continue
		}
		fields := make([]string, len(cols))
		last := len(fields) - 1
		rest := all.String
		for range n {
			for i := range last {
				end := strings.IndexByte(rest, fieldEnd)
				fields[i], rest = rest[:end], rest[end+1:]
			}
			end := strings.IndexByte(rest, rowEnd)
			if end < 0 { // of the last row it is left out
				end = len(rest)
			}
			fields[last], rest = rest[:end], rest[min(end+1, len(rest)):]
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
