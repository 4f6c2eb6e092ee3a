package capture

import (
	"fmt"
	"strings"
)

// CollectorsMD is the page COLLECTORS.md: what each collector reads, where it goes, what it needs and what was considered
// before it was written.
func CollectorsMD(collectors []*Collector) string {
	var b strings.Builder
	b.WriteString(`# Collectors

Printed from the list in collectors_linux.go; do not edit (` + "`UPDATE=1 go test ./capture -run TestCollectorsMD`" + `).

A collector reads one kind of state. ` + "`netmortem capture --dry-run`" + ` says of each what it would do on a host, and whether the
privilege that it needs is there; ` + "`--only`, `--skip` and `--quick`" + ` choose among them. None of them changes the host:
*side effects* is what reading could do, and why it does not.

* *namespaces*: in each network namespace; *host*: once for the host; *daemon*: asked of Docker's daemon, beside the others.
* *twice*: at both ends of the window.

| collector | where | in the bundle | privilege | since |
|---|---|---|---|---|
`)
	for _, c := range collectors {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s | %s |\n", cell(c.Name), c.Name, placeOf(c), code(c.item().Into, 3), cell(CapabilitiesOf(orWord(c.Needs, none))), c.Since)
	}
	for _, c := range collectors {
		it := c.item()
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", c.Name, cell(sentence(it.What)))
		if len(it.Into) > 0 {
			fmt.Fprintf(&b, "* *in the bundle*: %s\n", code(it.Into, len(it.Into)))
		}
		fmt.Fprintf(&b, "* *privilege*: %s\n* *side effects*: %s\n", cell(it.Needs), cell(it.Effects))
		if quickLeavesOut[c.Name] != "" {
			fmt.Fprintf(&b, "* *left out by --quick*: %s\n", quickLeavesOut[c.Name])
		}
	}
	return b.String()
}

// placeOf is where a collector runs, without a host.
func placeOf(c *Collector) string {
	place := "host"
	switch {
	case c.Daemon:
		place = "daemon"
	case c.InNetns != nil && c.HostOnly:
		place = "the host's namespace"
	case c.InNetns != nil:
		place = "namespaces"
	}
	if c.Volatile {
		place += ", twice"
	}
	return place
}

// code sets the first names of a list, and says how many more there are.
func code(names []string, most int) string {
	if len(names) == 0 {
		return ""
	}
	shown := names[:min(most, len(names))]
	text := "`" + strings.Join(shown, "`, `") + "`"
	if n := len(names) - len(shown); n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return strings.ReplaceAll(text, "|", "\\|")
}

// sentence is a text with a capital at its beginning and a full stop at its end.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// cell escapes what ends a cell of a Markdown table or starts markup.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", ">", "&gt;", "*", "\\*", "_", "\\_").Replace(s)
}
