package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/report"
)

func rulesCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "rules",
		Usage:     "list the rules, print the SQL of one, or make and test rules of one's own",
		ArgsUsage: "[RULE]",
		Description: "The SQL of a rule runs in plain sqlite3 on the database that analyze wrote:\n" +
			"netmortem rules fdb-wrong-vtep | sqlite3 report.db\n\n" +
			"A rule of one's own begins with --new, and is tested with --test; the page WRITING_RULES.md shows one from the question to the\n" +
			"test.\n\n" + exitText("rules"),
		Flags: []cli.Flag{
			rulesFlag(),
			&cli.StringFlag{Name: "new", Usage: "lay the files of a rule `ID` in the directory of --rules, else here"},
			&cli.PathFlag{Name: "test", Usage: "run the rules of `DIR` over their fixtures, DIR/testdata/ID/*.txtar"},
			&cli.BoolFlag{Name: "update", Usage: "with --test: write what is found into the fixtures"},
		},
		Action: func(c *cli.Context) error {
			switch {
			case c.IsSet("new") && c.IsSet("test"):
				return usage("--new and --test are two things to do")
			case c.Bool("update") && !c.IsSet("test"):
				return usage("--update belongs to --test")
			case c.IsSet("new"):
				return runNewRule(std.out, c.Path("rules"), c.String("new"))
			case c.IsSet("test"):
				return runTestRules(c.Context, std.out, c.Path("test"), c.Bool("update"))
			}
			return runRules(std.out, c.Path("rules"), c.Args().First())
		},
	}
}

func rulesFlag() cli.Flag {
	return &cli.PathFlag{Name: "rules", Usage: "also take the rules, *.sql, of `DIR`"}
}

// runRules lists the rules, those of dir among them, or prints the query of one.
func runRules(w io.Writer, dir, id string) error {
	rules, err := analyze.Rules(dir)
	if err != nil {
		return err
	}
	if id != "" {
		r, err := findRule(rules, id, "rules")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "-- %s\n%s;\n", r.Title, r.Query)
		return err
	}
	_, err = io.WriteString(w, ruleList(rules))
	return err
}

// ruleList is a table of rules for each layer, from the wire up. The columns have the same width in all of them.
func ruleList(rules []*analyze.Rule) string {
	head := []string{"RULE", "SEVERITY", "ENTRY", "NEEDS", "TITLE"}
	cells := func(r *analyze.Rule) []string {
		return []string{r.ID, string(r.Severity), strings.Join(r.Entries(), " "), r.Need, r.Title}
	}
	wide := make([]int, len(head))
	measure := func(row []string) {
		for i, s := range row {
			wide[i] = max(wide[i], utf8.RuneCountInString(report.Visible(s)))
		}
	}
	measure(head)
	for _, r := range rules {
		measure(cells(r))
	}
	var b strings.Builder
	line := func(row []string) {
		text := "  "
		for i, s := range row {
			s = report.Visible(s)
			text += s + strings.Repeat(" ", wide[i]-utf8.RuneCountInString(s)+2)
		}
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	line(head)
	layer := ""
	for _, r := range analyze.ByLayer(rules) {
		if r.Layer != layer {
			layer = r.Layer
			b.WriteString("\n" + report.Visible(layer) + "\n")
		}
		line(cells(r))
	}
	return b.String()
}

// runNewRule lays the files of a rule and says what to do with them.
func runNewRule(w io.Writer, dir, id string) error {
	if dir == "" {
		dir = "."
	}
	made, err := analyze.NewRule(dir, id)
	for _, path := range made {
		fmt.Fprintln(w, report.Visible(path))
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nIt runs as it stands: %s\n", commandLine("netmortem", []string{"rules", "--test", dir}))
	return err
}

// runTestRules runs the rules of a directory over their fixtures: a line for each, and what differs below it.
func runTestRules(ctx context.Context, w io.Writer, dir string, update bool) error {
	bad := 0
	err := analyze.RunFixtures(ctx, dir, update, func(x analyze.FixtureRun) {
		word, name := "ok", strings.TrimSuffix(filepath.Base(x.Fixture), ".txtar")
		switch {
		case x.Problem != "":
			word = "FAILED"
			bad++
		case x.Updated:
			word = "updated"
		}
		if x.Fixture == "" {
			name = ""
		}
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%-7s  %s  %s", word, x.Rule, report.Visible(name)), " "))
		for l := range strings.Lines(x.Problem) {
			fmt.Fprintf(w, "    %s\n", visibleTabs(strings.TrimRight(l, "\n")))
		}
	})
	switch {
	case err != nil:
		return err
	case bad > 0:
		return exit(codeFindings)
	}
	return nil
}

// visibleTabs keeps the tabs by which findings are indented.
func visibleTabs(s string) string {
	rest := strings.TrimLeft(s, "\t")
	return strings.Repeat("\t", len(s)-len(rest)) + report.Visible(rest)
}

func findRule(rules []*analyze.Rule, id, command string) (*analyze.Rule, error) {
	ids := make([]string, len(rules))
	for i, r := range rules {
		if r.ID == strings.TrimSuffix(id, ".sql") {
			return r, nil
		}
		ids[i] = r.ID
	}
	if near := nearest(id, ids); near != "" {
		return nil, usage("no rule %s; try: %s", id, commandLine("netmortem", []string{command, near}))
	}
	return nil, usage("no rule %s; try: netmortem rules", id)
}
