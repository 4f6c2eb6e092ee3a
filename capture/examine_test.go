package capture

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// wellOff is a host where nothing is missing.
func wellOff() findings {
	return findings{
		priv: Privileges{Caps: 1<<41 - 1}, hostPIDs: true, netns: 9, socket: "/run/docker.sock", sealed: true, kernel: "6.1.0-18-amd64",
		files: 1024, available: 4 << 30, maxMemory: DefaultMaxMemory,
	}
}

// Every check says what is so, and one that is missing also what it costs and what mends it; each thing that can lack is
// noticed, alone.
func TestExamineJudges(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(f *findings)
		want   []string // Name: words of Found, of the checks that are missing
	}{
		{"nothing", func(f *findings) {}, nil},
		{"no privileges", func(f *findings) { f.priv.Caps, f.priv.UID = 0, 1000 }, []string{"privileges: no CAP_SYS_ADMIN", "privileges: no CAP_NET_ADMIN",
			"privileges: no CAP_SYS_PTRACE", "privileges: no CAP_DAC_READ_SEARCH", "privileges: no CAP_SYSLOG"}},
		{"no CAP_NET_ADMIN", func(f *findings) { f.priv.Caps &^= 1 << 12 }, []string{"privileges: no CAP_NET_ADMIN"}},
		{"user namespace", func(f *findings) { f.priv.UserNS = true }, []string{"user namespace: user namespace"}},
		{"seccomp", func(f *findings) { f.priv.Seccomp = 2 }, nil},
		{"apparmor", func(f *findings) { f.priv.AppArmor = "docker-default (enforce)" }, []string{"apparmor: docker-default"}},
		{"apparmor, unconfined", func(f *findings) { f.priv.AppArmor = "unconfined" }, nil},
		{"a container", func(f *findings) { f.container = true }, []string{"root: without --root"}},
		{"a container, told", func(f *findings) { f.container, f.root = true, "/host" }, nil},
		{"its own processes", func(f *findings) { f.hostPIDs = false }, []string{"processes: of a container"}},
		{"process 1", func(f *findings) { f.initNet, f.hidden = errors.New("permission denied"), 3 }, []string{"processes: process 1 is closed"}},
		{"hidepid", func(f *findings) { f.hidepid = "hidepid=2"; f.priv.Caps &^= 1 << 19 }, []string{"privileges: no CAP_SYS_PTRACE", "processes: hidepid=2"}},
		{"hidepid, and all privileges", func(f *findings) { f.hidepid = "hidepid=2" }, nil},
		{"hidden", func(f *findings) { f.hidden = 3 }, []string{"namespaces: 3 processes did not let us see"}},
		{"closed", func(f *findings) { f.enter = errors.New("operation not permitted") }, []string{"namespaces: none can be entered"}},
		{"no daemon", func(f *findings) { f.docker = &Incomplete{schema.Absent, "no Docker on this host"} }, []string{"docker: no socket at /run/docker.sock"}},
		{"no daemon, none wanted", func(f *findings) { f.noDocker = true }, nil},
		{"denied", func(f *findings) { f.docker = &Incomplete{schema.Denied, "permission denied"} }, []string{"docker: permission denied"}},
		{"hung", func(f *findings) { f.docker, f.dockerd = &Incomplete{schema.Timeout, "no answer"}, 77 }, []string{"docker: dockerd is process 77"}},
		{"an old kernel", func(f *findings) { f.kernel = "4.19.0-26-amd64" }, []string{"kernel: openat2"}},
		{"a kernel of an odd name", func(f *findings) { f.kernel = "6.6-rc1" }, nil},
		{"modules", func(f *findings) { f.sealed, f.modules = false, map[string]bool{"ip_vs": true} }, []string{"modules: tcp_diag"}},
		{"modules, all", func(f *findings) { f.sealed, f.modules = false, map[string]bool{"tcp_diag": true, "inet_diag": true} }, nil},
		{"a full disk", func(f *findings) { f.output = ErrDiskFull }, []string{"output: no room"}},
		{"few files", func(f *findings) { f.files = 64 }, []string{"limits: 64 files"}},
		{"little memory", func(f *findings) { f.available = 50 << 20 }, []string{"memory: 50MiB of memory"}},
		{"a small cgroup", func(f *findings) { f.cgroup = 100 << 20 }, []string{"memory: bound to 100MiB"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := wellOff()
			test.change(&f)
			var got []Check
			for _, c := range f.judge() {
				if c.Name == "" || c.Found == "" || !slices.Contains([]string{CheckOK, CheckNote, CheckMissing}, c.State) {
					t.Errorf("%+v", c)
				}
				if c.State == CheckMissing {
					got = append(got, c)
				}
			}
			if len(got) != len(test.want) {
				t.Fatalf("missing are %+v, not %v", got, test.want)
			}
			for i, c := range got {
				name, words, _ := strings.Cut(test.want[i], ": ")
				if c.Name != name || !strings.Contains(c.Found, words) || c.Costs == "" || c.Mend == "" && c.Name != "kernel" {
					t.Errorf("got %+v, not %s", c, test.want[i])
				}
				for _, table := range slices.Concat(c.Tables, c.Poorer) {
					if schema.TableByName(table) == nil {
						t.Errorf("%s costs the table %s, which does not exist", c.Name, table)
					}
				}
			}
		})
	}
}

func TestKernelVersion(t *testing.T) {
	for release, want := range map[string][2]int{"6.1.0-18-amd64": {6, 1}, "5.4": {5, 4}, "6.6-rc1": {6, 6}, "4.19.0": {4, 19}, "x": {}, "": {}, "x.y": {}} {
		if major, minor := kernelVersion(release); major != want[0] || minor != want[1] {
			t.Errorf("%q: got %d.%d", release, major, minor)
		}
	}
}
