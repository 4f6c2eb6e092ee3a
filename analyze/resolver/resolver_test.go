package resolver

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// from is a client at 10.0.1.15/24, with further addresses.
func from(library Library, version string, more ...Address) *Client {
	return &Client{Library: library, Version: version, Arch: "x86_64",
		Addresses: append([]Address{{IP: netip.MustParseAddr("127.0.0.1"), Prefix: 8, Index: 1}, {IP: netip.MustParseAddr("10.0.1.15"), Prefix: 24, Index: 2}}, more...)}
}

func six(ip string) Address { return Address{IP: netip.MustParseAddr(ip), Prefix: 64, Index: 2} }

// of are answers, each with the source address that the client has for it.
func of(c *Client, ips ...string) (list []Answer) {
	for _, s := range ips {
		a := Answer{IP: netip.MustParseAddr(s)}
		a.Source, _ = Source(c.Addresses, a.IP)
		list = append(list, a)
	}
	return list
}

func TestFirst(t *testing.T) {
	link := six("fe80::1")
	tests := []struct {
		name   string
		client *Client
		ips    string
		want   string // shares, or part of the reason
	}{
		{"measured: glibc with fe80::", from(Glibc, "2.36", link), "10.0.1.9 10.0.1.10 10.0.1.11 10.0.1.12", "0 0 0 1"},
		{"measured: glibc without", from(Glibc, "2.36"), "10.0.1.9 10.0.1.10 10.0.1.11 10.0.1.12", "0.25 0.25 0.25 0.25"},
		{"::1 does not count", from(Glibc, "2.36", six("::1")), "10.0.1.9 10.0.1.12", "0.5 0.5"},
		{"unknown version", from(Glibc, "", link), "10.0.1.9 10.0.1.12", "0 1"},
		{"musl", from(Musl, "1.2.3", link), "10.0.1.9 10.0.1.12", "0.5 0.5"},
		{"musl before it sorted", from(Musl, "", link), "10.0.1.9 10.0.1.12", "0.5 0.5"},
		{"musl with IPv6 answers, before 1.2", from(Musl, "1.1.24", link), "2001:db8::1 10.0.1.12", "was not read"},
		{"Go", from(Go, "go1.22.1", link), "10.0.1.9 10.0.1.12", "0.5 0.5"},
		{"Go 1.8", from(Go, "go1.8.7", link), "10.0.1.9 10.0.1.12", "before 1.9"},
		{"Go of the tip", from(Go, "devel +abc", link), "10.0.1.9 10.0.1.12", "before 1.9"},
		{"glibc too old", from(Glibc, "2.5", link), "10.0.1.9 10.0.1.12", "was not read"},
		{"glibc too new", from(Glibc, "2.99", link), "10.0.1.9 10.0.1.12", "newer than"},
		{"another library", from("uclibc", "1.0", link), "10.0.1.9 10.0.1.12", "not modelled"},
		{"its own address, without IPv6", from(Glibc, "2.36"), "10.0.1.9 10.0.1.15", "0 1"},
		{"its own address, machine unknown", &Client{Library: Glibc, Addresses: from(Glibc, "").Addresses}, "10.0.1.9 10.0.1.14 10.0.1.15", "0 0 1"},
		{"no IPv6, machine unknown", &Client{Library: Glibc, Addresses: from(Glibc, "").Addresses}, "10.0.1.9 10.0.1.14", "how this machine shifts"},
		{"no IPv6, another machine, equally near", &Client{Library: Glibc, Arch: "s390x", Addresses: from(Glibc, "").Addresses}, "10.0.1.9 10.0.1.10", "0.5 0.5"},
		{"deprecated, prefix all the same", from(Glibc, "2.36", Address{IP: netip.MustParseAddr("2001:db8::1"), Prefix: 64, Flags: "permanent,deprecated"}), "10.0.1.9 10.0.1.12", "0 1"},
		{"same address on another device", from(Glibc, "2.36", link, Address{IP: netip.MustParseAddr("10.0.1.15"), Prefix: 25, Index: 3}), "10.0.1.9 10.0.1.12", "several devices"},
		{"no answer", from(Glibc, "2.36"), "", "no answer"},
		{"one", from(Glibc, "2.36", link), "10.0.1.9", "1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := of(tt.client, strings.Fields(tt.ips)...)
			for i := range list {
				if strings.HasPrefix(tt.name, "same address") {
					list[i].Source = netip.MustParseAddr("10.0.1.15")
				}
			}
			p := tt.client.First(list)
			if got := fmt.Sprint(p.Share); got != "["+tt.want+"]" && (p.Judged() || !strings.Contains(p.Why, tt.want)) {
				t.Errorf("got %s: %s", got, p.Why)
			}
		})
	}
}

// A tunnel is left for a plain device, whatever the prefixes say.
func TestNative(t *testing.T) {
	c := from(Glibc, "2.36", six("fe80::1"), Address{IP: netip.MustParseAddr("10.0.2.1"), Prefix: 24, Index: 3, Tunnel: true})
	if p := c.First(of(c, "10.0.1.200", "10.0.2.2")); p.Rule != "rule 7" || p.Share[0] != 1 {
		t.Errorf("%+v", p)
	}
	c.Addresses[3].Tunnel = false
	if p := c.First(of(c, "10.0.1.200", "10.0.2.2")); p.Rule != "rule 9" || p.Share[1] != 1 {
		t.Errorf("%+v", p)
	}
}

// More addresses than some versions keep are judged only if all are alike.
func TestMany(t *testing.T) {
	c := from(Glibc, "2.36", six("fe80::1"))
	var ips []string
	for i := range 48 {
		ips = append(ips, fmt.Sprintf("10.0.1.%d", 128+i))
	}
	if p := c.First(of(c, ips...)); !p.Judged() || math.Abs(p.Share[0]-1.0/48) > 1e-9 {
		t.Errorf("equally far: %+v", p)
	}
	if p := c.First(of(c, append(ips, "10.0.1.9")...)); p.Judged() {
		t.Errorf("%+v", p)
	}
	if p := c.First(of(c, append(ips[:46:46], "10.0.1.9")...)); !p.Judged() || p.Share[46] != 1 {
		t.Errorf("47: %+v", p)
	}
}

func TestEither(t *testing.T) {
	without, with := from(Glibc, "2.36"), from(Glibc, "2.36", six("fe80::1"))
	self := from(Go, "go1.22")
	ips := []string{"10.0.1.9", "10.0.1.12"}
	if p := Either("which", self.First(of(self, ips...)), without.First(of(without, ips...))); !p.Judged() {
		t.Errorf("alike: %+v", p)
	}
	if p := Either("which", self.First(of(self, ips...)), with.First(of(with, ips...))); p.Judged() || p.Why != "which is not known, and it makes a difference" {
		t.Errorf("%+v", p)
	}
}

func TestGAI(t *testing.T) {
	c := from(Glibc, "2.36")
	tests := []struct {
		line, want string
	}{
		{"precedence ::ffff:10.0.1.10/128 100", "0 1 0"},
		{"precedence 10.0.1.10/32 100", "0.3333 0.3333 0.3333"}, // not an IPv6 address: no line
		{"precedence ::ffff:10.0.1.10/129 100", "0.3333 0.3333 0.3333"},
		{"precedence ::ffff:10.0.1.10/128 x", "0.3333 0.3333 0.3333"},
		{"precedence ::ffff:10.0.1.10/128 2147483648", "0.3333 0.3333 0.3333"},
		{"label ::ffff:10.0.1.8/125 9", "0.3333 0.3333 0.3333"}, // the client is in it, and so are all
		{"label ::ffff:10.0.1.12/126 9", "0 0 1"},
		{"scopev4 10.0.1.12/32 15", "0.5 0.5 0"},
		{"scopev4 ::ffff:10.0.1.12/128 15", "0.5 0.5 0"},
		{"scopev4 ::ffff:10.0.1.12/95 15", "0.3333 0.3333 0.3333"},
		{"scopev4 ::/0 15", "0.3333 0.3333 0.3333"},
		{"scopev4 10.0.1.12 15", ""},
		{"label ::1 0", ""},
		{"reload - yes", ""},
		{"reload - no", "0.3333 0.3333 0.3333"},
		{"other ::/0 1", "0.3333 0.3333 0.3333"},
	}
	for _, tt := range tests {
		f := strings.Fields(tt.line)
		c.GAI = []GAIRule{{f[0], f[1], f[2]}}
		var got []string
		p := c.First(of(c, "10.0.1.9", "10.0.1.10", "10.0.1.12"))
		for _, s := range p.Share {
			got = append(got, fmt.Sprintf("%.4g", s))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s (%s)", tt.line, got, tt.want, p.Why)
		}
	}
}

func TestSource(t *testing.T) {
	list := []Address{
		{IP: netip.MustParseAddr("10.0.1.15"), Prefix: 24}, {IP: netip.MustParseAddr("10.0.1.16"), Prefix: 24, Flags: "permanent,secondary"},
		{IP: netip.MustParseAddr("10.0.0.1"), Prefix: 16}, {IP: netip.MustParseAddr("192.0.2.1"), Prefix: 24}, {IP: netip.MustParseAddr("192.0.2.2"), Prefix: 24},
		{IP: netip.MustParseAddr("10.9.9.9"), Peer: netip.MustParseAddr("10.9.9.10"), Prefix: 24}, {IP: netip.MustParseAddr("2001:db8::1"), Prefix: 64},
	}
	for dst, want := range map[string]string{
		"10.0.1.9": "10.0.1.15", "10.0.1.16": "10.0.1.16", "10.0.2.9": "10.0.0.1", "192.0.2.9": "", "192.0.2.2": "192.0.2.2", "10.9.9.11": "", "203.0.113.1": "", "2001:db8::2": "",
	} {
		src, why := Source(list, netip.MustParseAddr(dst))
		if src.IsValid() && src.String() != want || !src.IsValid() && want != "" || src.IsValid() == (why != "") {
			t.Errorf("%s: %v, %s; want %s", dst, src, why, want)
		}
	}
	slices.Reverse(list)
	if src, _ := Source(list, netip.MustParseAddr("10.0.1.9")); src.String() != "10.0.1.15" {
		t.Errorf("the other way round: %v", src)
	}
}

func TestAtLeast(t *testing.T) {
	for _, tt := range []struct {
		version string
		want    []int
		yes, ok bool
	}{
		{"2.36", []int{2, 12}, true, true}, {"2.9", []int{2, 12}, false, true}, {"3", []int{2, 12}, true, true}, {"2", []int{2, 12}, false, true},
		{"1.22rc1", []int{1, 9}, true, true}, {"devel", []int{1, 9}, false, false}, {"", []int{1}, false, false}, {"1.2.3", []int{1, 2}, true, true},
	} {
		if yes, ok := atLeast(tt.version, tt.want...); yes != tt.yes || ok != tt.ok {
			t.Errorf("%s, %v: %t, %t", tt.version, tt.want, yes, ok)
		}
	}
}

// Whatever the addresses and lines are, shares of a judged name add up to one, and no rank is without an answer.
func FuzzFirst(f *testing.F) {
	f.Add("glibc", "2.36", "10.0.1.15", uint8(24), "fe80::1", "10.0.1.9 10.0.1.12 192.0.2.1", "label", "::ffff:10.0.1.12/126", "9")
	f.Add("musl", "1.2.5", "10.0.1.15", uint8(24), "2001:db8::2", "10.0.1.9 2001:db8::3", "scopev4", "10.0.0.0/8", "5")
	f.Add("go", "go1.20", "10.0.1.15", uint8(0), "::1", "10.0.1.15 10.0.1.12", "reload", "yes", "")
	f.Fuzz(func(t *testing.T, library, version, own string, prefix uint8, more, answers, item, at, setting string) {
		c := &Client{Library: Library(library), Version: version, Arch: "x86_64", GAI: []GAIRule{{item, at, setting}}}
		for _, s := range []string{own, more} {
			if ip, err := netip.ParseAddr(s); err == nil {
				c.Addresses = append(c.Addresses, Address{IP: ip, Prefix: min(int(prefix), ip.BitLen())})
			}
		}
		var list []Answer
		for _, s := range strings.Fields(answers) {
			if ip, err := netip.ParseAddr(s); err == nil {
				a := Answer{IP: ip}
				if a.Source, _ = Source(c.Addresses, ip); !a.Source.IsValid() && ip.Is6() && len(c.Addresses) > 0 && c.Addresses[0].IP.Is6() {
					a.Source = c.Addresses[0].IP
				}
				list = append(list, a)
			}
		}
		p := c.First(list)
		if !p.Judged() {
			if p.Why == "" {
				t.Error("not judged, without a reason")
			}
			return
		}
		sum := 0.0
		for i := range p.Share {
			sum += p.Share[i]
			if (p.Rank[i] == 1) != (p.Share[i] > 0) {
				t.Errorf("rank %d has the share %f", p.Rank[i], p.Share[i])
			}
		}
		if math.Abs(sum-1) > 1e-9 || !slices.Contains(p.Rank, 1) {
			t.Errorf("shares %v, ranks %v", p.Share, p.Rank)
		}
	})
}
