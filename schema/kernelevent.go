package schema

import (
	"net/netip"
	"time"
)

// The values of event and object of [KernelEvent] and [KernelEventCount].
const (
	EventNew  = "new"  // it came, or it changed (RTM_NEW*)
	EventDel  = "del"  // it went (RTM_DEL*)
	EventGet  = "get"  // a VXLAN device asks for it: l3miss with an address, l2miss with a MAC (RTM_GETNEIGH)
	EventLost = "lost" // the kernel had no room for events that it wanted to tell (ENOBUFS)

	ObjectNeighbour = "neighbour"
	ObjectFDB       = "fdb"
	ObjectLink      = "link"
	ObjectPort      = "port" // a bridge's port; its del means that the link left the bridge
	ObjectAddress   = "address"
	ObjectRoute     = "route"
)

// KernelEvent is one change that the kernel told between the two reads (RTNLGRP_NEIGH, LINK, IPV4_IFADDR, IPV6_IFADDR,
// IPV4_ROUTE, IPV6_ROUTE). A multipath route is one row for each next hop, with the same seq.
//
// Columns that do not belong to the object are absent.
type KernelEvent struct {
	Netns       string       `json:"netns" class:"plain" doc:"namespace"`
	Seq         int64        `json:"seq" class:"plain" doc:"order in which capture received it, over all namespaces, from 1; between namespaces only good to some milliseconds, the kernel stamps no time"`
	Time        time.Time    `json:"time" class:"plain" doc:"when capture received it, by the host's clock"`
	MonotonicNs int64        `json:"monotonic_ns,omitzero" class:"plain" doc:"CLOCK_MONOTONIC at the same moment"`
	Event       string       `json:"event" class:"plain" doc:"new (came or changed), del, or get: a VXLAN device asks for a MAC (l2miss, object fdb) or an address (l3miss, object neighbour)"`
	Object      string       `json:"object" class:"plain" doc:"neighbour, fdb, link, port (of a bridge), address or route"`
	Ifindex     int64        `json:"ifindex,omitzero" class:"plain" doc:"device"`
	Dev         string       `json:"dev,omitzero" class:"plain" doc:"its name at that moment, as far as capture knew it"`
	MAC         string       `json:"mac,omitzero" class:"addr" doc:"neighbour, fdb, link: hardware address"`
	IP          netip.Addr   `json:"ip,omitzero" class:"addr" doc:"neighbour, address: the address"`
	Dst         netip.Addr   `json:"dst,omitzero" class:"addr" doc:"fdb: VTEP"`
	VNI         *int64       `json:"vni,omitzero" class:"plain" doc:"fdb: VNI where it differs from the device's; link: VNI of a VXLAN device"`
	Port        int64        `json:"port,omitzero" class:"plain" doc:"fdb: UDP port where it differs from the device's"`
	State       string       `json:"state,omitzero" class:"plain" doc:"neighbour, fdb: NUD state; link: operstate; port: state of the bridge port"`
	Flags       string       `json:"flags,omitzero" class:"plain" doc:"neighbour, fdb: NTF_*; link: IFF_*; address: IFA_F_*; route: RTM_F_* and RTNH_F_*"`
	Self        *bool        `json:"self,omitzero" class:"plain" doc:"fdb: true for an entry of the device itself (the VXLAN driver's table), false for one of the bridge that it is a port of"`
	Master      int64        `json:"master,omitzero" class:"plain" doc:"fdb, link, port: ifindex of the bridge"`
	VLAN        int64        `json:"vlan,omitzero" class:"plain" doc:"fdb: VLAN id"`
	Kind        string       `json:"kind,omitzero" class:"plain" doc:"link: bridge, vxlan, veth, …; route: unicast, local, blackhole, …"`
	MTU         int64        `json:"mtu,omitzero" class:"plain" doc:"link, route: MTU in bytes"`
	Carrier     *bool        `json:"carrier,omitzero" class:"plain" doc:"link: the physical link is there"`
	Prefix      netip.Prefix `json:"prefix,omitzero" class:"addr" doc:"address: with its prefix length; route: destination, 0.0.0.0/0 or ::/0 for default"`
	Gateway     netip.Addr   `json:"gateway,omitzero" class:"addr" doc:"route: next hop"`
	TableID     int64        `json:"table_id,omitzero" class:"plain" doc:"route: routing table"`
	Protocol    string       `json:"protocol,omitzero" class:"plain" doc:"route: who made it"`
	Extra       string       `json:"extra,omitzero" class:"plain" doc:"attributes not decoded: space separated type=hex"`
}

// KernelEventCount says how many events of one kind there were between the two reads, also those beyond the bound up to
// which kernel_event has them one by one.
//
// For fdb the kind includes the MAC, so that an entry that moves from port to port shows as two or more devices with one
// MAC. A namespace with more than some thousand kinds has the rest in rows without a MAC.
type KernelEventCount struct {
	Netns   string    `json:"netns" class:"plain" doc:"namespace"`
	Event   string    `json:"event" class:"plain" doc:"new, del, get, or lost: the kernel had no room and dropped events, count says how often, not how many"`
	Object  string    `json:"object,omitzero" class:"plain" doc:"neighbour, fdb, link, port, address, route or other; absent for lost"`
	Dev     string    `json:"dev,omitzero" class:"plain" doc:"name of the device"`
	Ifindex int64     `json:"ifindex,omitzero" class:"plain" doc:"device"`
	MAC     string    `json:"mac,omitzero" class:"addr" doc:"fdb: the MAC; absent in the row of those that had no room for one each"`
	Count   int64     `json:"count" class:"plain" doc:"events"`
	Kept    int64     `json:"kept" class:"plain" doc:"of them, those that kernel_event has"`
	First   time.Time `json:"first" class:"plain" doc:"when capture received the first of them, by the host's clock"`
	Last    time.Time `json:"last" class:"plain" doc:"when capture received the last of them"`
}
