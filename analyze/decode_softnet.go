package analyze

import (
	"fmt"
	"io"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// decodeSoftnet decodes /proc/net/softnet_stat (net/core/net-procfs.c, softnet_seq_show): hex columns, one line for each
// processor online: processed, dropped, time_squeeze, six that are nothing any more, received_rps, flow_limit, and from 5.10
// on the backlog's length and the processor.
func decodeSoftnet(doc string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		v, err := counters(strings.Fields(line), 16)
		if err != nil {
			return err
		}
		if len(v) < 3 {
			return fmt.Errorf("%d columns; want at least 3", len(v))
		}
		row := schema.Softnet{
			Read: readOf(doc), CPU: n - 1, Processed: v[0], Dropped: v[1], TimeSqueeze: v[2],
			ReceivedRPS: nth(v, 9), FlowLimit: nth(v, 10), Backlog: nth(v, 11),
		}
		if cpu := nth(v, 12); cpu != nil {
			row.CPU = *cpu
		}
		rows = append(rows, decoded{n, row})
		return nil
	})
	return rows, err
}

// decodeNeighbourStat decodes /proc/net/stat/arp_cache and ndisc_cache (net/core/neighbour.c, neigh_stat_seq_show): names, then a
// line of hex columns for each possible processor. The entries are those of the whole table in each line.
func decodeNeighbourStat(doc string, r io.Reader) ([]decoded, error) {
	row := schema.NeighbourStat{Read: readOf(doc), Family: "ipv4"}
	if strings.Contains(doc, "ndisc_cache") {
		row.Family = "ipv6"
	}
	columns := map[string]**int64{
		"entries": &row.Entries, "allocs": &row.Allocs, "destroys": &row.Destroys, "lookups": &row.Lookups, "hits": &row.Hits,
		"res_failed": &row.ResFailed, "forced_gc_runs": &row.ForcedGCRuns, "unresolved_discards": &row.UnresolvedDropped,
		"table_fulls": &row.TableFulls,
	}
	var names []string
	at := int64(0)
	err := eachLine(r, func(n int64, line string) error {
		f := strings.Fields(line)
		if names == nil {
			names = f
			if len(f) == 0 || f[0] != "entries" {
				return fmt.Errorf("not the names of its columns: %.60q", line)
			}
			return nil
		}
		v, err := counters(f, 16)
		if err != nil {
			return err
		}
		if len(v) != len(names) {
			return fmt.Errorf("%d columns for %d names", len(v), len(names))
		}
		if at == 0 {
			at = n
		}
		for i, name := range names {
			to := columns[name]
			switch {
			case to == nil:
			case *to == nil || name == "entries":
				*to = &v[i]
			default:
				**to += v[i]
			}
		}
		return nil
	})
	if at == 0 {
		return nil, err
	}
	return []decoded{{at, row}}, err
}
