package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/analyze"
)

// queryTimeout ends a query that somebody forgot.
const queryTimeout = 5 * time.Minute

// queryOptions are what the command line says.
type queryOptions struct {
	DB       string
	Text     string // SQL, or with Schema a table; empty for the list of tables
	File     string // file of SQL; - for standard input
	Example  string // name of an example
	Schema   bool
	Metadata bool
	Format   string
	Timeout  time.Duration
}

func queryCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "query",
		Usage:     "ask the database that analyze wrote: SQL, or without it which tables there are",
		ArgsUsage: "DB [SQL|TABLE]",
		Description: "netmortem query report.db \"select host, rule, summary from cause\"\n" +
			"netmortem query report.db --schema fdb               the columns of a table and what they mean\n" +
			"netmortem query report.db --example broken-pairs     one of netmortem help queries\n" +
			"netmortem query report.db --metadata > metadata.json && datasette report.db --metadata metadata.json\n\n" +
			"It only reads. SQL of - is read from standard input. A table that is wider than the terminal comes as one\n" +
			"block a row; control characters are shown (␛, \\u202e). In CSV, text that a spreadsheet would compute (it begins\n" +
			"with = + - @) has a ' before it. JSON is an array of objects, NULL being null.\n\n" + exitText("query"),
		Flags: []cli.Flag{
			newChoice("format", "shape of the rows: table, csv, json or md", "table", "table", "csv", "json", "md"),
			&cli.PathFlag{Name: "file", Aliases: []string{"f"}, Usage: "take the SQL from `FILE`; - for standard input"},
			&cli.StringFlag{Name: "example", Usage: "put the example query `NAME`"},
			&cli.BoolFlag{Name: "schema", Usage: "print the table that is named, or all of them, as CREATE statements with what each column means"},
			&cli.BoolFlag{Name: "metadata", Usage: "print what tables and columns mean as Datasette's metadata.json, with the example queries"},
			&cli.DurationFlag{Name: "timeout", Value: queryTimeout, Usage: "end a query after this time; 0 never"},
		},
		Action: func(c *cli.Context) error {
			return runQuery(c.Context, queryOptions{
				DB: c.Args().Get(0), Text: c.Args().Get(1), File: c.String("file"), Example: c.String("example"), Schema: c.Bool("schema"),
				Metadata: c.Bool("metadata"), Format: c.String("format"), Timeout: c.Duration("timeout"),
			}, std)
		},
	}
}

// runQuery prints what was asked for. A signal, or the end of the time, interrupts SQLite in the middle of a query.
func runQuery(ctx context.Context, o queryOptions, std streams) error {
	statements, err := o.statements()
	if err != nil {
		return err
	}
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("the query took longer than --timeout %s", o.Timeout))
		defer cancel()
	}
	err = o.ask(ctx, statements, std)
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &exitError{codeFailed, context.Cause(ctx)}
	}
	return &exitError{codeInterrupted, context.Cause(ctx)}
}

// ask opens the database and prints what was asked for.
func (o *queryOptions) ask(ctx context.Context, statements []string, std streams) error {
	db, err := analyze.OpenReader(ctx, o.DB)
	if err != nil {
		return err
	}
	defer db.Close()
	switch {
	case o.Metadata:
		return writeMetadata(ctx, std.out, db, o.DB)
	case o.Schema:
		return writeSchema(ctx, std.out, db, o.Text)
	case len(statements) == 0:
		return writeTableList(ctx, db, o.Format, std)
	}
	return runStatements(ctx, db, o.DB, statements, o.Format, std)
}

// statements are the SQL from wherever it comes; none when none was given.
func (o *queryOptions) statements() ([]string, error) {
	given := 0
	for _, on := range []bool{o.Text != "" && !o.Schema, o.File != "", o.Example != "", o.Schema, o.Metadata} {
		if on {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, usage("query does one thing: SQL, --file, --example, --schema or --metadata; try: netmortem query --help")
	case o.Metadata && o.Text != "":
		return nil, usage("--metadata tells of all tables; try: %s", commandLine("netmortem", []string{"query", o.DB, "--metadata"}))
	case o.Example != "":
		q, err := exampleQuery(o.DB, o.Example)
		return []string{q}, err
	case o.Schema || o.Metadata:
		return nil, nil
	}
	text := o.Text
	if file := o.File; file != "" || text == "-" {
		in := io.Reader(os.Stdin)
		if file != "" && file != "-" {
			f, err := os.Open(file)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			in = f
		}
		data, err := io.ReadAll(in)
		if err != nil {
			return nil, fmt.Errorf("read the SQL: %w", err)
		}
		text = string(data)
		if len(splitSQL(text)) == 0 {
			return nil, usage("there is no SQL in it")
		}
	}
	list := splitSQL(text)
	if text != "" && len(list) == 0 {
		return nil, usage("%q is no SQL; try: %s", text, commandLine("netmortem", []string{"query", o.DB}))
	}
	if len(list) > 1 && o.Format != "table" && o.Format != "md" {
		return nil, usage("%d statements make no single %s; put one at a time", len(list), o.Format)
	}
	return list, nil
}

func exampleQuery(db, name string) (string, error) {
	var names []string
	for _, e := range analyze.Examples() {
		if e.Name == name {
			return e.Query, nil
		}
		names = append(names, e.Name)
	}
	if near := nearest(name, names); near != "" {
		return "", usage("no example %s; try: %s", name, commandLine("netmortem", []string{"query", db, "--example", near}))
	}
	return "", usage("no example %s; there are %s; try: netmortem help queries", name, strings.Join(names, ", "))
}

// runStatements prints the rows of each statement.
func runStatements(ctx context.Context, db *analyze.Reader, path string, statements []string, format string, std streams) error {
	for i, s := range statements {
		if i > 0 {
			fmt.Fprintln(std.out)
		}
		rows, err := db.Query(ctx, s)
		if err != nil {
			return sqlError(err, path)
		}
		n, err := writeRows(std, rows, format)
		rows.Close()
		if err := db.Error(err); err != nil {
			return sqlError(err, path)
		}
		if n == 0 && format == "table" {
			fmt.Fprintln(std.err, "no rows")
		}
	}
	return nil
}

// sqlError adds to what SQLite says what to look at.
func sqlError(err error, path string) error {
	text := err.Error()
	for _, kind := range []string{"no such table: ", "no such column: "} {
		if name, ok := strings.CutPrefix(text, kind); ok {
			return noSuchName(err, path, kind, name)
		}
	}
	return err
}

// noSuchName names the table that was meant, or where columns are listed.
func noSuchName(err error, path, kind, name string) error {
	if kind == "no such column: " {
		return advice{err, "", commandLine("netmortem", []string{"query", path, "--schema"})}
	}
	var names []string
	for _, t := range analyze.TableDocs() {
		names = append(names, t.Name)
	}
	if near := nearest(name, names); near != "" {
		return advice{fmt.Errorf("%w; there is %s", err, near), "", commandLine("netmortem", []string{"query", path, "--schema", near})}
	}
	return advice{err, "", commandLine("netmortem", []string{"query", path})}
}

// splitSQL cuts text into statements at semicolons that stand in no string, name or comment. Statements that hold nothing but
// comments are left out.
func splitSQL(text string) []string {
	var out []string
	start, solid := 0, false // solid: something besides blanks and comments
	for i := 0; i < len(text); i++ {
		skip := func(to string) {
			if n := strings.Index(text[i+1:], to); n >= 0 {
				i += n + len(to)
			} else {
				i = len(text)
			}
		}
		switch c := text[i]; {
		case c == ';':
			if solid {
				out = append(out, strings.TrimSpace(text[start:i]))
			}
			start, solid = i+1, false
		case strings.HasPrefix(text[i:], "--"):
			skip("\n")
		case strings.HasPrefix(text[i:], "/*"):
			i++
			skip("*/")
		case c == '\'' || c == '"' || c == '`':
			solid = true
			skip(string(c)) // a doubled one ends the string and begins another
		case c == '[':
			solid = true
			skip("]")
		case c != ' ' && c != '\t' && c != '\n' && c != '\r':
			solid = true
		}
	}
	if solid {
		out = append(out, strings.TrimSpace(text[start:]))
	}
	return out
}

// databaseLabel is what Datasette calls a database: its file without the ending.
func databaseLabel(path string) string {
	name := filepath.Base(path)
	return strings.TrimSuffix(name, filepath.Ext(name))
}
