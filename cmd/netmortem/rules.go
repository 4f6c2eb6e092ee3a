package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/report"
)

func rulesCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "rules",
		Usage:     "list the rules, or print the SQL of one",
		ArgsUsage: "[RULE]",
		Description: "The SQL of a rule runs in plain sqlite3 on the database that analyze wrote:\n" +
			"netmortem rules fdb-wrong-vtep | sqlite3 report.db",
		Flags: []cli.Flag{rulesFlag()},
		Action: func(c *cli.Context) error {
			return runRules(std.out, c.String("rules"), c.Args().First())
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
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RULE\tSEVERITY\tLAYER\tTITLE")
	for _, r := range rules {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.ID, r.Severity, report.Visible(r.Layer), report.Visible(r.Title))
	}
	return t.Flush()
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
