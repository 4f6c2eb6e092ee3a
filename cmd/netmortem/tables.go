package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/schema"
)

func tablesCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "tables",
		Usage:     "list the tables, or describe the columns of one",
		ArgsUsage: "[TABLE]",
		Action: func(c *cli.Context) error {
			return runTables(std.out, c.Args().First())
		},
	}
}

// runTables lists the tables of a bundle and of the database, or the columns of one.
func runTables(w io.Writer, name string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if name == "" {
		fmt.Fprintln(t, "TABLE\tROWS OF\tWHAT IT HOLDS")
		for _, x := range schema.Tables {
			fmt.Fprintf(t, "%s\t%s\t%s\n", x.Name, x.Scope, x.Doc)
		}
		for _, x := range analyze.Tables() {
			fmt.Fprintf(t, "%s\t%s\t%s\n", x.Name, "analysis", x.Doc)
		}
		return t.Flush()
	}
	for _, x := range analyze.Tables() {
		if x.Name == name {
			return describeDerived(w, x)
		}
	}
	x := schema.TableByName(name)
	if x == nil {
		return noTable(name)
	}
	fmt.Fprintf(w, "%s: %s\n", x.Name, x.Doc)
	switch {
	case x.Decoded():
		fmt.Fprintf(w, "Decoded from raw/%s.\n", strings.Join(x.Docs, ", raw/"))
	default:
		fmt.Fprintf(w, "In a bundle: rows/%s.jsonl.\n", x.Name)
	}
	if x.Volatile {
		fmt.Fprintln(w, "Read twice, a window apart; the column seen says in which read a row was.")
	}
	fmt.Fprintln(w)
	fmt.Fprintln(t, "COLUMN\tTYPE\tEXPOSURE\tMEANING")
	for _, c := range x.LoadColumns() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", c.Name, c.Type, c.Class, c.Doc)
	}
	fmt.Fprintf(t, "ref\tTEXT\tplain\taddress of the row in the bundle, such as node1/rows/%s.jsonl:17\n", x.Name)
	return t.Flush()
}

// describeDerived prints the columns of a table that analyze makes.
func describeDerived(w io.Writer, x *analyze.Derived) error {
	fmt.Fprintf(w, "%s: %s\nMade by analyze; in no bundle.\n\n", x.Name, x.Doc)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "COLUMN\tTYPE\tEXPOSURE\tMEANING")
	for _, c := range x.Columns {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", c.Name, c.Type, c.Class, c.Doc)
	}
	return t.Flush()
}

func noTable(name string) error {
	var names []string
	for _, x := range schema.Tables {
		names = append(names, x.Name)
	}
	for _, x := range analyze.Tables() {
		names = append(names, x.Name)
	}
	if near := nearest(name, names); near != "" {
		return usage("no table %s; try: %s", name, commandLine("netmortem", []string{"tables", near}))
	}
	return usage("no table %s; try: netmortem tables", name)
}
