package schema

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// These end in s and are singular.
var singular = []string{"address", "swarm_task_address", "netns", "process"}

// These columns mean something of their own, which nobody joins with the others of that name.
var homonyms = []string{"netns.dev", "neighbour.protocol", "swarm_service_port.target"}

// TestColumns holds every table and column to the conventions that the rest of the project relies on.
func TestColumns(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	word := regexp.MustCompile(`^[A-Z][a-z]+$`) // an ordinary word; a field's or a protocol's own name has more capitals, dots, digits
	classes := []Class{Plain, Addr, Name, Text, Secret}
	tables := map[string]bool{}
	types := map[string]string{} // of a column, wherever it is
	for i := range Tables {
		table := &Tables[i]
		if !name.MatchString(table.Name) || tables[table.Name] {
			t.Errorf("table %q: not snake_case, or there twice", table.Name)
		}
		tables[table.Name] = true
		if strings.HasSuffix(table.Name, "s") && !slices.Contains(singular, table.Name) {
			t.Errorf("table %q: tables are named in the singular", table.Name)
		}
		if !strings.HasSuffix(table.Doc, ".") || strings.ContainsAny(table.Doc, "\n|") || strings.ToUpper(table.Doc[:1]) != table.Doc[:1] {
			t.Errorf("table %q: its doc is a sentence with a capital and a full stop: %q", table.Name, table.Doc)
		}
		if !slices.Contains([]Scope{PerNetns, PerHost, PerSwarm}, table.Scope) {
			t.Errorf("table %q: scope %q", table.Name, table.Scope)
		}
		if table.Volatile && !table.Decoded() && table.Column("seen") == nil {
			t.Errorf("table %q: read twice, yet without the column seen", table.Name)
		}
		if table.Scope == PerNetns && table.Column("netns") == nil {
			t.Errorf("table %q: of a namespace, yet without the column netns", table.Name)
		}
		for _, doc := range table.Docs {
			if strings.HasPrefix(doc, "raw/") || checkName(doc) != nil {
				t.Errorf("table %q: document %q is not relative to raw/", table.Name, doc)
			}
		}
		columns := map[string]bool{"host": true, "doc": true, "line": true, "ref": true} // what DDL adds
		for _, c := range table.Columns {
			at := table.Name + "." + c.Name
			if !name.MatchString(c.Name) || columns[c.Name] {
				t.Errorf("column %s: not snake_case, or taken", at)
			}
			columns[c.Name] = true
			if first, _, _ := strings.Cut(strings.TrimRight(c.Doc, ".,:;"), " "); word.MatchString(strings.TrimRight(first, ",:;")) ||
				strings.HasSuffix(c.Doc, ".") || c.Doc != strings.TrimSpace(c.Doc) || strings.Contains(c.Doc, "\n") {
				t.Errorf("column %s: its doc is a phrase without capital and full stop: %q", at, c.Doc)
			}
			if !slices.Contains(classes, c.Class) || c.Class == Secret {
				t.Errorf("column %s: class %q; what is secret is not captured", at, c.Class)
			}
			if !slices.Contains(homonyms, at) {
				if known, ok := types[c.Name]; ok && known != c.Type {
					t.Errorf("column %s: %s here, %s elsewhere: joins would compare unlike things", at, c.Type, known)
				}
				types[c.Name] = c.Type
			}
			if strings.HasSuffix(c.Name, "_last") && (!table.Volatile || table.Column(strings.TrimSuffix(c.Name, "_last")) == nil) {
				t.Errorf("column %s: the last read of what?", at)
			}
		}
	}
}

// TestTablesMD keeps the page current.
func TestTablesMD(t *testing.T) {
	want := TablesMD()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("TABLES.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("TABLES.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("TABLES.md is not what the tables say; refresh it with UPDATE=1 go test ./schema -run TestTablesMD")
	}
}
