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
