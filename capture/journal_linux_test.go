package capture

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/netmortem/netmortem/schema"
)

// journalHost has a journal of the sample of package journal.
func journalHost(t *testing.T) *Host {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("journal", "testdata", "c1-k1-yes.journal.zst"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	data, err := d.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	dir := filepath.Join(root, "var/log/journal/0123456789abcdef0123456789abcdef")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"system.journal": data, "user-1000.journal": data, "system@x.journal": []byte("LPKSHHRH and no more")} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The sample has an entry a second, for 300 seconds: of the last 200 of them.
	h := &Host{Options: Options{Root: root}.withDefaults(), Start: time.UnixMicro(1795252520000000 + 300e6)}
	h.Options.Since = 200 * time.Second
	return h
}

func TestJournal(t *testing.T) {
	h := journalHost(t)
	cover, entries := runAlone(t, h, journalLog)
	docker := entries["raw/log/journal/docker.jsonl"]
	lines := strings.Split(strings.TrimSuffix(docker, "\n"), "\n")
	if len(lines) != 20 || !strings.Contains(lines[0], "docker line 100") || !strings.Contains(lines[19], "docker line 290") {
		t.Errorf("%d lines: %s", len(lines), docker)
	}
	if n := strings.Count(entries["raw/log/journal/containerd.jsonl"], "\n"); n != 20 {
		t.Errorf("%d lines of containerd", n)
	}
	for _, c := range cover {
		if c.Outcome != schema.OK || !strings.Contains(c.Reason, "system@x.journal") {
			t.Errorf("%s: %s: %s", c.Document, c.Outcome, c.Reason)
		}
	}

	// All of it: with the crash, without what the container said, and without secrets.
	h.Options.Since += 200 * time.Second
	_, entries = runAlone(t, h, journalLog)
	core := entries["raw/log/journal/coredump.jsonl"]
	if strings.Count(core, "\n") != 1 || !strings.Contains(core, `"COREDUMP_CMDLINE":"a.out --password \u003cmasked\u003e"`) || !strings.Contains(core, `"COREDUMP_SIGNAL":"11"`) {
		t.Errorf("crash: %s", core)
	}
	for name, text := range entries {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s holds a secret", name)
		}
	}
	if !strings.Contains(entries["raw/log/journal/docker.jsonl"], "Failed with result") {
		t.Error("what systemd says of the unit is missing")
	}

	// A bound keeps the newest.
	h.Options.LogBytes = 1000
	cover, entries = runAlone(t, h, journalLog)
	docker = entries["raw/log/journal/docker.jsonl"]
	if len(docker) > 1000 || !strings.Contains(docker, "docker line 290") || cover[0].Outcome != schema.Truncated {
		t.Errorf("%d bytes, %s: %s", len(docker), cover[0].Outcome, cover[0].Reason)
	}
}

// A host without a journal has none: that is knowledge.
func TestNoJournal(t *testing.T) {
	cover, _ := runAlone(t, &Host{Options: Options{Root: t.TempDir()}.withDefaults()}, journalLog)
	for _, c := range cover {
		if c.Outcome != schema.Absent {
			t.Errorf("%s: %s: %s", c.Document, c.Outcome, c.Reason)
		}
	}
}

// The kernel's log comes from the journal where the ring buffer is closed.
func TestKernelFromJournal(t *testing.T) {
	h := journalHost(t)
	h.Options.Since += 200 * time.Second
	files, _, err := openJournals(h)
	if err != nil {
		t.Fatal(err)
	}
	defer closeJournals(files)
	text, got, _ := readJournals(t.Context(), h, files, kernelPart)
	if got.entries != 30 || strings.Count(string(text), "table full") != 30 {
		t.Errorf("%d entries", got.entries)
	}
}
