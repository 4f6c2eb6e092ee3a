package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// buildFleet makes n namespaces as a host of a swarm has them, and returns the bind mounts that hold them. Every tenth
// is like an overlay: a bridge, a VXLAN device with 20 neighbours and 20 FDB entries, and nine veths; the nine that follow
// are like containers on it: eth0 with 20 neighbours, a default route, and 11 rules of iptables where there is one.
func buildFleet(b *testing.B, n int) (dir string, mounts []string) {
	b.Helper()
	if os.Geteuid() != 0 {
		b.Skip("needs root to make network namespaces")
	}
	dir = filepath.Join(b.TempDir(), "docker/netns")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	restore, _ := exec.LookPath("iptables-nft-restore")
	var overlay string
	for i := range n {
		name := fmt.Sprintf("%012x", i)
		if i%10 == 0 {
			name = fmt.Sprintf("1-%010x", i)
		}
		mount := filepath.Join(dir, name)
		if err := os.WriteFile(mount, nil, 0o444); err != nil {
			b.Fatal(err)
		}
		done := make(chan error)
		goLocked(func() { done <- buildMember(mount, overlay, i, restore) })
		if err := <-done; err != nil {
			b.Skipf("cannot make namespace %d: %v", i, err)
		}
		b.Cleanup(func() { unix.Unmount(mount, unix.MNT_DETACH) })
		if i%10 == 0 {
			overlay = mount
		}
		mounts = append(mounts, mount)
	}
	return dir, mounts
}

// buildMember makes the i-th namespace with the calling thread, and leaves it at the mount.
func buildMember(mount, overlay string, i int, restore string) error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	if err := unix.Mount("/proc/thread-self/ns/net", mount, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	if i%10 == 0 {
		return buildHub()
	}
	to, err := netns.GetFromPath(overlay)
	if err != nil {
		return err
	}
	defer to.Close()
	eth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: "veth" + strconv.Itoa(i%10), PeerNamespace: netlink.NsFd(to)}
	if err := netlink.LinkAdd(eth); err != nil {
		return err
	}
	own, _ := netlink.ParseAddr("10.0.1." + strconv.Itoa(i%10+1) + "/24")
	err = errors.Join(netlink.AddrAdd(eth, own), netlink.LinkSetUp(eth), addEntries(eth.Index, false),
		netlink.RouteAdd(&netlink.Route{LinkIndex: eth.Index, Gw: net.IPv4(10, 0, 1, 254)}))
	if err != nil || restore == "" {
		return err
	}
	rules := "*mangle\n" + strings.Repeat("-A OUTPUT -d 10.0.1.2/32 -j MARK --set-mark 0x101\n", 5) + "COMMIT\n*nat\n" +
		strings.Repeat("-A OUTPUT -d 127.0.0.11/32 -p tcp --dport 53 -j DNAT --to-destination 127.0.0.11:37171\n", 6) + "COMMIT\n"
	_, err = tool(rules, restore)
	return err
}

func buildHub() error {
	br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}
	vx := &netlink.Vxlan{LinkAttrs: netlink.LinkAttrs{Name: "vxlan0"}, VxlanId: 4097, Port: 4789, Learning: true, Proxy: true, L2miss: true, L3miss: true}
	for _, l := range []netlink.Link{br, vx} {
		if err := netlink.LinkAdd(l); err != nil {
			return err
		}
	}
	return errors.Join(netlink.LinkSetMaster(vx, br), netlink.LinkSetUp(br), netlink.LinkSetUp(vx), addEntries(vx.Index, true))
}

// addEntries adds 20 permanent neighbours, and FDB entries for them.
func addEntries(ifindex int, fdb bool) error {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	for k := range 20 {
		m := taskMAC(byte(100 + k))
		err = errors.Join(err, h.NeighSet(&netlink.Neigh{LinkIndex: ifindex, IP: net.IPv4(10, 0, 1, byte(100+k)), HardwareAddr: m, State: netlink.NUD_PERMANENT}))
		if fdb {
			err = errors.Join(err, h.NeighAppend(&netlink.Neigh{LinkIndex: ifindex, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF, IP: net.IPv4(192, 0, 2, byte(1+k)), HardwareAddr: m, State: netlink.NUD_PERMANENT}))
		}
	}
	return err
}

// BenchmarkCapture reads the same host in several ways. netmortem is the whole of it, from discovery to the compressed
// bundle; twice adds the last read; limit is the dumps and files of the namespaces that both shell ways read as well, and
// some more, thrown away; nsenter-a-command and nsenter-a-namespace are what a shell script does, which reads less: no
// sockets, policy rules, settings, proxy entries, processes or logs. same-data is netmortem held to what they read, bundle
// included.
func BenchmarkCapture(b *testing.B) {
	for _, n := range []int{50, 200, 500} {
		b.Run("netns="+strconv.Itoa(n), func(b *testing.B) {
			_, mounts := buildFleet(b, n)
			path := os.Getenv("PATH") // capture takes it away
			b.Setenv("PATH", path)
			calm() // so that all ways have the same, low, priority
			b.Run("way=limit", func(b *testing.B) {
				defer reportCPU(b, unix.RUSAGE_SELF)()
				for b.Loop() {
					readAndForget(b, mounts)
				}
			})
			for _, way := range []struct {
				name       string
				window     time.Duration
				collectors []*Collector
			}{{"same-data", -1, sameData()}, {"netmortem", -1, Collectors}, {"netmortem-twice", 1, Collectors}} {
				b.Run("way="+way.name, func(b *testing.B) {
					o := kernelOnly()
					o.Window = way.window
					resetPeak(b)
					defer reportCPU(b, unix.RUSAGE_SELF)()
					for b.Loop() {
						c, err := runCollectors(b.Context(), o, way.collectors)
						if err != nil {
							b.Fatal(err)
						}
						if err := c.Write(io.Discard); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(peakMB(b), "MB-peak")
				})
			}
			os.Setenv("PATH", path)
			b.Run("way=nsenter-a-command", func(b *testing.B) { shell(b, mounts, commandEach) })
			b.Run("way=nsenter-a-namespace", func(b *testing.B) { shell(b, mounts, namespaceEach) })
		})
	}
}

// sameData are the collectors of what shellReads prints.
func sameData() []*Collector {
	docs := slices.DeleteFunc(slices.Clone(procDocs), func(d procDoc) bool {
		return !slices.Contains([]string{"proc_net_dev", "proc_net_netstat", "proc_net_snmp", "proc_net_sockstat"}, d.name)
	})
	counters := *procNetCollector
	counters.Docs = docNames(docs)
	counters.InNetns = func(ctx context.Context, ns *Netns, s *Sink) error { return readProcDocs(ctx, ns, s, docs) }
	return []*Collector{linkCollector, addressCollector, routeCollector, neighbourCollector, fdbCollector,
		iptablesLegacyCollector, nftCollector, ipvsCollector, &counters, netnsCollector}
}

// reportCPU starts to count the processor time of the process or of its children; on a machine that has other work it
// says more than the time on the clock.
func reportCPU(b *testing.B, who int) func() {
	used := func() (ms float64) {
		var u unix.Rusage
		if err := unix.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
	}
	before := used()
	return func() { b.ReportMetric((used()-before)/float64(b.N), "cpu-ms/op") }
}

// resetPeak makes the kernel forget how much memory the process has had.
func resetPeak(b *testing.B) {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Logf("peak memory includes what was before: %v", err)
	}
}

// peakMB is the most memory that the process has had since.
func peakMB(b *testing.B) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
			kb, _ := strconv.ParseFloat(f[1], 64)
			return kb / 1024
		}
	}
	return 0
}

// readAndForget does what the kernel has to do for a capture, and nothing else.
func readAndForget(b *testing.B, mounts []string) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(mostWorkers, runtime.NumCPU()) {
		wg.Add(1)
		goLocked(func() {
			defer wg.Done()
			var keep visit
			for {
				i := int(next.Add(1)) - 1
				if i >= len(mounts) {
					return
				}
				if err := forgetOne(b, mounts[i], &keep); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func forgetOne(b *testing.B, mount string, keep *visit) error {
	n := &Netns{visit: *keep}
	fd, err := unix.Open(mount, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
		return err
	}
	c, err := n.routeConn()
	if err != nil {
		return err
	}
	proxies := make([]byte, unix.SizeofNdMsg)
	proxies[10] = unix.NTF_PROXY
	bridge := make([]byte, unix.SizeofNdMsg)
	bridge[0] = unix.AF_BRIDGE
	for _, d := range []struct {
		request uint16
		header  []byte
	}{
		{unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg)}, {unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg)},
		{unix.RTM_GETROUTE, make([]byte, unix.SizeofRtMsg)}, {unix.RTM_GETRULE, make([]byte, unix.SizeofRtMsg)},
		{unix.RTM_GETNEIGH, make([]byte, unix.SizeofNdMsg)}, {unix.RTM_GETNEIGH, proxies}, {unix.RTM_GETNEIGH, bridge},
	} {
		if _, err := c.receiveDump(b.Context(), d.request, d.header); err != nil {
			return err
		}
	}
	c.close()
	if c, err = openNetlink(unix.NETLINK_NETFILTER); err == nil {
		n.lend(c)
		for _, msg := range []uint16{unix.NFT_MSG_GETTABLE, unix.NFT_MSG_GETCHAIN, unix.NFT_MSG_GETRULE, unix.NFT_MSG_GETSET} {
			_, _ = c.receiveDump(b.Context(), nftMsg(msg), anyFamily) // a kernel without nftables refuses
		}
		c.close()
	}
	for _, d := range procDocs {
		_, _ = n.readProc(d.path) // some kernels lack some
	}
	for _, name := range []string{"ip_tables_names", "ip6_tables_names"} {
		_, _ = n.readProc("/proc/thread-self/net/" + name)
	}
	kind := schema.NetnsContainer
	if strings.HasPrefix(filepath.Base(mount), "1-") {
		kind = schema.NetnsOverlay
	}
	for _, key := range sysctlsFor(kind) {
		_, _ = n.readProc("/proc/sys/" + strings.ReplaceAll(key, ".", "/"))
	}
	n.procDir.close()
	keep.room, keep.proc = n.room, n.proc
	return nil
}

// shellReads are the commands of a capture by shell.
var shellReads = []string{
	"ip -d link", "ip address", "ip route show table all", "ip neigh", "bridge fdb", "iptables-save", "ipvsadm -Sn",
	"cat /proc/net/dev /proc/net/netstat /proc/net/snmp /proc/net/sockstat",
}

// commandEach is one nsenter for each command and namespace.
func commandEach(b *testing.B, nsenter, mount string) {
	for _, command := range shellReads {
		f := strings.Fields(command)
		if p, err := exec.LookPath(f[0]); err == nil {
			_ = exec.Command(nsenter, append([]string{"--net=" + mount, p}, f[1:]...)...).Run() // ipvsadm fails without IPVS
		}
	}
}

// namespaceEach is one nsenter for each namespace, with a shell that runs the commands.
func namespaceEach(b *testing.B, nsenter, mount string) {
	_ = exec.Command(nsenter, "--net="+mount, "sh", "-c", strings.Join(shellReads, "; ")+"; true").Run()
}

func shell(b *testing.B, mounts []string, one func(b *testing.B, nsenter, mount string)) {
	for _, name := range []string{"nsenter", "ip", "bridge"} {
		if _, err := exec.LookPath(name); err != nil {
			b.Skip("needs nsenter, ip and bridge (Debian packages util-linux, iproute2)")
		}
	}
	nsenter, _ := exec.LookPath("nsenter")
	defer reportCPU(b, unix.RUSAGE_CHILDREN)()
	for b.Loop() {
		for _, m := range mounts {
			one(b, nsenter, m)
		}
	}
}
