package scene

import (
	"database/sql"
	"slices"
	"strings"
)

// counterRules are the rules that judge what counters rose by between the two reads: what they find happened in that time. Of what rises
// without a rule calling it bad, nothing is told: counters rise.
var counterRules = []string{
	"cloud-pps-limit", "conntrack-full", "conntrack-insert-failed", "cpu-steal-pressure", "dns-truncation", "listen-overflow", "neigh-table-overflow", "nic-drops",
	"softnet-drops", "syncookies", "tcp-mem-pressure", "tcp-retrans-high", "udp-buffer-errors",
}

const readingQuery = `SELECT host, first_s, last_s FROM reading`

func readCounterEvents(r *eventReader) error {
	type span struct{ first, last sql.NullFloat64 }
	reads := map[string]span{}
	var host string
	var first, last sql.NullFloat64
	if err := r.each(readingQuery, []any{&host, &first, &last}, func() { reads[host] = span{first, last} }); err != nil {
		return err
	}
	for _, f := range r.see.Found {
		at, ok := reads[f.Host]
		if !ok || !slices.Contains(counterRules, f.Rule) || strings.HasSuffix(f.Subject, "/log") { // what a log says has a time of its own
			continue
		}
		from := atSeconds(at.first)
		r.out.add(Event{At: from, Until: until(from, atSeconds(at.last)), Host: f.Host, Lane: LaneCounter, Tone: toneBad, Text: f.Summary, Subject: f.Subject, Ref: f.Ref})
	}
	return nil
}

// captureQuery is when each host was captured, and read, and when it had been started.
const captureQuery = `
SELECT h.host, COALESCE(b.started, h.wall, h.first_read, ''), COALESCE(h.finished_read, b.finished, h.last_read, h.first_read, ''), COALESCE(h.first_read, ''), COALESCE(h.last_read, ''),
  COALESCE(b.interrupted, ''), h.ref
FROM host AS h LEFT JOIN bundle AS b ON b.host = h.host`

func readCaptureEvents(r *eventReader) error {
	var host, from, to, first, last, cut, ref string
	return r.each(captureQuery, []any{&host, &from, &to, &first, &last, &cut, &ref}, func() {
		e := Event{At: when(from), Host: host, Lane: LaneCapture, Text: "captured; the kernel was read once", Ref: ref}
		e.Until = until(e.At, when(to))
		if a, b := when(first), when(last); !a.IsZero() && b.After(a) {
			e.Text = "captured; the kernel was read at " + clockTime(a) + " and at " + clockTime(b)
		}
		if cut != "" {
			e.Tone, e.Text = toneOdd, e.Text+"; cut short: "+oneLine(cut)
		}
		r.out.add(e)
	})
}
