package capture

import (
	"strconv"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

func TestCgroupMounts(t *testing.T) {
	tests := []struct{ name, root, text, want string }{
		{"version 2", "", "30 24 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n", "2 /sys/fs/cgroup"},
		{"any source", "", "30 24 0:27 / /sys/fs/cgroup rw - cgroup2 none rw\n", "2 /sys/fs/cgroup"},
		{"version 1 and the rest of 2", "/", "31 30 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n" +
			"32 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
			"33 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
			"34 30 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n", "2 /sys/fs/cgroup/unified|1 /sys/fs/cgroup/memory memory|1 /sys/fs/cgroup/cpu,cpuacct cpu,cpuacct"},
		{"from a container", "/host", "30 24 0:27 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n" +
			"40 24 0:27 /../.. /host/sys/fs/cgroup ro - cgroup2 cgroup rw\n", "2 /host/sys/fs/cgroup"},
		{"a part of the hierarchy", "", "30 24 0:27 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n", ""},
		{"once for each", "", "30 24 0:27 / /run/other/cgroup rw - cgroup2 cgroup2 rw\n31 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "2 /sys/fs/cgroup"},
		{"another directory that begins alike", "/host", "40 24 0:27 / /hostile/cgroup ro - cgroup2 cgroup rw\n", ""},
		{"garbage", "", "x\n - cgroup2\n1 2 3 / /x - cgroup2 x\n", ""},
	}
	for _, test := range tests {
		var got []string
		for _, m := range cgroupMounts([]byte(test.text), test.root) {
			got = append(got, strings.TrimSpace(m.version+" "+m.point+" "+strings.Join(m.controllers, ",")))
		}
		if s := strings.Join(got, "|"); s != test.want {
			t.Errorf("%s: got %q, want %q", test.name, s, test.want)
		}
	}
}

func TestCgroupFigures(t *testing.T) {
	tests := []struct{ version, file, text, want string }{
		{"2", "memory.max", "max\n", "=max"},
		{"2", "memory.max", "134217728\n", "=134217728"},
		{"2", "memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\n", "low=0 high=0 max=7 oom=1 oom_kill=1"},
		{"2", "memory.stat", "anon 1\nfile 2\ninactive_anon 3\n", "anon=1 file=2"},
		{"2", "cpu.max", "max 100000\n", "quota=max period=100000"},
		{"2", "cpu.max", "50000 100000\n", "quota=50000 period=100000"},
		{"2", "cpuset.cpus.effective", "0\n", "=0 (word)"},
		{"2", "cpuset.cpus.effective", "\n", ""},
		{"2", "io.stat", "8:0 rbytes=1 wbytes=2 rios=3\n8:16 rbytes=10 wbytes=20\n253:0 \n", "rbytes=11 wbytes=22 rios=3"},
		{"2", "io.stat", "", ""},
		{"2", "memory.pressure", "some avg10=1.25 avg60=0.00 avg300=0.00 total=12\n", "some.avg10=1.25 some.avg60=0 some.avg300=0 some.total=12"},
		{"1", "memory.limit_in_bytes", "9223372036854771712\n", "=max"},
		{"1", "memory.limit_in_bytes", "9223372036854710272\n", "=max"}, // pages of 64 KiB
		{"1", "memory.limit_in_bytes", "134217728\n", "=134217728"},
		{"1", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", "oom_kill_disable=0 under_oom=0 oom_kill=3"},
		{"1", "cpu.cfs_quota_us", "-1\n", "=max"},
		{"1", "blkio.throttle.io_serviced", "8:0 Read 5\n8:0 Total 6\nTotal 6\n", "Total=6"},
	}
	for _, test := range tests {
		files := cgroup2Files
		if test.version == "1" {
			files = nil
			for _, c := range cgroupControllers {
				files = append(files, cgroup1Files[c]...)
			}
		}
		for _, f := range files {
			if f.name != test.file {
				continue
			}
			var got []string
			for _, r := range f.figures([]byte(test.text), schema.CgroupStat{CgroupVersion: test.version}) {
				value := r.Text
				if r.Number != nil {
					value = strconv.FormatFloat(*r.Number, 'f', -1, 64)
				} else if f.word {
					value += " (word)"
				}
				got = append(got, r.Key+"="+value)
			}
			if s := strings.Join(got, " "); s != test.want {
				t.Errorf("%s of version %s: got %q, want %q", test.file, test.version, s, test.want)
			}
		}
	}
}
