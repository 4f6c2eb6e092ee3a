package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

func TestFirstOfContainers(t *testing.T) {
	var got []string
	for _, k := range firstOfContainers([]*knownProcess{
		{pid: 1}, {pid: 2, container: "a", stuck: true}, {pid: 3, container: "a"}, {pid: 4, container: "b"}, {pid: 5, container: "b", first: true},
		{pid: 6, container: "b", first: true}, {pid: 7, container: "c", zombie: true}, {pid: 8, container: "d", stuck: true}, {pid: 9, container: "e"},
		{pid: 10, container: "e", first: true, stuck: true},
	}) {
		got = append(got, fmt.Sprint(k.container, k.pid))
	}
	if s := strings.Join(got, " "); s != "a3 b5 d8 e9" {
		t.Errorf("got %s", s)
	}
}

func TestMaskContainerFile(t *testing.T) {
	tests := []struct {
		text     string
		comments bool
		want     string
		masked   int
	}{
		{"nameserver 10.0.0.1\noptions ndots:0\n", false, "nameserver 10.0.0.1\noptions ndots:0\n", 0},
		{"10.0.0.1 db # password=hunter2\n::1 x", false, "10.0.0.1 db # password=<masked>\n::1 x", 1},
		{"passwd: files\nhosts: dns # see https://u:p@h/\n", true, "passwd: files\nhosts: dns # see https://<masked>@h/\n", 1},
	}
	for _, test := range tests {
		if got, n := maskContainerFile([]byte(test.text), test.comments); string(got) != test.want || n != test.masked {
			t.Errorf("%q: got %q, %d", test.text, got, n)
		}
	}
}

// A container's files are read as its process sees them: a link does not lead out of its root, and a fifo is not opened.
func TestIntegrationContainerFile(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to change the root directory")
	}
	root := t.TempDir()
	program := compiled(t, `int main() { write(1, "x", 1); pause(); }`, "gcc", "-static")
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("# a comment that goes on\n", 4000)
	err = errors.Join(os.WriteFile(filepath.Join(root, "program"), text, 0o755), os.Mkdir(filepath.Join(root, "etc"), 0o755),
		os.WriteFile(filepath.Join(root, "etc/real.conf"), []byte("nameserver 192.0.2.1 # token=hunter2\n"), 0o644),
		os.Symlink("/etc/real.conf", filepath.Join(root, "etc/resolv.conf")), os.WriteFile(filepath.Join(root, "etc/nsswitch.conf"), []byte(long), 0o644),
		os.Symlink("/../../../../etc/passwd", filepath.Join(root, "etc/hosts")), unix.Mkfifo(filepath.Join(root, "etc/gai.conf"), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/program")
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	pid := child(t, cmd)
	untilState(t, pid, "S")
	id := strings.Repeat("cd", 32)
	asContainer := *containerFileCollector
	asContainer.Run = func(ctx context.Context, h *Host, s *Sink) error {
		l := newProcessLook(h, 0)
		defer l.end()
		if _, err := l.one(ctx, "/proc", pid); err != nil {
			return err
		}
		h.processes.list()[0].container = id
		return containerFileCollector.Run(ctx, h, s)
	}
	_, entries := captureAll(t, t.Context(), kernelOnly(), []*Collector{&asContainer})

	if got := entries["raw/container/"+id+"/resolv.conf"]; got != "nameserver 192.0.2.1 # token=<masked>\n" {
		t.Errorf("resolv.conf: %q", got)
	}
	if got := entries["raw/container/"+id+"/nsswitch.conf"]; got != long[:mostContainerFile] {
		t.Errorf("nsswitch.conf has %d bytes", len(got))
	}
	want := map[string]string{"/etc/resolv.conf": "true 37 ", "/etc/hosts": "false", "/etc/nsswitch.conf": fmt.Sprintf("true %d ", len(long)), "/etc/gai.conf": "true not a regular file"}
	for _, r := range decodeLines[schema.ContainerFile](t, entries["rows/container_file.jsonl"]) {
		got := fmt.Sprint(*r.Present)
		if r.Bytes != nil {
			got += fmt.Sprintf(" %d ", *r.Bytes)
		}
		if r.Err != "" {
			got += " " + r.Err
		}
		if r.Container != id || got != want[r.Path] || (r.Document != "") != (r.Bytes != nil) {
			t.Errorf("%+v: %q, want %q", r, got, want[r.Path])
		}
		delete(want, r.Path)
	}
	if len(want) > 0 {
		t.Errorf("no rows of %v", want)
	}
	for _, c := range decodeLines[schema.Coverage](t, entries["rows/coverage.jsonl"]) {
		out := schema.OK
		switch {
		case strings.HasSuffix(c.Document, "/nsswitch.conf"):
			out = schema.Truncated
		case strings.HasSuffix(c.Document, "/resolv.conf") && c.Masked != 1:
			t.Errorf("%d values masked", c.Masked)
		}
		if c.Collector == "container_file" && c.Outcome != out {
			t.Errorf("coverage: %+v", c)
		}
	}
}
