package show

import (
	"cmp"
	"fmt"

	"github.com/netmortem/netmortem/schema"
)

// A known is what coverage says of some tables in one namespace, or of the whole host.
type known struct {
	gap    string // why something is missing; empty when all is known
	absent string // why there is nothing, where there can be nothing
}

// judge says what is known of tables in a namespace; netns is empty for those of the whole host. Of several items for
// one table, as both flavours of iptables have them, one that is not whole leaves a gap.
func (x *index) judge(tables []string, netns string) known {
	var k known
	for _, t := range tables {
		found := false
		whole := false
		for _, c := range x.ofTable[t] {
			if c.Netns != "" && netns != "" && c.Netns != netns {
				continue
			}
			found = true
			switch {
			case c.Outcome.Gap():
				k.gap = cmp.Or(k.gap, describe(c))
			case c.Outcome == schema.OK:
				whole = true
			case c.Outcome == schema.Absent:
				k.absent = cmp.Or(k.absent, c.Reason, "there is none")
			}
		}
		if whole {
			k.absent = ""
		}
		if !found && k.gap == "" {
			k.gap = x.silent(t)
		}
	}
	return k
}

// describe words the outcome of an item.
func describe(c *coverageRow) string {
	text := string(c.Outcome)
	if c.Reason != "" {
		text += ": " + c.Reason
	}
	return text
}

// silent says why coverage may have no word of a table.
func (x *index) silent(table string) string {
	switch {
	case x.cut != "":
		return x.cut
	case x.source.meta.Interrupted != "":
		return "the capture ended early: " + x.source.meta.Interrupted
	}
	return fmt.Sprintf("netmortem %s did not plan to read %s here", cmp.Or(x.source.meta.Tool, "of an unknown version"), table)
}
