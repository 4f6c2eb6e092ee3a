//go:build cgo

package analyze

import (
	"context"
	"errors"
	"fmt"
	"slices"

	sqlite3 "github.com/mattn/go-sqlite3"
)

// sqliteAvailable reports why there is no SQLite; nil when there is.
func sqliteAvailable() error { return nil }

// reads returns the tables that a query reads, through views as well, as SQLite's authorizer sees them when it
// prepares the query. It refuses a query that does anything but read.
func (db *database) reads(ctx context.Context, query string) (tables []string, err error) {
	var denied []string
	setAuthorizer := func(f func(int, string, string, string) int) error {
		return db.conn.Raw(func(c any) error {
			conn, ok := c.(*sqlite3.SQLiteConn)
			if !ok {
				return fmt.Errorf("the driver is a %T", c)
			}
			conn.RegisterAuthorizer(f)
			return nil
		})
	}
	err = setAuthorizer(func(op int, a, b, _ string) int {
		switch op {
		case sqlite3.SQLITE_SELECT, sqliteRecursive:
			return sqlite3.SQLITE_OK
		case sqlite3.SQLITE_FUNCTION:
			if b == "load_extension" {
				denied = append(denied, b)
				return sqlite3.SQLITE_DENY
			}
			return sqlite3.SQLITE_OK
		case sqlite3.SQLITE_READ:
			tables = append(tables, a)
			return sqlite3.SQLITE_OK
		}
		denied = append(denied, fmt.Sprintf("operation %d on %s", op, a))
		return sqlite3.SQLITE_DENY
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, setAuthorizer(nil)) }()
	stmt, err := db.tx.PrepareContext(ctx, query)
	if err != nil {
		if len(denied) > 0 {
			return nil, fmt.Errorf("a rule may only read: %s (%w)", denied[0], err)
		}
		return nil, err
	}
	defer stmt.Close()
	slices.Sort(tables)
	return slices.Compact(tables), nil
}

// sqliteRecursive is SQLITE_RECURSIVE (sqlite3.h), which the driver does not name.
const sqliteRecursive = 33
