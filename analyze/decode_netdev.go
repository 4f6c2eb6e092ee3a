package analyze

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// decodeNetdev decodes /proc/net/dev: two lines of heading, then "name: 16 numbers" (net/core/net-procfs.c,
// dev_seq_printf_stats: rx bytes packets errs drop fifo frame compressed multicast, tx bytes packets errs drop …).
func decodeNetdev(doc string, r io.Reader) ([]decoded, error) {
	read := schema.SeenFirst
	if strings.HasSuffix(doc, ".last") {
		read = schema.SeenLast
	}
	netns := documentNetns(doc)
	var rows []decoded
	sc := bufio.NewScanner(r)
	for n := int64(1); sc.Scan(); n++ {
		if n <= 2 {
			continue
		}
		// A device name may hold a colon (old aliases), so the last one parts it from the numbers.
		at := strings.LastIndexByte(sc.Text(), ':')
		if at < 0 {
			return rows, &elementError{n, fmt.Errorf("no device name: %.40q", sc.Text())}
		}
		f := strings.Fields(sc.Text()[at+1:])
		if len(f) < 12 {
			return rows, &elementError{n, fmt.Errorf("%d numbers; want 16", len(f))}
		}
		var v [12]int64
		for i := range v {
			u, err := strconv.ParseUint(f[i], 10, 64)
			if err != nil {
				return rows, &elementError{n, fmt.Errorf("not a counter: %.40q", f[i])}
			}
			v[i] = int64(u & (1<<63 - 1))
		}
		rows = append(rows, decoded{n, schema.NetdevCounter{
			Netns: netns, Read: read, Dev: strings.TrimSpace(sc.Text()[:at]),
			RxBytes: v[0], RxPackets: v[1], RxErrs: v[2], RxDrop: v[3],
			TxBytes: v[8], TxPackets: v[9], TxErrs: v[10], TxDrop: v[11],
		}})
	}
	if err := sc.Err(); err != nil {
		return rows, fmt.Errorf("read: %w", err)
	}
	return rows, nil
}
