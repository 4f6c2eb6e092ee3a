package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/netmortem/netmortem/schema"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"netmortem": main, pluginName: main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/scripts",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"bundle":  makeBundle,
			"hostile": makeHostile,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("DOCKER_HOST", "")
			return nil
		},
	})
}

// exits runs a command and checks its exit code: exits 1,3 netmortem analyze x. What it printed can be looked at by
// the commands stdout and stderr.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE,… COMMAND…")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if !slices.Contains(strings.Split(args[0], ","), strconv.Itoa(code)) {
		ts.Fatalf("exit code %d, not %s", code, args[0])
	}
}

// makeBundle writes a bundle: bundle DIR FILE. The files below DIR have bundle paths. Without a coverage file all
// tables and documents count as read whole.
func makeBundle(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bundle DIR FILE")
	}
	dir, started := ts.MkAbs(args[0]), time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC)
	w, err := schema.NewWriter(schema.Meta{
		Format: schema.FormatVersion, Tool: "test", CaptureID: args[0], Host: filepath.Base(dir), Started: started, Finished: started.Add(13 * time.Second), Window: 10,
	}, schema.Zstd)
	ts.Check(err)
	covered := false
	ts.Check(filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if raw, ok := strings.CutPrefix(name, "raw/"); ok {
			return w.Raw(raw, data)
		}
		table := strings.TrimSuffix(filepath.Base(name), ".jsonl")
		covered = covered || table == "coverage"
		for line := range strings.Lines(string(data)) {
			w.PutLine(table, []byte(strings.TrimRight(line, "\n")))
		}
		return nil
	}))
	if !covered {
		for _, t := range schema.Tables {
			_, err := w.Put(schema.Coverage{Collector: "test", Tbl: t.Name, Outcome: schema.OK})
			ts.Check(err)
		}
	}
	f, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Check(w.Close(f, "a bundle of a test\n"))
	ts.Check(f.Close())
}

// makeHostile writes a gzip bundle with one entry of a name and type that no bundle has: hostile FILE NAME [TARGET],
// a symbolic link if there is a target.
func makeHostile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: hostile FILE NAME [TARGET]")
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	meta := []byte(`{"format":1,"tool":"test","capture_id":"x","host":"evil","started":"2026-11-20T02:14:07Z"}`)
	ts.Check(w.WriteHeader(&tar.Header{Name: "top/meta.json", Mode: 0o600, Size: int64(len(meta))}))
	_, err = w.Write(meta)
	ts.Check(err)
	h := &tar.Header{Name: args[1], Mode: 0o600}
	if len(args) > 2 {
		h.Typeflag, h.Linkname = tar.TypeSymlink, args[2]
	}
	ts.Check(w.WriteHeader(h))
	ts.Check(errors.Join(w.Close(), z.Close(), f.Close()))
}

// TestInterrupt sends a signal in the middle of the window between the two reads: the bundle is closed properly, says
// why it is partial, and the code says that it was interrupted.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("capture needs Linux")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	path := filepath.Join(t.TempDir(), "host.tgz")
	cmd := exec.CommandContext(ctx, self)
	cmd.Args = []string{"netmortem", "capture", "-o", path, "--no-docker", "--no-dns", "--window", "1h", "--deadline", "2h", "--progress", "plain"}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for sc := bufio.NewScanner(stderr); sc.Scan(); {
		said = append(said, sc.Text())
		if strings.HasPrefix(sc.Text(), "window") {
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = cmd.Wait()
	if cmd.ProcessState.ExitCode() != codeInterrupted {
		t.Fatalf("exit code %d (%v), not %d; it said:\n%s", cmd.ProcessState.ExitCode(), err, codeInterrupted, strings.Join(said, "\n"))
	}
	b, err := schema.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for {
		if _, err := b.Next(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if b.Interrupted != "" || !strings.Contains(b.Meta.Interrupted, "terminated") {
		t.Errorf("the bundle ends with %q, and its meta.json says %q", b.Interrupted, b.Meta.Interrupted)
	}
}
