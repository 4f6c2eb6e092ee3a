package schema

import (
	"net/netip"
	"time"
)

// DockerEvent is one event that the daemon remembers: it keeps the last 256 (moby daemon/events: eventsLimit).
type DockerEvent struct {
	Time      time.Time `json:"time,omitzero" class:"plain" doc:"by the daemon's clock"`
	Type      string    `json:"type" class:"plain" doc:"container, network, node, service, image, volume, daemon, plugin, secret, config, builder"`
	Action    string    `json:"action" class:"plain" doc:"create, start, die, oom, kill, connect, disconnect, update, health_status, exec_create, …"`
	Detail    string    `json:"detail,omitzero" class:"text" doc:"what follows a colon in the action: the health status, or the command of an exec, masked"`
	Scope     string    `json:"scope,omitzero" class:"plain" doc:"local or swarm; only managers see those of the swarm"`
	ActorID   string    `json:"actor_id,omitzero" class:"plain" doc:"Actor.ID: id of the object"`
	Name      string    `json:"name,omitzero" class:"name" doc:"attribute name"`
	Container string    `json:"container,omitzero" class:"plain" doc:"full container id: the actor, or the attribute container of a network's or volume's event"`
	ExitCode  *int64    `json:"exit_code,omitzero" class:"plain" doc:"attribute exitCode"`
	Signal    *int64    `json:"signal,omitzero" class:"plain" doc:"attribute signal"`
	Image     string    `json:"image,omitzero" class:"name" doc:"attribute image"`
	NetworkID string    `json:"network_id,omitzero" class:"plain" doc:"id of the network of a network's event"`
	ServiceID string    `json:"service_id,omitzero" class:"plain" doc:"attribute com.docker.swarm.service.id, or the actor of a service's event"`
	Service   string    `json:"service,omitzero" class:"name" doc:"attribute com.docker.swarm.service.name"`
	TaskID    string    `json:"task_id,omitzero" class:"plain" doc:"attribute com.docker.swarm.task.id"`
	NodeID    string    `json:"node_id,omitzero" class:"plain" doc:"attribute com.docker.swarm.node.id, or the actor of a node's event"`
	OldState  string    `json:"old_state,omitzero" class:"plain" doc:"attributes state.old, availability.old or updatestate.old"`
	NewState  string    `json:"new_state,omitzero" class:"plain" doc:"attributes state.new, availability.new or updatestate.new"`
}

// Plugin is one managed plug-in of the daemon.
type Plugin struct {
	Name    string `json:"name" class:"name" doc:"name"`
	ID      string `json:"id,omitzero" class:"plain" doc:"id"`
	Enabled bool   `json:"enabled" class:"plain" doc:"it is in use"`
	Types   string `json:"types,omitzero" class:"plain" doc:"Config.Interface.Types, comma separated"`
	Socket  string `json:"socket,omitzero" class:"text" doc:"Config.Interface.Socket"`
	Ref     string `json:"reference,omitzero" class:"name" doc:"PluginReference: image"`
}

// DaemonOption is one setting of dockerd, from its file or its command line. A setting must not stand in both: then
// dockerd does not start.
type DaemonOption struct {
	Source string `json:"source" class:"plain" doc:"file or command line"`
	PID    *int64 `json:"pid,omitzero" class:"plain" doc:"process whose command line it is"`
	Name   string `json:"name" class:"plain" doc:"name as in daemon.json, parts joined with a dot: log-opts.max-size; as on the command line, without dashes"`
	Value  string `json:"value,omitzero" class:"text" doc:"value, masked; absent for a switch. Elements of a list are rows of their own"`
}

// Certificate is one X.509 certificate that Docker uses. Keys are not read.
type Certificate struct {
	Kind      string    `json:"kind" class:"plain" doc:"swarm-node, swarm-ca, api or api-ca"`
	Path      string    `json:"path" class:"text" doc:"file"`
	Position  int64     `json:"position" class:"plain" doc:"place in the file, from 0; in swarm-node, 0 is the node's own"`
	SubjectCN string    `json:"subject_cn,omitzero" class:"name" doc:"common name: of swarm-node the node's id"`
	SubjectOU string    `json:"subject_ou,omitzero" class:"plain" doc:"organisational unit: of swarm-node the role, swarm-manager or swarm-worker"`
	SubjectO  string    `json:"subject_o,omitzero" class:"plain" doc:"organisation: of swarm-node the cluster's id"`
	IssuerCN  string    `json:"issuer_cn,omitzero" class:"name" doc:"common name of the issuer"`
	Serial    string    `json:"serial,omitzero" class:"plain" doc:"serial number, hexadecimal"`
	NotBefore time.Time `json:"not_before" class:"plain" doc:"valid from"`
	NotAfter  time.Time `json:"not_after" class:"plain" doc:"valid until"`
	CA        *bool     `json:"ca,omitzero" class:"plain" doc:"it may sign others"`
	Names     string    `json:"names,omitzero" class:"name" doc:"subject alternative names, comma separated"`
	Signer    string    `json:"signer,omitzero" class:"plain" doc:"authority key id, hexadecimal: the subject_key of the certificate that signed it"`
	Key       string    `json:"subject_key,omitzero" class:"plain" doc:"subject key id, hexadecimal"`
	SHA256    string    `json:"sha256" class:"plain" doc:"fingerprint, hexadecimal"`
	ModTime   time.Time `json:"mod_time,omitzero" class:"plain" doc:"last change of the file"`
}

// NetworkDBEndpoint is one backend as this host's NetworkDB holds it: what gossip told it, whatever the kernel has.
type NetworkDBEndpoint struct {
	NetworkID  string     `json:"network_id" class:"plain" doc:"network"`
	Service    string     `json:"service,omitzero" class:"name" doc:"name of the service; absent for containers that belong to none, and load balancers"`
	VIP        netip.Addr `json:"vip,omitzero" class:"addr" doc:"virtual address; absent for dnsrr"`
	Ports      string     `json:"ports,omitzero" class:"plain" doc:"as the daemon prints them, comma separated"`
	LBIndex    *int64     `json:"lb_index,omitzero" class:"plain" doc:"LocalLBIndex: the fwmark of the service on this host"`
	Task       string     `json:"task,omitzero" class:"name" doc:"name of the task or endpoint"`
	EndpointID string     `json:"endpoint_id,omitzero" class:"plain" doc:"id"`
	IP         netip.Addr `json:"ip,omitzero" class:"addr" doc:"its address"`
	HostIP     netip.Addr `json:"host_ip,omitzero" class:"addr" doc:"VTEP of the node that has it: Info, Host IP"`
}

// DiskUsage is what one object of the daemon's takes on disk.
type DiskUsage struct {
	Kind   string    `json:"kind" class:"plain" doc:"layers, image, container, volume or build-cache"`
	ID     string    `json:"id,omitzero" class:"plain" doc:"id; name of a volume"`
	Name   string    `json:"name,omitzero" class:"name" doc:"first tag or name"`
	Size   *int64    `json:"size,omitzero" class:"plain" doc:"bytes; of a container what it has written"`
	Shared *int64    `json:"shared,omitzero" class:"plain" doc:"bytes that an image shares with others"`
	Refs   *int64    `json:"refs,omitzero" class:"plain" doc:"containers that use it; 0 is reclaimable"`
	At     time.Time `json:"created_at,omitzero" class:"plain" doc:"creation"`
}

// StoreNetwork is one network as libnetwork's store on disk has it. Those of the swarm are not in there.
type StoreNetwork struct {
	NetworkID string    `json:"network_id" class:"plain" doc:"full id"`
	Name      string    `json:"name" class:"name" doc:"name"`
	Driver    string    `json:"driver" class:"plain" doc:"networkType"`
	Scope     string    `json:"scope,omitzero" class:"plain" doc:"local or global"`
	CreatedAt time.Time `json:"created_at,omitzero" class:"plain" doc:"created"`
	Ingress   *bool     `json:"ingress,omitzero" class:"plain" doc:"ingress"`
	Internal  *bool     `json:"internal,omitzero" class:"plain" doc:"internal"`
	InDelete  *bool     `json:"in_delete,omitzero" class:"plain" doc:"its removal had begun"`
	Bridge    string    `json:"bridge,omitzero" class:"plain" doc:"com.docker.network.bridge.name"`
}

// StoreEndpoint is one endpoint as libnetwork or one of its drivers has it on disk.
type StoreEndpoint struct {
	EndpointID string     `json:"endpoint_id" class:"plain" doc:"full id"`
	Keeper     string     `json:"keeper" class:"plain" doc:"libnetwork, or the driver: bridge, overlay, macvlan, ipvlan"`
	NetworkID  string     `json:"network_id,omitzero" class:"plain" doc:"network"`
	Name       string     `json:"name,omitzero" class:"name" doc:"name"`
	SandboxID  string     `json:"sandbox_id,omitzero" class:"plain" doc:"sandbox that it was in"`
	IP         netip.Addr `json:"ip,omitzero" class:"addr" doc:"IPv4 address"`
	IP6        netip.Addr `json:"ip6,omitzero" class:"addr" doc:"IPv6 address"`
	MAC        string     `json:"mac,omitzero" class:"addr" doc:"hardware address"`
	Dev        string     `json:"dev,omitzero" class:"plain" doc:"link that the driver made: the container's end before it was renamed, or of overlay the other"`
	ServiceID  string     `json:"service_id,omitzero" class:"plain" doc:"svcID"`
	VIP        netip.Addr `json:"vip,omitzero" class:"addr" doc:"virtualIP"`
}

// StoreSandbox is one sandbox as libnetwork's store on disk has it: what a daemon that starts again would look for.
type StoreSandbox struct {
	SandboxID string `json:"sandbox_id" class:"plain" doc:"full id; its first 12 characters name the namespace file"`
	Container string `json:"container,omitzero" class:"plain" doc:"full container id, or lb-<network> or ingress-sbox"`
	Endpoints string `json:"endpoints,omitzero" class:"plain" doc:"endpoint ids, comma separated: those of networks that the store has"`
	DNS       string `json:"dns,omitzero" class:"addr" doc:"external servers, comma separated"`
}

// SwarmFile is what dockerd has on disk of its membership of a swarm, without keys.
type SwarmFile struct {
	LocalAddr     string `json:"local_addr,omitzero" class:"addr" doc:"LocalAddr"`
	RemoteAddr    string `json:"remote_addr,omitzero" class:"addr" doc:"RemoteAddr: manager that it joined"`
	ListenAddr    string `json:"listen_addr,omitzero" class:"addr" doc:"ListenAddr"`
	AdvertiseAddr string `json:"advertise_addr,omitzero" class:"addr" doc:"AdvertiseAddr"`
	DataPathAddr  string `json:"data_path_addr,omitzero" class:"addr" doc:"DataPathAddr; absent where it is the advertised one"`
	DataPathPort  *int64 `json:"data_path_port,omitzero" class:"plain" doc:"DataPathPort"`
	Pools         string `json:"pools,omitzero" class:"addr" doc:"DefaultAddressPool, comma separated"`
	SubnetSize    *int64 `json:"subnet_size,omitzero" class:"plain" doc:"SubnetSize"`
	Joining       *bool  `json:"joining,omitzero" class:"plain" doc:"JoinInProgress"`
}

// Shim is the folder in which containerd keeps a container that runs. One without a container, or without a process, is
// left over.
type Shim struct {
	Container string    `json:"container" class:"plain" doc:"full id"`
	Path      string    `json:"path" class:"text" doc:"folder"`
	PID       int64     `json:"pid,omitzero" class:"plain" doc:"init.pid: the container's first process"`
	Alive     *bool     `json:"alive,omitzero" class:"plain" doc:"that process exists"`
	ShimPID   int64     `json:"shim_pid,omitzero" class:"plain" doc:"shim.pid; absent where containerd writes none"`
	Runc      *bool     `json:"runc,omitzero" class:"plain" doc:"runc has a state of it, too"`
	ModTime   time.Time `json:"mod_time,omitzero" class:"plain" doc:"last change of the folder: its start"`
}
