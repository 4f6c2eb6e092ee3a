package schema

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// kept are the bundles of real swarms that the project keeps, for good.
func kept(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(filepath.Join("..", "testdata", "bundles"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(path, ".tar.zst") || strings.HasSuffix(path, ".tgz")) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Fatal("testdata/bundles holds no bundle")
	}
	return paths
}

// TestKept reads every kept bundle whole: each row is a record of its table, without a key that is unknown, and
// each item of its coverage has an outcome that is known.
func TestKept(t *testing.T) {
	for _, path := range kept(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			c := mustRead(t, func() (*Bundle, error) { return Open(path) })
			if c.data["rows/coverage.jsonl"] == "" || c.data["rows/netns.jsonl"] == "" {
				t.Fatal("no coverage or no namespace")
			}
			for entry, text := range c.data {
				name, ok := strings.CutPrefix(entry, "rows/")
				if !ok {
					continue
				}
				table := TableByName(strings.TrimSuffix(name, ".jsonl"))
				if table == nil || table.Decoded() {
					t.Errorf("%s: of no table", entry)
					continue
				}
				number := 0
				for line := range strings.Lines(text) {
					number++
					dec := json.NewDecoder(strings.NewReader(line))
					dec.DisallowUnknownFields()
					record := reflect.New(table.Type)
					if err := dec.Decode(record.Interface()); err != nil {
						t.Errorf("%s:%d: %v", entry, number, err)
					}
					if cover, ok := record.Interface().(*Coverage); ok && cover.Outcome.Gap() && cover.Reason == "" {
						t.Errorf("%s:%d: a gap without a reason", entry, number)
					}
				}
			}
		})
	}
}

// TestKeptCut cuts a kept bundle at some fifty places: what is read is a prefix of the whole, and is told to be one.
func TestKeptCut(t *testing.T) {
	data, err := os.ReadFile(kept(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	want, err := readBytes(data)
	if err != nil {
		t.Fatal(err)
	}
	opened := 0
	for n := len(data) / 100; n < len(data)-1; n += len(data) / 50 {
		got, err := readBytes(data[:n])
		if err != nil {
			continue // its head is not whole
		}
		opened++
		if entry, ok := prefixOf(got, want); !ok {
			t.Errorf("cut at %d: %s is no prefix", n, entry)
		}
		if got.interrupted == "" {
			t.Errorf("cut at %d of %d: not interrupted", n, len(data))
		}
	}
	if opened < 30 {
		t.Errorf("only %d lengths could be opened", opened)
	}
}
