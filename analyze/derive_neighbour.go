package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"net/netip"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// neighbourUse counts what gc_thresh3 bounds. Until kernel 4.20 that was every entry of every namespace. Since 5.0
// (net/core/neighbour.c, gc_entries) permanent entries are neither counted nor refused, so the rows of Docker's driver no
// longer fill the table; what does are the entries that hosts and containers learn. Entries are counted from the rows of all
// namespaces that were captured, so the figure is a lower bound there.
var neighbourUse = Derived{
	Name: "neighbour_use",
	Doc:  "How full the neighbour table is that all namespaces of a host share: one row a host and family.",
	Columns: []schema.Column{
		colHost(),
		must(text("family", schema.Plain, "ipv4 (arp_cache) or ipv6 (ndisc_cache)")),
		whole("entries", "entries of all namespaces"),
		must(whole("permanent", "permanent ones among the rows that were captured")),
		whole("counted", "entries that count towards the bound: all of them, or, with kernel 5.0 and newer, those that are not permanent"),
		whole("thresh1", "gc_thresh1"),
		whole("thresh2", "gc_thresh2"),
		whole("thresh3", "gc_thresh3: the bound"),
		whole("fulls", "entries refused since boot, last read"),
		whole("fulls_grew", "entries refused between the two reads"),
		must(whole("permanent_counts", "1 when permanent entries count: kernels before 5.0")),
		must(refCol("stat_ref", "row of neighbour_stat")),
		refCol("thresh_ref", "row of sysctl for gc_thresh3"),
	},
	Query: `
WITH stat AS (
  SELECT host, family, MAX(CASE WHEN read = 'first' THEN entries END) AS entries_first, MAX(CASE WHEN read = 'last' THEN entries END) AS entries_last,
    MAX(CASE WHEN read = 'first' THEN table_fulls END) AS fulls_first, MAX(CASE WHEN read = 'last' THEN table_fulls END) AS fulls_last,
    MAX(ref) AS ref
  FROM neighbour_stat GROUP BY host, family
), held AS (
  SELECT host, CASE WHEN instr(ip, ':') > 0 THEN 'ipv6' ELSE 'ipv4' END AS family,
    SUM(CASE WHEN instr(state, 'permanent') > 0 THEN 1 ELSE 0 END) AS permanent,
    SUM(CASE WHEN instr(state, 'permanent') > 0 OR instr(COALESCE(flags, ''), 'extern_learn') > 0 OR seen = 'first' THEN 0 ELSE 1 END) AS learned
  FROM neighbour WHERE instr(COALESCE(flags, ''), 'proxy') = 0
  GROUP BY host, CASE WHEN instr(ip, ':') > 0 THEN 'ipv6' ELSE 'ipv4' END
), bound AS (
  SELECT s.host, substr(s.key, 5, 4) AS family,
    MAX(CASE WHEN s.key LIKE '%gc_thresh1' THEN CAST(s.value AS INTEGER) END) AS t1,
    MAX(CASE WHEN s.key LIKE '%gc_thresh2' THEN CAST(s.value AS INTEGER) END) AS t2,
    MAX(CASE WHEN s.key LIKE '%gc_thresh3' THEN CAST(s.value AS INTEGER) END) AS t3,
    MAX(CASE WHEN s.key LIKE '%gc_thresh3' THEN s.ref END) AS ref
  FROM sysctl AS s JOIN netns AS n ON n.host = s.host AND n.netns = s.netns AND n.kind = 'host'
  WHERE s.key LIKE 'net.ipv_.neigh.default.gc_thresh_' GROUP BY s.host, substr(s.key, 5, 4)
)
SELECT t.host, t.family, COALESCE(t.entries_last, t.entries_first), COALESCE(d.permanent, 0),
  CASE WHEN h.old = 1 THEN COALESCE(t.entries_last, t.entries_first) ELSE d.learned END,
  b.t1, b.t2, b.t3, COALESCE(t.fulls_last, t.fulls_first), t.fulls_last - t.fulls_first, h.old, t.ref, b.ref
FROM stat AS t
JOIN (SELECT host, CASE WHEN CAST(kernel AS INTEGER) < 5 THEN 1 ELSE 0 END AS old FROM host) AS h ON h.host = t.host
LEFT JOIN held AS d ON d.host = t.host AND d.family = t.family
LEFT JOIN bound AS b ON b.host = t.host AND b.family = t.family`,
	Index: []string{"host"},
}

// oddNeighbour keeps the few neighbours whose hardware address is not the one that libnetwork derives from the IPv4 address.
var oddNeighbour = Derived{
	Name: "odd_neighbour",
	Doc:  "Permanent neighbours on VXLAN devices whose hardware address does not follow from their address.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("ip", schema.Addr, "address")),
		must(text("mac", schema.Addr, "hardware address that it is answered with")),
		must(text("derived_mac", schema.Addr, "hardware address that libnetwork derives from the address")),
		text("mac_ip", schema.Addr, "address that the hardware address stands for, if it is of libnetwork's form"),
		must(text("seen", schema.Plain, "first, last or both: which of the two reads held it")),
		must(refCol("ref", "row of neighbour")),
	},
	Reads: []string{"vxlan_neighbour"},
	Index: []string{"host, netns"},
	Fill:  fillOddNeighbour,
}

// fillOddNeighbour looks at each pair of addresses once, since a network's are the same on all of its hosts, and goes through the
// rows only when one is odd.
func fillOddNeighbour(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	type pair struct{ ip, mac string }
	odd := map[pair]string{} // what libnetwork would have derived
	err := eachRow(ctx, tx, "SELECT DISTINCT ip, mac FROM vxlan_neighbour WHERE mac IS NOT NULL", 2, func(v []string) {
		if ip, err := netip.ParseAddr(v[0]); err == nil && ip.Is4() && v[1] != macOf(ip) {
			odd[pair{v[0], v[1]}] = macOf(ip)
		}
	})
	if err != nil || len(odd) == 0 {
		return err
	}
	var failed error
	err = eachRow(ctx, tx, "SELECT host, netns, ip, mac, seen, ref FROM vxlan_neighbour WHERE mac IS NOT NULL ORDER BY host, ref", 6, func(v []string) {
		if want := odd[pair{v[2], v[3]}]; want != "" && failed == nil {
			failed = put(v[0], v[1], v[2], v[3], want, ipOfMAC(v[3]), v[4], v[5])
		}
	})
	return cmp.Or(err, failed)
}

// ipOfMAC is the IPv4 address in a hardware address of libnetwork's form; nil when it is of another.
func ipOfMAC(mac string) any {
	rest, ok := strings.CutPrefix(mac, "02:42:")
	if !ok {
		return nil
	}
	var b [4]byte
	for i, part := range strings.Split(rest, ":") {
		n, err := strconv.ParseUint(part, 16, 8)
		if err != nil || i > 3 {
			return nil
		}
		b[i] = byte(n)
	}
	return netip.AddrFrom4(b).String()
}
