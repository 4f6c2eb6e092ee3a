package analyze

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// TestRoundTrip writes a zero and a full value of every record type into a bundle, loads the bundle and reads the
// rows back.
func TestRoundTrip(t *testing.T) {
	w, err := schema.NewWriter(schema.Meta{Host: "a", CaptureID: "a", Started: time.Unix(1_800_000_000, 0)}, schema.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]reflect.Value{}
	for i := range schema.Tables {
		tab := &schema.Tables[i]
		want[tab.Name] = []reflect.Value{record(tab, false), record(tab, true)}
		if tab.Decoded() {
			continue // not rows of a bundle: see TestRoundTripDecoded
		}
		for _, row := range want[tab.Name] {
			if _, err := w.Put(row.Interface()); err != nil {
				t.Fatal(err)
			}
		}
	}
	db := loadBundle(t, w)
	for i := range schema.Tables {
		if tab := &schema.Tables[i]; !tab.Decoded() {
			compareTable(t, db, tab, want[tab.Name], "")
		}
	}
}

// TestRoundTripDecoded does the same for rows that decoders make.
func TestRoundTripDecoded(t *testing.T) {
	db, err := create(t.Context(), "", nil)
	if err != nil {
		t.Skip(err)
	}
	defer db.discard()
	for i := range schema.Tables {
		tab := &schema.Tables[i]
		if !tab.Decoded() {
			continue
		}
		want := []reflect.Value{record(tab, false), record(tab, true)}
		var p pack
		lay := newLayout(tab)
		for n, row := range want {
			packStruct(&p, lay, "a", "raw/x", int64(n+1), row.Interface())
		}
		in := newInserter(db, tab.Name, lay.width)
		if err := in.packed(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if err := in.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		compareTable(t, db, tab, want, "raw/x")
	}
}

// loadBundle closes the bundle into a file and loads it.
func loadBundle(t *testing.T, w *schema.Writer) *database {
	t.Helper()
	var out bytes.Buffer
	if err := w.Close(&out, "summary\n"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.tar.zst")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	sources, unreadable := openSources([]string{path})
	if len(unreadable) > 0 {
		t.Fatal(unreadable)
	}
	sources, _ = label(sources)
	db, err := create(t.Context(), "", nil)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(db.discard)
	reports, refused, err := load(t.Context(), db, sources, func(int) {})
	if err != nil || len(refused) > 0 {
		t.Fatal(err, refused)
	}
	for _, p := range reports[0].problems {
		t.Error(p)
	}
	return db
}

func compareTable(t *testing.T, db *database, tab *schema.Table, want []reflect.Value, doc string) {
	t.Helper()
	var cols []schema.Column
	cols = append(cols, tab.LoadColumns()...)
	rows, err := db.tx.QueryContext(context.Background(), fmt.Sprintf("SELECT %s, ref FROM %s ORDER BY line", names(cols), tab.Name))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for n, rec := range want {
		if !rows.Next() {
			t.Errorf("table %s: %d rows, want %d", tab.Name, n, len(want))
			return
		}
		got := make([]any, len(cols)+1)
		into := make([]any, len(got))
		for i := range got {
			into[i] = &got[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		own := len(cols) - len(tab.Columns)
		path := "/rows/" + tab.Name + ".jsonl:"
		if tab.Decoded() {
			path = "/" + doc + ":"
		}
		if ref := fmt.Sprintf("a%s%d", path, n+1); got[len(cols)] != ref || got[0] != "a" {
			t.Errorf("table %s: host %v and ref %v, want %s", tab.Name, got[0], got[len(cols)], ref)
		}
		for i, c := range tab.Columns {
			if want := stored(rec.Field(c.Field), c.Required, tab.Decoded()); got[own+i] != want {
				t.Errorf("table %s, column %s, row %d: got %#v, want %#v", tab.Name, c.Name, n+1, got[own+i], want)
			}
		}
	}
	if rows.Next() {
		t.Errorf("table %s: more than %d rows", tab.Name, len(want))
	}
}

// stored is what a field is in the database. An address that was not set but whose key is always there is the empty
// text in JSON, and so it is in the database; a decoder leaves it out.
func stored(f reflect.Value, required, decoded bool) any {
	if !required && f.IsZero() {
		return nil
	}
	f = reflect.Indirect(f)
	switch v := f.Interface().(type) {
	case netip.Addr:
		if !v.IsValid() {
			if decoded {
				return nil
			}
			return ""
		}
		return v.String()
	case netip.Prefix:
		if !v.IsValid() {
			if decoded {
				return nil
			}
			return ""
		}
		return v.String()
	case time.Time:
		if v.IsZero() {
			return "0001-01-01T00:00:00Z"
		}
		return v.UTC().Format(time.RFC3339Nano)
	}
	switch f.Kind() {
	case reflect.Bool:
		if f.Bool() {
			return int64(1)
		}
		return int64(0)
	case reflect.String:
		return f.String()
	case reflect.Float64:
		return f.Float()
	}
	return f.Int()
}

// TestPackrowsAsValues loads one pack by packrows and by values and wants the same rows.
func TestPackrowsAsValues(t *testing.T) {
	db, err := create(t.Context(), "", nil)
	if err != nil {
		t.Skip(err)
	}
	defer db.discard()
	if !db.packrows {
		t.Skip("packrows is not built in")
	}
	for i := range schema.Tables {
		tab := &schema.Tables[i]
		if viewOf(tab.Name) != "" {
			continue
		}
		lay := newLayout(tab)
		var p pack
		for n := range int64(2*valuesRows + 7) {
			rec := record(tab, n%3 > 0)
			if tab.Decoded() {
				packStruct(&p, lay, "a", "raw/x", n+1, rec.Interface())
				continue
			}
			p.begin(lay.width)
			p.text("a")
			p.int(n + 1)
			for _, c := range tab.Columns {
				if v := stored(rec.Field(c.Field), c.Required, false); v == nil {
					p.null()
				} else if s, ok := v.(string); ok {
					p.text(s)
				} else if d, ok := v.(float64); ok {
					p.float(d)
				} else {
					p.int(v.(int64))
				}
			}
		}
		dump := func(fast bool) string {
			db.packrows = fast
			in := newInserter(db, tab.Name, lay.width)
			if err := in.packed(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			if err := in.flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			s := dumpTable(t, db.tx, tab.Name)
			if _, err := db.tx.Exec("DELETE FROM " + tab.Name); err != nil {
				t.Fatal(err)
			}
			return s
		}
		if fast, slow := dump(true), dump(false); fast != slow || fast == "" {
			t.Errorf("table %s: by packrows\n%.2000s\nby values\n%.2000s", tab.Name, fast, slow)
		}
	}
}

func dumpTable(t *testing.T, tx *sql.Tx, table string) string {
	t.Helper()
	rows, err := tx.Query("SELECT * FROM " + table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	v := make([]any, len(cols))
	into := make([]any, len(v))
	for i := range v {
		into[i] = &v[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%#v\n", v)
	}
	return out.String()
}
