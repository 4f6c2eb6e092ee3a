package capture

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// Messages and attributes of ctnetlink: include/uapi/linux/netfilter/nfnetlink_conntrack.h. Of the requests only those
// that just ask are here; one that looks like them, with CTRZERO in its name, sets the counters back.
const (
	ipctnlMsgCtGet         = 1
	ipctnlMsgCtGetStatsCPU = 4
	ipctnlMsgCtGetStats    = 5

	ctaTupleOrig    = 1
	ctaTupleReply   = 2
	ctaStatus       = 3
	ctaProtoinfo    = 4
	ctaHelp         = 5
	ctaTimeout      = 7
	ctaMark         = 8
	ctaCountersOrig = 9
	ctaCountersRep  = 10
	ctaUse          = 11
	ctaID           = 12
	ctaSecmark      = 17
	ctaZone         = 18
	ctaTimestamp    = 20
	ctaLabels       = 22

	ctaTupleIP    = 1
	ctaTupleProto = 2
	ctaTupleZone  = 3

	ctaIPv4Src = 1
	ctaIPv4Dst = 2
	ctaIPv6Src = 3
	ctaIPv6Dst = 4

	ctaProtoNum        = 1
	ctaProtoSrcPort    = 2
	ctaProtoDstPort    = 3
	ctaProtoICMPID     = 4
	ctaProtoICMPType   = 5
	ctaProtoICMPCode   = 6
	ctaProtoICMPv6ID   = 7
	ctaProtoICMPv6Type = 8
	ctaProtoICMPv6Code = 9

	ctaCountersPackets = 1
	ctaCountersBytes   = 2

	ctaStatsEntries    = 1
	ctaStatsMaxEntries = 2
)

// ctnlHeader is the length of struct nfgenmsg.
const ctnlHeader = 4

// ctStatus are the bits IPS_* (linux/netfilter/nf_conntrack_common.h).
var ctStatus = []string{
	"expected", "seen_reply", "assured", "confirmed", "snat", "dnat", "seq_adjust", "snat_done", "dnat_done", "dying",
	"fixed_timeout", "template", "untracked", "helper", "offload", "hw_offload",
}

// ctTCPStates are enum tcp_conntrack (nf_conntrack_tcp.h), by the words of conntrack(8).
var ctTCPStates = map[int64]string{
	0: "NONE", 1: "SYN_SENT", 2: "SYN_RECV", 3: "ESTABLISHED", 4: "FIN_WAIT", 5: "CLOSE_WAIT", 6: "LAST_ACK", 7: "TIME_WAIT",
	8: "CLOSE", 9: "SYN_SENT2",
}

// ctSCTPStates are enum sctp_conntrack (nf_conntrack_sctp.h).
var ctSCTPStates = map[int64]string{
	0: "NONE", 1: "CLOSED", 2: "COOKIE_WAIT", 3: "COOKIE_ECHOED", 4: "ESTABLISHED", 5: "SHUTDOWN_SENT", 6: "SHUTDOWN_RECD",
	7: "SHUTDOWN_ACK_SENT", 8: "HEARTBEAT_SENT", 9: "HEARTBEAT_ACKED",
}

// ctDCCPStates are enum ct_dccp_states (nf_conntrack_dccp.h).
var ctDCCPStates = map[int64]string{
	0: "NONE", 1: "REQUEST", 2: "RESPOND", 3: "PARTOPEN", 4: "OPEN", 5: "CLOSEREQ", 6: "CLOSING", 7: "TIMEWAIT", 8: "IGNORE",
	9: "INVALID",
}

var ctFamilies = map[int64]string{2: "ipv4", 10: "ipv6"}

// decodeConntrack decodes what IPCTNL_MSG_CT_GET is answered with into e, whatever e held: struct nfgenmsg and attributes,
// all of them in network byte order. Netns and Kept are left empty.
func decodeConntrack(b []byte, e *schema.ConntrackEntry) error {
	if len(b) < ctnlHeader {
		return errShort("IPCTNL_MSG_CT_NEW", len(b))
	}
	*e = schema.ConntrackEntry{Family: word(int64(b[0]), ctFamilies)}
	var x extra
	var orig, reply ctTuple
	var bad error
	note := func(err error) {
		if bad == nil {
			bad = err
		}
	}
	err := attrs(b[ctnlHeader:], func(typ uint16, v []byte) {
		switch typ {
		case ctaTupleOrig:
			note(orig.decode(v))
		case ctaTupleReply:
			note(reply.decode(v))
		case ctaStatus:
			e.Status = bits(uint64(be32(v)), ctStatus)
		case ctaProtoinfo:
			e.State = ctState(v, &x)
		case ctaHelp:
			name, err := nested(v, 1)
			note(err)
			e.Helper = cstring(name)
		case ctaTimeout:
			e.TimeoutS = new(be32(v))
		case ctaMark:
			e.Mark = be32(v)
		case ctaCountersOrig:
			e.Packets, e.Bytes = ctCounters(v)
		case ctaCountersRep:
			e.ReplyPackets, e.ReplyBytes = ctCounters(v)
		case ctaID:
			e.CtID = new(be32(v))
		case ctaZone:
			e.Zone = be16(v)
		case ctaTimestamp:
			start, err := nested(v, 1)
			note(err)
			if ns := be64(start); ns > 0 {
				e.Started = time.Unix(0, ns).UTC()
			}
		case ctaUse, ctaSecmark: // references to it; a number that means nothing elsewhere
		case ctaLabels:
			if !zero(v) {
				x.add(v, typ)
			}
		default: // CTA_TUPLE_MASTER, CTA_SEQ_ADJ_*, CTA_SECCTX, CTA_SYNPROXY, CTA_TIMESTAMP_EVENT
			x.add(v, typ)
		}
	})
	if err == nil {
		err = bad
	}
	e.Proto = word(orig.proto, ctProtoNames)
	e.Src, e.Sport, e.Dst, e.DPort = orig.src, orig.sport, orig.dst, orig.dport
	e.ReplySrc, e.ReplySport, e.ReplyDst, e.ReplyDport = reply.src, reply.sport, reply.dst, reply.dport
	e.ICMPType, e.ICMPCode, e.ICMPID = orig.icmpType, orig.icmpCode, orig.icmpID
	switch {
	case orig.zone != nil:
		e.Zone, e.ZoneDir = *orig.zone, "orig"
	case reply.zone != nil:
		e.Zone, e.ZoneDir = *reply.zone, "reply"
	}
	e.Nat, e.Extra = translated(e), x.String()
	return err
}

// A ctTuple is one direction of a connection.
type ctTuple struct {
	src, dst                   netip.Addr
	proto, sport, dport        int64
	icmpType, icmpCode, icmpID *int64
	zone                       *int64
}

// decode reads CTA_TUPLE_ORIG or CTA_TUPLE_REPLY.
func (t *ctTuple) decode(b []byte) error {
	var inner error
	err := attrs(b, func(typ uint16, v []byte) {
		var err error
		switch typ {
		case ctaTupleIP:
			err = attrs(v, func(typ uint16, v []byte) {
				switch typ {
				case ctaIPv4Src, ctaIPv6Src:
					t.src = addr(v)
				case ctaIPv4Dst, ctaIPv6Dst:
					t.dst = addr(v)
				}
			})
		case ctaTupleProto:
			err = attrs(v, t.decodeProto)
		case ctaTupleZone:
			t.zone = new(be16(v))
		}
		if inner == nil {
			inner = err
		}
	})
	if err == nil {
		err = inner
	}
	if err != nil {
		return fmt.Errorf("conntrack tuple: %w", err)
	}
	return nil
}

func (t *ctTuple) decodeProto(typ uint16, v []byte) {
	switch typ {
	case ctaProtoNum:
		t.proto = u8(v)
	case ctaProtoSrcPort:
		t.sport = be16(v)
	case ctaProtoDstPort:
		t.dport = be16(v)
	case ctaProtoICMPID, ctaProtoICMPv6ID:
		t.icmpID = new(be16(v))
	case ctaProtoICMPType, ctaProtoICMPv6Type:
		t.icmpType = new(u8(v))
	case ctaProtoICMPCode, ctaProtoICMPv6Code:
		t.icmpCode = new(u8(v))
	}
}

// ctState reads CTA_PROTOINFO: one nest by protocol, TCP 1, DCCP 2, SCTP 3, whose first attribute is the state. What else is
// in it, window scales and flags, goes by the kernel's own book-keeping.
func ctState(b []byte, x *extra) (state string) {
	names := []map[int64]string{1: ctTCPStates, 2: ctDCCPStates, 3: ctSCTPStates}
	_ = attrs(b, func(typ uint16, v []byte) {
		if typ == 0 || int(typ) >= len(names) {
			x.add(v, ctaProtoinfo, typ)
			return
		}
		if s, err := nested(v, 1); err == nil && len(s) > 0 {
			state = word(u8(s), names[typ])
		}
	})
	return state
}

func ctCounters(b []byte) (packets, bytes *int64) {
	_ = attrs(b, func(typ uint16, v []byte) {
		switch typ {
		case ctaCountersPackets:
			packets = new(be64(v))
		case ctaCountersBytes:
			bytes = new(be64(v))
		}
	})
	return packets, bytes
}

// decodeConntrackUsage decodes what IPCTNL_MSG_CT_GET_STATS is answered with. The bound is known from kernel 4.18 on.
func decodeConntrackUsage(b []byte) (entries, most *int64, err error) {
	if len(b) < ctnlHeader {
		return nil, nil, errShort("IPCTNL_MSG_CT_GET_STATS", len(b))
	}
	err = attrs(b[ctnlHeader:], func(typ uint16, v []byte) {
		switch typ {
		case ctaStatsEntries:
			entries = new(be32(v))
		case ctaStatsMaxEntries:
			most = new(be32(v))
		}
	})
	return entries, most, err
}

// ctStatNames are the attributes CTA_STATS_* of one processor, by the names that /proc/net/stat/nf_conntrack heads its
// columns with.
var ctStatNames = []string{
	1: "searched", 2: "found", 3: "new", 4: "invalid", 5: "ignore", 6: "delete", 7: "delete_list", 8: "insert",
	9: "insert_failed", 10: "drop", 11: "early_drop", 12: "icmp_error", 13: "search_restart", 14: "clashres", 15: "chaintoolong",
}

// decodeConntrackCPU decodes one processor's answer to IPCTNL_MSG_CT_GET_STATS_CPU to one JSON object of its counters.
func decodeConntrackCPU(b []byte) (string, error) {
	if len(b) < ctnlHeader {
		return "", errShort("IPCTNL_MSG_CT_GET_STATS_CPU", len(b))
	}
	var out strings.Builder
	fmt.Fprintf(&out, `{"cpu":%d`, binary.BigEndian.Uint16(b[2:]))
	err := attrs(b[ctnlHeader:], func(typ uint16, v []byte) {
		if typ > 0 && int(typ) < len(ctStatNames) && len(v) == 4 {
			fmt.Fprintf(&out, `,"%s":%d`, ctStatNames[typ], be32(v))
		}
	})
	out.WriteByte('}')
	return out.String(), err
}

// be32 and be64 are numbers as they stand in a packet.

func be32(b []byte) int64 {
	if len(b) < 4 {
		return 0
	}
	return int64(binary.BigEndian.Uint32(b))
}

func be64(b []byte) int64 {
	if len(b) < 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b))
}
