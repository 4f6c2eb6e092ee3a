package nftables

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/capture/xtables"
)

// Text is the rule in nft's words, without counter values and comment. An expression that is not known stands as
// name#hex, an extension of iptables in that one's words. Unlike nft it does not look for types beyond the obvious, so some values stand as numbers.
func (r *Rule) Text() string {
	t := texter{family: r.Family, regs: registers{}, unused: map[int]*operand{}}
	for i := range r.Exprs {
		t.expr(&r.Exprs[i], i)
	}
	for i := range r.Exprs { // loaded, but nothing used it
		if o := t.unused[i]; o != nil {
			t.say("%s", o.text)
		}
	}
	return strings.Join(t.words, " ")
}

type texter struct {
	family uint8
	proto  uint8 // of the transport header, once a rule has said it; 0 before
	regs   registers
	words  []string
	unused map[int]*operand // by the expression that loaded it: nothing has used it yet
	lower  string           // operand of a comparison >= that may become a range
}

func (t *texter) say(format string, args ...any) {
	t.words = append(t.words, fmt.Sprintf(format, args...))
}

func (t *texter) opaque(x *Expr) { t.say("%s#%s", x.Name, hex.EncodeToString(x.Data)) }

// use is the operand of a register, which counts as used from now on; nil when the register holds nothing known.
func (t *texter) use(reg uint32) *operand {
	o := t.regs.get(reg)
	t.used(o)
	return o
}

func (t *texter) used(o *operand) {
	if o != nil {
		for _, e := range o.exprs {
			delete(t.unused, e)
		}
	}
}

// maxKey bounds the text of a key, in bytes. One of four addresses has 60.
const maxKey = 1 << 10

// key is the text of a key, which may be several operands.
func (t *texter) key(reg uint32) string {
	var parts []string
	for _, o := range t.regs.concat(reg) {
		t.used(o)
		parts = append(parts, t.operand(o))
	}
	clear(t.regs)
	key := strings.Join(parts, " . ")
	if len(key) > maxKey { // a key may be made of keys
		key = key[:maxKey] + "…"
	}
	return key
}

func (t *texter) expr(x *Expr, i int) {
	if reg, o := loaded(x, i); o != nil {
		o.text = t.name(x, o)
		t.regs.load(reg, o)
		t.unused[i] = o
		return
	}
	a := x.a
	switch x.Name {
	case "counter":
		t.say("counter")
	case "bitwise":
		if o := t.regs.get(be32(a[1])); o == nil || !t.regs.bitwise(x, i) {
			t.opaque(x)
		}
	case "byteorder":
		if t.regs.get(be32(a[1])) == nil {
			t.opaque(x)
		}
	case "cmp":
		t.cmp(x)
	case "range":
		if o := t.use(be32(a[1])); o != nil {
			t.dependency(o.text)
			t.say("%s %s%s-%s", t.operand(o), map[uint32]string{1: "!= "}[be32(a[2])],
				t.value(o, known(a[3], 2)[1]), t.value(o, known(a[4], 2)[1]))
		} else {
			t.opaque(x)
		}
	case "lookup":
		t.lookup(x)
	case "immediate":
		t.say("%s", verdict(known(a[2], 2)[2]))
	case "dynset":
		t.dynset(x)
	case "match", "target":
		ext := xtables.Ext{Name: str(a[1]), Rev: uint8(be32(a[2])), Data: a[3]}
		t.say("xt %s %s", x.Name, ext.Words(t.family == IP6, x.Name == "target"))
	default:
		t.statement(x)
	}
}

// operand is the text of what was loaded, with the mask that was applied.
func (t *texter) operand(o *operand) string {
	if o.mask == nil {
		return o.text
	}
	if allZero(o.xor) {
		return fmt.Sprintf("%s & %s", o.text, t.mask(o, o.mask))
	}
	return fmt.Sprintf("%s & %s ^ %s", o.text, t.mask(o, o.mask), t.mask(o, o.xor))
}

var cmpSigns = []string{"", "!= ", "< ", "<= ", "> ", ">= "}

func (t *texter) cmp(x *Expr) {
	o := t.use(be32(x.a[1]))
	op, data := be32(x.a[2]), known(x.a[3], 2)[1]
	if o == nil || int(op) >= len(cmpSigns) {
		t.opaque(x)
		return
	}
	if op == cmpGte {
		t.lower = o.text
		t.dependency(o.text)
		t.say("%s >= %s", t.operand(o), t.value(o, data))
		return
	}
	if last := len(t.words) - 1; op == cmpLte && t.lower == o.text && last >= 0 { // the two ends of a range
		lo := t.words[last]
		t.words[last] = strings.Replace(lo, ">= ", "", 1) + "-" + t.value(o, data)
		return
	}
	t.learn(o, op, data)
	t.dependency(o.text)
	if n, ok := prefix(o); ok && op <= cmpNeq {
		t.say("%s %s%s/%d", o.text, cmpSigns[op], t.value(o, data), n)
		return
	}
	if fl := t.flagTest(o, op, data); fl != "" {
		t.say("%s", fl)
		return
	}
	t.say("%s %s%s", t.operand(o), cmpSigns[op], t.value(o, data))
}

// flagTest is how nft says that one of some bits is set: ct state established,related. It is empty for anything else.
func (t *texter) flagTest(o *operand, op uint32, data []byte) string {
	if o.text == "ip dscp" && op <= cmpNeq && len(o.mask) == 1 && o.mask[0] == 0xfc && len(data) == 1 { // the upper six bits
		return fmt.Sprintf("ip dscp %s0x%02x", cmpSigns[op], data[0]>>2)
	}
	if o.mask == nil || op > cmpNeq || !allZero(data) || !allZero(o.xor) || bitNames[o.text] == nil {
		return ""
	}
	if op == cmpNeq {
		return fmt.Sprintf("%s %s", o.text, t.mask(o, o.mask))
	}
	return fmt.Sprintf("%s & %s == 0x0", o.text, t.mask(o, o.mask))
}

// learn notes which transport protocol follows.
func (t *texter) learn(o *operand, op uint32, data []byte) {
	isProto := o.kind == "meta" && o.key == metaL4Proto ||
		o.kind == "payload" && o.key == baseNetwork && o.n == 1 && (o.text == "ip protocol" || o.text == "ip6 nexthdr")
	if isProto && op == cmpEq && len(data) == 1 {
		t.proto = data[0]
	}
}

// dependency drops the tests of the protocol that nft itself adds before a test of that protocol's header, given the
// text of that one.
func (t *texter) dependency(key string) {
	header, _, _ := strings.Cut(key, " ")
	for last := len(t.words) - 1; last >= 0; last = len(t.words) - 1 {
		if !slices.Contains(dependencies[header], t.words[last]) {
			return
		}
		t.words = t.words[:last]
	}
}

// dependencies are the tests that a header's name implies.
var dependencies = map[string][]string{
	"ip":      {"meta nfproto ipv4", "meta protocol ip", "ether type ip"},
	"ip6":     {"meta nfproto ipv6", "meta protocol ip6", "ether type ip6"},
	"arp":     {"meta protocol arp", "ether type arp"},
	"icmp":    {"meta l4proto icmp", "ip protocol icmp", "meta nfproto ipv4", "meta protocol ip"},
	"icmpv6":  {"meta l4proto icmpv6", "ip6 nexthdr icmpv6", "meta nfproto ipv6", "meta protocol ip6"},
	"tcp":     {"meta l4proto tcp", "ip protocol tcp", "ip6 nexthdr tcp"},
	"udp":     {"meta l4proto udp", "ip protocol udp", "ip6 nexthdr udp"},
	"sctp":    {"meta l4proto sctp", "ip protocol sctp", "ip6 nexthdr sctp"},
	"dccp":    {"meta l4proto dccp", "ip protocol dccp", "ip6 nexthdr dccp"},
	"udplite": {"meta l4proto udplite", "ip protocol udplite", "ip6 nexthdr udplite"},
}

// prefix is the length of the prefix that was asked for: of an address, whole bytes or a mask.
func prefix(o *operand) (int, bool) {
	isAddr := o.kind == "payload" && o.key == baseNetwork && (strings.HasSuffix(o.text, "addr"))
	if !isAddr {
		return 0, false
	}
	full := uint32(4)
	if strings.HasPrefix(o.text, "ip6") {
		full = 16
	}
	if o.mask == nil {
		return int(8 * o.n), o.n < full
	}
	n, done := 0, false
	for _, b := range o.mask {
		for bit := 7; bit >= 0; bit-- {
			one := b&(1<<bit) != 0
			if one && done {
				return 0, false
			}
			done = !one
			if one {
				n++
			}
		}
	}
	return n, allZero(o.xor)
}

func (t *texter) lookup(x *Expr) {
	key := t.key(be32(x.a[2]))
	if key == "" {
		t.opaque(x)
		return
	}
	t.dependency(key)
	set := str(x.a[1])
	switch {
	case x.a[3] == nil:
		t.say("%s %s@%s", key, map[bool]string{true: "!= "}[be32(x.a[5])&1 != 0], set)
	case be32(x.a[3]) == 0:
		t.say("%s vmap @%s", key, set)
	default:
		t.regs.load(be32(x.a[3]), &operand{kind: "lookup", n: 16, text: key + " map @" + set})
	}
}

func (t *texter) dynset(x *Expr) {
	op := map[uint32]string{0: "add", 1: "update", 2: "delete"}[be32(x.a[3])]
	data := ""
	if o := t.use(be32(x.a[5])); x.a[5] != nil && o != nil {
		data = " : " + t.operand(o)
	}
	timeout := ""
	if ms := be64(x.a[6]); ms != 0 {
		timeout = " timeout " + duration(ms)
	}
	t.say("%s @%s { %s%s%s }", op, str(x.a[1]), t.key(be32(x.a[4])), timeout, data)
}

// native reads a number in host order.
func native(b []byte) (uint64, bool) {
	switch len(b) {
	case 1:
		return uint64(b[0]), true
	case 2:
		return uint64(binary.NativeEndian.Uint16(b)), true
	case 4:
		return uint64(binary.NativeEndian.Uint32(b)), true
	case 8:
		return binary.NativeEndian.Uint64(b), true
	}
	return 0, false
}

// duration spells milliseconds as nft does: 1d2h3m4s5ms.
func duration(ms uint64) string {
	var s string
	for _, u := range []struct {
		ms   uint64
		name string
	}{{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}} {
		if n := ms / u.ms; n > 0 {
			s += fmt.Sprint(n) + u.name
			ms %= u.ms
		}
	}
	return s
}
