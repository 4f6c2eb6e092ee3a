package ruleset

import (
	"cmp"
	"encoding/hex"
	"math"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// An nftTable names one table of nftables.
type nftTable struct{ family, tbl string }

// An nftPlace names a chain.
type nftPlace struct {
	nftTable
	chain string
}

// nftables compiles the tables of nftables but those that iptables-nft keeps, which iptables compiles.
func (c *compiler) nftables() {
	xt := map[nftTable]bool{}
	for i := range c.rows.IPTablesChains {
		if row := &c.rows.IPTablesChains[i].Row; row.Flavour == "nft" {
			xt[nftTable{map[string]string{"ipv4": "ip", "ipv6": "ip6"}[row.Family], row.Tbl}] = true
		}
	}
	var order []nftPlace
	chains := map[nftTable]map[string]*chain{}
	bases := map[nftPlace]*Row[schema.NftChain]{}
	for i := range c.rows.NftChains {
		row := &c.rows.NftChains[i]
		t := nftTable{row.Row.Family, row.Row.Tbl}
		if xt[t] {
			continue
		}
		if chains[t] == nil {
			chains[t] = map[string]*chain{}
		}
		chains[t][row.Row.Chain] = &chain{hit: Hit{row.Ref, t.family + " " + t.tbl + " " + row.Row.Chain + " policy " + row.Row.Policy}}
		p := nftPlace{t, row.Row.Chain}
		order = append(order, p)
		if row.Row.Hook != "" {
			bases[p] = row
		}
	}
	sets := c.sets(chains)
	rules := map[nftPlace][]*Row[schema.NftRule]{}
	for i := range c.rows.NftRules {
		row := &c.rows.NftRules[i]
		if !held(row.Row.Seen, c.which) {
			continue
		}
		p := nftPlace{nftTable{row.Row.Family, row.Row.Tbl}, row.Row.Chain}
		rules[p] = append(rules[p], row)
		if !xt[p.nftTable] && chains[p.nftTable][p.chain] == nil {
			c.chainless(row)
		}
	}
	for n, p := range order {
		ch := chains[p.nftTable][p.chain]
		list := rules[p]
		slices.SortStableFunc(list, func(a, b *Row[schema.NftRule]) int { return cmp.Compare(a.Row.Num, b.Row.Num) })
		ch.rules = make([]rule, len(list))
		for i, row := range list {
			r := exprReader{family: p.family, chains: chains[p.nftTable], sets: sets[p.nftTable], text: row.Row.Text, late: row.Row.Seen == schema.SeenLast}
			ops, idle := r.read(row.Row.Expr)
			ch.rules[i] = rule{hit: Hit{row.Ref, row.Row.Text}, ops: ops, idle: idle}
		}
		if row := bases[p]; row != nil {
			c.nftBase(ch, row, n+1)
		}
	}
}

// chainless is for a rule whose chain has no row: chains are read once, before the rules of the last read. It may be a base
// chain, at any hook.
func (c *compiler) chainless(row *Row[schema.NftRule]) {
	b := &base{chain: &chain{
		hit:   Hit{row.Ref, row.Row.Family + " " + row.Row.Tbl + " " + row.Row.Chain},
		rules: []rule{{hit: Hit{row.Ref, row.Row.Text}, ops: []op{give{stuck, "the chain " + row.Row.Chain + " was not captured, only its rules"}}}},
	}, priority: math.MaxInt32, policy: stuck}
	for family := range c.bases {
		if row.Row.Family == "inet" || row.Row.Family == [2]string{"ip", "ip6"}[family] {
			for hook := range c.bases[family] {
				c.bases[family][hook] = append(c.bases[family][hook], b)
			}
		}
	}
}

// nftBase enters a base chain at its hook, for the families that it sees.
func (c *compiler) nftBase(ch *chain, row *Row[schema.NftChain], order int) {
	r := &row.Row
	hook := slices.Index(hookNames[:], r.Hook)
	if hook < 0 || r.Priority == nil {
		return
	}
	b := &base{chain: ch, priority: *r.Priority, nat: r.Type == "nat", reroute: r.Type == "route", nft: order, table: r.Family + " " + r.Tbl, policy: stuck}
	switch r.Policy {
	case "accept":
		b.policy = accept
	case "drop":
		b.policy = drop
	}
	if r.Family == "ip" || r.Family == "inet" {
		c.bases[0][hook] = append(c.bases[0][hook], b)
	}
	if r.Family == "ip6" || r.Family == "inet" {
		c.bases[1][hook] = append(c.bases[1][hook], b)
	}
}

// elsewhere finds the base chains that are not called at one of the five hooks of IP.
func elsewhere(rows *Rows) (list []Elsewhere) {
	for i := range rows.NftChains {
		row := &rows.NftChains[i]
		c := &row.Row
		ip := c.Family == "ip" || c.Family == "ip6" || c.Family == "inet"
		if c.Hook == "" || ip && slices.Contains(hookNames[:], c.Hook) {
			continue
		}
		idle := c.Policy != "drop" && !slices.ContainsFunc(rows.NftRules, func(r Row[schema.NftRule]) bool {
			return r.Row.Family == c.Family && r.Row.Tbl == c.Tbl && r.Row.Chain == c.Chain
		})
		list = append(list, Elsewhere{Hit{row.Ref, c.Family + " " + c.Tbl + " " + c.Chain}, c.Family, c.Hook, c.Dev, idle})
	}
	return list
}

// bytecode compiles the rules of iptables-nft that have an expression for which iptables has no match, by their
// place and number.
func (c *compiler) bytecode(p xtTable, chainName string, num int64, chains map[string]*chain) (ops []op, idle, ok bool) {
	family := "ip"
	if p.family == "ipv6" {
		family = "ip6"
	}
	t := nftTable{family, p.tbl}
	for i := range c.rows.NftRules {
		row := &c.rows.NftRules[i].Row
		if row.Num != num || row.Chain != chainName || row.Tbl != t.tbl || row.Family != t.family || !held(row.Seen, c.which) {
			continue
		}
		if c.xtSets == nil {
			c.xtSets = map[nftTable]map[string]*set{}
		}
		if c.xtSets[t] == nil {
			c.xtSets[t] = c.sets(map[nftTable]map[string]*chain{t: chains})[t]
		}
		r := exprReader{family: family, chains: chains, sets: c.xtSets[t], text: row.Text}
		ops, idle = r.read(row.Expr)
		return ops, idle, true
	}
	return nil, false, false
}

// sets compiles the sets of all tables.
func (c *compiler) sets(chains map[nftTable]map[string]*chain) map[nftTable]map[string]*set {
	type key struct {
		nftTable
		name string
	}
	elements := map[key][]Row[schema.NftElement]{}
	for i := range c.rows.NftElements {
		row := &c.rows.NftElements[i]
		k := key{nftTable{row.Row.Family, row.Row.Tbl}, row.Row.Set}
		elements[k] = append(elements[k], *row)
	}
	out := map[nftTable]map[string]*set{}
	for i := range c.rows.NftSets {
		row := &c.rows.NftSets[i].Row
		t := nftTable{row.Family, row.Tbl}
		if out[t] == nil {
			out[t] = map[string]*set{}
		}
		out[t][row.Name] = newSet(row, elements[key{t, row.Name}], chains[t])
	}
	return out
}

// An exprReader makes the ops of one rule out of its expressions.
type exprReader struct {
	family string
	chains map[string]*chain
	sets   map[string]*set
	text   string // in nft's words; extensions of iptables stand there in those of iptables
	xt     int    // extensions that were read
	late   bool   // the rule was seen at the last read only, when sets were not read again
	ops    []op
	acts   bool
}

// read compiles NFTA_RULE_EXPRESSIONS, hex. What it does not understand becomes an op that cannot be judged.
func (r *exprReader) read(expr string) (ops []op, idle bool) {
	b, err := hex.DecodeString(expr)
	if err != nil {
		return []op{give{stuck, "the rule's expressions are no hex"}}, false
	}
	list, whole := exprsOf(b)
	for i := range list {
		r.expr(&list[i])
	}
	if !whole {
		r.does(give{stuck, "the rule's expressions are cut"})
	}
	return r.ops, !r.acts
}

func (r *exprReader) does(o op) {
	r.acts = true
	r.ops = append(r.ops, o)
}

// asks adds an op that only loads or compares.
func (r *exprReader) asks(o op) { r.ops = append(r.ops, o) }

// strange adds an expression that is not understood. One that only asks may be true or not; another may do anything.
func (r *exprReader) strange(x *expr, asks bool) {
	why := "expression not modelled: " + x.name
	if asks {
		r.asks(&cond{test: func(*state) Tri { return Unknown }, why: why})
		return
	}
	r.does(give{stuck, why})
}

// expr compiles one expression.
func (r *exprReader) expr(x *expr) {
	if read := exprs[x.name]; read != nil {
		if !read(r, x) {
			r.strange(x, false)
		}
		return
	}
	r.strange(x, false)
}

// exprs are the expressions that are understood. What each does is in the kernel's net/netfilter/nft_*.c, its
// attributes in nf_tables.h. A reader returns false for what it does not know.
var exprs = map[string]func(*exprReader, *expr) bool{
	"immediate": immediateExpr, "cmp": cmpExpr, "bitwise": bitwiseExpr, "byteorder": byteorderExpr, "range": rangeExpr, "lookup": lookupExpr,
	"payload": payloadExpr, "meta": metaExpr, "ct": ctExpr, "fib": fibExpr, "exthdr": exthdrExpr, "rt": loadsUnknown(1, 16), "socket": loadsUnknown(2, 8),
	"osf": loadsUnknown(1, 16), "xfrm": loadsUnknown(1, 16), "hash": loadsUnknown(2, 4), "numgen": numgenExpr,
	"counter": nothing, "last": nothing, "log": nothing, "dup": nothing, "flow_offload": nothing,
	"limit": perhaps("whether the limit is reached is not known"), "quota": perhaps("whether the quota is used up is not known"),
	"connlimit": perhaps("how many connections there are is not known"), "dynset": dynsetExpr, "objref": objrefExpr,
	"nat": natExpr, "masq": masqExpr, "redir": redirExpr, "reject": rejectExpr, "notrack": notrackExpr, "match": xtExpr(false), "target": xtExpr(true),
}

func nothing(*exprReader, *expr) bool { return true }

// perhaps is an expression that lets some packets pass and others not.
func perhaps(why string) func(*exprReader, *expr) bool {
	return func(r *exprReader, _ *expr) bool {
		r.asks(&cond{test: func(*state) Tri { return Unknown }, why: why})
		return true
	}
}

// loadsUnknown is an expression that loads what is not known here, up to n bytes, or ends the rule.
func loadsUnknown(attr int, n uint32) func(*exprReader, *expr) bool {
	return func(r *exprReader, x *expr) bool {
		at, ok := x.reg(attr, 4)
		if !ok {
			return false
		}
		name := x.name
		r.asks(&cond{why: "what " + name + " gives is not known", test: func(s *state) Tri {
			s.forget(at, n)
			return Unknown
		}})
		return true
	}
}

func immediateExpr(r *exprReader, x *expr) bool {
	data := indexed(x.a[2])
	if data[2] == nil {
		at, ok := x.reg(1, uint32(len(data[1])))
		if !ok {
			return false
		}
		value := data[1]
		r.asks(act(func(s *state) step {
			s.put(at, value)
			return next
		}))
		return true
	}
	v := indexed(data[2])
	code := expr{a: v}
	switch int32(code.num(1)) {
	case 0:
		r.does(give{drop, ""})
	case 1:
		r.does(give{accept, ""})
	case -1: // NFT_CONTINUE
	case -2:
		r.does(give{miss, ""})
	case -3, -4:
		to := r.chains[cstring(v[2])]
		if to == nil {
			r.does(give{stuck, "the chain " + cstring(v[2]) + " was not captured"})
			return true
		}
		r.does(jump{jumpStep(int32(code.num(1)) == -4), to})
	case -5:
		r.does(give{back, ""})
	default:
		return false
	}
	return true
}

func jumpStep(goes bool) step {
	if goes {
		return hop
	}
	return call
}

func cmpExpr(r *exprReader, x *expr) bool {
	want := x.value(3)
	at, ok := x.reg(1, uint32(len(want)))
	op := x.num(2)
	if !ok || op > 5 {
		return false
	}
	r.asks(&cond{why: unknownField, test: func(s *state) Tri {
		if op <= 1 {
			return s.equal(at, want).not(op == 1)
		}
		n, ok := s.order(at, want)
		if !ok {
			return Unknown
		}
		switch op {
		case 2:
			return Of(n < 0)
		case 3:
			return Of(n <= 0)
		case 4:
			return Of(n > 0)
		}
		return Of(n >= 0)
	}})
	return true
}

const unknownField = "what is compared is not known of this packet"

func rangeExpr(r *exprReader, x *expr) bool {
	lo, hi := x.value(3), x.value(4)
	at, ok := x.reg(1, uint32(len(lo)))
	op := x.num(2)
	if !ok || op > 1 || len(lo) != len(hi) {
		return false
	}
	r.asks(&cond{why: unknownField, invert: op == 1, test: func(s *state) Tri { return s.within(at, lo, hi) }})
	return true
}

func lookupExpr(r *exprReader, x *expr) bool {
	name := cstring(x.a[1])
	set := r.sets[name]
	if set == nil {
		r.does(give{stuck, "the set " + name + " was not captured"})
		return true
	}
	if r.late && set.why == "" {
		old := *set
		old.why = "what the set " + name + " held when the rule was read was not captured"
		set = &old
	}
	key, ok := x.reg(2, max(set.keyLen, 1))
	if !ok {
		return false
	}
	l := &lookup{set: set, key: key, name: name, invert: x.num(5)&1 != 0}
	switch {
	case !x.has(3):
	case x.num(3) == 0:
		l.verdict = true
		r.acts = true
	default:
		n := uint32(0)
		for _, e := range set.all() {
			n = max(n, uint32(len(e.data)))
		}
		if n == 0 {
			n = 4
		}
		l.data, l.n = true, n
		if l.to, ok = x.reg(3, n); !ok {
			return false
		}
		r.acts = true // several values are several ways
	}
	r.asks(l)
	return true
}

// dynsetExpr adds to a set, or takes out of it. With an expression of the element's own, or with "!", it may end the
// rule.
func dynsetExpr(r *exprReader, x *expr) bool {
	if x.has(7) || x.has(10) || x.num(9)&1 != 0 {
		return perhaps("what the set "+cstring(x.a[1])+" holds at the time is not known")(r, x)
	}
	return true
}

// objrefExpr refers to an object: NFT_OBJECT_COUNTER 1, QUOTA 2, CT_HELPER 3, LIMIT 4, CONNLIMIT 5, CT_TIMEOUT 7, SECMARK 8, CT_EXPECT 9.
func objrefExpr(r *exprReader, x *expr) bool {
	if !x.has(1) {
		return perhaps("what object it refers to is not known")(r, x)
	}
	switch x.num(1) {
	case 1, 3, 7, 8, 9:
		return true
	case 2, 4, 5:
		return perhaps("whether the object "+cstring(x.a[2])+" lets it pass is not known")(r, x)
	}
	return false
}

// xtExpr is an extension of iptables in a rule of nftables (nft_compat). Package capture has put its structure into the
// words of iptables in the rule's text, extensions in the order of the expressions.
func xtExpr(target bool) func(*exprReader, *expr) bool {
	return func(r *exprReader, x *expr) bool {
		sign := "match"
		if target {
			sign = "target"
		}
		w := words(r.text)
		begins := func(i int) bool { return w[i] == "xt" && (w[i+1] == "match" || w[i+1] == "target") }
		n := 0
		for i := 0; i+2 < len(w); i++ {
			if !begins(i) {
				continue
			}
			if n++; n <= r.xt {
				continue
			}
			r.xt++
			for j := i + 1; j+1 < len(w); j++ { // what follows it up to the next one; words of nftables among it are none of its options
				if begins(j) {
					w = w[:j]
				}
			}
			if w[i+1] != sign || w[i+2] != cstring(x.a[1]) && !strings.HasPrefix(sameName[cstring(x.a[1])], w[i+2]) {
				return false
			}
			s := specReader{v6: r.family == "ip6", chains: nil}
			if target {
				s.target(w[i+2], false, w[i+3:])
			} else {
				s.match(w[i+2], w[i+3:])
			}
			r.ops = append(r.ops, s.ops...)
			r.acts = r.acts || s.acts
			return true
		}
		return false
	}
}

// sameName are extensions that iptables-save gives another name.
var sameName = map[string]string{"conntrack": "state", "CT": "NOTRACK"}
