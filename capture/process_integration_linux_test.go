package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// child starts a program that the test's end kills.
func child(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Skipf("cannot start %s: %v", cmd, err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd.Process.Pid
}

// compiled compiles a program in C.
func compiled(t *testing.T, source string, cc ...string) string {
	t.Helper()
	if len(cc) == 0 {
		cc = []string{"gcc"}
	}
	if _, err := exec.LookPath(cc[0]); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "program")
	if err := os.WriteFile(name+".c", []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc[0], append(cc[1:], "-w", "-o", name, name+".c")...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return name
}

// untilState waits for a process to come to a state.
func untilState(t *testing.T, pid int, state string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if i := strings.LastIndexByte(string(text), ')'); i >= 0 && strings.HasPrefix(string(text[i+1:]), " "+state) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("process %d did not come to state %s: %s", pid, state, text)
		}
	}
}

func inode(t *testing.T, name string) string {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(name, &st); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(st.Ino)
}

// processOf is the row of one process.
func processOf(t *testing.T, entries map[string]string, pid int) schema.Process {
	t.Helper()
	var found []schema.Process
	for _, p := range decodeLines[schema.Process](t, entries["rows/process.jsonl"]) {
		if p.PID == int64(pid) {
			found = append(found, p)
		}
	}
	if len(found) != 1 { // also when the two reads do not agree on who it is
		t.Fatalf("%d rows of process %d: %+v", len(found), pid, found)
	}
	return found[0]
}

// A process in namespaces of its own is found with what the test gave it, and its secrets are not.
func TestIntegrationProcess(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to make namespaces")
	}
	canary := "hunter2canary"
	cmd := exec.Command("sh", "-c", "while :; do sleep 100; done", "name", "--password", canary, "--user=x", "https://u:"+canary+"@h/")
	cmd.Env = []string{"SECRET=" + canary}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP}
	for range 997 {
		cmd.ExtraFiles = append(cmd.ExtraFiles, os.Stderr)
	}
	before := time.Now()
	pid := child(t, cmd)
	proc := fmt.Sprintf("/proc/%d", pid)
	for what, limit := range map[int]unix.Rlimit{unix.RLIMIT_NOFILE: {Cur: 1500, Max: 2000}, unix.RLIMIT_CORE: {Cur: 0, Max: 4096}, unix.RLIMIT_MEMLOCK: {Cur: 8192, Max: 8192}} {
		if err := unix.Prlimit(pid, what, &limit, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(proc+"/oom_score_adj", []byte("77"), 0); err != nil {
		t.Fatal(err)
	}
	untilState(t, pid, "S")

	o := kernelOnly()
	o.Window = time.Millisecond
	_, entries := captureAll(t, t.Context(), o, []*Collector{processCollector})
	p := processOf(t, entries, pid)
	if p.Netns != inode(t, proc+"/ns/net") || p.Mntns != inode(t, proc+"/ns/mnt") || p.Pidns != inode(t, proc+"/ns/pid") ||
		p.Userns != inode(t, proc+"/ns/user") || p.Cgroupns != inode(t, proc+"/ns/cgroup") {
		t.Errorf("namespaces: %+v", p)
	}
	if p.NSPID == nil || *p.NSPID != 1 || p.PPID != int64(os.Getpid()) || p.UID == nil || *p.UID != 0 || p.State != "S" || p.Seen != schema.SeenBoth {
		t.Errorf("identity: %+v", p)
	}
	if off := p.StartedAt.Sub(before); off < -time.Second || off > 5*time.Second {
		t.Errorf("started at %s, in truth shortly after %s", p.StartedAt, before)
	}
	if p.Fds == nil || *p.Fds < 1000 || *p.Fds > 1001 { // dash moves one descriptor
		t.Errorf("%v open descriptors", *p.Fds)
	}
	if *p.NofileSoft != 1500 || *p.NofileHard != 2000 || *p.CoreSoft != 0 || *p.CoreHard != 4096 || *p.MemlockSoft != 8192 || *p.OOMScoreAdj != 77 {
		t.Errorf("limits: %+v", p)
	}
	if p.SigCgt == "" || p.CapEff == "" || p.RSSBytes == nil || *p.RSSBytes < 4096 || p.UserMsLast == nil || p.StateLast != "S" || p.Cgroup == "" {
		t.Errorf("status: %+v", p)
	}
	if want := "while :; do sleep 100; done name --password <masked> --user=x https://<masked>@h/"; !strings.HasSuffix(p.Cmdline, want) {
		t.Errorf("command line %q", p.Cmdline)
	}
	if exe, _ := os.Readlink(proc + "/exe"); p.Exe != exe {
		t.Errorf("executable %q", p.Exe)
	}
	for name, text := range entries {
		if strings.Contains(text, canary) {
			t.Errorf("%s holds a secret", name)
		}
	}
	for _, c := range decodeLines[schema.Coverage](t, entries["rows/coverage.jsonl"]) {
		if c.Tbl == "process" && (c.Masked < 2 || c.Outcome != schema.OK && !strings.HasPrefix(c.Reason, "denied: ")) {
			t.Errorf("coverage: %+v", c)
		}
	}
}

// A zombie, a process that cannot be killed, and the kernel's own threads have rows of their own kind.
func TestIntegrationProcessStates(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to see other processes")
	}
	zombie := exec.Command("true")
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	defer zombie.Wait()
	untilState(t, zombie.Process.Pid, "Z")
	// Who has called vfork sleeps in state D until its child has gone; the child shares its memory.
	stuck := exec.Command(compiled(t, `int main() { if (vfork() == 0) { pause(); _exit(0); } return 0; }`), "argument")
	stuck.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pid := child(t, stuck)
	t.Cleanup(func() { unix.Kill(-pid, unix.SIGKILL) })
	untilState(t, pid, "D")

	_, entries := captureAll(t, t.Context(), kernelOnly(), []*Collector{processCollector})
	if p := processOf(t, entries, zombie.Process.Pid); p.State != "Z" || p.PPID != int64(os.Getpid()) || p.Fds != nil || p.Cmdline != "" || p.Unread != "" {
		t.Errorf("zombie: %+v", p)
	}
	if p := processOf(t, entries, pid); p.State != "D" || p.ThreadsD == nil || *p.ThreadsD != 1 || p.Cmdline != "" || p.Unread != "cmdline: in state D" || p.Exe == "" {
		t.Errorf("stuck: %+v", p)
	}
	if strings.Contains(entries["rows/process.jsonl"], `"kernel_thread":true`) {
		p := processOf(t, entries, 2)
		if !p.KernelThread || p.Comm != "kthreadd" || p.Cmdline != "" || p.Fds != nil {
			t.Errorf("kthreadd: %+v", p)
		}
	}
}

// A command line that the kernel holds up costs its own process that column, and after three nobody's is read.
func TestIntegrationProcessHeldUp(t *testing.T) {
	var list []int
	for range 5 {
		pid := child(t, exec.Command("sleep", "100"))
		list = append(list, pid)
	}
	h := &Host{Options: kernelOnly().withDefaults(), Row: schema.Host{Wall: time.Now()}}
	l := newProcessLook(h, 0)
	l.patience.limit = 200 * time.Millisecond
	release := make(chan struct{})
	var held atomic.Int64
	l.command = func(d pidDir) (string, int, error) {
		text, err := d.read("comm")
		if string(text) == "sleep\n" {
			held.Add(1)
			<-release
		}
		return "read", 0, err
	}
	rows := map[int]*schema.Process{}
	for _, pid := range list {
		row, err := l.one(t.Context(), "/proc", pid)
		if err != nil {
			t.Fatal(err)
		}
		rows[pid] = row
	}
	own, err := l.one(t.Context(), "/proc", os.Getpid())
	close(release)
	l.end()
	if err != nil || held.Load() != 3 || l.held != 3 || !l.noCmdline {
		t.Errorf("%d were held up, %d noted, %v", held.Load(), l.held, err)
	}
	for i, pid := range list {
		r := rows[pid]
		want := "cmdline: the kernel held it up for more than 200ms"
		if i >= 3 {
			want = "cmdline: the kernel held it up"
		}
		if r.Comm != "sleep" || r.Cmdline != "" || r.Unread != want || r.Cgroup == "" {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if own.Cmdline != "" || own.Unread == "" {
		t.Errorf("after three: %+v", own)
	}
	if o := l.outcome(nil); o.Outcome != schema.Partial || !strings.Contains(o.Reason, "held up a read of 3 processes") {
		t.Errorf("outcome: %+v", o)
	}
	again := newProcessLook(h, 1)
	defer again.end()
	if !again.noCmdline {
		t.Error("the second look would try again")
	}
}

// With more processes than rows the dead, the stuck and Docker's own come first.
func TestIntegrationProcessTooMany(t *testing.T) {
	zombie := exec.Command("true")
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	defer zombie.Wait()
	untilState(t, zombie.Process.Pid, "Z")
	dir := t.TempDir()
	if err := os.Symlink("/bin/sleep", filepath.Join(dir, "dockerd")); err != nil {
		t.Fatal(err)
	}
	daemon := child(t, exec.Command(filepath.Join(dir, "dockerd"), "100"))
	untilState(t, daemon, "S")
	h := &Host{Options: kernelOnly().withDefaults(), Row: schema.Host{Wall: time.Now()}}
	l := newProcessLook(h, 0)
	defer l.end()
	all, err := pids("/proc")
	if err != nil {
		t.Fatal(err)
	}
	l.most = 1
	for _, pid := range l.mostTelling(t.Context(), "/proc", all) {
		if row, err := l.one(t.Context(), "/proc", pid); err == nil && row.State != "Z" && row.State != "D" && !isDaemon(row.Comm) {
			t.Errorf("kept %+v", row)
		}
	}
	l.most = len(all)
	kept := l.mostTelling(t.Context(), "/proc", all)
	place := map[int]int{}
	for i, pid := range kept {
		place[pid] = i + 1
	}
	if z, d, own := place[zombie.Process.Pid], place[daemon], place[os.Getpid()]; z == 0 || d == 0 || own == 0 || z > own || d > own {
		t.Errorf("the zombie is at %d, dockerd at %d, the test at %d", z, d, own)
	}
}

// Without privileges the rows hold what everybody may see, and the coverage counts the rest.
func TestIntegrationProcessUnprivileged(t *testing.T) {
	const env = "NETMORTEM_TEST_UNPRIVILEGED"
	if os.Getenv(env) == "" {
		if os.Geteuid() != 0 {
			t.Skip("needs root to become somebody else")
		}
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(exe)
		if err != nil {
			t.Fatal(err)
		}
		dir, err := os.MkdirTemp("", "netmortem") // t.TempDir is closed to others
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		name := filepath.Join(dir, "test")
		if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(name, text, 0o755)); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(name, "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), env+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Errorf("as nobody: %v\n%s", err, out)
		}
		return
	}
	h := &Host{Options: kernelOnly().withDefaults(), Row: schema.Host{Wall: time.Now()}}
	l := newProcessLook(h, 0)
	defer l.end()
	var one, own *schema.Process
	err := l.read(context.Background(), func(p *schema.Process) error {
		switch p.PID {
		case 1:
			one = p
		case int64(os.Getpid()):
			own = p
		}
		return nil
	})
	if err != nil || one == nil || own == nil {
		t.Fatalf("%v: process 1 %v, own %v", err, one, own)
	}
	if one.Comm == "" || one.UID == nil || one.NofileSoft == nil || one.Netns != "" || one.Exe != "" {
		t.Errorf("process 1: %+v", one)
	}
	if own.Netns == "" || own.Exe == "" || own.Fds == nil {
		t.Errorf("own: %+v", own)
	}
	o := l.outcome(nil)
	if o.Outcome != schema.Partial || !strings.Contains(o.Reason, fmt.Sprintf("denied: %d of %d processes did not show", l.denied, l.all)) || l.denied == 0 {
		t.Errorf("outcome: %+v", o)
	}
}
