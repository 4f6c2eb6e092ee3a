package show

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// nftText is the ruleset of a namespace as nft list ruleset prints it. Tables without chain and set are not in the
// bundle, nor are flowtables, objects and timeouts of elements.
func nftText(s *scope, rows map[string][]row) string {
	chains := decodeRows[schema.NftChain](s, rows, "nft_chain")
	rules := decodeRows[schema.NftRule](s, rows, "nft_rule")
	sets := decodeRows[schema.NftSet](s, rows, "nft_set")
	elements := decodeRows[schema.NftElement](s, rows, "nft_element")
	type table struct{ family, name string }
	var order []table
	note := func(family, name string) {
		if t := (table{family, name}); !slices.Contains(order, t) {
			order = append(order, t)
		}
	}
	for _, c := range chains {
		note(c.Family, c.Tbl)
	}
	for _, x := range sets {
		note(x.Family, x.Tbl)
	}
	for _, r := range rules { // of a chain that came in between
		note(r.Family, r.Tbl)
	}
	type place struct{ family, table, name string }
	inSet, inChain := map[place][]*schema.NftElement{}, map[place][]*schema.NftRule{}
	for _, e := range elements {
		k := place{e.Family, e.Tbl, e.Set}
		inSet[k] = append(inSet[k], e)
	}
	for _, r := range rules {
		k := place{r.Family, r.Tbl, r.Chain}
		inChain[k] = append(inChain[k], r)
	}
	var b strings.Builder
	for _, t := range order {
		var blocks []string
		inline := map[string]string{}
		for _, maps := range []bool{false, true} {
			for _, x := range sets {
				if x.Family != t.family || x.Tbl != t.name || has(x.Flags, "map") != maps {
					continue
				}
				own := inSet[place{x.Family, x.Tbl, x.Name}]
				if has(x.Flags, "anonymous") { // it stands in its rule
					inline[x.Name] = "{ " + strings.Join(elementTexts(x, own), ", ") + " }"
				} else {
					blocks = append(blocks, setText(x, own))
				}
			}
		}
		for _, c := range chains {
			if c.Family == t.family && c.Tbl == t.name {
				k := place{c.Family, c.Tbl, c.Chain}
				blocks = append(blocks, nftChain(s, c, inChain[k], inline))
				delete(inChain, k)
			}
		}
		for _, r := range rules { // of a chain that came in between
			if k := (place{r.Family, r.Tbl, r.Chain}); r.Family == t.family && r.Tbl == t.name && inChain[k] != nil {
				blocks = append(blocks, nftChain(s, &schema.NftChain{Chain: r.Chain}, inChain[k], inline))
				delete(inChain, k)
			}
		}
		fmt.Fprintf(&b, "table %s %s {\n%s}\n", t.family, oneLine(t.name), strings.Join(blocks, "\n"))
	}
	return b.String()
}

// nftChain is one chain with its rules.
func nftChain(s *scope, c *schema.NftChain, rules []*schema.NftRule, inline map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\tchain %s {\n", oneLine(c.Chain))
	if head := baseChain(c); head != "" {
		fmt.Fprintf(&b, "\t\t%s\n", head)
	}
	for _, r := range rules {
		b.WriteString("\t\t" + nftRuleText(s, r, inline) + "\n")
	}
	b.WriteString("\t}\n")
	return b.String()
}

// baseChain is where a base chain stands: type filter hook input priority filter; policy drop;
func baseChain(c *schema.NftChain) string {
	if c.Hook == "" {
		return ""
	}
	text := fmt.Sprintf("type %s hook %s", c.Type, c.Hook)
	if c.Dev != "" {
		text += fmt.Sprintf(" device %q", c.Dev)
	}
	if c.Priority != nil {
		text += " priority " + priorityName(c.Family, c.Hook, *c.Priority)
	}
	text += ";"
	if c.Policy != "" {
		text += fmt.Sprintf(" policy %s;", c.Policy)
	}
	return text
}

// priorities are the names of nft(8), "Standard priority names", for all families but bridge.
var priorities = []struct {
	name  string
	value int64
	hook  string // only there; empty for any
}{
	{"raw", -300, ""}, {"mangle", -150, ""}, {"dstnat", -100, "prerouting"}, {"filter", 0, ""}, {"security", 50, ""}, {"srcnat", 100, "postrouting"},
}

// bridgePriorities are those of the family bridge.
var bridgePriorities = []struct {
	name  string
	value int64
	hook  string
}{{"dstnat", -300, "prerouting"}, {"filter", -200, ""}, {"out", 100, "output"}, {"srcnat", 300, "postrouting"}}

// priorityName is the priority as nft prints it: by name, also up to ten beside one.
func priorityName(family, hook string, n int64) string {
	known := priorities
	switch family {
	case "bridge":
		known = bridgePriorities
	case "arp", "netdev":
		known = priorities[3:4] // filter
	}
	for _, p := range known {
		off := n - p.value
		switch {
		case p.hook != "" && p.hook != hook:
		case off == 0:
			return p.name
		case off > 0 && off <= 10:
			return fmt.Sprintf("%s + %d", p.name, off)
		case off < 0 && off >= -10:
			return fmt.Sprintf("%s - %d", p.name, -off)
		}
	}
	return number(n)
}

// nftRuleText is a rule with its counter, its anonymous sets and its comment in their places.
func nftRuleText(s *scope, r *schema.NftRule, inline map[string]string) string {
	text := r.Text
	if text == "" {
		text = "# expressions " + r.Expr
	}
	if r.Packets != nil && r.Bytes != nil {
		words := strings.Split(text, " ")
		if i := slices.Index(words, "counter"); i >= 0 {
			words[i] = fmt.Sprintf("counter packets %d bytes %d", latest(*r.Packets, r.PacketsLast), latest(*r.Bytes, r.BytesLast))
		}
		text = strings.Join(words, " ")
	}
	words := strings.Split(text, " ")
	for i, w := range words {
		if set, ok := inline[strings.TrimPrefix(w, "@")]; ok && strings.HasPrefix(w, "@") {
			words[i] = set
		}
	}
	var p phrase
	p.add(words...)
	if r.Userdata != "" {
		p.add(fmt.Sprintf("comment %q", r.Userdata))
	}
	p.add(s.seen(r.Seen))
	return p.String()
}

// nftRow is a rule by itself.
func nftRow(s *scope, r *schema.NftRule) string {
	return fmt.Sprintf("%s %s %s handle %d: %s\n", r.Family, r.Tbl, r.Chain, r.Handle, nftRuleText(s, r, nil))
}
