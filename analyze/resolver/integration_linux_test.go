package resolver

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A trial is a client's namespace, and the addresses of the name that it asks for.
type trial struct {
	name    string
	ipv6    string   // "", "lo" for ::1, "link" for fe80::1, "global", "ula", "deprecated", or "down" for one on a device that is down
	devs    []string // addresses of each device, comma separated; one with a peer is local>peer
	tunnel  string   // address of an ipip device
	routes  []string // destinations that go out by the first device
	gai     string
	answers string // at most four
	open    bool   // glibc is not judged: its builds differ
}

var trials = []trial{
	{name: "no IPv6", devs: []string{"10.20.1.15/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.11 10.20.1.12"},
	{name: "::1 only", ipv6: "lo", devs: []string{"10.20.1.15/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.11 10.20.1.12"},
	{name: "fe80::", ipv6: "link", devs: []string{"10.20.1.15/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.11 10.20.1.12"},
	{name: "global", ipv6: "global", devs: []string{"10.20.1.15/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.11 10.20.1.12"},
	{name: "fd00:: on lo", ipv6: "ula", devs: []string{"10.20.1.15/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.11 10.20.1.12"},
	{name: "deprecated global", ipv6: "deprecated", devs: []string{"10.20.1.15/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.11 10.20.1.12"},
	{name: "global, tentative on a device that is down", ipv6: "down", devs: []string{"10.20.1.15/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.11 10.20.1.12"},
	{name: "peer", ipv6: "link", devs: []string{"10.20.1.15>10.20.1.8/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.12"},
	{name: "ipip", ipv6: "link", devs: []string{"10.20.1.15/24"}, tunnel: "10.50.1.15/24", answers: "10.20.1.200 10.20.1.201 10.50.1.14"},
	{name: "ipip, no IPv6", devs: []string{"10.20.1.15/24"}, tunnel: "10.50.1.15/24", answers: "10.20.1.200 10.20.1.201 10.50.1.14"},
	{name: "two equally near", ipv6: "link", devs: []string{"10.20.1.15/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.20 10.20.1.21"},
	{name: "two of the best class", ipv6: "link", devs: []string{"10.20.1.16/24"}, answers: "10.20.1.24 10.20.1.25 10.20.1.26 10.20.1.40"},
	{name: "all equally far", ipv6: "link", devs: []string{"10.20.1.129/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.11 10.20.1.12"},
	{name: "/16", ipv6: "link", devs: []string{"10.20.1.15/16"}, answers: "10.20.1.200 10.20.2.1 10.20.3.1 10.20.128.1"},
	{name: "/24, others beyond it", ipv6: "link", devs: []string{"10.20.1.15/24"}, routes: []string{"0.0.0.0/0"}, answers: "10.20.1.200 10.20.2.1 10.20.0.1 10.20.128.1"},
	{name: "/24, all beyond it", ipv6: "link", devs: []string{"10.20.1.15/24"}, routes: []string{"0.0.0.0/0"}, answers: "10.20.0.1 10.20.2.1 10.20.3.1 10.20.128.1"},
	{name: "/24, others beyond it, no IPv6", devs: []string{"10.20.1.15/24"}, routes: []string{"0.0.0.0/0"}, answers: "10.20.1.200 10.20.2.1 10.20.0.1 10.20.128.1"},
	{name: "/28", ipv6: "link", devs: []string{"10.20.1.15/28"}, answers: "10.20.1.1 10.20.1.5 10.20.1.6 10.20.1.9"},
	{name: "one of them itself", ipv6: "link", devs: []string{"10.20.1.9/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.8"},
	{name: "one of them itself, no IPv6", devs: []string{"10.20.1.9/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.8 10.20.1.11"},
	{name: "one of them itself, ::1 only", ipv6: "lo", devs: []string{"10.20.1.9/24"}, answers: "10.20.1.9 10.20.1.10 10.20.1.8"},
	{name: "two devices", ipv6: "link", devs: []string{"10.20.1.15/24", "10.30.1.15/24"}, answers: "10.20.1.200 10.20.1.8 10.30.1.200 10.30.1.14"},
	{name: "two devices, no IPv6", devs: []string{"10.20.1.15/24", "10.30.1.15/24"}, answers: "10.20.1.200 10.20.1.8 10.30.1.200 10.30.1.14"},
	{name: "one without a route", ipv6: "link", devs: []string{"10.20.1.15/24"}, answers: "10.20.1.200 10.20.1.201 10.99.1.1 10.99.1.2"},
	{name: "one without a route, no IPv6", devs: []string{"10.20.1.15/24"}, answers: "10.20.1.200 10.20.1.201 10.99.1.1"},
	{name: "two addresses on a device", ipv6: "link", devs: []string{"10.20.1.15/24,10.20.1.100/24"}, answers: "10.20.1.101 10.20.1.12 10.20.1.20"},
	{name: "public and private, default route", ipv6: "link", devs: []string{"10.20.1.15/24"}, routes: []string{"0.0.0.0/0"}, answers: "192.0.2.1 192.0.2.2 10.40.1.1", open: true},
	{name: "link-local answer", devs: []string{"10.20.1.15/24"}, routes: []string{"0.0.0.0/0"}, answers: "169.254.1.1 10.20.1.12 10.20.1.9"},
	{name: "scopev4 of the /16 below", devs: []string{"10.20.1.15/16"}, gai: "scopev4 ::ffff:10.20.1.8/125 2\nscopev4 ::ffff:0.0.0.0/96 14\n", answers: "10.20.1.9 10.20.1.10 10.20.1.200"},
	{name: "scopev4, dotted, one worse", devs: []string{"10.20.1.15/24"}, gai: "scopev4 10.20.1.12/32 15\n", answers: "10.20.1.9 10.20.1.10 10.20.1.12"},
	{name: "precedence of one", devs: []string{"10.20.1.15/24"}, gai: "precedence ::ffff:10.20.1.10/128 100\n", answers: "10.20.1.9 10.20.1.10 10.20.1.11 10.20.1.12"},
	{name: "precedence below prefix", ipv6: "link", devs: []string{"10.20.1.15/24"}, gai: "precedence ::ffff:0:0/96 100\n", answers: "10.20.1.9 10.20.1.10 10.20.1.11 10.20.1.12"},
	{name: "precedence in dots is no line", devs: []string{"10.20.1.15/24"}, gai: "precedence 10.20.1.10/32 100\n", answers: "10.20.1.9 10.20.1.10 10.20.1.11"},
	{name: "label of the client's half", devs: []string{"10.20.1.15/24"}, gai: "label ::ffff:10.20.1.0/124 9\nlabel ::/0 1\n", answers: "10.20.1.9 10.20.1.10 10.20.1.20 10.20.1.21"},
	{name: "label, then prefix", ipv6: "link", devs: []string{"10.20.1.15/24"}, gai: "# none\nlabel ::ffff:10.20.1.8/126 9\n", answers: "10.20.1.9 10.20.1.10 10.20.1.200 10.20.1.12"},
	{name: "IPv6 answers, global", ipv6: "global", devs: []string{"10.20.1.15/24"}, answers: "2001:db8:1::9 2001:db8:1::c 10.20.1.9 10.20.1.12"},
	{name: "IPv6 answers, no IPv6", devs: []string{"10.20.1.15/24"}, answers: "2001:db8:1::9 10.20.1.9 10.20.1.12"},
	{name: "IPv6 answers, fe80:: only", ipv6: "link", devs: []string{"10.20.1.15/24"}, answers: "2001:db8:1::9 10.20.1.9 10.20.1.12"},
	{name: "IPv6 only, global", ipv6: "global", devs: []string{"10.20.1.15/24"}, answers: "2001:db8:1::9 2001:db8:1::c 2001:db8:1::f 2001:db8:1:8000::1"},
}

var errNoTunnel = errors.New("the kernel makes no ipip device")

// A subject is a program that asks for each name on its command line, and prints the first address.
type subject struct {
	name    string
	path    string
	env     string
	library Library
	version string
}

// TestIntegrationResolver asks the real libraries in real namespaces. Each name stands for one order of the answers, and every order is asked
// for once, so the counts are exact: how often an address comes first over all orders is its predicted share. The log is the table: program,
// deciding rule, and for each address the predicted and the observed share.
func TestIntegrationResolver(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to make namespaces")
	}
	subjects := build(t)
	if len(subjects) == 0 {
		t.Skip("needs gcc, musl-gcc or go")
	}
	for i := range trials {
		tr := &trials[i]
		t.Run(tr.name, func(t *testing.T) {
			done := make(chan error)
			go func() {
				runtime.LockOSThread() // never unlocked: the thread and its namespaces end with the goroutine
				done <- tr.run(t, subjects)
			}()
			if err := <-done; err == errNoTunnel {
				t.Skip(err)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// run tries every subject, in namespaces of the calling thread.
func (tr *trial) run(t *testing.T, subjects []subject) error {
	if err := unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		return err
	}
	if err := tr.etc(); err != nil {
		return err
	}
	if err := tr.network(); err != nil {
		return err
	}
	stop, err := serve(strings.Fields(tr.answers))
	if err != nil {
		return err
	}
	defer stop()
	list, err := held()
	if err != nil {
		return err
	}
	var answers []Answer
	for _, s := range strings.Fields(tr.answers) {
		a := Answer{IP: netip.MustParseAddr(s)}
		a.Source = kernelSource(a.IP)
		if src, why := Source(list, a.IP); why == "" && src != a.Source {
			t.Errorf("source address for %s: predicted %s, the kernel picks %s", s, src, a.Source)
		}
		answers = append(answers, a)
	}
	for _, s := range subjects {
		if s.env == "FOUR=1" && !onlyIPv4(answers) {
			continue
		}
		client := Client{Library: s.library, Version: s.version, Arch: machine(), Addresses: list, GAI: tr.lines()}
		p := client.First(answers)
		if p.Judged() == (tr.open && s.library == Glibc) {
			t.Errorf("%s: judged: %t (%s)", s.name, p.Judged(), p.Why)
		}
		if !p.Judged() {
			t.Logf("%-15s not judged: %s", s.name, p.Why)
			continue
		}
		seen, err := s.ask(answers)
		if err != nil {
			return err
		}
		var line []string
		for i, a := range answers {
			if math.Abs(p.Share[i]-seen[i]) > 1e-9 {
				t.Errorf("%s: %s first: predicted %.4f, seen %.4f", s.name, a.IP, p.Share[i], seen[i])
			}
			line = append(line, fmt.Sprintf("%s %.2f %.2f", a.IP, p.Share[i], seen[i]))
		}
		t.Logf("%-15s %-6s  %s", s.name, p.Rule, strings.Join(line, "   "))
	}
	return nil
}

// lines are those of gai.conf, as a bundle has them.
func (tr *trial) lines() (list []GAIRule) {
	for line := range strings.Lines(tr.gai) {
		if f := strings.Fields(line); len(f) == 3 && !strings.HasPrefix(line, "#") {
			list = append(list, GAIRule{f[0], f[1], f[2]})
		}
	}
	return list
}

// etc gives the thread an /etc of its own, with just the files that decide.
func (tr *trial) etc() error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", "/etc", "tmpfs", 0, "size=1m"); err != nil {
		return err
	}
	files := map[string]string{
		"resolv.conf": "nameserver 127.0.0.11\noptions ndots:0\n", "nsswitch.conf": "hosts: files dns\n", "hosts": "127.0.0.1 localhost\n",
	}
	if tr.gai != "" {
		files["gai.conf"] = tr.gai
	}
	for name, text := range files {
		if err := os.WriteFile("/etc/"+name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// network makes the devices, each a veth pair within the namespace.
func (tr *trial) network() error {
	set := func(dev, key, value string) error {
		return os.WriteFile("/proc/sys/net/ipv6/conf/"+dev+"/"+key, []byte(value), 0o644) // of the thread's namespace
	}
	for _, dev := range []string{"all", "default", "lo"} {
		if err := set(dev, "disable_ipv6", "1"); err != nil {
			return err
		}
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if tr.ipv6 == "lo" || tr.ipv6 == "ula" {
		if err := set("lo", "disable_ipv6", "0"); err != nil {
			return err
		}
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return err
	}
	add := func(link netlink.Link, text string, deprecated bool) error {
		local, peer, cut := strings.Cut(text, ">")
		if cut {
			_, bits, _ := strings.Cut(peer, "/")
			local += "/" + bits
		}
		a, err := netlink.ParseAddr(local)
		if err != nil {
			return err
		}
		if cut {
			ip, n, err := net.ParseCIDR(peer)
			if err != nil {
				return err
			}
			a.Peer = &net.IPNet{IP: ip, Mask: n.Mask}
		}
		if a.IP.To4() == nil {
			a.Flags |= unix.IFA_F_NODAD
		}
		if deprecated {
			a.ValidLft, a.PreferedLft = 3600, 0
		}
		return netlink.AddrAdd(link, a)
	}
	if tr.ipv6 == "ula" {
		if err := add(lo, "fd00::1/128", false); err != nil {
			return err
		}
	}
	if tr.ipv6 == "down" {
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "off"}, PeerName: "offp"}); err != nil {
			return err
		}
		off, err := netlink.LinkByName("off")
		if err != nil {
			return err
		}
		if err := set("off", "disable_ipv6", "0"); err != nil {
			return err
		}
		a, err := netlink.ParseAddr("2001:db8:1::f00/64")
		if err == nil {
			err = netlink.AddrAdd(off, a)
		}
		if err != nil {
			return err
		}
	}
	if tr.tunnel != "" {
		err := netlink.LinkAdd(&netlink.Iptun{LinkAttrs: netlink.LinkAttrs{Name: "tun"}, Local: net.IPv4(192, 0, 2, 1), Remote: net.IPv4(192, 0, 2, 2)})
		if err != nil {
			return errNoTunnel
		}
		link, err := netlink.LinkByName("tun")
		if err == nil {
			err = netlink.LinkSetUp(link)
		}
		if err == nil {
			err = add(link, tr.tunnel, false)
		}
		if err != nil {
			return err
		}
	}
	for i, list := range tr.devs {
		name := fmt.Sprintf("eth%d", i)
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: name + "p"}); err != nil {
			return err
		}
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		peer, err := netlink.LinkByName(name + "p")
		if err != nil {
			return err
		}
		six := map[string]string{"link": "fe80::1/64", "global": "2001:db8:1::f00/64", "deprecated": "2001:db8:1::f00/64"}[tr.ipv6]
		if i > 0 {
			six = ""
		}
		if six != "" {
			if err := set(name, "disable_ipv6", "0"); err != nil {
				return err
			}
			if err := set(name, "addr_gen_mode", "1"); err != nil { // none by itself
				return err
			}
		}
		for _, l := range []netlink.Link{peer, link} {
			if err := netlink.LinkSetUp(l); err != nil {
				return err
			}
		}
		for _, text := range strings.Split(list, ",") {
			if err := add(link, text, false); err != nil {
				return err
			}
		}
		if six != "" {
			if err := add(link, six, tr.ipv6 == "deprecated"); err != nil {
				return err
			}
			if tr.ipv6 == "global" {
				if err := netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: mustNet("2001:db8::/32")}); err != nil {
					return err
				}
			}
		}
	}
	for _, dst := range tr.routes {
		link, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: mustNet(dst), Scope: netlink.SCOPE_LINK}); err != nil {
			return err
		}
	}
	return nil
}

func mustNet(s string) *net.IPNet {
	_, n, err := net.ParseCIDR(s)
	if err != nil {
		panic(err)
	}
	return n
}

// held are the addresses of the thread's namespace, as a capture has them.
func held() (out []Address, err error) {
	list, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
	for _, a := range list {
		ip, ok := netip.AddrFromSlice(a.IP)
		if !ok {
			return nil, fmt.Errorf("address %v", a)
		}
		ones, _ := a.Mask.Size()
		x := Address{IP: ip.Unmap(), Prefix: ones, Index: a.LinkIndex, Tunnel: a.Label == "tun"}
		if a.Peer != nil && !a.Peer.IP.Equal(a.IP) {
			peer, _ := netip.AddrFromSlice(a.Peer.IP)
			x.Peer = peer.Unmap()
			x.Prefix, _ = a.Peer.Mask.Size()
		}
		if a.Flags&unix.IFA_F_SECONDARY != 0 && ip.Unmap().Is4() {
			x.Flags = "secondary"
		}
		if a.Flags&unix.IFA_F_DEPRECATED != 0 {
			x.Flags = "deprecated"
		}
		out = append(out, x)
	}
	return out, err
}

// kernelSource is the address that the kernel picks for a destination, from the thread's namespace.
func kernelSource(dst netip.Addr) netip.Addr {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(dst, 9)))
	if err != nil {
		return netip.Addr{}
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// serve answers at 127.0.0.11 of the thread's namespace. The first label of a name is an order: 201 is the third answer, the first, the second.
func serve(answers []string) (stop func(), err error) {
	conn, err := net.ListenPacket("udp4", "127.0.0.11:53")
	if err != nil {
		return nil, err
	}
	s := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		m.RecursionAvailable = true
		order, _, _ := strings.Cut(q.Question[0].Name, ".")
		for _, digit := range order[1:] {
			ip := net.ParseIP(answers[digit-'0'])
			h := dns.RR_Header{Name: q.Question[0].Name, Rrtype: q.Question[0].Qtype, Class: dns.ClassINET, Ttl: 600}
			switch {
			case ip.To4() != nil && h.Rrtype == dns.TypeA:
				m.Answer = append(m.Answer, &dns.A{Hdr: h, A: ip})
			case ip.To4() == nil && h.Rrtype == dns.TypeAAAA:
				m.Answer = append(m.Answer, &dns.AAAA{Hdr: h, AAAA: ip})
			}
		}
		_ = w.WriteMsg(m)
	})}
	up := make(chan struct{})
	s.NotifyStartedFunc = func() { close(up) }
	go func() { _ = s.ActivateAndServe() }()
	select {
	case <-up:
	case <-time.After(10 * time.Second):
		return nil, fmt.Errorf("the test's own name server did not start")
	}
	return func() { _ = s.Shutdown() }, nil
}

// ask runs the program once for all orders of the answers, and says how often each came first.
func (s *subject) ask(answers []Answer) ([]float64, error) {
	var names []string
	permute(len(answers), func(order []int) {
		var b strings.Builder
		for _, i := range order {
			fmt.Fprint(&b, i)
		}
		names = append(names, "p"+b.String()+".rr.test")
	})
	cmd := exec.Command(s.path, names...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", s.env}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %v: %s%s", s.name, err, out, &stderr)
	}
	first := strings.Fields(string(out))
	if len(first) != len(names) {
		return nil, fmt.Errorf("%s: %d answers to %d questions", s.name, len(first), len(names))
	}
	seen := make([]float64, len(answers))
	for _, ip := range first {
		i := slices.IndexFunc(answers, func(a Answer) bool { return a.IP.String() == ip })
		if i < 0 {
			return nil, fmt.Errorf("%s: answered %s", s.name, ip)
		}
		seen[i] += 1 / float64(len(names))
	}
	return seen, nil
}

// permute calls f with every order of n.
func permute(n int, f func([]int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var rec func(k int)
	rec = func(k int) {
		if k == n {
			f(order)
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			rec(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	rec(0)
}

const inC = `
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
int main(int argc, char **argv) {
	for (int i = 1; i < argc; i++) {
		struct addrinfo hints = {0}, *r;
		char text[64];
		int err;
		hints.ai_socktype = getenv("ANY") ? 0 : SOCK_STREAM;
		hints.ai_family = getenv("FOUR") ? AF_INET : AF_UNSPEC;
		if ((err = getaddrinfo(argv[i], "80", &hints, &r))) { fprintf(stderr, "%s: %s\n", argv[i], gai_strerror(err)); return 1; }
		if (getnameinfo(r->ai_addr, r->ai_addrlen, text, sizeof text, 0, 0, NI_NUMERICHOST)) return 2;
		puts(text);
		freeaddrinfo(r);
	}
}
`

const inGo = `package main

import (
	"context"
	"fmt"
	"net"
	"os"
)

func main() {
	for _, name := range os.Args[1:] {
		list, err := net.DefaultResolver.LookupIPAddr(context.Background(), name)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(list[0].IP)
	}
}
`

// build makes the programs that this machine can make.
func build(t *testing.T) (list []subject) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	c, g := write("main.c", inC), write("main.go", inGo)
	compile := func(name string, env []string, command ...string) string {
		path := filepath.Join(dir, name)
		cmd := exec.Command(command[0], append(command[1:], "-o", path)...)
		cmd.Env = append(os.Environ(), env...)
		if command[0] == "go" { // build -o out main.go
			cmd.Args = append(cmd.Args, g)
		} else {
			cmd.Args = append(cmd.Args, c)
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Logf("without %s: %v %s", name, err, out)
			return ""
		}
		return path
	}
	glibc, _ := exec.Command("getconf", "GNU_LIBC_VERSION").Output()
	glibcVersion := strings.TrimPrefix(strings.TrimSpace(string(glibc)), "glibc ")
	muslVersion := ""
	if linkers, _ := filepath.Glob("/lib/ld-musl-*.so.1"); len(linkers) > 0 {
		text, _ := exec.Command(linkers[0]).CombinedOutput() // says its version, and fails
		_, rest, _ := strings.Cut(string(text), "Version ")
		muslVersion, _, _ = strings.Cut(rest, "\n")
	}
	put := func(s subject) {
		if s.path != "" {
			t.Logf("%s: version %s", s.name, s.version)
			list = append(list, s)
		}
	}
	dynamic := compile("glibc", nil, "gcc")
	put(subject{"glibc", dynamic, "", Glibc, glibcVersion})
	put(subject{"glibc, any type", dynamic, "ANY=1", Glibc, glibcVersion})
	put(subject{"glibc, AF_INET", dynamic, "FOUR=1", Glibc, glibcVersion})
	put(subject{"glibc, static", compile("static", nil, "gcc", "-static", "-w"), "", Glibc, glibcVersion})
	put(subject{"musl", compile("musl", nil, "musl-gcc"), "", Musl, muslVersion})
	put(subject{"Go", compile("go", []string{"CGO_ENABLED=0"}, "go", "build"), "", Go, runtime.Version()})
	cgo := compile("cgo", []string{"CGO_ENABLED=1"}, "go", "build")
	put(subject{"Go, cgo", cgo, "GODEBUG=netdns=cgo", Glibc, glibcVersion})
	return list
}

// machine is uname's.
func machine() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Machine[:])
}
