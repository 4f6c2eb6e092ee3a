package capture

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLogFile(t *testing.T) {
	root := t.TempDir()
	id := strings.Repeat("cd", 32)
	for name, size := range map[string]int{
		"/var/lib/docker/containers/" + id + "/" + id + "-json.log":      9000,
		"/var/lib/docker/containers/" + id + "/" + id + "-json.log.1":    12,
		"/var/lib/docker/containers/" + id + "/config.v2.json":           50_000,
		"/var/lib/docker/containers/" + id + "/local-logs/container.log": 1,
		"/var/log/syslog":                                     70_000,
		"/var/log/journal/0123/system.journal":                4096,
		"/run/docker/goroutine-stacks-2026-11-20T021407Z.log": 77,
		"/run/docker/daemon-data-2026-11-20T021407Z.log":      78,
		"/run/docker/netns":                                   1,
	} {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/run", filepath.Join(root, "var/run")); err != nil {
		t.Fatal(err)
	}
	cover, entries := runAlone(t, &Host{Options: Options{Root: root}.withDefaults()}, logFile)
	if cover[0].Outcome != "ok" || cover[0].Rows != 7 {
		t.Errorf("%+v", cover[0])
	}
	text := entries["rows/log_file.jsonl"]
	for _, want := range []string{
		`{"path":"/run/docker/goroutine-stacks-2026-11-20T021407Z.log","kind":"goroutines","bytes":77,`,
		`{"path":"/run/docker/daemon-data-2026-11-20T021407Z.log","kind":"daemon-data","bytes":78,`,
		`{"path":"/var/log/syslog","kind":"system","bytes":70000,`,
		`{"path":"/var/log/journal/0123/system.journal","kind":"journal","bytes":4096,`,
		`-json.log","kind":"container","container":"` + id + `","bytes":9000,`,
		`container.log","kind":"container","container":"` + id + `","bytes":1,`,
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%s is not there once", want)
		}
	}
	if strings.Contains(text, "config.v2") {
		t.Error("a configuration is no log")
	}
}
