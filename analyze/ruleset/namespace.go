package ruleset

import "net/netip"

// A Namespace answers what rules ask of the namespace that they stand in, beyond the packet. Each answer comes with
// whether it is known.
type Namespace interface {
	// AddrType classifies an address as inet_addr_type and ipv6_chk_addr do: by the routing tables, those of the device
	// only where dev is not empty.
	AddrType(a netip.Addr, dev string) (RouteType, bool)

	// Masquerade is the source that MASQUERADE picks for a packet to dst that leaves by a device (inet_select_addr with
	// the route's next hop, ipv6_dev_get_saddr). The zero address: the device has none, and the packet is dropped.
	Masquerade(dev string, dst netip.Addr) (netip.Addr, bool)

	// Redirect is the destination that REDIRECT picks for a packet that came in by a device: its first address in IPv4;
	// in IPv6 its first of the scope of dst. The zero address: it has none, and the packet is dropped.
	Redirect(dev string, dst netip.Addr) (netip.Addr, bool)

	// Route looks an address up.
	Route(q RouteQuery) (Route, bool)

	// Ifindex is the index of a device.
	Ifindex(dev string) (uint32, bool)
}

// A RouteQuery is one look-up of the routing tables (struct flowi).
type RouteQuery struct {
	Dst, Src netip.Addr
	Mark     uint32
	In       string // device that it came in by; empty for none
	Out      string // it must leave by this device; empty for any
}

// A Route is what a look-up found.
type Route struct {
	Type RouteType
	Dev  string // empty where Type is none that has one
}

// A RouteType is RTN_* of rtnetlink.h.
type RouteType uint8

const (
	Unspec RouteType = iota
	Unicast
	LocalAddr
	Broadcast
	Anycast
	Multicast
	Blackhole
	Unreachable
	Prohibit
)

// Nothing is a Namespace that knows nothing.
type Nothing struct{}

func (Nothing) AddrType(netip.Addr, string) (RouteType, bool)    { return 0, false }
func (Nothing) Masquerade(string, netip.Addr) (netip.Addr, bool) { return netip.Addr{}, false }
func (Nothing) Redirect(string, netip.Addr) (netip.Addr, bool)   { return netip.Addr{}, false }
func (Nothing) Route(RouteQuery) (Route, bool)                   { return Route{}, false }
func (Nothing) Ifindex(string) (uint32, bool)                    { return 0, false }
