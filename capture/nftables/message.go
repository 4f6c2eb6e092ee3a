package nftables

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// genHead is the length of struct nfgenmsg, which begins each message: family, version, resource id.
const genHead = 4

// Families of nf_tables: NFPROTO_* of netfilter.h.
const (
	Inet   = 1
	IP     = 2
	ARP    = 3
	Netdev = 5
	Bridge = 7
	IP6    = 10
)

// Family names a family as nft does.
func Family(n uint8) string {
	if s, ok := map[uint8]string{Inet: "inet", IP: "ip", ARP: "arp", Netdev: "netdev", Bridge: "bridge", IP6: "ip6"}[n]; ok {
		return s
	}
	return strconv.Itoa(int(n))
}

var errShort = errors.New("message shorter than its head")

// body checks the head of a message and returns its family and attributes, indexed up to max.
func body(msg []byte, max uint16) (uint8, [][]byte, error) {
	if len(msg) < genHead {
		return 0, nil, errShort
	}
	a, err := indexed(msg[genHead:], max)
	return msg[0], a, err
}

// A Chain is one chain.
type Chain struct {
	Row            schema.NftChain
	Family         uint8
	Hook           int // of a base chain, as the family numbers it; -1 for another
	Packets, Bytes uint64
}

// hookNames are the hooks of the families ip, ip6, inet and bridge; arp and netdev have their own.
var hookNames = []string{"prerouting", "input", "forward", "output", "postrouting", "ingress"}

// ParseChain reads the message NFT_MSG_NEWCHAIN.
func ParseChain(msg []byte) (Chain, error) {
	fam, a, err := body(msg, 12)
	c := Chain{Family: fam, Hook: -1}
	if err != nil {
		return c, fmt.Errorf("chain: %w", err)
	}
	c.Row = schema.NftChain{
		Family: Family(fam), Tbl: str(a[1]), Chain: str(a[3]), Handle: int64(be64(a[2])), Type: str(a[7]),
	}
	if a[4] == nil {
		return c, nil
	}
	h := known(a[4], 4)
	prio := int64(int32(be32(h[2])))
	c.Hook, c.Row.Priority, c.Row.Dev = int(be32(h[1])), &prio, str(h[3])
	c.Row.Hook = hookName(fam, c.Hook)
	if h[4] != nil { // NFTA_HOOK_DEVS: a list of NFTA_DEVICE_NAME
		devs, _ := parse(h[4])
		var names []string
		for _, d := range devs {
			names = append(names, str(d.data))
		}
		c.Row.Dev = strings.Join(names, ",")
	}
	if a[5] != nil {
		c.Row.Policy = map[uint32]string{0: "drop", 1: "accept"}[be32(a[5])]
	}
	if n := known(a[8], 2); a[8] != nil {
		c.Bytes, c.Packets = be64(n[1]), be64(n[2])
	}
	return c, nil
}

func hookName(family uint8, hook int) string {
	names := hookNames
	switch family {
	case ARP:
		names = []string{"input", "output", "forward"}
	case Netdev:
		names = []string{"ingress", "egress"}
	}
	if hook >= 0 && hook < len(names) {
		return names[hook]
	}
	return strconv.Itoa(hook)
}

// A Rule is one rule with its expressions.
type Rule struct {
	Family       uint8
	Table, Chain string
	Handle       uint64
	Exprs        []Expr
	Userdata     []byte
	raw          []byte // NFTA_RULE_EXPRESSIONS, what grows by itself set to zero
}

// An Expr is one expression of a rule.
type Expr struct {
	Name string
	Data []byte // its attributes; what grows by itself is zero
	a    [][]byte
	// Packets and Bytes of a counter.
	Packets, Bytes uint64
}

// maxAttr bounds the attributes of an expression that are looked at.
const maxAttr = 12

// ParseRule reads the message NFT_MSG_NEWRULE. The rule keeps no reference to msg.
func ParseRule(msg []byte) (Rule, error) {
	fam, a, err := body(msg, 11)
	if err != nil {
		return Rule{}, fmt.Errorf("rule: %w", err)
	}
	r := Rule{Family: fam, Table: str(a[1]), Chain: str(a[2]), Handle: be64(a[3])}
	r.raw = append([]byte(nil), a[4]...)
	r.Userdata = append([]byte(nil), a[7]...)
	list, err := parse(r.raw)
	r.Exprs = make([]Expr, 0, len(list))
	for _, l := range list {
		e := known(l.data, 2)
		x := Expr{Name: str(e[1]), Data: e[2], a: known(e[2], maxAttr)}
		if x.Name == "counter" {
			x.Bytes, x.Packets = be64(x.a[1]), be64(x.a[2])
		}
		x.rest()
		r.Exprs = append(r.Exprs, x)
	}
	if err != nil {
		return r, fmt.Errorf("rule %d of chain %s %s: %w", r.Handle, r.Table, r.Chain, err)
	}
	return r, nil
}

// rest sets what changes while the rule does not to zero, so that two reads of a rule agree.
func (x *Expr) rest() {
	switch x.Name {
	case "counter", "last": // bytes and packets; whether and how long ago
		clear(x.a[1])
		clear(x.a[2])
	case "quota": // consumed, and the flag that says so; the other flag inverts
		clear(x.a[4])
		if f := x.a[2]; len(f) == 4 {
			f[3] &= 1
		}
	}
}

// Row makes the rule's row. The caller fills in namespace and position.
func (r *Rule) Row() schema.NftRule {
	row := schema.NftRule{
		Family: Family(r.Family), Tbl: r.Table, Chain: r.Chain, Handle: int64(r.Handle),
		Text: r.Text(), Expr: hex.EncodeToString(r.raw), Userdata: r.Comment(),
	}
	if row.Userdata == "" {
		row.Userdata = hex.EncodeToString(r.Userdata)
	}
	if c := r.counter(); c != nil {
		packets, bytes := int64(c.Packets), int64(c.Bytes)
		row.Packets, row.Bytes = &packets, &bytes
	}
	return row
}

// counter is the rule's first counter, or nil.
func (r *Rule) counter() *Expr {
	for i := range r.Exprs {
		if r.Exprs[i].Name == "counter" {
			return &r.Exprs[i]
		}
	}
	return nil
}

// Comment is the comment in the user data, empty if there is none: records of type, length, value; type 0 is the
// comment, for nft as for iptables-nft.
func (r *Rule) Comment() string {
	for b := r.Userdata; len(b) >= 2; {
		n := int(b[1])
		if 2+n > len(b) {
			return ""
		}
		if b[0] == 0 {
			return str(b[2 : 2+n])
		}
		b = b[2+n:]
	}
	return ""
}
