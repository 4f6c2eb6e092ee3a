package schema

import "time"

// Process is one process of the host (/proc/PID). A zombie and a thread of the kernel have little of it. What the kernel
// did not let us see is absent; Unread says what was left alone.
type Process struct {
	Netns        string    `json:"netns,omitzero" class:"plain" doc:"network namespace of its first thread"`
	PID          int64     `json:"pid" class:"plain" doc:"process id, in the host's numbering"`
	StartedAt    time.Time `json:"started_at,omitzero" class:"plain" doc:"when it started, to 10 ms: boot time plus starttime"`
	PPID         int64     `json:"ppid" class:"plain" doc:"parent; 0 for none"`
	Comm         string    `json:"comm" class:"name" doc:"name of its first thread, at most 15 bytes"`
	KernelThread bool      `json:"kernel_thread,omitzero" class:"plain" doc:"a thread of the kernel, such as ksoftirqd/0"`
	Container    string    `json:"container,omitzero" class:"plain" doc:"full container id, by its cgroup"`
	NSPID        *int64    `json:"ns_pid,omitzero" class:"plain" doc:"process id in its own pid namespace: 1 for a container's first process"`
	UID          *int64    `json:"uid,omitzero" class:"plain" doc:"effective user id, in the host's numbering"`
	Exe          string    `json:"exe,omitzero" class:"text" doc:"its executable, as it sees the path (readlink /proc/PID/exe)"`
	Cmdline      string    `json:"cmdline,omitzero" class:"text" doc:"arguments, masked, joined by blanks, the first 256 bytes"`
	Cgroup       string    `json:"cgroup,omitzero" class:"text" doc:"cgroup: of version 2, else of the memory controller, else of systemd"`
	Mntns        string    `json:"mntns,omitzero" class:"plain" doc:"mount namespace, its inode"`
	Pidns        string    `json:"pidns,omitzero" class:"plain" doc:"pid namespace, its inode"`
	Userns       string    `json:"userns,omitzero" class:"plain" doc:"user namespace, its inode"`
	Cgroupns     string    `json:"cgroupns,omitzero" class:"plain" doc:"cgroup namespace, its inode"`
	NofileSoft   *int64    `json:"nofile_soft,omitzero" class:"plain" doc:"RLIMIT_NOFILE in force; 9223372036854775807 is unlimited, here and in the other limits"`
	NofileHard   *int64    `json:"nofile_hard,omitzero" class:"plain" doc:"RLIMIT_NOFILE that it may raise to"`
	NprocSoft    *int64    `json:"nproc_soft,omitzero" class:"plain" doc:"RLIMIT_NPROC: processes and threads of its user"`
	CoreSoft     *int64    `json:"core_soft,omitzero" class:"plain" doc:"RLIMIT_CORE in force, bytes: 0 writes no core to a file, 1 none to a pipe"`
	CoreHard     *int64    `json:"core_hard,omitzero" class:"plain" doc:"RLIMIT_CORE that it may raise to, bytes"`
	MemlockSoft  *int64    `json:"memlock_soft,omitzero" class:"plain" doc:"RLIMIT_MEMLOCK, bytes"`
	OOMScoreAdj  *int64    `json:"oom_score_adj,omitzero" class:"plain" doc:"-1000 to 1000: how soon the kernel kills it when memory is short"`
	Seccomp      *int64    `json:"seccomp,omitzero" class:"plain" doc:"0 off, 1 strict, 2 filter"`
	NoNewPrivs   *bool     `json:"no_new_privs,omitzero" class:"plain" doc:"it cannot gain privileges by execve"`
	CapEff       string    `json:"cap_eff,omitzero" class:"plain" doc:"effective capabilities, hex (capsh --decode)"`
	SigCgt       string    `json:"sig_cgt,omitzero" class:"plain" doc:"signals that it handles, hex, bit 14 is SIGTERM; of a first process of a pid namespace only: it ignores all others"`
	CoreDumping  *bool     `json:"core_dumping,omitzero" class:"plain" counter:"y" doc:"its core is being written"`
	State        string    `json:"state" class:"plain" counter:"y" doc:"of its first thread: R runs, S sleeps, D waits for a device or lock and cannot be killed, Z is dead and not waited for, T stopped, I idle"`
	StateLast    string    `json:"state_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Wchan        string    `json:"wchan,omitzero" class:"plain" counter:"y" doc:"kernel function that it waits in: of processes in containers, and of the first thread found in state D; absent if the kernel does not tell"`
	WchanLast    string    `json:"wchan_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	ThreadsD     *int64    `json:"threads_d,omitzero" class:"plain" counter:"y" doc:"its threads in state D; absent if they were not looked at"`
	ThreadsDLast *int64    `json:"threads_d_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Threads      int64     `json:"threads" class:"plain" counter:"y" doc:"threads"`
	ThreadsLast  *int64    `json:"threads_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Fds          *int64    `json:"fds,omitzero" class:"plain" counter:"y" doc:"open file descriptors"`
	FdsLast      *int64    `json:"fds_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	RSSBytes     *int64    `json:"rss_bytes,omitzero" class:"plain" counter:"y" doc:"resident memory"`
	RSSBytesLast *int64    `json:"rss_bytes_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	SwapBytes    *int64    `json:"swap_bytes,omitzero" class:"plain" counter:"y" doc:"swapped out memory, at the last read that saw it"`
	UserMs       int64     `json:"user_ms" class:"plain" counter:"y" doc:"processor time of all threads in user mode, milliseconds"`
	UserMsLast   *int64    `json:"user_ms_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read: no difference means that it did nothing in between"`
	SystemMs     int64     `json:"system_ms" class:"plain" counter:"y" doc:"processor time of all threads in the kernel, milliseconds"`
	SystemMsLast *int64    `json:"system_ms_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Unread       string    `json:"unread,omitzero" class:"plain" counter:"y" doc:"what was not read of it, and why"`
	Seen         string    `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
}

// CgroupStat is one figure of one cgroup. Rows are those of containers, of the groups above them, of the groups at the top,
// and of dockerd's and containerd's own.
type CgroupStat struct {
	Container     string   `json:"container,omitzero" class:"plain" doc:"full container id, if the group is a container's"`
	Cgroup        string   `json:"cgroup" class:"text" doc:"path below the root of its hierarchy"`
	CgroupVersion string   `json:"cgroup_version" class:"plain" doc:"1 or 2: the same thing has another file name in each"`
	File          string   `json:"file" class:"plain" doc:"file of the group, as memory.events"`
	Key           string   `json:"key,omitzero" class:"plain" doc:"key within it, as oom_kill or some.avg10; absent for a file that is one value"`
	Number        *float64 `json:"number,omitzero" class:"plain" counter:"y" doc:"the figure; absent when it is a word: see text"`
	NumberLast    *float64 `json:"number_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Text          string   `json:"text,omitzero" class:"plain" counter:"y" doc:"what is no number; max is unlimited, in version 1, too"`
	Seen          string   `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
}

// ProcessResolver says which code resolves names in one process, as far as its mapped files and its executable tell.
type ProcessResolver struct {
	Netns      string `json:"netns,omitzero" class:"plain" doc:"network namespace"`
	PID        int64  `json:"pid" class:"plain" doc:"process id, in the host's numbering"`
	Container  string `json:"container,omitzero" class:"plain" doc:"full container id; absent for dockerd and containerd"`
	Kind       string `json:"kind" class:"plain" doc:"glibc, musl, uclibc, bionic, go, java, static (linked statically with a library that was not recognised) or unknown"`
	Version    string `json:"version,omitzero" class:"plain" doc:"version of that kind: of the C library, of Go, of Java"`
	Libc       string `json:"libc,omitzero" class:"plain" doc:"C library, mapped or linked statically: glibc, musl, uclibc or bionic"`
	LibcBuild  string `json:"libc_build,omitzero" class:"plain" doc:"who built it, as Debian GLIBC 2.36-9"`
	LibcVer    string `json:"libc_version,omitzero" class:"plain" doc:"its version, also for Go and Java that use it"`
	LibcPath   string `json:"libc_path,omitzero" class:"text" doc:"mapped file that told, as the process sees it"`
	Static     *bool  `json:"static,omitzero" class:"plain" doc:"the executable asks for no dynamic linker"`
	Cgo        *bool  `json:"cgo,omitzero" class:"plain" doc:"of Go: it can call the C library's getaddrinfo; which one it does call is decided when it runs"`
	GoBuild    string `json:"go_build,omitzero" class:"plain" doc:"of Go: settings that decide about its resolver: CGO_ENABLED, -tags, DefaultGODEBUG"`
	Nss        string `json:"nss,omitzero" class:"plain" doc:"modules of the name service switch that are mapped, comma separated: it has resolved names by them"`
	Libs       string `json:"libs,omitzero" class:"plain" doc:"other libraries that resolve names, mapped, comma separated: libcares, libunbound, libuv, …"`
	Exe        string `json:"exe,omitzero" class:"text" doc:"its executable"`
	Evidence   string `json:"evidence" class:"text" doc:"what told: maps, the text in a file, build information; or why nothing did"`
	Installed  bool   `json:"installed_only,omitzero" class:"plain" doc:"no process of the container has mapped a C library: this one is in the file system that pid sees, for programs that it may start"`
	ShownByPID int64  `json:"shown_by_pid,omitzero" class:"plain" doc:"process of the same container and executable whose maps stand for it; absent if its own were read"`
}

// ContainerFile is one file that decides how names are resolved, as the first process of a container sees it. Its text is
// a document of its own.
type ContainerFile struct {
	Container  string    `json:"container" class:"plain" doc:"full container id"`
	PID        int64     `json:"pid" class:"plain" doc:"process through whose root directory it was read"`
	Path       string    `json:"path" class:"plain" doc:"path in the container"`
	Present    *bool     `json:"present,omitzero" class:"plain" doc:"there is such a file; absent if that could not be told"`
	Bytes      *int64    `json:"bytes,omitzero" class:"plain" doc:"size"`
	ModifiedAt time.Time `json:"modified_at,omitzero" class:"plain" doc:"last change"`
	Document   string    `json:"document,omitzero" class:"plain" doc:"document with its text, relative to the bundle's top"`
	Err        string    `json:"err,omitzero" class:"text" doc:"why it was not read although it may exist"`
}

// ResolverConfig is one entry of a container's resolv.conf (resolv.conf(5)), with what Docker's engine notes in it.
type ResolverConfig struct {
	Container string `json:"container" class:"plain" doc:"full container id"`
	Item      string `json:"item" class:"plain" doc:"nameserver, search, option or sortlist; ext_server is one that Docker's resolver forwards to, by its comment ExtServers"`
	Position  int64  `json:"position" class:"plain" doc:"among its like, from 1: glibc and musl use three nameservers, Docker forwards to three"`
	Value     string `json:"value" class:"addr" doc:"address, domain, or name of the option; host(…) is asked from the host's namespace"`
	Setting   string `json:"setting,omitzero" class:"plain" doc:"of an option: what stands behind its colon"`
}

// HostsEntry is one name of a container's /etc/hosts.
type HostsEntry struct {
	Container string `json:"container" class:"plain" doc:"full container id"`
	IP        string `json:"ip" class:"addr" doc:"address as written"`
	Name      string `json:"name" class:"name" doc:"name or alias"`
	Position  int64  `json:"position" class:"plain" doc:"on its line, from 1"`
}

// GaiRule is one line of a container's gai.conf (gai.conf(5)): how glibc orders addresses there.
type GaiRule struct {
	Container string `json:"container" class:"plain" doc:"full container id"`
	Item      string `json:"item" class:"plain" doc:"label, precedence, scopev4 or reload"`
	Prefix    string `json:"prefix,omitzero" class:"addr" doc:"prefix that it is for"`
	Setting   string `json:"setting,omitzero" class:"plain" doc:"its number, or yes or no"`
}

// NssSource is one source of names in the hosts line of a container's nsswitch.conf (nsswitch.conf(5)).
type NssSource struct {
	Container string `json:"container" class:"plain" doc:"full container id"`
	Position  int64  `json:"position" class:"plain" doc:"in the line, from 1"`
	Source    string `json:"source" class:"plain" doc:"files, dns, mdns4_minimal, resolve, myhostname, …"`
	Action    string `json:"action,omitzero" class:"plain" doc:"what stands in brackets behind it, as !UNAVAIL=return"`
}
