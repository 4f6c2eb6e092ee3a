package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/netmortem/netmortem/analyze"
)

// TextOptions choose how Text writes.
type TextOptions struct {
	Brief bool // verdict, counts and the first findings, for a screen; otherwise everything
	Color bool // with ANSI colours
	Width int  // columns; 0 means 100
}

// briefGroups is how many findings, rules counted once, the head of the HTML page lists.
const briefGroups = 7

// Text writes the result for a terminal.
func Text(w io.Writer, r *analyze.Result, o TextOptions) error {
	if o.Width == 0 {
		o.Width = 100
	}
	t := &text{page: newPage(r), TextOptions: o}
	if o.Brief {
		t.brief()
	} else {
		t.head()
		t.causes()
		t.findings()
		t.hosts()
		t.rules()
		t.coverage()
	}
	t.problems()
	if _, err := w.Write(t.buf.Bytes()); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// A text is a text being written.
type text struct {
	*page
	TextOptions
	buf bytes.Buffer
}

func (t *text) head() {
	t.verdict()
	t.line("")
	t.tallies()
}

// verdict is the sentence, behind the word for how bad it is.
func (t *text) verdict() {
	label := t.severity(t.Severity)
	switch {
	case len(t.Findings)+len(t.Causes) > 0:
	case t.Complete():
		label = t.style("1;32", "✓ "+t.Label())
	default:
		label = "○ " + t.Label()
	}
	if t.Color {
		at := strings.IndexByte(label, 'm') + 1 // behind its colour, if it has one
		if !strings.HasPrefix(label, "\x1b[") {
			at = 0
		}
		label = "\x1b[7m" + label[:at] + " " + strings.TrimSuffix(label[at:], "\x1b[0m") + " \x1b[0m" // what the eye meets first
	}
	t.hanging("", label+" ", "  ", t.style("1", t.Verdict)) // it is long: below the label it would be narrow
}

// tallies are the counts, a line each.
func (t *text) tallies() {
	t.field("findings", t.FindingsLine())
	for _, c := range t.Tallies {
		s := fmt.Sprintf("%d of %d", c.N, c.Of)
		if c.Note != "" {
			s += "; " + c.Note
		}
		t.field(c.Name, s)
	}
	if len(t.Causes) > 0 && t.RankedBy != "" {
		t.field("causes ranked by", t.RankedBy)
	}
}

func (t *text) findings() {
	for _, g := range t.Groups {
		for _, f := range g.Findings {
			t.title(fmt.Sprintf("%d. %s on %s", f.No, f.Title, f.Host))
			t.para("", t.severity(f.Severity)+" ", f.Summary)
			t.field("rule", f.Rule)
			t.field("subject", f.Subject)
			t.field("id", f.ID)
			for _, k := range f.Known {
				t.field("known", k.Line())
			}
			for _, x := range f.Facts {
				t.field(x.Name, x.Value)
			}
			for _, e := range f.Evidence {
				t.line(fmt.Sprintf("  %s  %s", t.style("2", "evidence"), e.Name+" at "+t.style("36", e.Ref)))
				t.block(e.Excerpt)
			}
			if f.Check != "" {
				t.line("  " + t.style("2", "check"))
				t.block(f.Check)
			}
			if f.Remedy != "" {
				t.line("  " + t.style("2", "remedy"))
				t.block(f.Remedy)
			}
		}
	}
}

func (t *text) hosts() {
	t.title("Hosts")
	for _, h := range t.Hosts {
		if h.Bundle == "" {
			t.line(fmt.Sprintf("  ? %s: not captured%s", h.Name, prefixed(", ", h.Role)))
			continue
		}
		t.para("  ", "  ", fmt.Sprintf("%s: captured %s%s%s%s; %s rows, %d of %d items whole", h.Name, utc(h.Captured),
			prefixed(", ", h.Role), prefixed(", engine ", h.Engine), prefixed(", kernel ", h.Kernel),
			thousands(h.Rows), h.Items-int64(len(h.Gaps)), h.Items))
		if h.Interrupted != "" {
			t.para("    ", "! ", "the bundle ends early: "+h.Interrupted)
		}
	}
}

func (t *text) rules() {
	t.title("Rules")
	for _, j := range t.Rules {
		n := tallyOutcomes(j)
		t.line(fmt.Sprintf("  %-32s %d with findings, %d clean, %d not judged", j.Rule, n.Findings, n.Clean, n.NotJudged))
	}
	for _, u := range t.Unjudged {
		t.para("    ", "? ", fmt.Sprintf("not judged on %s: %s: %s%s", u.Host, strings.Join(u.Rules, ", "), u.Why, prefixed(" at ", u.Ref)))
	}
	for _, u := range t.Shadowed {
		t.para("    ", "? ", fmt.Sprintf("found on %s, but not all was seen: %s: %s%s", u.Host, strings.Join(u.Rules, ", "), u.Why, prefixed(" at ", u.Ref)))
	}
}

func (t *text) coverage() {
	if t.Counts.Gaps == 0 {
		return
	}
	t.title("Gaps")
	for _, h := range t.Hosts {
		for _, g := range h.Gaps {
			t.para("  ", "", fmt.Sprintf("%s: %s: %s%s at %s", h.Name, g.Item, g.Outcome, prefixed(", ", g.Reason), g.Ref))
		}
	}
}

func (t *text) problems() {
	if len(t.Problems) == 0 {
		return
	}
	t.title("Problems in loading")
	for _, p := range t.Problems {
		t.para("  ", "! ", p)
	}
}

// severity is the word in capitals, with a mark that does not rest on colour.
func (t *text) severity(s analyze.Severity) string {
	switch s {
	case analyze.Critical:
		return t.style("1;31", "◆ CRITICAL")
	case analyze.High:
		return t.style("31", "▲ HIGH")
	case analyze.Medium:
		return t.style("33", "■ MEDIUM")
	case analyze.Low:
		return t.style("34", "● LOW")
	}
	return "○ " + strings.ToUpper(string(s))
}

func (t *text) style(sgr, s string) string {
	if !t.Color {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}

func (t *text) line(s string) { t.buf.WriteString(strings.TrimRight(s, " ") + "\n") }

func (t *text) title(s string) {
	t.line("")
	t.line(t.style("1", s))
}

func (t *text) field(name, value string) {
	t.para("  ", t.style("2", fmt.Sprintf("%-21s", name)), value)
}

// block writes lines indented and unwrapped: they are to be copied.
func (t *text) block(s string) {
	for l := range strings.Lines(strings.TrimRight(s, "\n")) {
		t.line("      " + strings.TrimRight(l, "\n"))
	}
}

// para writes lead and s below indent, wrapped at spaces; further lines hang below s.
func (t *text) para(indent, lead, s string) {
	t.hanging(indent, lead, indent+strings.Repeat(" ", Columns(lead)), s)
}

// hanging is para with another beginning of further lines.
func (t *text) hanging(indent, lead, hang, s string) {
	line, room := indent+lead, Columns(hang)
	at := Columns(line)
	for i, word := range strings.Split(s, " ") {
		n := Columns(word)
		switch {
		case i == 0:
		case at+1+n > t.Width && at > room:
			t.line(line)
			line, at = hang, room
		default:
			line, at = line+" ", at+1
		}
		line, at = line+word, at+n
	}
	t.line(line)
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
