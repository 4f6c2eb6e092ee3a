package analyze

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
)

// TestMover writes while somebody reads: what is committed gets into the file all the same, and the reader goes on seeing what it saw.
func TestMover(t *testing.T) {
	if err := sqliteAvailable(); err != nil {
		t.Skip(err)
	}
	ctx := t.Context()
	db, err := create(ctx, filepath.Join(t.TempDir(), "moved.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.discard()
	readers, err := db.share(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if readers == nil {
		t.Skip("the file system shares no memory between connections")
	}
	const gaps = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO gap (host, outcome, reason, ref) SELECT 'h', 'denied', 'for a reason that takes some room', i FROM n"
	put := func() {
		t.Helper()
		if _, err := db.tx.ExecContext(ctx, gaps); err != nil {
			t.Fatal(err)
		}
		if err := db.turn(ctx, ""); err != nil {
			t.Fatal(err)
		}
	}
	count := func(tx *sql.Tx) (n int) {
		t.Helper()
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM gap").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	put()
	before := sizeOf(t, db.partial)
	err = withReader(ctx, readers, func(r reader) error {
		return r.now(ctx, func(tx *sql.Tx) error {
			seen := count(tx)
			put()
			if err := db.stopMover(); err != nil {
				t.Error(err)
			}
			if now := count(tx); seen != 10000 || now != seen {
				t.Errorf("a reader saw %d rows, and then %d", seen, now)
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	readers.Close()
	if after := sizeOf(t, db.partial); after < before || after < 10000*40 {
		t.Errorf("the file had %d bytes and has %d: nothing was moved", before, after)
	}
	if n := count(db.tx); n != 20000 {
		t.Errorf("%d rows in the end", n)
	}
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

// TestMoverFails wants the reason, once.
func TestMoverFails(t *testing.T) {
	if err := sqliteAvailable(); err != nil {
		t.Skip(err)
	}
	m, err := newMover(context.Background(), filepath.Join(t.TempDir(), "none", "there.db"))
	if err != nil {
		t.Fatal(err)
	}
	m.note()
	m.note()
	if err := m.stop(); err == nil {
		t.Error("a log is moved into a file that does not exist")
	}
}
