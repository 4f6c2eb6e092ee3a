package show

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// iptablesText is the tables of a namespace and family, as iptables-save -c prints them; of both flavours if both are
// in use, each under its command's name.
func iptablesText(s *scope, rows map[string][]row) string {
	chains := decodeRows[schema.IPTablesChain](s, rows, "iptables_chain")
	rules := decodeRows[schema.IPTablesRule](s, rows, "iptables_rule")
	type table struct{ flavour, family, name string }
	var order []table
	note := func(t table) {
		if !slices.Contains(order, t) {
			order = append(order, t)
		}
	}
	for _, c := range chains {
		note(table{c.Flavour, c.Family, c.Tbl})
	}
	for _, r := range rules {
		note(table{r.Flavour, r.Family, r.Tbl})
	}
	slices.SortStableFunc(order, func(a, b table) int { return strings.Compare(a.flavour, b.flavour) })
	var b strings.Builder
	last := ""
	for _, t := range order {
		if t.flavour != last {
			fmt.Fprintf(&b, "# %s-%s-save -c\n", map[string]string{"ipv4": "iptables", "ipv6": "ip6tables"}[t.family], t.flavour)
			last = t.flavour
		}
		b.WriteString("*" + oneLine(t.name) + "\n")
		for _, c := range chains {
			if (table{c.Flavour, c.Family, c.Tbl}) == t {
				b.WriteString(chainText(s, c))
			}
		}
		for _, r := range rules {
			if (table{r.Flavour, r.Family, r.Tbl}) == t {
				b.WriteString(iptablesRule(s, r))
			}
		}
		b.WriteString("COMMIT\n")
	}
	return b.String()
}

// chainText is :FORWARD DROP [12:3456].
func chainText(s *scope, c *schema.IPTablesChain) string {
	policy := c.Policy
	if policy == "" {
		policy = "-"
	}
	var p phrase
	p.add(fmt.Sprintf(":%s %s [%d:%d]", c.Chain, policy, latest(c.Packets, c.PacketsLast), latest(c.Bytes, c.BytesLast)), s.seen(c.Seen))
	return p.String() + "\n"
}

// iptablesRule is [12:3456] -A FORWARD …; the bundle has the words of the rule.
func iptablesRule(s *scope, r *schema.IPTablesRule) string {
	var p phrase
	p.add(fmt.Sprintf("[%d:%d] %s", latest(r.Packets, r.PacketsLast), latest(r.Bytes, r.BytesLast), r.Spec), s.seen(r.Seen))
	return p.String() + "\n"
}
