package ruleset

import (
	"cmp"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// An xtBase is where the kernel calls a chain of iptables.
type xtBase struct {
	hook     Hook
	priority int64
}

// xtBases are the base chains of iptables' tables: the priorities of net/ipv4/netfilter/iptable_*.c, and with them
// those that iptables-nft gives its chains, but for security (see xtSecurityNft).
var xtBases = map[string]map[string]xtBase{
	"raw": {"PREROUTING": {Prerouting, priRaw}, "OUTPUT": {Output, priRaw}},
	"mangle": {
		"PREROUTING": {Prerouting, priMangle}, "INPUT": {Input, priMangle}, "FORWARD": {Forward, priMangle},
		"OUTPUT": {Output, priMangle}, "POSTROUTING": {Postrouting, priMangle},
	},
	"nat": {
		"PREROUTING": {Prerouting, priNatDst}, "INPUT": {Input, priNatSrc}, "OUTPUT": {Output, priNatDst}, "POSTROUTING": {Postrouting, priNatSrc},
	},
	"filter":   {"INPUT": {Input, priFilter}, "FORWARD": {Forward, priFilter}, "OUTPUT": {Output, priFilter}},
	"security": {"INPUT": {Input, priSecurity}, "FORWARD": {Forward, priSecurity}, "OUTPUT": {Output, priSecurity}},
}

// xtSecurityNft is the priority of iptables-nft's table security.
const xtSecurityNft = 150

// An xtTable names one table of iptables.
type xtTable struct{ flavour, family, tbl string }

// An xtChain is a chain of iptables with its rows.
type xtChain struct {
	*chain
	xtTable
	name   string
	policy string            // empty for none
	others map[string]*chain // the chains of its table, by name
	rows   []*Row[schema.IPTablesRule]
}

// iptables compiles the tables of both flavours from what iptables-save prints of them. Those of iptables-nft are in
// the rows of nftables, too. They are evaluated from here: package capture turns their expressions back into the
// matches that iptables-nft made them from, which is tested against the tool's own output, and so one reader serves both
// flavours. Rules with an expression that iptables has no match for are compiled from their bytecode.
func (c *compiler) iptables() {
	for _, x := range c.xtChains() {
		v6 := x.family == "ipv6"
		slices.SortStableFunc(x.rows, func(a, b *Row[schema.IPTablesRule]) int { return cmp.Compare(a.Row.Num, b.Row.Num) })
		x.rules = make([]rule, len(x.rows))
		for i, row := range x.rows {
			ops, idle := readSpec(row.Row.Spec, v6, x.others)
			if x.flavour == "nft" && strings.Contains(row.Row.Unmodelled, ".nft=") {
				if o, i, ok := c.bytecode(x.xtTable, x.name, row.Row.Num, x.others); ok {
					ops, idle = o, i
				}
			}
			x.rules[i] = rule{hit: Hit{row.Ref, row.Row.Spec}, ops: ops, idle: idle}
		}
		at, ok := xtBases[x.tbl][x.name]
		if !ok {
			continue
		}
		b := &base{chain: x.chain, priority: at.priority, policy: stuck, nat: x.tbl == "nat", reroute: x.tbl == "mangle" && at.hook == Output}
		if x.flavour == "nft" {
			b.nft = 1
			if x.tbl == "security" {
				b.priority = xtSecurityNft
			}
		}
		switch x.policy {
		case "ACCEPT":
			b.policy = accept
		case "DROP":
			b.policy = drop
		}
		family := 0
		if v6 {
			family = 1
		}
		c.bases[family][at.hook] = append(c.bases[family][at.hook], b)
	}
}

// xtChains puts the rows of iptables under their chains, in the order in which these are first named. The rows of a chain mostly come one
// after the other, and the chains of a table.
func (c *compiler) xtChains() []*xtChain {
	n := len(c.rows.IPTablesChains) // the chains, but those that only rules name
	list, entered, chains := make([]*xtChain, 0, n), make([]xtChain, n), make([]chain, n)
	tables := map[xtTable]map[string]*chain{}
	var last *xtChain
	enter := func(t xtTable, name string) *xtChain {
		same := last != nil && last.xtTable == t
		if same && last.name == name {
			return last
		}
		var others map[string]*chain
		if same {
			others = last.others
		} else if others = tables[t]; others == nil {
			others = map[string]*chain{}
			tables[t] = others
		}
		if ch := others[name]; ch != nil {
			last = list[ch.n]
			return last
		}
		if len(entered) == 0 {
			entered, chains = make([]xtChain, 1), make([]chain, 1)
		}
		last, entered = &entered[0], entered[1:]
		*last = xtChain{chain: &chains[0], xtTable: t, name: name, others: others}
		last.n, chains = len(list), chains[1:]
		others[name] = last.chain
		list = append(list, last)
		return last
	}
	for i := range c.rows.IPTablesChains {
		row := &c.rows.IPTablesChains[i]
		if r := &row.Row; held(r.Seen, c.which) {
			x := enter(xtTable{r.Flavour, r.Family, r.Tbl}, r.Chain)
			x.hit, x.policy = Hit{row.Ref, r.Tbl + " " + r.Chain + " policy " + r.Policy}, r.Policy
		}
	}
	for i := range c.rows.IPTablesRules {
		row := &c.rows.IPTablesRules[i]
		if r := &row.Row; held(r.Seen, c.which) {
			x := enter(xtTable{r.Flavour, r.Family, r.Tbl}, r.Chain)
			x.rows = append(x.rows, row)
		}
	}
	return list
}
