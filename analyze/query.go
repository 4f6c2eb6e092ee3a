package analyze

import (
	"context"
	"database/sql"
	"fmt"
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

// eachInto runs a query whose rows are all scanned into the same variables, and calls row after each.
func eachInto(ctx context.Context, tx *sql.Tx, query string, into []any, row func() error) error {
	for scan, err := range queried(ctx, tx, query) {
		if err != nil {
			return err
		}
		if err := scan(into...); err != nil {
			return fmt.Errorf("%.60s…: %w", query, err)
		}
		if err := row(); err != nil {
			return err
		}
	}
	return nil
}

// eachOf is [eachInto] for what cannot fail.
func eachOf(ctx context.Context, tx *sql.Tx, query string, into []any, take func()) error {
	return eachInto(ctx, tx, query, into, func() error { take(); return nil })
}

// eachRow calls f with the columns of each row of a query, as text.
func eachRow(ctx context.Context, tx *sql.Tx, query string, columns int, f func(v []string)) error {
	v := make([]string, columns)
	into := make([]any, columns)
	for i := range v {
		into[i] = &v[i]
	}
	return eachOf(ctx, tx, query, into, func() { f(v) })
}
