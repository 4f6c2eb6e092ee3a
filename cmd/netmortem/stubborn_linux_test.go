package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// daemon listens like dockerd on a socket, and treats every connection as answer says. It ends with the test.
func daemon(t *testing.T, answer func(c net.Conn)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "d.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := c.Read(make([]byte, 4096)); err == nil {
					answer(c)
				}
			}()
		}
	}()
	return "unix://" + path
}

// reply is an answer of HTTP that says it has so many bytes.
func reply(c net.Conn, status string, length int, body string) {
	fmt.Fprintf(c, "HTTP/1.1 %s\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, length, body)
}

// A daemon that does not answer, or answers what it should not, costs its deadline and nothing else: the kernel's side is
// whole, and the daemon's is a gap with its reason.
func TestIntegrationDaemonThatFails(t *testing.T) {
	path := program(t)
	ns, _ := netnsOf(t)
	for _, test := range []struct {
		name   string
		answer func(c net.Conn)
	}{
		{"never", func(c net.Conn) { time.Sleep(contractLimit) }},
		{"garbage", func(c net.Conn) { _, _ = c.Write([]byte("\x00\xff\x15 no HTTP at all\r\n\r\n")) }},
		{"nothing", func(c net.Conn) {}},
		{"not JSON", func(c net.Conn) { reply(c, "200 OK", 14, "<html>no</html>"[:14]) }},
		{"cut", func(c net.Conn) { reply(c, "200 OK", 100_000, `[{"Id":"`) }},
		{"an error", func(c net.Conn) { reply(c, "500 Internal Server Error", 20, `{"message":"broken"}`) }},
		{"without end", func(c net.Conn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nConnection: close\r\n\r\n[")
			for {
				if _, err := c.Write([]byte(strings.Repeat(`{"Id":"x"},`, 1000))); err != nil {
					return
				}
			}
		}},
		{"drop by drop", func(c net.Conn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nConnection: close\r\n\r\n[")
			for {
				if _, err := c.Write([]byte(" ")); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := take(t, path, nil, "--window", "100ms", "--docker-host", daemon(t, test.answer))
			r.whole(t, codePartial)
			if got := r.outcome("link", ns); got != "ok: " {
				t.Errorf("links of a namespace: %q", got)
			}
			for _, doc := range []string{"raw/docker/info.json", "raw/docker/containers.json"} {
				got := r.outcome(doc, "")
				if got == "" || strings.HasPrefix(got, "ok") || strings.HasPrefix(got, "absent") {
					t.Errorf("%s: %q", doc, got)
				}
				if strings.Contains(r.docs[doc], "\xff") {
					t.Errorf("%s is garbage", doc)
				}
			}
			t.Logf("%s: %v, %s", test.name, r.took.Round(time.Millisecond), r.outcome("raw/docker/info.json", ""))
		})
	}
}

// A capture that is stopped or out of time closes its bundle, keeps what it has read, and says why it ended.
func TestIntegrationEndsEarly(t *testing.T) {
	path := program(t)
	ns, _ := netnsOf(t)
	in := func(sig os.Signal) func(p *os.Process, line string) {
		return func(p *os.Process, line string) {
			if strings.HasPrefix(line, "window") {
				_ = p.Signal(sig) // without it the run ends at its limit
			}
		}
	}
	for _, test := range []struct {
		name  string
		then  func(p *os.Process, line string)
		flags []string
		code  int
		why   string
	}{
		{"SIGINT", in(os.Interrupt), []string{"--window", "1h", "--deadline", "2h"}, codeInterrupted, "interrupt"},
		{"SIGTERM", in(syscall.SIGTERM), []string{"--window", "1h", "--deadline", "2h"}, codeInterrupted, "terminated"},
		{"deadline", nil, []string{"--window", "1h", "--deadline", "2s"}, codePartial, "deadline"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := started(t, path, nil, test.then, append(test.flags, "--no-docker")...)
			r.whole(t, test.code)
			if !strings.Contains(r.meta.Interrupted, test.why) || !strings.Contains(r.docs["SUMMARY.txt"], "Cut short") {
				t.Errorf("meta.json says %q, SUMMARY.txt:\n%s", r.meta.Interrupted, r.docs["SUMMARY.txt"])
			}
			if got := r.outcome("link", ns); got != "ok: " {
				t.Errorf("what was read before: %q", got)
			}
			if got := r.outcome("neighbour", ns); !strings.HasPrefix(got, "partial: last read: ") {
				t.Errorf("what was to be read twice: %q", got)
			}
		})
	}
}

// Where there is no room, or nothing may be written, the refusal comes before the capture, in its three parts, and nothing is
// left behind.
func TestIntegrationNowhereToWrite(t *testing.T) {
	path := program(t)
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Skip("needs unshare (Debian package util-linux)")
	}
	for name, test := range map[string]struct{ options, want string }{
		"a full disk":        {"size=64k", "no room for the bundle"},
		"a read-only folder": {"size=3g,ro", "read-only file system"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			script := `mount -t tmpfs -o "$1" none "$2" && cd "$2" || exit 99; "$3" capture --window 100ms -o "$2/x.tar.zst"; rc=$?; ls -A "$2"; exit $rc`
			cmd := exec.Command(unshare, "-m", "sh", "-c", script, "sh", test.options, dir, path)
			var said strings.Builder
			cmd.Stderr = &said
			out, _ := cmd.Output() // its code is looked at
			if code := cmd.ProcessState.ExitCode(); code == 99 {
				t.Skip("cannot mount here: ", said.String())
			} else if code != codeFailed || !strings.Contains(said.String(), test.want) || strings.Count(said.String(), "\n") != 3 {
				t.Errorf("code %d, it said:\n%s", code, said.String())
			}
			if len(out) != 0 {
				t.Errorf("left behind: %s", out)
			}
		})
	}
}

// A host's files may be anything: a pipe that nobody writes, a directory, a link that leads nowhere or in a circle. None of
// them holds up a capture.
func TestIntegrationHostileRoot(t *testing.T) {
	path := program(t)
	root := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Symlink("/proc", filepath.Join(root, "proc")))
	must(os.Symlink("/sys", filepath.Join(root, "sys")))
	var u unix.Utsname
	must(unix.Uname(&u))
	release := unix.ByteSliceToString(u.Release[:])
	id := strings.Repeat("0123456789abcdef", 4)
	for name, kind := range map[string]string{
		"etc/os-release": "pipe", "etc/machine-id": "pipe", "etc/timezone": "pipe", "etc/localtime": "pipe", "etc/docker/daemon.json": "pipe",
		"etc/resolv.conf": "pipe", "etc/hosts": "pipe", "etc/nsswitch.conf": "directory", "etc/gai.conf": "circle", "etc/sysctl.conf": "pipe",
		"etc/fstab": "pipe", "etc/hostname": "pipe", "etc/systemd/coredump.conf": "pipe", "etc/security/limits.conf": "pipe", "etc/chrony/chrony.conf": "pipe",
		"lib/modules/" + release + "/modules.builtin": "pipe", "lib/modules/" + release + "/modules.dep": "directory",
		"var/log/syslog": "pipe", "var/log/messages": "circle", "var/log/kern.log": "pipe", "var/log/docker.log": "directory", "var/log/dmesg": "pipe",
		"var/log/journal/" + id[:32] + "/system.journal":           "pipe",
		"var/lib/docker/containers/" + id + "/config.v2.json":      "pipe",
		"var/lib/docker/containers/" + id + "/hostconfig.json":     "circle",
		"var/lib/docker/network/files/local-kv.db":                 "pipe",
		"var/lib/docker/swarm/certificates/swarm-node.crt":         "pipe",
		"var/lib/systemd/coredump/core.x.0.0.0.0.zst":              "pipe",
		"var/crash/_usr_bin_x.0.crash":                             "pipe",
		"run/docker/netns/0123456789ab":                            "pipe",
		"run/docker.pid":                                           "pipe",
		"var/run/docker.pid":                                       "pipe",
		"var/lib/docker/containers/" + id + "/resolv.conf":         "pipe",
		"var/lib/docker/containers/" + id + "/" + id + "-json.log": "pipe",
	} {
		at := filepath.Join(root, name)
		must(os.MkdirAll(filepath.Dir(at), 0o755))
		switch kind {
		case "pipe":
			must(unix.Mkfifo(at, 0o666))
		case "directory":
			must(os.Mkdir(at, 0o755))
		case "circle":
			must(os.Symlink(at, at))
		}
	}
	r := take(t, path, nil, "--root", root, "--window", "100ms")
	r.whole(t, codePartial, codeOK)
	for _, c := range r.rows["coverage"] {
		if c["outcome"] == "timeout" {
			t.Errorf("held up: %v", c)
		}
	}
	t.Logf("took %s", r.took.Round(time.Millisecond))
}

// Processes that the kernel does not let run are read like others: one that is stopped, and one in an uninterruptible
// sleep, as a parent is in vfork until its child has called execve or exit.
func TestIntegrationProcessesThatHang(t *testing.T) {
	path := program(t)
	ns, pid := netnsOf(t)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if python, err := exec.LookPath("python3"); err == nil {
		cmd := exec.Command(python, "-c", "import ctypes, time\nif ctypes.CDLL(None).vfork() == 0:\n time.sleep(600)")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); _ = cmd.Wait() }()
		stat := fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid)
		for range 200 { // until it sleeps
			if text, err := os.ReadFile(stat); err == nil && strings.Contains(string(text), ") D ") {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	} else {
		t.Log("no python3: without a process in an uninterruptible sleep")
	}
	r := take(t, path, nil, "--window", "100ms", "--no-docker")
	r.whole(t, codeOK, codePartial)
	if got := r.outcome("link", ns); got != "ok: " {
		t.Errorf("the namespace of a process that is stopped: %q", got)
	}
}
