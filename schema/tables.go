package schema

// Tables lists every table, in the order in which TABLES.md prints them.
var Tables = []Table{
	tableOf[Coverage]("coverage", PerHost, "What was planned to be captured and what became of it: one row an item."),
	tableOf[Host]("host", PerHost, "The host itself: identity, kernel, clocks (uname, /etc/machine-id, adjtimex)."),
	tableOf[Netns]("netns", PerHost, "Network namespaces, found without dockerd (ls -i /run/docker/netns, lsns -t net)."),
	tableOf[Link]("link", PerNetns, "Network devices with what their kind says of itself (ip -d link)."),
	tableOf[Address]("address", PerNetns, "Addresses of links (ip address)."),
	tableOf[Route]("route", PerNetns, "Routes of all tables (ip route show table all)."),
	tableOf[PolicyRule]("policy_rule", PerNetns, "Routing policy rules (ip rule)."),
	tableOf[Neighbour]("neighbour", PerNetns, "ARP and NDP entries, proxy entries among them (ip neigh).", volatile),
	tableOf[FDB]("fdb", PerNetns, "Forwarding entries of bridges and VXLAN devices (bridge fdb).", volatile),
	tableOf[KernelEvent]("kernel_event", PerNetns, "Changes of neighbours, FDB entries, links, addresses and routes between the two reads (ip monitor, bridge monitor)."),
	tableOf[KernelEventCount]("kernel_event_count", PerNetns, "How many such changes there were, by kind, device and MAC (bridge monitor fdb | sort | uniq -c)."),
	tableOf[IPTablesChain]("iptables_chain", PerNetns, "Chains of both iptables flavours (iptables-save -c, lines with a colon).", volatile),
	tableOf[IPTablesRule]("iptables_rule", PerNetns, "Rules of both iptables flavours, as iptables-save prints them (iptables-save -c).", volatile),
	tableOf[NftChain]("nft_chain", PerNetns, "Chains of nftables, those that iptables-nft keeps among them (nft list chains)."),
	tableOf[NftRule]("nft_rule", PerNetns, "Rules of nftables as the kernel keeps them (nft -a list ruleset).", volatile),
	tableOf[NftSet]("nft_set", PerNetns, "Sets and maps of nftables (nft list sets)."),
	tableOf[NftElement]("nft_element", PerNetns, "Elements of nftables sets and maps (nft list set)."),
	tableOf[IPVSService]("ipvs_service", PerNetns, "IPVS virtual services (ipvsadm -ln --stats).", volatile),
	tableOf[IPVSDestination]("ipvs_destination", PerNetns, "IPVS destinations, that is real servers (ipvsadm -ln --stats).", volatile),
	tableOf[IPVSTimeout]("ipvs_timeout", PerNetns, "IPVS connection timeouts (ipvsadm -l --timeout)."),
	tableOf[ConntrackUsage]("conntrack_usage", PerNetns, "How full connection tracking is (conntrack -C).", volatile),
	tableOf[ConntrackCount]("conntrack_count", PerNetns, "Tracked connections that are alike, counted: by protocol, state, translation and destination (conntrack -L).", volatile),
	tableOf[ConntrackEntry]("conntrack_entry", PerNetns, "Tracked connections that tell something: UDP, without reply, translated; and some others (conntrack -L -o extended,id).", volatile),
	tableOf[XfrmState]("xfrm_state", PerNetns, "IPsec security associations, without their keys (ip -s xfrm state).", volatile),
	tableOf[XfrmPolicy]("xfrm_policy", PerNetns, "IPsec policies (ip xfrm policy).", volatile),
	tableOf[Socket]("socket", PerNetns, "TCP, UDP and raw sockets with queues, timers and what TCP knows of its path (ss -tuwanie).", volatile),
	tableOf[SocketCount]("socket_count", PerNetns, "Sockets by protocol and state (ss -s, ss -tan state time-wait | wc -l).", volatile),
	tableOf[SocketGroup]("socket_group", PerNetns, "TCP connections by state, addresses and the server's port, in time-wait, too, where there are five and more (ss -tan | sort | uniq -c).", volatile),
	tableOf[ProcessSocket]("process_socket", PerHost, "Processes that hold a socket (ss -p, ls -l /proc/PID/fd)."),
	tableOf[Sysctl]("sysctl", PerNetns, "Kernel settings that decide about traffic (sysctl)."),
	tableOf[DNSQuery]("dns_query", PerNetns, "Questions asked from inside a container to its own resolver (dig)."),
	tableOf[DNSAnswer]("dns_answer", PerNetns, "Answer records in the order received (dig +short)."),
	tableOf[Process]("process", PerHost, "Processes with their namespaces, limits and what they do (ps, /proc/PID).", volatile),
	tableOf[ProcessResolver]("process_resolver", PerHost, "Which code resolves names in each process of a container, by what it has mapped (grep libc /proc/PID/maps)."),
	tableOf[CgroupStat]("cgroup_stat", PerHost, "Figures of containers' cgroups and of those above them: memory, OOM kills, throttling, processes, pressure (docker stats, systemd-cgtop).", volatile),
	tableOf[ContainerLog]("container_log", PerHost, "Where each container's log is, its size and last write (docker inspect -f '{{.LogPath}}')."),

	tableOf[LogFile]("log_file", PerHost, "Files of logs on the host, the biggest ones and what dockerd dumped of itself (ls -l)."),
	tableOf[CoreTarget]("core_target", PerHost, "Where a core of each container's first process, of dockerd and of containerd would go (sysctl kernel.core_pattern, prlimit --core)."),
	tableOf[CoreFile]("core_file", PerHost, "Cores that exist, by their notes (coredumpctl list, file core, eu-readelf -n core)."),
	tableOf[CoreMapping]("core_mapping", PerHost, "Files that crashed processes had mapped (gdb -c core, info proc mappings)."),
	tableOf[NetdevCounter]("netdev_counter", PerNetns, "Packet counters of links, two reads apart (cat /proc/net/dev).", from("netns/*/proc_net_dev", "netns/*/proc_net_dev.last")),
	tableOf[IPVSConnection]("ipvs_connection", PerNetns, "Connections that IPVS remembers, in each of two reads (ipvsadm -lnc).", from("netns/*/proc_net_ip_vs_conn", "netns/*/proc_net_ip_vs_conn.last")),
	tableOf[ConntrackStat]("conntrack_stat", PerNetns, "What connection tracking counted, two reads apart (conntrack -S).", from("netns/*/proc_net_stat_nf_conntrack", "netns/*/proc_net_stat_nf_conntrack.last", "netns/*/ctnetlink_stat_cpu.json", "netns/*/ctnetlink_stat_cpu.last.json")),
	tableOf[XfrmStat]("xfrm_stat", PerNetns, "Errors of IPsec, two reads apart (cat /proc/net/xfrm_stat).", from("netns/*/proc_net_xfrm_stat", "netns/*/proc_net_xfrm_stat.last")),
	tableOf[KernelLog]("kernel_log", PerHost, "The kernel's log (dmesg).", from("log/kernel.*")),
	tableOf[LogLine]("log_line", PerHost, "Logs of dockerd and containerd, and systemd's lines about them (journalctl -u docker -u containerd).", from("log/daemon/*", "log/journal/*")),
	tableOf[Engine]("engine", PerHost, "The Docker engine and its membership of a swarm (docker version, docker info).", from("docker/info.json")),
	tableOf[Container]("container", PerHost, "Containers (docker inspect).", from("docker/container_inspect.json")),
	tableOf[ContainerNetwork]("container_network", PerHost, "Networks of containers, as the daemon says (docker inspect).", from("docker/container_inspect.json")),
	tableOf[Network]("network", PerHost, "Networks as this host's daemon knows them (docker network inspect).", from("docker/network_inspect.json")),
	tableOf[NetworkSubnet]("network_subnet", PerHost, "Subnets of networks (docker network inspect).", from("docker/network_inspect.json")),
	tableOf[NetworkEndpoint]("network_endpoint", PerHost, "Local endpoints of networks, load balancers among them (docker network inspect, Containers).", from("docker/network_inspect.json")),
	tableOf[NetworkPeer]("network_peer", PerHost, "Nodes that this host's daemon counts as members of a network (docker network inspect, Peers).", from("docker/network_inspect.json")),
	tableOf[SwarmNode]("swarm_node", PerSwarm, "Nodes (docker node inspect).", from("docker/nodes.json")),
	tableOf[SwarmService]("swarm_service", PerSwarm, "Services (docker service inspect).", from("docker/services.json")),
	tableOf[SwarmServiceVIP]("swarm_service_vip", PerSwarm, "Virtual addresses of services (docker service inspect, Endpoint.VirtualIPs).", from("docker/services.json")),
	tableOf[SwarmServicePort]("swarm_service_port", PerSwarm, "Published ports of services (docker service inspect, Endpoint.Ports).", from("docker/services.json")),
	tableOf[SwarmServiceNetwork]("swarm_service_network", PerSwarm, "Networks that a service asks for, with aliases (docker service inspect, TaskTemplate.Networks).", from("docker/services.json")),
	tableOf[SwarmTask]("swarm_task", PerSwarm, "Tasks (docker inspect --type task).", from("docker/tasks.json", "docker/tasks.last.json")),
	tableOf[SwarmTaskAddress]("swarm_task_address", PerSwarm, "Addresses of tasks (docker inspect --type task, NetworksAttachments).", from("docker/tasks.json", "docker/tasks.last.json")),
}

// TableByName returns the table, or nil.
func TableByName(name string) *Table {
	for i := range Tables {
		if Tables[i].Name == name {
			return &Tables[i]
		}
	}
	return nil
}
