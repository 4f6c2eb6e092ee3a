package capture

import (
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// TestDaemonFile finds the file that a command line names, and masks both.
func TestDaemonFile(t *testing.T) {
	root := t.TempDir()
	write(t, root, "proc/7/comm", "dockerd\n")
	write(t, root, "proc/7/cmdline", "dockerd\x00--log-opt\x00splunk-token=sesame\x00--registry-mirror=https://u:sesame@m\x00--config-file=/etc/d.json\x00")
	write(t, root, "proc/8/comm", "sh\n")
	write(t, root, "etc/d.json", `{"log-opts":{"splunk-token":"sesame","max-size":"1m"},"proxies":{"https-proxy":"u:sesame@p"},"labels":["vault.key=sesame","zone=a"]}`)
	cover, entries := runAlone(t, &Host{Options: Options{Root: root}}, daemonConfig)
	for _, name := range []string{"raw/docker/daemon.json", "raw/docker/dockerd.json"} {
		if strings.Contains(entries[name], "sesame") || !strings.Contains(entries[name], masked) {
			t.Errorf("%s: %s", name, entries[name])
		}
	}
	for _, c := range cover {
		if c.Outcome != schema.OK || c.Masked < 2 {
			t.Errorf("%+v", c)
		}
	}
}
