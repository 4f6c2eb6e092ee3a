package capture

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// What drivers say is what ethtool(8) prints of them.
func TestIntegrationNICs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to enter the host's namespace")
	}
	ethtool, err := exec.LookPath("ethtool")
	if err != nil {
		t.Skip("needs ethtool")
	}
	show := func(args ...string) map[string]string { // lines of a key and a value
		out, _ := exec.Command(ethtool, args...).Output() // it fails where a driver knows no answer
		lines := map[string]string{}
		for line := range strings.Lines(string(out)) {
			if key, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && lines[key] == "" {
				lines[key] = strings.TrimSpace(value)
			}
		}
		return lines
	}
	o := kernelOnly()
	o.Window = 1
	_, entries := captureAll(t, t.Context(), o, []*Collector{nicCollector})
	features, stats := map[string][]schema.NICFeature{}, map[string][]schema.NICStat{}
	for _, f := range decodeLines[schema.NICFeature](t, entries["rows/nic_feature.jsonl"]) {
		features[f.Dev] = append(features[f.Dev], f)
	}
	for _, s := range decodeLines[schema.NICStat](t, entries["rows/nic_stat.jsonl"]) {
		stats[s.Dev] = append(stats[s.Dev], s)
	}
	asked := 0
	for _, n := range decodeLines[schema.NIC](t, entries["rows/nic.jsonl"]) {
		if link, err := netlink.LinkByName(n.Dev); err != nil || link.Attrs().Flags&1 == 0 { // net.FlagUp
			if n.Driver != "" || len(features[n.Dev])+len(stats[n.Dev]) > 0 {
				t.Errorf("%s is down and was asked: %+v", n.Dev, n)
			}
			continue
		}
		asked++
		driver, rings, link := show("-i", n.Dev), show("-g", n.Dev), show(n.Dev)
		got := fmt.Sprint(n.Driver, " ", n.DriverVersion, " ", n.Firmware, " ", n.Bus)
		want := fmt.Sprint(driver["driver"], " ", driver["version"], " ", driver["firmware-version"], " ", driver["bus-info"])
		if want = strings.ReplaceAll(want, "N/A", ""); got != want {
			t.Errorf("%s: driver %q, ethtool says %q", n.Dev, got, want)
		}
		if n.RxRingMax != nil {
			if got, want := fmt.Sprint(*n.RxRingMax, " ", *n.TxRingMax), rings["RX"]+" "+rings["TX"]; got != want { // the first pair
				t.Errorf("%s: rings up to %s, ethtool says %s", n.Dev, got, want)
			}
		} else if rings["RX"] != "" && rings["RX"] != "n/a" && rings["RX"] != "0" {
			t.Errorf("%s: no rings, ethtool says %v", n.Dev, rings)
		}
		if n.LinkDetected == nil || *n.LinkDetected != (link["Link detected"] == "yes") {
			t.Errorf("%s: link %v, ethtool says %q", n.Dev, n.LinkDetected, link["Link detected"])
		}
		if n.SpeedMbps != nil && link["Speed"] != strconv.FormatInt(*n.SpeedMbps, 10)+"Mb/s" || n.SpeedMbps == nil && strings.HasSuffix(link["Speed"], "Mb/s") {
			t.Errorf("%s: speed %v, ethtool says %q", n.Dev, n.SpeedMbps, link["Speed"])
		}
		compareFeatures(t, n.Dev, features[n.Dev], show("-k", n.Dev))
		var named []string
		counters := show("-S", n.Dev)
		delete(counters, "NIC statistics")
		for _, s := range stats[n.Dev] {
			if _, ok := counters[s.Stat]; !ok || s.CountLast == nil || *s.CountLast < s.Count || s.Seen != schema.SeenBoth {
				t.Errorf("%s: %+v", n.Dev, s)
			}
			named = append(named, s.Stat)
		}
		slices.Sort(named)
		if n := len(slices.Compact(named)); n != len(counters) {
			t.Errorf("%d counters, ethtool has %d", n, len(counters))
		}
	}
	if asked == 0 {
		t.Skip("no link of this host is up but lo and veths")
	}
	for _, c := range decodeLines[schema.Coverage](t, entries["rows/coverage.jsonl"]) {
		if strings.HasPrefix(c.Tbl, "nic") && c.Outcome != schema.OK {
			t.Errorf("%+v", c)
		}
	}
}

// compareFeatures compares with the lines of ethtool -k. Those of old have names of their own there, and say what several
// of the kernel's features make together.
func compareFeatures(t *testing.T, dev string, features []schema.NICFeature, lines map[string]string) {
	alike := 0
	for _, f := range features {
		line, ok := lines[f.Feature]
		if !ok {
			continue
		}
		alike++
		want := map[bool]string{true: "on", false: "off"}[f.Active]
		if f.Fixed {
			want += " [fixed]"
		} else if f.Active != f.Requested {
			want += map[bool]string{true: " [requested on]", false: " [requested off]"}[f.Requested]
		}
		if line != want {
			t.Errorf("%s: %s is %s, ethtool says %s", dev, f.Feature, want, line)
		}
	}
	if alike < 20 {
		t.Errorf("%s: only %d of %d features are known to ethtool", dev, alike, len(features))
	}
}

// A thread that asks drivers has no capability left, so that a name which is gone loads no module; and it asks all the
// same.
func TestIntegrationNICWithoutCapabilities(t *testing.T) {
	ns := holdNetns(t)
	ns.must(func() error {
		br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}
		return errors.Join(netlink.LinkAdd(br), netlink.LinkSetUp(br))
	})
	ns.must(func() error {
		c, err := openEthtool("br0")
		if err != nil {
			return err
		}
		defer c.close()
		status, err := os.ReadFile("/proc/thread-self/status")
		if err != nil {
			return err
		}
		for _, set := range []string{"CapInh", "CapPrm", "CapEff"} {
			if !strings.Contains(string(status), set+":\t0000000000000000\n") {
				t.Errorf("the thread that asks still has capabilities:\n%s", status)
			}
		}
		var nic schema.NIC
		b, err := c.ask(t.Context(), unix.ETHTOOL_GDRVINFO, drvinfoLen)
		if err != nil {
			return err
		}
		if decodeDrvinfo(b, &nic); nic.Driver != "bridge" {
			t.Errorf("the driver of a bridge is %q", nic.Driver)
		}
		c.dev = "gone0"
		if _, err := c.ask(t.Context(), unix.ETHTOOL_GDRVINFO, drvinfoLen); !errors.Is(err, unix.ENODEV) {
			t.Errorf("a link that is not there: %v", err)
		}
		return nil
	})
}

// Queueing disciplines are those of tc(8), with their drops.
func TestIntegrationQdisc(t *testing.T) {
	ns, peer := holdNetns(t), holdNetns(t)
	buildOverlay(ns, peer)
	tc, err := exec.LookPath("tc")
	if err != nil {
		t.Skip("needs tc")
	}
	ns.must(func() error {
		out, err := exec.Command(tc, "qdisc", "add", "dev", "veth0", "root", "handle", "7:", "tbf", "rate", "8kbit", "burst", "1600", "limit", "1600").CombinedOutput()
		if err != nil {
			return fmt.Errorf("tc: %w: %s", err, out)
		}
		return nil
	})
	var shown []byte
	show := func() (err error) {
		shown, err = exec.Command(tc, "-s", "qdisc", "show", "dev", "veth0").Output()
		return err
	}
	o := duringWindow(func() {
		ns.must(func() error { // more than a kilobyte a second
			c, err := net.Dial("udp4", "10.0.1.3:9")
			if err != nil {
				return err
			}
			defer c.Close()
			within(t, "a drop", func() bool {
				for range 10 {
					_, err = c.Write(make([]byte, 900))
				}
				err = show()
				return err != nil || !strings.Contains(string(shown), "(dropped 0,")
			})
			return err
		})
	})
	_, entries := captureAll(t, t.Context(), o, []*Collector{linkCollector, qdiscCollector})
	rows := rowsIn[schema.Qdisc](t, entries, "qdisc", ns.id)
	ns.must(show)
	if len(rows) != 1 || rows[0].Kind != "tbf" || rows[0].Dev != "veth0" || rows[0].Handle != "7:" || rows[0].Parent != "root" || rows[0].Seen != schema.SeenBoth {
		t.Fatalf("%+v", rows)
	}
	q := rows[0]
	if *q.Drops != 0 || *q.DropsLast == 0 || *q.Packets > *q.PacketsLast {
		t.Errorf("drops %d, then %d; packets %d, then %d", *q.Drops, *q.DropsLast, *q.Packets, *q.PacketsLast)
	}
	if want := fmt.Sprintf("(dropped %d, overlimits", *q.DropsLast); !strings.Contains(string(shown), want) {
		t.Errorf("%s is not in\n%s", want, shown)
	}
}
