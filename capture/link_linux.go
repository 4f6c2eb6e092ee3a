package capture

import (
	"context"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

var linkCollector = &Collector{
	Name:    "link",
	Doc:     "Network devices with what their kind says of itself, by an RTM_GETLINK dump in each namespace.",
	Needs:   "CAP_SYS_ADMIN, to enter the namespace",
	Effects: "RTM_GETLINK may give the namespace of a veth's peer an id (peernet2id_alloc); the kernel did that when the veth was made. No link is asked for by name, which would load netdev-NAME.",
	Since:   "0.1.0",
	Tables:  []string{"link"},
	InNetns: func(ctx context.Context, ns *Netns, s *Sink) error {
		c, err := ns.routeConn()
		if err != nil {
			return err
		}
		var rows []*schema.Link
		err = c.dump(ctx, unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg), unix.RTM_NEWLINK, func(b []byte) error {
			l, spec, err := decodeLink(b)
			if err != nil {
				return err
			}
			l.Netns = ns.ID()
			rows = append(rows, l)
			ns.devs[l.Ifindex] = l.Name
			return ns.addDevConf(l.Name, spec)
		})
		s.holdLinks(rows)
		return err
	},
}

// decodeLink decodes the payload of RTM_NEWLINK: struct ifinfomsg and the attributes of linux/if_link.h. spec is
// IFLA_AF_SPEC: the settings of the address families, see addDevConf.
func decodeLink(b []byte) (l *schema.Link, spec []byte, err error) {
	if len(b) < unix.SizeofIfInfomsg {
		return nil, nil, errShort("RTM_NEWLINK", len(b))
	}
	l = &schema.Link{
		Ifindex:   s32(b[4:]),
		Flags:     bits(uint64(u32(b[8:])), linkFlags),
		Operstate: "unknown",
	}
	var x extra
	var info []byte
	err = attrs(b[unix.SizeofIfInfomsg:], func(typ uint16, v []byte) {
		switch typ {
		case unix.IFLA_IFNAME:
			l.Name = cstring(v)
		case unix.IFLA_ADDRESS:
			if !zero(v) {
				l.MAC = mac(v)
			}
		case unix.IFLA_MTU:
			l.MTU = u32(v)
		case unix.IFLA_OPERSTATE:
			l.Operstate = word(u8(v), operstates)
		case unix.IFLA_CARRIER:
			l.Carrier = new(u8(v) != 0)
		case unix.IFLA_CARRIER_UP_COUNT:
			l.CarrierUps = new(u32(v))
		case unix.IFLA_CARRIER_DOWN_COUNT:
			l.CarrierDowns = new(u32(v))
		case unix.IFLA_MASTER:
			l.Master = u32(v)
		case unix.IFLA_LINK:
			l.Link = new(u32(v))
		case unix.IFLA_LINK_NETNSID:
			l.LinkNetnsid = new(s32(v))
		case unix.IFLA_TXQLEN:
			l.TxQueueLen = u32(v)
		case unix.IFLA_QDISC:
			l.Qdisc = cstring(v)
		case unix.IFLA_IFALIAS:
			l.Alias = cstring(v)
		case unix.IFLA_STATS64:
			decodeStats64(l, v)
		case unix.IFLA_LINKINFO:
			info = v
		case unix.IFLA_AF_SPEC:
			spec = v
		default:
			if !linkLeftOut[typ] && !(linkZeroLeftOut[typ] && zero(v)) && !(typ == unix.IFLA_XDP && noXDP(v)) {
				x.add(v, typ)
			}
		}
	})
	if err != nil {
		return nil, nil, err
	}
	if err := decodeLinkInfo(l, info, &x); err != nil {
		return nil, nil, err
	}
	l.Extra = x.String()
	return l, spec, nil
}

// noXDP reports whether IFLA_XDP says that no program is attached: IFLA_XDP_ATTACHED is XDP_ATTACHED_NONE.
func noXDP(v []byte) bool {
	attached := false
	err := attrs(v, func(typ uint16, v []byte) { attached = attached || !zero(v) })
	return err == nil && !attached
}

// decodeStats64 takes the counters that decide something from struct rtnl_link_stats64: eight bytes each, in the order
// rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors, tx_errors, rx_dropped, tx_dropped.
func decodeStats64(l *schema.Link, v []byte) {
	if len(v) < 64 {
		return
	}
	l.RxPackets, l.TxPackets = u64(v), u64(v[8:])
	l.RxErrors, l.TxErrors = u64(v[32:]), u64(v[40:])
	l.RxDropped, l.TxDropped = u64(v[48:]), u64(v[56:])
}

// decodeLinkInfo decodes IFLA_LINKINFO: the kind of the device, and of its master, with the data of both.
func decodeLinkInfo(l *schema.Link, info []byte, x *extra) error {
	var data, port []byte
	var portKind string
	err := attrs(info, func(typ uint16, v []byte) {
		switch typ {
		case unix.IFLA_INFO_KIND:
			l.Kind = cstring(v)
		case unix.IFLA_INFO_DATA:
			data = v
		case unix.IFLA_INFO_SLAVE_KIND:
			portKind = cstring(v)
		case unix.IFLA_INFO_SLAVE_DATA:
			port = v
		default: // IFLA_INFO_XSTATS
			x.add(v, unix.IFLA_LINKINFO, typ)
		}
	})
	if err != nil {
		return err
	}
	switch l.Kind {
	case "vxlan":
		err = decodeVXLAN(l, data, x)
	case "bridge":
		err = decodeBridge(l, data, x)
	default:
		if len(data) > 0 {
			x.add(data, unix.IFLA_LINKINFO, unix.IFLA_INFO_DATA)
		}
	}
	if err != nil {
		return err
	}
	if portKind == "bridge" {
		return decodeBridgePort(l, port, x)
	}
	if len(port) > 0 {
		x.add(port, unix.IFLA_LINKINFO, unix.IFLA_INFO_SLAVE_DATA)
	}
	return nil
}

// flagList joins the names that are on, in their order.
type flagList []string

func (f *flagList) on(name string, v []byte) {
	if len(v) == 0 || u8(v) != 0 { // NLA_FLAG has no value: being there is being on
		*f = append(*f, name)
	}
}

func (f flagList) String() string { return strings.Join(f, ",") }

// linkFlags names the bits of ifi_flags (linux/if.h).
var linkFlags = []string{
	"up", "broadcast", "debug", "loopback", "pointopoint", "notrailers", "running", "noarp", "promisc", "allmulti",
	"master", "slave", "multicast", "portsel", "automedia", "dynamic", "lower_up", "dormant", "echo",
}

// operstates names IF_OPER_* (RFC 2863, linux/if.h).
var operstates = map[int64]string{
	0: "unknown", 1: "notpresent", 2: "down", 3: "lowerlayerdown", 4: "testing", 5: "dormant", 6: "up",
}

// linkLeftOut are attributes that say the same as a column, and hints for drivers and user space.
var linkLeftOut = map[uint16]bool{
	unix.IFLA_PAD: true, unix.IFLA_STATS: true, unix.IFLA_MAP: true, unix.IFLA_BROADCAST: true, unix.IFLA_EVENT: true,
	unix.IFLA_CARRIER_CHANGES: true, // the sum of the two that are columns
	unix.IFLA_NUM_TX_QUEUES:   true, unix.IFLA_NUM_RX_QUEUES: true, unix.IFLA_MIN_MTU: true, unix.IFLA_MAX_MTU: true,
	unix.IFLA_GSO_MAX_SEGS: true, unix.IFLA_GSO_MAX_SIZE: true, unix.IFLA_GSO_IPV4_MAX_SIZE: true,
	unix.IFLA_GRO_MAX_SIZE: true, unix.IFLA_GRO_IPV4_MAX_SIZE: true,
	unix.IFLA_TSO_MAX_SIZE: true, unix.IFLA_TSO_MAX_SEGS: true,
	iflaNetnsImmutable: true, iflaHeadroom: true, iflaTailroom: true,
}

// linkZeroLeftOut are attributes that every device has, and that say something only when they are not zero.
var linkZeroLeftOut = map[uint16]bool{
	unix.IFLA_LINKMODE: true, unix.IFLA_GROUP: true, unix.IFLA_PROMISCUITY: true, unix.IFLA_PROTO_DOWN: true,
	unix.IFLA_ALLMULTI: true, unix.IFLA_WEIGHT: true, unix.IFLA_DEVLINK_PORT: true, unix.IFLA_DPLL_PIN: true,
	iflaPacingHorizon: true,
}

// Attributes of linux/if_link.h that x/sys does not name.
const (
	iflaPacingHorizon  = 66 // IFLA_MAX_PACING_OFFLOAD_HORIZON
	iflaNetnsImmutable = 67
	iflaHeadroom       = 68
	iflaTailroom       = 69
)
