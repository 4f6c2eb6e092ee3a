package analyze

import (
	"context"
	"database/sql"
	"iter"
)

// queried yields for each row of a query what scans it. An error, the query's or that of reading on, comes as the last pair, with nothing
// to scan. A loop that ends early closes the query.
func queried(ctx context.Context, tx *sql.Tx, query string, args ...any) iter.Seq2[func(into ...any) error, error] {
	return func(yield func(func(...any) error, error) bool) {
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			if !yield(rows.Scan, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// eachRow calls f with the columns of each row of a query, as text.
func eachRow(ctx context.Context, tx *sql.Tx, query string, columns int, f func(v []string)) error {
	v := make([]string, columns)
	to := make([]any, columns)
	for i := range v {
		to[i] = &v[i]
	}
	for scan, err := range queried(ctx, tx, query) {
		if err != nil {
			return err
		}
		if err := scan(to...); err != nil {
			return err
		}
		f(v)
	}
	return nil
}

// each calls f with what scans it for each row of a query.
func each(ctx context.Context, tx *sql.Tx, query string, f func(scan func(into ...any) error) error) error {
	for scan, err := range queried(ctx, tx, query) {
		if err != nil {
			return err
		}
		if err := f(scan); err != nil {
			return err
		}
	}
	return nil
}
