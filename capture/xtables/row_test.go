package xtables

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

func num(n int64) *int64 { return &n }

// TestColumns tells what becomes of the rules that Docker makes, and of some that it does not.
func TestColumns(t *testing.T) {
	pfx, ip := netip.MustParsePrefix, netip.MustParseAddr
	rows := specs(t)
	for _, want := range []schema.IPTablesRule{
		{Chain: "INPUT", Spec: "-A INPUT -d 10.20.1.2/32 -j MARK --set-xmark 0x102/0xffffffff", Dst: pfx("10.20.1.2/32"),
			Target: "MARK", Mark: num(0x102), MarkMask: num(0xffffffff)},
		{Chain: "PREROUTING", Spec: "-A PREROUTING -p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x103/0xffffffff", Proto: "tcp",
			DportMin: num(8080), DportMax: num(8080), Target: "MARK", Mark: num(0x103), MarkMask: num(0xffffffff)},
		{Chain: "POSTROUTING", Spec: "-A POSTROUTING -d 10.20.1.0/24 -m ipvs --ipvs -j SNAT --to-source 10.20.1.8", Dst: pfx("10.20.1.0/24"),
			IPVS: true, Target: "SNAT", ToIP: ip("10.20.1.8")},
		{Chain: "DOCKER_POSTROUTING", Spec: "-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p udp -m udp --sport 60194 -j SNAT --to-source :53",
			Src: pfx("127.0.0.11/32"), Proto: "udp", SportMin: num(60194), SportMax: num(60194), Target: "SNAT", ToPortMin: num(53), ToPortMax: num(53)},
		{Chain: "DOCKER_OUTPUT", Spec: "-A DOCKER_OUTPUT -d 127.0.0.11/32 -p tcp -m tcp --dport 53 -j DNAT --to-destination 127.0.0.11:45507",
			Dst: pfx("127.0.0.11/32"), Proto: "tcp", DportMin: num(53), DportMax: num(53), Target: "DNAT", ToIP: ip("127.0.0.11"), ToPortMin: num(45507), ToPortMax: num(45507)},
		{Chain: "PREROUTING", Spec: "-A PREROUTING -d 10.20.0.8/32 -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 80", Dst: pfx("10.20.0.8/32"),
			Proto: "tcp", DportMin: num(8080), DportMax: num(8080), Target: "REDIRECT", ToPortMin: num(80), ToPortMax: num(80)},
		{Chain: "PREROUTING", Spec: "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS", DstType: "LOCAL", Target: "DOCKER-INGRESS"},
		{Chain: "POSTROUTING", Spec: "-A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE", Src: pfx("172.18.0.0/16"),
			OutIface: "docker_gwbridge", Inverted: "out_iface", Target: "MASQUERADE"},
		{Chain: "INPUT", Spec: "-A INPUT -d 10.20.0.8/32 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
			Dst: pfx("10.20.0.8/32"), Proto: "tcp", DportMin: num(80), DportMax: num(80), CTState: "NEW,ESTABLISHED", Target: "ACCEPT"},
		{Chain: "INPUT", Spec: "-A INPUT -g b", Target: "b", Goto: true},
		{Chain: "INPUT", Spec: "-A INPUT"},
		{Chain: "INPUT", Spec: "-A INPUT -i eth+ -j b", InIface: "eth+", Target: "b"},
		{Chain: "INPUT", Spec: "-A INPUT -p udp -m udp ! --dport 5353 -j ACCEPT", Proto: "udp", DportMin: num(5353), DportMax: num(5353),
			Inverted: "dport", Target: "ACCEPT"},
		{Chain: "INPUT", Spec: "-A INPUT -s 10.0.0.0/255.0.255.0 -j b", Target: "b", Unmodelled: "src.0=0a000000ff00ff00"},
		{Chain: "INPUT", Spec: "-A INPUT -f -j DROP", Target: "DROP", Unmodelled: "frag.0=01"},
		{Chain: "INPUT", Spec: "-A INPUT -m length --length 100:200 -j DROP", Target: "DROP", Unmodelled: "length.0=6400c80000"},
		{Chain: "INPUT", Spec: "-A INPUT -m comment --comment plain_word-1 -j ACCEPT", Target: "ACCEPT"},
		{Chain: "PREROUTING", Spec: "-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination [fd00::1]:8080", Family: "ipv6", Proto: "tcp",
			DportMin: num(80), DportMax: num(80), Target: "DNAT", ToIP: ip("fd00::1"), ToPortMin: num(8080), ToPortMax: num(8080)},
		{Chain: "FORWARD", Spec: "-A FORWARD -j REJECT --reject-with icmp-host-unreachable", Target: "REJECT"},
	} {
		if want.Family == "" {
			want.Family = "ipv4"
		}
		got, ok := rows[want.Spec]
		if !ok {
			t.Errorf("no fixture has %s", want.Spec)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("\n got %+v\nwant %+v", got, want)
		}
	}
}

// TestUnmodelled says which of the fixtures' rules the columns tell whole. It names the ones that must be: every rule
// of a host of a real swarm.
func TestUnmodelled(t *testing.T) {
	for _, f := range fixtures(t) {
		for _, a := range f.tables {
			info, _ := ParseInfo(a.info)
			tab, _ := Parse(f.v6, info, a.entries)
			for _, c := range tab.Chains {
				for _, r := range c.Rules {
					row := r.Row(c.Name, nil)
					swarm := f.name == "host.txtar" || f.name == "lb.txtar" || f.name == "ingress_sbox.txtar"
					if swarm && row.Unmodelled != "" {
						t.Errorf("%s: %s: not told by columns: %s", f.name, row.Spec, row.Unmodelled)
					}
					if strings.Contains(row.Spec, "[unmodelled") && row.Unmodelled == "" {
						t.Errorf("%s: %s passes for understood", f.name, row.Spec)
					}
				}
			}
		}
	}
}

// TestOpaque tells how an extension looks that is not understood, or that is shorter than it should be.
func TestOpaque(t *testing.T) {
	for _, c := range []struct {
		rule             Rule
		spec, unmodelled string
	}{
		{Rule{Matches: []Ext{{Name: "osf", Rev: 1, Data: []byte{10, 11}}}, Jump: "DROP"},
			"-A C -m osf [unmodelled osf.1=0a0b] -j DROP", "osf.1=0a0b"},
		{Rule{Proto: 6, Matches: []Ext{{Name: "tcp", Data: []byte{1, 2}}}},
			"-A C -p tcp -m tcp [unmodelled tcp.0=0102]", "tcp.0=0102"},
		{Rule{Target: &Ext{Name: "MARK", Rev: 9}},
			"-A C -j MARK [unmodelled MARK.9=]", "MARK.9="},
		{Rule{Matches: []Ext{{Name: "ct", Data: []byte{1}, Native: true}}, Jump: "ACCEPT"},
			"-A C [unmodelled ct.nft=01] -j ACCEPT", "ct.nft=01"},
		{Rule{Matches: []Ext{{Name: "set", Rev: 4, Data: make([]byte, 44)}}}, // a set whose name nobody knows
			"-A C -m set [unmodelled set.4=" + strings.Repeat("00", 44) + "]", "set.4=" + strings.Repeat("00", 44)},
	} {
		row := c.rule.Row("C", nil)
		if row.Spec != c.spec || row.Unmodelled != c.unmodelled {
			t.Errorf("\n got %s, %s\nwant %s, %s", row.Spec, row.Unmodelled, c.spec, c.unmodelled)
		}
		if row.DportMin != nil || row.Mark != nil {
			t.Errorf("%s fills columns", row.Spec)
		}
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"": `""`, "plain_word-1": "plain_word-1", "two words": `"two words"`, `a"b`: `"a\"b"`, `it's`: `"it\'s"`, `c:\d`: `"c:\\d"`,
	} {
		if got := quote(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestRate(t *testing.T) {
	for period, want := range map[uint32]string{
		10000: "1/sec", 1000: "10/sec", 100: "100/sec", 200000: "3/min", 600000: "1/min", 36000000: "1/hour", 5142857: "7/hour", 0: "inf",
	} {
		if got := rate(period); got != want {
			t.Errorf("%d: %s, want %s", period, got, want)
		}
	}
}
