package analyze

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

// readerPragmas are for a connection that reads while another one writes.
const readerPragmas = `PRAGMA temp_store = FILE;
PRAGMA cache_size = -8192;
PRAGMA trusted_schema = OFF;`

// A turnstile is where who writes and who begins to read meet. The file has neither a log nor a lock that they could meet at: it is read as
// one that never changes (https://www.sqlite.org/uri.html#uriimmutable), and for who reads it does not:
//
//   - A table or an index is written once, and until it is committed nobody reads it. Its pages change no more: nothing is deleted, nothing
//     added, no page is given back that held any of it.
//   - What does change with every commit is the schema and the size of the file. A connection reads both when it begins, and keeps them in
//     one transaction. It begins while nothing is indexed or committed.
//
// A log beside the file would do the same for tables that change. It costs that every page is written twice.
type turnstile struct {
	sync.RWMutex     // held for writing from the first change of the schema to the commit, for reading while a connection begins
	turn         int // commits so far
}

// readers are who reads a database while it is written.
type readers struct {
	file *sql.DB
	gate *turnstile
}

// share commits what was written, and lets the file be read beside the one connection that writes. It is nil where the database is no file;
// then only that connection can read.
func (db *database) share(ctx context.Context) (*readers, error) {
	if db.partial == "" {
		return nil, nil
	}
	if err := db.settle(ctx, nil); err != nil {
		return nil, fmt.Errorf("share database: %w", err)
	}
	file, err := sql.Open("sqlite3", dsn(db.partial)+"?mode=ro&immutable=1")
	if err != nil {
		return nil, fmt.Errorf("share database: %w", err)
	}
	file.SetMaxIdleConns(0)
	return &readers{file, &db.gate}, nil
}

func (r *readers) close() error { return r.file.Close() }

// settle indexes a table that is filled, commits it for readers to see, and begins the next transaction. Without a table it commits what
// there is.
func (db *database) settle(ctx context.Context, d *Derived) error {
	db.gate.Lock()
	defer db.gate.Unlock()
	if d != nil {
		if err := db.index(ctx, d); err != nil {
			return err
		}
	}
	err := db.tx.Commit()
	db.tx = nil
	if err == nil {
		db.gate.turn++
		err = db.begin(ctx)
	}
	if err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	return nil
}

// A reader sees what was committed when it was last asked for that.
type reader struct {
	of   *readers
	conn *sql.Conn
	tx   *sql.Tx
	turn int // of the turnstile when it began
}

// with gives f a reader of its own.
func (r *readers) with(f func(r *reader) error) error {
	own := &reader{of: r}
	defer own.close()
	return f(own)
}

// now gives f what is committed at this moment.
func (r *reader) now(ctx context.Context, f func(tx *sql.Tx) error) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	return f(r.tx)
}

// begin makes it see what is committed. A connection never sees more than when it was made, so it makes another one.
func (r *reader) begin(ctx context.Context) error {
	r.of.gate.RLock()
	defer r.of.gate.RUnlock()
	if r.tx != nil && r.turn == r.of.gate.turn {
		return nil
	}
	r.close()
	var err error
	if r.conn, err = r.of.file.Conn(ctx); err != nil {
		return err
	}
	if _, err = r.conn.ExecContext(ctx, readerPragmas); err != nil {
		return err
	}
	if r.tx, err = r.conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}); err != nil {
		return err
	}
	r.turn = r.of.gate.turn
	var tables int // whatever is asked first, SQLite reads the schema for
	return r.tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables)
}

// close gives up what it began. There is nothing in it to lose.
func (r *reader) close() {
	if r.tx != nil {
		r.tx.Rollback()
	}
	if r.conn != nil {
		r.conn.Close()
	}
	r.tx, r.conn = nil, nil
}
