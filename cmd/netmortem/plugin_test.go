package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPlugin calls this binary as the Docker CLI calls a plugin: by its name.
func TestPlugin(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	plugin := filepath.Join(t.TempDir(), pluginName)
	if err := os.Symlink(self, plugin); err != nil {
		t.Fatal(err)
	}
	call := func(args ...string) (string, string, int) {
		var out, talk bytes.Buffer
		cmd := exec.CommandContext(t.Context(), plugin, args...)
		cmd.Stdout, cmd.Stderr = &out, &talk
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return out.String(), talk.String(), cmd.ProcessState.ExitCode()
	}
	out, talk, code := call(pluginMetadata)
	var meta map[string]string
	if err := json.Unmarshal([]byte(out), &meta); err != nil || code != codeOK || talk != "" {
		t.Fatalf("code %d, %v: %s%s", code, err, out, talk)
	}
	if meta["SchemaVersion"] != "0.1.0" || meta["Vendor"] == "" || meta["ShortDescription"] == "" || meta["Version"] == "" {
		t.Errorf("metadata %v", meta)
	}
	if !regexp.MustCompile(`^[a-z][a-z0-9]*$`).MatchString(strings.TrimPrefix(pluginName, "docker-")) {
		t.Errorf("docker takes no plugin of the name %s", pluginName)
	}
	for _, c := range []struct {
		args []string
		code int
		out  string // at its beginning
		talk string // somewhere
	}{
		{[]string{"netmortem", "version"}, codeOK, "netmortem ", ""},
		{[]string{"-D", "--config", "x", "netmortem", "version"}, codeOK, "netmortem ", ""},
		{[]string{"version"}, codeOK, "netmortem ", ""},
		{[]string{"netmortem"}, codeOK, "NAME:", ""},
		{[]string{"netmortem", "analyse"}, codeUsage, "", "try: netmortem analyze"},
		{[]string{"--context", "prod", "netmortem", "capture"}, codeUsage, "", "a context does not change"},
		{[]string{"--tlsverify", "netmortem", "capture"}, codeUsage, "", "help environment"},
		{[]string{completeName, "netmortem", "explain", "fdb-permanent"}, codeOK, "fdb-permanent-missing\t", ""},
		{[]string{"netmortem", "--help"}, codeOK, "NAME:", ""},
	} {
		out, talk, code := call(c.args...)
		if code != c.code || !strings.HasPrefix(out, c.out) || !strings.Contains(talk, c.talk) {
			t.Errorf("%q: code %d, %q, %q", c.args, code, out, talk)
		}
	}
}

func TestPluginArgs(t *testing.T) {
	for in, want := range map[string]string{
		"netmortem capture -o x":                         "capture -o x",
		"-H unix:///x netmortem capture":                 "unix:///x capture",
		"--host=unix:///x -l debug netmortem capture -v": "unix:///x capture -v",
		"capture -o x":                                   "capture -o x",
		"netmortem":                                      "",
		"-H":                                             "",
		"netmortem -H x":                                 "-H x",
		"--log-level=info netmortem netmortem":           "netmortem",
	} {
		rest, host, err := pluginArgs(strings.Fields(in))
		if host != "" {
			rest = slices.Insert(rest, 0, host)
		}
		if got := strings.Join(rest, " "); err != nil || got != want {
			t.Errorf("%s: %q, %v; not %q", in, got, err, want)
		}
	}
}
