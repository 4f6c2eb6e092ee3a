package analyze

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// decodeXfrmStat decodes /proc/net/xfrm_stat: a name and a number a line (net/xfrm/xfrm_proc.c).
func decodeXfrmStat(doc string, r io.Reader) ([]decoded, error) {
	netns, read := documentNetns(doc), documentRead(doc)
	var rows []decoded
	sc := bufio.NewScanner(r)
	for n := int64(1); sc.Scan(); n++ {
		f := strings.Fields(sc.Text())
		if len(f) == 0 {
			continue
		}
		if len(f) != 2 {
			return rows, &elementError{n, fmt.Errorf("%d words; want a name and a number", len(f))}
		}
		v, err := strconv.ParseUint(f[1], 10, 64)
		if err != nil {
			return rows, &elementError{n, fmt.Errorf("not a counter: %.40q", f[1])}
		}
		rows = append(rows, decoded{n, schema.XfrmStat{Netns: netns, Read: read, Counter: f[0], Packets: int64(v & (1<<63 - 1))}})
	}
	if err := sc.Err(); err != nil {
		return rows, fmt.Errorf("read: %w", err)
	}
	return rows, nil
}
