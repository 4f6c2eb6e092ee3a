package analyze

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// sharing makes the file one that is read while it is written: what is written goes to a log beside it, and a [mover] moves it into
// the file.
const sharing = `PRAGMA locking_mode = NORMAL;
PRAGMA journal_mode = WAL;
PRAGMA wal_autocheckpoint = 0;`

// readerPragmas are for a connection that reads while another one writes.
const readerPragmas = `PRAGMA temp_store = FILE;
PRAGMA cache_size = -8192;
PRAGMA trusted_schema = OFF;`

// share commits what was written, and opens the file for readers. They are nil where the database is no file, or the file is on a system
// that cannot share memory between connections; then only the one connection can read.
func (db *database) share(ctx context.Context) (*sql.DB, error) {
	if db.path == "" {
		return nil, nil
	}
	var mode string
	err := db.turn(ctx, sharing)
	if err == nil {
		err = db.tx.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode)
	}
	if err != nil {
		return nil, fmt.Errorf("share database: %w", err)
	}
	if mode != "wal" {
		return nil, nil
	}
	if db.mover == nil {
		if db.mover, err = newMover(ctx, db.partial); err != nil {
			return nil, fmt.Errorf("share database: %w", err)
		}
	}
	readers, err := sql.Open("sqlite3", dsn(db.partial)+"?mode=ro")
	if err != nil {
		return nil, fmt.Errorf("share database: %w", err)
	}
	readers.SetMaxIdleConns(0)
	return readers, nil
}

// unshare moves what is in the log into the file. All readers must be closed, and nothing be under way.
func (db *database) unshare() error {
	if db.mover == nil {
		return nil
	}
	if err := db.stopMover(); err != nil {
		return err
	}
	var mode string
	err := db.conn.QueryRowContext(context.Background(), "PRAGMA journal_mode = DELETE").Scan(&mode)
	if err == nil && mode != "delete" {
		err = errors.New("it is still read")
	}
	return err
}

// stopMover waits until nothing moves any more.
func (db *database) stopMover() error {
	if db.mover == nil {
		return nil
	}
	m := db.mover
	db.mover = nil
	return m.stop()
}

// A reader is a connection on which nothing can be written.
type reader struct{ *sql.Conn }

// withReader gives f a connection of its own.
func withReader(ctx context.Context, readers *sql.DB, f func(r reader) error) error {
	conn, err := readers.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, readerPragmas); err != nil {
		return err
	}
	return f(reader{conn})
}

// now gives f what is committed at this moment: what is committed later it does not see.
func (r reader) now(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := r.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return f(tx)
}
