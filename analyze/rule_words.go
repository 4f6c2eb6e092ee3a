package analyze

// Layers are where a fault can sit, from the wire up to the clock: the order in which rules are listed.
var Layers = []string{
	"underlay",  // the hosts' own network: addresses, MTU, offloads, what lies between them
	"vxlan",     // VXLAN devices: VNI, port, checksum, encryption
	"fdb",       // forwarding entries of overlays
	"neighbour", // neighbour tables
	"link",      // veth pairs, bridges, namespaces
	"ipvs",      // virtual services, their marks and addresses
	"ingress",   // routing mesh and published ports
	"firewall",  // iptables and nftables of the host
	"dns",       // embedded resolver and names
	"ipam",      // addresses and pools
	"gossip",    // NetworkDB and memberlist
	"swarm",     // managers, nodes, tasks
	"conntrack", // connection tracking
	"tcp",       // sockets and what the kernel counts of them
	"kernel",    // limits and faults of the kernel
	"host",      // configuration and resources of the host
	"process",   // containers that die, loop or dump core
	"clock",     // time, and versions that differ
}

// Needs are what a rule may need before it can judge.
var Needs = []string{
	"one host",      // the bundle of the host that it judges
	"several hosts", // bundles of others too
	"a manager",     // the bundle of a manager
	"two reads",     // a capture with its window
	"logs",          // lines of the daemons' or the kernel's log
	"networkdb",     // a capture that asked for it, with --networkdb
}

// Blames are who can be at fault.
var Blames = []string{
	"managers",      // the swarm's desired state or raft
	"gossip",        // NetworkDB: a node did not hear, or heard too late
	"driver",        // libnetwork on this host, which heard and did not program, or did not clean up
	"daemon",        // dockerd or containerd on this host
	"kernel",        // a limit or a fault of the host's kernel
	"firewall",      // rules of somebody else
	"underlay",      // the network between the hosts
	"configuration", // what an operator has set, on the host or in the swarm
	"application",   // what runs in the container
}
