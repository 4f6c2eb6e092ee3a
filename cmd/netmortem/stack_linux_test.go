package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/stack"
	"github.com/netmortem/netmortem/capture"
)

// capturedStack captures this host's namespaces and returns those of the threads, as package stack reads them.
func capturedStack(t *testing.T, collectors ...string) *stack.Host {
	t.Helper()
	search := os.Getenv("PATH") // capture takes it away
	c, err := capture.Run(t.Context(), capture.Options{Window: -1, NoDocker: true, NoDNS: true, Tool: "test", MaxMemory: 1 << 30,
		Only: append([]string{"host", "netns", "link", "address"}, collectors...)})
	os.Setenv("PATH", search)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bundle, db := filepath.Join(dir, "here.tar.zst"), filepath.Join(dir, "r.db")
	f, err := os.Create(bundle)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Write(f), f.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := analyze.Run(t.Context(), analyze.Options{Bundles: []string{bundle}, DB: db}); err != nil {
		t.Fatal(err)
	}
	x, err := analyze.OpenDatabase(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	tx, err := x.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	r := stack.NewReader(tx)
	hosts, err := r.Hosts(context.Background())
	if err != nil || len(hosts) != 1 {
		t.Fatalf("hosts %v: %v", hosts, err)
	}
	h, err := r.Host(context.Background(), hosts[0])
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// routeScene fills a namespace with devices, addresses, routes and policy rules by lot. What the kernel refuses is left out.
func routeScene(lots *rand.Rand, six bool) error {
	size := 32
	ip := func() net.IP {
		return net.IPv4(10, byte(lots.IntN(3)), byte(lots.IntN(4)), byte(lots.IntN(250)+1)).To4()
	}
	if six {
		size = 128
		ip = func() net.IP {
			a := net.ParseIP("fd00::")
			a[5], a[7], a[15] = byte(lots.IntN(3)), byte(lots.IntN(4)), byte(lots.IntN(250)+1)
			return a
		}
	}
	prefix := func() *net.IPNet {
		bits := []int{0, 8, 15, 16, 20, 24, 28, 32}[lots.IntN(8)]
		if six {
			bits = []int{0, 8, 32, 47, 48, 64, 96, 128}[lots.IntN(8)]
		}
		m := net.CIDRMask(bits, size)
		return &net.IPNet{IP: ip().Mask(m), Mask: m}
	}
	for name, value := range map[string]string{"ipv4/ip_forward": "1", "ipv4/conf/all/rp_filter": "0", "ipv4/conf/default/rp_filter": "0", "ipv6/conf/all/forwarding": "1", "ipv6/conf/default/accept_dad": "0", "ipv6/conf/default/addr_gen_mode": "1"} {
		if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	var links []netlink.Link
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return err
	}
	for i := range 4 {
		name := fmt.Sprintf("d%d", i)
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: name + "p"}); err != nil {
			return err
		}
		for _, n := range []string{name, name + "p"} {
			l, err := netlink.LinkByName(n)
			if err != nil {
				return err
			}
			if err := netlink.LinkSetUp(l); err != nil {
				return err
			}
			if n == name {
				links = append(links, l)
			}
		}
		bits := []int{24, 24, 16, 28}[i]
		if six {
			bits = []int{64, 64, 48, 96}[i]
		}
		for range 1 + lots.IntN(2) {
			a := &netlink.Addr{IPNet: &net.IPNet{IP: ip(), Mask: net.CIDRMask(bits, size)}}
			if six {
				a.Flags = unix.IFA_F_NODAD
			}
			netlink.AddrAdd(links[i], a)
		}
	}
	family := netlink.FAMILY_V4
	if six {
		family = netlink.FAMILY_V6
	}
	for range 40 {
		r := &netlink.Route{Dst: prefix(), Table: []int{254, 254, 254, 100, 101}[lots.IntN(5)], Priority: lots.IntN(3) * 50, LinkIndex: links[lots.IntN(4)].Attrs().Index, Family: family}
		switch lots.IntN(8) {
		case 0:
			r.Type = []int{unix.RTN_BLACKHOLE, unix.RTN_UNREACHABLE, unix.RTN_PROHIBIT, unix.RTN_THROW}[lots.IntN(4)]
			r.LinkIndex = 0
			if six {
				r.LinkIndex = 1
			}
		case 1, 2:
			r.Gw, r.Flags = ip(), int(netlink.FLAG_ONLINK)
		case 3:
			if as, err := netlink.AddrList(links[lots.IntN(4)], family); err == nil && len(as) > 0 {
				r.Src = as[0].IP
			}
		}
		if !six && r.Gw == nil && r.LinkIndex > 0 {
			r.Scope = netlink.SCOPE_LINK
		}
		netlink.RouteAdd(r)
	}
	for i := range 6 {
		r := netlink.NewRule()
		r.Family, r.Priority, r.Table = family, 100+i*10, []int{100, 101, 254}[lots.IntN(3)]
		switch lots.IntN(5) {
		case 0:
			r.Src = prefix()
		case 1:
			r.Dst = prefix()
		case 2:
			r.Mark = uint32(1 + lots.IntN(3))
		case 3:
			r.IifName = fmt.Sprintf("d%d", lots.IntN(4))
		case 4:
			mask := uint32(0xf0)
			r.Mark, r.Mask = 0x10, &mask
		}
		r.Invert = lots.IntN(6) == 0
		netlink.RuleAdd(r)
	}
	return nil
}

// TestIntegrationStackRoutes compares routing decisions with those of this kernel: namespaces with addresses, routes, and policy rules by
// lot, of IPv4 and IPv6, and thousands of questions, also with a mark, a source, or a device that the packet came in by.
func TestIntegrationStackRoutes(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	const scenes = 8
	lots := rand.New(rand.NewPCG(5, 2))
	var spaces []*netnsThread
	for i := range scenes {
		n := newNetnsThread(t)
		n.do(t, func() error { return routeScene(lots, i%2 == 1) })
		spaces = append(spaces, n)
	}
	h := capturedStack(t, "route", "policy_rule", "sysctl")
	known, unknown, found, none, local := 0, 0, 0, 0, 0
	for i, n := range spaces {
		six := i%2 == 1
		s := h.Space(n.id)
		if s == nil {
			t.Fatalf("namespace %s was not captured", n.id)
		}
		for range 400 {
			dst := netip.AddrFrom4([4]byte{10, byte(lots.IntN(4)), byte(lots.IntN(4)), byte(lots.IntN(254) + 1)})
			if six {
				b := [16]byte{0: 0xfd, 5: byte(lots.IntN(4)), 7: byte(lots.IntN(4)), 15: byte(lots.IntN(254) + 1)}
				dst = netip.AddrFrom16(b)
			}
			flow := stack.Flow{Dst: dst}
			o := &netlink.RouteGetOptions{}
			if lots.IntN(3) == 0 {
				flow.Mark = []uint32{1, 2, 3, 0x10, 0x13}[lots.IntN(5)]
				o.Mark = flow.Mark
			}
			if lots.IntN(4) == 0 && len(s.Addresses) > 0 {
				if a := s.Addresses[lots.IntN(len(s.Addresses))]; a.IP.Is4() == dst.Is4() && !a.IP.IsLoopback() && !a.IP.IsLinkLocalUnicast() {
					flow.Src = a.IP
					o.SrcAddr = net.IP(a.IP.AsSlice())
				}
			}
			var got []netlink.Route
			var err error
			n.do(t, func() error { got, err = netlink.RouteGetWithOptions(net.IP(dst.AsSlice()), o); return nil })
			d := s.Lookup(flow)
			about := fmt.Sprintf("scene %d, to %s, mark %d, source %s", i, dst, flow.Mark, flow.Src)
			if !d.Known {
				unknown++
				t.Logf("%s: cannot tell: %s", about, d.Why)
				continue
			}
			known++
			if err != nil {
				if d.Route != nil {
					t.Errorf("%s: the kernel says %v, the table %s by %s (%s)", about, err, d.Route.Type, d.Route.Dst, d.Ref)
				}
				none++
				continue
			}
			k := got[0]
			switch {
			case k.Type == unix.RTN_LOCAL:
				if !d.Local() {
					t.Errorf("%s: the kernel has it as its own, the table says %+v", about, d)
				}
				local++
			case k.Type == unix.RTN_BROADCAST || k.Type == unix.RTN_ANYCAST || k.Type == unix.RTN_MULTICAST:
			case k.Type != unix.RTN_UNICAST: // IPv6 answers with the route that refuses
				if d.Link != nil {
					t.Errorf("%s: the kernel refuses by type %d, the table sends it by %s", about, k.Type, d.Link.Name)
				}
				none++
			case d.Link == nil || d.Link.Index != k.LinkIndex:
				t.Errorf("%s: the kernel sends by device %d via %s, the table says %+v", about, k.LinkIndex, k.Gw, d)
			default:
				found++
				next := dst
				if k.Gw != nil {
					next, _ = netip.AddrFromSlice(k.Gw)
				}
				if d.Next != next.Unmap() {
					t.Errorf("%s: the kernel asks for %s, the table for %s", about, next, d.Next)
				}
				if src, ok := netip.AddrFromSlice(k.Src); ok && !flow.Src.IsValid() && d.Source.IsValid() && d.Source != src.Unmap() {
					t.Errorf("%s: the kernel sends from %s, the table from %s (%s)", about, src.Unmap(), d.Source, d.Ref)
				}
			}
		}
	}
	t.Logf("%d decisions, %d of them routes, %d local, %d none; %d could not be told", known, found, local, none, unknown)
	if found < 300 || none < 100 || local == 0 || unknown > known/10 {
		t.Errorf("%d decisions, %d of them routes, %d local, %d none; %d could not be told: that tests little", known, found, local, none, unknown)
	}
}
