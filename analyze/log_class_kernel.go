package analyze

// kernelClasses are the kernel's messages that rules and people look for, with the entries of the failure catalogue that
// they speak for. The wording differs between versions; each line says from which source file it is. Groups: pid, comm,
// cgroup, limit (the cgroup whose limit was reached), constraint, dev, src, dst, proto, dport.
var kernelClasses = []logClass{
	// mm/oom_kill.c: I1, I2. One kill writes several lines: who asked for memory (oom-invoked), which cgroup
	// (oom-constraint), who was killed (oom-kill).
	{"oom-constraint", "oom-kill:constraint=", shape(`^oom-kill:constraint=(?P<constraint>\w+),.*?(?:,(?P<global>global_oom)|,oom_memcg=(?P<limit>[^,]*)),task_memcg=(?P<cgroup>[^,]*),task=(?P<comm>.*),pid=(?P<pid>\d+),uid=\d+`)}, // from 5.0
	{"oom-constraint", "oom-kill:constraint=", shape(`^oom-kill:constraint=(?P<constraint>\w+)`)},
	{"oom-constraint", " killed as a result of limit of ", shape(`^Task in (?P<cgroup>\S+) killed as a result of limit of (?P<limit>\S+)`)},              // mm/memcontrol.c until 4.20
	{"oom-constraint", " are going to be killed due to memory.oom.group set", shape(`^Tasks in (?P<cgroup>\S+) are going to be killed`)},                 // mm/memcontrol.c from 4.19
	{"oom-kill", "illed process ", shape(`^(?P<what>Memory cgroup out of memory|Out of [Mm]emory)[^:]*: Killed process (?P<pid>\d+) \((?P<comm>.*?)\)`)}, // from 5.1
	{"oom-kill", "Killed process ", shape(`^Killed process (?P<pid>\d+)(?:, UID \d+,)? ?\((?P<comm>.*?)\)`)},                                             // until 5.0, behind oom-chosen
	{"oom-chosen", "Kill process ", shape(`^(?P<what>Memory cgroup out of memory|Out of [Mm]emory)[^:]*: Kill process (?P<pid>\d+) \((?P<comm>.*?)\) score`)},
	{"oom-invoked", " invoked oom-killer: ", shape(`^(?P<comm>.*) invoked oom-killer: `)},
	{"oom-unkillable", "out of memory and no killable processes", nil},
	{"oom-unkillable", "System is deadlocked on memory", nil},
	{"oom-reaped", "oom_reaper: reaped process ", shape(`reaped process (?P<pid>\d+) \((?P<comm>.*?)\)`)},
	{"allocation-failure", "page allocation failure", shape(`^(?P<comm>.*): page allocation (?:failure|stalls)`)},           // mm/page_alloc.c
	{"fork-rejected", "fork rejected by pids controller in ", shape(`fork rejected by pids controller in (?P<cgroup>\S+)`)}, // kernel/cgroup/pids.c: G12
	{"file-max", "VFS: file-max limit ", nil}, // fs/file_table.c: G12

	// arch/*/mm/fault.c, arch/*/kernel/traps.c, kernel/signal.c: I5
	{"segfault", "]: segfault at ", shape(`^(?P<comm>.+)\[(?P<pid>\d+)\]: segfault at `)},
	{"segfault", ": unhandled ", shape(`^(?P<comm>.+)\[(?P<pid>\d+)\]: unhandled `)}, // arm64
	{"segfault", "potentially unexpected fatal signal", shape(`^(?:(?P<comm>.+?)(?:/(?P<pid>\d+))?: )?potentially unexpected fatal signal`)},
	{"trap", "traps: ", shape(`^traps: (?P<comm>.+)\[(?P<pid>\d+)\] (?:trap )?.* ip:`)},
	// fs/coredump.c: I6; the second form from 6.12 on
	{"core-lost", "over core_pipe_limit", shape(`^(?:Pid |coredump: )(?P<pid>\d+)\((?P<comm>.*?)\)`)},
	{"core-lost", "over core_pipe_limit", nil},
	{"core-lost", "Core dump to ", shape(`^(?:coredump: (?P<pid>\d+)\((?P<comm>.*?)\): )?Core dump to .* (?:pipe failed|aborted)`)},
	{"core-lost", "RLIMIT_CORE is set to 1", nil},
	{"core-lost", "Process ", shape(`^Process (?P<pid>\d+)\((?P<comm>.*?)\) has RLIMIT_CORE set to 1`)},
	{"core-lost", "Skipping core dump", nil},
	{"core-lost", "coredump: ", shape(`^coredump: (?P<pid>\d+)\((?P<comm>.*?)\): `)},

	// net/core/neighbour.c: A9
	{"neighbour-overflow", "neighbor table overflow", shape(`(?P<dev>arp_cache|ndisc_cache|\w+): neighbor table overflow`)},
	{"neighbour-overflow", "eighbour table overflow", nil}, // net/ipv4/route.c, until 4.x
	// net/netfilter/nf_conntrack_core.c: G1; with the namespace's inode from 6.18 on
	{"conntrack-full", "nf_conntrack: table full", nil},
	{"conntrack-full", "ip_conntrack: table full", nil},
	{"conntrack-expect-full", "nf_conntrack: expectation table full", nil},
	// net/core/dev.c: G14
	{"unregister-netdevice", "unregister_netdevice: waiting for ", shape(`waiting for (?P<dev>\S+) to become free`)},
	// net/ipv4/route.c
	{"martian", "martian ", shape(`martian source (?P<dst>\S+) from (?P<src>\S+), on dev (?P<dev>\S+)`)},
	{"martian", "martian destination ", shape(`martian destination (?P<dst>\S+) from (?P<src>\S+), dev (?P<dev>\S+)`)},
	// net/netfilter/ipvs/ip_vs_sched.c: B2, B3
	{"ipvs-no-destination", "no destination available", shape(`^IPVS: \w+: (?:FWM (?P<fwmark>\d+)|(?P<proto>\w+) \[?(?P<dst>[0-9a-fA-F.:]+?)\]?:(?P<dport>\d+))`)},
	{"ipvs-no-destination", "no destination available", nil},
	// drivers/net/vxlan: A3, A8
	{"vxlan-migrated", " migrated from ", shape(`^(?P<dev>\S+): [0-9a-f:]{17} migrated from (?P<src>\S+) to (?P<dst>\S+)`)},
	// net/bridge/br_fdb.c: A1
	{"own-address-received", "with own address as source address", shape(`received packet on (?P<dev>\S+) with own address`)},
	// net/bridge/br_stp.c, br_if.c
	{"bridge-port", " entered ", shape(`^\S+: port \d+\((?P<dev>[^)]*)\) entered (?:disabled|blocking|listening|learning|forwarding) state`)},
	{"promiscuous", "promiscuous mode", shape(`^(?:device )?(?P<dev>[^\s:]+):? (?:entered|left) promiscuous mode`)},
	{"renamed", ": renamed from ", shape(`^(?:.* )?(?P<dev>[^\s:]+): renamed from `)},
	// drivers of network cards, and net/ipv6/addrconf.c
	{"tx-timeout", "NETDEV WATCHDOG: CPU", shape(`(?P<dev>[^\s:]+): NETDEV WATCHDOG: CPU`)}, // net/sched/sch_generic.c from 6.7
	{"tx-timeout", "NETDEV WATCHDOG: ", shape(`NETDEV WATCHDOG: (?P<dev>[^\s:]+)`)},
	{"link-down", "Link is Down", shape(`(?i)(?P<dev>[^\s:]+):? (?:NIC )?Link is Down`)},
	{"link-down", "ink is down", shape(`(?P<dev>[^\s:]+):? (?:NIC )?Link is down`)},
	{"link-down", "ink down", shape(`(?P<dev>[^\s:]+):? [Ll]ink down`)},
	{"link-up", "Link is Up", shape(`(?P<dev>[^\s:]+):? (?:NIC )?Link is Up`)},
	{"link-up", "ink is up", shape(`(?P<dev>[^\s:]+):? (?:NIC )?Link is up`)},
	{"link-up", "ink up", shape(`(?P<dev>[^\s:]+):? [Ll]ink up`)},
	{"link-ready", "link becomes ready", shape(`ADDRCONF\(NETDEV_CHANGE\): (?P<dev>[^\s:]+): link becomes ready`)},
	{"link-not-ready", "link is not ready", shape(`ADDRCONF\(NETDEV_UP\): (?P<dev>[^\s:]+): link is not ready`)},
	{"bond", "link status definitely", shape(`(?:slave |interface )(?P<dev>[^\s),]+)\)?[:,]? ?(?:link status definitely|disabling it|$)`)},
	{"bond", "link status definitely", nil},
	{"gro-suspect", "suspect GRO implementation", shape(`TCP: (?P<dev>[^\s:]+): Driver has suspect GRO`)}, // A14
	{"ipv6-dad", "IPv6 duplicate address", shape(`(?P<dev>[^\s:]+): IPv6 duplicate address`)},             // E3
	// net/ipv4/tcp*.c: G10, G11
	{"tcp-memory", "out of memory -- consider tuning tcp_mem", nil},
	{"tcp-orphans", "too many orphaned sockets", nil},
	{"syn-flood", "ossible SYN flooding on port ", shape(`ossible SYN flooding on port (?:\[?(?P<dst>[0-9a-fA-F.:]+?)\]?:)?(?P<dport>\d+)\.`)},
	{"time-wait-overflow", "time wait bucket table overflow", nil},
	// net/netfilter/nf_log_syslog.c, by rules with LOG: C7, A13
	{"firewall-log", " PROTO=", shape(`\bIN=(?P<dev>\S*) .*\bSRC=(?P<src>\S+) DST=(?P<dst>\S+) .*\bPROTO=(?P<proto>\S+)(?:.*?\bDPT=(?P<dport>\d+))?`)},

	// kernel/hung_task.c, kernel/watchdog.c, kernel/rcu: G14, F12
	{"hung-task", "blocked for more than", shape(`task (?P<comm>.+):(?P<pid>\d+) (?:<\S+> )?blocked`)},
	{"hung-task", "blocked in I/O wait for more than", shape(`task (?P<comm>.+):(?P<pid>\d+) `)},
	{"soft-lockup", "soft lockup", shape(`soft lockup - CPU#\d+ stuck for \d+s! \[(?P<comm>.*):(?P<pid>\d+)\]`)},
	{"soft-lockup", "soft lockup", nil},
	{"hard-lockup", "hard LOCKUP", nil},
	{"rcu-stall", "detected stall", nil},
	{"rcu-stall", "self-detected stall", nil},
	{"clocksource", "Marking clocksource", nil}, // J1
	{"kernel-bug", "BUG: ", nil},
	{"kernel-bug", "Oops: ", nil},
	{"kernel-bug", "general protection fault", nil},
	{"kernel-warning", "WARNING: CPU: ", nil},
	{"hardware-error", "[Hardware Error]", nil},

	// block layer and file systems: H2, H8
	{"io-error", "I/O error", shape(`(?:dev |device )(?P<dev>[^\s,]+)`)},
	{"io-error", "I/O error", nil},
	{"fs-error", "EXT4-fs error (device ", shape(`\(device (?P<dev>[^)]+)\)`)},
	{"fs-readonly", "Remounting filesystem read-only", shape(`\((?P<dev>[^)]+)\)`)},
	{"fs-error", "EXT4-fs warning (device ", shape(`\(device (?P<dev>[^)]+)\)`)},
	{"fs-error", "XFS (", shape(`^XFS \((?P<dev>[^)]+)\): .*(?:[Cc]orrupt|error|shutdown|shut down|deadlock)`)},
	{"fs-error", "BTRFS", shape(`^BTRFS:? (?:error|critical|warning).*?\(device (?P<dev>[^)]+)\)`)},
	{"fs-error", "overlayfs: ", nil},
	{"no-space", "o space left on device", nil},

	// security/: H5
	{"apparmor-denied", `apparmor="DENIED"`, shape(`\bpid=(?P<pid>\d+) comm="(?P<comm>[^"]*)"`)},
	{"selinux-denied", "avc:  denied ", shape(`\bpid=(?P<pid>\d+) comm="(?P<comm>[^"]*)"`)},
	{"seccomp", "type=1326", shape(`\bpid=(?P<pid>\d+) comm="(?P<comm>[^"]*)"`)},
	{"selinux-denied", "avc:  denied ", nil},
	{"apparmor-denied", `apparmor="DENIED"`, nil},
}
