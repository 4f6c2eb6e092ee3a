package analyze

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// decodeSockstat decodes /proc/net/sockstat and sockstat6 (net/ipv4/proc.c, net/ipv6/proc.c): a protocol, then names and
// numbers in turn.
func decodeSockstat(doc string, r io.Reader) ([]decoded, error) {
	row := schema.Sockstat{Netns: documentNetns(doc), Read: readOf(doc), Family: "ipv4"}
	if strings.Contains(doc, "sockstat6") {
		row.Family = "ipv6"
	}
	columns := map[string]**int64{
		"sockets used": &row.SocketsUsed,
		"TCP inuse":    &row.TCPInuse, "TCP orphan": &row.TCPOrphan, "TCP tw": &row.TCPTw, "TCP alloc": &row.TCPAlloc, "TCP mem": &row.TCPMemPages,
		"UDP inuse": &row.UDPInuse, "UDP mem": &row.UDPMemPages, "RAW inuse": &row.RawInuse,
		"FRAG inuse": &row.FragInuse, "FRAG memory": &row.FragMemory,
		"TCP6 inuse": &row.TCPInuse, "UDP6 inuse": &row.UDPInuse, "RAW6 inuse": &row.RawInuse,
		"FRAG6 inuse": &row.FragInuse, "FRAG6 memory": &row.FragMemory,
	}
	at := int64(0)
	err := eachLine(r, func(n int64, line string) error {
		proto, rest, ok := strings.Cut(line, ":")
		f := strings.Fields(rest)
		if !ok || len(f)%2 != 0 {
			return fmt.Errorf("not a protocol with names and numbers: %.60q", line)
		}
		if at == 0 {
			at = n
		}
		for i := 0; i < len(f); i += 2 {
			if to := columns[proto+" "+f[i]]; to != nil {
				v, err := counter(f[i+1], 10)
				if err != nil {
					return fmt.Errorf("%s %s: %w", proto, f[i], err)
				}
				*to = &v
			}
		}
		return nil
	})
	if at == 0 {
		if err == nil {
			err = errors.New("no counters")
		}
		return nil, err
	}
	return []decoded{{at, row}}, err
}
