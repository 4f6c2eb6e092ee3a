package schema

import "net/netip"

// The values of seen, the column of tables that are read twice.
const (
	SeenFirst = "first" // only in the first read
	SeenLast  = "last"  // only in the last read
	SeenBoth  = "both"  // in both, alike in everything but counters
)

// Neighbour is one ARP or NDP entry (RTM_NEWNEIGH, AF_INET and AF_INET6).
type Neighbour struct {
	Netns      string     `json:"netns" class:"plain" doc:"namespace"`
	Ifindex    int64      `json:"ifindex" class:"plain" doc:"device"`
	Dev        string     `json:"dev" class:"plain" doc:"name of that device"`
	IP         netip.Addr `json:"ip" class:"addr" doc:"address that it resolves"`
	MAC        string     `json:"mac,omitzero" class:"addr" doc:"hardware address; absent while unresolved"`
	State      string     `json:"state" class:"plain" doc:"NUD state: permanent, reachable, stale, delay, probe, failed, incomplete, noarp or none"`
	Flags      string     `json:"flags,omitzero" class:"plain" doc:"NTF_* set: router, proxy, extern_learn, managed, …"`
	Protocol   int64      `json:"protocol,omitzero" class:"plain" doc:"NDA_PROTOCOL: who made it"`
	ConfirmedS *float64   `json:"confirmed_s,omitzero" class:"plain" counter:"y" doc:"seconds since it was last confirmed, at the last read that saw it"`
	UsedS      *float64   `json:"used_s,omitzero" class:"plain" counter:"y" doc:"seconds since it was last used"`
	UpdatedS   *float64   `json:"updated_s,omitzero" class:"plain" counter:"y" doc:"seconds since it was last changed"`
	Probes     int64      `json:"probes,omitzero" class:"plain" counter:"y" doc:"unanswered probes"`
	Seen       string     `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
	Extra      string     `json:"extra,omitzero" class:"plain" doc:"attributes not decoded: space separated type=hex"`
}

// FDB is one forwarding entry of a bridge or of a VXLAN device (RTM_NEWNEIGH, AF_BRIDGE).
//
// A VXLAN device that is a bridge port has two kinds: the bridge's own ("master", no dst) and the device's ("self",
// with the VTEP as dst). The second, when permanent, is what makes a remote endpoint reachable.
type FDB struct {
	Netns       string     `json:"netns" class:"plain" doc:"namespace"`
	Ifindex     int64      `json:"ifindex" class:"plain" doc:"device that the frames leave by"`
	Dev         string     `json:"dev" class:"plain" doc:"name of that device"`
	MAC         string     `json:"mac" class:"addr" doc:"destination of the frames"`
	Dst         netip.Addr `json:"dst,omitzero" class:"addr" doc:"VTEP that they are sent to; absent in a bridge's own entry"`
	Port        int64      `json:"port,omitzero" class:"plain" doc:"UDP port there, where it differs from the device's"`
	VNI         *int64     `json:"vni,omitzero" class:"plain" doc:"VNI there, where it differs from the device's"`
	Via         int64      `json:"via,omitzero" class:"plain" doc:"NDA_IFINDEX: underlay device"`
	LinkNetnsid *int64     `json:"link_netnsid,omitzero" class:"plain" doc:"namespace of the underlay socket, as this namespace numbers it"`
	State       string     `json:"state" class:"plain" doc:"NUD state: permanent for programmed entries, reachable or stale for learned ones, noarp for static ones"`
	Self        bool       `json:"self" class:"plain" doc:"NTF_SELF: entry of the device itself (the VXLAN driver's table)"`
	OnMaster    bool       `json:"on_master" class:"plain" doc:"NTF_MASTER, or a bridge's own entry: entry of the bridge that the device is a port of"`
	Flags       string     `json:"flags,omitzero" class:"plain" doc:"other NTF_* set: router, extern_learn, offloaded, sticky"`
	Master      int64      `json:"master,omitzero" class:"plain" doc:"ifindex of the bridge"`
	VLAN        int64      `json:"vlan,omitzero" class:"plain" doc:"VLAN id, on a bridge that filters VLANs"`
	UsedS       *float64   `json:"used_s,omitzero" class:"plain" counter:"y" doc:"seconds since it was last used"`
	UpdatedS    *float64   `json:"updated_s,omitzero" class:"plain" counter:"y" doc:"seconds since it was last changed"`
	Seen        string     `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
	Extra       string     `json:"extra,omitzero" class:"plain" doc:"attributes not decoded: space separated type=hex"`
}
