package capture

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// conntrackLines are lines of /proc/net/nf_conntrack of several kernels, and what they say.
var conntrackLines = []struct {
	name, line string
	want       schema.ConntrackEntry
}{
	{"a question to Docker's resolver", "ipv4     2 udp      17 14 src=127.0.0.1 dst=127.0.0.11 sport=44282 dport=53 src=127.0.0.11 dst=127.0.0.1 sport=47211 dport=44282 mark=0 use=2",
		schema.ConntrackEntry{Family: "ipv4", Proto: "udp", Src: ip("127.0.0.1"), Sport: 44282, Dst: ip("127.0.0.11"), DPort: 53,
			ReplySrc: ip("127.0.0.11"), ReplySport: 47211, ReplyDst: ip("127.0.0.1"), ReplyDport: 44282, Nat: "dnat", Status: "seen_reply", TimeoutS: new(int64(14))}},
	{"through IPVS, which sets no status bit", "ipv4     2 tcp      6 79 TIME_WAIT src=10.20.1.3 dst=10.20.1.11 sport=36766 dport=80 src=10.20.1.14 dst=10.20.1.5 sport=80 dport=36766 [ASSURED] mark=260 zone=0 use=2",
		schema.ConntrackEntry{Family: "ipv4", Proto: "tcp", Src: ip("10.20.1.3"), Sport: 36766, Dst: ip("10.20.1.11"), DPort: 80,
			ReplySrc: ip("10.20.1.14"), ReplySport: 80, ReplyDst: ip("10.20.1.5"), ReplyDport: 36766, Nat: "dnat,snat", Mark: 260,
			State: "TIME_WAIT", Status: "seen_reply,assured", TimeoutS: new(int64(79))}},
	{"VXLAN goes one way", "ipv4     2 udp      17 25 src=10.99.0.12 dst=10.99.0.11 sport=57164 dport=4789 [UNREPLIED] src=10.99.0.11 dst=10.99.0.12 sport=4789 dport=57164 mark=0 use=2",
		schema.ConntrackEntry{Family: "ipv4", Proto: "udp", Src: ip("10.99.0.12"), Sport: 57164, Dst: ip("10.99.0.11"), DPort: 4789,
			ReplySrc: ip("10.99.0.11"), ReplySport: 4789, ReplyDst: ip("10.99.0.12"), ReplyDport: 57164, TimeoutS: new(int64(25))}},
	{"counted, offloaded, in a zone of one direction", "ipv4     2 tcp      6 src=192.0.2.1 dst=192.0.2.2 sport=5 dport=443 zone-orig=7 packets=3 bytes=180 src=192.0.2.2 dst=192.0.2.1 sport=443 dport=5 packets=2 bytes=120 [OFFLOAD] mark=0 secctx=system_u:object_r:x=y:s0 delta-time=12 use=2",
		schema.ConntrackEntry{Family: "ipv4", Proto: "tcp", Zone: 7, ZoneDir: "orig", Src: ip("192.0.2.1"), Sport: 5, Dst: ip("192.0.2.2"), DPort: 443,
			ReplySrc: ip("192.0.2.2"), ReplySport: 443, ReplyDst: ip("192.0.2.1"), ReplyDport: 5, Status: "seen_reply,offload",
			Packets: new(int64(3)), Bytes: new(int64(180)), ReplyPackets: new(int64(2)), ReplyBytes: new(int64(120))}},
	{"IPv6 ICMP, whose name the kernel leaves out", "ipv6     10 unknown  58 29 src=2001:0db8:0000:0000:0000:0000:0000:0001 dst=2001:0db8:0000:0000:0000:0000:0000:0002 type=128 code=0 id=9 src=2001:0db8:0000:0000:0000:0000:0000:0002 dst=2001:0db8:0000:0000:0000:0000:0000:0001 type=129 code=0 id=9 mark=0 use=2",
		schema.ConntrackEntry{Family: "ipv6", Proto: "icmpv6", Src: ip("2001:db8::1"), Dst: ip("2001:db8::2"), ReplySrc: ip("2001:db8::2"), ReplyDst: ip("2001:db8::1"),
			ICMPType: new(int64(128)), ICMPCode: new(int64(0)), ICMPID: new(int64(9)), Status: "seen_reply", TimeoutS: new(int64(29))}},
	{"a tunnel", "ipv4     2 gre      47 179 src=192.0.2.1 dst=192.0.2.2 srckey=0x1 dstkey=0x2 src=192.0.2.2 dst=192.0.2.1 srckey=0x2 dstkey=0x1 [ASSURED] use=1",
		schema.ConntrackEntry{Family: "ipv4", Proto: "gre", Src: ip("192.0.2.1"), Dst: ip("192.0.2.2"), ReplySrc: ip("192.0.2.2"), ReplyDst: ip("192.0.2.1"),
			Status: "seen_reply,assured", TimeoutS: new(int64(179))}},
}

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestParseConntrackLine(t *testing.T) {
	for _, c := range conntrackLines {
		got := schema.ConntrackEntry{Helper: "of the last line"}
		if err := parseConntrackLine(c.line, &got); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %s, %v\nwant %s", c.name, rowText(got), err, rowText(c.want))
		}
	}
	for _, line := range []string{
		"", "ipv4 2 udp 17 14", "ipv4 2 udp 17 14 src=nobody dst=127.0.0.11 sport=1 dport=2 src=127.0.0.11 dst=127.0.0.1 sport=2 dport=1",
		"ipv4 2 udp 17 14 src=127.0.0.1 dst=127.0.0.11 sport=1 dport=2 mark=0 use=2",
		"ipv4 2 udp 17 14 src=127.0.0.1 dst=127.0.0.11 sport=x dport=2 src=127.0.0.11 dst=127.0.0.1 sport=2 dport=1",
	} {
		var e schema.ConntrackEntry
		if parseConntrackLine(line, &e) == nil {
			t.Errorf("%q was understood: %s", line, rowText(e))
		}
	}
}

func rowText(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// FuzzConntrackText feeds lines that no kernel prints. What is read must not have more in it than the line.
func FuzzConntrackText(f *testing.F) {
	for _, c := range conntrackLines {
		f.Add(c.line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var e schema.ConntrackEntry
		if parseConntrackLine(line, &e) != nil {
			return
		}
		if !e.Src.IsValid() || !e.ReplySrc.IsValid() {
			t.Errorf("no addresses in %s", rowText(e))
		}
		if n := len(e.Status) + len(e.State) + len(e.Proto); n > len(line)+len("seen_reply,icmpv6") {
			t.Errorf("%d bytes became %d", len(line), n)
		}
		s := newCtSummary(4, 1)
		s.add(&e)
	})
}

// entry is a connection from port sport of one client.
func ctEntry(proto, state, status, dst string, sport, dport int64) *schema.ConntrackEntry {
	e := &schema.ConntrackEntry{
		Family: "ipv4", Proto: proto, State: state, Status: status, Src: ip("192.0.2.1"), Sport: sport, Dst: ip(dst), DPort: dport,
		ReplySrc: ip(dst), ReplySport: dport, ReplyDst: ip("192.0.2.1"), ReplyDport: sport,
	}
	return e
}

func TestConntrackKind(t *testing.T) {
	nat := ctEntry("tcp", "ESTABLISHED", "seen_reply,assured", "10.0.0.1", 1, 80)
	nat.ReplySrc = ip("10.0.0.9")
	nat.Nat = translated(nat)
	for _, c := range []struct {
		e    *schema.ConntrackEntry
		want string
	}{
		{ctEntry("udp", "", "seen_reply", "10.0.0.1", 1, 53), keptUDP},
		{ctEntry("tcp", "SYN_SENT", "confirmed", "10.0.0.1", 1, 80), keptUnreplied},
		{ctEntry("icmp", "", "", "10.0.0.1", 0, 0), keptUnreplied},
		{nat, keptNAT},
		{ctEntry("tcp", "ESTABLISHED", "seen_reply,assured", "10.0.0.1", 1, 80), keptSample},
	} {
		if got := ctKind(c.e); got != c.want {
			t.Errorf("%s is kept as %s, want %s", rowText(c.e), got, c.want)
		}
	}
}

// Whatever does not fit is said with numbers, and the counts still add up.
func TestConntrackSummary(t *testing.T) {
	s := newCtSummary(10, 3)
	s.keysBound = 700
	for i := range int64(1000) {
		s.add(ctEntry("tcp", "ESTABLISHED", "seen_reply,assured", "10.0.0.1", i, 80)) // one destination
		s.add(ctEntry("udp", "", "", fmt.Sprintf("10.1.%d.%d", i/256, i%256), i, 53)) // a thousand
	}
	for i := range int64(2) {
		s.add(ctEntry("tcp", "SYN_SENT", "confirmed", "10.0.0.2", i, 80))
	}
	entries, cover := s.entryRows()
	kinds := map[string]int{}
	for _, e := range entries {
		kinds[e.Kept]++
	}
	if want := map[string]int{keptUDP: 8, keptUnreplied: 2, keptSample: 3}; !reflect.DeepEqual(kinds, want) {
		t.Errorf("kept %v, want %v", kinds, want)
	}
	if cover.Outcome != schema.Truncated || cover.Reason != "10 of 1002 entries that are UDP, without reply or translated; of 1000 others a sample of 3" {
		t.Errorf("coverage %s: %s", cover.Outcome, cover.Reason)
	}
	counts, cover := s.countRows()
	sum, rest := int64(0), int64(0)
	for _, c := range counts {
		sum += c.Entries
		if !c.Dst.IsValid() {
			rest += c.Others
		}
	}
	if sum != 2002 {
		t.Errorf("the rows count %d entries, want all 2002", sum)
	}
	if first := counts[0]; first.Dst != ip("10.0.0.1") || first.Entries != 1000 {
		t.Errorf("the biggest is %s", rowText(first))
	}
	if len(counts) > ctMostRows+3 || rest == 0 || cover.Outcome != schema.OK || cover.Reason != "512 of more than 700 destinations by themselves, the others summed" {
		t.Errorf("%d rows for %d others; coverage %s: %s", len(counts), rest, cover.Outcome, cover.Reason)
	}
}

// Few connections to a published port are found among many of VXLAN, whatever the order.
func TestConntrackSummaryRare(t *testing.T) {
	for name, rareAt := range map[string]int64{"first": 0, "in the middle": 2500, "last": 4999} {
		s := newCtSummary(100, 3)
		for i := range int64(5000) {
			s.add(ctEntry("udp", "", "", "10.99.0.12", i, 4789))
			if i == rareAt {
				for k := range int64(3) {
					s.add(ctEntry("udp", "", "", "10.99.0.11", k, 5353))
				}
			}
		}
		for i := range int64(5000) { // and here each is alone, so that nobody has to go
			s.add(ctEntry("tcp", "SYN_SENT", "", fmt.Sprintf("10.1.%d.%d", i/256, i%256), 1, 80))
		}
		entries, _ := s.entryRows()
		rare := 0
		for _, e := range entries {
			if e.DPort == 5353 {
				rare++
			}
		}
		if rare != 3 || len(entries) != 100 {
			t.Errorf("%s: %d of 3 are among %d that are kept", name, rare, len(entries))
		}
	}
}

// Nothing is said where nothing is missing.
func TestConntrackSummaryWhole(t *testing.T) {
	s := newCtSummary(10, 3)
	for i := range int64(3) {
		s.add(ctEntry("udp", "", "", "10.0.0.1", i, 53))
		s.add(ctEntry("tcp", "ESTABLISHED", "seen_reply,assured", "10.0.0.1", i, 80))
	}
	entries, cover := s.entryRows()
	counts, coverCounts := s.countRows()
	if len(entries) != 6 || len(counts) != 2 || cover.Outcome != schema.OK || cover.Reason+coverCounts.Reason != "" {
		t.Errorf("%d entries, %d counts, %s %s%s", len(entries), len(counts), cover.Outcome, cover.Reason, coverCounts.Reason)
	}
}

func TestFairShares(t *testing.T) {
	for _, c := range []struct {
		have []int
		room int
		want []int
	}{
		{[]int{1, 2, 3}, 10, []int{1, 2, 3}},
		{[]int{100, 100, 100}, 9, []int{3, 3, 3}},
		{[]int{100, 1, 100}, 9, []int{4, 1, 4}},
		{[]int{100, 0, 0}, 9, []int{9, 0, 0}},
		{[]int{5, 5, 5}, 1, []int{1, 0, 0}},
		{[]int{0, 0, 0}, 5, []int{0, 0, 0}},
	} {
		if got := fairShares(c.have, c.room); !reflect.DeepEqual(got, c.want) {
			t.Errorf("of %v in %d: %v, want %v", c.have, c.room, got, c.want)
		}
	}
}

// Both ends of an association get one hash from one key; a key of another length, role, algorithm, or association does not.
func TestKeyHash(t *testing.T) {
	key := []byte("netmortem-canary-key")
	one := keyHasher{ip("10.0.0.1"), ip("10.0.0.2"), 256, 50}
	base := one.hash("aead", "rfc4106(gcm(aes))", key)
	if len(base) != 2*keyHashSize || strings.Contains(base, fmt.Sprintf("%x", key[:4])) {
		t.Errorf("hash %q", base)
	}
	if again := (keyHasher{ip("10.0.0.1"), ip("10.0.0.2"), 256, 50}).hash("aead", "rfc4106(gcm(aes))", append([]byte{}, key...)); again != base {
		t.Errorf("the same key has %s and %s", base, again)
	}
	other := map[string]string{
		"another key":       one.hash("aead", "rfc4106(gcm(aes))", []byte("netmortem-canary-kez")),
		"another SPI":       keyHasher{ip("10.0.0.1"), ip("10.0.0.2"), 257, 50}.hash("aead", "rfc4106(gcm(aes))", key),
		"the way back":      keyHasher{ip("10.0.0.2"), ip("10.0.0.1"), 256, 50}.hash("aead", "rfc4106(gcm(aes))", key),
		"another protocol":  keyHasher{ip("10.0.0.1"), ip("10.0.0.2"), 256, 51}.hash("aead", "rfc4106(gcm(aes))", key),
		"another algorithm": one.hash("aead", "rfc4543(gcm(aes))", key),
		"another role":      one.hash("auth", "rfc4106(gcm(aes))", key),
	}
	for what, h := range other {
		if h == base || h == "" {
			t.Errorf("%s: %q", what, h)
		}
	}
	if h := one.hash("aead", "rfc4106(gcm(aes))", make([]byte, 20)); h != "" {
		t.Errorf("a key that the kernel hides has the hash %s", h)
	}
}
