package schema

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"time"
)

// Class says how far a column may travel outside the team that owns the host.
type Class string

// The exposure classes. A column without one does not pass TestColumns.
const (
	Plain  Class = "plain"  // kernel or protocol facts that name nobody: kept
	Addr   Class = "addr"   // an address: replaced by a structure-preserving pseudonym
	Name   Class = "name"   // a name that people chose: replaced by a consistent pseudonym
	Text   Class = "text"   // free text that may contain any of these: scanned
	Secret Class = "secret" // never captured; the class exists so that a mistake has a name
)

// Scope says which hosts can hold rows of a table, and so what the lack of rows on one host means.
type Scope string

// The scopes.
const (
	PerNetns Scope = "netns" // every namespace of every host has its own rows
	PerHost  Scope = "host"  // every host has its own rows
	PerSwarm Scope = "swarm" // one truth for the whole swarm; only managers can tell it
)

// A Column is one fact of a table.
type Column struct {
	Name     string // JSON key and SQLite column
	Type     string // SQLite storage class: TEXT, INTEGER or REAL
	Doc      string // one sentence: meaning and unit
	Class    Class  // exposure
	Counter  bool   // grows or wavers by itself: not part of a row's identity between two reads
	Required bool   // present in every row: the JSON key is never omitted
	Field    int    // index of the struct field
}

// A Table is a kind of record.
//
// A table is written by capture as rows/<name>.jsonl, unless Docs is set: then it is decoded at load from verbatim
// documents below raw/, and a row's address is the document and line that it was decoded from.
type Table struct {
	Name     string
	Doc      string   // one sentence, and the command that shows the same
	Scope    Scope    // whose rows they are
	Volatile bool     // read twice, a window apart: the columns seen and *_last exist
	Docs     []string // documents it is decoded from, relative to raw/; empty for rows
	Columns  []Column
	Type     reflect.Type // the record struct
}

// tableOf describes the record struct R. It panics on a field without the tags json, class and doc: a mistake of
// the programmer that the first test of any package meets.
func tableOf[R any](name string, scope Scope, doc string, opts ...func(*Table)) Table {
	typ := reflect.TypeFor[R]()
	t := Table{Name: name, Doc: doc, Scope: scope, Type: typ}
	for i := range typ.NumField() {
		f := typ.Field(i)
		key, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		class, doc := f.Tag.Get("class"), f.Tag.Get("doc")
		if key == "" || class == "" || doc == "" {
			panic(fmt.Sprintf("schema: %s.%s lacks one of the tags json, class, doc", typ, f.Name))
		}
		t.Columns = append(t.Columns, Column{
			Name: key, Type: storage(f.Type), Doc: doc, Class: Class(class),
			Counter:  f.Tag.Get("counter") != "",
			Required: !strings.Contains(rest, "omit"),
			Field:    i,
		})
	}
	for _, o := range opts {
		o(&t)
	}
	return t
}

// volatile marks a table that is read twice.
func volatile(t *Table) { t.Volatile = true }

// from names the documents that a table is decoded from.
func from(docs ...string) func(*Table) { return func(t *Table) { t.Docs = docs } }

// storage is the SQLite storage class of a Go type.
func storage(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.Prefix](), reflect.TypeFor[time.Time]():
		return "TEXT"
	}
	switch t.Kind() {
	case reflect.String:
		return "TEXT"
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "INTEGER"
	case reflect.Float64:
		return "REAL"
	}
	panic("schema: no SQLite storage class for " + t.String())
}

// Column returns the column of that name, or nil.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// Decoded reports whether rows come from verbatim documents rather than from rows/<name>.jsonl.
func (t *Table) Decoded() bool { return len(t.Docs) > 0 }

// DDL is the STRICT table in SQLite. Beside its columns every table has host, the row's line, and ref, the row's
// address in the bundle; ref is generated, so it costs no storage and plain sqlite3 can read it.
func (t *Table) DDL() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (\n", t.Name)
	for _, c := range t.LoadColumns() {
		fmt.Fprintf(&b, "  %s %s%s,\n", c.Name, c.Type, map[bool]string{true: " NOT NULL"}[c.Required])
	}
	fmt.Fprintf(&b, "  %s\n) STRICT", t.Ref())
	return b.String()
}

// Ref is the column ref: made of host and line, and of doc where the table is decoded.
func (t *Table) Ref() string {
	path := fmt.Sprintf("'/rows/%s.jsonl:'", t.Name)
	if t.Decoded() {
		path = "'/' || doc || ':'"
	}
	return fmt.Sprintf("ref TEXT GENERATED ALWAYS AS (host || %s || line) VIRTUAL", path)
}

// LoadColumns are the columns in the order of storage: host, then the document of a decoded row, then line, then
// the table's own. Only host and line are NOT NULL in the database: a bundle of another version may lack any key.
func (t *Table) LoadColumns() []Column {
	cols := []Column{{Name: "host", Type: "TEXT", Class: Name, Doc: "the bundle's host", Required: true}}
	if t.Decoded() {
		cols = append(cols, Column{Name: "doc", Type: "TEXT", Class: Plain, Doc: "the document that the row was decoded from, relative to the bundle's top", Required: true})
	}
	cols = append(cols, Column{Name: "line", Type: "INTEGER", Class: Plain, Doc: "line in its file, from 1", Required: true})
	for _, c := range t.Columns {
		c.Required = false
		cols = append(cols, c)
	}
	return cols
}
