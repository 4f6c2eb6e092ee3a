package capture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// duringWindow is a capture that does something between its two reads.
func duringWindow(f func()) Options {
	o := kernelOnly()
	o.Window = 1
	done := false
	o.Progress = func(p Progress) {
		if p.Phase == "window" && !done {
			done = true
			f()
		}
	}
	return o
}

// addBox adds a second container to an overlay of buildOverlay.
func addBox(overlay, box *heldNetns, name, address string, hw net.HardwareAddr) {
	overlay.must(func() error {
		to, err := netns.GetFromPath(box.path)
		if err != nil {
			return err
		}
		defer to.Close()
		br, err := netlink.LinkByName("br0")
		if err != nil {
			return err
		}
		veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name, MTU: 1450}, PeerName: "eth0", PeerNamespace: netlink.NsFd(to), PeerHardwareAddr: hw}
		return errors.Join(netlink.LinkAdd(veth), netlink.LinkSetMaster(veth, br), netlink.LinkSetUp(veth))
	})
	box.must(func() error {
		eth, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		own, err := netlink.ParseAddr(address)
		return errors.Join(err, netlink.AddrAdd(eth, own), netlink.LinkSetUp(eth))
	})
}

// within repeats f until it is true; a test that waits longer than this has failed.
func within(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("in vain: " + what)
		}
	}
}

// A permanent neighbour of a local container on the VXLAN device makes the device answer for it: the bridge then learns
// the container's MAC on the VXLAN port, and on the container's own when it answers, too (A1). Both are in the events.
func TestIntegrationEventsOfProxy(t *testing.T) {
	overlay, box, other := holdNetns(t), holdNetns(t), holdNetns(t)
	buildOverlay(overlay, box)
	addBox(overlay, other, "veth1", "10.0.1.5/24", taskMAC(5))
	var local net.HardwareAddr
	box.must(func() error {
		eth, err := netlink.LinkByName("eth0")
		if err == nil {
			local = eth.Attrs().HardwareAddr
		}
		return err
	})
	plant := func() error {
		vx, err := netlink.LinkByName("vxlan0")
		if err != nil {
			return err
		}
		return neigh(netlink.NeighSet, &netlink.Neigh{LinkIndex: vx.Attrs().Index, IP: net.IPv4(10, 0, 1, 3), HardwareAddr: local, State: netlink.NUD_PERMANENT})
	}
	resolve := func() error { // as a container does that wants to talk to the first one
		eth, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		c, err := net.Dial("udp4", "10.0.1.3:9")
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := c.Write([]byte("x")); err != nil {
			return err
		}
		within(t, "an answer to ARP", func() bool {
			list, _ := netlink.NeighList(eth.Attrs().Index, netlink.FAMILY_V4)
			return slices.ContainsFunc(list, func(n netlink.Neigh) bool {
				return n.IP.Equal(net.IPv4(10, 0, 1, 3)) && n.State&netlink.NUD_REACHABLE != 0
			})
		})
		return netlink.NeighDel(&netlink.Neigh{LinkIndex: eth.Attrs().Index, IP: net.IPv4(10, 0, 1, 3)})
	}
	o := duringWindow(func() {
		overlay.must(plant)
		for range 5 {
			other.must(resolve)
		}
		other.must(func() error { // and for nobody, which the VXLAN device asks about
			c, err := net.Dial("udp4", "10.0.1.77:9")
			if err == nil {
				_, err = c.Write([]byte("x"))
				err = errors.Join(err, c.Close())
			}
			return err
		})
	})
	_, entries := captureAll(t, t.Context(), o, Collectors)

	moves := map[string]int{}
	planted, missed := false, false
	last := int64(0)
	for _, e := range rowsIn[schema.KernelEvent](t, entries, "kernel_event", overlay.id) {
		if e.Seq < last || e.Time.IsZero() || e.MonotonicNs == 0 {
			t.Errorf("event %d of %s: %d comes before it", e.Seq, e.Time, last)
		}
		last = e.Seq
		switch {
		case e.Object == schema.ObjectFDB && e.Event == schema.EventNew && e.MAC == local.String():
			moves[e.Dev]++
		case e.Object == schema.ObjectNeighbour && e.Event == schema.EventNew && e.IP.String() == "10.0.1.3":
			planted = e.Dev == "vxlan0" && e.State == "permanent" && e.MAC == local.String()
		case e.Object == schema.ObjectNeighbour && e.Event == schema.EventGet && e.IP.String() == "10.0.1.77":
			missed = e.Dev == "vxlan0"
		}
	}
	if !planted || !missed {
		t.Errorf("the planted entry is there: %v; the l3miss: %v", planted, missed)
	}
	if moves["vxlan0"] == 0 || moves["veth0"] == 0 {
		t.Errorf("the bridge learned %s on %v", local, moves)
	}
	counted := map[string]int{}
	for _, c := range rowsIn[schema.KernelEventCount](t, entries, "kernel_event_count", overlay.id) {
		if c.Object == schema.ObjectFDB && c.Event == schema.EventNew && c.MAC == local.String() {
			counted[c.Dev] = int(c.Count)
			if c.Kept != c.Count || c.First.After(c.Last) {
				t.Errorf("%+v", c)
			}
		}
	}
	if counted["vxlan0"] != moves["vxlan0"] || counted["veth0"] != moves["veth0"] {
		t.Errorf("counted are %v, listed %v", counted, moves)
	}
	for _, table := range []string{"kernel_event", "kernel_event_count"} {
		if c := coverageOf(t, entries, overlay.id)[table]; c.Outcome != schema.OK || c.Rows == 0 {
			t.Errorf("%s: %+v", table, c)
		}
	}
}

// Links, addresses and routes that come and go between the reads leave their events, and a link its name.
func TestIntegrationEventsOfLinks(t *testing.T) {
	ns := holdNetns(t)
	o := duringWindow(func() {
		ns.must(func() error {
			link := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "brief"}}
			a, _ := netlink.ParseAddr("192.0.2.1/24")
			if err := netlink.LinkAdd(link); err != nil {
				return err
			}
			return errors.Join(netlink.LinkSetUp(link), netlink.AddrAdd(link, a), netlink.LinkDel(link))
		})
	})
	_, entries := captureAll(t, t.Context(), o, []*Collector{kernelEventCollector, linkCollector})
	var got []string
	for _, e := range rowsIn[schema.KernelEvent](t, entries, "kernel_event", ns.id) {
		if e.Dev != "brief" && e.Object != schema.ObjectRoute {
			t.Errorf("%+v", e)
		}
		got = append(got, e.Event+" "+e.Object)
	}
	for _, want := range []string{"new link", "new address", "del address", "new route", "del route", "del link"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s in %v", want, got)
		}
	}
}

// A burst in one namespace is counted whole, or the loss is.
func TestIntegrationEventBurst(t *testing.T) {
	ns := holdNetns(t)
	const burst = 60_000
	ns.must(func() error { return netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}) })
	o := duringWindow(func() {
		ns.must(func() error {
			br, err := netlink.LinkByName("br0")
			if err != nil {
				return err
			}
			h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
			if err != nil {
				return err
			}
			defer h.Close()
			n := &netlink.Neigh{LinkIndex: br.Attrs().Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF, State: netlink.NUD_PERMANENT}
			for i := range burst / 2 {
				n.HardwareAddr = net.HardwareAddr{2, 0, 0, 0, byte(i >> 3 & 3), byte(i & 7)}
				if err := errors.Join(h.NeighSet(n), h.NeighDel(n)); err != nil {
					return err
				}
			}
			return nil
		})
	})
	_, entries := captureAll(t, t.Context(), o, []*Collector{kernelEventCollector, linkCollector})
	rows := rowsIn[schema.KernelEvent](t, entries, "kernel_event", ns.id)
	var count, kept, lost int64
	for _, c := range rowsIn[schema.KernelEventCount](t, entries, "kernel_event_count", ns.id) {
		switch {
		case c.Event == schema.EventLost:
			lost = c.Count
		case c.Object == schema.ObjectFDB:
			if c.MAC == "" || c.Dev != "br0" {
				t.Errorf("%+v", c)
			}
			count += c.Count
		}
		kept += c.Kept
	}
	t.Logf("%d of %d events counted, %d listed, lost %d times", count, burst, len(rows), lost)
	if lost == 0 && count != burst || lost > 0 && count == 0 {
		t.Errorf("%d of %d events counted, lost %d times", count, burst, lost)
	}
	if len(rows) != mostEventsHere || kept != mostEventsHere {
		t.Errorf("%d events listed, %d said to be, want %d", len(rows), kept, mostEventsHere)
	}
	if c := coverageOf(t, entries, ns.id)["kernel_event"]; c.Outcome != schema.Truncated || !strings.Contains(c.Reason, "20000 of ") {
		t.Errorf("%+v", c)
	}
}

// After a capture there is no socket, no descriptor and no goroutine more than before; also when it was cut short.
func TestIntegrationMonitorLeavesNothing(t *testing.T) {
	for range 20 {
		holdNetns(t)
	}
	files := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	captureAll(t, t.Context(), duringWindow(func() {}), []*Collector{kernelEventCollector}) // what the runtime opens once
	before, running := files(), runtime.NumGoroutine()
	open := 0
	captureAll(t, t.Context(), duringWindow(func() { open = files() }), []*Collector{kernelEventCollector})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := duringWindow(cancel)
	o.Window = time.Minute
	_, entries := captureAll(t, ctx, o, []*Collector{kernelEventCollector})
	if open < before+20 {
		t.Errorf("%d descriptors during the window, %d before: where are the sockets?", open, before)
	}
	within(t, fmt.Sprintf("%d descriptors and %d goroutines again", before, running), func() bool {
		return files() <= before && runtime.NumGoroutine() <= running
	})
	for _, c := range decodeLines[schema.Coverage](t, entries["rows/coverage.jsonl"]) {
		if c.Tbl == "kernel_event" && (c.Outcome != schema.Skipped || !strings.Contains(c.Reason, "interrupted")) {
			t.Errorf("cut short: %+v", c)
		}
	}
}

// With fewer files than namespaces the host's comes first, and what was not watched says so.
func TestIntegrationMonitorFewFiles(t *testing.T) {
	for range 12 {
		holdNetns(t)
	}
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	few := was
	few.Cur = otherFiles + 5
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
			t.Error(err)
		}
	}()
	_, entries := captureAll(t, t.Context(), duringWindow(func() {}), []*Collector{kernelEventCollector, netnsCollector})
	host := ""
	for _, n := range decodeLines[schema.Netns](t, entries["rows/netns.jsonl"]) {
		if n.Kind == schema.NetnsHost {
			host = n.Netns
		}
	}
	watched, not := 0, 0
	for _, c := range decodeLines[schema.Coverage](t, entries["rows/coverage.jsonl"]) {
		if c.Tbl != "kernel_event" {
			continue
		}
		switch c.Outcome {
		case schema.OK:
			watched++
		case schema.Truncated:
			not++
			if c.Netns == host || !strings.Contains(c.Reason, "files open") {
				t.Errorf("%+v", c)
			}
		default:
			t.Errorf("%+v", c)
		}
	}
	if watched != 5 || not < 8 {
		t.Errorf("%d namespaces were watched, %d not", watched, not)
	}
}

// The socket in a namespace does not keep it alive for longer than a second or so, and with it the other ends of its
// veths, after the last process left it.
func TestIntegrationMonitorLetsGo(t *testing.T) {
	hub, box := holdNetns(t), holdNetns(t)
	hub.must(func() error {
		to, err := netns.GetFromPath(box.path)
		if err != nil {
			return err
		}
		defer to.Close()
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "veth0"}, PeerName: "eth0", PeerNamespace: netlink.NsFd(to)})
	})
	o := duringWindow(func() {
		box.end()
		within(t, "the end of a veth whose other end was in a namespace without processes", func() bool {
			gone := false
			hub.do(func() {
				_, err := netlink.LinkByName("veth0")
				gone = errors.As(err, new(netlink.LinkNotFoundError))
			})
			return gone
		})
	})
	_, entries := captureAll(t, t.Context(), o, []*Collector{kernelEventCollector})
	c := coverageOf(t, entries, box.id)["kernel_event"]
	if c.Outcome != schema.Truncated || !strings.Contains(c.Reason, "nothing held the namespace") {
		t.Errorf("%+v", c)
	}
	deleted := slices.ContainsFunc(rowsIn[schema.KernelEvent](t, entries, "kernel_event", hub.id), func(e schema.KernelEvent) bool {
		return e.Object == schema.ObjectLink && e.Event == schema.EventDel && e.Dev == "veth0"
	})
	if !deleted {
		t.Error("the other namespace does not say that its end went")
	}
}

// One read has no window.
func TestIntegrationNoWindow(t *testing.T) {
	ns := holdNetns(t)
	_, entries := captureAll(t, t.Context(), kernelOnly(), []*Collector{kernelEventCollector})
	if c := coverageOf(t, entries, ns.id)["kernel_event"]; c.Outcome != schema.Skipped || !strings.HasPrefix(c.Reason, notAsked) {
		t.Errorf("%+v", c)
	}
}
