package capture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/netmortem/netmortem/schema"
)

// coreHost is a host's root directory with cores in all the places where they are looked for, and next to each of them
// something that is like one and must not be taken for one.
func coreHost(t *testing.T) (*Host, string) {
	t.Helper()
	core, err := os.ReadFile(filepath.Join("corefile", "testdata", "sample.core"))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	write := func(name string, data []byte) {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	id := strings.Repeat("ab", 32)
	layer := "/data/docker/overlay2/0123abcd/diff"
	write("/etc/docker/daemon.json", []byte(`{"data-root":"/data/docker"}`))
	write("/proc/sys/kernel/core_pattern", []byte("/cores/%e.%p\n"))
	write("/proc/sys/kernel/core_uses_pid", []byte("0\n"))
	write("/data/docker/image/overlay2/layerdb/mounts/"+id+"/mount-id", []byte("0123abcd"))
	write(layer+"/app/core.7", core)
	write(layer+"/app/core.js", []byte("module.exports = 'hunter2'"))
	write(layer+"/etc/passwd", []byte("x"))
	if err := os.MkdirAll(filepath.Join(root, layer, "core"), 0o755); err != nil { // a directory of that name
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(root, "/secret/core"), filepath.Join(root, layer, "core.link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/secret", filepath.Join(root, layer, "dir")); err != nil {
		t.Fatal(err)
	}
	write("/secret/core", core)
	write("/cores/app.7", core)
	write("/cores/app.8", core[:len(core)-100])
	if err := os.Link(filepath.Join(root, "/cores/app.7"), filepath.Join(root, "/cores/core.same")); err != nil {
		t.Fatal(err)
	}
	var z, l bytes.Buffer
	zw, err := zstd.NewWriter(&z)
	if err != nil {
		t.Fatal(err)
	}
	lw := lz4.NewWriter(&l)
	for _, w := range []interface {
		Write([]byte) (int, error)
		Close() error
	}{zw, lw} {
		if _, err := w.Write(core); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	boot := "0123456789abcdef0123456789abcdef"
	write("/var/lib/systemd/coredump/core.my\\x2eapp.1000."+boot+".4711.1700000000000000.zst", z.Bytes())
	write("/var/lib/systemd/coredump/core.app.1000."+boot+".4712.1700000000000000.lz4", l.Bytes())
	write("/var/lib/systemd/coredump/core.old.1000."+boot+".4713.1700000000000000.xz", []byte("\xfd7zXZ\x00\x00"))
	write("/var/lib/systemd/coredump/core.cut.1000."+boot+".4714.1700000000000000.zst", z.Bytes()[:20])
	write("/var/crash/_usr_bin_app.0.crash", []byte("ProblemType: Crash\nArchitecture: amd64\nExecutablePath: /usr/bin/app\nProcCmdline: app --password hunter2\nProcEnviron:\n A=hunter2\nSignal: 6\nCoreDump: base64\n"))
	write("/var/crash/notes.crash", []byte("hunter2"))
	h := &Host{Options: Options{Root: root}.withDefaults()}
	h.processes.byPID = map[int]*knownProcess{}
	return h, root
}

func TestCoreFile(t *testing.T) {
	h, root := coreHost(t)
	cover, entries := runAlone(t, h, coreFile)
	for _, c := range cover {
		if c.Outcome.Gap() {
			t.Errorf("%s: %s: %s", c.Tbl, c.Outcome, c.Reason)
		}
	}
	var got []string
	dec := json.NewDecoder(strings.NewReader(entries["rows/core_file.jsonl"]))
	for dec.More() {
		var r schema.CoreFile
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		signal, pid, whole := int64(0), int64(0), "?"
		if r.Signal != nil {
			signal = *r.Signal
		}
		if r.PID != nil {
			pid = *r.PID
		}
		if r.Whole != nil {
			whole = fmt.Sprint(*r.Whole)
		}
		got = append(got, fmt.Sprintf("%s %s %.4s %s signal %d pid %d %s whole %s %.12s %s", r.Source, r.Kind, r.Container, filepath.Base(r.Path), signal, pid, r.Executable, whole, r.BuildID, r.Args))
	}
	boot := "0123456789abcdef0123456789abcdef"
	id := "616263646566"
	want := []string{
		"systemd elf.lz4  core.app.1000." + boot + ".4712.1700000000000000.lz4 signal 11 pid 4712 /bin/app whole ? " + id + " /bin/app --password <masked>",
		"systemd elf.zst  core.cut.1000." + boot + ".4714.1700000000000000.zst signal 0 pid 4714  whole ?  ",
		"systemd elf.zst  core.my\\x2eapp.1000." + boot + ".4711.1700000000000000.zst signal 11 pid 4711 /bin/app whole ? " + id + " /bin/app --password <masked>",
		"systemd elf.xz  core.old.1000." + boot + ".4713.1700000000000000.xz signal 0 pid 4713  whole ?  ",
		"apport crash  _usr_bin_app.0.crash signal 6 pid 0 /usr/bin/app whole ?  ",
		"pattern elf  app.7 signal 11 pid 7 /bin/app whole true " + id + " /bin/app --password <masked>",
		"pattern elf  app.8 signal 11 pid 7 /bin/app whole false " + id + " /bin/app --password <masked>",
		"layer elf abab core.7 signal 11 pid 7 /bin/app whole true " + id + " /bin/app --password <masked>",
	}
	if g, w := strings.Join(sorted(got), "\n"), strings.Join(sorted(want), "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
	for name, text := range entries {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s holds a secret", name)
		}
		if strings.HasPrefix(name, "raw/core/") {
			t.Errorf("%s is there unasked", name)
		}
	}
	if n := strings.Count(entries["rows/core_mapping.jsonl"], "libc.so.6 (deleted)"); n != 5 {
		t.Errorf("%d of the cores have libc mapped", n)
	}
	_ = root
}

// With --include-core the newest cores are there as they are, and the coverage says what that means.
func TestIncludeCore(t *testing.T) {
	h, _ := coreHost(t)
	h.Options.Cores = true
	h.Options.MaxBytes = 2000
	cover, entries := runAlone(t, h, coreFile)
	n := 0
	for _, c := range cover {
		if name := strings.TrimPrefix(c.Document, "raw/core/"); name != c.Document {
			n++
			if !strings.Contains(c.Reason, "every secret") {
				t.Errorf("%s: %s", c.Document, c.Reason)
			}
			if !strings.Contains(c.Document, ".") && (c.Outcome != schema.Truncated || len(entries[c.Document]) != 2000) {
				t.Errorf("%s: %s, %d bytes", c.Document, c.Outcome, len(entries[c.Document]))
			}
		}
	}
	if n != wholeCores {
		t.Errorf("%d cores, want %d", n, wholeCores)
	}
}

func sorted(list []string) []string {
	out := append([]string(nil), list...)
	for i := range out {
		for j := i; j > 0 && out[j] < out[j-1]; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

// A link inside another root directory does not lead out of it, whether openat2 is there or not.
func TestOpenIn(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	for _, d := range []string{"root/in", "out"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"root/in/file": "inside", "out/file": "outside"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"abs": filepath.Join(dir, "out"), "up": "../out", "good": "/in"} {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	d, err := os.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for name, want := range map[string]string{
		"/in/file": "inside", "../../in/file": "inside", "/good/file": "inside", "/abs/file": "", "/up/file": "", "/../out/file": "", "/none": "",
	} {
		got := ""
		if fd, err := openIn(int(d.Fd()), name, os.O_RDONLY); err == nil {
			f := os.NewFile(uintptr(fd), name)
			b := make([]byte, 20)
			n, _ := f.Read(b)
			got = string(b[:n])
			f.Close()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if fd, err := openSteps(int(d.Fd()), "good/file"); err == nil {
		t.Errorf("a link was followed: %d", fd)
	}
	if _, err := openSteps(int(d.Fd()), "in/file"); err != nil {
		t.Error(err)
	}
}
