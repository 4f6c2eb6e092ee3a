package stack

import "net/netip"

// A Host is one captured host.
type Host struct {
	Name    string
	Spaces  []*Space // in the order captured
	Initial *Space   // the host's own namespace; nil when it was not captured

	byID  map[string]*Space
	whole map[string][]bool // table → of each of Spaces, whether it was captured to its end there
	all   map[string]bool   // tables of the whole host that were
	slabs slabs
}

// Space returns the namespace with that inode, nil when it was not captured.
func (h *Host) Space(id string) *Space { return h.byID[id] }

// Whole reports whether a table of the whole host was captured to its end.
func (h *Host) Whole(table string) bool { return h.all[table] }

// The kinds of a namespace, as table netns has them.
const (
	KindHost      = "host"
	KindOverlay   = "overlay"
	KindBalancer  = "lb"
	KindIngress   = "ingress"
	KindContainer = "container"
)

// A Space is one network namespace.
type Space struct {
	Host      *Host
	ID        string // inode
	Name      string // file name of its bind mount
	Kind      string
	Network   string // leading characters of the network's id, of an overlay or a balancer
	Container string // full id
	Ref       string

	Links        []*Link
	Addresses    []*Address
	Neighbours   []*Neighbour
	Forwards     []*Forward
	Services     []*Service
	Sockets      []*Socket
	Associations []*Association
	Policies     []*Policy
	Rules        []*Rule
	Groups       []*Group
	Tracking     *Tracking // nil: not captured
	Routes       []*Route

	n int // place in Host.Spaces
	settings
	byIndex map[int]*Link
	ports   map[int][]*Link    // by index of their bridge
	on      map[int][]*Address // by index of their device
	rules   [2][]*Rule         // of IPv4 and IPv6, by priority
	fib     map[int]*fib
	entries *entries                    // of Forwards, once asked for
	cache   map[neighbourKey]*Neighbour // of Neighbours, once asked for
	local   map[netip.Addr]*Address
}

// Whole reports whether a table of the namespace was captured to its end, so that what is missing is not there.
func (s *Space) Whole(table string) bool {
	of := s.Host.whole[table]
	return of != nil && of[s.n]
}

// Seen says which of the two reads held a row.
type Seen string

// The reads. A table that is read once has none.
const (
	SeenFirst Seen = "first" // gone at the last read
	SeenLast  Seen = "last"  // new
	SeenBoth  Seen = "both"
)

// Gone reports whether the row was no longer there at the last read.
func (s Seen) Gone() bool { return s == SeenFirst }

// A Link is a network device.
type Link struct {
	Space     *Space
	Index     int
	Name      string
	Kind      string // bridge, vxlan, veth, …; empty for hardware and lo
	MAC       string
	MTU       int
	Flags     string // comma separated
	Operstate string
	Master    int // 0: no port of a bridge
	Ref       string

	PeerSpace string // veth: namespace of the other end; empty when it was not captured
	PeerIndex int

	VNI        int
	VXLANPort  int
	VXLANLocal netip.Addr
	VXLANFlags string
	VXLANGroup netip.Addr

	PortState string
	PortFlags string

	up, floods bool // what Up and Floods say: each address of a network asks each port
	peer       *Link
}

// Up reports whether the device takes and gives packets: it is up, and where it has a carrier it has one
// (__dev_forward_skb and dev_deactivate, net/core/dev.c, net/sched/sch_generic.c).
func (l *Link) Up() bool { return l.up }

func (l *Link) isUp() bool {
	if l.Flags == "" { // every kernel tells: they were not read
		return true
	}
	return has(l.Flags, "up") && l.Operstate != "down" && l.Operstate != "lowerlayerdown" && l.Operstate != "notpresent"
}

// Has reports whether a device of the kind vxlan has a flag: proxy, learning, …
func (l *Link) Has(flag string) bool { return has(l.VXLANFlags, flag) }

// Forwarding reports whether a port of a bridge forwards frames. A port whose state was not captured counts as one
// that does: every kernel tells it of a port.
func (l *Link) Forwarding() bool { return l.PortState == "" || l.PortState == "forwarding" }

// Floods reports whether the bridge sends frames for unknown addresses to the port.
func (l *Link) Floods() bool { return l.floods }

// Peer is the other end of a veth, nil when it was not captured.
func (l *Link) Peer() *Link { return l.peer }

func (l *Link) findPeer() *Link {
	if l.PeerSpace == "" {
		return nil
	}
	if s := l.Space.Host.Space(l.PeerSpace); s != nil {
		return s.Link(l.PeerIndex)
	}
	return nil
}

// Bridge is the bridge that the device is a port of, nil for none.
func (l *Link) Bridge() *Link {
	if l.Master == 0 {
		return nil
	}
	return l.Space.Link(l.Master)
}

// Link is the device with that index, nil when there is none.
func (s *Space) Link(index int) *Link { return s.byIndex[index] }

// Device is the device of that name, nil when there is none.
func (s *Space) Device(name string) *Link {
	for _, l := range s.Links {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// An Address is one of a device's.
type Address struct {
	Index  int
	IP     netip.Addr
	Bits   int
	Scope  string
	Flags  string
	Device string
	Ref    string
}

// Prefix is the subnet that the address is in.
func (a *Address) Prefix() netip.Prefix { return netip.PrefixFrom(a.IP, a.Bits).Masked() }

// Local is the address with that value, nil when no device has it.
func (s *Space) Local(ip netip.Addr) *Address { return s.local[ip] }

// On lists the addresses of a device.
func (s *Space) On(l *Link) []*Address { return s.on[l.Index] }

// has finds a word in a comma separated list.
func has(list, word string) bool {
	for len(list) > 0 {
		i := 0
		for i < len(list) && list[i] != ',' {
			i++
		}
		if list[:i] == word {
			return true
		}
		if i == len(list) {
			return false
		}
		list = list[i+1:]
	}
	return false
}
