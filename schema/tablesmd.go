package schema

import (
	"fmt"
	"strings"
)

// TablesMD is the page TABLES.md: every table with its columns, as the record structs have them.
func TablesMD() string {
	var b strings.Builder
	b.WriteString(`# Tables

Printed from the record structs of package schema; do not edit (` + "`UPDATE=1 go test ./schema -run TestTablesMD`" + `).

A table is a file rows/&lt;table&gt;.jsonl of the bundle, or decoded from verbatim documents below raw/ when the database is
built. In the database every table has three further columns: **host**, the bundle's host; **line**, the row's line in
its file, from 1; **ref**, the row's address, such as ` + "`node1/rows/fdb.jsonl:17`" + `. A decoded one also has **doc**, its document.

* *always*: the key is in every row. Any other may be missing, which means that it was not observed, and is NULL.
* *class*: plain names nobody; addr, name and text are replaced, mapped or scanned before a bundle leaves its owners.
* *counter*: grows or wavers by itself, so it does not tell two reads of a row apart.

| table | rows of | what |
|---|---|---|
`)
	for i := range Tables {
		t := &Tables[i]
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", t.Name, t.Name, scopeWords(t), cell(t.Doc))
	}
	for i := range Tables {
		t := &Tables[i]
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", t.Name, t.Doc)
		if t.Decoded() {
			fmt.Fprintf(&b, "Decoded from raw/%s.\n", strings.Join(t.Docs, ", raw/"))
		}
		if t.Volatile {
			b.WriteString("Read twice, a window apart.\n")
		}
		b.WriteString("\n| column | type | class | meaning |\n|---|---|---|---|\n")
		for _, c := range t.Columns {
			doc := cell(c.Doc)
			if c.Required {
				doc += " (*always*)"
			}
			if c.Counter {
				doc += " (*counter*)"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.Name, c.Type, c.Class, doc)
		}
	}
	return b.String()
}

func scopeWords(t *Table) string {
	switch t.Scope {
	case PerNetns:
		return "each namespace"
	case PerSwarm:
		return "the swarm, told by managers"
	}
	return "each host"
}

// cell escapes what ends a cell of a Markdown table or starts markup.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", ">", "&gt;", "*", "\\*", "_", "\\_").Replace(s)
}
