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
	"time"
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
	echo, asked := echoing(t)

	manager := http.NewServeMux()
	for path, reply := range map[string]string{
		"/networks": `[{"Id":"n1","Name":"app","Driver":"overlay","IPAM":{"Config":[{"Subnet":"10.20.1.0/24"}]}}]`,
		"/services": fmt.Sprintf(`[{"ID":"s1","Spec":{"Name":"vote","EndpointSpec":{"Mode":"vip"}},"Endpoint":{"VirtualIPs":[{"NetworkID":"n1","Addr":"10.20.1.2/24"}],
			"Ports":[{"Protocol":"tcp","TargetPort":80,"PublishedPort":%d,"PublishMode":"ingress"},{"Protocol":"udp","TargetPort":7,"PublishedPort":%d,"PublishMode":"ingress"},
			{"Protocol":"tcp","TargetPort":80,"PublishedPort":%d,"PublishMode":"host"}]}}]`, port, echo, port),
		"/nodes": `[{"ID":"i1","Description":{"Hostname":"node1"},"Status":{"Addr":"127.0.0.1"}},{"ID":"i2","Description":{"Hostname":"node2"},"Status":{"Addr":"0.0.0.0"},"ManagerStatus":{"Addr":"127.0.0.2:2377"}}]`,
		"/tasks": `[{"ID":"t1","ServiceID":"s1","NodeID":"i1","Status":{"State":"running"},"NetworksAttachments":[{"Network":{"ID":"n1"},"Addresses":["10.20.1.3/24"]}]},
			{"ID":"t2","ServiceID":"s1","NodeID":"i1","Status":{"State":"running"},"NetworksAttachments":[{"Network":{"ID":"n1"},"Addresses":["10.20.1.4/24"]}]},
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
	if len(r.tried) != 5 {
		t.Fatalf("tried %d targets, want both hosts' ports of both protocols, and that of the one with tasks\n%s", len(r.tried), text)
	}
	for i := range r.tried {
		x := &r.tried[i]
		want := map[string][]string{"node1": {reachedAll}, "node2": {reachedNone, reachedNone}}[x.At] // what fails is tried again
		if got := r.reached(x); !slices.Equal(got, want) {
			t.Errorf("reached %q at %s, want %q: %s", got, x.At, want, x)
		}
		each := 2
		if x.Network == "" {
			each = 1
		}
		if x.At == "node1" && (x.Rounds[0][0].Small["aaa"] != each || x.Rounds[0][0].Full != each) {
			t.Errorf("%s, want %d of each size, for so many tasks", x, each)
		}
	}
	if n := asked(); n != 4 { // each one from a port of its own, so that a balancer takes turns
		t.Errorf("the datagrams came from %d ports, want two of each size", n)
	}
}

// echoing serves datagrams as the sample does: each goes back with a name before it. It leaves the first one of each sender unanswered, as if it
// were lost. asked says how many senders there were.
func echoing(t *testing.T) (port int, asked func() int) {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	done := make(chan bool)
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := c.ReadFromUDP(buf)
			if err != nil {
				return
			}
			if !seen[from.String()] {
				seen[from.String()] = true
				continue
			}
			c.WriteToUDP(append([]byte("aaa "), buf[:n]...), from)
		}
	}()
	stop := func() { c.Close(); <-done }
	t.Cleanup(stop)
	return c.LocalAddr().(*net.UDPAddr).Port, func() int { stop(); return len(seen) }
}

// TestEcho asks the sample's service of datagrams and pages.
func TestEcho(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the prober needs Linux")
	}
	free, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	at := free.LocalAddr().String()
	free.Close()
	cmd := exec.Command(buildFolder(t, filepath.Join(labDir, "prober"), "prober", "CGO_ENABLED=0"), "-echo", at[strings.LastIndex(at, ":")+1:])
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	c, err := net.Dial("udp4", at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	for end := time.Now().Add(20 * time.Second); ; {
		c.Write([]byte("nonce\n")) // refused until it listens
		c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		n, err := c.Read(buf)
		if err == nil {
			if got := string(buf[:n]); got != name+" nonce\n" {
				t.Errorf("answered %q", got)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	page, err := http.Get("http://" + at + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	if text, err := io.ReadAll(page.Body); err != nil || string(text) != name+"\n" {
		t.Errorf("the page is %q, %v", text, err)
	}
}
