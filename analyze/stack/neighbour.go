package stack

import "net/netip"

// A Neighbour is an ARP or NDP entry.
type Neighbour struct {
	Index int
	IP    netip.Addr
	MAC   string
	State string
	Proxy bool
	Seen  Seen

	origin
	before *Neighbour // the row before this one of the same key
}

// Ref is the address of the row.
func (n *Neighbour) Ref() string { return n.ref("neighbour") }

type neighbourKey struct {
	index int
	ip    netip.Addr
}

func putNeighbour(s *Space, f []string) {
	address := ip(f[2])
	if !address.IsValid() {
		return
	}
	n := s.Host.slabs.neighbours.row()
	*n = Neighbour{Index: number(f[1]), IP: address, MAC: f[3], State: f[4], Proxy: has(f[5], "proxy"), Seen: Seen(f[6]), origin: origin{s.Host, f[7]}}
	s.Neighbours = append(s.Neighbours, n)
}

// neighbours is the last row of each key. It is put together at the first question: few namespaces are asked, and then all rows are
// there, and how many is known.
func (s *Space) neighbours() map[neighbourKey]*Neighbour {
	if s.cache == nil {
		s.cache = make(map[neighbourKey]*Neighbour, len(s.Neighbours))
		for _, n := range s.Neighbours {
			k := neighbourKey{n.Index, n.IP}
			n.before = s.cache[k]
			s.cache[k] = n
		}
	}
	return s.cache
}

// Valid reports whether the kernel sends to the link address without asking (NUD_VALID, include/net/neighbour.h).
func (n *Neighbour) Valid() bool {
	if n.MAC == "" {
		return false
	}
	for _, word := range [...]string{"permanent", "noarp", "reachable", "stale", "delay", "probe"} {
		if has(n.State, word) {
			return true
		}
	}
	return false
}

// Connected reports whether the link address counts as sure (NUD_CONNECTED).
func (n *Neighbour) Connected() bool {
	return n.MAC != "" && (has(n.State, "permanent") || has(n.State, "noarp") || has(n.State, "reachable"))
}

// Fixed reports whether nothing but a user changes the entry.
func (n *Neighbour) Fixed() bool { return has(n.State, "permanent") || has(n.State, "noarp") }

// Neighbour is the entry for an address at the last read, nil for none; earlier is one that only the first read saw.
// What Whole("neighbour") does not vouch for may be missing.
func (s *Space) Neighbour(l *Link, ip netip.Addr) (now, earlier *Neighbour) {
	for n := s.neighbours()[neighbourKey{l.Index, ip}]; n != nil; n = n.before { // the last one counts
		switch {
		case n.Proxy:
		case n.Seen.Gone():
			if earlier == nil {
				earlier = n
			}
		case now == nil:
			now = n
		}
	}
	return now, earlier
}
