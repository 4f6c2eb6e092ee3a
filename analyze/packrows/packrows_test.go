//go:build cgo && linux

package packrows

import (
	"bytes"
	"database/sql"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func open(t testing.TB) *sql.DB {
	t.Helper()
	if err := Register(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

// read runs packrows over a blob and prints what comes back.
func read(db *sql.DB, blob []byte, width int) (string, error) {
	rows, err := db.Query("SELECT c0, c1, c2, typeof(c0), typeof(c1), typeof(c2) FROM packrows(?, ?)", blob, width)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var v [6]any
		if err := rows.Scan(&v[0], &v[1], &v[2], &v[3], &v[4], &v[5]); err != nil {
			return b.String(), err
		}
		fmt.Fprintln(&b, v[:]...)
	}
	return b.String(), rows.Err()
}

func TestValues(t *testing.T) {
	db := open(t)
	float := []byte{3, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f} // 1.5
	tests := []struct {
		name string
		blob []byte
		want string
	}{
		{"nothing", nil, ""},
		{"one row", []byte("\x03\x00\x01\x03\x02\x02hi"), "<nil> -2 hi null integer text\n"},
		{"two rows", []byte("\x03\x00\x00\x00\x03\x02\x00\x01\x00\x00"), "<nil> <nil> <nil> null null null\n 0 <nil> text integer null\n"},
		{"float", append([]byte("\x03\x00\x00"), float...), "<nil> <nil> 1.5 null null real\n"},
		{"extremes", append([]byte("\x03\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 0),
			fmt.Sprintf("%d %d <nil> integer integer null\n", int64(math.MinInt64), int64(math.MaxInt64))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := read(db, tt.blob, 3)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestDamaged(t *testing.T) {
	db := open(t)
	tests := []struct {
		name  string
		blob  string
		width int
		want  string
	}{
		{"no columns", "\x80", 3, "no number of columns"},
		{"fewer columns", "\x02\x00\x00", 3, "another number of columns"},
		{"ends early", "\x03\x00\x00", 3, "ends early"},
		{"text beyond the end", "\x03\x00\x00\x02\x05ab", 3, "longer than the rows"},
		{"text of 2^63", "\x03\x00\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 3, "longer than the rows"},
		{"integer of 70 bits", "\x03\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 3, "damaged integer"},
		{"float cut", "\x03\x00\x00\x03\x00\x00", 3, "damaged number"},
		{"no such tag", "\x03\x00\x00\x09", 3, "tag that does not exist"},
		{"no width", "", 0, "no such number of columns"},
		{"too wide", "", MaxColumns + 1, "no such number of columns"},
		{"second row", "\x03\x00\x00\x00\x03\x00\x00", 3, "row 2: it ends early"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := read(db, []byte(tt.blob), tt.width); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
	if _, err := db.Query("SELECT * FROM packrows(x'00')"); err == nil {
		t.Error("packrows without its second argument is accepted")
	}
}

// FuzzPackrows wants no crash, whatever the bytes are.
func FuzzPackrows(f *testing.F) {
	f.Add([]byte("\x03\x00\x01\x03\x02\x02hi"), 3)
	f.Add([]byte("\x01\x03\x00\x00\x00\x00\x00\x00\x00\x00"), 1)
	f.Add([]byte("\x03\x00\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), 3)
	db := open(f)
	f.Fuzz(func(t *testing.T, blob []byte, width int) { read(db, blob, width) })
}

// TestHeader checks that every declaration of sqlite.h stands word for word in the header of the SQLite that is
// linked in, so that a new version of it cannot change under our feet.
func TestHeader(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/mattn/go-sqlite3").Output()
	if err != nil {
		t.Skipf("go list: %v", err)
	}
	theirs, err := os.ReadFile(filepath.Join(string(bytes.TrimSpace(dir)), "sqlite3-binding.h"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile("sqlite.h")
	if err != nil {
		t.Fatal(err)
	}
	plain := func(src []byte) string {
		src = regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAll(src, []byte(" "))
		return string(regexp.MustCompile(`\s+`).ReplaceAll(src, []byte(" ")))
	}
	have := plain(theirs)
	checked := 0
	// A declaration ends at a semicolon in the first column's depth, a definition at the end of its line.
	for _, decl := range regexp.MustCompile(`(?sm)^(struct \w+ \{.*?^\};|SQLITE_API .*?;|typedef [^;]*;|#define SQLITE_\w+ +\S.*?$)`).FindAll(ours, -1) {
		want := strings.TrimSpace(plain(decl))
		if strings.HasSuffix(want, "SQLITE_API") {
			continue
		}
		checked++
		if !strings.Contains(have, want) {
			t.Errorf("not in the SQLite of go-sqlite3: %s", want)
		}
	}
	if checked < 30 {
		t.Errorf("only %d declarations were compared", checked)
	}
}
