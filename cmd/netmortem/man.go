package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/urfave/cli/v2"
)

func manCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "man",
		Usage:     "print the manual page, or write one for every command",
		ArgsUsage: "[DIR]",
		Description: "netmortem man | man -l -                              read it\n" +
			"sudo netmortem man /usr/local/share/man/man1          install netmortem(1), netmortem-capture(1), …",
		Action: func(c *cli.Context) error { return runMan(std.out, newApp(std), c.Args().First()) },
	}
}

// runMan prints the page of the program, or writes all pages into a directory and prints their names.
func runMan(w io.Writer, app *cli.App, dir string) error {
	if dir == "" {
		_, err := w.Write(manPage(app))
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range manPages(app) {
		path := filepath.Join(dir, p.name+".1")
		if err := renameio.WriteFile(path, p.text, 0o644); err != nil {
			return err
		}
		fmt.Fprintln(w, path)
	}
	return nil
}

// A page is one manual page.
type page struct {
	name string // netmortem-capture
	text []byte // roff
}

// manPages are that of the program and one of each command.
func manPages(app *cli.App) []page {
	out := []page{{app.Name, manPage(app)}}
	for _, c := range app.Commands {
		if !c.Hidden {
			out = append(out, page{app.Name + "-" + c.Name, manCommandPage(app, c)})
		}
	}
	return out
}

// manPage is netmortem(1).
func manPage(app *cli.App) []byte {
	m := newRoff(app.Name, app.Usage)
	m.section("SYNOPSIS")
	m.macro("B", app.Name)
	m.text("COMMAND [FLAGS] [ARGUMENTS]")
	m.section("DESCRIPTION")
	m.paragraphs(app.Description)
	m.section("COMMANDS")
	for _, c := range app.Commands {
		if c.Hidden {
			continue
		}
		m.item(c.Name, c.Usage)
	}
	m.section("EXIT STATUS")
	last := -1
	for _, e := range endings {
		if e.code != last {
			m.macro("TP")
			m.macro("B", fmt.Sprint(e.code))
			last = e.code
		} else {
			m.line(".br")
		}
		command := e.command
		if command == "" {
			command = "any"
		}
		m.text(command + ": " + e.means)
	}
	m.section("ENVIRONMENT")
	for _, v := range environment {
		m.item(v.name, v.means)
	}
	m.section("SEE ALSO")
	var also []string
	for _, c := range app.Commands {
		if !c.Hidden {
			also = append(also, fmt.Sprintf("%s-%s(1)", app.Name, c.Name))
		}
	}
	m.text(strings.Join(slices.Sorted(slices.Values(also)), ", "))
	return m.b.Bytes()
}

// manCommandPage is netmortem-capture(1) and the like.
func manCommandPage(app *cli.App, c *cli.Command) []byte {
	m := newRoff(app.Name+"-"+c.Name, c.Usage)
	m.section("SYNOPSIS")
	m.macro("B", app.Name, c.Name)
	synopsis := c.ArgsUsage
	if len(c.Flags) > 0 {
		synopsis = strings.TrimSpace("[FLAGS] " + synopsis)
	}
	m.text(synopsis)
	if about, _, _ := strings.Cut(c.Description, "\n\nExit codes: "); about != "" {
		m.section("DESCRIPTION")
		m.paragraphs(about)
	}
	if len(c.Flags) > 0 {
		m.section("OPTIONS")
		for _, f := range c.Flags {
			m.flag(f)
		}
	}
	m.section("EXIT STATUS")
	for _, e := range endingsOf(c.Name) {
		m.item(fmt.Sprint(e.code), e.means)
	}
	m.section("SEE ALSO")
	m.text(app.Name + "(1)")
	return m.b.Bytes()
}

// A roff is a page being written with the macros of man(7).
type roff struct{ b bytes.Buffer }

func newRoff(name, usage string) *roff {
	m := &roff{}
	m.macro("TH", strings.ToUpper(name), "1", "", "netmortem "+version(), "netmortem")
	m.line(".ad l")
	m.line(".nh") // names of flags and files are not to be hyphenated
	m.section("NAME")
	m.text(name + " - " + usage)
	return m
}

func (m *roff) line(s string) { m.b.WriteString(s + "\n") }

func (m *roff) section(name string) { m.macro("SH", name) }

// macro writes a request with its arguments.
func (m *roff) macro(name string, args ...string) {
	m.b.WriteString("." + name)
	for _, a := range args {
		m.b.WriteString(` "` + strings.ReplaceAll(roffEscape(a), `"`, `\(dq`) + `"`)
	}
	m.b.WriteByte('\n')
}

// text writes a line of running text.
func (m *roff) text(s string) {
	if s == "" {
		return
	}
	s = roffEscape(s)
	if s[0] == '.' || s[0] == '\'' { // would be a request
		s = `\&` + s
	}
	m.line(s)
}

// paragraphs writes a description: an empty line ends a paragraph, and one whose lines have columns stays as it is.
func (m *roff) paragraphs(s string) {
	for i, para := range strings.Split(s, "\n\n") {
		if i > 0 {
			m.macro("PP")
		}
		lines := strings.Split(para, "\n")
		columns := slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "   ") })
		if columns {
			m.macro("nf")
		}
		for _, l := range lines {
			m.text(l)
		}
		if columns {
			m.macro("fi")
		}
	}
}

// item is a term with its meaning.
func (m *roff) item(term, means string) {
	m.macro("TP")
	m.macro("B", term)
	m.text(means)
}

// flag is a flag with its aliases, value, meaning, words and default.
func (m *roff) flag(f cli.Flag) {
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return
	}
	value, about := "", d.GetUsage()
	if before, rest, found := strings.Cut(about, "`"); found {
		name, after, _ := strings.Cut(rest, "`")
		value, about = name, before+name+after
	}
	if value == "" && d.TakesValue() {
		value = "VALUE"
		if _, ok := f.(*cli.DurationFlag); ok {
			value = "DURATION"
		}
	}
	var names []string
	for _, n := range f.Names() {
		names = append(names, `\fB`+roffEscape(dash(n))+`\fR`)
	}
	m.macro("TP")
	term := strings.Join(names, ", ")
	if value != "" {
		term += ` \fI` + roffEscape(value) + `\fR`
	}
	m.line(term)
	if s := d.GetDefaultText(); s != "" && d.TakesValue() {
		about += " (default: " + strings.Trim(s, `"`) + ")"
	}
	m.text(about)
}

// roffEscape writes text so that roff prints it as it is: a hyphen that is copied from the page stays one.
func roffEscape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r > 0x7e:
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
