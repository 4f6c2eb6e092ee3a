package capture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// socketScene is a namespace with one socket of each kind that matters.
type socketScene struct {
	*heldNetns
	fds                        []int
	full, unread, quiet, close uint16 // ports of listeners: accept queue full; connections unread, quiet, closed by the peer
	six, udp                   uint16
}

// socketOf makes a socket in the namespace of the caller.
func (sc *socketScene) socketOf(family, typ int) (int, error) {
	fd, err := unix.Socket(family, typ|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		sc.fds = append(sc.fds, fd)
	}
	return fd, err
}

// listen listens on a port that the kernel chooses.
func (sc *socketScene) listen(at unix.Sockaddr, family, backlog int) (fd int, port uint16, err error) {
	if fd, err = sc.socketOf(family, unix.SOCK_STREAM); err != nil {
		return 0, 0, err
	}
	if err = errors.Join(unix.Bind(fd, at), unix.Listen(fd, backlog)); err != nil {
		return 0, 0, err
	}
	sa, err := unix.Getsockname(fd)
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		port = uint16(a.Port)
	case *unix.SockaddrInet6:
		port = uint16(a.Port)
	}
	return fd, port, err
}

// connect connects a new socket, without waiting for it if it does not answer.
func (sc *socketScene) connect(to unix.Sockaddr, family, flags int) (int, error) {
	fd, err := sc.socketOf(family, unix.SOCK_STREAM|flags)
	if err == nil {
		if err = unix.Connect(fd, to); err == unix.EINPROGRESS && flags != 0 {
			err = nil
		}
	}
	return fd, err
}

var loopback4 = [4]byte{127, 0, 0, 1}

func to4(port uint16) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Addr: loopback4, Port: int(port)}
}

// pair is both ends of a connection to a listener.
func (sc *socketScene) pair(listener int, to unix.Sockaddr, family int) (client, server int, err error) {
	if client, err = sc.connect(to, family, 0); err != nil {
		return 0, 0, err
	}
	server, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC)
	sc.fds = append(sc.fds, server)
	return client, server, err
}

func (sc *socketScene) build() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "hole"}, PeerName: "other"}
	hole, _ := netlink.ParseAddr("192.0.2.1/24")
	if err := errors.Join(netlink.LinkSetUp(lo), netlink.LinkAdd(veth)); err != nil {
		return err
	}
	other, err := netlink.LinkByName("other")
	if err != nil {
		return err
	}
	if err := errors.Join(netlink.AddrAdd(veth, hole), netlink.LinkSetUp(veth), netlink.LinkSetUp(other)); err != nil {
		return err
	}
	// Frames to this one leave and nobody answers.
	if err := neigh(netlink.NeighSet, &netlink.Neigh{LinkIndex: veth.Index, IP: net.IPv4(192, 0, 2, 9), HardwareAddr: taskMAC(9), State: netlink.NUD_PERMANENT}); err != nil {
		return err
	}
	any4 := &unix.SockaddrInet4{Addr: loopback4}
	// A backlog of one lets two wait.
	if _, sc.full, err = sc.listen(any4, unix.AF_INET, 1); err != nil {
		return err
	}
	for range 2 {
		if _, err := sc.connect(to4(sc.full), unix.AF_INET, 0); err != nil {
			return err
		}
	}
	var l int
	if l, sc.unread, err = sc.listen(any4, unix.AF_INET, 16); err != nil {
		return err
	}
	client, _, err := sc.pair(l, to4(sc.unread), unix.AF_INET)
	if err != nil {
		return err
	}
	if _, err := unix.Write(client, make([]byte, 1234)); err != nil {
		return err
	}
	if l, sc.quiet, err = sc.listen(any4, unix.AF_INET, 16); err != nil {
		return err
	}
	if client, _, err = sc.pair(l, to4(sc.quiet), unix.AF_INET); err != nil {
		return err
	}
	if err := errors.Join(unix.SetsockoptInt(client, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1), unix.SetsockoptInt(client, unix.SOL_SOCKET, unix.SO_MARK, 7)); err != nil {
		return err
	}
	if l, sc.close, err = sc.listen(any4, unix.AF_INET, 16); err != nil {
		return err
	}
	if client, _, err = sc.pair(l, to4(sc.close), unix.AF_INET); err != nil {
		return err
	}
	if err := unix.Shutdown(client, unix.SHUT_WR); err != nil {
		return err
	}
	if err := awaitState(client, unix.BPF_TCP_FIN_WAIT2); err != nil {
		return err
	}
	// A socket of IPv6 that serves IPv4, as dockerd's do.
	if l, sc.six, err = sc.listen(&unix.SockaddrInet6{}, unix.AF_INET6, 16); err != nil {
		return err
	}
	if _, _, err := sc.pair(l, to4(sc.six), unix.AF_INET); err != nil {
		return err
	}
	if _, err := sc.connect(&unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 9}, Port: 81}, unix.AF_INET, unix.SOCK_NONBLOCK); err != nil {
		return err
	}
	return sc.datagrams()
}

// awaitState waits until a connection is in this state of include/net/tcp_states.h: the peer acknowledges a FIN when it likes to.
func awaitState(fd int, state uint8) error {
	for range 400 {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil || info.State == state {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("the connection is not in state %d after two seconds", state)
}

// datagrams makes a UDP socket, bound as Docker's resolver is, whose buffer takes one datagram and drops others, and a raw one.
func (sc *socketScene) datagrams() error {
	fd, err := sc.socketOf(unix.AF_INET, unix.SOCK_DGRAM)
	if err != nil {
		return err
	}
	if err := errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 2304), unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 11}})); err != nil {
		return err
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return err
	}
	sc.udp = uint16(sa.(*unix.SockaddrInet4).Port)
	from, err := sc.socketOf(unix.AF_INET, unix.SOCK_DGRAM)
	if err != nil {
		return err
	}
	for range 9 {
		if err := unix.Sendto(from, make([]byte, 1000), 0, sa); err != nil {
			return err
		}
	}
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	sc.fds = append(sc.fds, fd)
	return err
}

// newSocketScene builds it. The test skips without root.
func newSocketScene(t *testing.T) *socketScene {
	t.Helper()
	sc := &socketScene{heldNetns: holdNetns(t)}
	t.Cleanup(func() {
		for _, fd := range sc.fds {
			unix.Close(fd)
		}
	})
	sc.must(sc.build)
	return sc
}

// find returns the one socket of a state with these ports; 0 is any.
func find(t *testing.T, rows []schema.Socket, proto, state string, local, peer uint16) schema.Socket {
	t.Helper()
	var got []schema.Socket
	for _, r := range rows {
		if r.Proto == proto && r.State == state && (local == 0 || r.LocalPort == int64(local)) && (peer == 0 || r.PeerPort == int64(peer)) {
			got = append(got, r)
		}
	}
	if len(got) != 1 {
		t.Fatalf("%d sockets %s %s %d -> %d in %+v", len(got), proto, state, local, peer, rows)
	}
	return got[0]
}

// val is the number, or -1.
func val(p *int64) int64 {
	if p == nil {
		return -1
	}
	return *p
}

// Every kind of socket is there with what says why it matters, by sock_diag and by /proc/net.
func TestIntegrationSocket(t *testing.T) {
	sc := newSocketScene(t)
	ss, _ := exec.LookPath("ss")
	for _, from := range []string{"sock_diag", "proc"} {
		t.Run(from, func(t *testing.T) {
			c := *socketCollector
			c.InNetns = sourced(from == "sock_diag")
			_, entries := captureAll(t, t.Context(), kernelOnly(), []*Collector{&c})
			rows := rowsIn[schema.Socket](t, entries, "socket", sc.id)
			diag := from == "sock_diag"

			full := find(t, rows, "tcp", "listening", sc.full, 0)
			if val(full.RecvQ) != 2 || diag && val(full.SendQ) != 1 || !diag && full.SendQ != nil {
				t.Errorf("a full accept queue: %+v", full)
			}
			unread := find(t, rows, "tcp", "established", sc.unread, 0)
			if val(unread.RecvQ) != 1234 || unread.Inode == 0 || unread.UID == nil || diag && val(unread.BytesReceived) != 1234 {
				t.Errorf("unread bytes: %+v", unread)
			}
			quiet := find(t, rows, "tcp", "established", 0, sc.quiet)
			if quiet.Timer != "keepalive" || val(quiet.ExpiresMs) < 6_000_000 || diag && (val(quiet.Mark) != 7 || quiet.RttUs == nil || val(quiet.PMTU) < 1000) {
				t.Errorf("a connection with keepalive: %+v", quiet)
			}
			if q := find(t, rows, "tcp", "established", sc.quiet, 0); q.Timer != "" || q.ExpiresMs != nil {
				t.Errorf("a connection without keepalive: %+v", q)
			}
			if s := find(t, rows, "tcp", "close-wait", sc.close, 0); diag && s.Shutdown != "recv" {
				t.Errorf("closed by the peer: %+v", s)
			}
			find(t, rows, "tcp", "fin-wait-2", 0, sc.close)
			syn := find(t, rows, "tcp", "syn-sent", 0, 81)
			if syn.Timer != "on" || syn.Peer != netip.MustParseAddr("192.0.2.9") || val(syn.Retransmits) < 0 {
				t.Errorf("a connection to nobody: %+v", syn)
			}
			if l := find(t, rows, "tcp", "listening", sc.six, 0); l.Family != "ipv6" || l.Local != netip.IPv6Unspecified() || diag && (l.V6Only == nil || *l.V6Only) {
				t.Errorf("a listener of IPv6: %+v", l)
			}
			if l := find(t, rows, "tcp", "established", sc.six, 0); l.Family != "ipv6" || l.Local != netip.MustParseAddr("127.0.0.1") {
				t.Errorf("a connection of IPv4 on a socket of IPv6: %+v", l)
			}
			udp := find(t, rows, "udp", "unconnected", sc.udp, 0)
			if val(udp.Drops) < 1 || val(udp.RecvQ) < 1000 || udp.Peer.IsValid() || diag && val(udp.RcvbufBytes) < 2304 {
				t.Errorf("a UDP socket that drops: %+v", udp)
			}
			if raw := find(t, rows, "raw", "unconnected", unix.IPPROTO_ICMP, 0); raw.Local != netip.IPv4Unspecified() {
				t.Errorf("a raw socket: %+v", raw)
			}
			sameAsSS(t, sc, ss, rows, diag)

			counts := map[string]int64{}
			for _, c := range rowsIn[schema.SocketCount](t, entries, "socket_count", sc.id) {
				counts[c.Proto+" "+c.Family+" "+c.State] = val(c.Sockets)
			}
			if counts["tcp ipv4 listening"] != 4 || counts["tcp ipv6 listening"] != 1 || counts["tcp ipv4 syn-sent"] != 1 || counts["udp ipv4 unconnected"] != 2 {
				t.Errorf("counts: %v", counts)
			}
			out := coverageOf(t, entries, sc.id)["socket"]
			if out.Outcome != schema.OK || diag == strings.Contains(out.Reason, "tcp_diag") {
				t.Errorf("coverage: %+v", out)
			}
		})
	}
}

// sourced reads sockets by sock_diag, or as if the kernel had none.
func sourced(diag bool) func(ctx context.Context, ns *Netns, s *Sink) error {
	sources := slices.Clone(sockSources)
	if !diag {
		for i := range sources {
			sources[i].module = ""
		}
	}
	return func(ctx context.Context, ns *Netns, s *Sink) error { return readSocketsOf(ctx, ns, s, sources) }
}

// sameAsSS compares with ss(8), if it is there.
func sameAsSS(t *testing.T, sc *socketScene, ss string, rows []schema.Socket, diag bool) {
	t.Helper()
	if ss == "" {
		t.Log("ss is not there (Debian package iproute2): nothing to compare with")
		return
	}
	var text []byte
	sc.must(func() (err error) {
		text, err = exec.Command(ss, "-tuanieHO").Output()
		return err
	})
	inode := regexp.MustCompile(`ino:(\d+)`)
	states := map[string]string{"ESTAB": "established", "LISTEN": "listening", "UNCONN": "unconnected"}
	var got, want []string
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		state := cmp.Or(states[f[1]], strings.ToLower(f[1]))
		if !diag && state == "listening" {
			f[3] = "-1"
		}
		number := "0"
		if m := inode.FindStringSubmatch(line); m != nil {
			number = m[1]
		}
		want = append(want, strings.Join([]string{f[0], state, f[2], f[3], ssAddr(f[4]), ssAddr(f[5]), number}, " "))
	}
	for _, r := range rows {
		if r.Proto == "raw" {
			continue
		}
		peer := "*:*"
		if r.PeerPort != 0 {
			peer = netip.AddrPortFrom(r.Peer, uint16(r.PeerPort)).String()
		}
		local := netip.AddrPortFrom(r.Local, uint16(r.LocalPort)).String()
		if r.Local.IsUnspecified() {
			local = "*:" + strconv.Itoa(int(r.LocalPort))
		}
		got = append(got, fmt.Sprintf("%s %s %d %d %s %s %d", r.Proto, r.State, val(r.RecvQ), val(r.SendQ), local, peer, r.Inode))
	}
	sameLines(t, "sockets", got, want)
}

// ssAddr is an address as this test writes it.
func ssAddr(s string) string {
	at := strings.LastIndexByte(s, ':')
	host := strings.Trim(s[:at], "[]")
	a, err := netip.ParseAddr(host)
	if err != nil || a.IsUnspecified() {
		return "*:" + s[at+1:]
	}
	port, _ := strconv.Atoi(s[at+1:])
	return netip.AddrPortFrom(a.Unmap(), uint16(port)).String()
}

// A socket is found with the process that holds it, and one that changed between the two reads is two rows.
func TestIntegrationProcessSocket(t *testing.T) {
	sc := newSocketScene(t)
	o := kernelOnly()
	o.Window = 1
	_, entries := captureAll(t, t.Context(), o, []*Collector{socketCollector, processSocketCollector})
	rows := rowsIn[schema.Socket](t, entries, "socket", sc.id)
	holders := map[int64]schema.ProcessSocket{}
	for _, p := range decodeLines[schema.ProcessSocket](t, entries["rows/process_socket.jsonl"]) {
		holders[p.Inode] = p
	}
	for _, r := range rows {
		if r.Seen != schema.SeenBoth || r.RecvQLast == nil || *r.RecvQLast != *r.RecvQ {
			t.Errorf("not in both reads: %+v", r)
		}
		if r.Inode == 0 {
			continue
		}
		p := holders[r.Inode]
		link, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", p.FD))
		if p.PID != int64(os.Getpid()) || link != fmt.Sprintf("socket:[%d]", r.Inode) || p.Netns != sc.id {
			t.Errorf("socket %d is held by %+v, which is %s", r.Inode, p, link)
		}
	}
	if out := coverageOf(t, entries, "")["process_socket"]; out.Outcome != schema.OK || out.Rows == 0 {
		t.Errorf("coverage: %+v", out)
	}
}

// Where dumps have taken long already, a namespace that only listens is spared the look through all connections, and one
// that has others is not.
func TestIntegrationSocketSpared(t *testing.T) {
	sc, lone := newSocketScene(t), &socketScene{heldNetns: holdNetns(t)}
	lone.must(func() error {
		_, _, err := lone.listen(&unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 11}}, unix.AF_INET, 16)
		return err
	})
	t.Cleanup(func() { unix.Close(lone.fds[0]) })
	c := *socketCollector
	c.InNetns = func(ctx context.Context, ns *Netns, s *Sink) error {
		ns.Host.sockets.spent[0].Store(int64(longDumps) + 1)
		return socketCollector.InNetns(ctx, ns, s)
	}
	_, entries := captureAll(t, t.Context(), kernelOnly(), []*Collector{&c})
	_, whole := captureAll(t, t.Context(), kernelOnly(), []*Collector{socketCollector})
	for _, n := range []*heldNetns{sc.heldNetns, lone.heldNetns} {
		states := func(entries map[string]string) (all []string) {
			for _, r := range rowsIn[schema.Socket](t, entries, "socket", n.id) {
				all = append(all, fmt.Sprintf("%s %s %s %d", r.Proto, r.State, r.Local, r.LocalPort))
			}
			return all
		}
		sameLines(t, "sockets", states(entries), states(whole))
		out := coverageOf(t, entries, n.id)["socket"]
		if spared := n == lone.heldNetns; spared != (out.Outcome == schema.Partial) || spared != strings.Contains(out.Reason, "syn-recv") {
			t.Errorf("spared %v: %+v", spared, out)
		}
	}
}

// Of too many sockets the same ones are kept in both reads, the listening one among them, and coverage says how many there were.
func TestIntegrationSocketCrowd(t *testing.T) {
	n := holdNetns(t)
	const many = 2 * mostSocketsFirst
	var fds []int
	t.Cleanup(func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	})
	n.must(func() (err error) { fds, err = crowd(many); return err })
	o := kernelOnly()
	o.Window = 1
	_, entries := captureAll(t, t.Context(), o, []*Collector{socketCollector})
	rows := rowsIn[schema.Socket](t, entries, "socket", n.id)
	if l := find(t, rows, "tcp", "listening", 80, 0); l.Seen != schema.SeenBoth {
		t.Errorf("the listening socket: %+v", l)
	}
	both := 0
	for _, r := range rows {
		if r.Seen == schema.SeenBoth {
			both++
		}
	}
	if both != mostSocketsFirst || len(rows) != mostSockets {
		t.Errorf("%d rows, %d of them in both reads, want %d and %d", len(rows), both, mostSockets, mostSocketsFirst)
	}
	out := coverageOf(t, entries, n.id)["socket"]
	if want := fmt.Sprintf("%d of %d sockets kept in the first read", mostSocketsFirst, many+1); out.Outcome != schema.Truncated || !strings.Contains(out.Reason, want) {
		t.Errorf("coverage %+v, want %q", out, want)
	}
	var established int64
	for _, c := range rowsIn[schema.SocketCount](t, entries, "socket_count", n.id) {
		if c.State == "established" {
			established += val(c.SocketsLast)
		}
	}
	groups := rowsIn[schema.SocketGroup](t, entries, "socket_group", n.id)
	if established != many || len(groups) != 2 || val(groups[0].Sockets) != many/2 {
		t.Errorf("%d established, groups %+v", established, groups)
	}
}
