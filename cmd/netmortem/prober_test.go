package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestProber runs the lab's prober outside of a swarm that is only told of: a service that two hosts publish, one of which
// has nobody at the port.
func TestProber(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the prober needs Linux")
	}
	program := buildFolder(t, filepath.Join(labDir, "prober"), "prober", "CGO_ENABLED=0")
	page := http.NewServeMux()
	page.HandleFunc("/full", func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Get("X-Fill")) < 900 {
			http.Error(w, "a small request", http.StatusBadRequest)
		}
		io.WriteString(w, strings.Repeat("x", 8192))
	})
	page.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "aaa\n") })
	web := httptest.NewServer(page)
	defer web.Close()
	port := web.Listener.Addr().(*net.TCPAddr).Port

	manager := http.NewServeMux()
	for path, reply := range map[string]string{
		"/networks": `[{"Id":"n1","Name":"app","Driver":"overlay","IPAM":{"Config":[{"Subnet":"10.20.1.0/24"}]}}]`,
		"/services": fmt.Sprintf(`[{"ID":"s1","Spec":{"Name":"vote","EndpointSpec":{"Mode":"vip"}},"Endpoint":{"VirtualIPs":[{"NetworkID":"n1","Addr":"10.20.1.2/24"}],
			"Ports":[{"Protocol":"tcp","TargetPort":80,"PublishedPort":%d,"PublishMode":"ingress"}]}}]`, port),
		"/nodes": `[{"Description":{"Hostname":"node1"},"Status":{"Addr":"127.0.0.1"}},{"Description":{"Hostname":"node2"},"Status":{"Addr":"0.0.0.0"},"ManagerStatus":{"Addr":"127.0.0.2:2377"}}]`,
		"/tasks": `[{"ID":"t1","ServiceID":"s1","Status":{"State":"running"},"NetworksAttachments":[{"Network":{"ID":"n1"},"Addresses":["10.20.1.3/24"]}]},
			{"ID":"t2","ServiceID":"s1","Status":{"State":"running"},"NetworksAttachments":[{"Network":{"ID":"n1"},"Addresses":["10.20.1.4/24"]}]},
			{"ID":"t3","ServiceID":"s1","Status":{"State":"preparing"}}]`,
	} {
		manager.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, reply) })
	}
	api := httptest.NewServer(manager)
	defer api.Close()

	dir := t.TempDir()
	cmd := exec.Command(program, "-self", "outside", "-all", "outside", "-dir", dir, "-manager", api.Listener.Addr().String(), "-listen", "127.0.0.1:0")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	out := filepath.Join(dir, "outside.jsonl")
	text := `{"container":{"id":"c1","owner":"t1","hostname":"aaa","service":"vote"}}` + "\n" + stdout.String()
	if err := os.WriteFile(out, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := readRound(dir)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(r.tried) != 2 {
		t.Fatalf("tried %d targets, want both hosts' port\n%s", len(r.tried), text)
	}
	for i := range r.tried {
		x := &r.tried[i]
		want := map[string][]string{"node1": {reachedAll}, "node2": {reachedNone, reachedNone}}[x.At] // what fails is tried again
		if got := r.reached(x); !slices.Equal(got, want) {
			t.Errorf("reached %q at %s, want %q: %s", got, x.At, want, x)
		}
		if x.At == "node1" && (x.Rounds[0][0].Small["aaa"] != 2 || x.Rounds[0][0].Full != 2) {
			t.Errorf("%s, want two of each size, for two tasks", x)
		}
	}
}
