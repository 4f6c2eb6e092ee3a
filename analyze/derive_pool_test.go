package analyze

import (
	"net/netip"
	"testing"
)

func TestPoolRoom(t *testing.T) {
	subnet := func(s string) poolSubnet {
		p := netip.MustParsePrefix(s)
		first, last := addressRange(p)
		return poolSubnet{first: first, last: last}
	}
	tests := []struct {
		pools       string
		used        []string
		total, free int64
	}{
		{localPools, nil, 31, 31},
		{localPools, []string{"172.17.0.0/16", "172.18.0.0/16"}, 31, 29},
		{localPools, []string{"172.16.0.0/12"}, 31, 16},                                  // a route over fifteen of them
		{localPools, []string{"192.168.3.0/24", "192.168.0.0/22", "10.0.0.0/8"}, 31, 30}, // one subnet, counted once
		{"10.200.0.0/20:24", []string{"10.200.0.0/24", "10.200.2.0/23"}, 16, 13},
		{"10.200.0.0/22:24,10.201.0.0/24:24", []string{"0.0.0.0/0"}, 5, 0},
		{"nonsense,fd00::/8:64", nil, 0, 0},
	}
	for _, tt := range tests {
		var used []poolSubnet
		for _, s := range tt.used {
			used = append(used, subnet(s))
		}
		if total, free := poolRoom(poolList(tt.pools, 16), used); total != tt.total || free != tt.free {
			t.Errorf("pools %s, used %v: %d of %d are free; want %d of %d", tt.pools, tt.used, free, total, tt.free, tt.total)
		}
	}
}

func TestHostAddresses(t *testing.T) {
	for s, want := range map[string]int64{"10.0.1.0/24": 254, "10.30.0.0/29": 6, "10.0.0.0/8": 1<<24 - 2, "10.0.0.0/31": 0, "10.0.0.1/32": 0} {
		if got := hostAddresses(netip.MustParsePrefix(s)); got != want {
			t.Errorf("%s has %d addresses to give out; want %d", s, got, want)
		}
	}
}

func TestDNSServer(t *testing.T) {
	tests := []struct{ text, want string }{
		{`[resolver] failed to query external DNS server client-addr=udp:127.0.0.1:59546 dns-server=udp:127.0.0.53:53 error="read udp 127.0.0.1:59546->127.0.0.53:53: i/o timeout"`, "127.0.0.53"},
		{`[resolver] read failed: read udp 172.18.0.3:51394->8.8.8.8:53: i/o timeout`, "8.8.8.8"},
		{`[resolver] connect failed: dial udp 192.0.2.53:53: connect: network is unreachable`, "192.0.2.53"},
		{`[resolver] connect failed error="dial udp [fd7a:115c:a1e0::53]:53: network is unreachable"`, "fd7a:115c:a1e0::53"},
		{`[resolver] read failed: read udp 172.18.0.3:53->172.18.0.4:5353: i/o timeout`, ""},
	}
	for _, tt := range tests {
		got := ""
		if m := dnsServer.FindStringSubmatch(tt.text); m != nil {
			got = m[1] + m[2]
		}
		if got != tt.want {
			t.Errorf("%s: server %q; want %q", tt.text, got, tt.want)
		}
	}
}
