package stack

import "net/netip"

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
	Ref    string
}

type forwardKey struct {
	self  bool
	index int // of the device for self, of the bridge otherwise
	mac   string
}

func putForward(s *Space, f []string) {
	e := &Forward{
		Index: number(f[1]), MAC: f[2], Dst: ip(f[3]), Port: number(f[4]), VNI: number(f[5]), State: f[6], Self: f[7] == "1", Bridge: f[8] == "1",
		Master: number(f[9]), Seen: Seen(f[10]), VLAN: number(f[11]), Ref: f[13],
	}
	s.Forwards = append(s.Forwards, e)
	if e.Self || e.Dst.IsValid() {
		s.enter(forwardKey{true, e.Index, e.MAC}, e)
	}
	if e.Bridge {
		k := forwardKey{false, e.Master, e.MAC}
		if e.Master == 0 {
			k.index = e.Index
		}
		s.enter(k, e)
	}
}

// enter puts the entry that was read last under a key.
func (s *Space) enter(k forwardKey, e *Forward) {
	if same := s.entries[k]; same == nil {
		s.entries[k] = newest(s.Forwards)
	} else {
		s.entries[k] = append(same, e)
	}
}

// Permanent reports whether the entry was programmed and not learned.
func (f *Forward) Permanent() bool { return has(f.State, "permanent") || has(f.State, "noarp") }

// Switch is the bridge's entry for a hardware address at the last read, nil for none: then a frame is flooded. Earlier is
// one that only the first read saw (br_fdb_find_rcu, net/bridge/br_fdb.c). A bridge that filters VLANs has an entry for
// each; the one without a VLAN is taken.
func (s *Space) Switch(bridge *Link, mac string) (now, earlier *Forward) {
	for _, e := range s.entries[forwardKey{false, bridge.Index, mac}] {
		switch {
		case e.Seen.Gone():
			earlier = e
		case now == nil || now.VLAN != 0:
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
		for _, e := range s.entries[forwardKey{true, dev.Index, key}] {
			switch {
			case !e.Dst.IsValid():
			case e.Seen.Gone():
				earlier = append(earlier, e)
			default:
				now = append(now, e)
			}
		}
		if len(now) > 0 {
			return now, nil
		}
	}
	return nil, earlier
}

// Programmed finds the programmed entry of a tunnel, the first by its row, of which is says so; nil for none.
func (s *Space) Programmed(is func(*Forward) bool) *Forward {
	var first *Forward
	for _, list := range s.entries {
		for _, e := range list {
			if e.Dst.IsValid() && e.Permanent() && !e.Seen.Gone() && (first == nil || e.Ref < first.Ref) && is(e) {
				first = e
			}
		}
	}
	return first
}

// Ports lists the ports of a bridge.
func (s *Space) Ports(bridge *Link) []*Link { return s.ports[bridge.Index] }
