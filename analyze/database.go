package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/netmortem/netmortem/analyze/packrows"
	"github.com/netmortem/netmortem/schema"
)

// A database is the SQLite file being built: one connection, one transaction at a time.
type database struct {
	sql     *sql.DB
	conn    *sql.Conn
	tx      *sql.Tx
	path    string // final name; empty for one that vanishes when closed
	partial string // name while it is built; empty for SQLite's own private one
	room    string // directory that is made for a file that vanishes

	packrows bool // SQLite reads packs itself
	gate     turnstile
}

// partialSuffix marks a database that is being built. It is written without a journal, so what a crash leaves
// behind is garbage, under a name that says so.
const partialSuffix = ".partial"

// pragmas are for a file that is written once. The journal protects nothing here: the bundles are
// the truth, and the file gets its name when it is whole.
const pragmas = `PRAGMA page_size = 8192;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -32768;
PRAGMA trusted_schema = OFF;`

// create makes an empty database with every table.
func create(ctx context.Context, path string, derived []*Derived) (_ *database, err error) {
	if err := sqliteAvailable(); err != nil {
		return nil, err
	}
	db := &database{path: path, packrows: packrows.Register() == nil}
	if path != "" {
		db.partial = path + partialSuffix
		if err := db.remove(); err != nil {
			return nil, fmt.Errorf("create database: %w", err)
		}
		f, err := os.OpenFile(db.partial, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // captured facts are for their owner
		if err != nil {
			return nil, fmt.Errorf("create database: %w", err)
		}
		f.Close()
	}
	defer func() {
		if err != nil {
			db.discard()
			err = fmt.Errorf("create database: %w", err)
		}
	}()
	if db.sql, err = sql.Open("sqlite3", dsn(db.partial)); err != nil {
		return nil, err
	}
	db.sql.SetMaxOpenConns(1)
	if db.conn, err = db.sql.Conn(ctx); err != nil {
		return nil, err
	}
	if _, err = db.conn.ExecContext(ctx, pragmas); err != nil {
		return nil, err
	}
	if err = db.begin(ctx); err != nil {
		return nil, err
	}
	for i := range schema.Tables {
		t := &schema.Tables[i]
		if _, err = db.tx.ExecContext(ctx, cmp.Or(viewOf(t.Name), t.DDL())); err != nil {
			return nil, fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	for _, d := range slices.Concat(ownTables(), derived, causeTables()) {
		if _, err = db.tx.ExecContext(ctx, d.DDL()); err != nil {
			return nil, fmt.Errorf("table %s: %w", d.Name, err)
		}
		if !d.Ordered {
			continue
		}
		if err = db.index(ctx, d); err != nil {
			return nil, fmt.Errorf("index table %s: %w", d.Name, err)
		}
	}
	return db, nil
}

// createPassing makes a database that vanishes when it is closed. It is a file, because a file can be read by others while it is written; where
// none can be made, it is SQLite's own.
func createPassing(ctx context.Context, derived []*Derived) (*database, error) {
	room, err := os.MkdirTemp("", "netmortem-analyze-")
	if err != nil {
		return create(ctx, "", derived)
	}
	db, err := create(ctx, filepath.Join(room, "passing.db"), derived)
	if err != nil {
		os.Remove(room)
		return nil, err
	}
	db.path, db.room = "", room
	return db, nil
}

// dsn names a file to the driver so that no character of it has a meaning; an empty name is SQLite's own private
// database, which lives in memory and spills to a temporary file.
func dsn(path string) string {
	if path == "" {
		return ""
	}
	return "file:" + escapeURI(path)
}

func escapeURI(path string) string {
	const hex = "0123456789ABCDEF"
	var b []byte
	for i := range len(path) {
		switch c := path[i]; {
		case c == '%' || c == '?' || c == '#' || c < ' ':
			b = append(b, '%', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

func (db *database) begin(ctx context.Context) (err error) {
	db.tx, err = db.conn.BeginTx(ctx, nil)
	return err
}

// finish commits and gives the file its name.
func (db *database) finish() error {
	if err := db.tx.Commit(); err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	db.tx = nil
	if err := db.close(); err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	if db.path == "" {
		return db.remove()
	}
	if err := os.Rename(db.partial, db.path); err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	return nil
}

func (db *database) close() error {
	var errs []error
	if db.tx != nil {
		errs = append(errs, db.tx.Rollback())
		db.tx = nil
	}
	if db.conn != nil {
		errs = append(errs, db.conn.Close())
		db.conn = nil
	}
	if db.sql != nil {
		errs = append(errs, db.sql.Close())
		db.sql = nil
	}
	return errors.Join(errs...)
}

// discard gives up: nothing is left under any name. It does nothing after finish.
func (db *database) discard() {
	if db.sql == nil {
		return
	}
	db.close()
	db.remove()
}

// remove removes what is being built, if there is anything.
func (db *database) remove() error {
	for _, name := range []string{db.partial, db.room} {
		if name == "" {
			continue
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
