package capture

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// resolverRow looks at one process as if it were in a container.
func resolverRow(t *testing.T, pid int) schema.ProcessResolver {
	t.Helper()
	var got schema.ProcessResolver
	found := 0
	asContainer := *resolverCollector
	asContainer.Run = func(ctx context.Context, h *Host, s *Sink) error {
		l := newProcessLook(h, 0)
		defer l.end()
		if _, err := l.one(ctx, "/proc", pid); err != nil {
			return err
		}
		for _, k := range h.processes.list() {
			k.container = strings.Repeat("ab", 32)
		}
		return resolverCollector.Run(ctx, h, s)
	}
	_, entries := captureAll(t, t.Context(), kernelOnly(), []*Collector{&asContainer})
	for _, r := range decodeLines[schema.ProcessResolver](t, entries["rows/process_resolver.jsonl"]) {
		if !r.Installed {
			got = r
			found++
		}
	}
	if found != 1 {
		t.Fatalf("%d rows: %s", found, entries["rows/coverage.jsonl"])
	}
	return got
}

// started compiles a program that resolves a name, says so and waits, and runs it until it has said so.
func started(t *testing.T, name string) int {
	t.Helper()
	cmd := exec.Command(name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	pid := child(t, cmd)
	said := make(chan error, 1)
	go func() {
		_, err := out.Read(make([]byte, 1))
		said <- err
	}()
	select {
	case err := <-said:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the program said nothing")
	}
	return pid
}

const resolving = `
#include <netdb.h>
#include <unistd.h>
int main() { struct addrinfo *r; getaddrinfo("localhost", "80", 0, &r); write(1, "x", 1); pause(); }
`

// The resolver of real processes is told, also when the executable's file is gone.
func TestIntegrationResolver(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to open mapped files")
	}
	versionOf := func(command ...string) string {
		out, _ := exec.Command(command[0], command[1:]...).CombinedOutput()
		return string(out)
	}
	goProgram := func(cgo string) string {
		dir := t.TempDir()
		source := "package main\n\nimport (\"net\"; \"os\"; \"time\")\n\nfunc main() { net.LookupHost(\"localhost\"); os.Stdout.WriteString(\"x\"); time.Sleep(time.Hour) }\n"
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "program"), filepath.Join(dir, "main.go"))
		cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("%v: %s", err, out)
		}
		return filepath.Join(dir, "program")
	}
	ldd := versionOf("ldd", "--version") // before the capture, which leaves no PATH
	t.Run("glibc", func(t *testing.T) {
		r := resolverRow(t, started(t, compiled(t, resolving)))
		if r.Kind != "glibc" || r.Version == "" || !strings.Contains(ldd, r.Version+"\n") || r.LibcBuild == "" || !strings.Contains(r.LibcPath, "libc") || r.Static == nil || *r.Static {
			t.Errorf("%+v", r)
		}
		if r.Evidence != "text of the C library's version in "+r.LibcPath {
			t.Errorf("evidence %q", r.Evidence)
		}
	})
	t.Run("glibc, static, deleted", func(t *testing.T) {
		name := compiled(t, resolving, "gcc", "-static")
		pid := started(t, name)
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		r := resolverRow(t, pid)
		if r.Kind != "glibc" || r.Static == nil || !*r.Static || !strings.HasSuffix(r.Exe, " (deleted)") {
			t.Errorf("%+v", r)
		}
	})
	t.Run("musl", func(t *testing.T) {
		r := resolverRow(t, started(t, compiled(t, resolving, "musl-gcc")))
		linkers, _ := filepath.Glob("/lib/ld-musl-*.so.1")
		if r.Kind != "musl" || r.Version == "" || len(linkers) == 0 || !strings.Contains(versionOf(linkers[0]), "Version "+r.Version+"\n") {
			t.Errorf("%+v", r)
		}
	})
	t.Run("musl, static", func(t *testing.T) {
		source := strings.Replace(resolving, "pause();", `perror("x"); pause();`, 1)
		r := resolverRow(t, started(t, compiled(t, source, "musl-gcc", "-static")))
		if r.Kind != "musl" || r.Static == nil || !*r.Static {
			t.Errorf("%+v", r)
		}
	})
	t.Run("Go", func(t *testing.T) {
		r := resolverRow(t, started(t, goProgram("0")))
		if r.Kind != "go" || r.Version != runtime.Version() || r.Cgo == nil || *r.Cgo || r.Libc != "" || r.GoBuild != "CGO_ENABLED=0" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("Go with cgo", func(t *testing.T) {
		r := resolverRow(t, started(t, goProgram("1")))
		if r.Kind != "go" || r.Cgo == nil || !*r.Cgo || r.Libc != "glibc" || r.LibcVer == "" {
			t.Errorf("%+v", r)
		}
	})
}

// Reading a mapped file leaves its time of access alone, and a file that is no regular one is not opened.
func TestIntegrationReopen(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Unix(1_000_000_000, 0)
	if err := os.Chtimes(name, old, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"out": "/etc/passwd", "up": "../../../../../../etc/passwd", "in": "/file"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	root := rootDir{fd}
	defer root.close()
	if text, _, err := root.read("/file", 3); err != nil || string(text) != "tex" {
		t.Errorf("read %q, %v", text, err)
	}
	if text, _, err := root.read("/in", 100); err != nil || string(text) != "text" {
		t.Errorf("by a link: %q, %v", text, err)
	}
	for _, other := range []string{"/fifo", "/out", "/up", "/", "/missing"} {
		if text, _, err := root.read(other, 100); err == nil {
			t.Errorf("%s: read %q", other, text)
		}
	}
	var st unix.Stat_t
	if err := unix.Stat(name, &st); err != nil || st.Atim.Sec != old.Unix() {
		t.Errorf("read at %d, %v", st.Atim.Sec, err)
	}
	for _, name := range []string{"/file", "//./file"} { // as on a kernel without openat2
		if fd, err := root.walk(name); err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			unix.Close(fd)
		}
	}
	for _, name := range []string{"/../etc/passwd", "/out/x", "/missing"} {
		if fd, err := root.walk(name); err == nil {
			t.Errorf("%s was opened", name)
			unix.Close(fd)
		}
	}
	if fmt.Sprint(splitPath("/a//./b/../c")) != "[a b .. c]" {
		t.Error(splitPath("/a//./b/../c"))
	}
}
