package schema

import "net/netip"

// Link is one network device (RTM_NEWLINK, linux/if_link.h). Attributes that this version does not decode are kept
// in Extra, so that a later one can.
type Link struct {
	Netns         string     `json:"netns" class:"plain" doc:"namespace"`
	Ifindex       int64      `json:"ifindex" class:"plain" doc:"interface index, unique in its namespace"`
	Name          string     `json:"name" class:"plain" doc:"device name"`
	Kind          string     `json:"kind,omitzero" class:"plain" doc:"IFLA_INFO_KIND: bridge, vxlan, veth, …; absent for hardware and lo"`
	MAC           string     `json:"mac,omitzero" class:"addr" doc:"hardware address, lower case with colons"`
	MTU           int64      `json:"mtu" class:"plain" doc:"MTU in bytes"`
	Flags         string     `json:"flags" class:"plain" doc:"IFF_* set, lower case, comma separated: up,broadcast,running,…"`
	Operstate     string     `json:"operstate" class:"plain" doc:"RFC 2863 state: up, down, unknown, lowerlayerdown, …"`
	Carrier       *bool      `json:"carrier,omitzero" class:"plain" doc:"physical link is there"`
	CarrierUps    *int64     `json:"carrier_ups,omitzero" class:"plain" counter:"y" doc:"times that the carrier came"`
	CarrierDowns  *int64     `json:"carrier_downs,omitzero" class:"plain" counter:"y" doc:"times that the carrier went"`
	Master        int64      `json:"master,omitzero" class:"plain" doc:"ifindex of the bridge or bond that it is a port of"`
	Link          *int64     `json:"link,omitzero" class:"plain" doc:"IFLA_LINK: ifindex of the other veth end or of the lower device"`
	LinkNetnsid   *int64     `json:"link_netnsid,omitzero" class:"plain" doc:"IFLA_LINK_NETNSID: namespace of that device, as this namespace numbers it"`
	PeerNetns     string     `json:"peer_netns,omitzero" class:"plain" doc:"veth: namespace that holds the other end, if it was captured"`
	PeerIfindex   int64      `json:"peer_ifindex,omitzero" class:"plain" doc:"veth: ifindex of the other end there"`
	TxQueueLen    int64      `json:"txqlen,omitzero" class:"plain" doc:"transmit queue length, packets"`
	Qdisc         string     `json:"qdisc,omitzero" class:"plain" doc:"root queueing discipline"`
	Alias         string     `json:"alias,omitzero" class:"text" doc:"IFLA_IFALIAS"`
	VNI           *int64     `json:"vni,omitzero" class:"plain" doc:"vxlan: network identifier"`
	VXLANPort     int64      `json:"vxlan_port,omitzero" class:"plain" doc:"vxlan: UDP destination port"`
	VXLANLocal    netip.Addr `json:"vxlan_local,omitzero" class:"addr" doc:"vxlan: source address, if one is set"`
	VXLANGroup    netip.Addr `json:"vxlan_group,omitzero" class:"addr" doc:"vxlan: default remote or multicast group"`
	VXLANFlags    string     `json:"vxlan_flags,omitzero" class:"plain" doc:"vxlan: those of learning,proxy,rsc,l2miss,l3miss,collect_metadata,gbp,gpe that are on"`
	VXLANAgeing   *int64     `json:"vxlan_ageing_s,omitzero" class:"plain" doc:"vxlan: lifetime of learned FDB entries, seconds"`
	VXLANLink     int64      `json:"vxlan_link,omitzero" class:"plain" doc:"vxlan: ifindex of the underlay device, if one is set"`
	BridgeAgeing  *int64     `json:"bridge_ageing_s,omitzero" class:"plain" doc:"bridge: lifetime of learned FDB entries, seconds"`
	BridgeVLAN    *bool      `json:"bridge_vlan_filtering,omitzero" class:"plain" doc:"bridge: VLAN filtering is on"`
	BridgePVID    *int64     `json:"bridge_default_pvid,omitzero" class:"plain" doc:"bridge: default PVID; 0 in overlays of 17.06 and newer"`
	BridgeSTP     *int64     `json:"bridge_stp,omitzero" class:"plain" doc:"bridge: STP state"`
	BridgeLearned *int64     `json:"bridge_fdb_learned,omitzero" class:"plain" counter:"y" doc:"bridge: learned FDB entries; kernel 6.8 and newer"`
	PortState     string     `json:"port_state,omitzero" class:"plain" doc:"bridge port: disabled, listening, learning, forwarding or blocking"`
	PortFlags     string     `json:"port_flags,omitzero" class:"plain" doc:"bridge port: those of hairpin,guard,root_block,fast_leave,learning,flood,mcast_flood,bcast_flood,proxy_arp,neigh_suppress,isolated,locked that are on"`
	RxPackets     int64      `json:"rx_packets,omitzero" class:"plain" counter:"y" doc:"stats64: packets received"`
	RxErrors      int64      `json:"rx_errors,omitzero" class:"plain" counter:"y" doc:"stats64: receive errors"`
	RxDropped     int64      `json:"rx_dropped,omitzero" class:"plain" counter:"y" doc:"stats64: dropped on receive"`
	TxPackets     int64      `json:"tx_packets,omitzero" class:"plain" counter:"y" doc:"stats64: packets sent"`
	TxErrors      int64      `json:"tx_errors,omitzero" class:"plain" counter:"y" doc:"stats64: transmit errors"`
	TxDropped     int64      `json:"tx_dropped,omitzero" class:"plain" counter:"y" doc:"stats64: dropped on transmit"`
	Extra         string     `json:"extra,omitzero" class:"plain" doc:"attributes not decoded: space separated type=hex, nested types joined by dots"`
}

// Address is one address of a link (RTM_NEWADDR).
type Address struct {
	Netns     string     `json:"netns" class:"plain" doc:"namespace"`
	Ifindex   int64      `json:"ifindex" class:"plain" doc:"device that has it"`
	Dev       string     `json:"dev" class:"plain" doc:"name of that device"`
	IP        netip.Addr `json:"ip" class:"addr" doc:"the address (IFA_LOCAL, or IFA_ADDRESS where there is none)"`
	PrefixLen int64      `json:"prefix_len" class:"plain" doc:"length of its prefix, bits"`
	Peer      netip.Addr `json:"peer,omitzero" class:"addr" doc:"other end, on point-to-point links"`
	Broadcast netip.Addr `json:"broadcast,omitzero" class:"addr" doc:"broadcast address"`
	Scope     string     `json:"scope" class:"plain" doc:"global, site, link, host or a number"`
	Flags     string     `json:"flags,omitzero" class:"plain" doc:"IFA_F_* set, lower case, comma separated"`
	Label     string     `json:"label,omitzero" class:"plain" doc:"IFA_LABEL where it differs from the device name"`
	Extra     string     `json:"extra,omitzero" class:"plain" doc:"attributes not decoded: space separated type=hex"`
}
