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

// iptables compiles the tables of both flavours from what iptables-save prints of them. Those of iptables-nft are in
// the rows of nftables, too. They are evaluated from here: package capture turns their expressions back into the
// matches that iptables-nft made them from, which is tested against the tool's own output, and so one reader serves both
// flavours. Rules with an expression that iptables has no match for are compiled from their bytecode.
func (c *compiler) iptables() {
	type place struct {
		xtTable
		chain string
	}
	chains := map[xtTable]map[string]*chain{}
	rules := map[place][]*Row[schema.IPTablesRule]{}
	policies := map[place]*Row[schema.IPTablesChain]{}
	var order []place
	enter := func(p place) *chain {
		t := chains[p.xtTable]
		if t == nil {
			t = map[string]*chain{}
			chains[p.xtTable] = t
		}
		if t[p.chain] == nil {
			t[p.chain] = &chain{}
			order = append(order, p)
		}
		return t[p.chain]
	}
	for i := range c.rows.IPTablesChains {
		row := &c.rows.IPTablesChains[i]
		if held(row.Row.Seen, c.which) {
			p := place{xtTable{row.Row.Flavour, row.Row.Family, row.Row.Tbl}, row.Row.Chain}
			enter(p).hit = Hit{row.Ref, row.Row.Tbl + " " + row.Row.Chain + " policy " + row.Row.Policy}
			policies[p] = row
		}
	}
	for i := range c.rows.IPTablesRules {
		row := &c.rows.IPTablesRules[i]
		if held(row.Row.Seen, c.which) {
			p := place{xtTable{row.Row.Flavour, row.Row.Family, row.Row.Tbl}, row.Row.Chain}
			enter(p)
			rules[p] = append(rules[p], row)
		}
	}
	for _, p := range order {
		v6 := p.family == "ipv6"
		ch := chains[p.xtTable][p.chain]
		list := rules[p]
		slices.SortStableFunc(list, func(a, b *Row[schema.IPTablesRule]) int { return cmp.Compare(a.Row.Num, b.Row.Num) })
		ch.rules = make([]rule, len(list))
		for i, row := range list {
			ops, idle := readSpec(row.Row.Spec, v6, chains[p.xtTable])
			if p.flavour == "nft" && strings.Contains(row.Row.Unmodelled, ".nft=") {
				if o, i, ok := c.bytecode(p.xtTable, p.chain, row.Row.Num, chains[p.xtTable]); ok {
					ops, idle = o, i
				}
			}
			ch.rules[i] = rule{hit: Hit{row.Ref, row.Row.Spec}, ops: ops, idle: idle}
		}
		at, ok := xtBases[p.tbl][p.chain]
		if !ok {
			continue
		}
		b := &base{chain: ch, priority: at.priority, policy: stuck, nat: p.tbl == "nat", reroute: p.tbl == "mangle" && at.hook == Output}
		if p.flavour == "nft" {
			b.nft = 1
			if p.tbl == "security" {
				b.priority = xtSecurityNft
			}
		}
		if row := policies[p]; row != nil {
			b.policy = map[string]step{"ACCEPT": accept, "DROP": drop}[row.Row.Policy]
		}
		if b.policy != accept && b.policy != drop {
			b.policy = stuck
		}
		family := 0
		if v6 {
			family = 1
		}
		c.bases[family][at.hook] = append(c.bases[family][at.hook], b)
	}
}
