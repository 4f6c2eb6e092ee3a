package capture

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// Attributes of an inet_diag message and the layout of what is in them: include/uapi/linux/inet_diag.h, sock_diag.h, tcp.h.
const (
	inetDiagMsgSize = 72 // struct inet_diag_msg

	inetDiagInfo       = 2
	inetDiagCong       = 4
	inetDiagTOS        = 5
	inetDiagTClass     = 6
	inetDiagSKMeminfo  = 7
	inetDiagShutdown   = 8
	inetDiagProtocol   = 10
	inetDiagSKV6Only   = 11
	inetDiagPad        = 14
	inetDiagMark       = 15
	inetDiagMD5Sig     = 18
	inetDiagCgroupID   = 21
	inetDiagSockopt    = 22
	inetDiagExtensions = 1<<(inetDiagInfo-1) | 1<<(inetDiagCong-1) | 1<<(inetDiagSKMeminfo-1) // asked for

	skMeminfoRmem   = 0
	skMeminfoRcvbuf = 1
	skMeminfoSndbuf = 3
	skMeminfoWmem   = 5 // queued, which is what SIOCOUTQ counts
	skMeminfoDrops  = 8
)

// The states of sockets (include/net/tcp_states.h). UDP and raw sockets know two of them.
const (
	sockEstablished = 1
	sockSynSent     = 2
	sockSynRecv     = 3
	sockTimeWait    = 6
	sockClosed      = 7
	sockCloseWait   = 8
	sockLastAck     = 9
	sockListen      = 10
	sockStates      = 16 // more than there are
)

var (
	tcpStates = [sockStates]string{sockEstablished: "established", sockSynSent: "syn-sent", sockSynRecv: "syn-recv", 4: "fin-wait-1",
		5: "fin-wait-2", sockTimeWait: "time-wait", sockClosed: "closed", sockCloseWait: "close-wait", sockLastAck: "last-ack",
		sockListen: "listening", 11: "closing", 12: "syn-recv", 13: "bound-inactive"}
	sockTimers = map[uint8]string{0: "", 1: "on", 2: "keepalive", 3: "timewait", 4: "persist"}
	caStates   = map[int64]string{0: "open", 1: "disorder", 2: "cwr", 3: "recovery", 4: "loss"}
	// tcpOptionNames are the bits TCPI_OPT_*.
	tcpOptionNames = []string{"ts", "sack", "wscale", "ecn", "ecn_seen", "syn_data", "usec_ts", "tfo_child"}
	// sockoptNames are the bits of struct inet_diag_sockopt that may decide about packets. Others are of no interest.
	sockoptNames = []string{2: "freebind", 3: "hdrincl", 5: "transparent", 8: "bind_address_no_port", 10: "defer_connect"}
	// shutdownNames are the bits RCV_SHUTDOWN and SEND_SHUTDOWN.
	shutdownNames = []string{"recv", "send"}
)

// A sockProto is one of the protocols whose sockets are read.
type sockProto uint8

const (
	protoTCP sockProto = iota
	protoUDP
	protoRaw
	sockProtos
)

var sockProtoNames = [sockProtos]string{"tcp", "udp", "raw"}

// sockHead is what decides whether a socket is kept: the part that inet_diag and /proc/net have in common.
type sockHead struct {
	proto   sockProto
	v6      bool // of the socket, whatever its addresses are
	state   uint8
	timer   uint8
	retrans uint8 // retransmissions or probes, by the timer
	local   netip.AddrPort
	peer    netip.AddrPort
	rq, wq  uint32
	expires uint32 // milliseconds
	uid     uint32
	inode   uint32
	ifindex uint32
}

// stateName is how ss(8) filters for it.
func (h *sockHead) stateName() string { return sockStateName(h.proto, h.state) }

func sockStateName(p sockProto, state uint8) string {
	switch {
	case p != protoTCP && state == sockClosed:
		return "unconnected"
	case int(state) < len(tcpStates) && tcpStates[state] != "":
		return tcpStates[state]
	}
	return strconv.Itoa(int(state))
}

// diagHead reads struct inet_diag_msg and returns the attributes behind it.
func diagHead(proto sockProto, b []byte) (h sockHead, attributes []byte, err error) {
	if len(b) < inetDiagMsgSize {
		return h, nil, fmt.Errorf("an answer of sock_diag of only %d bytes", len(b))
	}
	n := binary.NativeEndian
	h = sockHead{proto: proto, v6: b[0] == afInet6, state: b[1], timer: b[2], retrans: b[3],
		ifindex: n.Uint32(b[40:]), expires: n.Uint32(b[52:]), rq: n.Uint32(b[56:]), wq: n.Uint32(b[60:]),
		uid: n.Uint32(b[64:]), inode: n.Uint32(b[68:])}
	size := 4
	if h.v6 {
		size = 16
	}
	h.local = netip.AddrPortFrom(addr(b[8:8+size]), uint16(be16(b[4:])))
	h.peer = netip.AddrPortFrom(addr(b[24:24+size]), uint16(be16(b[6:])))
	if h.state == 12 {
		h.state = sockSynRecv
	}
	return h, b[inetDiagMsgSize:], nil
}

// afInet6 is AF_INET6 of Linux.
const afInet6 = 10

// wipeKeys overwrites attributes that hold keys (TCP MD5 signatures, which the kernel shows to CAP_NET_ADMIN), before
// anything is copied.
func wipeKeys(b []byte) {
	_ = attrs(b, func(typ uint16, v []byte) {
		if typ == inetDiagMD5Sig || typ > inetDiagSockopt {
			clear(v)
		}
	})
}

// sockRow is a row that is used again and again: its numbers stand in an array beside it.
type sockRow struct {
	schema.Socket
	numbers [64]int64
	used    int
	flag    bool
}

func (r *sockRow) reset() {
	r.Socket, r.used = schema.Socket{}, 0
}

// num returns a place that holds v, until the row is reset.
func (r *sockRow) num(v int64) *int64 {
	if r.used == len(r.numbers) { // more than any kernel sends
		return &v
	}
	p := &r.numbers[r.used]
	r.used++
	*p = v
	return p
}

// head fills in what every source tells.
func (r *sockRow) head(h *sockHead) {
	r.Proto, r.Family, r.State = sockProtoNames[h.proto], "ipv4", h.stateName()
	if h.v6 {
		r.Family = "ipv6"
	}
	r.Local, r.LocalPort = h.local.Addr(), int64(h.local.Port())
	if h.peer.Port() != 0 || !h.peer.Addr().IsUnspecified() {
		r.Peer, r.PeerPort = h.peer.Addr(), int64(h.peer.Port())
	}
	r.Inode, r.Ifindex = int64(h.inode), int64(h.ifindex)
	if h.inode != 0 { // of one that no file refers to, the kernel says 0
		r.UID = r.num(int64(h.uid))
	}
	r.RecvQ, r.SendQ = r.num(int64(h.rq)), r.num(int64(h.wq))
	if h.proto != protoTCP {
		return
	}
	if h.timer != 0 {
		r.Timer = sockTimers[h.timer]
		if r.Timer == "" {
			r.Timer = strconv.Itoa(int(h.timer))
		}
		r.ExpiresMs = r.num(int64(h.expires))
	}
	switch h.timer {
	case 1:
		r.Retransmits = r.num(int64(h.retrans))
	case 2, 4:
		r.Probes = r.num(int64(h.retrans))
	}
}

// decodeDiag fills the row from an answer of sock_diag.
func (r *sockRow) decodeDiag(proto sockProto, b []byte) error {
	h, rest, err := diagHead(proto, b)
	if err != nil {
		return err
	}
	r.head(&h)
	var left strings.Builder
	err = attrs(rest, func(typ uint16, v []byte) {
		switch typ {
		case inetDiagInfo:
			if h.state != sockListen { // there some fields have other meanings, which the queues tell already
				r.tcpInfo(v)
			}
		case inetDiagCong:
			r.Congestion = cstring(v)
		case inetDiagSKMeminfo:
			r.meminfo(v)
		case inetDiagShutdown:
			r.Shutdown = bits(uint64(u8(v)), shutdownNames)
		case inetDiagSKV6Only:
			r.flag = u8(v) != 0
			r.V6Only = &r.flag
		case inetDiagMark:
			if r.Mark == nil {
				r.Mark = r.num(u32(v))
			}
		case inetDiagCgroupID:
			if r.CgroupID == nil {
				r.CgroupID = r.num(u64(v))
			}
		case inetDiagSockopt:
			r.Options = sockopts(uint64(u16(v)))
		case inetDiagPad, inetDiagProtocol, inetDiagTOS, inetDiagTClass:
		default:
			if left.Len() > 0 {
				left.WriteByte(' ')
			}
			left.WriteString(strconv.Itoa(int(typ)) + ":" + strconv.Itoa(len(v)))
		}
	})
	r.Extra = left.String()
	return err
}

// sockopts names the options that are set, of those that have a name here.
func sockopts(v uint64) string {
	var known uint64
	for i, name := range sockoptNames {
		if name != "" {
			known |= 1 << i
		}
	}
	return bits(v&known, sockoptNames)
}

// meminfo reads INET_DIAG_SKMEMINFO: numbers of 32 bits, of which old kernels send fewer.
func (r *sockRow) meminfo(v []byte) {
	at := func(i int) *int64 {
		if len(v) < 4*i+4 {
			return nil
		}
		return r.num(u32(v[4*i:]))
	}
	if r.RmemBytes != nil {
		return
	}
	r.RmemBytes, r.RcvbufBytes, r.SndbufBytes, r.WmemBytes = at(skMeminfoRmem), at(skMeminfoRcvbuf), at(skMeminfoSndbuf), at(skMeminfoWmem)
	r.Drops = at(skMeminfoDrops)
}

// tcpInfo reads struct tcp_info. It has only ever grown at its end; what an old kernel does not send is absent.
func (r *sockRow) tcpInfo(v []byte) {
	if len(v) < 8 || r.RttUs != nil {
		return
	}
	at32 := func(at int) *int64 {
		if len(v) < at+4 {
			return nil
		}
		return r.num(u32(v[at:]))
	}
	at64 := func(at int) *int64 {
		if len(v) < at+8 {
			return nil
		}
		return r.num(max(u64(v[at:]), 0))
	}
	r.CAState = word(u8(v[1:]), caStates)
	r.Retransmits, r.Probes, r.Backoff = r.num(u8(v[2:])), r.num(u8(v[3:])), r.num(u8(v[4:]))
	r.TCPOptions = bits(uint64(v[5]), tcpOptionNames)
	if r.RtoMs = at32(8); r.RtoMs != nil {
		*r.RtoMs /= 1000
	}
	r.SndMSS = at32(16)
	r.Unacked, r.Sacked, r.Lost, r.RetransOut = at32(24), at32(28), at32(32), at32(36)
	r.LastDataSentMs, r.LastDataRecvMs, r.LastAckRecvMs = at32(44), at32(52), at32(56)
	r.PMTU, r.RttUs, r.RttvarUs = at32(60), at32(68), at32(72)
	if r.SndSsthresh = at32(76); r.SndSsthresh != nil && *r.SndSsthresh >= tcpInfiniteSsthresh {
		r.SndSsthresh = nil
	}
	r.SndCwnd, r.TotalRetrans = at32(80), at32(100)
	r.BytesAcked, r.BytesReceived, r.SegsOut, r.SegsIn = at64(120), at64(128), at32(136), at32(140)
	r.NotsentBytes, r.MinRttUs = at32(144), at32(148)
	if r.MinRttUs != nil && *r.MinRttUs == 1<<32-1 { // ~0: none was measured
		r.MinRttUs = nil
	}
	r.DeliveryRate, r.BusyUs, r.RwndLimitedUs, r.SndbufLimitedUs = at64(160), at64(168), at64(176), at64(184)
	r.Delivered, r.BytesSent, r.BytesRetrans = at32(192), at64(200), at64(208)
	r.ReordSeen, r.RcvOoopack, r.SndWnd = at32(220), at32(224), at32(228)
}

// tcpInfiniteSsthresh is TCP_INFINITE_SSTHRESH of include/net/tcp.h.
const tcpInfiniteSsthresh = 0x7fffffff
