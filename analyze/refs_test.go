package analyze

import "testing"

// TestRefs takes and gives refs: what is put meanwhile has one in the end, and the database is what it was made as.
func TestRefs(t *testing.T) {
	if err := sqliteAvailable(); err != nil {
		t.Skip(err)
	}
	ctx := t.Context()
	db, err := create(ctx, "", computed())
	if err != nil {
		t.Fatal(err)
	}
	defer db.discard()
	schemaNow := func() map[string]string {
		t.Helper()
		out := map[string]string{}
		var name, sql string
		if err := eachInto(ctx, db.tx, "SELECT type || ' ' || name, COALESCE(sql, '') FROM sqlite_schema", []any{&name, &sql}, func() error {
			out[name] = sql
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	made := schemaNow()
	if err := db.takeRefs(ctx); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"fdb", "log_line", "captured"} {
		if _, err := db.tx.ExecContext(ctx, "SELECT ref FROM "+table); err == nil {
			t.Errorf("%s has a ref while it is filled", table)
		}
	}
	if _, err := db.tx.ExecContext(ctx, "INSERT INTO fdb (host, line, mac) VALUES ('node1', 17, '02:42:0a:00:00:03')"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.tx.ExecContext(ctx, "INSERT INTO captured (host, tbl, outcome, line) VALUES ('node1', 'fdb', 'ok', 4)"); err != nil {
		t.Fatal(err)
	}
	if err := db.giveRefs(ctx); err != nil {
		t.Fatal(err)
	}
	var fdb, captured, sound string
	if err := db.tx.QueryRowContext(ctx, "SELECT (SELECT ref FROM fdb), (SELECT ref FROM captured)").Scan(&fdb, &captured); err != nil {
		t.Fatal(err)
	}
	if fdb != "node1/rows/fdb.jsonl:17" || captured != "node1/rows/coverage.jsonl:4" {
		t.Errorf("refs %s and %s", fdb, captured)
	}
	for name, sql := range schemaNow() {
		if sql != made[name] {
			t.Errorf("%s was made as\n%s\nand is\n%s", name, made[name], sql)
		}
	}
	if err := db.tx.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("the database is %s: %v", sound, err)
	}
}
