package scene

import (
	"context"
	"database/sql"
	"fmt"
)

// each runs a query whose rows are all scanned into the same variables, and calls row after each.
func each(ctx context.Context, tx *sql.Tx, query string, into []any, row func()) error {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("%.60s…: %w", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("%.60s…: %w", query, err)
		}
		row()
	}
	return rows.Err()
}
