package schema

import "time"

// CoreTarget is where a core of one process would go, as facts: core_pattern is one for all, but a path is resolved by
// the process that crashes, in its own mount namespace and working directory (fs/coredump.c, do_coredump).
type CoreTarget struct {
	PID          int64  `json:"pid" class:"plain" doc:"process, as the host counts"`
	Comm         string `json:"comm,omitzero" class:"name" doc:"its command name"`
	Container    string `json:"container,omitzero" class:"plain" doc:"full id of its container, by its cgroup; absent for dockerd and containerd"`
	Kind         string `json:"kind" class:"plain" doc:"of core_pattern: pipe (a program), socket, absolute, relative, none"`
	Pattern      string `json:"pattern,omitzero" class:"text" doc:"core_pattern"`
	Handler      string `json:"handler,omitzero" class:"name" doc:"program of a pipe; it runs in the host's namespaces, whoever crashes"`
	HandlerFound *bool  `json:"handler_found,omitzero" class:"plain" doc:"the program exists on the host and may be executed"`
	Path         string `json:"path,omitzero" class:"name" doc:"where the file would be, in the process's own mount namespace; specifiers as %p stay"`
	HostPath     string `json:"host_path,omitzero" class:"name" doc:"the directory as the host can reach it while the process lives, below /proc/PID/root"`
	DirFound     *bool  `json:"dir_found,omitzero" class:"plain" doc:"the directory exists there; unknown when its name holds specifiers"`
	ReadOnly     *bool  `json:"read_only,omitzero" class:"plain" doc:"its file system is mounted read-only there"`
	Writable     *bool  `json:"writable,omitzero" class:"plain" doc:"the process's user may write there, by owner, group, mode and CAP_DAC_OVERRIDE"`
	FSType       string `json:"fstype,omitzero" class:"plain" doc:"its file system, as mountinfo names it"`
	Mount        string `json:"mount,omitzero" class:"name" doc:"its mount point, in the process's mount namespace"`
	Layer        *bool  `json:"layer,omitzero" class:"plain" doc:"it is the container's own layer, which is deleted with the container"`
	FreeBytes    *int64 `json:"free_bytes,omitzero" class:"plain" doc:"free for unprivileged users on that file system"`
	LimitSoft    *int64 `json:"limit_soft,omitzero" class:"plain" doc:"RLIMIT_CORE of the process, bytes; 9223372036854775807 is unlimited"`
	LimitHard    *int64 `json:"limit_hard,omitzero" class:"plain" doc:"RLIMIT_CORE that it may raise to, bytes"`
	Memory       *int64 `json:"rss_bytes,omitzero" class:"plain" doc:"resident memory of the process, bytes: roughly how large a core would be"`
	Filter       string `json:"filter,omitzero" class:"plain" doc:"/proc/PID/coredump_filter, hexadecimal: which memory a core holds"`
}

// CoreFile is one core that was found. Nothing of the process's memory is in the row: it comes from the file's notes.
type CoreFile struct {
	Path       string    `json:"path" class:"name" doc:"on the host; below /proc/PID/root for a file that only a container sees"`
	Source     string    `json:"source" class:"plain" doc:"where it was looked for: pattern, systemd, apport, layer"`
	Kind       string    `json:"kind" class:"plain" doc:"elf, elf.zst, elf.lz4, elf.xz, crash (apport's report), other"`
	Container  string    `json:"container,omitzero" class:"plain" doc:"full id of the container in whose file system it lies, or whose process it was"`
	Bytes      int64     `json:"bytes" class:"plain" doc:"size of the file"`
	DiskBytes  int64     `json:"disk_bytes" class:"plain" doc:"what it takes on the disk: cores have holes"`
	Time       time.Time `json:"time,omitzero" class:"plain" doc:"modification time, UTC: when the core was complete"`
	Signal     *int64    `json:"signal,omitzero" class:"plain" doc:"signal that ended the process (NT_PRSTATUS, or the report)"`
	Code       *int64    `json:"si_code,omitzero" class:"plain" doc:"si_code of the signal (NT_SIGINFO): who sent it, or which fault"`
	Addr       string    `json:"fault_addr,omitzero" class:"plain" doc:"address of the fault, hexadecimal (NT_SIGINFO of SIGILL, SIGFPE, SIGSEGV, SIGBUS)"`
	PID        *int64    `json:"pid,omitzero" class:"plain" doc:"process, as counted in its own pid namespace (NT_PRPSINFO), or on the host (systemd's file name)"`
	Comm       string    `json:"comm,omitzero" class:"name" doc:"command name (NT_PRPSINFO)"`
	Args       string    `json:"args,omitzero" class:"text" doc:"first 80 bytes of the command line, secrets masked (NT_PRPSINFO)"`
	UID        *int64    `json:"uid,omitzero" class:"plain" doc:"user (NT_PRPSINFO, or the file name)"`
	Threads    *int64    `json:"threads,omitzero" class:"plain" doc:"threads (number of NT_PRSTATUS notes)"`
	Executable string    `json:"executable,omitzero" class:"name" doc:"path of the executable in the process's mount namespace (NT_FILE, AT_EXECFN)"`
	BuildID    string    `json:"build_id,omitzero" class:"plain" doc:"build id of the executable, from its first page in the core; absent when that was not dumped"`
	Machine    string    `json:"machine,omitzero" class:"plain" doc:"processor architecture (e_machine)"`
	Mappings   *int64    `json:"mappings,omitzero" class:"plain" doc:"file mappings that NT_FILE lists"`
	BootID     string    `json:"boot_id,omitzero" class:"plain" doc:"boot in which it crashed (systemd's file name)"`
	Whole      *bool     `json:"whole,omitzero" class:"plain" doc:"the file reaches to the end of its last segment; false for one that a limit or a full disk cut short"`
	Problem    string    `json:"problem,omitzero" class:"text" doc:"what could not be read of it"`
}

// CoreMapping is one file that a crashed process had mapped, from the core's NT_FILE note.
type CoreMapping struct {
	Core  string `json:"core" class:"name" doc:"path of the core, as in core_file"`
	File  string `json:"file" class:"name" doc:"mapped file, in the process's mount namespace; with (deleted) behind it when it had been replaced"`
	Start string `json:"start" class:"plain" doc:"lowest address, hexadecimal"`
	End   string `json:"end" class:"plain" doc:"highest address, hexadecimal"`
	Parts int64  `json:"parts" class:"plain" doc:"mappings of that file between them"`
}
