package ruleset

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// rowsOf reads what iptables-save prints into rows. A reference is table/chain/number.
func rowsOf(flavour, family, text string) *Rows {
	rows := &Rows{}
	addSaved(rows, flavour, family, text)
	return rows
}

func addSaved(rows *Rows, flavour, family, text string) {
	table := ""
	num := map[string]int64{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			table = line[1:]
			clear(num)
		case strings.HasPrefix(line, ":"):
			f := strings.Fields(line[1:])
			policy := f[1]
			if policy == "-" {
				policy = ""
			}
			rows.IPTablesChains = append(rows.IPTablesChains, Row[schema.IPTablesChain]{Ref: table + "/" + f[0], Row: schema.IPTablesChain{
				Family: family, Flavour: flavour, Tbl: table, Chain: f[0], Policy: policy, Seen: schema.SeenBoth,
			}})
		case strings.HasPrefix(line, "-A "):
			chain := strings.Fields(line)[1]
			num[chain]++
			rows.IPTablesRules = append(rows.IPTablesRules, Row[schema.IPTablesRule]{
				Ref: fmt.Sprintf("%s/%s/%d", table, chain, num[chain]),
				Row: schema.IPTablesRule{Family: family, Flavour: flavour, Tbl: table, Chain: chain, Num: num[chain], Spec: line, Seen: schema.SeenBoth},
			})
		}
	}
}

// home is a namespace with some addresses of its own.
type home map[string]RouteType

func (h home) AddrType(a netip.Addr, _ string) (RouteType, bool) {
	if t, ok := h[a.String()]; ok {
		return t, true
	}
	return Unicast, true
}
func (home) Masquerade(dev string, _ netip.Addr) (netip.Addr, bool) {
	return netip.MustParseAddr("192.0.2.1"), true
}
func (home) Redirect(dev string, _ netip.Addr) (netip.Addr, bool) {
	return netip.MustParseAddr("10.0.0.1"), true
}
func (home) Route(q RouteQuery) (Route, bool)  { return Route{Unicast, "eth0"}, true }
func (home) Ifindex(dev string) (uint32, bool) { return 2, true }

func syn(src, dst string, dport uint16) Packet {
	return Packet{
		Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), Proto: protoTCP, Sport: 40000, Dport: dport, TCPFlags: SYN, MSS: 1460, Length: 60,
		Kind: KindHost, Decrypted: No, Encrypted: No, IPVS: No, Bridged: No,
	}
}

const docker = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-INGRESS - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE
-A DOCKER -i docker_gwbridge -j RETURN
-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.3:8080
-A DOCKER-INGRESS -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
:DOCKER-INGRESS - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-INGRESS
-A FORWARD -o docker_gwbridge -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker_gwbridge ! -o docker_gwbridge -j ACCEPT
-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j ACCEPT
-A DOCKER-INGRESS -p tcp -m conntrack --ctstate RELATED,ESTABLISHED -m tcp --sport 8080 -j ACCEPT
-A DOCKER-INGRESS -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`

// TestDockerIngress walks the first packet of a connection to a published port and its answer through a host.
func TestDockerIngress(t *testing.T) {
	for _, flavour := range []string{"legacy", "nft"} {
		set := New(rowsOf(flavour, "ipv4", docker), home{"192.0.2.1": LocalAddr})
		p := syn("203.0.113.9", "192.0.2.1", 8080)
		p.In = "eth0"
		var said []string
		hook := func(h Hook) {
			o := set.Trace(h, p)
			said = append(said, fmt.Sprintf("%s: %s by %s, %s:%d > %s:%d, %d hits", h, o.Verdict, o.Rule.Ref, o.Packet.Src, o.Packet.Sport, o.Packet.Dst, o.Packet.Dport, len(o.Trace)))
			p = o.Packet
		}
		hook(Prerouting)
		p.Out = "docker_gwbridge"
		hook(Forward)
		hook(Postrouting)
		p = p.Answer()
		p.Local, p.In, p.Out = false, "docker_gwbridge", ""
		hook(Prerouting)
		p.Out = "eth0"
		hook(Forward)
		hook(Postrouting)
		want := `prerouting: accept by nat/DOCKER-INGRESS/1, 203.0.113.9:40000 > 172.18.0.3:8080, 2 hits
forward: accept by filter/DOCKER-INGRESS/1, 203.0.113.9:40000 > 172.18.0.3:8080, 4 hits
postrouting: accept by nat/POSTROUTING, 203.0.113.9:40000 > 172.18.0.3:8080, 0 hits
prerouting: accept by , 172.18.0.3:8080 > 203.0.113.9:40000, 0 hits
forward: accept by filter/DOCKER-INGRESS/2, 172.18.0.3:8080 > 203.0.113.9:40000, 4 hits
postrouting: accept by , 192.0.2.1:8080 > 203.0.113.9:40000, 0 hits`
		if got := strings.Join(said, "\n"); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", flavour, got, want)
		}
	}
}
