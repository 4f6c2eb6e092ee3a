package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func newWriter(t testing.TB) *Writer {
	t.Helper()
	w, err := NewWriter(Meta{Host: "node 1/ö", Started: time.Date(2026, 11, 20, 2, 14, 7, 5, time.UTC)}, Zstd)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestTop(t *testing.T) {
	if got := newWriter(t).Meta.Top(); got != "netmortem_node-1--_20261120T021407Z" {
		t.Error(got)
	}
}

// TestWriterRefuses checks that a Writer does not write what a reader would refuse.
func TestWriterRefuses(t *testing.T) {
	w := newWriter(t)
	if err := w.Raw("proc/stat", nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"proc/stat": `document "proc/stat": written already`, "": `empty name`, "/x": `absolute path`, "a/../b": `path leaves`, "a/": `shortest form`, "a\nb": `control character`,
	} {
		if err := w.Raw(name, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, row := range []any{struct{}{}, 7, SwarmNode{}} { // the last is decoded from a document
		if _, err := w.Put(row); err == nil {
			t.Errorf("%T: no error", row)
		}
	}
	if _, err := NewWriter(Meta{}, "lzma"); err == nil {
		t.Error("lzma: no error")
	}
}

// TestWriterConcurrent puts rows and documents from several goroutines, and changes Meta meanwhile as capture does.
func TestWriterConcurrent(t *testing.T) {
	w := newWriter(t)
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 100 {
				if _, err := w.Put(Sysctl{Netns: fmt.Sprint(g), Key: fmt.Sprint(i), Value: "1"}); err != nil {
					t.Error(err)
				}
				if err := w.Raw(fmt.Sprintf("proc/%d/%d", g, i), []byte("x")); err != nil {
					t.Error(err)
				}
				w.Lines("sysctl")
				w.Size()
			}
		})
	}
	w.Meta.Finished = w.Meta.Started.Add(time.Second)
	w.Meta.Interrupted = "signal"
	group.Wait()
	if n := w.Lines("sysctl"); n != 400 {
		t.Errorf("%d rows", n)
	}
	var out bytes.Buffer
	if err := w.Close(&out, "s"); err != nil {
		t.Fatal(err)
	}
	got := mustRead(t, func() (*Bundle, error) { return OpenReader("x", &out) })
	if strings.Count(got.data["rows/sysctl.jsonl"], "\n") != 400 || len(got.data) != 402 || got.meta.Interrupted != "signal" {
		t.Errorf("%d entries, %+v", len(got.data), got.meta)
	}
}

// failing fails after n bytes, as a full disk does.
type failing struct{ n int }

func (f *failing) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

var errFull = errors.New("no space left on device")

func TestWriterFullDisk(t *testing.T) {
	for _, n := range []int{0, 300} {
		w := newWriter(t)
		if _, err := w.Put(Sysctl{Key: "k"}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(&failing{n}, "s"); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// TestRecordJSON writes a zero and a full record of each table and reads them back: nothing is lost, and what was
// not observed is a missing key.
func TestRecordJSON(t *testing.T) {
	for i := range Tables {
		table := &Tables[i]
		for _, fill := range []bool{false, true} {
			record := reflect.New(table.Type)
			if fill {
				fillRecord(t, record.Elem())
			}
			text, err := json.Marshal(record.Interface())
			if err != nil {
				t.Fatal(err)
			}
			var keys map[string]any
			if err := json.Unmarshal(text, &keys); err != nil {
				t.Fatal(err)
			}
			for _, c := range table.Columns {
				if _, there := keys[c.Name]; there != (fill || c.Required) {
					t.Errorf("%s.%s (filled: %v): in the JSON: %v", table.Name, c.Name, fill, there)
				}
			}
			back := reflect.New(table.Type)
			if err := json.Unmarshal(text, back.Interface()); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back.Interface(), record.Interface()) {
				t.Errorf("%s: %s comes back as %+v", table.Name, text, back)
			}
		}
	}
}

// fillRecord gives every field a value that is not zero, but for pointers: those point to a zero, which must stay.
func fillRecord(t *testing.T, v reflect.Value) {
	t.Helper()
	for i := range v.NumField() {
		f := v.Field(i)
		switch p := f.Addr().Interface().(type) {
		case *time.Time:
			*p = time.Date(2026, 11, 20, 2, 14, 7, 123456789, time.UTC)
			continue
		case interface{ UnmarshalText([]byte) error }:
			text := "10.0.0.4"
			if strings.HasSuffix(f.Type().String(), "Prefix") {
				text = "10.0.0.0/24"
			}
			if err := p.UnmarshalText([]byte(text)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		switch f.Kind() {
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		case reflect.String:
			f.SetString("x\u2028\"\n")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Float64:
			f.SetFloat(1.5)
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			f.SetInt(7)
		default:
			f.SetUint(7)
		}
	}
}
