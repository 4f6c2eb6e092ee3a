package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/report"
)

func explainCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "what a rule means, how to check it by hand, and what mends it; or why a thing should be there",
		ArgsUsage: "RULE|SUBJECT",
		Description: "With a finding's subject, as fdb:node1/1-q3x8v2m1kd/02:42:0a:00:00:05, and the database that analyze wrote:\n" +
			"which task, node or rule of which engine asks for it, and which captured rows say so.",
		Flags: []cli.Flag{rulesFlag(), &cli.PathFlag{Name: "db", Usage: "look a subject up in `FILE`, which analyze --db wrote"}},
		Action: func(c *cli.Context) error {
			if subject := c.Args().First(); strings.Contains(subject, ":") {
				return runWhy(c.Context, std.out, c.String("db"), subject, colors(std.out), width(std.out))
			}
			return runExplain(std.out, c.String("rules"), c.Args().First(), colors(std.out), width(std.out))
		},
	}
}

// runExplain prints a rule as a page of a runbook.
func runExplain(w io.Writer, dir, id string, color bool, columns int) error {
	rules, err := analyze.Rules(dir)
	if err != nil {
		return err
	}
	r, err := findRule(rules, id, "explain")
	if err != nil {
		return err
	}
	p := &runbook{color: color, columns: columns}
	p.title(r.Title)
	p.line(fmt.Sprintf("%s, severity %s, layer %s, since %s", r.ID, r.Severity, r.Layer, r.Since))
	p.field("Catalogue", r.Catalogue)
	p.field("Needs", r.Need)
	p.field("Blames", r.Blame)
	p.field("Disagree", r.Views)
	for para := range strings.SplitSeq(r.Doc, "\n\n") {
		p.line("")
		p.text("", para)
	}
	p.line("")
	p.title("Check by hand")
	p.line("  " + r.Check) // a command is copied: it is not wrapped
	p.remedies(r.Remedies)
	p.section("When it can be wrong or silent", r.Limits)
	p.section("Upstream", r.Upstream)
	p.section("Fixed in", r.FixedIn)
	p.known(analyze.KnownOf(r.ID))
	p.line("")
	p.line("The query: netmortem rules " + r.ID)
	_, err = io.WriteString(w, p.b.String())
	return err
}

// remedies are numbered when there is a choice, the least disturbing first.
func (p *runbook) remedies(list []analyze.Remedy) {
	for i, m := range list {
		name := "Remedy"
		if len(list) > 1 {
			name = fmt.Sprintf("Remedy %d", i+1)
		}
		p.line("")
		p.title(name)
		p.line("  " + m.Do) // commands are copied: they are not wrapped
		if m.Risk != "" {
			p.text("  ", "Risk: "+m.Risk)
		}
		for _, x := range []struct{ name, text string }{{"Verify", m.Verify}, {"Undo", m.Undo}} {
			if x.text != "" {
				p.line("  " + x.name + ": " + x.text)
			}
		}
	}
}

// known lists the releases of the engine that are known to bring it about.
func (p *runbook) known(list []analyze.KnownVersion) {
	if len(list) == 0 {
		return
	}
	p.line("")
	p.title("Known engine versions")
	for _, k := range list {
		p.text("  ", k.Line())
	}
}

// A runbook is a page being written.
type runbook struct {
	b       strings.Builder
	color   bool
	columns int
}

func (p *runbook) line(s string) { p.b.WriteString(report.Visible(s) + "\n") }

func (p *runbook) title(s string) {
	if p.color {
		p.b.WriteString("\x1b[1m" + report.Visible(s) + "\x1b[0m\n")
		return
	}
	p.line(s)
}

// field is a name and its value in a line; nothing for an empty value.
func (p *runbook) field(name, value string) {
	if value != "" {
		p.line(name + ": " + value)
	}
}

// section is a heading with a text below it; nothing for an empty text.
func (p *runbook) section(name, text string) {
	if text == "" {
		return
	}
	p.line("")
	p.title(name)
	p.text("  ", text)
}

// text writes a paragraph, wrapped at spaces. Lines that were indented in the source are to be copied: they stay.
func (p *runbook) text(indent, s string) {
	line := ""
	flush := func() {
		if line != "" {
			p.line(indent + line)
		}
		line = ""
	}
	for src := range strings.Lines(s) {
		if src = strings.TrimRight(src, "\n"); strings.HasPrefix(src, " ") || strings.HasPrefix(src, "\t") {
			flush()
			p.line(indent + src)
			continue
		}
		for _, word := range strings.Fields(src) {
			if line != "" && len([]rune(indent+line))+1+len([]rune(word)) > p.columns {
				flush()
			}
			if line != "" {
				line += " "
			}
			line += word
		}
	}
	flush()
}
