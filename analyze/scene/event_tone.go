package scene

import "slices"

// The tones of an event; most have none.
const (
	toneBad = "bad" // packets or processes are lost, or a rule takes it for a fault
	toneOdd = "odd" // it does not happen on a healthy host, or says that something else went wrong
)

// badKernel are the classes of the kernel's lines that tell of what is lost: a rule reads them for faults, or the failure catalogue has
// them as the fault's own sign.
var badKernel = []string{
	"oom-kill", "oom-unkillable", "segfault", "trap", "core-lost", "fork-rejected", "file-max",
	"conntrack-full", "neighbour-overflow", "tcp-memory", "tcp-orphans", "syn-flood", "unregister-netdevice", "ipvs-no-destination",
	"vxlan-migrated", "own-address-received", "ipv6-dad", "tx-timeout",
	"hung-task", "soft-lockup", "hard-lockup", "rcu-stall", "kernel-bug", "hardware-error",
	"io-error", "fs-error", "fs-readonly", "no-space",
}

// oddKernel are the classes that tell of trouble around it.
var oddKernel = []string{
	"oom-constraint", "oom-chosen", "oom-invoked", "oom-reaped", "allocation-failure", "conntrack-expect-full", "martian", "link-down", "bond",
	"gro-suspect", "time-wait-overflow", "clocksource", "kernel-warning", "apparmor-denied", "selinux-denied", "seccomp",
}

// badLog are the classes of the daemons' lines that tell of what does not work.
var badLog = []string{
	"panic", "unit-failed", "unit-timeout", "containerd-lost", "oom", "stuck-container", "start-fails", "task-fails",
	"no-space", "too-many-files", "no-pids", "no-memory", "neighbour-full", "inotify-full", "read-only", "storage",
	"no-address", "no-pool", "pool-overlap", "route-conflict", "ip-conflict",
	"vxlan-exists", "peer-add-fails", "peer-delete-fails", "vtep-family", "sandbox",
	"ipvs-module", "balancer-missing", "balancer-fails", "binding-fails", "port-conflict", "iptables",
	"dns-limit", "heartbeat", "session", "certificate", "live-restore", "swarm-start", "swarm-locked", "config", "core-dump",
}

// oddLog are the classes that tell of trouble around it, or of what mends itself.
var oddLog = []string{
	"goroutine-dump", "daemon-stop", "shim", "unhealthy", "force-kill", "exec-fails", "xtables-lock", "address-in-use", "peer-transient", "encryption",
	"binding-transient", "firewalld-reload", "dns-fails", "gossip-flap", "gossip-udp", "gossip-fails", "gossip-conflict", "gossip-degraded", "gossip-backlog",
	"bulk-sync", "networkdb", "raft", "clock", "log-driver", "image-pull", "deadline",
}

// kernelTone is the tone of a line of the kernel's log.
func kernelTone(class, level string) string {
	return tone(badKernel, oddKernel, class, slices.Contains([]string{"emerg", "alert", "crit", "err"}, level))
}

// logTone is the tone of a line of a daemon's log.
func logTone(class, level string) string {
	return tone(badLog, oddLog, class, slices.Contains([]string{"error", "fatal", "panic"}, level))
}

// tone of a line: its class decides; of one that is on no list, whether the program itself calls it an error.
func tone(bad, odd []string, class string, isError bool) string {
	switch {
	case slices.Contains(bad, class):
		return toneBad
	case slices.Contains(odd, class), class == "" && isError:
		return toneOdd
	}
	return ""
}
