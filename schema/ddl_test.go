//go:build cgo

package schema_test

import (
	"database/sql"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"github.com/netmortem/netmortem/schema"
)

// TestDDL makes every table in SQLite, puts a row in each, and reads its address.
func TestDDL(t *testing.T) {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection has a memory of its own
	for i := range schema.Tables {
		table := &schema.Tables[i]
		if _, err := db.Exec(table.DDL()); err != nil {
			t.Errorf("%s: %v\n%s", table.Name, err, table.DDL())
			continue
		}
		insert, want := "INSERT INTO "+table.Name+" (host, line) VALUES ('h', 17)", "h/rows/"+table.Name+".jsonl:17"
		if table.Decoded() {
			insert = "INSERT INTO " + table.Name + " (host, doc, line) VALUES ('h', 'raw/docker/x.json', 17)"
			want = "h/raw/docker/x.json:17"
		}
		if _, err := db.Exec(insert); err != nil {
			t.Errorf("%s: a row without any fact: %v", table.Name, err)
			continue
		}
		var ref string
		if err := db.QueryRow("SELECT ref FROM " + table.Name).Scan(&ref); err != nil || ref != want {
			t.Errorf("%s: ref = %q, %v; want %q", table.Name, ref, err, want)
		}
		if !strings.Contains(table.DDL(), "STRICT") {
			t.Errorf("%s is not STRICT", table.Name)
		}
		var names []string
		rows, err := db.Query("SELECT name FROM pragma_table_info(?) ORDER BY cid", table.Name)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
		rows.Close()
		for j, c := range table.LoadColumns() {
			if j >= len(names) || names[j] != c.Name {
				t.Errorf("%s: column %d is not %s: %q", table.Name, j, c.Name, names)
				break
			}
		}
	}
}
