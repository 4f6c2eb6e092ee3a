package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// headline is who does not reach whom, as the verdict begins; empty when no pair of services is known to be broken.
func (c *Cause) headline() string {
	b := c.Breaks
	if b.Pairs+b.Partly == 0 {
		return ""
	}
	clients, servers := map[string]int{}, map[string]int{}
	for _, p := range c.pairs {
		switch {
		case p.clientKind == "outside":
			clients["the outside"]++
		default:
			clients[cmp.Or(p.clientService, p.client, p.clientKind)]++
		}
		servers[cmp.Or(p.serverService, "the outside")]++
	}
	how := "cannot reach"
	switch {
	case b.Pairs == 0:
		how = "cannot always reach"
	case b.Partly > 0:
		how = "cannot, or not always, reach"
	}
	where := ""
	if len(b.Hosts) > 0 {
		where = " from " + shortList(b.Hosts)
	}
	from, to := byCount(clients), byCount(servers)
	switch {
	case len(to) == 1:
		return fmt.Sprintf("%s %s %s%s (%s)", shortList(from), how, to[0], where, b.Line())
	case len(from) == 1:
		return fmt.Sprintf("%s %s %s%s (%s)", from[0], how, shortList(to), where, b.Line())
	}
	most := ""
	if 2*servers[to[0]] >= b.Pairs+b.Partly {
		most = ", most of them to " + to[0]
	} else if 2*clients[from[0]] >= b.Pairs+b.Partly {
		most = ", most of them from " + from[0]
	}
	return fmt.Sprintf("%s %s %s%s (%s%s)", shortList(from), how, shortList(to), where, b.Line(), most)
}

// byCount are the names, the most frequent first.
func byCount(n map[string]int) []string {
	return slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b)) })
}

// Line is what is broken, counted: never without what it is a part of, and what could not be judged.
func (b Breaks) Line() string {
	if !b.Walked {
		return ""
	}
	if b.Pairs+b.Partly == 0 {
		switch {
		case b.Segments > 0:
			return plural(b.Segments, "segment") + " of paths"
		case b.Open > 0:
			return fmt.Sprintf("no path is known to break; %s could not be judged", plural(b.Open, "segment"))
		}
		return "no path is known to break"
	}
	var parts []string
	if b.Pairs > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s", b.Pairs, plural(b.Of, "pair")))
	}
	switch {
	case b.Partly > 0 && b.Pairs > 0:
		parts = append(parts, fmt.Sprintf("%d more in part", b.Partly))
	case b.Partly > 0:
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
