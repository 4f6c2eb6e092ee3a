package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A ruleGen makes rulesets by chance, over what Docker, ufw and firewalld write, and packets that meet them: both draw
// from the same few addresses, devices and ports.
type ruleGen struct {
	*rand.Rand
	v6       bool
	unsteady bool // also matches that draw lots or count
}

func newRuleGen(seed uint64, v6, unsteady bool) *ruleGen {
	return &ruleGen{Rand: rand.New(rand.NewPCG(seed, 29)), v6: v6, unsteady: unsteady}
}

func (g *ruleGen) one(list ...string) string { return list[g.IntN(len(list))] }
func (g *ruleGen) chance(percent int) bool   { return g.IntN(100) < percent }

// not is a negation by chance.
func (g *ruleGen) not() string {
	if g.chance(20) {
		return "! "
	}
	return ""
}

// The devices of the router, as a Docker host calls them.
var routerDevs = []string{"eth0", "docker0", "br-web"}

// hosts are addresses beyond each device; the first of own is the router's own there.
func (g *ruleGen) hosts(dev string) []string {
	if g.v6 {
		return map[string][]string{
			"eth0": {"fd00:a::7", "fd00:a::9", "2001:db8::5", "2001:db8:1::3"}, "docker0": {"fd00:b::2", "fd00:b::3", "fd00:b::4"},
			"br-web": {"fd00:c::2", "fd00:c::3", "fd00:c::4"},
		}[dev]
	}
	return map[string][]string{
		"eth0": {"192.0.2.7", "192.0.2.9", "203.0.113.5", "10.1.2.3"}, "docker0": {"172.17.0.2", "172.17.0.3", "172.17.0.4"},
		"br-web": {"172.18.0.2", "172.18.0.3", "172.18.0.4"},
	}[dev]
}

func ownAddr(dev string, v6 bool) string {
	if v6 {
		return map[string]string{"eth0": "fd00:a::1", "docker0": "fd00:b::1", "br-web": "fd00:c::1", "lo": "::1"}[dev]
	}
	return map[string]string{"eth0": "192.0.2.1", "docker0": "172.17.0.1", "br-web": "172.18.0.1", "lo": "127.0.0.1"}[dev]
}

func (g *ruleGen) dev() string  { return g.one(routerDevs...) }
func (g *ruleGen) host() string { return g.one(g.hosts(g.dev())...) }

// net is a net that some hosts are in.
func (g *ruleGen) net() string {
	if g.v6 {
		return g.one(g.host()+"/128", "fd00:b::/64", "fd00:c::/64", "fd00:a::/64", "fd00::/16", "2001:db8::/32", ownAddr(g.dev(), true)+"/128", "fd00:b::2/127")
	}
	return g.one(g.host()+"/32", "172.17.0.0/16", "172.18.0.0/16", "192.0.2.0/24", "172.16.0.0/12", "10.0.0.0/8", ownAddr(g.dev(), false)+"/32", "172.17.0.2/31", "127.0.0.0/8",
		"172.0.0.2/255.0.0.255")
}

var genPorts = []int{22, 53, 80, 443, 2377, 4789, 5000, 5005, 7946, 8080, 8081, 9000}

func (g *ruleGen) port() int { return genPorts[g.IntN(len(genPorts))] }

func (g *ruleGen) ports() string {
	switch g.IntN(4) {
	case 0:
		return g.one("5000:5010", "1:1023", "8080:9000", ":80", "443:")
	default:
		return fmt.Sprint(g.port())
	}
}

func (g *ruleGen) states() string {
	return g.one("NEW", "ESTABLISHED", "RELATED,ESTABLISHED", "NEW,ESTABLISHED", "INVALID", "NEW,RELATED", "DNAT", "SNAT", "INVALID,NEW", "UNTRACKED", "NEW,UNTRACKED")
}

func (g *ruleGen) flags() string {
	return g.one("SYN,RST SYN", "FIN,SYN,RST,ACK SYN", "ACK ACK", "ALL NONE", "SYN,ACK SYN,ACK", "FIN,RST RST")
}

// conditions of a rule of iptables. What a hook or table does not allow is not drawn: in is false where -i is refused.
func (g *ruleGen) conditions(table string, in, out bool) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, " "+format, args...) }
	if g.chance(35) {
		say("%s-s %s", g.not(), g.net())
	}
	if g.chance(35) {
		say("%s-d %s", g.not(), g.net())
	}
	if in && g.chance(25) {
		say("%s-i %s", g.not(), g.one("eth0", "docker0", "br-web", "br+", "d+", "lo", "eth0+"))
	}
	if out && g.chance(25) {
		say("%s-o %s", g.not(), g.one("eth0", "docker0", "br-web", "br+", "e+", "lo"))
	}
	icmp, reply := "icmp", "icmp"
	types := []string{"8", "0", "any", "3/3", "echo-request"}
	if g.v6 {
		icmp, reply = "ipv6-icmp", "icmp6"
		types = []string{"128", "129", "1/4", "echo-request"}
	}
	switch g.IntN(12) {
	case 0, 1, 2:
		say("-p tcp -m tcp %s--dport %s", g.not(), g.ports())
	case 3:
		say("-p udp -m udp %s--dport %s", g.not(), g.ports())
	case 4:
		say("-p tcp -m tcp %s--tcp-flags %s", g.not(), g.flags())
	case 5:
		proto := g.one("tcp", "udp")
		say("-p %s -m multiport %s--%s %d,%d,5000:5010", proto, g.not(), g.one("dports", "sports", "ports"), g.port(), g.port())
	case 6:
		option := map[bool]string{false: "icmp-type", true: "icmpv6-type"}[g.v6]
		typ := g.one(types...)
		not := g.not()
		if typ == "any" {
			not = ""
		}
		say("-p %s -m %s %s--%s %s", icmp, reply, not, option, typ)
	case 7:
		say("%s-p %s", g.not(), g.one("tcp", "udp", icmp, "esp"))
	case 8:
		say("-p tcp -m tcp --sport %s --dport %s", g.one("1024:65535", "1:1023", "20000:30000"), g.ports())
	}
	n := 23
	if g.unsteady {
		n = 26
	}
	for range 2 {
		if !g.chance(35) {
			continue
		}
		switch g.IntN(n) {
		case 0, 1, 2, 3:
			say("-m conntrack %s--ctstate %s", g.not(), g.states())
		case 4:
			say("-m state --state %s", g.one("NEW", "RELATED,ESTABLISHED", "INVALID"))
		case 5, 6:
			kinds := []string{"LOCAL", "UNICAST", "MULTICAST", "LOCAL,UNICAST", "BROADCAST"}
			if g.v6 {
				kinds = kinds[:4]
			}
			say("-m addrtype %s--dst-type %s", g.not(), g.one(kinds...))
		case 7:
			say("-m addrtype %s--src-type %s", g.not(), g.one("LOCAL", "UNICAST"))
		case 8:
			say("-m mark %s--mark %s", g.not(), g.one("0x0", "0x1", "0x1/0xff", "0x106", "0x100/0x100"))
		case 9:
			say("-m connmark %s--mark %s", g.not(), g.one("0x0", "0x1", "0x1/0xf", "0x2/0x2"))
		case 10:
			lo := g.one(g.hosts("docker0")...)
			hi := g.one(g.hosts("br-web")...)
			say("-m iprange %s--%s-range %s-%s", g.not(), g.one("src", "dst"), lo, hi)
		case 11:
			say("-m comment --comment %s", g.one(`web`, `"a b"`, `"say \"x\" -j DROP"`))
		case 12:
			say("-m pkttype %s--pkt-type %s", g.not(), g.one("unicast", "broadcast", "multicast"))
		case 13:
			say("-m length %s--length %s", g.not(), g.one("0:100", "60", "36:48", "100:1500"))
		case 14:
			if g.v6 {
				say("-m hl --hl-%s %d", g.one("eq", "lt", "gt"), 62+g.IntN(4))
			} else {
				say("-m ttl --ttl-%s %d", g.one("eq", "lt", "gt"), 62+g.IntN(4))
			}
		case 15:
			say("-m conntrack %s--ctstatus %s", g.not(), g.one("CONFIRMED", "SEEN_REPLY", "NONE", "EXPECTED", "SEEN_REPLY,EXPECTED"))
		case 16:
			say("-m conntrack %s--ctorigdst %s", g.not(), g.net())
		case 17:
			say("-m conntrack --ctstate %s --ctorigdstport %d", g.one("NEW", "ESTABLISHED", "DNAT"), g.port())
		case 18:
			say("-m conntrack --ctdir %s", g.one("ORIGINAL", "REPLY"))
		case 19:
			say("-m conntrack %s--ctreplsrc %s --ctproto %s", g.not(), g.host(), g.one("6", "17"))
		case 20:
			if in && !out {
				say("-m physdev %s--physdev-in eth0", g.not())
			} else {
				say("-m helper %s--helper ftp", g.not())
			}
		case 21:
			say("-m conntrack %s--ctorigsrc %s --ctstatus %s", g.not(), g.net(), g.one("SEEN_REPLY", "CONFIRMED"))
		case 22:
			if !strings.Contains(b.String(), "-p ") {
				say("-p tcp -m tcp --tcp-flags SYN,RST SYN -m tcpmss %s--mss %s", g.not(), g.one("1400:1500", "1460", "0:1400"))
			}
		case 23:
			say("-m statistic --mode random --probability 0.5")
		case 24:
			say("-m limit --limit 1/sec --limit-burst 3")
		case 25:
			say("-m recent --set --name x --rsource")
		}
	}
	return b.String()
}

// encrypted is how Docker finds packets of an encrypted overlay network, of VNI 4097.
func (g *ruleGen) encrypted(chain string) string {
	if g.v6 {
		return " -p udp -m udp --dport 4789"
	}
	policy := ""
	switch chain {
	case "PREROUTING", "INPUT", "FORWARD":
		policy = g.one("", " -m policy --dir in --pol none", " -m policy --dir in --pol ipsec")
	case "OUTPUT", "POSTROUTING":
		policy = g.one("", " -m policy --dir out --pol none", " -m policy --dir out --pol ipsec")
	}
	if g.chance(50) {
		return policy + ` -p udp -m udp --dport 4789 -m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100100"`
	}
	return policy + ` -p udp -m udp --dport 4789 -m bpf --bytecode "6,177 0 0 0,64 0 0 12,84 0 0 4294967040,21 0 1 1048832,6 0 0 4294967295,6 0 0 0"`
}

func (g *ruleGen) markTarget() string {
	return g.one("MARK --set-xmark 0x1/0xffffffff", "MARK --set-xmark 0x106/0xffffffff", "MARK --set-xmark 0x100/0x100", "MARK --set-xmark 0x0/0xff", "MARK --set-xmark 0x1/0x0",
		"CONNMARK --set-xmark 0x1/0xffffffff", "CONNMARK --set-xmark 0x2/0xf", "CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff",
		"CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff", "CONNMARK --save-mark --nfmask 0xff --ctmask 0xf")
}

// to is a destination of DNAT, with or without a port.
func (g *ruleGen) to(ports bool) string {
	host := g.one(g.hosts(g.one("docker0", "br-web", "eth0"))...)
	if !ports || g.chance(30) {
		return host
	}
	if g.v6 {
		host = "[" + host + "]"
	}
	return host + ":" + g.one(fmt.Sprint(g.port()), fmt.Sprint(g.port()), "6000-6010", "5000-5010")
}

// protocol is a condition that a port in the target needs, often with a port.
func (g *ruleGen) protocol() string {
	p := g.one("tcp", "tcp", "udp")
	if g.chance(80) {
		return fmt.Sprintf(" -p %s -m %s --dport %s", p, p, g.ports())
	}
	return " -p " + p
}

// A genChain is a chain of iptables with what its place allows.
type genChain struct {
	name, table string
	in, out     bool
	dst, src    bool // in table nat: where DNAT, where SNAT may stand
	masquerade  bool
	calls       []string // chains that may be called
}

// iptables makes the text that iptables-restore reads.
func (g *ruleGen) iptables() string {
	var b strings.Builder
	for _, table := range []string{"raw", "mangle", "nat", "filter", "security"} {
		if table != "filter" && g.chance(35) || table == "security" && g.chance(60) {
			continue
		}
		var chains []genChain
		users := func(prefix string, n int) (names []string) {
			for i := range n {
				names = append(names, fmt.Sprintf("%s%d", prefix, i))
			}
			return names
		}
		add := func(c genChain) { c.table = table; chains = append(chains, c) }
		policies := []string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
		switch table {
		case "raw":
			policies = []string{"PREROUTING", "OUTPUT"}
			add(genChain{name: "PREROUTING", in: true})
			add(genChain{name: "OUTPUT", out: true})
		case "mangle":
			u := users("m", 1)
			add(genChain{name: "PREROUTING", in: true, calls: u})
			add(genChain{name: "INPUT", in: true, calls: u})
			add(genChain{name: "FORWARD", in: true, out: true, calls: u})
			add(genChain{name: "OUTPUT", out: true, calls: u})
			add(genChain{name: "POSTROUTING", out: true, calls: u})
			add(genChain{name: "m0", in: true, out: true})
		case "nat":
			policies = []string{"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"}
			d, s := []string{"DOCKER", "d0"}, []string{"s0"}
			add(genChain{name: "PREROUTING", in: true, dst: true, calls: d})
			add(genChain{name: "OUTPUT", out: true, dst: true, calls: d})
			add(genChain{name: "INPUT", in: true, src: true})
			add(genChain{name: "POSTROUTING", out: true, src: true, masquerade: true, calls: s})
			add(genChain{name: "DOCKER", in: true, dst: true, calls: []string{"d0"}})
			add(genChain{name: "d0", in: true, dst: true})
			add(genChain{name: "s0", in: true, out: true, src: true, masquerade: true})
		case "security":
			policies = []string{"INPUT", "FORWARD", "OUTPUT"}
			add(genChain{name: "INPUT", in: true})
			add(genChain{name: "FORWARD", in: true, out: true})
			add(genChain{name: "OUTPUT", out: true})
		case "filter":
			policies = []string{"INPUT", "FORWARD", "OUTPUT"}
			u := []string{"DOCKER-USER", "f0", "f1"}
			add(genChain{name: "INPUT", in: true, calls: u})
			add(genChain{name: "FORWARD", in: true, out: true, calls: u})
			add(genChain{name: "OUTPUT", out: true, calls: u})
			add(genChain{name: "DOCKER-USER", in: true, out: true, calls: []string{"f0", "f1"}})
			add(genChain{name: "f0", in: true, out: true, calls: []string{"f1"}})
			add(genChain{name: "f1", in: true, out: true})
		}
		fmt.Fprintf(&b, "*%s\n", table)
		for _, c := range chains {
			policy := "-"
			for _, p := range policies {
				if p == c.name {
					policy = "ACCEPT"
					if table == "filter" && g.chance(30) || g.chance(2) && table != "nat" {
						policy = "DROP"
					}
				}
			}
			fmt.Fprintf(&b, ":%s %s [0:0]\n", c.name, policy)
		}
		for _, c := range chains {
			for range 1 + g.IntN(6) {
				g.rule(&b, c)
			}
		}
		b.WriteString("COMMIT\n")
	}
	return b.String()
}

func (g *ruleGen) rule(b *strings.Builder, c genChain) {
	say := func(conditions, target string) { fmt.Fprintf(b, "-A %s%s%s\n", c.name, conditions, target) }
	if c.table == "filter" && g.chance(6) {
		say(g.encrypted(c.name), " -j DROP")
		return
	}
	cond := g.conditions(c.table, c.in, c.out)
	if len(c.calls) > 0 && g.chance(35) {
		say(cond, g.one(" -j ", " -j ", " -j ", " -g ")+g.one(c.calls...))
		return
	}
	switch c.table {
	case "security":
		say(cond, " -j "+g.one("ACCEPT", "ACCEPT", "DROP", "RETURN"))
	case "raw":
		if c.name == "PREROUTING" && g.chance(10) {
			fmt.Fprintf(b, "-A PREROUTING -m rpfilter %s--invert -j DROP\n", g.one("", "--loose ", "--validmark "))
			return
		}
		say(cond, " -j "+g.one("DROP", "ACCEPT", "CT --notrack", "NOTRACK", "MARK --set-xmark 0x1/0xffffffff", "CT --zone 3"))
	case "mangle":
		switch {
		case c.name == "FORWARD" && g.chance(15):
			fmt.Fprintf(b, "-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS %s\n", g.one("--set-mss 1300", "--clamp-mss-to-pmtu"))
		case g.chance(6):
			say(g.encrypted(c.name), " -j MARK --set-xmark 0xd0c4e3/0xffffffff")
		default:
			say(cond, g.one(" -j "+g.markTarget(), " -j "+g.markTarget(), " -j "+g.markTarget(), " -j ACCEPT", " -j RETURN", ""))
		}
	case "nat":
		g.natRule(b, say, cond, c)
	default:
		reject := "REJECT"
		if strings.Contains(cond, "-p tcp") && !strings.Contains(cond, "! -p tcp") && g.chance(50) {
			reject = "REJECT --reject-with tcp-reset"
		}
		say(cond, " -j "+g.one("ACCEPT", "ACCEPT", "DROP", "DROP", reject, "RETURN", "LOG --log-prefix x", "NFLOG --nflog-group 3"))
	}
}

func (g *ruleGen) natRule(b *strings.Builder, say func(string, string), cond string, c genChain) {
	switch {
	case g.chance(15):
		say(cond, " -j "+g.one("ACCEPT", "RETURN"))
	case c.dst:
		switch g.IntN(6) {
		case 5:
			if g.v6 {
				return
			}
			fmt.Fprintf(b, "-A %s -d 10.0.0.0/8 -j NETMAP --to %s\n", c.name, g.one("172.17.0.0/24", "172.18.0.2"))
		case 0:
			p := g.protocol()
			say(g.side("-d")+p, " -j REDIRECT"+g.one("", fmt.Sprintf(" --to-ports %d", g.port())))
		case 1:
			say(cond, " -j DNAT --to-destination "+g.to(false))
		case 2:
			say(g.side("-d")+g.protocol(), fmt.Sprintf(" -j DNAT --to-destination :%d", g.port()))
		default:
			say(g.one("", " -m addrtype --dst-type LOCAL", g.side("-d"))+g.protocol(), " -j DNAT --to-destination "+g.to(true))
		}
	case c.src:
		own := ownAddr(g.dev(), g.v6)
		switch g.IntN(4) {
		case 0:
			say(g.side("-s")+g.protocol(), " -j SNAT --to-source "+own)
		case 1:
			if c.masquerade {
				say(g.side("-s")+g.protocol(), " -j MASQUERADE"+g.one("", " --to-ports 50000-50100", " --random"))
				return
			}
			fallthrough
		case 2:
			say(cond, " -j SNAT --to-source "+own)
		default:
			if c.masquerade {
				say(g.one("", " -m addrtype --src-type LOCAL", g.side("-s"))+g.one("", " ! -o docker0", " -o br-web", " -o eth0"), " -j MASQUERADE")
			}
		}
	}
}

// side is a net by chance.
func (g *ruleGen) side(letter string) string {
	if g.chance(50) {
		return ""
	}
	return " " + g.not() + letter + " " + g.net()
}
