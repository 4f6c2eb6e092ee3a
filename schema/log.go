package schema

import "time"

// KernelLog is one record of the kernel's ring buffer. Its document is as the kernel wrote it; time, class and what the
// text names are worked out at load.
type KernelLog struct {
	Time        time.Time `json:"time,omitzero" class:"plain" doc:"UTC, by the start of the capture and the record's stamp: the kernel's log clock and a clock that is stepped drift apart, so seconds are estimates"`
	MonotonicUs *int64    `json:"monotonic_us,omitzero" class:"plain" doc:"the record's own stamp: microseconds since boot, suspend left out"`
	Seq         *int64    `json:"seq,omitzero" class:"plain" doc:"number of the record since boot; a gap shows that the buffer was overrun"`
	Level       string    `json:"level,omitzero" class:"plain" doc:"emerg alert crit err warn notice info debug"`
	Facility    string    `json:"facility,omitzero" class:"plain" doc:"kern for the kernel itself; any other was written by a program"`
	Category    string    `json:"class,omitzero" class:"plain" doc:"what the record is about, as oom-kill, segfault, conntrack-full; NULL when it is on no list"`
	PID         *int64    `json:"pid,omitzero" class:"plain" doc:"process that the text is about, as the host counts; an OOM's victim"`
	Comm        string    `json:"comm,omitzero" class:"name" doc:"its command name, at most 15 bytes"`
	OOM         string    `json:"oom,omitzero" class:"plain" doc:"of an OOM kill: cgroup (a limit was reached) or global (the host was out of memory)"`
	Constraint  string    `json:"oom_constraint,omitzero" class:"plain" doc:"of an OOM kill: CONSTRAINT_NONE, CONSTRAINT_MEMCG, CONSTRAINT_CPUSET, CONSTRAINT_MEMORY_POLICY"`
	Cgroup      string    `json:"cgroup,omitzero" class:"name" doc:"cgroup that the text names; of an OOM kill the victim's"`
	Container   string    `json:"container,omitzero" class:"plain" doc:"full id of the container whose cgroup that is"`
	Dev         string    `json:"dev,omitzero" class:"name" doc:"network or block device that the text names"`
	Src         string    `json:"src,omitzero" class:"addr" doc:"of a packet: source address"`
	Dst         string    `json:"dst,omitzero" class:"addr" doc:"of a packet: destination address"`
	Proto       string    `json:"proto,omitzero" class:"plain" doc:"of a packet that a firewall logged: TCP, UDP, ESP, …"`
	Dport       *int64    `json:"dport,omitzero" class:"plain" doc:"of a packet, or a listener: destination port"`
	Text        string    `json:"text" class:"text" doc:"the record's text, without its stamp"`
}

// LogLine is one line of a log that tells of the container runtime: of dockerd, containerd, or systemd about them.
type LogLine struct {
	Time      time.Time `json:"time,omitzero" class:"plain" doc:"UTC, as the line says; NULL when its stamp has no zone"`
	Stamp     string    `json:"stamp,omitzero" class:"plain" doc:"stamp without a zone, as the syslog daemon wrote it; only of lines without a time"`
	Unit      string    `json:"unit,omitzero" class:"name" doc:"systemd unit, docker.service; journal only"`
	Ident     string    `json:"ident,omitzero" class:"name" doc:"program: dockerd, containerd, kernel, systemd, systemd-coredump"`
	PID       *int64    `json:"pid,omitzero" class:"plain" doc:"its process; of a core dump, the process that crashed"`
	Level     string    `json:"level,omitzero" class:"plain" doc:"as the program says: debug info warning error fatal panic; else by the priority of syslog"`
	Category  string    `json:"class,omitzero" class:"plain" doc:"what the line is about, as gossip-flap, vxlan-exists, image-pull; NULL when it is on no list"`
	Container string    `json:"container,omitzero" class:"plain" doc:"full id of the container that the line names"`
	Text      string    `json:"text" class:"text" doc:"the message"`
	Error     string    `json:"error,omitzero" class:"text" doc:"the error that the line gives beside the message"`
	Fields    string    `json:"fields,omitzero" class:"text" doc:"the rest of a structured line, as key=value"`
}

// LogFile points at a file of logs; its text stays on the host.
type LogFile struct {
	Path      string    `json:"path" class:"name" doc:"on the host"`
	Kind      string    `json:"kind" class:"plain" doc:"goroutines or daemon-data (dockerd's dumps of itself), container (a container's log), journal, system (below /var/log)"`
	Container string    `json:"container,omitzero" class:"plain" doc:"full id of the container whose log it is"`
	Bytes     int64     `json:"bytes" class:"plain" doc:"size"`
	DiskBytes int64     `json:"disk_bytes" class:"plain" doc:"what it takes on the disk: stat's blocks of 512 bytes"`
	LastWrite time.Time `json:"last_write,omitzero" class:"plain" doc:"modification time, UTC"`
}
