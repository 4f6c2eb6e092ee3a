package capture

import (
	"context"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

var neighbourCollector = &Collector{
	Name:     "neighbour",
	Doc:      "ARP and NDP entries and proxy entries, by two RTM_GETNEIGH dumps in each namespace, each of all families: the kernel's table is one for all namespaces, and every dump walks all of it.",
	Needs:    "CAP_SYS_ADMIN, to enter the namespace",
	Effects:  "none changes: an rtnetlink dump. It walks the kernel's one table for all namespaces, so it is done once for all families and never by link.",
	Since:    "0.1.0",
	Tables:   []string{"neighbour"},
	Volatile: true,
	InNetns: func(ctx context.Context, ns *Netns, s *Sink) error {
		c, err := ns.routeConn()
		if err != nil {
			return err
		}
		proxies := make([]byte, unix.SizeofNdMsg)
		proxies[10] = unix.NTF_PROXY // ndm_flags
		for _, header := range [][]byte{make([]byte, unix.SizeofNdMsg), proxies} {
			err := c.dump(ctx, unix.RTM_GETNEIGH, header, unix.RTM_NEWNEIGH, func(b []byte) error {
				n, err := decodeNeighbour(b)
				if err != nil || n == nil {
					return err
				}
				n.Netns, n.Dev = ns.ID(), ns.dev(ctx, n.Ifindex)
				return s.Put(n)
			})
			if err != nil {
				return err
			}
		}
		return nil
	},
}

// The attributes of linux/neighbour.h that x/sys does not name.
const (
	ndaProtocol = 12
	ndaFlagsExt = 15
)

// decodeNeighbour decodes the payload of RTM_NEWNEIGH: struct ndmsg and the attributes of linux/neighbour.h. It is nil for
// entries of other families than IPv4 and IPv6.
func decodeNeighbour(b []byte) (*schema.Neighbour, error) {
	if len(b) < unix.SizeofNdMsg {
		return nil, errShort("RTM_NEWNEIGH", len(b))
	}
	if b[0] != unix.AF_INET && b[0] != unix.AF_INET6 {
		return nil, nil
	}
	n := &schema.Neighbour{Ifindex: s32(b[4:]), State: nudState(u16(b[8:]))}
	flags := uint64(u8(b[10:]))
	var x extra
	err := attrs(b[unix.SizeofNdMsg:], func(typ uint16, v []byte) {
		switch typ {
		case unix.NDA_DST:
			n.IP = addr(v)
		case unix.NDA_LLADDR:
			if !zero(v) || n.State == "permanent" || n.State == "noarp" {
				n.MAC = mac(v)
			}
		case unix.NDA_CACHEINFO:
			n.ConfirmedS, n.UsedS, n.UpdatedS = cacheInfo(v)
		case unix.NDA_PROBES:
			n.Probes = u32(v)
		case ndaProtocol:
			n.Protocol = u8(v)
		case ndaFlagsExt:
			flags |= uint64(u32(v)) << 8
		default:
			x.add(v, typ)
		}
	})
	n.Flags, n.Extra = bits(flags, neighbourFlags), x.String()
	return n, err
}

// cacheInfo decodes struct nda_cacheinfo: three times in clock ticks ago.
func cacheInfo(v []byte) (confirmed, used, updated *float64) {
	if len(v) < 12 {
		return nil, nil, nil
	}
	return new(float64(u32(v)) / userHZ), new(float64(u32(v[4:])) / userHZ), new(float64(u32(v[8:])) / userHZ)
}

// nudState names NUD_* (linux/neighbour.h).
func nudState(v int64) string {
	if v == 0 {
		return "none"
	}
	return bits(uint64(v), []string{"incomplete", "reachable", "stale", "delay", "probe", "failed", "noarp", "permanent"})
}

// neighbourFlags names the bits of NTF_* and, from bit 8 on, of NTF_EXT_*, as ip(8) and bridge(8) print them.
var neighbourFlags = []string{
	"use", "self", "master", "proxy", "extern_learn", "offloaded", "sticky", "router", "managed", "locked", "extern_valid",
}

var fdbCollector = &Collector{
	Name:     "fdb",
	Doc:      "Forwarding entries of bridges and VXLAN devices, by an RTM_GETNEIGH dump of AF_BRIDGE in each namespace.",
	Needs:    "CAP_SYS_ADMIN, to enter the namespace",
	Effects:  "none: an rtnetlink dump",
	Since:    "0.1.0",
	Tables:   []string{"fdb"},
	Volatile: true,
	InNetns: func(ctx context.Context, ns *Netns, s *Sink) error {
		c, err := ns.routeConn()
		if err != nil {
			return err
		}
		header := make([]byte, unix.SizeofNdMsg)
		if !c.strict { // older kernels want struct ifinfomsg
			header = make([]byte, unix.SizeofIfInfomsg)
		}
		header[0] = unix.AF_BRIDGE
		err = c.dump(ctx, unix.RTM_GETNEIGH, header, unix.RTM_NEWNEIGH, func(b []byte) error {
			f, err := decodeFDB(b)
			if err != nil {
				return err
			}
			f.Netns, f.Dev = ns.ID(), ns.dev(ctx, f.Ifindex)
			return s.Put(f)
		})
		if notSupported(err) {
			return &Incomplete{schema.Absent, "the kernel has no bridges"}
		}
		return err
	},
}

// decodeFDB decodes the payload of RTM_NEWNEIGH of AF_BRIDGE.
//
// A bridge's own entry has NDA_MASTER and not NTF_SELF (net/bridge/br_fdb.c, fdb_fill_info); a VXLAN device's has
// NTF_SELF (drivers/net/vxlan, vxlan_fdb_info), and so do the unicast and multicast lists of any device.
func decodeFDB(b []byte) (*schema.FDB, error) {
	if len(b) < unix.SizeofNdMsg {
		return nil, errShort("RTM_NEWNEIGH", len(b))
	}
	flags := uint64(u8(b[10:]))
	f := &schema.FDB{
		Ifindex: s32(b[4:]), State: nudState(u16(b[8:])),
		Self: flags&unix.NTF_SELF != 0, OnMaster: flags&unix.NTF_MASTER != 0,
	}
	var x extra
	err := attrs(b[unix.SizeofNdMsg:], func(typ uint16, v []byte) {
		switch typ {
		case unix.NDA_LLADDR:
			f.MAC = mac(v)
		case unix.NDA_DST:
			f.Dst = addr(v)
		case unix.NDA_PORT:
			f.Port = be16(v)
		case unix.NDA_VNI:
			f.VNI = new(u32(v))
		case unix.NDA_IFINDEX:
			f.Via = u32(v)
		case unix.NDA_LINK_NETNSID:
			f.LinkNetnsid = new(s32(v))
		case unix.NDA_MASTER:
			f.Master = u32(v)
		case unix.NDA_VLAN:
			f.VLAN = u16(v)
		case unix.NDA_CACHEINFO:
			_, f.UsedS, f.UpdatedS = cacheInfo(v)
		case ndaFlagsExt:
			flags |= uint64(u32(v)) << 8
		default: // NDA_SRC_VNI, NDA_NH_ID, NDA_FDB_EXT_ATTRS, NDA_PROTOCOL, NDA_PROBES
			x.add(v, typ)
		}
	})
	if f.Master != 0 && !f.Self {
		f.OnMaster = true
	}
	f.Flags, f.Extra = bits(flags&^(unix.NTF_SELF|unix.NTF_MASTER), neighbourFlags), x.String()
	return f, err
}
