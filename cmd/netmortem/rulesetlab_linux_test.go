package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/capture"
	"github.com/netmortem/netmortem/schema"
)

// A router is a namespace with rules. Its devices are one end each of pairs whose other ends are in the one namespace
// that packets come from and go to.
type router struct {
	*netnsThread
	n     int
	index map[string]int // of its devices
	peers map[string]int // of their other ends
	macs  map[string]net.HardwareAddr
	tap   int            // sees what leaves
	local map[bool][]int // by family: what reaches the namespace itself
	raw   map[bool]int   // by family: sends from the namespace itself
	names map[int]string // of its devices, by index
}

const (
	probeMagic  = "\xf0\x9f\xa6\x8aprb" // in each packet, before its number
	routingMark = 0x106                 // sends a packet out by markedDev
	markedDev   = "br-web"
	markerProto = 0x88b5 // IEEE 802 local experimental: marks that all before has been worked off
)

var routerSysctls = map[string]string{
	"ipv4/ip_forward": "1", "ipv4/conf/all/rp_filter": "0", "ipv4/conf/default/rp_filter": "0", "ipv4/conf/all/send_redirects": "0", "ipv4/conf/default/send_redirects": "0",
	"ipv4/icmp_ratemask": "0", "ipv6/conf/all/forwarding": "1", "ipv6/conf/default/accept_dad": "0", "ipv6/icmp/ratelimit": "0", "ipv4/icmp_echo_ignore_all": "1", "ipv6/icmp/echo_ignore_all": "1", "ipv4/conf/all/accept_local": "0",
}

// newRouter makes router n, whose devices' other ends go to the namespace far.
func newRouter(t *testing.T, n int, far *netnsThread) *router {
	t.Helper()
	r := &router{
		netnsThread: newNetnsThread(t), n: n, index: map[string]int{}, peers: map[string]int{}, macs: map[string]net.HardwareAddr{},
		local: map[bool][]int{}, raw: map[bool]int{}, names: map[int]string{},
	}
	r.do(t, func() error {
		for name, value := range routerSysctls {
			if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(lo); err != nil {
			return err
		}
		for i, dev := range routerDevs {
			mac := net.HardwareAddr{2, 0, 0, 0, byte(n), byte(i)}
			peer := fmt.Sprintf("p%d-%d", n, i)
			link := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: dev, HardwareAddr: mac, MTU: 1500}, PeerName: peer, PeerNamespace: netlink.NsFd(far.fd)}
			if err := netlink.LinkAdd(link); err != nil {
				return fmt.Errorf("add %s: %w", dev, err)
			}
			got, err := netlink.LinkByName(dev)
			if err != nil {
				return err
			}
			r.index[dev], r.macs[dev], r.names[got.Attrs().Index] = got.Attrs().Index, mac, dev
			if err := errors.Join(netlink.LinkSetARPOff(got), netlink.LinkSetUp(got)); err != nil {
				return err
			}
			for _, v6 := range []bool{false, true} {
				bits := map[string]int{"eth0": 24, "docker0": 16, "br-web": 16}[dev]
				flags := 0
				if v6 {
					bits, flags = 64, unix.IFA_F_NODAD
				}
				ip := net.ParseIP(ownAddr(dev, v6))
				size := 32
				if v6 {
					size = 128
				} else {
					ip = ip.To4()
				}
				addr := &netlink.Addr{IPNet: &net.IPNet{IP: ip, Mask: net.CIDRMask(bits, size)}, Flags: flags}
				if err := netlink.AddrAdd(got, addr); err != nil {
					return fmt.Errorf("add %s: %w", addr, err)
				}
			}
		}
		return nil
	})
	far.do(t, func() error {
		for i, dev := range routerDevs {
			link, err := netlink.LinkByName(fmt.Sprintf("p%d-%d", n, i))
			if err != nil {
				return err
			}
			r.peers[dev] = link.Attrs().Index
			if err := netlink.LinkSetUp(link); err != nil {
				return err
			}
		}
		return nil
	})
	var err error
	r.do(t, func() error { err = r.open(); return nil })
	switch {
	case errors.Is(err, unix.ENOPROTOOPT):
		t.Skip("this kernel does not tell the mark of a packet that was received: SO_RCVMARK is of Linux 5.19")
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, fd := range append(append(r.local[false], r.local[true]...), r.tap, r.raw[false], r.raw[true]) {
			unix.Close(fd)
		}
	})
	return r
}

// open routes what is left to eth0 and opens the sockets.
func (r *router) open() error {
	for _, gw := range []string{"192.0.2.254", "fd00:a::fe"} {
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: r.index["eth0"], Gw: net.ParseIP(gw)}); err != nil {
			return fmt.Errorf("route by %s: %w", gw, err)
		}
	}
	// What is marked so goes another way: rules may send a packet there.
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		everything := &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}
		if family == netlink.FAMILY_V6 {
			everything = &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}
		}
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: r.index[markedDev], Table: routingMark, Dst: everything, Scope: unix.RT_SCOPE_LINK}); err != nil {
			return fmt.Errorf("route of the mark: %w", err)
		}
		rule := netlink.NewRule()
		mask := uint32(0xffffffff)
		rule.Family, rule.Mark, rule.Mask, rule.Table, rule.Priority = family, routingMark, &mask, routingMark, 100
		if err := netlink.RuleAdd(rule); err != nil {
			return fmt.Errorf("rule of the mark: %w", err)
		}
	}
	const soRcvmark = 75 // SO_RCVMARK, since Linux 5.19
	open := func(family, typ, proto int, options ...[3]int) (int, error) {
		fd, err := unix.Socket(family, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
		if err != nil {
			return -1, err
		}
		for _, o := range append(options, [3]int{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8 << 20}) {
			if err := unix.SetsockoptInt(fd, o[0], o[1], o[2]); err != nil {
				return -1, fmt.Errorf("option %d: %w", o[1], err)
			}
		}
		return fd, nil
	}
	mark := [3]int{unix.SOL_SOCKET, soRcvmark, 1}
	var err error
	if r.tap, err = open(unix.AF_PACKET, unix.SOCK_RAW, int(htons(unix.ETH_P_ALL)), mark); err != nil {
		return err
	}
	for _, proto := range []int{unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_ICMP} {
		fd, err := open(unix.AF_INET, unix.SOCK_RAW, proto, mark)
		if err != nil {
			return err
		}
		r.local[false] = append(r.local[false], fd)
	}
	for _, proto := range []int{unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_ICMPV6} {
		fd, err := open(unix.AF_INET6, unix.SOCK_RAW, proto, mark, [3]int{unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1})
		if err != nil {
			return err
		}
		r.local[true] = append(r.local[true], fd)
	}
	if r.raw[false], err = open(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW, [3]int{unix.IPPROTO_IP, unix.IP_HDRINCL, 1}); err != nil {
		return err
	}
	r.raw[true], err = open(unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_RAW, [3]int{unix.IPPROTO_IPV6, unix.IPV6_HDRINCL, 1})
	return err
}

func htons(n uint16) uint16 { return n<<8 | n>>8 }

// load gives text to a program inside the namespace.
func (n *netnsThread) load(t *testing.T, text, program string, args ...string) error {
	t.Helper()
	var err error
	n.do(t, func() error {
		cmd := exec.Command(program, args...)
		cmd.Stdin = strings.NewReader(text)
		var out []byte
		if out, err = cmd.CombinedOutput(); err != nil {
			err = fmt.Errorf("%s: %w\n%s", cmd, err, out)
		}
		return nil
	})
	return err
}

// capturedRows captures the firewalls of all namespaces and returns them by namespace.
func capturedRows(t *testing.T) map[string]*ruleset.Rows {
	t.Helper()
	path := os.Getenv("PATH") // capture takes it away
	c, err := capture.Run(t.Context(), capture.Options{Window: -1, NoDocker: true, NoDNS: true, Only: []string{"netns", "iptables_legacy", "nft"}, MaxMemory: 1 << 30})
	os.Setenv("PATH", path)
	if err != nil {
		t.Fatal(err)
	}
	var bundle bytes.Buffer
	if err := c.Write(&bundle); err != nil {
		t.Fatal(err)
	}
	b, err := schema.OpenReader("bundle", &bundle)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	out := map[string]*ruleset.Rows{}
	in := func(netns string) *ruleset.Rows {
		if out[netns] == nil {
			out[netns] = &ruleset.Rows{}
		}
		return out[netns]
	}
	for {
		e, err := b.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e.Name {
		case "rows/iptables_chain.jsonl":
			eachRow(t, e, func(ref string, row schema.IPTablesChain) {
				r := in(row.Netns)
				r.IPTablesChains = append(r.IPTablesChains, ruleset.Row[schema.IPTablesChain]{Ref: ref, Row: row})
			})
		case "rows/iptables_rule.jsonl":
			eachRow(t, e, func(ref string, row schema.IPTablesRule) {
				r := in(row.Netns)
				r.IPTablesRules = append(r.IPTablesRules, ruleset.Row[schema.IPTablesRule]{Ref: ref, Row: row})
			})
		case "rows/nft_chain.jsonl":
			eachRow(t, e, func(ref string, row schema.NftChain) {
				r := in(row.Netns)
				r.NftChains = append(r.NftChains, ruleset.Row[schema.NftChain]{Ref: ref, Row: row})
			})
		case "rows/nft_rule.jsonl":
			eachRow(t, e, func(ref string, row schema.NftRule) {
				r := in(row.Netns)
				r.NftRules = append(r.NftRules, ruleset.Row[schema.NftRule]{Ref: ref, Row: row})
			})
		case "rows/nft_set.jsonl":
			eachRow(t, e, func(ref string, row schema.NftSet) {
				r := in(row.Netns)
				r.NftSets = append(r.NftSets, ruleset.Row[schema.NftSet]{Ref: ref, Row: row})
			})
		case "rows/nft_element.jsonl":
			eachRow(t, e, func(ref string, row schema.NftElement) {
				r := in(row.Netns)
				r.NftElements = append(r.NftElements, ruleset.Row[schema.NftElement]{Ref: ref, Row: row})
			})
		}
	}
	return out
}

func eachRow[T any](t *testing.T, e *schema.Entry, f func(ref string, row T)) {
	t.Helper()
	dec := json.NewDecoder(e.Data)
	for n := 1; dec.More(); n++ {
		var row T
		if err := dec.Decode(&row); err != nil {
			t.Fatalf("%s: %v", e.Name, err)
		}
		f(fmt.Sprintf("%s:%d", e.Name, n), row)
	}
}

// routerNamespace answers as the router's routing tables do.
type routerNamespace struct {
	ruleset.Nothing
	r *router
}

var (
	onLink4 = map[string]netip.Prefix{"eth0": netip.MustParsePrefix("192.0.2.0/24"), "docker0": netip.MustParsePrefix("172.17.0.0/16"), "br-web": netip.MustParsePrefix("172.18.0.0/16")}
	onLink6 = map[string]netip.Prefix{"eth0": netip.MustParsePrefix("fd00:a::/64"), "docker0": netip.MustParsePrefix("fd00:b::/64"), "br-web": netip.MustParsePrefix("fd00:c::/64")}
)

func (routerNamespace) local(a netip.Addr) bool {
	for _, dev := range append(routerDevs, "lo") {
		if a.String() == ownAddr(dev, a.Is6()) {
			return true
		}
	}
	return a.Is4() && a.As4()[0] == 127
}

func (ns routerNamespace) AddrType(a netip.Addr, dev string) (ruleset.RouteType, bool) {
	switch {
	case dev != "":
		return 0, false
	case a.IsMulticast():
		return ruleset.Multicast, true
	case ns.local(a):
		return ruleset.LocalAddr, true
	}
	return ruleset.Unicast, true
}

func (ns routerNamespace) Masquerade(dev string, dst netip.Addr) (netip.Addr, bool) {
	if dev == "lo" { // the kernel looks further, at other devices
		return netip.Addr{}, false
	}
	return netip.MustParseAddr(ownAddr(dev, dst.Is6())), true
}

func (ns routerNamespace) Redirect(dev string, dst netip.Addr) (netip.Addr, bool) {
	return netip.MustParseAddr(ownAddr(dev, dst.Is6())), true
}

func (ns routerNamespace) Ifindex(dev string) (uint32, bool) {
	if dev == "lo" {
		return 1, true
	}
	return uint32(ns.r.index[dev]), true
}

func (ns routerNamespace) Route(q ruleset.RouteQuery) (ruleset.Route, bool) {
	if ns.local(q.Dst) {
		return ruleset.Route{Type: ruleset.LocalAddr, Dev: "lo"}, true
	}
	if q.Mark == routingMark {
		return ruleset.Route{Type: ruleset.Unicast, Dev: markedDev}, true
	}
	nets := onLink4
	if q.Dst.Is6() {
		nets = onLink6
	}
	for dev, net := range nets {
		if net.Contains(q.Dst) {
			return ruleset.Route{Type: ruleset.Unicast, Dev: dev}, true
		}
	}
	return ruleset.Route{Type: ruleset.Unicast, Dev: "eth0"}, true
}

// A seen is one packet that came out of a router, or to the namespace itself.
type seen struct {
	local bool
	dev   string
	mark  uint32
	ruleset.Packet
}

// encode makes the bytes of a packet: no options but the MSS of TCP, the identifier of ICMP, and the probe's number
// behind the headers.
func encode(p *ruleset.Packet, id uint32, ident uint16) []byte {
	body := append([]byte(p.Payload), probeMagic...)
	body = binary.BigEndian.AppendUint32(body, id)
	var l4 []byte
	sumAt := 0
	switch p.Proto {
	case unix.IPPROTO_TCP:
		l4 = make([]byte, 20)
		binary.BigEndian.PutUint16(l4, p.Sport)
		binary.BigEndian.PutUint16(l4[2:], p.Dport)
		binary.BigEndian.PutUint32(l4[4:], 1000)
		l4[12], l4[13] = 5<<4, p.TCPFlags
		binary.BigEndian.PutUint16(l4[14:], 64000)
		if p.MSS != 0 {
			l4[12] = 6 << 4
			l4 = append(l4, 2, 4, byte(p.MSS>>8), byte(p.MSS))
		}
		sumAt = 16
	case unix.IPPROTO_UDP:
		l4 = make([]byte, 8)
		binary.BigEndian.PutUint16(l4, p.Sport)
		binary.BigEndian.PutUint16(l4[2:], p.Dport)
		binary.BigEndian.PutUint16(l4[4:], uint16(8+len(body)))
		sumAt = 6
	default:
		l4 = make([]byte, 8)
		l4[0], l4[1] = p.ICMP.Type, p.ICMP.Code
		binary.BigEndian.PutUint16(l4[4:], ident)
		binary.BigEndian.PutUint16(l4[6:], 1)
		sumAt = 2
	}
	l4 = append(l4, body...)
	pseudo := append(p.Src.AsSlice(), p.Dst.AsSlice()...)
	pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(len(l4)))
	pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(p.Proto))
	if p.Proto == unix.IPPROTO_ICMP {
		pseudo = nil
	}
	binary.BigEndian.PutUint16(l4[sumAt:], checksum(append(pseudo, l4...)))
	if p.Src.Is6() {
		head := make([]byte, 40)
		head[0] = 0x60
		binary.BigEndian.PutUint16(head[4:], uint16(len(l4)))
		head[6], head[7] = p.Proto, p.TTL
		copy(head[8:], p.Src.AsSlice())
		copy(head[24:], p.Dst.AsSlice())
		return append(head, l4...)
	}
	head := make([]byte, 20)
	head[0] = 0x45
	binary.BigEndian.PutUint16(head[2:], uint16(20+len(l4)))
	binary.BigEndian.PutUint16(head[4:], uint16(id)|1)
	head[8], head[9] = p.TTL, p.Proto
	copy(head[12:], p.Src.AsSlice())
	copy(head[16:], p.Dst.AsSlice())
	binary.BigEndian.PutUint16(head[10:], checksum(head))
	return append(head, l4...)
}

func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// decode reads a packet from its IP header on. The number is found wherever it stands: an ICMP error quotes it.
func decode(b []byte) (p ruleset.Packet, id uint32, hasID bool) {
	var l4 []byte
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		p.Src, _ = netip.AddrFromSlice(b[12:16])
		p.Dst, _ = netip.AddrFromSlice(b[16:20])
		p.Proto, p.TTL, l4 = b[9], b[8], b[20:]
	case len(b) >= 40 && b[0]>>4 == 6:
		p.Src, _ = netip.AddrFromSlice(b[8:24])
		p.Dst, _ = netip.AddrFromSlice(b[24:40])
		p.Proto, p.TTL, l4 = b[6], b[7], b[40:]
	default:
		return p, 0, false
	}
	decodeL4(&p, l4)
	if i := bytes.Index(l4, []byte(probeMagic)); i >= 0 && i+len(probeMagic)+4 <= len(l4) {
		return p, binary.BigEndian.Uint32(l4[i+len(probeMagic):]), true
	}
	return p, 0, false
}

func decodeL4(p *ruleset.Packet, l4 []byte) {
	if len(l4) < 8 {
		return
	}
	switch p.Proto {
	case unix.IPPROTO_TCP:
		if len(l4) >= 20 {
			p.TCPFlags = l4[13] & 0x3f
			if l4[12]>>4 == 6 && len(l4) >= 24 && l4[20] == 2 {
				p.MSS = binary.BigEndian.Uint16(l4[22:])
			}
		}
		fallthrough
	case unix.IPPROTO_UDP:
		p.Sport, p.Dport = binary.BigEndian.Uint16(l4), binary.BigEndian.Uint16(l4[2:])
	case unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6:
		p.ICMP = ruleset.ICMP{Known: true, Type: l4[0], Code: l4[1]}
	}
}

// receive empties a socket. f gets the bytes, the sender's address, the mark, and the destination that a socket of
// IPv6 tells apart.
func receive(fd int, f func(b []byte, from unix.Sockaddr, mark uint32, to netip.Addr)) error {
	b, oob := make([]byte, 4096), make([]byte, 256)
	for {
		n, oobn, _, from, err := unix.Recvmsg(fd, b, oob, 0)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		}
		msgs, err := unix.ParseSocketControlMessage(oob[:oobn])
		if err != nil {
			return err
		}
		mark, to := uint32(0), netip.Addr{}
		for _, m := range msgs {
			switch {
			case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_MARK && len(m.Data) >= 4:
				mark = binary.NativeEndian.Uint32(m.Data)
			case m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= 16:
				to, _ = netip.AddrFromSlice(m.Data[:16])
			}
		}
		f(b[:n], from, mark, to)
	}
}

// A harvest is what came of the probes of one router, by number.
type harvest struct {
	seen     map[uint32][]seen
	answered map[uint32]string // the ICMP error or the reset that came back
}

// harvest sends a marker behind the probes, waits until it has come through, and collects what they came to.
func (r *router) harvest(ctx context.Context, far *netnsThread, wire int, v6 bool, bySport map[uint16]uint32) (harvest, error) {
	h := harvest{seen: map[uint32][]seen{}, answered: map[uint32]string{}}
	frame := append(append([]byte{}, r.macs["eth0"]...), 2, 0, 0, 0, 0xff, 0xff, markerProto>>8, markerProto&0xff)
	frame = append(frame, make([]byte, 46)...)
	if err := unix.Sendto(wire, frame, 0, &unix.SockaddrLinklayer{Ifindex: r.peers["eth0"], Protocol: htons(markerProto)}); err != nil {
		return h, err
	}
	for through := false; !through; {
		if err := ctx.Err(); err != nil {
			return h, err
		}
		poll := []unix.PollFd{{Fd: int32(r.tap), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, 1000); err != nil && !errors.Is(err, unix.EINTR) {
			return h, err
		}
		err := receive(r.tap, func(b []byte, from unix.Sockaddr, mark uint32, _ netip.Addr) {
			ll, ok := from.(*unix.SockaddrLinklayer)
			if !ok || len(b) < 14 {
				return
			}
			if ll.Protocol == htons(markerProto) {
				through = true
				return
			}
			dev := r.names[ll.Ifindex]
			if ll.Pkttype != unix.PACKET_OUTGOING || dev == "" {
				return
			}
			p, id, hasID := decode(b[14:])
			switch isError := p.Proto == unix.IPPROTO_ICMP && p.ICMP.Type == 3 || p.Proto == unix.IPPROTO_ICMPV6 && p.ICMP.Type == 1; {
			case isError && hasID:
				h.answered[id] = fmt.Sprintf("ICMP %d/%d to %s by %s", p.ICMP.Type, p.ICMP.Code, p.Dst, dev)
			case hasID:
				h.seen[id] = append(h.seen[id], seen{dev: dev, mark: mark, Packet: p})
			case p.Proto == unix.IPPROTO_TCP && p.TCPFlags&ruleset.RST != 0 && bySport[p.Dport] != 0:
				h.answered[bySport[p.Dport]] = "a reset"
			}
		})
		if err != nil {
			return h, err
		}
	}
	for _, fd := range r.local[v6] {
		err := receive(fd, func(b []byte, from unix.Sockaddr, mark uint32, to netip.Addr) {
			if v6 {
				var p ruleset.Packet
				a := from.(*unix.SockaddrInet6)
				p.Src, p.Dst = netip.AddrFrom16(a.Addr), to
				proto := map[int]uint8{r.local[true][0]: unix.IPPROTO_TCP, r.local[true][1]: unix.IPPROTO_UDP, r.local[true][2]: unix.IPPROTO_ICMPV6}[fd]
				p.Proto = proto
				decodeL4(&p, b)
				i := bytes.Index(b, []byte(probeMagic))
				if i < 0 || i+len(probeMagic)+4 > len(b) || proto == unix.IPPROTO_ICMPV6 && p.ICMP.Type == 1 {
					return
				}
				id := binary.BigEndian.Uint32(b[i+len(probeMagic):])
				h.seen[id] = append(h.seen[id], seen{local: true, mark: mark, Packet: p})
				return
			}
			if p, id, hasID := decode(b); hasID && (p.Proto != unix.IPPROTO_ICMP || p.ICMP.Type != 3) {
				h.seen[id] = append(h.seen[id], seen{local: true, mark: mark, Packet: p})
			}
		})
		if err != nil {
			return h, err
		}
	}
	return h, nil
}

// inject sends a packet to a device of the router, as if from beyond.
func (r *router) inject(wire int, dev string, b []byte) error {
	proto := uint16(unix.ETH_P_IP)
	if b[0]>>4 == 6 {
		proto = unix.ETH_P_IPV6
	}
	frame := append(append([]byte{}, r.macs[dev]...), 2, 0, 0, 0, 0xff, 0xfe, byte(proto>>8), byte(proto))
	return unix.Sendto(wire, append(frame, b...), 0, &unix.SockaddrLinklayer{Ifindex: r.peers[dev], Protocol: htons(proto)})
}

// emit sends a packet from the router itself.
func (r *router) emit(b []byte, dst netip.Addr, mark uint32) error {
	fd := r.raw[dst.Is6()]
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(mark)); err != nil {
		return err
	}
	var to unix.Sockaddr = &unix.SockaddrInet4{Addr: [4]byte{}}
	if dst.Is6() {
		to = &unix.SockaddrInet6{Addr: dst.As16()}
	} else {
		to = &unix.SockaddrInet4{Addr: dst.As4()}
	}
	err := unix.Sendto(fd, b, 0, to)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EHOSTUNREACH) || errors.Is(err, unix.ENETUNREACH) || errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.EACCES) {
		return nil // the rules dropped it, or an error of a probe before
	}
	return err
}
