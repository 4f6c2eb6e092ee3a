package capture

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// onDisk lays a container's files below a root, and its log if it has one.
func onDisk(t *testing.T, root, id, driver, logPath string) {
	t.Helper()
	dir := "var/lib/docker/containers/" + id + "/"
	write(t, root, dir+"config.v2.json", fmt.Sprintf(`{"ID":%q,"Name":"/%s","State":{"Running":true},"LogPath":%q,
		"Config":{"Env":["PASSWORD=sesame"],"Labels":{"com.docker.swarm.service.name":"web"}},
		"NetworkSettings":{"SandboxKey":"/var/run/docker/netns/aabbccddeeff","Networks":{"app":{"NetworkID":"n1"}}}}`, id, id, logPath))
	write(t, root, dir+"hostconfig.json", fmt.Sprintf(`{"LogConfig":{"Type":%q}}`, driver))
}

func TestContainerLogWithoutTheDaemon(t *testing.T) {
	root := t.TempDir()
	log := "/var/lib/docker/containers/c1/c1-json.log"
	onDisk(t, root, "c1", "json-file", log)
	onDisk(t, root, "c2", "local", "")
	onDisk(t, root, "c3", "journald", "")
	onDisk(t, root, "c4", "json-file", "/var/lib/docker/containers/c4/c4-json.log") // never ran
	write(t, root, "var/lib/docker/containers/c5/config.v2.json", `{"ID":`)         // half written
	write(t, root, log, "0123456789")
	write(t, root, log+".1", "x")
	write(t, root, log+".2.gz", "x")
	write(t, root, "var/lib/docker/containers/c2/local-logs/container.log", "abc")
	at := time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(root, log), at, at); err != nil {
		t.Fatal(err)
	}

	for _, h := range []*Host{{Options: Options{Root: root}}, {Options: Options{Root: root}, Docker: &Docker{options: Options{Root: root}}}} {
		cover, entries := runAlone(t, h, containerLog)
		if len(cover) != 1 || cover[0].Outcome != schema.OK || cover[0].Rows != 4 {
			t.Fatalf("coverage %+v", cover)
		}
		var got []string
		for line := range strings.Lines(entries["rows/container_log.jsonl"]) {
			got = append(got, strings.TrimSpace(line))
		}
		want := []string{
			`{"container":"c1","driver":"json-file","path":"/var/lib/docker/containers/c1/c1-json.log","bytes":10,"files":3,"last_write":"2026-11-20T02:14:07Z"}`,
			`{"container":"c2","driver":"local","path":"/var/lib/docker/containers/c2/local-logs/container.log","bytes":3,"files":1,`,
			`{"container":"c3","driver":"journald"}`,
			`{"container":"c4","driver":"json-file","path":"/var/lib/docker/containers/c4/c4-json.log","files":0}`,
		}
		if !slices.EqualFunc(got, want, strings.HasPrefix) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for name, text := range entries {
			if strings.Contains(text, "sesame") {
				t.Errorf("%s holds what stood in a configuration file", name)
			}
		}
	}
}

func TestContainerLogNone(t *testing.T) {
	cover, _ := runAlone(t, &Host{Options: Options{Root: t.TempDir()}}, containerLog)
	if len(cover) != 1 || cover[0].Outcome != schema.Absent {
		t.Errorf("%+v", cover)
	}
}

// A directory that may not be looked into is no proof that there are no containers.
func TestContainerLogDenied(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may look into every directory")
	}
	root := t.TempDir()
	onDisk(t, root, "c1", "local", "")
	dir := filepath.Join(root, "var/lib/docker")
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
	cover, _ := runAlone(t, &Host{Options: Options{Root: root}}, containerLog)
	if len(cover) != 1 || cover[0].Outcome != schema.Denied {
		t.Errorf("%+v", cover)
	}
}

func TestContainersOnDisk(t *testing.T) {
	root := t.TempDir()
	onDisk(t, root, "c1", "json-file", "")
	got, err := containersOnDisk(Options{Root: root}, "/var/lib/docker")
	if err != nil || len(got) != 1 {
		t.Fatalf("%d containers, %v", len(got), err)
	}
	c := got[0]
	if c.ID != "c1" || c.service() != "web" || c.sandboxFile() != "aabbccddeeff" || !c.State.Running || c.NetworkSettings.Networks["app"].NetworkID != "n1" || c.HostConfig.LogConfig.Type != "json-file" {
		t.Errorf("%+v", c)
	}
}

func TestDockerRoot(t *testing.T) {
	root := t.TempDir()
	o := Options{Root: root}
	d := &Docker{options: o}
	if got := d.root(); got != "/var/lib/docker" {
		t.Errorf("default: %s", got)
	}
	write(t, root, "etc/docker/daemon.json", `{"graph":"/old"}`)
	if got := d.root(); got != "/old" {
		t.Errorf("old name: %s", got)
	}
	write(t, root, "etc/docker/daemon.json", `{"graph":"/old","data-root":"/new"}`)
	if got := d.root(); got != "/new" {
		t.Errorf("configured: %s", got)
	}
	d.state.info = &dockerInfo{DockerRootDir: "/told"}
	if got := d.root(); got != "/told" {
		t.Errorf("by the daemon: %s", got)
	}
}
