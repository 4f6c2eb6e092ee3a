package capture

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-units"

	"github.com/netmortem/netmortem/schema"
)

// A Check is one thing that a capture needs of its host and of the process that runs it, and whether it is there.
type Check struct {
	Name   string   `json:"name"`
	State  string   `json:"state"`            // CheckOK, CheckNote or CheckMissing
	Found  string   `json:"found"`            // what is so
	Costs  string   `json:"costs,omitempty"`  // what the diagnosis loses by it
	Tables []string `json:"tables,omitempty"` // tables of which nothing will be known
	Poorer []string `json:"poorer,omitempty"` // tables that will lack some rows or columns
	Mend   string   `json:"mend,omitempty"`   // command, or what to do
}

// The states of a check. A note is worth knowing and makes no bundle poorer.
const (
	CheckOK      = "ok"
	CheckNote    = "note"
	CheckMissing = "missing"
)

// findings is what Examine looks at, before it is judged.
type findings struct {
	priv      Privileges
	root      string // Options.Root
	container bool   // this process runs in a container, as far as it can tell
	hostPIDs  bool   // the processes below Root are those of the first PID namespace
	initNet   error  // why the network namespace of process 1 cannot be looked at
	hidden    int    // processes that did not let us see their namespace
	netns     int    // namespaces found
	hidepid   string // mount option of procfs, empty for none
	enter     error  // why another namespace cannot be entered
	docker    error  // why the daemon cannot be asked; *Incomplete
	noDocker  bool   // it is not to be asked
	dockerd   int    // process of dockerd, 0 for none
	socket    string // where it is asked
	sealed    bool   // the kernel has no loadable modules
	modules   map[string]bool
	kernel    string // release
	output    error  // why the current directory takes no bundle
	files     uint64 // RLIMIT_NOFILE
	available int64  // MemAvailable, -1 unknown
	cgroup    int64  // memory.max of our cgroup, 0 for none
	maxMemory int64
}

// The tables that a missing privilege costs.
var (
	tablesInside = []string{"link", "address", "route", "neighbour", "fdb", "iptables_rule", "ipvs_service", "ipvs_destination", "sysctl"}
	tablesAdmin  = []string{"iptables_chain", "iptables_rule", "nft_chain", "nft_rule", "ipvs_service", "ipvs_destination", "ipvs_timeout"}
	tablesDocker = []string{"engine", "container", "network", "network_endpoint", "swarm_service", "swarm_task", "swarm_node"}
	tablesDNS    = []string{"dns_query", "dns_answer"}
)

// judge says of everything that was found what it means.
func (f *findings) judge() []Check {
	return slices.Concat(f.privileges(), f.confinement(), f.processes(), f.namespaces(), []Check{f.daemon()}, f.kernelParts(), f.resources())
}

func ok(name, found string) Check   { return Check{Name: name, State: CheckOK, Found: found} }
func note(name, found string) Check { return Check{Name: name, State: CheckNote, Found: found} }

func (f *findings) privileges() []Check {
	p := &f.priv
	if p.Unknown {
		return []Check{note("privileges", "/proc/thread-self/status cannot be read, so nobody knows what this process may do")}
	}
	var out []Check
	add := func(name, costs string, tables []string, poorer ...string) {
		if !p.Has(name) {
			out = append(out, Check{Name: "privileges", State: CheckMissing, Found: "no " + name, Costs: costs, Tables: tables, Poorer: poorer, Mend: f.asRoot()})
		}
	}
	add("CAP_SYS_ADMIN", "no namespace but our own can be entered: nothing is known of sandboxes, overlays and load balancers", tablesInside)
	add("CAP_NET_ADMIN", "the kernel refuses rules of iptables and nftables, and IPVS: nothing is known of virtual and published addresses", tablesAdmin)
	add("CAP_SYS_PTRACE", "processes of others are closed to us: namespaces that have no bind mount are not found, sockets have no owner", nil, "netns", "container")
	add("CAP_DAC_READ_SEARCH", "files that only root may read are closed to us: logs, Docker's directory, its socket", []string{"container_log"})
	add("CAP_SYSLOG", "the kernel may refuse its log: OOM kills, table overflows, links that flap", []string{"kernel_log"})
	if len(out) == 0 {
		who := "uid " + strconv.Itoa(p.UID)
		if p.UID == 0 {
			who = "root"
		}
		out = append(out, ok("privileges", who+" with all capabilities that a capture uses"))
	}
	if p.UserNS {
		out = append(out, Check{Name: "user namespace", State: CheckMissing,
			Found: "this process is in a user namespace: its capabilities do not count on the host",
			Costs: "namespaces of the host cannot be entered, whatever the capabilities say", Tables: tablesInside,
			Mend: "run it as root of the host; from a container add --userns=host"})
	}
	return out
}

// asRoot is how to get all privileges.
func (f *findings) asRoot() string {
	if f.container {
		return containerLine
	}
	return "sudo netmortem capture"
}

// containerLine runs a capture from a container with everything that it needs.
const containerLine = "docker run --rm --privileged --pid=host --net=host -v /:/host:ro IMAGE capture --root /host -o - > HOST.tar.zst"

func (f *findings) confinement() []Check {
	var out []Check
	if f.priv.Seccomp != 0 {
		out = append(out, note("seccomp", "a filter of system calls is active: what it refuses reads as denied; without it: --security-opt seccomp=unconfined"))
	}
	if a := f.priv.AppArmor; a != "" && !strings.HasPrefix(a, "unconfined") {
		out = append(out, Check{Name: "apparmor", State: CheckMissing, Found: "the profile " + a + " confines this process",
			Costs: "it may not look at processes outside the profile, and so not find their namespaces", Poorer: []string{"netns"},
			Mend: "--security-opt apparmor=unconfined, or --privileged"})
	}
	return out
}

func (f *findings) processes() []Check {
	var out []Check
	if f.container && f.root == "" {
		out = append(out, Check{Name: "root", State: CheckMissing, Found: "this runs in a container, and without --root",
			Costs: "Docker's directory, logs and settings that it reads are the container's", Poorer: []string{"container_log", "host"}, Mend: containerLine})
	}
	switch {
	case !f.hostPIDs:
		where := "/proc"
		if f.root != "" {
			where = f.root + "/proc"
		}
		out = append(out, Check{Name: "processes", State: CheckMissing, Found: where + " shows the processes of a container, not the host's",
			Costs:  "the host's namespace and those that only processes hold are not found; no socket and no core has an owner",
			Poorer: []string{"netns"}, Mend: "docker run --pid=host …"})
	case f.initNet != nil:
		out = append(out, Check{Name: "processes", State: CheckMissing, Found: "the namespace of process 1 is closed to us: " + f.initNet.Error(),
			Costs: "our own namespace stands for the host's, which is wrong if they differ", Poorer: []string{"netns"}, Mend: f.asRoot()})
	case f.hidepid != "" && !f.priv.Has("CAP_SYS_PTRACE"):
		out = append(out, Check{Name: "processes", State: CheckMissing, Found: "procfs is mounted with " + f.hidepid,
			Costs: "processes of others are not seen", Poorer: []string{"netns"}, Mend: f.asRoot()})
	default:
		out = append(out, ok("processes", "the host's own are seen"))
	}
	return out
}

func (f *findings) namespaces() []Check {
	found := fmt.Sprintf("%d network namespaces found", f.netns)
	switch {
	case f.enter != nil:
		return []Check{{Name: "namespaces", State: CheckMissing, Found: found + ", and none can be entered: " + f.enter.Error(),
			Costs: "nothing is known of sandboxes, overlays and load balancers", Tables: tablesInside, Mend: f.asRoot()}}
	case f.hidden > 0 && f.initNet == nil:
		return []Check{{Name: "namespaces", State: CheckMissing, Found: found + fmt.Sprintf("; %d processes did not let us see theirs", f.hidden),
			Costs: "namespaces that only those hold are not found", Poorer: []string{"netns"}, Mend: f.asRoot()}}
	}
	return []Check{ok("namespaces", found)}
}

func (f *findings) daemon() Check {
	if f.noDocker {
		return note("docker", "not to be asked: --no-docker")
	}
	if f.docker == nil {
		return ok("docker", "dockerd answers at "+f.socket)
	}
	c := Check{Name: "docker", State: CheckMissing, Costs: "what the swarm wants is not known here: services, tasks, networks; rules compare with a manager's bundle or are not judged",
		Tables: tablesDocker, Found: f.docker.Error()}
	o := outcomeOf(f.docker)
	switch {
	case o.Outcome == schema.Denied && f.container:
		c.Mend = containerLine
	case o.Outcome == schema.Denied:
		c.Mend = "sudo netmortem capture"
	case f.dockerd != 0:
		c.Found += fmt.Sprintf("; dockerd is process %d", f.dockerd)
		c.Mend = fmt.Sprintf("look where it listens: tr '\\0' ' ' </proc/%d/cmdline; then add --docker-host ADDRESS", f.dockerd)
		if o.Outcome == schema.Timeout {
			c.Mend = "capture all the same: the kernel's side does not need it. Then restart dockerd, and not before"
		}
	case o.Outcome == schema.Absent:
		c.Found = "no Docker daemon: no socket at " + f.socket + ", no dockerd process"
		c.Mend = "if this host has one that listens elsewhere, add --docker-host ADDRESS"
	default:
		c.Mend = "capture all the same: Docker's files tell of its containers. Then start dockerd, and not before"
	}
	return c
}

// kernelParts are sources that exist only when a module is loaded; a capture loads none.
func (f *findings) kernelParts() []Check {
	var out []Check
	if major, minor := kernelVersion(f.kernel); major > 0 {
		switch {
		case major < 5 || major == 5 && minor < 6:
			out = append(out, Check{Name: "kernel", State: CheckMissing, Found: "Linux " + f.kernel + " has no openat2 (5.6)",
				Costs: "files inside containers are not opened, because a link in them could lead out: name servers are not asked", Tables: tablesDNS})
		default:
			out = append(out, ok("kernel", "Linux "+f.kernel))
		}
	}
	if f.sealed {
		return append(out, ok("modules", "the kernel loads none: what it has is built in"))
	}
	var idle []string
	for _, m := range []string{"ip_vs", "nf_tables", "ip_tables", "nf_conntrack_netlink", "xfrm_user"} {
		if !f.modules[m] {
			idle = append(idle, m)
		}
	}
	if len(idle) > 0 {
		out = append(out, note("modules", "not loaded, and not loaded by a capture: "+strings.Join(idle, ", ")+"; what they would show is absent"))
	}
	if !f.modules["tcp_diag"] || !f.modules["inet_diag"] {
		out = append(out, Check{Name: "modules", State: CheckMissing, Found: "tcp_diag and inet_diag are not loaded, and a capture loads nothing",
			Costs: "of sockets only /proc/net/tcp is read: no retransmits, round trip times, backlogs", Mend: "modprobe tcp_diag (this changes the host)"})
	}
	return out
}

// kernelVersion is the version of a release such as 6.1.0-18-amd64, 0 when it is none.
func kernelVersion(release string) (major, minor int) {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 2 {
		return 0, 0
	}
	digits := func(s string) int {
		if i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
			s = s[:i]
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			return 0
		}
		return n
	}
	return digits(parts[0]), digits(parts[1])
}

// leastFiles is how many files a capture has open at the most, with room to spare: some for each worker.
const leastFiles = 256

func (f *findings) resources() []Check {
	var out []Check
	if f.output != nil {
		out = append(out, Check{Name: "output", State: CheckMissing, Found: f.output.Error(), Costs: "the bundle cannot be written here",
			Mend: "netmortem capture -o /other/place/x.tar.zst, or from elsewhere: ssh HOST sudo netmortem capture -o - > HOST.tar.zst"})
	} else {
		out = append(out, ok("output", "the current directory takes a bundle"))
	}
	if f.files < leastFiles {
		out = append(out, Check{Name: "limits", State: CheckMissing, Found: fmt.Sprintf("no more than %d files may be open", f.files),
			Costs: "some sources may not open", Mend: "ulimit -n 1024"})
	}
	size := units.BytesSize(float64(f.maxMemory))
	switch {
	case f.cgroup > 0 && f.cgroup < f.maxMemory:
		out = append(out, Check{Name: "memory", State: CheckMissing, Found: fmt.Sprintf("the cgroup of this process is bound to %s, --max-memory allows %s", units.BytesSize(float64(f.cgroup)), size),
			Costs: "the kernel may kill the capture before it ends by itself, and there is no bundle", Mend: fmt.Sprintf("netmortem capture --max-memory %dM", max(LeastMaxMemory>>20, f.cgroup*3/4>>20))})
	case f.available >= 0 && f.available < f.maxMemory:
		out = append(out, Check{Name: "memory", State: CheckMissing, Found: fmt.Sprintf("%s of memory are available, --max-memory allows %s", units.BytesSize(float64(f.available)), size),
			Costs: "a capture that grows so far would push others out", Mend: fmt.Sprintf("netmortem capture --max-memory %dM", max(LeastMaxMemory>>20, f.available/2>>20))})
	default:
		out = append(out, ok("memory", "enough for --max-memory "+size))
	}
	return out
}
