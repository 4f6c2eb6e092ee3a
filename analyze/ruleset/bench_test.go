package ruleset

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// published is Docker's ruleset of a host with n published ports.
func published(n int) string {
	text := docker
	for i := range n {
		text = strings.Replace(text, "-A DOCKER-INGRESS -j RETURN\nCOMMIT\n*filter", fmt.Sprintf("-A DOCKER-INGRESS -p tcp -m tcp --dport %d -j DNAT --to-destination 172.18.0.3:%d\n-A DOCKER-INGRESS -j RETURN\nCOMMIT\n*filter", 9000+i, 9000+i), 1)
	}
	return text
}

// BenchmarkHook walks a new packet through prerouting, forward and postrouting of a host.
func BenchmarkHook(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprintf("published=%d", n), func(b *testing.B) {
			set := New(rowsOf("legacy", "ipv4", published(n-1)), home{"192.0.2.1": LocalAddr})
			first := syn("203.0.113.9", "192.0.2.1", 9000+uint16(n)-2)
			if n == 1 {
				first.Dport = 8080
			}
			first.In = "eth0"
			b.ReportAllocs()
			for b.Loop() {
				o := set.Hook(Prerouting, first)
				o.Packet.Out = "docker_gwbridge"
				o = set.Hook(Forward, o.Packet)
				if o = set.Hook(Postrouting, o.Packet); o.Verdict != Accept || o.Packet.Dst.String() != "172.18.0.3" && n == 1 {
					b.Fatal(o)
				}
			}
		})
	}
}

// BenchmarkNew compiles the rules of a container, of a host with 100 published ports, and those of a fixture.
func BenchmarkNew(b *testing.B) {
	mix, err := os.ReadFile("../../capture/testdata/iptables/docker.rules")
	if err != nil {
		b.Fatal(err)
	}
	container := "*nat\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n:DOCKER_OUTPUT -\n-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT\n" +
		"-A DOCKER_OUTPUT -d 127.0.0.11/32 -p tcp -m tcp --dport 53 -j DNAT --to-destination 127.0.0.11:45507\n" +
		"-A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:60194\nCOMMIT\n"
	for _, c := range []struct{ name, text string }{{"container", container}, {"host", published(100)}, {"docker", string(mix)}} {
		b.Run(c.name, func(b *testing.B) {
			rows := rowsOf("legacy", "ipv4", c.text)
			b.ReportAllocs()
			for b.Loop() {
				New(rows, home{})
			}
		})
	}
}
