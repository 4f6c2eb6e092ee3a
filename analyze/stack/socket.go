package stack

import (
	"net/netip"
	"strings"
)

// A Socket is one that waits for connections or datagrams: listening, or of UDP without a peer.
type Socket struct {
	Proto   string
	Six     bool
	Local   netip.Addr
	Port    int
	Device  string
	Only6   bool
	Queue   [2]int // connections that wait to be accepted, at the first and the last read
	Backlog int    // the most that may wait; 0 when it is not known
	Seen    Seen
	Ref     string
}

func putSocket(s *Space, f []string) {
	if f[1] == "tcp" && f[5] != "listening" || f[13] != "" {
		return
	}
	k := &Socket{
		Proto: f[1], Six: f[2] == "ipv6", Local: ip(f[3]), Port: number(f[4]), Device: f[6], Only6: f[7] == "1",
		Queue: [2]int{number(f[8]), number(f[8])}, Backlog: number(f[10]), Seen: Seen(f[11]), Ref: f[12],
	}
	if f[9] != "" {
		k.Queue[1] = number(f[9])
	}
	if strings.HasPrefix(f[3], "::ffff:") {
		k.Six = false
	}
	s.Sockets = append(s.Sockets, k)
}

// Listener is the socket that takes a packet, nil for none: one bound to the address before one bound to any
// (inet_lookup_listener and udp4_lib_lookup2). Earlier is one that only the first read saw.
func (s *Space) Listener(proto string, address netip.Addr, port int, device string) (now, earlier *Socket) {
	best := -1
	for _, k := range s.Sockets {
		if k.Proto != proto || k.Port != port || (k.Device != "" && k.Device != device) {
			continue
		}
		score := 0
		switch {
		case k.Local == address:
			score = 2
		case k.Local.IsValid() && !k.Local.IsUnspecified():
			continue
		case k.Six && address.Is4() && k.Only6, !k.Six && address.Is6():
			continue
		}
		if k.Seen.Gone() {
			earlier = k
			continue
		}
		if score > best {
			best, now = score, k
		}
	}
	return now, earlier
}

// Full reports whether a listening socket takes no further connection at a read, 0 or 1 (sk_acceptq_is_full).
func (k *Socket) Full(read int) bool {
	return k.Proto == "tcp" && k.Backlog > 0 && k.Queue[read] > k.Backlog
}
