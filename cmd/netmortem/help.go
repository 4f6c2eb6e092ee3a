package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/schema"
)

// A topic is a page of help that belongs to no command.
type topic struct {
	name, usage string
	write       func(w io.Writer, columns int) error
}

// topics lists them, in the order in which help names them.
func topics() []topic {
	return []topic{
		{"exit-codes", "what the exit codes mean, command by command", writeExitCodes},
		{"environment", "variables that change what netmortem does", writeEnvironment},
		{"bundle-format", "what a bundle holds, and how to read one without netmortem", writeBundleFormat},
		{"queries", "example queries for the database that analyze writes", writeQueries},
		{"docker-plugin", "how to have all of this as docker netmortem", writePluginHelp},
	}
}

func topicNames() []string {
	var out []string
	for _, t := range topics() {
		out = append(out, t.name)
	}
	return out
}

// topicByName is the topic, or nil.
func topicByName(name string) *topic {
	for _, t := range topics() {
		if t.name == name {
			return &t
		}
	}
	return nil
}

// helpCommand takes the place of the library's own, which knows no topics. Help on commands is theirs: normalise sends it there.
func helpCommand(std streams) *cli.Command {
	var about []string
	for _, t := range topics() {
		about = append(about, fmt.Sprintf("%-14s %s", t.name, t.usage))
	}
	return &cli.Command{
		Name:        "help",
		Aliases:     []string{"h"},
		Usage:       "help on a command, or on one of " + strings.Join(topicNames(), ", "),
		ArgsUsage:   "[COMMAND|TOPIC]",
		Description: "Topics:\n" + strings.Join(about, "\n"),
		Action: func(c *cli.Context) error {
			return topicByName(c.Args().First()).write(std.out, width(std.out))
		},
	}
}

// writeExitCodes prints for each code what it means after which command.
func writeExitCodes(w io.Writer, columns int) error {
	last := -1
	for _, e := range endings {
		if e.code != last {
			if last >= 0 {
				fmt.Fprintln(w)
			}
			last = e.code
		}
		command := e.command
		if command == "" {
			command = "any"
		}
		wrapped(w, fmt.Sprintf("%3d  %-8s ", e.code, command), e.means, columns)
	}
	_, err := fmt.Fprintln(w, "\nA code that is not listed is a failure.")
	return err
}

func writeEnvironment(w io.Writer, columns int) error {
	for _, v := range environment {
		fmt.Fprintln(w, v.name)
		wrapped(w, "    ", v.means, columns)
	}
	_, err := fmt.Fprintln(w, "\nNothing else is read from the environment, and there is no configuration file.")
	return err
}

func writeBundleFormat(w io.Writer, _ int) error {
	_, err := io.WriteString(w, schema.FormatMD)
	return err
}

func writeQueries(w io.Writer, _ int) error {
	fmt.Fprint(w, "One of these: netmortem query "+databaseName+" --example NAME; another: netmortem query "+databaseName+" \"select …\"\n")
	for _, e := range analyze.Examples() {
		fmt.Fprintf(w, "\n-- %s: %s\n%s;\n", e.Name, e.Title, e.Query)
	}
	return nil
}
