package schema

import "time"

// Host is the captured host: one row a bundle. Clocks are read together, before the first collector.
type Host struct {
	Hostname     string    `json:"hostname" class:"name" doc:"uname nodename of the initial UTS namespace"`
	MachineID    string    `json:"machine_id,omitzero" class:"name" doc:"/etc/machine-id"`
	BootID       string    `json:"boot_id,omitzero" class:"plain" doc:"/proc/sys/kernel/random/boot_id"`
	Kernel       string    `json:"kernel" class:"plain" doc:"uname release"`
	KernelBuild  string    `json:"kernel_build,omitzero" class:"plain" doc:"uname version"`
	Arch         string    `json:"arch" class:"plain" doc:"uname machine"`
	OS           string    `json:"os,omitzero" class:"plain" doc:"PRETTY_NAME of /etc/os-release"`
	CPUs         int64     `json:"cpus,omitzero" class:"plain" doc:"online processors"`
	UptimeS      float64   `json:"uptime_s,omitzero" class:"plain" doc:"seconds since boot, suspend included"`
	Wall         time.Time `json:"wall" class:"plain" doc:"the host's real-time clock at the start of capture, UTC"`
	MonotonicNs  int64     `json:"monotonic_ns,omitzero" class:"plain" doc:"CLOCK_MONOTONIC at the same moment"`
	BoottimeNs   int64     `json:"boottime_ns,omitzero" class:"plain" doc:"CLOCK_BOOTTIME at the same moment"`
	Timezone     string    `json:"timezone,omitzero" class:"plain" doc:"local zone: name and offset"`
	ClockSynced  *bool     `json:"clock_synced,omitzero" class:"plain" doc:"the kernel holds the clock synchronised: adjtimex without STA_UNSYNC"`
	ClockOffset  *int64    `json:"clock_offset_ns,omitzero" class:"plain" doc:"adjtimex offset still to be slewed, nanoseconds"`
	ClockMaxErr  *int64    `json:"clock_maxerror_us,omitzero" class:"plain" doc:"adjtimex maxerror: bound on the clock's error, microseconds"`
	ClockEstErr  *int64    `json:"clock_esterror_us,omitzero" class:"plain" doc:"adjtimex esterror: estimated error, microseconds"`
	CorePattern  string    `json:"core_pattern,omitzero" class:"text" doc:"/proc/sys/kernel/core_pattern"`
	SinceS       float64   `json:"since_s,omitzero" class:"plain" doc:"seconds before the capture of which logs and events were asked for: an older line is there by chance"`
	FirstRead    time.Time `json:"first_read,omitzero" class:"plain" doc:"when the first read of the volatile tables began, by the host's clock"`
	LastRead     time.Time `json:"last_read,omitzero" class:"plain" doc:"when the last read of the volatile tables began; absent when there was only one"`
	FinishedRead time.Time `json:"finished_read,omitzero" class:"plain" doc:"when the last read of the volatile tables ended"`
}
