package main

import (
	"bufio"
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/netmortem/netmortem/report"
)

// A rowWriter prints rows in one shape.
type rowWriter interface {
	head(columns []string) error
	row(cells []any) error // nil, int64, float64, bool, string or []byte
	end() error
}

// writeRows prints all rows, and returns how many there were. What a shape holds back until the end is bounded by tableRows.
func writeRows(std streams, rows *sql.Rows, format string) (n int, err error) {
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(std.out, 1<<16)
	var w rowWriter
	switch format {
	case "csv":
		c := csv.NewWriter(out)
		c.UseCRLF = true // RFC 4180, 2.1
		w = &csvRows{c}
	case "json":
		w = &jsonRows{w: out}
	case "md":
		w = &markdownRows{w: out}
	default:
		t := &tableRows{w: out, color: colors(std.out)}
		if isTerminal(std.out) {
			t.columns = terminalWidth(std.out)
		}
		w = t
	}
	if err := w.head(columns); err != nil {
		return 0, err
	}
	cells, at := make([]any, len(columns)), make([]any, len(columns))
	for i := range cells {
		at[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(at...); err != nil {
			return n, err
		}
		if err := w.row(cells); err != nil {
			return n, err
		}
		n++
	}
	if err := rows.Err(); err != nil {
		out.Flush()
		return n, err
	}
	if err := w.end(); err != nil {
		return n, err
	}
	return n, out.Flush()
}

// cellText is a cell as people read it; number says that it belongs to the right of its column. NULL is the empty text.
func cellText(cell any) (text string, number bool) {
	switch x := cell.(type) {
	case nil:
		return "", false
	case int64:
		return strconv.FormatInt(x, 10), true
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64), true
	case bool:
		return strconv.FormatBool(x), false
	case []byte:
		return "x'" + hex.EncodeToString(x) + "'", false
	case string:
		return report.Visible(x), false
	}
	return report.Visible(fmt.Sprint(cell)), false
}

// csvRows is RFC 4180, with CR LF. Text that a spreadsheet would take for a formula gets an apostrophe before it.
type csvRows struct{ w *csv.Writer }

func (c *csvRows) head(columns []string) error { return c.row(anys(columns)) }

func (c *csvRows) row(cells []any) error {
	out := make([]string, len(cells))
	for i, x := range cells {
		text, number := cellText(x)
		if !number && text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
			text = "'" + text
		}
		out[i] = text
	}
	return c.w.Write(out)
}

func (c *csvRows) end() error {
	c.w.Flush()
	return c.w.Error()
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// jsonRows is an array of objects, one a line. Of columns with one name the second gets a number.
type jsonRows struct {
	w    *bufio.Writer
	keys []string
	n    int
}

func (j *jsonRows) head(columns []string) error {
	seen := map[string]bool{}
	for _, c := range columns {
		name := c
		for n := 2; seen[name]; n++ {
			name = fmt.Sprintf("%s_%d", c, n)
		}
		seen[name] = true
		j.keys = append(j.keys, jsonString(name))
	}
	_, err := j.w.WriteString("[")
	return err
}

func (j *jsonRows) row(cells []any) error {
	if j.n > 0 {
		j.w.WriteByte(',')
	}
	j.n++
	j.w.WriteString("\n{")
	for i, x := range cells {
		if i > 0 {
			j.w.WriteByte(',')
		}
		j.w.WriteString(j.keys[i])
		j.w.WriteByte(':')
		switch x := x.(type) {
		case nil:
			j.w.WriteString("null")
		case int64, bool:
			fmt.Fprint(j.w, x)
		case float64:
			if math.IsInf(x, 0) {
				j.w.WriteString(jsonString(strconv.FormatFloat(x, 'g', -1, 64))) // JSON has no such number
			} else {
				j.w.WriteString(strconv.FormatFloat(x, 'g', -1, 64))
			}
		case string:
			j.w.WriteString(jsonString(x))
		default:
			text, _ := cellText(x)
			j.w.WriteString(jsonString(text))
		}
	}
	return j.w.WriteByte('}')
}

func (j *jsonRows) end() error {
	if j.n > 0 {
		j.w.WriteByte('\n')
	}
	_, err := j.w.WriteString("]\n")
	return err
}

// jsonString quotes s so that whoever prints the JSON on a terminal sees controls and marks of direction as \u and their number.
// Bytes that are no UTF-8 become U+FFFD: JSON has none.
func jsonString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r != utf8.RuneError && report.Visible(string(r)) != string(r):
			if r > 0xffff {
				r -= 0x10000
				fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			} else {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// markdownRows is a table of GitHub's Markdown.
type markdownRows struct{ w *bufio.Writer }

func (m *markdownRows) head(columns []string) error {
	if err := m.row(anys(columns)); err != nil {
		return err
	}
	_, err := m.w.WriteString("|" + strings.Repeat("---|", len(columns)) + "\n")
	return err
}

var markdownCell = strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "~", `\~`, "@", "&#64;", "#", `\#`)

func (m *markdownRows) row(cells []any) error {
	m.w.WriteByte('|')
	for _, x := range cells {
		text, _ := cellText(x)
		m.w.WriteString(" " + markdownCell.Replace(text) + " |")
	}
	return m.w.WriteByte('\n')
}

func (m *markdownRows) end() error { return nil }
