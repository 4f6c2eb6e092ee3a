package capture

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// Reading the kernel's log takes nothing out of it: a second reader sees the same records.
func TestIntegrationKmsg(t *testing.T) {
	h := &Host{Options: Options{Since: 1000 * time.Hour}.withDefaults()}
	first, err := readKmsg(context.Background(), h)
	if err != nil {
		t.Skip(err)
	}
	second, err := readKmsg(context.Background(), h)
	if err != nil {
		t.Fatal(err)
	}
	if first.dropped > 0 || first.kept() == 0 {
		t.Skipf("%d records, %d left out", first.kept(), first.dropped)
	}
	// Meanwhile the kernel may have written, and overwritten the oldest; what both saw is the same.
	a, b := string(first.bytes()), string(second.bytes())
	begin, _, _ := strings.Cut(b, "\n")
	at := strings.Index(a, begin)
	if at < 0 || !strings.HasPrefix(b, a[at:]) {
		t.Errorf("the second reader saw %d records, the first %d", second.kept(), first.kept())
	}
	for i, line := range strings.Split(strings.TrimSuffix(a, "\n"), "\n") {
		if _, _, ok := kmsgHead([]byte(line)); !ok && !strings.HasPrefix(line, " ") {
			t.Errorf("line %d is no record: %.80q", i+1, line)
		}
	}
	text, err := klogAll(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte("] ")) {
		t.Errorf("syslog(2) gave %.80q", text)
	}
	// A bound keeps the newest.
	h.Options.LogBytes = 500
	small, err := readKmsg(context.Background(), h)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(small.bytes())) > 1000 || small.dropped == 0 && first.kept() > 10 {
		t.Errorf("%d bytes, %d dropped", len(small.bytes()), small.dropped)
	}
}

// A fifo or a file in the place of /dev/kmsg is not opened; the other sources are tried.
func TestKmsgOther(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"/dev", "/var/log"} {
		if err := os.MkdirAll(root+dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(root+"/dev/kmsg", []byte("6,1,1,-;no\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readKmsg(context.Background(), &Host{Options: Options{Root: root}.withDefaults()}); err == nil || !strings.Contains(err.Error(), "is not the kernel's log") {
		t.Errorf("%v", err)
	}
	// Whatever the machine allows, one document holds the log and the others say why they do not.
	cover, entries := runAlone(t, &Host{Options: Options{Root: root}.withDefaults()}, kernelLog)
	held := 0
	for _, c := range cover {
		if c.Outcome == schema.OK || c.Outcome == schema.Truncated {
			held++
			if entries[c.Document] == "" {
				t.Errorf("%s is empty", c.Document)
			}
		}
	}
	if held > 1 || len(cover) != len(kernelDocs) {
		t.Errorf("%+v", cover)
	}
}

func TestTail(t *testing.T) {
	tl := newTail(30)
	for i := range 1000 {
		tl.add(fmt.Appendf(nil, "record %d\n", i))
	}
	if got := string(tl.bytes()); got != "record 998\nrecord 999\n" || tl.kept() != 2 || tl.dropped != 998 || len(tl.buf) > 100 {
		t.Errorf("%q, %d kept, %d dropped, %d bytes held", got, tl.kept(), tl.dropped, len(tl.buf))
	}
	tl = newTail(3) // the newest stays, however long it is
	tl.add([]byte("longer"))
	if string(tl.bytes()) != "longer" {
		t.Errorf("%q", tl.bytes())
	}
}

// Records that are older than asked for stay when they are warnings or worse.
func TestKmsgHead(t *testing.T) {
	tests := []struct {
		rec   string
		level int
		us    int64
		ok    bool
	}{
		{"6,339,5140900,-;NET: Registered protocol family 10\n", 6, 5140900, true},
		{"30,340,5690716,-,caller=T1;udevd[80]: starting\n", 6, 5690716, true},
		{"3,341,1,-;x", 3, 1, true},
		{" SUBSYSTEM=net", 0, 0, false},
		{"", 0, 0, false},
		{"6,1;x", 0, 0, false},
	}
	for _, test := range tests {
		level, us, ok := kmsgHead([]byte(test.rec))
		if level != test.level || us != test.us || ok != test.ok {
			t.Errorf("%q: %d %d %v", test.rec, level, us, ok)
		}
	}
}
