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
	Ref   string
}

type neighbourKey struct {
	index int
	ip    netip.Addr
}

func putNeighbour(s *Space, f []string) {
	n := &Neighbour{Index: number(f[1]), IP: ip(f[2]), MAC: f[3], State: f[4], Proxy: has(f[5], "proxy"), Seen: Seen(f[6]), Ref: f[7]}
	if !n.IP.IsValid() {
		return
	}
	s.Neighbours = append(s.Neighbours, n)
	k := neighbourKey{n.Index, n.IP}
	if same := s.cache[k]; same == nil {
		s.cache[k] = newest(s.Neighbours)
	} else {
		s.cache[k] = append(same, n)
	}
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
	for _, n := range s.cache[neighbourKey{l.Index, ip}] {
		switch {
		case n.Proxy:
		case n.Seen.Gone():
			earlier = n
		default:
			now = n
		}
	}
	return now, earlier
}
