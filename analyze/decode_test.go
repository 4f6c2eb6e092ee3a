package analyze

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/schema"
)

// decodeAll decodes the documents of an archive and prints every row as table, line and JSON, then the mistakes.
func decodeAll(ar *txtar.Archive) string {
	var b strings.Builder
	var tasks taskReads
	put := func(doc string, rows []decoded) {
		for _, d := range rows {
			line, err := json.Marshal(d.row)
			if err != nil {
				panic(err)
			}
			fmt.Fprintf(&b, "%s:%d %s %s\n", doc, d.line, tableOfRow(d.row), line)
		}
	}
	for _, f := range ar.Files {
		for _, d := range decoders {
			if !matches(d.document, f.Name) {
				continue
			}
			rows, err := d.decode(f.Name, bytes.NewReader(f.Data))
			switch f.Name {
			case "docker/tasks.json":
				tasks.first = rows
			case "docker/tasks.last.json":
				tasks.last = rows
			default:
				put(f.Name, rows)
			}
			if err != nil {
				for _, line := range strings.Split(err.Error(), "\n") {
					fmt.Fprintf(&b, "%s: error: %s\n", f.Name, line)
				}
			}
		}
	}
	first, last := mergeTasks(tasks.first, tasks.last)
	put("docker/tasks.json", first)
	put("docker/tasks.last.json", last)
	return b.String()
}

// TestDecode compares what the decoders make of documents with the file want beside them.
func TestDecode(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "sources", "*", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no documents below testdata/sources: ", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f := &fixture{path: path, ar: ar}
			f.check(t, decodeAll(ar))
		})
	}
}

// TestLayout checks that the lines of elements are found in any layout of the same array.
func TestLayout(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"one line", `[{"ID":"a"},{"ID":"b"}]`, "a:1 b:1"},
		{"one element a line", "[{\"ID\":\"a\"},\n{\"ID\":\"b\"}]", "a:1 b:2"},
		{"bracket alone", "[\n{\"ID\":\"a\"},\n\n{\"ID\":\"b\"}\n]\n", "a:2 b:4"},
		{"pretty", "[\n  {\n    \"ID\": \"a\"\n  },\n  {\n    \"ID\": \"b\"\n  }\n]\n", "a:2 b:5"},
		{"comma in front", "[{\"ID\":\"a\"}\n,{\"ID\":\"b\"}]", "a:1 b:2"},
		{"DOS", "[{\"ID\":\"a\"},\r\n{\"ID\":\"b\"}]", "a:1 b:2"},
		{"none", "[]", ""},
		{"bracket in a text", "[{\"ID\":\"[\\n,\"},\n{\"ID\":\"b\"}]", "[\n,:1 b:2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			err := elements(strings.NewReader(tt.text), func(line int64, e *struct{ ID string }) error {
				got = append(got, fmt.Sprintf("%s:%d", e.ID, line))
				return nil
			})
			if err != nil || strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// FuzzDecode wants from every decoder no panic, rows of its own tables, and lines that are there.
func FuzzDecode(f *testing.F) {
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "sources", "*", "*.txtar"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range ar.Files {
			for i, d := range decoders {
				if matches(d.document, file.Name) {
					f.Add(i, file.Data)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, which int, data []byte) {
		if which < 0 || which >= len(decoders) {
			return
		}
		doc := strings.Replace(decoders[which].document, "*", "1", 1)
		rows, _ := decoders[which].decode(doc, bytes.NewReader(data))
		lines := int64(bytes.Count(data, []byte{'\n'}) + 1)
		var p pack
		for _, d := range rows {
			if d.line < 1 || d.line > lines {
				t.Fatalf("line %d of %d", d.line, lines)
			}
			packStruct(&p, newLayout(schema.TableByName(tableOfRow(d.row))), "h", doc, d.line, d.row)
		}
		mergeTasks(rows, rows)
	})
}
