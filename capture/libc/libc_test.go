package libc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const inC = `
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>
int main() { struct addrinfo *r; printf("%d\n", getaddrinfo("localhost", "80", 0, &r)); perror("x"); fflush(stdout); pause(); }
`

const inGo = `package main

import "net"

func main() { println(net.LookupHost("localhost")); select {} }
`

// build compiles a program. It skips the test when the compiler is missing.
func build(t testing.TB, source, ext string, env []string, command ...string) string {
	t.Helper()
	if _, err := exec.LookPath(command[0]); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "program")
	if err := os.WriteFile(name+ext, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(command[0], append(command[1:], "-o", name, name+ext)...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("%s: %v: %s", cmd, err, out)
	}
	return name
}

// identify reads a file whole, as capture does.
func identify(t testing.TB, name string, library bool) File {
	t.Helper()
	r, err := os.Open(name)
	if err != nil {
		t.Skip(err)
	}
	defer r.Close()
	f, err := Identify(&Budget{r, 64 << 20}, library)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}

func show(f File) string {
	say := func(b *bool) string {
		if b == nil {
			return "?"
		}
		return fmt.Sprint(*b)
	}
	return fmt.Sprintf("static %v, libc %s %s, getaddrinfo %s, go %v, cgo %s", f.Static, f.Libc, f.Version, say(f.Resolves), f.Go != "", say(f.Cgo()))
}

// libraryOf is the C library of the machine that a compiler links to.
func glibcVersion(t *testing.T) string {
	out, err := exec.Command("ldd", "--version").Output()
	if err != nil {
		t.Skip(err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	f := strings.Fields(line)
	if !strings.Contains(line, "GLIBC") && !strings.Contains(line, "GNU libc") {
		t.Skip("not a machine with glibc")
	}
	return f[len(f)-1]
}

func TestIdentifyGlibc(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs glibc")
	}
	version := glibcVersion(t)
	paths, _ := filepath.Glob("/lib/*/libc.so.6")
	if len(paths) == 0 {
		paths, _ = filepath.Glob("/lib*/libc.so.6")
	}
	if len(paths) == 0 {
		t.Skip("no libc.so.6 where it is looked for")
	}
	f := identify(t, paths[0], true)
	if f.Libc != Glibc || f.Version != version || f.Build == "" {
		t.Errorf("%s: %+v; ldd says %s", paths[0], f, version)
	}
}

func TestIdentifyMusl(t *testing.T) {
	paths, _ := filepath.Glob("/lib/ld-musl-*.so.1")
	if len(paths) == 0 {
		t.Skip("no musl: Debian's package musl")
	}
	out, _ := exec.Command(paths[0]).CombinedOutput() // without arguments it prints its version, and fails
	_, version, ok := strings.Cut(string(out), "Version ")
	if version, _, _ = strings.Cut(version, "\n"); !ok {
		t.Fatalf("%s says %q", paths[0], out)
	}
	if f := identify(t, paths[0], true); f.Libc != Musl || f.Version != version {
		t.Errorf("%s: %+v; itself says %s", paths[0], f, version)
	}
}

func TestIdentifyPrograms(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs ELF programs")
	}
	strip := func(t *testing.T, name string) string {
		if out, err := exec.Command("strip", "-s", name).CombinedOutput(); err != nil {
			t.Skipf("strip: %v: %s", err, out)
		}
		return name
	}
	tests := []struct {
		name string
		file func(t *testing.T) string
		want string
	}{
		{"glibc", func(t *testing.T) string { return build(t, inC, ".c", nil, "gcc", "-w") }, "static false, libc glibc , getaddrinfo true, go false, cgo ?"},
		{"glibc, static", func(t *testing.T) string { return strip(t, build(t, inC, ".c", nil, "gcc", "-w", "-static")) }, "static true, libc glibc , getaddrinfo ?, go false, cgo ?"},
		{"glibc, static and movable", func(t *testing.T) string { return strip(t, build(t, inC, ".c", nil, "gcc", "-w", "-static-pie")) }, "static true, libc glibc , getaddrinfo ?, go false, cgo ?"},
		{"glibc, the name is the end of another's", func(t *testing.T) string {
			return build(t, strings.Replace(inC, "int main", "void our_getaddrinfo(void) {}\nint main", 1), ".c", nil, "gcc", "-w", "-rdynamic")
		}, "static false, libc glibc , getaddrinfo true, go false, cgo ?"},
		{"glibc, only another's name", func(t *testing.T) string {
			return build(t, "void our_getaddrinfo(void) {}\nvoid getaddrinfo(void) {}\nint main() { getaddrinfo(); return 0; }", ".c", nil, "gcc", "-w", "-rdynamic")
		}, "static false, libc glibc , getaddrinfo false, go false, cgo ?"},
		{"musl", func(t *testing.T) string { return strip(t, build(t, inC, ".c", nil, "musl-gcc", "-w")) }, "static false, libc musl , getaddrinfo true, go false, cgo ?"},
		{"musl, static", func(t *testing.T) string { return strip(t, build(t, inC, ".c", nil, "musl-gcc", "-w", "-static")) }, "static true, libc musl , getaddrinfo ?, go false, cgo ?"},
		{"no library at all", func(t *testing.T) string {
			return build(t, "void _start(void) { for (;;); }", ".c", nil, "gcc", "-w", "-static", "-nostdlib")
		}, "static true, libc  , getaddrinfo ?, go false, cgo ?"},
		{"Go", func(t *testing.T) string { return build(t, inGo, ".go", []string{"CGO_ENABLED=0"}, "go", "build") }, "static true, libc  , getaddrinfo ?, go true, cgo false"},
		{"Go, stripped", func(t *testing.T) string {
			return build(t, inGo, ".go", []string{"CGO_ENABLED=0"}, "go", "build", "-ldflags=-s -w", "-trimpath")
		}, "static true, libc  , getaddrinfo ?, go true, cgo false"},
		{"Go with cgo", func(t *testing.T) string { return build(t, inGo, ".go", []string{"CGO_ENABLED=1"}, "go", "build") }, "static false, libc glibc , getaddrinfo true, go true, cgo true"},
		{"Go with cgo and netgo", func(t *testing.T) string {
			return build(t, strings.Replace(inGo, `"net"`, `"net"; import "C"`, 1), ".go", []string{"CGO_ENABLED=1"}, "go", "build", "-tags=netgo")
		}, "static false, libc glibc , getaddrinfo false, go true, cgo false"},
		{"Go with cgo, static", func(t *testing.T) string {
			return build(t, inGo, ".go", []string{"CGO_ENABLED=1"}, "go", "build", "-ldflags=-extldflags=-static -linkmode=external")
		}, "static true, libc glibc , getaddrinfo ?, go true, cgo true"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := identify(t, test.file(t), false)
			if got := show(f); got != test.want {
				t.Errorf("got  %s\nwant %s\n%+v", got, test.want, f)
			}
			if f.Go != "" && f.Go != runtime.Version() && !strings.HasPrefix(runtime.Version(), f.Go) {
				t.Errorf("version of Go %q, in truth %q", f.Go, runtime.Version())
			}
			if f.Go != "" && f.GoSettings["CGO_ENABLED"] == "" {
				t.Errorf("settings: %v", f.GoSettings)
			}
		})
	}
}

// Texts are found wherever in the file they stand, also across the pieces that are read.
func TestScanAcrossPieces(t *testing.T) {
	banner := "GNU C Library (Ubuntu GLIBC 2.31-0ubuntu9.17) stable release version 2.31.\n"
	for _, at := range []int{0, 1, piece - 40, piece - 1, piece, piece + 1, 3*piece - 7} {
		data := append(bytes.Repeat([]byte{'.'}, at), banner...)
		data = append(data, bytes.Repeat([]byte{'.'}, 500)...)
		f := &image{r: bytes.NewReader(data)}
		var out File
		if err := f.search(span{size: uint64(len(data))}, &out, true); err != nil || out.Version != "2.31" || out.Build != "Ubuntu GLIBC 2.31-0ubuntu9.17" {
			t.Errorf("at %d: %+v, %v", at, out, err)
		}
	}
}

func TestLibraryTexts(t *testing.T) {
	tests := []struct {
		name, text string
		library    bool
		want       string
	}{
		{"CentOS 7", "GNU C Library (GNU libc) stable release version 2.17, by Roland McGrath et al.\n", true, "glibc 2.17"},
		{"development", "GNU C Library (GNU libc) development release version 2.39.9000.\n", true, "glibc 2.39.9000"},
		{"Alpine", "\x00musl libc (aarch64)\nVersion %s\n\x00x\x001.2.5\x00", true, "musl 1.2.5"},
		{"musl of git", "\x00musl libc (x86_64)\nVersion %s\n\x001.1.24-git-5-gdeadbeef\x00", true, "musl 1.1.24-git-5-gdeadbeef"},
		{"version before the name", "\x001.2.4\x00 musl libc (x86_64)\n", true, "musl 1.2.4"},
		{"no version", "musl libc (x86_64)\n 1.2.4 ", true, "musl "},
		{"another library", "libz 1.2.13\x001.2.13\x00No error information\x00", true, " "},
		{"a talk about it", "see the GNU C Library (manual)", true, " "},
		{"static musl", "x\x00No error information\x00Illegal byte sequence\x00", false, "musl "},
		{"static glibc", "x\x00Fatal glibc error: malloc\x00", false, "glibc "},
	}
	for _, test := range tests {
		data := []byte(test.text)
		var out File
		err := (&image{r: bytes.NewReader(data)}).search(span{size: uint64(len(data))}, &out, test.library)
		if got := out.Libc + " " + out.Version; err != nil || got != test.want {
			t.Errorf("%s: got %q, %v; want %q", test.name, got, err, test.want)
		}
	}
}

// oldGo is a file as Go before 1.18 made it: the build information points at the headers of two strings.
func oldGo(module string) []byte {
	const base = 0x400000
	b := make([]byte, 512)
	copy(b, "\x7fELF\x02\x01\x01")
	le := binary.LittleEndian
	le.PutUint64(b[32:], 64) // program headers
	le.PutUint16(b[54:], 56)
	le.PutUint16(b[56:], 1)
	le.PutUint32(b[64:], ptLoad)
	le.PutUint32(b[68:], pfWrite|4)
	le.PutUint64(b[80:], base)
	le.PutUint64(b[96:], 4096)
	copy(b[128:], goMagic)
	b[142] = 8
	le.PutUint64(b[144:], base+192)
	le.PutUint64(b[152:], base+208)
	le.PutUint64(b[192:], base+256)
	le.PutUint64(b[200:], uint64(len("go1.16.5")))
	le.PutUint64(b[208:], base+272)
	le.PutUint64(b[216:], uint64(len(module)))
	copy(b[256:], "go1.16.5")
	copy(b[272:], module)
	return b
}

func TestOldGo(t *testing.T) {
	mark := strings.Repeat("#", 16)
	f, err := Identify(bytes.NewReader(oldGo(mark+"path\tcommand\nmod\tx\tv1.0.0\t\n"+mark)), false)
	if err != nil || f.Go != "go1.16.5" {
		t.Errorf("%+v, %v", f, err)
	}
}

// What is cut, empty or something else is no ELF file or an incomplete one, and a budget ends the reading.
func TestIdentifyRefuses(t *testing.T) {
	for name, data := range map[string][]byte{"nothing": nil, "a script": []byte(strings.Repeat("#!/bin/sh\n", 20)), "short": []byte("\x7fELF\x02\x01")} {
		if _, err := Identify(bytes.NewReader(data), false); !errors.Is(err, errNotELF) {
			t.Errorf("%s: %v", name, err)
		}
	}
	exe, err := os.Executable()
	if err != nil || runtime.GOOS != "linux" {
		t.Skip(err)
	}
	r, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := Identify(&Budget{r, 4096}, true); !errors.Is(err, ErrBudget) {
		t.Errorf("with a budget of 4096 bytes: %v", err)
	}
}

// FuzzIdentify wants an end, no panic, and no more than the file's own size of anything.
func FuzzIdentify(f *testing.F) {
	f.Add(oldGo("x"), false)
	for _, name := range []string{"/bin/true", "/lib/ld-musl-x86_64.so.1"} {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(data[:min(len(data), 8<<10)], true)
			if len(data) < 64<<10 {
				f.Add(data, false)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, library bool) {
		out, err := Identify(&Budget{bytes.NewReader(data), 8 << 20}, library)
		if err != nil && out.Libc == "" {
			return
		}
		if len(out.Go) > 128 || len(out.Build) > 128 || len(out.Version) > 128 || len(out.Needed) > 256 {
			t.Errorf("%+v", out)
		}
	})
}

var _ io.ReaderAt = (*Budget)(nil)
