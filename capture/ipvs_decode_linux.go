package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	mathbits "math/bits"
	"net/netip"

	"github.com/moby/ipvs"
	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// Commands and attributes of generic netlink's family IPVS: include/uapi/linux/ip_vs.h. Only those that ask are here.
const (
	ipvsCmdGetService = 4
	ipvsCmdGetDest    = 8
	ipvsCmdGetConfig  = 13

	ipvsAttrService = 1
	ipvsAttrDest    = 2
	ipvsAttrTCP     = 4
	ipvsAttrTCPFin  = 5
	ipvsAttrUDP     = 6

	ipvsSvcFamily    = 1
	ipvsSvcProto     = 2
	ipvsSvcAddr      = 3
	ipvsSvcPort      = 4
	ipvsSvcFwmark    = 5
	ipvsSvcScheduler = 6
	ipvsSvcFlags     = 7
	ipvsSvcTimeout   = 8
	ipvsSvcNetmask   = 9
	ipvsSvcStats     = 10
	ipvsSvcStats64   = 12

	ipvsDestAddr     = 1
	ipvsDestPort     = 2
	ipvsDestForward  = 3
	ipvsDestWeight   = 4
	ipvsDestUpper    = 5
	ipvsDestLower    = 6
	ipvsDestActive   = 7
	ipvsDestInactive = 8
	ipvsDestPersist  = 9
	ipvsDestStats    = 10
	ipvsDestFamily   = 11
	ipvsDestStats64  = 12
	ipvsDestTunType  = 13
	ipvsDestTunPort  = 14
	ipvsDestTunFlags = 15
)

// ipvsFlagNames are the bits IP_VS_SVC_F_*.
var ipvsFlagNames = []string{"persistent", "hashed", "onepacket", "sched1", "sched2", "sched3"}

var ipvsForward = map[int64]string{
	ipvs.ConnFwdMasq: "masq", ipvs.ConnFwdLocalNode: "local", ipvs.ConnFwdTunnel: "tunnel",
	ipvs.ConnFwdDirectRoute: "route", ipvs.ConnFwdBypass: "bypass",
}

var ipvsProtos = map[int64]string{unix.IPPROTO_TCP: "tcp", unix.IPPROTO_UDP: "udp", unix.IPPROTO_SCTP: "sctp"}

// ipvsStats are the counters of a service or a destination: conns, packets in and out, bytes in and out.
type ipvsStats [5]int64

// decodeIPVSStats reads IPVS_*_ATTR_STATS64 (wide) or IPVS_*_ATTR_STATS, in which bytes are wide as well.
func decodeIPVSStats(b []byte, wide bool) (st ipvsStats, err error) {
	err = attrs(b, func(typ uint16, v []byte) {
		switch {
		case typ < 1 || int(typ) > len(st): // rates, which the kernel derives
		case wide || typ > 3:
			st[typ-1] = u64(v)
		default:
			st[typ-1] = u32(v)
		}
	})
	return st, err
}

// nested returns the attributes below the one of that type.
func nested(b []byte, want uint16) (inner []byte, err error) {
	err = attrs(b, func(typ uint16, v []byte) {
		if typ == want {
			inner = v
		}
	})
	return inner, err
}

// decodeIPVSService reads the attributes of IPVS_CMD_NEW_SERVICE.
func decodeIPVSService(b []byte) (schema.IPVSService, error) {
	var svc schema.IPVSService
	b, err := nested(b, ipvsAttrService)
	if err != nil {
		return svc, fmt.Errorf("IPVS service: %w", err)
	}
	var (
		x          extra
		family     int64
		address    []byte
		mask       uint32
		stats      ipvsStats
		wide       bool
		statsError error
	)
	err = attrs(b, func(typ uint16, v []byte) {
		switch typ {
		case ipvsSvcFamily:
			family = u16(v)
		case ipvsSvcProto:
			svc.Proto = word(u16(v), ipvsProtos)
		case ipvsSvcAddr:
			address = v
		case ipvsSvcPort:
			svc.Port = be16(v)
		case ipvsSvcFwmark:
			svc.Fwmark = u32(v)
		case ipvsSvcScheduler:
			svc.Scheduler = cstring(v)
		case ipvsSvcFlags: // struct ip_vs_flags: flags, and the mask of those that count
			svc.Flags = bits(uint64(u32(v)), ipvsFlagNames)
		case ipvsSvcTimeout:
			svc.TimeoutS = u32(v)
		case ipvsSvcNetmask:
			if len(v) == 4 {
				mask = binary.NativeEndian.Uint32(v)
			}
		case ipvsSvcStats, ipvsSvcStats64:
			if is64 := typ == ipvsSvcStats64; is64 || !wide {
				wide = is64
				stats, statsError = decodeIPVSStats(v, wide)
			}
		default:
			x.add(v, typ)
		}
	})
	if err == nil {
		err = statsError
	}
	if err != nil {
		return svc, fmt.Errorf("IPVS service: %w", err)
	}
	svc.Family = ipvsFamily(family)
	svc.Netmask = int64(mathbits.OnesCount32(mask))
	if family == unix.AF_INET6 { // here the kernel keeps the length itself
		svc.Netmask = int64(mask)
	}
	if svc.Fwmark == 0 {
		svc.Address = ipvsAddr(family, address)
	}
	svc.Conns, svc.InPkts, svc.OutPkts, svc.InBytes, svc.OutBytes = stats[0], stats[1], stats[2], stats[3], stats[4]
	svc.Extra = x.String()
	return svc, nil
}

// decodeIPVSDestination reads the attributes of IPVS_CMD_NEW_DEST, a destination of svc. A kernel before 3.18 does not
// say the family of a destination: it is the service's.
func decodeIPVSDestination(b []byte, svc *schema.IPVSService) (schema.IPVSDestination, error) {
	d := schema.IPVSDestination{Fwmark: svc.Fwmark, Proto: svc.Proto, VAddress: svc.Address, VPort: svc.Port}
	b, err := nested(b, ipvsAttrDest)
	if err != nil {
		return d, fmt.Errorf("IPVS destination: %w", err)
	}
	family := int64(unix.AF_INET)
	if svc.Family == "ipv6" {
		family = unix.AF_INET6
	}
	var (
		x          extra
		address    []byte
		stats      ipvsStats
		wide       bool
		statsError error
	)
	err = attrs(b, func(typ uint16, v []byte) {
		switch typ {
		case ipvsDestAddr:
			address = v
		case ipvsDestPort:
			d.Port = be16(v)
		case ipvsDestForward:
			d.Forward = word(u32(v)&ipvs.ConnFwdMask, ipvsForward)
		case ipvsDestWeight:
			d.Weight = u32(v)
		case ipvsDestUpper:
			d.UThreshold = u32(v)
		case ipvsDestLower:
			d.LThreshold = u32(v)
		case ipvsDestActive:
			d.Active = u32(v)
		case ipvsDestInactive:
			d.Inactive = u32(v)
		case ipvsDestPersist:
			d.Persistent = u32(v)
		case ipvsDestFamily:
			family = u16(v)
		case ipvsDestStats, ipvsDestStats64:
			if is64 := typ == ipvsDestStats64; is64 || !wide {
				wide = is64
				stats, statsError = decodeIPVSStats(v, wide)
			}
		case ipvsDestTunType, ipvsDestTunPort, ipvsDestTunFlags:
			if !zero(v) { // sent for every destination
				x.add(v, typ)
			}
		default:
			x.add(v, typ)
		}
	})
	if err == nil {
		err = statsError
	}
	if err != nil {
		return d, fmt.Errorf("IPVS destination: %w", err)
	}
	d.Address = ipvsAddr(family, address)
	d.Conns, d.InPkts, d.OutPkts = stats[0], stats[1], stats[2]
	d.Extra = x.String()
	return d, nil
}

// decodeIPVSTimeout reads the attributes of IPVS_CMD_SET_CONFIG, the answer to GET_CONFIG.
func decodeIPVSTimeout(b []byte) (schema.IPVSTimeout, error) {
	var row schema.IPVSTimeout
	err := attrs(b, func(typ uint16, v []byte) {
		switch typ {
		case ipvsAttrTCP:
			row.TCP = u32(v)
		case ipvsAttrTCPFin:
			row.TCPFin = u32(v)
		case ipvsAttrUDP:
			row.UDP = u32(v)
		}
	})
	if err != nil {
		return row, fmt.Errorf("IPVS timeouts: %w", err)
	}
	return row, nil
}

// ipvsServiceKey is the attribute that names a service in a request.
func ipvsServiceKey(svc *schema.IPVSService) []byte {
	family := uint16(unix.AF_INET)
	if svc.Family == "ipv6" {
		family = unix.AF_INET6
	}
	key := appendAttr(nil, ipvsSvcFamily, binary.NativeEndian.AppendUint16(nil, family))
	if svc.Fwmark != 0 {
		key = appendAttr(key, ipvsSvcFwmark, binary.NativeEndian.AppendUint32(nil, uint32(svc.Fwmark)))
	} else {
		for n, name := range ipvsProtos {
			if name == svc.Proto {
				key = appendAttr(key, ipvsSvcProto, binary.NativeEndian.AppendUint16(nil, uint16(n)))
			}
		}
		address := make([]byte, 16) // union nf_inet_addr
		copy(address, svc.Address.AsSlice())
		key = appendAttr(key, ipvsSvcAddr, address)
		key = appendAttr(key, ipvsSvcPort, binary.BigEndian.AppendUint16(nil, uint16(svc.Port)))
	}
	return appendAttr(nil, unix.NLA_F_NESTED|ipvsAttrService, key)
}

func ipvsFamily(family int64) string {
	return word(family, map[int64]string{unix.AF_INET: "ipv4", unix.AF_INET6: "ipv6"})
}

// ipvsAddr reads union nf_inet_addr: 16 bytes, of which IPv4 uses four.
func ipvsAddr(family int64, b []byte) netip.Addr {
	if family == unix.AF_INET && len(b) >= 4 {
		b = b[:4]
	}
	return addr(b)
}

// countIPVS counts services and destinations in /proc/net/ip_vs: a line a service, and an indented arrow for each of
// its destinations.
func countIPVS(text []byte) (services, destinations int) {
	n := 0
	for line := range bytes.Lines(text) {
		if n++; n <= 3 { // version, and the two lines that head the columns
			continue
		}
		switch {
		case bytes.HasPrefix(line, []byte("  -> ")):
			destinations++
		case len(bytes.TrimSpace(line)) > 0:
			services++
		}
	}
	return services, destinations
}
