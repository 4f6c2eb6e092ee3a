package show

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// showIPVSConnections prints what IPVS remembers, as ipvsadm -Lnc does, of each namespace at the last of two reads.
func showIPVSConnections(ctx context.Context, p *printer, x *index, v *view) error {
	return p.documents(ctx, x, v, func(e *schema.Entry) error {
		if _, again := x.entries[e.Name+".last"]; again {
			return nil // there is a later one
		}
		ns := x.chosen[strings.Split(e.Name, "/")[2]] // documents picks by it
		if err := p.header(x, ns); err != nil {
			return err
		}
		if !p.options.JSON {
			if err := p.text("IPVS connection entries\npro expire state       source             virtual            destination\n"); err != nil {
				return err
			}
		}
		return eachLine(e, func(n int64, line []byte) error {
			switch {
			case n == 1: // the heading
				return nil
			case p.options.JSON:
				return p.rawText(e.Name, n, string(line))
			}
			text, err := connectionText(string(line))
			if err != nil {
				return p.gap("%s/%s:%d cannot be read: %v", x.source.host, e.Name, n, err)
			}
			return p.text(text)
		})
	})
}

// connectionText is one line of /proc/net/ip_vs_conn (net/netfilter/ipvs/ip_vs_conn.c: ip_vs_conn_seq_show): protocol,
// three pairs of address and port in hexadecimal, state, seconds, and what a persistence engine goes by.
func connectionText(line string) (string, error) {
	f := strings.Fields(line)
	if len(f) < 9 {
		return "", fmt.Errorf("%d words, not 9", len(f))
	}
	var ends [3]string
	for i := range ends {
		a, err := connectionAddress(f[1+2*i])
		if err != nil {
			return "", err
		}
		port, err := strconv.ParseUint(f[2+2*i], 16, 16)
		if err != nil {
			return "", err
		}
		ends[i] = endpoint(a, int64(port))
	}
	seconds, err := strconv.ParseInt(f[8], 10, 64)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%-3s %-6s %-11s %-18s %-18s %s", f[0], fmt.Sprintf("%02d:%02d", seconds/60, seconds%60), f[7], ends[0], ends[1], ends[2])
	if len(f) > 9 {
		text += " " + strings.Join(f[9:], " ")
	}
	return text + "\n", nil
}

// connectionAddress is eight hexadecimal digits for IPv4, or IPv6 written out.
func connectionAddress(s string) (netip.Addr, error) {
	if b, err := hex.DecodeString(s); err == nil && len(b) == 4 {
		return netip.AddrFrom4([4]byte(b)), nil
	}
	return netip.ParseAddr(s)
}
