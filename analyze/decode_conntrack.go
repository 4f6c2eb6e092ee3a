package analyze

import (
	"fmt"
	"io"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// decodeConntrackStat decodes /proc/net/stat/nf_conntrack: a line of names, then a line of hexadecimal numbers for each
// processor (net/netfilter/nf_conntrack_standalone.c, ct_cpu_seq_show). The processors are summed. What is under entries
// is the same in every line, and is in conntrack_usage.
func decodeConntrackStat(doc string, r io.Reader) ([]decoded, error) {
	row := schema.ConntrackStat{Netns: documentNetns(doc), Read: readOf(doc)}
	var names []string
	err := eachLine(r, func(_ int64, line string) error {
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
			return nil
		case names == nil:
			names = f
			return nil
		case len(f) != len(names):
			return fmt.Errorf("%d numbers; want %d", len(f), len(names))
		}
		v, err := counters(f, 16)
		if err != nil {
			return err
		}
		row.CPUs++
		for i, name := range names {
			addConntrackStat(&row, name, v[i])
		}
		return nil
	})
	if row.CPUs == 0 {
		return nil, err
	}
	return []decoded{{1, row}}, err
}

// decodeConntrackCPU decodes ctnetlink_stat_cpu.json, which capture writes where procfs lacks the former: the counters of
// each processor by the same names.
func decodeConntrackCPU(doc string, r io.Reader) ([]decoded, error) {
	row := schema.ConntrackStat{Netns: documentNetns(doc), Read: readOf(strings.TrimSuffix(doc, ".json"))}
	err := elements(r, func(_ int64, e *map[string]int64) error {
		row.CPUs++
		for name, v := range *e {
			addConntrackStat(&row, name, v)
		}
		return nil
	})
	if row.CPUs == 0 {
		return nil, err
	}
	return []decoded{{1, row}}, err
}

// addConntrackStat adds one processor's counter to the sum. Names that mean nothing any more are left out.
func addConntrackStat(row *schema.ConntrackStat, name string, v int64) {
	to := map[string]**int64{
		"found": &row.Found, "invalid": &row.Invalid, "ignore": &row.Ignore, "insert": &row.Insert, "insert_failed": &row.InsertFailed,
		"drop": &row.Drop, "early_drop": &row.EarlyDrop, "icmp_error": &row.ICMPError, "search_restart": &row.SearchRestart,
		"clashres": &row.ClashResolve, "chainlength": &row.ChainTooLong, "chaintoolong": &row.ChainTooLong,
	}[name]
	if to == nil {
		return
	}
	if *to == nil {
		*to = new(int64)
	}
	**to += v
}
