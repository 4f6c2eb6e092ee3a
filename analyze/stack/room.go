package stack

import "net/netip"

// A Tracking is how full connection tracking is, at the last read.
type Tracking struct {
	Entries, Max int
	Ref          string
}

// A Group is connections of the namespace to one server's port, counted; where there are five and more.
type Group struct {
	Peer    netip.Addr
	Port    int
	Sockets int // at the last read
	Ref     string
}

func putTracking(s *Space, f []string) {
	s.Tracking = &Tracking{Entries: number(f[1]), Max: number(f[2]), Ref: f[4]}
	if f[3] != "" {
		s.Tracking.Entries = number(f[3])
	}
}

func putGroup(s *Space, f []string) {
	g := &Group{Peer: ip(f[1]), Port: number(f[2]), Sockets: number(f[3]), Ref: f[5]}
	if f[4] != "" {
		g.Sockets = number(f[4])
	}
	s.Groups = append(s.Groups, g)
}
