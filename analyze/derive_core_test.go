package analyze

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// TestCoreDestination goes through the ways in which a core gets lost, and those in which it does not.
func TestCoreDestination(t *testing.T) {
	const file = `"kind":"relative","pattern":"core","path":"/app/core","mount":"/","fstype":"overlay",`
	const good = `"dir_found":true,"read_only":false,"writable":true,"layer":true,"free_bytes":1000000000,"rss_bytes":5000000,`
	const unlimited = `"limit_soft":9223372036854775807,"limit_hard":9223372036854775807`
	tests := []struct{ name, row, want string }{
		{"pipe", `"kind":"pipe","handler":"/usr/share/apport/apport","handler_found":true,"limit_soft":0`, "handler: core_pattern pipes to /usr/share/apport/apport, which runs on the host whoever crashes"},
		{"pipe without its program", `"kind":"pipe","handler":"/usr/share/apport/apport","handler_found":false,"limit_soft":0`, "lost: core_pattern pipes to /usr/share/apport/apport, which the host does not have"},
		{"pipe and 1 byte", `"kind":"pipe","handler":"/bin/x","handler_found":true,"limit_soft":1`, "lost: RLIMIT_CORE is 1 byte, which stops even pipes"},
		{"empty", `"kind":"none",` + unlimited, "lost: core_pattern is empty: no core is written"},
		{"socket", `"kind":"socket",` + unlimited, "handler: core_pattern hands cores to a socket: what listens there decides"},
		{"layer", file + good + unlimited, "until-removed: /app/core is in the container's own layer: it is deleted with the container"},
		{"volume", strings.ReplaceAll(file, `"mount":"/"`, `"mount":"/app"`) + strings.ReplaceAll(good, `"layer":true`, `"layer":false`) + unlimited, "lands: /app/core is on overlay mounted at /app"},
		{"limit", file + good + `"limit_soft":0,"limit_hard":9223372036854775807`, "lost: RLIMIT_CORE is 0: no file is written (the hard limit would allow one)"},
		{"hard limit", file + good + `"limit_soft":0,"limit_hard":0`, "lost: RLIMIT_CORE is 0: no file is written"},
		{"small limit", file + good + `"limit_soft":4096`, "cut-short: RLIMIT_CORE is 4096 bytes, and the process holds 5000000"},
		{"no directory", file + `"dir_found":false,"read_only":false,"layer":true,` + unlimited, "lost: the directory of /app/core does not exist as the process sees it"},
		{"read-only", file + strings.ReplaceAll(good, `"read_only":false`, `"read_only":true`) + unlimited, "lost: / is read-only for the process"},
		{"not allowed", file + strings.ReplaceAll(good, `"writable":true`, `"writable":false`) + unlimited, "lost: the user of the process may not write to the directory of /app/core"},
		{"full", file + strings.ReplaceAll(good, `1000000000`, `4096`) + unlimited, "lost: only 4096 bytes are free on /"},
		{"nearly full", file + strings.ReplaceAll(good, `1000000000`, `2000000`) + unlimited, "cut-short: only 2000000 bytes are free on /, and the process holds 5000000"},
		{"nothing known", file + `"layer":true`, "unknown: not known: RLIMIT_CORE"},
		{"no look", file + unlimited, "unknown: not known: whether the directory of /app/core exists"},
	}
	var rows strings.Builder
	for i, test := range tests {
		fmt.Fprintf(&rows, `{"pid":%d,%s}`+"\n", i+1, test.row)
	}
	h := &fixtureHost{
		name: "a", meta: schema.Meta{Format: schema.FormatVersion, CaptureID: "a", Host: "a"},
		files: map[string][]byte{"rows/core_target.jsonl": []byte(rows.String())},
	}
	h.complete()
	db, _, _ := loadHosts(t, []*fixtureHost{h}, computed())
	got, err := column(context.Background(), db.tx, "SELECT verdict || ': ' || reason FROM core_destination ORDER BY pid")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(tests) {
		t.Fatalf("%d rows, want %d: %v", len(got), len(tests), got)
	}
	for i, test := range tests {
		if got[i] != test.want {
			t.Errorf("%s: got %q\nwant %q", test.name, got[i], test.want)
		}
	}
}
