package nftables

import (
	"encoding/binary"
	"slices"

	"github.com/netmortem/netmortem/capture/xtables"
)

// What iptables-nft programs in native expressions becomes the structure of the match or target that it stands for,
// so that package xtables needs one way to put it into words.

// mark makes struct xt_mark_mtinfo1.
func (c *converter) mark(o *operand, op uint32, data []byte) bool {
	not, ok := sign(op)
	if !ok || !allZero(o.xor) || o.mask != nil && len(o.mask) != 4 {
		return false
	}
	b := make([]byte, 12)
	copy(b, data)
	copy(b[4:], []byte{0xff, 0xff, 0xff, 0xff})
	copy(b[4:8], o.mask)
	if not {
		b[8] = 1
	}
	c.out.Matches = append(c.out.Matches, xtables.Ext{Name: "mark", Rev: 1, Data: b})
	return true
}

// transport is the match that ports are told by: tcp and udp have the same two ranges at its beginning.
func (c *converter) transport() []byte {
	if c.ports >= 0 {
		return c.out.Matches[c.ports].Data
	}
	name, size := "", 0
	switch c.out.Proto {
	case 6:
		name, size = "tcp", 12
	case 17:
		name, size = "udp", 10
	case 136:
		name, size = "udplite", 10
	}
	if name == "" || c.out.Invert&xtables.InvertProto != 0 {
		return nil
	}
	b := make([]byte, size)
	binary.NativeEndian.PutUint16(b[2:], 0xffff)
	binary.NativeEndian.PutUint16(b[6:], 0xffff)
	c.ports = len(c.out.Matches)
	c.out.Matches = append(c.out.Matches, xtables.Ext{Name: name, Data: b})
	return b
}

// port reads one comparison of a port. A range is two of them: the first opens it, the second closes it.
func (c *converter) port(o *operand, op uint32, port uint16, exprs []int) bool {
	switch op {
	case cmpEq, cmpNeq:
		return c.putPorts(o.off, port, port, op == cmpNeq) && c.told(exprs...)
	case cmpGte:
		c.lo, c.loOff, c.hasLo, c.loAt = port, o.off, true, exprs
		return true // told by its other end, or left over
	case cmpLte:
		if c.hasLo && c.loOff == o.off {
			c.hasLo = false
			return c.putPorts(o.off, c.lo, port, false) && c.told(exprs...) && c.told(c.loAt...)
		}
		return c.putPorts(o.off, 0, port, false) && c.told(exprs...)
	}
	return false
}

// portRange reads the expression range.
func (c *converter) portRange(o *operand, i int, op uint32, from, to []byte) bool {
	not, ok := sign(op)
	if !ok || o.kind != "payload" || o.key != baseTransport || o.n != 2 || o.mask != nil || len(from) != 2 || len(to) != 2 {
		return false
	}
	return c.putPorts(o.off, be16(from), be16(to), not) && c.told(append(slices.Clip(o.exprs), i)...)
}

func (c *converter) putPorts(off uint32, lo, hi uint16, not bool) bool {
	if off != 0 && off != 2 {
		return false
	}
	b := c.transport()
	if b == nil {
		return false
	}
	at, bit := 2*off, uint8(1+off/2) // source first; invflags has a bit for each
	binary.NativeEndian.PutUint16(b[at:], lo)
	binary.NativeEndian.PutUint16(b[at+2:], hi)
	if not {
		inv := 8
		if len(b) == 12 {
			inv = 11
		}
		b[inv] |= bit
	}
	return true
}

// tcpFlags reads --tcp-flags: byte 13 of the header, masked.
func (c *converter) tcpFlags(o *operand, op uint32, data []byte) bool {
	not, ok := sign(op)
	if !ok || o.off != 13 || len(data) != 1 || len(o.mask) != 1 || o.xor[0] != 0 || c.out.Proto != 6 {
		return false
	}
	b := c.transport()
	if b == nil || b[9] != 0 {
		return false
	}
	b[9], b[10] = o.mask[0], data[0]
	if not {
		b[11] |= 4
	}
	return true
}

// limit makes struct xt_rateinfo: a distance in units of 100 µs from a rate in packets per unit of seconds.
func (c *converter) limit(i int) {
	a := c.rule.Exprs[i].a
	rate, unit := be64(a[1]), be64(a[2])
	avg := uint64(0)
	if rate > 0 && unit <= 1<<32 {
		avg = 10000 * unit / rate
	}
	if be32(a[4]) != 0 || be32(a[5]) != 0 || avg == 0 || avg > 1<<31 {
		c.native(i)
		return
	}
	b := make([]byte, 8)
	binary.NativeEndian.PutUint32(b, uint32(avg))
	binary.NativeEndian.PutUint32(b[4:], be32(a[3]))
	c.out.Matches = append(c.out.Matches, xtables.Ext{Name: "limit", Data: b})
	c.told(i)
}

// metaSet reads what sets the packet's mark or traces it: MARK and TRACE.
func (c *converter) metaSet(i int) bool {
	x := &c.rule.Exprs[i]
	o := c.regs.get(be32(x.a[3]))
	if o == nil || c.out.Target != nil {
		return false
	}
	switch be32(x.a[2]) {
	case metaNFTrace:
		if o.kind != "immediate" || len(o.data) == 0 || o.data[0] != 1 {
			return false
		}
		c.out.Target = &xtables.Ext{Name: "TRACE"}
	case metaMark:
		b := make([]byte, 8)
		switch {
		case o.kind == "immediate" && len(o.data) == 4 && o.mask == nil: // mark = value
			copy(b, o.data)
			copy(b[4:], []byte{0xff, 0xff, 0xff, 0xff})
		case o.kind == "meta" && o.key == metaMark && len(o.mask) == 4: // mark = mark & mask ^ value
			copy(b, o.xor)
			for i, m := range o.mask {
				b[4+i] = ^m
			}
		default:
			return false
		}
		c.out.Target = &xtables.Ext{Name: "MARK", Rev: 2, Data: b}
	default:
		return false
	}
	return c.told(append(slices.Clip(o.exprs), i)...)
}

// log reads the expression log with a group as struct xt_nflog_info; iptables-nft uses compat's LOG otherwise.
func (c *converter) log(i int) {
	a := c.rule.Exprs[i].a
	prefix := str(a[2])
	if a[1] == nil || len(prefix) > 63 || c.out.Target != nil {
		c.native(i)
		return
	}
	b := make([]byte, 76)
	binary.NativeEndian.PutUint16(b[4:], be16(a[1]))
	binary.NativeEndian.PutUint16(b[6:], be16(a[4]))
	if a[3] != nil {
		binary.NativeEndian.PutUint32(b, be32(a[3]))
		b16 := uint16(1)
		binary.NativeEndian.PutUint16(b[8:], b16)
	}
	copy(b[12:], prefix)
	c.out.Target = &xtables.Ext{Name: "NFLOG", Data: b}
	c.told(i)
}
