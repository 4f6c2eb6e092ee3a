package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// testBundle is a whole bundle with one document of some size that does not compress.
type testBundle struct {
	size int
	comp schema.Compression
	at   func() // called when writing begins
}

func (b *testBundle) Top() string { return "netmortem_h_19700101T000001Z" }
func (b *testBundle) Size() int64 { return int64(b.size) }
func (b *testBundle) Write(dst io.Writer) error {
	if b.at != nil {
		b.at()
	}
	comp := b.comp
	if comp == "" {
		comp = schema.Zstd
	}
	w, err := schema.NewWriter(schema.Meta{Host: "h", Started: time.Unix(1, 0), Interrupted: "cut for a test"}, comp)
	if err != nil {
		return err
	}
	noise, x := make([]byte, b.size), uint32(1)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	if err := w.Raw("noise", noise); err != nil {
		return err
	}
	return w.Close(dst, "a test\n")
}

// names lists a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func newOutput(t *testing.T, name string, overwrite bool) *Output {
	t.Helper()
	o, err := NewOutput(name, overwrite, os.Stdout)
	if err != nil {
		t.Fatal(err)
	}
	o.fs.free = func(string) (int64, int64, error) { return 1 << 40, 1 << 41, nil } // the test's own disk is not the question
	return o
}

func TestOutputSaves(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	tests := []struct{ given, want string }{
		{"", "netmortem_h_19700101T000001Z.tar.zst"},
		{"x.tgz", "x.tgz"},
		{"y.tar.gz", "y.tar.gz"},
		{filepath.Join(dir, "z"), filepath.Join(dir, "z")},
	}
	for _, tt := range tests {
		o := newOutput(t, tt.given, false)
		name, err := o.Save(&testBundle{size: 1000, comp: o.Compression()})
		if err != nil || name != tt.want {
			t.Fatalf("%q: %q, %v", tt.given, name, err)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if gzip := bytes.HasPrefix(data, []byte{0x1f, 0x8b}); gzip != strings.Contains(name, "gz") {
			t.Errorf("%s: gzip %v", name, gzip)
		}
		if got := entriesOf(t, bytes.NewReader(data)); len(got["raw/noise"]) != 1000 {
			t.Errorf("%s: %d bytes of noise", name, len(got["raw/noise"]))
		}
		if st, err := os.Stat(name); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, st.Mode(), err)
		}
	}
	if got := names(t, dir); len(got) != len(tests) {
		t.Errorf("left behind: %v", got)
	}
}

func TestOutputRefuses(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "taken", "precious")
	if err := os.Symlink(filepath.Join(dir, "taken"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name      string
		overwrite bool
		want      string
	}{
		{filepath.Join(dir, "taken"), false, "file exists"},
		{filepath.Join(dir, "link"), false, "file exists"},
		{filepath.Join(dir, "link"), true, "not a regular file"},
		{os.DevNull, true, "not a regular file"},
		{dir, true, "is a directory"},
		{filepath.Join(dir, "missing", "x"), false, "output directory"},
	} {
		if _, err := NewOutput(tt.name, tt.overwrite, os.Stdout); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s, overwrite %v: %v", tt.name, tt.overwrite, err)
		}
	}
	if _, err := NewOutput(filepath.Join(dir, "taken"), false, os.Stdout); !errors.Is(err, ErrExists) {
		t.Errorf("not ErrExists: %v", err)
	}
}

// A file that appears while the capture runs is not overwritten either.
func TestOutputRaces(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	for _, how := range []func(from, to string, overwrite bool) error{rename, func(from, to string, _ bool) error { return linkInstead(from, to) }} {
		o := newOutput(t, name, false)
		o.fs.rename = how
		_, err := o.Save(&testBundle{at: func() { write(t, dir, "x", "precious") }})
		if !errors.Is(err, ErrExists) {
			t.Errorf("got %v", err)
		}
		if data, err := os.ReadFile(name); err != nil || string(data) != "precious" || len(names(t, dir)) != 1 {
			t.Errorf("%q %v %v", data, err, names(t, dir))
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, "x", "old")
	if _, err := newOutput(t, name, true).Save(&testBundle{}); err != nil {
		t.Error(err)
	}
	if data, _ := os.ReadFile(name); string(data) == "old" {
		t.Error("not overwritten when told to")
	}
	// Where renaming cannot be made exclusive and links work.
	if err := os.Rename(name, name+".b"); err != nil {
		t.Fatal(err)
	}
	if err := linkInstead(name+".b", name); err != nil || !slices.Equal(names(t, dir), []string{"x"}) {
		t.Errorf("%v %v", err, names(t, dir))
	}
}

func TestOutputLeavesRoom(t *testing.T) {
	const mb, gb = 1 << 20, 1 << 30
	tests := []struct {
		name             string
		free, size, need int64
		ok               bool
	}{
		{"plenty", 50 * gb, 100 * gb, 5 * mb, true},
		{"huge disk, a gigabyte is enough", 2 * gb, 4000 * gb, 5 * mb, true},
		{"a twentieth stays", 520 * mb, 10 * gb, 9 * mb, false},
		{"just enough", 522 * mb, 10 * gb, 9 * mb, true},
		{"small disk, 100 MB stay", 101 * mb, 200 * mb, 2 * mb, false},
		{"full", 0, 10 * gb, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			o := newOutput(t, filepath.Join(dir, "x"), false)
			o.fs.free = func(string) (int64, int64, error) { return tt.free, tt.size, nil }
			_, err := o.Save(&testBundle{size: int(tt.need)})
			if (err == nil) != tt.ok || !tt.ok && !errors.Is(err, ErrDiskFull) {
				t.Errorf("got %v", err)
			}
			if !tt.ok && len(names(t, dir)) != 0 {
				t.Errorf("left behind: %v", names(t, dir))
			}
		})
	}
}

// failAfter writes so many bytes and then fails as a full disk does.
type failAfter struct {
	w    io.Writer
	left int
}

func (f *failAfter) Write(p []byte) (int, error) {
	if len(p) > f.left {
		n, _ := f.w.Write(p[:f.left])
		f.left = 0
		return n, syscall.ENOSPC
	}
	f.left -= len(p)
	return f.w.Write(p)
}

func TestOutputFails(t *testing.T) {
	for _, after := range []int{0, 1, 100, 5000} {
		dir := t.TempDir()
		o := newOutput(t, filepath.Join(dir, "x"), false)
		o.fs.write = func(f *os.File) io.Writer { return &failAfter{f, after} }
		if _, err := o.Save(&testBundle{size: 10000}); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("full after %d bytes: %v", after, err)
		}
		if got := names(t, dir); len(got) != 0 {
			t.Errorf("full after %d bytes: left behind %v", after, got)
		}
	}
	dir := t.TempDir()
	o := newOutput(t, filepath.Join(dir, "x"), false)
	o.fs.rename = func(string, string, bool) error { return syscall.EIO }
	if _, err := o.Save(&testBundle{}); !errors.Is(err, syscall.EIO) || len(names(t, dir)) != 0 {
		t.Errorf("%v, left behind %v", err, names(t, dir))
	}
}

func TestOutputStaleAndBusyPartial(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	write(t, dir, "x.partial", "left by a killed process")
	if _, err := newOutput(t, name, false).Save(&testBundle{}); err != nil {
		t.Errorf("stale: %v", err)
	}
	other, err := createPartial(name + ".partial") // a process that still writes
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := newOutput(t, name, true).Save(&testBundle{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("busy: %v", err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"x", "x.partial"}) {
		t.Errorf("the other's file is gone: %v", got)
	}
	_ = other.Close()
	if err := os.Remove(name + ".partial"); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(dir, "victim")
	write(t, dir, "victim", "precious")
	if err := os.Symlink(victim, name+".partial"); err != nil {
		t.Fatal(err)
	}
	if _, err := newOutput(t, name, true).Save(&testBundle{}); err == nil {
		t.Error("written through a link")
	}
	if data, _ := os.ReadFile(victim); string(data) != "precious" {
		t.Errorf("victim: %q", data)
	}
}

func TestOutputStream(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o, err := NewOutput("-", false, f)
	if err != nil {
		t.Fatal(err)
	}
	if name, err := o.Save(&testBundle{size: 10}); name != "-" || err != nil {
		t.Fatal(name, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got := entriesOf(t, f); len(got["raw/noise"]) != 10 {
		t.Errorf("%v", got)
	}
}

// TestOutputChild is no test: it saves a bundle in a process of its own, for TestOutputKilled to kill at a stage.
func TestOutputChild(t *testing.T) {
	name, stage := os.Getenv("NETMORTEM_TEST_OUTPUT"), os.Getenv("NETMORTEM_TEST_STAGE")
	if name == "" {
		t.Skip("started by TestOutputKilled only")
	}
	pause := func(at string) {
		if at == stage {
			fmt.Println("READY")
			select {} // until the signal
		}
	}
	o := newOutput(t, name, false)
	pause("checked")
	o.fs.write = func(f *os.File) io.Writer {
		pause("created")
		return &pausing{f, func() { pause("half written") }}
	}
	o.fs.rename = func(from, to string, overwrite bool) error {
		pause("written")
		if err := rename(from, to, overwrite); err != nil {
			return err
		}
		pause("renamed")
		return nil
	}
	if _, err := o.Save(&testBundle{size: 100000}); err != nil {
		t.Fatal(err)
	}
}

// pausing stops in the middle of the first long write.
type pausing struct {
	w     io.Writer
	pause func()
}

func (p *pausing) Write(b []byte) (int, error) {
	if len(b) < 50000 {
		return p.w.Write(b)
	}
	n, err := p.w.Write(b[:len(b)/2])
	if err != nil {
		return n, err
	}
	p.pause()
	m, err := p.w.Write(b[len(b)/2:])
	return n + m, err
}

// Whatever kills the process and whenever: under the final name there is a whole bundle or nothing, and what was left
// is in nobody's way.
func TestOutputKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs signals")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range []string{"checked", "created", "half written", "written", "renamed"} {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL} {
			t.Run(stage+"/"+sig.String(), func(t *testing.T) {
				dir := t.TempDir()
				name := filepath.Join(dir, "x.tar.zst")
				child := exec.Command(exe, "-test.run=^TestOutputChild$")
				child.Env = append(os.Environ(), "NETMORTEM_TEST_OUTPUT="+name, "NETMORTEM_TEST_STAGE="+stage)
				out, err := child.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := child.Start(); err != nil {
					t.Fatal(err)
				}
				ready := make([]byte, 5)
				_, readErr := io.ReadFull(out, ready)
				sigErr := child.Process.Signal(sig)
				_ = child.Wait() // killed, so always an error
				if readErr != nil || string(ready) != "READY" || sigErr != nil {
					t.Fatalf("the child did not get to the stage: %q %v %v", ready, readErr, sigErr)
				}
				data, err := os.ReadFile(name)
				if stage == "renamed" {
					if err != nil || len(entriesOf(t, bytes.NewReader(data))) == 0 {
						t.Fatalf("no bundle: %v", err)
					}
					return
				}
				if !errors.Is(err, os.ErrNotExist) {
					t.Fatalf("under the final name: %d bytes, %v", len(data), err)
				}
				if _, err := newOutput(t, name, false).Save(&testBundle{size: 1}); err != nil {
					t.Errorf("a second run: %v", err)
				}
				if got := names(t, dir); !slices.Equal(got, []string{"x.tar.zst"}) {
					t.Errorf("after a second run: %v", got)
				}
			})
		}
	}
}
