package show

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/netmortem/netmortem/report"
)

// A printer writes the answers.
type printer struct {
	w       *bufio.Writer
	options *Options
	hosts   int      // bundles that answer
	open    string   // host and namespace whose header was printed last
	any     bool     // something was printed
	gaps    []string // what was not captured or not read, one line each
}

// text writes captured text of one or more lines: nothing in it can act on a terminal.
func (p *printer) text(s string) error {
	for line := range strings.Lines(s) {
		if _, err := p.w.WriteString(visible(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
		if err := p.w.WriteByte('\n'); err != nil {
			return err
		}
	}
	p.any = true
	return nil
}

// comment writes a line that is ours: it begins with a # and no tool prints such a one.
func (p *printer) comment(format string, args ...any) error {
	return p.text("# " + strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ") + "\n")
}

// gap notes something that is missing, and says so in its place.
func (p *printer) gap(format string, args ...any) error {
	text := visible(strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " "))
	p.gaps = append(p.gaps, text)
	if p.options.JSON { // there only rows are data
		return nil
	}
	return p.comment("%s", text)
}

// header begins what belongs to one namespace, unless it is the only one that was asked for.
func (p *printer) header(x *index, ns *namespace) error {
	if p.options.JSON || p.options.Netns != "" && p.hosts == 1 && len(p.options.What) == 1 {
		return nil
	}
	name := x.source.host + " " + ns.title()
	if p.open == name {
		return nil
	}
	p.open = name
	if p.any {
		if _, err := io.WriteString(p.w, "\n"); err != nil {
			return err
		}
	}
	return p.comment("%s", name)
}

// section begins what belongs to a host as a whole.
func (p *printer) section(x *index, what string) error {
	p.open = ""
	if p.options.JSON {
		return nil
	}
	if p.any {
		if _, err := io.WriteString(p.w, "\n"); err != nil {
			return err
		}
	}
	return p.comment("%s %s", x.source.host, what)
}

// raw writes a line of JSON as it is in the bundle.
func (p *printer) raw(line []byte) error {
	p.any = true
	if _, err := p.w.WriteString(visibleJSON(string(line))); err != nil {
		return err
	}
	return p.w.WriteByte('\n')
}

// visible is one line of captured text in which nothing is hidden. Tabs stay: the tools indent with them.
func visible(s string) string {
	if !strings.Contains(s, "\t") {
		return report.Visible(s)
	}
	parts := strings.Split(s, "\t")
	for i := range parts {
		parts[i] = report.Visible(parts[i])
	}
	return strings.Join(parts, "\t")
}

// visibleJSON writes what cannot be seen in the escapes of JSON, so that the line stays what it is to a program.
func visibleJSON(s string) string {
	if visible(s) == s {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\t' || r == ' ' || n > 0 && report.Visible(s[i:i+n]) == s[i:i+n]:
			b.WriteString(s[i : i+n])
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default: // a byte that is no UTF-8 counts as U+FFFD
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return b.String()
}
