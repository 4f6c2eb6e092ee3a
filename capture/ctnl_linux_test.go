package capture

import (
	"encoding/binary"
	"reflect"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

func b16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
func b32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func b64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// ctMessage is struct nfgenmsg and attributes.
func ctMessage(family byte, pairs ...any) []byte {
	return append([]byte{family, 0, 0, 0}, tlv(pairs...)...)
}

// ctTupleOf builds CTA_TUPLE_*. Nests carry NLA_F_NESTED, as the kernel sets it.
func ctTupleOf(src, dst string, proto byte, more ...any) []byte {
	s, d := ip(src), ip(dst)
	first := 1
	if s.Is6() {
		first = 3
	}
	return tlv(0x8001, tlv(first, s.AsSlice(), first+1, d.AsSlice()), 0x8002, tlv(append([]any{1, []byte{proto}}, more...)...))
}

// ctMessages are answers to IPCTNL_MSG_CT_GET, and what they say.
func ctMessages() []struct {
	name string
	in   []byte
	want schema.ConntrackEntry
} {
	return []struct {
		name string
		in   []byte
		want schema.ConntrackEntry
	}{
		{"a published port, counted", ctMessage(2,
			0x8001, ctTupleOf("192.0.2.1", "192.0.2.2", 6, 2, b16(40000), 3, b16(8080)),
			0x8002, ctTupleOf("172.18.0.2", "192.0.2.1", 6, 2, b16(8080), 3, b16(40000)),
			3, b32(0x1ae), 0x8004, tlv(0x8001, tlv(1, []byte{3}, 2, []byte{7})), 7, b32(431999), 8, b32(5),
			0x8009, tlv(1, b64(10), 2, b64(1000)), 0x800a, tlv(1, b64(8), 2, b64(1<<40)), 11, b32(1), 12, b32(0xdeadbeef),
			0x8014, tlv(1, b64(1_700_000_000_000_000_000))),
			schema.ConntrackEntry{Family: "ipv4", Proto: "tcp", Src: ip("192.0.2.1"), Sport: 40000, Dst: ip("192.0.2.2"), DPort: 8080,
				ReplySrc: ip("172.18.0.2"), ReplySport: 8080, ReplyDst: ip("192.0.2.1"), ReplyDport: 40000, Nat: "dnat", Mark: 5,
				State: "ESTABLISHED", Status: "seen_reply,assured,confirmed,dnat,snat_done,dnat_done", TimeoutS: new(int64(431999)),
				Packets: new(int64(10)), Bytes: new(int64(1000)), ReplyPackets: new(int64(8)), ReplyBytes: new(int64(1 << 40)),
				CtID: new(int64(0xdeadbeef)), Started: time.Unix(1_700_000_000, 0).UTC()}},
		{"IPv6 ICMP with a helper, in a zone", ctMessage(10,
			0x8001, ctTupleOf("2001:db8::1", "2001:db8::2", 58, 7, b16(9), 8, []byte{128}, 9, []byte{0}),
			0x8002, ctTupleOf("2001:db8::2", "2001:db8::1", 58, 7, b16(9), 8, []byte{129}, 9, []byte{0}),
			3, b32(8), 0x8005, tlv(1, []byte("ftp\x00")), 18, b16(3), 22, make([]byte, 16)),
			schema.ConntrackEntry{Family: "ipv6", Proto: "icmpv6", Src: ip("2001:db8::1"), Dst: ip("2001:db8::2"), ReplySrc: ip("2001:db8::2"),
				ReplyDst: ip("2001:db8::1"), ICMPType: new(int64(128)), ICMPCode: new(int64(0)), ICMPID: new(int64(9)), Status: "confirmed", Helper: "ftp", Zone: 3}},
		{"a zone of one direction, and attributes that are not known", ctMessage(2,
			0x8001, append(ctTupleOf("192.0.2.1", "192.0.2.2", 17, 2, b16(1), 3, b16(53)), tlv(3, b16(4))...),
			0x8002, ctTupleOf("192.0.2.2", "192.0.2.1", 17, 2, b16(53), 3, b16(1)), 3, b32(0), 99, []byte{1, 2}),
			schema.ConntrackEntry{Family: "ipv4", Proto: "udp", Zone: 4, ZoneDir: "orig", Src: ip("192.0.2.1"), Sport: 1, Dst: ip("192.0.2.2"), DPort: 53,
				ReplySrc: ip("192.0.2.2"), ReplySport: 53, ReplyDst: ip("192.0.2.1"), ReplyDport: 1, Extra: "99=0102"}},
	}
}

func TestDecodeConntrack(t *testing.T) {
	for _, c := range ctMessages() {
		got := schema.ConntrackEntry{Helper: "of the last message"}
		if err := decodeConntrack(c.in, &got); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %s, %v\nwant %s", c.name, rowText(got), err, rowText(c.want))
		}
	}
	var e schema.ConntrackEntry
	for _, b := range [][]byte{nil, {2, 0, 0}, {2, 0, 0, 0, 200, 0, 1, 0}, ctMessage(2, 0x8001, []byte{9, 0, 1, 0})} {
		if decodeConntrack(b, &e) == nil {
			t.Errorf("%x is no error", b)
		}
	}
}

func TestDecodeConntrackStats(t *testing.T) {
	entries, most, err := decodeConntrackUsage(ctMessage(0, 1, b32(17), 2, b32(65536)))
	if err != nil || *entries != 17 || *most != 65536 {
		t.Errorf("%v of %v, %v", entries, most, err)
	}
	if _, most, err := decodeConntrackUsage(ctMessage(0, 1, b32(17))); err != nil || most != nil {
		t.Errorf("an old kernel's bound: %v, %v", most, err)
	}
	cpu := ctMessage(0, 2, b32(1), 9, b32(12), 12, b32(3), 14, b32(4), 15, b32(5), 77, b32(6))
	cpu[3] = 1 // res_id: the processor
	got, err := decodeConntrackCPU(cpu)
	if want := `{"cpu":1,"found":1,"insert_failed":12,"icmp_error":3,"clashres":4,"chaintoolong":5}`; err != nil || got != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

// FuzzCtnetlink feeds answers that no kernel sends.
func FuzzCtnetlink(f *testing.F) {
	for _, c := range ctMessages() {
		f.Add(c.in)
	}
	f.Add(ctMessage(0, 1, b32(17), 2, b32(65536)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e schema.ConntrackEntry
		if decodeConntrack(b, &e) == nil {
			s := newCtSummary(4, 1)
			s.add(&e)
		}
		if len(e.Extra) > 40*len(b)+40 || len(e.Helper) > len(b) {
			t.Errorf("%d bytes became %d", len(b), len(e.Extra)+len(e.Helper))
		}
		_, _, _ = decodeConntrackUsage(b)
		_, _ = decodeConntrackCPU(b)
	})
}
