package schema

import "net/netip"

// IPVSService is one virtual service: by firewall mark, as Docker makes them, or by address and port.
type IPVSService struct {
	Netns       string     `json:"netns" class:"plain" doc:"namespace"`
	Family      string     `json:"family" class:"plain" doc:"ipv4 or ipv6"`
	Fwmark      int64      `json:"fwmark" class:"plain" doc:"firewall mark; 0 for a service by address"`
	Proto       string     `json:"proto,omitzero" class:"plain" doc:"tcp, udp or sctp, for a service by address"`
	Address     netip.Addr `json:"address,omitzero" class:"addr" doc:"virtual address, for a service by address"`
	Port        int64      `json:"port,omitzero" class:"plain" doc:"virtual port, for a service by address"`
	Scheduler   string     `json:"scheduler" class:"plain" doc:"rr, wrr, lc, …"`
	Flags       string     `json:"flags,omitzero" class:"plain" doc:"persistent, hashed, onepacket, sched1, … that are set"`
	TimeoutS    int64      `json:"timeout_s,omitzero" class:"plain" doc:"persistence timeout, seconds"`
	Netmask     int64      `json:"netmask,omitzero" class:"plain" doc:"persistence granularity: prefix length"`
	Conns       int64      `json:"conns" class:"plain" counter:"y" doc:"connections scheduled, first read"`
	InPkts      int64      `json:"in_pkts" class:"plain" counter:"y" doc:"packets in, first read"`
	OutPkts     int64      `json:"out_pkts" class:"plain" counter:"y" doc:"packets out, first read"`
	InBytes     int64      `json:"in_bytes" class:"plain" counter:"y" doc:"bytes in, first read"`
	OutBytes    int64      `json:"out_bytes" class:"plain" counter:"y" doc:"bytes out, first read"`
	ConnsLast   *int64     `json:"conns_last,omitzero" class:"plain" counter:"y" doc:"connections scheduled, last read"`
	InPktsLast  *int64     `json:"in_pkts_last,omitzero" class:"plain" counter:"y" doc:"packets in, last read"`
	OutPktsLast *int64     `json:"out_pkts_last,omitzero" class:"plain" counter:"y" doc:"packets out, last read"`
	Seen        string     `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
	Extra       string     `json:"extra,omitzero" class:"plain" doc:"attributes not decoded: space separated type=hex"`
}

// IPVSDestination is one destination (real server) of a virtual service, which it names by the service's own key.
type IPVSDestination struct {
	Netns        string     `json:"netns" class:"plain" doc:"namespace"`
	Fwmark       int64      `json:"fwmark" class:"plain" doc:"mark of its service; 0 for a service by address"`
	Proto        string     `json:"proto,omitzero" class:"plain" doc:"protocol of its service, for a service by address"`
	VAddress     netip.Addr `json:"vaddress,omitzero" class:"addr" doc:"address of its service, for a service by address"`
	VPort        int64      `json:"vport,omitzero" class:"plain" doc:"port of its service, for a service by address"`
	Address      netip.Addr `json:"address" class:"addr" doc:"address of the destination"`
	Port         int64      `json:"port" class:"plain" doc:"port; 0 keeps the packet's own"`
	Forward      string     `json:"forward" class:"plain" doc:"masq, route, tunnel, local or bypass"`
	Weight       int64      `json:"weight" class:"plain" doc:"weight; 0 takes no new connections"`
	UThreshold   int64      `json:"u_threshold,omitzero" class:"plain" doc:"upper bound on connections"`
	LThreshold   int64      `json:"l_threshold,omitzero" class:"plain" doc:"lower bound on connections"`
	Active       int64      `json:"active" class:"plain" counter:"y" doc:"active connections, first read"`
	Inactive     int64      `json:"inactive" class:"plain" counter:"y" doc:"inactive connections, first read"`
	Persistent   int64      `json:"persistent,omitzero" class:"plain" counter:"y" doc:"persistent connections, first read"`
	Conns        int64      `json:"conns" class:"plain" counter:"y" doc:"connections scheduled, first read"`
	InPkts       int64      `json:"in_pkts" class:"plain" counter:"y" doc:"packets in, first read"`
	OutPkts      int64      `json:"out_pkts" class:"plain" counter:"y" doc:"packets out, first read"`
	ActiveLast   *int64     `json:"active_last,omitzero" class:"plain" counter:"y" doc:"active connections, last read"`
	InactiveLast *int64     `json:"inactive_last,omitzero" class:"plain" counter:"y" doc:"inactive connections, last read"`
	ConnsLast    *int64     `json:"conns_last,omitzero" class:"plain" counter:"y" doc:"connections scheduled, last read"`
	InPktsLast   *int64     `json:"in_pkts_last,omitzero" class:"plain" counter:"y" doc:"packets in, last read"`
	OutPktsLast  *int64     `json:"out_pkts_last,omitzero" class:"plain" counter:"y" doc:"packets out, last read"`
	Seen         string     `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
	Extra        string     `json:"extra,omitzero" class:"plain" doc:"attributes not decoded: space separated type=hex"`
}

// IPVSTimeout is how long IPVS remembers idle connections in one namespace, in seconds.
type IPVSTimeout struct {
	Netns  string `json:"netns" class:"plain" doc:"namespace"`
	TCP    int64  `json:"tcp_s" class:"plain" doc:"established TCP"`
	TCPFin int64  `json:"tcp_fin_s" class:"plain" doc:"TCP after a FIN"`
	UDP    int64  `json:"udp_s" class:"plain" doc:"UDP"`
}

// Sysctl is one kernel setting, by the dotted name that sysctl(8) uses.
type Sysctl struct {
	Netns string `json:"netns" class:"plain" doc:"namespace that it was read in"`
	Key   string `json:"key" class:"plain" doc:"dotted name: net.ipv4.vs.conntrack"`
	Value string `json:"value" class:"text" doc:"value as the kernel prints it, tabs as spaces"`
}
