package show

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// list prints what a bundle holds: the host, its namespaces, the words that can be asked for with how much there is of
// each, and what is missing.
func (p *printer) list(ctx context.Context, s *source) error {
	x, err := readIndex(ctx, s, []string{"*"})
	if err != nil {
		return err
	}
	if _, err := x.choose(p.options.Netns); err != nil {
		return err
	}
	if p.any {
		if err := p.text("\n"); err != nil {
			return err
		}
	}
	if err := p.text(x.about()); err != nil {
		return err
	}
	cells := [][]string{{"WHAT", "AS", "ROWS", "OUTCOME"}}
	for _, v := range views() {
		cells = append(cells, x.offer(v))
	}
	if err := p.text("\n" + columns(cells)); err != nil {
		return err
	}
	if err := p.text("\nother tables: " + strings.Join(x.otherTables(), ", ") + "\n"); err != nil {
		return err
	}
	if err := p.text("\nnamespaces, for --ns:\n" + x.namespaceList()); err != nil {
		return err
	}
	return p.complaints(x)
}

// about is who was captured, when, and whether the capture was whole.
func (x *index) about() string {
	m := &x.source.meta
	text := fmt.Sprintf("%s: %s\n", x.source.host, x.source.path)
	text += fmt.Sprintf("captured %s", stamp(m.Started))
	if !m.Finished.IsZero() {
		text += fmt.Sprintf(" in %.1f s", m.Finished.Sub(m.Started).Seconds())
	}
	if m.Window > 0 {
		text += fmt.Sprintf(", two reads %.1f s apart", m.Window)
	}
	text += fmt.Sprintf(", by netmortem %s\n", cmp.Or(m.Tool, "of an unknown version"))
	if h := x.host; h != nil {
		text += fmt.Sprintf("%s, kernel %s %s, %d CPU, up %.0f s\n", cmp.Or(h.OS, "unknown system"), h.Kernel, h.Arch, h.CPUs, h.UptimeS)
	}
	if m.Interrupted != "" {
		text += "the capture ended early: " + m.Interrupted + "\n"
	}
	return text
}

// offer is the line of one view: how much the bundle has of it.
func (x *index) offer(v *view) []string {
	rows, outcome := "-", ""
	if len(v.tables) > 0 {
		n := int64(0)
		for _, t := range v.tables {
			n += x.entries["rows/"+t+".jsonl"].lines
		}
		rows = number(n)
		outcome = x.outcomes(func(c *coverageRow) bool { return slices.Contains(v.tables, c.Tbl) })
	}
	if len(v.docs) > 0 {
		files := 0
		for name := range x.entries {
			if x.wanted(strings.TrimPrefix(name, "raw/"), v.docs) {
				files++
			}
		}
		rows = map[bool]string{true: "1 file", false: fmt.Sprintf("%d files", files)}[files == 1]
		outcome = x.outcomes(func(c *coverageRow) bool {
			return c.Document != "" && x.wanted(strings.TrimPrefix(c.Document, "raw/"), v.docs)
		})
	}
	switch v.name {
	case "files":
		rows, outcome = number(int64(len(x.entries))), "ok"
	case "coverage":
		outcome = "ok"
	}
	return []string{v.name, v.like, rows, outcome}
}

// outcomes counts the outcomes of items, with the reason of the first gap.
func (x *index) outcomes(of func(c *coverageRow) bool) string {
	count := map[schema.Outcome]int{}
	reason := ""
	for i := range x.coverage {
		c := &x.coverage[i]
		if !of(c) {
			continue
		}
		count[c.Outcome]++
		if c.Outcome.Gap() && reason == "" {
			reason = ": " + c.Reason
		}
	}
	var parts []string
	for _, o := range schema.Outcomes {
		switch n := count[o]; {
		case n == 0:
		case len(count) == 1 && !o.Gap():
			parts = append(parts, string(o))
		default:
			parts = append(parts, fmt.Sprintf("%s %d", o, n))
		}
	}
	if len(parts) == 0 {
		return "not planned by that version"
	}
	return strings.Join(parts, ", ") + reason
}

// otherTables are the tables of rows that have no word of their own.
func (x *index) otherTables() []string {
	var known []string
	for _, v := range views() {
		known = append(known, v.tables...)
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(x.entries)) {
		if t, ok := tableOf(name); ok && !slices.Contains(known, t) && schema.TableByName(t) != nil {
			out = append(out, fmt.Sprintf("%s (%d)", t, x.entries[name].lines))
		}
	}
	if len(out) == 0 {
		return []string{"none"}
	}
	return out
}

func (x *index) namespaceList() string {
	var cells [][]string
	for _, ns := range x.namespaces {
		about := ns.Kind
		if ns.network != "" {
			about += " of network " + ns.network
		}
		if ns.Container != "" {
			about += " " + ns.Container[:min(12, len(ns.Container))]
		}
		cells = append(cells, []string{"  " + ns.Netns.Netns, ns.short(), about})
	}
	if len(cells) == 0 {
		return "  none are in the bundle\n"
	}
	return columns(cells)
}
