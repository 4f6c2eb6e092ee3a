package analyze

// daemonClasses are messages of dockerd, containerd, swarmkit, memberlist and systemd that rules and people look for, with
// the entries of the failure catalogue that they speak for. They are looked for in message and error of a line together.
// A line that is a symptom of several things has the narrower class: the order counts.
var daemonClasses = []logClass{
	// crashes and hangs of the daemon itself: I9
	{"panic", "fatal error: ", shape(`^(?:\S+ )*fatal error: `)},
	{"panic", "panic: ", shape(`(?:^|: )panic: `)},
	{"panic", "SIGSEGV: segmentation violation", nil},
	{"panic", "goroutine ", shape(`^goroutine \d+ \[`)},
	{"panic", "http: panic serving", nil},
	{"goroutine-dump", "goroutine stacks written to ", nil},
	{"goroutine-dump", "daemon datastructure dump written to ", nil},
	{"unit-failed", "Failed with result", nil}, // systemd of a unit
	{"unit-failed", "Main process exited", nil},
	{"unit-failed", "Start request repeated too quickly", nil},
	{"unit-timeout", "timed out. Killing", nil},
	{"daemon-start", "Starting up", shape(`^Starting up$`)},
	{"daemon-start", "Daemon has completed initialization", nil},
	{"daemon-start", "starting containerd", shape(`^starting containerd$`)},
	{"daemon-stop", "Processing signal 'terminated'", nil},
	{"daemon-stop", "Daemon shutdown complete", nil},
	{"containerd-lost", "containerd did not exit successfully", nil},
	{"containerd-lost", "failed to dial \"/run/containerd/containerd.sock\"", nil},
	{"containerd-lost", "containerd.sock: connect: connection refused", nil},
	{"containerd-lost", "daemon is not responding", shape(`^daemon is not responding`)}, // libcontainerd/supervisor
	{"shim", "cleaning up after shim disconnected", nil},                                // containerd 1.4 and newer
	{"shim", "shim disconnected", nil},
	{"shim", "failed to handle container TaskExit event", nil},
	{"shim", "cleanup warnings", nil},
	{"shim", "ttrpc: closed", nil},

	// how containers end: I1–I4, I10, G12
	{"oom", "OOMKilled", nil},
	{"oom", "/tasks/oom", nil}, // containerd's event TaskOOM
	{"unhealthy", "dockerexec: unhealthy container", nil},
	{"unhealthy", "Health check for container", nil},
	{"force-kill", "using the force", nil},       // container.stop after the grace period
	{"force-kill", "failed to exit within", nil}, // engines before 20.10 said: Container ID failed to exit
	{"stuck-container", "tried to kill container, but did not receive an exit event", nil},
	{"stuck-container", "trying direct SIGKILL", nil},
	{"stuck-container", "is zombie and can not be killed", nil},
	{"exec-fails", "OCI runtime exec failed", nil},
	{"start-fails", "OCI runtime create failed", nil},
	{"start-fails", "failed to create shim task", nil},
	{"start-fails", "Handler for POST", shape(`^Handler for POST \S*/containers/[^/]+/start returned error`)},
	{"task-fails", "fatal task error", nil}, // swarmkit agent/task.go

	// kernel and host limits
	{"no-space", "no space left on device", nil},         // H2
	{"too-many-files", "too many open files", nil},       // G12
	{"no-pids", "resource temporarily unavailable", nil}, // G12
	{"no-memory", "cannot allocate memory", nil},         // H7
	{"neighbour-full", "no buffer space available", nil}, // A9
	{"inotify-full", "inotify", shape(`inotify.*(?:too many|no space|limit)`)},
	{"xtables-lock", "holding the xtables lock", nil}, // G13
	{"read-only", "read-only file system", nil},
	{"storage", "failed to mount overlay", nil}, // H8
	{"storage", "error creating overlay mount", nil},

	// addresses: E1, E2, E5, E6
	{"no-address", "no available IPv4 addresses", nil},
	{"no-address", "no available IPv6 addresses", nil},
	{"no-address", "could not find an available IP", nil},
	{"no-address", "failed to allocate VIP", nil},
	{"no-address", "failed to allocate network IP", nil},
	{"no-pool", "non-overlapping IPv4 address pool", nil},
	{"no-pool", "all predefined address pools have been fully subnetted", nil},
	{"address-in-use", "Address already in use", shape(`(?i)address already in use`)},
	{"address-in-use", "address already in use", nil},
	{"pool-overlap", "Pool overlaps with other one on this address space", nil},
	{"route-conflict", "because it conflicts with existing route", nil}, // A24, A25
	{"ip-conflict", "duplicate address", nil},

	// overlay: A2, A4–A6, A11, A17–A20, A28
	{"vxlan-exists", "error creating vxlan interface: file exists", nil},
	{"vxlan-exists", "subnet sandbox join failed", nil},
	{"peer-add-fails", "could not add fdb entry", nil},
	{"peer-add-fails", "could not add neighbor entry", nil},
	{"peer-add-fails", "failed to add peer entry", nil},
	{"peer-add-fails", "neighbor entry already present", nil},
	{"peer-delete-fails", "could not delete fdb entry", nil},
	{"peer-delete-fails", "could not delete neighbor entry", nil},
	{"peer-delete-fails", "failed to delete peer entry", nil},
	{"peer-transient", "transient condition", shape(`transient condition.*cardinality[:=]`)},
	{"vtep-family", "address family not supported", nil},
	{"encryption", "required modules to install IPSEC rules are missing", nil},
	{"encryption", "encryption keys not present", nil},
	{"encryption", "Failed to add rSA", nil},
	{"encryption", "Failed to program network encryption", nil},
	{"encryption", "Failed to program mangle rule", nil},
	{"encryption", "adding encryption state for", nil},
	{"sandbox", "could not get network sandbox", nil},
	{"sandbox", "failed to get network namespace", nil},
	{"sandbox", "Error unmounting namespace file", nil},
	{"sandbox", "container ingress-sbox is already present", nil}, // C8
	{"sandbox", "no ingress network is present", nil},

	// load balancing and service discovery: B1–B8, B12
	{"ipvs-module", "Could not get ipvs family information", nil},
	{"ipvs-module", `unknown option "--set-mark"`, nil},
	{"ipvs-module", `Running modprobe`, shape(`Running modprobe (?:ip_vs|xt_ipvs|bridge)`)},
	{"balancer-missing", "Unable to find load balancing endpoint", nil},
	{"balancer-fails", "Failed to create real server", nil},
	{"balancer-fails", "Failed to create a new service for vip", nil},
	{"balancer-fails", "Failed to delete real server", nil},
	{"balancer-fails", "Failed to delete a new service", nil},
	{"balancer-fails", "Failed to delete service for vip", nil},
	{"balancer-fails", "Failed to set LB weight", nil},
	{"balancer-fails", "firewall mark rule in sbox", nil},
	{"balancer-fails", "to network", shape(`Failed add IP alias \S+ to network`)},
	{"balancer-fails", "Failed to add ingress", nil},
	{"balancer-fails", "Failed to delete ingress", nil},
	{"balancer-fails", "Failed to add redirect rules", nil},
	{"binding-transient", "possible transient state", nil},
	{"binding-transient", "rmServiceBinding", shape(`rmServiceBinding .*(?:aborted|missing|possible)`)},
	{"binding-fails", "failed adding service binding", nil},
	{"binding-fails", "failed removing service binding", nil},
	{"binding-fails", "failed disabling service binding", nil},
	{"binding-fails", "container name resolution for", nil},
	{"port-conflict", "port is already allocated", nil}, // C9
	{"port-conflict", "failed to create proxy for port", nil},
	{"port-conflict", "failed to bind host port", nil},
	{"iptables", "iptables failed", nil}, // C1, C3
	{"iptables", "is incompatible, use 'nft' tool", nil},
	{"iptables", "Could not flush", shape(`Could not flush (?:nat|filter) table ingress chain`)},
	{"iptables", "No chain/target/match by that name", nil},
	{"firewalld-reload", "irewalld", shape(`(?i)firewalld.*(?:reload|running now|passthrough)`)}, // C4

	// resolver: D6, D7, D9
	{"dns-limit", "concurrent queries", shape(`\[resolver\] more than \S+ concurrent queries`)},
	{"dns-fails", "[resolver] failed to query", nil}, // older: [resolver] query external server failed
	{"dns-fails", "[resolver] connect failed", nil},
	{"dns-fails", "[resolver] read failed", nil},
	{"dns-fails", "[resolver] send to DNS server failed", nil},
	{"dns-fails", "[resolver] external DNS", nil},
	{"dns-servers", "No non-localhost DNS nameservers are left in resolv.conf", nil},

	// gossip: F1–F5, D14
	{"gossip-udp", "via TCP but not UDP", nil},
	{"gossip-udp", "but other probes failed, network may be misconfigured", nil}, // seen with Debian's 20.10.24
	{"gossip-udp", "over TCP but UDP probes failed", nil},                        // memberlist 0.3.1 and newer
	{"gossip-flap", "has failed, no acks received", nil},
	{"gossip-flap", "Marking", shape(`Marking \S+ as failed, suspect timeout reached`)},
	{"gossip-flap", "Refuting a", shape(`Refuting a (?:suspect|dead) message`)},
	{"gossip-flap", "change state NodeActive", shape(`change state NodeActive --> (?:NodeFailed|NodeLeft)`)},
	{"gossip-state", " change state Node", shape(`change state \w+ --> \w+`)},
	{"gossip-state", "joined gossip cluster", shape(`^Node \S+, joined gossip cluster`)},
	{"gossip-state", "left gossip cluster", shape(`^Node \S+, left gossip cluster`)},
	{"gossip-state", "is the new incarnation of", nil},
	{"gossip-conflict", "Conflicting address for", nil},
	{"gossip-fails", "memberlist: Failed", nil},
	{"gossip-fails", "memberlist: failed", nil},
	{"gossip-fails", "memberlist: Push/Pull with", nil},
	{"gossip-fails", "memberlist: Failed fallback", nil},
	{"gossip-fails", "Failed to join memberlist", nil},
	{"gossip-fails", "Failed to send gossip", nil},
	{"gossip-fails", "rejoinClusterBootStrap", shape(`rejoinClusterBootStrap.*(?:fail|error)`)},
	{"gossip-fails", "joining gossip cluster", nil},
	{"gossip-degraded", "healthscore:", shape(`healthscore:[1-9]`)},
	{"gossip-backlog", "Queue qLen:", shape(`Queue qLen:[1-9]`)},
	{"gossip-stats", "NetworkDB stats", nil},
	{"bulk-sync", "Bulk sync to node", shape(`Bulk sync to node \S+ timed out`)},
	{"bulk-sync", "bulk sync", shape(`(?i)(?:error|failed).*bulk sync|bulk sync.*failed`)},
	{"networkdb", "periodic bulk sync failure", nil},
	{"networkdb", "networkDB delete for", nil},

	// swarm: F6–F8, F12, F15
	{"heartbeat", "heartbeat to manager", shape(`heartbeat to manager .*failed`)}, // swarmkit agent/session.go
	{"heartbeat", "heartbeat expiration for", nil},                                // swarmkit manager/dispatcher
	{"heartbeat", "heartbeat failure", nil},
	{"session", "agent: session failed", nil},
	{"session", "session initiation timed out", nil},
	{"session", "dispatcher is stopped", nil},
	{"session", "node not registered", nil}, // the manager has given the session up
	{"raft", "swarm does not have a leader", nil},
	{"raft", "lost leader", nil},
	{"raft", "elected leader", nil},
	{"raft", "leadership changed from", nil},
	{"raft", "is starting a new election", nil},
	{"raft", "raft: failed to", nil},
	{"raft", "sync duration of", nil}, // etcd's wal: a slow disk
	{"certificate", "certificate has expired", nil},
	{"certificate", "certificate is not yet valid", nil},
	{"certificate", "x509: ", nil},
	{"certificate", "failed to renew", nil},
	{"clock", "clock skew", nil},                                                                 // J1
	{"live-restore", "--live-restore daemon configuration is incompatible with swarm mode", nil}, // F13
	{"swarm-start", "Error creating cluster object", nil},
	{"swarm-start", "swarm component could not be started", nil}, // daemon/cluster: the node is down, the daemon runs
	{"swarm-start", "can't initialize raft node", nil},
	{"swarm-locked", "Swarm is encrypted and needs to be unlocked", nil},

	// logs and images
	{"log-driver", "Failed to log message for", shape(`[Ff]ailed to log message for`)}, // H3
	{"log-driver", "Error streaming logs", nil},
	{"log-driver", "error copying logs", nil},
	{"log-driver", "fluentd", shape(`fluent.*(?:connection refused|i/o timeout|failed)`)},
	{"image-pull", "pulling image failed", nil}, // F10
	{"image-pull", "Attempting next endpoint for pull after error", nil},
	{"image-pull", "Not continuing with pull after error", nil},
	{"config", "unable to configure the Docker daemon", nil},
	{"config", "failed to start daemon", nil},
	{"core-dump", "dumped core", nil}, // systemd-coredump: I5
	{"deadline", "context deadline exceeded", nil},
}
