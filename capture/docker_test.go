package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// fakeDaemon answers on a socket below root as the paths of replies say: a body, or a status and a body.
type fakeDaemon struct {
	mu      sync.Mutex
	asked   []string
	replies map[string]string
	hang    map[string]bool // paths that get no answer until the client gives up
}

func (d *fakeDaemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := r.URL.Path
	if p != "/_ping" {
		if !strings.HasPrefix(p, "/v1.41/") {
			http.Error(w, `{"message":"wrong version"}`, http.StatusBadRequest)
			return
		}
		p = strings.TrimPrefix(p, "/v1.41")
	}
	if r.URL.RawQuery != "" {
		p += "?" + r.URL.RawQuery
	}
	d.mu.Lock()
	d.asked = append(d.asked, r.Method+" "+p)
	reply, ok := d.replies[p]
	hang := d.hang[p]
	d.mu.Unlock()
	if hang {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Api-Version", "1.41")
	if p == "/_ping" {
		_, _ = io.WriteString(w, "OK")
		return
	}
	if !ok {
		http.Error(w, `{"message":"no such thing"}`, http.StatusNotFound)
		return
	}
	if strings.HasPrefix(reply, "503 ") {
		http.Error(w, fmt.Sprintf(`{"message":%q}`, reply[4:]), http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, reply)
}

// log is what it was asked.
func (d *fakeDaemon) log() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.asked)
}

// listen lays the daemon's socket below root.
func (d *fakeDaemon) listen(t *testing.T, root string) {
	t.Helper()
	serve(t, root, d)
}

func serve(t *testing.T, root string, h http.Handler) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(root, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(root, "run/docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
}

// socketRoot is a root directory, relative to the current one: a socket's name may be no longer than about 100 bytes.
func socketRoot(t *testing.T) string {
	t.Helper()
	t.Chdir(t.TempDir())
	return "."
}

// healthy are the replies of a manager with one service.
func healthy() map[string]string {
	return map[string]string{
		"/version":               `{"Version":"20.10.24","ApiVersion":"1.41"}` + "\n",
		"/info":                  `{"DockerRootDir":"/var/lib/docker","HttpProxy":"http://u:p@proxy:3128","Swarm":{"LocalNodeState":"active","ControlAvailable":true}}` + "\n",
		"/containers/json?all=1": `[{"Id":"c1","Names":["/web.1"]},{"Id":"c2","Names":["/gone"]}]` + "\n",
		"/containers/c1/json":    `{"Id":"c1","Name":"/web.1","State":{"Running":true},"LogPath":"/x","Config":{"Env":["PW=sesame"],"Labels":{"com.docker.swarm.service.name":"web"}},"HostConfig":{"LogConfig":{"Type":"json-file"}},"NetworkSettings":{"SandboxKey":"/var/run/docker/netns/abc","Networks":{"app":{"NetworkID":"n1"}}}}` + "\n",
		"/networks":              `[{"Id":"n1","Name":"app"}]` + "\n",
		"/networks/n1":           `{"Id":"n1","Name":"app","Containers":{}}` + "\n",
		"/services":              `[{"ID":"s1","Spec":{"Name":"web"}}]` + "\n",
		"/tasks":                 `[{"ID":"t1","ServiceID":"s1","Status":{"State":"running"},"NetworksAttachments":[{"Network":{"ID":"n1"}}]}]` + "\n",
		"/nodes":                 `[]` + "\n",
		"/swarm":                 `{"JoinTokens":{"Worker":"SWMTKN-1-a","Manager":"SWMTKN-1-b"}}` + "\n",
	}
}

// captureDocker runs the Docker collectors on a root directory and returns the coverage by document and the documents.
func captureDocker(t *testing.T, o Options, deadline time.Duration) (map[string]schema.Coverage, map[string]string, *Docker) {
	t.Helper()
	d, err := newDocker(o)
	if err != nil {
		t.Fatal(err)
	}
	d.deadline = deadline
	h := &Host{Options: o, Docker: d}
	cover, entries := runAlone(t, h, docker, dockerTasks)
	byDoc := map[string]schema.Coverage{}
	for _, c := range cover {
		if c.Document != "" {
			byDoc[strings.TrimSuffix(strings.TrimPrefix(c.Document, "raw/docker/"), ".json")] = c
		}
	}
	docs := map[string]string{}
	for name, text := range entries {
		if !strings.HasPrefix(name, "raw/docker/") {
			continue
		}
		docs[strings.TrimSuffix(strings.TrimPrefix(name, "raw/docker/"), ".json")] = text
	}
	return byDoc, docs, d
}

var dockerDocuments = []string{"version", "info", "containers", "container_inspect", "networks", "network_inspect", "services", "nodes", "swarm", "tasks"}

func TestDockerDocuments(t *testing.T) {
	root := socketRoot(t)
	daemon := &fakeDaemon{replies: healthy()}
	daemon.listen(t, root)
	cover, docs, d := captureDocker(t, Options{Root: root}, time.Minute)
	for _, name := range dockerDocuments {
		if cover[name].Outcome != schema.OK {
			t.Errorf("%s: %s: %s", name, cover[name].Outcome, cover[name].Reason)
		}
	}
	want := "[\n" + strings.Replace(strings.TrimSpace(healthy()["/containers/c1/json"]), "PW=sesame", "PW=<masked>", 1) + "\n]\n"
	if docs["container_inspect"] != want {
		t.Errorf("container_inspect\n got %s\nwant %s", docs["container_inspect"], want)
	}
	if c := cover["container_inspect"]; c.Masked != 1 || !strings.Contains(c.Reason, "1 vanished") || c.Bytes != int64(len(want)) {
		t.Errorf("coverage of container_inspect: %+v", c)
	}
	if docs["version"] != healthy()["/version"] {
		t.Errorf("version was changed: %q", docs["version"])
	}
	if want := "[\n{\"Id\":\"c1\",\"Names\":[\"/web.1\"]},\n{\"Id\":\"c2\",\"Names\":[\"/gone\"]}\n]\n"; docs["containers"] != want {
		t.Errorf("containers %q", docs["containers"])
	}
	if docs["nodes"] != "[\n]\n" {
		t.Errorf("nodes %q", docs["nodes"])
	}
	for name, text := range docs {
		if strings.Contains(text, "SWMTKN") || strings.Contains(text, "u:p@") || strings.Contains(text, "sesame") {
			t.Errorf("%s holds a secret: %s", name, text)
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("%s is not JSON: %s", name, text)
		}
	}
	for _, q := range daemon.log() {
		if !strings.HasPrefix(q, "GET ") || strings.Contains(q, "verbose") {
			t.Errorf("asked %s", q)
		}
	}
	containers, err := d.containers()
	if names := serviceNames(&d.state, containers)["n1"]; err != nil || !slices.Equal(names, []string{"web"}) {
		t.Errorf("services on n1: %v %v", names, err)
	}
}

func TestDockerWorker(t *testing.T) {
	const refusal = "503 This node is not a swarm manager."
	tests := []struct{ name, info, reply, want, reason string }{
		{"worker", `{"Swarm":{"LocalNodeState":"active"}}`, refusal, "absent", "not a manager: only managers answer this"},
		{"no swarm", `{"Swarm":{"LocalNodeState":"inactive"}}`, refusal, "absent", "not part of a swarm"},
		{"locked", `{"Swarm":{"LocalNodeState":"locked"}}`, "503 Swarm is encrypted and needs to be unlocked", "partial", "needs to be unlocked"},
		{"info does not come", ``, refusal, "absent", "not a swarm manager"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := socketRoot(t)
			r := healthy()
			if delete(r, "/info"); tt.info != "" {
				r["/info"] = tt.info
			}
			for _, p := range []string{"/services", "/tasks", "/nodes", "/swarm"} {
				r[p] = tt.reply
			}
			(&fakeDaemon{replies: r}).listen(t, root)
			cover, docs, _ := captureDocker(t, Options{Root: root}, time.Minute)
			for _, name := range []string{"services", "tasks", "nodes", "swarm"} {
				if c := cover[name]; string(c.Outcome) != tt.want || !strings.Contains(c.Reason, tt.reason) {
					t.Errorf("%s: %s: %s", name, c.Outcome, c.Reason)
				}
				if docs[name] != "" {
					t.Errorf("%s was written: %s", name, docs[name])
				}
			}
		})
	}
}

// A daemon that accepts and never answers costs one deadline: everything after it is not asked.
func TestDockerHung(t *testing.T) {
	root := socketRoot(t)
	daemon := &fakeDaemon{hang: map[string]bool{"/_ping": true}}
	daemon.listen(t, root)
	cover, docs, d := captureDocker(t, Options{Root: root}, 50*time.Millisecond)
	for _, name := range dockerDocuments {
		want := schema.Timeout
		if name == "tasks" {
			want = schema.Skipped
		}
		if c := cover[name]; c.Outcome != want || !strings.Contains(c.Reason, "gave no answer within 50ms") {
			t.Errorf("%s: %s: %s", name, c.Outcome, c.Reason)
		}
	}
	if asked := daemon.log(); len(asked) != 1 || len(docs) != 0 {
		t.Errorf("asked %v, wrote %v", asked, docs)
	}
	if d.absent() == nil {
		t.Error("the daemon is not taken as hung")
	}
}

// A call that hangs while the daemon still answers a ping costs that document only.
func TestDockerOneCallHangs(t *testing.T) {
	root := socketRoot(t)
	r := healthy()
	r["/containers/c2/json"] = `{"Id":"c2","Name":"/other"}`
	daemon := &fakeDaemon{replies: r, hang: map[string]bool{"/containers/c1/json": true}}
	daemon.listen(t, root)
	onDisk(t, root, "c1", "json-file", "")
	cover, docs, d := captureDocker(t, Options{Root: root}, 200*time.Millisecond)
	if c := cover["container_inspect"]; c.Outcome != schema.Partial || !strings.Contains(c.Reason, "/containers/c1/json") {
		t.Errorf("container_inspect: %s: %s", c.Outcome, c.Reason)
	}
	if cover["services"].Outcome != schema.OK || docs["tasks"] == "" {
		t.Errorf("the rest was not asked: %+v", cover["services"])
	}
	var known []string
	containers, err := d.containers()
	for _, c := range containers {
		known = append(known, c.ID+c.service())
	}
	if !slices.Equal(known, []string{"c2", "c1web"}) || err != nil { // by the daemon, and by its files
		t.Errorf("containers %v, %v", known, err)
	}
}

func TestDockerNotThere(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(t *testing.T, root string)
		want    schema.Outcome
		reason  string
	}{
		{"no Docker", func(*testing.T, string) {}, schema.Absent, "no Docker on this host"},
		{"stopped", func(t *testing.T, root string) {
			if err := os.MkdirAll(filepath.Join(root, "var/lib/docker/containers"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, schema.Skipped, "its state is in /var/lib/docker"},
		{"elsewhere and stopped", func(t *testing.T, root string) {
			write(t, root, "etc/docker/daemon.json", `{"data-root":"/srv/docker"}`)
			write(t, root, "srv/docker/containers/x/config.v2.json", `{}`)
		}, schema.Skipped, "its state is in /srv/docker"},
		{"refuses", func(t *testing.T, root string) {
			if err := os.MkdirAll(filepath.Join(root, "run"), 0o755); err != nil {
				t.Fatal(err)
			}
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(root, "run/docker.sock"), Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			l.SetUnlinkOnClose(false)
			_ = l.Close()
		}, schema.Skipped, "refuses"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := socketRoot(t)
			tt.prepare(t, root)
			cover, _, _ := captureDocker(t, Options{Root: root}, time.Minute)
			for _, name := range dockerDocuments {
				if c := cover[name]; c.Outcome != tt.want || !strings.Contains(c.Reason, tt.reason) {
					t.Errorf("%s: %s: %s", name, c.Outcome, c.Reason)
				}
			}
		})
	}
}

func TestDockerLeftAlone(t *testing.T) {
	cover, _ := runAlone(t, &Host{Options: Options{NoDocker: true}}, docker, dockerTasks)
	if len(cover) != len(dockerDocuments)+1 { // tasks.last is planned as well
		t.Errorf("%d items", len(cover))
	}
	for _, c := range cover {
		if c.Outcome != schema.Skipped {
			t.Errorf("%+v", c)
		}
	}
}

func TestDockerBounds(t *testing.T) {
	root := socketRoot(t)
	r := healthy()
	r["/version"] = `{"x":"` + strings.Repeat("y", 5000) + `"}`
	r["/services"] = `[` + strings.Repeat(`{"ID":"`+strings.Repeat("s", 100)+`"},`, 50) + `{}]`
	r["/nodes"] = `<html>`
	(&fakeDaemon{replies: r}).listen(t, root)
	cover, docs, _ := captureDocker(t, Options{Root: root, MaxBytes: 2000}, time.Minute)
	if c := cover["version"]; c.Outcome != schema.Truncated || docs["version"] != "" {
		t.Errorf("version: %+v %q", c, docs["version"])
	}
	var rows []json.RawMessage
	if c := cover["services"]; c.Outcome != schema.Truncated || json.Unmarshal([]byte(docs["services"]), &rows) != nil || len(rows) < 10 || len(docs["services"]) > 2000 {
		t.Errorf("services: %+v, %d rows, %d bytes", c, len(rows), len(docs["services"]))
	}
	if c := cover["nodes"]; c.Outcome != schema.Skipped || !strings.HasPrefix(c.Reason, "withheld: not JSON") || docs["nodes"] != "" {
		t.Errorf("nodes: %+v", c)
	}
}

func TestGetOnly(t *testing.T) {
	reached := false
	g := getOnly{next: roundTrip(func(*http.Request) (*http.Response, error) { reached = true; return nil, io.EOF })}
	for _, tt := range []struct{ method, url string }{
		{"POST", "http://x/containers/c/stop"}, {"DELETE", "http://x/networks/n"}, {"HEAD", "http://x/_ping"}, {"GET", "http://x/networks/n?verbose=1"},
	} {
		r, _ := http.NewRequestWithContext(context.Background(), tt.method, tt.url, nil)
		if _, err := g.RoundTrip(r); err == nil || reached {
			t.Errorf("%s %s went through: %v", tt.method, tt.url, err)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzSplitArray: what is split and joined again is the same array, one element a line.
func FuzzSplitArray(f *testing.F) {
	f.Add([]byte("[ {\"a\": [1, \"]\\n\"]},\n 2 , null]\n"))
	f.Add([]byte(`[{"a":1},{"b":`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		rows, whole, err := splitArray(doc)
		if err != nil {
			if rows != nil {
				t.Fatal("rows and an error")
			}
			return
		}
		out := joinRows(rows)
		if lines := bytes.Count(out, []byte("\n")); lines != len(rows)+2 {
			t.Fatalf("%d lines for %d rows: %q", lines, len(rows), out)
		}
		var got, want []any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v: %q", err, out)
		}
		if whole && json.Unmarshal(doc, &want) == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q became %q", doc, out)
		}
	})
}

func TestJoinRows(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"none", ` [ ] `, "[\n]\n"},
		{"spaces inside stay", `[{"a": 1} , 2]`, "[\n{\"a\": 1},\n2\n]\n"},
		{"indented", "[\n {\n  \"a\": \"x y\"\n }\n]", "[\n{\"a\":\"x y\"}\n]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, whole, err := splitArray([]byte(tt.in))
			if err != nil || !whole {
				t.Fatal(whole, err)
			}
			if got := string(joinRows(rows)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if rows, whole, err := splitArray([]byte(`[{"a":1},{"b":`)); err != nil || whole || len(rows) != 1 {
		t.Errorf("a cut array: %v %v %v", rows, whole, err)
	}
	if _, _, err := splitArray([]byte(`{}`)); err == nil {
		t.Error("an object is no array")
	}
}

// write lays a file below root.
func write(t *testing.T, root, name, text string) {
	t.Helper()
	name = filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
