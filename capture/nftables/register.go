package nftables

// An operand is what a register holds: what was loaded there, and what was done to it since.
type operand struct {
	kind  string // name of the expression that loaded it
	key   uint32 // meta and ct: key; payload: base
	off   uint32 // payload: offset in bytes
	n     uint32 // bytes that were loaded, as far as that is known
	data  []byte // immediate: the value
	mask  []byte // bitwise: v & mask ^ xor; nil when untouched
	xor   []byte
	text  string // in nft's words, without mask
	exprs []int  // indices of the expressions that made it
}

// registers are the 16 registers of 4 bytes, which also count as 4 of 16 bytes.
type registers map[uint32]*operand

// slot is the number of the 4-byte register at which a register begins: NFT_REG_1 to 4 are 16 bytes long,
// NFT_REG32_00 to 15 are 4.
func slot(reg uint32) (uint32, bool) {
	switch {
	case reg >= 1 && reg <= 4:
		return 4 * (reg - 1), true
	case reg >= 8 && reg <= 23:
		return reg - 8, true
	}
	return 0, false
}

func (r registers) load(reg uint32, o *operand) {
	if s, ok := slot(reg); ok {
		r[s] = o
	}
}

// get is what a register holds, or nil.
func (r registers) get(reg uint32) *operand {
	if s, ok := slot(reg); ok {
		return r[s]
	}
	return nil
}

// concat is what a key holds that begins at a register: one operand, or several that lie behind each other.
func (r registers) concat(reg uint32) []*operand {
	s, ok := slot(reg)
	if !ok {
		return nil
	}
	var os []*operand
	for s < 16 && r[s] != nil {
		o := r[s]
		os = append(os, o)
		s += max(1, (o.n+3)/4)
	}
	return os
}

// metaLen is the length of what meta loads, where it is not 4 bytes.
func metaLen(key uint32) uint32 {
	switch key {
	case metaIIFName, metaOIFName, metaBriIIFName, metaBriOIFName, metaIIFKind, metaOIFKind, metaSDIFName:
		return 16
	case metaTimeNS:
		return 8
	}
	return 4
}

// loaded is the operand that an expression loads, or nil for one that loads nothing. Text is left to the caller.
func loaded(x *Expr, i int) (reg uint32, o *operand) {
	a := x.a
	switch x.Name {
	case "meta", "ct":
		if a[1] == nil { // it has a source instead
			return 0, nil
		}
		o = &operand{key: be32(a[2]), n: 4}
		if x.Name == "meta" {
			o.n = metaLen(o.key)
		} else if n, ok := ctLen[o.key]; ok {
			o.n = n
		}
		reg = be32(a[1])
	case "payload":
		if a[1] == nil {
			return 0, nil
		}
		reg, o = be32(a[1]), &operand{key: be32(a[2]), off: be32(a[3]), n: be32(a[4])}
	case "immediate":
		d := known(a[2], 2)
		if d[2] != nil || be32(a[1]) == 0 {
			return 0, nil
		}
		reg, o = be32(a[1]), &operand{data: d[1], n: uint32(len(d[1]))}
	case "fib":
		reg, o = be32(a[1]), &operand{key: be32(a[2]), n: 4}
		if o.key == fibOIFName {
			o.n = 16
		}
	case "rt", "socket", "osf", "xfrm":
		reg, o = be32(a[1]), &operand{n: 4}
		if x.Name == "socket" {
			reg, o.key = be32(a[2]), be32(a[1])
		}
	case "numgen":
		reg, o = be32(a[1]), &operand{n: 4}
	case "hash":
		reg, o = be32(a[2]), &operand{n: 4}
	case "exthdr":
		if a[1] == nil {
			return 0, nil
		}
		reg, o = be32(a[1]), &operand{n: be32(a[4])}
	default:
		return 0, nil
	}
	o.kind, o.exprs = x.Name, []int{i}
	return reg, o
}

// bitwise applies the expression bitwise to what its source register holds. It reports whether it is one of v & mask
// ^ xor on something that is known.
func (r registers) bitwise(x *Expr, i int) bool {
	src := r.get(be32(x.a[1]))
	if src == nil || be32(x.a[6]) != 0 || src.mask != nil {
		return false
	}
	o := *src
	o.mask, o.xor = known(x.a[4], 2)[1], known(x.a[5], 2)[1]
	if len(o.mask) == 0 || len(o.mask) != len(o.xor) {
		return false
	}
	o.exprs = append(o.exprs[:len(o.exprs):len(o.exprs)], i)
	r.load(be32(x.a[2]), &o)
	return true
}

// Keys of meta that the readers know by name: enum nft_meta_keys.
const (
	metaMark       = 3
	metaIIF        = 4
	metaOIF        = 5
	metaIIFName    = 6
	metaOIFName    = 7
	metaNFTrace    = 12
	metaNFProto    = 15
	metaL4Proto    = 16
	metaBriIIFName = 17
	metaBriOIFName = 18
	metaIIFKind    = 26
	metaOIFKind    = 27
	metaTimeNS     = 30
	metaSDIFName   = 34
)

// Bases of a payload: enum nft_payload_bases.
const (
	baseLink      = 0
	baseNetwork   = 1
	baseTransport = 2
	baseInner     = 3
)

// Operators of cmp: enum nft_cmp_ops. Those of range are the first two.
const (
	cmpEq = iota
	cmpNeq
	cmpLt
	cmpLte
	cmpGt
	cmpGte
)

// ctLen is the length of what ct loads, where it is not 4 bytes: enum nft_ct_keys.
var ctLen = map[uint32]uint32{
	6: 16, 8: 16, 9: 16, 11: 2, 12: 2, 13: 16, 14: 8, 15: 8, 16: 8, 17: 2, 21: 16, 22: 16,
}

// fibOIFName is NFT_FIB_RESULT_OIFNAME.
const fibOIFName = 2
