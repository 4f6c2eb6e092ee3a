package capture

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// stateOf is what a capture must leave as it was in one namespace, as lines.
func stateOf(n *heldNetns) []string {
	var lines []string
	n.must(func() error {
		for _, name := range []string{
			"ip_tables_names", "ip6_tables_names", "arp_tables_names", "ip_tables_matches", "ip_tables_targets", "protocols",
			"ptype", "route", "ip_vs", "netlink",
		} {
			text, err := os.ReadFile("/proc/thread-self/net/" + name)
			if name == "netlink" || name == "protocols" { // one line a socket, or with counts of them: none may be left open
				text = []byte(fmt.Sprint(strings.Count(string(text), "\n")))
			}
			lines = append(lines, fmt.Sprintf("%s: %s %v", name, text, err != nil))
		}
		links, err := netlink.LinkList()
		for _, l := range links {
			a := l.Attrs()
			lines = append(lines, fmt.Sprint("link ", a.Index, a.Name, a.MTU, a.Flags, a.MasterIndex, a.NetNsID, a.Promisc))
		}
		for family, what := range map[int]string{0: "neighbour", unix.AF_BRIDGE: "fdb"} {
			list, err := netlink.NeighList(0, family)
			if err != nil {
				return err
			}
			for _, e := range list {
				if e.State == netlink.NUD_PERMANENT && !e.IP.IsMulticast() && e.HardwareAddr[0]&1 == 0 { // others come and go by themselves
					lines = append(lines, fmt.Sprint(what, e.LinkIndex, e.IP, e.HardwareAddr, e.State, e.Flags))
				}
			}
		}
		return err
	})
	slices.Sort(lines)
	return lines
}

// A capture leaves the namespaces, the modules and the process as they were: no table of iptables is made, no module
// loaded, no socket or file left open, no thread left elsewhere.
func TestIntegrationNothingChanges(t *testing.T) {
	empty, overlay, box := holdNetns(t), holdNetns(t), holdNetns(t)
	buildOverlay(overlay, box)
	modules := func() string {
		text, _ := os.ReadFile("/proc/modules") // absent where none can be loaded
		var names []string
		for line := range strings.Lines(string(text)) {
			name, _, _ := strings.Cut(line, " ")
			names = append(names, name)
		}
		return strings.Join(names, " ")
	}
	files := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	home := func() uint64 {
		var st unix.Stat_t
		if err := unix.Stat("/proc/self/ns/net", &st); err != nil {
			t.Fatal(err)
		}
		return st.Ino
	}
	o := kernelOnly()
	o.Window = 1
	all := []*heldNetns{empty, overlay, box}
	var before [][]string
	for _, n := range all {
		before = append(before, stateOf(n))
	}
	wasModules, wasHome := modules(), home()
	captureAll(t, t.Context(), o, Collectors)
	wasFiles := files() // the run time has opened by now what it keeps open
	captureAll(t, t.Context(), o, Collectors)
	if now := modules(); now != wasModules {
		t.Errorf("modules:\nbefore %s\nafter  %s", wasModules, now)
	}
	if now := files(); now != wasFiles {
		t.Errorf("%d open files before, %d after", wasFiles, now)
	}
	if now := home(); now != wasHome {
		t.Errorf("the process moved from namespace %d to %d", wasHome, now)
	}
	for i, n := range all {
		after := stateOf(n)
		for _, line := range after {
			if !slices.Contains(before[i], line) {
				t.Errorf("namespace %d: new: %s", i, line)
			}
		}
		for _, line := range before[i] {
			if !slices.Contains(after, line) {
				t.Errorf("namespace %d: gone: %s", i, line)
			}
		}
	}
}
