package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// headline is who does not reach whom, as the verdict begins; empty when no pair of services is known to be broken.
func (c *Cause) headline() string {
	b := c.Breaks
	if b.Pairs+b.Partly == 0 {
		return ""
	}
	clients := map[string]bool{}
	for _, p := range c.pairs {
		clients[cmp.Or(p.clientService, p.client, p.clientKind)] = true
	}
	var from []string
	for name := range clients {
		from = append(from, name)
	}
	slices.Sort(from)
	verb := "cannot reach"
	if b.Pairs == 0 {
		verb = "cannot always reach"
	}
	return fmt.Sprintf("%s %s %s from %s (%s)", shortList(from), verb, shortList(b.Services), shortList(b.Hosts), b.Line())
}

// Line is what is broken, counted: never without what it is a part of, and what could not be judged.
func (b Breaks) Line() string {
	if !b.Walked {
		return ""
	}
	if b.Pairs+b.Partly == 0 {
		switch b.Segments {
		case 0:
			return "no path is known to break"
		default:
			return plural(b.Segments, "step") + " of paths"
		}
	}
	var parts []string
	if b.Pairs > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s", b.Pairs, plural(b.Of, "pair")))
	}
	if b.Partly > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s in part", b.Partly, plural(b.Of, "pair")))
	}
	if b.Unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d could not be judged", b.Unknown))
	}
	return strings.Join(parts, ", ")
}

// sentence is the verdict that a cause makes: who does not reach whom, because of what, seen where, with what follows, since when.
func (c *Cause) sentence() string {
	s := c.Summary
	if h := c.headline(); h != "" {
		s = h + ": " + s
	}
	if c.Rule != "" {
		s += fmt.Sprintf(" (%s on %s, evidence %s)", c.Rule, c.Host, c.Ref)
	} else if c.Ref != "" {
		s += fmt.Sprintf(" (no rule names the cause; evidence %s)", c.Ref)
	}
	if c.Kind == CauseSymptom {
		s += ", an effect that no finding explains"
	}
	if len(c.Symptoms) > 0 {
		x := c.Symptoms[0]
		s += fmt.Sprintf("; from it follows: %s (%s on %s)", x.Summary, x.Rule, x.Host)
		if n := len(c.Symptoms) - 1; n > 0 {
			s += fmt.Sprintf(" and %d more", n)
		}
	}
	if c.Since != nil && c.Since.Words != "" {
		s += "; " + c.Since.Words
	}
	return s
}

// rankedBy says what the ranking rests on.
func rankedBy(p *Paths) string {
	if p == nil {
		return "findings alone: no path was walked"
	}
	return fmt.Sprintf("what they break of %s: %d broken, %d in part, %d could not be judged", plural(p.Pairs, "client–service pair"), p.Broken, p.Partly, p.Unjudged)
}
