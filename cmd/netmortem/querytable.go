package main

import (
	"bufio"
	"strings"

	"github.com/netmortem/netmortem/report"
)

// tableSample is how many rows decide how wide columns are; further rows are printed as they come.
const tableSample = 10000

// tableRows is a table in columns, or, where that is wider than the terminal, one block a row with a line for each cell.
type tableRows struct {
	w       *bufio.Writer
	color   bool
	columns int // of the terminal; 0 when there is none and lines may have any length

	names  []string
	kept   [][]tableCell
	wide   []int
	blocks bool
	begun  bool
	n      int
}

type tableCell struct {
	text   string
	number bool
	null   bool
}

func (t *tableRows) head(columns []string) error {
	for _, c := range columns {
		c = report.Visible(c)
		t.names = append(t.names, c)
		t.wide = append(t.wide, report.Columns(c))
	}
	return nil
}

func (t *tableRows) row(cells []any) error {
	row := make([]tableCell, len(cells))
	for i, x := range cells {
		text, number := cellText(x)
		row[i] = tableCell{text, number, x == nil}
		if x == nil {
			row[i].text = "NULL"
		}
		if !t.begun {
			t.wide[i] = max(t.wide[i], report.Columns(row[i].text))
		}
	}
	if t.begun {
		return t.print(row)
	}
	if t.kept = append(t.kept, row); len(t.kept) < tableSample {
		return nil
	}
	return t.begin()
}

// begin decides the shape by the rows that were kept, and prints them.
func (t *tableRows) begin() error {
	t.begun = true
	total := -2
	for _, n := range t.wide {
		total += n + 2
	}
	t.blocks = t.columns > 0 && total > t.columns && len(t.kept) > 0
	if !t.blocks {
		head := make([]tableCell, len(t.names))
		for i, c := range t.names {
			head[i] = tableCell{text: c, number: len(t.kept) > 0 && t.kept[0][i].number}
		}
		t.line(head, "1")
		rule := make([]tableCell, len(t.names))
		for i := range rule {
			rule[i].text = strings.Repeat("-", t.wide[i])
		}
		t.line(rule, "2")
	}
	for _, row := range t.kept {
		if err := t.print(row); err != nil {
			return err
		}
	}
	t.kept = nil
	return nil
}

func (t *tableRows) print(row []tableCell) error {
	if !t.blocks {
		return t.line(row, "")
	}
	if t.n++; t.n > 1 {
		t.w.WriteByte('\n')
	}
	name := 0
	for _, c := range t.names {
		name = max(name, report.Columns(c))
	}
	for i, c := range row {
		text := c.text
		if c.null {
			text = t.style("2", text)
		}
		t.w.WriteString(t.style("2", strings.Repeat(" ", name-report.Columns(t.names[i]))+t.names[i]) + "  " + text + "\n")
	}
	return nil
}

// line prints one line of columns.
func (t *tableRows) line(row []tableCell, sgr string) error {
	var b strings.Builder
	for i, c := range row {
		pad := strings.Repeat(" ", max(0, t.wide[i]-report.Columns(c.text)))
		text := c.text
		if c.null {
			text = t.style("2", text)
		}
		if i > 0 {
			b.WriteString("  ")
		}
		switch {
		case c.number:
			b.WriteString(pad + text)
		case i == len(row)-1:
			b.WriteString(text)
		default:
			b.WriteString(text + pad)
		}
	}
	_, err := t.w.WriteString(t.style(sgr, b.String()) + "\n")
	return err
}

func (t *tableRows) end() error {
	if t.begun {
		return nil
	}
	return t.begin()
}

func (t *tableRows) style(sgr, s string) string {
	if !t.color || sgr == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}
