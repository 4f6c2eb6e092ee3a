//go:build cgo && linux

package packrows

import (
	"database/sql"
	"strings"
	"testing"
)

// TestJoin holds joinrows against what group_concat makes of the same rows.
func TestJoin(t *testing.T) {
	db := open(t)
	if _, err := db.Exec("CREATE TABLE t (a TEXT, b INTEGER, c REAL, d TEXT) STRICT"); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("long ", 5000)
	for _, row := range [][]any{{"a", 1, 1.5, nil}, {nil, nil, nil, nil}, {"", -9223372036854775808, -1e300, "ä\x00ö"}, {long, 0, 0.0, long}, {"\x1f", 7, 0.1, "\x1e"}} {
		if _, err := db.Exec("INSERT INTO t VALUES (?, ?, ?, ?)", row...); err != nil {
			t.Fatal(err)
		}
	}
	const old = "group_concat(COALESCE(a,'')||x'1f'||COALESCE(b,'')||x'1f'||COALESCE(c,'')||x'1f'||COALESCE(d,''), x'1e')"
	for _, where := range []string{"1", "0", "rowid = 2", "rowid < 5", "d IS NULL", "length(d) > 100"} {
		var want, got sql.NullString
		if err := db.QueryRow("SELECT "+old+", joinrows(a, b, c, d) FROM t WHERE "+where).Scan(&want, &got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("WHERE %s: %.200q, want %.200q", where, got.String, want.String)
		}
	}
	// A value for each group, none of which is lost with the others.
	rows, err := db.Query("SELECT b IS NULL, joinrows(b) FROM t GROUP BY 1 ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var groups []string
	for rows.Next() {
		var none bool
		var s string
		if err := rows.Scan(&none, &s); err != nil {
			t.Fatal(err)
		}
		groups = append(groups, s)
	}
	if got := strings.Join(groups, "|"); got != "1\x1e-9223372036854775808\x1e0\x1e7|" {
		t.Errorf("groups %q", got)
	}
	// It is for statements of this program: a view in somebody's database cannot call it.
	if _, err := db.Exec("CREATE VIEW v AS SELECT joinrows(a) AS j FROM t"); err == nil {
		var s string
		if err := db.QueryRow("SELECT j FROM v").Scan(&s); err == nil {
			t.Error("a view calls it")
		}
	}
}
