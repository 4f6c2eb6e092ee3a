package nftables

import (
	"strings"

	"github.com/netmortem/netmortem/capture/xtables"
)

// A base chain of iptables: at which hook and with which priority iptables-nft makes it.
type base struct {
	hook     int
	priority int64
}

// layouts are the tables that iptables-nft makes, with their base chains.
var layouts = map[string]map[string]base{
	"filter":   {"INPUT": {1, 0}, "FORWARD": {2, 0}, "OUTPUT": {3, 0}},
	"security": {"INPUT": {1, 150}, "FORWARD": {2, 150}, "OUTPUT": {3, 150}}, // not the kernel's NF_IP_PRI_SECURITY, 50
	"raw":      {"PREROUTING": {0, -300}, "OUTPUT": {3, -300}},
	"mangle": {
		"PREROUTING": {0, -150}, "INPUT": {1, -150}, "FORWARD": {2, -150}, "OUTPUT": {3, -150}, "POSTROUTING": {4, -150},
	},
	"nat": {"PREROUTING": {0, -100}, "INPUT": {1, 100}, "OUTPUT": {3, -100}, "POSTROUTING": {4, 100}},
}

// A Ruleset is what the dumps of one namespace answered, in their order.
type Ruleset struct {
	Chains []Chain
	Rules  []Rule
}

// IPTables are the tables that iptables-nft keeps, or could keep: families ip and ip6, the names of its tables, and
// of base chains none but those that it makes, at their hooks. A table of that name with other chains belongs to
// somebody else, and iptables-nft-save refuses it, too.
func (rs *Ruleset) IPTables() []xtables.Table {
	type key struct {
		family uint8
		table  string
	}
	type place struct {
		key
		chain string
	}
	var order []key
	index := map[place]int{} // of a chain in its table
	tables := map[key]*xtables.Table{}
	foreign := map[key]bool{}
	for i := range rs.Chains {
		c := &rs.Chains[i]
		k := key{c.Family, c.Row.Tbl}
		layout, ok := layouts[c.Row.Tbl]
		if !ok || c.Family != IP && c.Family != IP6 {
			continue
		}
		if c.Hook >= 0 {
			if b, ok := layout[c.Row.Chain]; !ok || b.hook != c.Hook || b.priority != *c.Row.Priority {
				foreign[k] = true
			}
		}
		t := tables[k]
		if t == nil {
			t = &xtables.Table{V6: c.Family == IP6, Name: c.Row.Tbl}
			tables[k], order = t, append(order, k)
		}
		index[place{k, c.Row.Chain}] = len(t.Chains)
		t.Chains = append(t.Chains, xtables.Chain{
			Name: c.Row.Chain, Policy: strings.ToUpper(c.Row.Policy), Packets: c.Packets, Bytes: c.Bytes,
		})
	}
	for i := range rs.Rules {
		r := &rs.Rules[i]
		k := key{r.Family, r.Table}
		if n, ok := index[place{k, r.Chain}]; ok && !foreign[k] {
			t := tables[k]
			t.Chains[n].Rules = append(t.Chains[n].Rules, r.IPTables())
		}
	}
	var out []xtables.Table
	for _, k := range order {
		if !foreign[k] {
			out = append(out, *tables[k])
		}
	}
	return out
}
