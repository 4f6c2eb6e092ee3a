package stack

import (
	"net/netip"
	"slices"
	"strings"
)

// A Forward is a forwarding entry: of a bridge, or of a VXLAN device.
type Forward struct {
	Index  int    // device that frames leave by
	MAC    string // for which frames
	Dst    netip.Addr
	Port   int // UDP port; 0: the device's
	VNI    int // 0: the device's
	State  string
	Self   bool // of the VXLAN driver's own table
	Bridge bool // of the bridge's table
	Master int
	VLAN   int
	Seen   Seen

	origin
	before, beforeSelf *Forward // the row before this one of the same key, in the bridge's table and in the driver's own
}

// Ref is the address of the row.
func (f *Forward) Ref() string { return f.ref("fdb") }

type forwardKey struct {
	index int // of the bridge, or of the device in the driver's own table
	mac   string
}

func putForward(s *Space, f []string) {
	if multicast(f[2]) {
		return
	}
	e := s.Host.slabs.forwards.row()
	*e = Forward{
		Index: number(f[1]), MAC: f[2], Dst: ip(f[3]), Port: number(f[4]), VNI: number(f[5]), State: f[6], Self: f[7] == "1", Bridge: f[8] == "1",
		Master: number(f[9]), Seen: Seen(f[10]), VLAN: number(f[11]), origin: origin{s.Host, f[12]},
	}
	s.Forwards = append(s.Forwards, e)
}

// multicast reports whether a hardware address is one of a group of IPv6 or IPv4: each device has some, and no packet that is walked
// is for them.
func multicast(mac string) bool {
	return strings.HasPrefix(mac, "33:33:") || len(mac) >= 9 && strings.EqualFold(mac[:9], "01:00:5e:")
}

// entries are the last row of each key, in the tables of bridges and in the drivers' own. They are put together at the first question.
type entries struct{ bridge, self map[forwardKey]*Forward }

func (s *Space) forwards() *entries {
	if s.entries == nil {
		s.entries = newEntries(s.Forwards)
	}
	return s.entries
}

func newEntries(rows []*Forward) *entries {
	n := 0
	for _, e := range rows {
		if e.Bridge {
			n++
		}
	}
	t := &entries{bridge: make(map[forwardKey]*Forward, n), self: make(map[forwardKey]*Forward, len(rows)-n)}
	for _, e := range rows {
		if e.Self || e.Dst.IsValid() {
			k := forwardKey{e.Index, e.MAC}
			e.beforeSelf = t.self[k]
			t.self[k] = e
		}
		if e.Bridge {
			k := forwardKey{e.Master, e.MAC}
			if e.Master == 0 {
				k.index = e.Index
			}
			e.before = t.bridge[k]
			t.bridge[k] = e
		}
	}
	return t
}

// firstSelf is the first row of a driver's own table for a hardware address, nil for none.
func (s *Space) firstSelf(dev *Link, mac string) *Forward {
	e := s.forwards().self[forwardKey{dev.Index, mac}]
	for e != nil && e.beforeSelf != nil {
		e = e.beforeSelf
	}
	return e
}

// Permanent reports whether the entry was programmed and not learned.
func (f *Forward) Permanent() bool { return has(f.State, "permanent") || has(f.State, "noarp") }

// Switch is the bridge's entry for a hardware address at the last read, nil for none: then a frame is flooded. Earlier is
// one that only the first read saw (br_fdb_find_rcu, net/bridge/br_fdb.c). A bridge that filters VLANs has an entry for
// each; the one without a VLAN is taken.
func (s *Space) Switch(bridge *Link, mac string) (now, earlier *Forward) {
	for e := s.forwards().bridge[forwardKey{bridge.Index, mac}]; e != nil; e = e.before { // the last one counts, but the first without a VLAN
		switch {
		case e.Seen.Gone():
			if earlier == nil {
				earlier = e
			}
		case now == nil || e.VLAN == 0:
			now = e
		}
	}
	return now, earlier
}

// allZero is the address of a VXLAN device's entry for everything that it has no entry for.
const allZero = "00:00:00:00:00:00"

// Tunnel is where a VXLAN device sends a frame: the entries for the address, else those for any; none: the frame is
// dropped (vxlan_xmit, drivers/net/vxlan/vxlan_core.c). Earlier are those that only the first read saw.
func (s *Space) Tunnel(dev *Link, mac string) (now, earlier []*Forward) {
	for _, key := range [...]string{mac, allZero} {
		before := len(earlier)
		for e := s.forwards().self[forwardKey{dev.Index, key}]; e != nil; e = e.beforeSelf {
			switch {
			case !e.Dst.IsValid():
			case e.Seen.Gone():
				earlier = append(earlier, e)
			default:
				now = append(now, e)
			}
		}
		if len(now) > 0 {
			slices.Reverse(now)
			return now, nil
		}
		slices.Reverse(earlier[before:])
	}
	return nil, earlier
}

// Programmed finds the programmed entry of a tunnel, the first by its row, of which is says so; nil for none.
func (s *Space) Programmed(is func(*Forward) bool) *Forward {
	var first *Forward
	for _, e := range s.Forwards {
		if e.Dst.IsValid() && e.Permanent() && !e.Seen.Gone() && (first == nil || e.line < first.line) && is(e) {
			first = e
		}
	}
	return first
}

// Ports lists the ports of a bridge.
func (s *Space) Ports(bridge *Link) []*Link { return s.ports[bridge.Index] }
