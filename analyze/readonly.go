package analyze

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/netmortem/netmortem/schema"
)

// Errors of a database that somebody else's words are put to.
var (
	// ErrNoDatabase: the file is none of SQLite's.
	ErrNoDatabase = errors.New("not an SQLite database")
	// ErrWrites: the statement does something else than read.
	ErrWrites = errors.New("only reading is allowed")
)

// A Reader is a database of which nothing can be changed, nor anything beside it: the file is opened read-only, and statements
// other than those that read are refused when they are prepared.
type Reader struct {
	db   *sql.DB
	conn *sql.Conn
	deny *string // what the authorizer refused last
}

// OpenReader opens a database file to be read. The file must not change meanwhile: nothing is locked.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	if err := sqliteAvailable(); err != nil {
		return nil, err
	}
	if err := isDatabase(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", dsn(path)+"?mode=ro&immutable=1&_query_only=1")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	r := &Reader{db: db, deny: new(string)}
	if r.conn, err = db.Conn(ctx); err == nil {
		err = r.onlyReads()
	}
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return r, nil
}

// isDatabase looks at the first bytes (SQLite file format, 1.3.1): SQLite itself says what a file is only when it is asked something.
func isDatabase(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return fmt.Errorf("%s is a directory: %w", path, ErrNoDatabase)
	}
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(f, head); err != nil || string(head) != magic {
		return fmt.Errorf("%s: %w", path, ErrNoDatabase)
	}
	return nil
}

// Query puts one statement. The error of one that would write is ErrWrites, with what it would have done.
func (r *Reader) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	*r.deny = ""
	rows, err := r.conn.QueryContext(ctx, query, args...)
	return rows, r.Error(err)
}

// Error is an error of the rows of the last Query, in the same words.
func (r *Reader) Error(err error) error {
	if err != nil && *r.deny != "" {
		return fmt.Errorf("%w: this would %s", ErrWrites, *r.deny)
	}
	return err
}

// Close closes the file.
func (r *Reader) Close() error {
	var errs []error
	if r.conn != nil {
		errs = append(errs, r.conn.Close())
	}
	return errors.Join(append(errs, r.db.Close())...)
}

// A TableDoc says what a table of the database is.
type TableDoc struct {
	Name    string
	Doc     string          // one sentence
	Columns []schema.Column // with host, line and ref where a table of a bundle has them
}

// TableDocs lists every table of a database of this version: those of bundles, then those that analysis makes.
func TableDocs() []TableDoc {
	var out []TableDoc
	for i := range schema.Tables {
		t := &schema.Tables[i]
		out = append(out, TableDoc{t.Name, t.Doc, t.LoadColumns()})
	}
	for _, d := range Tables() {
		out = append(out, TableDoc{d.Name, d.Doc, d.all()})
	}
	return out
}
