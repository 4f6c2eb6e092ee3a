package analyze

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// TestShare fills and indexes one table after the other, each larger than what a connection keeps in memory, while others read: whoever begins
// finds every table that he sees an index of whole, and goes on finding what he found.
func TestShare(t *testing.T) {
	if err := sqliteAvailable(); err != nil {
		t.Skip(err)
	}
	const tables, rows = 3, 200_000
	list := make([]*Derived, tables)
	for i := range list {
		list[i] = &Derived{
			Name: fmt.Sprintf("filled_%d", i), Index: []string{"name"},
			Columns: []schema.Column{must(whole("number", "")), must(text("name", schema.Plain, "")), must(text("room", schema.Plain, ""))},
			Query:   fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i, 'n' || (i * 7919 %% 100003), printf('%%.200d', i) FROM n", rows),
		}
	}
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "shared.db")
	db, err := create(ctx, path, list)
	if err != nil {
		t.Fatal(err)
	}
	defer db.discard()
	readers, err := db.share(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer readers.close()

	done := make(chan struct{})
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			err := readers.with(func(r *reader) error {
				for {
					if err := r.now(ctx, func(tx *sql.Tx) error { return seesWhole(ctx, tx, rows) }); err != nil {
						return err
					}
					select {
					case <-done:
						return nil
					default:
					}
				}
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for _, d := range list {
		if err := db.fill(ctx, d); err != nil {
			t.Error(err)
			break
		}
		if err := db.settle(ctx, d); err != nil {
			t.Error(err)
			break
		}
	}
	close(done)
	group.Wait()

	err = readers.with(func(r *reader) error {
		return r.now(ctx, func(tx *sql.Tx) error {
			if indexed, err := indexedTables(ctx, tx); err != nil || len(indexed) != tables {
				t.Errorf("in the end %d of %d tables are indexed: %v", len(indexed), tables, err)
			}
			if _, err := tx.ExecContext(ctx, "DELETE FROM filled_0"); err == nil {
				t.Error("a reader can write")
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
	if err := db.finish(); err != nil {
		t.Fatal(err)
	}
	var sound string
	whole, err := OpenDatabase(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	if err := whole.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("the database is %s: %v", sound, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("beside the database: %v, %v", left, err)
	}
}

// seesWhole reads every table that has an index, past it and through it, and once more.
func seesWhole(ctx context.Context, tx *sql.Tx, rows int) error {
	indexed, err := indexedTables(ctx, tx)
	if err != nil {
		return err
	}
	for _, table := range append(indexed, indexed...) {
		var all, byName int
		query := fmt.Sprintf("SELECT (SELECT count(*) FROM %[1]s NOT INDEXED WHERE room <> ''), (SELECT count(*) FROM %[1]s INDEXED BY %[1]s_1 WHERE name > '')", table)
		if err := tx.QueryRowContext(ctx, query).Scan(&all, &byName); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
		if all != rows || byName != rows {
			return fmt.Errorf("%s is indexed, and has %d rows, %d of them in the index, of %d", table, all, byName, rows)
		}
	}
	return nil
}

// indexedTables are the tables of the test that a reader sees an index of.
func indexedTables(ctx context.Context, tx *sql.Tx) (tables []string, err error) {
	var table string
	err = eachInto(ctx, tx, "SELECT tbl_name FROM sqlite_schema WHERE type = 'index' AND name GLOB 'filled_*'", []any{&table}, func() error {
		tables = append(tables, table)
		return nil
	})
	return tables, err
}
