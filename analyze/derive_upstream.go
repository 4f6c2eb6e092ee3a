package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"net/netip"
	"regexp"
	"slices"

	"github.com/netmortem/netmortem/schema"
)

// dnsServerFailure reads what the resolver writes about servers outside. Engines from 24 on name the server in the field dns-server; older
// ones have it in the text of the error, and write most of it in debug mode only.
var dnsServerFailure = Derived{
	Name: "dns_server_failure",
	Doc:  "Servers outside that Docker's resolver asked in vain, by the daemon's log: one row a host and server.",
	Columns: []schema.Column{
		colHost(),
		must(text("server", schema.Addr, "address of the server")),
		must(whole("lines", "lines of the log that name it")),
		must(whole("timeouts", "of these: no answer came in time")),
		text("first", schema.Plain, "time of the first one"),
		text("last", schema.Plain, "time of the last one"),
		must(refCol("ref", "row of log_line of the last one")),
	},
	Reads: []string{"log_line"},
	Index: []string{"host, server"},
	Fill:  fillDNSServerFailure,
}

// dnsServer finds the server's address in fields or text of a line.
var dnsServer = regexp.MustCompile(`(?:dns-server="?(?:udp|tcp)?:?|->|dial (?:udp|tcp) )(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):53\b`)

func fillDNSServerFailure(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	type key struct{ host, server string }
	type sum struct {
		key
		lines, timeouts  int64
		first, last, ref string
	}
	sums := map[key]*sum{}
	for scan, err := range queried(ctx, tx, `
SELECT host, COALESCE(time, stamp, ''), text || ' ' || COALESCE(error, '') || ' ' || COALESCE(fields, ''), ref
FROM log_line WHERE class = 'dns-fails' ORDER BY host, ref`) {
		if err != nil {
			return err
		}
		var host, at, text, ref string
		if err := scan(&host, &at, &text, &ref); err != nil {
			return err
		}
		m := dnsServer.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		ip, err := netip.ParseAddr(m[1] + m[2])
		if err != nil {
			continue
		}
		k := key{host, ip.Unmap().String()}
		s := sums[k]
		if s == nil {
			s = &sum{key: k, first: at, last: at, ref: ref}
			sums[k] = s
		}
		s.lines++
		if timedOut.MatchString(text) {
			s.timeouts++
		}
		s.first = min(s.first, at)
		if at >= s.last {
			s.last, s.ref = at, ref
		}
	}
	list := make([]*sum, 0, len(sums))
	for _, s := range sums {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *sum) int { return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.server, b.server)) })
	for _, s := range list {
		if err := put(s.host, s.server, s.lines, s.timeouts, orNull(s.first), orNull(s.last), s.ref); err != nil {
			return err
		}
	}
	return nil
}

var timedOut = regexp.MustCompile(`i/o timeout|deadline exceeded`)
