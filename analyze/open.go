package analyze

import (
	"context"
	"database/sql"
	"fmt"
)

// OpenDatabase opens a database that analyze wrote, to read from it only.
func OpenDatabase(ctx context.Context, path string) (*sql.DB, error) {
	if err := sqliteAvailable(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", dsn(path)+"?mode=ro")
	if err == nil {
		err = db.PingContext(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return db, nil
}
