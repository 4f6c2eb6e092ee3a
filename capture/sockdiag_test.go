package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// diagAnswer builds an answer of sock_diag.
func diagAnswer(h sockHead, attributes []byte) []byte {
	b := make([]byte, inetDiagMsgSize)
	b[0] = 2
	if h.v6 {
		b[0] = afInet6
	}
	b[1], b[2], b[3] = h.state, h.timer, h.retrans
	binary.BigEndian.PutUint16(b[4:], h.local.Port())
	binary.BigEndian.PutUint16(b[6:], h.peer.Port())
	put := func(at int, a netip.Addr) {
		if h.v6 {
			six := a.As16()
			copy(b[at:], six[:])
			return
		}
		copy(b[at:], a.AsSlice())
	}
	put(8, h.local.Addr())
	put(24, h.peer.Addr())
	for at, v := range map[int]uint32{40: h.ifindex, 52: h.expires, 56: h.rq, 60: h.wq, 64: h.uid, 68: h.inode} {
		binary.NativeEndian.PutUint32(b[at:], v)
	}
	return append(b, attributes...)
}

// tcpInfoOf is struct tcp_info with each 32-bit word holding its own offset, so that a wrong offset shows.
func tcpInfoOf(size int) []byte {
	b := make([]byte, size)
	copy(b, []byte{1, 3, 5, 0, 2, 0x05, 0, 0})
	for at := 8; at+4 <= size; at += 4 {
		binary.NativeEndian.PutUint32(b[at:], uint32(at))
	}
	return b
}

// attributes from pairs of a type and a value.
func attributesOf(pairs ...any) []byte {
	var b []byte
	for i := 0; i < len(pairs); i += 2 {
		v := pairs[i+1].([]byte)
		b = binary.NativeEndian.AppendUint16(b, uint16(4+len(v)))
		b = binary.NativeEndian.AppendUint16(b, uint16(pairs[i].(int)))
		b = append(b, v...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	return b
}

func words32(vs ...uint32) (b []byte) {
	for _, v := range vs {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	return b
}

func words64(vs ...uint64) (b []byte) {
	for _, v := range vs {
		b = binary.NativeEndian.AppendUint64(b, v)
	}
	return b
}

func at(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func TestDecodeDiag(t *testing.T) {
	wide := func(at int64) *int64 { v := at | (at+4)<<32; return &v } // two words that hold their own offsets
	for _, c := range []struct {
		name string
		in   []byte
		want schema.Socket
	}{
		{"a listening socket of IPv6: of its tcp_info nothing is meant", diagAnswer(sockHead{v6: true, state: sockListen, local: at("[::]:8080"), peer: at("[::]:0"), rq: 129, wq: 128, inode: 42, uid: 0},
			attributesOf(inetDiagInfo, tcpInfoOf(232), inetDiagSKV6Only, []byte{0}, inetDiagCong, []byte("cubic\x00"), inetDiagSKMeminfo, words32(0, 131072, 0, 16384, 0, 0, 0, 0, 17), inetDiagCgroupID, words64(1))),
			schema.Socket{Proto: "tcp", Family: "ipv6", Local: netip.IPv6Unspecified(), LocalPort: 8080, State: "listening", Inode: 42, UID: new(int64), CgroupID: new(int64(1)), V6Only: new(false),
				Congestion: "cubic", RecvQ: new(int64(129)), SendQ: new(int64(128)), Drops: new(int64(17)), RmemBytes: new(int64), RcvbufBytes: new(int64(131072)), SndbufBytes: new(int64(16384)), WmemBytes: new(int64)}},
		{"a connection of IPv4 on a socket of IPv6, retransmitting", diagAnswer(sockHead{v6: true, state: sockEstablished, timer: 1, retrans: 5, expires: 900, local: at("[::ffff:10.0.1.3]:80"), peer: at("[::ffff:10.0.1.4]:40000"), wq: 10, inode: 7, uid: 1000, ifindex: 3},
			attributesOf(inetDiagInfo, tcpInfoOf(232), inetDiagMark, words32(0x103), inetDiagShutdown, []byte{2}, inetDiagSockopt, []byte{0x26, 0x01, 0, 0}, 31, []byte{1, 2, 3}, inetDiagMD5Sig, []byte("secret"))),
			schema.Socket{Proto: "tcp", Family: "ipv6", Local: netip.MustParseAddr("10.0.1.3"), LocalPort: 80, Peer: netip.MustParseAddr("10.0.1.4"), PeerPort: 40000, State: "established", Inode: 7, UID: new(int64(1000)),
				Ifindex: 3, Mark: new(int64(0x103)), Options: "freebind,transparent,bind_address_no_port", RecvQ: new(int64), SendQ: new(int64(10)), Timer: "on", ExpiresMs: new(int64(900)),
				Retransmits: new(int64(5)), Probes: new(int64), TotalRetrans: new(int64(100)), Unacked: new(int64(24)), Lost: new(int64(32)), RttUs: new(int64(68)), SndCwnd: new(int64(80)), BytesSent: wide(200),
				BytesAcked: wide(120), BytesReceived: wide(128), BytesRetrans: wide(208), SegsOut: new(int64(136)), SegsIn: new(int64(140)), LastDataSentMs: new(int64(44)), LastDataRecvMs: new(int64(52)),
				CAState: "recovery", RtoMs: new(int64), Backoff: new(int64(2)), RttvarUs: new(int64(72)), MinRttUs: new(int64(148)), Sacked: new(int64(28)), RetransOut: new(int64(36)), SndSsthresh: new(int64(76)),
				SndWnd: new(int64(228)), NotsentBytes: new(int64(144)), SndMSS: new(int64(16)), PMTU: new(int64(60)), LastAckRecvMs: new(int64(56)), DeliveryRate: wide(160), Delivered: new(int64(192)),
				BusyUs: wide(168), RwndLimitedUs: wide(176), SndbufLimitedUs: wide(184), ReordSeen: new(int64(220)), RcvOoopack: new(int64(224)), TCPOptions: "ts,wscale", Shutdown: "send", Extra: "31:3 18:6"}},
		{"a request that waits for its last acknowledgement", diagAnswer(sockHead{state: 12, timer: 1, retrans: 2, expires: 1000, local: at("10.0.1.3:80"), peer: at("10.0.1.4:5"), ifindex: 0}, nil),
			schema.Socket{Proto: "tcp", Family: "ipv4", Local: netip.MustParseAddr("10.0.1.3"), LocalPort: 80, Peer: netip.MustParseAddr("10.0.1.4"), PeerPort: 5, State: "syn-recv", RecvQ: new(int64), SendQ: new(int64),
				Timer: "on", ExpiresMs: new(int64(1000)), Retransmits: new(int64(2))}},
		{"what an old kernel does not send is absent", diagAnswer(sockHead{state: sockEstablished, local: at("10.0.1.3:80"), peer: at("10.0.1.4:5"), timer: 2, expires: 7_200_000, inode: 1}, attributesOf(inetDiagInfo, tcpInfoOf(104)[:104], inetDiagSKMeminfo, words32(1, 2))),
			schema.Socket{Proto: "tcp", Family: "ipv4", Local: netip.MustParseAddr("10.0.1.3"), LocalPort: 80, Peer: netip.MustParseAddr("10.0.1.4"), PeerPort: 5, State: "established", Inode: 1, UID: new(int64), RecvQ: new(int64), SendQ: new(int64),
				Timer: "keepalive", ExpiresMs: new(int64(7_200_000)), Retransmits: new(int64(5)), Probes: new(int64), TotalRetrans: new(int64(100)), Unacked: new(int64(24)), Lost: new(int64(32)), RttUs: new(int64(68)), SndCwnd: new(int64(80)),
				LastDataSentMs: new(int64(44)), LastDataRecvMs: new(int64(52)), CAState: "recovery", RtoMs: new(int64), Backoff: new(int64(2)), RttvarUs: new(int64(72)), Sacked: new(int64(28)), RetransOut: new(int64(36)),
				SndSsthresh: new(int64(76)), SndMSS: new(int64(16)), PMTU: new(int64(60)), LastAckRecvMs: new(int64(56)), TCPOptions: "ts,wscale", RmemBytes: new(int64(1)), RcvbufBytes: new(int64(2))}},
	} {
		var row sockRow
		if err := row.decodeDiag(protoTCP, c.in); err != nil || !reflect.DeepEqual(row.Socket, c.want) {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, socketJSON(t, row.Socket), socketJSON(t, c.want))
		}
	}
	var row sockRow
	if err := row.decodeDiag(protoTCP, make([]byte, 71)); err == nil {
		t.Error("a short answer is no error")
	}
	row.reset()
	if err := row.decodeDiag(protoUDP, diagAnswer(sockHead{state: sockClosed, local: at("127.0.0.11:40000"), peer: at("0.0.0.0:0"), rq: 9}, nil)); err != nil || row.State != "unconnected" || row.Peer.IsValid() || row.Timer != "" {
		t.Errorf("a UDP socket: %+v, %v", row.Socket, err)
	}
}

func socketJSON(t *testing.T, row schema.Socket) string {
	t.Helper()
	r, v, err := newRecords().of(&row)
	if err != nil {
		t.Fatal(err)
	}
	return string(r.appendJSON(nil, v))
}

// Keys are gone from the buffer before anything is copied from it.
func TestWipeKeys(t *testing.T) {
	b := attributesOf(inetDiagMark, words32(9), inetDiagMD5Sig, []byte("secret key"), 40, []byte("unknown"), inetDiagCong, []byte("cubic"))
	wipeKeys(b)
	if bytes.Contains(b, []byte("secret")) || bytes.Contains(b, []byte("unknown")) || !bytes.Contains(b, []byte("cubic")) {
		t.Errorf("%q", b)
	}
}

func TestDecodeSocketText(t *testing.T) {
	one := func(v int64) *int64 { return &v }
	for _, c := range []struct {
		name, line string
		proto      sockProto
		v6         bool
		want       schema.Socket
	}{
		{"a full accept queue; the backlog is not told", "   0: 0B00007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 1234 1 0000000000000000 100 0 0 10 0", protoTCP, false,
			schema.Socket{Proto: "tcp", Family: "ipv4", Local: netip.MustParseAddr("127.0.0.11"), LocalPort: 8080, State: "listening", Inode: 1234, UID: one(0), RecvQ: one(3)}},
		{"the number of the line grows", "10000: 0100007F:0050 0200000A:9C40 01 0000000A:00000005 01:0000000C 00000003  1000        0 99 2 0000000000000000 40 4 29 7 5", protoTCP, false,
			schema.Socket{Proto: "tcp", Family: "ipv4", Local: netip.MustParseAddr("127.0.0.1"), LocalPort: 80, Peer: netip.MustParseAddr("10.0.0.2"), PeerPort: 40000, State: "established", Inode: 99, UID: one(1000),
				RecvQ: one(5), SendQ: one(10), Timer: "on", ExpiresMs: one(120), Retransmits: one(3), Probes: one(0), RtoMs: one(400), SndCwnd: one(7), SndSsthresh: one(5)}},
		{"keepalive, IPv4 on IPv6", "  12: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000200000A:9C40 01 00000000:00000000 02:000AFC7F 00000000     0        1 5 2 0000000000000000 20 4 1 10 -1", protoTCP, true,
			schema.Socket{Proto: "tcp", Family: "ipv6", Local: netip.MustParseAddr("127.0.0.1"), LocalPort: 80, Peer: netip.MustParseAddr("10.0.0.2"), PeerPort: 40000, State: "established", Inode: 5, UID: one(0),
				RecvQ: one(0), SendQ: one(0), Timer: "keepalive", ExpiresMs: one(7199990), Retransmits: one(0), Probes: one(1), RtoMs: one(200), SndCwnd: one(10)}},
		{"a request has fewer columns", "   3: 0100007F:0050 0200000A:9C40 03 00000000:00000000 01:00000064 00000002     0        0 0 0 0000000000000000", protoTCP, false,
			schema.Socket{Proto: "tcp", Family: "ipv4", Local: netip.MustParseAddr("127.0.0.1"), LocalPort: 80, Peer: netip.MustParseAddr("10.0.0.2"), PeerPort: 40000, State: "syn-recv", RecvQ: one(0), SendQ: one(0),
				Timer: "on", ExpiresMs: one(1000), Retransmits: one(2)}},
		{"UDP with drops", " 1234: 0B00007F:8EF1 00000000:0000 07 00000000:00000500 00:00000000 00000000     0        0 777 2 0000000000000000 41", protoUDP, false,
			schema.Socket{Proto: "udp", Family: "ipv4", Local: netip.MustParseAddr("127.0.0.11"), LocalPort: 36593, State: "unconnected", Inode: 777, UID: one(0), RecvQ: one(1280), SendQ: one(0), Drops: one(41)}},
	} {
		var row sockRow
		if err := row.decodeText(c.proto, c.v6, []byte(c.line)); err != nil || !reflect.DeepEqual(row.Socket, c.want) {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, socketJSON(t, row.Socket), socketJSON(t, c.want))
		}
	}
	for _, line := range []string{"0: 0100007F:0050 0200000A:9C40 01", "0: zz00007F:0050 0200000A:9C40 01 0:0 0:0 0 0 0 0", "0: 0100007F:0050 0200000A:9C40 01 0 0:0 0 0 0 0"} {
		if err := new(sockRow).decodeText(protoTCP, false, []byte(line)); err == nil {
			t.Errorf("no error: %s", line)
		}
	}
	if _, ok, err := new(sockText).head(protoTCP, false, []byte("  sl  local_address rem_address   st")); ok || err != nil {
		t.Errorf("the headings: %v, %v", ok, err)
	}
}

func TestSockstatValue(t *testing.T) {
	text := []byte("sockets: used 16\nTCP: inuse 1 orphan 0 tw 7 alloc 21 mem 217\nTCP6: inuse 4\n")
	for _, c := range []struct {
		line, key string
		want      int64
	}{{"TCP", "inuse", 1}, {"TCP", "tw", 7}, {"TCP6", "inuse", 4}, {"TCP", "no", -1}, {"UDP", "inuse", -1}} {
		if got := sockstatValue(text, c.line, c.key); got != c.want {
			t.Errorf("%s %s is %d, want %d", c.line, c.key, got, c.want)
		}
	}
}

// offerMany offers quiet connections, and others with their share.
func offerMany(p *sockPick, total int, other func(i int, h *sockHead)) {
	for i := range total {
		h := sockHead{state: sockEstablished, local: at("10.0.0.1:80"), peer: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 9), inode: uint32(i + 1)}
		other(i, &h)
		p.offer(&h, sockKind{}, fmt.Appendf(nil, "%s %d", h.stateName(), i))
	}
}

func kept(p *sockPick) map[string]int {
	counts := map[string]int{}
	for _, s := range p.done() {
		state, _, _ := strings.Cut(string(s.raw), " ")
		counts[state]++
	}
	return counts
}

// When there are too many all listening ones stay, most of the telling ones, and some of the quiet ones.
func TestSockPick(t *testing.T) {
	yes := func() bool { return true }
	mixed := func(i int, h *sockHead) {
		switch {
		case i%100 == 0:
			h.state = sockListen
		case i%10 == 1:
			h.state = sockCloseWait
		}
	}
	p := &sockPick{limit: 1000, take: yes, seed: maphash.MakeSeed()}
	offerMany(p, 50_000, mixed)
	got := kept(p)
	if got["listening"] != 500 || got["close-wait"] < 400 || got["established"] < 5 || len(p.found) != 1000 || p.seen != 50_000 {
		t.Errorf("kept %v", got)
	}
	for i := 1; i < len(p.found); i++ {
		if p.found[i-1].seq >= p.found[i].seq {
			t.Fatal("not in the order in which they came")
		}
	}

	// The last read keeps the same ones, whatever else has become telling meanwhile.
	last := &sockPick{limit: 1100, take: yes, seed: p.seed, kept: map[uint64]struct{}{}}
	for _, s := range p.found {
		last.kept[s.id] = struct{}{}
	}
	offerMany(last, 50_000, func(i int, h *sockHead) {
		if mixed(i, h); h.state != sockListen {
			h.state = sockSynSent
		}
	})
	again := 0
	for _, s := range last.done() {
		if _, ok := last.kept[s.id]; ok {
			again++
		}
	}
	if again != 1000 || len(last.found) != 1100 {
		t.Errorf("%d of 1000 were kept again, of %d", again, len(last.found))
	}

	// When the host has enough a namespace still keeps a few.
	little := &sockPick{limit: 1000, take: func() bool { return false }, seed: p.seed}
	offerMany(little, 5_000, mixed)
	if got := kept(little); got["listening"] != 50 || len(little.found) != leastSockets {
		t.Errorf("kept %v", got)
	}
	few := &sockPick{limit: 1000, take: yes, seed: p.seed}
	offerMany(few, 200, mixed)
	if len(few.done()) != 200 {
		t.Errorf("%d of 200 were kept", len(few.found))
	}
}

func TestSockTally(t *testing.T) {
	var tally sockTally
	tally.add(&sockHead{v6: true, state: sockListen, local: at("[::]:80")})
	for i := range 30 {
		tally.add(&sockHead{state: sockTimeWait, local: netip.AddrPortFrom(netip.MustParseAddr("10.0.1.9"), uint16(32768+i)), peer: at("10.0.1.2:5432")})
		tally.add(&sockHead{v6: true, state: sockEstablished, local: at("10.0.1.9:80"), peer: netip.AddrPortFrom(netip.MustParseAddr("10.0.1.7"), uint16(40000+i))})
	}
	for i := range 4 {
		tally.add(&sockHead{state: sockEstablished, local: at("10.0.1.9:1"), peer: netip.AddrPortFrom(netip.MustParseAddr("10.0.1.3"), uint16(i))})
	}
	groups, left := tally.largest()
	want := []sockGroup{
		{state: sockEstablished, local: netip.MustParseAddr("10.0.1.9"), peer: netip.MustParseAddr("10.0.1.7"), port: 80, in: true},
		{state: sockTimeWait, local: netip.MustParseAddr("10.0.1.9"), peer: netip.MustParseAddr("10.0.1.2"), port: 5432},
	}
	if left != 0 || !reflect.DeepEqual(groups, want) || tally.groups[want[1]] != 30 {
		t.Errorf("groups %+v, %d left, %v", groups, left, tally.groups)
	}
	if tally.counts[protoTCP][0][sockTimeWait] != 30 || tally.counts[protoTCP][1][sockListen] != 1 {
		t.Errorf("counts %v", tally.counts)
	}
	for i := range mostGroups + 10 {
		tally.add(&sockHead{state: sockEstablished, local: at("10.0.1.9:1"), peer: netip.AddrPortFrom(netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}), 1)})
	}
	if len(tally.groups) != mostGroups || tally.ungrouped == 0 {
		t.Errorf("%d groups, %d ungrouped", len(tally.groups), tally.ungrouped)
	}
}

// FuzzSocket feeds what no kernel sends to both readers. They must not panic, and must not say more than they were given.
func FuzzSocket(f *testing.F) {
	f.Add(diagAnswer(sockHead{state: 1, local: at("10.0.1.3:80"), peer: at("10.0.1.4:5")}, attributesOf(inetDiagInfo, tcpInfoOf(232), inetDiagSKMeminfo, words32(1, 2, 3, 4, 5, 6, 7, 8, 9), 99, []byte{1})))
	f.Add([]byte("  12: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000200000A:9C40 01 00000000:00000000 02:000AFC7F 00000000     0        1 5 2 0000000000000000 20 4 1 10 -1"))
	f.Add([]byte("10000: 0100007F:0050 0200000A:9C40 01 0000000A:00000005 01:0000000C 00000003  1000        0 99 2 0000000000000000 40 4 29 7 5"))
	f.Add([]byte("TCP: inuse 1 orphan 0 tw 7 alloc 21 mem 217\n"))
	f.Add(bytes.Repeat(attributesOf(inetDiagInfo, make([]byte, 60), inetDiagSKMeminfo, []byte{1}), 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		var row sockRow
		for p := range sockProtos {
			_ = row.decodeDiag(p, append(make([]byte, inetDiagMsgSize), b...))
			row.reset()
			_ = row.decodeDiag(p, b)
			if len(row.Extra)+len(row.Options)+len(row.Congestion) > 10*len(b)+100 {
				t.Errorf("%d bytes became %d", len(b), len(row.Extra))
			}
			for _, v6 := range []bool{false, true} {
				row.reset()
				_ = row.decodeText(p, v6, b)
			}
			row.reset()
		}
		wipeKeys(b)
		sockstatValue(b, "TCP", "inuse")
	})
}
