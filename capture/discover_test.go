package capture

import (
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

func TestNameNetns(t *testing.T) {
	tests := []struct{ path, kind, name, network string }{
		{"/run/docker/netns/1-pqvfq5hpwf", "overlay", "1-pqvfq5hpwf", "pqvfq5hpwf"},
		{"/run/docker/netns/2-r96o6pc2d1", "overlay", "2-r96o6pc2d1", "r96o6pc2d1"},
		{"/run/docker/netns/10-r96o6pc2d", "overlay", "10-r96o6pc2d", "r96o6pc2d"},
		{"/run/docker/netns/lb_osmajjnje", "lb", "lb_osmajjnje", "osmajjnje"},
		{"/run/docker/netns/ingress_sbox", "ingress", "ingress_sbox", ""},
		{"/run/docker/netns/53e0b42cae7a", "container", "53e0b42cae7a", ""},
		{"/run/docker/netns/1-short", "other", "1-short", ""},
		{"/run/docker/netns/default", "other", "default", ""},
		{"/run/netns/1-pqvfq5hpwf", "other", "1-pqvfq5hpwf", ""}, // ip(8)'s directory is nobody's but the operator's
		{"/run/netns/blue", "other", "blue", ""},
	}
	for _, test := range tests {
		n := schema.Netns{Kind: schema.NetnsOther}
		nameNetns(&n, test.path)
		if n.Kind != test.kind || n.Name != test.name || n.Network != test.network || n.Path != test.path {
			t.Errorf("%s: got %s %q network %q", test.path, n.Kind, n.Name, n.Network)
		}
	}
}

func TestContainerOfCgroup(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	outer := strings.Repeat("fedcba9876543210", 4)
	tests := []struct{ name, text, want string }{
		{"v2 cgroupfs", "0::/docker/" + id + "\n", id},
		{"v2 systemd", "0::/system.slice/docker-" + id + ".scope\n", id},
		{"v2 systemd, init below", "0::/system.slice/docker-" + id + ".scope/init.scope\n", id},
		{"v1", "12:pids:/docker/" + id + "\n11:cpu,cpuacct:/docker/" + id + "\n", id},
		{"v1, first controller at the root", "12:rdma:/\n11:pids:/docker/" + id + "\n", id},
		{"hybrid", "1:name=systemd:/system.slice/docker-" + id + ".scope\n0::/system.slice/containerd.service\n", id},
		{"a container in a container", "0::/docker/" + outer + "/docker/" + id + "\n", id},
		{"in a container's init", "0::/docker/" + id + "/init\n", id},
		{"seen from another cgroup namespace", "0::/../" + id + "\n", id},
		{"custom parent", "0::/my.slice/my-tasks.slice/docker-" + id + ".scope\n", id},
		{"containerd of Kubernetes", "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-" + id + ".scope\n", id},
		{"a session", "0::/user.slice/user-1000.slice/session-2.scope\n", ""},
		{"a longer number", "0::/docker/" + id + "ab\n", ""},
		{"empty", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := containerOfCgroup([]byte(test.text)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestParseMountinfo(t *testing.T) {
	text := `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
36 29 0:4 net:[4026532116] /run/docker/netns/ingress_sbox rw shared:7 - nsfs nsfs rw
37 29 0:4 net:[4026532177] /run/netns/with\040space rw - nsfs nsfs rw
38 29 0:4 mnt:[4026532178] /run/other rw - nsfs nsfs rw
39 29 0:4 net:[broken] /run/docker/netns/x rw - nsfs nsfs rw
40 29 0:4
`
	got := parseMountinfo([]byte(text))
	want := []nsMount{{"/run/docker/netns/ingress_sbox", 4026532116}, {"/run/netns/with space", 4026532177}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzParseMountinfo(f *testing.F) {
	f.Add([]byte("36 29 0:4 net:[4026532116] /run/docker/netns/a\\040b rw - nsfs nsfs rw\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, m := range parseMountinfo(text) {
			if m.path == "" {
				t.Errorf("a mount without a path in %q", text)
			}
		}
	})
}

func TestModules(t *testing.T) {
	m := &Modules{names: map[string]bool{}}
	m.addLoaded([]byte("ip_vs 262144 4 ip_vs_rr, Live 0x0000000000000000\nxfrm_user 53248 0 - Loading 0x0\nold 1 0 - Unloading 0x0 (OE)\nvxlan 1 0\n"))
	m.addBuiltin([]byte("kernel/net/ipv4/netfilter/ip_tables.ko\nkernel/net/netfilter/nf-tables.ko\n"))
	for name, want := range map[string]bool{
		"ip_vs": true, "vxlan": true, "xfrm_user": false, "old": false, "ip_tables": true, "ip-tables": true,
		"nf_tables": true, "nfnetlink": false,
	} {
		if got := m.Have(name); got != want {
			t.Errorf("Have(%s) = %t", name, got)
		}
	}
	if !(&Modules{sealed: true}).Have("anything") {
		t.Error("a kernel without modules cannot load one: asking it is harmless")
	}
}
