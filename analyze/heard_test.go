//go:build cgo

package analyze

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"

	sqlite3 "github.com/mattn/go-sqlite3"
)

// A heardDatabase is one that analyze wrote, read on two connections: one whose queries are heard, and one to ask about them.
type heardDatabase struct {
	database
	heard *sql.Tx
	asked map[string]int // query: its parameters
}

func openHeard(t *testing.T, path string) *heardDatabase {
	t.Helper()
	h := &heardDatabase{asked: map[string]int{}}
	begin := func(file *sql.DB) *sql.Tx {
		t.Cleanup(func() { file.Close() })
		tx, err := file.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	h.heard = begin(sql.OpenDB(heardFile{path, h.asked}))
	quiet, err := OpenDatabase(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	h.tx = begin(quiet)
	return h
}

// A heardFile connects to a database and writes down what is asked.
type heardFile struct {
	path  string
	asked map[string]int
}

func (f heardFile) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

func (f heardFile) Connect(context.Context) (driver.Conn, error) {
	c, err := f.Driver().Open(dsn(f.path) + "?mode=ro")
	if err != nil {
		return nil, err
	}
	return heardConn{c.(*sqlite3.SQLiteConn), f.asked}, nil
}

type heardConn struct {
	*sqlite3.SQLiteConn
	asked map[string]int
}

func (c heardConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.asked[query] = len(args)
	return c.SQLiteConn.QueryContext(ctx, query, args)
}
