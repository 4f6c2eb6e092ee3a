package stack

import (
	"net/netip"
	"testing"
)

// space makes a namespace of rows, as the tables have them; every table was captured whole.
func space(rows map[string][][]string) *Space {
	h := &Host{Name: "h", byID: map[string]*Space{}, whole: map[string][]bool{}, all: map[string]bool{}}
	s := newSpace(h, []string{"1", "box", KindContainer, "", "", "ref"})
	h.Spaces, h.byID["1"] = []*Space{s}, s
	for _, step := range steps {
		h.captured("1", step.table)
		for _, r := range rows[step.table] {
			f := make([]string, 24)
			f[0] = "1"
			copy(f[1:], r)
			step.put(s, f)
		}
	}
	return s
}

// a route's columns behind the namespace: family, table, type, dst, src, gateway, pref_src, ifindex, metric, mtu, weight, flags, scope, ref
func route(table, typ, dst, gateway, src, index, metric, flags string) []string {
	return []string{"ipv4", table, typ, dst, "", gateway, src, index, metric, "", "", flags, "", "route:" + typ + ":" + dst + ":" + metric}
}

var devices = [][]string{
	{"1", "lo", "", "00:00:00:00:00:00", "65536", "up,loopback", "unknown"},
	{"2", "eth0", "veth", "02:00:00:00:00:02", "1450", "up,broadcast", "up"},
	{"3", "eth1", "veth", "02:00:00:00:00:03", "1500", "up,broadcast", "up"},
}

// rules of every namespace: family, priority, action, table
var defaultRules = [][]string{{"ipv4", "0", "lookup", "255"}, {"ipv4", "32766", "lookup", "254"}, {"ipv4", "32767", "lookup", "253"}}

func TestLookup(t *testing.T) {
	s := space(map[string][][]string{
		"link":    devices,
		"address": {{"2", "10.0.0.5", "24", "global"}, {"3", "172.18.0.5", "16", "global"}},
		"route": {
			route("255", "local", "10.0.0.5/32", "", "10.0.0.5", "2", "", ""),
			route("254", "unicast", "0.0.0.0/0", "172.18.0.1", "", "3", "", ""),
			route("254", "unicast", "10.0.0.0/24", "", "10.0.0.5", "2", "100", ""),
			route("254", "unicast", "10.0.0.0/24", "10.0.0.9", "", "2", "50", "dead"),
			route("254", "blackhole", "10.9.0.0/16", "", "", "", "", ""),
			route("254", "throw", "10.8.0.0/16", "", "", "", "", ""),
			route("100", "unicast", "10.7.0.0/16", "", "", "2", "", ""),
		},
		// family, priority, action, table, src, dst, in, out, mark, mask, invert, extra, ref
		"policy_rule": append([][]string{
			{"ipv4", "10", "lookup", "100", "", "", "", "", "7", "15"},
			{"ipv4", "20", "prohibit", "", "", "10.6.0.0/16", "", "", "", "", "", "", "rule"},
			{"ipv4", "30", "lookup", "100", "", "10.5.0.0/16", "", "", "", "", "", "22=06"},
			{"ipv4", "40", "lookup", "100", "", "10.4.0.0/16", "", "", "", "", "", "21=03"},
		}, defaultRules...),
	})
	for _, tt := range []struct {
		to    string
		mark  uint32
		known bool
		dev   string // empty: none
		next  string
		src   string
		local bool
	}{
		{to: "10.0.0.5", known: true, local: true, src: "10.0.0.5"},
		{to: "10.0.0.7", known: true, dev: "eth0", next: "10.0.0.7", src: "10.0.0.5"},
		{to: "8.8.8.8", known: true, dev: "eth1", next: "172.18.0.1", src: "172.18.0.5"},
		{to: "10.9.1.1", known: true},
		{to: "10.8.1.1", known: true}, // thrown out of main, and the last table is empty
		{to: "10.7.1.1", mark: 7, known: true, dev: "eth0", next: "10.7.1.1", src: "10.0.0.5"},
		{to: "10.7.1.1", mark: 0x17, known: true, dev: "eth0", next: "10.7.1.1", src: "10.0.0.5"},
		{to: "10.7.1.1", mark: 8, known: true, dev: "eth1", next: "172.18.0.1", src: "172.18.0.5"},
		{to: "10.6.1.1", known: true},
		{to: "10.5.1.1"}, // by a rule about protocols
		{to: "10.4.1.1", known: true, dev: "eth1", next: "172.18.0.1", src: "172.18.0.5"},
	} {
		d := s.Lookup(Flow{Dst: netip.MustParseAddr(tt.to), Mark: tt.mark})
		dev, next, src := "", "", ""
		if d.Link != nil {
			dev, next = d.Link.Name, d.Next.String()
		}
		if d.Source.IsValid() {
			src = d.Source.String()
		}
		if d.Known != tt.known || dev != tt.dev || next != tt.next || src != tt.src || d.Local() != tt.local {
			t.Errorf("to %s with mark %d: %+v; want %+v", tt.to, tt.mark, d, tt)
		}
	}
	delete(s.Host.whole, "route")
	if d := s.Lookup(Flow{Dst: netip.MustParseAddr("10.0.0.7")}); d.Known || d.Why == "" {
		t.Errorf("without routes: %+v", d)
	}
}

func TestReverse(t *testing.T) {
	for _, tt := range []struct {
		all, own, src string
		known, pass   bool
	}{
		{"0", "0", "10.0.0.7", true, true},
		{"0", "0", "192.0.2.1", true, true},
		{"1", "0", "192.0.2.1", true, false}, // comes in by eth0, goes out by eth1
		{"0", "1", "192.0.2.1", true, false},
		{"2", "0", "192.0.2.1", true, true},
		{"2", "1", "192.0.2.1", true, true}, // the greater one counts
		{"1", "1", "10.0.0.7", true, true},
		{"0", "0", "10.0.0.5", true, false}, // its own
		{"", "0", "192.0.2.1", false, false},
		{"", "", "10.0.0.7", true, true}, // whatever they are
	} {
		rows := map[string][][]string{
			"link": devices, "address": {{"2", "10.0.0.5", "24", "global"}}, "policy_rule": defaultRules,
			"route": {
				route("255", "local", "10.0.0.5/32", "", "10.0.0.5", "2", "", ""),
				route("254", "unicast", "10.0.0.0/24", "", "10.0.0.5", "2", "", ""),
				route("254", "unicast", "0.0.0.0/0", "172.18.0.1", "", "3", "", ""),
			},
		}
		for key, v := range map[string]string{"net.ipv4.conf.all.rp_filter": tt.all, "net.ipv4.conf.eth0.rp_filter": tt.own} {
			if v != "" {
				rows["sysctl"] = append(rows["sysctl"], []string{key, v, "ref"})
			}
		}
		s := space(rows)
		c := s.Reverse(s.Device("eth0"), netip.MustParseAddr(tt.src), netip.MustParseAddr("10.0.0.5"), 0)
		if c.Known != tt.known || c.Pass != tt.pass {
			t.Errorf("all %q, eth0 %q, from %s: %+v", tt.all, tt.own, tt.src, c)
		}
	}
}

func TestListener(t *testing.T) {
	// proto, family, local, port, state, dev, v6only, recv_q, recv_q_last, send_q, seen, ref, peer
	s := space(map[string][][]string{"socket": {
		{"tcp", "ipv6", "::", "80", "listening", "", "0", "0", "0", "9", "both", "any"},
		{"tcp", "ipv4", "10.0.0.5", "80", "listening", "", "", "10", "10", "9", "both", "own"},
		{"tcp", "ipv6", "::", "81", "listening", "", "1", "0", "0", "9", "both", "only6"},
		{"tcp", "ipv4", "127.0.0.1", "82", "listening", "", "", "0", "0", "9", "both", "lo"},
		{"tcp", "ipv4", "0.0.0.0", "83", "listening", "eth9", "", "0", "0", "9", "both", "dev"},
		{"tcp", "ipv4", "0.0.0.0", "84", "listening", "", "", "0", "0", "9", "first", "gone"},
		{"udp", "ipv4", "0.0.0.0", "53", "unconnected", "", "", "0", "0", "0", "both", "udp"},
		{"udp", "ipv4", "10.0.0.5", "54", "unconnected", "", "", "0", "0", "0", "both", "peer", "10.0.0.9"},
	}})
	for _, tt := range []struct {
		proto string
		port  int
		to    string
		want  string
		full  bool
	}{
		{"tcp", 80, "10.0.0.5", "own", true}, {"tcp", 80, "10.0.0.6", "any", false}, {"tcp", 81, "10.0.0.5", "", false}, {"tcp", 81, "fd00::1", "only6", false},
		{"tcp", 82, "10.0.0.5", "", false}, {"tcp", 83, "10.0.0.5", "", false}, {"tcp", 84, "10.0.0.5", "", false}, {"udp", 53, "10.0.0.5", "udp", false},
		{"udp", 80, "10.0.0.5", "", false}, {"udp", 54, "10.0.0.5", "", false},
	} {
		k, earlier := s.Listener(tt.proto, netip.MustParseAddr(tt.to), tt.port, "eth0")
		got, full := "", false
		if k != nil {
			got, full = k.Ref, k.Full(0) && k.Full(1)
		}
		if got != tt.want || full != tt.full || (earlier != nil) != (tt.port == 84) {
			t.Errorf("%s %d at %s: %q full %v; want %q %v", tt.proto, tt.port, tt.to, got, full, tt.want, tt.full)
		}
	}
}

func TestVirtual(t *testing.T) {
	// family, fwmark, proto, address, port, scheduler, flags, seen, ref; then of destinations fwmark, proto, vaddress, vport, address, port, forward, weight, u_threshold, active, active_last, seen
	s := space(map[string][][]string{
		"ipvs_service": {
			{"ipv4", "256", "", "", "", "rr", "", "both", "mark"}, {"ipv4", "257", "", "", "", "rr", "", "first", "gone"},
			{"ipv4", "0", "tcp", "10.0.0.9", "80", "rr", "", "both", "address"}, {"ipv4", "0", "tcp", "10.0.0.9", "0", "rr", "", "both", "any"},
		},
		"ipvs_destination": {
			{"256", "", "", "", "10.0.1.1", "0", "masq", "1", "", "0", "", "both"}, {"256", "", "", "", "10.0.1.2", "0", "masq", "0", "", "0", "", "both"},
			{"256", "", "", "", "10.0.1.3", "0", "masq", "1", "5", "5", "5", "both"}, {"0", "tcp", "10.0.0.9", "80", "10.0.1.4", "80", "masq", "1", "", "0", "", "both"},
		},
	})
	vip := netip.MustParseAddr("10.0.0.9")
	for _, tt := range []struct {
		mark   uint32
		port   int
		want   string
		takes  int
		moving bool
	}{{256, 80, "mark", 1, false}, {257, 80, "address", 1, true}, {0, 80, "address", 1, false}, {0, 81, "any", 0, false}, {300, 80, "address", 1, false}} {
		v, moving := s.Virtual(tt.mark, "tcp", vip, tt.port)
		takes := 0
		for _, d := range v.Destinations {
			if d.Takes() {
				takes++
			}
		}
		if v.Ref != tt.want || takes != tt.takes || moving != tt.moving {
			t.Errorf("mark %d port %d: %s with %d, moving %v; want %+v", tt.mark, tt.port, v.Ref, takes, moving, tt)
		}
	}
	if v, _ := s.Virtual(0, "udp", vip, 80); v != nil {
		t.Errorf("udp is taken by %s", v.Ref)
	}
}

func TestTunnelAndSwitch(t *testing.T) {
	const mac = "02:42:0a:00:00:07"
	// ifindex, mac, dst, port, vni, state, self, on_master, master, seen, vlan, line
	s := space(map[string][][]string{
		"link": {{"2", "br0", "bridge", "", "1450", "up", "up"}, {"3", "vxlan0", "vxlan", "", "1450", "up", "up", "2"}},
		"fdb": {
			{"3", mac, "", "", "", "reachable", "0", "1", "2", "both", "", "learned"},
			{"3", mac, "192.0.2.7", "", "", "permanent", "1", "0", "", "both", "", "programmed"},
			{"3", "02:42:0a:00:00:08", "192.0.2.8", "", "", "permanent", "1", "0", "", "first", "", "gone"},
			{"3", allZero, "192.0.2.9", "", "", "permanent", "1", "0", "", "both", "", "default"},
		},
	})
	br, vx := s.Device("br0"), s.Device("vxlan0")
	if e, _ := s.Switch(br, mac); e == nil || e.line != "learned" {
		t.Errorf("the bridge has %+v", e)
	}
	if e, _ := s.Switch(br, "02:42:0a:00:00:08"); e != nil {
		t.Errorf("the bridge has the tunnel's own entry %+v", e)
	}
	for mac, want := range map[string]string{mac: "programmed", "02:42:0a:00:00:08": "default", "02:42:0a:00:00:09": "default"} {
		if now, _ := s.Tunnel(vx, mac); len(now) != 1 || now[0].line != want {
			t.Errorf("%s goes by %v, want %s", mac, now, want)
		}
	}
}

// TestSameKey holds what counts where several rows are for one address: of a tunnel all, in their order; of a bridge the last, or the
// first without a VLAN; of neighbours the last.
func TestSameKey(t *testing.T) {
	const mac = "02:42:0a:00:00:07"
	s := space(map[string][][]string{
		"link": {{"2", "br0", "bridge", "", "1450", "up", "up"}, {"3", "vxlan0", "vxlan", "", "1450", "up", "up", "2"}},
		"fdb": {
			{"3", mac, "192.0.2.1", "", "", "permanent", "1", "0", "", "first", "", "1"},
			{"3", mac, "192.0.2.2", "", "", "permanent", "1", "0", "", "first", "", "2"},
			{"3", allZero, "192.0.2.3", "", "", "permanent", "1", "0", "", "both", "", "3"},
			{"3", allZero, "192.0.2.4", "", "", "permanent", "1", "0", "", "both", "", "4"},
			{"3", "01:00:5E:00:00:01", "192.0.2.5", "", "", "permanent", "1", "0", "", "both", "", "5"},
			{"3", mac, "", "", "", "", "0", "1", "2", "both", "1", "6"},
			{"3", mac, "", "", "", "", "0", "1", "2", "both", "", "7"},
			{"3", mac, "", "", "", "", "0", "1", "2", "both", "2", "8"},
			{"3", allZero, "", "", "", "", "0", "1", "2", "both", "1", "9"},
			{"3", allZero, "", "", "", "", "0", "1", "2", "both", "2", "10"},
		},
		// ifindex, ip, mac, state, flags, seen, line
		"neighbour": {
			{"3", "10.0.0.7", mac, "stale", "", "first", "1"}, {"3", "10.0.0.7", mac, "stale", "", "both", "2"}, {"3", "10.0.0.7", mac, "stale", "", "first", "3"},
			{"3", "10.0.0.7", mac, "stale", "", "last", "4"}, {"3", "10.0.0.7", mac, "stale", "proxy", "both", "5"},
		},
	})
	br, vx := s.Device("br0"), s.Device("vxlan0")
	lines := func(list []*Forward) (out string) {
		for _, e := range list {
			out += e.line + " "
		}
		return out
	}
	if now, earlier := s.Tunnel(vx, mac); lines(now) != "3 4 " || earlier != nil {
		t.Errorf("the tunnel has %s, earlier %s", lines(now), lines(earlier))
	}
	for mac, want := range map[string]string{mac: "7", allZero: "10"} {
		if now, _ := s.Switch(br, mac); now == nil || now.Ref() != "h/rows/fdb.jsonl:"+want {
			t.Errorf("the bridge has %+v for %s, want %s", now, mac, want)
		}
	}
	if n := len(s.Forwards); n != 9 {
		t.Errorf("%d entries, want 9 without the group's", n)
	}
	if now, earlier := s.Neighbour(vx, netip.MustParseAddr("10.0.0.7")); now.line != "4" || earlier.line != "3" {
		t.Errorf("neighbour %+v, earlier %+v", now, earlier)
	}
	s = space(map[string][][]string{
		"link": {{"3", "vxlan0", "vxlan", "", "1450", "up", "up", "2"}},
		"fdb": {
			{"3", mac, "192.0.2.1", "", "", "permanent", "1", "0", "", "first", "", "1"},
			{"3", mac, "192.0.2.2", "", "", "permanent", "1", "0", "", "first", "", "2"},
			{"3", allZero, "192.0.2.3", "", "", "permanent", "1", "0", "", "first", "", "3"},
		},
	})
	if now, earlier := s.Tunnel(s.Device("vxlan0"), mac); now != nil || lines(earlier) != "1 2 3 " {
		t.Errorf("the tunnel has %s, earlier %s", lines(now), lines(earlier))
	}
}

// FuzzSelector: a selector is text of a captured row, and may be anything.
func FuzzSelector(f *testing.F) {
	for _, s := range []string{"10.0.0.1/32>10.0.0.2/32 udp 0>4789", "", "::/0>::/0", "10.0.0.1>x", "10.0.0.0/8>10.0.0.0/8 99 1>2 3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := Policy{Selector: s}
		g := Datagram{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), Proto: "udp", SPort: -1, DPort: 4789}
		if match, ok := p.Selects(g); match && !ok {
			t.Errorf("%q matches, and is not understood", s)
		}
	})
}

func TestSelector(t *testing.T) {
	g := Datagram{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), Proto: "udp", SPort: -1, DPort: 4789, Mark: 13681891}
	for _, tt := range []struct {
		selector   string
		mark, mask uint32
		match, ok  bool
	}{
		{"10.0.0.1/32>10.0.0.2/32 udp 0>4789", 13681891, 0xffffffff, true, true},
		{"10.0.0.1/32>10.0.0.2/32 udp 0>4789", 7, 0xffffffff, false, true},
		{"10.0.0.1/32>10.0.0.2/32 udp 0>4790", 0, 0, false, true},
		{"10.0.0.1/32>10.0.0.3/32", 0, 0, false, true},
		{"0.0.0.0/0>0.0.0.0/0 tcp", 0, 0, false, true},
		{"", 0, 0, true, true},
		{"somewhere", 0, 0, false, false},
		{"0.0.0.0/0>0.0.0.0/0 strange", 0, 0, false, false},
	} {
		p := Policy{Selector: tt.selector, Mark: tt.mark, Mask: tt.mask}
		if match, ok := p.Selects(g); match != tt.match || ok != tt.ok {
			t.Errorf("%q: %v %v", tt.selector, match, ok)
		}
	}
}
