package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// This file runs the built program as an operator does, on this machine, and reads what it wrote. contractLimit is when a
// run is taken for hung; how long it should take at most is each test's own.
const contractLimit = 2 * time.Minute

// program is the built program, where everybody may run it.
func program(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: to enter namespaces, and to give privileges away")
	}
	dir, err := os.MkdirTemp("", "netmortem-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "netmortem")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Rename(buildProgram(t, "netmortem", "CGO_ENABLED=0"), path)); err != nil {
		t.Fatal(err)
	}
	return path
}

// A taken is one capture that was run: how it ended, what it said, what it wrote.
type taken struct {
	code     int
	said     string // on standard error
	took     time.Duration
	resident int64 // the most memory that it had in RAM, in bytes
	meta     schema.Meta
	rows     map[string][]map[string]any // by table
	docs     map[string]string           // by name, raw/…
	broken   string                      // why the bundle is not whole
	empty    bool                        // nothing was written
}

// take runs a capture that writes to standard output, and reads the bundle.
func take(t *testing.T, path string, attr *syscall.SysProcAttr, flags ...string) *taken {
	t.Helper()
	return started(t, path, attr, nil, flags...)
}

// started is take with something to do while it runs; then is called with every line that it says.
func started(t *testing.T, path string, attr *syscall.SysProcAttr, then func(p *os.Process, line string), flags ...string) *taken {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), contractLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append([]string{"capture", "-o", "-", "--progress", "plain"}, flags...)...)
	cmd.SysProcAttr = attr
	cmd.Dir = "/"
	out := filepath.Join(t.TempDir(), "x.tar.zst")
	file, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	said := &lines{each: func(line string) {
		if then != nil {
			then(cmd.Process, line)
		}
	}}
	cmd.Stdout, cmd.Stderr = file, said
	begun := time.Now()
	r := &taken{}
	if err = cmd.Start(); err == nil {
		stop := watchResident(cmd.Process.Pid, &r.resident)
		err = cmd.Wait()
		stop()
	}
	r.took, r.said = time.Since(begun), said.text.String()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("capture %s: %v after %s\n%s", strings.Join(flags, " "), err, r.took, r.said)
	}
	r.code = cmd.ProcessState.ExitCode()
	if st, err := file.Stat(); err != nil || st.Size() == 0 {
		r.empty = true
		return r
	}
	r.read(t, out)
	return r
}

// watchResident keeps the peak of a process's resident memory until stop is called. What getrusage says of a child includes
// the memory of the parent that it was forked from.
func watchResident(pid int, peak *int64) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			if text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status"); err == nil {
				for line := range strings.Lines(string(text)) {
					if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
						if kb, err := strconv.ParseInt(f[1], 10, 64); err == nil {
							*peak = max(*peak, kb<<10)
						}
					}
				}
			}
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(done); <-ended }
}

// lines hands on what is written to it, line by line.
type lines struct {
	text bytes.Buffer
	part string
	each func(string)
}

func (l *lines) Write(b []byte) (int, error) {
	l.text.Write(b)
	l.part += string(b)
	for {
		line, rest, found := strings.Cut(l.part, "\n")
		if !found {
			return len(b), nil
		}
		l.part = rest
		l.each(line)
	}
}

func (r *taken) read(t *testing.T, path string) {
	t.Helper()
	b, err := schema.Open(path)
	if err != nil {
		t.Fatalf("what was written is no bundle: %v", err)
	}
	defer b.Close()
	r.meta, r.rows, r.docs = b.Meta, map[string][]map[string]any{}, map[string]string{}
	for {
		e, err := b.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the bundle cannot be read: %v", err)
		}
		table, isRows := strings.CutPrefix(e.Name, "rows/")
		if !isRows {
			data, err := io.ReadAll(e.Data)
			if err != nil {
				t.Fatal(err)
			}
			r.docs[e.Name] = string(data)
			continue
		}
		table = strings.TrimSuffix(table, ".jsonl")
		for dec := json.NewDecoder(e.Data); dec.More(); {
			var row map[string]any
			if err := dec.Decode(&row); err != nil {
				t.Fatalf("%s: %v", e.Name, err)
			}
			r.rows[table] = append(r.rows[table], row)
		}
	}
	r.broken = b.Interrupted
}

// whole checks what holds for every bundle, whatever went wrong: it is closed properly, names the host and its
// namespaces, and gives each gap a reason.
func (r *taken) whole(t *testing.T, codes ...int) {
	t.Helper()
	found := false
	for _, c := range codes {
		found = found || c == r.code
	}
	if !found {
		t.Errorf("exit code %d, not one of %v; it said:\n%s", r.code, codes, r.said)
	}
	if r.empty {
		t.Fatalf("nothing was written; it said:\n%s", r.said)
	}
	if r.broken != "" || len(r.rows["host"]) != 1 || len(r.rows["netns"]) == 0 || len(r.rows["coverage"]) == 0 {
		t.Errorf("broken %q, %d rows of host, %d of netns, %d of coverage", r.broken, len(r.rows["host"]), len(r.rows["netns"]), len(r.rows["coverage"]))
	}
	for _, c := range r.rows["coverage"] {
		if o, _ := c["outcome"].(string); schema.Outcome(o).Gap() && c["reason"] == nil {
			t.Errorf("a gap without a reason: %v", c)
		}
	}
}

// outcome is what became of a table or document in a namespace, empty for the host, with its reason.
func (r *taken) outcome(item, netns string) string {
	for _, c := range r.rows["coverage"] {
		if in, _ := c["netns"].(string); (c["tbl"] == item || c["document"] == item) && in == netns {
			reason, _ := c["reason"].(string)
			return c["outcome"].(string) + ": " + reason
		}
	}
	return ""
}

// netnsOf starts a process in a network namespace of its own, and returns the namespace's id.
func netnsOf(t *testing.T) (id string, pid int) {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Skip("cannot make a network namespace: ", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var st syscall.Stat_t
	if err := syscall.Stat("/proc/"+strconv.Itoa(cmd.Process.Pid)+"/ns/net", &st); err != nil {
		t.Fatal(err)
	}
	return strconv.FormatUint(st.Ino, 10), cmd.Process.Pid
}
