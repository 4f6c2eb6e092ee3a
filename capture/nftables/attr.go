package nftables

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// An attr is one netlink attribute.
type attr struct {
	typ  uint16
	data []byte
}

// parse cuts a run of attributes. On damage it returns what came before, with an error.
func parse(b []byte) ([]attr, error) {
	var as []attr
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return as, fmt.Errorf("a netlink attribute claims %d of %d bytes", n, len(b))
		}
		as = append(as, attr{binary.NativeEndian.Uint16(b[2:]) & 0x3fff, b[4:n]}) // without NLA_F_NESTED, NLA_F_NET_BYTEORDER
		b = b[min((n+3)&^3, len(b)):]
	}
	return as, nil
}

// known cuts a run of attributes and indexes them by type, up to max; later ones win, as in the kernel.
func known(b []byte, max uint16) [][]byte {
	as, _ := parse(b)
	idx := make([][]byte, max+1)
	for _, a := range as {
		if a.typ <= max {
			idx[a.typ] = a.data
		}
	}
	return idx
}

// The numbers in nf_tables' attributes are in network order. Readers take what is too short for zero.

func be16(b []byte) uint16 {
	if len(b) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}

func be32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func be64(b []byte) uint64 {
	if len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

func str(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
