package schema

import (
	"net/netip"
	"time"
)

// Engine is the Docker engine of a host, decoded from GET /info and GET /version.
type Engine struct {
	Version         string `json:"version,omitzero" class:"plain" doc:"ServerVersion"`
	EngineID        string `json:"engine_id,omitzero" class:"name" doc:"ID of the engine"`
	Name            string `json:"name,omitzero" class:"name" doc:"host name as the daemon sees it"`
	RootDir         string `json:"root_dir,omitzero" class:"text" doc:"DockerRootDir"`
	LogDriver       string `json:"log_driver,omitzero" class:"plain" doc:"default log driver"`
	CgroupVersion   string `json:"cgroup_version,omitzero" class:"plain" doc:"1 or 2"`
	LiveRestore     *bool  `json:"live_restore,omitzero" class:"plain" doc:"LiveRestoreEnabled"`
	FirewallBackend string `json:"firewall_backend,omitzero" class:"plain" doc:"FirewallBackend.Driver; engine 28 and newer"`
	SwarmState      string `json:"swarm_state,omitzero" class:"plain" doc:"LocalNodeState: inactive, pending, active, error or locked"`
	SwarmError      string `json:"swarm_error,omitzero" class:"text" doc:"Swarm.Error"`
	NodeID          string `json:"node_id,omitzero" class:"plain" doc:"this host's swarm node id"`
	NodeAddr        string `json:"node_addr,omitzero" class:"addr" doc:"advertise address of the node"`
	ClusterID       string `json:"cluster_id,omitzero" class:"plain" doc:"id of the swarm; known on managers"`
	Manager         *bool  `json:"manager,omitzero" class:"plain" doc:"ControlAvailable: the node is a manager"`
	Managers        *int64 `json:"managers,omitzero" class:"plain" doc:"number of managers; known on managers"`
	Nodes           *int64 `json:"nodes,omitzero" class:"plain" doc:"number of nodes; known on managers"`
	DataPathPort    *int64 `json:"data_path_port,omitzero" class:"plain" doc:"UDP port of the overlays' VXLAN"`

	StorageDriver      string    `json:"storage_driver,omitzero" class:"plain" doc:"overlay2, btrfs, …"`
	BackingFS          string    `json:"backing_fs,omitzero" class:"plain" doc:"DriverStatus, Backing Filesystem"`
	DType              *bool     `json:"d_type,omitzero" class:"plain" doc:"DriverStatus, Supports d_type: without it overlay2 corrupts"`
	CgroupDriver       string    `json:"cgroup_driver,omitzero" class:"plain" doc:"cgroupfs or systemd"`
	IPForward          *bool     `json:"ip_forward,omitzero" class:"plain" doc:"IPv4Forwarding: as the daemon found it when it started"`
	BridgeNFIPTables   *bool     `json:"bridge_nf_iptables,omitzero" class:"plain" doc:"BridgeNfIptables; engines before 28"`
	BridgeNFIP6Tables  *bool     `json:"bridge_nf_ip6tables,omitzero" class:"plain" doc:"BridgeNfIp6tables; engines before 28"`
	FirewallReloadedAt string    `json:"firewall_reloaded_at,omitzero" class:"plain" doc:"FirewallBackend.Info, ReloadedAt: when firewalld was last reloaded; engine 28 and newer"`
	Debug              *bool     `json:"debug,omitzero" class:"plain" doc:"debug mode, in which the goroutines can be asked for"`
	Experimental       *bool     `json:"experimental,omitzero" class:"plain" doc:"ExperimentalBuild"`
	Goroutines         *int64    `json:"goroutines,omitzero" class:"plain" doc:"NGoroutines; 0 outside of debug mode with newer engines"`
	FDs                *int64    `json:"fds,omitzero" class:"plain" doc:"NFd: files that the daemon has open"`
	EventListeners     *int64    `json:"event_listeners,omitzero" class:"plain" doc:"NEventsListener"`
	Containers         *int64    `json:"containers,omitzero" class:"plain" doc:"number of containers"`
	Running            *int64    `json:"running,omitzero" class:"plain" doc:"of them running"`
	Paused             *int64    `json:"paused,omitzero" class:"plain" doc:"of them paused"`
	Stopped            *int64    `json:"stopped,omitzero" class:"plain" doc:"of them stopped"`
	Images             *int64    `json:"images,omitzero" class:"plain" doc:"number of images"`
	CPUs               *int64    `json:"cpus,omitzero" class:"plain" doc:"NCPU"`
	Memory             *int64    `json:"memory,omitzero" class:"plain" doc:"MemTotal, bytes"`
	SystemTime         time.Time `json:"system_time,omitzero" class:"plain" doc:"the daemon's clock when it replied"`
	Runtime            string    `json:"runtime,omitzero" class:"plain" doc:"DefaultRuntime"`
	ContainerdVersion  string    `json:"containerd_version,omitzero" class:"plain" doc:"ContainerdCommit.ID"`
	RuncVersion        string    `json:"runc_version,omitzero" class:"plain" doc:"RuncCommit.ID"`
	InitVersion        string    `json:"init_version,omitzero" class:"plain" doc:"InitCommit.ID"`
	SecurityOptions    string    `json:"security_options,omitzero" class:"text" doc:"SecurityOptions, blank separated"`
	NetworkPlugins     string    `json:"network_plugins,omitzero" class:"plain" doc:"Plugins.Network, comma separated"`
	VolumePlugins      string    `json:"volume_plugins,omitzero" class:"plain" doc:"Plugins.Volume, comma separated"`
	AuthPlugins        string    `json:"auth_plugins,omitzero" class:"plain" doc:"Plugins.Authorization, comma separated: each of them sees every request, and can hang it"`
	LocalPools         string    `json:"local_pools,omitzero" class:"addr" doc:"DefaultAddressPools of local networks, comma separated, as 172.17.0.0/12:24"`
	SwarmPools         string    `json:"swarm_pools,omitzero" class:"addr" doc:"DefaultAddrPool of overlay networks, comma separated; known on managers"`
	SwarmSubnetSize    *int64    `json:"swarm_subnet_size,omitzero" class:"plain" doc:"prefix length of overlay networks; known on managers"`
}

// EngineWarning is one warning of the daemon about the host or its configuration.
type EngineWarning struct {
	Warning string `json:"warning" class:"text" doc:"its first line"`
}

// EngineComponent is a program that the engine consists of, with its version.
type EngineComponent struct {
	Name      string `json:"name" class:"plain" doc:"name: Engine, containerd, runc, docker-init"`
	Version   string `json:"version" class:"plain" doc:"version"`
	Commit    string `json:"git_commit,omitzero" class:"plain" doc:"Details.GitCommit"`
	Go        string `json:"go,omitzero" class:"plain" doc:"Details.GoVersion"`
	API       string `json:"api,omitzero" class:"plain" doc:"Details.ApiVersion"`
	BuildTime string `json:"build_time,omitzero" class:"plain" doc:"Details.BuildTime"`
}

// RemoteManager is a manager of the swarm as this node knows it: whom a worker would ask.
type RemoteManager struct {
	NodeID string `json:"node_id" class:"plain" doc:"id of the manager"`
	Addr   string `json:"addr" class:"addr" doc:"address and port"`
}

// SwarmSpec is the swarm's own configuration.
type SwarmSpec struct {
	ClusterID         string    `json:"cluster_id" class:"plain" doc:"id"`
	CreatedAt         time.Time `json:"created_at,omitzero" class:"plain" doc:"creation"`
	UpdatedAt         time.Time `json:"updated_at,omitzero" class:"plain" doc:"last change"`
	HeartbeatS        *float64  `json:"heartbeat_s,omitzero" class:"plain" doc:"Dispatcher.HeartbeatPeriod, seconds: a node that is silent for three of them is down"`
	CertExpiryS       *float64  `json:"cert_expiry_s,omitzero" class:"plain" doc:"CAConfig.NodeCertExpiry, seconds"`
	RootRotation      *bool     `json:"root_rotation,omitzero" class:"plain" doc:"RootRotationInProgress"`
	Autolock          *bool     `json:"autolock,omitzero" class:"plain" doc:"EncryptionConfig.AutoLockManagers"`
	Pools             string    `json:"pools,omitzero" class:"addr" doc:"DefaultAddrPool, comma separated"`
	SubnetSize        *int64    `json:"subnet_size,omitzero" class:"plain" doc:"prefix length of networks from the pools"`
	DataPathPort      *int64    `json:"data_path_port,omitzero" class:"plain" doc:"UDP port of VXLAN"`
	TaskHistory       *int64    `json:"task_history,omitzero" class:"plain" doc:"Orchestration.TaskHistoryRetentionLimit: ended tasks of a slot that are kept"`
	RaftSnapshot      *int64    `json:"raft_snapshot,omitzero" class:"plain" doc:"Raft.SnapshotInterval, log entries"`
	RaftKeepSnapshots *int64    `json:"raft_keep_snapshots,omitzero" class:"plain" doc:"Raft.KeepOldSnapshots"`
	RaftSlowFollowers *int64    `json:"raft_slow_followers,omitzero" class:"plain" doc:"Raft.LogEntriesForSlowFollowers"`
	RaftElectionTick  *int64    `json:"raft_election_tick,omitzero" class:"plain" doc:"Raft.ElectionTick"`
	RaftHeartbeatTick *int64    `json:"raft_heartbeat_tick,omitzero" class:"plain" doc:"Raft.HeartbeatTick"`
	ExternalCAs       *int64    `json:"external_cas,omitzero" class:"plain" doc:"number of CAConfig.ExternalCAs"`
	DefaultLogDriver  string    `json:"default_log_driver,omitzero" class:"plain" doc:"TaskDefaults.LogDriver.Name"`
}

// Container is one container, decoded from GET /containers/ID/json.
type Container struct {
	Container    string    `json:"container" class:"plain" doc:"full id"`
	Name         string    `json:"name" class:"name" doc:"name without the leading slash"`
	Image        string    `json:"image,omitzero" class:"name" doc:"Config.Image"`
	State        string    `json:"state" class:"plain" doc:"created, running, paused, restarting, removing, exited or dead"`
	PID          int64     `json:"pid,omitzero" class:"plain" doc:"first process, in the host's numbering; absent unless running"`
	ExitCode     *int64    `json:"exit_code,omitzero" class:"plain" doc:"exit code of the last run"`
	OOMKilled    *bool     `json:"oom_killed,omitzero" class:"plain" doc:"State.OOMKilled"`
	RestartCount *int64    `json:"restart_count,omitzero" class:"plain" doc:"restarts by the restart policy"`
	StartedAt    time.Time `json:"started_at,omitzero" class:"plain" doc:"last start"`
	FinishedAt   time.Time `json:"finished_at,omitzero" class:"plain" doc:"last end"`
	Health       string    `json:"health,omitzero" class:"plain" doc:"starting, healthy or unhealthy; absent without a health check"`
	SandboxID    string    `json:"sandbox_id,omitzero" class:"plain" doc:"libnetwork sandbox; its first 12 characters name the namespace file"`
	SandboxKey   string    `json:"sandbox_key,omitzero" class:"plain" doc:"path of the namespace file"`
	NetworkMode  string    `json:"network_mode,omitzero" class:"name" doc:"HostConfig.NetworkMode"`
	Hostname     string    `json:"hostname,omitzero" class:"name" doc:"Config.Hostname"`
	ServiceID    string    `json:"service_id,omitzero" class:"plain" doc:"label com.docker.swarm.service.id"`
	Service      string    `json:"service,omitzero" class:"name" doc:"label com.docker.swarm.service.name"`
	TaskID       string    `json:"task_id,omitzero" class:"plain" doc:"label com.docker.swarm.task.id"`
	NodeID       string    `json:"node_id,omitzero" class:"plain" doc:"label com.docker.swarm.node.id"`
	LogDriver    string    `json:"log_driver,omitzero" class:"plain" doc:"HostConfig.LogConfig.Type"`
	LogPath      string    `json:"log_path,omitzero" class:"text" doc:"LogPath"`

	CreatedAt         time.Time `json:"created_at,omitzero" class:"plain" doc:"creation"`
	ImageID           string    `json:"image_id,omitzero" class:"plain" doc:"digest of the image"`
	Error             string    `json:"error,omitzero" class:"text" doc:"State.Error: why it could not be started"`
	Dead              *bool     `json:"dead,omitzero" class:"plain" doc:"State.Dead: its removal failed"`
	FailingStreak     *int64    `json:"failing_streak,omitzero" class:"plain" doc:"State.Health.FailingStreak"`
	HealthTest        string    `json:"health_test,omitzero" class:"text" doc:"Config.Healthcheck.Test, blank separated, masked"`
	HealthIntervalS   *float64  `json:"health_interval_s,omitzero" class:"plain" doc:"seconds between health checks; absent for the default, 30"`
	HealthTimeoutS    *float64  `json:"health_timeout_s,omitzero" class:"plain" doc:"seconds that a check may take; absent for the default, 30"`
	HealthRetries     *int64    `json:"health_retries,omitzero" class:"plain" doc:"failures in a row that make it unhealthy; absent for the default, 3"`
	HealthStartS      *float64  `json:"health_start_s,omitzero" class:"plain" doc:"StartPeriod, seconds"`
	RestartPolicy     string    `json:"restart_policy,omitzero" class:"plain" doc:"HostConfig.RestartPolicy.Name; absent for tasks, which swarm restarts"`
	RestartMax        *int64    `json:"restart_max,omitzero" class:"plain" doc:"RestartPolicy.MaximumRetryCount"`
	StopSignal        string    `json:"stop_signal,omitzero" class:"plain" doc:"Config.StopSignal; absent for SIGTERM"`
	StopTimeoutS      *int64    `json:"stop_timeout_s,omitzero" class:"plain" doc:"Config.StopTimeout; absent for the default, 10"`
	Command           string    `json:"command,omitzero" class:"text" doc:"program and arguments, blank separated, masked"`
	User              string    `json:"user,omitzero" class:"name" doc:"Config.User; absent for root or the image's"`
	TTY               *bool     `json:"tty,omitzero" class:"plain" doc:"Config.Tty"`
	Init              *bool     `json:"init,omitzero" class:"plain" doc:"HostConfig.Init: an init reaps the orphans"`
	Privileged        *bool     `json:"privileged,omitzero" class:"plain" doc:"HostConfig.Privileged"`
	ReadOnly          *bool     `json:"read_only,omitzero" class:"plain" doc:"HostConfig.ReadonlyRootfs"`
	AutoRemove        *bool     `json:"auto_remove,omitzero" class:"plain" doc:"HostConfig.AutoRemove"`
	CapAdd            string    `json:"cap_add,omitzero" class:"plain" doc:"comma separated"`
	CapDrop           string    `json:"cap_drop,omitzero" class:"plain" doc:"comma separated"`
	SecurityOpt       string    `json:"security_opt,omitzero" class:"text" doc:"comma separated"`
	Memory            *int64    `json:"memory,omitzero" class:"plain" doc:"limit in bytes; absent for none"`
	MemoryReservation *int64    `json:"memory_reservation,omitzero" class:"plain" doc:"bytes; absent for none"`
	MemorySwap        *int64    `json:"memory_swap,omitzero" class:"plain" doc:"limit of memory and swap in bytes, -1 for none; absent for the default"`
	NanoCPUs          *int64    `json:"nano_cpus,omitzero" class:"plain" doc:"limit in billionths of a processor; absent for none"`
	CPUQuota          *int64    `json:"cpu_quota,omitzero" class:"plain" doc:"microseconds in each period; absent for none"`
	CPUPeriod         *int64    `json:"cpu_period,omitzero" class:"plain" doc:"microseconds; absent for the default"`
	CPUShares         *int64    `json:"cpu_shares,omitzero" class:"plain" doc:"weight; absent for the default"`
	Cpuset            string    `json:"cpuset,omitzero" class:"plain" doc:"CpusetCpus"`
	PidsLimit         *int64    `json:"pids_limit,omitzero" class:"plain" doc:"processes; absent for no limit"`
	Ulimits           string    `json:"ulimits,omitzero" class:"plain" doc:"as core=0:-1, comma separated"`
	OOMScoreAdj       *int64    `json:"oom_score_adj,omitzero" class:"plain" doc:"HostConfig.OomScoreAdj"`
	OOMKillDisable    *bool     `json:"oom_kill_disable,omitzero" class:"plain" doc:"HostConfig.OomKillDisable"`
	CgroupParent      string    `json:"cgroup_parent,omitzero" class:"name" doc:"HostConfig.CgroupParent"`
	PidMode           string    `json:"pid_mode,omitzero" class:"name" doc:"HostConfig.PidMode"`
	Runtime           string    `json:"runtime,omitzero" class:"plain" doc:"HostConfig.Runtime"`
	DNS               string    `json:"dns,omitzero" class:"addr" doc:"HostConfig.Dns, comma separated"`
	DNSSearch         string    `json:"dns_search,omitzero" class:"name" doc:"HostConfig.DnsSearch, comma separated"`
	DNSOptions        string    `json:"dns_options,omitzero" class:"plain" doc:"HostConfig.DnsOptions, comma separated"`
	ExtraHosts        string    `json:"extra_hosts,omitzero" class:"text" doc:"HostConfig.ExtraHosts as name:address, comma separated"`
	Sysctls           string    `json:"sysctls,omitzero" class:"plain" doc:"HostConfig.Sysctls as key=value, comma separated, by key"`
	LogOptions        string    `json:"log_options,omitzero" class:"text" doc:"HostConfig.LogConfig.Config as key=value, comma separated, by key, masked"`
	StorageDriver     string    `json:"storage_driver,omitzero" class:"plain" doc:"overlay2, btrfs, …"`
	UpperDir          string    `json:"upper_dir,omitzero" class:"text" doc:"GraphDriver.Data.UpperDir: where what the container writes lies on the host"`
	Stack             string    `json:"stack,omitzero" class:"name" doc:"label com.docker.stack.namespace"`
	ComposeProject    string    `json:"compose_project,omitzero" class:"name" doc:"label com.docker.compose.project"`
	ComposeService    string    `json:"compose_service,omitzero" class:"name" doc:"label com.docker.compose.service"`
}

// ContainerHealth is one of the last five health checks of a container.
type ContainerHealth struct {
	Container string    `json:"container" class:"plain" doc:"full id"`
	Start     time.Time `json:"start,omitzero" class:"plain" doc:"when it began"`
	End       time.Time `json:"end,omitzero" class:"plain" doc:"when it ended"`
	ExitCode  *int64    `json:"exit_code,omitzero" class:"plain" doc:"0 healthy, 1 unhealthy, -1 when it did not end in time"`
	Output    string    `json:"output,omitzero" class:"text" doc:"the first 4096 bytes of what it printed, masked"`
}

// ContainerPort is one port of a container that the host publishes without swarm, or that the image exposes.
type ContainerPort struct {
	Container string     `json:"container" class:"plain" doc:"full id"`
	Proto     string     `json:"proto" class:"plain" doc:"tcp, udp or sctp"`
	Target    int64      `json:"container_port" class:"plain" doc:"port in the container"`
	HostIP    netip.Addr `json:"host_ip,omitzero" class:"addr" doc:"address on the host; absent when it is only exposed"`
	HostPort  *int64     `json:"host_port,omitzero" class:"plain" doc:"port on the host; absent when it is only exposed"`
}

// ContainerMount is one mount of a container.
type ContainerMount struct {
	Container   string `json:"container" class:"plain" doc:"full id"`
	Kind        string `json:"kind" class:"plain" doc:"bind, volume, tmpfs, npipe or cluster"`
	Name        string `json:"name,omitzero" class:"name" doc:"name of the volume"`
	Source      string `json:"source,omitzero" class:"text" doc:"path on the host"`
	Destination string `json:"destination" class:"text" doc:"path in the container"`
	Driver      string `json:"driver,omitzero" class:"plain" doc:"of the volume"`
	ReadWrite   *bool  `json:"rw,omitzero" class:"plain" doc:"RW"`
	Propagation string `json:"propagation,omitzero" class:"plain" doc:"of a bind mount"`
}

// ContainerNetwork is one network of one container, as the daemon says.
type ContainerNetwork struct {
	Container  string     `json:"container" class:"plain" doc:"full id of the container"`
	Network    string     `json:"network" class:"name" doc:"name of the network"`
	NetworkID  string     `json:"network_id,omitzero" class:"plain" doc:"full id of the network"`
	EndpointID string     `json:"endpoint_id,omitzero" class:"plain" doc:"id of the endpoint"`
	IP         netip.Addr `json:"ip,omitzero" class:"addr" doc:"IPv4 address"`
	PrefixLen  int64      `json:"prefix_len,omitzero" class:"plain" doc:"its prefix length"`
	IP6        netip.Addr `json:"ip6,omitzero" class:"addr" doc:"global IPv6 address"`
	Gateway    netip.Addr `json:"gateway,omitzero" class:"addr" doc:"IPv4 gateway"`
	MAC        string     `json:"mac,omitzero" class:"addr" doc:"hardware address"`
	Aliases    string     `json:"aliases,omitzero" class:"name" doc:"aliases, comma separated"`
}

// Network is one network as one host's daemon knows it, decoded from GET /networks/ID.
type Network struct {
	NetworkID  string `json:"network_id" class:"plain" doc:"full id"`
	Name       string `json:"name" class:"name" doc:"name"`
	Driver     string `json:"driver" class:"plain" doc:"overlay, bridge, host, null, macvlan, ipvlan or a plug-in"`
	Scope      string `json:"scope,omitzero" class:"plain" doc:"swarm or local"`
	Ingress    bool   `json:"ingress" class:"plain" doc:"the network of the routing mesh"`
	Internal   bool   `json:"internal" class:"plain" doc:"without a way out"`
	Attachable bool   `json:"attachable" class:"plain" doc:"stand-alone containers may join"`
	IPv6       bool   `json:"ipv6" class:"plain" doc:"EnableIPv6"`
	VNI        *int64 `json:"vni,omitzero" class:"plain" doc:"first of com.docker.network.driver.overlay.vxlanid_list"`
	MTU        *int64 `json:"mtu,omitzero" class:"plain" doc:"com.docker.network.driver.mtu"`
	Encrypted  bool   `json:"encrypted" class:"plain" doc:"option encrypted is set"`
	DSR        bool   `json:"dsr" class:"plain" doc:"option dsr is set: IPVS by direct routing"`
	Bridge     string `json:"bridge,omitzero" class:"plain" doc:"com.docker.network.bridge.name"`
}

// NetworkSubnet is one subnet of a network.
type NetworkSubnet struct {
	NetworkID string       `json:"network_id" class:"plain" doc:"full id of the network"`
	Subnet    netip.Prefix `json:"subnet" class:"addr" doc:"subnet"`
	Gateway   netip.Addr   `json:"gateway,omitzero" class:"addr" doc:"gateway: on an overlay, the address of br0 on every node"`
}

// NetworkEndpoint is one local endpoint of a network: a container's, or the load balancer's.
type NetworkEndpoint struct {
	NetworkID  string     `json:"network_id" class:"plain" doc:"full id of the network"`
	Owner      string     `json:"owner" class:"plain" doc:"full container id, or lb-<network> or ingress-sbox for a load balancer"`
	Name       string     `json:"name" class:"name" doc:"name of the container, or <network>-endpoint"`
	EndpointID string     `json:"endpoint_id,omitzero" class:"plain" doc:"id of the endpoint"`
	MAC        string     `json:"mac,omitzero" class:"addr" doc:"hardware address"`
	IP         netip.Addr `json:"ip,omitzero" class:"addr" doc:"IPv4 address"`
	IP6        netip.Addr `json:"ip6,omitzero" class:"addr" doc:"IPv6 address"`
}

// NetworkPeer is one node that this host's daemon counts as a member of a network.
type NetworkPeer struct {
	NetworkID string     `json:"network_id" class:"plain" doc:"full id of the network"`
	Name      string     `json:"name" class:"plain" doc:"first 12 characters of the peer's NetworkDB id"`
	IP        netip.Addr `json:"ip" class:"addr" doc:"its VTEP"`
}

// SwarmNode is one node of the swarm.
type SwarmNode struct {
	NodeID        string `json:"node_id" class:"plain" doc:"id"`
	Hostname      string `json:"hostname,omitzero" class:"name" doc:"Description.Hostname"`
	Role          string `json:"role,omitzero" class:"plain" doc:"manager or worker"`
	Availability  string `json:"availability,omitzero" class:"plain" doc:"active, pause or drain"`
	State         string `json:"state,omitzero" class:"plain" doc:"ready, down, unknown or disconnected"`
	Addr          string `json:"addr,omitzero" class:"addr" doc:"Status.Addr: address as the managers see it"`
	EngineVersion string `json:"engine_version,omitzero" class:"plain" doc:"Description.Engine.EngineVersion"`
	Leader        bool   `json:"leader,omitzero" class:"plain" doc:"ManagerStatus.Leader"`
	Reachability  string `json:"reachability,omitzero" class:"plain" doc:"ManagerStatus.Reachability: reachable, unreachable or unknown; absent for workers"`
	ManagerAddr   string `json:"manager_addr,omitzero" class:"addr" doc:"ManagerStatus.Addr"`
	Message       string `json:"message,omitzero" class:"text" doc:"Status.Message, as heartbeat failure"`
	NanoCPUs      *int64 `json:"nano_cpus,omitzero" class:"plain" doc:"Description.Resources.NanoCPUs"`
	Memory        *int64 `json:"memory,omitzero" class:"plain" doc:"Description.Resources.MemoryBytes"`

	UpdatedAt time.Time `json:"updated_at,omitzero" class:"plain" doc:"last change of the node object, a change of its state among them"`
}

// SwarmService is one service.
type SwarmService struct {
	ServiceID    string    `json:"service_id" class:"plain" doc:"id"`
	Name         string    `json:"name" class:"name" doc:"name"`
	Mode         string    `json:"mode" class:"plain" doc:"replicated, global, replicated-job or global-job"`
	Replicas     *int64    `json:"replicas,omitzero" class:"plain" doc:"replicas asked for; absent for global services"`
	EndpointMode string    `json:"endpoint_mode" class:"plain" doc:"vip or dnsrr; vip where the spec leaves it open"`
	Image        string    `json:"image,omitzero" class:"name" doc:"image"`
	CreatedAt    time.Time `json:"created_at,omitzero" class:"plain" doc:"creation"`
	UpdatedAt    time.Time `json:"updated_at,omitzero" class:"plain" doc:"last change of the service object"`
	UpdateState  string    `json:"update_state,omitzero" class:"plain" doc:"UpdateStatus.State: updating, paused, completed, …"`

	UpdateStarted     time.Time `json:"update_started,omitzero" class:"plain" doc:"UpdateStatus.StartedAt"`
	UpdateCompleted   time.Time `json:"update_completed,omitzero" class:"plain" doc:"UpdateStatus.CompletedAt"`
	UpdateMessage     string    `json:"update_message,omitzero" class:"text" doc:"UpdateStatus.Message"`
	UpdateParallelism *int64    `json:"update_parallelism,omitzero" class:"plain" doc:"UpdateConfig.Parallelism; 0 is all at once"`
	UpdateDelayS      *float64  `json:"update_delay_s,omitzero" class:"plain" doc:"UpdateConfig.Delay, seconds"`
	UpdateFailure     string    `json:"update_failure,omitzero" class:"plain" doc:"UpdateConfig.FailureAction: pause, continue or rollback"`
	UpdateOrder       string    `json:"update_order,omitzero" class:"plain" doc:"UpdateConfig.Order: stop-first or start-first"`
	Version           *int64    `json:"version_index,omitzero" class:"plain" doc:"Version.Index of the raft store"`
	ForceUpdate       *int64    `json:"force_update,omitzero" class:"plain" doc:"TaskTemplate.ForceUpdate: how often it was updated by force"`
	RestartCondition  string    `json:"restart_condition,omitzero" class:"plain" doc:"RestartPolicy.Condition: none, on-failure or any; absent for any"`
	RestartDelayS     *float64  `json:"restart_delay_s,omitzero" class:"plain" doc:"RestartPolicy.Delay, seconds; absent for the default, 5"`
	RestartMax        *int64    `json:"restart_max,omitzero" class:"plain" doc:"RestartPolicy.MaxAttempts; 0 is unlimited"`
	RestartWindowS    *float64  `json:"restart_window_s,omitzero" class:"plain" doc:"RestartPolicy.Window, seconds"`
	Constraints       string    `json:"constraints,omitzero" class:"text" doc:"Placement.Constraints, comma separated"`
	MaxPerNode        *int64    `json:"max_per_node,omitzero" class:"plain" doc:"Placement.MaxReplicas; absent for no limit"`
	MemoryLimit       *int64    `json:"memory_limit,omitzero" class:"plain" doc:"Resources.Limits.MemoryBytes; absent for none"`
	MemoryReservation *int64    `json:"memory_reservation,omitzero" class:"plain" doc:"Resources.Reservations.MemoryBytes; absent for none"`
	NanoCPUs          *int64    `json:"nano_cpus,omitzero" class:"plain" doc:"Resources.Limits.NanoCPUs; absent for none"`
	PidsLimit         *int64    `json:"pids_limit,omitzero" class:"plain" doc:"Resources.Limits.Pids; absent for none"`
	HealthTest        string    `json:"health_test,omitzero" class:"text" doc:"Healthcheck.Test, blank separated, masked; absent for the image's"`
	HealthIntervalS   *float64  `json:"health_interval_s,omitzero" class:"plain" doc:"seconds; absent for the default"`
	HealthTimeoutS    *float64  `json:"health_timeout_s,omitzero" class:"plain" doc:"seconds; absent for the default"`
	HealthRetries     *int64    `json:"health_retries,omitzero" class:"plain" doc:"absent for the default"`
	HealthStartS      *float64  `json:"health_start_s,omitzero" class:"plain" doc:"StartPeriod, seconds"`
	StopGraceS        *float64  `json:"stop_grace_s,omitzero" class:"plain" doc:"StopGracePeriod, seconds; absent for the default, 10"`
	Init              *bool     `json:"init,omitzero" class:"plain" doc:"ContainerSpec.Init"`
	LogDriver         string    `json:"log_driver,omitzero" class:"plain" doc:"TaskTemplate.LogDriver.Name; absent for the daemon's"`
	Hosts             string    `json:"hosts,omitzero" class:"text" doc:"ContainerSpec.Hosts, comma separated"`
	DNS               string    `json:"dns,omitzero" class:"addr" doc:"DNSConfig.Nameservers, comma separated"`
	DNSOptions        string    `json:"dns_options,omitzero" class:"plain" doc:"DNSConfig.Options, comma separated"`
	Secrets           *int64    `json:"secrets,omitzero" class:"plain" doc:"number of secrets that its tasks mount"`
	Configs           *int64    `json:"configs,omitzero" class:"plain" doc:"number of configs that its tasks mount"`
	Stack             string    `json:"stack,omitzero" class:"name" doc:"label com.docker.stack.namespace"`
}

// SwarmServiceVIP is the virtual address of a service on one network.
type SwarmServiceVIP struct {
	ServiceID string     `json:"service_id" class:"plain" doc:"service"`
	NetworkID string     `json:"network_id" class:"plain" doc:"network"`
	IP        netip.Addr `json:"ip" class:"addr" doc:"virtual address"`
	PrefixLen int64      `json:"prefix_len" class:"plain" doc:"prefix length of the network"`
}

// SwarmServicePort is one published port.
type SwarmServicePort struct {
	ServiceID string `json:"service_id" class:"plain" doc:"service"`
	Proto     string `json:"proto" class:"plain" doc:"tcp, udp or sctp"`
	Target    int64  `json:"target" class:"plain" doc:"port in the container"`
	Published int64  `json:"published,omitzero" class:"plain" doc:"port on the hosts"`
	Mode      string `json:"mode" class:"plain" doc:"ingress or host"`
}

// SwarmServiceNetwork is one network that a service asks for.
type SwarmServiceNetwork struct {
	ServiceID string `json:"service_id" class:"plain" doc:"service"`
	NetworkID string `json:"network_id" class:"plain" doc:"network"`
	Aliases   string `json:"aliases,omitzero" class:"name" doc:"aliases, comma separated"`
}

// SwarmTask is one task as a manager's raft store holds it. Seen is both when state, desired state and addresses
// were alike in the two reads.
type SwarmTask struct {
	TaskID    string    `json:"task_id" class:"plain" doc:"id"`
	ServiceID string    `json:"service_id,omitzero" class:"plain" doc:"service"`
	Slot      int64     `json:"slot,omitzero" class:"plain" doc:"slot of a replicated service"`
	NodeID    string    `json:"node_id,omitzero" class:"plain" doc:"node; absent until scheduled"`
	Desired   string    `json:"desired" class:"plain" doc:"DesiredState"`
	State     string    `json:"state" class:"plain" doc:"Status.State"`
	StateAt   time.Time `json:"state_at,omitzero" class:"plain" doc:"Status.Timestamp: when the state was entered, by the node's clock"`
	Message   string    `json:"message,omitzero" class:"text" doc:"Status.Message"`
	Err       string    `json:"err,omitzero" class:"text" doc:"Status.Err"`
	ExitCode  *int64    `json:"exit_code,omitzero" class:"plain" doc:"exit code of its container"`
	Container string    `json:"container,omitzero" class:"plain" doc:"full container id"`
	CreatedAt time.Time `json:"created_at,omitzero" class:"plain" doc:"creation"`
	Seen      string    `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
	UpdatedAt time.Time `json:"updated_at,omitzero" class:"plain" doc:"last change of the task object"`
	PID       int64     `json:"pid,omitzero" class:"plain" doc:"ContainerStatus.PID on its node"`
}

// SwarmTaskAddress is one address of a task.
type SwarmTaskAddress struct {
	TaskID    string     `json:"task_id" class:"plain" doc:"task"`
	NetworkID string     `json:"network_id" class:"plain" doc:"network"`
	Network   string     `json:"network" class:"name" doc:"name of the network"`
	IP        netip.Addr `json:"ip" class:"addr" doc:"address"`
	PrefixLen int64      `json:"prefix_len" class:"plain" doc:"prefix length of the network"`
	Seen      string     `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
}

// ContainerLog points at a container's log; its text stays on the host.
type ContainerLog struct {
	Container string    `json:"container" class:"plain" doc:"full id"`
	Driver    string    `json:"driver,omitzero" class:"plain" doc:"log driver"`
	Path      string    `json:"path,omitzero" class:"text" doc:"log file; absent for drivers that keep none on the host"`
	Bytes     *int64    `json:"bytes,omitzero" class:"plain" doc:"size of the current file"`
	Files     *int64    `json:"files,omitzero" class:"plain" doc:"files with that name, rotated ones among them"`
	LastWrite time.Time `json:"last_write,omitzero" class:"plain" doc:"modification time of the current file"`
}

// NetdevCounter is one line of /proc/net/dev in one of the two reads.
type NetdevCounter struct {
	Netns     string `json:"netns" class:"plain" doc:"namespace"`
	Read      string `json:"read" class:"plain" doc:"first or last"`
	Dev       string `json:"dev" class:"plain" doc:"device"`
	RxBytes   int64  `json:"rx_bytes" class:"plain" counter:"y" doc:"bytes received"`
	RxPackets int64  `json:"rx_packets" class:"plain" counter:"y" doc:"packets received"`
	RxErrs    int64  `json:"rx_errs" class:"plain" counter:"y" doc:"receive errors"`
	RxDrop    int64  `json:"rx_drop" class:"plain" counter:"y" doc:"dropped on receive"`
	TxBytes   int64  `json:"tx_bytes" class:"plain" counter:"y" doc:"bytes sent"`
	TxPackets int64  `json:"tx_packets" class:"plain" counter:"y" doc:"packets sent"`
	TxErrs    int64  `json:"tx_errs" class:"plain" counter:"y" doc:"transmit errors"`
	TxDrop    int64  `json:"tx_drop" class:"plain" counter:"y" doc:"dropped on transmit"`
}
