package schema

import "time"

// HostCounter is one figure of the whole kernel, from meminfo, vmstat, stat, file-nr or uptime. A kernel that has no such
// figure has no row.
type HostCounter struct {
	Read   string `json:"read" class:"plain" doc:"first or last of the two reads"`
	Source string `json:"source" class:"plain" doc:"file of procfs: meminfo, vmstat, stat, file-nr or uptime"`
	Key    string `json:"key" class:"plain" doc:"name there: MemAvailable, oom_kill, procs_blocked, …; file-nr: allocated, free, max; uptime: up_ms"`
	Amount int64  `json:"amount" class:"plain" doc:"meminfo: bytes where the file says kB; vmstat: pages or events; stat: events, btime in seconds since 1970"`
}

// Loadavg is /proc/loadavg.
type Loadavg struct {
	Read     string  `json:"read" class:"plain" doc:"first or last of the two reads"`
	Load1    float64 `json:"load1" class:"plain" doc:"tasks running or in uninterruptible sleep, mean of a minute"`
	Load5    float64 `json:"load5" class:"plain" doc:"same of five minutes"`
	Load15   float64 `json:"load15" class:"plain" doc:"same of fifteen minutes"`
	Runnable int64   `json:"runnable" class:"plain" doc:"tasks that could run now"`
	Tasks    int64   `json:"tasks" class:"plain" doc:"tasks, that is threads, that exist"`
}

// CPUTime is one cpu line of /proc/stat: how long a processor has done what, since boot. Shares come from two reads.
type CPUTime struct {
	Read    string `json:"read" class:"plain" doc:"first or last of the two reads"`
	CPU     *int64 `json:"cpu,omitzero" class:"plain" doc:"processor; absent for the sum of all"`
	User    int64  `json:"user_ticks" class:"plain" doc:"user code, guests included; hundredths of a second like the others"`
	Nice    int64  `json:"nice_ticks" class:"plain" doc:"user code of low priority"`
	System  int64  `json:"system_ticks" class:"plain" doc:"kernel code"`
	Idle    int64  `json:"idle_ticks" class:"plain" doc:"nothing to do"`
	Iowait  int64  `json:"iowait_ticks" class:"plain" doc:"nothing to do but wait for a disk"`
	IRQ     int64  `json:"irq_ticks" class:"plain" doc:"hardware interrupts"`
	Softirq int64  `json:"softirq_ticks" class:"plain" doc:"soft interrupts: most of the network's work"`
	Steal   *int64 `json:"steal_ticks,omitzero" class:"plain" doc:"wanted to run, but the hypervisor ran something else"`
	Guest   *int64 `json:"guest_ticks,omitzero" class:"plain" doc:"guests of this host; counted in user_ticks, too"`
}

// Pressure is one line of /proc/pressure/*: how much of the time tasks waited for a resource. A kernel without PSI has none.
type Pressure struct {
	Read     string  `json:"read" class:"plain" doc:"first or last of the two reads"`
	Resource string  `json:"resource" class:"plain" doc:"cpu, memory, io or irq"`
	Share    string  `json:"share" class:"plain" doc:"some: at least one task waited; full: none could work"`
	Avg10    float64 `json:"avg10" class:"plain" doc:"per cent of the last ten seconds"`
	Avg60    float64 `json:"avg60" class:"plain" doc:"per cent of the last minute"`
	Avg300   float64 `json:"avg300" class:"plain" doc:"per cent of the last five minutes"`
	TotalUs  int64   `json:"total_us" class:"plain" doc:"time waited since boot, microseconds"`
}

// Softnet is one line of /proc/net/softnet_stat: what a processor did with packets (net/core/net-procfs.c).
type Softnet struct {
	Read        string `json:"read" class:"plain" doc:"first or last of the two reads"`
	CPU         int64  `json:"cpu" class:"plain" doc:"processor; kernels before 5.10 do not name it: then the line's number, from 0, among those online"`
	Processed   int64  `json:"processed" class:"plain" doc:"packets taken from a queue; wraps at 2^32, like the others"`
	Dropped     int64  `json:"dropped" class:"plain" doc:"packets lost because the backlog held net.core.netdev_max_backlog already"`
	TimeSqueeze int64  `json:"time_squeeze" class:"plain" doc:"times that the budget or the time was used up with packets left"`
	ReceivedRPS *int64 `json:"received_rps,omitzero" class:"plain" doc:"times that another processor handed packets over (RPS)"`
	FlowLimit   *int64 `json:"flow_limit,omitzero" class:"plain" doc:"packets lost to the flow limit"`
	Backlog     *int64 `json:"backlog,omitzero" class:"plain" doc:"packets waiting now; kernel 5.10 and newer"`
}

// NeighbourStat is /proc/net/stat/arp_cache or ndisc_cache, summed over processors. Both tables are the whole kernel's: all
// namespaces share them.
type NeighbourStat struct {
	Read              string `json:"read" class:"plain" doc:"first or last of the two reads"`
	Family            string `json:"family" class:"plain" doc:"ipv4 (arp_cache) or ipv6 (ndisc_cache)"`
	Entries           *int64 `json:"entries,omitzero" class:"plain" doc:"entries of all namespaces now, permanent ones included: what gc_thresh3 bounds"`
	Allocs            *int64 `json:"allocs,omitzero" class:"plain" doc:"entries made"`
	Destroys          *int64 `json:"destroys,omitzero" class:"plain" doc:"entries freed"`
	Lookups           *int64 `json:"lookups,omitzero" class:"plain" doc:"look-ups"`
	Hits              *int64 `json:"hits,omitzero" class:"plain" doc:"look-ups that found an entry"`
	ResFailed         *int64 `json:"res_failed,omitzero" class:"plain" doc:"resolutions that failed"`
	ForcedGCRuns      *int64 `json:"forced_gc_runs,omitzero" class:"plain" doc:"times that entries had to be thrown out to make room"`
	UnresolvedDropped *int64 `json:"unresolved_discards,omitzero" class:"plain" doc:"packets dropped while an address was being resolved"`
	TableFulls        *int64 `json:"table_fulls,omitzero" class:"plain" doc:"times that an entry was refused because gc_thresh3 was reached"`
}

// KernelConfig is one option of the kernel's build configuration, of those that Docker's check-config asks for.
type KernelConfig struct {
	Option string `json:"option" class:"plain" doc:"name without CONFIG_"`
	Choice string `json:"choice" class:"plain" doc:"y built in, m module, n not set, or a value"`
}

// KernelModule is a module of the kernel: loaded, built in, or there to be loaded. It has a row for each of these that is true.
type KernelModule struct {
	Name     string `json:"name" class:"plain" doc:"name, with _ for -"`
	State    string `json:"state" class:"plain" doc:"live, loading or unloading (/proc/modules); builtin (modules.builtin); file: on disk, may be loaded (modules.dep)"`
	Size     *int64 `json:"size,omitzero" class:"plain" doc:"loaded: bytes of memory"`
	Refcount *int64 `json:"refcount,omitzero" class:"plain" doc:"loaded: users, modules and others; absent where the kernel cannot unload"`
	UsedBy   string `json:"used_by,omitzero" class:"plain" doc:"loaded: modules that need it, comma separated"`
	Path     string `json:"path,omitzero" class:"plain" doc:"builtin and file: where, below /lib/modules/<release>"`
}

// Mount is one mount of the host's own mount namespace (process 1), with the space on it where asking is known to be safe.
// Mounts of containers and namespaces, and of file systems without data such as proc, are in the document proc/mountinfo only.
type Mount struct {
	MountID     int64  `json:"mount_id" class:"plain" doc:"number of the mount"`
	MountPoint  string `json:"mount_point" class:"text" doc:"where it is mounted"`
	Root        string `json:"root" class:"text" doc:"what of the file system is mounted: / for all of it"`
	Source      string `json:"source,omitzero" class:"text" doc:"device or what stands for one"`
	FSType      string `json:"fstype" class:"plain" doc:"file system: ext4, xfs, overlay, tmpfs, nfs4, …"`
	Dev         string `json:"devno" class:"plain" doc:"device number, major:minor"`
	Options     string `json:"options" class:"text" doc:"options of the mount"`
	FSOptions   string `json:"fs_options,omitzero" class:"text" doc:"options of the file system"`
	Propagation string `json:"propagation,omitzero" class:"plain" doc:"shared:N, master:N, propagate_from:N, unbindable; absent when private"`
	ReadOnly    bool   `json:"read_only" class:"plain" doc:"the mount or its file system is read-only; errors=remount-ro does that"`
	Holds       string `json:"holds,omitzero" class:"text" doc:"which of Docker's root, containerd's, /, /var, /var/log, /run, /tmp and the places of cores are on it, comma separated"`
	DockerRoot  bool   `json:"docker_root" class:"plain" doc:"docker's data root is on it"`
	BytesTotal  *int64 `json:"bytes_total,omitzero" class:"plain" doc:"size; this and the following are absent where statfs was not asked"`
	BytesFree   *int64 `json:"bytes_free,omitzero" class:"plain" doc:"free for root"`
	BytesAvail  *int64 `json:"bytes_avail,omitzero" class:"plain" doc:"free for everybody else"`
	InodesTotal *int64 `json:"inodes_total,omitzero" class:"plain" doc:"inodes; 0 where the file system does not count them (btrfs)"`
	InodesFree  *int64 `json:"inodes_free,omitzero" class:"plain" doc:"inodes left"`
	DType       *bool  `json:"d_type,omitzero" class:"plain" doc:"docker's root: directory entries tell their type, without which overlay2 corrupts (xfs made with ftype=0)"`
	NotAsked    string `json:"not_asked,omitzero" class:"plain" doc:"why there are no figures"`
}

// Machine is what the firmware and the kernel say of the hardware or of the hypervisor: one row. Serial numbers and UUIDs
// are not read.
type Machine struct {
	SysVendor      string `json:"sys_vendor,omitzero" class:"plain" doc:"dmi sys_vendor: VMware, Inc., QEMU, Amazon EC2, …"`
	ProductName    string `json:"product_name,omitzero" class:"plain" doc:"dmi product_name"`
	ProductVersion string `json:"product_version,omitzero" class:"plain" doc:"dmi product_version"`
	BoardVendor    string `json:"board_vendor,omitzero" class:"plain" doc:"dmi board_vendor"`
	BoardName      string `json:"board_name,omitzero" class:"plain" doc:"dmi board_name"`
	BIOSVendor     string `json:"bios_vendor,omitzero" class:"plain" doc:"dmi bios_vendor"`
	BIOSVersion    string `json:"bios_version,omitzero" class:"plain" doc:"dmi bios_version"`
	BIOSDate       string `json:"bios_date,omitzero" class:"plain" doc:"dmi bios_date"`
	ChassisVendor  string `json:"chassis_vendor,omitzero" class:"plain" doc:"dmi chassis_vendor"`
	CloudTag       string `json:"cloud_tag,omitzero" class:"plain" doc:"cloud whose own constant dmi chassis_asset_tag is: azure, amazon, oracle, …; other: it is the owner's and was left out"`
	Model          string `json:"model,omitzero" class:"plain" doc:"devicetree model, on machines without dmi"`
	Hypervisor     string `json:"hypervisor,omitzero" class:"plain" doc:"/sys/hypervisor/type: xen"`
	CPUVendor      string `json:"cpu_vendor,omitzero" class:"plain" doc:"vendor_id of the first processor"`
	CPUModel       string `json:"cpu_model,omitzero" class:"plain" doc:"model name of the first processor"`
	Virtual        *bool  `json:"virtual,omitzero" class:"plain" doc:"x86: the processor has the flag hypervisor"`
	Clocksource    string `json:"clocksource,omitzero" class:"plain" doc:"what the kernel reads the time from: tsc, kvm-clock, hpet, …; a fall to hpet or acpi_pm is slow"`
	Clocksources   string `json:"clocksources,omitzero" class:"plain" doc:"those that it could use"`
}

// ServiceUnit is a service of the host that decides about Docker's network: one row for each that is looked for, also when
// there is no trace of it.
type ServiceUnit struct {
	Name       string    `json:"name" class:"plain" doc:"name: docker, containerd, firewalld, ufw, chrony, NetworkManager, …"`
	Role       string    `json:"role" class:"plain" doc:"docker, firewall, time, network, dns or tuning"`
	Unit       string    `json:"unit,omitzero" class:"plain" doc:"systemd unit that was found, as docker.service"`
	Installed  bool      `json:"installed" class:"plain" doc:"its unit, configuration or program is there"`
	Enabled    *bool     `json:"enabled,omitzero" class:"plain" doc:"starts at boot: something wants it; absent without a unit"`
	Masked     bool      `json:"masked" class:"plain" doc:"its unit is a link to /dev/null"`
	Invoked    time.Time `json:"invoked,omitzero" class:"plain" doc:"when systemd last started it, from /run/systemd/units; of a service without a process, too"`
	PID        *int64    `json:"service_pid,omitzero" class:"plain" doc:"oldest process of the host, outside containers, that runs its program"`
	Started    time.Time `json:"process_started,omitzero" class:"plain" doc:"when that process began, by the host's clock"`
	Config     string    `json:"config,omitzero" class:"text" doc:"those of its files of configuration that exist, comma separated"`
	ConfigTime time.Time `json:"config_time,omitzero" class:"plain" doc:"last change of any of them"`
	StateFile  string    `json:"state_file,omitzero" class:"text" doc:"file that it touches while it works: the last change tells when it did"`
	StateTime  time.Time `json:"state_time,omitzero" class:"plain" doc:"last change of that file"`
}

// HostResolv is one directive of a resolver configuration of the host.
type HostResolv struct {
	File      string `json:"file" class:"plain" doc:"path on the host: /etc/resolv.conf, or systemd-resolved's, which names the real servers behind 127.0.0.53"`
	Directive string `json:"directive" class:"plain" doc:"nameserver, search, domain, options or sortlist"`
	Position  int64  `json:"position" class:"plain" doc:"among those of that directive, from 1; the C library heeds three servers"`
	Argument  string `json:"argument" class:"text" doc:"one address, domain or option"`
}

// HostSetting is one line key = value of a configuration file of the host: sysctl.d, networkd, NetworkManager, ufw, firewalld,
// modprobe.d. It says what a file asks for, not what is in force.
type HostSetting struct {
	File     string `json:"file" class:"plain" doc:"path on the host"`
	Section  string `json:"section,omitzero" class:"plain" doc:"section above it, without brackets"`
	Key      string `json:"key" class:"plain" doc:"name; in sysctl files with dots for slashes and without a leading -; in modprobe.d the command and the module"`
	Argument string `json:"argument,omitzero" class:"text" doc:"what it is set to, without quotes; absent when empty"`
}

// HostConfigDocs are the documents of the host's configuration that host_setting is decoded from, relative to raw/: the
// path on the host behind host/. A * stands for anything but a slash.
var HostConfigDocs = []string{
	"host/etc/sysctl.conf", "host/etc/sysctl.d/*.conf", "host/run/sysctl.d/*.conf", "host/usr/local/lib/sysctl.d/*.conf", "host/usr/lib/sysctl.d/*.conf",
	"host/etc/modprobe.d/*.conf", "host/usr/lib/modprobe.d/*.conf",
	"host/etc/ufw/ufw.conf", "host/etc/ufw/sysctl.conf", "host/etc/default/ufw", "host/etc/firewalld/firewalld.conf",
	"host/etc/systemd/network/*.link", "host/run/systemd/network/*.link", "host/usr/lib/systemd/network/*.link",
	"host/etc/systemd/network/*.network", "host/run/systemd/network/*.network", "host/usr/lib/systemd/network/*.network",
	"host/etc/systemd/networkd.conf", "host/etc/systemd/resolved.conf", "host/etc/systemd/resolved.conf.d/*.conf", "host/etc/systemd/timesyncd.conf",
	"host/etc/NetworkManager/NetworkManager.conf", "host/etc/NetworkManager/conf.d/*.conf", "host/run/NetworkManager/conf.d/*.conf", "host/usr/lib/NetworkManager/conf.d/*.conf",
	"host/etc/tuned/tuned-main.conf",
}
