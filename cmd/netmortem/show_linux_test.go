package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/capture"
)

// showScene is what the namespace of TestIntegrationShow is made of: what Docker makes, and what a person may have
// added. Addresses are permanent and no device looks for neighbours by itself, so that nothing changes meanwhile.
const showScene = `
ip link set lo up
ip link add br0 type bridge
ip link set br0 up
ip link add vxlan0 type vxlan id 4097 dstport 4789 nolearning proxy l2miss l3miss
ip link set vxlan0 mtu 1450 master br0 up
ip link add vx1 type vxlan id 77 local 192.0.2.1 remote 192.0.2.2 dev br0 srcport 100 200 dstport 8472 ttl 9 ageing 20 noudpcsum
ip link add vx2 type vxlan id 78 group 239.1.1.1 dev br0 dstport 4789 ageing 0
ip link add va type veth peer name vb
ip link set va master br0 up
ip link set vb address 02:42:0a:00:00:05 txqueuelen 77 up
bridge link set dev va hairpin on flood off learning off
bridge link set dev vxlan0 learning off
ip link add d0 type veth peer name d1
ip link set d0 group 7 alias "two words" up
ip link set d0 promisc on
ip link set d1 mtu 9000 up
ip addr add 10.0.0.5/24 brd + dev vb
ip addr add 10.0.0.6/24 dev vb label vb:1
ip addr add 10.9.9.1 peer 10.9.9.2/32 dev vb
ip addr add 172.20.0.1/16 dev d0 valid_lft 86400 preferred_lft 43200
ip addr add 10.7.0.1/24 dev br0 noprefixroute
ip -6 addr add fd00:1::5/64 dev vb nodad
ip -6 addr add fd00:2::1/64 dev d0 nodad
ip route add default via 10.0.0.1 dev vb
ip route add 10.1.0.0/16 via 10.0.0.2 metric 50 mtu 1400
ip route add 10.2.0.0/16 dev d0 scope link src 172.20.0.1 proto static
ip route add 10.3.0.0/16 nexthop via 10.0.0.2 dev vb weight 3 nexthop dev d0 weight 1
ip route add 10.4.0.7 via 192.0.2.99 dev d0 onlink table 100
ip route add blackhole 10.5.0.0/16
ip route add unreachable 10.6.0.0/24 metric 9
ip route add prohibit 10.6.1.0/24 table 200
ip -6 route add fd00:9::/48 via fd00:1::1 metric 7
ip -6 route add blackhole fd00:a::/48
ip rule add fwmark 0x10/0xff lookup 100 pref 100
ip rule add from 10.0.0.0/24 to 10.1.0.5 lookup 200 pref 101
ip rule add not iif vb unreachable pref 102
ip rule add oif d0 fwmark 7 blackhole pref 103
ip -6 rule add from fd00:1::/64 lookup 100 pref 99
ip neigh add 10.0.0.9 lladdr 02:42:0a:00:00:09 dev vb nud permanent
ip neigh add 10.0.0.10 lladdr 02:42:0a:00:00:0a dev vxlan0 nud permanent
ip neigh add 10.0.0.11 lladdr 02:42:0a:00:00:0b dev vb nud stale
ip neigh add fd00:1::9 lladdr 02:42:0a:00:00:0c router dev vb nud permanent
ip neigh add 10.0.0.12 lladdr 02:42:0a:00:00:0d dev vb nud noarp extern_learn
ip neigh add proxy 10.0.0.50 dev vb
bridge fdb add 02:42:0a:00:00:09 dev vxlan0 dst 192.0.2.12 self permanent
bridge fdb add 02:42:0a:00:00:0a dev vxlan0 dst 192.0.2.13 port 4790 vni 5 self
bridge fdb add 02:42:0a:00:00:0b dev vxlan0 dst 192.0.2.14 via br0 self permanent
bridge fdb append 00:00:00:00:00:00 dev vxlan0 dst 192.0.2.15 self permanent
bridge fdb add 02:42:0a:00:00:0c dev va master static
bridge fdb add 02:42:0a:00:00:0d dev va master permanent
bridge fdb add 02:42:0a:00:00:0e dev va master dynamic
bridge fdb add 02:42:0a:00:00:0f dev va master dynamic extern_learn
iptables-legacy -t nat -N DOCKER
iptables-legacy -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables-legacy -t nat -A DOCKER ! -i br0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.5:80
iptables-legacy -t nat -A POSTROUTING -s 10.0.0.0/24 ! -o br0 -m comment --comment "two words" -j MASQUERADE
iptables-legacy -t mangle -A OUTPUT -d 10.0.0.2/32 -j MARK --set-mark 258
iptables-legacy -P FORWARD DROP
iptables-legacy -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables-legacy -A OUTPUT -d 127.0.0.1/32 -p udp -j ACCEPT
ip xfrm policy add src 10.0.0.1/32 dst 10.0.0.2/32 proto udp dport 4789 dir out priority 5 mark 0xd0c4e3 tmpl src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x10 reqid 13681891 mode transport
ip xfrm policy add src 10.0.0.2/32 dst 10.0.0.1/32 dir in action block
ip6tables-legacy -A INPUT -p ipv6-icmp -j ACCEPT
nft add table ip docker
nft add chain ip docker base { type filter hook forward priority filter + 5; policy drop; }
nft add chain ip docker front { type nat hook prerouting priority dstnat; }
nft add chain ip docker user
nft add set ip docker known { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.0.2.7, 192.0.2.16-192.0.2.20 }; }
nft add set ip docker ports { type inet_service; elements = { 80, 443 }; }
nft add set ip docker pairs { type ipv4_addr . inet_service; elements = { 10.0.0.5 . 80, 10.0.0.6 . 443 }; }
nft add map ip docker who { type ipv4_addr : verdict; elements = { 10.0.0.5 : jump user, 10.0.0.6 : drop }; }
nft add map ip docker places { type inet_service : ipv4_addr; elements = { 80 : 10.0.0.5, 81 : 10.0.0.6 }; }
nft add rule ip docker base ip saddr @known counter accept comment "known nets"
nft add rule ip docker base tcp dport { 22, 80-90, 443 } jump user
nft add rule ip docker base ip daddr vmap @who
nft add rule ip docker base ct state established,related accept
nft add rule ip docker front tcp dport 8080 dnat to 10.0.0.5:80
nft add rule ip docker user counter packets 7 bytes 700 return
nft add table inet other
nft add chain inet other out { type nat hook postrouting priority srcnat; policy accept; }
nft add rule inet other out oifname "vb" masquerade
`

// TestIntegrationShow fills a namespace, captures it, and compares what show prints with what the tools print there.
func TestIntegrationShow(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	for _, tool := range []string{"ip", "bridge", "ss", "iptables-legacy-save", "ip6tables-legacy-save", "nft", "conntrack"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("not installed: ", tool)
		}
	}
	n := newNetnsThread(t)
	tool := func(line string) string {
		var out []byte
		n.do(t, func() (err error) {
			c := exec.Command("sh", "-c", "exec "+line)
			c.Env = append(os.Environ(), "LC_ALL=C", "COLUMNS=500")
			var errs bytes.Buffer
			c.Stderr = &errs
			if out, err = c.Output(); err != nil {
				err = fmt.Errorf("%s: %w: %s", line, err, errs.Bytes())
			}
			return err
		})
		return string(out)
	}
	for _, path := range []string{"ipv6/conf/default/addr_gen_mode", "ipv4/ip_forward"} { // no link-local addresses, which take a while
		n.do(t, func() error { return os.WriteFile("/proc/sys/net/"+path, []byte("1"), 0) })
	}
	for line := range strings.Lines(strings.TrimSpace(showScene)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "nft") {
			line = "nft '" + strings.TrimPrefix(line, "nft ") + "'"
		}
		tool(line)
	}
	listenShow(t, n)
	standStill(func() string { return tool("iptables-legacy-save -c | grep -v ^#") })

	search := os.Getenv("PATH") // capture takes it away
	c, err := capture.Run(t.Context(), capture.Options{Window: -1, NoDocker: true, NoDNS: true, Tool: "test", MaxMemory: 1 << 30,
		Only: []string{"host", "netns", "link", "address", "route", "policy_rule", "neighbour", "fdb", "iptables_legacy", "nft", "socket", "process", "process_socket", "conntrack", "xfrm"}})
	os.Setenv("PATH", search)
	if err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(t.TempDir(), "here.tar.zst")
	f, err := os.Create(bundle)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Write(f), f.Close()); err != nil {
		t.Fatal(err)
	}
	print := func(t *testing.T, what string) string {
		var got, complaint bytes.Buffer
		if code := run(context.Background(), []string{"show", bundle, what, "--ns", n.id}, streams{&got, &complaint}); code != codeOK {
			t.Fatalf("exit code %d: %s%s", code, got.Bytes(), complaint.Bytes())
		}
		return got.String()
	}
	for _, x := range []struct {
		what, tool string
		differ     []difference
	}{
		{"link", "ip -d link", []difference{queues, portTimers, bridgeTimers, ourPeer}},
		{"addr", "ip addr", []difference{alias, ourPeer, addressProto, lifetimes}},
		{"route", "ip -4 route show table all; ip -6 route show table all", []difference{routeError}},
		{"rule", "ip rule; ip -6 rule", nil},
		{"neigh", "ip neigh show nud all; ip neigh show proxy", []difference{groups}},
		{"fdb", "bridge fdb", nil},
		{"iptables", "iptables-legacy-save -c", nil},
		{"ip6tables", "ip6tables-legacy-save -c", []difference{chainCounters}},
		{"nft", "nft list ruleset", []difference{broken}},
		{"xfrm", "ip xfrm state; ip xfrm policy", nil},
		{"conntrack", "conntrack -L -o id", []difference{useCount, trackTimeout, entryID, ourNat, joins}},
	} {
		t.Run(x.what, func(t *testing.T) {
			var want strings.Builder
			for line := range strings.SplitSeq(x.tool, "; ") {
				want.WriteString(tool(line))
			}
			got := print(t, x.what)
			if what, why, ok := strings.Cut(strings.TrimSpace(got), ": no "+x.what+" ("); ok && !strings.Contains(what, "\n") {
				t.Skip("this kernel has none: ", why)
			}
			g, w := plainText(got, x.differ), plainText(want.String(), x.differ)
			if x.what == "conntrack" { // the text and the dump of the same table have two orders
				slices.Sort(g)
				slices.Sort(w)
			}
			compareShow(t, g, w)
		})
	}
	t.Run("ss", func(t *testing.T) { compareSockets(t, print(t, "ss"), tool("ss -tuwanpmioO")) })
}

// standStill waits until counters are the same twice, ten seconds at most: TCP acknowledges up to a fifth of a second late.
func standStill(read func() string) {
	last := read()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		time.Sleep(300 * time.Millisecond)
		now := read()
		if now == last {
			return
		}
		last = now
	}
}

// listenShow opens sockets inside, which live as long as the test.
func listenShow(t *testing.T, n *netnsThread) {
	t.Helper()
	n.do(t, func() error {
		var open []interface{ Close() error }
		t.Cleanup(func() {
			for _, c := range open {
				c.Close()
			}
		})
		l, err := net.Listen("tcp4", "127.0.0.1:8080")
		if err != nil {
			return err
		}
		l6, err := net.Listen("tcp", "[::]:8081")
		if err != nil {
			return err
		}
		u, err := net.ListenPacket("udp4", "10.0.0.5:53")
		if err != nil {
			return err
		}
		out, err := net.Dial("tcp4", "127.0.0.1:8080")
		if err != nil {
			return err
		}
		in, err := l.Accept()
		if err != nil {
			return err
		}
		query, err := net.Dial("udp4", "10.0.0.5:53")
		if err != nil {
			return err
		}
		open = append(open, l, l6, u, out, in, query)
		if _, err := query.Write([]byte("a question that nobody answers")); err != nil {
			return err
		}
		_, err = out.Write([]byte("twelve bytes")) // which nobody reads
		return err
	})
}

// A difference between the tool and show that is known, and why it is right.
type difference struct {
	why    string
	remove *regexp.Regexp
}

func differs(why, pattern string) difference {
	return difference{why, regexp.MustCompile("(?m)" + pattern)}
}

var (
	queues = differs("the bundle leaves out what every device has and no rule asks: queues, segment sizes, how addresses are made",
		` (allmulti 0|minmtu \d+|maxmtu \d+|addrgenmode \S+|num[tr]xqueues \d+|(gso|tso|gro)_\S+ \d+)`)
	portTimers = differs("identifiers and timers of spanning tree are not in the bundle, nor are switches that are off and not in every kernel",
		` ((priority|cost|port_id|port_no|designated_\w+|(hold|message_age|forward_delay)_timer|topology_change_ack|config_pending|mcast_router|group_fwd_mask|group_fwd_mask_str) +\S+|(mcast_\w+|neigh_suppress|vlan_tunnel|isolated|locked|proxy_arp|proxy_arp_wifi) off)`)
	bridgeTimers = differs("timers and the state of spanning tree and of multicast snooping are not in the bundle",
		` (forward_delay|hello_time|max_age|bridge_id|designated_root|root_port|root_path_cost|topology_change|topology_change_detected|hello_timer|tcn_timer|topology_change_timer|gc_timer|group_address|no_linklocal_learn|mcast_vlan_snooping|mcast_query_use_ifaddr|mcast_querier|mcast_hash_\w+|mcast_\w+_count|mcast_\w+_interval|mcast_stats_enabled|mcast_\w+_version|nf_call_\w+|vlan_protocol|vlan_stats_\w+|fdb_n_learned|fdb_max_learned) +\S+`)
	ourPeer       = differs("show adds where the other end of a veth is", ` # peer: .*$`)
	alias         = differs("ip addr has no line for an alias", `^    alias .*$`)
	addressProto  = differs("IFA_PROTO is printed by iproute2 6.3 and newer", ` proto kernel_\S+`)
	lifetimes     = differs("time passes between the capture and the tool", `\d+sec`)
	routeError    = differs("the error of a route is in RTA_CACHEINFO, which the bundle leaves out", ` error -?\d+`)
	chainCounters = differs("IPv6 sends packets by itself", `\[\d+:\d+\]`)
	useCount      = differs("the use count is not in the bundle", ` use=\d+`)
	trackTimeout  = differs("time passes between the capture and the tool", `^(\w+ +\d+) \d+`)
	entryID       = differs("where the kernel's ctnetlink is not loaded, capture reads a text without it", ` id=\d+`)
	joins         = differs("the kernel joins groups by itself, at any time", `^(unknown|igmp) .*$`)
	groups        = differs("the kernel joins groups by itself, at any time", `^(224\.|ff02::).*$`)
	ourNat        = differs("show says in a word what the two tuples show", ` # (dnat|snat).*$`)
	broken        = differs("nft breaks a list of elements after two; grep wants it in one line", `,\n\s+`)
)

// plainText is the lines of an output without what differs, blanks and comments.
func plainText(s string, known []difference) []string {
	for _, d := range known {
		by := ""
		switch d {
		case broken:
			by = ", "
		case trackTimeout:
			by = "$1"
		}
		s = d.remove.ReplaceAllString(s, by)
	}
	var out []string
	for line := range strings.Lines(s) {
		line = strings.Join(strings.Fields(line), " ")
		if line != "" && !strings.HasPrefix(line, "# ") {
			out = append(out, line)
		}
	}
	return out
}

// passing are words of ss that waver by themselves: times, and what is worked out from them.
var passing = regexp.MustCompile(`^(lastsnd|lastrcv|lastack|busy|rtt|minrtt|rto|delivery_rate)`)

// compareSockets compares the sockets by their addresses: ss has them in another order, breaks the columns elsewhere,
// and knows more. Whatever show says, ss must say in the same words.
func compareSockets(t *testing.T, got, want string) {
	t.Helper()
	tool := map[string][]string{}
	for line := range strings.Lines(want) {
		if f := strings.Fields(line); len(f) > 5 && f[0] != "Netid" {
			tool[strings.Join([]string{f[0], f[4], f[5]}, " ")] = f
		}
	}
	sockets := 0
	got = strings.ReplaceAll(got, "\n\t", " ")
	for line := range strings.Lines(got) {
		f := strings.Fields(line)
		if f[0] == "Netid" {
			continue
		}
		sockets++
		key := strings.Join([]string{f[0], f[4], f[5]}, " ")
		other := tool[key]
		if other == nil {
			t.Errorf("ss has no socket %s", key)
			continue
		}
		for i, word := range f {
			mem, isMem := strings.CutPrefix(word, "skmem:(")
			switch {
			case passing.MatchString(word) || i > 0 && passing.MatchString(f[i-1]) && f[i-1] == "delivery_rate":
			case isMem:
				all := ""
				for _, o := range other {
					if strings.HasPrefix(o, "skmem:(") {
						all = strings.NewReplacer("skmem:(", ",", ")", ",").Replace(o)
					}
				}
				for m := range strings.SplitSeq(strings.TrimSuffix(mem, ")"), ",") {
					if !strings.Contains(all, ","+m+",") {
						t.Errorf("%s: show says %s of memory, ss %s", key, m, all)
					}
				}
			case strings.HasPrefix(word, "timer:("): // its kind and tries; the time runs
				kind, rest, _ := strings.Cut(word, ",")
				_, tries, _ := strings.Cut(rest, ",")
				if !slices.ContainsFunc(other, func(o string) bool { return strings.HasPrefix(o, kind+",") && strings.HasSuffix(o, ","+tries) }) {
					t.Errorf("%s: show says %q, ss %s", key, word, strings.Join(other, " "))
				}
			case !slices.Contains(other, word):
				t.Errorf("%s: show says %q, ss %s", key, word, strings.Join(other, " "))
			}
		}
	}
	if sockets != len(tool) || sockets == 0 {
		t.Errorf("show has %d sockets, ss %d", sockets, len(tool))
	}
}

// compareShow tells the first lines that differ.
func compareShow(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		g, w := "(nothing)", "(nothing)"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("line %d\nshow: %s\ntool: %s", i+1, g, w)
		}
	}
	if len(want) == 0 {
		t.Error("the tool printed nothing")
	}
}
