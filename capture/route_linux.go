package capture

import (
	"context"
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

var routeCollector = &Collector{
	Name:    "route",
	Doc:     "Routes of all tables, by an RTM_GETROUTE dump in each namespace.",
	Needs:   "CAP_SYS_ADMIN, to enter the namespace",
	Effects: "none: an rtnetlink dump; each part of it takes the kernel's lock of routes for a moment",
	Since:   "0.1.0",
	Tables:  []string{"route"},
	InNetns: func(ctx context.Context, ns *Netns, s *Sink) error {
		c, err := ns.routeConn()
		if err != nil {
			return err
		}
		return c.dump(ctx, unix.RTM_GETROUTE, make([]byte, unix.SizeofRtMsg), unix.RTM_NEWROUTE, func(b []byte) error {
			rows, err := decodeRoute(b)
			if err != nil {
				return err
			}
			for i := range rows {
				r := &rows[i]
				r.Netns = ns.ID()
				if r.Ifindex != 0 {
					r.Dev = ns.dev(ctx, r.Ifindex)
				}
				if err := s.Put(r); err != nil {
					return err
				}
			}
			return nil
		})
	},
}

// decodeRoute decodes the payload of RTM_NEWROUTE: struct rtmsg and the attributes of linux/rtnetlink.h. A multipath
// route is one row for each next hop. It is empty for other families than IPv4 and IPv6, and for the cached copies of
// IPv6 routes.
func decodeRoute(b []byte) ([]schema.Route, error) {
	if len(b) < unix.SizeofRtMsg {
		return nil, errShort("RTM_NEWROUTE", len(b))
	}
	if b[0] != unix.AF_INET && b[0] != unix.AF_INET6 || u32(b[8:])&unix.RTM_F_CLONED != 0 {
		return nil, nil
	}
	none := netip.IPv4Unspecified()
	r := schema.Route{Family: "ipv4"}
	if b[0] == unix.AF_INET6 {
		r.Family, none = "ipv6", netip.IPv6Unspecified()
	}
	dstLen, srcLen := int(b[1]), int(b[2])
	r.TableID, r.Protocol = u8(b[4:]), word(u8(b[5:]), routeProtocols)
	r.Scope, r.Type = word(u8(b[6:]), scopes), word(u8(b[7:]), routeTypes)
	flags := u32(b[8:])
	dst, src := none, none
	var hops []byte
	var x extra
	if tos := b[3]; tos != 0 {
		x.b.WriteString("tos=" + word(int64(tos), nil))
	}
	err := attrs(b[unix.SizeofRtMsg:], func(typ uint16, v []byte) {
		switch typ {
		case unix.RTA_DST:
			dst = addr(v)
		case unix.RTA_SRC:
			src = addr(v)
		case unix.RTA_TABLE:
			r.TableID = u32(v)
		case unix.RTA_PRIORITY:
			r.Metric = u32(v)
		case unix.RTA_PREFSRC:
			r.PrefSrc = addr(v)
		case unix.RTA_METRICS:
			decodeMetrics(&r, v, &x)
		case unix.RTA_MULTIPATH:
			hops = v
		case unix.RTA_GATEWAY, unix.RTA_VIA, unix.RTA_OIF:
			decodeHop(&r, typ, v)
		case unix.RTA_CACHEINFO, unix.RTA_PREF: // times of use; the preference of IPv6 routers is kept when not medium
			if typ == unix.RTA_PREF && !zero(v) {
				x.add(v, typ)
			}
		default:
			x.add(v, typ)
		}
	})
	if err != nil {
		return nil, err
	}
	if dst.IsValid() {
		r.Dst = netip.PrefixFrom(dst, dstLen)
	}
	if srcLen > 0 {
		r.Src = netip.PrefixFrom(src, srcLen)
	}
	r.Extra = x.String()
	if hops == nil {
		r.Flags = bits(uint64(flags), routeFlags)
		return []schema.Route{r}, nil
	}
	return decodeHops(r, hops, flags)
}

// decodeHop decodes one attribute that a route and a next hop of a multipath route have alike.
func decodeHop(r *schema.Route, typ uint16, v []byte) bool {
	switch typ {
	case unix.RTA_GATEWAY:
		r.Gateway = addr(v)
	case unix.RTA_VIA: // struct rtvia: a gateway of another family
		if len(v) > 2 {
			r.Gateway = addr(v[2:])
		}
	case unix.RTA_OIF:
		r.Ifindex = u32(v)
	default:
		return false
	}
	return true
}

// decodeHops decodes RTA_MULTIPATH: a row like r for each struct rtnexthop.
func decodeHops(r schema.Route, b []byte, flags int64) ([]schema.Route, error) {
	var rows []schema.Route
	for len(b) >= unix.SizeofRtNexthop {
		n := int(binary.NativeEndian.Uint16(b))
		if n < unix.SizeofRtNexthop || n > len(b) {
			return rows, errShort("a next hop", len(b))
		}
		hop := r
		hop.Flags = bits(uint64(flags)|uint64(b[2]), routeFlags)
		hop.Weight, hop.Ifindex = int64(b[3])+1, u32(b[4:])
		var x extra
		x.b.WriteString(r.Extra)
		err := attrs(b[unix.SizeofRtNexthop:n], func(typ uint16, v []byte) {
			if !decodeHop(&hop, typ, v) {
				x.add(v, unix.RTA_MULTIPATH, typ)
			}
		})
		if err != nil {
			return rows, err
		}
		hop.Extra = x.String()
		rows = append(rows, hop)
		b = b[min((n+3)&^3, len(b)):]
	}
	return rows, nil
}

// decodeMetrics decodes RTA_METRICS, of which only the MTU has a column.
func decodeMetrics(r *schema.Route, b []byte, x *extra) {
	err := attrs(b, func(typ uint16, v []byte) {
		if typ == unix.RTAX_MTU {
			r.MTU = u32(v)
			return
		}
		x.add(v, unix.RTA_METRICS, typ)
	})
	if err != nil {
		x.add(b, unix.RTA_METRICS)
	}
}

// routeTypes names RTN_* (linux/rtnetlink.h).
var routeTypes = map[int64]string{
	0: "unspec", 1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast", 6: "blackhole",
	7: "unreachable", 8: "prohibit", 9: "throw", 10: "nat", 11: "xresolve",
}

// routeProtocols names RTPROT_* (linux/rtnetlink.h).
var routeProtocols = map[int64]string{
	0: "unspec", 1: "redirect", 2: "kernel", 3: "boot", 4: "static", 8: "gated", 9: "ra", 10: "mrt", 11: "zebra",
	12: "bird", 13: "dnrouted", 14: "xorp", 15: "ntk", 16: "dhcp", 17: "mrouted", 18: "keepalived", 42: "babel",
	186: "bgp", 187: "isis", 188: "ospf", 189: "rip", 192: "eigrp",
}

// routeFlags names the bits of rtm_flags, RTNH_F_* below bit 8 and RTM_F_* from there on.
var routeFlags = []string{
	"dead", "pervasive", "onlink", "offload", "linkdown", "unresolved", "trap", "",
	"notify", "cloned", "equalize", "prefix", "lookup_table", "fib_match", "rt_offload", "rt_trap",
}

var policyRuleCollector = &Collector{
	Name:    "policy_rule",
	Doc:     "Routing policy rules, by an RTM_GETRULE dump in each namespace.",
	Needs:   "CAP_SYS_ADMIN, to enter the namespace",
	Effects: "none: an rtnetlink dump",
	Since:   "0.1.0",
	Tables:  []string{"policy_rule"},
	InNetns: func(ctx context.Context, ns *Netns, s *Sink) error {
		c, err := ns.routeConn()
		if err != nil {
			return err
		}
		err = c.dump(ctx, unix.RTM_GETRULE, make([]byte, unix.SizeofRtMsg), unix.RTM_NEWRULE, func(b []byte) error {
			r, err := decodePolicyRule(b)
			if err != nil || r == nil {
				return err
			}
			r.Netns = ns.ID()
			return s.Put(r)
		})
		if notSupported(err) {
			return &Incomplete{schema.Absent, "the kernel has no policy rules"}
		}
		return err
	},
}

// decodePolicyRule decodes the payload of RTM_NEWRULE: struct fib_rule_hdr and the attributes of linux/fib_rules.h. It is
// nil for other families than IPv4 and IPv6.
func decodePolicyRule(b []byte) (*schema.PolicyRule, error) {
	const header = 12 // family, dst_len, src_len, tos, table, res1, res2, action, flags
	if len(b) < header {
		return nil, errShort("RTM_NEWRULE", len(b))
	}
	r := &schema.PolicyRule{Family: "ipv4"}
	switch b[0] {
	case unix.AF_INET:
	case unix.AF_INET6:
		r.Family = "ipv6"
	default:
		return nil, nil
	}
	dstLen, srcLen := int(b[1]), int(b[2])
	r.TableID, r.Action = u8(b[4:]), word(u8(b[7:]), ruleActions)
	const invert = 2 // FIB_RULE_INVERT
	r.Invert = u32(b[8:])&invert != 0
	var x extra
	if tos := b[3]; tos != 0 {
		x.b.WriteString("tos=" + word(int64(tos), nil))
	}
	err := attrs(b[header:], func(typ uint16, v []byte) {
		switch typ {
		case unix.FRA_PRIORITY:
			r.Priority = u32(v)
		case unix.FRA_TABLE:
			r.TableID = u32(v)
		case unix.FRA_SRC:
			r.Src = netip.PrefixFrom(addr(v), srcLen)
		case unix.FRA_DST:
			r.Dst = netip.PrefixFrom(addr(v), dstLen)
		case unix.FRA_IIFNAME:
			r.InIface = cstring(v)
		case unix.FRA_OIFNAME:
			r.OutIface = cstring(v)
		case unix.FRA_FWMARK:
			r.Fwmark = new(u32(v))
		case unix.FRA_FWMASK:
			r.Fwmask = new(u32(v))
		case unix.FRA_SUPPRESS_PREFIXLEN:
			if u32(v) != 0xffffffff { // which means: not set
				x.add(v, typ)
			}
		case unix.FRA_PROTOCOL: // who made it; 2 is the kernel
			if u8(v) != unix.RTPROT_KERNEL {
				x.add(v, typ)
			}
		default:
			x.add(v, typ)
		}
	})
	r.Extra = x.String()
	return r, err
}

// ruleActions names FR_ACT_* (linux/fib_rules.h).
var ruleActions = map[int64]string{1: "lookup", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
