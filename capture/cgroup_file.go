package capture

import (
	"slices"
	"strings"

	"github.com/netmortem/netmortem/capture/procfs"
	"github.com/netmortem/netmortem/schema"
)

// cgroupFile is one file of a cgroup.
type cgroupFile struct {
	name      string
	essential bool     // read also when there are very many groups
	keys      []string // kept of it; nil for all
	word      bool     // its value is a word, even if it looks like a number: a list of processors
	perDevice bool     // its figures are summed over the devices
}

// memoryKeys are the keys of memory.stat that are kept: what fills the group, and whether it lives off reading back.
var memoryKeys = []string{
	"anon", "file", "kernel", "slab", "sock", "shmem", "file_dirty", "file_writeback", "pgmajfault", "workingset_refault_anon", "workingset_refault_file",
	"total_rss", "total_cache", "total_swap", "total_shmem", "total_dirty", "total_writeback", "total_pgmajfault", "hierarchical_memory_limit",
}

// cgroup2Files are the files of version 2 that are read (Documentation/admin-guide/cgroup-v2.rst).
var cgroup2Files = []cgroupFile{
	{name: "cgroup.events"}, // populated, frozen: a paused container is
	{name: "cgroup.stat", keys: []string{"nr_descendants", "nr_dying_descendants"}},
	{name: "memory.current", essential: true},
	{name: "memory.peak"}, // 5.19
	{name: "memory.max", essential: true},
	{name: "memory.high"},
	{name: "memory.swap.current"},
	{name: "memory.swap.max"},
	{name: "memory.swap.events"},
	{name: "memory.events", essential: true},
	{name: "memory.events.local", keys: []string{"max", "oom", "oom_kill"}},
	{name: "memory.oom.group"},
	{name: "memory.stat", keys: memoryKeys},
	{name: "cpu.max", essential: true},
	{name: "cpu.weight"},
	{name: "cpu.stat", essential: true},
	{name: "cpuset.cpus.effective", word: true},
	{name: "pids.current", essential: true},
	{name: "pids.max", essential: true},
	{name: "pids.peak"}, // 6.1
	{name: "pids.events", essential: true},
	{name: "io.stat", perDevice: true},
	{name: "cpu.pressure"},
	{name: "memory.pressure"},
	{name: "io.pressure"},
}

// cgroup1Files are those of version 1, by controller (Documentation/admin-guide/cgroup-v1).
var cgroup1Files = map[string][]cgroupFile{
	"memory": {
		{name: "memory.usage_in_bytes", essential: true},
		{name: "memory.max_usage_in_bytes"},
		{name: "memory.limit_in_bytes", essential: true},
		{name: "memory.failcnt", essential: true},
		{name: "memory.memsw.usage_in_bytes"},
		{name: "memory.memsw.limit_in_bytes"},
		{name: "memory.oom_control", essential: true}, // oom_kill_disable, under_oom, oom_kill
		{name: "memory.stat", keys: memoryKeys},
	},
	"cpu": {
		{name: "cpu.cfs_quota_us", essential: true},
		{name: "cpu.cfs_period_us"},
		{name: "cpu.shares"},
		{name: "cpu.stat", essential: true},
	},
	"cpuacct": {{name: "cpuacct.usage"}},
	"pids": {
		{name: "pids.current", essential: true},
		{name: "pids.max", essential: true},
		{name: "pids.events"},
	},
	"cpuset": {{name: "cpuset.effective_cpus", word: true}},
	"blkio": {
		{name: "blkio.throttle.io_service_bytes", keys: []string{"Total"}},
		{name: "blkio.throttle.io_serviced", keys: []string{"Total"}},
	},
}

// unlimited1 is what version 1 shows for a limit on memory that is none: the greatest number of pages, in bytes. It
// depends on the size of a page, so all that is near it counts.
const unlimited1 = 0x7fffffff_00000000

// figures decodes a file of a cgroup into rows; like holds what all of them have.
func (f cgroupFile) figures(text []byte, like schema.CgroupStat) []schema.CgroupStat {
	like.File = f.name
	if f.word {
		if like.Text = strings.TrimSpace(string(text)); like.Text == "" {
			return nil
		}
		return []schema.CgroupStat{like}
	}
	list := procfs.ParseFigures(text)
	if f.name == "cpu.max" {
		list = procfs.ParseCPUMax(text)
	}
	if f.perDevice {
		list = sumDevices(list)
	}
	var out []schema.CgroupStat
	for _, x := range list {
		if f.keys != nil && !slices.Contains(f.keys, x.Key) {
			continue
		}
		row := like
		row.Key, row.Number, row.Text = x.Key, x.Number, x.Text
		if n := x.Number; like.CgroupVersion == "1" && n != nil &&
			(strings.HasSuffix(f.name, "limit_in_bytes") && *n >= unlimited1 || f.name == "cpu.cfs_quota_us" && *n < 0) {
			row.Number, row.Text = nil, "max"
		}
		out = append(out, row)
	}
	return out
}

// sumDevices adds up figures such as 8:0.rbytes over the devices, in the order of their first.
func sumDevices(list []procfs.Figure) []procfs.Figure {
	var out []procfs.Figure
	for _, x := range list {
		_, key, ok := strings.Cut(x.Key, ".")
		if !ok || x.Number == nil {
			continue
		}
		i := slices.IndexFunc(out, func(y procfs.Figure) bool { return y.Key == key })
		if i < 0 {
			i = len(out)
			out = append(out, procfs.Figure{Key: key, Number: new(float64)})
		}
		*out[i].Number += *x.Number
	}
	return out
}
