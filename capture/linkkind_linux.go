package capture

import (
	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// decodeVXLAN decodes IFLA_INFO_DATA of a VXLAN device.
func decodeVXLAN(l *schema.Link, data []byte, x *extra) error {
	var flags flagList
	err := attrs(data, func(typ uint16, v []byte) {
		switch typ {
		case unix.IFLA_VXLAN_ID:
			l.VNI = new(u32(v))
		case unix.IFLA_VXLAN_PORT:
			l.VXLANPort = be16(v)
		case unix.IFLA_VXLAN_LOCAL, unix.IFLA_VXLAN_LOCAL6:
			l.VXLANLocal = addr(v)
		case unix.IFLA_VXLAN_GROUP, unix.IFLA_VXLAN_GROUP6:
			l.VXLANGroup = addr(v)
		case unix.IFLA_VXLAN_LINK:
			l.VXLANLink = u32(v)
		case unix.IFLA_VXLAN_AGEING:
			l.VXLANAgeing = new(u32(v))
		case unix.IFLA_VXLAN_LEARNING:
			flags.on("learning", v)
		case unix.IFLA_VXLAN_PROXY:
			flags.on("proxy", v)
		case unix.IFLA_VXLAN_RSC:
			flags.on("rsc", v)
		case unix.IFLA_VXLAN_L2MISS:
			flags.on("l2miss", v)
		case unix.IFLA_VXLAN_L3MISS:
			flags.on("l3miss", v)
		case unix.IFLA_VXLAN_COLLECT_METADATA:
			flags.on("collect_metadata", v)
		case unix.IFLA_VXLAN_GBP:
			flags.on("gbp", v)
		case unix.IFLA_VXLAN_GPE:
			flags.on("gpe", v)
		default:
			// TTL, TOS, limits, checksums: the kernel sends each of them always, so one that is left out is zero.
			if !zero(v) {
				x.add(v, unix.IFLA_LINKINFO, unix.IFLA_INFO_DATA, typ)
			}
		}
	})
	l.VXLANFlags = flags.String()
	return err
}

// userHZ is USER_HZ: the clock ticks of a second in which the kernel tells times to programs, 100 on every
// architecture that Docker runs on.
const userHZ = 100

// decodeBridge decodes IFLA_INFO_DATA of a bridge.
func decodeBridge(l *schema.Link, data []byte, x *extra) error {
	return attrs(data, func(typ uint16, v []byte) {
		switch typ {
		case unix.IFLA_BR_AGEING_TIME:
			l.BridgeAgeing = new(u32(v) / userHZ)
		case unix.IFLA_BR_VLAN_FILTERING:
			l.BridgeVLAN = new(u8(v) != 0)
		case unix.IFLA_BR_VLAN_DEFAULT_PVID:
			l.BridgePVID = new(u16(v))
		case unix.IFLA_BR_STP_STATE:
			l.BridgeSTP = new(u32(v))
		case unix.IFLA_BR_FDB_N_LEARNED:
			l.BridgeLearned = new(u32(v))
		default:
			if !bridgeLeftOut[typ] && !zero(v) && !(typ == unix.IFLA_BR_MULTI_BOOLOPT && u32(v) == 0) {
				x.add(v, unix.IFLA_LINKINFO, unix.IFLA_INFO_DATA, typ)
			}
		}
	})
}

// bridgeLeftOut are timers and the state of spanning tree and multicast snooping, which Docker leaves as the kernel
// sets them and which waver by themselves.
var bridgeLeftOut = map[uint16]bool{
	unix.IFLA_BR_FORWARD_DELAY: true, unix.IFLA_BR_HELLO_TIME: true, unix.IFLA_BR_MAX_AGE: true,
	unix.IFLA_BR_HELLO_TIMER: true, unix.IFLA_BR_TCN_TIMER: true, unix.IFLA_BR_TOPOLOGY_CHANGE_TIMER: true,
	unix.IFLA_BR_GC_TIMER: true, unix.IFLA_BR_PRIORITY: true, unix.IFLA_BR_VLAN_PROTOCOL: true,
	unix.IFLA_BR_ROOT_ID: true, unix.IFLA_BR_BRIDGE_ID: true, unix.IFLA_BR_GROUP_ADDR: true,
	unix.IFLA_BR_MCAST_HASH_ELASTICITY: true, unix.IFLA_BR_MCAST_HASH_MAX: true, unix.IFLA_BR_MCAST_ROUTER: true,
	unix.IFLA_BR_MCAST_LAST_MEMBER_CNT: true, unix.IFLA_BR_MCAST_STARTUP_QUERY_CNT: true,
	unix.IFLA_BR_MCAST_LAST_MEMBER_INTVL: true, unix.IFLA_BR_MCAST_MEMBERSHIP_INTVL: true,
	unix.IFLA_BR_MCAST_QUERIER_INTVL: true, unix.IFLA_BR_MCAST_QUERY_INTVL: true,
	unix.IFLA_BR_MCAST_QUERY_RESPONSE_INTVL: true, unix.IFLA_BR_MCAST_STARTUP_QUERY_INTVL: true,
	unix.IFLA_BR_MCAST_IGMP_VERSION: true, unix.IFLA_BR_MCAST_MLD_VERSION: true,
	unix.IFLA_BR_MCAST_QUERIER_STATE: true,
}

// decodeBridgePort decodes IFLA_INFO_SLAVE_DATA of a bridge's port.
func decodeBridgePort(l *schema.Link, data []byte, x *extra) error {
	var flags flagList
	err := attrs(data, func(typ uint16, v []byte) {
		if name, ok := portFlags[typ]; ok {
			flags.on(name, v)
			return
		}
		switch {
		case typ == unix.IFLA_BRPORT_STATE:
			l.PortState = word(u8(v), portStates)
		case !portLeftOut[typ] && !zero(v):
			x.add(v, unix.IFLA_LINKINFO, unix.IFLA_INFO_SLAVE_DATA, typ)
		}
	})
	l.PortFlags = flags.String()
	return err
}

// portStates names BR_STATE_* (linux/if_bridge.h).
var portStates = map[int64]string{0: "disabled", 1: "listening", 2: "learning", 3: "forwarding", 4: "blocking"}

// portFlags names the switches of a bridge's port.
var portFlags = map[uint16]string{
	unix.IFLA_BRPORT_MODE: "hairpin", unix.IFLA_BRPORT_GUARD: "guard", unix.IFLA_BRPORT_PROTECT: "root_block",
	unix.IFLA_BRPORT_FAST_LEAVE: "fast_leave", unix.IFLA_BRPORT_LEARNING: "learning", unix.IFLA_BRPORT_UNICAST_FLOOD: "flood",
	unix.IFLA_BRPORT_MCAST_FLOOD: "mcast_flood", unix.IFLA_BRPORT_BCAST_FLOOD: "bcast_flood",
	unix.IFLA_BRPORT_PROXYARP: "proxy_arp", unix.IFLA_BRPORT_PROXYARP_WIFI: "proxy_arp_wifi",
	unix.IFLA_BRPORT_MCAST_TO_UCAST: "mcast_to_ucast", unix.IFLA_BRPORT_VLAN_TUNNEL: "vlan_tunnel",
	unix.IFLA_BRPORT_NEIGH_SUPPRESS: "neigh_suppress", unix.IFLA_BRPORT_ISOLATED: "isolated",
	unix.IFLA_BRPORT_LOCKED: "locked", unix.IFLA_BRPORT_MAB: "mab", unix.IFLA_BRPORT_NEIGH_VLAN_SUPPRESS: "neigh_vlan_suppress",
}

// portLeftOut are identifiers and timers of spanning tree, and the bounds of multicast snooping.
var portLeftOut = map[uint16]bool{
	unix.IFLA_BRPORT_PRIORITY: true, unix.IFLA_BRPORT_COST: true, unix.IFLA_BRPORT_ROOT_ID: true,
	unix.IFLA_BRPORT_BRIDGE_ID: true, unix.IFLA_BRPORT_DESIGNATED_PORT: true, unix.IFLA_BRPORT_DESIGNATED_COST: true,
	unix.IFLA_BRPORT_ID: true, unix.IFLA_BRPORT_NO: true, unix.IFLA_BRPORT_MESSAGE_AGE_TIMER: true,
	unix.IFLA_BRPORT_FORWARD_DELAY_TIMER: true, unix.IFLA_BRPORT_HOLD_TIMER: true,
	unix.IFLA_BRPORT_MULTICAST_ROUTER: true, unix.IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT: true,
}
