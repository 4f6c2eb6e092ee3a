package ruleset

import "net/netip"

// A Tri is a truth that may not be known. Its zero value is Unknown.
type Tri uint8

const (
	Unknown Tri = iota
	No
	Yes
)

// Of is what is known to be b.
func Of(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

// not turns a truth round, if asked to.
func (t Tri) not(invert bool) Tri {
	if !invert || t == Unknown {
		return t
	}
	return No + Yes - t
}

// A Packet is what the rules can see of a packet at a hook. A field's zero value means that it is not known, unless
// its comment says otherwise. Packets are compared with ==.
type Packet struct {
	Src, Dst netip.Addr // unmapped; one of the two must be known, it tells the family
	Proto    uint8      // IPPROTO_*: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6, 50 ESP, 132 SCTP
	Sport    uint16     // TCP, UDP, SCTP
	Dport    uint16
	ICMP     ICMP
	TCPFlags uint8  // all of them: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128
	MSS      uint16 // the option of a SYN, bytes
	Length   uint16 // of the whole packet with its IP header, bytes
	TTL      uint8  // or hop limit
	Payload  string // first bytes behind the UDP header or the 20 bytes of a TCP header; empty where not known

	In, Out string // devices at this hook; a hook without one ignores it
	Local   bool   // the namespace itself made it: at postrouting it has no incoming device. False: it came in
	Kind    Kind   // whom the link layer meant it for

	Mark        uint32 // zero is no mark
	MarkUnknown uint32 // bits of Mark that are not known

	Decrypted Tri // it came out of an IPsec state (skb_sec_path)
	Encrypted Tri // its route leads into an IPsec state (dst->xfrm)
	IPVS      Tri // it belongs to an IPVS connection of this namespace (skb->ipvs_property)

	// Ports of the bridge that it crosses while br_netfilter calls the rules of IP. Empty: not known, or not bridged,
	// as Bridged says.
	PhysIn, PhysOut string
	Bridged         Tri

	CT    CT   // how conntrack sees the packet; zero before conntrack has seen it in this namespace
	Reply bool // it goes in the reply direction of Conn
	Conn  Conn // its connection in this namespace; zero for none yet
	Zone  uint16

	// Template says that a rule has attached a template (-j CT, ct zone set) and conntrack has not seen the packet yet:
	// rules take it for a new connection, and no other template takes its place.
	Template bool
}

// Flags of TCP.
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// Numbers of protocols.
const (
	protoICMP    = 1
	protoTCP     = 6
	protoUDP     = 17
	protoDCCP    = 33
	protoESP     = 50
	protoAH      = 51
	protoICMP6   = 58
	protoSCTP    = 132
	protoUDPLite = 136
)

// An ICMP is the head of an ICMP or ICMPv6 message.
type ICMP struct {
	Known      bool
	Type, Code uint8
}

// A Kind is skb->pkt_type: whom the link layer meant a packet for.
type Kind uint8

const (
	KindUnknown Kind = iota
	KindHost         // for us; also what the namespace itself sends
	KindBroadcast
	KindMulticast
	KindOther // for another host, seen by a promiscuous device
)

// v6 tells the family.
func (p *Packet) v6() bool { return p.Src.Is6() || p.Dst.Is6() }

// hasPorts says whether the protocol has ports at the begin of its header.
func hasPorts(proto uint8) bool {
	switch proto {
	case protoTCP, protoUDP, protoSCTP, protoDCCP, protoUDPLite:
		return true
	}
	return false
}

// Moved is the packet as it enters another namespace: addresses, ports and headers stay, what a namespace keeps in the
// skb goes (skb_scrub_packet with xnet).
func (p Packet) Moved() Packet {
	p.In, p.Out, p.PhysIn, p.PhysOut = "", "", "", ""
	p.Local, p.Kind, p.Bridged = false, KindUnknown, No
	p.Mark, p.MarkUnknown, p.Zone, p.Template = 0, 0, 0, false
	p.Decrypted, p.Encrypted, p.IPVS = No, Unknown, No
	p.CT, p.Reply, p.Conn = CTNone, false, Conn{}
	return p
}

// Balanced is the packet as IPVS sends it on to a destination by masquerading: ip_vs_nat_xmit and, where the sysctl
// net.ipv4.vs.conntrack is 1, ip_vs_update_conntrack. By direct routing (ip_vs_dr_xmit) it keeps the destination that it has. It goes through output and postrouting next.
func (p Packet) Balanced(dst netip.Addr, port uint16, conntrack bool) Packet {
	p.Dst, p.IPVS, p.Out = dst, Yes, "" // its incoming device is seen at postrouting again: ip_output takes skb->dev
	if hasPorts(p.Proto) && port != 0 {
		p.Dport = port
	}
	switch {
	case !conntrack:
		p.CT, p.Conn, p.Reply = CTUntracked, Conn{}, false
	case p.Conn.there() && p.Conn.Status&Confirmed == 0:
		p.Conn.Back.Src, p.Conn.Back.Sport = p.Dst, p.Dport
	}
	return p
}

// Answer is a packet that the receiver of p sends back, before any hook has seen it: SYN, ACK to a SYN, ACK to
// another segment of TCP, an echo reply to an echo request. Its connection is that of p, which the caller takes away
// where it answers in another namespace.
func (p Packet) Answer() Packet {
	a := Packet{
		Src: p.Dst, Dst: p.Src, Proto: p.Proto, Sport: p.Dport, Dport: p.Sport, MSS: p.MSS, Local: true, Kind: KindHost,
		Decrypted: No, IPVS: No, Bridged: No, Conn: p.Conn,
	}
	switch {
	case p.Proto == protoTCP && p.TCPFlags&(SYN|ACK) == SYN:
		a.TCPFlags = SYN | ACK
	case p.Proto == protoTCP:
		a.TCPFlags = ACK
	case p.Proto == protoICMP && p.ICMP == ICMP{true, 8, 0}:
		a.ICMP = ICMP{true, 0, 0}
	case p.Proto == protoICMP6 && p.ICMP == ICMP{true, 128, 0}:
		a.ICMP = ICMP{true, 129, 0}
	}
	return a
}
