package ruleset

import "net/netip"

// A CT is how conntrack sees a packet (enum ip_conntrack_info, without its direction).
type CT uint8

const (
	CTNone        CT = iota // conntrack has not seen it yet; where rules ask, this counts as INVALID
	CTNew                   // no packet of the reply direction has been seen
	CTEstablished           // one has, or this is it
	CTRelated               // first of a connection that another one expects, or an ICMP error about one
	CTUntracked             // NOTRACK, or ICMPv6 of neighbour discovery
	CTInvalid
)

// A Tuple is one direction of a connection. Ports are 0 where they are not known, and for protocols without.
type Tuple struct {
	Src, Dst     netip.Addr
	Sport, Dport uint16
	Proto        uint8
}

func (t Tuple) turned() Tuple {
	return Tuple{Src: t.Dst, Dst: t.Src, Sport: t.Dport, Dport: t.Sport, Proto: t.Proto}
}

// A Conn is one entry of conntrack (struct nf_conn), as the walk of a packet makes it. The zero value is none. The
// caller keeps it for each namespace that the packet crosses and hands it in with the reply or with a later packet:
// whether it is theirs is found out by the tuples.
type Conn struct {
	Orig, Back  Tuple // original and reply direction: IP_CT_DIR_ORIGINAL, IP_CT_DIR_REPLY
	Mark        uint32
	MarkUnknown uint32 // bits of Mark that are not known
	Zone        uint16
	Status      Status
	Unsure      Status // bits of Status that are not known: whether NAT that may have changed nothing counts
	Masq        string // device by which a masqueraded connection left first; empty for another, ? where that is not known
	Began       uint8  // TCP: flags of the packet that began it, 0 where they are not known
}

// Status are bits of enum ip_conntrack_status; the numbers are the kernel's.
type Status uint16

const (
	Expected   Status = 1 << 0
	SeenReply  Status = 1 << 1
	Assured    Status = 1 << 2
	Confirmed  Status = 1 << 3
	SrcNAT     Status = 1 << 4
	DstNAT     Status = 1 << 5
	SrcNATDone Status = 1 << 7
	DstNATDone Status = 1 << 8
)

// there says whether there is a connection at all.
func (c *Conn) there() bool { return c.Orig.Proto != 0 }

// tuple is the packet's own.
func (p *Packet) tuple() Tuple {
	return Tuple{Src: p.Src, Dst: p.Dst, Sport: p.Sport, Dport: p.Dport, Proto: p.Proto}
}

// meets compares two tuples; what is not known in one of them meets everything.
func (t Tuple) meets(u Tuple) bool {
	addr := func(a, b netip.Addr) bool { return !a.IsValid() || !b.IsValid() || a == b }
	port := func(a, b uint16) bool { return a == 0 || b == 0 || a == b }
	return t.Proto == u.Proto && addr(t.Src, u.Src) && addr(t.Dst, u.Dst) && port(t.Sport, u.Sport) && port(t.Dport, u.Dport)
}

// track is nf_conntrack_in: it finds the packet's connection or begins one.
func track(p *Packet) {
	if p.CT != CTNone { // of the way through the loopback device, or NOTRACK
		return
	}
	p.Template = false
	c := &p.Conn
	if c.there() && c.Zone == p.Zone {
		own := p.tuple()
		switch {
		case own.meets(c.Orig):
			p.Reply, p.CT = false, CTNew
			switch {
			case c.Status&SeenReply != 0:
				p.CT = CTEstablished
			case c.early(p.TCPFlags):
				p.CT = CTInvalid
			case c.Status&Expected != 0:
				p.CT = CTRelated
			}
			return
		case own.meets(c.Back):
			p.Reply, p.CT = true, CTEstablished
			c.Status |= SeenReply
			return
		}
	}
	p.Conn, p.Reply = Conn{}, false
	p.CT = begins(p)
	if p.CT == CTNew {
		p.Conn = Conn{Orig: p.tuple(), Back: p.tuple().turned(), Zone: p.Zone, Began: p.TCPFlags}
	}
}

// early says whether a segment comes before the answer to the SYN that began the connection, and is neither that SYN
// again nor a RST: column sSS of tcp_conntracks, where it is invalid.
func (c *Conn) early(flags uint8) bool {
	return c.Began&SYN != 0 && flags != 0 && flags&RST == 0 && flags&(SYN|ACK|FIN) != SYN
}

// begins says how conntrack sees a packet that belongs to no connection. A segment of TCP whose flags are not known
// counts as a SYN.
func begins(p *Packet) CT {
	switch p.Proto {
	case protoTCP: // column sNO of tcp_conntracks, nf_conntrack_proto_tcp.c; an ACK is picked up (nf_conntrack_tcp_loose)
		switch {
		case p.TCPFlags == 0, p.TCPFlags&(SYN|ACK|RST|FIN) == SYN, p.TCPFlags&(SYN|ACK|RST|FIN) == ACK:
			return CTNew
		}
		return CTInvalid
	case protoICMP: // valid_new of nf_conntrack_proto_icmp.c
		if !p.ICMP.Known {
			return CTNew
		}
		switch p.ICMP.Type {
		case 8, 13, 15, 17:
			return CTNew
		}
		return CTInvalid
	case protoICMP6: // valid_new and noct_valid_new of nf_conntrack_proto_icmpv6.c
		if !p.ICMP.Known {
			return CTNew
		}
		switch p.ICMP.Type {
		case 128, 139:
			return CTNew
		case 130, 131, 132, 133, 134, 135, 136, 143:
			return CTUntracked
		}
		return CTInvalid
	}
	return CTNew
}
