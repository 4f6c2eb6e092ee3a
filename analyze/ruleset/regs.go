package ruleset

import (
	"encoding/binary"
	"net/netip"
)

// Registers hold 64 bytes; of each byte it is known which bits are.

func (s *state) put(at uint32, b []byte) {
	for i, x := range b {
		s.regs[at+uint32(i)], s.known[at+uint32(i)] = x, 0xff
	}
	for i := uint32(len(b)); i%4 != 0 && at+i < 64; i++ { // nft_reg_store8 and 16 clear the rest of the word
		s.regs[at+i], s.known[at+i] = 0, 0xff
	}
}

// forget makes n bytes unknown.
func (s *state) forget(at, n uint32) {
	for i := at; i < at+n && i < 64; i++ {
		s.regs[i], s.known[i] = 0, 0
	}
}

// put32 stores a number in the order of the host.
func (s *state) put32(at uint32, p part) {
	var v, k [4]byte
	binary.LittleEndian.PutUint32(v[:], p.value&p.known)
	binary.LittleEndian.PutUint32(k[:], p.known)
	copy(s.regs[at:], v[:])
	copy(s.known[at:], k[:])
}

func (s *state) get32(at uint32) part {
	return part{binary.LittleEndian.Uint32(s.regs[at:]), binary.LittleEndian.Uint32(s.known[at:])}
}

// bytes16 is a number of two bytes in network order, 0 when it is not known.
func (s *state) bytes16(at uint32) uint16 {
	if s.known[at]&s.known[at+1] != 0xff {
		return 0
	}
	return binary.BigEndian.Uint16(s.regs[at:])
}

// addrAt is an address of the family of the packet, invalid when it is not known.
func (s *state) addrAt(at uint32) netip.Addr {
	n := uint32(4)
	if s.v6 {
		n = 16
	}
	if at+n > 64 || !s.sure(at, n) {
		return netip.Addr{}
	}
	a, _ := netip.AddrFromSlice(s.regs[at : at+n])
	return a
}

// sure says whether all bits of n bytes are known.
func (s *state) sure(at, n uint32) bool {
	for i := at; i < at+n; i++ {
		if s.known[i] != 0xff {
			return false
		}
	}
	return true
}

// equal compares bytes.
func (s *state) equal(at uint32, b []byte) Tri {
	answer := Yes
	for i, x := range b {
		k := s.known[at+uint32(i)]
		if (s.regs[at+uint32(i)]^x)&k != 0 {
			return No
		}
		if k != 0xff {
			answer = Unknown
		}
	}
	return answer
}

// order compares bytes as memcmp does: -1, 0 or 1.
func (s *state) order(at uint32, b []byte) (int, bool) {
	for i, x := range b {
		if s.known[at+uint32(i)] != 0xff {
			return 0, false
		}
		switch y := s.regs[at+uint32(i)]; {
		case y < x:
			return -1, true
		case y > x:
			return 1, true
		}
	}
	return 0, true
}

// within says whether bytes lie between two others, both ends in it.
func (s *state) within(at uint32, lo, hi []byte) Tri {
	a, ok1 := s.order(at, lo)
	b, ok2 := s.order(at, hi)
	switch {
	case ok1 && a < 0, ok2 && b > 0:
		return No
	case !ok1 || !ok2:
		return Unknown
	}
	return Yes
}
