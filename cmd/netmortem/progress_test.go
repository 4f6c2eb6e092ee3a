package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/report"
)

// at is a progress whose clock the test moves.
func at(p *progress, clock *time.Time) *progress {
	p.now = func() time.Time { return *clock }
	p.start, p.last = *clock, *clock
	return p
}

func TestProgress(t *testing.T) {
	none := newProgress(&bytes.Buffer{}, "none")
	none.step(step{phase: "load", done: 1, total: 2})
	none.done() // says nothing, and is no special case for who calls it

	clock := time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC)
	var plain bytes.Buffer
	p := at(newProgress(&plain, "plain"), &clock)
	p.step(step{phase: "load", done: 0, total: 3, note: "node1"})
	p.step(step{phase: "load", done: 1, total: 3, note: "node2"})
	p.step(step{phase: "rules", done: 1, total: 14})
	p.done()
	if got := plain.String(); got != "load\nrules\n" {
		t.Errorf("plain says %q", got)
	}

	// Where no terminal is and all is over in no time, there is nothing to say.
	var auto bytes.Buffer
	p = at(newProgress(&auto, "auto"), &clock)
	p.step(step{phase: "load", done: 1, total: 3})
	p.step(step{phase: "rules", done: 1, total: 14})
	p.done()
	if auto.Len() > 0 {
		t.Errorf("auto says %q to a file", auto.String())
	}

	// What takes long is told now and then, with the time that is left.
	p = at(newProgress(&auto, "auto"), &clock)
	for i := range 41 {
		p.step(step{phase: "load", unit: "bundles", done: i, total: 40, bytes: int64(i) * 30e6, totalBytes: 40 * 30e6})
		clock = clock.Add(time.Second)
	}
	want := `load 10 of 40 bundles, 300MB of 1.2GB, about 30s left
load 20 of 40 bundles, 600MB of 1.2GB, about 20s left
load 30 of 40 bundles, 900MB of 1.2GB, about 10s left
load 40 of 40 bundles, 1.2GB of 1.2GB
`
	if got := auto.String(); got != want {
		t.Errorf("auto says\n%s, not\n%s", got, want)
	}

	// On a terminal one line is written over, and gone at the end; what it names is captured text.
	var live bytes.Buffer
	p = at(&progress{w: &live, live: true}, &clock)
	p.step(step{phase: "first read", done: 1, total: 3, note: "net\x1b[2Jns"})
	p.done()
	if got := live.String(); got != "\r━━━━━━──────────────  first read 1 of 3  net␛[2Jns\x1b[K\r\x1b[K" {
		t.Errorf("a terminal gets %q", got)
	}
}

// TestProgressFits: the line never wraps, for a wrapped one is not written over.
func TestProgressFits(t *testing.T) {
	s := step{phase: "load", unit: "bundles", done: 12, total: 40, bytes: 118e6, totalBytes: 12e8, note: "日本語のホスト名"}
	for columns := range 120 {
		if line := fit(s, 25*time.Second, columns); report.Columns(line) > columns {
			t.Errorf("%d columns get %q", columns, line)
		}
	}
	if line := fit(s, 25*time.Second, 120); !strings.HasPrefix(line, "━") || !strings.Contains(line, "about 25s left") {
		t.Errorf("a wide terminal gets %q", line)
	}
}

func TestProgressJSON(t *testing.T) {
	clock := time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC)
	var b bytes.Buffer
	p := at(newProgress(&b, "json"), &clock)
	for i := range 5 {
		p.step(step{phase: "load", unit: "bundles", done: i, total: 8, bytes: int64(i) * 10, totalBytes: 80, note: "a\x1bb"})
		clock = clock.Add(700 * time.Millisecond)
	}
	p.step(step{phase: "rules"})
	var lines []map[string]any
	for l := range strings.Lines(b.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(l), &m); err != nil {
			t.Fatalf("%q: %v", l, err)
		}
		if m["message_type"] != "status" {
			t.Errorf("%q is no status", l)
		}
		lines = append(lines, m)
	}
	if len(lines) != 4 { // at 0, 1.4 and 2.8 s, and the next phase
		t.Fatalf("%d lines:\n%s", len(lines), b.String())
	}
	third := lines[2]
	for k, want := range map[string]any{"phase": "load", "done": 4.0, "total": 8.0, "unit": "bundles", "bytes": 40.0, "total_bytes": 80.0, "seconds_left": 2.8, "note": "a\x1bb"} {
		if third[k] != want {
			t.Errorf("%s is %v, not %v", k, third[k], want)
		}
	}
	if _, ok := lines[3]["total"]; ok {
		t.Errorf("a phase of unknown length has one: %v", lines[3])
	}
}
