package analyze

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// decodeIPVSConnections decodes /proc/net/ip_vs_conn: a line of heading, then a line a connection, protocol, three pairs of
// address and port, state, seconds, and what a persistence engine goes by (net/netfilter/ipvs/ip_vs_conn.c,
// ip_vs_conn_seq_show). IPv4 addresses are eight hexadecimal digits, IPv6 ones are written out, ports are four digits.
func decodeIPVSConnections(doc string, r io.Reader) ([]decoded, error) {
	netns, read := documentNetns(doc), readOf(doc)
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		f := strings.Fields(line)
		if n == 1 || len(f) == 0 {
			return nil
		}
		row, err := ipvsConnection(f)
		if err == nil {
			row.Netns, row.Read = netns, read
			rows = append(rows, decoded{n, row})
		}
		return err
	})
	return rows, err
}

func ipvsConnection(f []string) (schema.IPVSConnection, error) {
	var c schema.IPVSConnection
	if len(f) < 9 {
		return c, fmt.Errorf("%d words; want 9", len(f))
	}
	c.Proto, c.State = strings.ToLower(f[0]), f[7]
	for i, to := range []struct {
		addr *netip.Addr
		port *int64
	}{{&c.Client, &c.CPort}, {&c.VAddress, &c.VPort}, {&c.Address, &c.Port}} {
		var err error
		if *to.addr, err = hexAddr(f[1+2*i]); err != nil {
			return c, err
		}
		if *to.port, err = strconv.ParseInt(f[2+2*i], 16, 32); err != nil || *to.port < 0 {
			return c, fmt.Errorf("not a port: %.40q", f[2+2*i])
		}
	}
	var err error
	if c.ExpiresS, err = strconv.ParseInt(f[8], 10, 64); err != nil {
		return c, fmt.Errorf("not a number of seconds: %.40q", f[8])
	}
	if len(f) > 9 {
		c.PE, c.PEData = f[9], strings.Join(f[10:], " ")
	}
	return c, nil
}

// hexAddr is an address of IPVS: eight hexadecimal digits for IPv4, the usual form for IPv6.
func hexAddr(s string) (netip.Addr, error) {
	if len(s) == 8 {
		if b, err := hex.DecodeString(s); err == nil {
			return netip.AddrFrom4([4]byte(b)), nil
		}
	}
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is6() || a.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("not an address: %.40q", s)
	}
	return a, nil
}
