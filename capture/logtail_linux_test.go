package capture

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTailOf(t *testing.T) {
	var b bytes.Buffer
	for i := range 100_000 { // longer than some chunks
		fmt.Fprintf(&b, "line %d\n", i)
	}
	b.WriteString("no newline")
	long := strings.Repeat("x", tailChunk*2+17) + "\nlast\n"
	odd := func(line []byte) keeping {
		switch {
		case bytes.HasPrefix(line, []byte("line 99990")):
			return stopLine
		case bytes.HasSuffix(line, []byte("1\n")), bytes.HasSuffix(line, []byte("3\n")):
			return keepLine
		}
		return skipLine
	}
	all := int64(1) << 40
	tests := []struct {
		name, text  string
		limit, scan int64
		choose      func([]byte) keeping
		want        string
		lines       int64
		cut         bool
	}{
		{"all of it", "a\nb\n", 100, all, nil, "a\nb\n", 2, false},
		{"empty", "", 100, all, nil, "", 0, false},
		{"one line without an end", "a", 100, all, nil, "a", 1, false},
		{"bound", "aaa\nbbb\nccc\n", 8, all, nil, "bbb\nccc\n", 2, true},
		{"bound is exact", "bbb\nccc\n", 8, all, nil, "bbb\nccc\n", 2, false},
		{"many chunks", b.String(), 31, all, nil, "line 99999\nno newline", 2, true},
		{"chosen", b.String(), 1000, all, odd, "line 99991\nline 99993\n", 2, false},
		{"bound on looking", b.String(), 1000, 1, func([]byte) keeping { return skipLine }, "", 0, true},
		{"line longer than a chunk", long, 10, all, nil, "last\n", 1, true},
		{"line longer than a chunk, kept", long, all, all, nil, long, 2, false},
		{"empty lines", "\n\na\n\n", 100, all, nil, "\n\na\n\n", 4, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, got, err := tailOf(context.Background(), strings.NewReader(test.text), int64(len(test.text)), test.limit, test.scan, test.choose)
			if err != nil {
				t.Fatal(err)
			}
			if string(text) != test.want || got.lines != test.lines || got.cut != test.cut {
				t.Errorf("got %d bytes %.60q, %d lines, cut %v; want %d bytes %.60q, %d lines, cut %v",
					len(text), text, got.lines, got.cut, len(test.want), test.want, test.lines, test.cut)
			}
		})
	}
}

// A file that shrinks while it is read is an error, not an endless loop.
func TestTailOfShrinking(t *testing.T) {
	if _, _, err := tailOf(context.Background(), strings.NewReader("short"), 1<<20, 100, 1<<30, nil); err == nil {
		t.Error("no error")
	}
}

func FuzzTailOf(f *testing.F) {
	f.Add("a\nb\n", 3)
	f.Add("\n\n", 1)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 0 || limit > 1<<20 {
			return
		}
		got, _, err := tailOf(context.Background(), strings.NewReader(text), int64(len(text)), int64(limit), 1<<40, nil)
		if err != nil || !strings.HasSuffix(text, string(got)) || len(got) > limit {
			t.Errorf("%q of %q, at most %d: %v", got, text, limit, err)
		}
		if limit >= len(text) && string(got) != text {
			t.Errorf("%q is not all of %q", got, text)
		}
	})
}

func TestOpenLog(t *testing.T) {
	dir := t.TempDir()
	if _, err := openLog(dir, 0); err == nil {
		t.Error("a directory was opened")
	}
	if _, err := openLog("/dev/null", 0); err == nil {
		t.Error("a device was opened")
	}
	name := filepath.Join(dir, "log")
	if err := os.WriteFile(name, []byte("a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := openLog(name, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

func TestLogStamp(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct{ line, want string }{
		{`time="2026-01-02T03:04:05.5Z" level=info msg=x`, "2026-01-02T03:04:05.5Z"},
		{`{"level":"info","time":"2026-01-02T03:04:05+01:00"}`, "2026-01-02T02:04:05Z"},
		{`Jan  2 03:04:05 node dockerd[1]: x`, "2026-01-02T02:04:05Z"},
		{`Dec 31 23:59:59 node dockerd[1]: x`, "2025-12-31T22:59:59Z"},
		{`2026-01-02T03:04:05.123456+01:00 node dockerd[1]: x`, "2026-01-02T02:04:05.123456Z"},
		{`goroutine 1 [running]:`, ""},
		{``, ""},
	}
	for _, test := range tests {
		got := ""
		if at := logStamp([]byte(test.line), berlin, now); !at.IsZero() {
			got = at.UTC().Format(time.RFC3339Nano)
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.line, got, test.want)
		}
	}
}

func TestRuntimeLine(t *testing.T) {
	id := strings.Repeat("ab", 6)
	for line, want := range map[string]bool{
		`Nov 21 09:15:17 node dockerd[815]: time="x"`:                         true,
		`2026-11-21T09:15:17.1+01:00 node containerd[815]: time="x"`:          true,
		`Nov 21 09:15:17 node docker: x`:                                      true,
		`Nov 21 09:15:17 node systemd[1]: Started docker.service - Docker.`:   true,
		`Nov 21 09:15:17 node systemd[1]: Started cron.service.`:              false,
		`Nov 21 09:15:17 node docker/web[815]: a customer's name`:             false,
		`Nov 21 09:15:17 node ` + id + `[815]: a customer's name`:             false,
		`Nov 21 09:15:17 node web[815]: dockerd[1]: not by dockerd's own tag`: false,
	} {
		if got := runtimeLine.MatchString(line); got != want {
			t.Errorf("%s: kept %v", line, got)
		}
	}
}

// The tail of a shared log holds the runtime's own lines of the time that is asked for, masked, and nothing of containers.
func TestDaemonLog(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "var/log"), 0o755); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	stamp := func(ago time.Duration) string { return now.Add(-ago).Format(time.RFC3339Nano) }
	text := stamp(2*time.Hour) + " node dockerd[1]: too old\n" +
		stamp(time.Minute) + " node web[9]: hunter2\n" +
		stamp(time.Minute) + " node dockerd[1]: pull https://u:hunter2@registry/\n"
	if err := os.WriteFile(filepath.Join(root, "var/log/syslog"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(root, "var/log/syslog"), filepath.Join(root, "var/log/messages")); err != nil {
		t.Fatal(err)
	}
	h := &Host{Options: Options{Root: root}.withDefaults()}
	h.processes.byPID = map[int]*knownProcess{}
	cover, docs := runAlone(t, h, daemonLog)
	want := stamp(time.Minute) + " node dockerd[1]: pull https://<masked>@registry/\n"
	if got := docs["raw/log/daemon/syslog"]; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	for _, c := range cover {
		if c.Outcome.Gap() {
			t.Errorf("%s: %s: %s", c.Document, c.Outcome, c.Reason)
		}
	}
	for name, text := range docs {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s holds a secret", name)
		}
	}
	if docs["raw/log/daemon/messages"] != "" {
		t.Error("the same file is there twice")
	}
}
