package analyze

import (
	"net/netip"
	"reflect"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// A kind is how a JSON value must look to fit a column.
type kind byte

const (
	kindText  kind = iota // a string
	kindInt               // a whole number of 64 bits
	kindFloat             // any number
	kindBool              // true or false, stored as 1 and 0
)

// A layout is a table as the row reader needs it: what each key must hold, in the order of storage.
type layout struct {
	table *schema.Table
	kinds []kind         // of table.Columns
	keys  []string       // of table.Columns
	heads [][]byte       // of table.Columns: "key": as it stands before the value
	index map[string]int // key to its place in these
	width int            // columns of a packed row: host, doc, line and the table's own

	decoded bool
}

func newLayout(t *schema.Table) *layout {
	l := &layout{table: t, index: map[string]int{}, width: len(t.LoadColumns()), decoded: t.Decoded()}
	for i, c := range t.Columns {
		l.kinds = append(l.kinds, kindOf(t.Type.Field(c.Field).Type))
		l.keys = append(l.keys, c.Name)
		l.heads = append(l.heads, []byte(`"`+c.Name+`":`))
		l.index[c.Name] = i
	}
	return l
}

// layouts are those of every table, by name.
func layouts() map[string]*layout {
	m := map[string]*layout{}
	for i := range schema.Tables {
		t := &schema.Tables[i]
		m[t.Name] = newLayout(t)
	}
	return m
}

func kindOf(t reflect.Type) kind {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.Prefix](), reflect.TypeFor[time.Time]():
		return kindText
	}
	switch t.Kind() {
	case reflect.Bool:
		return kindBool
	case reflect.Float64:
		return kindFloat
	case reflect.String:
		return kindText
	}
	return kindInt
}
