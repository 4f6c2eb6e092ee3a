package nftables

import (
	"fmt"
	"strconv"
	"strings"
)

// statement puts what does something into words.
func (t *texter) statement(x *Expr) {
	a := x.a
	switch x.Name {
	case "meta":
		t.set(metaSetName(be32(a[2])), be32(a[3]))
	case "ct":
		name := fmt.Sprintf("#%d", be32(a[2]))
		if k := be32(a[2]); int(k) < len(ctNames) {
			name = ctNames[k]
		}
		t.set("ct "+name, be32(a[4]))
	case "payload":
		o := &operand{kind: "payload", key: be32(a[2]), off: be32(a[3]), n: be32(a[4])}
		t.set(t.payload(o), be32(a[5]))
	case "nat":
		t.nat(x)
	case "masq":
		t.say("%s", "masquerade"+t.to("", a[2], a[3])+natFlags(be32(a[1])))
	case "redir":
		t.say("%s", "redirect"+t.to("", a[1], a[2])+natFlags(be32(a[3])))
	case "reject":
		t.say("%s", reject(t.family, be32(a[1]), a[2]))
	case "log":
		t.log(x)
	case "limit":
		t.limit(x)
	case "notrack":
		t.say("notrack")
	case "objref":
		t.objref(x)
	case "queue":
		t.queue(x)
	case "connlimit":
		t.say("ct count %s%d", map[bool]string{true: "over "}[be32(a[2])&1 != 0], be32(a[1]))
	case "quota":
		t.say("quota %s%d bytes", map[bool]string{true: "over "}[be32(a[2])&1 != 0], be64(a[1]))
	case "flow_offload":
		t.say("flow add @%s", str(a[1]))
	case "last":
		t.say("last")
	case "tproxy":
		t.say("%s", "tproxy"+t.to("addr", a[2], nil)+t.port(a[3]))
	default:
		t.opaque(x)
	}
}

func metaSetName(key uint32) string {
	if int(key) < len(metaNames) {
		return metaNames[key]
	}
	return fmt.Sprintf("meta #%d", key)
}

// set is an assignment from a register.
func (t *texter) set(name string, reg uint32) {
	o := t.use(reg)
	switch {
	case o == nil:
		t.say("%s set ?", name)
	case o.kind == "immediate" && o.mask == nil:
		t.say("%s set %s", name, t.value(&operand{kind: "immediate", text: name}, o.data))
	default:
		t.say("%s set %s", name, t.operand(o))
	}
}

func (t *texter) nat(x *Expr) {
	a := x.a
	verb := map[uint32]string{0: "snat", 1: "dnat"}[be32(a[1])]
	if t.family == Inet {
		verb += " " + map[uint32]string{IP: "ip", IP6: "ip6"}[be32(a[2])]
	}
	to := t.to("addr", a[3], a[4])
	if to == "" && a[5] != nil {
		to = " to "
	}
	t.say("%s", verb+to+t.port(a[5])+t.rangeEnd(a[5], a[6])+natFlags(be32(a[7])))
}

// to is " to " and what the registers hold: an address of what ends so, or a port.
func (t *texter) to(kind string, lo, hi []byte) string {
	if lo == nil {
		return ""
	}
	if kind == "" {
		return " to " + t.port(lo) + t.rangeEnd(lo, hi)
	}
	s := " to " + t.held(lo, kind)
	if hi != nil && be32(hi) != be32(lo) {
		s += "-" + t.held(hi, kind)
	}
	return s
}

func (t *texter) port(reg []byte) string {
	if reg == nil {
		return ""
	}
	return ":" + t.held(reg, "")
}

func (t *texter) rangeEnd(lo, hi []byte) string {
	if hi == nil || be32(hi) == be32(lo) {
		return ""
	}
	return "-" + t.held(hi, "")
}

// held is the text of what a register holds.
func (t *texter) held(reg []byte, kind string) string {
	o := t.use(be32(reg))
	switch {
	case o == nil:
		return "?"
	case o.kind != "immediate":
		return t.operand(o)
	case kind == "addr":
		return address(&operand{}, o.data)
	}
	return port(o.data)
}

// natFlags are NF_NAT_RANGE_* that have a word.
func natFlags(f uint32) string {
	var out []string
	for _, b := range []struct {
		bit  uint32
		name string
	}{{4, "random"}, {16, "fully-random"}, {8, "persistent"}} {
		if f&b.bit != 0 {
			out = append(out, b.name)
		}
	}
	if out == nil {
		return ""
	}
	return " " + strings.Join(out, ",")
}

func reject(family uint8, typ uint32, code []byte) string {
	n := -1
	if len(code) == 1 {
		n = int(code[0])
	}
	word := func(names []string) string {
		if n >= 0 && n < len(names) && names[n] != "" {
			return names[n]
		}
		return strconv.Itoa(n)
	}
	switch typ {
	case 1:
		return "reject with tcp reset"
	case 2:
		return "reject with icmpx " + word([]string{"no-route", "port-unreachable", "host-unreachable", "admin-prohibited"})
	}
	if family == IP6 {
		return "reject with icmpv6 " + word([]string{"no-route", "admin-prohibited", "", "addr-unreachable", "port-unreachable", "policy-fail", "reject-route"})
	}
	return "reject with icmp " + word([]string{
		"net-unreachable", "host-unreachable", "prot-unreachable", "port-unreachable", "", "", "", "", "", "net-prohibited",
		"host-prohibited", "", "", "admin-prohibited",
	})
}

func (t *texter) log(x *Expr) {
	a := x.a
	s := "log"
	if p := str(a[2]); p != "" {
		s += " prefix " + strconv.Quote(p)
	}
	if a[1] != nil {
		s += fmt.Sprintf(" group %d", be16(a[1]))
	}
	if n := be32(a[3]); n != 0 {
		s += fmt.Sprintf(" snaplen %d", n)
	}
	if n := be16(a[4]); n != 0 {
		s += fmt.Sprintf(" queue-threshold %d", n)
	}
	levels := []string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit"}
	if l := be32(a[5]); a[5] != nil && l != 4 && int(l) < len(levels) {
		s += " level " + levels[l]
	}
	if f := be32(a[6]); f != 0 {
		s += " flags " + flags(f, []string{"tcp sequence", "tcp options", "ip options", "skuid", "", "ether"})
	}
	t.say("%s", s)
}

func (t *texter) limit(x *Expr) {
	a := x.a
	unit, ok := map[uint64]string{1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week"}[be64(a[2])]
	if !ok {
		unit = fmt.Sprintf("%d seconds", be64(a[2]))
	}
	over := map[bool]string{true: "over "}[be32(a[5])&1 != 0]
	kind := "packets"
	rate := fmt.Sprintf("%d/%s", be64(a[1]), unit)
	if be32(a[4]) == 1 {
		kind = "bytes"
		n, scale := be64(a[1]), "bytes"
		for _, s := range []string{"kbytes", "mbytes"} {
			if n > 0 && n%1024 == 0 {
				n, scale = n/1024, s
			}
		}
		rate = fmt.Sprintf("%d %s/%s", n, scale, unit)
	}
	s := "limit rate " + over + rate
	if burst := be32(a[3]); kind == "bytes" && burst != 0 || kind == "packets" && burst != 5 { // 5 packets are nft's default
		s += fmt.Sprintf(" burst %d %s", burst, kind)
	}
	t.say("%s", s)
}

func (t *texter) objref(x *Expr) {
	a := x.a
	if a[1] == nil {
		t.say("objref %s map @%s", t.key(be32(a[3])), str(a[4]))
		return
	}
	kind, ok := map[uint32]string{
		1: "counter", 2: "quota", 3: "ct helper set", 4: "limit", 5: "ct count", 7: "ct timeout set", 9: "ct expectation set",
		10: "synproxy",
	}[be32(a[1])]
	if !ok {
		kind = fmt.Sprintf("object#%d", be32(a[1]))
	}
	t.say("%s name %q", kind, str(a[2]))
}

func (t *texter) queue(x *Expr) {
	a := x.a
	s := "queue"
	if f := be16(a[3]); f != 0 {
		s += " flags " + flags(uint32(f), []string{"bypass", "fanout"})
	}
	num, total := be16(a[1]), be16(a[2])
	s += fmt.Sprintf(" to %d", num)
	if total > 1 {
		s += fmt.Sprintf("-%d", num+total-1)
	}
	t.say("%s", s)
}
