package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/analyze/ruleset"
)

// A probe is one packet that is sent, and what has become of it.
type probe struct {
	id     uint32
	dev    string // it comes in by; empty for one of the router's own
	packet ruleset.Packet
	bytes  []byte
	want   prediction
	saw    []seen
	common bool   // other packets have its source port, too: where it begins a connection, SNAT may have to choose another
	back   string // an ICMP error or a reset that came back; empty for none
}

// A prediction is where the evaluator's packet ends.
type prediction struct {
	verdict ruleset.Verdict
	local   bool
	dev     string // that it leaves by
	packet  ruleset.Packet
	rule    ruleset.Hit
	why     string
	way     []string // for the log
	rash    []string // hooks where less knowledge gave another answer
	ways    int      // Undecided: the ways that the hook where it stopped names
	blind   int      // hooks that were asked with less knowledge
	bold    int      // and answered
}

// walkRouter follows a packet through a router. At each hook it also asks what becomes of the packet when less is known
// of it: what is then said must not differ.
//
// Where a hook cannot tell but names the ways that it may go, the walk takes those of script, one an undecided hook,
// and stops where script ends.
func walkRouter(set *ruleset.Set, ns routerNamespace, dev string, p ruleset.Packet, lots *rand.Rand, script ...int) (w prediction) {
	reroute := false
	hook := func(h ruleset.Hook) bool {
		o := set.Trace(h, p)
		reroute = o.Reroute
		less := p
		for range 1 + lots.IntN(3) {
			forget(&less, lots)
		}
		if q := set.Hook(h, less); q.Verdict != ruleset.Undecided && !always(&o, q.Verdict) {
			less.Payload = ""
			w.rash = append(w.rash, fmt.Sprintf("%s: %s, but of the packet %+v it says %s by %s %s", h, o.Verdict, less, q.Verdict, q.Rule.Ref, q.Rule.Text))
		} else if q.Verdict != ruleset.Undecided {
			w.bold++
		}
		w.blind++
		if o.Verdict == ruleset.Undecided && len(o.Any) > 0 {
			if len(script) == 0 {
				w.ways = len(o.Any)
			} else {
				o, script = o.Any[script[0]], script[1:]
				reroute = o.Reroute
			}
		}
		line := fmt.Sprintf("%s in=%q out=%q ct=%d mark=%#x: %s", h, p.In, p.Out, p.CT, p.Mark, o.Verdict)
		for _, hit := range o.Trace {
			line += "\n      " + hit.Ref + " " + hit.Text
		}
		w.way = append(w.way, line)
		w.verdict, w.rule, w.why = o.Verdict, o.Rule, o.Why
		if o.Verdict == ruleset.Undecided && o.Lost() == ruleset.Yes {
			w.verdict = ruleset.Reject // dropped or rejected: it does not come through
		}
		p = o.Packet
		w.packet = p
		return o.Verdict == ruleset.Accept
	}
	unknown := func(why string) prediction {
		w.verdict, w.why = ruleset.Undecided, why
		return w
	}
	route := func() (ruleset.Route, bool) {
		if !p.Dst.IsValid() || p.MarkUnknown != 0 {
			return ruleset.Route{}, false
		}
		return ns.Route(ruleset.RouteQuery{Dst: p.Dst, Mark: p.Mark})
	}
	if dev == "" {
		r, _ := route()
		p.Out, p.Local = r.Dev, true
		if !hook(ruleset.Output) {
			return w
		}
		if reroute {
			r, ok := route()
			if !ok {
				return unknown("new destination or mark not known")
			}
			p.Out = r.Dev
		}
		if !hook(ruleset.Postrouting) {
			return w
		}
		if p.Out != "lo" {
			w.dev = p.Out
			return w
		}
		p.In, p.Out, p.Local = "lo", "", false
	} else {
		p.In = dev
	}
	if !hook(ruleset.Prerouting) {
		return w
	}
	r, ok := route()
	switch {
	case !ok:
		return unknown("new destination or mark not known")
	case r.Type == ruleset.LocalAddr:
		if p.Dst.IsLoopback() && p.In != "lo" {
			return unknown("a packet for 127.0.0.0/8 from outside")
		}
		w.local = true
		hook(ruleset.Input)
		return w
	}
	p.Out = r.Dev
	p.TTL--
	if hook(ruleset.Forward) && hook(ruleset.Postrouting) {
		w.dev = p.Out
	}
	return w
}

// errorPasses says whether the ICMP error about a rejected packet surely gets out of the router by its own rules. Its
// source is the router's choice: not known. In IPv6 the kernel may send fewer, at a rate that not every kernel lets a
// namespace set.
func errorPasses(set *ruleset.Set, ns routerNamespace, p *probe) bool {
	if p.dev == "" || p.packet.Proto == unix.IPPROTO_TCP || !strings.Contains(strings.ToLower(p.want.rule.Text), "reject") {
		return false
	}
	w := &p.want.packet
	if w.Src.Is6() {
		return false
	}
	e := ruleset.Packet{Dst: w.Src, Proto: unix.IPPROTO_ICMP, Local: true, Kind: ruleset.KindHost, Bridged: ruleset.No, CT: ruleset.CTRelated, Conn: w.Conn, Reply: !w.Reply}
	switch w.CT {
	case ruleset.CTInvalid, ruleset.CTUntracked, ruleset.CTNone:
		e.CT = w.CT
	}
	route, _ := ns.Route(ruleset.RouteQuery{Dst: e.Dst})
	e.Out = route.Dev
	o := set.Hook(ruleset.Output, e)
	if o.Verdict != ruleset.Accept || o.Reroute || o.Packet.MarkUnknown != 0 || route.Type != ruleset.Unicast {
		return false
	}
	return set.Hook(ruleset.Postrouting, o.Packet).Verdict == ruleset.Accept
}

// always says whether an outcome is a verdict whichever way it goes.
func always(o *ruleset.Outcome, v ruleset.Verdict) bool {
	return o.Verdict == v || len(o.Any) > 0 && !slices.ContainsFunc(o.Any, func(way ruleset.Outcome) bool { return !always(&way, v) })
}

// ends follows every way that an undecided packet may go. It returns nil where one of them is not told to its end.
func ends(set *ruleset.Set, ns routerNamespace, p *probe, lots *rand.Rand) (all []prediction) {
	scripts := [][]int{nil}
	for len(scripts) > 0 {
		script := scripts[0]
		scripts = scripts[1:]
		w := walkRouter(set, ns, p.dev, p.packet, lots, script...)
		switch {
		case w.verdict != ruleset.Undecided:
			all = append(all, w)
		case w.ways == 0 || len(all)+len(scripts) > 100:
			return nil
		default:
			for i := range w.ways {
				scripts = append(scripts, append(slices.Clone(script), i))
			}
		}
	}
	return all
}

// forget makes one thing about a packet unknown.
func forget(p *ruleset.Packet, lots *rand.Rand) {
	switch lots.IntN(12) {
	case 0, 1:
		p.Sport = 0
	case 2:
		p.Dport = 0
	case 3:
		if p.CT != ruleset.CTNone { // else conntrack needs them
			p.TCPFlags = 0
		}
	case 4:
		p.Length, p.Payload = 0, ""
	case 5:
		p.MSS, p.TTL = 0, 0
	case 6:
		p.Kind = ruleset.KindUnknown
		if p.CT != ruleset.CTNone {
			p.ICMP = ruleset.ICMP{}
		}
	case 7:
		p.MarkUnknown |= lots.Uint32()
		p.Mark &^= p.MarkUnknown
	case 8:
		p.In = ""
	case 9:
		p.Out = ""
	case 10:
		p.Decrypted, p.Encrypted, p.Bridged = ruleset.Unknown, ruleset.Unknown, ruleset.Unknown
	case 11:
		p.Src = netip.Addr{}
	}
}

// judge compares what was predicted with what was seen; empty is agreement.
func (p *probe) judge() string {
	w := &p.want
	switch {
	case w.verdict == ruleset.Undecided:
		return ""
	case w.verdict != ruleset.Accept:
		if len(p.saw) > 0 {
			return fmt.Sprintf("predicted %s, but it came through: %s", w.verdict, p.saw[0])
		}
		if w.verdict == ruleset.Drop && p.back != "" {
			return "predicted drop, but back came " + p.back
		}
		return ""
	case len(p.saw) == 0:
		return "predicted accept, but it did not come through"
	case len(p.saw) > 1:
		return fmt.Sprintf("it came through %d times", len(p.saw))
	}
	s, q := p.saw[0], w.packet
	var bad []string
	addr := func(name string, got, want netip.Addr) {
		if want.IsValid() && got != want {
			bad = append(bad, fmt.Sprintf("%s %s, predicted %s", name, got, want))
		}
	}
	port := func(name string, got, want uint16) {
		if want != 0 && got != want {
			bad = append(bad, fmt.Sprintf("%s %d, predicted %d", name, got, want))
		}
	}
	if s.local != w.local || s.dev != w.dev {
		bad = append(bad, fmt.Sprintf("came to local %v device %q, predicted %v %q", s.local, s.dev, w.local, w.dev))
	}
	addr("source", s.Src, q.Src)
	addr("destination", s.Dst, q.Dst)
	if !p.common || w.packet.Reply {
		port("source port", s.Sport, q.Sport)
	}
	port("destination port", s.Dport, q.Dport)
	if p.packet.MSS != 0 {
		port("MSS", s.MSS, q.MSS)
	}
	if (s.mark^q.Mark)&^q.MarkUnknown != 0 {
		bad = append(bad, fmt.Sprintf("mark %#x, predicted %#x of %#x", s.mark, q.Mark, ^q.MarkUnknown))
	}
	return strings.Join(bad, "; ")
}

func (s seen) String() string {
	return fmt.Sprintf("%s:%d > %s:%d proto %d local %v device %s mark %#x", s.Src, s.Sport, s.Dst, s.Dport, s.Proto, s.local, s.dev, s.mark)
}

// firstSport is where the source ports of packets begin that are no answers.
const firstSport = 20000

// packet draws a packet that comes in by a device, or is the router's own for an empty one. Its source port is its
// own, so that no two packets share a connection.
func (g *ruleGen) packet(dev string, n int) ruleset.Packet {
	addr := func(text string) netip.Addr { return netip.MustParseAddr(text) }
	p := ruleset.Packet{TTL: uint8(62 + g.IntN(4)), Decrypted: ruleset.No, Encrypted: ruleset.No, IPVS: ruleset.No, Bridged: ruleset.No, Kind: ruleset.KindHost}
	if dev == "" {
		p.Dst = addr(g.one(g.host(), g.host(), g.host(), ownAddr(g.dev(), g.v6)))
		route, _ := routerNamespace{}.Route(ruleset.RouteQuery{Dst: p.Dst})
		p.Src = addr(ownAddr(g.one(g.dev(), route.Dev), g.v6))
		if route.Dev == "lo" {
			p.Src = p.Dst
		}
		p.Mark = []uint32{0, 0, 0, 1, 0x106}[g.IntN(5)]
	} else {
		p.Src = addr(g.one(g.hosts(dev)...))
		for p.Dst = p.Src; p.Dst == p.Src; {
			p.Dst = addr(g.one(g.host(), g.host(), ownAddr(g.dev(), g.v6)))
		}
	}
	switch g.IntN(10) {
	case 0, 1, 2, 3, 4:
		p.Proto, p.TCPFlags = unix.IPPROTO_TCP, ruleset.SYN
		if g.chance(20) {
			p.TCPFlags = []uint8{ruleset.ACK, ruleset.SYN | ruleset.ACK, ruleset.ACK | ruleset.PSH, ruleset.FIN | ruleset.ACK, ruleset.RST}[g.IntN(5)]
		}
		if p.TCPFlags&ruleset.SYN != 0 {
			p.MSS = 1460
		}
	case 5, 6, 7, 8:
		p.Proto = unix.IPPROTO_UDP
	default:
		p.Proto, p.ICMP = unix.IPPROTO_ICMP, ruleset.ICMP{Known: true, Type: 8}
		if g.v6 {
			p.Proto, p.ICMP = unix.IPPROTO_ICMPV6, ruleset.ICMP{Known: true, Type: 128}
		}
	}
	if p.Proto == unix.IPPROTO_TCP || p.Proto == unix.IPPROTO_UDP {
		p.Sport, p.Dport = uint16(firstSport+n), uint16(g.port())
		if g.chance(10) {
			p.Dport = uint16(10000 + g.IntN(100))
		}
	}
	if p.Proto == unix.IPPROTO_UDP && p.Dport == 4789 {
		p.Payload = "\x08\x00\x00\x00\x00\x10" + string([]byte{byte(1 + g.IntN(2)), 0})
	}
	return p
}

// A routerCase is a router with the rules that it was given.
type routerCase struct {
	*router
	gen     *ruleGen
	kind    string
	texts   []string
	refused int // texts that the kernel or the tool took in no form
}

// give loads rules of one kind. A text that the kernel refuses is drawn again: it lacks an extension, or the tool is
// of another mind.
func (c *routerCase) give(t *testing.T, kind string) {
	t.Helper()
	c.kind = kind
	program := map[bool]string{false: "iptables", true: "ip6tables"}[c.gen.v6]
	load := func(draw func() string, command ...string) {
		var last error
		for range 5 {
			text := draw()
			if last != nil { // this kernel may have no REJECT for legacy tables of IPv6
				text = rejects.ReplaceAllString(text, "-j DROP")
			}
			if last = c.load(t, text, command[0], command[1:]...); last == nil {
				c.texts = append(c.texts, strings.Join(command, " ")+"\n"+text)
				return
			}
		}
		t.Logf("refused five times: %v\n%s", last, draw())
		c.refused++
	}
	for part := range strings.SplitSeq(kind, "+") {
		switch part {
		case "legacy":
			load(c.gen.iptables, program+"-legacy-restore")
		case "iptables-nft":
			load(c.gen.iptables, program+"-nft-restore")
			if c.gen.chance(40) {
				load(c.gen.mingled, "nft", "-f", "-")
			}
		case "nft":
			load(c.gen.nft, "nft", "-f", "-")
		}
	}
}

var rejects = regexp.MustCompile(`-j REJECT.*`)

var rulesetKinds = []string{"legacy", "iptables-nft", "nft", "nft", "legacy+nft", "iptables-nft+nft", "legacy+iptables-nft"}

// kindsOfKernel leaves out the kinds that this kernel does not have at all.
func kindsOfKernel(t *testing.T) (kinds []string) {
	t.Helper()
	scratch := newNetnsThread(t)
	lacks := map[string]error{}
	for part, commands := range map[string][][]string{
		"legacy": {{"iptables-legacy-restore"}, {"ip6tables-legacy-restore"}}, "iptables-nft": {{"iptables-nft-restore"}, {"ip6tables-nft-restore"}}, "nft": {{"nft", "-f", "-"}},
	} {
		text := "*raw\n-A OUTPUT -m conntrack --ctstate NEW\nCOMMIT\n*mangle\nCOMMIT\n*nat\nCOMMIT\n*filter\n-A INPUT -m comment --comment x -j DROP\nCOMMIT\n"
		if part == "nft" {
			text = "table inet x {\n chain y {\n type filter hook prerouting priority raw\n fib daddr type local ct state new counter\n }\n}\n"
		}
		for _, command := range commands {
			if err := scratch.load(t, text, command[0], command[1:]...); err != nil {
				lacks[part] = err
			}
		}
	}
	for _, kind := range rulesetKinds {
		if !slices.ContainsFunc(strings.Split(kind, "+"), func(part string) bool { return lacks[part] != nil }) {
			kinds = append(kinds, kind)
		}
	}
	if len(lacks) > 0 {
		t.Logf("left out: %v", lacks)
	}
	if len(kinds) == 0 {
		t.Skip("this kernel has neither tables of iptables nor nftables")
	}
	return kinds
}

// TestIntegrationRuleset gives routers rulesets that were drawn by chance, sends packets through them, and compares
// what the kernel does with what package ruleset says of the rules as captured. RULESET_SEED repeats a run,
// RULESET_ROUTERS and RULESET_PACKETS make it longer.
func TestIntegrationRuleset(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to make network namespaces")
	}
	for _, name := range []string{"iptables-legacy-restore", "ip6tables-legacy-restore", "iptables-nft-restore", "ip6tables-nft-restore", "nft"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("needs %s (Debian packages iptables, nftables)", name)
		}
	}
	t.Setenv("XTABLES_LOCKFILE", filepath.Join(t.TempDir(), "xtables.lock"))
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	seed := number("RULESET_SEED", int(time.Now().UnixNano()%1_000_000))
	routers, packets := number("RULESET_ROUTERS", 42), number("RULESET_PACKETS", 150)
	t.Logf("RULESET_SEED=%d", seed)

	// One processor, so that what is sent first is worked off first.
	lots := rand.New(rand.NewPCG(uint64(seed), 1))
	runtime.LockOSThread()
	var all, own unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	for i := range 1024 {
		if all.IsSet(i) {
			own.Set(i)
			break
		}
	}

	begun := time.Now()
	far := newNetnsThread(t)
	wire := -1
	far.do(t, func() (err error) {
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0); err != nil {
			return err
		}
		wire, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		return err
	})
	t.Cleanup(func() { unix.Close(wire) })
	kinds := kindsOfKernel(t)
	var cases []*routerCase
	for i := range routers {
		c := &routerCase{router: newRouter(t, i, far), gen: newRuleGen(uint64(seed*1000+i), i%3 == 2, i%10 == 9)}
		c.give(t, kinds[i%len(kinds)])
		cases = append(cases, c)
	}
	made := time.Now()
	rows := capturedRows(t)
	read := time.Now()
	if err := unix.SchedSetaffinity(0, &own); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.SchedSetaffinity(0, &all); runtime.UnlockOSThread() }()

	var total, undecided, unsteady, unsteadyUndecided, wrong, rejected, answered, blind, bold, refused, listed, told int
	byKind := map[string][2]int{}
	for _, c := range cases {
		refused += c.refused
		if rows[c.id] == nil {
			if len(c.texts) > 0 {
				t.Errorf("router %d: no rows were captured", c.n)
			}
			continue
		}
		ns := routerNamespace{r: c.router}
		set := ruleset.New(rows[c.id], ns)
		round := func(probes []*probe) {
			bySport := map[uint16]uint32{}
			for _, p := range probes {
				p.want = walkRouter(set, ns, p.dev, p.packet, lots)
				if p.packet.Proto == unix.IPPROTO_TCP && p.packet.Sport >= firstSport { // no two have the same
					bySport[p.packet.Sport] = p.id
				}
				var err error
				if p.dev == "" {
					err = c.emit(p.bytes, p.packet.Dst, p.packet.Mark)
				} else {
					err = c.inject(wire, p.dev, p.bytes)
				}
				if err != nil {
					t.Fatalf("send: %v", err)
				}
			}
			h, err := c.harvest(t.Context(), far, wire, c.gen.v6, bySport)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range probes {
				p.saw, p.back = h.seen[p.id], h.answered[p.id]
				total++
				k := byKind[c.kind]
				k[0]++
				if p.want.verdict == ruleset.Undecided {
					k[1]++
					if all := ends(set, ns, p, lots); all != nil {
						listed++
						if !slices.ContainsFunc(all, func(w prediction) bool { q := *p; q.want = w; return q.judge() == "" }) {
							if wrong++; wrong <= 8 {
								t.Errorf("router %d (%s), probe %d: it went none of the %d ways that it may go: %v %s\n    %s", c.n, c.kind, p.id, len(all), p.saw, p.back, strings.Join(p.want.way, "\n    "))
							}
						}
					}
					if c.gen.unsteady {
						unsteadyUndecided++
					} else {
						undecided++
						if os.Getenv("RULESET_VERBOSE") != "" {
							t.Logf("undecided (%s): %s %s %s", c.kind, p.want.why, p.want.rule.Ref, p.want.rule.Text)
						}
					}
				}
				byKind[c.kind] = k
				if c.gen.unsteady {
					unsteady++
				}
				if p.want.verdict == ruleset.Reject {
					if errorPasses(set, ns, p) {
						told++
						if p.back == "" {
							if wrong++; wrong <= 8 {
								t.Errorf("router %d (%s), probe %d: predicted reject by %s %s, but no error came back\n    %s", c.n, c.kind, p.id, p.want.rule.Ref, p.want.rule.Text, strings.Join(p.want.way, "\n    "))
							}
						}
					}
					rejected++
					if p.back != "" {
						answered++
					}
				}
				blind, bold = blind+p.want.blind, bold+p.want.bold
				for _, rash := range p.want.rash {
					if wrong++; wrong <= 8 {
						t.Errorf("router %d (%s), probe %d: %s\n    %s", c.n, c.kind, p.id, rash, strings.Join(p.want.way, "\n    "))
						if os.Getenv("RULESET_VERBOSE") != "" {
							t.Log(strings.Join(c.texts, "\n"))
						}
					}
				}
				if bad := p.judge(); bad != "" {
					wrong++
					if wrong <= 8 {
						t.Errorf("router %d (%s), probe %d: %s\n  sent by %q %s:%d > %s:%d proto %d flags %#x mark %#x\n  of the connection %+v\n    %s", c.n, c.kind, p.id, bad, p.dev, p.packet.Src, p.packet.Sport,
							p.packet.Dst, p.packet.Dport, p.packet.Proto, p.packet.TCPFlags, p.packet.Mark, p.packet.Conn, strings.Join(p.want.way, "\n    "))
						if os.Getenv("RULESET_VERBOSE") != "" {
							t.Log(strings.Join(c.texts, "\n"))
						}
					}
				}
			}
		}
		id := uint32(0)
		add := func(dev string, p ruleset.Packet, ident uint32) *probe {
			id++
			if ident == 0 {
				ident = id
			}
			b := encode(&p, id, uint16(ident))
			p.Length = uint16(len(b))
			p.Payload += probeMagic + string([]byte{byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)})
			return &probe{id: id, dev: dev, packet: p, bytes: b}
		}
		var first []*probe
		for i := range packets {
			dev := c.gen.one("eth0", "eth0", "docker0", "br-web", "")
			first = append(first, add(dev, c.gen.packet(dev, i), 0))
		}
		round(first)
		// What came through beyond is answered, and goes on.
		var second, third []*probe
		for _, p := range first {
			if p.want.verdict != ruleset.Accept || len(p.saw) != 1 || p.saw[0].local || p.judge() != "" || p.want.packet.Sport != p.saw[0].Sport || !p.want.packet.Src.IsValid() {
				continue
			}
			a := p.want.packet.Answer()
			if p.packet.Proto == unix.IPPROTO_TCP && p.packet.TCPFlags != ruleset.SYN {
				continue
			}
			a.TTL, a.MSS, a.Local = 64, map[bool]uint16{true: 1460}[a.TCPFlags&ruleset.SYN != 0], false
			a.Payload = ""
			if a.Sport == 0 { // chosen by the kernel
				a.Sport = p.saw[0].Dport
			}
			q := add(p.want.dev, a, p.id)
			q.common = true
			second = append(second, q)
			r := p.packet
			r.Payload, r.TCPFlags, r.MSS = "", map[bool]uint8{true: ruleset.ACK}[r.Proto == unix.IPPROTO_TCP], 0
			r.Conn = p.want.packet.Conn
			third = append(third, add(p.dev, r, p.id))
		}
		round(second)
		for i, p := range third { // an error that the router sends belongs to the connection, too, and rules may mark it for that
			if a := second[i]; a.want.packet.Conn != (ruleset.Conn{}) && (a.want.verdict == ruleset.Accept && !a.want.local || a.want.verdict == ruleset.Drop) {
				if a.want.packet.Conn.Orig == p.packet.Conn.Orig { // else the answer did not belong to it
					p.packet.Conn = a.want.packet.Conn
				}
			} else {
				third[i] = nil
			}
		}
		round(slices.DeleteFunc(third, func(p *probe) bool { return p == nil }))
	}
	steady := total - unsteady
	t.Logf("%d routers, %d cases: %d wrong; %d of %d undecided (%.1f %%), of those with lots and counts %d of %d; of %d rejections %d answered, %d had to be", len(cases), total, wrong, undecided, steady,
		100*float64(undecided)/float64(max(steady, 1)), unsteadyUndecided, unsteady, rejected, answered, told)
	t.Logf("of those undecided %d went one of the ways that they may go", listed)
	t.Logf("of %d answers with less known of the packet, %d were decided", blind, bold)
	t.Logf("by kind, cases and undecided: %v; %s to make, %s to capture, %s to send", byKind, made.Sub(begun).Round(time.Millisecond), read.Sub(made).Round(time.Millisecond), time.Since(read).Round(time.Millisecond))
	if steady > 0 && undecided*20 > steady {
		t.Errorf("%d of %d cases could not be decided: more than 5 %%", undecided, steady)
	}
	if total < routers*packets/2 || refused > routers/4 {
		t.Errorf("%d cases, %d rulesets were refused", total, refused)
	}
}
