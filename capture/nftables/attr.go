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

// each cuts a run of attributes and calls f with one after the other. On damage it ends with an error.
func each(b []byte, f func(attr)) error {
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return fmt.Errorf("a netlink attribute claims %d of %d bytes", n, len(b))
		}
		f(attr{binary.NativeEndian.Uint16(b[2:]) & 0x3fff, b[4:n]}) // without NLA_F_NESTED, NLA_F_NET_BYTEORDER
		b = b[min((n+3)&^3, len(b)):]
	}
	return nil
}

// parse cuts a run of attributes. On damage it returns what came before, with an error.
func parse(b []byte) (as []attr, err error) {
	err = each(b, func(a attr) { as = append(as, a) })
	return as, err
}

// known cuts a run of attributes and indexes them by type, up to max; later ones win, as in the kernel.
func known(b []byte, max uint16) [][]byte {
	idx, _ := indexed(b, max)
	return idx
}

// indexed is known, with the error of a run that is damaged.
func indexed(b []byte, max uint16) ([][]byte, error) {
	idx := make([][]byte, max+1)
	err := each(b, func(a attr) {
		if a.typ <= max {
			idx[a.typ] = a.data
		}
	})
	return idx, err
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
