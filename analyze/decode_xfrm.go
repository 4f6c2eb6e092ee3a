package analyze

import (
	"fmt"
	"io"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// decodeXfrmStat decodes /proc/net/xfrm_stat: a name and a number a line (net/xfrm/xfrm_proc.c).
func decodeXfrmStat(doc string, r io.Reader) ([]decoded, error) {
	netns, read := documentNetns(doc), readOf(doc)
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		f := strings.Fields(line)
		if len(f) == 0 {
			return nil
		}
		if len(f) != 2 {
			return fmt.Errorf("%d words; want a name and a number", len(f))
		}
		v, err := counter(f[1], 10)
		if err == nil {
			rows = append(rows, decoded{n, schema.XfrmStat{Netns: netns, Read: read, Counter: f[0], Packets: v}})
		}
		return err
	})
	return rows, err
}
