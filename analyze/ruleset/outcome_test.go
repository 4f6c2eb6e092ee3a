package ruleset

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// filter is a table of one chain FORWARD with a policy and rules.
func filter(policy string, rules ...string) string {
	text := "*filter\n:INPUT ACCEPT\n:FORWARD " + policy + "\n:OUTPUT ACCEPT\n:user -\n"
	return text + strings.Join(rules, "\n") + "\nCOMMIT\n"
}

func forwarded(dport uint16) Packet {
	p := syn("10.0.0.2", "10.0.1.3", dport)
	p.In, p.Out, p.CT = "eth0", "br0", CTNew
	p.Conn = Conn{Orig: p.tuple(), Back: p.tuple().turned()}
	return p
}

// TestUndecided: what is not known is followed both ways.
func TestUndecided(t *testing.T) {
	for _, c := range []struct {
		name   string
		rules  string
		change func(*Packet)
		want   string // verdict, rule that decided or would have
		why    string // begins with
	}{
		{name: "unknown match, ways differ", rules: filter("ACCEPT", "-A FORWARD -m set --match-set bad src -j DROP"), want: "cannot tell filter/FORWARD/1", why: "match not modelled: set --match-set bad src"},
		{name: "unknown match, ways alike", rules: filter("ACCEPT", "-A FORWARD -m set --match-set bad src -j ACCEPT"), want: "accept filter/FORWARD/1"},
		{name: "unknown match, both drop", rules: filter("DROP", "-A FORWARD -m set --match-set bad src -j DROP"), want: "drop filter/FORWARD/1"},
		{name: "dropped or rejected", rules: filter("DROP", "-A FORWARD -m set --match-set bad src -j REJECT"), want: "cannot tell filter/FORWARD/1, lost", why: "match not modelled"},
		{name: "unknown match that only logs", rules: filter("ACCEPT", "-A FORWARD -m set --match-set bad src -j LOG"), want: "accept filter/FORWARD"},
		{name: "decided before", rules: filter("ACCEPT", "-A FORWARD -p tcp -j DROP", "-A FORWARD -m set --match-set bad src -j ACCEPT"), want: "drop filter/FORWARD/1"},
		{name: "the same question has the same answer", rules: filter("ACCEPT", "-A FORWARD -m set --match-set bad src -j user", "-A user -m set ! --match-set bad src -j DROP"),
			want: "accept filter/FORWARD"},
		{name: "a limit may answer differently", rules: filter("ACCEPT", "-A FORWARD -m limit --limit 1/sec -j user", "-A user -m limit --limit 1/sec -j DROP"), want: "cannot tell filter/FORWARD/1", why: "match not modelled: limit"},
		{name: "unknown target", rules: filter("ACCEPT", "-A FORWARD -p tcp -j STRANGE --x 1"), want: "cannot tell filter/FORWARD/1", why: "target not modelled: STRANGE"},
		{name: "unknown target of another packet", rules: filter("ACCEPT", "-A FORWARD -p udp -j STRANGE --x 1"), want: "accept filter/FORWARD"},
		{name: "queue", rules: filter("ACCEPT", "-A FORWARD -j NFQUEUE --queue-num 4"), want: "cannot tell filter/FORWARD/1", why: "target not modelled: NFQUEUE"},
		{name: "not decoded", rules: filter("ACCEPT", "-A FORWARD -m time [unmodelled time.0=00ff] -j DROP"), want: "cannot tell filter/FORWARD/1", why: "match not modelled: time.0"},
		{name: "native expression", rules: filter("ACCEPT", "-A FORWARD [unmodelled socket.nft=00ff] -j DROP"), want: "cannot tell filter/FORWARD/1", why: "expression not modelled: socket.nft"},
		{name: "unknown source port", rules: filter("ACCEPT", "-A FORWARD -p tcp -m tcp --sport 53 -j DROP"), change: func(p *Packet) { p.Sport = 0 }, want: "cannot tell filter/FORWARD/1", why: "the ports are not known"},
		{name: "any source port", rules: filter("ACCEPT", "-A FORWARD -p tcp -m tcp --sport 0:65535 -j DROP"), change: func(p *Packet) { p.Sport = 0 }, want: "drop filter/FORWARD/1"},
		{name: "unknown device", rules: filter("ACCEPT", "-A FORWARD -i docker0 -j DROP"), change: func(p *Packet) { p.In = "" }, want: "cannot tell filter/FORWARD/1", why: "the incoming device"},
		{name: "bits of a mark", rules: filter("ACCEPT", "-A FORWARD -m mark --mark 0x10/0xf0 -j DROP"), change: func(p *Packet) { p.Mark, p.MarkUnknown = 0x10, 0xf }, want: "drop filter/FORWARD/1"},
		{name: "bits of a mark that are not known", rules: filter("ACCEPT", "-A FORWARD -m mark --mark 0x10/0xf0 -j DROP"), change: func(p *Packet) { p.Mark, p.MarkUnknown = 0, 0x10 }, want: "cannot tell filter/FORWARD/1", why: "the packet's mark"},
		{name: "bits of a mark that contradict", rules: filter("ACCEPT", "-A FORWARD -m mark --mark 0x10/0xf0 -j DROP"), change: func(p *Packet) { p.Mark, p.MarkUnknown = 0x20, 0x10 }, want: "accept filter/FORWARD"},
		{name: "ipvs", rules: filter("ACCEPT", "-A FORWARD -m ipvs --ipvs -j DROP"), change: func(p *Packet) { p.IPVS = Yes }, want: "drop filter/FORWARD/1"},
		{name: "no ipvs", rules: filter("ACCEPT", "-A FORWARD -m ipvs --ipvs -j DROP"), want: "accept filter/FORWARD"},
		{name: "ipvs not known", rules: filter("ACCEPT", "-A FORWARD -m ipvs ! --ipvs -j DROP"), change: func(p *Packet) { p.IPVS = Unknown }, want: "cannot tell filter/FORWARD/1", why: "whether it belongs to a connection of IPVS"},
		{name: "ipvs refined", rules: filter("ACCEPT", "-A FORWARD -m ipvs --vaddr 10.0.0.1 --vport 80 -j DROP"), want: "cannot tell filter/FORWARD/1", why: "match not understood: ipvs"},
		{name: "a bridge's port", rules: filter("ACCEPT", "-A FORWARD -m physdev --physdev-in veth1 --physdev-is-bridged -j DROP"), change: func(p *Packet) { p.Bridged, p.PhysIn, p.PhysOut = Yes, "veth1", "veth2" }, want: "drop filter/FORWARD/1"},
		{name: "no bridge", rules: filter("ACCEPT", "-A FORWARD -m physdev --physdev-in veth1 -j DROP"), want: "accept filter/FORWARD"},
		{name: "decrypted", rules: filter("ACCEPT", "-A FORWARD -m policy --dir in --pol ipsec -j DROP"), change: func(p *Packet) { p.Decrypted = Yes }, want: "drop filter/FORWARD/1"},
		{name: "to be encrypted, by a state that is asked for", rules: filter("ACCEPT", "-A FORWARD -m policy --dir out --pol ipsec --reqid 1 -j DROP"), change: func(p *Packet) { p.Encrypted = Yes }, want: "cannot tell filter/FORWARD/1", why: "whether IPsec"},
		{name: "a quoted comment with a target", rules: filter("ACCEPT", `-A FORWARD -m comment --comment "a \" -j DROP" -p udp -j DROP`), want: "accept filter/FORWARD"},
		{name: "a bare comment like a target", rules: filter("ACCEPT", `-A FORWARD -m comment --comment -j -j DROP`), want: "drop filter/FORWARD/1"},
		{name: "goto", rules: filter("ACCEPT", "-A FORWARD -g user", "-A FORWARD -j DROP", "-A user -p udp -j DROP"), want: "accept filter/FORWARD"},
		{name: "return", rules: filter("DROP", "-A FORWARD -j user", "-A FORWARD -j ACCEPT", "-A user -j RETURN", "-A user -j DROP"), want: "accept filter/FORWARD/2"},
		{name: "chains that call each other", rules: filter("ACCEPT", "-A FORWARD -j user", "-A user -j user"), want: "cannot tell filter/user/1", why: "jumps nested too deep"},
		{name: "gotos in a circle", rules: filter("ACCEPT", "-A FORWARD -j user", "-A user -g user"), want: "cannot tell filter/user/1", why: "more rules than"},
		{name: "no policy", rules: filter("-"), want: "cannot tell filter/FORWARD", why: "the policy"},
		{name: "no rule", rules: filter("ACCEPT", "-A FORWARD"), want: "accept filter/FORWARD"},
		{name: "one option that is not understood", rules: filter("ACCEPT", "-A FORWARD -p tcp -m tcp --dport 81 --tcp-option 5 -j DROP"), want: "accept filter/FORWARD"},
		{name: "one option that is not understood, the others met", rules: filter("ACCEPT", "-A FORWARD -p tcp -m tcp --dport 80 --tcp-option 5 -j DROP"), want: "cannot tell filter/FORWARD/1", why: "match not understood: port --tcp-option 5"},
		{name: "owner of a packet that came in", rules: filter("ACCEPT", "-A FORWARD -m owner --uid-owner 0 -j DROP"), want: "accept filter/FORWARD"},
		{name: "owner of the namespace's own", rules: filter("ACCEPT", "-A FORWARD -m owner --uid-owner 0 -j DROP"), change: func(p *Packet) { p.Local = true }, want: "cannot tell filter/FORWARD/1", why: "whose socket"},
		{name: "not a condition", rules: filter("ACCEPT", "-A FORWARD --what -j DROP"), want: "cannot tell filter/FORWARD/1", why: "not understood: --what"},
		{name: "a net that is none", rules: filter("ACCEPT", "-A FORWARD -s 10.0.0.0/99 -j DROP"), want: "cannot tell filter/FORWARD/1", why: "not understood: src 10.0.0.0/99"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := forwarded(80)
			if c.change != nil {
				c.change(&p)
			}
			o := New(rowsOf("legacy", "ipv4", c.rules), home{}).Hook(Forward, p)
			got := fmt.Sprintf("%s %s", o.Verdict, o.Rule.Ref)
			if o.Verdict == Undecided && o.Lost() == Yes {
				got += ", lost"
			}
			if got != c.want || !strings.HasPrefix(o.Why, c.why) || (o.Why == "") != (c.why == "") {
				t.Errorf("got %s (%s), want %s (%s)", got, o.Why, c.want, c.why)
			}
		})
	}
}

// TestMarkOfBothWays: ways that differ in the mark only leave it unknown.
func TestMarkOfBothWays(t *testing.T) {
	set := New(rowsOf("legacy", "ipv4", "*mangle\n:FORWARD ACCEPT\n-A FORWARD -m set --match-set x src -j MARK --set-xmark 0x1/0xffffffff\nCOMMIT\n"), home{})
	o := set.Hook(Forward, forwarded(80))
	if o.Verdict != Accept || o.Packet.MarkUnknown != 1 || o.Packet.Mark != 0 || o.Doubt.Ref != "mangle/FORWARD/1" {
		t.Errorf("%s, mark %#x of which %#x is not known, by %+v", o.Verdict, o.Packet.Mark, o.Packet.MarkUnknown, o.Doubt)
	}
}

// TestTwoReads: a row that one read only held makes what depends on it undecided, and nothing else.
func TestTwoReads(t *testing.T) {
	rows := rowsOf("legacy", "ipv4", filter("ACCEPT", "-A FORWARD -p udp -j DROP", "-A FORWARD -p tcp -m tcp --dport 80 -j DROP"))
	rows.IPTablesRules[1].Row.Seen = schema.SeenLast
	set := New(rows, home{})
	if o := set.Hook(Forward, forwarded(80)); o.Verdict != Undecided || o.Rule.Ref != "filter/FORWARD/2" || len(o.Any) != 2 || o.Any[0].Verdict != Accept || o.Any[1].Verdict != Drop {
		t.Errorf("to port 80: %s by %s, %d ways", o.Verdict, o.Rule.Ref, len(o.Any))
	}
	if o := set.Hook(Forward, forwarded(81)); o.Verdict != Accept {
		t.Errorf("to port 81: %s by %s", o.Verdict, o.Rule.Ref)
	}
	// A rule that was put before another one moves it: the rows differ, the rules do not.
	rows = rowsOf("legacy", "ipv4", filter("ACCEPT", "-A FORWARD -p tcp -m tcp --dport 80 -j DROP", "-A FORWARD -p udp -j DROP", "-A FORWARD -p tcp -m tcp --dport 80 -j DROP"))
	rows.IPTablesRules[0].Row.Seen = schema.SeenFirst
	rows.IPTablesRules[1].Row.Seen, rows.IPTablesRules[1].Row.Num = schema.SeenLast, 1
	rows.IPTablesRules[2].Row.Seen, rows.IPTablesRules[2].Row.Num = schema.SeenLast, 2
	if o := New(rows, home{}).Hook(Forward, forwarded(80)); o.Verdict != Drop {
		t.Errorf("moved rule: %s by %s: %s", o.Verdict, o.Rule.Ref, o.Why)
	}
	// One read only: nothing is known of another.
	for i := range rows.IPTablesRules {
		rows.IPTablesRules[i].Row.Seen = schema.SeenFirst
	}
	for i := range rows.IPTablesChains {
		rows.IPTablesChains[i].Row.Seen = schema.SeenFirst
	}
	if o := New(rows, home{}).Hook(Forward, forwarded(80)); o.Verdict != Drop {
		t.Errorf("one read: %s by %s: %s", o.Verdict, o.Rule.Ref, o.Why)
	}
}

func TestGap(t *testing.T) {
	rows := rowsOf("legacy", "ipv4", filter("ACCEPT"))
	rows.Gaps = []Gap{{"coverage:1", "nft was not read"}}
	if o := New(rows, home{}).Hook(Forward, forwarded(80)); o.Verdict != Undecided || o.Rule.Ref != "coverage:1" || o.Why != "nft was not read" {
		t.Errorf("%s by %s: %s", o.Verdict, o.Rule.Ref, o.Why)
	}
}

// TestSamePriority: legacy and iptables-nft have chains of the same priority, and which the kernel calls first is not
// captured.
func TestSamePriority(t *testing.T) {
	mangle := func(rule string) string { return "*mangle\n:FORWARD ACCEPT\n" + rule + "\nCOMMIT\n" }
	rows := rowsOf("legacy", "ipv4", mangle("-A FORWARD -j MARK --set-xmark 0x1/0xffffffff"))
	addSaved(rows, "nft", "ipv4", mangle("-A FORWARD -m mark --mark 0x1 -j DROP"))
	if o := New(rows, home{}).Hook(Forward, forwarded(80)); o.Verdict != Undecided || !strings.HasPrefix(o.Why, "chains of the same priority") {
		t.Errorf("%s: %s", o.Verdict, o.Why)
	}
	rows = rowsOf("legacy", "ipv4", mangle("-A FORWARD -j MARK --set-xmark 0x1/0xffffffff"))
	addSaved(rows, "nft", "ipv4", filter("ACCEPT", "-A FORWARD -m mark --mark 0x1 -j DROP"))
	if o := New(rows, home{}).Hook(Forward, forwarded(80)); o.Verdict != Drop {
		t.Errorf("%s: %s", o.Verdict, o.Why)
	}
}

// TestNAT: what becomes of a connection.
func TestNAT(t *testing.T) {
	nat := func(rules ...string) string {
		return "*nat\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n" + strings.Join(rules, "\n") + "\nCOMMIT\n"
	}
	for _, c := range []struct {
		hook  Hook
		rules string
		want  string // source and destination after it
	}{
		{Prerouting, nat("-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2:80"), "10.0.0.2:40000 172.17.0.2:80"},
		{Prerouting, nat("-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2"), "10.0.0.2:40000 172.17.0.2:5005"},
		{Prerouting, nat("-A PREROUTING -p tcp -j DNAT --to-destination :80"), "10.0.0.2:40000 10.0.1.3:80"},
		{Prerouting, nat("-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2:5000-5010"), "10.0.0.2:40000 172.17.0.2:5005"},
		{Prerouting, nat("-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2:6000-6010"), "10.0.0.2:40000 172.17.0.2:0"},
		{Prerouting, nat("-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2:6000-6010/5000"), "10.0.0.2:40000 172.17.0.2:6005"},
		{Prerouting, nat("-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2-172.17.0.9"), "10.0.0.2:40000 invalid IP:5005"},
		{Prerouting, nat("-A PREROUTING -p tcp -j REDIRECT --to-ports 80"), "10.0.0.2:40000 10.0.0.1:80"},
		{Prerouting, nat("-A PREROUTING -d 10.0.1.0/24 -j NETMAP --to 10.9.8.0/24"), "10.0.0.2:40000 10.9.8.3:5005"},
		{Prerouting, nat("-A PREROUTING -j ACCEPT", "-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2:80"), "10.0.0.2:40000 10.0.1.3:5005"},
		{Output, nat("-A OUTPUT -p tcp -j REDIRECT --to-ports 80"), "10.0.0.2:40000 127.0.0.1:80"},
		{Postrouting, nat("-A POSTROUTING -j MASQUERADE"), "192.0.2.1:40000 10.0.1.3:5005"},
		{Postrouting, nat("-A POSTROUTING -p tcp -j MASQUERADE --to-ports 1024-2048"), "192.0.2.1:0 10.0.1.3:5005"},
		{Postrouting, nat("-A POSTROUTING -j MASQUERADE --random-fully"), "192.0.2.1:0 10.0.1.3:5005"},
		{Postrouting, nat("-A POSTROUTING -p tcp -j SNAT --to-source :53"), "10.0.0.2:53 10.0.1.3:5005"},
		{Postrouting, nat("-A POSTROUTING -j SNAT --to-source 10.0.0.1-10.0.0.9"), "10.0.0.2:40000 10.0.1.3:5005"},
		{Postrouting, nat("-A POSTROUTING -m ipvs --ipvs -j SNAT --to-source 10.20.0.3"), "10.0.0.2:40000 10.0.1.3:5005"},
	} {
		p := syn("10.0.0.2", "10.0.1.3", 5005)
		p.In, p.Out = "eth0", "eth1"
		if c.hook == Postrouting {
			p.CT, p.Conn = CTNew, Conn{Orig: p.tuple(), Back: p.tuple().turned(), Status: DstNATDone}
		}
		o := New(rowsOf("legacy", "ipv4", c.rules), home{}).Hook(c.hook, p)
		q := o.Packet
		if got := fmt.Sprintf("%s:%d %s:%d", q.Src, q.Sport, q.Dst, q.Dport); got != c.want || o.Verdict != Accept {
			t.Errorf("%s: %s %s, want %s", strings.Split(c.rules, "\n")[5], o.Verdict, got, c.want)
		}
		if c.hook == Output && !o.Reroute {
			t.Error("the route is not looked up again")
		}
	}
}

// TestDockerEncrypted: packets of the encrypted overlay network with VNI 4097 that come in plain are dropped, by both
// ways in which Docker finds the VNI.
func TestDockerEncrypted(t *testing.T) {
	for _, find := range []string{
		`-m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100100"`,
		`-m bpf --bytecode "6,177 0 0 0,64 0 0 12,84 0 0 4294967040,21 0 1 1048832,6 0 0 4294967295,6 0 0 0"`,
	} {
		set := New(rowsOf("legacy", "ipv4", "*filter\n:INPUT ACCEPT\n-A INPUT -p udp -m policy --dir in --pol none -m udp --dport 4789 "+find+" -j DROP\nCOMMIT\n"), home{})
		for _, c := range []struct {
			payload   string
			decrypted Tri
			want      Verdict
		}{
			{"\x08\x00\x00\x00\x00\x10\x01\x00", No, Drop},
			{"\x08\x00\x00\x00\x00\x10\x02\x00", No, Accept},
			{"\x08\x00\x00\x00\x00\x10\x01\x00", Yes, Accept},
			{"", No, Undecided},
			{"", Yes, Accept},
		} {
			p := Packet{Src: netip.MustParseAddr("10.0.0.2"), Dst: netip.MustParseAddr("10.0.0.1"), Proto: protoUDP, Sport: 44444, Dport: 4789, In: "eth0", Payload: c.payload, Decrypted: c.decrypted}
			if o := set.Hook(Input, p); o.Verdict != c.want {
				t.Errorf("%s, payload %x, decrypted %d: %s (%s), want %s", find[:6], c.payload, c.decrypted, o.Verdict, o.Why, c.want)
			}
		}
	}
}

// TestBalancer walks a connection through the namespace of a load balancer, whose rules are Docker's: the VIP is marked, and what
// IPVS sends on gets the namespace's own source. Through all of input it would not: NAT would be done with it.
func TestBalancer(t *testing.T) {
	set := New(rowsOf("legacy", "ipv4", `*mangle
:INPUT ACCEPT
-A INPUT -d 10.20.0.4/32 -j MARK --set-xmark 0x106/0xffffffff
COMMIT
*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
-A POSTROUTING -d 10.20.0.0/24 -m ipvs --ipvs -j SNAT --to-source 10.20.0.3
COMMIT
`), home{"10.20.0.4": LocalAddr})
	p := syn("10.20.0.9", "10.20.0.4", 80)
	p.In = "eth0"
	p = set.Hook(Prerouting, p).Packet
	p = set.Balancer(p).Packet
	if p.Mark != 0x106 {
		t.Fatalf("mark %#x", p.Mark)
	}
	p = p.Balanced(netip.MustParseAddr("10.20.0.7"), 0, true)
	p.Out = "eth0"
	p = set.Hook(Output, p).Packet
	p = set.Hook(Postrouting, p).Packet
	if got := fmt.Sprintf("%s:%d > %s:%d", p.Src, p.Sport, p.Dst, p.Dport); got != "10.20.0.3:40000 > 10.20.0.7:80" {
		t.Fatal(got)
	}
	a := p.Answer()
	a.Local, a.In = false, "eth0"
	if a = set.Hook(Prerouting, a).Packet; a.Dst.String() != "10.20.0.9" || a.CT != CTEstablished || !a.Reply {
		t.Errorf("the answer goes to %s, %+v", a.Dst, a)
	}
}

// TestLateChain: a rule of the last read whose chain has no row may stand anywhere; of the first read it says nothing.
func TestLateChain(t *testing.T) {
	rows := &Rows{NftRules: []Row[schema.NftRule]{
		{"r1", schema.NftRule{Family: "ip", Tbl: "t", Chain: "new", Num: 1, Expr: "", Text: "drop", Seen: schema.SeenLast}},
		{"r2", schema.NftRule{Family: "ip6", Tbl: "t", Chain: "old", Num: 1, Expr: "", Seen: schema.SeenBoth}},
	}, NftChains: []Row[schema.NftChain]{{"c", schema.NftChain{Family: "ip6", Tbl: "t", Chain: "old"}}}}
	o := New(rows, home{}).Hook(Forward, forwarded(80))
	if o.Verdict != Undecided || o.Rule.Ref != "r1" || o.Why != "the chain new was not captured, only its rules" {
		t.Errorf("%s by %s: %s", o.Verdict, o.Rule.Ref, o.Why)
	}
	rows.NftRules[0].Row.Seen = schema.SeenFirst
	if o := New(rows, home{}).Hook(Forward, Packet{Src: netip.MustParseAddr("fd00::1"), Dst: netip.MustParseAddr("fd00::2")}); o.Verdict != Accept {
		t.Errorf("of the other family: %s: %s", o.Verdict, o.Why)
	}
}

// TestElsewhere: a chain that no hook of IP calls is named, not evaluated.
func TestElsewhere(t *testing.T) {
	zero := int64(0)
	rows := &Rows{NftChains: []Row[schema.NftChain]{
		{"c1", schema.NftChain{Family: "bridge", Tbl: "b", Chain: "f", Type: "filter", Hook: "forward", Priority: &zero, Policy: "drop"}},
		{"c2", schema.NftChain{Family: "netdev", Tbl: "n", Chain: "i", Type: "filter", Hook: "ingress", Priority: &zero, Policy: "accept", Dev: "eth0"}},
		{"c3", schema.NftChain{Family: "ip", Tbl: "t", Chain: "f", Type: "filter", Hook: "forward", Priority: &zero, Policy: "accept"}},
	}}
	set := New(rows, home{})
	if o := set.Hook(Forward, forwarded(80)); o.Verdict != Accept || o.Rule.Ref != "c3" {
		t.Errorf("%s by %s", o.Verdict, o.Rule.Ref)
	}
	if got := fmt.Sprint(set.Elsewhere()); got != "[{{c1 bridge b f} bridge forward  false} {{c2 netdev n i} netdev ingress eth0 true}]" {
		t.Error(got)
	}
}

// TestBesideConntrack: a chain of the priority of conntrack, or of NAT, may come before it or behind.
func TestBesideConntrack(t *testing.T) {
	at := func(priority int64) *Rows {
		return &Rows{
			NftChains: []Row[schema.NftChain]{{"c", schema.NftChain{Family: "ip", Tbl: "t", Chain: "p", Type: "filter", Hook: "prerouting", Priority: &priority, Policy: "accept"}}},
			NftRules:  []Row[schema.NftRule]{{"r", schema.NftRule{Family: "ip", Tbl: "t", Chain: "p", Num: 1, Expr: ctStateNewDrop, Text: "ct state new drop"}}},
		}
	}
	for priority, want := range map[int64]Verdict{-300: Accept, -200: Undecided, -150: Drop} {
		if o := New(at(priority), home{}).Hook(Prerouting, syn("10.0.0.2", "10.0.1.3", 80)); o.Verdict != want {
			t.Errorf("priority %d: %s (%s), want %s", priority, o.Verdict, o.Why, want)
		}
	}
}

// ctStateNewDrop is the bytecode of ct state new drop: load the state, mask it, compare, verdict.
const ctStateNewDrop = "" +
	"20000100" + "07000100" + "63740000" + "14000280" + "0800020000000000" + "0800010000000001" +
	"44000100" + "0c000100" + "6269747769736500" + "34000280" + "0800010000000001" + "0800020000000001" + "0800030000000004" + "0c000480" + "0800010008000000" + "0c000580" + "0800010000000000" +
	"2c000100" + "08000100" + "636d7000" + "20000280" + "0800010000000001" + "0800020000000001" + "0c000380" + "0800010000000000" +
	"30000100" + "0e000100" + "696d6d6564696174" + "65000000" + "1c000280" + "0800010000000000" + "10000280" + "0c000280" + "0800010000000000"
