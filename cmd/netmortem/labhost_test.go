package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netmortem/netmortem/analyze"
)

// labEnv asks for the tests that need the lab: 1 boots one, a path is the LAB_STATE of one that is up.
const labEnv = "NETMORTEM_LAB"

// refereeEnv asks for more: that with every fault that touches a path, too, and not with labRefereed alone, everybody tries what the walk
// says of everything. It is not asked for by default for the time that it takes.
const refereeEnv = "NETMORTEM_REFEREE"

// labNeeds is what TestLab needs at least: go test's own ten minutes are too few for anything.
const labNeeds = 30 * time.Minute

// A lab is a running lab, and the programs that are tried in it.
type lab struct {
	state   string // LAB_STATE
	netns   string // LAB_NETNS, for a lab that the test booted
	capture string // the program that captures: static, without SQLite
	analyze string // the program that analyzes
	prober  string // the program that tries what the walk is compared with
	dir     string // for bundles
	bundles int    // sets of bundles taken so far
	referee bool   // refereeEnv is set
	rounds  int    // times that everything was tried

	triedAt time.Time // when that was last; zero: not yet

	since time.Time // logs and events from then on are of interest: what an earlier fault left in them is not
}

// startLab boots a lab with the sample swarm, or takes the one that the environment names. Without the environment
// variable it skips; once asked for, a machine that cannot run the lab is a failure.
func startLab(t *testing.T) *lab {
	t.Helper()
	asked := os.Getenv(labEnv)
	if asked == "" {
		t.Skipf("needs root, Debian's user-mode-linux and docker.io, and most of an hour: set %s=1 after testdata/lab/lab install", labEnv)
	}
	if end, ok := t.Deadline(); ok && time.Until(end) < labNeeds {
		t.Fatalf("the lab takes an hour: run go test with -timeout 100m")
	}
	l := &lab{dir: t.TempDir(), referee: os.Getenv(refereeEnv) != ""}
	l.capture = buildProgram(t, "netmortem-capture", "CGO_ENABLED=0")
	l.analyze = buildProgram(t, "netmortem", "CGO_ENABLED=1")
	l.prober = buildFolder(t, filepath.Join(labDir, "prober"), "prober", "CGO_ENABLED=0")
	if asked != "1" {
		l.state = asked
		l.must(t, "status")
		return l
	}
	l.state = filepath.Join(t.TempDir(), "lab")
	l.netns = fmt.Sprintf("netmortem-lab-%d", os.Getpid())
	t.Cleanup(func() { l.must(t, "down") })
	l.must(t, "ready")
	l.must(t, "up", "2")
	l.must(t, "swarm")
	return l
}

// buildProgram builds this package for the tests.
func buildProgram(t *testing.T, name, env string) string {
	t.Helper()
	return buildFolder(t, ".", name, env)
}

func buildFolder(t *testing.T, dir, name, env string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s go build: %v\n%s", env, err, out)
	}
	return path
}

// do runs one command of the lab and returns its standard output.
func (l *lab) do(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(labDir, "lab"), args...)
	cmd.Env = append(os.Environ(), "LAB_STATE="+l.state, "LAB_NETMORTEM="+l.capture, "LAB_PROBER="+l.prober, "LAB_OWNER="+strconv.Itoa(os.Getpid()))
	if l.netns != "" {
		cmd.Env = append(cmd.Env, "LAB_NETNS="+l.netns)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("lab %s: %w\n%s%s", strings.Join(args, " "), err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.String(), nil
}

func (l *lab) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := l.do(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// labLookBack is how much further than to l.since a capture looks back: a second for what is cut off, and one until it begins.
const labLookBack = 2 * time.Second

// bundlesOf captures every host and returns the bundles' paths. codes are the exit codes that the capture may end
// with; codeOK or codePartial if none is given, since a busy host may be slow to answer.
func (l *lab) bundlesOf(t *testing.T, flags string, codes ...int) []string {
	t.Helper()
	l.bundles++
	dir := filepath.Join(l.dir, strconv.Itoa(l.bundles))
	args := []string{"capture", dir, flags}
	if !l.since.IsZero() {
		args = append(args, fmt.Sprintf("--since=%ds", int((time.Since(l.since)+labLookBack).Seconds())))
	}
	_, err := l.do(args...)
	code := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if len(codes) == 0 {
		codes = []int{codeOK, codePartial}
	}
	if !slices.Contains(codes, code) {
		l.tellGaps(t, dir)
		t.Fatalf("capture ended with code %d: %v", code, err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.tar.zst"))
	if err != nil || len(paths) < 2 {
		t.Fatalf("bundles in %s: %v, %v", dir, paths, err)
	}
	return paths
}

// tellGaps logs what the captures in dir said, and what their bundles lack.
func (l *lab) tellGaps(t *testing.T, dir string) {
	t.Helper()
	logs, _ := filepath.Glob(filepath.Join(dir, "*.log")) // the pattern is well-formed
	for _, log := range logs {
		if text, err := os.ReadFile(log); err == nil {
			t.Logf("%s:\n%s", filepath.Base(log), text)
		}
		shell := `tar --zstd -xOf "$1" --wildcards '*/rows/coverage.jsonl' | jq -c 'select(.outcome != "ok" and .outcome != "absent")'`
		out, _ := exec.Command("bash", "-c", shell, "bash", strings.TrimSuffix(log, ".log")+".tar.zst").CombinedOutput() // a bundle may be cut
		t.Logf("%s", out)
	}
}

// keepBundles keeps bundles about which a test fails, if go test runs with -artifacts.
func keepBundles(t *testing.T, bundles []string) {
	t.Helper()
	dir := t.ArtifactDir()
	for i, b := range bundles {
		text, err := os.ReadFile(b)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d-%s", i, filepath.Base(b))), text, 0o644)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// analyzed runs analyze on bundles, with more flags if there are any, and returns its result and exit code.
func (l *lab) analyzed(t *testing.T, bundles []string, flags ...string) (*analyze.Result, int) {
	t.Helper()
	return l.analyzing(t, bundles, flags...).result(t)
}

// A labAnalysis is analyze at work on bundles.
type labAnalysis struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

// analyzing starts analyze, so that the lab need not wait for it. It ends with the test at the latest.
func (l *lab) analyzing(t *testing.T, bundles []string, flags ...string) *labAnalysis {
	t.Helper()
	a := &labAnalysis{cmd: exec.CommandContext(t.Context(), l.analyze, slices.Concat([]string{"analyze", "--format", "json", "-o", "-"}, flags, bundles)...)}
	a.cmd.Stdout, a.cmd.Stderr = &a.stdout, &a.stderr
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return a
}

// result waits for what it found, and its exit code.
func (a *labAnalysis) result(t *testing.T) (*analyze.Result, int) {
	t.Helper()
	var exit *exec.ExitError
	if err := a.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var r analyze.Result
	code := a.cmd.ProcessState.ExitCode()
	if err := json.Unmarshal(a.stdout.Bytes(), &r); err != nil {
		t.Fatalf("analyze: exit code %d, %v\n%s", code, err, a.stderr.Bytes())
	}
	return &r, code
}
