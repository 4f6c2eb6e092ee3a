package ruleset

import "encoding/binary"

// A part is up to 32 bits of which some are not known.
type part struct{ value, known uint32 }

func (a part) whole() bool { return a.known == 0xffffffff }

// equals compares with a number.
func (a part) equals(n uint32) Tri {
	switch {
	case (a.value^n)&a.known != 0:
		return No
	case !a.whole():
		return Unknown
	}
	return Yes
}

// network is a byte of the packet counted from the begin of its IP header, with its known bits. The header has no
// options, and the packet is no fragment.
func (p *Packet) network(off uint32) (value, known byte) {
	if p.v6() {
		return p.network6(off)
	}
	switch {
	case off == 0:
		return 0x45, 0xff
	case off == 2 || off == 3:
		return word(p.Length, off-2)
	case off == 6: // DF may be set
		return 0, 0xbf
	case off == 7:
		return 0, 0xff
	case off == 8:
		return p.TTL, filled(p.TTL != 0)
	case off == 9:
		return p.Proto, filled(p.Proto != 0)
	case off >= 12 && off < 16:
		if !p.Src.Is4() {
			return 0, 0
		}
		a := p.Src.As4()
		return a[off-12], 0xff
	case off >= 16 && off < 20:
		if !p.Dst.Is4() {
			return 0, 0
		}
		a := p.Dst.As4()
		return a[off-16], 0xff
	case off >= 20:
		return p.transport(off - 20)
	}
	return 0, 0
}

func (p *Packet) network6(off uint32) (value, known byte) {
	switch {
	case off == 0:
		return 0x60, 0xf0
	case off == 4 || off == 5:
		if p.Length < 40 {
			return 0, 0
		}
		n := p.Length - 40
		return byte(n >> (8 * (5 - off))), 0xff
	case off == 6:
		return p.Proto, filled(p.Proto != 0)
	case off == 7:
		return p.TTL, filled(p.TTL != 0)
	case off >= 8 && off < 24:
		if !p.Src.IsValid() {
			return 0, 0
		}
		a := p.Src.As16()
		return a[off-8], 0xff
	case off >= 24 && off < 40:
		if !p.Dst.IsValid() {
			return 0, 0
		}
		a := p.Dst.As16()
		return a[off-24], 0xff
	case off >= 40:
		return p.transport(off - 40)
	}
	return 0, 0
}

// transport is a byte counted from the begin of the header behind that of IP.
func (p *Packet) transport(off uint32) (value, known byte) {
	switch {
	case hasPorts(p.Proto) && off < 2:
		return word(p.Sport, off)
	case hasPorts(p.Proto) && off < 4:
		return word(p.Dport, off-2)
	case p.Proto == protoTCP && off == 13:
		return p.TCPFlags, filled(p.TCPFlags != 0)
	case p.Proto == protoTCP: // how long the header is depends on its options
		return 0, 0
	case p.Proto == protoUDP && off < 6:
		head := uint16(20)
		if p.v6() {
			head = 40
		}
		if p.Length <= head {
			return 0, 0
		}
		return word(p.Length-head, off-4)
	case p.Proto == protoUDP && off >= 8:
		return p.inner(off - 8)
	case p.Proto == protoICMP || p.Proto == protoICMP6:
		if off == 0 {
			return p.ICMP.Type, filled(p.ICMP.Known)
		}
		if off == 1 {
			return p.ICMP.Code, filled(p.ICMP.Known)
		}
	}
	return 0, 0
}

// inner is a byte of what the transport protocol carries.
func (p *Packet) inner(off uint32) (value, known byte) {
	if uint64(off) < uint64(len(p.Payload)) {
		return p.Payload[off], 0xff
	}
	return 0, 0
}

// word is a byte of a number in network order; 0 is not known.
func word(n uint16, off uint32) (value, known byte) {
	return byte(n >> (8 * (1 - off))), filled(n != 0)
}

func filled(b bool) byte {
	if b {
		return 0xff
	}
	return 0
}

// load reads n bytes, at most four, from the IP header on.
func (p *Packet) load(off, n uint32) part {
	var v, k [4]byte
	for i := range n {
		at := 4 - n + i
		v[at], k[at] = p.network(off + i)
		v[at] &= k[at]
	}
	for i := range 4 - n {
		k[i] = 0xff
	}
	return part{binary.BigEndian.Uint32(v[:]), binary.BigEndian.Uint32(k[:])}
}

func (a part) and(n uint32) part { return part{a.value & n, a.known | ^n} }

func (a part) left(n uint32) part { return part{a.value << n, a.known<<n | (1<<n - 1)} }

func (a part) right(n uint32) part { return part{a.value >> n, a.known>>n | ^(0xffffffff >> n)} }
