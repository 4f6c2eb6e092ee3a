package xtables

// A Table is one table of one family, as it stood at one moment.
type Table struct {
	V6     bool
	Name   string
	Chains []Chain
}

// A Chain is one chain with its rules, in order.
type Chain struct {
	Name    string
	Policy  string // ACCEPT or DROP of a built-in chain; empty for a user's
	Packets uint64 // that met the policy
	Bytes   uint64
	Rules   []Rule
}

// A Rule is one rule, before it is put into words.
type Rule struct {
	V6       bool
	Src, Dst Net
	In, Out  string // device; + at its end stands for any; empty for no constraint
	Proto    uint16 // 0 for any
	Frag     bool   // -f: second and further fragments, IPv4 only
	Invert   Invert // conditions above that are negated
	Matches  []Ext  // in the order in which they are tried
	Target   *Ext   // nil for a verdict, a jump or nothing
	Jump     string // ACCEPT, DROP, QUEUE, RETURN or a chain, where Target is nil; empty for a rule that only counts
	Goto     bool   // the jump does not come back
	Packets  uint64
	Bytes    uint64
}

// A Net is an address and its mask, each of 4 or 16 bytes. The zero value constrains nothing.
type Net struct{ Addr, Mask []byte }

// Invert tells which conditions of a rule are negated: IPT_INV_* of ip_tables.h.
type Invert uint8

// The conditions that a rule itself can negate.
const (
	InvertIn    Invert = 0x01
	InvertOut   Invert = 0x02
	InvertSrc   Invert = 0x08
	InvertDst   Invert = 0x10
	InvertFrag  Invert = 0x20
	InvertProto Invert = 0x40
)

// An Ext is a match or a target of an extension, with the structure that the kernel keeps for it.
type Ext struct {
	Name string
	Rev  uint8
	Data []byte
	// Native marks an expression of nftables for which iptables has no match; Name is the expression's.
	Native bool
}
