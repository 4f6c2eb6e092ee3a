package nftables

import (
	"encoding/binary"
	"slices"

	"github.com/netmortem/netmortem/capture/xtables"
)

// IPTables is the rule as iptables-nft sees it: native expressions become the matches that they stand for, those of
// nft_compat are taken over. An expression that iptables has no match for stands in the rule as it is.
func (r *Rule) IPTables() xtables.Rule {
	c := converter{rule: r, regs: registers{}, used: make([]bool, len(r.Exprs)), ports: -1}
	c.out.V6 = r.Family == IP6
	for i := range r.Exprs {
		c.expr(i)
	}
	for i := range r.Exprs {
		if !c.used[i] {
			c.native(i)
		}
	}
	if s := r.Comment(); s != "" {
		c.out.Matches = append(c.out.Matches, xtables.Ext{Name: "comment", Data: append([]byte(s), 0)})
	}
	return c.out
}

type converter struct {
	rule  *Rule
	out   xtables.Rule
	regs  registers
	used  []bool // by expression: it is told in out
	ports int    // index in out.Matches of the match that native ports and flags are told by, -1 for none yet
	lo    uint16 // lower end of a range of ports that a cmp gte has opened
	loOff uint32 // which port that was
	hasLo bool
	loAt  []int
}

// native adds an expression as it is.
func (c *converter) native(i int) {
	c.used[i] = true
	x := &c.rule.Exprs[i]
	c.out.Matches = append(c.out.Matches, xtables.Ext{Name: x.Name, Data: x.Data, Native: true})
}

// told marks expressions as told by the rule.
func (c *converter) told(exprs ...int) bool {
	for _, i := range exprs {
		c.used[i] = true
	}
	return true
}

// untold adds the expressions of an operand, and those that use it, as they are.
func (c *converter) untold(o *operand, i int) {
	if o != nil {
		for _, e := range o.exprs {
			if !c.used[e] {
				c.native(e)
			}
		}
	}
	c.native(i)
}

func (c *converter) expr(i int) {
	x := &c.rule.Exprs[i]
	if reg, o := loaded(x, i); o != nil {
		c.regs.load(reg, o)
		return
	}
	switch x.Name {
	case "counter":
		c.out.Packets, c.out.Bytes = x.Packets, x.Bytes
		c.told(i)
	case "bitwise":
		if !c.regs.bitwise(x, i) {
			c.untold(c.regs.get(be32(x.a[1])), i)
		}
	case "cmp":
		o := c.regs.get(be32(x.a[1]))
		if o == nil || !c.cmp(o, i, be32(x.a[2]), known(x.a[3], 2)[1]) {
			c.untold(o, i)
		}
	case "range":
		o := c.regs.get(be32(x.a[1]))
		if o == nil || !c.portRange(o, i, be32(x.a[2]), known(x.a[3], 2)[1], known(x.a[4], 2)[1]) {
			c.untold(o, i)
		}
	case "immediate":
		c.verdict(i)
	case "match":
		c.out.Matches = append(c.out.Matches, xtables.Ext{Name: str(x.a[1]), Rev: uint8(be32(x.a[2])), Data: x.a[3]})
		c.told(i)
	case "target":
		c.out.Target = &xtables.Ext{Name: str(x.a[1]), Rev: uint8(be32(x.a[2])), Data: x.a[3]}
		c.told(i)
	case "limit":
		c.limit(i)
	case "meta":
		if !c.metaSet(i) {
			c.untold(c.regs.get(be32(x.a[3])), i)
		}
	case "log":
		c.log(i)
	default:
		c.native(i)
	}
}

func (c *converter) verdict(i int) {
	v := known(known(c.rule.Exprs[i].a[2], 2)[2], 3)
	switch int32(be32(v[1])) {
	case vDrop:
		c.out.Jump = "DROP"
	case vAccept:
		c.out.Jump = "ACCEPT"
	case vReturn:
		c.out.Jump = "RETURN"
	case vJump:
		c.out.Jump = str(v[2])
	case vGoto:
		c.out.Jump, c.out.Goto = str(v[2]), true
	default:
		c.native(i)
		return
	}
	c.told(i)
}

// cmp tells a comparison of something that was loaded, if iptables can.
func (c *converter) cmp(o *operand, i int, op uint32, data []byte) bool {
	exprs := append(slices.Clip(o.exprs), i)
	switch {
	case o.kind == "meta" && (o.key == metaIIFName || o.key == metaOIFName) && o.mask == nil:
		return c.iface(o.key, op, data) && c.told(exprs...)
	case o.kind == "meta" && o.key == metaL4Proto && o.mask == nil,
		o.kind == "payload" && o.key == baseNetwork && o.n == 1 && o.mask == nil && o.off == c.protoOffset():
		return c.proto(op, data) && c.told(exprs...)
	case o.kind == "meta" && o.key == metaMark && len(data) == 4:
		return c.mark(o, op, data) && c.told(exprs...)
	case o.kind == "payload" && o.key == baseNetwork:
		return (c.net(o, op, data) || c.frag(o, op, data)) && c.told(exprs...)
	case o.kind == "payload" && o.key == baseTransport && o.n == 2 && o.mask == nil && len(data) == 2:
		return c.port(o, op, binary.BigEndian.Uint16(data), exprs)
	case o.kind == "payload" && o.key == baseTransport && o.n == 1:
		return c.tcpFlags(o, op, data) && c.told(exprs...)
	}
	return false
}

// sign tells = from !=; other operators have no sign.
func sign(op uint32) (not, ok bool) { return op == cmpNeq, op == cmpEq || op == cmpNeq }

func (c *converter) invert(bit xtables.Invert, not bool) {
	if not {
		c.out.Invert |= bit
	}
}

// iface reads a device's name: with its final zeros it is whole, without it is the beginning of one.
func (c *converter) iface(key, op uint32, data []byte) bool {
	not, ok := sign(op)
	if !ok || len(data) == 0 || len(data) > 16 {
		return false
	}
	name := str(data)
	if len(name) == len(data) {
		name += "+"
	}
	if key == metaIIFName && c.out.In == "" {
		c.out.In = name
		c.invert(xtables.InvertIn, not)
		return true
	}
	if key == metaOIFName && c.out.Out == "" {
		c.out.Out = name
		c.invert(xtables.InvertOut, not)
		return true
	}
	return false
}

// protoOffset is where the protocol stands in the network header.
func (c *converter) protoOffset() uint32 {
	if c.out.V6 {
		return 6
	}
	return 9
}

func (c *converter) proto(op uint32, data []byte) bool {
	not, ok := sign(op)
	if !ok || len(data) != 1 || c.out.Proto != 0 && (not || c.out.Proto != uint16(data[0])) {
		return false
	}
	c.out.Proto = uint16(data[0])
	c.invert(xtables.InvertProto, not)
	return true
}

// net reads a source or a destination: whole bytes of it were loaded, and a mask may have been applied.
func (c *converter) net(o *operand, op uint32, data []byte) bool {
	src, dst, size := uint32(12), uint32(16), uint32(4)
	if c.out.V6 {
		src, dst, size = 8, 24, 16
	}
	not, ok := sign(op)
	if !ok || o.off != src && o.off != dst || o.n == 0 || o.n > size || uint32(len(data)) != o.n || !allZero(o.xor) {
		return false
	}
	n := xtables.Net{Addr: make([]byte, size), Mask: make([]byte, size)}
	copy(n.Addr, data)
	for i := range o.n {
		n.Mask[i] = 0xff
	}
	if o.mask != nil && uint32(copy(n.Mask, o.mask)) != o.n {
		return false
	}
	at, bit := &c.out.Src, xtables.InvertSrc
	if o.off == dst {
		at, bit = &c.out.Dst, xtables.InvertDst
	}
	if at.Addr != nil {
		return false
	}
	*at = n
	c.invert(bit, not)
	return true
}

// frag reads -f: the offset of the fragment is not zero.
func (c *converter) frag(o *operand, op uint32, data []byte) bool {
	not, ok := sign(op)
	if c.out.V6 || !ok || o.off != 6 || o.n != 2 || be16(o.mask) != 0x1fff || !allZero(data) {
		return false
	}
	c.out.Frag = true
	c.invert(xtables.InvertFrag, !not)
	return true
}

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}
