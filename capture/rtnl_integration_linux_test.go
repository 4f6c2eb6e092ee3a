package capture

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// buildOverlay makes, in n, the namespace of an overlay as libnetwork does: a bridge, a VXLAN device and one veth, whose
// other end is in peer.
func buildOverlay(n, peer *heldNetns) {
	n.must(func() error {
		to, err := netns.GetFromPath(peer.path)
		if err != nil {
			return err
		}
		defer to.Close()
		br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0", MTU: 1450}, VlanDefaultPVID: new(uint16(0))}
		vx := &netlink.Vxlan{
			LinkAttrs: netlink.LinkAttrs{Name: "vxlan0", MTU: 1450}, VxlanId: 4097, Port: 4789,
			Learning: true, Proxy: true, L2miss: true, L3miss: true, Age: 300,
		}
		veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "veth0", MTU: 1450}, PeerName: "eth0", PeerNamespace: netlink.NsFd(to)}
		for _, l := range []netlink.Link{br, vx, veth} {
			if err := netlink.LinkAdd(l); err != nil {
				return fmt.Errorf("add %s: %w", l.Attrs().Name, err)
			}
		}
		gateway, _ := netlink.ParseAddr("10.0.1.1/24")
		return errors.Join(
			netlink.LinkSetMaster(vx, br), netlink.LinkSetMaster(veth, br), netlink.AddrAdd(br, gateway),
			netlink.LinkSetUp(br), netlink.LinkSetUp(vx), netlink.LinkSetUp(veth), netlink.LinkSetAlias(veth, "to the test"),
			neigh(netlink.NeighSet, &netlink.Neigh{LinkIndex: vx.Index, IP: net.IPv4(10, 0, 1, 7), HardwareAddr: taskMAC(7), State: netlink.NUD_PERMANENT}),
			neigh(netlink.NeighSet, &netlink.Neigh{LinkIndex: vx.Index, IP: net.ParseIP("2001:db8::7"), HardwareAddr: taskMAC(7), State: netlink.NUD_PERMANENT}),
			neigh(netlink.NeighAppend, &netlink.Neigh{LinkIndex: vx.Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF, IP: net.IPv4(192, 0, 2, 7), HardwareAddr: taskMAC(7), State: netlink.NUD_PERMANENT}),
			neigh(netlink.NeighSet, &netlink.Neigh{LinkIndex: vx.Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_MASTER, HardwareAddr: taskMAC(8), State: netlink.NUD_NOARP}),
			neigh(netlink.NeighAdd, &netlink.Neigh{LinkIndex: br.Index, Flags: netlink.NTF_PROXY, IP: net.IPv4(10, 0, 1, 99)}),
		)
	})
	peer.must(func() error {
		eth, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		own, _ := netlink.ParseAddr("10.0.1.3/24")
		vip, _ := netlink.ParseAddr("10.0.1.2/32")
		six, _ := netlink.ParseAddr("2001:db8:1::3/64")
		six.Flags = unix.IFA_F_NODAD
		err = errors.Join(netlink.LinkSetUp(lo), netlink.LinkSetUp(eth), netlink.AddrAdd(eth, own), netlink.AddrAdd(eth, vip), netlink.AddrAdd(eth, six))
		if err != nil {
			return err
		}
		rule := netlink.NewRule()
		rule.Priority, rule.Table, rule.Mark, rule.Src = 100, 100, 0x100, prefix("10.0.1.0/24")
		return errors.Join(
			netlink.RouteAdd(&netlink.Route{LinkIndex: eth.Attrs().Index, Gw: net.IPv4(10, 0, 1, 1)}),
			netlink.RouteAdd(&netlink.Route{LinkIndex: eth.Attrs().Index, Dst: prefix("10.9.0.0/16"), Gw: net.IPv4(10, 0, 1, 1), Table: 100, MTU: 1400, Priority: 7}),
			netlink.RouteAdd(&netlink.Route{Dst: prefix("10.8.0.0/16"), Type: unix.RTN_BLACKHOLE}),
			netlink.RouteAdd(&netlink.Route{Dst: prefix("10.7.0.0/16"), MultiPath: []*netlink.NexthopInfo{
				{LinkIndex: eth.Attrs().Index, Gw: net.IPv4(10, 0, 1, 1)}, {LinkIndex: eth.Attrs().Index, Gw: net.IPv4(10, 0, 1, 4), Hops: 2},
			}}),
			netlink.RouteAdd(&netlink.Route{LinkIndex: eth.Attrs().Index, Dst: prefix("2001:db8:9::/48"), Gw: net.ParseIP("2001:db8:1::1")}),
			netlink.RuleAdd(rule),
		)
	})
}

func neigh(f func(*netlink.Neigh) error, n *netlink.Neigh) error {
	if err := f(n); err != nil {
		return fmt.Errorf("add neighbour %s: %w", n, err)
	}
	return nil
}

func taskMAC(n byte) net.HardwareAddr { return net.HardwareAddr{2, 0x42, 10, 0, 1, n} }

func prefix(s string) *net.IPNet {
	_, p, err := net.ParseCIDR(s)
	if err != nil {
		panic(err)
	}
	return p
}

// rows of one table in one namespace.
func rowsIn[R any](t *testing.T, entries map[string]string, table, id string) []R {
	t.Helper()
	var lines strings.Builder
	for line := range strings.Lines(entries["rows/"+table+".jsonl"]) {
		if strings.HasPrefix(line, `{"netns":"`+id+`"`) {
			lines.WriteString(line)
		}
	}
	return decodeLines[R](t, lines.String())
}

// sameLines compares two lists as sets.
func sameLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if len(want) == 0 {
		t.Errorf("%s: nothing to compare with", what)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got  %s\n want %s", what, strings.Join(got, "\n      "), strings.Join(want, "\n      "))
	}
}

// What capture writes is what vishvananda/netlink, and ip and bridge if they are there, say of the same namespaces.
func TestIntegrationRouteNetlink(t *testing.T) {
	overlay, box := holdNetns(t), holdNetns(t)
	buildOverlay(overlay, box)
	settle(t, overlay, box)
	_, entries := captureAll(t, t.Context(), kernelOnly(), Collectors)

	for _, n := range []*heldNetns{overlay, box} {
		links := rowsIn[schema.Link](t, entries, "link", n.id)
		addresses := rowsIn[schema.Address](t, entries, "address", n.id)
		routes := rowsIn[schema.Route](t, entries, "route", n.id)
		rules := rowsIn[schema.PolicyRule](t, entries, "policy_rule", n.id)
		neighbours := rowsIn[schema.Neighbour](t, entries, "neighbour", n.id)
		fdb := rowsIn[schema.FDB](t, entries, "fdb", n.id)
		n.must(func() error {
			return errors.Join(
				compareLinks(t, links), compareAddresses(t, addresses), compareRoutes(t, routes), compareRules(t, rules),
				compareNeighbours(t, neighbours), compareFDB(t, fdb),
			)
		})
		for _, c := range coverageOf(t, entries, n.id) {
			if slices.Contains([]string{"link", "address", "route", "policy_rule", "neighbour", "fdb", "sysctl"}, c.Tbl) && c.Outcome != schema.OK {
				t.Errorf("%s: %s (%s)", c.Tbl, c.Outcome, c.Reason)
			}
		}
	}
}

// settle waits until the kernel has given the new links the IPv6 addresses and routes that they get by themselves: it
// does so when it has seen the carrier, and once more when it knows that nobody else has the address.
func settle(t *testing.T, namespaces ...*heldNetns) {
	t.Helper()
	look := func() (state string, tentative bool) {
		for _, n := range namespaces {
			n.must(func() error {
				addrs, err1 := netlink.AddrList(nil, unix.AF_INET6)
				for _, a := range addrs {
					tentative = tentative || a.Flags&unix.IFA_F_TENTATIVE != 0
				}
				routes, err2 := netlink.RouteListFiltered(unix.AF_INET6, &netlink.Route{}, netlink.RT_FILTER_TABLE)
				state += fmt.Sprint(addrs, routes)
				return errors.Join(err1, err2)
			})
		}
		return state, tentative
	}
	last := ""
	for range 40 {
		state, tentative := look()
		if state == last && !tentative {
			return
		}
		last = state
		time.Sleep(250 * time.Millisecond)
	}
	t.Log("addresses of the new links are still coming")
}

func compareLinks(t *testing.T, rows []schema.Link) error {
	list, err := netlink.LinkList()
	var got, want []string
	for _, l := range rows {
		line := fmt.Sprint(l.Ifindex, " ", l.Name, " ", l.Kind, " ", l.MTU, " ", l.MAC, " ", l.Master, " ", l.TxQueueLen, " ", l.Alias, " ", l.Operstate)
		if l.VNI != nil {
			line += fmt.Sprint(" vni ", *l.VNI, " port ", l.VXLANPort, " ", l.VXLANFlags, " ageing ", *l.VXLANAgeing)
		}
		if l.BridgePVID != nil {
			line += fmt.Sprint(" pvid ", *l.BridgePVID)
		}
		if l.BridgeAgeing != nil {
			line += fmt.Sprint(" ageing ", *l.BridgeAgeing)
		}
		got = append(got, line)
	}
	for _, l := range list {
		a := l.Attrs()
		kind := l.Type()
		if kind == "device" {
			kind = ""
		}
		line := fmt.Sprint(a.Index, " ", a.Name, " ", kind, " ", a.MTU, " ", hardware(a.HardwareAddr), " ", a.MasterIndex, " ", max(a.TxQLen, 0), " ", a.Alias, " ", a.OperState)
		switch l := l.(type) {
		case *netlink.Vxlan:
			line += fmt.Sprint(" vni ", l.VxlanId, " port ", l.Port, " learning,proxy,l2miss,l3miss ageing ", l.Age)
		case *netlink.Bridge:
			if l.VlanDefaultPVID != nil { // a kernel with VLAN filtering
				line += fmt.Sprint(" pvid ", *l.VlanDefaultPVID)
			}
			if l.AgeingTime != nil {
				line += fmt.Sprint(" ageing ", *l.AgeingTime/userHZ)
			}
		}
		want = append(want, line)
	}
	sameLines(t, "links", got, want)
	return err
}

// hardware is a MAC as capture writes it: that of lo, all zero, is none.
func hardware(m net.HardwareAddr) string {
	if zero(m) {
		return ""
	}
	return m.String()
}

func compareAddresses(t *testing.T, rows []schema.Address) error {
	list, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
	var got, want []string
	for _, a := range rows {
		got = append(got, fmt.Sprint(a.Ifindex, " ", netip.PrefixFrom(a.IP, int(a.PrefixLen)), " ", a.Scope))
	}
	for _, a := range list {
		want = append(want, fmt.Sprint(a.LinkIndex, " ", a.IPNet, " ", word(int64(a.Scope), scopes)))
	}
	if len(list) > 0 || len(got) > 0 {
		sameLines(t, "addresses", got, want)
	}
	return err
}

func compareRoutes(t *testing.T, rows []schema.Route) error {
	list, err := netlink.RouteListFiltered(netlink.FAMILY_ALL, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
	var got, want []string
	for _, r := range rows {
		got = append(got, fmt.Sprint(r.TableID, " ", r.Dst, " via ", addrOr(r.Gateway), " dev ", r.Ifindex, " src ", addrOr(r.PrefSrc), " ", r.Type, " ", r.Scope, " ", r.Protocol, " metric ", r.Metric, " mtu ", r.MTU, " weight ", r.Weight))
	}
	for _, r := range list {
		hops := []*netlink.NexthopInfo{{LinkIndex: r.LinkIndex, Gw: r.Gw, Hops: -1}}
		if len(r.MultiPath) > 0 {
			hops = r.MultiPath
		}
		dst := "0.0.0.0/0"
		if r.Family == unix.AF_INET6 {
			dst = "::/0"
		}
		if r.Dst != nil {
			dst = r.Dst.String()
		}
		for _, h := range hops {
			want = append(want, fmt.Sprint(r.Table, " ", dst, " via ", ipOr(h.Gw), " dev ", h.LinkIndex, " src ", ipOr(r.Src), " ", word(int64(r.Type), routeTypes), " ", word(int64(r.Scope), scopes), " ", word(int64(r.Protocol), routeProtocols), " metric ", r.Priority, " mtu ", r.MTU, " weight ", h.Hops+1))
		}
	}
	if len(list) > 0 || len(got) > 0 {
		sameLines(t, "routes", got, want)
	}
	return err
}

func addrOr(a netip.Addr) string {
	if !a.IsValid() {
		return "none"
	}
	return a.String()
}

func ipOr(ip net.IP) string {
	if ip == nil {
		return "none"
	}
	return ip.String()
}

func compareRules(t *testing.T, rows []schema.PolicyRule) error {
	list, err := netlink.RuleList(unix.AF_INET)
	six, err6 := netlink.RuleList(unix.AF_INET6)
	list = append(list, six...)
	var got, want []string
	for _, r := range rows {
		src, mark := "all", int64(0)
		if r.Src.IsValid() {
			src = r.Src.String()
		}
		if r.Fwmark != nil {
			mark = *r.Fwmark
		}
		got = append(got, fmt.Sprint(r.Priority, " from ", src, " mark ", mark, " table ", r.TableID))
	}
	for _, r := range list {
		src := "all"
		if r.Src != nil {
			src = r.Src.String()
		}
		want = append(want, fmt.Sprint(max(r.Priority, 0), " from ", src, " mark ", r.Mark, " table ", r.Table))
	}
	sameLines(t, "rules", got, want)
	return errors.Join(err, err6)
}

func compareNeighbours(t *testing.T, rows []schema.Neighbour) error {
	var got, want []string
	for _, n := range rows {
		if n.IP.IsMulticast() {
			continue // the kernel makes them when it likes
		}
		got = append(got, fmt.Sprint(n.Ifindex, " ", n.IP, " ", n.MAC, " ", n.State, " ", n.Flags))
	}
	list, err := netlink.NeighList(0, 0)
	proxies, err2 := netlink.NeighProxyList(0, 0)
	for _, n := range append(list, proxies...) {
		if n.IP.IsMulticast() {
			continue
		}
		want = append(want, fmt.Sprint(n.LinkIndex, " ", n.IP, " ", n.HardwareAddr, " ", nudState(int64(n.State)), " ", bits(uint64(n.Flags), neighbourFlags)))
	}
	if len(got)+len(want) > 0 {
		sameLines(t, "neighbours", got, want)
	}
	return errors.Join(err, err2)
}

// compareFDB compares with bridge(8), which is what an operator would look at, or else with the library. Entries that
// the bridge learned are left out: it learns from whatever the kernel sends between the two looks.
func compareFDB(t *testing.T, rows []schema.FDB) error {
	var got, want []string
	rows = slices.DeleteFunc(slices.Clone(rows), func(f schema.FDB) bool { return f.State == "reachable" || f.State == "stale" })
	bridge, err := exec.LookPath("bridge")
	if err != nil {
		list, err := netlink.NeighList(0, unix.AF_BRIDGE)
		for _, f := range rows {
			got = append(got, fmt.Sprint(f.Ifindex, " ", f.MAC, " ", addrOr(f.Dst), " ", f.Master, " ", f.State, " ", f.Self))
		}
		for _, n := range list {
			if n.State&(unix.NUD_REACHABLE|unix.NUD_STALE) != 0 {
				continue
			}
			want = append(want, fmt.Sprint(n.LinkIndex, " ", n.HardwareAddr, " ", ipOr(n.IP), " ", n.MasterIndex, " ", nudState(int64(n.State)), " ", n.Flags&unix.NTF_SELF != 0))
		}
		sameLines(t, "fdb", got, want)
		return err
	}
	out, err := exec.Command(bridge, "-j", "fdb", "show").Output()
	if err != nil {
		return fmt.Errorf("bridge -j fdb show: %w", err)
	}
	var list []struct {
		MAC, Ifname, Dst, State, Master string
		Flags                           []string
		Vlan                            int64
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return err
	}
	for _, f := range rows {
		dst, state := "", f.State
		if f.Dst.IsValid() {
			dst = f.Dst.String()
		}
		if state == "noarp" {
			state = "static"
		}
		got = append(got, fmt.Sprint(f.Dev, " ", f.MAC, " ", dst, " ", state, " self=", f.Self, " master=", f.OnMaster, " vlan ", f.VLAN))
	}
	for _, f := range list {
		if f.State == "" || f.State == "stale" {
			continue
		}
		onMaster := f.Master != "" || slices.Contains(f.Flags, "master")
		want = append(want, fmt.Sprint(f.Ifname, " ", f.MAC, " ", f.Dst, " ", f.State, " self=", slices.Contains(f.Flags, "self"), " master=", onMaster, " vlan ", f.Vlan))
	}
	sameLines(t, "fdb", got, want)
	return nil
}

// Veth ends are matched across namespaces although ifindexes repeat.
func TestIntegrationVethPairs(t *testing.T) {
	hub := holdNetns(t)
	var boxes []*heldNetns
	for range 5 {
		box := holdNetns(t)
		boxes = append(boxes, box)
	}
	// In each box the end is made first, so that all have the same index, and every other end is in the hub.
	for i, box := range boxes {
		box.must(func() error {
			to, err := netns.GetFromPath(hub.path)
			if err != nil {
				return err
			}
			defer to.Close()
			return netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: "veth" + strconv.Itoa(i), PeerNamespace: netlink.NsFd(to)})
		})
	}
	hub.must(func() error {
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "left"}, PeerName: "right"})
	})
	_, entries := captureAll(t, t.Context(), kernelOnly(), []*Collector{linkCollector})
	byName := map[string]schema.Link{}
	for _, l := range rowsIn[schema.Link](t, entries, "link", hub.id) {
		byName[l.Name] = l
	}
	for i, box := range boxes {
		far := byName["veth"+strconv.Itoa(i)]
		for _, l := range rowsIn[schema.Link](t, entries, "link", box.id) {
			if l.Name != "eth0" {
				continue
			}
			if far.PeerNetns != box.id || far.PeerIfindex != l.Ifindex || l.PeerNetns != hub.id || l.PeerIfindex != far.Ifindex {
				t.Errorf("box %s: eth0 %d says %s/%d, the other end %d says %s/%d", box.id, l.Ifindex, l.PeerNetns, l.PeerIfindex, far.Ifindex, far.PeerNetns, far.PeerIfindex)
			}
		}
	}
	if l, r := byName["left"], byName["right"]; l.PeerNetns != hub.id || l.PeerIfindex != r.Ifindex || r.PeerIfindex != l.Ifindex {
		t.Errorf("a pair within one namespace: %+v %+v", l, r)
	}
}

// The settings of links that netlink told are those that /proc/sys shows.
func TestIntegrationSysctlsOfLinks(t *testing.T) {
	ns := holdNetns(t)
	ns.must(func() error {
		err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "eth0.7"}})
		for key, value := range map[string]string{
			"ipv4/conf/eth0.7/rp_filter": "2", "ipv4/conf/eth0.7/arp_ignore": "1", "ipv4/conf/eth0.7/arp_announce": "2",
			"ipv4/conf/eth0.7/route_localnet": "1", "ipv4/conf/eth0.7/forwarding": "1", "ipv6/conf/eth0.7/disable_ipv6": "1",
			"ipv6/conf/eth0.7/accept_ra": "2", "ipv4/conf/eth0.7/accept_local": "1", "ipv6/conf/eth0.7/proxy_ndp": "1",
		} {
			err = errors.Join(err, os.WriteFile("/proc/sys/net/"+key, []byte(value), 0))
		}
		return err
	})
	_, entries := captureAll(t, t.Context(), kernelOnly(), []*Collector{linkCollector, sysctlCollector})
	n := 0
	for _, s := range rowsIn[schema.Sysctl](t, entries, "sysctl", ns.id) {
		ns.must(func() error {
			// sysctl(8) swaps dots and slashes: a slash in the key is a dot in the name of the link.
			path := strings.Map(func(r rune) rune {
				switch r {
				case '.':
					return '/'
				case '/':
					return '.'
				}
				return r
			}, s.Key)
			b, err := os.ReadFile("/proc/sys/" + path)
			if want := strings.ReplaceAll(strings.TrimSpace(string(b)), "\t", " "); want != s.Value {
				t.Errorf("%s: got %q, /proc/sys says %q", s.Key, s.Value, want)
			}
			n++
			return err
		})
	}
	if n < 20 {
		t.Errorf("only %d settings", n)
	}
}

// A table that changed between the reads tells which read held what.
func TestIntegrationTwoReads(t *testing.T) {
	ns, peer := holdNetns(t), holdNetns(t)
	buildOverlay(ns, peer)
	change := func() error {
		vx, err := netlink.LinkByName("vxlan0")
		if err != nil {
			return err
		}
		i := vx.Attrs().Index
		return errors.Join(
			netlink.NeighDel(&netlink.Neigh{LinkIndex: i, IP: net.IPv4(10, 0, 1, 7), HardwareAddr: taskMAC(7)}),
			netlink.NeighSet(&netlink.Neigh{LinkIndex: i, IP: net.IPv4(10, 0, 1, 8), HardwareAddr: taskMAC(8), State: netlink.NUD_PERMANENT}),
			netlink.NeighSet(&netlink.Neigh{LinkIndex: i, IP: net.ParseIP("2001:db8::7"), HardwareAddr: taskMAC(9), State: netlink.NUD_PERMANENT}),
		)
	}
	o := kernelOnly()
	o.Window = 1
	changed := false
	o.Progress = func(p Progress) {
		if p.Phase == "window" && !changed {
			changed = true
			ns.must(change)
		}
	}
	_, entries := captureAll(t, t.Context(), o, []*Collector{linkCollector, neighbourCollector, fdbCollector})
	var got []string
	for _, n := range rowsIn[schema.Neighbour](t, entries, "neighbour", ns.id) {
		if n.Dev == "vxlan0" && !n.IP.IsMulticast() {
			got = append(got, fmt.Sprint(n.IP, " ", n.MAC, " ", n.Seen))
		}
	}
	sameLines(t, "neighbours", got, []string{
		"10.0.1.7 02:42:0a:00:01:07 first", "10.0.1.8 02:42:0a:00:01:08 last",
		"2001:db8::7 02:42:0a:00:01:07 first", "2001:db8::7 02:42:0a:00:01:09 last",
	})
	both := 0
	for _, f := range rowsIn[schema.FDB](t, entries, "fdb", ns.id) {
		if f.Seen == schema.SeenBoth && f.Dst.IsValid() {
			both++
		}
	}
	if both != 1 {
		t.Errorf("%d FDB entries with a VTEP are in both reads, want 1", both)
	}
	var read []string
	for name := range entries {
		if strings.HasPrefix(name, "raw/netns/"+ns.id) {
			read = append(read, name)
		}
	}
	slices.SortFunc(read, cmp.Compare[string])
	if len(read) != 0 {
		t.Errorf("documents nobody asked for: %v", read)
	}
}
